"""Patch completion: a hole is filled with the photo's own texture, from coarse to fine.

At every scale of a pyramid two steps alternate until they agree: each patch that touches the hole finds the most
similar patch of the known picture, and each pixel of the hole takes a vote of the patches that cover it (Wexler,
Shechtman, Irani, "Space-Time Completion of Video", PAMI 2007). What the steps are made of:

* the start at the coarsest scale peels the hole from its border inwards, comparing known pixels only (Newson, Almansa,
  Fradet, Gousseau, Pérez, "Video Inpainting of Complex Scenes", SIAM 2014; IPOL 2017, section 3);
* texture attributes, the mean absolute gradients around a pixel, are compared and voted on like colours, so that bland
  patches do not win in rough regions (ibid., section 2.3); taken at the finest scale and carried to the others;
* votes count by similarity and by confidence, which falls with the distance from the border (Wexler et al., section
  3.2); in the end only the most similar patches count, so that the result is sharp;
* beyond those papers: a patch is compared by its leading principal components instead of all its pixels, and its
  distance grows a little with how far away it lies, in units of the hole's reach: near texture is under the same light.

`guide` lets another fill decide colour and structure: its blurred colours join the comparison, less from scale to
scale. Where there is none, a membrane spanned over the hole guides the coarse scales: a sky stays a smooth gradient
instead of two pieces that meet in the middle, and rough surroundings are not filled with something bland.

Everything is gathers and small matrix products in float32, the same on CPU and CUDA; random numbers are drawn on the
CPU, so a seed gives one result. Shapes: N pixels of the padded picture as one list, C channels, K components.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from lama_desktop.core.arrays import Hole
from lama_desktop.engine.membrane import membrane
from lama_desktop.engine.model import RING
from lama_desktop.engine.nearest import Field, offsets
from lama_desktop.progress import Progress

RADIUS = 3
"""Patches are 7 pixels wide; narrower where the known picture has no room for that."""
COARSEST_REACH = 5 * RADIUS
"""The pyramid ends where the innermost hole pixel is this near to the known picture."""
SMALLEST_SIDE = 32
FEWEST_SOURCES = 50
COMPONENTS = 20
FINE_COMPONENTS = 12
FINE_PIXELS = 2_000_000
"""Above this many pixels a scale is compared by FINE_COMPONENTS in half precision, once, and only near the finds of the
scale before; fewer patches vote."""
ITERATIONS = (3, 4, 8)
"""Rounds of search and vote at the finest scale, the next, and all coarser ones."""
NEARNESS = 0.03
LEAST_REACH = 64
CONFIDENCE_BASE = 1.3
SHARPNESS = 0.03
"""How much narrower the last vote's similarity is."""
ATTRIBUTE_WEIGHT = 10.0
LAST_RADIUS = 1
"""Only the middle of a patch votes in the end: fewer voices, a sharper picture."""
GUIDE_WEIGHT = 14.0
"""Of the guide's mean colour at the coarsest scale; the side of a patch, 7, would make it count like all its pixels."""
MEMBRANE_WEIGHT = 3.0
"""The same for the membrane, which guides where nothing else does."""
LEAST_GUIDE = 0.15
"""Below this weight the guide is not asked any more."""
GUIDE_FALL = 0.5
"""The part of its weight that the guide keeps from one scale to the next finer one."""

Picture = NDArray[np.float32]
"""(H, W, C) float32, 0..1."""


