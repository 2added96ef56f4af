"""The visible layers and groups as one picture, at the document's own depth or at 8 bit.

Block by block, so that everything in between stays in the processor's cache. A block under one layer is copied, layers
under an opaque one are not looked at, and only where several meet are there planes of float32, which are rounded once,
at the end; also those of an isolated group, of which no more than a block ever exists. Reads layers and writes into an
array of the caller's: any thread, if no layer is written meanwhile.
"""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import or_
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from lama_desktop.core.arrays import Image
from lama_desktop.core.blend import NORMAL, BlendMode, Planes
from lama_desktop.core.geometry import TILE, Rect
from lama_desktop.core.group import Branch, Entry
from lama_desktop.core.layer import Layer

_NOWHERE = Rect(0, 0, 0, 0)
_WIDTH, _HEIGHT = 8 * TILE, TILE // 2
"""What is worked on at once: as much as the cache holds, and in long rows, which are read thrice as fast as squares."""


def composite(tree: Sequence[Entry], rect: Rect, dtype: Any, out: Image | None = None) -> Image:
    """Return what layers and groups look like.

    Args:
        tree: the lowest first; what is hidden is left out.
        rect: document pixels, any.
        dtype: uint8 or uint16, of the result.
        out: (h, w, 4) of this dtype, written and returned; None makes a new array.

    Returns:
        (h, w, 4) RGBA, straight alpha. Where only one layer is seen, its pixels bit for bit, also the colour that
        hides under transparency; nothing at all is 0.
    """
    if out is None:
        out = np.empty((rect.height, rect.width, 4), dtype)
    parts = tuple(_parts(tree))
    for block in rect.tiles(_WIDTH, _HEIGHT):
        _block(parts, block, out[block.slices_in(rect)])
    return out


def is_opaque(tree: Sequence[Entry], rect: Rect) -> bool:
    """Tell whether a layer, and so the picture, is known to be opaque all over `rect`."""
    return _is_opaque(tuple(_parts(tree)), rect)


def to_depth(pixels: Image, dtype: Any) -> Image:
    """Return pixels at another depth: 8 bits spread to 16 exactly, 16 rounded to 8; unchanged if they have it."""
    if pixels.dtype == dtype:
        return pixels
    if not pixels.size:  # OpenCV makes nothing of nothing
        return pixels.astype(dtype)
    if dtype == np.uint16:
        return pixels.astype(np.uint16) * np.uint16(257)
    return cv2.convertScaleAbs(pixels, alpha=1 / 257).reshape(pixels.shape)


class _Leaf(NamedTuple):
    """A visible layer, as it is laid."""

    layer: Layer
    opacity: float
    """Its own, times those of the groups that it passes through."""
    mode: BlendMode
    rect: Rect

    def covers(self, rect: Rect) -> bool:
        """Tell whether nothing of what is below could be seen in `rect`, were its pixels opaque."""
        return self.opacity == 1 and self.mode is NORMAL and rect in self.rect

    def hides(self, rect: Rect) -> bool:
        """Tell whether nothing of what is below can be seen in `rect`, as far as is known."""
        return self.covers(rect) and self.layer.coverage_range(rect)[0] == self.layer.full


@dataclass(frozen=True, eq=False)
class _Sheet:
    """An isolated group: what is visible in it, composited on nothing, is laid like a layer."""

    parts: "tuple[_Part, ...]"
    opacity: float
    mode: BlendMode

    @cached_property
    def rect(self) -> Rect:
        """Where it can have pixels."""
        return reduce(or_, (part.rect for part in self.parts), _NOWHERE)

    def hides(self, rect: Rect) -> bool:
        """As of a leaf."""
        return self.opacity == 1 and self.mode is NORMAL and _is_opaque(self.parts, rect)


_Part = _Leaf | _Sheet


def _parts(tree: Sequence[Entry], opacity: float = 1) -> Iterator[_Part]:
    """Yield what is visible, the lowest first, without the groups that make no difference.

    Args:
        tree: the lowest first.
        opacity: of the groups that it passes through.
    """
    for entry in tree:
        if not isinstance(entry, Branch):
            if entry.visible:
                yield _Leaf(entry, opacity * entry.opacity, entry.mode, entry.rect)
        elif entry.group.visible:
            group, inner = entry.group, opacity * entry.group.opacity
            if not group.isolated:
                yield from _parts(entry.entries, inner)
                continue
            parts = tuple(_parts(entry.entries))
            # To lay over is associative: where nothing else is done, it is the same one by one, and much faster.
            if inner == 1 and all(each.mode is NORMAL for each in (group, *parts)):
                yield from parts
            else:
                yield _Sheet(parts, inner, group.mode)


def _is_opaque(parts: Sequence[_Part], rect: Rect) -> bool:
    for part in reversed(parts):
        if part.hides(rect):
            return True
        if not part.mode.keeps_opaque:
            return False
    return False


def _block(parts: Sequence[_Part], rect: Rect, out: Image) -> None:
    """Write one block."""
    seen = _seen(parts, rect)
    if not seen:
        out[...] = 0
        return
    lowest, *others = seen
    if isinstance(lowest, _Leaf) and lowest.opacity == 1:  # where it is the only one, it is copied
        _copy(lowest.layer, rect, out)
        area = reduce(or_, (_area(part, rect) for part in others), _NOWHERE)
        if area.is_empty:
            return
        rect, out = area, out[area.slices_in(rect)]
    _store(_laid(seen, rect, 0), out)


