"""Levels: a picture and its hole at half the size, and the part of a hole that is safe to compare between two sizes.

The published primitives of refinement (facts 4). A coarser hole takes in every pixel that a masked one had a part in;
the comparison, in turn, keeps well inside the hole, where neither size has seen anything of the picture.

Pictures are (B, C, H, W) float32 on any device, holes (1, 1, H, W) float32, 0 or 1, on the CPU: their rounding
decides which pixels belong, and has to be the same everywhere.
"""

import operator
from functools import reduce

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

RADIUS = 2
GAUSSIAN = (0.05448868, 0.24420134, 0.40261995, 0.24420134, 0.05448868)
"""Of deviation 1 pixel, at whole pixels, divided by its sum."""
EROSION = 15
"""Diameter of the ellipse that a hole is eroded by, in pixels of the coarser level."""


def halved(picture: Tensor) -> Tensor:
    """Return a picture at half its size, (B, C, H // 2, W // 2), smoothed first; differentiable.

    A Gaussian of 5x5 pixels with reflected borders, then bilinear interpolation without aligned corners: for even
    sides the mean of four pixels. Sides are at least 3.
    """
    wide = F.pad(picture, (RADIUS,) * 4, mode="reflect")
    return _resized(_smoothed(_smoothed(wide, 2), 3), _half(picture))


def halved_hole(hole: Tensor) -> Tensor:
    """Return a hole at half its size, True wherever `halved` mixes in a masked pixel."""
    return (halved(hole) > 0).float()


def heart(hole: Tensor) -> Tensor:
    """Return the part of a hole, at half its size, that is far from the known picture; often there is none.

    What lies wholly inside the hole, eroded by an ellipse. The picture's border does not erode.
    """
    inside = _resized(hole, _half(hole)) >= 1
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (EROSION, EROSION))
    eroded = cv2.erode(inside[0, 0].numpy().astype(np.uint8), ellipse)
    return torch.from_numpy(eroded)[None, None].float()


def shrunk(picture: Tensor, hole: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Return a picture and its hole at a smaller size (height, width), bilinear without smoothing, as published."""
    return _resized(picture, size), (_resized(hole, size) > 0).float()


def _smoothed(planes: Tensor, axis: int) -> Tensor:
    """Return the Gaussian along an axis, shorter by its borders.

    As a sum of shifted pictures: with so few channels a tenth of the time of a convolution and its gradient.
    """
    length = planes.shape[axis] - 2 * RADIUS
    return reduce(operator.add, (weight * planes.narrow(axis, at, length) for at, weight in enumerate(GAUSSIAN)))


def _half(planes: Tensor) -> tuple[int, int]:
    return planes.shape[-2] // 2, planes.shape[-1] // 2


def _resized(planes: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(planes, size=size, mode="bilinear", align_corners=False)
