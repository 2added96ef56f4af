"""LayerList: layers and groups as rows: eye, thumbnail, name, and what is to be said of each; dragging, collapsing.

Which groups are collapsed is no part of the document: the list remembers it while the window is open.
"""

from dataclasses import dataclass

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QDrag,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import QAbstractItemDelegate, QAbstractItemView, QLineEdit, QTreeView

from lama_desktop.core.group import MAX_DEPTH, Group
from lama_desktop.core.layer import Layer
from lama_desktop.core.node import Node
from lama_desktop.core.stack import Place
from lama_desktop.core.tree import depth_of
from lama_desktop.ui.icons import drawing
from lama_desktop.ui.panels.layer_model import Index, LayerModel
from lama_desktop.ui.panels.layer_row import FOLDER, LayerDelegate, content_left, eye_right, on_triangle
from lama_desktop.ui.text import tr
from lama_desktop.ui.theme import GAP, RADIUS, Theme

EXPAND_MS = 600
"""How long something is held over a collapsed group until it opens."""


@dataclass(frozen=True)
class _Target:
    """Where something that is dragged would go, and how that is shown: as a line, or around a group."""

    place: Place
    mark: QRect


class LayerList(QTreeView):
    """The rows.

    Signals:
        eye_clicked: the layer or group whose eye was clicked.
        dropped: a layer or group was dropped: the node, and the place it is to have.
    """

    eye_clicked = Signal(object)
    dropped = Signal(object, object)

    def __init__(self, model: LayerModel, theme: Theme) -> None:
        super().__init__()
        self._layers = model
        self._collapsed: set[int] = set()
        self._target: _Target | None = None
        self._restoring = False
        self._unwritten: tuple[Node, str] | None = None
        self.setModel(model)
        self.setItemDelegate(LayerDelegate(self, model, theme))
        self.setAccessibleName(tr("Layers"))
        self.setMouseTracking(True)
        self.setHeaderHidden(True)
        self.setIndentation(0)  # rows are as wide as the list; the delegate indents what is in them
        self.setUniformRowHeights(True)
        self.setExpandsOnDoubleClick(False)
        self.setAutoExpandDelay(EXPAND_MS)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.setDropIndicatorShown(False)  # it cannot tell into which of two groups; see `_Target`
        trigger = QAbstractItemView.EditTrigger
        self.setEditTriggers(trigger.DoubleClicked | trigger.EditKeyPressed)
        self.expanded.connect(lambda index: self._remember(index, collapsed=False))
        self.collapsed.connect(lambda index: self._remember(index, collapsed=True))
        model.modelAboutToBeReset.connect(self._put_aside)
        model.modelReset.connect(self._restore)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Hide or show where the eye is clicked, open or close at the triangle; else choose."""
        if not self._clicked(event):
            super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Rename, but not by two quick clicks on the eye or the triangle."""
        if not self._clicked(event):
            super().mouseDoubleClickEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Hide or show with the space bar."""
        node = self._layers.node(self.currentIndex())
        if event.key() == Qt.Key.Key_Space and node is not None:
            self.eye_clicked.emit(node)
        else:
            super().keyPressEvent(event)

    def startDrag(self, actions: Qt.DropAction) -> None:
        """Drag the thumbnail beside the pointer: a picture of the row would hide where it goes."""
        index = self.currentIndex()
        node, scale = self._layers.node(index), self.devicePixelRatioF()
        drag = QDrag(self)
        drag.setMimeData(self._layers.mimeData([index]))
        if isinstance(node, Layer):
            drag.setPixmap(self._layers.thumbnail(node, scale))
        else:
            drag.setPixmap(drawing("folder", self.palette().color(QPalette.ColorRole.Text).name(), FOLDER, scale))
        drag.setHotSpot(QPoint(-GAP, -GAP))
        drag.exec(Qt.DropAction.MoveAction)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take rows of this list only."""
        if self._layers.dragged(event.mimeData()) is None:
            event.ignore()
        else:
            super().dragEnterEvent(event)
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Show where it would go: not into itself, and not too deep."""
        super().dragMoveEvent(event)  # scrolls, and opens groups
        self._aim(self._target_at(event))
        if self._target is None:
            event.ignore()
        else:
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Show no target."""
        super().dragLeaveEvent(event)
        self._aim(None)

    def dropEvent(self, event: QDropEvent) -> None:
        """Ask for the node to be moved; the model follows the document."""
        node, target = self._layers.dragged(event.mimeData()), self._target_at(event)
        self._aim(None)
        self.stopAutoScroll()
        self.setState(QAbstractItemView.State.NoState)
        if node is None or target is None:
            event.ignore()
            return
        event.acceptProposedAction()
        self.dropped.emit(node, target.place)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the rows and the target of a drag."""
        super().paintEvent(event)
        if self._target is None:
            return
        painter, mark = QPainter(self.viewport()), QRectF(self._target.mark)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Accent), 2))
        if mark.height() > 0:
            painter.drawRoundedRect(mark.adjusted(1, 1, -1, -1), RADIUS, RADIUS)
            return
        y = min(max(mark.top(), 4.0), self.viewport().height() - 4.0)
        painter.drawEllipse(QPointF(mark.left() + 3, y), 3, 3)
        painter.drawLine(QPointF(mark.left() + 6, y), QPointF(mark.right(), y))

    def hideEvent(self, event: QHideEvent) -> None:
        """Close the field of a name: one that outlives the window makes Qt complain."""
        super().hideEvent(event)
        if not event.spontaneous():
            self._put_aside()
            self._unwritten = None

    def drawBranches(self, painter: QPainter, rect: QRect, index: Index) -> None:
        """Draw nothing: the delegate draws the triangle."""

    def _clicked(self, event: QMouseEvent) -> bool:
        """Do what a click on the eye or the triangle does; tell whether it was one."""
        point = event.position().toPoint()
        index = self.indexAt(point)
        node = self._layers.node(index)
        if node is None or event.button() != Qt.MouseButton.LeftButton:
            return False
        if point.x() < eye_right():
            self.eye_clicked.emit(node)
            return True
        if self._layers.rowCount(index) and on_triangle(point.x(), self._layers.depth(node)):
            self.setExpanded(index, not self.isExpanded(index))
            return True
        return False

    def _remember(self, index: Index, *, collapsed: bool) -> None:
        group = self._layers.node(index)
        if self._restoring or not isinstance(group, Group):
            return
        if not collapsed:
            self._collapsed.discard(group.key)
            return
        self._collapsed.add(group.key)
        inside = self.currentIndex().parent()
        while inside.isValid() and inside != index:
            inside = inside.parent()
        if inside.isValid():  # what is active can be seen
            self.setCurrentIndex(index)

    def _put_aside(self) -> None:
        """Keep a name that is being written, without closing the field by a step in the middle of another."""
        for node in self._layers.nodes:
            editor = self.indexWidget(self._layers.row(node))
            if isinstance(editor, QLineEdit):
                self._unwritten = node, editor.text()
                self.closeEditor(editor, QAbstractItemDelegate.EndEditHint.NoHint)

    def _restore(self) -> None:
        """Open the groups that are not collapsed, since a model that was reset has none open; and the field."""
        self._restoring = True
        for node in self._layers.nodes:
            if isinstance(node, Group):
                self.setExpanded(self._layers.row(node), node.key not in self._collapsed)
        self._restoring = False
        unwritten, self._unwritten = self._unwritten, None
        if unwritten is not None and (index := self._layers.row(unwritten[0])).isValid():
            self.edit(index)
            editor = self.indexWidget(index)
            assert isinstance(editor, QLineEdit)
            editor.setText(unwritten[1])
            editor.setModified(True)

    def _aim(self, target: _Target | None) -> None:
        if target != self._target:
            self._target = target
            self.viewport().update()

    def _target_at(self, event: QDropEvent) -> _Target | None:
        """Return where what is dragged would go; None where it cannot go or would stay."""
        node, document = self._layers.dragged(event.mimeData()), self._layers.document
        if node is None or document is None:
            return None
        stack, point = document.stack, event.position().toPoint()
        target = self._onto_group(point) or self._between(point)
        group = target.place.group
        around = () if group is None else (group, *stack.ancestors(group))
        if node in around or len(around) + depth_of((stack.entry(node),)) > MAX_DEPTH:
            return None
        place, before = target.place, stack.place(node)
        if group is before.group and before.index < place.index:  # counted without the node
            place = Place(place.index - 1, group)
        return None if place == before else _Target(place, target.mark)

    def _onto_group(self, point: QPoint) -> _Target | None:
        """Return the top of a group whose row is pointed at, unless that is near the edge of the row."""
        index = self.indexAt(point)
        group, rect = self._layers.node(index), self.visualRect(index)
        margin = rect.height() // 4
        if not isinstance(group, Group) or not rect.top() + margin <= point.y() <= rect.bottom() - margin:
            return None
        return _Target(Place(self._layers.rowCount(index), group), rect.adjusted(GAP, 0, -GAP, 0))

    def _between(self, point: QPoint) -> _Target:
        """Return the gap between two rows that is nearest; at the end of a group the pointer's column decides."""
        below = self.indexAt(point)
        rect = self.visualRect(below)
        if below.isValid() and point.y() > rect.center().y():
            below = self.indexBelow(below)
            rect = self.visualRect(below)
        above = self.indexAbove(below) if below.isValid() else self._last()
        y = rect.top() if below.isValid() else self.visualRect(above).bottom() + 1
        if not above.isValid():
            place, depth = Place(self._layers.rowCount()), 0
        elif self.isExpanded(above) and self._layers.rowCount(above):
            place, depth = self._above(below)
        else:
            least = 0 if not below.isValid() else self._depth(below)
            while self._depth(above) > least and above.row() == self._layers.rowCount(above.parent()) - 1:
                if point.x() >= content_left(self._depth(above)):
                    break
                above = above.parent()
            place, depth = self._above(above)
            place = Place(place.index - 1, place.group)
        left = content_left(depth)
        return _Target(place, QRect(left, y, self.viewport().width() - GAP - left, 0))

    def _above(self, index: Index) -> tuple[Place, int]:
        """Return the place right above a row, counted with all that is there now; and its depth."""
        group = self._layers.node(index.parent())
        assert group is None or isinstance(group, Group)
        return Place(self._layers.rowCount(index.parent()) - index.row(), group), self._depth(index)

    def _depth(self, index: Index) -> int:
        node = self._layers.node(index)
        return 0 if node is None else self._layers.depth(node)

    def _last(self) -> Index:
        """Return the lowest row that is shown."""
        index = self._layers.index(self._layers.rowCount() - 1)
        while self.isExpanded(index) and self._layers.rowCount(index):
            index = self._layers.index(self._layers.rowCount(index) - 1, 0, index)
        return index
