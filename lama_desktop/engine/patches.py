"""Patch completion: a hole is filled with the photo's own texture, from coarse to fine.

At every scale of a pyramid two steps alternate until they agree: each patch that touches the hole finds the most
similar patch of the known picture, and each pixel of the hole takes a vote of the patches that cover it (Wexler,
Shechtman, Irani, "Space-Time Completion of Video", PAMI 2007). What the steps are made of:

* the start at the coarsest scale peels the hole from its border inwards, comparing known pixels only (Newson, Almansa,
  Fradet, Gousseau, Pérez, "Video Inpainting of Complex Scenes", SIAM 2014; IPOL 2017, section 3);
* texture attributes, the mean absolute gradients around a pixel, are compared and voted on like colours, so that bland
  patches do not win in rough regions (ibid., section 2.3); taken at the finest scale and carried to the others;
* votes count by similarity and by confidence, which falls with the distance from the border (Wexler et al., section
  3.2); in the end nobody votes, and each pixel is copied from where its own patch comes from: the grain is the photo's
  and not a mean. Neighbouring patches agree by then, or lie beside each other in the photo, too. Measured on holes of
  600 pixels and more, against a last vote of 9 patches: the same PSNR, a texture distance (SWD) lower by a tenth;
* beyond those papers: a patch is compared by its leading principal components instead of all its pixels, and its
  distance grows a little with how far away it lies, in units of the hole's reach: near texture is under the same light.

`guide` lets another fill decide colour and structure: its blurred colours join the comparison, less from scale to
scale. Where there is none, a membrane spanned over the hole guides the coarse scales: a sky stays a smooth gradient
instead of two pieces that meet in the middle, and rough surroundings are not filled with something bland.

Everything is gathers and small matrix products in float32 (features of very large scales are kept in float16), the same
on CPU and CUDA; random numbers are drawn on the CPU, so a seed gives one result. Shapes: N pixels of the padded picture
as one list, C channels, K components.
"""

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from lama_desktop.core.arrays import Hole
from lama_desktop.engine.model import RING
from lama_desktop.engine.nearest import Field, offsets
from lama_desktop.engine.scales import (
    COARSEST_REACH,
    Picture,
    Scale,
    depth_of,
    dilated,
    enlarged,
    fitting_radius,
    flat,
    flattened,
    inside_of,
    pyramid_of,
    spanned,
)
from lama_desktop.progress import Progress

COMPONENTS = 20
FINE_COMPONENTS = 12
FINE_PIXELS = 150_000
"""Above this many pixels a scale is compared by FINE_COMPONENTS in half precision, once, and only near the finds of the
scale before, and nobody votes."""
ITERATIONS = (2, 3, 6)
"""Rounds of search and vote at the finest scale, the next, and all coarser ones."""
NEARNESS = 0.03
LEAST_REACH = 64
CONFIDENCE_BASE = 1.3
GUIDE_WEIGHT = 14.0
"""Of the guide's mean colour at the coarsest scale; the side of a patch, 7, would make it count like all its pixels."""
MEMBRANE_WEIGHT = 3.0
"""The same for the membrane, which guides where nothing else does."""
LEAST_GUIDE = 0.15
"""Below this weight the guide is not asked any more."""
GUIDE_FALL = 0.5
"""The part of its weight that the guide keeps from one scale to the next finer one."""


