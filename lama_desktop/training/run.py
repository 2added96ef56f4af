"""A run: from a configuration to a trained generator in a folder.

One loop, the same in every process. It goes on from the folder's checkpoint where there is one, so that starting it
again, by hand or by torchrun after a crash, continues it. SIGTERM and SIGINT let the step finish, save, and end with
Cancelled.
"""

import contextlib
import errno
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lama_desktop import options
from lama_desktop.errors import Cancelled, DeviceMemoryError, FileFormatError, SettingsError
from lama_desktop.formats import atomic
from lama_desktop.masks.options import mask_generator
from lama_desktop.models import disk
from lama_desktop.models.encoders import load_encoder
from lama_desktop.networks.perceptual import Encoder, PerceptualLoss
from lama_desktop.training import checkpoint, conditions
from lama_desktop.training.augment import AUGMENTATIONS
from lama_desktop.training.checkpoint import Best
from lama_desktop.training.config import TrainConfig, to_toml
from lama_desktop.training.data import Batch, PatchDataset, batches
from lama_desktop.training.distributed import Processes
from lama_desktop.training.journal import Journal
from lama_desktop.training.signals import stop_signals
from lama_desktop.training.sources import Shrunk, Source, open_source
from lama_desktop.training.trainer import Trainer, masked_input
from lama_desktop.training.validation import Validation

RECIPE, LOCK = "recipe.toml", ".lock"
UNLOCKED = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
"""What file systems without locks answer."""


def train(config: TrainConfig, folder: Path, processes: Processes) -> Path:
    """Train, or go on training, until the last step; return the exported model.

    Args:
        config: the recipe.
        folder: the run's own; made if absent.
        processes: this process and the others, each of which calls this.

    Raises:
        SettingsError: the recipe does not fit the pictures, the processes, or what is in the folder.
        FileFormatError: the pictures cannot be read, or the folder cannot be made.
        ModelError: weights cannot be read, or the disk is full.
        NotFiniteError: the losses are no numbers any more.
        DeviceMemoryError: a step does not fit.
        LamaDesktopError: another process of the run, or one that prepares pictures, has ended.
        Cancelled: a signal asked to stop; everything is saved.
    """
    conditions.check(config, folder, processes)
    torch.use_deterministic_algorithms(config.compute.deterministic)
    torch.backends.cudnn.benchmark = not config.compute.deterministic
    state = checkpoint.load_last(folder)
    notes = [] if state is None else conditions.changes(config, state["config"], folder)
    trainer = Trainer(config, processes, _perceptual(config, processes))
    conditions.check_size(config, trainer.generator)
    if state is None:
        notes += map(str, trainer.warm_start())
    run = _Run(config, folder, processes, trainer)
    if state is not None:
        notes += run.load_state_dict(state)
    del state
    with stop_signals(aloud=processes.first) as stop, contextlib.ExitStack() as stack:
        if processes.first:
            stack.enter_context(_claimed(folder))
            atomic.replace(folder / RECIPE, to_toml(config).encode())
            steps = max(config.run.steps, trainer.step)
            run.journal = stack.enter_context(
                Journal(folder, steps, step=trainer.step, tensorboard=config.compute.tensorboard)
            )
            for note in notes:
                run.journal.note(trainer.step, note)
        run.loop(stop)
        return run.export()


