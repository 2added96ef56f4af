"""LayerList: the layers as rows, the topmost first: eye, thumbnail, name, and what is to be said of each."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QByteArray,
    QEvent,
    QMimeData,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFont, QMouseEvent, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QLineEdit, QListView, QStyle, QStyledItemDelegate, QWidget

from lama_desktop.core.blend import NORMAL
from lama_desktop.core.document import Document
from lama_desktop.core.layer import Layer
from lama_desktop.core.node import Lock
from lama_desktop.models.cards import MODELS
from lama_desktop.ui.icons import drawing
from lama_desktop.ui.text import short_title, tr
from lama_desktop.ui.theme import GAP, LAYER_ROW, RADIUS, Theme, mixed, small, weighted
from lama_desktop.ui.thumbnails import layer_thumbnail

Index = QModelIndex | QPersistentModelIndex
MIME = "application/x-lama-desktop-layer"
EYE, THUMBNAIL = 20, QSize(52, 36)
_ROLE = QPalette.ColorRole
_TITLES = {card.id: card.title for card in MODELS}


class LayerModel(QAbstractListModel):
    """The layers of a document, the topmost in row 0. Dropping a row elsewhere asks for another order.

    Signals:
        moved: a layer was dropped: the layer and its new position, 0 for the lowest.
        renamed: a layer got another name: the layer and the name.
    """

    moved = Signal(object, int)
    renamed = Signal(object, str)

    def __init__(self) -> None:
        super().__init__()
        self._document: Document | None = None
        self._layers: tuple[Layer, ...] = ()
        self._thumbnails: dict[Layer, QPixmap] = {}

    def show(self, document: Document | None, stale: Sequence[Layer] = ()) -> None:
        """Show the layers of a document as they are; `stale` ones look different than before."""
        layers = () if document is None else tuple(reversed(document.layers))
        for layer in stale:
            self._thumbnails.pop(layer, None)
        if document is self._document and layers == self._layers:
            self.dataChanged.emit(self.index(0), self.index(len(layers) - 1))
            return
        self.beginResetModel()
        self._document, self._layers = document, layers
        self._thumbnails = {layer: picture for layer, picture in self._thumbnails.items() if layer in layers}
        self.endResetModel()

    def layer(self, index: Index) -> Layer | None:
        """Return the layer of a row."""
        return self._layers[index.row()] if index.isValid() else None

    def row(self, layer: Layer | None) -> QModelIndex:
        """Return the index of a layer; an invalid one where it is not shown."""
        return self.index(self._layers.index(layer)) if layer in self._layers else QModelIndex()

    def thumbnail(self, layer: Layer, scale: float) -> QPixmap:
        """Return the picture of a layer, drawn once until it is stale."""
        found = self._thumbnails.get(layer)
        if found is None or found.devicePixelRatio() != scale:
            assert self._document is not None
            found = self._thumbnails[layer] = layer_thumbnail(self._document, layer, THUMBNAIL, scale)
        return found

    def about(self, layer: Layer) -> str:
        """Return the second line of a row: what made it, how large it is, how it is blended."""
        if layer.recipe is not None:
            preset = str(layer.recipe.settings.get("preset", ""))
            parts = [short_title(_TITLES.get(layer.recipe.model, layer.recipe.model)), tr(preset)]
        else:
            parts = [f"{layer.rect.width} × {layer.rect.height}"]
            if self._document is not None and layer is self._layers[-1]:
                parts.append(tr("{bits} bit", bits=self._document.depth))
        if layer.mode is not NORMAL:
            parts.append(tr(layer.mode.title))
        if layer.opacity < 1:
            parts.append(f"{round(layer.opacity * 100)} %")
        return " · ".join(part for part in parts if part)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's own default)
        """Return the number of layers."""
        return 0 if parent.isValid() else len(self._layers)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the name of a layer, or what a screen reader says of it."""
        layer = self._layers[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return layer.name
        if role == Qt.ItemDataRole.AccessibleTextRole:
            seen = tr("visible") if layer.visible else tr("hidden")
            return f"{layer.name}, {self.about(layer)}, {seen}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return tr("Double click renames, dragging reorders, the eye hides")
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Take a new name."""
        layer, name = self._layers[index.row()], str(value).strip()
        if role != Qt.ItemDataRole.EditRole or not name or name == layer.name:
            return False
        self.renamed.emit(layer, name)
        return True

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Allow rows to be chosen, renamed and dragged, and to be dropped between rows."""
        if not index.isValid():
            return Qt.ItemFlag.ItemIsDropEnabled
        flag = Qt.ItemFlag
        return flag.ItemIsEnabled | flag.ItemIsSelectable | flag.ItemIsEditable | flag.ItemIsDragEnabled

    def supportedDropActions(self) -> Qt.DropAction:
        """Return that rows move."""
        return Qt.DropAction.MoveAction

    def mimeTypes(self) -> list[str]:
        """Return the one type that is taken."""
        return [MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        """Return the row that is dragged."""
        data = QMimeData()
        data.setData(MIME, QByteArray(str(indexes[0].row()).encode()))
        return data

    def dropMimeData(self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index) -> bool:
        """Ask for a layer to be moved; the answer is a new order, so nothing is removed here."""
        if not data.hasFormat(MIME):
            return False
        source = int(bytes(data.data(MIME).data()).decode())
        target = row if row >= 0 else parent.row() if parent.isValid() else len(self._layers)
        if target > source:
            target -= 1
        if target != source:
            self.moved.emit(self._layers[source], len(self._layers) - 1 - target)
        return False


class LayerList(QListView):
    """The rows.

    Signals:
        eye_clicked: the layer whose eye was clicked.
    """

    eye_clicked = Signal(object)

    def __init__(self, model: LayerModel, theme: Theme) -> None:
        super().__init__()
        self._layers = model
        self.setModel(model)
        self.setItemDelegate(_LayerDelegate(self, model, theme))
        self.setAccessibleName(tr("Layers"))
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        trigger = QAbstractItemView.EditTrigger
        self.setEditTriggers(trigger.DoubleClicked | trigger.EditKeyPressed)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Hide or show where the eye is clicked; else choose."""
        if (layer := self._eye_at(event.position().toPoint())) is not None:
            self.eye_clicked.emit(layer)
        else:
            super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Rename, but not by two quick clicks on the eye."""
        if (layer := self._eye_at(event.position().toPoint())) is not None:
            self.eye_clicked.emit(layer)
        else:
            super().mouseDoubleClickEvent(event)

    def _eye_at(self, point: QPoint) -> Layer | None:
        index = self.indexAt(point)
        if index.isValid() and point.x() < GAP + 2 * GAP + EYE:
            return self._layers.layer(index)
        return None


class _LayerDelegate(QStyledItemDelegate):
    """Draws a row, and the field in which a name is written."""

    def __init__(self, parent: QWidget, model: LayerModel, theme: Theme) -> None:
        super().__init__(parent)
        self._layers, self._theme = model, theme

    def sizeHint(self, option: Any, index: Index) -> QSize:
        """Return the size of a row."""
        return QSize(0, LAYER_ROW)

    def paint(self, painter: QPainter, option: Any, index: Index) -> None:
        """Draw a row."""
        layer, tokens = self._layers.layer(index), self._theme.tokens
        assert layer is not None
        scale = painter.device().devicePixelRatioF()
        selected = option.state & QStyle.StateFlag.State_Selected
        hovered = option.state & QStyle.StateFlag.State_MouseOver
        row = QRect(option.rect).adjusted(GAP, 0, -GAP, 0)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if selected or hovered:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(option.palette.color(_ROLE.Highlight if selected else _ROLE.Midlight))
            painter.drawRoundedRect(QRectF(row), RADIUS, RADIUS)
        eye = drawing("eye" if layer.visible else "eye-off", tokens.secondary, EYE, scale)
        painter.setOpacity(1.0 if layer.visible else 0.6)
        painter.drawPixmap(row.left() + GAP, row.center().y() - EYE // 2 + 1, eye)
        picture = self._layers.thumbnail(layer, scale)
        size = picture.deviceIndependentSize()
        left = row.left() + 2 * GAP + EYE + 4
        painter.drawPixmap(
            round(left + (THUMBNAIL.width() - size.width()) / 2),
            round(row.center().y() + 1 - size.height() / 2),
            picture,
        )
        painter.setOpacity(1.0)
        right = row.right() - GAP
        if layer.lock is not Lock.NONE:
            right -= 16
            painter.drawPixmap(right, row.center().y() - 7, drawing("lock", tokens.secondary, 16, scale))
        self._write(painter, option.font, layer, self._text_rect(row, right), bool(selected))
        painter.restore()

    def _write(self, painter: QPainter, font: QFont, layer: Layer, text: QRect, selected: bool) -> None:
        """Write the two lines."""
        tokens, elide = self._theme.tokens, Qt.TextElideMode.ElideRight
        upper, lower = QRect(text), QRect(text)
        upper.setBottom(text.center().y())
        lower.setTop(text.center().y() + 1)
        painter.setFont(weighted(font, QFont.Weight.Medium))
        painter.setPen(tokens.text if layer.visible else tokens.secondary)
        name = painter.fontMetrics().elidedText(layer.name, elide, upper.width())
        painter.drawText(upper, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft, name)
        painter.setFont(small(font))
        painter.setPen(mixed(tokens.secondary, tokens.text, 0.35) if selected else tokens.secondary)
        about = painter.fontMetrics().elidedText(self._layers.about(layer), elide, lower.width())
        painter.drawText(lower, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft, about)

    def createEditor(self, parent: QWidget, option: Any, index: Index) -> QWidget:
        """Return the field for a name."""
        editor = QLineEdit(parent)
        editor.setAccessibleName(tr("Name of the layer"))
        return editor

    def updateEditorGeometry(self, editor: QWidget, option: Any, index: Index) -> None:
        """Put the field where the name is."""
        row = QRect(option.rect).adjusted(GAP, 0, -GAP, 0)
        text = self._text_rect(row, row.right() - GAP)
        editor.setGeometry(text.left() - GAP, row.center().y() - 13, text.width() + GAP, 26)

    def editorEvent(self, event: QEvent, model: Any, option: Any, index: Index) -> bool:
        """Leave clicks to the list."""
        return False

    @staticmethod
    def _text_rect(row: QRect, right: int) -> QRect:
        left = row.left() + 4 * GAP + EYE + THUMBNAIL.width()
        return QRect(left, row.top() + 6, right - left, row.height() - 12)
