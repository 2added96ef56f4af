"""What numbers of many fills say together: means with their uncertainty, and whether one series beats another.

Several holes of one picture are no independent evidence, so pictures, not holes, are drawn again in every bootstrap,
and the tests count pictures. Everything random is seeded. Pure functions; any thread.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

RESAMPLES = 2000
CONFIDENCE = 0.95
DRAWN = 1 << 22
"""Numbers of a bootstrap that are in memory at once."""
EXACT = 25
"""Pairs up to which the Wilcoxon test counts all signs; beyond, the normal curve is as good."""


@dataclass(frozen=True)
class Summary:
    """A series of numbers: how many, from how many pictures, their mean, spread (standard deviation, n - 1) and the
    bounds between which the mean lies with a confidence of 95 %. Not a number where there are too few."""

    count: int
    pictures: int
    mean: float
    spread: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """How two series on the same holes differ, the first minus the second.

    `mean` with its bounds is in the unit of the series. `lower` is the part of the pictures on which the first is
    lower, ties counted half. `wilcoxon` and `sign` are two-sided p-values over pictures.
    """

    pictures: int
    mean: float
    low: float
    high: float
    lower: float
    wilcoxon: float
    sign: float

    @property
    def is_clear(self) -> bool:
        """Whether the bounds leave 0 out."""
        return self.low > 0 or self.high < 0


def summarize(values: Sequence[float], pictures: Sequence[str], seed: int = 0) -> Summary:
    """Describe a series; values that are not finite are left out, and not counted.

    The bounds are the percentiles of a bootstrap over pictures (Efron, Tibshirani 1993, chapter 13).

    Args:
        values: one per fill.
        pictures: of which picture each is a part.
        seed: of the bootstrap.
    """
    sums, counts = _by_picture(values, pictures)
    total = int(counts.sum())
    if not total:
        return Summary(0, 0, math.nan, math.nan, math.nan, math.nan)
    finite = np.array([value for value in values if math.isfinite(value)])
    spread = float(finite.std(ddof=1)) if total > 1 else math.nan
    low, high = _bounds(sums, counts, seed)
    return Summary(total, len(counts), float(sums.sum() / total), spread, low, high)


def compare(first: Sequence[float], second: Sequence[float], pictures: Sequence[str], seed: int = 0) -> Difference:
    """Compare two series hole by hole; holes where one of them is not finite are left out of both.

    Args:
        first, second: one value per hole, in the same order.
        pictures: of which picture each hole is a part.
        seed: of the bootstrap.
    """
    differences = np.asarray(first, np.float64) - np.asarray(second, np.float64)
    sums, counts = _by_picture(differences, pictures)
    if not len(counts):
        return Difference(0, math.nan, math.nan, math.nan, math.nan, math.nan, math.nan)
    low, high = _bounds(sums, counts, seed)
    means = sums / counts
    lower = float((means < 0).mean() + (means == 0).mean() / 2)
    return Difference(
        len(counts), float(sums.sum() / counts.sum()), low, high, lower, wilcoxon(means), sign_test(means)
    )


def wilcoxon(differences: Sequence[float] | Numbers) -> float:
    """Return the two-sided p-value of the signed-rank test that differences are symmetric about 0.

    Wilcoxon 1945; zeros are dropped and ties share their mean rank. With at most 25 differences all signs are counted,
    with ties, too; beyond, the normal approximation with the variance of the ranks themselves and a correction of one
    half for continuity.

    Returns:
        The p-value; 1 where every difference is 0; not a number where there is none.
    """
    values = np.asarray(differences, np.float64)
    if not len(values):
        return math.nan
    values = values[values != 0]
    if not len(values):
        return 1.0
    ranks = mean_ranks(np.abs(values))
    positive, middle = float(ranks[values > 0].sum()), float(ranks.sum() / 2)
    distance = abs(positive - middle)
    if len(values) <= EXACT:
        # Twice a rank is a whole number; the ways to reach each sum of ranks are a product of polynomials.
        ways = np.zeros(round(2 * ranks.sum()) + 1)
        ways[0] = 1
        for step in np.rint(2 * ranks).astype(int):
            ways[step:] += ways[:-step].copy()
        sums = np.arange(len(ways)) / 2
        return min(1.0, float(ways[np.abs(sums - middle) >= distance - 1e-9].sum() / ways.sum()))
    deviation = math.sqrt(float(np.square(ranks).sum()) / 4)
    return float(math.erfc(max(0.0, distance - 0.5) / deviation / math.sqrt(2)))


def sign_test(differences: Sequence[float] | Numbers) -> float:
    """Return the two-sided p-value of the sign test, exact; zeros are dropped.

    Returns:
        The p-value; 1 where every difference is 0; not a number where there is none.
    """
    values = np.asarray(differences, np.float64)
    if not len(values):
        return math.nan
    positive, count = int((values > 0).sum()), int((values != 0).sum())
    tail = sum(math.comb(count, hits) for hits in range(min(positive, count - positive) + 1))
    return float(min(1.0, 2 * (tail / 2**count)))


def holm(values: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number (Holm 1979), in the same order; what is not a number stays so."""
    corrected, least = [math.nan] * len(values), 0.0
    order = sorted((place for place, value in enumerate(values) if math.isfinite(value)), key=values.__getitem__)
    for done, place in enumerate(order):
        least = max(least, min(1.0, (len(order) - done) * values[place]))
        corrected[place] = least
    return corrected


def mean_ranks(values: Sequence[float] | Numbers) -> Numbers:
    """Return the rank of every value from 1 for the lowest; equal values share the mean of theirs."""
    array = np.asarray(values, np.float64)
    _, inverse, counts = np.unique(array, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2)[inverse], np.float64)


def _by_picture(values: Sequence[float] | Numbers, pictures: Sequence[str]) -> tuple[Numbers, Numbers]:
    """Return the sum and the number of finite values of every picture that has any, in the order of their names."""
    array = np.asarray(values, np.float64)
    finite = np.isfinite(array)
    if not finite.any():
        return np.zeros(0), np.zeros(0)
    _, places = np.unique(np.asarray(pictures)[finite], return_inverse=True)
    return np.asarray(np.bincount(places, array[finite]), np.float64), np.asarray(np.bincount(places), np.float64)


def _bounds(sums: Numbers, counts: Numbers, seed: int) -> tuple[float, float]:
    """Return the percentile bounds of the mean when pictures are drawn again."""
    if len(counts) < 2:
        return math.nan, math.nan
    random, chances = np.random.default_rng(seed), np.full(len(counts), 1 / len(counts))
    at_once = max(1, DRAWN // len(counts))
    means: list[float] = []
    for start in range(0, RESAMPLES, at_once):
        drawn = random.multinomial(len(counts), chances, min(at_once, RESAMPLES - start))
        means.extend((drawn @ sums) / (drawn @ counts))
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)
