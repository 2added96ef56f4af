"""DropHint: while something is dragged over the window: a frame around where it would go, and what it would become."""

from PySide6.QtCore import QEvent, QObject, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QWidget

from lama_desktop.ui.theme import PADDING, RADIUS, UNIT, scaled, weighted

VEIL = 96
"""Of 255: how strongly what lies below is dimmed."""
LINE = 2
_ROLE = QPalette.ColorRole


class DropHint(QWidget):
    """Lies over another widget, and takes no event.

    Args:
        over: what it lies over; the parent of that is its own.
    """

    def __init__(self, over: QWidget) -> None:
        super().__init__(over.parentWidget())
        self._over = over
        self.promise, self._keys = "", ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        over.installEventFilter(self)
        self.hide()

    def show_promise(self, promise: str, keys: str) -> None:
        """Say what would happen now, and in smaller letters which keys change that."""
        self.setGeometry(self._over.geometry())
        if (promise, keys) != (self.promise, self._keys):
            self.promise, self._keys = promise, keys
            self.setAccessibleName(promise)
            self.update()
        self.show()
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep the place."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Move):
            self.setGeometry(self._over.geometry())
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the frame and the words."""
        painter, palette = QPainter(self), self.palette()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        veil = QColor(palette.color(_ROLE.Shadow))
        veil.setAlpha(VEIL)
        painter.fillRect(self.rect(), veil)
        frame = QRectF(self.rect()).adjusted(PADDING, PADDING, -PADDING, -PADDING)
        painter.setPen(QPen(palette.color(_ROLE.Accent), LINE))
        painter.drawRoundedRect(frame, RADIUS, RADIUS)
        large, small = scaled(weighted(self.font(), QFont.Weight.DemiBold), 1.25), self.font()
        lines = [(large, self.promise, _ROLE.Text), (small, self._keys, _ROLE.PlaceholderText)]
        lines = [(font, text, role) for font, text, role in lines if text]
        width = max(QFontMetricsF(font).horizontalAdvance(text) for font, text, _ in lines) + 4 * PADDING
        height = sum(QFontMetricsF(font).height() for font, _, _ in lines) + (len(lines) - 1) * UNIT + 2 * PADDING
        plate = QRectF(0, 0, width, height)
        plate.moveCenter(frame.center())
        painter.setPen(QPen(palette.color(_ROLE.Mid), 1))
        painter.setBrush(palette.color(_ROLE.Button))
        painter.drawRoundedRect(plate, RADIUS, RADIUS)
        top = plate.top() + PADDING
        for font, text, role in lines:
            painter.setFont(font)
            painter.setPen(palette.color(role))
            row = QRectF(plate.left(), top, plate.width(), QFontMetricsF(font).height())
            painter.drawText(row, Qt.AlignmentFlag.AlignCenter, text)
            top += row.height() + UNIT
