"""EmptyState: what the window shows before there is a photo: a place to drop one, two buttons, what was open lately."""

from pathlib import Path

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QFont,
    QIcon,
    QImage,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPalette,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from lama_desktop.ui.controls.scrolling import LOWEST
from lama_desktop.ui.icons import drawing
from lama_desktop.ui.recent import Recent
from lama_desktop.ui.text import tr
from lama_desktop.ui.theme import GAP, PADDING, RADIUS, THUMBNAIL_RADIUS, Theme, scaled, weighted

TILE = QSize(168, 112)
COLUMNS, MOST = 4, 8
MARGIN = 24
TARGET, SMALLEST_TARGET = QSize(560, 236), 320


class EmptyState(QScrollArea):
    """A drop target with one sentence, Open, Open sample, and recent photos as pictures, as many in a row as fit.

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
        content = QWidget()
        content.setObjectName("empty")
        content.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
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
        self._columns = COLUMNS
        column = QVBoxLayout(content)
        column.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
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
        self.setWidget(content)
        recent.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the photos that were open lately."""
        for tile in self._tiles:
            self._grid.removeWidget(tile)
            tile.hide()  # until the event loop deletes it
            tile.deleteLater()
        paths = self._recent.paths[:MOST]
        self._tiles = [self._tile(path) for path in paths]
        self._arrange()
        self._title.setVisible(bool(paths))

    def minimumSizeHint(self) -> QSize:
        """Return the room of the drop target's sentence; the rest is scrolled."""
        return QSize(SMALLEST_TARGET + 2 * MARGIN, LOWEST)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put as many pictures in a row as fit."""
        room = event.size().width() - 2 * MARGIN
        self.target.setFixedWidth(min(TARGET.width(), max(SMALLEST_TARGET, room)))
        columns = (room + PADDING) // (TILE.width() + 2 * GAP + PADDING)
        if (columns := min(max(columns, 1), COLUMNS)) != self._columns:
            self._columns = columns
            self._arrange()
        super().resizeEvent(event)

    def _arrange(self) -> None:
        """Lay the pictures out in their order."""
        for tile in self._tiles:
            self._grid.removeWidget(tile)
        for index, tile in enumerate(self._tiles):
            self._grid.addWidget(tile, index // self._columns, index % self._columns)

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
        hint.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
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
