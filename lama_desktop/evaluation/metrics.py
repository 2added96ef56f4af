"""What a fill is worth against the truth: five numbers taken inside the hole only, one around it, and the paper's SSIM.

PSNR, SSIM and L1 reward colours in their place, and with them smooth mush; the energy ratio and the sliced Wasserstein
distance ask whether the texture is of the right kind, wherever it lies. A fill that a person believes is bad in none.

Every function takes (H, W, 3) uint8 sRGB pictures, red first, and a hole, (H, W) bool with at least one pixel; nothing
is modified. Pure functions; any thread. No torch.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from lama_desktop.core.arrays import Colors, Hole, Image

Floats = NDArray[np.float32]

SSIM_WINDOW, SSIM_SIGMA = (11, 11), 1.5
SSIM_C1, SSIM_C2 = 6.5, 58.5
"""(0.01 × 255)² and (0.03 × 255)², rounded."""
PATCH, PYRAMID_LEVELS, SMALLEST_LEVEL = 7, 3, 24
RING = 16
"""How far from the hole the known picture counts as around it, in pixels."""
SMALLEST_RATIO = 1e-3
"""A flatter fill counts as this flat, so that one of them does not make every mean infinite."""
MOST_PATCHES, FEWEST_PATCHES, DIRECTIONS = 4096, 17, 128


def psnr(fill: Image, truth: Image, hole: Hole) -> float:
    """Return the peak signal-to-noise ratio in decibels, over all pixels and channels of the hole."""
    error = np.square(fill.astype(np.float64) - truth).mean(axis=-1)[hole].mean()
    return float(10 * np.log10(255**2 / max(1e-9, error)))


def ssim(fill: Image, truth: Image, hole: Hole) -> float:
    """Return the structural similarity of the grey pictures: 1 is equal.

    Wang, Bovik, Sheikh, Simoncelli 2004, equation 13, Gaussian window of 11 pixels; the mean of the map over the hole,
    so that windows at its edge see the known picture, too.
    """
    x, y = _grey(fill), _grey(truth)
    mean_x, mean_y = _window_mean(x), _window_mean(y)
    variance_x = _window_mean(x * x) - mean_x * mean_x
    variance_y = _window_mean(y * y) - mean_y * mean_y
    covariance = _window_mean(x * y) - mean_x * mean_y
    likeness = (2 * mean_x * mean_y + SSIM_C1) * (2 * covariance + SSIM_C2)
    bound = (mean_x * mean_x + mean_y * mean_y + SSIM_C1) * (variance_x + variance_y + SSIM_C2)
    return float((likeness / bound)[hole].mean())


def ssim_published(fill: Colors, truth: Colors) -> float:
    """Return the structural similarity of two whole pictures as the paper's tables and training logs give it.

    Per colour channel, Gaussian window of 11 pixels, black beyond the border, unrounded constants, mean over all
    channels and pixels: what lies outside the hole counts, so a small hole scores high whatever fills it.

    Args:
        fill, truth: (H, W, 3) float32 0..1, any order of channels.
    """

    def mean(values: Floats) -> Floats:
        return cv2.GaussianBlur(values, SSIM_WINDOW, SSIM_SIGMA, borderType=cv2.BORDER_CONSTANT).astype(np.float32)

    mean_x, mean_y = mean(fill), mean(truth)
    variance_x, variance_y = mean(fill * fill) - mean_x * mean_x, mean(truth * truth) - mean_y * mean_y
    covariance = mean(fill * truth) - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    likeness = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    return float((likeness / ((mean_x * mean_x + mean_y * mean_y + c1) * (variance_x + variance_y + c2))).mean())


def l1(fill: Image, truth: Image, hole: Hole) -> float:
    """Return the mean absolute difference over all pixels and channels of the hole; 1 is white against black."""
    return float(np.abs(fill[hole].astype(np.float32) - truth[hole]).mean() / 255)


def l1_around(fill: Image, truth: Image, hole: Hole) -> float:
    """Return the mean absolute difference over the known pixels around the hole; 1 is white against black.

    0 for whoever leaves known pixels alone, as a fill by this program without growing does; not a number where the hole
    is everywhere.
    """
    reach = np.ones((2 * RING + 1, 2 * RING + 1), np.uint8)
    around = (cv2.dilate(hole.astype(np.uint8), reach) > 0) & ~hole
    return l1(fill, truth, around) if around.any() else math.nan


def ssim_whole(fill: Image, truth: Image, hole: Hole) -> float:
    """Return `ssim_published` of 8-bit pictures; the hole does not count."""
    return ssim_published(fill.astype(np.float32) / np.float32(255), truth.astype(np.float32) / np.float32(255))


def energy_ratio(fill: Image, truth: Image, hole: Hole) -> float:
    """Return the gradient energy of the fill as a part of the truth's: 1 is as rough, 0 is flat.

    The energy is the mean square of the two Sobel derivatives of the grey picture. Ours; a plain statistic.
    """
    return _gradient_energy(fill, hole) / max(1e-6, _gradient_energy(truth, hole))


def sliced_wasserstein(fill: Image, truth: Image, hole: Hole, seed: int = 0) -> float:
    """Return how far the texture of the fill is from the truth's, wherever in the hole it lies: 0 is equal.

    Karras, Aila, Laine, Lehtinen 2018, section 5: patches of 7 × 7 pixels from every level of a Laplacian pyramid, as
    two clouds of points; both are projected on random directions, sorted, and compared; the mean over the levels.
    We differ: one picture is compared with its own truth, the patches are those whose centre lies in the hole, and
    nothing is normalised, so that the unit is a step of 1/255.

    Args:
        fill, truth, hole: see above.
        seed: chooses the patches, where there are too many, and the directions.

    Returns:
        The distance; not a number where the hole is too small to hold patches.
    """
    random = np.random.default_rng(seed)
    # Blue first, so that the numbers are those of tools that let OpenCV read the files.
    x, y = (np.ascontiguousarray(each[..., ::-1], dtype=np.float32) for each in (fill, truth))
    level, distances, rim = hole.astype(np.uint8), [], PATCH // 2
    for _ in range(PYRAMID_LEVELS):
        if min(level.shape) < SMALLEST_LEVEL:
            break
        small_x, small_y = _halved(x), _halved(y)
        rows, columns = np.nonzero(level[rim:-rim, rim:-rim])
        if len(rows) >= FEWEST_PATCHES:
            chosen = random.choice(len(rows), min(MOST_PATCHES, len(rows)), replace=False)
            directions = random.standard_normal((PATCH * PATCH * 3, DIRECTIONS)).astype(np.float32)
            directions /= np.linalg.norm(directions, axis=0)
            sorted_x, sorted_y = (
                np.sort(_patches(_band(large, small), rows[chosen], columns[chosen]) @ directions, axis=0)
                for large, small in ((x, small_x), (y, small_y))
            )
            distances.append(float(np.abs(sorted_x - sorted_y).mean()))
        x, y = small_x, small_y
        level = cv2.resize(level, (x.shape[1], x.shape[0]), interpolation=cv2.INTER_NEAREST).astype(np.uint8)
    return float(np.mean(distances)) if distances else math.nan


class Better(StrEnum):
    """Which values of a measure are the better ones."""

    HIGHER = "higher"
    LOWER = "lower"
    ONE = "nearer to 1"

    def badness(self, value: float) -> float:
        """Return a number that is lower for better values, always finite; not a number for what is none.

        For a ratio it is the distance from 1 on a logarithmic scale, 0.69 for half and for double.
        """
        if not math.isfinite(value):
            return math.nan
        if self is Better.ONE:
            return abs(log_ratio(value))
        return value if self is Better.LOWER else -value


def log_ratio(value: float) -> float:
    """Return the logarithm of a ratio, or that of SMALLEST_RATIO where it is smaller."""
    return math.log(max(value, SMALLEST_RATIO))


@dataclass(frozen=True)
class Measure:
    """A number that tells what a fill is worth: how it is called, computed and compared."""

    title: str
    better: Better
    function: Callable[[Image, Image, Hole], float]


MEASURES: dict[str, Measure] = {
    "psnr": Measure("PSNR", Better.HIGHER, psnr),
    "ssim": Measure("SSIM", Better.HIGHER, ssim),
    "l1": Measure("L1", Better.LOWER, l1),
    "energy": Measure("Energy ratio", Better.ONE, energy_ratio),
    "swd": Measure("Texture distance (SWD)", Better.LOWER, sliced_wasserstein),
}
"""What is asked of every fill in training, too; all inside the hole."""

EVALUATED: dict[str, Measure] = MEASURES | {
    "l1_around": Measure("L1 around the hole", Better.LOWER, l1_around),
    "ssim_whole": Measure("SSIM as published", Better.HIGHER, ssim_whole),
}
"""What an evaluation tells, too: what became of the known picture, and the paper's number for all of it."""


def _grey(picture: Image) -> Floats:
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)


def _window_mean(values: Floats) -> Floats:
    return cv2.GaussianBlur(values, SSIM_WINDOW, SSIM_SIGMA).astype(np.float32)


def _gradient_energy(picture: Image, hole: Hole) -> float:
    grey = _grey(picture)
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    return float((across**2 + down**2)[hole].mean())


def _halved(values: Floats) -> Floats:
    return cv2.pyrDown(values).astype(np.float32, copy=False)


def _band(large: Floats, small: Floats) -> Floats:
    """Return the level of a Laplacian pyramid between two of a Gaussian one."""
    return (large - cv2.pyrUp(small, dstsize=(large.shape[1], large.shape[0]))).astype(np.float32)


def _patches(band: Floats, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Floats:
    """Return the patches with these top left corners, one per row."""
    views = sliding_window_view(band, (PATCH, PATCH), axis=(0, 1))[rows, columns]
    return views.transpose(0, 2, 3, 1).reshape(len(rows), -1)
