"""Judge the fills of several contenders hole by hole, so that all of them are judged on the same holes.

A hole counts only where every contender has a usable fill. What has none is named in the result, or, unless that is
allowed, ends the evaluation before anything is filled. Runs on the thread that owns the engines.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lama_desktop.core.arrays import Image
from lama_desktop.errors import FileFormatError
from lama_desktop.evaluation.cases import Case
from lama_desktop.evaluation.dataset import Sample
from lama_desktop.evaluation.learned import Features
from lama_desktop.evaluation.metrics import EVALUATED, Measure
from lama_desktop.evaluation.sources import FolderSource, Source
from lama_desktop.progress import Progress

TRUTH = ""
"""Under this name the features of the truths are found; no contender has it."""
CHECKING = 0.05
"""Part of the time that looking at predictions takes beforehand."""
NAMED = 12
"""So many problems are told when they end an evaluation."""


class Learned(Protocol):
    """What networks have to say of a fill; see learned.py."""

    @property
    def measures(self) -> Mapping[str, Measure]:
        """Further measures by name."""
        ...

    @property
    def features(self) -> Features | None:
        """From a picture to the point that stands for it in FID; None where that is not asked for."""
        ...


@dataclass(frozen=True)
class Score:
    """One fill: whose, of which hole, in which picture, of which kind and area (0 to 1), and what it is worth.

    `values` are by the name of the measure; not a number where a measure has nothing to say. `seconds` is None where
    nobody knows.
    """

    contender: str
    sample: str
    picture: str
    kind: str
    area: float
    values: Mapping[str, float]
    seconds: float | None


@dataclass
class Judged:
    """All scores, hole by hole in the order of the contenders, and what is left out.

    `problems` has a sentence for everything that could not be used or is strange; `left_out` names the holes that do
    not count for any contender. `features` holds, by contender (TRUTH for the truths) and hole, the points that FID
    compares.
    """

    contenders: tuple[str, ...]
    measures: Mapping[str, Measure]
    scores: list[Score] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    features: dict[str, dict[str, NDArray[np.float32]]] = field(default_factory=dict)


def judge(
    samples: Sequence[Sample],
    sources: Mapping[str, Source],
    *,
    partial: bool = False,
    learned: Learned | None = None,
    progress: Progress | None = None,
) -> Judged:
    """Get every fill and judge it.

    Args:
        samples: the holes.
        sources: of the contenders, by name, in their order.
        partial: whether an evaluation of a part of the holes is wanted where something cannot be used. Photographs in
            which holes are drawn may always be left out, and are named; nobody needs a prediction for them.
        learned: measures by networks; None for none.
        progress: reports and stops.

    Raises:
        Cancelled: the user stopped it.
        FileFormatError: not one hole is left, or, without `partial`, something cannot be used; the sentence names it.
        LamaDesktopError: as Engine.inpaint.
    """
    progress = progress or Progress()
    extra = {} if learned is None else dict(learned.measures)
    judged = Judged(tuple(sources), EVALUATED | extra)
    features = None if learned is None else learned.features
    folders = {name: each for name, each in sources.items() if isinstance(each, FolderSource)}
    usable = list(samples)
    if folders:
        usable, is_complete = _usable(samples, list(folders.values()), judged, progress.stage(0, CHECKING))
        if not (is_complete or partial):
            _refuse(judged)
    work = progress.stage(CHECKING if folders else 0, 1)
    total, done = len(usable) * len(sources), 0
    for number, sample in enumerate(usable, 1):
        place = f"hole {number:,} of {len(usable):,}, {sample.name}"
        work(done / total, place)
        try:
            case = sample.read()
        except FileFormatError as error:
            _leave_out(judged, sample, str(error))
            if not (partial or sample.is_drawn):
                _refuse(judged)
            done += len(sources)
            continue
        if features is not None:
            judged.features.setdefault(TRUTH, {})[sample.name] = features(case.truth)
        for name, source in sources.items():
            stage = work.stage(done / total, (done + 1) / total)
            stage(0, f"{place}: {name}")
            fill, seconds = source.fill(case, stage)
            judged.scores.append(_score(name, sample, case, fill, seconds, judged.measures))
            if features is not None:
                judged.features.setdefault(name, {})[sample.name] = features(fill)
            done += 1
    if not judged.scores:
        reason = judged.problems[0] if judged.problems else "There are no holes."
        raise FileFormatError(f"Not one of the {len(samples)} holes can be judged. {reason}")
    progress(1, "judged")
    return judged


def _usable(
    samples: Sequence[Sample], folders: Sequence[FolderSource], judged: Judged, progress: Progress
) -> tuple[list[Sample], bool]:
    """Return the holes for which every folder has a prediction of the right size, and whether those are all there are.

    What is wrong with the rest is told. Everything is read once before the work begins: nobody wants to hear of a wrong
    size after a night of computing.
    """
    usable, there, is_complete = [], set(), True
    for index, sample in enumerate(samples):
        progress(index / len(samples), f"checking hole {index + 1:,} of {len(samples):,}, {sample.name}")
        try:
            case = sample.read()
        except FileFormatError as error:
            _leave_out(judged, sample, str(error))
            is_complete &= sample.is_drawn
            continue
        there.add(sample.name)
        try:
            for source in folders:
                source.fill(case, progress)
        except FileFormatError as error:
            # What is missing in a folder is told in one sentence below.
            _leave_out(judged, sample, str(error) if all(each.has(sample.name) for each in folders) else "")
            is_complete = False
        else:
            usable.append(sample)
    judged.problems[:0] = [said for each in folders for said in each.found.among(there).problems()]
    judged.problems += [said for each in folders for said in each.found.notes()]
    return usable, is_complete


def _leave_out(judged: Judged, sample: Sample, reason: str) -> None:
    judged.left_out.append(sample.name)
    if reason and reason not in judged.problems:
        judged.problems.append(reason)


def _refuse(judged: Judged) -> None:
    said = " ".join(judged.problems[:NAMED])
    more = f" And {len(judged.problems) - NAMED} more." if len(judged.problems) > NAMED else ""
    raise FileFormatError(f"{said}{more} Nothing was judged; --partial judges the holes that everybody has filled.")


def _score(
    contender: str, sample: Sample, case: Case, fill: Image, seconds: float | None, measures: Mapping[str, Measure]
) -> Score:
    values = {name: float(each.function(fill, case.truth, case.hole)) for name, each in measures.items()}
    return Score(contender, sample.name, sample.picture, sample.kind, float(case.hole.mean()), values, seconds)
