"""The report of a run: one HTML page that shows its state, curves, pictures and configuration.

The page needs nothing but itself: styles, script, curves and pictures are inside, and nothing is asked of any server.
While the run goes on, an open page loads itself again now and then and stays where it was scrolled to. It is made anew
from the files of the run (`log.jsonl`, `recipe.toml`, the sheets), so that it can be made for a run of long ago, too.
"""

import html
import math
import statistics
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from lama_desktop import options
from lama_desktop.evaluation.metrics import MEASURES, Better
from lama_desktop.formats import atomic
from lama_desktop.page import compact, embedded, figure, page, section
from lama_desktop.training.charts import Curve, chart
from lama_desktop.training.config import TrainConfig
from lama_desktop.training.log import Entry, History, Kind, State

REPORT, RECIPE = "report.html", "recipe.toml"
MOST_SHEETS = 8
"""Sheets on the page: the first, the latest, and some between."""
SHEET_WIDTH, SHEET_HEIGHT, SHEET_QUALITY = 960, 4096, 78
MOST_NOTES, MOST_BROKEN = 100, 500

GROUPS: tuple[tuple[str, Mapping[str, str]], ...] = (
    ("Generator loss", {"total": "total"}),
    ("L1", {"l1": "l1"}),
    ("Adversarial", {"adversarial": "adversarial"}),
    ("Feature matching", {"feature_matching": "feature matching"}),
    ("Perceptual", {"perceptual": "perceptual"}),
    ("Discriminator loss", {"discriminator": "discriminator"}),
    ("Gradient penalty (R1)", {"penalty": "penalty"}),
    ("Discriminator's scores", {"score_real": "photographs", "score_fake": "fills"}),
    ("Gradient norms", {"generator_gradient": "generator", "discriminator_gradient": "discriminator"}),
)
"""Charts of the training: title, and the curves in it by the name of their figure. Other figures get charts of their
own."""


def write_report(folder: Path) -> Path:
    """Write `report.html` into the folder of a run; an older one is replaced in one step.

    Returns:
        Its path.

    Raises:
        FileFormatError: it could not be written.
        OSError: the log cannot be read.
    """
    page = _page(History.read(folder), folder)
    atomic.replace(folder / REPORT, page.encode("utf-8", "replace"))
    return folder / REPORT


def duration(seconds: float) -> str:
    """Return a time span as people say it: "45 s", "12 min", "4 h 12 min", "3 d 4 h"."""
    minutes = round(seconds / 60)
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    hours = round(seconds / 3600)
    return f"{hours // 24} d {hours % 24} h"


def _page(run: History, folder: Path) -> str:
    config = _config(folder)
    name = str(config.get("run.name") or folder.resolve().name)
    parts = [
        _header(run, folder, name),
        _overview(run),
        section("Validation", "on held-back pictures, inside the hole", _charts(_validation_charts(run))),
        section("Training", "means between records; losses are weighted as in the sum", _charts(_training_charts(run))),
        section("Pictures", "by step", _sheets(run, folder)),
        section("What happened", "the latest first", _happened(run)),
        section("Broken pictures", "", _broken(run)),
        section("Configuration", "coloured where it is not the default", _configuration(config)),
    ]
    heard = run.entries[-1].time if run.entries else 0.0
    refresh = '<noscript><meta http-equiv="refresh" content="60"></noscript>' if run.state is State.RUNNING else ""
    state = f'data-state="{run.state}" data-heard="{heard:.0f}" data-patience="{run.patience:.0f}"'
    title, footer = f"{name} – {run.state}", f"As of {_time(heard)}"
    return page(title, "".join(parts), footer, ["report.css"], "report.js", head=refresh, body=state)


def _header(run: History, folder: Path, name: str) -> str:
    start = next((each.time for each in run.entries), None)
    about = [html.escape(folder.resolve().name), *([f"since {_time(start)}"] if start is not None else [])]
    return (
        f'<header><h1>{html.escape(name)}</h1><span class="state {run.state}">{run.state}</span>'
        f"<p>{' · '.join(about)}</p></header>"
    )