@dataclass
class _Scale:
    """One scale of the pyramid, padded by a patch on every side and flattened to lists of N pixels.

    `values` (N, C) are colours and the two texture attributes, `guide` (N, C) what they should be like; `missing`,
    `source` and `target` (N) bool tell the hole, the centres of patches that may be copied, and those of patches that
    touch the hole.
    """

    height: int
    width: int
    margin: int
    values: Tensor
    missing: Tensor
    source: Tensor
    target: Tensor
    guide: Tensor = field(init=False)

    @property
    def stride(self) -> int:
        """Pixels of a padded row."""
        return self.width + 2 * self.margin

    def extend(self) -> None:
        """Repeat the picture's edge into the padding: a hole there must not be compared with what is not a picture."""
        plane, margin = self.plane(self.values), self.margin
        plane[:margin], plane[-margin:] = plane[margin], plane[-margin - 1]
        plane[:, :margin], plane[:, -margin:] = plane[:, margin, None], plane[:, -margin - 1, None]

    def plane(self, flat: Tensor) -> Tensor:
        """Return a list of pixels as a padded picture (rows, columns, ...)."""
        return flat.view(self.height + 2 * self.margin, self.stride, *flat.shape[1:])


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
        guide: (H, W, C) float32, another fill whose colours and structure this one follows.
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
    radius = _fitting_radius(~hole)
    random = torch.Generator().manual_seed(seed)
    reach = float(cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE).max())
    pyramid = _pyramid(image, hole, allowed, guide, radius, reach)
    work = [(height * width) ** 0.5 for height, width in (known.shape for _, known, _, _ in pyramid)]
    finds: Field | None = None
    before: _Scale | None = None
    scale: _Scale | None = None
    done = 0.0
    for level in reversed(range(len(work))):
        stage = progress.stage(done / sum(work), (done + work[level]) / sum(work))
        stage(0, f"texture at 1/{2**level}")
        values, known, usable, follow = pyramid.pop()
        scale = _scale(values, known, usable, radius, device)
        unit = max(reach, LEAST_REACH) / 2**level
        fall = (MEMBRANE_WEIGHT if guide is None else trust * GUIDE_WEIGHT) * GUIDE_FALL ** (len(work) - 1 - level)
        if before is None or fall > LEAST_GUIDE:
            scale.guide = _spanned(scale) if before is None else _enlarged(before, scale)
            if follow is not None:
                scale.guide[:, :-2] = _flat(follow, scale.margin, device)
        finds = _solve(scale, finds, before, level, radius, unit, fall, random, stage)
        before = scale
        done += work[level]
    assert scale is not None
    assert finds is not None
    redrawn = _dilated(scale, scale.missing, RING) & _inside(scale)
    places = redrawn.nonzero()[:, 0]
    votes = finds.vote(scale.values, places, min(radius, LAST_RADIUS), SHARPNESS, progress.stage(1, 1))
    plane = scale.plane(scale.values)
    plane.view(-1, plane.shape[2])[places] = votes
    margin = scale.margin
    result = plane[margin : margin + scale.height, margin : margin + scale.width, : image.shape[2]]
    changed = scale.plane(redrawn)[margin : margin + scale.height, margin : margin + scale.width].cpu().numpy()
    filled = image.copy()
    filled[changed] = result.clamp(0, 1).cpu().numpy()[changed]
    return filled


def _solve(
    scale: _Scale,
    coarse: Field | None,
    before: _Scale | None,
    level: int,
    radius: int,
    unit: float,
    guide_weight: float,
    random: torch.Generator,
    progress: Progress,
) -> Field:
    """Fill one scale in place and return where its patches come from."""
    large = len(scale.missing) > FINE_PIXELS
    voters = LAST_RADIUS if large else radius
    places = scale.target.nonzero()[:, 0]
    missing = scale.missing.nonzero()[:, 0]
    confidence = torch.pow(CONFIDENCE_BASE, -_depth(scale))
    fresh = Field(scale.stride, places, scale.source, confidence, random)
    if coarse is None or before is None:
        _peel(scale, radius, guide_weight, random, progress.stage(0, 0))
    else:
        fresh.follow(coarse, before.margin, scale.margin, (scale.height, scale.width))
        scale.values[missing] = fresh.vote(scale.values, missing, voters, 1.0, progress.stage(0, 0))
    rounds = 1 if large else ITERATIONS[min(level, len(ITERATIONS) - 1)]
    basis = _basis(scale, radius, FINE_COMPONENTS if large else COMPONENTS, random)
    for index in range(rounds):
        stage = progress.stage(index / rounds, (index + 1) / rounds)
        scale.extend()
        features = _features(scale, basis, radius, unit, torch.float16 if large else torch.float32)
        wanted = features[places]
        if guide_weight > LEAST_GUIDE:
            own, followed = (_blurred(scale, each, radius) * guide_weight for each in (scale.values, scale.guide))
            features, wanted = torch.cat([features, own], 1), torch.cat([wanted, followed[places]], 1)
        fresh.search(features, wanted, thorough=not large and (level > 0 or index == 0), progress=stage)
        if level > 0 or index < rounds - 1:
            scale.values[missing] = fresh.vote(scale.values, missing, voters, 1.0, stage.stage(1, 1))
    return fresh


