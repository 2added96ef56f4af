"""History panel: every step of the document in front; a click goes there."""

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPalette, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from lama_desktop.core.document import Document
from lama_desktop.core.history import History
from lama_desktop.ui.controls.row_focus import RowFocus
from lama_desktop.ui.panels.panel import Panel
from lama_desktop.ui.text import in_bytes, tr
from lama_desktop.ui.theme import GAP, PADDING, RADIUS, SMALL_ROW

SHOWN_FROM = 1_000_000
"""Bytes: less is not worth a word, and a stroke on an empty mask keeps none."""
Index = QModelIndex | QPersistentModelIndex
_ROLE = QPalette.ColorRole


class HistoryPanel(Panel):
    """The steps, the oldest first; those that were undone are dim."""

    def __init__(self) -> None:
        super().__init__("history", tr("History"))
        self._history: History | None = None
        self._steps = _Steps()
        self.list = StepList()
        self.list.setModel(self._steps)
        self.list.setItemDelegate(StepDelegate(self.list))
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setUniformItemSizes(True)
        self.list.setAccessibleName(tr("History"))
        self.list.setMouseTracking(True)
        self.list.selectionModel().currentChanged.connect(self._go)
        self.body.addWidget(self.list)
        self.heading.note.setToolTip(tr("Memory that the steps keep beside the picture's own"))
        self._showing = False

    def show_document(self, document: Document | None) -> None:
        """Follow another document."""
        if self._history is not None:
            self._history.changed.disconnect(self.refresh)
        self._history = None if document is None else document.history
        if self._history is not None:
            self._history.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the steps as they are."""
        history, self._showing = self._history, True
        labels = () if history is None else (tr("Open"), *(tr(label) for label in history.labels))
        self._steps.show(labels, 0 if history is None else history.position)
        if history is not None:
            index = self._steps.index(history.position)
            self.list.setCurrentIndex(index)
            self.list.scrollTo(index)
        kept = 0 if history is None else history.nbytes
        self.heading.note.setText(in_bytes(kept) if kept >= SHOWN_FROM else "")
        self._showing = False

    def _go(self, index: QModelIndex) -> None:
        if self._history is not None and not self._showing and index.isValid():
            self._history.go_to(index.row())


class StepList(QListView):
    """Rows that keep the current one in view when they get less room."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Scroll there."""
        super().resizeEvent(event)
        self.scrollTo(self.currentIndex())


class _Steps(QAbstractListModel):
    """The labels of the steps, and how many of them are done."""

    def __init__(self) -> None:
        super().__init__()
        self._labels: tuple[str, ...] = ()
        self._position = 0

    def show(self, labels: tuple[str, ...], position: int) -> None:
        """Show other steps; only what differs is told, so that a long list stays where it is."""
        if labels == self._labels:
            self._position = position
            self.dataChanged.emit(self.index(0), self.index(len(labels) - 1))
            return
        self.beginResetModel()
        self._labels, self._position = labels, position
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's own default)
        """Return the number of steps, the opening among them."""
        return 0 if parent.isValid() else len(self._labels)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return the label of a step, or whether it is undone."""
        if role == Qt.ItemDataRole.DisplayRole:
            return self._labels[index.row()]
        if role == Qt.ItemDataRole.UserRole:
            return index.row() > self._position
        return None


class StepDelegate(QStyledItemDelegate):
    """Draws a row of text with a round selection; the user role says whether it is dim.

    Args:
        parent: the list.
    """

    def __init__(self, parent: QAbstractItemView) -> None:
        super().__init__(parent)
        self._focus = RowFocus(parent)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Return the size of a small row."""
        return QSize(0, SMALL_ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw it."""
        palette, state = option.palette, option.state
        selected, hovered = state & QStyle.StateFlag.State_Selected, state & QStyle.StateFlag.State_MouseOver
        rect = QRectF(option.rect).adjusted(GAP, 0, -GAP, 0)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if selected or hovered:
            painter.setBrush(palette.color(_ROLE.Highlight if selected else _ROLE.Midlight))
            painter.drawRoundedRect(rect, RADIUS, RADIUS)
        dim = bool(index.data(Qt.ItemDataRole.UserRole))
        if dim:
            painter.setPen(palette.color(QPalette.ColorGroup.Disabled, _ROLE.Text))
        else:
            painter.setPen(palette.color(_ROLE.Text if selected else _ROLE.PlaceholderText))
        text = rect.adjusted(PADDING - GAP + 4, 0, -GAP, 0)
        label = painter.fontMetrics().elidedText(str(index.data()), Qt.TextElideMode.ElideRight, int(text.width()))
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, label)
        if selected:
            self._focus.draw(painter, rect)
        painter.restore()
