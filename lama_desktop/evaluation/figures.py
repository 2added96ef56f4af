"""Figures: the numbers of an evaluation as HTML, intervals drawn on a common scale. Pure functions."""

import html
import math
from collections.abc import Iterable, Iterator, Sequence

from lama_desktop.evaluation.continuation import NUMBERS
from lama_desktop.evaluation.metrics import MEASURES, Better, Measure
from lama_desktop.evaluation.patterns import PATTERNS
from lama_desktop.evaluation.results import ALL, Group, Pair, Results, Row
from lama_desktop.evaluation.synthetic import MEASURED, PatternResults
from lama_desktop.evaluation.tables import SHORT, number, p_value

MARGIN = 0.06
"""Part of a scale that stays free at both ends."""


def glance(results: Results) -> str:
    """Return a card per measure, with the mean and its interval for every contender, over all holes."""
    rows = [row for row in results.rows if row.group.by == ALL]
    cards = [_card(name, measure, rows) for name, measure in results.measures.items() if _is_told(name, rows)]
    if any(math.isfinite(row.fid) for row in rows):
        cards.append(_fid_card(rows))
    return f'<div class="charts">{"".join(cards)}</div>'


def standings(results: Results) -> str:
    """Return the table of mean ranks; nothing with one contender."""
    if not results.standings:
        return ""
    names = list(results.standings[0].ranks)
    best = {name: min(each.ranks[name] for each in results.standings) for name in names}
    head = "".join(f"<th>{SHORT.get(name, name)}</th>" for name in names)
    lines = []
    for each in results.standings:
        cells = "".join(_cell(f"{each.ranks[name]:.2f}", each.ranks[name] == best[name]) for name in names)
        means = (
            f"{value:.2f}" if math.isfinite(value) else "–" for value in (each.closeness, each.texture, each.overall)
        )
        told = "".join(f"<td>{mean}</td>" for mean in means)
        lines.append(f"<tr><th>{html.escape(each.contender)}</th>{cells}{told}</tr>")
    return _table(f"<th></th>{head}<th>closeness</th><th>texture</th><th>overall</th>", lines)


def pairs(results: Results) -> str:
    """Return the table of paired comparisons; nothing with one contender."""
    if not results.pairs:
        return ""
    names = list(results.standings[0].ranks)
    found = {(pair.first, pair.second, pair.measure): pair for pair in results.pairs}
    lines = []
    for first, second in dict.fromkeys((pair.first, pair.second) for pair in results.pairs):
        cells = "".join(_pair_cell(found[first, second, name]) for name in names)
        lines.append(f"<tr><th>{html.escape(first)} <i>and</i> {html.escape(second)}</th>{cells}</tr>")
    head = "".join(f"<th>{SHORT.get(name, name)}</th>" for name in names)
    return _table(f"<th></th>{head}", lines, "pairs")


def groups(results: Results, by: str) -> str:
    """Return the table of the groups of a sort ("kind", "area"); nothing where there are none."""
    chosen = [group for group in results.groups if group.by == by]
    names = [name for name in results.measures if _is_told(name, results.rows)]
    has_fid = any(math.isfinite(row.fid) for row in results.rows)
    lines = [line for group in chosen for line in _group_lines(results, group, names, has_fid)]
    if not lines:
        return ""
    head = "".join(f"<th>{SHORT.get(name, name)}</th>" for name in names)
    return _table(f"<th></th><th></th>{head}{'<th>FID</th>' if has_fid else ''}", lines, "groups")


def transfer(results: PatternResults) -> str:
    """Return a card per number of the synthetic suite: means over the patterns, by size, for every contender."""
    cards = []
    for name in (*NUMBERS, *MEASURED):
        title, better, unit = _told(name)
        values = {(each, size): results.mean(each, size, name) for each in results.contenders for size in results.sizes}
        head = "".join(f"<th>{size}</th>" for size in results.sizes)
        lines = []
        for each in results.contenders:
            cells = "".join(
                _cell(
                    _with_unit(name, values[each, size], unit),
                    _is_best(better, values[each, size], [values[other, size] for other in results.contenders]),
                )
                for size in results.sizes
            )
            lines.append(f"<tr><th>{html.escape(each)}</th>{cells}</tr>")
        cards.append(
            f'<section class="card plot"><h3>{html.escape(title)} <small>{better} is better</small></h3>'
            f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></section>"
        )
    return f'<div class="charts transfer">{"".join(cards)}</div>'


def by_pattern(results: PatternResults, name: str) -> str:
    """Return the table of one number by pattern and size, for every contender."""
    _, better, unit = _told(name)
    lines = []
    for pattern in results.patterns:
        values = {
            (each, size): results.value(each, pattern, size, name)
            for each in results.contenders
            for size in results.sizes
        }
        if any(map(math.isfinite, values.values())):
            cells = "".join(
                _cell(
                    _with_unit(name, value, unit),
                    _is_best(better, value, [values[other, size] for other in results.contenders]),
                )
                for (_, size), value in values.items()
            )
            lines.append(f"<tr><th>{html.escape(PATTERNS[pattern].title)}</th>{cells}</tr>")
    who = "".join(f'<th colspan="{len(results.sizes)}">{html.escape(each)}</th>' for each in results.contenders)
    sizes = "".join(f"<th>{size}</th>" for size in results.sizes) * len(results.contenders)
    return _table(f"<th></th>{who}</tr><tr><th></th>{sizes}", lines)


