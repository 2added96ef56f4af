"""Shapes: antialiased pieces of coverage, at their place in the document.

A coordinate is a point of the plane, not a pixel: pixel (i, j) is the square from (i, j) to (i + 1, j + 1), and its
centre is at (i + 0.5, j + 0.5). Everything is cut to the bounds that the caller gives, so nothing that leaves the
picture on one side comes back on the other.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lama_desktop.core.arrays import Coverage
from lama_desktop.core.geometry import Rect

RIPPLE = 0.05
"""By how many pixels the edge of a stroke may wave between one dab and the next."""
TOLERANCE = 0.02
"""How far, in pixels, the polygon that stands for an ellipse may stay inside it."""
CACHED_BYTES = 24 << 20
"""What a stroke keeps of the dabs that it has drawn: 24 of 1000 pixels."""

Point = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Shape:
    """Coverage at a place: `coverage` is (rect.height, rect.width) uint8, read-only."""

    rect: Rect
    coverage: Coverage

    def cut(self, bounds: Rect) -> "Shape":
        """Return the part inside `bounds`; it shares the pixels."""
        rect = self.rect & bounds
        if rect == self.rect:
            return self
        if rect.is_empty:
            return EMPTY
        return Shape(rect, self.coverage[rect.moved(-self.rect.left, -self.rect.top).slices])


EMPTY = Shape(Rect(0, 0, 0, 0), np.zeros((0, 0), np.uint8))


def dab(x: float, y: float, diameter: float, hardness: float, opacity: float = 1.0) -> Shape:
    """Return the print of a round brush around a point; it is not cut.

    Args:
        x: its centre.
        y: its centre.
        diameter: at least 1.
        hardness: 1 has an antialiased edge of one pixel, 0 fades from the centre on.
        opacity: the largest coverage, 0 to 1.
    """
    radius = max(diameter, 1.0) / 2
    rect = Rect(
        math.floor(x - radius - 0.5),
        math.floor(y - radius - 0.5),
        math.ceil(x + radius + 0.5),
        math.ceil(y + radius + 0.5),
    )
    across = np.square(np.arange(rect.left, rect.right, dtype=np.float32) + np.float32(0.5 - x))
    down = np.square(np.arange(rect.top, rect.bottom, dtype=np.float32) + np.float32(0.5 - y))
    distance = np.add.outer(down, across)
    np.sqrt(distance, out=distance)
    outer = radius + 0.5
    fall = max(outer - radius * hardness, 1.0)
    np.minimum(distance, outer, out=distance)
    ramp = cv2.convertScaleAbs(distance, alpha=-255 / fall, beta=255 * outer / fall)
    coverage: Coverage = ramp.astype(np.uint8, copy=False)
    return Shape(rect, _with_opacity(_looked_up(coverage, _SMOOTH) if fall > 1 else coverage, opacity))


class Stroke:
    """Lay dabs along the path of a hand, so closely that the edge is smooth, whatever its speed.

    Args:
        hardness: of every dab, 0 to 1.
    """

    def __init__(self, hardness: float) -> None:
        self._hardness = hardness
        self._at: tuple[float, float, float, float] | None = None
        self._dabs: dict[tuple[float, float, float], Shape] = {}

    def to(self, x: float, y: float, diameter: float, opacity: float = 1.0) -> Iterator[Shape]:
        """Yield the dabs from where the stroke was to a point, the last one on it; size and opacity change evenly.

        The first point of a stroke is one dab. Nothing is drawn twice for a hand that rests.
        """
        start, end = self._at, (x, y, diameter, opacity)
        if start == end:
            return
        self._at = end
        if start is None:
            yield self._dab(*end)
            return
        # Between two dabs of radius r at a distance s the edge recedes by s * s / (8 * r).
        step = max(0.5, math.sqrt(4 * RIPPLE * max(min(start[2], diameter), 1.0)))
        count = max(1, math.ceil(math.hypot(x - start[0], y - start[1]) / step))
        for index in range(1, count + 1):
            part = index / count
            yield self._dab(*(a + (b - a) * part for a, b in zip(start, end, strict=True)))

    def _dab(self, x: float, y: float, diameter: float, opacity: float) -> Shape:
        """Return a dab, from those already drawn where one of its size lies at the same place within its pixel."""
        grid = 4 if diameter < 128 else 2
        diameter = round(diameter * 4) / 4 if diameter < 128 else round(diameter)
        x, y = round(x * grid) / grid, round(y * grid) / grid
        left, top = math.floor(x), math.floor(y)
        key = (x - left, y - top, diameter)
        drawn = self._dabs.get(key)
        if drawn is None:
            if sum(each.coverage.nbytes for each in self._dabs.values()) > CACHED_BYTES:
                self._dabs.clear()
            drawn = self._dabs[key] = dab(*key, self._hardness)
        return Shape(drawn.rect.moved(left, top), _with_opacity(drawn.coverage, opacity))


def polygon(points: Sequence[Point], bounds: Rect) -> Shape:
    """Return the inside of a closed polygon; each pixel has the exact part of its area that is inside.

    What a polygon encloses twice in the same direction is inside (the nonzero rule), as a hand that overlaps the start
    of its lasso expects.

    The sum of signed areas to the right of every piece of edge, as font rasterizers do it; only the pixels that edges
    pass through are computed, what lies between them is repeated.
    """
    if len(points) < 3:
        return EMPTY
    corners = np.asarray(points, np.float64)
    (left, top), (right, bottom) = np.floor(corners.min(0)).tolist(), np.ceil(corners.max(0)).tolist()
    rect = Rect(int(left), int(top), int(right), int(bottom)) & bounds
    if rect.is_empty:
        return EMPTY
    starts = corners - (rect.left, rect.top)
    pieces = _split(starts, np.roll(starts, -1, axis=0), rect.width, rect.height)
    (x0, y0), (x1, y1) = pieces[0].T, pieces[1].T
    row = np.floor((y0 + y1) / 2).astype(np.int64)
    inside = (row >= 0) & (row < rect.height)
    middle = np.clip((x0 + x1) / 2, 0, rect.width)[inside]
    row, height = row[inside], (y1 - y0)[inside]
    column = np.floor(middle).astype(np.int64)
    # One column more for what lies to the right of the last one; every row sums up to nothing.
    stride = rect.width + 2
    index = np.concatenate([row * stride + column, row * stride + column + 1])
    areas = np.concatenate([height * (column + 1 - middle), height * (middle - column)])
    touched, inverse = np.unique(index, return_inverse=True)
    winding = np.cumsum(np.bincount(inverse, areas, len(touched)))
    values = np.rint(np.minimum(np.abs(winding), 1) * 255).astype(np.uint8)
    edges = np.concatenate([[0], touched, [stride * rect.height]])
    filled = np.repeat(np.concatenate([np.zeros(1, np.uint8), values]), np.diff(edges))
    return Shape(rect, np.ascontiguousarray(filled.reshape(rect.height, stride)[:, : rect.width]))


def ellipse(left: float, top: float, right: float, bottom: float, bounds: Rect) -> Shape:
    """Return the inside of the ellipse that touches four lines, antialiased."""
    return polygon(ellipse_points(left, top, right, bottom), bounds)


def ellipse_points(left: float, top: float, right: float, bottom: float) -> list[Point]:
    """Return a polygon that no eye can tell from an ellipse."""
    across, down = (right - left) / 2, (bottom - top) / 2
    radius = max(abs(across), abs(down), 1.0)
    count = max(12, math.ceil(math.pi / math.acos(1 - TOLERANCE / radius)))
    angles = np.linspace(0, 2 * math.pi, count, endpoint=False)
    x = (left + right) / 2 + across * np.cos(angles)
    y = (top + bottom) / 2 + down * np.sin(angles)
    return list(zip(x.tolist(), y.tolist(), strict=True))


def rectangle(left: float, top: float, right: float, bottom: float, bounds: Rect) -> Shape:
    """Return the inside of a rectangle; a side between two pixels covers a part of them."""
    return polygon([(left, top), (right, top), (right, bottom), (left, bottom)], bounds)


def _split(
    starts: NDArray[np.float64], ends: NDArray[np.float64], width: int, height: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cut edges at every line between two columns or rows of the picture, so that no piece leaves its pixel."""
    edges, parts = [np.arange(len(starts))] * 2, [np.zeros(len(starts)), np.ones(len(starts))]
    for axis, size in ((0, width), (1, height)):
        low = np.minimum(starts[:, axis], ends[:, axis])
        high = np.maximum(starts[:, axis], ends[:, axis])
        first = np.clip(np.floor(low) + 1, 0, size + 1).astype(np.int64)
        counts = np.maximum(np.clip(np.ceil(high), 0, size + 1).astype(np.int64) - first, 0)
        edge = np.repeat(np.arange(len(starts)), counts)
        line = np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts, counts) + first[edge]
        edges.append(edge)
        parts.append((line - starts[edge, axis]) / (ends[edge, axis] - starts[edge, axis]))
    edge, part = np.concatenate(edges), np.concatenate(parts)
    order = np.lexsort((part, edge))
    edge, part = edge[order], part[order]
    points = starts[edge] + (ends[edge] - starts[edge]) * part[:, None]
    same = edge[1:] == edge[:-1]
    return points[:-1][same], points[1:][same]


def _with_opacity(coverage: Coverage, opacity: float) -> Coverage:
    if opacity >= 1:
        return coverage
    return _looked_up(coverage, np.rint(np.arange(256) * max(opacity, 0.0)).astype(np.uint8))


def _looked_up(coverage: Coverage, table: NDArray[np.uint8]) -> Coverage:
    return cv2.LUT(coverage, table).astype(np.uint8, copy=False)


def _smooth_ramp() -> NDArray[np.uint8]:
    position = np.arange(256) / 255
    return np.rint(position * position * (3 - 2 * position) * 255).astype(np.uint8)


_SMOOTH = _smooth_ramp()
"""A ramp from 0 to 255 whose slope is 0 at both ends: what a soft brush fades by."""
