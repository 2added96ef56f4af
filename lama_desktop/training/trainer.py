"""Trainer: the two networks of the paper and how one step of training changes them.

A step is the published one: the generator's update, then the discriminator's on the same pictures (Suvorov et al., WACV
2022, section 2.2). It belongs to one process and one device; across processes gradients are averaged by torch's
DistributedDataParallel, so that a step does not depend on how many there are (BatchNorm, unless synchronised, sees the
pictures of its own process and part only).
"""

import contextlib
import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from lama_desktop.errors import LamaDesktopError, SettingsError
from lama_desktop.networks.discriminator import Discriminator, DiscriminatorConfig
from lama_desktop.networks.generators import Generator, build_generator
from lama_desktop.training import losses
from lama_desktop.training.average import Average
from lama_desktop.training.config import Precision, Schedule, TrainConfig, generator_config
from lama_desktop.training.distributed import Processes, together
from lama_desktop.training.warmstart import Taken, warm_start

Terms = dict[str, Tensor]
"""Named scalars of a loss, weighted, on the device."""
FINAL_RATE = 0.1
"""What a falling schedule ends with, as a part of the rate."""


class Pictures(Protocol):
    """Some of a step's pictures, as `data.py` makes them."""

    @property
    def images(self) -> Tensor:
        """Photographs, (B, 3, H, W), RGB, uint8 or float 0..1."""

    @property
    def masks(self) -> Tensor:
        """Holes, (B, 1, H, W), 1 where the picture is to be invented."""


class NotFiniteError(LamaDesktopError):
    """A loss or a gradient is no number any more; the weights are those of the step before."""


@dataclass
class _Part:
    """Some of a step's pictures on the device, and what the generator made of them, to be found out as fake."""

    images: Tensor
    masks: Tensor
    fake: Tensor | None = None


