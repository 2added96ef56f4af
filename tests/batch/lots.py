"""Small photos with masks, orders for them, and a fill that is known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image as PillowImage

from lama_desktop.batch.order import BatchOptions, Order
from lama_desktop.batch.work import Filled
from lama_desktop.options import from_dict

SIZE = (40, 30)
HOLE = np.s_[10:20, 10:20]
GREY = 128


def picture(seed: int = 0, size=SIZE) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 100, (size[1], size[0], 3), dtype=np.uint8)


def photo(path: Path, seed: int = 0, size=SIZE, **settings) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    PillowImage.fromarray(picture(seed, size)).save(path, **settings)
    return path


def mask(path: Path, size=SIZE, hole=HOLE, value: int = 255) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.zeros((size[1], size[0]), np.uint8)
    pixels[hole] = value
    PillowImage.fromarray(pixels).save(path)
    return path


def pair(folder: Path, name: str = "a", suffix: str = ".png", seed: int = 0) -> Path:
    """Write a photo and its mask beside it; return the photo."""
    mask(folder / f"{name}_mask.png")
    return photo(folder / f"{name}{suffix}", seed)


def order(*inputs: Path, output: Path | None = None, write=None, **batch) -> Order:
    made = Order(inputs, output, "grey", from_dict(BatchOptions, batch))
    return (made if write is None else replace(made, write=write)).settled()


def fill(photo, coverage, progress) -> Filled:
    """Fill with grey."""
    progress(0.5)
    pixels = photo.pixels.copy()
    pixels[coverage > 0, : photo.model.channels] = GREY
    return Filled(replace(photo, pixels=pixels), 0.25)


def pixels(path: Path) -> np.ndarray:
    with PillowImage.open(path) as found:
        return np.asarray(found)


def below(folder: Path) -> set[str]:
    """Return the files of a folder and those in it."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
