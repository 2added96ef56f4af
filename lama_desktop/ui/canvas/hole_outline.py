"""HoleOutline: a thin moving line around what is being removed; `outlines` of anything masked. UI thread only."""

import cv2
import numpy as np
from PySide6.QtCore import QObject, QPointF, QTimer, Signal
from PySide6.QtGui import QPainter, QPolygonF

from lama_desktop.core.arrays import Coverage
from lama_desktop.core.geometry import Rect
from lama_desktop.ui.canvas.overlay import DASH, draw_lines, line_pens
from lama_desktop.ui.canvas.viewport import Viewport

Line = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
"""(n, 2): points of the document, x first; the last one is the first."""

INTERVAL_MS = 80
STEP = 1.0
"""Logical pixels by which the dashes move each time."""
FINEST = 1024
"""Larger holes are followed at a smaller size: no eye sees the difference, and the line stays short."""


class HoleOutline(QObject):
    """Goes around a hole while a removal runs.

    Args:
        viewport: where the document is seen.

    Signals:
        moved: the line looks different: device pixels, as a Rect.
    """

    moved = Signal(object)

    def __init__(self, viewport: Viewport) -> None:
        super().__init__()
        self._viewport = viewport
        self._contours: list[Line] = []
        self._rect = Rect(0, 0, 0, 0)
        self._phase = 0.0
        self._timer = QTimer(self)
        self._timer.setInterval(INTERVAL_MS)
        self._timer.timeout.connect(self._move)
        self.scale = 1.0
        """Device pixels per logical pixel."""

    @property
    def runs(self) -> bool:
        """Whether there is a line."""
        return bool(self._contours)

    def start(self, rect: Rect, coverage: Coverage) -> None:
        """Go around a hole.

        Args:
            rect: where it is, in document pixels; not empty.
            coverage: (rect.height, rect.width) uint8; above 0 is the hole. Not kept.
        """
        self._rect, self._contours = rect, outlines(rect, coverage)
        self._timer.start()
        self._move()

    def stop(self) -> None:
        """Go away."""
        self._timer.stop()
        if self._contours:
            self._contours = []
            self._tell()

    def draw(self, painter: QPainter) -> None:
        """Draw with a painter in device pixels."""
        if not self._contours:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        matrix = self._viewport.matrix
        lines = []
        for contour in self._contours:
            points = contour @ matrix[:, :2].T + matrix[:, 2]
            lines.append(QPolygonF([QPointF(x, y) for x, y in points.tolist()]))
        draw_lines(painter, lines, line_pens(self.scale, dashed=True, phase=self._phase))
        painter.restore()

    def _move(self) -> None:
        self._phase = (self._phase + STEP) % (2 * DASH)
        self._tell()

    def _tell(self) -> None:
        self.moved.emit(self._viewport.screen_rect(self._rect, margin=2 + round(2 * self.scale)))


def outlines(rect: Rect, coverage: Coverage) -> list[Line]:
    """Return closed lines around all that is covered; arguments as of `HoleOutline.start`."""
    hole = (coverage > 0).astype(np.uint8)
    factor = max(1.0, max(rect.size) / FINEST)
    if factor > 1:
        size = max(1, round(rect.width / factor)), max(1, round(rect.height / factor))
        hole = (cv2.resize(hole * 255, size, interpolation=cv2.INTER_AREA) > 0).astype(np.uint8)
    # Contours run through the middles of pixels; twice as large, they run along the edge.
    doubled = np.pad(hole.repeat(2, 0).repeat(2, 1), 1)
    found, _ = cv2.findContours(doubled, cv2.RETR_LIST, cv2.CHAIN_APPROX_TC89_KCOS)
    across, down = rect.width / hole.shape[1] / 2, rect.height / hole.shape[0] / 2
    lines = []
    for contour in found:
        points = contour.reshape(-1, 2).astype(np.float64) - 0.5
        closed = np.concatenate([points, points[:1]]) * (across, down)
        lines.append(closed + np.array([rect.left, rect.top]))
    return lines
