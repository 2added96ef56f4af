"""Viewport: zoom, pan, rotation and mirror of a view; the only place where document and screen coordinates meet.

Screen coordinates are device pixels of the canvas, so that 100 % shows each pixel of the photo as one of the screen,
whatever the scale of the desktop. Points are points of the plane in both (see `core/shapes.py`). Pure arithmetic; owned
by a Canvas, UI thread.
"""

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from lama_desktop.core.geometry import Rect

SMALLEST, LARGEST = 1 / 64, 64.0
"""Limits of the zoom; the smallest is less where the whole picture would not fit."""
LADDER = (
    *(1 / 64, 1 / 48, 1 / 32, 1 / 24, 1 / 16, 1 / 12, 1 / 8, 1 / 6, 1 / 4, 1 / 3, 1 / 2, 2 / 3),
    *(1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0, 48.0, 64.0),
)
"""What the zoom keys step through."""
TURN = 15.0
"""Degrees by which keys turn the view."""

Point = tuple[float, float]


class Viewport(QObject):
    """Where a document is seen on the screen.

    Args:
        document_size: width and height, in document pixels.
    """

    changed = Signal()
    """Anything is shown at another place than before."""

    def __init__(self, document_size: tuple[int, int]) -> None:
        super().__init__()
        self._document_size = document_size
        self._size = (1, 1)
        self._margin = 0
        self._zoom, self._rotation, self._mirrored = 1.0, 0.0, False
        self._offset = (0.0, 0.0)
        self._fits = True

    # What it is

    @property
    def zoom(self) -> float:
        """Device pixels per document pixel."""
        return self._zoom

    @property
    def rotation(self) -> float:
        """Degrees clockwise, 0 to 360; before it is mirrored."""
        return self._rotation

    @property
    def mirrored(self) -> bool:
        """Whether left and right are exchanged on the screen."""
        return self._mirrored

    @property
    def fits(self) -> bool:
        """Whether the whole picture is kept in view; ends with the next zoom or pan."""
        return self._fits

    @property
    def is_upright(self) -> bool:
        """Whether rows of the document are rows or columns of the screen."""
        return self._rotation % 90 == 0

    @property
    def matrix(self) -> NDArray[np.float64]:
        """(2, 3): a document point (x, y, 1) to a point of the screen."""
        (a, b), (c, d) = self._linear
        return np.array([[a, b, self._offset[0]], [c, d, self._offset[1]]])

    def to_screen(self, x: float, y: float) -> Point:
        """Return where a document point is seen."""
        (a, b), (c, d) = self._linear
        return a * x + b * y + self._offset[0], c * x + d * y + self._offset[1]

    def to_document(self, x: float, y: float) -> Point:
        """Return the document point that is seen at a point of the screen."""
        (a, b), (c, d) = self._linear
        x, y = x - self._offset[0], y - self._offset[1]
        scale = self._zoom * self._zoom  # the matrix is orthogonal but for its scale
        return (a * x + c * y) / scale, (b * x + d * y) / scale

    def screen_rect(self, rect: Rect, margin: int = 1) -> Rect:
        """Return the pixels of the screen that document pixels touch, smoothing included."""
        corners = [self.to_screen(x, y) for x in (rect.left, rect.right) for y in (rect.top, rect.bottom)]
        return Rect(0, 0, 0, 0) if rect.is_empty else _around(corners).grown(margin)

    def document_rect(self, rect: Rect, margin: int = 2) -> Rect:
        """Return the document pixels that are seen in a part of the screen, smoothing included; not cut."""
        corners = [self.to_document(x, y) for x in (rect.left, rect.right) for y in (rect.top, rect.bottom)]
        return _around(corners).grown(margin)

    @property
    def visible(self) -> Rect:
        """The document pixels that are seen, cut to the document."""
        return self.document_rect(Rect.of_size(self._size)) & Rect.of_size(self._document_size)

    # What changes it

    def resize(self, size: tuple[int, int], margin: int = 0) -> None:
        """Take another size of the screen; the same point stays in the middle, or the picture keeps fitting.

        Args:
            size: device pixels.
            margin: device pixels that are left free around a picture that fits.
        """
        middle = self._middle
        self._size, self._margin = size, margin
        self._put(middle, (size[0] / 2, size[1] / 2))

    def resize_document(self, size: tuple[int, int]) -> None:
        """Take another size of the document, and show all of it."""
        self._document_size = size
        self.fit()

    def fit(self) -> None:
        """Show the whole picture."""
        self._fits = True
        self._put(self._middle, self._center)

    def fit_width(self) -> None:
        """Show the whole width of the picture."""
        sides = self._extent(0, 0, *self._document_size)
        self.zoom_to(max(1, self._size[0] - 2 * self._margin) / (sides[2] - sides[0]))
        x = self.to_screen(self._document_size[0] / 2, self._document_size[1] / 2)[0]
        self.pan(self._center[0] - x, 0)

    def show(self, left: float, top: float, right: float, bottom: float, margin: float = 0.0) -> None:
        """Show a document rectangle as large as fits.

        Args:
            left: a side.
            top: a side.
            right: a side.
            bottom: a side.
            margin: how much more is shown on each side, as a part of its longer side.
        """
        more = margin * max(right - left, bottom - top)
        x0, y0, x1, y1 = self._extent(left - more, top - more, right + more, bottom + more)
        self._fits = False
        self._zoom = self._limited(min(self._size[0] / max(x1 - x0, 1e-9), self._size[1] / max(y1 - y0, 1e-9)))
        self._put(((left + right) / 2, (top + bottom) / 2), self._center)

    def zoom_by(self, factor: float, at: Point | None = None) -> None:
        """Magnify; a zoom that would pass 100 % stops there.

        Args:
            factor: 2 is twice as large.
            at: the point of the screen that stays where it is; None is the middle.
        """
        zoom = self._zoom * factor
        self.zoom_to(1.0 if min(self._zoom, zoom) < 1 < max(self._zoom, zoom) else zoom, at)

    def zoom_to(self, zoom: float, at: Point | None = None) -> None:
        """Show at this zoom, where 1 is 100 %; `at` as in `zoom_by`."""
        at = self._center if at is None else at
        point = self.to_document(*at)
        self._fits = False
        self._zoom = self._limited(zoom)
        self._put(point, at)

    def step(self, steps: int, at: Point | None = None) -> None:
        """Go to the next larger (1) or smaller (-1) of the usual zooms; `at` as in `zoom_by`."""
        if steps > 0:
            self.zoom_to(next((each for each in LADDER if each > self._zoom * 1.001), LARGEST), at)
        else:
            self.zoom_to(next((each for each in reversed(LADDER) if each < self._zoom / 1.001), SMALLEST), at)

    def pan(self, dx: float, dy: float) -> None:
        """Move the picture on the screen."""
        self._fits = False
        across, down = self._center
        self._put(self.to_document(across - dx, down - dy), self._center)

    def bring(self, x: float, y: float, at: Point) -> None:
        """Move the picture until a document point is seen at a point of the screen."""
        self._fits = False
        self._put((x, y), at)

    def turn(self, degrees: float, at: Point | None = None) -> None:
        """Turn the view clockwise as it is seen; `at` as in `zoom_by`."""
        self.turn_to(self._rotation + (-degrees if self._mirrored else degrees), at)

    def turn_to(self, degrees: float, at: Point | None = None) -> None:
        """Turn the view until the document stands at this angle; `at` as in `zoom_by`."""
        at = self._center if at is None else at
        point = self.to_document(*at)
        self._rotation = degrees % 360
        self._put(point, at)

    def mirror(self) -> None:
        """Exchange left and right as they are seen."""
        middle = self._middle
        self._mirrored = not self._mirrored
        self._put(middle, self._center)

    def reset(self) -> None:
        """Neither turned nor mirrored."""
        middle = self._middle
        self._rotation, self._mirrored = 0.0, False
        self._put(middle, self._center)

    @property
    def _linear(self) -> tuple[Point, Point]:
        """The matrix without its offset."""
        turns = {0.0: (1.0, 0.0), 90.0: (0.0, 1.0), 180.0: (-1.0, 0.0), 270.0: (0.0, -1.0)}
        angle = math.radians(self._rotation)
        cosine, sine = turns.get(self._rotation, (math.cos(angle), math.sin(angle)))
        cosine, sine = self._zoom * cosine, self._zoom * sine
        across = -1 if self._mirrored else 1
        return (across * cosine, -across * sine), (sine, cosine)

    @property
    def _center(self) -> Point:
        """The middle of the screen."""
        return self._size[0] / 2, self._size[1] / 2

    @property
    def _middle(self) -> Point:
        """The document point that is seen there."""
        return self.to_document(*self._center)

    def _put(self, point: Point, at: Point) -> None:
        """Show a document point at a point of the screen, as far as the middle of the screen stays on the picture."""
        width, height = self._document_size
        if self._fits:
            left, top, right, bottom = self._extent(0, 0, width, height)
            room = [max(1, side - 2 * self._margin) for side in self._size]
            self._zoom = min(room[0] / (right - left), room[1] / (bottom - top), LARGEST)
            point, at = (width / 2, height / 2), self._center
        x, y = self.to_screen(*point)
        self._offset = self._offset[0] + at[0] - x, self._offset[1] + at[1] - y
        middle = self._middle
        inside = min(max(middle[0], 0), width), min(max(middle[1], 0), height)
        if inside != middle:
            x, y = self.to_screen(*inside)
            self._offset = self._offset[0] + self._center[0] - x, self._offset[1] + self._center[1] - y
        if self.is_upright:  # at 100 % a pixel of the photo is then exactly one of the screen
            self._offset = float(round(self._offset[0])), float(round(self._offset[1]))
        self.changed.emit()

    def _extent(self, left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
        """Return the sides around a turned document rectangle, at a zoom of 1."""
        corners = [self.to_screen(x, y) for x in (left, right) for y in (top, bottom)]
        xs, ys = [x / self._zoom for x, _ in corners], [y / self._zoom for _, y in corners]
        return min(xs), min(ys), max(xs), max(ys)

    def _limited(self, zoom: float) -> float:
        smallest = min(
            SMALLEST, 0.5 * min(side / each for side, each in zip(self._size, self._document_size, strict=True))
        )
        return min(max(zoom, smallest), LARGEST)


def _around(points: Iterable[Point]) -> Rect:
    """Return the pixels that the rectangle around points touches; a point on a line between two touches neither."""
    xs, ys = zip(*points, strict=True)
    # Arithmetic leaves a hair: without this, what ends on a line would touch the pixel behind it.
    return Rect(
        math.floor(min(xs) + 1e-6), math.floor(min(ys) + 1e-6), math.ceil(max(xs) - 1e-6), math.ceil(max(ys) - 1e-6)
    )
