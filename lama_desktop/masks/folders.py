"""Masks from files: fixed ones used as they are, and objects out of segmentations, moved about.

Both draw any file of their folder, or only those that belong to one picture (`of_picture`). A file that cannot be used
is passed over with a line in the log; only many of them in a row are an error. Any thread; copies travel to worker
processes.
"""

import logging
import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Self, TypeVar

import cv2
import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from lama_desktop import formats
from lama_desktop.core.arrays import Hole, Image, full_value
from lama_desktop.core.geometry import Rect
from lama_desktop.errors import FileFormatError, SettingsError
from lama_desktop.formats.base import shown
from lama_desktop.masks.generators import Inverted, MaskGenerator, Mixture
from lama_desktop.masks.prepared import find_pairs, owners_of, pictures_in

THRESHOLD = 128
"""Grey of a mask file from which a pixel is in the hole."""
MOST_BROKEN = 16
"""So many unusable files in a row are an error."""
TRIES = 200
"""Objects that are placed before there is none that suits."""
SCALE_CHANGE, VERTICAL_SHIFT, MOST_HIDDEN, MOST_INTERSECTION = 0.25, 0.1, 0.2, 0.5
"""How much an object grows or shrinks, how far it moves up or down (part of the picture's height), how much of it may
leave the picture, and how much of it may lie over other objects, or hide of each of them."""
LARGEST_MAP = 1024
"""Longer sides of a segmentation are scaled down to this: that is fine enough for a mask, and many fit into memory."""
SMALLEST_PART = 0.005
"""What covers less of a segmentation is no object but an edge between two, or dirt."""

