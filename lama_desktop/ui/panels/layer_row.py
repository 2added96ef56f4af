"""LayerDelegate: draws one row of the layer list, and the field in which a name is written.

The eyes are in one column. What follows is indented by the depth of the row: the thumbnail of a layer, or the triangle
and the folder of a group.
"""

from typing import Any

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPalette
from PySide6.QtWidgets import QLineEdit, QStyle, QStyledItemDelegate, QTreeView, QWidget

from lama_desktop.core.group import Group
from lama_desktop.core.layer import Layer
from lama_desktop.core.node import Lock, Node
from lama_desktop.ui.controls.row_focus import RowFocus
from lama_desktop.ui.icons import drawing
from lama_desktop.ui.panels.layer_model import THUMBNAIL, Index, LayerModel
from lama_desktop.ui.text import tr
from lama_desktop.ui.theme import GAP, LAYER_ROW, PADDING, RADIUS, UNIT, Theme, mixed, small, weighted

EYE, TRIANGLE, FOLDER = 20, 16, 24
INDENT, DEEPEST = 16, 6
"""How far each group moves its rows to the right, and how many do: names must stay readable."""
_ROLE = QPalette.ColorRole


def eye_right() -> int:
    """Return where the column of the eyes ends."""
    return GAP + 2 * GAP + EYE


def content_left(depth: int) -> int:
    """Return where the thumbnail of a row begins."""
    return GAP + 2 * GAP + EYE + UNIT + INDENT * min(depth, DEEPEST)


def on_triangle(x: int, depth: int) -> bool:
    """Tell whether a click there is meant for the triangle of a group."""
    return content_left(depth) - UNIT <= x < content_left(depth) + TRIANGLE + UNIT


class LayerDelegate(QStyledItemDelegate):
    """Draws rows of a list."""

    def __init__(self, parent: QTreeView, model: LayerModel, theme: Theme) -> None:
        super().__init__(parent)
        self._list, self._layers, self._theme = parent, model, theme
        self._focus = RowFocus(parent)

    def sizeHint(self, option: Any, index: Index) -> QSize:
        """Return the size of a row."""
        return QSize(0, LAYER_ROW)

    def paint(self, painter: QPainter, option: Any, index: Index) -> None:
        """Draw a row."""
        node, document = self._layers.node(index), self._layers.document
        assert node is not None
        assert document is not None
        scale = painter.device().devicePixelRatioF()
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = option.state & QStyle.StateFlag.State_MouseOver
        seen = document.stack.is_seen(node)
        row = _row(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if selected or hovered:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(option.palette.color(_ROLE.Highlight if selected else _ROLE.Midlight))
            painter.drawRoundedRect(QRectF(row), RADIUS, RADIUS)
        eye = drawing("eye" if node.visible else "eye-off", self._theme.tokens.secondary, EYE, scale)
        painter.setOpacity(1.0 if seen else 0.6)
        painter.drawPixmap(row.left() + GAP, row.center().y() - EYE // 2 + 1, eye)
        left = content_left(self._layers.depth(node))
        if isinstance(node, Layer):
            self._draw_thumbnail(painter, node, left, row, scale)
        else:
            self._draw_group(painter, left, row, index, scale)
        right = row.right() - GAP
        if document.stack.lock_of(node) is not Lock.NONE:
            right -= 16
            painter.setOpacity(0.5 if node.lock is Lock.NONE else 1.0)  # fainter where a group around it is locked
            painter.drawPixmap(right, row.center().y() - 7, drawing("lock", self._theme.tokens.secondary, 16, scale))
        painter.setOpacity(1.0)
        if self._list.indexWidget(index) is None:  # while a name is written, the field is in the place of both lines
            text = self._text_rect(self._layers.depth(node), row, right)
            self._write(painter, option.font, node, text, seen, selected)
        if selected:
            self._focus.draw(painter, QRectF(row))
        painter.restore()

    def createEditor(self, parent: QWidget, option: Any, index: Index) -> QWidget:
        """Return the field for a name."""
        editor = QLineEdit(parent)
        group = isinstance(self._layers.node(index), Group)
        editor.setAccessibleName(tr("Name of the group") if group else tr("Name of the layer"))
        return editor

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        """Show the name; what has been written stays when rows are told to be different."""
        if isinstance(editor, QLineEdit) and not editor.isModified():
            super().setEditorData(editor, index)

    def updateEditorGeometry(self, editor: QWidget, option: Any, index: Index) -> None:
        """Put the field where the name is."""
        node, row = self._layers.node(index), _row(option.rect)
        assert node is not None
        text = self._text_rect(self._layers.depth(node), row, row.right() - GAP)
        editor.setGeometry(text.left() - GAP, row.center().y() - 13, text.width() + GAP, 26)

    def editorEvent(self, event: QEvent, model: Any, option: Any, index: Index) -> bool:
        """Leave clicks to the list."""
        return False

    def _draw_thumbnail(self, painter: QPainter, layer: Layer, left: int, row: QRect, scale: float) -> None:
        picture = self._layers.thumbnail(layer, scale)
        size = picture.deviceIndependentSize()
        x, y = left + (THUMBNAIL.width() - size.width()) / 2, row.center().y() + 1 - size.height() / 2
        painter.drawPixmap(round(x), round(y), picture)

    def _draw_group(self, painter: QPainter, left: int, row: QRect, index: Index, scale: float) -> None:
        color, middle = self._theme.tokens.secondary, row.center().y() + 1
        if self._layers.rowCount(index):
            triangle = "chevron-down" if self._list.isExpanded(index) else "chevron-right"
            painter.drawPixmap(left, middle - TRIANGLE // 2, drawing(triangle, color, TRIANGLE, scale))
        painter.drawPixmap(left + TRIANGLE + UNIT, middle - FOLDER // 2, drawing("folder", color, FOLDER, scale))

    def _write(self, painter: QPainter, font: QFont, node: Node, text: QRect, seen: bool, selected: bool) -> None:
        """Write the two lines."""
        tokens, elide = self._theme.tokens, Qt.TextElideMode.ElideRight
        upper, lower = QRect(text), QRect(text)
        upper.setBottom(text.center().y())
        lower.setTop(text.center().y() + 1)
        painter.setFont(weighted(font, QFont.Weight.Medium))
        quiet = mixed(tokens.secondary, tokens.text, 0.35) if selected else QColor(tokens.secondary)
        painter.setPen(QColor(tokens.text) if seen else quiet)
        name = painter.fontMetrics().elidedText(node.name, elide, upper.width())
        painter.drawText(upper, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft, name)
        painter.setFont(small(font))
        painter.setPen(quiet)
        about = painter.fontMetrics().elidedText(self._layers.about(node), elide, lower.width())
        painter.drawText(lower, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft, about)

    @staticmethod
    def _text_rect(depth: int, row: QRect, right: int) -> QRect:
        left = content_left(depth) + THUMBNAIL.width() + PADDING
        return QRect(left, row.top() + 6, right - left, row.height() - 12)


def _row(rect: QRect) -> QRect:
    """Return the part of a row in which something is drawn."""
    return QRect(rect).adjusted(GAP, 0, -GAP, 0)
