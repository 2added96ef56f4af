"""EmptyState: what the window shows before there is a photo: a place to drop one, two buttons, what was open lately."""

from pathlib import Path

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QFont, QIcon, QImage, QPainter, QPainterPath, QPaintEvent, QPalette, QPen, QPixmap
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from lama_desktop.ui.icons import drawing
from lama_desktop.ui.recent import Recent
from lama_desktop.ui.text import tr
from lama_desktop.ui.theme import GAP, PADDING, RADIUS, THUMBNAIL_RADIUS, Theme, scaled, weighted

TILE = QSize(168, 112)
COLUMNS, MOST = 4, 8
TARGET = QSize(560, 236)


class EmptyState(QWidget):
    """A drop target with one sentence, Open, Open sample, and recent photos as pictures.

    Args:
        open_action: asks for files.
        recent: the photos that were open lately.
        theme: for the drawing.

    Signals:
        sample_wanted: the sample photo should be opened.
        chosen: a recent photo should be opened.
    """

    sample_wanted = Signal()
    chosen = Signal(object)

    def __init__(self, open_action: QAction, recent: Recent, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("empty")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._recent = recent
        self.target = DropTarget(
            theme, tr("Drop a photo here"), tr("Paint over what should go, press Enter, and it is gone.")
        )
        self.open = QPushButton(tr("Open…"))
        self.open.setProperty("kind", "primary")
        self.open.clicked.connect(open_action.trigger)
        self.sample = QPushButton(tr("Open sample"))
        self.sample.clicked.connect(self.sample_wanted)
        self.target.add_buttons(self.open, self.sample)
        self._title = QLabel(tr("Recent"))
        self._title.setProperty("kind", "title")
        self._title.setIndent(GAP)
        self._grid = QGridLayout()
        self._grid.setSpacing(PADDING)
        self._tiles: list[QToolButton] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(PADDING)
        column.addStretch(2)
        column.addWidget(self.target, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(20)
        holder = QWidget()
        inner = QVBoxLayout(holder)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(GAP)
        inner.addWidget(self._title)
        inner.addLayout(self._grid)
        column.addWidget(holder, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
        recent.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the photos that were open lately."""
        for tile in self._tiles:
            self._grid.removeWidget(tile)
            tile.deleteLater()
        paths = self._recent.paths[:MOST]
        self._tiles = [self._tile(path) for path in paths]
        for index, tile in enumerate(self._tiles):
            self._grid.addWidget(tile, index // COLUMNS, index % COLUMNS)
        self._title.setVisible(bool(paths))

    def _tile(self, path: Path) -> QToolButton:
        tile = QToolButton()
        tile.setProperty("kind", "tile")
        tile.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        tile.setIconSize(TILE)
        tile.setFixedSize(TILE.width() + 2 * GAP, TILE.height() + 40)
        tile.setText(tile.fontMetrics().elidedText(path.name, Qt.TextElideMode.ElideMiddle, TILE.width()))
        tile.setToolTip(str(path))
        tile.setAccessibleName(tr("Open {name}", name=path.name))
        tile.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        small = self._recent.thumbnail(path)
        if small is not None:
            tile.setIcon(QIcon(_covering(QImage(str(small)), TILE, self.devicePixelRatioF())))
        tile.clicked.connect(lambda _=False: self.chosen.emit(path))
        return tile


class DropTarget(QWidget):
    """A dashed frame with an icon, what to drop there, why, and buttons that do the same.

    Args:
        theme: for the drawing.
        what: the sentence in large letters.
        why: the one below.
        icon: a file of `resources/icons`.
    """

    def __init__(self, theme: Theme, what: str, why: str, icon: str = "image") -> None:
        super().__init__()
        self._theme, self._name = theme, icon
        self.setFixedSize(TARGET)
        self._icon, title = QLabel(), QLabel(what)
        title.setFont(scaled(weighted(self.font(), QFont.Weight.DemiBold), 1.5))
        hint = QLabel(why)
        hint.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(PADDING)
        column.addStretch(1)
        for label in (self._icon, title, hint):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(label)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(PADDING)
        column.addSpacing(GAP)
        column.addLayout(self._buttons)
        column.addStretch(1)
        theme.changed.connect(self._tint)
        self._tint()

    def add_buttons(self, *buttons: QPushButton) -> None:
        """Put buttons under the sentence."""
        self._buttons.addStretch(1)
        for button in buttons:
            self._buttons.addWidget(button)
        self._buttons.addStretch(1)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the frame."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(self.palette().color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text), 1.6)
        pen.setDashPattern([4, 4])
        painter.setPen(pen)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), RADIUS * 2, RADIUS * 2)

    def _tint(self) -> None:
        self._icon.setPixmap(drawing(self._name, self._theme.tokens.secondary, 40, self.devicePixelRatioF()))
        self.update()


def _covering(picture: QImage, size: QSize, scale: float) -> QPixmap:
    """Return a picture that covers a size, cut at its middle, with round corners."""
    target = QSize(round(size.width() * scale), round(size.height() * scale))
    result = QPixmap(target)
    result.fill(Qt.GlobalColor.transparent)
    if not picture.isNull():
        large = picture.scaled(
            target, Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode.SmoothTransformation
        )
        painter = QPainter(result)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        path = QPainterPath()
        path.addRoundedRect(QRectF(result.rect()), THUMBNAIL_RADIUS * scale, THUMBNAIL_RADIUS * scale)
        painter.setClipPath(path)
        painter.drawImage((target.width() - large.width()) // 2, (target.height() - large.height()) // 2, large)
        painter.end()
    result.setDevicePixelRatio(scale)
    return result
