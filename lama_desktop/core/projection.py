"""Projection: the flattened picture as the canvas shows it, brought up to date tile by tile, with half-size levels.

It listens to its document and only takes notes; pixels are composited when somebody asks for them with `refresh`, so
nothing off-screen costs anything. UI thread only.
"""

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from lama_desktop.core.arrays import Image
from lama_desktop.core.color import SRGB
from lama_desktop.core.composite import composite, is_opaque, to_depth
from lama_desktop.core.geometry import TILE, Rect
from lama_desktop.core.group import Entry
from lama_desktop.core.pyramid import Pyramid

if TYPE_CHECKING:
    from lama_desktop.core.document import Document

_RUN = 8
"""Neighbouring tiles that are drawn together: enough to hide the cost of a call, little enough to stop in time."""


class Projection:
    """What the canvas draws.

    Args:
        document: it listens to this one.
        original: show the photo as it was opened instead of the layers, for comparing.
    """

    def __init__(self, document: "Document", *, original: bool = False) -> None:
        self._document = document
        self._original = original
        self._shown = document.stack.original
        self._resize()
        document.resized.connect(self._resize)
        if original:
            document.stack_changed.connect(self._follow_original)
        else:
            document.changed.connect(self.mark)

    @property
    def levels(self) -> tuple[Image, ...]:
        """(H, W, 4) uint8 RGBA, sRGB, premultiplied: full size first, then half sizes. Only `refresh` writes them.

        The arrays keep their identity until the document is `resized`; connect to that after making the projection. How
        pixels of a level lie on those of the document is told by `Pyramid.levels`.
        """
        return self._pyramid.levels

    @property
    def opaque(self) -> bool:
        """Whether alpha is known to be 255 everywhere, so that it can be drawn as RGBX without a checkerboard."""
        return is_opaque(self._tree, self._document.rect)

    def level_for(self, zoom: float) -> int:
        """Return the level to draw from at this zoom, where 1 is 100 %."""
        return self._pyramid.level_for(zoom)

    def mark(self, rect: Rect) -> None:
        """Take note that the picture is different in `rect`."""
        self._dirty[(rect & self._document.rect).cells()] = True

    def refresh(self, rect: Rect, seconds: float | None = None) -> bool:
        """Bring a part of the picture, in all its levels, up to date.

        Args:
            rect: document pixels.
            seconds: when to stop, for large parts; a little is always done. None goes on to the end.

        Returns:
            Whether all of `rect` is up to date; else call again once the events that wait have been seen to.
        """
        rect &= self._document.rect
        end = None if seconds is None else time.perf_counter() + seconds
        for run in self._dirty_runs(rect):
            self._draw(run)
            self._dirty[run.cells()] = False
            if end is not None and time.perf_counter() > end:
                break
        return not self._dirty[rect.cells()].any()

    @property
    def _tree(self) -> Sequence[Entry]:
        if not self._original:
            return self._document.stack.tree
        return () if self._shown is None else (self._shown,)

    def _dirty_runs(self, rect: Rect) -> Iterator[Rect]:
        """Yield the dirty tiles that `rect` touches, neighbours in a row joined."""
        rows, columns = rect.cells()
        for row, column in np.argwhere(self._dirty[rows, columns]).tolist():
            row, column = row + rows.start, column + columns.start
            if not self._dirty[row, column]:  # drawn with its neighbour
                continue
            length = 1
            while length < _RUN and column + length < columns.stop and self._dirty[row, column + length]:
                length += 1
            yield Rect(column * TILE, row * TILE, (column + length) * TILE, (row + 1) * TILE) & self._document.rect

    def _draw(self, rect: Rect) -> None:
        """Composite a rectangle, convert it to what a screen shows, and its levels after it."""
        pixels, space, dtype = self._pyramid.levels[0][rect.slices], self._document.space, self._document.dtype
        if space is SRGB:
            composite(self._tree, rect, np.uint8, pixels)
        else:  # at full depth, as a steep curve shows the steps of a rounded value
            flat = composite(self._tree, rect, dtype)
            pixels[..., :3] = space.to_screen(flat[..., :3])
            pixels[..., 3] = to_depth(flat[..., 3], np.uint8)
        if not is_opaque(self._tree, rect):
            pixels[...] = cv2.cvtColor(pixels, cv2.COLOR_RGBA2mRGBA)
        self._pyramid.update(rect)

    def _resize(self) -> None:
        width, height = self._document.size
        self._pyramid = Pyramid(np.zeros((height, width, 4), np.uint8))
        self._dirty = np.ones((-(-height // TILE), -(-width // TILE)), bool)

    def _follow_original(self) -> None:
        if self._document.stack.original is not self._shown:
            self._shown = self._document.stack.original
            self._dirty[...] = True
