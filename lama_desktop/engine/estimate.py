"""Estimate: how many seconds a fill will take, before it is started; measured on this machine as soon as it can be.

A fill takes time in proportion to the pixels that its windows show the model, which can be counted beforehand. How long
a pixel takes is kept per model, device and way of filling in a small file of the cache folder, and learned again from
every fill; until the first one there is a rough value, and the estimate says so.

Any thread, and several processes: the file is replaced whole, and whoever is last wins. No torch.
"""

import contextlib
import json
import math
import os
from dataclasses import dataclass, replace
from pathlib import Path

from lama_desktop.core.arrays import Hole
from lama_desktop.engine.options import TEXTURE_SIDE, EngineOptions, Preset
from lama_desktop.engine.windows import WindowLimits, plan_windows
from lama_desktop.models.cards import MODELS
from lama_desktop.paths import cache_folder

LATEST = 0.5
"""Weight of the latest fill, in logarithms: one fill on a busy machine is forgotten after a few."""
SECONDS_PER_PIXEL = {"classical": 1e-6, "copied": 2.5e-6, "bundled": 0.6e-6, "network": 6e-6}
"""Rough values of a processor with two cores, until something is measured; a network without a card is a large one."""
REFINED, CHECKED = 40.0, 2.7
"""How much longer a network takes that refines, and one whose looks are checked beside the hole."""
SMALLEST, SMALLEST_CLASSICAL = 256, 48
LARGEST_CLASSICAL = 1024


@dataclass(frozen=True)
class Estimate:
    """Seconds, and whether they come from fills of this kind on this machine."""

    seconds: float
    measured: bool


def expected(hole: Hole, model: str, options: EngineOptions) -> Estimate:
    """Return how long a fill will take, without loading the model.

    Args:
        hole: (H, W) bool in a picture of that size, or in the part of it around the hole.
        model: the id of a model, or the path of a weight file.
        options: how to fill.
    """
    work = _work(hole, model, options)
    rates = _read()
    rate = rates.get(_key(model, options))
    if rate is not None:
        return Estimate(rate * work, measured=True)
    return Estimate(_rough(model, options) * _slowness(rates, model, options) * work, measured=False)


def expected_of_presets(hole: Hole, model: str, options: EngineOptions) -> dict[Preset, Estimate]:
    """Return `expected` for every preset, the other options as they are."""
    return {preset: expected(hole, model, replace(options, preset=preset)) for preset in Preset}


def learn(model: str, options: EngineOptions, work: float, seconds: float) -> None:
    """Remember how long a fill took; a disk that refuses is no error.

    Args:
        model, options: see `expected`.
        work: the sum of the costs of its windows.
        seconds: that it took on an otherwise idle machine.
    """
    if work <= 0 or seconds <= 0:
        return
    rates, key, rate = _read(), _key(model, options), seconds / work
    rates[key] = rate if key not in rates else math.exp((1 - LATEST) * math.log(rates[key]) + LATEST * math.log(rate))
    path = _path()
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(json.dumps({"version": 1, "seconds_per_pixel": rates}, indent=1), encoding="utf-8")
        fresh.replace(path)


def _kind(model: str) -> str:
    """Return what a model is to SECONDS_PER_PIXEL."""
    if model == "patches":
        return "copied"
    return next((card.kind for card in MODELS if card.id == model), "network")


def _work(hole: Hole, model: str, options: EngineOptions) -> float:
    """Return the pixels that the windows of a fill show the model."""
    if not hole.any():
        return 0.0
    kind, side = _kind(model), options.preset.side
    limits = WindowLimits(side, SMALLEST, options.context)
    if kind == "classical":
        limits = WindowLimits(min(side, LARGEST_CLASSICAL), SMALLEST_CLASSICAL, options.context)
    elif kind == "copied" or options.texture:
        limits = WindowLimits(TEXTURE_SIDE, SMALLEST, options.context)
    elif options.refine:
        limits = WindowLimits(min(side, int(math.sqrt(options.refine_budget * 1e6))), SMALLEST, options.context)
    return float(sum(window.cost for window in plan_windows(hole, limits)))


def _rough(model: str, options: EngineOptions) -> float:
    kind = _kind(model)
    rate = SECONDS_PER_PIXEL[kind]
    if kind in ("classical", "copied"):
        return rate
    if options.refine:
        rate *= REFINED
    if options.texture:
        # The network sees less than the window where the preset is smaller; patches are searched in all of it.
        rate = SECONDS_PER_PIXEL["copied"] + CHECKED * rate * (options.preset.side / TEXTURE_SIDE) ** 2
    return rate


def _slowness(rates: dict[str, float], model: str, options: EngineOptions) -> float:
    """Return by how much the rough values are to be multiplied here, as fills with other presets tell; 1 if none do."""
    others = [replace(options, preset=preset) for preset in Preset]
    ratios = [rates[key] / _rough(model, each) for each in others if (key := _key(model, each)) in rates]
    return math.prod(ratios) ** (1 / len(ratios)) if ratios else 1.0


def _key(model: str, options: EngineOptions) -> str:
    parts = [model, options.device]
    if _kind(model) != "copied":  # patches heed neither
        parts += [options.precision, options.preset]
    if _kind(model) not in ("classical", "copied"):
        parts += ["texture"] * options.texture + ["refine"] * options.refine
    return " ".join(str(part) for part in parts)


def _path() -> Path:
    return cache_folder() / "speed.json"


def _read() -> dict[str, float]:
    """Return what is known; nothing where the file is missing or damaged."""
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(_path().read_text(encoding="utf-8"))
        if isinstance(found, dict) and isinstance(rates := found.get("seconds_per_pixel"), dict):
            return {
                str(key): float(rate)
                for key, rate in rates.items()
                if isinstance(rate, float) and math.isfinite(rate) and rate > 0
            }
    return {}
