"""LayerModel: the layers and groups of a document as Qt's lists know a tree, the topmost first."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QByteArray,
    QMimeData,
    QModelIndex,
    QPersistentModelIndex,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QPixmap

from lama_desktop.core.blend import NORMAL
from lama_desktop.core.document import Document
from lama_desktop.core.group import Branch, Group, Tree
from lama_desktop.core.layer import Layer
from lama_desktop.core.node import Node
from lama_desktop.core.tree import node_of
from lama_desktop.models.cards import MODELS
from lama_desktop.ui.text import short_title, tr
from lama_desktop.ui.thumbnails import layer_thumbnail

Index = QModelIndex | QPersistentModelIndex
MIME = "application/x-lama-desktop-layer"
THUMBNAIL = QSize(52, 36)
_NOWHERE = QModelIndex()
_TITLES = {card.id: card.title for card in MODELS}


class LayerModel(QAbstractItemModel):
    """A tree of rows. Where a row may be dragged to is the business of `LayerList`.

    Signals:
        renamed: a layer or group got another name: the node and the name.
    """

    renamed = Signal(object, str)

    def __init__(self) -> None:
        super().__init__()
        self._document: Document | None = None
        self._tree: Tree = ()
        self._rows: dict[Group | None, tuple[Node, ...]] = {None: ()}
        self._places: dict[Node, tuple[int, Group | None]] = {}
        self._nodes: dict[int, Node] = {}
        self._thumbnails: dict[Layer, QPixmap] = {}

    @property
    def document(self) -> Document | None:
        """What is shown."""
        return self._document

    def show(self, document: Document | None, stale: Sequence[Layer] = ()) -> None:
        """Show the layers of a document as they are; `stale` ones look different than before."""
        tree = () if document is None else document.stack.tree
        for layer in stale:
            self._thumbnails.pop(layer, None)
        if document is self._document and tree == self._tree:
            for rows in filter(None, self._rows.values()):
                self.dataChanged.emit(self.row(rows[0]), self.row(rows[-1]))
            return
        self.beginResetModel()
        self._document, self._tree = document, tree
        self._rows, self._places = {}, {}
        self._file(tree, None)
        self._nodes = {id(node): node for node in self._places}
        self._thumbnails = {layer: picture for layer, picture in self._thumbnails.items() if layer in self._places}
        self.endResetModel()

    def node(self, index: Index) -> Node | None:
        """Return the layer or group of a row."""
        return self._nodes[index.internalId()] if index.isValid() else None

    def row(self, node: Node | None) -> QModelIndex:
        """Return the index of a layer or group; an invalid one where it is not shown."""
        if node is None or node not in self._places:
            return QModelIndex()
        return self.createIndex(self._places[node][0], 0, id(node))

    @property
    def nodes(self) -> tuple[Node, ...]:
        """All layers and groups that are shown, a group before what is in it."""
        return tuple(self._places)

    def depth(self, node: Node) -> int:
        """Return how many groups a layer or group is in."""
        group = self._places[node][1]
        return 0 if group is None else 1 + self.depth(group)

    def thumbnail(self, layer: Layer, scale: float) -> QPixmap:
        """Return the picture of a layer, drawn once until it is stale."""
        found = self._thumbnails.get(layer)
        if found is None or found.devicePixelRatio() != scale:
            assert self._document is not None
            found = self._thumbnails[layer] = layer_thumbnail(self._document, layer, THUMBNAIL, scale)
        return found

    def about(self, node: Node) -> str:
        """Return the second line of a row: what made it or is in it, how large it is, how it is blended."""
        assert self._document is not None
        through = False
        if isinstance(node, Group):
            through, count = not node.isolated, len(self._rows[node])
            parts = [tr("empty") if not count else tr("1 layer") if count == 1 else tr("{count} layers", count=count)]
        elif isinstance(node, Layer) and node.recipe is not None:
            preset = str(node.recipe.settings.get("preset", ""))
            parts = [short_title(_TITLES.get(node.recipe.model, node.recipe.model)), tr(preset)]
        else:
            assert isinstance(node, Layer)
            parts = [f"{node.rect.width} × {node.rect.height}"]
            if node is self._document.layers[0]:
                parts.append(tr("{bits} bit", bits=self._document.depth))
        if through:
            parts.append(tr("Pass through"))
        elif node.mode is not NORMAL:
            parts.append(tr(node.mode.title))
        if node.opacity < 1:
            parts.append(f"{round(node.opacity * 100)} %")
        return " · ".join(part for part in parts if part)

    def index(self, row: int, column: int = 0, parent: Index = _NOWHERE) -> QModelIndex:
        """Return the index of a row of the document, or of a group."""
        rows = self._below(parent)
        return self.createIndex(row, column, id(rows[row])) if 0 <= row < len(rows) and column == 0 else QModelIndex()

    def parent(self, index: Index = _NOWHERE) -> Any:
        """Return the row of the group that a row is in."""
        node = self.node(index)
        return QModelIndex() if node is None else self.row(self._places[node][1])

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """Return the number of rows in a group, or in the document."""
        return len(self._below(parent))

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        """Return one."""
        return 1

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the name of a layer or group, or what a screen reader says of it."""
        node = self.node(index)
        if node is None:
            return None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return node.name
        if role == Qt.ItemDataRole.AccessibleTextRole:
            seen = tr("visible") if node.visible else tr("hidden")
            kind = [tr("group")] if isinstance(node, Group) else []
            return ", ".join([node.name, *kind, self.about(node), seen])
        if role == Qt.ItemDataRole.ToolTipRole:
            return tr("Double click renames, dragging reorders, the eye hides")
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Take a new name."""
        node, name = self.node(index), str(value).strip()
        if node is None or role != Qt.ItemDataRole.EditRole or not name or name == node.name:
            return False
        self.renamed.emit(node, name)
        return True

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Allow rows to be chosen, renamed and dragged, and others to be dropped anywhere."""
        flag = Qt.ItemFlag
        if not index.isValid():
            return flag.ItemIsDropEnabled
        return (
            flag.ItemIsEnabled
            | flag.ItemIsSelectable
            | flag.ItemIsEditable
            | flag.ItemIsDragEnabled
            | flag.ItemIsDropEnabled
        )

    def supportedDropActions(self) -> Qt.DropAction:
        """Return that rows move."""
        return Qt.DropAction.MoveAction

    def mimeTypes(self) -> list[str]:
        """Return the one type that is taken."""
        return [MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        """Return the row that is dragged."""
        data = QMimeData()
        data.setData(MIME, QByteArray(str(indexes[0].internalId()).encode()))
        return data

    def dragged(self, data: QMimeData) -> Node | None:
        """Return the layer or group that is dragged; None where it is something else, or gone."""
        return self._nodes.get(int(bytes(data.data(MIME).data()).decode())) if data.hasFormat(MIME) else None

    def dropMimeData(self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index) -> bool:
        """Take nothing: `LayerList` asks the document for another order, and the model shows what comes of it."""
        return False

    def _below(self, parent: Index) -> tuple[Node, ...]:
        return self._rows.get(self.node(parent), ())  # type: ignore[arg-type]

    def _file(self, tree: Tree, group: Group | None) -> None:
        """Take note of the rows of a group and of all in it."""
        self._rows[group] = tuple(node_of(entry) for entry in reversed(tree))
        for row, entry in enumerate(reversed(tree)):
            self._places[node_of(entry)] = row, group
            if isinstance(entry, Branch):
                self._file(entry.entries, entry.group)
