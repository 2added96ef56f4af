"""Pyramid: a picture and its half-size levels, brought up to date where it changed.

Qt's smooth scaling looks at the four nearest pixels only, so below half size it needs a smaller picture to start from.
UI thread only.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lama_desktop.core.geometry import TILE, Rect

SMALLEST = 256
"""No level is smaller than a picture that fits into this square needs."""
DEEPEST = TILE.bit_length() - 1
"""A tile is one pixel there."""


class Pyramid:
    """Half-size levels of a picture.

    Args:
        base: (H, W) or (H, W, 4) uint8; it stays the caller's, who calls `update` after writing into it.
    """

    def __init__(self, base: NDArray[Any]) -> None:
        levels = [base]
        while max(levels[-1].shape[:2]) > SMALLEST and len(levels) <= DEEPEST:
            height, width = levels[-1].shape[:2]
            levels.append(np.zeros((-(-height // 2), -(-width // 2), *base.shape[2:]), np.uint8))
        self.levels = tuple(levels)
        """`levels[0]` is the base. A pixel (x, y) of `levels[n]` is the mean of the 2^n × 2^n pixels of the base from
        (x·2^n, y·2^n); at the right and lower border of as many as there are. The arrays never change identity, except
        the base by `rebase`."""

    def rebase(self, base: NDArray[Any]) -> None:
        """Take other memory for level 0: the same shape, and the same pixels but for those that `update` is told of."""
        self.levels = (base, *self.levels[1:])

    def level_for(self, zoom: float) -> int:
        """Return the smallest level that still has a pixel for every pixel shown at this zoom (1 is 100 %)."""
        level = 0
        while level + 1 < len(self.levels) and zoom * 2 ** (level + 1) <= 1:
            level += 1
        return level

    def update(self, rect: Rect) -> None:
        """Compute the levels anew where the base changed.

        Args:
            rect: pixels of the base.
        """
        for finer, coarser in zip(self.levels, self.levels[1:], strict=False):
            rect = Rect(rect.left // 2, rect.top // 2, -(-rect.right // 2), -(-rect.bottom // 2))
            rect &= Rect(0, 0, coarser.shape[1], coarser.shape[0])
            if rect.is_empty:
                return
            source = finer[Rect(2 * rect.left, 2 * rect.top, 2 * rect.right, 2 * rect.bottom).slices]
            odd_row, odd_column = source.shape[0] % 2, source.shape[1] % 2
            if odd_row or odd_column:
                source = cv2.copyMakeBorder(source, 0, odd_row, 0, odd_column, cv2.BORDER_REPLICATE)
            coarser[rect.slices] = cv2.resize(source, rect.size, interpolation=cv2.INTER_AREA)
