"""Tiles: some pixels of a drawable as they were, or are to be, kept in squares of which only the touched ones exist.

The memory of an undo step. A tile of one value, as most of a mask are, is kept as that value. UI thread only.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lama_desktop.core.drawable import Drawable
from lama_desktop.core.geometry import TILE, Rect

_LARGE = 1 << 22
"""Pixels from which a replaced area is kept in larger squares: then their number is what takes time."""


class Tiles:
    """Kept pixels of one drawable, none at first."""

    def __init__(self, drawable: Drawable) -> None:
        self._drawable = drawable
        self._kept: dict[Rect, NDArray[Any]] = {}  # by place in the drawable
        self._nbytes = 0

    @property
    def nbytes(self) -> int:
        """The memory of what is kept, as of the last `settle`, `replace` or `exchange`."""
        return self._nbytes

    @property
    def is_empty(self) -> bool:
        """Whether nothing is kept."""
        return not self._kept

    def keep(self, area: Rect) -> None:
        """Copy the tiles that `area`, in document pixels, touches and that are not kept yet."""
        local, (width, height) = self._local(area), self._drawable.rect.size
        pixels = self._drawable.pixels
        for top in range(local.top // TILE * TILE, local.bottom, TILE):
            for left in range(local.left // TILE * TILE, local.right, TILE):
                tile = Rect(left, top, min(left + TILE, width), min(top + TILE, height))
                if tile not in self._kept:
                    self._kept[tile] = pixels[tile.slices].copy()

    def replace(self, rect: Rect, values: NDArray[Any] | int) -> None:
        """Keep what `rect`, in document pixels, is to become, where that is something else; nothing is kept before."""
        assert not self._kept
        pixels, origin = self._drawable.pixels, self._drawable.origin
        side = 4 * TILE if rect.area > _LARGE else TILE
        for tile in self._local(rect & self._drawable.rect).tiles(side, side):
            before = pixels[tile.slices]
            if isinstance(values, np.ndarray):
                after = values[tile.moved(*origin).slices_in(rect)].astype(pixels.dtype)
            else:
                after = np.broadcast_to(pixels.dtype.type(values), before.shape)
            if not np.array_equal(before, after):
                self._kept[tile] = after
        self._count()

    def settle(self) -> None:
        """Let go of tiles that equal the drawable's; pack those of one value."""
        pixels = self._drawable.pixels
        for tile, kept in list(self._kept.items()):
            if np.array_equal(kept, pixels[tile.slices]):
                del self._kept[tile]
            elif _is_uniform(kept):
                self._kept[tile] = _packed(kept)
        self._count()

    def exchange(self) -> list[Rect]:
        """Exchange what is kept with what the drawable has; return where, in document pixels, as few rectangles."""
        changed, origin = [], self._drawable.origin
        for run, tiles in _runs(self._kept):
            changed.append(run.moved(*origin))
            row = self._drawable.writable(changed[-1])
            for tile in tiles:
                pixels, kept = row[:, tile.left - run.left : tile.right - run.left], self._kept[tile]
                if _is_uniform(pixels):
                    self._kept[tile] = _packed(pixels)
                    pixels[...] = kept
                elif kept.flags.writeable:  # in place: fresh memory costs more than the copy
                    spare = pixels.copy()
                    pixels[...] = kept
                    kept[...] = spare
                else:
                    self._kept[tile] = pixels.copy()
                    pixels[...] = kept
        self._count()
        return changed

    def _local(self, rect: Rect) -> Rect:
        left, top = self._drawable.origin
        return rect.moved(-left, -top)

    def _count(self) -> None:
        self._nbytes = sum(tile.nbytes for tile in self._kept.values() if tile.flags.writeable)


def _is_uniform(tile: NDArray[Any]) -> bool:
    """Tell whether all pixels are equal; most that are not differ in the first row."""
    first = tile[:1, :1]
    return bool((tile[0] == first[0]).all() and (tile == first).all())


def _packed(tile: NDArray[Any]) -> NDArray[Any]:
    """Return a uniform tile as one value, spread over its shape; read-only."""
    return np.broadcast_to(tile[:1, :1].copy(), tile.shape)


def _runs(tiles: dict[Rect, NDArray[Any]]) -> Iterator[tuple[Rect, list[Rect]]]:
    """Yield neighbours in a row: the rectangle of all of them, and each."""
    run, members = Rect(0, 0, 0, 0), list[Rect]()
    for tile in sorted(tiles, key=lambda tile: (tile.top, tile.left)):
        if members and tile.top == run.top and tile.left == run.right:
            run = run | tile
            members.append(tile)
            continue
        if members:
            yield run, members
        run, members = tile, [tile]
    if members:
        yield run, members
