"""How fast a step of training is on this machine: as published beside what this program makes of it, as ratios.

All forms of the step run in turn, round after round, so that a busy moment of the machine hits all of them. Each has
networks of its own; what they learn does not matter here.
"""

import statistics
import time
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from lama_desktop import options
from lama_desktop.networks.perceptual import Encoder, PerceptualLoss, build_encoder
from lama_desktop.progress import Progress
from lama_desktop.training.config import TrainConfig
from lama_desktop.training.distributed import Processes
from lama_desktop.training.trainer import Trainer

PUBLISHED = {
    "compute.precision": "float32",
    "compute.channels_last": False,
    "compute.compile": False,
    "optimizer.second_forward": True,
    "losses.adversarial.penalty_every": 1,
}
"""The published step: eager, float32, contiguous, two forwards, the penalty every time."""
FORMS: dict[str, dict[str, object]] = {
    "published: eager, float32, contiguous": {},
    "channels last": {"compute.channels_last": True},
    "bfloat16": {"compute.channels_last": True, "compute.precision": "bfloat16"},
    "bfloat16, one forward": {
        "compute.channels_last": True,
        "compute.precision": "bfloat16",
        "optimizer.second_forward": False,
    },
}
"""What is measured; each changes the published step. Up to `bfloat16` the mathematics is the published one."""
COMPILED = "bfloat16, compiled"


@dataclass(frozen=True)
class StepSpeed:
    """One form of the step: the median seconds, pictures per second, and how many times as fast as the first."""

    name: str
    seconds: float
    images_per_second: float
    ratio: float


@dataclass(frozen=True)
class _Pictures:
    images: Tensor
    masks: Tensor


def benchmark_training(
    config: TrainConfig, rounds: int, processes: Processes, progress: Progress, compiled: bool = False
) -> list[StepSpeed]:
    """Measure a recipe's step in all its forms.

    Args:
        config: networks, losses, batch and size; its perceptual encoder gets random weights.
        rounds: how often each form is timed, after two warm-up rounds.
        processes: a single one.
        progress: reports and stops.
        compiled: also with torch.compile.
    """
    forms = dict(FORMS)
    if compiled:
        forms[COMPILED] = forms["bfloat16"] | {"compute.compile": True}
    flat = options.flatten(config)
    trainers = {
        name: _trainer(options.unflatten(TrainConfig, flat | PUBLISHED | changes), processes)
        for name, changes in forms.items()
    }
    batch = _batch(config)
    times: dict[str, list[float]] = {name: [] for name in forms}
    warm = 2
    for index in range((rounds + warm) * len(forms)):
        name = list(forms)[index % len(forms)]
        progress(index / ((rounds + warm) * len(forms)), name)
        start = _now(processes.device)
        trainers[name].update([batch])
        if index >= warm * len(forms):
            times[name].append(_now(processes.device) - start)
    medians = {name: statistics.median(each) for name, each in times.items()}
    first = medians[next(iter(forms))]
    return [StepSpeed(name, seconds, config.data.batch / seconds, first / seconds) for name, seconds in medians.items()]


def _trainer(config: TrainConfig, processes: Processes) -> Trainer:
    kind, perceptual = config.losses.perceptual.kind, None
    if kind is not Encoder.NONE:
        perceptual = PerceptualLoss(kind, build_encoder(kind), config.losses.perceptual.batchnorm)
        perceptual.to(processes.device)
    return Trainer(replace(config, average=replace(config.average, on=False)), processes, perceptual)


def _batch(config: TrainConfig) -> _Pictures:
    """Return seeded soft pictures with a hole in the middle."""
    random = torch.Generator().manual_seed(0)
    count, size = config.data.batch, config.data.size
    coarse = torch.rand(count, 3, size // 8 + 1, size // 8 + 1, generator=random)
    images = torch.nn.functional.interpolate(coarse, size=(size, size), mode="bilinear").mul(255).byte()
    masks = torch.zeros(count, 1, size, size, dtype=torch.uint8)
    masks[:, :, size // 4 : 3 * size // 4, size // 4 : 3 * size // 4] = 1
    return _Pictures(images, masks)


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()
