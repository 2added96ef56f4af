"""Extremes: the least and the greatest value of every tile of a plane, found out when asked for and kept until written.

One mechanism answers "is the mask empty", "where is it", "does this layer hide what is below" and "is there anything
here at all" in time that depends on what changed, not on the size of the picture. UI thread, like what it describes.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lama_desktop.core.geometry import TILE, Rect


class Extremes:
    """Least and greatest value by tile.

    Args:
        shape: height and width of the plane.
        value: what every pixel is known to be; None when nothing is known.
    """

    def __init__(self, shape: tuple[int, int], value: int | None = None) -> None:
        grid = (-(-shape[0] // TILE), -(-shape[1] // TILE))
        self._low = np.full(grid, value or 0, np.uint16)
        self._high = np.full(grid, value or 0, np.uint16)
        self._stale = np.full(grid, value is None)

    def copy(self) -> "Extremes":
        """Return what is known of a plane as what is known of an equal one."""
        twin = Extremes.__new__(Extremes)
        twin._low, twin._high, twin._stale = self._low.copy(), self._high.copy(), self._stale.copy()
        return twin

    def forget(self, rect: Rect) -> None:
        """Take note that pixels in `rect` were written."""
        if not rect.is_empty:
            self._stale[_cells(rect)] = True

    def of(self, plane: NDArray[Any], rect: Rect) -> tuple[int, int]:
        """Return bounds of the values in `rect`: no pixel is outside of them; where `rect` is of whole tiles, exact.

        Args:
            plane: (H, W) uint8 or uint16, as it is now.
            rect: inside the plane; not empty.
        """
        cells = _cells(rect)
        self._look(plane, cells)
        return int(self._low[cells].min()), int(self._high[cells].max())

    def bounds(self, plane: NDArray[Any]) -> Rect:
        """Return the smallest rectangle around every value above 0; empty where there is none."""
        everything = (slice(0, len(self._low)), slice(0, self._low.shape[1]))
        self._look(plane, everything)
        rows, columns = (np.flatnonzero((self._high > 0).any(axis=axis)) for axis in (1, 0))
        if not len(rows):
            return Rect(0, 0, 0, 0)
        top, bottom = rows[0] * TILE, (rows[-1] + 1) * TILE
        left, right = columns[0] * TILE, (columns[-1] + 1) * TILE
        # Only the outermost tiles are looked into: a bound lies in the first that holds anything.
        ys_low = plane[top : top + TILE, left:right].any(axis=1)
        ys_high = plane[bottom - TILE : bottom, left:right].any(axis=1)
        xs_low = plane[top:bottom, left : left + TILE].any(axis=0)
        xs_high = plane[top:bottom, right - TILE : right].any(axis=0)
        return Rect(
            int(left + np.flatnonzero(xs_low)[0]),
            int(top + np.flatnonzero(ys_low)[0]),
            int(right - TILE + np.flatnonzero(xs_high)[-1] + 1),
            int(bottom - TILE + np.flatnonzero(ys_high)[-1] + 1),
        )

    def _look(self, plane: NDArray[Any], cells: tuple[slice, slice]) -> None:
        """Find out what is not known of these tiles."""
        stale = self._stale[cells]
        if not stale.any():
            return
        for row, column in np.argwhere(stale).tolist():
            row, column = row + cells[0].start, column + cells[1].start
            tile = plane[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE]
            self._low[row, column], self._high[row, column] = tile.min(), tile.max()
        stale[...] = False


def _cells(rect: Rect) -> tuple[slice, slice]:
    """Return the index of the tiles that `rect` touches."""
    return (
        slice(rect.top // TILE, -(-rect.bottom // TILE)),
        slice(rect.left // TILE, -(-rect.right // TILE)),
    )
