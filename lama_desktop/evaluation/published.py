"""The published way to sum up: bins by the area of the hole, integral scores, and the Fréchet distance behind FID.

Suvorov et al. 2022 and Heusel et al. 2017. Pure functions of numbers, in float64; any thread. No torch.
"""

import math
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

BINS = 10
_EDGES = np.linspace(0, 1, BINS + 1)
"""Not all of them are the nearest number to their tenth: 0.3 lies below the published edge of the fourth bin."""
WORST_FID = 100.0
_SLACK = 1e-3

Numbers = NDArray[np.float64]


class EdgeRule(StrEnum):
    """Where an area exactly on an edge belongs: the tool that judges folders and the one in training disagree."""

    OFFLINE = "upper"
    ONLINE = "lower"


def area_bin(area: float, rule: EdgeRule = EdgeRule.OFFLINE) -> int:
    """Return the number of the bin, 0 to 9, of a hole that covers a part, 0 to 1, of its picture."""
    side = "right" if rule is EdgeRule.OFFLINE else "left"
    place = int(np.searchsorted(_EDGES, area, side=side)) - 1  # type: ignore[call-overload]
    return min(max(place, 0), BINS - 1)


def bin_name(number: int) -> str:
    """Return how the published tables call a bin: "0-10%"."""
    return f"{number * 100 // BINS}-{(number + 1) * 100 // BINS}%"


def integral_score(similarity: float, fid: float) -> float:
    """Return the number by which the published tools choose checkpoints; higher is better, 0 from an FID of 100 on.

    The harmonic mean of a similarity and of what is left of an FID of 100; a thousandth keeps the quotient from being
    0/0.

    Args:
        similarity: SSIM of whole pictures (`ssim_fid100_f1`), or 1 - LPIPS (`lpips_fid100_f1`).
        fid: Fréchet inception distance.
    """
    left = max(0.0, WORST_FID - fid) / WORST_FID
    return 2 * similarity * left / (similarity + left + _SLACK)


def frechet_distance(first: ArrayLike, second: ArrayLike) -> float:
    """Return the Fréchet distance of two normal distributions with the means and covariances of two clouds of points.

    Dowson, Landau 1982: |m1 - m2|² + tr(S1 + S2 - 2 √(S1 S2)). With centred points A and B over √(n - 1) the trace of
    the root is the sum of the singular values of A Bᵀ. No root of a matrix is taken, which the published tools do and
    which is unstable where there are fewer points than dimensions; elsewhere the numbers are equal.

    Args:
        first, second: (points, dimensions), two points or more each.

    Returns:
        The distance, squared as published, 0 or more; not a number where there are fewer than two points.
    """
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if min(len(a), len(b)) < 2:
        return math.nan
    mean_a, mean_b = a.mean(axis=0), b.mean(axis=0)
    a, b = _spread(a - mean_a), _spread(b - mean_b)
    cross = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    return max(0.0, float(np.square(mean_a - mean_b).sum() + np.square(a).sum() + np.square(b).sum() - 2 * cross))


def _spread(centred: Numbers) -> Numbers:
    """Return a root of the covariance with as few rows as it takes."""
    scaled = centred / math.sqrt(len(centred) - 1)
    return np.asarray(np.linalg.qr(scaled, mode="r")) if len(scaled) > scaled.shape[1] else scaled
