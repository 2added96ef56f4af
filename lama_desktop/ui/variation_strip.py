"""VariationStrip: the ways in which the active layer can be filled, over the lower edge of the photo, to choose from.

It is there while the active layer has alternatives, until it is closed. A click, the arrow keys or 1 to 4 choose; the
keys only while the keyboard is in the strip. Each choice is one step of the history.
"""

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, QSize, Qt, QTimer, Signal, SignalInstance
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QPalette, QPen, QPixmap
from PySide6.QtWidgets import QAbstractButton, QFrame, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from lama_desktop.core.commands import StackEdit
from lama_desktop.core.document import Document
from lama_desktop.core.drawable import Mask
from lama_desktop.core.layer import Layer
from lama_desktop.core.ways import ways_of, with_chosen, without_others
from lama_desktop.ui.icons import themed_icon
from lama_desktop.ui.recipes import about, difference
from lama_desktop.ui.text import tr
from lama_desktop.ui.theme import FIELD_RADIUS, GAP, PADDING, THUMBNAIL_RADIUS, UNIT, Theme, small
from lama_desktop.ui.thumbnails import layer_thumbnail
from lama_desktop.ui.workspace import Workspace

PICTURE, SMALL_PICTURE = QSize(112, 76), QSize(56, 38)
"""Of a tile, and where the window is narrow."""
CAPTION = 18
SETTLE_MS = 300
"""Thumbnails are drawn again when the picture has been still for so long."""
_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1}
_ENDS = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: -1}
_NUMBERS = {Qt.Key.Key_1: 0, Qt.Key.Key_2: 1, Qt.Key.Key_3: 2, Qt.Key.Key_4: 3}


class VariationStrip(QFrame):
    """A row of tiles, one for each way.

    Args:
        workspace: whose document in front is shown, and over which it lies.
        wanted: emitted where the ways of the active fill were asked for: it is there again if it was closed.
        theme: for the icons.
    """

    def __init__(self, workspace: Workspace, wanted: SignalInstance, theme: Theme) -> None:
        super().__init__(workspace)
        self._workspace = workspace
        self._document: Document | None = None
        self._closed: Mask | None = None
        self.setProperty("kind", "notice")
        self.setAccessibleName(tr("Variations"))
        self.tiles: list[Tile] = []
        self._row = QHBoxLayout()
        self._row.setSpacing(UNIT)
        self.close_button, self.discard_button = QToolButton(), QToolButton()
        for button, icon, text in (
            (self.close_button, "close", tr("Close")),
            (self.discard_button, "delete", tr("Discard the others")),
        ):
            button.setIcon(themed_icon(theme, icon))
            button.setIconSize(QSize(18, 18))
            button.setToolTip(text)
            button.setAccessibleName(text)
        self.close_button.clicked.connect(self._close)
        self.discard_button.clicked.connect(self._discard)
        column = QVBoxLayout()
        column.setSpacing(UNIT)
        column.addWidget(self.close_button)
        column.addStretch(1)
        column.addWidget(self.discard_button)
        self._line = line = QHBoxLayout(self)
        line.setContentsMargins(GAP, GAP, GAP, GAP)
        line.setSpacing(GAP)
        line.addLayout(self._row)
        line.addLayout(column)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.timeout.connect(self._draw)
        workspace.area.installEventFilter(self)
        workspace.current_changed.connect(self._follow)
        wanted.connect(self.open)
        self.hide()

    def open(self, document: object = None) -> None:
        """Be there again after having been closed, with the keyboard."""
        self._closed = None
        self._refresh()
        if self.isVisible():
            self._tile.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def choose(self, index: int) -> None:
        """Make another way the layer; one that is the layer already, or is not there, changes nothing."""
        document = self._document
        if document is None or document.is_editing:
            return
        layer = document.active_layer
        if layer is not None and layer.recipe is not None and 0 <= index < len(ways_of(layer)):
            if index != layer.recipe.position:
                document.do(StackEdit("Choose variation", with_chosen(document.stack, layer, index)))
            if any(tile.hasFocus() for tile in self.tiles):
                self._tile.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep the place over the photo."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Move):
            self._place()
        return False

    @property
    def _layer(self) -> Layer | None:
        """The active layer where it has alternatives and the strip was not closed over it."""
        layer = None if self._document is None else self._document.active_layer
        if layer is None or layer.recipe is None or not layer.recipe.alternatives:
            return None
        return None if layer.recipe.mask is self._closed else layer

    @property
    def _tile(self) -> "Tile":
        """The tile of the layer."""
        return next(each for each in self.tiles if each.isChecked())

    def _follow(self, document: Document | None) -> None:
        for old, connect in ((self._document, False), (document, True)):
            for signal in () if old is None else (old.stack_changed, old.active_changed, old.resized):
                signal.connect(self._refresh) if connect else signal.disconnect(self._refresh)
            if old is not None:
                old.changed.connect(self._later) if connect else old.changed.disconnect(self._later)
        self._document, self._closed = document, None
        self._refresh()

    def _later(self, rect: object = None) -> None:
        if self.isVisible():
            self._settle.start(SETTLE_MS)

    def _close(self) -> None:
        layer = self._layer
        self._closed = None if layer is None or layer.recipe is None else layer.recipe.mask
        self._refresh()

    def _discard(self) -> None:
        document, layer = self._document, self._layer
        if document is not None and layer is not None and not document.is_editing:
            document.do(StackEdit("Discard variations", without_others(document.stack, layer)))

    def _refresh(self) -> None:
        """Show the ways of the active layer as they are."""
        layer = self._layer
        ways = () if layer is None else ways_of(layer)
        if layer is None or layer.recipe is None:
            if self.isVisible() and self.isAncestorOf(self.focusWidget()) and self._workspace.canvas is not None:
                self._workspace.canvas.setFocus()
            self.hide()
            return
        while len(self.tiles) > len(ways):
            gone = self.tiles.pop()
            self._row.removeWidget(gone)
            gone.hide()
            gone.deleteLater()
        for index in range(len(self.tiles), len(ways)):
            tile = Tile()
            tile.clicked.connect(lambda _=False, index=index: self.choose(index))
            tile.wanted.connect(self.choose)
            tile.left.connect(self._leave)
            self.tiles.append(tile)
            self._row.addWidget(tile)
            tile.show()
            for before, after in ((tile, self.close_button), (self.close_button, self.discard_button)):
                QWidget.setTabOrder(before, after)
        for index, (tile, way) in enumerate(zip(self.tiles, ways, strict=True)):
            shown = index == layer.recipe.position
            tile.show_way(index, len(ways), difference(ways, index), about(ways, index), shown)
            if tile.way is not way.revision:
                tile.way = way.revision
                self._settle.start(0)
        self.show()
        self._place()

    def _leave(self) -> None:
        if self._workspace.canvas is not None:
            self._workspace.canvas.setFocus()

    def _draw(self) -> None:
        """Draw the pictures."""
        document, layer = self._document, self._layer
        if document is None or layer is None:
            return
        for tile, way in zip(self.tiles, ways_of(layer), strict=False):
            tile.show_picture(layer_thumbnail(document, layer, PICTURE, self.devicePixelRatioF(), way=way))

    def _place(self) -> None:
        """Lie over the lower edge, as large as there is room for."""
        if self.isHidden():
            return
        area = self._workspace.area.geometry()
        for picture in (PICTURE, SMALL_PICTURE):
            for tile in self.tiles:
                tile.set_size(picture)
            self._row.invalidate()
            self._line.activate()
            if self.sizeHint().width() <= area.width() - 2 * PADDING:
                break
        size = self.sizeHint()
        left = area.x() + (area.width() - size.width()) // 2
        self.setGeometry(left, area.bottom() + 1 - PADDING - size.height(), size.width(), size.height())
        self.raise_()