def _laid(seen: Sequence[_Part], rect: Rect, slot: int) -> Planes:
    """Return what is seen in a block, all laid on each other; in the buffer `slot`, which is used again."""
    lowest, *others = seen
    planes = _planes(lowest, rect, slot)
    if lowest.opacity < 1:
        planes[3] *= np.float32(lowest.opacity)
    opaque = bool(others) and bool(planes[3].min() == 1)
    for part in others:
        area = _area(part, rect)
        source = _planes(part, area, slot + 1)
        if part.opacity < 1:
            source[3] *= np.float32(part.opacity)
        rows, columns = area.slices_in(rect)
        part.mode.lay(planes[:3, rows, columns], planes[3, rows, columns], source[:3], source[3], opaque)
        opaque = opaque and part.mode.keeps_opaque
    return planes


def _area(part: _Part, rect: Rect) -> Rect:
    """Return where a part changes something in a block."""
    return part.rect & rect if part.mode.bounded else rect


def _seen(parts: Sequence[_Part], rect: Rect) -> list[_Part]:
    """Return what matters in a block, the lowest first; of groups, what matters in them."""
    seen: list[_Part] = []
    lowest: _Part | None = None
    for part in reversed(parts):
        bounded, area = part.mode.bounded, part.rect & rect
        if bounded and (area.is_empty or part.opacity == 0):
            continue
        if isinstance(part, _Sheet):
            hides = part.hides(rect)
            part = _Sheet(tuple(_seen(part.parts, rect)), part.opacity, part.mode)
            if bounded and (part.rect & rect).is_empty:
                continue
            matters = True
        else:
            low, high = (0, 0) if area.is_empty else part.layer.coverage_range(area)
            hides, matters = low == part.layer.full and part.covers(rect), high > 0
        if _shows_alone(part):
            lowest = part
        if matters or not bounded:
            seen.append(part)
        if hides:
            break
    # The lowest counts also where it is transparent: its hidden colours are part of the picture.
    if lowest is not None and lowest not in seen:
        seen.append(lowest)
    while seen and not _shows_alone(seen[-1]):
        seen.pop()
    seen.reverse()
    if seen and isinstance(seen[0], _Sheet) and seen[0].opacity == 1:  # on nothing: as good as not grouped
        seen[:1] = seen[0].parts
    return seen


def _shows_alone(part: _Part) -> bool:
    """Tell whether a part is seen where there is nothing below it."""
    return part.mode.shows_alone and (isinstance(part, _Leaf) or bool(part.parts))


def _copy(layer: Layer, rect: Rect, out: Image) -> None:
    """Write the pixels of a layer; 0 where it has none."""
    area = layer.rect & rect
    if area != rect:
        out[...] = 0
    out[area.slices_in(rect)] = to_depth(layer.pixels[area.slices_in(layer.rect)], out.dtype)


def _planes(part: _Part, area: Rect, slot: int) -> Planes:
    """Return the pixels of a part as (4, h, w) float32 0..1, 0 where it has none; in the buffer `slot`."""
    if isinstance(part, _Sheet) and part.parts:
        return _laid(part.parts, area, slot)
    planes = _scratch.planes(slot, area)
    inside = part.rect & area
    if inside != area:
        planes[...] = 0
    if inside.is_empty or isinstance(part, _Sheet):  # its blend mode acts outside of it
        return planes
    layer = part.layer
    pixels = layer.pixels[inside.slices_in(layer.rect)]
    scale, (rows, columns) = np.float32(1 / layer.full), inside.slices_in(area)
    for plane, values in zip(planes, cv2.split(pixels, _scratch.values(inside, pixels.dtype)), strict=True):
        np.multiply(values, scale, out=plane[rows, columns], dtype=np.float32)
    return planes


def _store(planes: Planes, out: Image) -> None:
    """Write planes as pixels, rounded. The planes are used up."""
    values = _scratch.values(Rect.of_size(planes.shape[2:0:-1]), out.dtype)
    for plane, rounded in zip(planes, values, strict=True):
        if out.dtype == np.uint8:
            cv2.convertScaleAbs(plane, rounded, 255)
        else:
            plane *= np.float32(65535)
            np.copyto(rounded, np.rint(plane, out=plane), casting="unsafe")
    out[...] = cv2.merge(values)


class _Scratch(threading.local):
    """The buffers of one thread. Fresh memory for every block would cost more than all arithmetic."""

    def __init__(self) -> None:
        self._planes: list[NDArray[np.float32]] = []
        self._values = np.empty(4 * _WIDTH * _HEIGHT, np.uint16)

    def planes(self, slot: int, area: Rect) -> Planes:
        """Return (4, h, w) float32, not cleared; slots are taken in their order, two without groups."""
        if slot == len(self._planes):
            self._planes.append(np.empty(4 * _WIDTH * _HEIGHT, np.float32))
        return self._planes[slot][: 4 * area.area].reshape(4, area.height, area.width)

    def values(self, area: Rect, dtype: Any) -> list[NDArray[Any]]:
        """Return four (h, w) of this dtype, not cleared."""
        return list(self._values.view(dtype)[: 4 * area.area].reshape(4, area.height, area.width))


_scratch = _Scratch()
