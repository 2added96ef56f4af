"""Refinement: a large picture is redrawn so that, seen smaller, it looks as the network would have drawn it smaller.

Kulshreshtha, Pugh, Jiddi, "Feature Refinement to Improve High Resolution Image Inpainting", 2022, arXiv 2206.13644, as
the published code computes it (facts 4). A network that was trained on small crops draws coherent structure at small
sizes and loses it at large ones. So the picture is filled at the smallest size first; at every larger one the features
between downsampling and residual blocks are descended upon until the result, halved, agrees with the one below, and
still with the known pixels. The weights stay as they are.

We differ where the published code fails: a hole too thin to be compared is no error, the result is never smaller than
the picture, and the memory is that of one layer and not of all (a seventh of the published). The network is the fused
one; rounding aside it has the published gradient, too.

Runs on the thread that owns the network.
"""

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from lama_desktop.core.arrays import Colors, Hole
from lama_desktop.engine.fuse import FusedGenerator
from lama_desktop.engine.levels import halved, halved_hole, heart, shrunk
from lama_desktop.errors import Cancelled
from lama_desktop.progress import Progress

logger = logging.getLogger(__name__)

FORWARD = 0.3
"""The part of a step that drawing takes; the rest is drawing once more and the way back, measured."""


@dataclass(frozen=True)
class Refinement:
    """How far to refine; the published values.

    There are as many levels as it takes to come near a short side of `smallest`, at most `most_levels`. A picture of
    more than `budget` pixels is refined at that size. The published budget leaves room for two levels only: the third
    begins at a short side of 1449, which is 2.1 million pixels.

    `by_area` counts the levels by the side of a square of the same area instead: a long window, whose short side is
    small at every size, is refined, too. Ours; squares come out as published.
    """

    steps: int = 15
    rate: float = 0.002
    smallest: int = 512
    most_levels: int = 3
    budget: int = 1_800_000
    by_area: bool = False

    def sizes(self, height: int, width: int) -> list[tuple[int, int]]:
        """Return height and width of every level, from coarse to fine; one level is a plain redraw."""
        if height * width > self.budget:
            ratio = math.sqrt(self.budget / (height * width))
            height, width = int(height * ratio), int(width * ratio)
        side = math.sqrt(height * width) if self.by_area else min(height, width)
        halvings = round(max(0.0, math.log2(side / self.smallest)))
        return [(height >> level, width >> level) for level in reversed(range(min(1 + halvings, self.most_levels)))]


def refine(
    network: FusedGenerator,
    image: Colors,
    hole: Hole,
    settings: Refinement | None = None,
    progress: Progress | None = None,
) -> Colors:
    """Redraw a picture, level by level.

    Args:
        network: of Fourier or ordinary residual blocks, where it is to run, in float32 or bfloat16: gradients of a mean
            over millions of pixels are too small for float16. The features that are descended upon stay in float32.
        image: (H, W, 3) float32 sRGB 0..1; what lies in the hole does not matter; not modified.
        hole: (H, W) bool.
        settings: how far.
        progress: reports and stops, between layers forward and inside of them backward.

    Returns:
        (H, W, 3) float32 0..1: the whole picture as the network redraws it, the known part too.

    Raises:
        Cancelled: the user stopped it.
        MemoryError, torch.OutOfMemoryError: the picture was too large.
    """
    settings, progress = settings or Refinement(), progress or Progress()
    sizes = settings.sizes(*hole.shape)
    picture = torch.from_numpy(image.transpose(2, 0, 1)[None].copy())
    missing = torch.from_numpy(hole[None, None].astype(np.float32))
    if sizes[-1] != hole.shape:
        picture, missing = shrunk(picture, missing, sizes[-1])
    levels = [(picture, missing)]
    for _ in sizes[1:]:
        picture, missing = halved(picture), halved_hole(missing)
        levels.append((picture, missing))
    work = [height * width * (settings.steps if index else 1) for index, (height, width) in enumerate(sizes)]
    redraw, done = None, 0
    for (height, width), (picture, missing), share in zip(sizes, reversed(levels), work, strict=True):
        stage = progress.stage(done / sum(work), (done + share) / sum(work))
        stage(0, f"refining at {width} × {height}" if done else f"drawing at {width} × {height}")
        redraw = _draw(network, picture, missing, redraw, settings, stage)
        done += share
    assert redraw is not None
    if sizes[-1] != hole.shape:
        redraw = F.interpolate(redraw, size=hole.shape, mode="bicubic", align_corners=False).clamp(0, 1)
    return np.ascontiguousarray(redraw[0].permute(1, 2, 0).cpu().numpy())


def _draw(
    network: FusedGenerator,
    picture: Tensor,
    missing: Tensor,
    below: Tensor | None,
    settings: Refinement,
    progress: Progress,
) -> Tensor:
    """Return one level as it is redrawn, (1, 3, H, W) on the device; descend first where there is a level below."""
    height, width = missing.shape[-2:]
    device = next(network.parameters()).device
    padded, mask = _padded(picture, network), (_padded(missing, network) > 0).float()
    chain = _Chain(network)
    with torch.no_grad():
        features = chain.features(torch.cat([padded * (1 - mask), mask], dim=1).to(device), progress).float()
    if below is None:
        return chain.draw(features, progress)[0][:, :, :height, :width].float().sigmoid()
    goal = _Goal(padded.to(device), (1 - mask).to(device), (height, width), below, heart(missing).to(device))
    descent = _Adam(features, settings.rate)
    for step in range(settings.steps):
        stage = progress.stage(step / settings.steps, (step + 1) / settings.steps)
        last = step == settings.steps - 1  # as published: it draws, and descends no more
        logits, trail = chain.draw(features, stage if last else stage.stage(0, FORWARD))
        loss, gradient = goal.judge(logits)
        logger.debug("Refinement at %d × %d, step %d: loss %.6f", width, height, step + 1, loss)
        if not last:
            descent.step(chain.gradient(trail, gradient, stage.stage(FORWARD, 1)).float())
    return logits[:, :, :height, :width].float().sigmoid()