logger = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True)
class MaskFolder:
    """The mask files of a folder and of those in it: what the two kinds share."""

    folder: Path
    files: tuple[Path, ...]

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Find the files.

        Of a folder with pictures and masks, as `prepared.py` tells them apart, the masks are taken; else every picture
        is one.

        Raises:
            FileFormatError: there is no such folder, or no picture in it.
        """
        masks = tuple(pair.mask for pair in find_pairs(folder).pairs)
        return cls(folder, masks or tuple(pictures_in(folder)))

    def of_picture(self, name: str) -> Self:
        """Return the files that belong to a picture.

        Args:
            name: the path of the picture in its own folder, without suffix, with forward slashes. A file belongs to it
                whose path is the same, or the same with `_mask` and anything after that.

        Raises:
            FileFormatError: there is none.
        """
        if name not in self._by_picture:
            raise FileFormatError(
                f"Nothing in {shown(self.folder)} belongs to {shown(name)}: name it like the picture."
            )
        return replace(self, files=self._by_picture[name])

    @cached_property
    def _by_picture(self) -> dict[str, tuple[Path, ...]]:
        found: defaultdict[str, tuple[Path, ...]] = defaultdict(tuple)
        for path in self.files:
            for owner in owners_of(path, self.folder):
                found[owner] += (path,)
        return dict(found)

    def _any(self, read: Callable[[Path], T], random: RandomState) -> T:
        """Return what a file holds, any one that can be read."""
        reason = ""
        for _ in range(MOST_BROKEN):
            try:
                return read(self.files[random.randint(len(self.files))])
            except FileFormatError as error:
                reason = str(error)
                _say_once(reason)
        raise FileFormatError(f"The masks in {shown(self.folder)} cannot be used. {reason}")


@dataclass(frozen=True)
class FixedMasks(MaskFolder):
    """Mask files as they are; white is the hole.

    A mask of another size than the picture is scaled until it covers it; what sticks out is cut off, at random but
    never so that no hole is left.
    """

    def draw(self, size: tuple[int, int], random: RandomState) -> Hole:
        """Return one of the masks; see MaskGenerator.

        Raises:
            FileFormatError: one file after the other cannot be used.
        """
        hole = self._any(lambda path: _covering(path, size), random)
        width, height = size
        rows, columns = np.nonzero(hole)
        pixel = random.randint(len(rows))
        top, left = (
            random.randint(max(0, at - length + 1), min(at, whole - length) + 1)
            for at, length, whole in ((rows[pixel], height, hole.shape[0]), (columns[pixel], width, hole.shape[1]))
        )
        return hole[top : top + height, left : left + width].copy()


@dataclass(frozen=True)
class Objects(MaskFolder):
    """Objects of segmentations, each scaled, moved and perhaps mirrored: the hole has the shape of something.

    A file is a label map (each value or colour is an object, black is none), a mask (white is the object) or a cut-out
    (what is not transparent), stored without loss. An object keeps its part of the picture but for SCALE_CHANGE, and
    its height above the ground but for VERTICAL_SHIFT; it may stand anywhere from left to right.

    With `of_picture` the objects are those of the very picture, and MOST_INTERSECTION keeps them off each other, so
    that nothing is asked for of which nothing is seen. Drawn from any file, there is no knowing what the picture shows.

    Args:
        least, most: parts of the picture that an object may cover, 0 to 1.
        apart: whether MOST_INTERSECTION counts.

    Source: Suvorov et al. 2022, the segmentation masks of the evaluation, and the limits of its published code. The
    objects there are found by a network, here by whoever made the files; and the only object of a file is never too
    large here, because a cut-out fills its file: it gets a size and a place at random.
    """

    least: float = 0.02
    most: float = 0.3
    apart: bool = False

    def of_picture(self, name: str) -> Self:
        """Return the objects that belong to a picture; see MaskFolder."""
        return replace(super().of_picture(name), apart=True)

    def draw(self, size: tuple[int, int], random: RandomState) -> Hole:
        """Return the shape of an object; see MaskGenerator.

        Raises:
            FileFormatError: one file after the other cannot be used.
            SettingsError: no object of a suitable size is found.
        """
        for _ in range(TRIES):
            found = self._any(_segmentation, random)
            hole = self._placed(found, size, random)
            if (
                hole is not None
                and hole.mean() >= self.least
                and not (self.apart and found.is_hidden_by(hole, self.most))
            ):
                return hole
        raise SettingsError(
            f"The files in {shown(self.folder)} hold no object that covers {self.least:.0%} to {self.most:.0%} of the "
            "picture: use other files."
        )

    def _placed(self, found: "_Segmentation", size: tuple[int, int], random: RandomState) -> Hole | None:
        """Return an object in a new place; None where it is too large, or leaves the picture too far."""
        index = random.randint(len(found.parts))
        shape, origin = found.cut(index)
        part, stands = found.parts[index], True
        if part > self.most:
            if len(found.parts) > 1:
                return None
            part, stands = random.uniform(self.least, self.most), False
        width, height = size
        factor = math.sqrt(part * width * height / shape.sum()) * random.uniform(1 - SCALE_CHANGE, 1 + SCALE_CHANGE)
        shape = _resized(shape, (max(1, round(shape.shape[1] * factor)), max(1, round(shape.shape[0] * factor))))
        if random.random_sample() < 0.5:
            shape = shape[:, ::-1]
        high, wide = shape.shape
        left = round(random.uniform(-MOST_HIDDEN * wide, width - (1 - MOST_HIDDEN) * wide))
        top = round(random.uniform(-MOST_HIDDEN * high, height - (1 - MOST_HIDDEN) * high))
        if stands:
            middle = origin + random.uniform(-VERTICAL_SHIFT, VERTICAL_SHIFT)
            top = round(middle * height - high / 2)
        hole = np.zeros((height, width), bool)
        seen = Rect(left, top, left + wide, top + high) & Rect(0, 0, width, height)
        hole[seen.slices] = shape[seen.moved(-left, -top).slices]
        return hole if hole.sum() >= (1 - MOST_HIDDEN) * shape.sum() else None


def of_picture(generator: MaskGenerator, name: str) -> MaskGenerator:
    """Return a generator whose files, if it has any, are those that belong to a picture; see MaskFolder.of_picture."""
    if isinstance(generator, FixedMasks | Objects):
        return generator.of_picture(name)
    if isinstance(generator, Mixture):
        return replace(generator, generators=tuple(of_picture(each, name) for each in generator.generators))
    if isinstance(generator, Inverted):
        return replace(generator, generator=of_picture(generator.generator, name))
    return generator


@dataclass(frozen=True, eq=False)
class _Segmentation:
    """A label map.

    `labels` is (H, W) uint8, 0 where there is no object; `parts` tells of each object which part of the map it covers,
    0 to 1, the one labelled 1 first. Neither may be written to: a cache holds them.
    """

    labels: NDArray[np.uint8]
    parts: tuple[float, ...]

    def cut(self, index: int) -> tuple[Hole, float]:
        """Return the shape of an object, no larger than it is, and its middle's part of the height, 0 to 1."""
        shape = self.labels == index + 1
        left, top, wide, high = cv2.boundingRect(shape.astype(np.uint8))
        return shape[top : top + high, left : left + wide], (top + high / 2) / len(shape)

    def is_hidden_by(self, hole: Hole, most: float) -> bool:
        """Tell whether a hole in this picture takes too much of an object, or is too full of them.

        What covers more than `most` of the picture is no object: the sky, a meadow.
        """
        high, wide = hole.shape
        labels = cv2.resize(self.labels, (wide, high), interpolation=cv2.INTER_NEAREST)
        things = [index + 1 for index, part in enumerate(self.parts) if part <= most]
        whole, taken = (np.bincount(each.ravel(), minlength=256)[things] for each in (labels, labels[hole]))
        return bool((taken > MOST_INTERSECTION * whole).any() or taken.sum() > MOST_INTERSECTION * hole.sum())


