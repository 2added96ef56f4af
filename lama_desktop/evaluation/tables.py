"""Tables: an evaluation as text for a terminal, as tab-separated values and as one JSON document. Pure functions."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from lama_desktop.evaluation.continuation import NUMBERS
from lama_desktop.evaluation.results import Results, Row
from lama_desktop.evaluation.statistics import Summary
from lama_desktop.evaluation.synthetic import PatternResults

SHORT = {
    "psnr": "PSNR",
    "ssim": "SSIM",
    "l1": "L1",
    "energy": "energy",
    "swd": "SWD",
    "l1_around": "around",
    "ssim_whole": "SSIM all",
    "lpips": "LPIPS",
}
"""Headings of columns; a measure that is not here has its own name."""
_DECIMALS = {"psnr": 2, "swd": 2, "phase": 1, "energy": 2}
NOTES = (
    "Inside the hole: PSNR, SSIM, L1, energy (of the gradients, 1 is the truth's), SWD (texture distance);",
    "around: L1 of the known pixels nearby; SSIM all: of the whole picture, as published.",
    "Means, the energy's a geometric one; ±: half the width of their 95 % interval, over pictures. Seconds: median.",
)


def number(name: str, value: float) -> str:
    """Return a value of a measure as it is shown; a dash for what is not a number."""
    return f"{value:.{_DECIMALS.get(name, 3)}f}" if math.isfinite(value) else "–"


def p_value(value: float) -> str:
    """Return a probability as it is shown: "0.012", "< 0.001"."""
    if not math.isfinite(value):
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def text(results: Results) -> Iterator[str]:
    """Yield the lines of the tables for a terminal."""
    width = max(16, *(len(each) for each in results.contenders))
    for group in results.groups:
        rows = [row for row in results.rows if row.group == group]
        holes = "1 hole" if len(group.samples) == 1 else f"{len(group.samples)} holes"
        yield from _block(f"{group.title} ({holes})", rows, list(results.measures), width)
    yield from NOTES
    if results.standings:
        yield from _comparison(results, width)


def pattern_text(results: PatternResults) -> Iterator[str]:
    """Yield the lines of the synthetic suite for a terminal: means over the patterns, by size."""
    names, width = [*NUMBERS, "psnr", "swd"], max(16, *(len(each) for each in results.contenders))
    titles = [*(NUMBERS[name].title for name in NUMBERS), "PSNR", "SWD"]
    for name, title in zip(names, titles, strict=True):
        yield f"{title:{width}s} " + " ".join(f"{size:>9d}" for size in results.sizes)
        for each in results.contenders:
            values = (number(name, results.mean(each, size, name)) for size in results.sizes)
            yield f"{each:{width}s} " + " ".join(f"{value:>9s}" for value in values)
        yield ""
    yield "Synthetic patterns by size in pixels. Continued: 1 goes on, 0 is absent or out of step; phase: degrees, 90"
    yield "is chance; spectrum: 0 is the truth's, 1 is flat. The scene is the same at every size: rows should be level."


def scores_tsv(results: Results) -> str:
    """Return one line per fill."""
    names = list(results.measures)
    lines: list[Sequence[str]] = [("contender", "hole", "picture", "kind", "area", *names, "seconds")]
    for each in results.judged.scores:
        values = (_plain(each.values[name]) for name in names)
        lines.append(
            (each.contender, each.sample, each.picture, each.kind, f"{each.area:.6f}", *values, _plain(each.seconds))
        )
    return _tsv(lines)


def summary_tsv(results: Results) -> str:
    """Return one line per group, contender and measure, FID and the integral scores among them."""
    lines: list[Sequence[str]] = [
        ("group", "by", "contender", "measure", "holes", "pictures", "mean", "spread", "low", "high")
    ]
    for row in results.rows:
        head = (row.group.title, row.group.by, row.contender)
        for name, each in row.summaries.items():
            numbers = (each.mean, each.spread, each.low, each.high)
            lines.append((*head, name, str(each.count), str(each.pictures), *map(_plain, numbers)))
        for name in ("fid", "ssim_fid100_f1", "lpips_fid100_f1"):
            value = getattr(row, name)
            if math.isfinite(value):
                lines.append((*head, name, str(len(row.group.samples)), "", _plain(value), "", "", ""))
    return _tsv(lines)


def to_dict(results: Results) -> dict[str, Any]:
    """Return the whole evaluation as plain JSON values; what is not a number is null."""
    found: dict[str, Any] = cleaned(
        {
            "contenders": list(results.contenders),
            "measures": {
                name: {"title": each.title, "better": str(each.better)} for name, each in results.measures.items()
            },
            "holes": len(results.holes),
            "left_out": results.judged.left_out,
            "problems": results.judged.problems,
            "rows": [
                {
                    **asdict(row),
                    "group": {"title": row.group.title, "by": row.group.by, "holes": len(row.group.samples)},
                }
                for row in results.rows
            ],
            "standings": [asdict(each) for each in results.standings],
            "pairs": [asdict(each) for each in results.pairs],
            "fills": [asdict(each) for each in results.judged.scores],
        }
    )
    return found


def cleaned(value: Any) -> Any:
    """Return plain values with null for what is not a number."""
    if isinstance(value, dict):
        return {key: cleaned(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [cleaned(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _block(title: str, rows: Sequence[Row], names: Sequence[str], width: int) -> Iterator[str]:
    has_fid = any(math.isfinite(row.fid) for row in rows)
    heads = [f"{SHORT.get(name, name):>{13 if name in ('psnr', 'swd') else 15}s}" for name in names]
    yield f"{title:{width}s} {' '.join(heads)} {'seconds':>8s}" + (f" {'FID':>8s} {'F1':>6s}" if has_fid else "")
    for row in rows:
        cells = [
            f"{_with_bounds(name, row.summaries[name]):>{len(head)}s}" for name, head in zip(names, heads, strict=True)
        ]
        seconds = "–" if row.seconds is None else f"{row.seconds:.2f}"
        fid = f" {number('psnr', row.fid):>8s} {number('ssim', row.ssim_fid100_f1):>6s}" if has_fid else ""
        yield f"{row.contender:{width}s} {' '.join(cells)} {seconds:>8s}{fid}"
    yield ""


def _with_bounds(name: str, summary: Summary) -> str:
    half = (summary.high - summary.low) / 2
    return number(name, summary.mean) + (f" ±{number(name, half)}" if math.isfinite(half) else "")


def _comparison(results: Results, width: int) -> Iterator[str]:
    names = list(results.standings[0].ranks)
    yield ""
    yield (
        f"{'mean rank':{width}s} "
        + " ".join(f"{SHORT.get(name, name):>9s}" for name in names)
        + " closeness   texture   overall"
    )
    for each in results.standings:
        ranks = " ".join(f"{number('psnr', each.ranks[name]):>9s}" for name in names)
        yield f"{each.contender:{width}s} {ranks} {each.closeness:9.2f} {each.texture:9.2f} {each.overall:9.2f}"
    yield ""
    yield "Pairs: on how many pictures the first is better, and the corrected p of the signed-rank test"
    told = {name: SHORT.get(name, name) for name in names}
    for pair in results.pairs:
        if pair.measure in told:
            better, worse, share = pair.better
            clear = "" if pair.is_clear else " (not clear)"
            yield f"  {told[pair.measure]:9s} {better} > {worse}: {share:4.0%}, p {p_value(pair.p)}{clear}"


def _plain(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else f"{value:.6g}"


def _tsv(lines: Iterable[Sequence[str]]) -> str:
    return "".join("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in line) + "\n" for line in lines)