@dataclass(frozen=True)
class _Goal:
    """What a level is to agree with.

    `picture` (1, 3, H, W), padded, where `known` (1, 1, H, W) is 1; and, cut to `size` and halved, the level `below`
    (1, 3, h, w) where `core` (1, 1, h, w) is 1.
    """

    picture: Tensor
    known: Tensor
    size: tuple[int, int]
    below: Tensor
    core: Tensor

    def judge(self, logits: Tensor) -> tuple[float, Tensor]:
        """Return the loss of a picture before its sigmoid, and its gradient, (1, 3, H, W) float32."""
        logits = logits.float().detach().requires_grad_()
        redraw = logits.sigmoid()
        height, width = self.size
        loss = _difference(redraw, self.picture, self.known)
        loss = loss + _difference(halved(redraw[:, :, :height, :width]), self.below, self.core)
        (gradient,) = torch.autograd.grad(loss, logits)
        return loss.item(), gradient


class _Adam:
    """Adam (Kingma, Ba, ICLR 2015) with the usual constants, on one tensor, in place.

    PyTorch's own, the same to the bit, loads a compiler of 800 modules first, and cannot be stopped while it does.
    """

    MEAN, SQUARE, EPSILON = 0.9, 0.999, 1e-8

    def __init__(self, values: Tensor, rate: float) -> None:
        self._values, self._rate, self._count = values, rate, 0
        self._mean, self._square = torch.zeros_like(values), torch.zeros_like(values)

    def step(self, gradient: Tensor) -> None:
        """Go one step down."""
        self._count += 1
        self._mean.lerp_(gradient, 1 - self.MEAN)
        self._square.mul_(self.SQUARE).addcmul_(gradient, gradient, value=1 - self.SQUARE)
        spread = self._square.sqrt().div_(math.sqrt(1 - self.SQUARE**self._count)).add_(self.EPSILON)
        self._values.addcdiv_(self._mean, spread, value=-self._rate / (1 - self.MEAN**self._count))


class _Chain:
    """A network as a chain of stages, whose gradient takes the memory of one of them and of their inputs.

    Checkpointing (Chen, Xu, Zhang, Guestrin, 2016, arXiv 1604.06174), every stage drawn a second time on the way back.
    The loop is ours, so that it can report and be stopped between stages; inside of one, PyTorch walks back alone and
    is stopped from its own steps.
    """

    def __init__(self, network: FusedGenerator) -> None:
        self._network = network
        self._stages: list[Callable[[Tensor, Progress], Tensor]] = [
            *(lambda x, progress, block=block: block(x, lambda: progress(0.5)) for block in network.blocks),
            *(lambda x, progress, layer=layer: layer(x) for layer in network.tail),
        ]

    def features(self, x: Tensor, progress: Progress) -> Tensor:
        """Return what the downsampling makes of a masked picture, (1, 4, H, W)."""
        x = x.to(self._network.dtype).contiguous(memory_format=torch.channels_last)
        for layer in self._network.head:
            x = layer(x)
            progress(0)
        return x

    def draw(self, features: Tensor, progress: Progress) -> tuple[Tensor, list[Tensor]]:
        """Return the picture before its sigmoid, and the inputs of all stages. Without a graph."""
        x = features.detach().to(self._network.dtype)
        trail = []
        for stage, part in zip(self._stages, self._parts(progress), strict=True):
            part(0)
            trail.append(x)
            with torch.no_grad():
                x = stage(x, part)
        progress(1)
        return x, trail

    def gradient(self, trail: list[Tensor], gradient: Tensor, progress: Progress) -> Tensor:
        """Return the gradient of the features, from that of the picture; uses `trail` up."""
        gradient = gradient.to(self._network.dtype)
        for stage, part in zip(reversed(self._stages), self._parts(progress), strict=True):
            part(0)
            x = trail.pop().detach().requires_grad_()
            out = stage(x, part)
            _stop_backward(out, part)
            (gradient,) = torch.autograd.grad(out, x, gradient)
        progress(1)
        return gradient

    def _parts(self, progress: Progress) -> list[Progress]:
        count = len(self._stages)
        return [progress.stage(index / count, (index + 1) / count) for index in range(count)]


def _stop_backward(output: Tensor, progress: Progress) -> None:
    """Let every step of the way back from `output` stop once it is cancelled; nothing is reported from there.

    On a GPU these steps are another thread's.
    """

    def check(gradients: object) -> None:
        if progress.cancelled:
            raise Cancelled

    seen, ahead = set(), [output.grad_fn]
    while ahead:
        node = ahead.pop()
        if node is not None and node not in seen:
            seen.add(node)
            node.register_prehook(check)
            ahead.extend(following for following, _ in node.next_functions)


def _difference(drawn: Tensor, wanted: Tensor, where: Tensor) -> Tensor:
    """Return the mean absolute difference where `where` is 1; 0 where it is nowhere."""
    return ((drawn - wanted).abs() * where).sum() / (where.sum() * drawn.shape[1]).clamp_min(1)


def _padded(planes: Tensor, network: FusedGenerator) -> Tensor:
    """Mirror over the bottom and right edges, the edge pixel not repeated: unlike the plain prediction."""
    bottom, right = (
        max(network.minimum, -(-side // network.multiple) * network.multiple) - side for side in planes.shape[-2:]
    )
    return torch.from_numpy(np.pad(planes.numpy(), ((0, 0), (0, 0), (0, bottom), (0, right)), mode="reflect"))