def _pyramid(
    image: Picture, hole: Hole, allowed: Hole | None, guide: Picture | None, radius: int, reach: float
) -> list[tuple[Tensor, Tensor, Tensor, Tensor | None]]:
    """Return values (C, H, W), known, allowed (H, W) and the guide (C, H, W) of every scale, the finest first."""
    known = torch.from_numpy(~hole)
    usable = known if allowed is None or not (allowed & ~hole).any() else known & torch.from_numpy(allowed)
    colors = torch.from_numpy(image).permute(2, 0, 1) * known
    levels = 0
    while reach / 2**levels > COARSEST_REACH and min(hole.shape) / 2 ** (levels + 1) >= SMALLEST_SIDE:
        levels += 1
    values = torch.cat([colors, _attributes(colors, known, 2**levels)])
    follow = None if guide is None else torch.from_numpy(guide).permute(2, 0, 1)
    pyramid = [(values, known, usable, follow)]
    for _ in range(levels):
        values, known, usable, follow = pyramid[-1]
        share = _halved(known[None].float())[0]
        smaller = _halved(values * known) / share.clamp_min(1e-6)
        whole, clear = share > 0.999, _halved(usable[None].float())[0] > 0.999
        if _eroded(clear & whole, radius).sum() < FEWEST_SOURCES:
            break
        pyramid.append((smaller, whole, clear, None if follow is None else _halved(follow)))
    return pyramid


def _attributes(colors: Tensor, known: Tensor, width: int) -> Tensor:
    """Return the mean absolute differences to the right and below, (2, H, W), over known pixels within `width`."""
    grey = colors.mean(0)
    right = F.pad((grey[:, 1:] - grey[:, :-1]).abs() * (known[:, 1:] & known[:, :-1]), (0, 1))
    below = F.pad((grey[1:] - grey[:-1]).abs() * (known[1:] & known[:-1]), (0, 0, 0, 1))
    side = (2 * width + 1, 2 * width + 1)
    means = [
        torch.from_numpy(cv2.boxFilter(plane.numpy(), -1, side, borderType=cv2.BORDER_CONSTANT))
        for plane in (right, below, known.float())
    ]
    return ATTRIBUTE_WEIGHT * torch.stack(means[:2]) / means[2].clamp_min(1e-3) * known


def _scale(values: Tensor, known: Tensor, usable: Tensor, radius: int, device: str) -> _Scale:
    """Pad and flatten one scale."""
    margin = 2 * radius + 1
    height, width = known.shape

    def edged(mask: Tensor) -> Tensor:
        return F.pad(mask, (margin,) * 4)

    inside = edged(torch.ones_like(known))
    missing = inside & ~edged(known)
    target = _grown(missing, radius) & inside
    source = ~_grown(~edged(usable), radius)
    if not source.any():  # the allowed part has no room for a patch: its pixels will do
        source = edged(usable)
    return _Scale(
        height,
        width,
        margin,
        values=_flat(values * known, margin, device),
        missing=missing.flatten().to(device),
        source=source.flatten().to(device),
        target=target.flatten().to(device),
    )


def _flat(planes: Tensor, margin: int, device: str) -> Tensor:
    """Return (C, H, W) padded and as a list of pixels, (N, C)."""
    padded = F.pad(planes[None], (margin,) * 4, mode="replicate")[0]
    return padded.flatten(1).T.contiguous().to(device)


def _spanned(scale: _Scale) -> Tensor:
    """Return the values with a membrane over the hole, (N, C)."""
    missing = scale.plane(scale.missing).cpu().numpy()
    known = scale.plane(_inside(scale)).cpu().numpy() & ~missing
    surface = membrane(scale.plane(scale.values).cpu().numpy(), known, missing)
    return torch.from_numpy(surface).flatten(0, 1).to(scale.values.device)


def _enlarged(coarse: _Scale, scale: _Scale) -> Tensor:
    """Return the guide of the next coarser scale for this one, (N, C)."""
    margin = coarse.margin
    plane = coarse.plane(coarse.guide)[margin : margin + coarse.height, margin : margin + coarse.width]
    large = F.interpolate(plane.permute(2, 0, 1)[None], scale_factor=2, mode="bilinear")
    return _flat(large[0, :, : scale.height, : scale.width], scale.margin, str(large.device))


def _peel(scale: _Scale, radius: int, guide_weight: float, random: torch.Generator, progress: Progress) -> None:
    """Fill the hole of the coarsest scale from its border inwards with the best match of what is known, in place."""
    steps = offsets(radius, scale.stride).to(scale.values.device)
    sources = (scale.source & _dilated(scale, scale.missing, 2 * COARSEST_REACH)).nonzero()[:, 0]
    if len(sources) == 0:
        sources = scale.source.nonzero()[:, 0]
    if len(sources) > 6000:
        sources = sources[torch.randperm(len(sources), generator=random)[:6000].to(sources.device)]
    patches = scale.values[sources[:, None] + steps].flatten(1)  # (S, patch * C)
    squares = patches.square().T.contiguous()
    follow = _blurred(scale, scale.guide, radius) * guide_weight
    lead = follow[sources].T
    known = _inside(scale) & ~scale.missing
    left, total = int(scale.missing.sum()), int(scale.missing.sum())
    while left:
        progress(0.5 * (1 - left / total))
        ring = (_dilated(scale, known, 1) & scale.missing & ~known).nonzero()[:, 0]
        for part in ring.split(2000):
            around = part[:, None] + steps
            seen = known[around].float()[..., None].expand(-1, -1, scale.values.shape[1]).flatten(1)
            wanted = scale.values[around].flatten(1) * seen
            distance = seen @ squares - 2 * wanted @ patches.T
            distance += lead.square().sum(0) - 2 * follow[part] @ lead
            scale.values[part] = scale.values[sources[distance.argmin(1)]]
        known[ring] = True
        left -= len(ring)


