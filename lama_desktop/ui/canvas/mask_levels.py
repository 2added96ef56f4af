"""MaskLevels: the mask and its half-size levels, brought up to date where somebody looks.

UI thread only. Listens to its document and takes notes; nothing is computed before it is asked for.
"""

from collections.abc import Iterator

import numpy as np

from lama_desktop.core.arrays import Coverage
from lama_desktop.core.document import Document
from lama_desktop.core.drawable import Mask
from lama_desktop.core.geometry import TILE, Rect
from lama_desktop.core.pyramid import Pyramid

CROWDED = 0.25
"""From this part of dirty tiles on, all tiles between them are computed in one go."""

STROKE = 0.02
"""Changes of less than this part of the picture only widen the bounds."""


class MaskLevels:
    """What the mask overlay is drawn from.

    Args:
        document: whose mask.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self._bounds: Rect | None = None
        self._renew()
        document.mask_changed.connect(self._mark)
        document.stack_changed.connect(self._follow)
        document.resized.connect(self._renew)

    def levels(self, rect: Rect) -> tuple[Coverage, ...]:
        """Return (H, W) uint8 arrays, full size first, up to date in `rect`; not for writing.

        How pixels of a level lie on those of the document is told by `Pyramid.levels`.
        """
        # The mask moves to other memory when it is written after a worker was given it.
        self._pyramid.rebase(self._mask.coverage)
        for part in self._dirty_parts(rect & self._document.rect):
            self._pyramid.update(part)
            self._dirty[part.cells()] = False
        return self._pyramid.levels

    @property
    def bounds(self) -> Rect:
        """A rectangle around what is masked, in document pixels; after strokes it may be larger than needed."""
        if self._bounds is None:
            self._bounds = self._mask.bounds()
        return self._bounds

    def level_for(self, zoom: float) -> int:
        """Return the level to draw from at this zoom, where 1 is 100 %."""
        return self._pyramid.level_for(zoom)

    def _dirty_parts(self, rect: Rect) -> Iterator[Rect]:
        """Yield whole tiles that hold all dirty ones in `rect`: at once if there are many, else row by row."""
        rows, columns = rect.cells()
        dirty = self._dirty[rows, columns]
        if not dirty.any():
            return
        ys, xs = np.nonzero(dirty)
        boxes = [(ys.min(), xs.min(), ys.max(), xs.max())]
        if dirty[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1].mean() < CROWDED:
            boxes = [(y, xs[ys == y].min(), y, xs[ys == y].max()) for y in np.unique(ys)]
        for top, left, bottom, right in boxes:
            tiles = Rect(int(left), int(top), int(right) + 1, int(bottom) + 1).moved(columns.start, rows.start)
            yield (
                Rect(tiles.left * TILE, tiles.top * TILE, tiles.right * TILE, tiles.bottom * TILE) & self._document.rect
            )

    def _mark(self, rect: Rect) -> None:
        if self._bounds is not None:
            # A stroke asks for nothing but its own place; large changes are looked at anew.
            self._bounds = self._bounds | rect if rect.area < STROKE * self._document.rect.area else None
        self._dirty[rect.cells()] = True

    def _follow(self) -> None:
        """Begin anew when the document has another mask, unless `resized` will tell."""
        if self._document.mask is not self._mask and self._document.mask.rect == self._mask.rect:
            self._renew()

    def _renew(self) -> None:
        self._mask: Mask = self._document.mask
        self._bounds = None
        self._pyramid = Pyramid(self._mask.coverage)
        height, width = self._mask.coverage.shape
        self._dirty = np.ones((-(-height // TILE), -(-width // TILE)), bool)
