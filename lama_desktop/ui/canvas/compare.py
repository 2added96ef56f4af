"""Compare: the photo as it was opened beside, or in the place of, what has become of it."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from lama_desktop.core.geometry import Rect
from lama_desktop.ui.text import tr

GRIP = 6
"""How near to the line, in logical pixels, it can be taken."""
KNOB = 11
"""Radius of the knob."""
LABEL_PADDING, LABEL_GAP = 8, 12
LINE, SHADE = QColor(255, 255, 255), QColor(0, 0, 0, 150)


class Compare:
    """Which parts of the screen show the original: none, all, or those left of a line that can be dragged."""

    def __init__(self) -> None:
        self.held = False
        """Whether all of the screen shows it, as long as a key is held."""
        self.split = False
        """Whether there is a line."""
        self.position = 0.5
        """Of the line, as a part of the width."""
        self.scale = 1.0
        """Device pixels per logical pixel."""

    @property
    def needs_original(self) -> bool:
        """Whether the original is seen anywhere."""
        return self.held or self.split

    def line(self, width: int) -> int:
        """Return where the line is, in device pixels, on a screen of this width."""
        return round(min(max(self.position, 0.0), 1.0) * width)

    def parts(self, rect: Rect, width: int) -> list[tuple[Rect, bool]]:
        """Return a rectangle of the screen in parts, each with whether it shows the original."""
        if self.held or not self.split:
            return [(rect, self.held)]
        line = self.line(width)
        left = Rect(rect.left, rect.top, min(rect.right, line), rect.bottom)
        right = Rect(max(rect.left, line), rect.top, rect.right, rect.bottom)
        return [(part, original) for part, original in ((left, True), (right, False)) if not part.is_empty]

    def takes(self, x: float, width: int) -> bool:
        """Tell whether a press at x, in device pixels, takes the line."""
        return self.split and not self.held and abs(x - self.line(width)) <= GRIP * self.scale

    def draw(self, painter: QPainter, width: int, height: int) -> None:
        """Draw the line and what is on each side of it, in device pixels."""
        if self.held or not self.split:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        x, scale = self.line(width), self.scale
        for pen in (QPen(SHADE, 3 * scale), QPen(LINE, scale)):
            painter.setPen(pen)
            painter.drawLine(QPointF(x, 0), QPointF(x, height))
        painter.setPen(QPen(SHADE, scale))
        painter.setBrush(LINE)
        painter.drawEllipse(QPointF(x, height / 2), KNOB * scale, KNOB * scale)
        painter.setPen(QPen(QColor(60, 60, 60), 1.6 * scale, c=Qt.PenCapStyle.RoundCap))
        for side in (-1, 1):
            tip = QPointF(x + side * 6 * scale, height / 2)
            for way in (-1, 1):
                painter.drawLine(tip, QPointF(x + side * 3 * scale, height / 2 + way * 3 * scale))
        font = painter.font()
        font.setPixelSize(round(12 * scale))
        painter.setFont(font)
        self._draw_label(painter, tr("Original"), x, right=True)
        self._draw_label(painter, tr("Now"), x, right=False)
        painter.restore()

    def _draw_label(self, painter: QPainter, text: str, x: int, right: bool) -> None:
        """Write beside the line; `right` tells which end of the label is at it."""
        metrics, scale = painter.fontMetrics(), self.scale
        width = metrics.horizontalAdvance(text) + 2 * LABEL_PADDING * scale
        height = metrics.height() + LABEL_PADDING * scale
        left = x - LABEL_GAP * scale - width if right else x + LABEL_GAP * scale
        box = QRectF(left, LABEL_GAP * scale, width, height)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(SHADE)
        painter.drawRoundedRect(box, height / 2, height / 2)
        painter.setPen(LINE)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
