"""The visible layers as one picture, at the document's own depth or at 8 bit.

Block by block, so that everything in between stays in the processor's cache. A block under one layer is copied, layers
under an opaque one are not looked at, and only where several meet are there planes of float32, which are rounded once,
at the end. Reads layers and writes into an array of the caller's: any thread, if no layer is written meanwhile.
"""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from lama_desktop.core.arrays import Image, full_value
from lama_desktop.core.blend import Planes
from lama_desktop.core.geometry import TILE, Rect
from lama_desktop.core.layer import Layer


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
    for block in rect.tiles(2 * TILE):
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
    lowest = seen[0]
    if len(seen) == 1 and lowest.opacity == 1:
        if rect not in lowest.rect:
            out[...] = 0
        area = lowest.rect & rect
        out[area.slices_in(rect)] = to_depth(lowest.pixels[area.slices_in(lowest.rect)], out.dtype)
        return
    planes = _planes(lowest, rect)
    planes[3] *= np.float32(lowest.opacity)
    opaque = bool(planes[3].min() == 1)
    for layer in seen[1:]:
        area = rect if not layer.bounded else layer.rect & rect
        source = _planes(layer, area)
        if layer.opacity < 1:
            source[3] *= np.float32(layer.opacity)
        rows, columns = area.slices_in(rect)
        layer.mode.lay(planes[:3, rows, columns], planes[3, rows, columns], source[:3], source[3], opaque)
        opaque = opaque and layer.mode.keeps_opaque
    _store(planes, out)


def _seen(layers: Sequence[Layer], rect: Rect) -> list[Layer]:
    """Return the layers that matter in a block, the lowest first."""
    seen: list[Layer] = []
    for layer in reversed(layers):
        area = layer.rect & rect
        if not layer.visible or (layer.bounded and (area.is_empty or layer.opacity == 0)):
            continue
        seen.append(layer)
        if layer.hides(rect):
            break
    while seen and not seen[-1].mode.shows_alone:
        seen.pop()
    seen.reverse()
    # The lowest stays also where it is transparent: its hidden colours are part of the picture.
    return seen[:1] + [each for each in seen[1:] if not each.bounded or each.coverage_range(each.rect & rect)[1] > 0]


def _planes(layer: Layer, area: Rect) -> Planes:
    """Return the pixels of a layer as (4, h, w) float32 0..1; 0 where it has none."""
    inside = layer.rect & area
    if inside.is_empty:  # its blend mode acts outside of it
        return np.zeros((4, area.height, area.width), np.float32)
    pixels = layer.pixels[inside.slices_in(layer.rect)]
    scaled = np.multiply(pixels, np.float32(1 / full_value(pixels)), dtype=np.float32)
    planes = np.empty((4, *scaled.shape[:2]), np.float32)
    cv2.split(scaled, list(planes))
    if inside == area:
        return planes
    result = np.zeros((4, area.height, area.width), np.float32)
    result[(slice(None), *inside.slices_in(area))] = planes
    return result


def _store(planes: Planes, out: Image) -> None:
    """Write planes as pixels, rounded."""
    flat = planes.reshape(4 * planes.shape[1], planes.shape[2])
    if out.dtype == np.uint8:
        values = cv2.convertScaleAbs(flat, alpha=255)
    else:
        values = np.rint(flat * np.float32(65535)).astype(np.uint16)
    out[...] = cv2.merge(list(values.reshape(planes.shape)))
