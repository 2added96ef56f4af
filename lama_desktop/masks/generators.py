"""Random masks: the strokes and boxes that the published networks were trained and judged on.

A mask is a function of a size and a numpy `RandomState`. numpy has frozen the streams of that class, so a seed means
the same masks for ever; with the seeds of the published scripts (which draw from numpy's global state) these are their
masks, bit for bit (Suvorov et al. 2022; the presets hold the numbers of the published configurations). Pure functions
of their arguments; any thread. No torch.
"""

import math
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.random import RandomState

from lama_desktop.core.arrays import Hole
from lama_desktop.errors import SettingsError

MOST_SEGMENTS = 5
SHORTEST, THINNEST = 10, 5
"""Length and width to which a segment's random part is added, in pixels."""
ANGLE_OFFSET = 0.01
TRIES = 5000


class MaskGenerator(Protocol):
    """Draws masks of one kind."""

    def draw(self, size: tuple[int, int], random: RandomState) -> Hole:
        """Return a mask, (H, W) bool, True where the picture is to be invented.

        Args:
            size: width and height in pixels.
            random: where the numbers come from; left where the next mask begins.
        """
        ...


@dataclass(frozen=True)
class Strokes:
    """Strokes of a wide brush, each a chain of straight segments.

    `least` and `most` bound the number of strokes; up to `most` + 1 are drawn, because the published code counts so.
    `width`, `length` and `angle` bound the random parts of a segment, exclusively, in pixels and in whole radians.
    """

    least: int
    most: int
    width: int
    length: int
    angle: int = 4

    def draw(self, size: tuple[int, int], random: RandomState) -> Hole:
        """Return a mask of strokes; see MaskGenerator."""
        width, height = size
        canvas = np.zeros((height, width), np.uint8)
        for index in range(random.randint(self.least, self.most + 2)):
            x, y = random.randint(width), random.randint(height)
            for _ in range(1 + random.randint(MOST_SEGMENTS)):
                angle = ANGLE_OFFSET + random.randint(self.angle)
                if index % 2 == 0:
                    angle = 2 * math.pi - angle
                length = SHORTEST + random.randint(self.length)
                brush = THINNEST + random.randint(self.width)
                end_x = min(max(int(x + length * math.sin(angle)), 0), width)
                end_y = min(max(int(y + length * math.cos(angle)), 0), height)
                cv2.line(canvas, (x, y), (end_x, end_y), 1, brush)
                x, y = end_x, end_y
        return canvas.astype(bool)


@dataclass(frozen=True)
class Boxes:
    """Upright rectangles that keep `margin` pixels from the border.

    `least` and `most` bound their number, `smallest` and `largest` their sides, all inclusively; in a small picture the
    sides end before the margins do.
    """

    least: int
    most: int
    smallest: int
    largest: int
    margin: int

    def draw(self, size: tuple[int, int], random: RandomState) -> Hole:
        """Return a mask of boxes; see MaskGenerator."""
        width, height = size
        hole = np.zeros((height, width), bool)
        margin = self.margin
        end = min(self.largest + 1, width - 2 * margin, height - 2 * margin)
        start = min(self.smallest, end - 1)
        if start < 1:
            raise SettingsError(f"A picture of {width} × {height} pixels is too small for these masks.")
        for _ in range(random.randint(self.least, self.most + 1)):
            wide, high = random.randint(start, end), random.randint(start, end)
            left = random.randint(margin, width - margin - wide + 1)
            top = random.randint(margin, height - margin - high + 1)
            hole[top : top + high, left : left + wide] = True
        return hole


@dataclass(frozen=True)
class Mixture:
    """One of several generators, drawn anew for every mask.

    `weights` are relative; a mixture of one draws its number all the same, so that the stream is the published one.
    """

    generators: tuple[MaskGenerator, ...]
    weights: tuple[float, ...]

    def draw(self, size: tuple[int, int], random: RandomState) -> Hole:
        """Return a mask of one of the kinds; see MaskGenerator."""
        # Single precision, as published: in rare draws the rounding decides which kind it is.
        weights = np.array(self.weights, np.float32)
        index = random.choice(len(self.generators), p=weights / weights.sum())
        return self.generators[index].draw(size, random)


def _strokes_and_boxes(strokes: Strokes, boxes: Boxes | None = None, weight: float = 0.3) -> Mixture:
    return Mixture((strokes,), (1.0,)) if boxes is None else Mixture((strokes, boxes), (1.0, weight))


MASK_PRESETS: dict[str, Mixture] = {
    "thin_256": _strokes_and_boxes(Strokes(4, 50, width=10, length=40)),
    "thin_512": _strokes_and_boxes(Strokes(4, 70, width=20, length=100)),
    "medium_256": _strokes_and_boxes(Strokes(4, 5, width=50, length=100), Boxes(1, 5, 10, 50, margin=0)),
    "medium_512": _strokes_and_boxes(Strokes(4, 10, width=100, length=200), Boxes(1, 5, 30, 150, margin=0)),
    "thick_256": _strokes_and_boxes(Strokes(1, 5, width=100, length=200), Boxes(1, 3, 30, 150, margin=10)),
    "thick_512": _strokes_and_boxes(Strokes(1, 5, width=250, length=450), Boxes(1, 4, 30, 300, margin=10)),
    "train_wide": _strokes_and_boxes(Strokes(1, 5, width=100, length=200), Boxes(1, 4, 30, 150, margin=10), 1.0),
    "train_big_lama": _strokes_and_boxes(Strokes(1, 5, width=100, length=200), Boxes(1, 3, 30, 150, margin=10), 1.0),
    "train_thin": _strokes_and_boxes(Strokes(4, 12, width=40, length=80), Boxes(1, 1, 30, 128, margin=0), 1.0),
}
"""The published masks by name: those that results are judged on, with the side of the pictures they are meant for, and
those of the training: of the paper (`abl-04-256-mh-dist`), of the released Big-LaMa, and of the ablation with thin
masks (`abl-02-thin-bb`), all for 256 pixels."""


def draw_of_area(generator: MaskGenerator, size: tuple[int, int], random: RandomState, low: float, high: float) -> Hole:
    """Return the first mask that covers a part of the picture between `low` and `high`.

    Args:
        generator: draws the candidates.
        size: width and height in pixels.
        random: where the numbers come from.
        low, high: parts of the area, 0 to 1, inclusive.

    Raises:
        SettingsError: no such mask in many draws.
    """
    for _ in range(TRIES):
        hole = generator.draw(size, random)
        if low <= hole.mean() <= high:
            return hole
    raise SettingsError(
        f"These masks hardly ever cover {low:.0%} to {high:.0%} of {size[0]} × {size[1]} pixels: choose other masks "
        "or another size."
    )
