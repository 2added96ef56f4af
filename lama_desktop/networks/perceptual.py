"""The perceptual losses: how far apart two pictures are in the eyes of a network that was trained to see.

The high-receptive-field loss of the paper (Suvorov et al., WACV 2022, section 2.2.1) compares features of a dilated
ResNet-50; its ablations (table 3) take a plain one, other weights, or VGG-19. Here as the published code computes them.
Weights come from `models/encoders.py`.

Shapes: B batch, C channels, H height, W width, h and w the sides of a map of features.
"""

from enum import StrEnum

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from lama_desktop.networks.resnet import ResNet50
from lama_desktop.networks.vgg import VGG19

MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)
"""Of ImageNet's pictures, RGB 0..1: what all the encoders expect."""


class Encoder(StrEnum):
    """The network whose features are compared."""

    NONE = "none"
    RESNET50_DILATED = "resnet50-dilated"
    RESNET50 = "resnet50"
    VGG19 = "vgg19"


class BatchNormMode(StrEnum):
    """By which statistics the encoder normalises."""

    BATCH = "batch"
    """By those of the batch, prediction and target each by their own: what published models were trained with."""
    FROZEN = "frozen"
    """By those that the encoder learnt: what it was trained for."""


def build_encoder(kind: Encoder) -> ResNet50 | VGG19:
    """Return a freshly initialised encoder, which is of use with weights only.

    Raises:
        ValueError: `Encoder.NONE` has no network.
    """
    match kind:
        case Encoder.RESNET50_DILATED:
            return ResNet50(dilated=True)
        case Encoder.RESNET50:
            return ResNet50(dilated=False)
        case Encoder.VGG19:
            return VGG19()
        case Encoder.NONE:
            raise ValueError("there is no encoder to build")


class PerceptualLoss(nn.Module):
    """The distance of two pictures in an encoder's features.

    The encoder is frozen: its parameters want no gradient, and `train` and `eval` of whatever owns this module change
    nothing. With `BatchNormMode.BATCH` its running statistics drift, as published, by the prediction first and then by
    the target; no result depends on them, so a checkpoint of a training run need not hold this module.

    Args:
        kind: what `network` is.
        network: the encoder, from now on owned by this module; its `forward` returns a list of maps of features.
        batchnorm: see BatchNormMode; VGG-19 has no such layers.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, kind: Encoder, network: nn.Module, batchnorm: BatchNormMode = BatchNormMode.BATCH) -> None:
        super().__init__()
        self.kind = kind
        self.batchnorm = batchnorm
        self.network = network.requires_grad_(False)
        self.register_buffer("mean", torch.tensor(MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(DEVIATION).view(3, 1, 1), persistent=False)
        self.train()

    def train(self, mode: bool = True) -> "PerceptualLoss":
        """Called by whatever owns the module; the encoder stays in the mode that `batchnorm` says."""
        super().train(mode)
        self.network.train(self.batchnorm is BatchNormMode.BATCH)
        return self

    def forward(self, prediction: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        """Return the loss, not weighted, a float32 scalar.

        ResNet-50: the mean squared difference of each of the four maps, summed; hole or not. (The paper speaks of the
        mean over the maps; published code and weights go with the sum.)
        VGG-19: the squared differences times (1 - mask), mean over each map's elements, masked or not, summed over
        the thirteen maps and over the batch. So it grows with the batch; the recipe's weight is per picture.

        Args:
            prediction: (B, 3, H, W) float, RGB 0..1; where the gradient goes.
            target: the photograph, likewise; no gradient reaches it.
            mask: (B, 1, H, W) float, 1 in the hole.
        """
        ours = self.network(self._normalised(prediction))
        with torch.no_grad():
            theirs = self.network(self._normalised(target))
        with torch.autocast(prediction.device.type, enabled=False):
            distance = _distance_outside if self.kind is Encoder.VGG19 else _distance
            terms = [distance(one.float(), other.float(), mask) for one, other in zip(ours, theirs, strict=True)]
            return torch.stack(terms).sum()

    def _normalised(self, picture: Tensor) -> Tensor:
        return (picture.float() - self.mean) / self.deviation


def _distance(one: Tensor, other: Tensor, _: Tensor) -> Tensor:
    """Return the mean squared difference of two maps of features."""
    return functional.mse_loss(one, other)


def _distance_outside(one: Tensor, other: Tensor, mask: Tensor) -> Tensor:
    """Return the mean squared difference outside the hole, summed over the batch; the mask is scaled smoothly."""
    weight = 1 - functional.interpolate(mask.float(), one.shape[-2:], mode="bilinear", align_corners=False)
    each = functional.mse_loss(one, other, reduction="none").mean(1, keepdim=True)  # the weight is that of all channels
    return (each * weight).mean((1, 2, 3)).sum()
