"""Pixels of a similar colour: all of them, or those connected to where the user clicked."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from lama_desktop.core.arrays import Coverage, Image, full_value
from lama_desktop.core.geometry import Rect
from lama_desktop.core.shapes import EMPTY, Shape

FIRST_REACH = 512
"""How far around the click a connected region is looked for at first, in pixels."""

Fetch = Callable[[Rect], Image]
"""Returns the pixels of a rectangle: (H, W, 4) uint8 or uint16, straight alpha last."""


def similar(fetch: Fetch, bounds: Rect, x: int, y: int, tolerance: int, contiguous: bool) -> Shape:
    """Return the pixels whose every channel is within a tolerance of that at (x, y).

    A connected region is looked for in a window that doubles on those sides where the region leaves it, so that a click
    on a small thing costs little in a large picture.

    Args:
        fetch: asked for rectangles inside `bounds` only.
        bounds: the picture.
        x: a pixel's column; outside `bounds` nothing is found.
        y: its row.
        tolerance: 0 to 255, also for 16-bit pixels.
        contiguous: only pixels connected to (x, y) through their sides.
    """
    if Rect(x, y, x + 1, y + 1) not in bounds:
        return EMPTY
    seed = fetch(Rect(x, y, x + 1, y + 1))[0, 0]
    if not contiguous:
        return Shape(bounds, _alike(fetch(bounds), seed, tolerance))
    window = Rect(x, y, x + 1, y + 1).grown(FIRST_REACH) & bounds
    while True:
        region = _connected(_alike(fetch(window), seed, tolerance), x - window.left, y - window.top)
        wider = Rect(
            window.left - window.width * bool(region[:, 0].any()),
            window.top - window.height * bool(region[0].any()),
            window.right + window.width * bool(region[:, -1].any()),
            window.bottom + window.height * bool(region[-1].any()),
        )
        if wider & bounds == window:
            return _trimmed(Shape(window, region))
        window = wider & bounds


def _alike(pixels: Image, seed: NDArray[np.uint8] | NDArray[np.uint16], tolerance: int) -> Coverage:
    """Return 255 where all channels are near those of `seed`; what is fully transparent has no colour to compare."""
    reach = tolerance * (full_value(pixels) // 255)
    if seed[3] == 0:
        return np.multiply(pixels[..., 3] <= reach, np.uint8(255))
    low = [int(value) - reach for value in seed]
    high = [int(value) + reach for value in seed]
    return cv2.inRange(pixels, tuple(low), tuple(high)).astype(np.uint8, copy=False)


def _connected(alike: Coverage, x: int, y: int) -> Coverage:
    """Return 255 for what is connected to (x, y) through pixels that are set."""
    height, width = alike.shape
    reached = np.zeros((height + 2, width + 2), np.uint8)
    flags = 4 | cv2.FLOODFILL_MASK_ONLY | cv2.FLOODFILL_FIXED_RANGE | 255 << 8
    cv2.floodFill(alike, reached, (x, y), 0, 0, 0, flags)
    return np.ascontiguousarray(reached[1:-1, 1:-1])


def _trimmed(shape: Shape) -> Shape:
    """Return a shape without the empty rows and columns around it."""
    left, top, width, height = cv2.boundingRect(shape.coverage)
    return shape.cut(Rect(left, top, left + width, top + height).moved(shape.rect.left, shape.rect.top))
