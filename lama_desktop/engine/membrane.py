"""A smooth surface over a hole that takes given values around it: what hides a difference of light at a seam.

Pérez, Gangnet, Blake, "Poisson Image Editing", SIGGRAPH 2003: pasting by gradients equals adding the harmonic membrane
spanned by the differences at the border. It is found from coarse to fine, a few Jacobi steps at every scale.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from lama_desktop.core.arrays import Hole

STEPS = 12
NEIGHBOURS = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], np.float32) / 4


def membrane(values: NDArray[np.float32], given: Hole, wanted: Hole) -> NDArray[np.float32]:
    """Span a membrane.

    Args:
        values: (H, W, C) float32; only the given pixels count.
        given: (H, W) bool, the border.
        wanted: (H, W) bool, the hole; disjoint from `given`.

    Returns:
        (H, W, C) float32: `values` where given, the membrane where wanted, something smooth elsewhere; zero where
        nothing is given.
    """
    if not given.any():
        return np.zeros_like(values)
    height, width = given.shape
    if max(height, width) <= 2:
        return np.broadcast_to(values[given].mean(axis=0), values.shape).astype(np.float32)
    weight = given.astype(np.float32)
    half = ((width + 1) // 2, (height + 1) // 2)
    odd = (0, height % 2, 0, width % 2)
    share = cv2.resize(cv2.copyMakeBorder(weight, *odd, cv2.BORDER_REPLICATE), half, interpolation=cv2.INTER_AREA)
    total = cv2.copyMakeBorder(values * weight[..., None], *odd, cv2.BORDER_REPLICATE)
    total = cv2.resize(total, half, interpolation=cv2.INTER_AREA).reshape(half[1], half[0], -1)
    small = membrane((total / np.maximum(share, 1e-6)[..., None]).astype(np.float32), share > 0, share == 0)
    surface = cv2.resize(small, (2 * half[0], 2 * half[1]), interpolation=cv2.INTER_LINEAR)
    fixed = given[..., None]
    surface = np.where(fixed, values, surface.reshape(2 * half[1], 2 * half[0], -1)[:height, :width])
    for _ in range(STEPS if wanted.any() else 0):
        mean = cv2.filter2D(surface, -1, NEIGHBOURS, borderType=cv2.BORDER_REPLICATE).reshape(surface.shape)
        surface = np.where(fixed, values, mean)
    result: NDArray[np.float32] = surface.astype(np.float32)
    return result


def matched(fill: NDArray[np.float32], picture: NDArray[np.float32], hole: Hole) -> NDArray[np.float32]:
    """Return a fill whose brightness and colour meet the picture at the edge of the hole, (H, W, C) within 0..1.

    The fill covers the pixels around the hole, too, as it would have them.
    """
    edge = cv2.dilate(hole.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool) & ~hole
    result: NDArray[np.float32] = np.clip(fill + membrane(picture - fill, edge, hole), 0, 1).astype(np.float32)
    return result
