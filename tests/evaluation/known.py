"""Small pictures with holes, and fills of known badness."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image as PillowImage

SIDE = 96


def texture(seed: int, side: int = SIDE) -> np.ndarray:
    """A picture with structure at several scales, uint8 RGB."""
    random = np.random.default_rng(seed)
    layers = [cv2.GaussianBlur(random.normal(0, 30 * s, (side, side, 3)), (0, 0), s) for s in (0.6, 2, 6)]
    return np.clip(128 + sum(layers), 0, 255).astype(np.uint8)


def box(seed: int, side: int = SIDE) -> np.ndarray:
    """A hole, bool; larger for larger seeds."""
    hole = np.zeros((side, side), bool)
    hole[20 : 44 + 4 * seed, 24 : 60 + 2 * seed] = True
    return hole


def save(pixels: np.ndarray, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    PillowImage.fromarray(pixels).save(path)


def with_noise(picture: np.ndarray, hole: np.ndarray, amount: float) -> np.ndarray:
    noise = np.random.default_rng(1).normal(0, amount, picture.shape)
    return np.where(hole[..., None], np.clip(picture + noise, 0, 255), picture).astype(np.uint8)
