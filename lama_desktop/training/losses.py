"""The losses of the paper, each a pure function of tensors; what weighs them is in the recipe.

Suvorov et al., WACV 2022, section 2.2, as the published code computes them. Shapes: B batch, C channels, H height,
W width, h and w the sides of a map of scores. Masks are (B, 1, H, W) float, 1 where the picture is to be invented. All
compute in float32 whatever the autocast. The perceptual losses need networks: `networks/perceptual.py`.
"""

from collections.abc import Sequence
from enum import StrEnum

import torch
import torch.nn.functional as functional
from torch import Tensor


class MaskScaling(StrEnum):
    """How a mask is brought to the size of a map of scores."""

    NEAREST = "nearest"
    LARGEST = "maxpool"


def masked_l1(prediction: Tensor, target: Tensor, mask: Tensor, known: float, missing: float) -> Tensor:
    """Return the mean absolute difference, weighted `known` outside the hole and `missing` inside.

    The mean is over all elements, weighted or not, as published: a larger hole makes the known part count less.
    """
    weight = missing * mask + known * (1 - mask)
    return ((prediction.float() - target).abs() * weight).mean()


def generator_adversarial(scores: Tensor, mask: Tensor, *, extra: float = 0.0, everywhere: bool = True) -> Tensor:
    """Return the non-saturating loss of the generator: it wants its pictures to be scored as real.

    Args:
        scores: (B, 1, h, w) of the generated picture.
        mask: the hole, scaled to the scores by `scale_mask`.
        extra: what scores on the hole weigh more than 1.
        everywhere: whether scores outside the hole count.
    """
    loss = functional.softplus(-scores.float())
    if extra or not everywhere:
        loss = loss * (mask * extra + 1 if everywhere else mask)
    return loss.mean()


def discriminator_adversarial(
    real: Tensor, fake: Tensor, mask: Tensor, *, masked_fake: bool = True, everywhere: bool = True
) -> Tensor:
    """Return the non-saturating loss of the discriminator.

    Only patches of the generated picture that show the hole are to be found out: what surrounds it is as good as real
    (section 2.2, equations 3 and 4).

    Args:
        real: (B, 1, h, w) scores of photographs.
        fake: scores of generated pictures.
        mask: the hole, scaled to the scores.
        masked_fake: whether generated patches outside the hole count as real; otherwise they are fake, too.
        everywhere: whether generated patches outside the hole count at all.
    """
    real, fake = real.float(), fake.float()
    invented = functional.softplus(fake)
    if masked_fake:
        invented = invented * mask
        if everywhere:
            invented = invented + (1 - mask) * functional.softplus(-fake)
    elif not everywhere:
        invented = invented * mask
    return (functional.softplus(-real) + invented).mean()


def gradient_penalty(real: Tensor, pictures: Tensor) -> Tensor:
    """Return R1: the squared norm of the scores' gradient by the photographs, mean over the batch.

    Mescheder et al., ICML 2018, equation 9, without the half. The graph is kept, so that it can be minimised.

    Args:
        real: (B, 1, h, w) scores, computed from `pictures`.
        pictures: (B, 3, H, W), requiring a gradient.
    """
    (gradient,) = torch.autograd.grad(real.float().sum(), pictures, create_graph=True)
    return gradient.float().flatten(1).square().sum(1).mean()


def feature_matching(fake: Sequence[Tensor], real: Sequence[Tensor], mask: Tensor | None = None) -> Tensor:
    """Return the mean over the discriminator's features of their mean squared difference.

    Wang et al., CVPR 2018, section 3.3, with squares instead of absolute values, as published.

    Args:
        fake: features of generated pictures.
        real: features of the photographs, without a graph.
        mask: counts only what lies outside the hole, if given.
    """
    terms = []
    for one, other in zip(fake, real, strict=True):
        difference = (one.float() - other.float()).square()
        if mask is not None:
            weight = functional.interpolate(mask, one.shape[-2:], mode="bilinear", align_corners=False)
            difference = difference * (1 - weight)
        terms.append(difference.mean())
    return torch.stack(terms).mean()


def scale_mask(mask: Tensor, size: Sequence[int], scaling: MaskScaling = MaskScaling.NEAREST) -> Tensor:
    """Return a mask at the (h, w) of a map of scores."""
    if scaling is MaskScaling.LARGEST:
        return functional.adaptive_max_pool2d(mask, tuple(size))
    return functional.interpolate(mask, tuple(size), mode="nearest")