def complete(
    image: Picture,
    hole: Hole,
    *,
    allowed: Hole | None = None,
    guide: Picture | None = None,
    trust: float = 1.0,
    seed: int = 0,
    device: str = "cpu",
    progress: Progress | None = None,
) -> Picture:
    """Fill a hole with patches of the picture around it.

    Args:
        image: (H, W, C) float32 0..1, any number of channels; what lies in the hole does not matter; not modified.
        hole: (H, W) bool, True in at least one pixel and False in at least one.
        allowed: (H, W) bool: where patches may be copied from; everywhere by default, and where it leaves nothing.
        guide: (H, W, 1 to C) float32, another fill whose colours and structure this one follows in its channels.
        trust: how far, 0 (not at all) to about 1.
        seed: of the random search; the same seed gives the same picture.
        device: torch's name of where to compute.
        progress: called for every scale, round and candidate.

    Returns:
        A new array like `image`: the hole filled, and RING pixels around it redrawn as the patches would have them (for
        matching the light; everything else is the image).

    Raises:
        Cancelled: the user stopped it.
    """
    progress = progress or Progress()
    image = np.require(image, requirements=["C", "W"])  # torch warns of arrays it could not write to
    radius = fitting_radius(~hole)
    random = torch.Generator().manual_seed(seed)
    reach = float(cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE).max())
    progress(0, "looking at the surroundings")
    pyramid = pyramid_of(image, hole, allowed, guide, radius, reach, progress.stage(0, 0))
    work = [(height * width) ** 0.5 for height, width in (known.shape for _, known, _, _ in pyramid)]
    finds: Field | None = None
    before: Scale | None = None
    scale: Scale | None = None
    done = 0.0
    for level in reversed(range(len(work))):
        stage = progress.stage(done / sum(work), (done + work[level]) / sum(work))
        stage(0, f"texture at 1/{2**level}")
        values, known, usable, follow = pyramid.pop()
        scale = flattened(values, known, usable, radius, device, stage.stage(0, 0))
        stage(0)
        unit = max(reach, LEAST_REACH) / 2**level
        stage(0)
        fall = (MEMBRANE_WEIGHT if guide is None else trust * GUIDE_WEIGHT) * GUIDE_FALL ** (len(work) - 1 - level)
        if before is None or fall > LEAST_GUIDE:
            scale.guide = spanned(scale) if before is None else enlarged(before, scale)
            stage(0)
            if follow is not None:
                scale.guide[:, : len(follow)] = flat(follow, scale.margin, device)
        finds = _solve(scale, finds, before, level, radius, unit, fall, random, stage)
        before = scale
        done += work[level]
    assert scale is not None
    assert finds is not None
    redrawn = dilated(scale, scale.missing, min(RING, radius)) & inside_of(scale)
    places = redrawn.nonzero()[:, 0]
    scale.values[places] = finds.copied(scale.values, places)
    progress(1)
    plane = scale.plane(scale.values)
    margin = scale.margin
    result = plane[margin : margin + scale.height, margin : margin + scale.width, : image.shape[2]]
    changed = scale.plane(redrawn)[margin : margin + scale.height, margin : margin + scale.width].cpu().numpy()
    filled = image.copy()
    filled[changed] = result.clamp(0, 1).cpu().numpy()[changed]
    return filled


def _solve(
    scale: Scale,
    coarse: Field | None,
    before: Scale | None,
    level: int,
    radius: int,
    unit: float,
    guide_weight: float,
    random: torch.Generator,
    progress: Progress,
) -> Field:
    """Fill one scale in place and return where its patches come from."""
    large = len(scale.missing) > FINE_PIXELS
    places = scale.target.nonzero()[:, 0]
    missing = scale.missing.nonzero()[:, 0]
    confidence = torch.pow(CONFIDENCE_BASE, -depth_of(scale))
    progress(0)
    fresh = Field(scale.stride, places, scale.source, confidence, random)

    def draw(progress: Progress) -> None:
        if large:
            scale.values[missing] = fresh.copied(scale.values, missing)
        else:
            scale.values[missing] = fresh.vote(scale.values, missing, radius, progress)

    if coarse is None or before is None:
        _peel(scale, radius, guide_weight, random, progress.stage(0, 0))
    else:
        fresh.follow(coarse, before.margin, scale.margin, (scale.height, scale.width))
        draw(progress.stage(0, 0))
    rounds = 1 if large else ITERATIONS[min(level, len(ITERATIONS) - 1)]
    basis = _basis(scale, radius, FINE_COMPONENTS if large else COMPONENTS, random)
    for index in range(rounds):
        stage = progress.stage(index / rounds, (index + 1) / rounds)
        scale.extend()
        stage(0)
        kind = torch.float16 if large else torch.float32
        features = _features(scale, basis, radius, unit, kind, stage.stage(0, 0))
        wanted = features[places]
        stage(0)
        if guide_weight > LEAST_GUIDE:
            own, followed = (_blurred(scale, each, radius) * guide_weight for each in (scale.values, scale.guide))
            features, wanted = torch.cat([features, own], 1), torch.cat([wanted, followed[places]], 1)
        fresh.search(features, wanted, thorough=not large and (level > 0 or index == 0), progress=stage)
        if level > 0 or index < rounds - 1:
            draw(stage.stage(1, 1))
    return fresh


