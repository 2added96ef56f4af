"""What the tests of whole runs share: a few pictures, a recipe of seconds, a process to run it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np

from lama_desktop import options
from lama_desktop.training.config import TrainConfig

ROOT = Path(__file__).parents[2]
QUICK = {
    "run.name": "quick",
    "run.steps": 6,
    "generator.width": 4,
    "generator.blocks": 1,
    "generator.downsamplings": 2,
    "discriminator.width": 4,
    "discriminator.layers": 2,
    "optimizer.schedule": "constant",
    "data.size": 32,
    "data.batch": 4,
    "data.workers": 0,
    "masks.scale": 0.12,
    "checkpoints.every": 2,
    "compute.log_every": 1,
    "compute.device": "cpu",
}


def make_pictures(folder: Path, count: int = 6, side: int = 48) -> Path:
    """Fill a folder with different pictures."""
    folder.mkdir()
    for index in range(count):
        random = np.random.default_rng(index)
        small = random.integers(0, 256, (6, 6, 3), dtype=np.uint8)
        picture = cv2.resize(small, (side, side), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / f"picture-{index}.png"), picture)
    return folder


def quick(pictures: Path, **values: object) -> TrainConfig:
    """Return a configuration that trains for a moment; double underscores stand for dots."""
    given = {name.replace("__", "."): value for name, value in values.items()}
    return options.unflatten(TrainConfig, QUICK | {"data.images": [str(pictures)]} | given)


def losses(folder: Path) -> dict[int, dict[str, float]]:
    """Return what a run recorded by step."""
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return {line["step"]: line["values"] for line in lines if line["kind"] == "train"}


def command(pictures: Path, folder: Path, *more: str, torchrun: tuple[str, ...] = ()) -> list[str]:
    """Return a command line that trains; with arguments for torchrun in several processes."""
    sets = [f"--set={name}={value}" for name, value in QUICK.items()]
    start = [sys.executable, "-m"]
    if torchrun:
        start += ["torch.distributed.run", *torchrun, "-m"]
    return [
        *[*start, "lama_desktop.training", str(ROOT / "resources" / "recipes" / "tiny.toml")],
        *["--images", str(pictures), "--output", str(folder), *sets, *more],
    ]


def environment() -> dict[str, str]:
    """Return the environment of such a process: one thread, nothing of an enclosing run."""
    kept = {name: value for name, value in os.environ.items() if name not in {"RANK", "WORLD_SIZE", "LOCAL_RANK"}}
    return kept | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


def start(arguments: list[str]) -> subprocess.Popen[str]:
    """Start a process whose standard error can be read; in a session of its own."""
    return subprocess.Popen(
        arguments, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(), start_new_session=True
    )
