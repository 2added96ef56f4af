"""Pixels at other places between the grid: scaling and affine maps of one drawable.

Colour is weighted with alpha while it is averaged, so that nothing bleeds out of transparent pixels; values outside the
range, which filters with negative lobes make, are clipped. Masks, (H, W), are interpolated linearly: a lobe would add
faint coverage where there was none. float32, block by block where the picture is large.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from lama_desktop.core.arrays import full_value
from lama_desktop.core.geometry import Rect

Pixels = NDArray[Any]
Placed = tuple[Pixels, tuple[int, int]]
Floats = NDArray[np.float32]

_LANCZOS_RADIUS = 3
_CUBIC_RADIUS = 2
_BLOCK = 512
_FAINTEST = 1e-6
"""Alpha, 0..1, below which there is no colour to divide out."""
_NEARLY = 1e-6
"""Pixels by which a bound may miss a whole number for it to be one."""


def scaled(pixels: Pixels, origin: tuple[int, int], scale: tuple[float, float]) -> Placed:
    """Return pixels scaled about the document's (0, 0), by Lanczos with three lobes, antialiased.

    Args:
        pixels: (H, W) or (H, W, 4) uint8 or uint16, alpha or coverage last.
        origin: of them, in the document.
        scale: horizontally and vertically.

    Returns:
        New pixels and their origin. Sides that do not fall on a whole pixel fade into transparency.
    """
    (left, right, before, after), (top, bottom, above, under) = (
        _span(start, start + length, factor)
        for start, length, factor in zip(origin, (pixels.shape[1], pixels.shape[0]), scale, strict=True)
    )
    box = (
        left / scale[0] - origin[0] + before,
        top / scale[1] - origin[1] + above,
        right / scale[0] - origin[0] + before,
        bottom / scale[1] - origin[1] + above,
    )
    size = right - left, bottom - top
    kernel = PillowImage.Resampling.BILINEAR if pixels.ndim == 2 else PillowImage.Resampling.LANCZOS

    def resized(plane: Floats) -> Floats:
        padded = np.pad(plane, ((above, under), (before, after))) if before or after or above or under else plane
        inside = max(0.0, box[0]), max(0.0, box[1]), min(padded.shape[1], box[2]), min(padded.shape[0], box[3])
        picture = PillowImage.fromarray(padded).resize(size, kernel, box=inside)
        return np.asarray(picture, np.float32)

    return _resampled(pixels, resized), (left, top)


def _span(start: int, end: int, factor: float) -> tuple[int, int, int, int]:
    """Return the scaled bounds in whole pixels, and how many transparent pixels the source needs before and after."""
    low, high = math.floor(start * factor + _NEARLY), math.ceil(end * factor - _NEARLY)
    margin = math.ceil(_LANCZOS_RADIUS * max(1, 1 / factor)) + 1
    before = margin if start - low / factor > _NEARLY else 0
    after = margin if high / factor - end > _NEARLY else 0
    return low, max(high, low + 1), before, after


def warped(pixels: Pixels, origin: tuple[int, int], matrix: NDArray[np.float64]) -> Placed:
    """Return pixels under an affine map, by cubic interpolation; outside of them is transparent.

    Args:
        pixels: as in `scaled`.
        origin: of them, in the document.
        matrix: (2, 3), from document coordinates to new ones; whole numbers are the corners of pixels.
    """
    height, width = pixels.shape[:2]
    reached = _corners(Rect(*origin, origin[0] + width, origin[1] + height)) @ matrix.T
    left, top = (math.floor(value + _NEARLY) for value in reached.min(axis=0))
    right, bottom = (math.ceil(value - _NEARLY) for value in reached.max(axis=0))
    result = np.zeros((bottom - top, right - left, *pixels.shape[2:]), pixels.dtype)
    everything = Rect(0, 0, width, height)
    back = np.linalg.inv(np.vstack([matrix, (0, 0, 1)]))
    # OpenCV counts from the centres of pixels: half a pixel to and fro.
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    back = np.linalg.inv(half) @ np.array([[1, 0, -origin[0]], [0, 1, -origin[1]], [0, 0, 1]]) @ back @ half
    kernel = cv2.INTER_LINEAR if pixels.ndim == 2 else cv2.INTER_CUBIC
    for block in Rect(0, 0, right - left, bottom - top).tiles(_BLOCK, _BLOCK):
        target = block.moved(left, top)
        sources = _corners(target) @ back[:2].T
        low, high = np.floor(sources.min(axis=0)).astype(int), np.ceil(sources.max(axis=0)).astype(int)
        needed = Rect(*low.tolist(), *high.tolist()).grown(_CUBIC_RADIUS + 1) & everything
        if needed.is_empty:
            continue
        shift = np.array([[1, 0, -needed.left], [0, 1, -needed.top], [0, 0, 1]])
        place = np.array([[1, 0, target.left], [0, 1, target.top], [0, 0, 1]])
        local = (shift @ back @ place)[:2]
        result[block.slices] = _resampled(
            pixels[needed.slices], partial(_warp, matrix=local, size=block.size, kernel=kernel)
        )
    return result, (left, top)


def _corners(rect: Rect) -> NDArray[np.float64]:
    """Return the corners of a rectangle as four rows (x, y, 1)."""
    return np.array([(x, y, 1.0) for x in (rect.left, rect.right) for y in (rect.top, rect.bottom)])


def _warp(plane: Floats, matrix: NDArray[np.float64], size: tuple[int, int], kernel: int) -> Floats:
    return np.asarray(
        cv2.warpAffine(
            plane,
            matrix,
            size,
            flags=kernel | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=0,
        ),
        np.float32,
    )


def _resampled(pixels: Pixels, change: Callable[[Floats], Floats]) -> Pixels:
    """Return pixels whose planes went through `change`, colour weighted with alpha."""
    full = full_value(pixels)
    if pixels.ndim == 2:
        return _quantized(change(pixels.astype(np.float32)), full, pixels.dtype)
    opacity = pixels[..., 3].astype(np.float32) * np.float32(1 / full)
    alpha = change(opacity)
    result = np.empty((*alpha.shape, 4), pixels.dtype)
    result[..., 3] = _quantized(alpha * np.float32(full), full, pixels.dtype)
    weight = np.divide(1, alpha, out=np.zeros_like(alpha), where=alpha > _FAINTEST)
    for channel in range(3):
        plane = change(pixels[..., channel] * opacity)
        result[..., channel] = _quantized(plane * weight, full, pixels.dtype)
    return result


def _quantized(plane: Floats, full: int, dtype: np.dtype[Any]) -> Pixels:
    return np.rint(np.clip(plane, 0, full)).astype(dtype)