@lru_cache(maxsize=32)
def _segmentation(path: Path) -> _Segmentation:
    """Read a label map, a mask or a cut-out.

    Raises:
        FileFormatError: it cannot be read, or holds no object.
    """
    photo = formats.read(path)
    pixels: Image = photo.pixels[..., : photo.model.channels]
    if photo.has_alpha:
        pixels = (photo.pixels[..., -1:] > full_value(photo.pixels) // 2).astype(np.uint8)
    if (longest := max(photo.size)) > LARGEST_MAP:
        small = tuple(max(1, round(side * LARGEST_MAP / longest)) for side in photo.size)
        pixels = cv2.resize(pixels, small, interpolation=cv2.INTER_NEAREST).reshape(small[1], small[0], -1)
    codes = np.zeros(pixels.shape[:2], np.int64)
    for channel in np.moveaxis(pixels, -1, 0):
        codes = codes << 16 | channel
    values, positions, counts = np.unique(codes, return_inverse=True, return_counts=True)
    is_object = (values != 0) & (counts >= SMALLEST_PART * codes.size)
    if not is_object.any():
        raise FileFormatError(f"{shown(path.name)} holds no object: paint each in a colour of its own, on black.")
    labels = np.where(is_object, np.cumsum(is_object), 0).astype(np.uint8)[positions.reshape(codes.shape)]
    return _Segmentation(labels, tuple((counts[is_object] / codes.size).tolist()))


@lru_cache(maxsize=1024)
def _say_once(reason: str) -> None:
    logger.warning("Passed over: %s", reason)


@lru_cache(maxsize=64)
def _covering(path: Path, size: tuple[int, int]) -> Hole:
    """Read a mask and scale it until it covers a picture; it may not be written to.

    Raises:
        FileFormatError: it cannot be read, or there is no hole in it.
    """
    hole = formats.read_mask(path) >= THRESHOLD
    if not hole.any():
        raise FileFormatError(f"{shown(path.name)} masks nothing: what is to be filled must be white.")
    (width, height), (high, wide) = size, hole.shape
    factor = max(width / wide, height / high)
    return _resized(hole, (max(width, round(wide * factor)), max(height, round(high * factor))))


def _resized(shape: Hole, size: tuple[int, int]) -> Hole:
    """Return a shape in another size; where little of it would stay, whatever it touches belongs to it."""
    if shape.shape == size[::-1]:
        return shape
    smaller = size[0] < shape.shape[1]
    full = shape.astype(np.uint8) * np.uint8(255)
    grey = cv2.resize(full, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
    half = grey >= THRESHOLD
    return half if half.any() else grey > 0
