"""Projection: the flattened picture as the canvas shows it, brought up to date tile by tile, with half-size levels.

It listens to its document and only takes notes; pixels are composited when somebody asks for them with `refresh`, so
nothing off-screen costs anything. UI thread only.
"""

import time
from typing import TYPE_CHECKING

import numpy as np

from lama_desktop.core.composite import composite
from lama_desktop.core.geometry import TILE, Rect
from lama_desktop.core.pyramid import Pyramid

if TYPE_CHECKING:
    from lama_desktop.core.document import Document


class Projection:
    """What the canvas draws.

    Args:
        document: it listens to this one's `changed` and `resized`.
        original: show the photo as it was opened instead of the layers, for comparing.
    """

    def __init__(self, document: "Document", *, original: bool = False) -> None:
        self._document = document
        self._original = original
        self._resize()
        document.changed.connect(self.mark)
        document.resized.connect(self._resize)

    @property
    def levels(self) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.uint8]], ...]:
        """(H, W, 4) uint8, sRGB, premultiplied alpha (RGBX where `opaque`): full size first, then half sizes.

        The arrays are written by `refresh` only and keep their identity until the document is resized. See
        `Pyramid.levels` for how pixels of a level lie on those of the document.
        """
        return self._pyramid.levels

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the full size."""
        return self._document.size

    def level_for(self, zoom: float) -> int:
        """Return the level to draw from at this zoom; 1 is 100 %."""
        return self._pyramid.level_for(zoom)

    def mark(self, rect: Rect) -> None:
        """Take note that the picture is different in `rect`."""
        rect &= self._document.rect
        if not rect.is_empty:
            self._dirty[_cells(rect)] = True

    def refresh(self, rect: Rect, seconds: float | None = None) -> bool:
        """Bring a part of the picture, in all its levels, up to date.

        Args:
            rect: document pixels.
            seconds: when to stop, for large parts; None goes on to the end.

        Returns:
            Whether all of `rect` is up to date; else call again when the events that wait have been seen to.
        """
        rect &= self._document.rect
        if rect.is_empty:
            return True
        cells = _cells(rect)
        if not self._dirty[cells].any():
            return True
        end = None if seconds is None else time.perf_counter() + seconds
        for row, column in np.argwhere(self._dirty[cells]).tolist():
            row, column = row + cells[0].start, column + cells[1].start
            tile = Rect(column * TILE, row * TILE, (column + 1) * TILE, (row + 1) * TILE) & self._document.rect
            self._draw(tile)
            self._dirty[row, column] = False
            if end is not None and time.perf_counter() > end:
                return not self._dirty[cells].any()
        return True

    def _draw(self, rect: Rect) -> None:
        layers = self._document.layers
        composite(layers, rect, np.uint8, self.levels[0][rect.slices])
        self._pyramid.update(rect)

    def _resize(self) -> None:
        width, height = self._document.size
        self._pyramid = Pyramid(np.zeros((height, width, 4), np.uint8))
        self._dirty = np.ones((-(-height // TILE), -(-width // TILE)), bool)


def _cells(rect: Rect) -> tuple[slice, slice]:
    """Return the index of the tiles that `rect` touches."""
    return slice(rect.top // TILE, -(-rect.bottom // TILE)), slice(rect.left // TILE, -(-rect.right // TILE))
