"""Folders of small pictures with holes, and of fills."""

from pathlib import Path

import numpy as np
import pytest
from known import box, save, texture, with_noise
from PIL import Image as PillowImage


@pytest.fixture
def prepared(tmp_path) -> Path:
    """A set as the published tools name it: four pictures, the first with two masks."""
    folder = tmp_path / "set"
    for index in range(4):
        save(texture(index), folder / f"p{index}_crop000.png")
        save(box(index).astype(np.uint8) * 255, folder / f"p{index}_crop000_mask000.png")
    save(box(4).astype(np.uint8) * 255, folder / "p0_crop000_mask001.png")
    return folder


@pytest.fixture
def predict(prepared, tmp_path):
    """A function that fills the set with noise of some strength into a folder, and returns it."""

    def make(name: str, amount: float, suffix: str = ".png") -> Path:
        folder = tmp_path / name
        for mask in sorted(prepared.glob("*_mask*.png")):
            picture = np.asarray(PillowImage.open(prepared / f"{mask.name.split('_mask')[0]}.png"))
            hole = np.asarray(PillowImage.open(mask)) > 0
            save(with_noise(picture, hole, amount), folder / f"{mask.stem}{suffix}")
        return folder

    return make
