"""Coverage: what is to be removed from a photo of a batch, by the rule of its order. Any thread."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from lama_desktop import formats
from lama_desktop.batch.order import MaskRule, MaskSize, Order
from lama_desktop.core.arrays import Coverage
from lama_desktop.core.color import color_space
from lama_desktop.core.photo import Photo
from lama_desktop.formats.base import shown
from lama_desktop.formats.fit import to_8_bit

THRESHOLD = 128
"""Grey of a mask from which it removes, where it is not soft."""
_ROWS = 256


def coverage_of(photo: Photo, masks: Sequence[Path], order: Order) -> tuple[Coverage, list[str]]:
    """Return what is to be removed, (H, W) uint8, and sentences about what had to be done to the masks.

    All is 0 where nothing is to be removed.

    Args:
        photo: which photo.
        masks: its mask files; what any of them removes is removed. Where there are some they count, whatever the rule.
        order: which rule, and how.

    Raises:
        FileFormatError: a mask cannot be read, or has another size than the photo and may not be scaled.
    """
    rule = order.mask_source.rule
    notes: list[str] = []
    if rule is MaskRule.ALPHA and not masks:
        coverage = _transparent(photo)
    elif rule is MaskRule.COLOR and not masks:
        coverage = _of_color(photo, order.key_color, order.batch.mask_tolerance)
    else:
        read = _shared if rule is MaskRule.FILE else _read
        coverage = np.zeros((photo.size[1], photo.size[0]), np.uint8)
        for path in masks:
            mask = read(path, None if order.batch.mask_size is MaskSize.SCALE else photo.size)
            if mask.shape != coverage.shape:
                notes.append(f"The mask {shown(path.name)} was scaled from {mask.shape[1]} × {mask.shape[0]} pixels.")
                mask = _scaled(mask, photo.size)
            np.maximum(coverage, mask, out=coverage)
    if not order.batch.soft_mask:
        coverage = np.where(coverage >= THRESHOLD, np.uint8(255), np.uint8(0))
    return coverage, notes


def _read(path: Path, size: tuple[int, int] | None) -> Coverage:
    return formats.read_mask(path, size)


@lru_cache(maxsize=1)
def _once(path: Path, written: int) -> Coverage:
    mask = formats.read_mask(path)
    mask.flags.writeable = False
    return mask


def _shared(path: Path, size: tuple[int, int] | None) -> Coverage:
    """Return the one mask for all, which is not read anew for every photo; it may not be written to."""
    try:
        mask = _once(path, path.stat().st_mtime_ns)
    except OSError:
        mask = formats.read_mask(path)
    return mask if size is None or mask.shape == size[::-1] else formats.read_mask(path, size)


def _scaled(mask: Coverage, size: tuple[int, int]) -> Coverage:
    smaller = size[0] < mask.shape[1] and size[1] < mask.shape[0]
    return cv2.resize(mask, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR).astype(np.uint8)


def _transparent(photo: Photo) -> Coverage:
    """Return how transparent every pixel is."""
    if not photo.has_alpha:
        return np.zeros((photo.size[1], photo.size[0]), np.uint8)
    return 255 - to_8_bit(np.ascontiguousarray(photo.pixels[..., -1]))


def _of_color(photo: Photo, color: tuple[int, int, int], tolerance: int) -> Coverage:
    """Return 255 where no channel is further from a colour than the tolerance, as 8-bit sRGB."""
    coverage = np.zeros((photo.size[1], photo.size[0]), np.uint8)
    space = color_space(photo.model, photo.profile)
    wanted = np.array(color, np.int16)
    for top in range(0, len(coverage), _ROWS):
        band = np.ascontiguousarray(photo.pixels[top : top + _ROWS, :, : photo.model.channels])
        distance = np.abs(space.to_screen(band).astype(np.int16) - wanted).max(axis=2)
        coverage[top : top + _ROWS][distance <= tolerance] = 255
    return coverage
