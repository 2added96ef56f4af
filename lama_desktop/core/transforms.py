"""Crop, canvas size, turns, flips, scaling and rotation of a whole document: each returns another stack.

Layers, mask, original, and the masks and alternatives of recipes move together; groups stay the same. What is exact
stays exact: cropping, turning by 90° and flipping move pixels and compute none. Pure functions, nothing of the old
stack changes; large pictures take seconds to be scaled or rotated, so that is for a worker, while nobody writes.
"""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lama_desktop.core import resample
from lama_desktop.core import tree as trees
from lama_desktop.core.drawable import Drawable, Mask
from lama_desktop.core.geometry import Rect
from lama_desktop.core.layer import Layer
from lama_desktop.core.stack import Stack
from lama_desktop.progress import Progress

Pixels = NDArray[Any]
Placed = tuple[Pixels, tuple[int, int]]
"""Pixels and their origin."""
Change = Callable[[Drawable], Placed]

_TURNS = (-1, cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_180, cv2.ROTATE_90_COUNTERCLOCKWISE)


def cropped(stack: Stack, rect: Rect) -> Stack:
    """Return the part of the document in `rect`; what lies outside is gone from every layer.

    Args:
        stack: of the document.
        rect: document pixels, not empty; beyond the document is transparent.
    """

    def change(drawable: Drawable) -> Placed:
        part = drawable.rect & rect
        pixels = drawable.pixels
        if part.is_empty:  # a layer always has a pixel
            return np.zeros((1, 1, *pixels.shape[2:]), pixels.dtype), (0, 0)
        pixels = pixels[part.slices_in(drawable.rect)].copy() if part != drawable.rect else drawable.frozen()
        return pixels, (part.left - rect.left, part.top - rect.top)

    return _changed(stack, rect.size, change)


def with_canvas(stack: Stack, rect: Rect) -> Stack:
    """Return the document with another frame: layers keep all their pixels, also those outside. Copies none of them.

    Args:
        stack: of the document.
        rect: the new frame in pixels of the old, not empty.
    """

    def change(drawable: Drawable) -> Placed:
        left, top = drawable.origin
        return drawable.frozen(), (left - rect.left, top - rect.top)

    return _changed(stack, rect.size, change)


def turned(stack: Stack, quarters: int) -> Stack:
    """Return the document turned clockwise by so many quarters of a full turn; exact."""
    quarters %= 4
    width, height = stack.size
    size = (height, width) if quarters % 2 else (width, height)

    def change(drawable: Drawable) -> Placed:
        rect = drawable.rect
        origin = (
            (rect.left, rect.top),
            (height - rect.bottom, rect.left),
            (width - rect.right, height - rect.bottom),
            (rect.top, width - rect.right),
        )[quarters]
        return _turned(drawable.pixels, quarters), origin

    return _changed(stack, size, change)


def flipped(stack: Stack, *, vertically: bool = False) -> Stack:
    """Return the document mirrored, left and right exchanged or, `vertically`, top and bottom; exact."""
    width, height = stack.size

    def change(drawable: Drawable) -> Placed:
        rect = drawable.rect
        origin = (rect.left, height - rect.bottom) if vertically else (width - rect.right, rect.top)
        return cv2.flip(drawable.pixels, 0 if vertically else 1), origin

    return _changed(stack, stack.size, change)


def scaled(stack: Stack, size: tuple[int, int], progress: Progress | None = None) -> Stack:
    """Return the document at another size, by Lanczos resampling; layers keep their place to a fraction of a pixel.

    Args:
        stack: of the document.
        size: new width and height, both at least 1.
        progress: reports and stops, between layers.
    """
    scale = size[0] / stack.size[0], size[1] / stack.size[1]
    return _changed(stack, size, lambda each: resample.scaled(each.pixels, each.origin, scale), progress, exact=False)


def rotated(stack: Stack, degrees: float, *, expand: bool = True, progress: Progress | None = None) -> Stack:
    """Return the document rotated clockwise about its centre, by cubic resampling; corners become transparent.

    Args:
        stack: of the document.
        degrees: any angle; multiples of 90 are exact.
        expand: enlarge the frame to hold every pixel; else it keeps its size, and what is outside stays in the layers.
        progress: reports and stops, between layers.
    """
    if degrees % 90 == 0 and (expand or degrees % 180 == 0):
        return turned(stack, int(degrees // 90))
    (width, height), angle = stack.size, math.radians(degrees)
    cosine, sine = math.cos(angle), math.sin(angle)
    size = stack.size
    if expand:
        tight = width * abs(cosine) + height * abs(sine), width * abs(sine) + height * abs(cosine)
        size = math.ceil(tight[0] - 1e-6), math.ceil(tight[1] - 1e-6)
    # x' = cos·x − sin·y turns clockwise where y points down.
    rotation = np.array([[cosine, -sine], [sine, cosine]])
    shift = np.array(size) / 2 - rotation @ (np.array(stack.size) / 2)
    matrix = np.column_stack([rotation, shift])
    return _changed(stack, size, lambda each: resample.warped(each.pixels, each.origin, matrix), progress, exact=False)


def _changed(
    stack: Stack, size: tuple[int, int], change: Change, progress: Progress | None = None, *, exact: bool = True
) -> Stack:
    """Return the stack with every drawable changed.

    Drawables that share their pixels in memory do so afterwards. Inks are kept only where `change` is exact: a computed
    pixel is not what was in the file.
    """
    progress = progress or Progress()
    drawables = [each for each in stack.drawables() if each is not stack.mask]
    owners = Counter((each.storage, each.origin) for each in drawables)
    shared: dict[tuple[int, tuple[int, int]], Placed] = {}

    def placed(drawable: Drawable) -> Placed:
        key = drawable.storage, drawable.origin
        if key not in shared:
            progress(len(shared) / (len(owners) + 1))
            pixels, origin = change(drawable)
            if owners[key] > 1:
                pixels.flags.writeable = False
            shared[key] = pixels, origin
        return shared[key]

    def followed(layer: Layer) -> Layer:
        recipe = layer.recipe
        if recipe is not None:
            others = tuple(followed(each) for each in recipe.alternatives)
            recipe = replace(recipe, mask=Mask(*placed(recipe.mask)), alternatives=others)
        return layer.with_pixels(*placed(layer), recipe=recipe)

    layers = {layer: followed(layer) for layer in stack.layers}
    return Stack(
        size,
        trees.mapped(stack.tree, layers.__getitem__),
        layers[stack.active] if isinstance(stack.active, Layer) else stack.active,
        _framed(*change(Drawable(stack.mask.pixels)), size),
        None if stack.original is None else followed(stack.original),
        Drawable(*placed(stack.native)) if exact and stack.native is not None else None,
        None if stack.sampling is None else Mask(*placed(stack.sampling)),
    )


def _turned(pixels: Pixels, quarters: int) -> Pixels:
    if not quarters or pixels.shape[2:] > (4,):  # OpenCV is fast, and turns no more than four channels
        return np.rot90(pixels, -quarters).copy()
    return cv2.rotate(pixels, _TURNS[quarters])


def _framed(pixels: Pixels, origin: tuple[int, int], size: tuple[int, int]) -> Mask:
    """Return a mask of this size with these pixels in it; in memory of its own, since a canvas will wrap it."""
    mask = np.zeros((size[1], size[0]), np.uint8)
    rect, frame = Drawable(pixels, origin).rect, Rect.of_size(size)
    mask[rect.slices_in(frame)] = pixels[frame.slices_in(rect)]
    return Mask(mask)
