"""Exhibits: the pictures of an evaluation side by side, chosen by the numbers, as HTML. Pure functions of the fills."""

import html
import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from lama_desktop.core.arrays import Hole, Image
from lama_desktop.evaluation.dataset import Sample
from lama_desktop.evaluation.patterns import PATTERNS
from lama_desktop.evaluation.results import Results
from lama_desktop.evaluation.sources import Source
from lama_desktop.evaluation.synthetic import PatternResults, pattern_pictures
from lama_desktop.evaluation.tables import SHORT, number
from lama_desktop.page import embedded
from lama_desktop.progress import Progress

WORST, BEST, APART = 3, 2, 4
"""So many pictures are shown of each contender's worst and best, and of those on which contenders differ most."""
SIDE, QUALITY = 320, 84
"""The longest side of a picture on the page, in pixels, and its quality as a JPEG."""
MARGIN = 0.3
"""How much around a hole is shown, as a part of its longer side."""
BY = "swd"
"""What worst and best go by: the measure that agrees best with the eye."""
PAINT = (255, 64, 96)
TOLD = ("psnr", "swd", "energy")
"""What is written below a fill."""


def exhibits(results: Results, samples: Sequence[Sample], sources: Mapping[str, Source]) -> Iterator[tuple[str, str]]:
    """Yield headings, each with its rows of pictures: the truth, the hole, and the fill of every contender."""
    known = {sample.name: sample for sample in samples}
    bad = {name: _by_hole(results, name) for name in results.contenders}
    names = [score.sample for score in results.holes]
    places: dict[str, str] = {}

    def rows(chosen: Sequence[str]) -> str:
        found = []
        for name in chosen:
            if name in places:
                found.append(f'<p class="card"><a href="#{places[name]}">{html.escape(name)}</a> is shown above.</p>')
                continue
            places[name] = f"hole-{len(places)}"
            found.append(_row(results, known[name], sources, places[name]))
        return f'<div class="exhibits">{"".join(found)}</div>'

    title = results.measures[BY].title
    if len(results.contenders) > 1:
        apart = {name: np.ptp([bad[each][name] for each in results.contenders]) for name in names}
        finite = [name for name in names if math.isfinite(apart[name])]
        chosen = sorted(finite, key=lambda name: (-apart[name], name))[:APART]
        if chosen:
            yield f"Where they differ most <small>by {html.escape(title)}</small>", rows(chosen)
    for contender in results.contenders:
        ordered = sorted(
            (name for name in names if math.isfinite(bad[contender][name])), key=bad[contender].__getitem__
        )
        for label, chosen in (("Worst", ordered[: -WORST - 1 : -1]), ("Best", ordered[:BEST])):
            if chosen:
                note = f"<small>by {html.escape(title)}</small>"
                yield f"{label} of {html.escape(contender)} {note}", rows(chosen)


def pattern_exhibits(results: PatternResults, sources: Mapping[str, Source], seed: int) -> str:
    """Return the patterns at the largest size up to 512 pixels: the truth with its hole, and every fill."""
    size = max((size for size in results.sizes if size <= 512), default=results.sizes[0])
    rows = []
    for pattern, drawn, fill in pattern_pictures(results, sources, size, seed):
        part = _around(drawn.hole)
        cells = [_figure(_painted(drawn.picture, drawn.hole)[part], "hole", "")]
        for name in results.contenders:
            value = results.value(name, pattern, size, "continued")
            note = f"continued {number('continued', value)}" if math.isfinite(value) else ""
            if not note:
                note = f"spectrum {number('spectrum', results.value(name, pattern, size, 'spectrum'))}"
            cells.append(_figure(fill(name)[part], name, note))
        rows.append(_laid_out(PATTERNS[pattern].title, f"{size} pixels", cells, f"pattern-{pattern}"))
    return f'<div class="exhibits">{"".join(rows)}</div>'


def _row(results: Results, sample: Sample, sources: Mapping[str, Source], place: str) -> str:
    case = sample.read()
    part = _around(case.hole)
    cells = [_figure(case.truth[part], "truth", ""), _figure(_painted(case.truth, case.hole)[part], "hole", "")]
    for name in results.contenders:
        values = next(each.values for each in results.scores_of(name) if each.sample == sample.name)
        note = " · ".join(f"{SHORT[each]} {number(each, values[each])}" for each in TOLD)
        cells.append(_figure(sources[name].fill(case, Progress())[0][part], name, note))
    note = f"{case.hole.mean():.0%} of {case.hole.shape[1]} × {case.hole.shape[0]} pixels"
    return _laid_out(sample.name, note, cells, place)


def _laid_out(title: str, note: str, cells: Sequence[str], place: str) -> str:
    return (
        f'<article class="card" id="{place}"><h4>{html.escape(title)} <small>{html.escape(note)}</small></h4>'
        f'<div style="--columns:{len(cells)}">{"".join(cells)}</div></article>'
    )


def _figure(picture: Image, title: str, note: str) -> str:
    shown = embedded(np.ascontiguousarray(picture), SIDE, SIDE, QUALITY)
    about = f"<small>{html.escape(note)}</small>" if note else ""
    return (
        f'<figure><img src="{shown.uri}" width="{shown.width}" height="{shown.height}" alt="{html.escape(title)}">'
        f"<figcaption>{html.escape(title)}{about}</figcaption></figure>"
    )


def _painted(picture: Image, hole: Hole) -> Image:
    """Return a picture with its hole in a colour, and no trace of what is behind."""
    result = picture.copy()
    result[hole] = PAINT
    return result


def _around(hole: Hole) -> tuple[slice, slice]:
    """Return the rows and columns of a square around a hole, as far as the picture goes."""
    bounds = [(int(each.min()), int(each.max()) + 1) for each in np.nonzero(hole)]
    side = round(max(end - start for start, end in bounds) * (1 + 2 * MARGIN))
    parts = []
    for (start, end), length in zip(bounds, hole.shape, strict=True):
        low = min(max(0, (start + end - side) // 2), max(0, length - side))
        parts.append(slice(low, min(length, low + side)))
    return parts[0], parts[1]


def _by_hole(results: Results, contender: str) -> dict[str, float]:
    scores = results.scores_of(contender)
    return {score.sample: value for score, value in zip(scores, results.badness(BY, contender), strict=True)}
