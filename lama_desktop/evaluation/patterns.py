"""Patterns: pictures of which every pixel is known, to see whether a model continues what repeats.

Gratings, fences, checks, bricks and windows, flat and in perspective; gradients; noise. A pattern is a function of
positions from 0 to 1, so a larger picture shows the same scene in finer pixels, as when the paper takes a network from
256 pixels to larger pictures. Edges are averaged over the pixel, so nothing is jagged at any size. Seeded: colours,
angles and offsets. Pure functions; any thread. No torch.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from lama_desktop.core.arrays import Hole, Image
from lama_desktop.errors import SettingsError
from lama_desktop.masks.generators import seed_of

Map = NDArray[np.floating[Any]]

CONTRAST = 110
"""Steps of 1/255 by which the two colours of a pattern differ at least, in the mean of the channels."""
HOLE_SIDES, HOLE_SHIFT = (0.42, 0.34), 0.06
"""Sides of the hole as parts of the picture's, and how far its middle may be from the picture's."""


SMALLEST, LARGEST = 64, 4096
"""Sides of the pictures, in pixels, within which the maps of a pattern fit into any memory."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """A pattern as a picture.

    Args:
        picture: (S, S, 3) uint8 sRGB.
        hole: (S, S) bool.
        phases: of every wave that the pattern repeats by, (S, S) float32: how many periods a pixel is from the start.
            Empty where nothing repeats.
        period: how long a period is in the hole, in pixels, on average.
    """

    picture: Image
    hole: Hole
    phases: tuple[Map, ...]
    period: float


@dataclass(frozen=True)
class Pattern:
    """A pattern under a name; `draw` makes it at any size."""

    title: str
    paint: Callable[[Map, Map, Generator], tuple[Map, tuple[Map, ...]]]

    def draw(self, size: int, seed: int) -> Drawn:
        """Return the pattern at a size, in pixels; equal seeds give the same scene at every size, noise aside."""
        random = np.random.default_rng(seed_of(seed, self.title))
        colors, hole = _colors(random), _hole(size, random)
        along = (np.arange(size, dtype=np.float32) + np.float32(0.5)) / np.float32(size)
        x, y = (np.ascontiguousarray(each) for each in np.broadcast_arrays(along[None, :], along[:, None]))
        values, phases = self.paint(x, y, random)
        mixed = colors[0] + (colors[1] - colors[0]) * np.clip(values, 0, 1)[..., None]
        picture = np.rint(mixed).astype(np.uint8)
        return Drawn(picture, hole, tuple(each.astype(np.float32) for each in phases), _period(phases, hole))


def check_sizes(sizes: Sequence[int]) -> None:
    """Refuse sizes at which no pattern is drawn.

    Raises:
        SettingsError: one of them is too small or too large, or there is none.
    """
    if not sizes or min(sizes) < SMALLEST or max(sizes) > LARGEST:
        raise SettingsError(f"A synthetic picture has at least {SMALLEST} pixels on each side, and at most {LARGEST}.")


def _grating(x: Map, y: Map, random: Generator) -> tuple[Map, tuple[Map, ...]]:
    angle = math.radians(random.uniform(15, 75))
    u = 16 * (math.cos(angle) * x + math.sin(angle) * y) + random.random()
    return np.asarray(0.5 + 0.5 * np.sin(2 * np.pi * u), np.float32), (u,)


def _fence(x: Map, y: Map, random: Generator) -> tuple[Map, tuple[Map, ...]]:
    u = 13 * x + random.random()
    rails = np.maximum(_pulse(y - np.float32(0.2), 0.06, 1), _pulse(y - np.float32(0.75), 0.06, 1))
    return np.maximum(_pulse(u, 0.45), rails), (u,)


def _checks(x: Map, y: Map, random: Generator) -> tuple[Map, tuple[Map, ...]]:
    return _checked(6 * x + random.random(), 6 * y + random.random())


def _bricks(x: Map, y: Map, random: Generator) -> tuple[Map, tuple[Map, ...]]:
    u, v = 6 * x + random.random(), 14 * y + random.random()
    even = np.maximum(_pulse(u, 0.06), _pulse(v, 0.14))
    odd = np.maximum(_pulse(u + np.float32(0.5), 0.06), _pulse(v, 0.14))
    return 1 - np.where(np.floor(v) % 2 == 0, even, odd).astype(np.float32), (v, u + v / 2)


def _facade(x: Map, y: Map, random: Generator) -> tuple[Map, tuple[Map, ...]]:
    u, v = 8 * x + random.random(), 9 * y + random.random()
    return _pulse(u, 0.5) * _pulse(v, 0.6), (u, v)


def _rings(x: Map, y: Map, random: Generator) -> tuple[Map, tuple[Map, ...]]:
    left, top = random.uniform(0.1, 0.3, 2)
    u = 18 * np.hypot(x - np.float32(left), y - np.float32(top))
    return _pulse(u, 0.5), (u,)


def _floor(x: Map, y: Map, random: Generator) -> tuple[Map, tuple[Map, ...]]:
    """Squares on a floor that is seen from above a horizon beyond the upper edge."""
    depth = 1 / (y + np.float32(0.35))
    return _checked(2.6 * (x - np.float32(random.uniform(0.35, 0.65))) * depth, 6 * depth + random.random())


def _street(x: Map, y: Map, random: Generator) -> tuple[Map, tuple[Map, ...]]:
    """A row of windows on a wall that runs towards a vanishing point beyond the right edge."""
    depth = 1 / (np.float32(1.45) - x)
    u, v = 7 * depth + random.random(), 5 * (y - np.float32(random.uniform(0.4, 0.6))) * depth
    return _pulse(u, 0.5) * _pulse(v, 0.6), (u, v)


def _ramp(x: Map, y: Map, random: Generator) -> tuple[Map, tuple[Map, ...]]:
    angle = random.uniform(0, 2 * np.pi)
    along = math.cos(angle) * (x - np.float32(0.5)) + math.sin(angle) * (y - np.float32(0.5))
    return np.asarray(0.5 + along / math.sqrt(2), np.float32), ()


def _glow(x: Map, y: Map, random: Generator) -> tuple[Map, tuple[Map, ...]]:
    left, top = random.uniform(0.2, 0.8, 2)
    return np.exp(-4 * (np.square(x - np.float32(left)) + np.square(y - np.float32(top)))).astype(np.float32), ()


def _grain(x: Map, y: Map, random: Generator) -> tuple[Map, tuple[Map, ...]]:
    """Fine noise, as of film: its grains have the size of a pixel in a picture of any size."""
    noise = cv2.GaussianBlur(random.standard_normal(x.shape, dtype=np.float32), (0, 0), 0.8)
    return np.asarray(0.5 + 0.18 * noise / noise.std(), np.float32), ()


def _clouds(x: Map, y: Map, random: Generator) -> tuple[Map, tuple[Map, ...]]:
    """Noise whose amplitude falls with the frequency, as that of photographs does."""
    side = x.shape[0]
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None, :])
    frequency[0, 0] = np.inf
    noise = np.fft.irfft2(np.fft.rfft2(random.standard_normal(x.shape)) / frequency, x.shape)
    return np.asarray(0.5 + 0.2 * noise / noise.std(), np.float32), ()


PATTERNS: dict[str, Pattern] = {
    "grating": Pattern("Grating", _grating),
    "fence": Pattern("Fence", _fence),
    "checks": Pattern("Checks", _checks),
    "bricks": Pattern("Bricks", _bricks),
    "facade": Pattern("Façade", _facade),
    "rings": Pattern("Rings", _rings),
    "floor": Pattern("Floor in perspective", _floor),
    "street": Pattern("Street in perspective", _street),
    "ramp": Pattern("Gradient", _ramp),
    "glow": Pattern("Glow", _glow),
    "grain": Pattern("Grain", _grain),
    "clouds": Pattern("Clouds", _clouds),
}
"""What repeats first, then what does not."""


def _checked(u: Map, v: Map) -> tuple[Map, tuple[Map, ...]]:
    first, second = (2 * _pulse(each, 0.5) - 1 for each in (u, v))
    # Neither direction alone repeats in a sum of black and white squares; the two diagonals do.
    return (0.5 + 0.5 * first * second).astype(np.float32), (u + v, u - v)


def _pulse(u: Map, width: float, repeats: int = 0) -> Map:
    """Return 1 where the fraction of u is below `width`, else 0, averaged over each pixel; once only with `repeats`."""
    down, across = np.gradient(u)
    # A jump between rows of bricks is no slope: half a period a pixel is as fine as a pattern can be.
    span = np.clip(np.abs(down) + np.abs(across), 1e-6, 0.5)

    def integral(at: Map) -> Map:
        whole = np.floor(at) if not repeats else np.zeros_like(at)
        return np.asarray(whole * width + np.clip(at - whole, 0, width), np.float32)

    return np.asarray((integral(u + span / 2) - integral(u - span / 2)) / span, np.float32)


def _colors(random: Generator) -> Map:
    while True:
        colors = random.uniform(15, 240, (2, 3)).astype(np.float32)
        if abs(float(np.diff(colors.mean(axis=1))[0])) >= CONTRAST:
            return colors


def _hole(size: int, random: Generator) -> Hole:
    centre = 0.5 + random.uniform(-HOLE_SHIFT, HOLE_SHIFT, 2)
    hole = np.zeros((size, size), bool)
    rows, columns = (
        slice(round((middle - side / 2) * size), round((middle + side / 2) * size))
        for middle, side in zip(centre, HOLE_SIDES, strict=True)
    )
    hole[rows, columns] = True
    return hole


def _period(phases: tuple[Map, ...], hole: Hole) -> float:
    slopes = [np.hypot(*np.gradient(each))[hole].mean() for each in phases]
    return float(1 / np.mean(slopes)) if slopes else math.nan