class _Run:
    """The loop of one process, and what it does beside the steps."""

    def __init__(self, config: TrainConfig, folder: Path, processes: Processes, trainer: Trainer) -> None:
        self.config = config
        self.folder = folder
        self.processes = processes
        self.trainer = trainer
        self.journal: Journal | None = None
        self.best = Best(folder, config.checkpoints.best)
        self.figures: dict[str, float] = {}
        self._broken: list[str] = []
        data = config.data
        self._dataset = PatchDataset(
            _source(config, processes),
            AUGMENTATIONS[data.augmentation],
            mask_generator(config.masks),
            data.size,
            config.run.seed,
        )
        self._validation = (
            Validation(config.validation, config.run.seed, trainer.generator.minimum)
            if config.validation.images
            else None
        )

    def loop(self, stop: threading.Event) -> None:
        """Make the steps that are left."""
        config, trainer = self.config, self.trainer
        stream = batches(
            self._dataset,
            global_batch=config.data.batch,
            accumulate=config.optimizer.accumulate,
            start=trainer.step,
            stop=config.run.steps,
            rank=self.processes.rank,
            world=self.processes.world,
            workers=config.data.workers,
            pin=self.processes.device.type == "cuda",
        )
        sums: dict[str, list[float]] = {}
        with contextlib.closing(stream):
            for parts in stream:
                for name, value in self._updated(parts).items():
                    sums.setdefault(name, []).append(value)
                self._broken += [name for part in parts for name in part.broken]
                if self._due(config.compute.log_every):
                    self._record(sums)
                if self._validation is not None and self._due(config.validation.every):
                    self.validate(self._validation)
                if self._due(config.checkpoints.every):
                    self.save()
                if self.processes.any(stop.is_set()):
                    if sums:
                        self._record(sums)
                    self.save()
                    raise Cancelled

    def validate(self, validation: Validation) -> None:
        """Judge the generator on pictures held back, show it, and keep it if it is one of the best."""
        trainer, step = self.trainer, self.trainer.step
        trainer.merge_statistics()
        generator = trainer.exported
        training = generator.training
        generator.eval()
        sheet: Path | None = None
        with self.journal.pause("validating") if self.journal else contextlib.nullcontext():
            self.figures = validation.judge(self._fill, self.processes)
            if self.processes.first:
                sheet = validation.sheet(self._fill, self.folder / "sheets" / f"step-{step:08d}.jpg")
        generator.train(training)
        skipped = self.processes.gather(validation.skipped)
        validation.skipped.clear()
        if self.journal is None:
            return
        self.journal.validated(step, self.figures, sheet)
        for sentence in dict.fromkeys(skipped):
            self.journal.note(step, sentence)
        if self.config.checkpoints.best and self.best.offer(step, validation.rank(self.figures)):
            self._write(self.best.path(step))

    def save(self) -> None:
        """Save everything; the last state before this one stays until it is whole."""
        self.trainer.merge_statistics()
        if self.processes.first:
            checkpoint.save_last(self.folder, self.state_dict())
        self.processes.wait()

    def export(self) -> Path:
        """Write the trained generator as a model of the application; return the file."""
        path = self.folder / f"{self.config.run.name}.safetensors"
        if self.processes.first:
            self._write(path)
        self.processes.wait()
        return path

    def state_dict(self) -> dict[str, Any]:
        """Return the trainer's state and what this loop remembers."""
        return self.trainer.state_dict() | {
            "config": options.flatten(self.config),
            "pictures": len(self._dataset),
            "best": self.best.state_dict(),
            "figures": self.figures,
        }

    def load_state_dict(self, state: dict[str, Any]) -> list[str]:
        """Take over what `state_dict` gave; return a sentence for what is not as it was."""
        self.trainer.load_state_dict(state)
        self.best = Best(self.folder, self.config.checkpoints.best, state["best"])
        self.figures = dict(state["figures"])
        before, now = state["pictures"], len(self._dataset)
        return [] if before == now else [f"There were {before} pictures before, and there are {now} now."]

    def _updated(self, parts: Sequence[Batch]) -> dict[str, float]:
        try:
            return self.trainer.update(parts)
        except (MemoryError, torch.OutOfMemoryError) as error:
            raise DeviceMemoryError(
                f"A step does not fit into the memory of {self.processes.device}: raise optimizer.accumulate, or lower "
                "data.batch or data.size. The last checkpoint is whole."
            ) from error

    def _due(self, every: int) -> bool:
        return self.trainer.step % every == 0 or self.trainer.step == self.config.run.steps

    def _record(self, sums: dict[str, list[float]]) -> None:
        """Log the means since the last time, over all processes."""
        names = sorted(sums)
        means = self.processes.mean({name: sum(sums[name]) / len(sums[name]) for name in names})
        count = max(len(each) for each in sums.values())
        broken = self.processes.gather(list(self._broken))
        sums.clear()
        self._broken.clear()
        if self.journal is not None:
            self.journal.record(self.trainer.step, means, count * self.config.data.batch)
            self.journal.broken(self.trainer.step, broken)

    def _fill(self, images: Tensor, masks: Tensor) -> Tensor:
        """Return what the generator makes of pictures, as Validation asks for it."""
        device = self.processes.device
        with torch.no_grad(), self.trainer.eager():  # to compile it for every size of picture would take minutes
            answer: Tensor = self.trainer.exported(masked_input(images, masks).to(device))
        return answer

    def _write(self, path: Path) -> None:
        trainer = self.trainer
        checkpoint.save_generator(path, trainer.exported, self.config, trainer.step, self.figures)


def _source(config: TrainConfig, processes: Processes) -> Source:
    """Open the pictures; the first process before the others, since it leaves an index beside tar shards."""
    if not processes.first:
        processes.wait()
    source = open_source([Path(each) for each in config.data.images])
    if processes.first:
        processes.wait()
    return Shrunk(source, config.data.shortest) if config.data.shortest else source


def _perceptual(config: TrainConfig, processes: Processes) -> PerceptualLoss | None:
    chosen = config.losses.perceptual
    if chosen.kind is Encoder.NONE or not chosen.weight:
        return None
    network = load_encoder(chosen.kind, Path(chosen.weights))
    return PerceptualLoss(chosen.kind, network, chosen.batchnorm).to(processes.device)


@contextlib.contextmanager
def _claimed(folder: Path) -> Iterator[None]:
    """Make the run's folder, and keep other runs out of it, where the file system can."""
    with contextlib.ExitStack() as stack:
        alone = True
        try:
            folder.mkdir(parents=True, exist_ok=True)
            alone = stack.enter_context(disk.locked(folder / LOCK, wait=False))
        except OSError as error:
            if error.errno not in UNLOCKED:
                reason = disk.refusal(error)
                raise FileFormatError(f"{disk.shown(folder)} cannot be written to: {reason}.") from error
        if not alone:
            raise SettingsError(
                f"A run is at work in {disk.shown(folder)}: wait until it ends, or choose another --output."
            )
        yield
