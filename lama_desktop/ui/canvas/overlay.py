"""OverlayView: what a tool shows over the picture, in lines that are seen on black and on white.

Every line is a light one on a wider dark one. Sizes are those of the document for circles and lines, of the screen for
handles and widths. UI thread only.
"""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from lama_desktop.core.geometry import Rect
from lama_desktop.tools.tool import Circle, Handle, Overlay, Polyline
from lama_desktop.ui.canvas.viewport import Viewport

LIGHT, DARK = QColor(255, 255, 255), QColor(0, 0, 0, 150)
LIGHT_WIDTH, DARK_WIDTH = 1.25, 3.0
HANDLE = 7
"""Side of a handle. All in logical pixels."""
DASH = 4.0


class OverlayView:
    """Keeps what is shown and knows what has to be painted anew when it changes.

    Args:
        viewport: where document points are seen.
    """

    def __init__(self, viewport: Viewport) -> None:
        self._viewport = viewport
        self._shown: Overlay = ()
        self._lengths: tuple[int, ...] = ()
        self._rects: list[Rect] = []
        self.scale = 1.0
        """Device pixels per logical pixel."""

    def show(self, overlay: Overlay) -> list[Rect]:
        """Show something else; return the device pixels that look different now."""
        before, lengths = self._rects, self._lengths
        same_line = (
            len(overlay) == len(self._shown) == 1
            and isinstance(line := overlay[0], Polyline)
            and isinstance(old := self._shown[0], Polyline)
            and line.points is old.points
        )
        self._shown = overlay
        self._lengths = tuple(len(each.points) if isinstance(each, Polyline) else 0 for each in overlay)
        self._rects = [self._rect(each) for each in overlay]
        if same_line and isinstance(line, Polyline):
            # A line that grows at its end, as a lasso's: only the end is new.
            return [self._around(line.points[max(lengths[0] - 2, 0) :])]
        return [*before, *self._rects]

    def moved(self) -> None:
        """Take note that the viewport has changed and everything is painted anew."""
        self._rects = [self._rect(each) for each in self._shown]

    def draw(self, painter: QPainter) -> None:
        """Draw with a painter in device pixels."""
        if not self._shown:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for shape in self._shown:
            if isinstance(shape, Circle):
                x, y = self._viewport.to_screen(shape.x, shape.y)
                radius = shape.radius * self._viewport.zoom
                for pen in self._pens():
                    painter.setPen(pen)
                    painter.drawEllipse(QPointF(x, y), radius, radius)
            elif isinstance(shape, Polyline):
                draw_lines(painter, [self._on_screen(shape)], self._pens(shape.dashed))
            else:
                self._draw_handle(painter, shape)
        painter.restore()

    def _draw_handle(self, painter: QPainter, handle: Handle) -> None:
        x, y = self._viewport.to_screen(handle.x, handle.y)
        side = HANDLE * self.scale
        painter.setPen(QPen(DARK, self.scale))
        painter.setBrush(LIGHT)
        painter.drawRect(QRectF(x - side / 2, y - side / 2, side, side))
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _on_screen(self, line: Polyline) -> QPolygonF:
        points = [QPointF(*self._viewport.to_screen(x, y)) for x, y in line.points]
        return QPolygonF([*points, points[0]] if line.closed and points else points)

    def _pens(self, dashed: bool = False) -> tuple[QPen, QPen]:
        return line_pens(self.scale, dashed)

    def _rect(self, shape: Circle | Polyline | Handle) -> Rect:
        """Return the device pixels that a shape touches."""
        if isinstance(shape, Polyline):
            return self._around(shape.points)
        x, y = self._viewport.to_screen(shape.x, shape.y)
        reach = shape.radius * self._viewport.zoom if isinstance(shape, Circle) else HANDLE * self.scale / 2
        reach += DARK_WIDTH * self.scale
        return Rect(int(x - reach) - 1, int(y - reach) - 1, int(x + reach) + 2, int(y + reach) + 2)

    def _around(self, points: Sequence[tuple[float, float]]) -> Rect:
        if not points:
            return Rect(0, 0, 0, 0)
        screen = [self._viewport.to_screen(x, y) for x, y in points]
        xs, ys = [x for x, _ in screen], [y for _, y in screen]
        margin = int(DARK_WIDTH * self.scale) + 1
        return Rect(int(min(xs)) - 1, int(min(ys)) - 1, int(max(xs)) + 2, int(max(ys)) + 2).grown(margin)


def line_pens(scale: float, dashed: bool = False, phase: float = 0.0) -> tuple[QPen, QPen]:
    """Return the dark pen and the light one that goes over it.

    Args:
        scale: device pixels per logical pixel.
        dashed: whether the light one is.
        phase: how far its dashes have moved, in logical pixels.
    """
    dark, light = QPen(DARK, DARK_WIDTH * scale), QPen(LIGHT, LIGHT_WIDTH * scale)
    if dashed:
        dark.setWidthF(LIGHT_WIDTH * scale)
        dark.setColor(QColor(0, 0, 0, 200))
        light.setDashPattern([DASH / LIGHT_WIDTH, DASH / LIGHT_WIDTH])  # in units of its width
        light.setDashOffset(phase / LIGHT_WIDTH)
        light.setCapStyle(Qt.PenCapStyle.FlatCap)
    return dark, light


def draw_lines(painter: QPainter, lines: Sequence[QPolygonF], pens: tuple[QPen, QPen]) -> None:
    """Draw lines, all dark ones first."""
    for pen in pens:
        painter.setPen(pen)
        for line in lines:
            painter.drawPolyline(line)