def _peel(scale: Scale, radius: int, guide_weight: float, random: torch.Generator, progress: Progress) -> None:
    """Fill the hole of the coarsest scale from its border inwards with the best match of what is known, in place."""
    steps = offsets(radius, scale.stride).to(scale.values.device)
    sources = (scale.source & dilated(scale, scale.missing, 2 * COARSEST_REACH)).nonzero()[:, 0]
    if len(sources) == 0:
        sources = scale.source.nonzero()[:, 0]
    if len(sources) > 6000:
        sources = sources[torch.randperm(len(sources), generator=random)[:6000].to(sources.device)]
    patches = scale.values[sources[:, None] + steps].flatten(1)  # (S, patch * C)
    squares = patches.square().T.contiguous()
    follow = _blurred(scale, scale.guide, radius) * guide_weight
    lead = follow[sources].T
    known = inside_of(scale) & ~scale.missing
    left = total = int(scale.missing.sum())
    while left:
        progress(0.5 * (1 - left / total))
        ring = (dilated(scale, known, 1) & scale.missing & ~known).nonzero()[:, 0]
        for part in ring.split(2000):
            around = part[:, None] + steps
            seen = known[around].float()[..., None].expand(-1, -1, scale.values.shape[1]).flatten(1)
            wanted = scale.values[around].flatten(1) * seen
            distance = seen @ squares - 2 * wanted @ patches.T
            distance += lead.square().sum(0) - 2 * follow[part] @ lead
            scale.values[part] = scale.values[sources[distance.argmin(1)]]
        known[ring] = True
        left -= len(ring)


def _basis(scale: Scale, radius: int, components: int, random: torch.Generator) -> Tensor:
    """Return the leading principal components of the patches that may be copied, as filters (K, C, side, side)."""
    sources = scale.source.nonzero()[:, 0]
    some = sources[torch.randint(len(sources), (min(4000, len(sources)),), generator=random).to(sources.device)]
    patches = scale.values[some[:, None] + offsets(radius, scale.stride).to(some.device)]  # (S, patch, C)
    patches = patches.transpose(1, 2).flatten(1)
    centred = patches - patches.mean(0)
    _, vectors = torch.linalg.eigh(centred.T @ centred)
    side = 2 * radius + 1
    return vectors[:, -components:].T.reshape(-1, scale.values.shape[1], side, side).contiguous()


def _features(scale: Scale, basis: Tensor, radius: int, unit: float, dtype: torch.dtype, progress: Progress) -> Tensor:
    """Return what patches are compared by, (N, K + 2): their components, and where they lie."""
    rows, stride, margin = scale.height + 2 * scale.margin, scale.stride, radius
    features = torch.empty(rows, stride, len(basis) + 2, dtype=dtype, device=scale.values.device)
    plane = F.pad(scale.plane(scale.values).permute(2, 0, 1), (margin,) * 4)
    for top in range(0, rows, 512):
        progress(0)
        bottom = min(top + 512, rows)
        strip = F.conv2d(plane[None, :, top : bottom + 2 * margin], basis)[0]
        features[top:bottom, :, :-2] = strip.permute(1, 2, 0)
    features[..., -2] = (torch.arange(rows, device=features.device) * (NEARNESS / unit))[:, None]
    features[..., -1] = torch.arange(stride, device=features.device) * (NEARNESS / unit)
    return features.flatten(0, 1)


def _blurred(scale: Scale, values: Tensor, radius: int) -> Tensor:
    """Return the mean colour of every patch, (N, C - 2)."""
    plane = scale.plane(values).permute(2, 0, 1)
    return F.avg_pool2d(F.pad(plane, (radius,) * 4), 2 * radius + 1, 1).flatten(1).T.contiguous()