def _card(name: str, measure: Measure, rows: Sequence[Row]) -> str:
    summaries = [row.summaries[name] for row in rows]
    ends = [end for each in summaries for end in (each.low, each.high, each.mean) if math.isfinite(end)]
    if measure.better is Better.ONE:
        ends.append(1.0)
    low, high = min(ends), max(ends)
    means = [each.mean for each in summaries]
    target = f'<u style="left:{_place(1.0, low, high):.2f}%"></u>' if measure.better is Better.ONE else ""
    lines = []
    for row, each in zip(rows, summaries, strict=True):
        bounds = ""
        if math.isfinite(each.low):
            start, end = _place(each.low, low, high), _place(each.high, low, high)
            bounds = f'<i style="left:{start:.2f}%;width:{end - start:.2f}%"></i>'
        mark = "best" if _is_best(measure.better, each.mean, means) else ""
        interval = f"{number(name, each.low)} to {number(name, each.high)}, spread {number(name, each.spread)}"
        lines.append(
            f'<li class="{mark}" title="{html.escape(interval)}"><span>{html.escape(row.contender)}</span>'
            f'<div>{target}{bounds}<b style="left:{_place(each.mean, low, high):.2f}%"></b></div>'
            f"<em>{number(name, each.mean)}</em></li>"
        )
    title = f"{html.escape(measure.title)} <small>{measure.better} is better</small>"
    return f'<section class="card plot range"><h3>{title}</h3><ul>{"".join(lines)}</ul></section>'


def _fid_card(rows: Sequence[Row]) -> str:
    best = min(row.fid for row in rows)
    lines = "".join(
        f"<tr><th>{html.escape(row.contender)}</th>{_cell(number('psnr', row.fid), row.fid == best and len(rows) > 1)}"
        f"<td>{number('ssim', row.ssim_fid100_f1)}</td><td>{number('ssim', row.lpips_fid100_f1)}</td></tr>"
        for row in rows
    )
    head = "<th></th><th>FID</th><th>with SSIM</th><th>with LPIPS</th>"
    return (
        '<section class="card plot transfer"><h3>FID and integral scores <small>lower; higher</small></h3>'
        f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></section>"
    )


def _pair_cell(pair: Pair) -> str:
    found = pair.difference
    if not found.pictures:
        return "<td>–</td>"
    better, _, share = pair.better
    title = (
        f"difference {found.mean:.4g}, from {found.low:.4g} to {found.high:.4g}; p {p_value(pair.p)} (signed ranks, "
        f"corrected), {p_value(found.sign)} (signs)"
    )
    if not pair.is_clear:
        return f'<td class="unclear" title="{title}">not clear<small>p {p_value(pair.p)}</small></td>'
    return f'<td title="{title}">{html.escape(better)}<small>on {share:.0%}, p {p_value(pair.p)}</small></td>'


def _group_lines(results: Results, group: Group, names: Sequence[str], has_fid: bool) -> Iterator[str]:
    rows = [row for row in results.rows if row.group == group]
    holes = len(group.samples)
    for index, row in enumerate(rows):
        cells = ""
        for name in names:
            summary = row.summaries[name]
            means = [each.summaries[name].mean for each in rows]
            is_best = _is_best(results.measures[name].better, summary.mean, means)
            half = (summary.high - summary.low) / 2
            note = f"<small>±{number(name, half)}</small>" if math.isfinite(half) else ""
            cells += _cell(number(name, summary.mean) + note, is_best)
        cells += f"<td>{number('psnr', row.fid)}</td>" if has_fid else ""
        title = (
            f"<th>{html.escape(group.title)} <small>{holes} hole{'s' * (holes > 1)}</small></th>" if not index else ""
        )
        yield (
            f"<tr{' class=first' if not index else ''}>{title or '<th></th>'}<th>{html.escape(row.contender)}</th>"
            f"{cells}</tr>"
        )


def _is_told(name: str, rows: Iterable[Row]) -> bool:
    """Return whether a measure says anything: what became of known pixels only where somebody changed some."""
    means = [row.summaries[name].mean for row in rows]
    return any(math.isfinite(mean) for mean in means) and (name != "l1_around" or any(mean > 0 for mean in means))


def _told(name: str) -> tuple[str, Better, str]:
    if name in NUMBERS:
        return NUMBERS[name].title, NUMBERS[name].better, NUMBERS[name].unit
    return MEASURES[name].title, MEASURES[name].better, ""


def _is_best(better: Better, value: float, values: Sequence[float]) -> bool:
    """Return whether a value is the best of several; what is not a number is neither better nor worse."""
    bad = [better.badness(each) for each in values if math.isfinite(each)]
    return len(bad) > 1 and better.badness(value) == min(bad)


def _with_unit(name: str, value: float, unit: str) -> str:
    return number(name, value) + (unit if math.isfinite(value) else "")


def _place(value: float, low: float, high: float) -> float:
    """Return where on a scale a value lies, in percent of its length."""
    share = (value - low) / (high - low) if high > low else 0.5
    return 100 * (MARGIN + (1 - 2 * MARGIN) * share)


def _cell(content: str, is_best: bool) -> str:
    return f'<td class="best">{content}</td>' if is_best else f"<td>{content}</td>"


def _table(head: str, lines: Sequence[str], kind: str = "") -> str:
    return (
        f'<div class="card wide"><table class="figures-table {kind}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )
