"""TableView: the rows of a batch on the screen: pictures, names and folders, states with their signs, reasons."""

from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QModelIndex, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFont, QMouseEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QStyle, QStyledItemDelegate, QTableView, QWidget

from lama_desktop.ui.batch.pictures import Pictures
from lama_desktop.ui.batch.rows import COLUMNS, ROW, Column, Group, Index, Row, Rows
from lama_desktop.ui.icons import drawing
from lama_desktop.ui.jobs import JobRunner
from lama_desktop.ui.text import tr
from lama_desktop.ui.theme import GAP, LAYER_ROW, PADDING, RADIUS, UNIT, Theme, mixed, small, tabular, weighted

THUMBNAIL = QSize(52, 36)
SIGN = 16
WIDTHS = {Column.MASKS: 180, Column.STATE: 176}
"""Columns of their own width; the others share what is left."""
NARROW = {Column.MASKS: 900, Column.RESULT: 720}
"""Columns that are left out where the table is not so wide."""
REPAINT_MS = 60
_SIGNS = {Group.DONE: ("check", "secondary"), Group.FAILED: ("warning", "danger")}
_LEFT = Qt.AlignmentFlag.AlignLeft
_MIDDLE = Qt.AlignmentFlag.AlignVCenter | _LEFT


class TableView(QTableView):
    """The table.

    Args:
        rows: the model.
        runner: makes the small pictures.
        theme: for the colours.

    Signals:
        opened: a row was double-clicked, or Enter was pressed on it.
        chosen: other rows are selected.
    """

    opened = Signal(object)
    chosen = Signal()

    def __init__(self, rows: Rows, runner: JobRunner, theme: Theme) -> None:
        super().__init__()
        self._rows = rows
        self.pictures = Pictures(runner, THUMBNAIL)
        self.setModel(rows)
        self._delegate = _RowDelegate(self, rows, self.pictures, theme)
        self.setItemDelegate(self._delegate)
        self.setAccessibleName(tr("Photos of the batch"))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setMouseTracking(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        down = self.verticalHeader()
        down.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        down.setDefaultSectionSize(LAYER_ROW)
        down.hide()
        across = self.horizontalHeader()
        across.setDefaultAlignment(_MIDDLE)
        across.setHighlightSections(False)
        across.setSectionsClickable(True)
        across.setSortIndicatorClearable(True)  # the third click brings the order of the plan back
        across.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        across.setMinimumSectionSize(80)
        across.setFixedHeight(32)
        for at, column in enumerate(COLUMNS):
            fixed = column in WIDTHS
            across.setSectionResizeMode(
                at, QHeaderView.ResizeMode.Interactive if fixed else QHeaderView.ResizeMode.Stretch
            )
            if fixed:
                self.setColumnWidth(at, WIDTHS[column])
        self.setSortingEnabled(True)
        self._repaint = QTimer(self)
        self._repaint.setSingleShot(True)
        self._repaint.setInterval(REPAINT_MS)
        self._repaint.timeout.connect(self.viewport().update)
        self.pictures.changed.connect(self._repaint.start)
        self.activated.connect(self._open)
        self.selectionModel().selectionChanged.connect(lambda *_: self.chosen.emit())
        rows.modelReset.connect(self.chosen)

    def chosen_rows(self) -> list[Row]:
        """Return the rows that are selected, as they are shown."""
        found = [self._rows.row(index) for index in sorted(self.selectionModel().selectedRows())]
        return [row for row in found if row is not None]

    def choose_row(self, at: int) -> None:
        """Select one of the rows that are shown."""
        self.setCurrentIndex(self._rows.index(at, 0))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Light up the row under the pointer."""
        self._hover(self.indexAt(event.position().toPoint()).row())
        super().mouseMoveEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """Light up none."""
        self._hover(-1)
        super().leaveEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave out what there is no room for."""
        for column, width in NARROW.items():
            self.setColumnHidden(COLUMNS.index(column), event.size().width() < width)
        super().resizeEvent(event)

    def _hover(self, row: int) -> None:
        if row != self._delegate.hovered:
            self._delegate.hovered = row
            self.viewport().update()

    def _open(self, index: QModelIndex) -> None:
        self.opened.emit(self._rows.row(index))


class _RowDelegate(QStyledItemDelegate):
    """Draws the cells."""

    def __init__(self, parent: QWidget, rows: Rows, pictures: Pictures, theme: Theme) -> None:
        super().__init__(parent)
        self._rows, self._pictures, self._theme = rows, pictures, theme
        self.hovered = -1
        """The row under the pointer."""

    def sizeHint(self, option: Any, index: Index) -> QSize:
        """Return the size of a cell."""
        return QSize(80, LAYER_ROW)

    def paint(self, painter: QPainter, option: Any, index: Index) -> None:
        """Draw a cell."""
        row, column = index.data(ROW), COLUMNS[index.column()]
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if selected or index.row() == self.hovered:
            tokens = self._theme.tokens
            self._fill(painter, option.rect, index.column(), tokens.selection if selected else tokens.hover)
        inside = QRect(option.rect).adjusted(PADDING, 0, -GAP, 0)
        if column in (Column.PHOTO, Column.RESULT):
            self._draw_file(painter, option.font, inside, row, column, selected)
        elif column is Column.STATE:
            self._draw_state(painter, option.font, inside, row)
        else:
            text = row.masks_text if column is Column.MASKS else row.details
            self._draw_lines(painter, small(option.font), inside, text, selected)
        painter.restore()

    def _fill(self, painter: QPainter, rect: QRect, column: int, color: str) -> None:
        """Draw the ground of a chosen row, round at its two ends."""
        left, right = column == 0, column == len(COLUMNS) - 1
        area = QRectF(rect).adjusted(UNIT if left else -RADIUS, 1, -UNIT if right else RADIUS, -1)
        painter.setClipRect(rect)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(color))
        painter.drawRoundedRect(area, RADIUS, RADIUS)
        painter.setClipping(False)

    def _draw_file(
        self, painter: QPainter, font: QFont, inside: QRect, row: Row, column: Column, selected: bool
    ) -> None:
        """Draw a small picture, a name, and the folder below it."""
        path = row.path if column is Column.PHOTO else row.output
        if path is None:
            return
        if column is Column.PHOTO or row.group is Group.DONE:
            version = hash(row.outcome.digest) if column is Column.RESULT and row.outcome is not None else 0
            self._draw_picture(painter, inside, path, version)
            inside = inside.adjusted(THUMBNAIL.width() + PADDING, 0, 0, 0)
        upper, lower = QRect(inside), QRect(inside)
        upper.setBottom(inside.center().y())
        lower.setTop(inside.center().y() + 1)
        tokens = self._theme.tokens
        strong = column is Column.PHOTO
        painter.setFont(weighted(font, QFont.Weight.Medium) if strong else font)
        painter.setPen(QColor(tokens.text if strong or row.group is Group.DONE else self._quiet(selected)))
        middle = Qt.TextElideMode.ElideMiddle
        name = painter.fontMetrics().elidedText(path.name, middle, upper.width())
        painter.drawText(upper, Qt.AlignmentFlag.AlignBottom | _LEFT, name)
        painter.setFont(small(font))
        painter.setPen(self._quiet(selected))
        folder = painter.fontMetrics().elidedText(self._rows.folder(path), Qt.TextElideMode.ElideLeft, lower.width())
        painter.drawText(lower, Qt.AlignmentFlag.AlignTop | _LEFT, folder)

    def _draw_picture(self, painter: QPainter, inside: QRect, path: Path, version: int) -> None:
        """Draw a small picture, or its place while there is none."""
        frame = QRect(inside.left(), inside.center().y() - THUMBNAIL.height() // 2, *THUMBNAIL.toTuple())
        picture = self._pictures.picture(path, painter.device().devicePixelRatioF(), version)
        if picture is None or picture.isNull():
            tokens = self._theme.tokens
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.hover))
            painter.drawRoundedRect(QRectF(frame), UNIT, UNIT)
            if picture is not None:
                sign = drawing("image", tokens.disabled, SIGN, painter.device().devicePixelRatioF())
                painter.drawPixmap(frame.center().x() - SIGN // 2 + 1, frame.center().y() - SIGN // 2 + 1, sign)
            return
        size = picture.deviceIndependentSize()
        x = round(frame.left() + (frame.width() - size.width()) / 2)
        painter.drawPixmap(x, round(frame.center().y() + 1 - size.height() / 2), picture)

    def _draw_state(self, painter: QPainter, font: QFont, inside: QRect, row: Row) -> None:
        """Draw the sign of a state, and its word."""
        tokens, scale = self._theme.tokens, painter.device().devicePixelRatioF()
        top = inside.center().y() - SIGN // 2 + 1
        if row.at_work:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.accent))
            painter.drawEllipse(QRectF(inside.left() + 4, top + 4, 8, 8))
        elif row.group in _SIGNS:
            name, token = _SIGNS[row.group]
            painter.drawPixmap(inside.left(), top, drawing(name, getattr(tokens, token), SIGN, scale))
        color = tokens.text if row.at_work or row.group is Group.DONE else tokens.secondary
        painter.setPen(QColor(tokens.danger if row.group is Group.FAILED else color))
        painter.setFont(font)
        room = inside.adjusted(SIGN + GAP, 0, 0, 0)
        text = painter.fontMetrics().elidedText(row.state_text, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, _MIDDLE, text)

    def _draw_lines(self, painter: QPainter, font: QFont, inside: QRect, text: str, selected: bool) -> None:
        """Draw a text in at most two lines, the second one shortened."""
        painter.setFont(tabular(font))
        painter.setPen(self._quiet(selected))
        first, second = _two_lines(text, painter, inside.width())
        if not second:
            painter.drawText(inside, _MIDDLE, first)
            return
        upper, lower = QRect(inside), QRect(inside)
        upper.setBottom(inside.center().y())
        lower.setTop(inside.center().y() + 1)
        painter.drawText(upper, Qt.AlignmentFlag.AlignBottom | _LEFT, first)
        painter.drawText(lower, Qt.AlignmentFlag.AlignTop | _LEFT, second)

    def _quiet(self, selected: bool) -> QColor:
        tokens = self._theme.tokens
        return mixed(tokens.secondary, tokens.text, 0.35) if selected else QColor(tokens.secondary)


def _two_lines(text: str, painter: QPainter, width: int) -> tuple[str, str]:
    """Return as much of a text as fits into two lines, broken between words."""
    metrics = painter.fontMetrics()
    if metrics.horizontalAdvance(text) <= width:
        return text, ""
    words = text.split(" ")
    count = 1
    while count < len(words) and metrics.horizontalAdvance(" ".join(words[: count + 1])) <= width:
        count += 1
    first, rest = " ".join(words[:count]), " ".join(words[count:])
    elide = Qt.TextElideMode.ElideMiddle
    return metrics.elidedText(first, elide, width), metrics.elidedText(rest, Qt.TextElideMode.ElideRight, width)
