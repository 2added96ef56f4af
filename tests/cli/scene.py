"""The photo and the mask of these tests."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image as PillowImage

HOLE = np.s_[40:60, 50:80]


def picture(channels: int = 3, dtype=np.uint8, size: tuple[int, int] = (120, 90)) -> np.ndarray:
    """Return (height, width, channels): soft noise in the middle of the range, black where the mask is."""
    random = np.random.default_rng(1)
    full = np.iinfo(dtype).max
    noise = cv2.GaussianBlur(random.random((size[1], size[0], channels)), (0, 0), 2).reshape(size[1], size[0], channels)
    result = ((0.3 + 0.4 * noise) * full).astype(dtype)
    result[HOLE] = 0
    return result


def write_mask(path: Path, value: int = 255, size: tuple[int, int] = (120, 90)) -> None:
    coverage = np.zeros((size[1], size[0]), np.uint8)
    coverage[HOLE] = value
    PillowImage.fromarray(coverage).save(path)
