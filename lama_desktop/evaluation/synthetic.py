"""The synthetic suite: patterns with exact truth, filled at several sizes, to score continuation and transfer.

Every pattern is the same scene at every size, and the hole the same part of it, so what a model loses from 256 pixels
to 2048 is what it lacks in transfer. Runs on the thread that owns the engines.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np

from lama_desktop.core.arrays import Image
from lama_desktop.errors import SettingsError
from lama_desktop.evaluation.cases import Case
from lama_desktop.evaluation.continuation import NUMBERS, continuation
from lama_desktop.evaluation.metrics import MEASURES, log_ratio
from lama_desktop.evaluation.patterns import PATTERNS, Drawn, check_sizes
from lama_desktop.evaluation.sources import Source
from lama_desktop.progress import Progress

SIZES = (256, 512, 1024, 2048)
MOST_PSNR = 60.0
"""Decibels that a fill gets at most: some are perfect, and one of them would decide every mean."""
MEASURED = ("psnr", "ssim", "energy", "swd")
"""What of the measures of photographs is told of patterns, too."""


@dataclass(frozen=True)
class PatternScore:
    """One fill of a pattern: by whom, of which, at which size, and what it is worth.

    `values` are those of Continuation and of some of MEASURES, by name; not a number where one has nothing to say.
    """

    contender: str
    pattern: str
    size: int
    values: Mapping[str, float]
    seconds: float | None


class PatternResults:
    """All scores of the suite.

    Args:
        contenders, patterns, sizes: in the order in which they are shown.
        scores: of every one of their combinations.
    """

    def __init__(
        self,
        contenders: Sequence[str],
        patterns: Sequence[str],
        sizes: Sequence[int],
        scores: Sequence[PatternScore],
    ) -> None:
        self.contenders, self.patterns, self.sizes = tuple(contenders), tuple(patterns), tuple(sizes)
        self.scores = tuple(scores)

    @cached_property
    def _found(self) -> dict[tuple[str, str, int], PatternScore]:
        return {(each.contender, each.pattern, each.size): each for each in self.scores}

    def value(self, contender: str, pattern: str, size: int, name: str) -> float:
        """Return one number of one fill."""
        return float(self._found[contender, pattern, size].values[name])

    def mean(self, contender: str, size: int, name: str) -> float:
        """Return the mean of a number over the patterns for which it is one, of ratios the geometric one.

        Not a number if there is none.
        """
        values = [self.value(contender, pattern, size, name) for pattern in self.patterns]
        finite = [value for value in values if math.isfinite(value)]
        if not finite:
            return math.nan
        if name == "energy":
            return math.exp(np.mean([log_ratio(value) for value in finite]))
        return float(np.mean(finite))

    def transfer(self, contender: str, size: int, name: str) -> float:
        """Return what a mean is at a size more than at the smallest; 0 is perfect transfer."""
        return self.mean(contender, size, name) - self.mean(contender, self.sizes[0], name)

    def to_dict(self) -> dict[str, object]:
        """Return everything as plain values; numbers may be not a number."""
        names = (*NUMBERS, *MEASURED)
        means = [
            {"contender": each, "size": size}
            | {name: self.mean(each, size, name) for name in names}
            | {f"{name}_transfer": self.transfer(each, size, name) for name in names}
            for each in self.contenders
            for size in self.sizes
        ]
        return {"patterns": list(self.patterns), "means": means, "fills": [asdict(each) for each in self.scores]}


def judge_patterns(
    sources: Mapping[str, Source],
    sizes: Sequence[int] = SIZES,
    patterns: Sequence[str] = tuple(PATTERNS),
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> PatternResults:
    """Let every contender fill every pattern at every size, and judge the fills.

    Args:
        sources: of the contenders, by name.
        sizes: sides of the pictures, in pixels.
        patterns: names in PATTERNS.
        seed: of colours, angles, offsets and holes.
        progress: reports and stops.

    Raises:
        Cancelled: the user stopped it.
        SettingsError: there is no such pattern, or a size is too small or too large.
        LamaDesktopError: as Engine.inpaint.
    """
    progress = progress or Progress()
    for name in patterns:
        if name not in PATTERNS:
            raise SettingsError(f"There is no pattern called {name!r}: choose {', '.join(PATTERNS)}.")
    check_sizes(sizes)
    ordered = sorted(set(sizes))
    work = [(size, pattern) for size in ordered for pattern in patterns]
    total = sum(size * size for size, _ in work) * len(sources)
    scores, done = [], 0.0
    for size, pattern in work:
        drawn = PATTERNS[pattern].draw(size, seed)
        for name, source in sources.items():
            stage = progress.stage(done / total, (done + size * size) / total)
            stage(0, f"{pattern}, {size} pixels: {name}")
            fill, seconds = source.fill(pattern_case(pattern, size, drawn), stage)
            scores.append(PatternScore(name, pattern, size, _values(fill, drawn), seconds))
            done += size * size
    progress(1, "judged")
    return PatternResults(list(sources), patterns, ordered, scores)


def pattern_case(pattern: str, size: int, drawn: Drawn) -> Case:
    """Return a pattern as a case; its name has a folder of its own."""
    return Case(f"synthetic/{pattern}-{size}", drawn.picture, drawn.hole)


def pattern_pictures(
    results: PatternResults, sources: Mapping[str, Source], size: int, seed: int = 0
) -> Iterator[tuple[str, Drawn, Callable[[str], Image]]]:
    """Yield every pattern at a size: its name, the truth, and a function from a contender to its fill."""
    for pattern in results.patterns:
        drawn = PATTERNS[pattern].draw(size, seed)
        case = pattern_case(pattern, size, drawn)
        yield pattern, drawn, lambda name, case=case: sources[name].fill(case, Progress())[0]  # type: ignore[misc]


def _values(fill: Image, drawn: Drawn) -> dict[str, float]:
    measured = {name: MEASURES[name].function(fill, drawn.picture, drawn.hole) for name in MEASURED}
    measured["psnr"] = min(measured["psnr"], MOST_PSNR)
    return asdict(continuation(fill, drawn)) | measured
