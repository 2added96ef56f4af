"""Random masks: strokes, boxes, borders and grids, and how kinds of masks are combined.

A mask is a function of a size and a numpy `RandomState`. numpy has frozen the streams of that class, so a seed means
the same masks for ever; with the seeds of the published scripts (which draw from numpy's global state) strokes, boxes
and their mixtures are their masks, bit for bit (Suvorov et al. 2022). The numbers of the published configurations are
in `presets.py`. Pure functions of their arguments; any thread. No torch.
"""

import math
import zlib
from dataclasses import dataclass
from enum import StrEnum
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


class Brush(StrEnum):
    """What a stroke is drawn with: a line, or a disc or a square where each segment begins."""

    LINE = "line"
    CIRCLE = "circle"
    SQUARE = "square"


@dataclass(frozen=True)
class Strokes:
    """Strokes of a wide brush, each a chain of straight segments.

    `least` and `most` bound the number of strokes; up to `most` + 1 are drawn, because the published code counts so.
    `width`, `length` and `angle` bound the random parts of a segment, exclusively, in pixels and in whole radians. A
    disc has the width as its radius, as published; a square has it as its side.
    """

    least: int
    most: int
    width: int
    length: int
    angle: int = 4
    brush: Brush = Brush.LINE

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
                if self.brush is Brush.LINE:
                    cv2.line(canvas, (x, y), (end_x, end_y), 1, brush)
                elif self.brush is Brush.CIRCLE:
                    cv2.circle(canvas, (x, y), brush, 1, cv2.FILLED)
                else:
                    half = brush // 2
                    canvas[max(0, y - half) : y + half, max(0, x - half) : x + half] = 1
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
class Square:
    """One rectangle of the shape of the picture, anywhere in it; its area is `low` to `high` of the whole."""

    low: float
    high: float

    def draw(self, size: tuple[int, int], random: RandomState) -> Hole:
        """Return a mask of one rectangle; see MaskGenerator."""
        width, height = size
        side = random.uniform(math.sqrt(self.low), math.sqrt(self.high))
        wide, high = max(1, round(side * width)), max(1, round(side * height))
        left, top = random.randint(width - wide + 1), random.randint(height - high + 1)
        hole = np.zeros((height, width), bool)
        hole[top : top + high, left : left + wide] = True
        return hole


@dataclass(frozen=True)
class Borders:
    """Bands along the sides of the picture, as if it had been wider: outpainting.

    A band is `low` to `high` of the picture wide; each side has one with probability `chance`, and one side at least.
    """

    low: float
    high: float
    chance: float = 0.5

    def draw(self, size: tuple[int, int], random: RandomState) -> Hole:
        """Return a mask of one to four bands; see MaskGenerator."""
        width, height = size
        bands = [self._band(length, random) for length in (width, height, width, height)]
        chosen = random.random_sample(4) < self.chance
        if not chosen.any():
            chosen[random.randint(4)] = True
        left, top, right, bottom = np.where(chosen, bands, 0)
        hole = np.ones((height, width), bool)
        hole[top : height - bottom, left : width - right] = False
        return hole

    def _band(self, length: int, random: RandomState) -> int:
        least, most = (max(1, int(part * length)) for part in (self.low, self.high))
        return int(random.randint(least, most + 1))


@dataclass(frozen=True)
class Grid:
    """Lines across the whole picture that leave a lattice of pixels, as if it had been smaller: super-resolution.

    A period has `step` pixels, of which lines hide one to three, but never all; columns and rows are drawn alone.
    """

    least_step: int = 2
    most_step: int = 4
    thickest: int = 3

    def draw(self, size: tuple[int, int], random: RandomState) -> Hole:
        """Return a mask of lines; see MaskGenerator."""
        width, height = size
        columns, rows = self._lines(width, random), self._lines(height, random)
        return rows[:, None] | columns

    def _lines(self, length: int, random: RandomState) -> Hole:
        step = random.randint(self.least_step, self.most_step + 1)
        thick = random.randint(1, min(step, self.thickest + 1))
        return (np.arange(length) + random.randint(step)) % step < thick


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


@dataclass(frozen=True)
class Inverted:
    """Masks of which some are turned inside out: known and unknown change places with probability `chance`."""

    generator: MaskGenerator
    chance: float

    def draw(self, size: tuple[int, int], random: RandomState) -> Hole:
        """Return a mask that may be inverted; see MaskGenerator."""
        hole = self.generator.draw(size, random)
        return ~hole if random.random_sample() < self.chance else hole


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


def seed_of(*words: object) -> int:
    """Return the seed that belongs to these words, 0 to 2³² - 1: the same one everywhere and for ever."""
    return zlib.crc32(" ".join(str(word) for word in words).encode("utf-8", "surrogatepass"))


def seeded(*words: object) -> RandomState:
    """Return the stream of numbers that belongs to these words; see `seed_of`."""
    return RandomState(seed_of(*words))