class Tile(QAbstractButton):
    """One way: its picture, and what differs.

    Signals:
        wanted: another way was asked for by a key: its number, from 0.
        left: the keyboard should go back to the photo.
    """

    wanted = Signal(int)
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.way: object = None
        """Stands for the pixels that it shows."""
        self._picture, self._size = QPixmap(), PICTURE
        self._index = self._count = 0
        self.setCheckable(True)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFont(small(self.font()))

    def show_way(self, index: int, count: int, text: str, tip: str, shown: bool) -> None:
        """Say what it stands for: number, of how many, what differs, all about it, and whether it is the layer."""
        self._index, self._count = index, count
        self.setText(text)
        self.setToolTip(tip)
        self.setAccessibleName(text)
        self.setAccessibleDescription(tip)
        self.setChecked(shown)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if shown else Qt.FocusPolicy.ClickFocus)

    def show_picture(self, picture: QPixmap) -> None:
        """Show a picture of the hole."""
        self._picture = picture
        self.update()

    def set_size(self, picture: QSize) -> None:
        """Take so much room for the picture; a small one goes without a caption."""
        self._size = picture
        caption = CAPTION if picture == PICTURE else 0
        self.setFixedSize(picture.width() + 2 * UNIT, picture.height() + 2 * UNIT + caption)

    def nextCheckState(self) -> None:
        """Stay: which way is the layer is told by the document."""

    def event(self, event: QEvent) -> bool:
        """Take the keys that choose before the shortcuts of the window do."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride and self._takes(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose, or go back to the photo."""
        target = self._target(event)
        if target is not None:
            self.wanted.emit(target)
        elif event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture, a ring around the one that is the layer, and the caption."""
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        palette, role = self.palette(), QPalette.ColorRole
        frame = QRectF(QPointF(UNIT, UNIT), self._size)
        if self.underMouse() and not self.isChecked():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(palette.color(role.Midlight))
            painter.drawRoundedRect(QRectF(self.rect()), FIELD_RADIUS, FIELD_RADIUS)
        if self._picture.isNull():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(palette.color(role.Base))
            painter.drawRoundedRect(frame, THUMBNAIL_RADIUS, THUMBNAIL_RADIUS)
        else:
            size = self._picture.deviceIndependentSize().scaled(frame.size(), Qt.AspectRatioMode.KeepAspectRatio)
            target = QRectF(QPointF(0, 0), size)
            target.moveCenter(frame.center())
            painter.drawPixmap(target, self._picture, QRectF(self._picture.rect()))
        if self.isChecked():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(palette.color(role.Accent), 2))
            painter.drawRoundedRect(frame.adjusted(-2, -2, 2, 2), FIELD_RADIUS, FIELD_RADIUS)
        if self._size == PICTURE:
            painter.setPen(palette.color(role.WindowText if self.isChecked() else role.PlaceholderText))
            room = QRectF(UNIT, frame.bottom() + UNIT, self._size.width(), CAPTION)
            text = QFontMetrics(self.font()).elidedText(self.text(), Qt.TextElideMode.ElideRight, int(room.width()))
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, text)

    def _takes(self, event: QKeyEvent) -> bool:
        return self._target(event) is not None

    def _target(self, event: QKeyEvent) -> int | None:
        """Return the way that a key asks for; None for other keys."""
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        key = Qt.Key(event.key()) if plain else None
        if key in _STEPS:
            return min(max(self._index + _STEPS[key], 0), self._count - 1)
        if key in _ENDS:
            return _ENDS[key] % self._count
        return _NUMBERS.get(key) if key is not None else None
