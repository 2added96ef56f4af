"""Report: what an evaluation leaves in its folder: one HTML page, complete in itself, one JSON document, and tables.

report.html       intervals, ranks, kinds, areas, pictures, patterns; see page.py
evaluation.json   all numbers
scores.tsv        one line per fill
summary.tsv       one line per group of holes, contender and measure
fills/            the fills of models, which a later evaluation into this folder takes; see sources.py
"""

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lama_desktop.errors import FileFormatError
from lama_desktop.evaluation import figures
from lama_desktop.evaluation.dataset import Sample
from lama_desktop.evaluation.exhibits import exhibits, pattern_exhibits
from lama_desktop.evaluation.results import Results
from lama_desktop.evaluation.sources import Source
from lama_desktop.evaluation.synthetic import PatternResults
from lama_desktop.evaluation.tables import cleaned, scores_tsv, summary_tsv, to_dict
from lama_desktop.formats import atomic
from lama_desktop.formats.base import shown
from lama_desktop.page import page, section

REPORT, DOCUMENT, SCORES, SUMMARY = "report.html", "evaluation.json", "scores.tsv", "summary.tsv"
MOST_PROBLEMS = 500
FID_NEEDS = 2048
"""Pictures below which a covariance of 2048 numbers is not full, and an FID too high."""


@dataclass(frozen=True)
class Evaluation:
    """An evaluation that is done: what was asked for (plain values), its results, and where the pictures come from.

    One of `results` (photographs) and `patterns` (the synthetic suite) may be None.
    """

    asked: Mapping[str, Any]
    results: Results | None
    patterns: PatternResults | None
    samples: Sequence[Sample]
    sources: Mapping[str, Source]
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """Return all numbers as plain JSON values."""
        document: dict[str, Any] = {"evaluation": dict(self.asked)}
        if self.results is not None:
            document |= to_dict(self.results)
        if self.patterns is not None:
            document["synthetic"] = cleaned(self.patterns.to_dict())
        return document


def write_evaluation(folder: Path, evaluation: Evaluation) -> Path:
    """Write page, document and tables into a folder; older ones are replaced, each in one step.

    Returns:
        The path of the page.

    Raises:
        FileFormatError: the disk refuses.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileFormatError(f"{shown(folder)} cannot be made: {error.strerror or error}.") from error
    texts = {DOCUMENT: json.dumps(evaluation.to_dict(), indent=1), REPORT: _page(evaluation, folder)}
    if evaluation.results is not None:
        texts |= {SCORES: scores_tsv(evaluation.results), SUMMARY: summary_tsv(evaluation.results)}
    for name, text in texts.items():
        atomic.replace(folder / name, text.encode("utf-8", "replace"))
    return folder / REPORT


def _page(evaluation: Evaluation, folder: Path) -> str:
    title = folder.resolve().name
    parts = [_header(evaluation, title)]
    if evaluation.results is not None:
        parts += _photographs(evaluation.results, evaluation)
    if evaluation.patterns is not None:
        parts += _synthetic(evaluation.patterns, evaluation)
    parts.append(section("How it was made", "", _settings(evaluation.asked)))
    moment = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    return page(f"{title} – evaluation", "".join(parts), moment, ["report.css", "evaluation.css"])


def _header(evaluation: Evaluation, title: str) -> str:
    about = []
    if evaluation.results is not None:
        holes = evaluation.results.holes
        about.append(f"{len(holes):,} holes in {len({each.picture for each in holes}):,} pictures")
    if evaluation.patterns is not None:
        sizes = ", ".join(map(str, evaluation.patterns.sizes))
        about.append(f"{len(evaluation.patterns.patterns)} patterns at {sizes} pixels")
    names = " · ".join(html.escape(each["name"]) for each in evaluation.asked["contenders"])
    basis = f"<p>{html.escape(said)}</p>" if (said := evaluation.asked.get("basis")) else ""
    return f"<header><h1>{html.escape(title)}</h1><p>{names}</p><p>{' · '.join(about)}</p>{basis}</header>"


def _photographs(results: Results, evaluation: Evaluation) -> list[str]:
    problems = results.judged.problems
    few = any(row.fid == row.fid for row in results.rows) and len(results.holes) < FID_NEEDS
    bias = (
        f"; FID of fewer than {FID_NEEDS:,} pictures is too high, and comparable within this page only" if few else ""
    )
    shown_pictures = "".join(
        f"<h3>{heading}</h3>{rows}" for heading, rows in exhibits(results, evaluation.samples, evaluation.sources)
    )
    return [
        _left_out(problems, results.judged.left_out),
        section(
            "At a glance",
            f"means inside the hole, with 95&nbsp;% intervals over pictures{bias}",
            figures.glance(results) + _seconds(results),
        ),
        section(
            "Ranks",
            "mean rank over the holes, 1 is best; overall is the mean of closeness and texture (energy, SWD, LPIPS)",
            figures.standings(results),
        ),
        section(
            "Pairs",
            "who is better on the same holes, and on which part of the pictures; p of the signed-rank test, corrected",
            figures.pairs(results),
        ),
        section("By kind of hole", "", figures.groups(results, "kind")),
        section("By area of the hole", "as a part of the picture", figures.groups(results, "area")),
        section("Pictures", "", shown_pictures),
    ]


def _synthetic(patterns: PatternResults, evaluation: Evaluation) -> list[str]:
    able = {name: evaluation.sources[name] for name in patterns.contenders}
    repeats = figures.by_pattern(patterns, "continued")
    return [
        section(
            "Patterns", "means by size, in pixels; the scene is the same at every size", figures.transfer(patterns)
        ),
        section("Pattern continued", "1 goes on, 0 is absent or out of step", repeats),
        section("Patterns, filled", "", pattern_exhibits(patterns, able, evaluation.seed)),
    ]


def _seconds(results: Results) -> str:
    rows = [row for row in results.rows if row.group == results.groups[0] and row.seconds is not None]
    told = " · ".join(f"{html.escape(row.contender)} {row.seconds:.2f}&nbsp;s" for row in rows)
    return f'<p class="secondary">Median time of a fill: {told}</p>' if told else ""


def _left_out(problems: Sequence[str], left_out: Sequence[str]) -> str:
    if not problems and not left_out:
        return ""
    listed = "".join(f"<li>{html.escape(each)}</li>" for each in problems[:MOST_PROBLEMS])
    more = f"<li>and {len(problems) - MOST_PROBLEMS:,} more</li>" if len(problems) > MOST_PROBLEMS else ""
    many = "1 hole counts for nobody" if len(left_out) == 1 else f"{len(left_out):,} holes count for nobody"
    what = many if left_out else "All holes count, but look at this"
    return f'<details class="card warning"><summary>{what}</summary><ul>{listed}{more}</ul></details>'


def _settings(asked: Mapping[str, Any]) -> str:
    rows = [(key.replace("_", " "), _said(value)) for key, value in asked.items() if key not in ("contenders", "basis")]
    for each in asked["contenders"]:
        source = each["predictions"] or f"{each['model']}, {_said(each['options'])}"
        rows.append((each["name"], source))
    lines = "".join(
        f"<tr><th>{html.escape(str(key))}</th><td>{html.escape(value)}</td></tr>" for key, value in rows if value
    )
    return f'<div class="card wide"><table class="settings">{lines}</table></div>'


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key.replace('_', ' ')} {_said(each) or 'off'}" for key, each in value.items())
    if isinstance(value, bool):
        return "on" if value else ""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