class Trainer:
    """Both networks, their optimisers, the running average, and the step that changes them.

    Args:
        config: what decides the step.
        processes: this process and the others.
        perceptual: the perceptual loss, on the device; called with prediction, images and masks.
    """

    def __init__(self, config: TrainConfig, processes: Processes, perceptual: nn.Module | None = None) -> None:
        self.config = config
        self.processes = processes
        self.perceptual = perceptual
        self.step = 0
        torch.manual_seed(config.run.seed)
        self.generator: Generator = self._placed(build_generator(generator_config(config.generator)))
        shape = DiscriminatorConfig(config.discriminator.width, config.discriminator.layers)
        self.discriminator: Discriminator = self._placed(Discriminator(shape))
        self.generator_optimizer = torch.optim.Adam(self.generator.parameters(), config.generator.rate)
        self.discriminator_optimizer = torch.optim.Adam(self.discriminator.parameters(), config.discriminator.rate)
        self.average = Average(self.generator, config.average) if config.average.on else None
        self._generator, self._discriminator = self._parallel(self.generator), self._parallel(self.discriminator)

    @property
    def exported(self) -> Generator:
        """The generator to validate and to export: the running average where there is one."""
        return self.generator if self.average is None else self.average.generator

    def warm_start(self) -> list[Taken]:
        """Load the weights that the recipe names to begin with; return what was taken.

        Raises:
            ModelError: they cannot be read, or nothing of them fits.
        """
        taken = warm_start(self.config, self.generator, self.discriminator)
        if self.average is not None:
            self.average.generator.load_state_dict(self.generator.state_dict())
        return taken

    @together()
    def update(self, batches: Sequence[Pictures]) -> dict[str, float]:
        """Make one step.

        Args:
            batches: the step's pictures for this process, in as many parts as gradients are accumulated over.

        Returns:
            The weighted terms of both losses and the norms of both gradients, by name, of this process.

        Raises:
            NotFiniteError: a term is no number; the weights that it was to change are as they were.
        """
        rate = self._rate()
        for optimizer, base in (
            (self.generator_optimizer, self.config.generator.rate),
            (self.discriminator_optimizer, self.config.discriminator.rate),
        ):
            for group in optimizer.param_groups:
                group["lr"] = base * rate
        parts = [self._part(batch) for batch in batches]
        values = self._generator_step(parts) | self._discriminator_step(parts)
        self.step += 1
        if self.average is not None:
            self.average.update(self.generator, self.step)
        return values

    def eager(self) -> contextlib.AbstractContextManager[Any]:
        """Return a context in which networks run as they are, also if they are compiled."""
        return torch.compiler.set_stance("force_eager") if self.config.compute.compile else contextlib.nullcontext()

    def state_dict(self) -> dict[str, Any]:
        """Return everything that a later process needs to go on as if nothing had happened."""
        state: dict[str, Any] = {
            "step": self.step,
            "generator": self.generator.state_dict(),
            "discriminator": self.discriminator.state_dict(),
            "generator_optimizer": self.generator_optimizer.state_dict(),
            "discriminator_optimizer": self.discriminator_optimizer.state_dict(),
        }
        if self.average is not None:
            state["average"] = self.average.generator.state_dict()
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        self.step = int(state["step"])
        self.generator.load_state_dict(state["generator"])
        self.discriminator.load_state_dict(state["discriminator"])
        self.generator_optimizer.load_state_dict(state["generator_optimizer"])
        self.discriminator_optimizer.load_state_dict(state["discriminator_optimizer"])
        if self.average is not None:
            self.average.generator.load_state_dict(state["average"])

    def merge_statistics(self) -> None:
        """Give every process the mean of all processes' BatchNorm statistics; before validating or saving."""
        averages = () if self.average is None else (self.average.generator,)
        for network in (self.generator, self.discriminator, *averages):
            self.processes.average([each for each in network.buffers() if each.is_floating_point()])

    def _generator_step(self, parts: Sequence[_Part]) -> dict[str, float]:
        options = self.config.losses
        self.discriminator.requires_grad_(False)
        totals: Terms = {}
        for part in _synchronised(self._generator, parts):
            with self._autocast():
                prediction = self._generator(masked_input(part.images, part.masks)).float()
                terms = {
                    "l1": losses.masked_l1(prediction, part.images, part.masks, options.l1.known, options.l1.missing)
                }
                shown = self._shown(prediction, part)
                if options.adversarial.weight or options.feature_matching.weight:
                    terms |= self._discriminator_terms(shown, part)
                if self.perceptual is not None:
                    loss = self.perceptual(shown, part.images, part.masks)
                    terms["perceptual"] = options.perceptual.weight * loss
            self._backward(terms, totals, len(parts))
            part.fake = shown.detach()
        self.discriminator.requires_grad_(True)
        return self._apply("generator", self.generator, self.generator_optimizer, totals)

    def _shown(self, prediction: Tensor, part: _Part) -> Tensor:
        """Return the picture that the discriminator and the encoder judge.

        Published is the prediction, the redrawn surroundings of the hole too. Blended, nothing is spent on what will
        never be seen, and a seam is found out (the authors' own advice against visible edges).
        """
        if not self.config.losses.blended:
            return prediction
        return torch.lerp(part.images, prediction, part.masks)

    def _discriminator_terms(self, shown: Tensor, part: _Part) -> Terms:
        """Return what the discriminator says of a picture, as terms of the generator's loss."""
        options = self.config.losses
        scores, features = self.discriminator(shown)
        with torch.no_grad():
            _, real_features = self.discriminator(part.images)
        mask = losses.scale_mask(part.masks, scores.shape[-2:], options.adversarial.mask_scaling)
        adversarial = losses.generator_adversarial(
            scores, mask, extra=options.adversarial.extra, everywhere=options.adversarial.generator_everywhere
        )
        outside = part.masks if options.feature_matching.known_only else None
        matching = losses.feature_matching(features, real_features, outside)
        return {
            "adversarial": options.adversarial.weight * adversarial,
            "feature_matching": options.feature_matching.weight * matching,
        }

    def _discriminator_step(self, parts: Sequence[_Part]) -> dict[str, float]:
        options = self.config.losses.adversarial
        if not options.weight and not self.config.losses.feature_matching.weight:
            return {}
        penalised = options.penalty > 0 and self.step % options.penalty_every == 0
        totals: Terms = {}
        for part in _synchronised(self._discriminator, parts):
            with self._autocast():
                fake = part.fake
                if fake is None or self.config.optimizer.second_forward:
                    with torch.no_grad():
                        fake = self._shown(self.generator(masked_input(part.images, part.masks)).float(), part)
                real = part.images.detach().requires_grad_(penalised)
                # A gradient's gradient does not compile.
                with self.eager() if penalised else contextlib.nullcontext():
                    real_scores, _ = self._discriminator(real)
                    fake_scores, _ = self._discriminator(fake)
                mask = losses.scale_mask(part.masks, real_scores.shape[-2:], options.mask_scaling)
                terms = {
                    "discriminator": losses.discriminator_adversarial(
                        real_scores,
                        fake_scores,
                        mask,
                        masked_fake=options.masked_fake,
                        everywhere=options.discriminator_everywhere,
                    )
                }
                if penalised:
                    penalty = losses.gradient_penalty(real_scores, real)
                    terms["penalty"] = options.penalty * options.penalty_every * penalty
            self._backward(terms, totals, len(parts))
            with torch.no_grad():
                for name, scores in (("score_real", real_scores), ("score_fake", fake_scores)):
                    totals[name] = totals.get(name, 0) + scores.float().mean() / len(parts)
        return self._apply("discriminator", self.discriminator, self.discriminator_optimizer, totals)

    def _backward(self, terms: Terms, totals: Terms, parts: int) -> None:
        """Add a part's gradients and the values of its terms."""
        torch.stack(list(terms.values())).sum().div(parts).backward()
        for name, value in terms.items():
            totals[name] = totals.get(name, 0) + value.detach() / parts

    def _apply(
        self, name: str, network: nn.Module, optimizer: torch.optim.Optimizer, totals: Terms
    ) -> dict[str, float]:
        """Clip the gradients, look whether all is finite, and change the weights."""
        clip = self.config.optimizer.clip or math.inf
        norm = nn.utils.clip_grad_norm_(network.parameters(), clip)
        numbers = torch.stack([*totals.values(), norm]).tolist()
        values = dict(zip([*totals, f"{name}_gradient"], numbers, strict=True))
        wrong = [term for term, value in values.items() if not math.isfinite(value)]
        if wrong:
            optimizer.zero_grad(set_to_none=True)
            raise NotFiniteError(
                f"Step {self.step + 1}: not finite any more: {', '.join(wrong)}. Go on from the last checkpoint with a "
                "lower generator.rate and discriminator.rate, or in float32."
            )
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return values

    def _rate(self) -> float:
        """Return by what the learning rates are multiplied at this step."""
        options = self.config.optimizer
        rate = min(1.0, (self.step + 1) / options.warmup) if options.warmup else 1.0
        if options.schedule is Schedule.COSINE:
            fraction = min(self.step / self.config.run.steps, 1.0)
            rate *= FINAL_RATE + (1 - FINAL_RATE) * (1 + math.cos(math.pi * fraction)) / 2
        return rate

    def _part(self, batch: Pictures) -> _Part:
        """Bring pictures to the device as float."""
        device = self.processes.device
        layout = torch.channels_last if self.config.compute.channels_last else torch.contiguous_format
        images = batch.images.to(device, non_blocking=True)
        images = (images.float() / 255 if images.dtype == torch.uint8 else images).contiguous(memory_format=layout)
        return _Part(images, batch.masks.to(device, non_blocking=True).float())

    def _autocast(self) -> contextlib.AbstractContextManager[Any]:
        if self.config.compute.precision is Precision.FLOAT32:
            return contextlib.nullcontext()
        return torch.autocast(self.processes.device.type, torch.bfloat16)

    def _placed(self, network: nn.Module) -> Any:
        if self.config.compute.sync_batchnorm:
            if self.processes.device.type != "cuda":
                raise SettingsError("compute.sync_batchnorm needs CUDA devices: leave it off on CPUs.")
            network = nn.SyncBatchNorm.convert_sync_batchnorm(network)
        if self.config.compute.channels_last:
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # its stub forgets this form
        return network.to(self.processes.device).train()

    def _parallel(self, network: nn.Module) -> nn.Module:
        """Return what averages gradients over the processes; compiled where that is wanted."""
        if self.config.compute.compile:
            network.compile(dynamic=False)
        if self.processes.world == 1:
            return network
        devices = [self.processes.device] if self.processes.device.type == "cuda" else None
        with warnings.catch_warnings():
            # torch 2.13 renames the option, and earlier versions do not know the new name.
            warnings.simplefilter("ignore", FutureWarning)
            # Statistics of BatchNorm stay apart, as published; `merge_statistics` joins them before they are used.
            return DistributedDataParallel(network, devices, broadcast_buffers=False)


def masked_input(images: Tensor, masks: Tensor) -> Tensor:
    """Return what a generator sees: (B, 4, H, W), the picture with a black hole, and the hole."""
    return torch.cat([images * (1 - masks), masks], dim=1)


def _synchronised(network: nn.Module, parts: Sequence[_Part]) -> Iterator[_Part]:
    """Yield the parts; processes exchange gradients with the last one only."""
    for index, part in enumerate(parts):
        if isinstance(network, DistributedDataParallel) and index < len(parts) - 1:
            with network.no_sync():
                yield part
        else:
            yield part
