"""Between a map with its channels last and its spectrum as a matrix: the Fourier transforms of the fused generator.

A row of the matrix is a frequency, a column a channel's real or imaginary part, interleaved as published: what a
complex number is in memory. The transforms are orthonormal and always in float32.

Both are their own functions to autograd, each the other's adjoint but for a weight: the half spectrum leaves out what
is conjugate, so that a column between the first and the middle one stands for two. PyTorch's own gradient transforms
a whole complex picture instead, loses it where two numbers of 16 bits are moved as one, and hands back another layout,
which makes every addition after it slow: a residual block's way back takes half as long in ours.

Shapes: B batch, C channels, H height, W width, F = W // 2 + 1.
"""

from typing import Any

import torch
from torch import Tensor

AXES = (-2, -1)


def to_spectrum(x: Tensor) -> Tensor:
    """Transform (B, C, H, W) to (B, HF, 2C) of the same dtype."""
    return _ToSpectrum.apply(x)  # type: ignore[no-untyped-call]


def from_spectrum(planes: Tensor, height: int, width: int) -> Tensor:
    """Transform (B, HF, 2C) to (B, C, H, W) of the same dtype; imaginary parts that no real map has are ignored."""
    return _FromSpectrum.apply(planes, height, width)  # type: ignore[no-untyped-call]


class _ToSpectrum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.size = x.shape[-2:]
        return _to_matrix(torch.fft.rfftn(x.float(), dim=AXES, norm="ortho"), x.dtype)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        spectrum = _weighted(_from_matrix(gradient, *ctx.size), ctx.size[1], 0.5)
        return _to_map(torch.fft.irfftn(spectrum, s=ctx.size, dim=AXES, norm="ortho"), gradient.dtype)


class _FromSpectrum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, planes: Tensor, height: int, width: int) -> Tensor:
        spectrum = _from_matrix(planes, height, width)
        return _to_map(torch.fft.irfftn(spectrum, s=(height, width), dim=AXES, norm="ortho"), planes.dtype)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        spectrum = torch.fft.rfftn(gradient.float(), dim=AXES, norm="ortho")
        return _to_matrix(_weighted(spectrum, gradient.shape[-1], 2.0), gradient.dtype), None, None


def _weighted(spectrum: Tensor, width: int, weight: float) -> Tensor:
    """Return it with the columns that stand for two multiplied."""
    weights = torch.ones(spectrum.shape[-1], device=spectrum.device)
    weights[1 : (width + 1) // 2] = weight
    return spectrum * weights


def _to_matrix(spectrum: Tensor, dtype: torch.dtype) -> Tensor:
    """Return (B, C, H, F) complex as (B, HF, 2C)."""
    if dtype == torch.float32:
        return torch.view_as_real(_transposed(spectrum.flatten(2))).flatten(-2)
    pairs = torch.view_as_real(spectrum.flatten(2)).to(dtype)  # (B, C, HF, 2), two halves moved as one
    return _transposed(pairs.view(torch.float32)[..., 0]).view(dtype)


def _from_matrix(planes: Tensor, height: int, width: int) -> Tensor:
    """Return (B, HF, 2C) as (B, C, H, F) complex."""
    parts = torch.view_as_complex(planes.float().unflatten(-1, (-1, 2)))  # (B, HF, C)
    return parts.transpose(1, 2).unflatten(-1, (height, width // 2 + 1))


def _to_map(x: Tensor, dtype: torch.dtype) -> Tensor:
    """Return (B, C, H, W) in a dtype and with the channels last."""
    return _transposed(x.to(dtype).flatten(2)).transpose(1, 2).unflatten(-1, x.shape[-2:])


def _transposed(x: Tensor) -> Tensor:
    """Return (B, M, N) as contiguous (B, N, M); PyTorch's fast transposing copy knows single matrices only."""
    return x[0].t().contiguous()[None] if len(x) == 1 else x.transpose(1, 2).contiguous()
