"""Cases: squares of pictures whose content is known, each with a hole that somebody has to fill.

A drawn mask depends on the seed, the name of the picture and the kind of mask only: another picture in the folder
changes nothing for the rest, and whoever judges (an evaluation, the validation of a training run) judges the same
holes. Nothing is random but by seed; any thread. No torch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from lama_desktop import formats
from lama_desktop.core.arrays import Colors, Hole, Image, full_value
from lama_desktop.core.color import color_space
from lama_desktop.core.photo import Photo
from lama_desktop.errors import FileFormatError, SettingsError
from lama_desktop.masks.generators import draw_of_area, seeded
from lama_desktop.masks.presets import MASK_PRESETS, scaled

AREA = (0.05, 0.35)
"""Parts of the picture that a drawn mask may cover: what people remove, not a nearly empty picture."""
CUT = 128
"""Greys of a mask file from which on a pixel is in the hole."""
WINDOW_TRIES = 200


@dataclass(frozen=True, eq=False)
class Case:
    """A picture, (H, W, 3) uint8 sRGB, and a hole in it, (H, W) bool with at least one pixel."""

    name: str
    truth: Image
    hole: Hole


@dataclass(frozen=True)
class DrawnCase:
    """A case whose hole is drawn by seed; `read` makes it."""

    name: str
    picture: Path
    preset: str
    size: int
    seed: int

    def read(self) -> Case:
        """Return the centre of the picture with its hole; errors as `read_square` and `draw_hole`."""
        return Case(
            self.name, read_square(self.picture, self.size), draw_hole(self.picture, self.preset, self.size, self.seed)
        )


@dataclass(frozen=True)
class PreparedCase:
    """A case whose picture and hole are files of the same size; `read` makes it."""

    name: str
    picture: Path
    mask: Path

    def read(self) -> Case:
        """Return the picture and its hole, as they are.

        Raises:
            FileFormatError: one of them cannot be read, the sizes differ, or nothing is masked.
        """
        photo = formats.read(self.picture)
        hole = formats.read_mask(self.mask, photo.size) >= CUT
        if not hole.any():
            raise FileFormatError(f"{self.mask.name} masks nothing: what is to be filled must be white.")
        return Case(self.name, srgb_pixels(photo, self.picture), hole)


@dataclass(frozen=True)
class WindowCase:
    """A case in a window of a photograph at its full resolution, with a drawn hole; `read` makes it.

    `avoid` are the masks beside the photograph: what they cover is to be removed, so nobody may be asked to draw it.
    Place and hole depend on the seed, the file's name, the kind of masks and the number only; windows of one number are
    in one place for all kinds.
    """

    name: str
    picture: Path
    avoid: tuple[Path, ...]
    preset: str
    size: int
    number: int
    seed: int

    def read(self) -> Case:
        """Return the window with its hole.

        Raises:
            FileFormatError: the photograph cannot be read, is transparent there, too small, or all windows that were
                tried touch what is to be avoided.
        """
        photo = formats.read(self.picture)
        if min(photo.size) < self.size:
            raise FileFormatError(f"{self.picture.name} is smaller than {self.size} pixels: choose a smaller size.")
        avoided = np.zeros(photo.size[::-1], bool)
        for mask in self.avoid:
            avoided |= formats.read_mask(mask, photo.size) > 0
        random = seeded(self.seed, self.picture.name, f"window {self.number}")
        for _ in range(WINDOW_TRIES):
            left, top = (random.randint(length - self.size + 1) for length in photo.size)
            part = (slice(top, top + self.size), slice(left, left + self.size))
            if not avoided[part].any():
                hole = draw_of_area(
                    scaled(MASK_PRESETS[self.preset], self.size / MASK_PRESETS[self.preset].side),
                    (self.size, self.size),
                    seeded(self.seed, f"{self.picture.name} {self.number}", self.preset),
                    *AREA,
                )
                return Case(self.name, srgb_pixels(photo, self.picture, part), hole)
        raise FileFormatError(
            f"{self.picture.name} has no window of {self.size} pixels outside its masks: choose a smaller size."
        )


def drawn_cases(pictures: Mapping[Path, str], presets: Sequence[str], size: int, seed: int) -> list[DrawnCase]:
    """Return one case per picture and kind of mask, in this order.

    Args:
        pictures: what each is called; see `names_apart`.
        presets: names of MASK_PRESETS.
        size: side of the squares, in pixels.
        seed: draws the holes.

    Raises:
        SettingsError: there are no masks of such a name.
    """
    for preset in presets:
        if preset not in MASK_PRESETS:
            raise SettingsError(f"There are no masks called {preset!r}: choose {', '.join(MASK_PRESETS)}.")
    return [
        DrawnCase(f"{name}-{preset}", path, preset, size, seed) for path, name in pictures.items() for preset in presets
    ]


def read_square(path: Path, size: int) -> Image:
    """Return the centre of a picture, (size, size, 3) uint8 sRGB.

    Raises:
        FileFormatError: it cannot be read, is transparent somewhere, or too small; nothing is enlarged, because an
            enlarged picture has no grain that a fill could be asked for.
    """
    photo = formats.read(path)
    side = min(photo.size)
    if side < size:
        raise FileFormatError(f"{path.name} is smaller than {size} pixels: choose a smaller size.")
    left, top = ((length - side) // 2 for length in photo.size)
    colors = _in_srgb(photo, path, (slice(top, top + side), slice(left, left + side)))
    if side > size:
        colors = cv2.resize(colors, (size, size), interpolation=cv2.INTER_AREA).astype(np.float32)
    return _eight_bits(colors)


def draw_hole(path: Path, preset: str, size: int, seed: int) -> Hole:
    """Return the hole of a picture, (size, size) bool; only the name of the file counts.

    Raises:
        SettingsError: the masks do not suit the size.
    """
    return draw_of_area(MASK_PRESETS[preset], (size, size), seeded(seed, path.name, preset), *AREA)


def srgb_pixels(photo: Photo, path: Path, part: tuple[slice, slice] = (slice(None), slice(None))) -> Image:
    """Return a part of a photo, rows and columns, as (H, W, 3) uint8 sRGB.

    Raises:
        FileFormatError: it is transparent somewhere in there; the sentence names `path`.
    """
    return _eight_bits(_in_srgb(photo, path, part))


def _in_srgb(photo: Photo, path: Path, part: tuple[slice, slice]) -> Colors:
    """Return a part of a photo, (H, W, 3) float32 sRGB 0..1."""
    pixels = photo.pixels[part]
    if photo.has_alpha and (pixels[..., -1] < full_value(pixels)).any():
        raise FileFormatError(f"{path.name} is partly transparent: save it without transparency.")
    return color_space(photo.model, photo.profile).to_srgb(np.ascontiguousarray(pixels[..., : photo.model.channels]))


def _eight_bits(colors: Colors) -> Image:
    return np.rint(np.clip(colors, 0, 1) * 255).astype(np.uint8)
