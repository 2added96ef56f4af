"""Charts: curves over the steps of a run, as inline SVG that is readable without a script.

A long run is thinned to what the eye can tell apart: a faint band shows where the values of a stretch lie, a line their
mean. Each chart carries its points as JSON, so that a script can show the values under the pointer. Pure functions.
"""

import html
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lama_desktop.page import compact, figure

WIDTH, HEIGHT = 360, 172
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 8, 22
MOST_POINTS = 240
"""Points of a curve; more are not told apart on so many pixels."""
SMOOTHED = 1 / 40
"""Part of a noisy curve that its line is the mean of."""
LOGARITHMIC_FROM = 15.0
"""How many times larger than the low values the high ones are where an axis is logarithmic."""
OUTLIERS = 0.01
"""Part of the values, at both ends, that a noisy curve's axis need not show."""
TICKS = 5

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """One curve: its name, the steps in rising order, and a value for each; not a number where there is none."""

    title: str
    steps: Sequence[int]
    values: Sequence[float]


@dataclass(frozen=True)
class _Axis:
    """Where a value is drawn, in the units of the view box."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def __call__(self, values: Numbers) -> Numbers:
        low, high = self._scaled(np.array([self.low, self.high]))
        return np.asarray(self.start + (self._scaled(values) - low) / (high - low) * (self.end - self.start))

    def _scaled(self, values: Numbers) -> Numbers:
        return np.log10(np.maximum(values, 1e-12)) if self.logarithmic else values


def chart(curves: Sequence[Curve], last_step: int, *, noisy: bool, target: float | None = None) -> str:
    """Return an SVG element with curves over a common axis.

    Args:
        curves: at least one; those without a finite value are left out.
        last_step: where the horizontal axis ends.
        noisy: whether the values scatter, so that a smoothed line is drawn over them; otherwise every value counts and
            is marked.
        target: a value that is marked by a line.

    Returns:
        `<svg class="chart" data-points=...>`; an empty text where there is nothing to draw.
    """
    drawn = [(index, curve, *_finite(curve)) for index, curve in enumerate(curves)]
    drawn = [each for each in drawn if len(each[2])]
    if not drawn:
        return ""
    values = np.concatenate([each[3] for each in drawn])
    across = _Axis(0, max(last_step, 1), LEFT, WIDTH - RIGHT)
    down = _vertical(values if target is None else np.append(values, target), noisy)
    parts = [_grid(across, down)]
    if target is not None:
        (y,) = down(np.array([target]))
        parts.append(f'<path class="target" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
    points = []
    for index, curve, steps, each in drawn:
        shape, shown = _curve(steps, each, across, down, noisy)
        parts.append(f'<g class="curve c{index}">{shape}</g>')
        points.append({"title": curve.title, "curve": index, "points": shown})
    data = html.escape(json.dumps(points, ensure_ascii=False, separators=(",", ":")))
    label = html.escape(" and ".join(each[1].title for each in drawn))
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" tabindex="0" aria-label="{label} by step" '
        f'data-points="{data}">{"".join(parts)}</svg>'
    )


def _finite(curve: Curve) -> tuple[Numbers, Numbers]:
    steps, values = np.array(curve.steps, np.float64), np.array(curve.values, np.float64)
    finite = np.isfinite(values)
    return steps[finite], values[finite]


def _vertical(values: Numbers, noisy: bool) -> _Axis:
    """Return the axis that shows these values; logarithmic where they differ by more than a linear one can show."""
    low, high = (float(each) for each in np.quantile(values, [OUTLIERS, 1 - OUTLIERS] if noisy else [0, 1]))
    bottom, top = HEIGHT - BOTTOM, TOP
    if low > 0 and high / low > LOGARITHMIC_FROM:
        margin = (high / low) ** 0.06
        return _Axis(low / margin, high * margin, bottom, top, logarithmic=True)
    margin = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
    start = 0.0 if 0 <= low < (high - low) * 0.3 else low - margin  # an axis that nearly reaches 0 does
    return _Axis(start, high + margin, bottom, top)


def _grid(across: _Axis, down: _Axis) -> str:
    parts = []
    for value, y in _placed(_decades(down) if down.logarithmic else _round_values(down), down):
        parts.append(
            f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/><text x="{LEFT - 6}" y="{y + 3.5:.1f}">{value}</text>'
        )
    for value, x in _placed(_round_values(across), across):
        x = min(x, WIDTH - RIGHT - 8)
        parts.append(f'<text class="step" x="{x:.1f}" y="{HEIGHT - 5}">{value}</text>')
    return f'<g class="grid">{"".join(parts)}</g>'


def _placed(values: Sequence[float], axis: _Axis) -> list[tuple[str, float]]:
    places = axis(np.array(values, np.float64)) if values else ()
    labels = [compact(value) for value in values]
    if len(set(labels)) < len(set(values)):  # a narrow axis far from 0 takes more digits
        step = values[1] - values[0]
        labels = [f"{value:.{max(0, -math.floor(math.log10(step)))}f}" for value in values]
    return [(label, float(place)) for label, place in zip(labels, places, strict=True)]


def _round_values(axis: _Axis) -> list[float]:
    """Return values of the form 1, 2 or 5 times a power of ten that divide a linear axis."""
    rough = (axis.high - axis.low) / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * digit for digit in (1, 2, 5, 10) if power * digit >= rough * 0.999)
    first, last = math.ceil(axis.low / step - 1e-9), math.floor(axis.high / step + 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


def _decades(axis: _Axis) -> list[float]:
    """Return the powers of ten on a logarithmic axis; with 2 and 5 times them where there are few."""
    lowest, highest = math.floor(math.log10(axis.low)), math.ceil(math.log10(axis.high))
    digits = (1, 2, 5) if highest - lowest <= 3 else (1,)
    every = max(1, (highest - lowest) // 6)
    values = [digit * 10.0**power for power in range(lowest, highest + 1, every) for digit in digits]
    return [float(f"{value:.1g}") for value in values if axis.low <= value <= axis.high]


def _curve(steps: Numbers, values: Numbers, across: _Axis, down: _Axis, noisy: bool) -> tuple[str, list[list[object]]]:
    """Return the shapes of a curve, and its points: x, y, step and value of each, the latter as it is shown."""
    line = _smoothed(values) if noisy else values
    pieces = np.array_split(np.arange(len(steps)), min(len(steps), MOST_POINTS))
    # Where a noisy curve is drawn thinner than it is, its points are means; the last of every piece gives the step.
    ends = np.array([piece[-1] for piece in pieces])
    means = np.array([line[piece].mean() for piece in pieces]) if noisy else line[ends]
    x, y = across(steps[ends]), _within(down(means))
    parts = []
    if noisy:
        lows, highs = (_within(down(np.array([edge(values[piece]) for piece in pieces]))) for edge in (np.min, np.max))
        if len(steps) > MOST_POINTS:
            there, back = zip(x, highs, strict=True), zip(x[::-1], lows[::-1], strict=True)
            parts.append(f'<path class="band" d="{_path([*there, *back])}Z"/>')
        else:
            parts.append(f'<path class="raw" d="{_path(list(zip(x, lows, strict=True)))}"/>')
    parts.append(f'<path class="line" d="{_path(list(zip(x, y, strict=True)))}"/>')
    if not noisy or len(x) == 1:
        parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="2"/>' for a, b in zip(x, y, strict=True) if len(x) <= 60]
    shown = zip(x, y, steps[ends], means, strict=True)
    return "".join(parts), [[round(a, 1), round(b, 1), int(step), figure(value)] for a, b, step, value in shown]


def _smoothed(values: Numbers) -> Numbers:
    """Return the running mean over a part of the curve; at its ends over what there is."""
    reach = int(len(values) * SMOOTHED / 2)
    total = np.concatenate([[0.0], np.cumsum(values)])
    index = np.arange(len(values))
    start, end = np.maximum(index - reach, 0), np.minimum(index + reach + 1, len(values))
    return np.asarray((total[end] - total[start]) / (end - start))


def _within(places: Numbers) -> Numbers:
    """Keep what lies beyond the axis at its edge."""
    return np.clip(places, TOP - 4, HEIGHT - BOTTOM + 2)


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
