"""Results: what the scores of an evaluation say, by contender, kind of hole and area, and who is better than whom.

The mean of ratios (gradient energy) is the geometric one, as its bounds are. Comparisons go hole by hole over what is
worse: how far a ratio is from 1, how low a similarity, how high a distance. Pure functions of the scores, seeded.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np

from lama_desktop.evaluation.judging import TRUTH, Judged, Score
from lama_desktop.evaluation.metrics import Better, Measure, log_ratio
from lama_desktop.evaluation.published import area_bin, bin_name, frechet_distance, integral_score
from lama_desktop.evaluation.statistics import CONFIDENCE, Difference, Summary, compare, holm, mean_ranks, summarize

ALL = "all"
TEXTURE = frozenset({"energy", "swd", "lpips"})
"""Measures that ask for the right kind of texture, wherever it lies; the others ask for each colour in its place."""


@dataclass(frozen=True)
class Group:
    """A part of the holes: all of them, those of a kind, or those of a range of areas ("all", "kind", "area")."""

    title: str
    by: str
    samples: frozenset[str]


@dataclass(frozen=True)
class Row:
    """One contender on one group.

    `summaries` are by measure. `seconds` is the median for a fill, None where nobody knows. `fid` and the integral
    scores are not a number where there are no features.
    """

    contender: str
    group: Group
    summaries: dict[str, Summary]
    seconds: float | None
    fid: float
    ssim_fid100_f1: float
    lpips_fid100_f1: float


@dataclass(frozen=True)
class Pair:
    """How `first` compares with `second` by a measure, over all holes.

    `difference` is of the badness, so that below 0 the first is better; `p` is that of the Wilcoxon test, corrected
    (Holm) for the number of pairs.
    """

    first: str
    second: str
    measure: str
    difference: Difference
    p: float

    @property
    def is_clear(self) -> bool:
        """Whether both the interval and the test say that one is better."""
        return self.difference.is_clear and self.p <= 1 - CONFIDENCE

    @property
    def better(self) -> tuple[str, str, float]:
        """Who is better, who is worse, and on which part of the pictures, 0 to 1, ties counted half."""
        if self.difference.mean <= 0:
            return self.first, self.second, self.difference.lower
        return self.second, self.first, 1 - self.difference.lower


@dataclass(frozen=True)
class Standing:
    """The mean rank of a contender over all holes by every measure, 1 is the best.

    `closeness` is the mean over the measures that ask for the right colour in its place, `texture` over those that ask
    for the right kind of texture, LPIPS among them. `overall` is the mean of both: there are more measures of the
    first sort, and all of them reward mush.
    """

    contender: str
    ranks: dict[str, float]
    closeness: float
    texture: float
    overall: float


class Results:
    """Everything that is told about an evaluation.

    Args:
        judged: the scores.
        seed: of all bootstraps.
    """

    def __init__(self, judged: Judged, seed: int = 0) -> None:
        self.judged = judged
        self.measures = judged.measures
        self.contenders = judged.contenders
        self._seed = seed
        self._of: dict[str, list[Score]] = {name: [] for name in judged.contenders}
        for score in judged.scores:
            self._of[score.contender].append(score)

    @cached_property
    def holes(self) -> list[Score]:
        """One score per hole, for what does not depend on the contender."""
        return self._of[self.contenders[0]]

    @cached_property
    def groups(self) -> list[Group]:
        """All holes first, then kinds, then areas; a single kind or area is not told apart from all."""
        found = [_group(ALL, ALL, self.holes)]
        kinds = list(dict.fromkeys(each.kind for each in self.holes))
        bins = sorted({area_bin(each.area) for each in self.holes})
        if len(kinds) > 1:
            found += [_group(kind, "kind", [each for each in self.holes if each.kind == kind]) for kind in kinds]
        if len(bins) > 1:
            for place in bins:
                found.append(
                    _group(bin_name(place), "area", [each for each in self.holes if area_bin(each.area) == place])
                )
        return found

    @cached_property
    def rows(self) -> list[Row]:
        """One per group and contender, in the order of both."""
        return [self._row(group, contender) for group in self.groups for contender in self.contenders]

    @cached_property
    def pairs(self) -> list[Pair]:
        """Every pair of contenders by every measure; empty with one contender."""
        return [pair for name in self.measures for pair in self._pairs(name)]

    @cached_property
    def standings(self) -> list[Standing]:
        """The contenders, best first overall; measures by which all are equal rank nobody."""
        if len(self.contenders) < 2:
            return []
        ranks = {name: self._mean_ranks(name) for name in self.measures}
        told = {name: each for name, each in ranks.items() if self._differ(name)} or ranks
        found = []
        for place, contender in enumerate(self.contenders):
            own = {name: float(each[place]) for name, each in told.items()}
            texture, closeness = (
                _mean([rank for name, rank in own.items() if (name in TEXTURE) is wanted]) for wanted in (True, False)
            )
            found.append(Standing(contender, own, closeness, texture, _mean([closeness, texture])))
        return sorted(found, key=lambda each: each.overall)

    def scores_of(self, contender: str) -> list[Score]:
        """Return the scores of a contender, in the order of the holes, which is the same for all."""
        return self._of[contender]

    def badness(self, measure: str, contender: str) -> list[float]:
        """Return how bad every fill of a contender is by a measure, in the order of the holes."""
        return [self.measures[measure].better.badness(each.values[measure]) for each in self._of[contender]]

    def _row(self, group: Group, contender: str) -> Row:
        scores = [each for each in self._of[contender] if each.sample in group.samples]
        summaries = {name: _summary(measure, name, scores, self._seed) for name, measure in self.measures.items()}
        seconds = [each.seconds for each in scores if each.seconds is not None]
        fid = self._fid(group, contender)
        similarity, distance = (
            summaries[name].mean if name in summaries else math.nan for name in ("ssim_whole", "lpips")
        )
        return Row(
            contender,
            group,
            summaries,
            float(np.median(seconds)) if len(seconds) == len(scores) else None,
            fid,
            integral_score(similarity, fid) if math.isfinite(fid) else math.nan,
            integral_score(1 - distance, fid) if math.isfinite(fid) else math.nan,
        )

    def _fid(self, group: Group, contender: str) -> float:
        clouds = [
            [point for sample, point in self.judged.features.get(name, {}).items() if sample in group.samples]
            for name in (TRUTH, contender)
        ]
        return frechet_distance(*clouds) if min(map(len, clouds)) > 1 else math.nan

    def _pairs(self, measure: str) -> Iterator[Pair]:
        pictures = [each.picture for each in self.holes]
        bad = {name: self.badness(measure, name) for name in self.contenders}
        named = list(combinations(self.contenders, 2))
        found = [compare(bad[first], bad[second], pictures, self._seed) for first, second in named]
        corrected = holm([each.wilcoxon for each in found])
        for (first, second), difference, p in zip(named, found, corrected, strict=True):
            yield Pair(first, second, measure, difference, p)

    def _differ(self, measure: str) -> bool:
        """Return whether a measure tells the contenders apart on any hole."""
        bad = np.array([self.badness(measure, name) for name in self.contenders])
        return bool((np.ptp(bad[:, np.isfinite(bad).all(axis=0)], axis=0) > 0).any())

    def _mean_ranks(self, measure: str) -> np.ndarray:
        bad = np.array([self.badness(measure, name) for name in self.contenders])
        known = np.isfinite(bad).all(axis=0)
        if not known.any():
            return np.full(len(self.contenders), math.nan)
        return np.asarray(np.mean([mean_ranks(column) for column in bad[:, known].T], axis=0))


def _mean(values: Sequence[float]) -> float:
    """Return the mean of what is finite; not a number where nothing is."""
    finite = [value for value in values if math.isfinite(value)]
    return sum(finite) / len(finite) if finite else math.nan


def _group(title: str, by: str, holes: Sequence[Score]) -> Group:
    return Group(title, by, frozenset(each.sample for each in holes))


def _summary(measure: Measure, name: str, scores: Sequence[Score], seed: int) -> Summary:
    pictures = [each.picture for each in scores]
    values = [each.values[name] for each in scores]
    if measure.better is not Better.ONE:
        return summarize(values, pictures, seed)
    found = summarize([log_ratio(value) for value in values], pictures, seed)
    spread = summarize(values, pictures, seed).spread
    mean, low, high = (math.exp(value) for value in (found.mean, found.low, found.high))
    return Summary(found.count, found.pictures, mean, spread, low, high)
