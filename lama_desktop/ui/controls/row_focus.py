"""RowFocus: shows in which row of a list the keyboard is, to those who use it."""

from PySide6.QtCore import QEvent, QObject, QRectF, Qt
from PySide6.QtGui import QFocusEvent, QPainter, QPalette, QPen
from PySide6.QtWidgets import QAbstractItemView

from lama_desktop.ui.theme import RADIUS

WIDTH = 2
KEYS = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason, Qt.FocusReason.ShortcutFocusReason)


class RowFocus(QObject):
    """Knows whether the keyboard came into a list by a key, or has been used in it since the last click.

    Args:
        view: the list; it owns this. Its delegate calls `draw` for the current row.
    """

    def __init__(self, view: QAbstractItemView) -> None:
        super().__init__(view)
        self._view, self._by_keys = view, False
        view.installEventFilter(self)
        view.viewport().installEventFilter(self)

    @property
    def is_shown(self) -> bool:
        """Whether the current row has a ring now."""
        return self._by_keys and self._view.hasFocus()

    def draw(self, painter: QPainter, row: QRectF) -> None:
        """Draw the ring inside a row, where it is shown."""
        if self.is_shown:
            painter.setOpacity(1.0)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self._view.palette().color(QPalette.ColorRole.Accent), WIDTH))
            inset = WIDTH / 2
            painter.drawRoundedRect(row.adjusted(inset, inset, -inset, -inset), RADIUS - inset, RADIUS - inset)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take note of what is used; nothing is taken away."""
        if isinstance(event, QFocusEvent):
            self._note(event.gotFocus() and event.reason() in KEYS)
        elif event.type() == QEvent.Type.KeyPress:
            self._note(True)
        elif event.type() == QEvent.Type.MouseButtonPress:
            self._note(False)
        return False

    def _note(self, by_keys: bool) -> None:
        self._by_keys = by_keys
        self._view.viewport().update()
