"""How training pictures are varied: the published pipelines, by their names.

An augmentation is a function of a picture, a size and a `RandomState`, and returns a patch of that size. The steps,
their order, their ranges and their chances (one half each, where nothing else is said) are those of the published code
(Suvorov et al. 2022, `datasets.py`, which calls albumentations 0.5.2 and imgaug); the code is ours. Where it differs:

* The geometric steps are one resampling instead of up to three (see warps.py): the patches are a little sharper.
* A crop may also touch the last row and column, which the published one never does.
* Tables of tones are rounded; the published ones are cut off, which darkens by half a step.
* Every pipeline ends in a patch of the size asked for, also those that the published code uses for pictures that have
  the right size already: smaller pictures are reflected, larger ones cropped at random.

Pure functions; any thread, any process.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from lama_desktop.core.arrays import Image
from lama_desktop.training import warps
from lama_desktop.training.warps import Warp

MOST_INSET = 0.24
"""Of a corner, as a part of the side: four deviations or more."""
CLIP = (1.0, 4.0)
TILES = (8, 8)
BRIGHTNESS = CONTRAST = 0.2
HUE, SATURATION, VALUE = 5.0, 30.0, 5.0
"""In OpenCV's 8-bit HSV, whose hue has 180 steps."""


@dataclass(frozen=True)
class Affine:
    """Bounds of an affine step: scale (drawn for each axis), turn and shear in degrees either way, and its chance."""

    scale: tuple[float, float]
    turn: float = 40.0
    shear: float = 0.1
    chance: float = 0.5


@dataclass(frozen=True)
class Augmentation:
    """One pipeline; a step whose bound is 0 or None does not happen, not even its coin is tossed.

    `scale` bounds the part by which a picture is made larger or smaller, `perspective` the deviation of its corners as
    a part of the sides, `lens` the bend of its lines; `flip` swaps left and right, `tones` is contrast limited
    equalisation, brightness and contrast, hue and saturation.
    """

    scale: float = 0.0
    perspective: float = 0.0
    affine: Affine | None = None
    lens: float = 0.0
    flip: bool = False
    tones: bool = False

    def __call__(self, image: Image, size: int, random: RandomState) -> Image:
        """Return a patch.

        Args:
            image: (H, W, 3) uint8 RGB of any size; not modified.
            size: side of the patch in pixels.
            random: where the numbers come from.

        Returns:
            (size, size, 3) uint8 RGB, contiguous, new.
        """
        patch = warps.sample(image, self._chain((image.shape[1], image.shape[0]), size, random))
        if self.tones:
            if _happens(random):
                patch = equalized(patch, random.uniform(*CLIP))
            if _happens(random):
                patch = brightened(patch, random.uniform(-CONTRAST, CONTRAST), random.uniform(-BRIGHTNESS, BRIGHTNESS))
            if _happens(random):
                patch = tinted(patch, *(random.uniform(-bound, bound) for bound in (HUE, SATURATION, VALUE)))
        return patch

    def _chain(self, canvas: warps.Size, size: int, random: RandomState) -> list[Warp]:
        chain: list[Warp] = []
        if self.scale and _happens(random):
            chain.append(warps.scaled(canvas, 1 + random.uniform(-self.scale, self.scale)))
            canvas = chain[-1].size
        if self.perspective and _happens(random):
            deviation = random.uniform(0, self.perspective)
            insets = np.minimum(np.abs(random.normal(0, deviation, (4, 2))), MOST_INSET)
            chain.append(warps.perspective(canvas, insets))
        if self.affine and _happens(random, self.affine.chance):
            scale = random.uniform(*self.affine.scale), random.uniform(*self.affine.scale)
            turn = random.uniform(-self.affine.turn, self.affine.turn)
            shear = random.uniform(-self.affine.shear, self.affine.shear)
            chain.append(warps.affine(canvas, scale, turn, shear))
        chain.append(warps.padded(canvas, size))
        canvas = chain[-1].size
        if self.lens and _happens(random):
            chain.append(warps.lens(canvas, random.uniform(-self.lens, self.lens)))
        left, top = (random.randint(0, length - size + 1) for length in canvas)
        chain.append(warps.cropped(size, left, top, mirrored=self.flip and _happens(random)))
        return chain


def equalized(image: Image, clip: float) -> Image:
    """Return a picture whose lightness is equalised in tiles, with the contrast limited to `clip` (CLAHE)."""
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    lightness = np.ascontiguousarray(lab[..., 0])
    lab[..., 0] = cv2.createCLAHE(clip, TILES).apply(lightness)
    result: Image = cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)
    return result


def brightened(image: Image, contrast: float, brightness: float) -> Image:
    """Return a picture whose values are multiplied by 1 + `contrast` and moved by `brightness` of the full range."""
    result: Image = cv2.LUT(image, _table(np.arange(256) * (1 + contrast) + brightness * 255))
    return result


def tinted(image: Image, hue: float, saturation: float, value: float) -> Image:
    """Return a picture whose hue, saturation and value are moved, in steps of OpenCV's 8-bit HSV."""
    steps = np.arange(256)
    turned = np.rint(steps + hue) % 180
    tables = np.stack([_table(each) for each in (turned, steps + saturation, steps + value)], axis=-1)
    hsv = cv2.LUT(cv2.cvtColor(image, cv2.COLOR_RGB2HSV), tables[None])
    result: Image = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
    return result


def _table(values: NDArray[Any]) -> Image:
    """Return what takes the place of each value of 8 bits."""
    table: Image = np.rint(values.clip(0, 255)).astype(np.uint8)
    return table


def _happens(random: RandomState, chance: float = 0.5) -> bool:
    return random.random_sample() < chance


def _distortions(affine: Affine) -> Augmentation:
    return Augmentation(perspective=0.06, affine=affine, lens=0.05, flip=True, tones=True)


AUGMENTATIONS: dict[str, Augmentation] = {
    "none": Augmentation(),
    "default": Augmentation(scale=0.2, flip=True, tones=True),
    "distortions": _distortions(Affine((0.7, 1.3))),
    "distortions_scale05_1": _distortions(Affine((0.5, 1.0), chance=1.0)),
    "distortions_scale03_12": _distortions(Affine((0.3, 1.2), chance=1.0)),
    "distortions_scale03_07": _distortions(Affine((0.3, 0.7), chance=1.0)),
    "distortions_light": Augmentation(perspective=0.02, affine=Affine((0.8, 1.8), 20.0, 0.03), flip=True, tones=True),
    "non_space_transform": Augmentation(tones=True),
}
"""The published pipelines by name; `none` is published as `no_augs`. The models of the paper were trained with
`distortions`, its ablations with `default`, and CelebA with `none`."""
