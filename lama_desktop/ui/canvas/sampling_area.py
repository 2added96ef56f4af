"""SamplingArea: from where fills may copy texture, as a tinted area with a dashed line around it. UI thread only."""

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF

from lama_desktop.core.document import Document
from lama_desktop.core.drawable import Mask
from lama_desktop.ui.canvas.hole_outline import Line, outlines
from lama_desktop.ui.canvas.overlay import DARK, DASH, LIGHT_WIDTH
from lama_desktop.ui.canvas.viewport import Viewport

COLOR = QColor(61, 220, 132)
TINT = 30
"""Alpha of the tint, of 255: enough to tell in from out, too little to judge colours wrongly."""


class SamplingArea:
    """Shows the sampling area of a document, where it has one.

    Args:
        document: whose area.
        viewport: where the document is seen.
    """

    def __init__(self, document: Document, viewport: Viewport) -> None:
        self._document, self._viewport = document, viewport
        self._shown: Mask | None = None
        self._lines: list[Line] = []
        self.scale = 1.0
        """Device pixels per logical pixel."""

    def draw(self, painter: QPainter) -> None:
        """Draw with a painter in device pixels."""
        area = self._document.stack.sampling
        if area is not self._shown:
            self._shown = area
            self._lines = [] if area is None else outlines(area.rect, area.coverage)
        if not self._lines:
            return
        matrix, path = self._viewport.matrix, QPainterPath()
        for line in self._lines:
            points = line @ matrix[:, :2].T + matrix[:, 2]
            path.addPolygon(QPolygonF([QPointF(x, y) for x, y in points.tolist()]))
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillPath(path, QColor(COLOR.red(), COLOR.green(), COLOR.blue(), TINT))
        width = LIGHT_WIDTH * self.scale
        dashes = QPen(COLOR, width)
        dashes.setDashPattern([DASH / LIGHT_WIDTH, DASH / LIGHT_WIDTH])  # in units of its width
        dashes.setCapStyle(Qt.PenCapStyle.FlatCap)
        for pen in (QPen(DARK, width), dashes):
            painter.strokePath(path, pen)
        painter.restore()
