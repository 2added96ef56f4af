"""Extremes: the least and the greatest coverage in every tile, found out when asked for and kept until written.

One mechanism answers "is the mask empty", "where is it", "does this layer hide what is below" and "is there anything
here at all" in time that depends on what changed, not on the size of the picture. UI thread, like what it describes.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lama_desktop.core.geometry import TILE, Rect


class Extremes:
    """Least and greatest value of alpha, or of a mask, by tile.

    Args:
        shape: height and width of the pixels.
        value: what every pixel is known to be; None when nothing is known.
    """

    def __init__(self, shape: tuple[int, int], value: int | None = None) -> None:
        grid = (-(-shape[0] // TILE), -(-shape[1] // TILE))
        self._low = np.full(grid, value or 0, np.uint16)
        self._high = np.full(grid, value or 0, np.uint16)
        self._stale = np.full(grid, value is None)
        self._complete = value is not None

    def copy(self) -> "Extremes":
        """Return what is known as what is known of equal pixels."""
        twin = Extremes((0, 0))
        twin._low, twin._high, twin._stale = self._low.copy(), self._high.copy(), self._stale.copy()
        twin._complete = self._complete
        return twin

    def forget(self, rect: Rect) -> None:
        """Take note that pixels in `rect` were written."""
        self._stale[rect.cells()] = True
        self._complete = False

    def of(self, pixels: NDArray[Any], rect: Rect) -> tuple[int, int]:
        """Return bounds of the values in `rect`: no pixel is outside of them; where `rect` is of whole tiles, exact.

        Args:
            pixels: (H, W) or (H, W, 4) uint8 or uint16, as they are now.
            rect: inside of them; not empty.
        """
        cells = rect.cells()
        self._look(pixels, cells)
        return int(self._low[cells].min()), int(self._high[cells].max())

    def bounds(self, pixels: NDArray[Any]) -> Rect:
        """Return the smallest rectangle around every value above 0; empty where there is none."""
        self._look(pixels, (slice(0, self._high.shape[0]), slice(0, self._high.shape[1])))
        rows, columns = (np.flatnonzero((self._high > 0).any(axis=axis)) for axis in (1, 0))
        if not len(rows):
            return Rect(0, 0, 0, 0)
        plane = pixels if pixels.ndim == 2 else pixels[..., -1]
        top, bottom = int(rows[0]) * TILE, int(rows[-1]) * TILE
        left, right = int(columns[0]) * TILE, int(columns[-1]) * TILE
        # A bound lies in the outermost tiles that hold anything; nothing else is looked into.
        return Rect(
            left + _used(plane[top : bottom + TILE, left : left + TILE], 0)[0],
            top + _used(plane[top : top + TILE, left : right + TILE], 1)[0],
            right + _used(plane[top : bottom + TILE, right : right + TILE], 0)[-1] + 1,
            bottom + _used(plane[bottom : bottom + TILE, left : right + TILE], 1)[-1] + 1,
        )

    def _look(self, pixels: NDArray[Any], cells: tuple[slice, slice]) -> None:
        """Find out what is not known of these tiles, for each row of them from the first to the last such tile."""
        if self._complete:
            return
        stale = self._stale[cells]
        for row in np.flatnonzero(stale.any(axis=1)).tolist():
            found = np.flatnonzero(stale[row])
            row, first, end = row + cells[0].start, found[0] + cells[1].start, found[-1] + cells[1].start + 1
            band = pixels[row * TILE : (row + 1) * TILE, first * TILE : end * TILE]
            if band.ndim == 3:
                band = cv2.extractChannel(band, 3)
            starts = np.arange(0, band.shape[1], TILE)
            self._low[row, first:end] = np.minimum.reduceat(band.min(axis=0), starts)
            self._high[row, first:end] = np.maximum.reduceat(band.max(axis=0), starts)
        stale[...] = False
        self._complete = not self._stale.any()


def _used(plane: NDArray[Any], axis: int) -> list[int]:
    """Return the columns (axis 0) or rows (axis 1) that hold any value above 0."""
    used: list[int] = np.flatnonzero(plane.any(axis=axis)).tolist()
    return used
