"""The visible layers as one picture, at the document's own depth or at 8 bit.

Block by block, so that everything in between stays in the processor's cache. A block under one layer is copied, layers
under an opaque one are not looked at, and only where several meet are there planes of float32, which are rounded once,
at the end. Reads layers and writes into an array of the caller's: any thread, if no layer is written meanwhile.
"""

import threading
from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lama_desktop.core.arrays import Image
from lama_desktop.core.blend import Planes
from lama_desktop.core.geometry import TILE, Rect
from lama_desktop.core.layer import Layer

_NOWHERE = Rect(0, 0, 0, 0)
_WIDTH, _HEIGHT = 8 * TILE, TILE // 2
"""What is worked on at once: as much as the cache holds, and in long rows, which are read thrice as fast as squares."""


def composite(layers: Sequence[Layer], rect: Rect, dtype: Any, out: Image | None = None) -> Image:
    """Return what a stack of layers looks like.

    Args:
        layers: the lowest first; hidden ones are left out.
        rect: document pixels, any.
        dtype: uint8 or uint16, of the result.
        out: (h, w, 4) of this dtype, written and returned; None makes a new array.

    Returns:
        (h, w, 4) RGBA, straight alpha. Where only one layer is seen, its pixels bit for bit, also the colour that
        hides under transparency; nothing at all is 0.
    """
    if out is None:
        out = np.empty((rect.height, rect.width, 4), dtype)
    for block in rect.tiles(_WIDTH, _HEIGHT):
        _block(layers, block, out[block.slices_in(rect)])
    return out


def is_opaque(layers: Sequence[Layer], rect: Rect) -> bool:
    """Tell whether one of the layers, and so the picture, is known to be opaque all over `rect`."""
    for layer in reversed(layers):
        if layer.hides(rect):
            return True
        if layer.visible and not layer.mode.keeps_opaque:
            return False
    return False


def to_depth(pixels: Image, dtype: Any) -> Image:
    """Return pixels at another depth: 8 bits spread to 16 exactly, 16 rounded to 8; unchanged if they have it."""
    if pixels.dtype == dtype:
        return pixels
    if dtype == np.uint16:
        return pixels.astype(np.uint16) * np.uint16(257)
    return cv2.convertScaleAbs(pixels, alpha=1 / 257).reshape(pixels.shape)


def _block(layers: Sequence[Layer], rect: Rect, out: Image) -> None:
    """Write one block."""
    seen = _seen(layers, rect)
    if not seen:
        out[...] = 0
        return
    lowest, *others = seen
    if lowest.opacity == 1:  # where it is the only one, it is copied
        _copy(lowest, rect, out)
        area = reduce(or_, ((layer.rect if layer.bounded else rect) & rect for layer in others), _NOWHERE)
        if area.is_empty:
            return
        rect, out = area, out[area.slices_in(rect)]
    planes = _planes(lowest, rect, 0)
    planes[3] *= np.float32(lowest.opacity)
    opaque = bool(planes[3].min() == 1)
    for layer in others:
        area = layer.rect & rect if layer.bounded else rect
        source = _planes(layer, area, 1)
        if layer.opacity < 1:
            source[3] *= np.float32(layer.opacity)
        rows, columns = area.slices_in(rect)
        layer.mode.lay(planes[:3, rows, columns], planes[3, rows, columns], source[:3], source[3], opaque)
        opaque = opaque and layer.mode.keeps_opaque
    _store(planes, out)


def _seen(layers: Sequence[Layer], rect: Rect) -> list[Layer]:
    """Return the layers that matter in a block, the lowest first."""
    seen: list[Layer] = []
    lowest: Layer | None = None
    for layer in reversed(layers):
        area = layer.rect & rect
        if not layer.visible or (layer.bounded and (area.is_empty or layer.opacity == 0)):
            continue
        low, high = (0, 0) if area.is_empty else layer.coverage_range(area)
        if layer.mode.shows_alone:
            lowest = layer
        if high > 0 or not layer.bounded:
            seen.append(layer)
        if low == layer.full and layer.covers(rect):
            break
    # The lowest counts also where it is transparent: its hidden colours are part of the picture.
    if lowest is not None and lowest not in seen:
        seen.append(lowest)
    while seen and not seen[-1].mode.shows_alone:
        seen.pop()
    seen.reverse()
    return seen


def _copy(layer: Layer, rect: Rect, out: Image) -> None:
    """Write the pixels of a layer; 0 where it has none."""
    area = layer.rect & rect
    if area != rect:
        out[...] = 0
    out[area.slices_in(rect)] = to_depth(layer.pixels[area.slices_in(layer.rect)], out.dtype)


def _planes(layer: Layer, area: Rect, slot: int) -> Planes:
    """Return the pixels of a layer as (4, h, w) float32 0..1, 0 where it has none; in a buffer that is used again."""
    planes = _scratch.planes(slot, area)
    inside = layer.rect & area
    if inside != area:
        planes[...] = 0
    if inside.is_empty:  # its blend mode acts outside of it
        return planes
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
        self._planes = [np.empty(4 * _WIDTH * _HEIGHT, np.float32) for _ in range(2)]
        self._values = np.empty(4 * _WIDTH * _HEIGHT, np.uint16)

    def planes(self, slot: int, area: Rect) -> Planes:
        """Return (4, h, w) float32, not cleared."""
        return self._planes[slot][: 4 * area.area].reshape(4, area.height, area.width)

    def values(self, area: Rect, dtype: Any) -> list[NDArray[Any]]:
        """Return four (h, w) of this dtype, not cleared."""
        return list(self._values.view(dtype)[: 4 * area.area].reshape(4, area.height, area.width))


_scratch = _Scratch()
