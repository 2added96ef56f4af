"""What the Mask menu does to a shape: grow, shrink, border, feather, fill holes.

Every function takes (H, W) uint8 coverage, leaves it alone and returns a new array of the same size. Greys are kept as
they are: growing a soft mask moves its soft edge. The picture ends at the array's edges: nothing grows in from there,
and what touches an edge does not shrink away from it. The callers cut the mask to its bounds first.
"""

import math

import cv2
import numpy as np

from lama_desktop.core.arrays import Coverage
from lama_desktop.core.geometry import Rect
from lama_desktop.core.shapes import Shape

BAND_BYTES = 3 << 20
"""How much of the mask is grown at a time: what stays in the cache of a processor."""


def grow(coverage: Coverage, radius: int) -> Coverage:
    """Return the largest value within `radius` pixels of each pixel: dilation by an exact disk, also of greys."""
    result = np.empty_like(coverage)
    height, width = coverage.shape
    rows = max(BAND_BYTES // max(width, 1), 2 * radius, 1)
    for top in range(0, height, rows):
        above = max(0, top - radius)
        grown = _dilated(coverage[above : top + rows + radius], radius)
        result[top : top + rows] = grown[top - above :][:rows]
    return result


def shrink(coverage: Coverage, radius: int) -> Coverage:
    """Return the smallest value within `radius` pixels of each pixel."""
    return np.invert(grow(np.invert(coverage), radius))


def border(coverage: Coverage, width: int) -> Coverage:
    """Return a band along the edge, half of `width` on each side of it; an odd pixel lies outside."""
    return np.minimum(grow(coverage, width - width // 2), np.invert(shrink(coverage, width // 2)))


def feather(coverage: Coverage, radius: int) -> Coverage:
    """Return it with an edge that fades over `radius` pixels on each side; nothing changes further away.

    Three box blurs, which are a bell curve of exactly that reach. Beyond an edge of the picture it goes on as it ends.
    """
    reach = [radius // 3 + (index < radius % 3) for index in range(3)]
    result = coverage.copy()
    for each in reach:
        if each:
            result = cv2.blur(result, (2 * each + 1, 2 * each + 1), borderType=cv2.BORDER_REPLICATE).astype(
                np.uint8, copy=False
            )
    return result


def fill_holes(coverage: Coverage) -> Coverage:
    """Return it with every part raised that cannot be left for the outside without crossing a higher one.

    Both soft sides of a ring stay what they are: the outer one, which leads out, is kept; the inner one is filled.
    Reconstruction by erosion, at 16 levels: around a hole that is closed by a grey, it is filled with that grey.
    """
    height, width = coverage.shape
    result = coverage.copy()
    padded = np.pad(coverage, 1)
    present = cv2.calcHist([coverage], [0], None, [256], [0, 256]).ravel() > 0
    levels = [level for level in range(255, 0, -17) if present[max(level - 16, 1) : level + 1].any()]
    for level in levels:
        outside = np.zeros((height + 4, width + 4), np.uint8)
        below = (padded < level).view(np.uint8)
        cv2.floodFill(
            below, outside, (0, 0), 0, 0, 0, 4 | cv2.FLOODFILL_MASK_ONLY | cv2.FLOODFILL_FIXED_RANGE | 255 << 8
        )
        closed = outside[2:-2, 2:-2] == 0
        np.maximum(result, np.uint8(level), out=result, where=closed)
    return result


def around(shape: Shape, margin: int, bounds: Rect) -> Shape:
    """Return a shape with `margin` pixels of nothing on every side, as far as they lie in `bounds`."""
    rect = shape.rect.grown(margin) & bounds
    inner = shape.cut(rect)
    coverage = np.zeros((rect.height, rect.width), np.uint8)
    coverage[inner.rect.moved(-rect.left, -rect.top).slices] = inner.coverage
    return Shape(rect, coverage)


def _dilated(coverage: Coverage, radius: int) -> Coverage:
    """Dilate by a disk, which is a union of rectangles, each wider and lower than the one before.

    Dilation by a rectangle is one along rows, then one along columns, and both are passed on from rectangle to
    rectangle (Horner's scheme). A few comparisons of whole arrays are left for each of some 30 rectangles: 50 pixels at
    24 megapixels take as long as one exact distance transform, which would know no greys.
    """
    rectangles = _rectangles(radius)
    wide, result, spare = coverage.copy(), np.zeros_like(coverage), np.empty_like(coverage)
    half_width = 0
    for index, (width, height) in enumerate(rectangles):
        while half_width < width:
            step = min(width - half_width, max(half_width, 1))
            _widen(wide.T, spare.T, half_width, step)
            wide, spare, half_width = spare, wide, half_width + step
        np.maximum(result, wide, out=result)
        next_height = rectangles[index + 1][1] if index + 1 < len(rectangles) else 0
        half_height = 0
        while half_height < height - next_height:
            step = min(height - next_height - half_height, max(half_height, 1))
            _widen(result, spare, half_height, step)
            result, spare, half_height = spare, result, half_height + step
    return result


def _rectangles(radius: int) -> list[tuple[int, int]]:
    """Return half widths and half heights, ever wider and lower, whose union is the disk of a radius.

    The disk has the pixels less than radius + 0.5 away, which is round and has no single pixels at its four ends.
    """
    reach = max(radius * (radius + 1) - 1, 0)
    widths = [math.isqrt(reach - y * y) for y in range(radius + 1)]
    return [(widths[y], y) for y in range(radius, -1, -1) if y == radius or widths[y] > widths[y + 1]]


def _widen(source: Coverage, target: Coverage, half: int, step: int) -> None:
    """Write the maximum over 2 * (half + step) + 1 rows, from an array that holds that over 2 * half + 1."""
    count = len(source)
    if 1 <= step <= half and 2 * step < count:
        # Two copies, one shifted up and one down, leave no gap: the middle one is not needed but at the ends.
        np.maximum(source[: -2 * step], source[2 * step :], out=target[step:-step])
        np.maximum(source[:step], source[step : 2 * step], out=target[:step])
        np.maximum(source[-step:], source[-2 * step : -step], out=target[-step:])
    else:
        np.maximum(source[:-step], source[step:], out=target[:-step])
        target[max(count - step, 0) :] = source[max(count - step, 0) :]
        np.maximum(target[step:], source[:-step], out=target[step:])
