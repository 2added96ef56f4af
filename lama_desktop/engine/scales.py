"""The scales of a picture with a hole, as patch completion works on them: pyramid, padding, masks, first guesses.

Shapes: N pixels of a padded picture as one list, C channels, H height, W width.
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
from lama_desktop.progress import Progress

RADIUS = 3
"""Patches are 7 pixels wide; narrower where the known picture has no room for that."""
COARSEST_REACH = 5 * RADIUS
"""The pyramid ends where the innermost hole pixel is this near to the known picture."""
SMALLEST_SIDE = 32
FEWEST_SOURCES = 50
ATTRIBUTE_WEIGHT = 10.0
"""How much the mean absolute gradients count beside the colours."""

Picture = NDArray[np.float32]
"""(H, W, C) float32, 0..1."""


@dataclass
class Scale:
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


def fitting_radius(known: NDArray[np.bool_]) -> int:
    """Return the largest patch radius, at most RADIUS, for which a whole patch is known somewhere."""
    plane = torch.from_numpy(known)
    return next((radius for radius in range(RADIUS, 0, -1) if _eroded(plane, radius).any()), 0)


def pyramid_of(
    image: Picture,
    hole: Hole,
    allowed: Hole | None,
    guide: Picture | None,
    radius: int,
    reach: float,
    progress: Progress,
) -> list[tuple[Tensor, Tensor, Tensor, Tensor | None]]:
    """Return values (C, H, W), known, allowed (H, W) and the guide (C, H, W) of every scale, the finest first."""
    known = torch.from_numpy(~hole)
    usable = known if allowed is None or not (allowed & ~hole).any() else known & torch.from_numpy(allowed)
    colors = torch.from_numpy(image).permute(2, 0, 1) * known
    levels = 0
    while reach / 2**levels > COARSEST_REACH and min(hole.shape) / 2 ** (levels + 1) >= SMALLEST_SIDE:
        levels += 1
    progress(0)
    values = torch.cat([colors, _attributes(colors, known, 2**levels)])
    progress(0)
    follow = None if guide is None else torch.from_numpy(guide).permute(2, 0, 1)
    pyramid = [(values, known, usable, follow)]
    for _ in range(levels):
        progress(0)
        values, known, usable, follow = pyramid[-1]
        share = _halved(known[None].float())[0]
        smaller = _halved(values * known) / share.clamp_min(1e-6)
        whole, clear = share > 0.999, _halved(usable[None].float())[0] > 0.999
        if _eroded(clear & whole, radius).sum() < FEWEST_SOURCES:
            break
        pyramid.append((smaller, whole, clear, None if follow is None else _halved(follow)))
    return pyramid


def flattened(values: Tensor, known: Tensor, usable: Tensor, radius: int, device: str, progress: Progress) -> Scale:
    """Pad and flatten one scale."""
    margin = 2 * radius + 1
    height, width = known.shape

    def edged(mask: Tensor) -> Tensor:
        return F.pad(mask, (margin,) * 4)

    inside = edged(torch.ones_like(known))
    missing = inside & ~edged(known)
    target = _grown(missing, radius) & inside
    progress(0)
    source = ~_grown(~edged(usable), radius)
    progress(0)
    if not source.any():  # the allowed part has no room for a patch: its pixels will do
        source = edged(usable)
    return Scale(
        height,
        width,
        margin,
        values=flat(values * known, margin, device),
        missing=missing.flatten().to(device),
        source=source.flatten().to(device),
        target=target.flatten().to(device),
    )


def flat(planes: Tensor, margin: int, device: str) -> Tensor:
    """Return (C, H, W) padded and as a list of pixels, (N, C)."""
    padded = F.pad(planes[None], (margin,) * 4, mode="replicate")[0]
    return padded.flatten(1).T.contiguous().to(device)


def spanned(scale: Scale) -> Tensor:
    """Return the values with a membrane over the hole, (N, C)."""
    missing = scale.plane(scale.missing).cpu().numpy()
    known = scale.plane(inside_of(scale)).cpu().numpy() & ~missing
    surface = membrane(scale.plane(scale.values).cpu().numpy(), known, missing)
    return torch.from_numpy(surface).flatten(0, 1).to(scale.values.device)


def enlarged(coarse: Scale, scale: Scale) -> Tensor:
    """Return the guide of the next coarser scale for this one, (N, C)."""
    margin = coarse.margin
    plane = coarse.plane(coarse.guide)[margin : margin + coarse.height, margin : margin + coarse.width]
    large = F.interpolate(plane.permute(2, 0, 1)[None], scale_factor=2, mode="bilinear")
    return flat(large[0, :, : scale.height, : scale.width], scale.margin, str(large.device))


def depth_of(scale: Scale) -> Tensor:
    """Return the distance of every pixel from the known picture, (N)."""
    missing = scale.plane(scale.missing).cpu().numpy().astype(np.uint8)
    depth = cv2.distanceTransform(missing, cv2.DIST_L2, cv2.DIST_MASK_3)
    return torch.from_numpy(depth).flatten().to(scale.values.device)


def inside_of(scale: Scale) -> Tensor:
    """Return (N) bool: what is the picture, without its padding."""
    inside = torch.zeros_like(scale.missing)
    plane, margin = scale.plane(inside), scale.margin
    plane[margin : margin + scale.height, margin : margin + scale.width] = True
    return inside


def dilated(scale: Scale, mask: Tensor, radius: int) -> Tensor:
    """Return (N) bool with every True pixel widened to a square."""
    return _grown(scale.plane(mask), radius).flatten()


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
