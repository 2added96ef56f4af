"""Cuts: pictures scaled to a size, and the holes and squares that the published dataset tool draws for them.

Pure functions of their arguments; any thread. Source: Suvorov et al. 2022, the numbers and the order of the draws as
published, so that with the seeds of the published tool these are its masks.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import RandomState
from PIL import Image as PillowImage

from lama_desktop.core.arrays import Hole, Image
from lama_desktop.core.color import color_space
from lama_desktop.core.geometry import Rect
from lama_desktop.core.photo import Photo
from lama_desktop.errors import SettingsError
from lama_desktop.formats import fit
from lama_desktop.masks.generators import MaskGenerator

ROUNDS = 20
"""How often the variants are drawn anew for a picture that has too few masks yet. The published tool draws them once
and goes without."""


@dataclass(frozen=True, eq=False)
class Cut:
    """A part of a picture, and the hole in it, (H, W) bool of the size of the part."""

    rect: Rect
    hole: Hole


def draw_cuts(
    generator: MaskGenerator,
    size: tuple[int, int],
    random: RandomState,
    *,
    wanted: int = 1,
    variants: int = 5,
    square: bool = True,
    area: tuple[float, float] = (0.0, 0.5),
) -> list[Cut]:
    """Draw the masks of a picture.

    Args:
        generator: draws the candidates, each for the whole picture.
        size: width and height of the picture in pixels.
        random: where the numbers come from.
        wanted: how many masks to return.
        variants: how many to draw before any is chosen.
        square: cut a square around each; else every cut is the whole picture.
        area: parts of the cut that a mask may cover, 0 to 1, inclusive; none is empty.

    Raises:
        SettingsError: too few of many draws are suitable.
        FileFormatError: mask files cannot be read.
    """
    width, height = size
    found: list[Cut] = []
    for _ in range(ROUNDS * wanted):
        drawn = [generator.draw(size, random) for _ in range(variants)]  # all of them before the first square
        for hole in drawn:
            rect = square_around(hole, random) if square and hole.any() else Rect(0, 0, width, height)
            hole = np.ascontiguousarray(hole[rect.slices])
            if hole.any() and area[0] <= hole.mean() <= area[1]:
                found.append(Cut(rect, hole))
        if len(found) >= wanted:
            return [found[index] for index in random.choice(len(found), wanted, replace=False)]
    raise SettingsError(
        f"These masks hardly ever cover {area[0]:.0%} to {area[1]:.0%} of a part of {width} × {height} pixels: choose "
        "other masks, another size or another area."
    )


def square_around(hole: Hole, random: RandomState) -> Rect:
    """Return the largest square of a picture, somewhere along its longer side, with a part of the hole in it.

    It begins at most its side before the last of the hole, and not after it; so a hole that is longer than the square
    is cut. (In rare draws the two only touch, and the published tool keeps a mask without a hole.)
    """
    height, width = hole.shape
    side = min(width, height)
    last = int(np.flatnonzero(hole.any(0) if height < width else hole.any(1))[-1])
    room = max(width, height) - side
    first = max(0, min(room - 1, last - side))
    start = random.randint(first, max(first + 1, min(room, last)))
    return Rect(start, 0, start + side, side) if height < width else Rect(0, start, side, start + side)


def scaled_size(size: tuple[int, int], side: int) -> tuple[int, int]:
    """Return the width and height whose shorter one is `side`, rounded as published."""
    factor = side / min(size)
    width, height = (max(side, round(length * factor)) for length in size)
    return width, height


def scaled_picture(photo: Photo, side: int) -> Image:
    """Return a photo with its shorter side scaled to `side`, (H, W, 3) uint8 sRGB; alpha does not count.

    As published it is scaled bicubically (the support grows with the factor, as in Pillow) at 8 bits and in its own
    colours; ours is what comes after, the way to sRGB.
    """
    size = scaled_size(photo.size, side)
    pixels = fit.to_8_bit(photo.pixels[..., : photo.model.channels])
    if size != photo.size:
        planes = (PillowImage.fromarray(plane) for plane in np.ascontiguousarray(np.moveaxis(pixels, -1, 0)))
        scaled = (plane.resize(size, PillowImage.Resampling.BICUBIC) for plane in planes)
        pixels = np.stack([np.asarray(plane) for plane in scaled], axis=-1)
    colors = color_space(photo.model, photo.profile).to_srgb(np.ascontiguousarray(pixels))
    return np.rint(np.clip(colors, 0, 1) * 255).astype(np.uint8)


def expanded(picture: Image, part: float) -> tuple[Image, Hole]:
    """Return a picture in the middle of a black one that is wider and higher by `part`, and the hole around it."""
    height, width = picture.shape[:2]
    left, top = (max(1, round(length * part / 2)) for length in (width, height))
    result = np.zeros((height + 2 * top, width + 2 * left, 3), np.uint8)
    hole = np.ones(result.shape[:2], bool)
    inside = Rect(left, top, left + width, top + height).slices
    result[inside], hole[inside] = picture, False
    return result, hole


def middle_square(picture: Image) -> Image:
    """Return the largest square in the middle of a picture."""
    height, width = picture.shape[:2]
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return picture[top : top + side, left : left + side]