def _overview(run: History) -> str:
    share = run.step / run.steps if run.steps else 0.0
    figures = [("Step", f"{run.step:,}", f"of {run.steps:,}, {share:.1%}")]
    records = run.of(Kind.TRAIN)
    if run.state is State.RUNNING:
        left = records[-1].seconds_left if records else None
        figures.append(("Time left", "–" if left is None else duration(left), f"{duration(run.seconds)} so far"))
    else:
        figures.append(("Took", duration(run.seconds), ""))
    speeds = [each.images_per_second for each in records[-31:] if each.images_per_second is not None]
    if speeds:
        figures.append(("Pictures/s", compact(statistics.median(speeds)), "lately"))
    figures += [(title, value, f"best {best}") for title, value, best in _latest(run)]
    shown = "".join(
        f"<div><dt>{html.escape(title)}</dt><dd>{value}<small>{note}</small></dd></div>"
        for title, value, note in figures
    )
    failure = f'<p class="failure card">{html.escape(run.failure)}</p>' if run.failure else ""
    return (
        f'<section class="overview card"><div class="bar"><i style="width:{share:.2%}"></i></div>'
        f'<dl class="figures">{shown}</dl></section>{failure}'
    )


def _latest(run: History) -> Iterator[tuple[str, str, str]]:
    """Yield title, latest value and best value with its step, of every measure that was validated."""
    found = run.of(Kind.VALIDATION)
    for name, measure in MEASURES.items():
        known = [(each.values[name], each.step) for each in found if math.isfinite(each.values.get(name, math.nan))]
        if known:
            value, step = min(known, key=lambda pair: measure.better.badness(pair[0]))
            title = measure.title.removesuffix(" (SWD)")
            yield title, figure(known[-1][0]), f"{figure(value)} at {compact(step)}"


def _validation_charts(run: History) -> Iterator[str]:
    found = run.of(Kind.VALIDATION)
    for name in _names(found):
        measure = MEASURES.get(name)
        curve = Curve(name, [each.step for each in found], [each.values.get(name, math.nan) for each in found])
        target = 1.0 if measure is not None and measure.better is Better.ONE else None
        title = _words(name) if measure is None else measure.title
        note = "" if measure is None else f"{measure.better} is better"
        yield _plot(title, note, [curve], chart([curve], run.steps, noisy=False, target=target))


def _training_charts(run: History) -> Iterator[str]:
    found = run.of(Kind.TRAIN)
    steps = [each.step for each in found]
    names = _names(found)
    grouped = {name for _, curves in GROUPS for name in curves}
    groups = [*GROUPS, *((_words(name), {name: _words(name)}) for name in names if name not in grouped)]
    for title, members in groups:
        curves = [
            Curve(member, steps, [each.values.get(name, math.nan) for each in found])
            for name, member in members.items()
            if name in names
        ]
        if curves:
            yield _plot(title, "", curves, chart(curves, run.step, noisy=True))
    speed = Curve("pictures", steps, [each.images_per_second or math.nan for each in found])
    yield _plot("Pictures per second", "", [speed], chart([speed], run.step, noisy=True))


def _plot(title: str, note: str, curves: Sequence[Curve], drawn: str) -> str:
    if not drawn:
        return ""
    shown, step = [], 0
    for index, curve in enumerate(curves):
        finite = [(step, value) for step, value in zip(curve.steps, curve.values, strict=True) if math.isfinite(value)]
        step, value = finite[-1] if finite else (step, math.nan)
        swatch = f'<i class="c{index}"></i>{html.escape(curve.title)} ' if len(curves) > 1 else ""
        shown.append(f"<span>{swatch}<b>{figure(value)}</b></span>")
    return (
        f'<figure class="plot card"><figcaption><h3>{html.escape(title)}</h3><em>step {step:,}</em>'
        f"<small>{html.escape(note)}</small><p>{''.join(shown)}</p></figcaption>{drawn}</figure>"
    )


def _charts(plots: Iterable[str]) -> str:
    drawn = "".join(plots)
    return f'<div class="charts">{drawn}</div>' if drawn else ""


def _sheets(run: History, folder: Path) -> str:
    found = [each for each in run.of(Kind.VALIDATION) if each.sheet and (folder / each.sheet).is_file()]
    places = np.linspace(0, len(found) - 1, min(len(found), MOST_SHEETS)).round().astype(int)
    chosen = [found[place] for place in dict.fromkeys(places)]
    shown = [(each, picture) for each in chosen if (picture := _picture(folder / each.sheet))]
    if not shown:
        return ""
    parts = []
    for index, (each, (uri, width, height)) in enumerate(shown):
        figures = " · ".join(
            f"{MEASURES[name].title if name in MEASURES else _words(name)} <b>{figure(value)}</b>"
            for name, value in each.values.items()
        )
        checked = " checked" if index == len(shown) - 1 else ""
        parts.append(
            f'<input type="radio" name="sheet" id="sheet-{each.step}"{checked}>'
            f'<label for="sheet-{each.step}">{each.step:,}</label><figure><figcaption>{figures}</figcaption>'
            f'<img src="{uri}" width="{width}" height="{height}" alt="Input, result and truth at step {each.step:,}">'
            "</figure>"
        )
    return f'<div class="sheets card">{"".join(parts)}</div>'


