"""The edge of a fill: how a mask becomes a hole and a weight, and how a fill joins the picture.

The mask is grown so that no outline of the removed object is left for the model to continue; the blend from fill to
picture happens in the outer pixels of what was grown, never inside the mask, where the object would shine through.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lama_desktop.core.arrays import Coverage

Weight = NDArray[np.float32]
"""(H, W) float32: 0 keeps the picture, 1 takes the fill."""


def fill_weight(coverage: Coverage, grow: int, feather: int) -> Weight:
    """Return how much of each pixel the fill replaces.

    Args:
        coverage: (H, W) uint8. A mask with values between 0 and 255 has a softness of its own: it grows with its
            greys as they are, and is not feathered.
        grow: pixels around the object that are replaced, too.
        feather: of those, how many outer ones blend; at most `grow`.

    Returns:
        (H, W) float32 in 0..1; 0 exactly where nothing may change.
    """
    if ((coverage > 0) & (coverage < 255)).any():
        disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * grow + 1, 2 * grow + 1))
        coverage = cv2.dilate(coverage, disk).astype(np.uint8) if grow else coverage
        return (coverage / np.float32(255)).astype(np.float32)
    if grow == 0:
        return (coverage > 0).astype(np.float32)
    feather = min(feather, grow)
    distance = cv2.distanceTransform((coverage == 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    ring: Weight = _smooth((grow + 1 - distance) / (feather + 1)) * (distance <= grow)
    return ring


def crossfade(shape: tuple[int, int], band: int, inner: tuple[bool, bool, bool, bool]) -> Weight:
    """Return the weight of a window that is laid over an earlier one: it rises from the edges that face others.

    Args:
        shape: height and width of the window's target.
        band: pixels over which it rises.
        inner: whether the left, top, right and bottom edges face another window.
    """
    height, width = shape
    weights = []
    for length, low, high in ((height, inner[1], inner[3]), (width, inner[0], inner[2])):
        position = np.arange(length, dtype=np.float32)
        from_low = (position + 0.5) / band if low else np.ones(length, np.float32)
        from_high = (length - position - 0.5) / band if high else np.ones(length, np.float32)
        weights.append(_smooth(np.minimum(from_low, from_high)))
    return np.outer(*weights).astype(np.float32)


def _smooth(position: NDArray[Any]) -> Weight:
    """Return a ramp from 0 at 0 to 1 at 1 whose slope is 0 at both ends."""
    ramp = np.clip(position, 0, 1).astype(np.float32)
    weight: Weight = ramp * ramp * (3 - 2 * ramp)
    return weight
