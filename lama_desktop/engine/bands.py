"""Bands: a picture as a sum of details of doubling size, and what two fills of a hole have in common in each of them.

Burt, Adelson, "The Laplacian Pyramid as a Compact Image Code", 1983. Bands are lists of (h, w, C) float32, the finest
first; the last one is the smoothed rest.
"""

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

SMALLEST_BAND = 8
"""No band is smaller than this on its short side."""


def count_bands(height: int, width: int) -> int:
    """Return how many bands a picture of this size is split into."""
    count = 1
    while min(height, width) >> count >= SMALLEST_BAND:
        count += 1
    return count


def split(picture: Floats, count: int) -> list[Floats]:
    """Return `count` bands of a picture (H, W, C)."""
    levels = [picture]
    for _ in range(count - 1):
        levels.append(_planes(cv2.pyrDown(levels[-1]), picture))
    return [fine - _doubled(coarse, fine) for fine, coarse in pairwise(levels)] + levels[-1:]


def joined(bands: list[Floats]) -> Floats:
    """Return the picture of which these are the bands."""
    picture = bands[-1]
    for band in reversed(bands[:-1]):
        picture = _doubled(picture, band) + band
    return picture


def smoothed(weight: Floats, count: int) -> list[Floats]:
    """Return a weight (H, W) at the size of every band, each (h, w, 1)."""
    levels = [weight]
    for _ in range(count - 1):
        levels.append(cv2.pyrDown(levels[-1]).astype(np.float32, copy=False))
    return [level[..., None] for level in levels]


def _doubled(coarse: Floats, fine: Floats) -> Floats:
    return _planes(cv2.pyrUp(coarse, dstsize=(fine.shape[1], fine.shape[0])), fine)


def _planes(picture: NDArray[np.generic], like: Floats) -> Floats:
    """Return (H, W, C) float32 where OpenCV dropped the axis of a single channel."""
    return picture.astype(np.float32, copy=False).reshape(*picture.shape[:2], like.shape[2])