def _picture(path: Path) -> tuple[str, int, int] | None:
    """Return a sheet as a data URI, no larger than is looked at, with its width and height; None if unreadable."""
    try:
        stat = path.stat()
        return _encoded(path, stat.st_mtime_ns, stat.st_size)
    except (OSError, cv2.error):
        return None


@lru_cache(maxsize=2 * MOST_SHEETS)
def _encoded(path: Path, changed: int, size: int) -> tuple[str, int, int] | None:
    """Do the work of `_picture` once for every state of a file; a report shows most of its sheets again and again."""
    picture = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        return None
    shown = embedded(np.ascontiguousarray(picture[..., ::-1]), SHEET_WIDTH, SHEET_HEIGHT, SHEET_QUALITY)
    return shown.uri, shown.width, shown.height


def _happened(run: History) -> str:
    rows = [(each, text) for each in run.entries if (text := _sentence(each))]
    shown = "".join(
        f"<tr><td>{_time(each.time)}</td><td>step {each.step:,}</td><td>{html.escape(text)}</td></tr>"
        for each, text in rows[: -MOST_NOTES - 1 : -1]
    )
    return f'<div class="happened card"><table>{shown}</table></div>'


def _sentence(entry: Entry) -> str:
    if entry.kind is Kind.START:
        return f"Continued from step {entry.step:,}." if entry.step else "Started."
    if entry.kind is Kind.END:
        return f"{str(entry.state or '').capitalize()}. {entry.text}".strip()
    return entry.text if entry.kind is Kind.NOTE else ""


def _broken(run: History) -> str:
    names = list(dict.fromkeys(name for each in run.of(Kind.BROKEN) for name in each.names))
    if not names:
        return ""
    listed = "".join(f"<li>{html.escape(name)}</li>" for name in names[:MOST_BROKEN])
    more = f"<li>and {len(names) - MOST_BROKEN:,} more; all are in log.jsonl</li>" if len(names) > MOST_BROKEN else ""
    count = "1 picture" if len(names) == 1 else f"{len(names):,} pictures"
    return (
        f'<details class="card"><summary>{count} could not be used and '
        f"{'was' if len(names) == 1 else 'were'} skipped</summary><ul>{listed}{more}</ul></details>"
    )


def _config(folder: Path) -> dict[str, Any]:
    """Return the configuration of the run by dotted names; empty where there is none."""
    try:
        return dict(_dotted(tomllib.loads((folder / RECIPE).read_text(encoding="utf-8")), ""))
    except (OSError, ValueError):
        return {}


def _dotted(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _dotted(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _configuration(config: Mapping[str, Any]) -> str:
    if not config:
        return ""
    known, defaults = options.tree_options(TrainConfig), options.flatten(TrainConfig())
    sections: dict[str, list[str]] = {}
    for name, value in config.items():
        group, _, key = name.rpartition(".")
        changed = ' class="changed"' if name in defaults and value != defaults[name] else ""
        about = f' title="{html.escape(known[name].help)}"' if name in known else ""
        shown = ", ".join(map(_shown, value)) if isinstance(value, list) else _shown(value)
        sections.setdefault(group, []).append(
            f"<tr{changed}{about}><td>{html.escape(_words(key))}</td><td>{html.escape(shown) or '–'}</td></tr>"
        )
    tables = "".join(
        f'<section class="card"><h3>{html.escape(title or "general")}</h3><table>{"".join(rows)}</table></section>'
        for title, rows in sections.items()
    )
    return f'<div class="config">{tables}</div>'


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:,}" if isinstance(value, int) else f"{value:g}" if isinstance(value, float) else str(value)


def _names(entries: Sequence[Entry]) -> list[str]:
    return list(dict.fromkeys(name for each in entries for name in each.values))


def _words(name: str) -> str:
    return name.replace("_", " ")


def _time(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return f'<time datetime="{moment:%Y-%m-%dT%H:%M:%SZ}">{moment:%Y-%m-%d %H:%M} UTC</time>'
