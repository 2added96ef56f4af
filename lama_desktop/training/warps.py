"""Geometric distortions as maps of points, so that a chain of them costs one resampling.

The published pipeline resamples the whole picture at every step (perspective, affine, lens) and then cuts out a patch.
Here a chain is followed backwards for the pixels of the patch alone: through each step, back over the border of its
canvas by the step's own rule, down to the picture, which is read once with linear interpolation. The patch is the same
but for the blur of repeated interpolation, and the cost does not grow with the picture.

A point is a pair of coordinates in which pixel centres are whole numbers. Pure functions; any thread.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lama_desktop.core.arrays import Image

Size = tuple[int, int]
"""Width and height in pixels."""
Points = tuple[NDArray[np.float32], NDArray[np.float32]]
"""x and y; their shapes broadcast to that of the patch."""


@dataclass(frozen=True)
class Warp:
    """One step: the size of its result, and for points of the result where they lie in what the step was given."""

    size: Size
    back: Callable[[Points], Points]


def scaled(size: Size, factor: float) -> Warp:
    """Return the step that makes a picture larger or smaller, its canvas with it."""
    width, height = (max(1, int(length * factor)) for length in size)
    wide, high = size[0] / width, size[1] / height

    def back(points: Points) -> Points:
        x, y = (points[0] + 0.5) * wide - 0.5, (points[1] + 0.5) * high - 0.5
        return x.clip(0, size[0] - 1), y.clip(0, size[1] - 1)

    return Warp((width, height), back)


def perspective(size: Size, insets: NDArray[np.float64]) -> Warp:
    """Return the step that pulls an inner quadrangle out to the whole canvas.

    Args:
        size: of the canvas.
        insets: (4, 2), how far its corners lie inside those of the canvas, as parts of width and height; top left
            first, clockwise. Below a quarter, so that it is convex.
    """
    signs = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
    outer = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32) * np.array(size, np.float32)
    inner = outer + (signs * insets * np.array(size)).astype(np.float32)
    (a, b, c), (d, e, f), (g, h, i) = cv2.getPerspectiveTransform(outer, inner).astype(np.float32)

    def back(points: Points) -> Points:
        x, y = points[0] + np.float32(0.5), points[1] + np.float32(0.5)
        depth = g * x + h * y + i
        x, y = (a * x + b * y + c) / depth - np.float32(0.5), (d * x + e * y + f) / depth - np.float32(0.5)
        return x.clip(0, size[0] - 1), y.clip(0, size[1] - 1)

    return Warp(size, back)


def affine(size: Size, scale: tuple[float, float], degrees: float, shear: float) -> Warp:
    """Return the step that stretches, shears and turns about the centre; the canvas stays, what it lacks is reflected.

    Args:
        size: of the canvas.
        scale: across and down.
        degrees: turn, clockwise as a picture is seen.
        shear: of the upright axis, in degrees, too.
    """
    turn, lean = np.deg2rad(degrees), np.deg2rad(degrees + shear)
    forward = np.array([[np.cos(turn), -np.sin(lean)], [np.sin(turn), np.cos(lean)]]) * scale
    (a, b), (c, d) = np.linalg.inv(forward).astype(np.float32)
    middle_x, middle_y = (np.float32((length - 1) / 2) for length in size)

    def back(points: Points) -> Points:
        x, y = points[0] - middle_x, points[1] - middle_y
        return _reflected((a * x + b * y + middle_x, c * x + d * y + middle_y), size)

    return Warp(size, back)


def lens(size: Size, strength: float) -> Warp:
    """Return the step that bends straight lines as a lens does; the canvas stays, what it lacks is reflected.

    The radial model of cv2.initUndistortRectifyMap with k1 = k2 = `strength`, the focal lengths those of the canvas.
    """
    width, height = (np.float32(length) for length in size)
    k = np.float32(strength)

    def back(points: Points) -> Points:
        x, y = points[0] / width - np.float32(0.5), points[1] / height - np.float32(0.5)
        square = x * x + y * y
        factor = 1 + k * square * (1 + square)
        return _reflected(((x * factor + np.float32(0.5)) * width, (y * factor + np.float32(0.5)) * height), size)

    return Warp(size, back)


def padded(size: Size, least: int) -> Warp:
    """Return the step that reflects a picture about its borders until no side is shorter than `least`."""
    left, top = (max(0, least - length) // 2 for length in size)

    def back(points: Points) -> Points:
        return _reflected((points[0] - left, points[1] - top), size)

    return Warp((max(size[0], least), max(size[1], least)), back)


def cropped(side: int, left: int, top: int, mirrored: bool) -> Warp:
    """Return the step that cuts out a square, and swaps its left and right."""

    def back(points: Points) -> Points:
        x = side - 1 - points[0] if mirrored else points[0]
        return x + left, points[1] + top

    return Warp((side, side), back)


def sample(image: Image, chain: Sequence[Warp]) -> Image:
    """Return what the steps of a chain, in their order, make of a picture.

    Args:
        image: (H, W, 3) uint8; not modified.
        chain: at least one step; the first one's canvas is the picture.

    Returns:
        (height, width, 3) uint8 of the last step's size; exact where only whole pixels were moved.
    """
    width, height = chain[-1].size
    points = np.arange(width, dtype=np.float32)[None], np.arange(height, dtype=np.float32)[:, None]
    for step in reversed(chain):
        points = step.back(points)
    x, y = (np.ascontiguousarray(np.broadcast_to(each, (height, width))) for each in points)
    # Only the part that is needed: remap takes no picture of more than 32767 pixels a side.
    left, top = int(x.min()), int(y.min())
    part = image[top : int(y.max()) + 2, left : int(x.max()) + 2]
    result: Image = cv2.remap(part, x - left, y - top, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return result


def _reflected(points: Points, size: Size) -> Points:
    """Return points outside a canvas reflected about the centres of its outermost pixels (OpenCV's REFLECT_101)."""
    return _folded(points[0], size[0] - 1), _folded(points[1], size[1] - 1)


def _folded(values: NDArray[np.float32], last: int) -> NDArray[np.float32]:
    if values.min() >= 0 and values.max() <= last:
        return values
    if last == 0:
        return np.zeros_like(values)
    folded: NDArray[np.float32] = last - np.abs(np.abs(values) % (2 * last) - last)
    return folded