def _basis(scale: _Scale, radius: int, components: int, random: torch.Generator) -> Tensor:
    """Return the leading principal components of the patches that may be copied, as filters (K, C, side, side)."""
    sources = scale.source.nonzero()[:, 0]
    some = sources[torch.randint(len(sources), (min(4000, len(sources)),), generator=random).to(sources.device)]
    patches = scale.values[some[:, None] + offsets(radius, scale.stride).to(some.device)]  # (S, patch, C)
    patches = patches.transpose(1, 2).flatten(1)
    centred = patches - patches.mean(0)
    _, vectors = torch.linalg.eigh(centred.T @ centred)
    side = 2 * radius + 1
    return vectors[:, -components:].T.reshape(-1, scale.values.shape[1], side, side).contiguous()


def _features(scale: _Scale, basis: Tensor, radius: int, unit: float, dtype: torch.dtype) -> Tensor:
    """Return what patches are compared by, (N, K + 2): their components, and where they lie."""
    rows, stride, margin = scale.height + 2 * scale.margin, scale.stride, radius
    features = torch.empty(rows, stride, len(basis) + 2, dtype=dtype, device=scale.values.device)
    plane = F.pad(scale.plane(scale.values).permute(2, 0, 1), (margin,) * 4)
    for top in range(0, rows, 512):
        bottom = min(top + 512, rows)
        strip = F.conv2d(plane[None, :, top : bottom + 2 * margin], basis)[0]
        features[top:bottom, :, :-2] = strip.permute(1, 2, 0)
    features[..., -2] = (torch.arange(rows, device=features.device) * (NEARNESS / unit))[:, None]
    features[..., -1] = torch.arange(stride, device=features.device) * (NEARNESS / unit)
    return features.flatten(0, 1)


def _blurred(scale: _Scale, values: Tensor, radius: int) -> Tensor:
    """Return the mean colour of every patch, (N, C - 2)."""
    plane = scale.plane(values).permute(2, 0, 1)
    return F.avg_pool2d(F.pad(plane, (radius,) * 4), 2 * radius + 1, 1).flatten(1).T.contiguous()


def _depth(scale: _Scale) -> Tensor:
    """Return the distance of every pixel from the known picture, (N)."""
    missing = scale.plane(scale.missing).cpu().numpy().astype(np.uint8)
    depth = cv2.distanceTransform(missing, cv2.DIST_L2, cv2.DIST_MASK_3)
    return torch.from_numpy(depth).flatten().to(scale.values.device)


def _fitting_radius(known: NDArray[np.bool_]) -> int:
    """Return the largest patch radius, at most RADIUS, for which a whole patch is known somewhere."""
    plane = torch.from_numpy(known)
    return next((radius for radius in range(RADIUS, 0, -1) if _eroded(plane, radius).any()), 0)


def _inside(scale: _Scale) -> Tensor:
    inside = torch.zeros_like(scale.missing)
    plane, margin = scale.plane(inside), scale.margin
    plane[margin : margin + scale.height, margin : margin + scale.width] = True
    return inside


def _dilated(scale: _Scale, mask: Tensor, radius: int) -> Tensor:
    return _grown(scale.plane(mask), radius).flatten()


def _grown(mask: Tensor, radius: int) -> Tensor:
    """Return (H, W) bool with every True pixel widened to a square."""
    wide = F.max_pool2d(mask[None, None].float(), (2 * radius + 1, 1), 1, (radius, 0))
    return F.max_pool2d(wide, (1, 2 * radius + 1), 1, (0, radius))[0, 0] > 0


def _eroded(mask: Tensor, radius: int) -> Tensor:
    """Return the centres of squares that are all True and inside the picture."""
    return ~_grown(F.pad(~mask, (1, 1, 1, 1), value=True), radius)[1:-1, 1:-1]


def _halved(planes: Tensor) -> Tensor:
    """Return (C, H, W) at half the size, rounded up; a last odd row or column is repeated."""
    odd = (0, planes.shape[2] % 2, 0, planes.shape[1] % 2)
    return F.avg_pool2d(F.pad(planes[None], odd, mode="replicate"), 2)[0]
