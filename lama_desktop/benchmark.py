"""What the program can measure about itself on this machine. Ratios taken in one run; never a pass or a fail.

Everything that is compared runs in turn, round after round, so that a busy moment of the machine hits all of it; the
figure is the median. Peak memory is what a run adds to the process, where the system tells (Linux, CUDA).
"""

import contextlib
import statistics
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from lama_desktop.core.geometry import Rect
from lama_desktop.engine.device import Device, has_bfloat16
from lama_desktop.engine.fuse import FusedGenerator
from lama_desktop.models.checkpoints import load_generator
from lama_desktop.networks.generators import FourierConfig, build_generator
from lama_desktop.progress import Progress

T = TypeVar("T", bound=nn.Module)


@dataclass(frozen=True)
class Row:
    """One thing that was measured.

    `seconds` is the median, `ratio` how many times as fast as the first row, `error` and `worst` the mean and the
    largest absolute difference from it in steps of 1/255, inside the region that both computed; `memory_mb` the peak
    that a run adds.
    """

    name: str
    seconds: float
    ratio: float
    error: float
    worst: float
    memory_mb: int | None


def benchmark_engine(
    weights: Path | None, size: int, rounds: int, device: str, progress: Progress
) -> tuple[str, list[Row]]:
    """Measure a network as published (eager, float32) beside the engine's form of it.

    Args:
        weights: a weight file; None for the Big-LaMa architecture with weights seeded by their names.
        size: side of the square picture.
        rounds: how often each is timed.
        device: as Device.choose.
        progress: reports and stops.

    Returns:
        A sentence about what was measured, and the rows; the first is the published network.
    """
    place = Device.choose(device, "float32")
    generator = name_seeded(build_generator(FourierConfig(blocks=18))) if weights is None else load_generator(weights)
    size = max(generator.minimum, size // generator.multiple * generator.multiple)
    x = _picture(size).to(place.name)
    hole = Rect(size // 3, size // 3, 2 * size // 3, 2 * size // 3)
    kinds = [torch.float32]
    if has_bfloat16(place.name):
        kinds.append(torch.bfloat16)
    if place.name == "cuda":
        kinds.append(torch.float16)
    generator.to(place.name).eval()
    runs: dict[str, Callable[[], Tensor]] = {"published, eager, float32": partial(generator, x)}
    for kind in kinds:
        fused, name = FusedGenerator(generator, kind).to(place.name), str(kind).removeprefix("torch.")
        runs[f"engine, {name}"] = partial(fused, x)
        runs[f"engine, {name}, hole of a third"] = partial(fused, x, hole)
    times: dict[str, list[float]] = {name: [] for name in runs}
    memory: dict[str, int | None] = {}
    results: dict[str, Tensor] = {}
    total = (rounds + 1) * len(runs)
    with torch.inference_mode():
        for index in range(total):
            name = list(runs)[index % len(runs)]
            progress(index / total, name)
            if index < len(runs):  # the first round warms up and is not timed
                _forget_peak(place.name)
                before = _peak(place.name, now=True)
                results[name] = runs[name]().float().cpu()
                after = _peak(place.name)
                memory[name] = None if before is None or after is None else round((after - before) / 1e6)
                continue
            start = _now(place.name)
            runs[name]()
            times[name].append(_now(place.name) - start)
    published = results["published, eager, float32"]
    reference = statistics.median(times["published, eager, float32"])
    rows = []
    for name in runs:
        expected = published
        if results[name].shape != published.shape:
            rows_, columns_ = hole.slices
            expected = published[:, :, rows_, columns_]
        difference = (results[name] - expected).abs() * 255
        seconds = statistics.median(times[name])
        rows.append(
            Row(name, seconds, reference / seconds, difference.mean().item(), difference.max().item(), memory[name])
        )
    origin = "Big-LaMa, weights seeded by name" if weights is None else weights.name
    return f"{origin}, {size} × {size}, {place.name}, {torch.get_num_threads()} threads, median of {rounds}", rows


def name_seeded(network: T, prefix: str = "generator.") -> T:
    """Give every tensor lively values that depend on its published name only, so that anybody can make them again.

    Convolutions keep the variance of what passes through them; normalisations are near the identity. `prefix` is what
    published names have before the network's own.
    """
    for name, tensor in network.state_dict().items():
        rng = np.random.default_rng(zlib.crc32(f"{prefix}{name}".encode()))
        values = rng.standard_normal(tuple(tensor.shape))
        if tensor.dim() == 4:
            values = values * np.sqrt(1 / np.prod(tensor.shape[1:]))
        elif name.endswith("running_var"):
            values = 1 + 0.1 * np.abs(values)
        elif name.endswith("weight"):
            values = 0.7 * (1 + 0.1 * values)
        elif name.endswith("num_batches_tracked"):
            values = np.zeros_like(values)
        else:
            values = 0.1 * values
        tensor.copy_(torch.from_numpy(np.asarray(values, np.float32)))
    return network.eval()


def _picture(size: int) -> Tensor:
    """Return a seeded picture of soft colours with a hole in the middle third, (1, 4, size, size)."""
    random = torch.Generator().manual_seed(0)
    picture = nn.functional.interpolate(
        torch.rand(1, 3, size // 8 + 1, size // 8 + 1, generator=random), size=(size, size), mode="bicubic"
    ).clamp(0, 1)
    hole = torch.zeros(1, 1, size, size)
    hole[:, :, size // 3 : 2 * size // 3, size // 3 : 2 * size // 3] = 1
    return torch.cat([picture * (1 - hole), hole], dim=1)


def _now(device: str) -> float:
    if device == "cuda":
        torch.cuda.synchronize()
    elif device == "mps":
        torch.mps.synchronize()
    return time.perf_counter()


def _forget_peak(device: str) -> None:
    """Start measuring the peak anew."""
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        return
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak(device: str, now: bool = False) -> int | None:
    """Return the peak of the memory in use, or what is in use now, in bytes; None where the system does not tell."""
    if device == "cuda":
        return torch.cuda.memory_allocated() if now else torch.cuda.max_memory_allocated()
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    field = "VmRSS:" if now else "VmHWM:"
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(field)), None)
