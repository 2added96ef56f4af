"""Fast Fourier convolutions: layers whose receptive field is the whole picture.

Chi, Jiang, Mu, "Fast Fourier Convolution", NeurIPS 2020, in the form that LaMa uses (Suvorov et al., WACV 2022, section
2.1). Module and parameter names are the published ones, so that published weights map by name; an absent path (no
channels on one of its ends) is an absent module instead of a placeholder.

Shapes: B batch, C channels, H height, W width, F = W // 2 + 1 frequencies. A feature map travels as a Pair (local,
global), or as a plain tensor where it is all local.
"""

import torch
from torch import Tensor, nn

Pair = tuple[Tensor, Tensor]
"""Local and global feature maps of one size, (B, Cl, H, W) and (B, Cg, H, W)."""


def split_channels(channels: int, global_ratio: float) -> tuple[int, int]:
    """Return how many of `channels` are local and how many global: the published rounding, in favour of local."""
    count = int(channels * global_ratio)
    return channels - count, count


class FourierUnit(nn.Module):
    """A 1x1 convolution in the frequency domain.

    The orthonormal real transform over H and W gives C complex planes; the convolution sees them as 2C real ones,
    interleaved: plane 2k is the real part of channel k, plane 2k + 1 its imaginary part. Weights fit this order only.
    The transforms run in float32 whatever the autocast (there is no half-precision FFT on CPUs, and CUDA's needs
    powers of two), and the inverse is told the input's size, so that odd widths come back whole.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_layer = nn.Conv2d(2 * channels, 2 * channels, 1, bias=False)
        self.bn = nn.BatchNorm2d(2 * channels)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Transform (B, C, H, W) to the same shape."""
        size = x.shape[-2:]
        with torch.autocast(x.device.type, enabled=False):
            spectrum = torch.fft.rfftn(x.float(), dim=(-2, -1), norm="ortho")  # (B, C, H, F) complex
        planes = torch.view_as_real(spectrum).movedim(-1, 2).flatten(1, 2)  # (B, 2C, H, F)
        planes = self.relu(self.bn(self.conv_layer(planes)))
        with torch.autocast(x.device.type, enabled=False):
            parts = planes.float().unflatten(1, (-1, 2)).movedim(2, -1).contiguous()  # (B, C, H, F, 2)
            out = torch.fft.irfftn(torch.view_as_complex(parts), s=size, dim=(-2, -1), norm="ortho")
        return out.to(planes.dtype)


class SpectralTransform(nn.Module):
    """The global-to-global path: squeeze, Fourier unit with a skip around it, expand.

    Args:
        channels_in: channels of the input; the Fourier unit works on half of `channels_out`.
        channels_out: channels of the result.
        stride: 1, or 2 to halve the map by averaging first.
        local_fourier: add a Fourier unit over the four quadrants of the map (Chi et al., section 3.3; in no published
            LaMa). It needs square maps of even size.
    """

    def __init__(self, channels_in: int, channels_out: int, stride: int = 1, local_fourier: bool = False) -> None:
        super().__init__()
        half = channels_out // 2
        self.downsample = nn.AvgPool2d(2, 2) if stride == 2 else nn.Identity()
        self.conv1 = nn.Sequential(
            nn.Conv2d(channels_in, half, 1, bias=False), nn.BatchNorm2d(half), nn.ReLU(inplace=True)
        )
        self.fu = FourierUnit(half)
        self.lfu = FourierUnit(half) if local_fourier else None
        self.conv2 = nn.Conv2d(half, channels_out, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Transform (B, Cin, H, W) to (B, Cout, H / stride, W / stride)."""
        squeezed = self.conv1(self.downsample(x))
        out = squeezed + self.fu(squeezed)
        if self.lfu is not None:
            out = out + self._quadrants(squeezed)
        return self.conv2(out)

    def _quadrants(self, x: Tensor) -> Tensor:
        """Run the local Fourier unit on a quarter of the channels, cut into quadrants and stacked as channels."""
        assert self.lfu is not None
        half = x.shape[2] // 2
        parts = torch.cat(x[:, : x.shape[1] // 4].split(half, dim=2), dim=1)
        parts = torch.cat(parts.split(half, dim=3), dim=1)
        return self.lfu(parts).tile(1, 1, 2, 2)


class FFC(nn.Module):
    """A convolution in four paths: local and global channels, each to each.

    Three paths are ordinary convolutions with reflected borders and no bias; global to global is a SpectralTransform.

    Args:
        local_in, global_in, local_out, global_out: channel counts; a path with 0 on one end does not exist.
        kernel: side of the convolutions.
        stride: 1 or 2.
        padding: reflected pixels on each side.
        local_fourier: see SpectralTransform.
    """

    def __init__(
        self,
        local_in: int,
        global_in: int,
        local_out: int,
        global_out: int,
        kernel: int,
        stride: int = 1,
        padding: int = 0,
        local_fourier: bool = False,
    ) -> None:
        super().__init__()

        def convolution(channels_in: int, channels_out: int) -> nn.Module | None:
            if not channels_in or not channels_out:
                return None
            return nn.Conv2d(channels_in, channels_out, kernel, stride, padding, bias=False, padding_mode="reflect")

        self.convl2l = convolution(local_in, local_out)
        self.convl2g = convolution(local_in, global_out)
        self.convg2l = convolution(global_in, local_out)
        self.convg2g = (
            SpectralTransform(global_in, global_out, stride, local_fourier) if global_in and global_out else None
        )

    def forward(self, local: Tensor, globe: Tensor | None) -> tuple[Tensor | None, Tensor | None]:
        """Return the local and the global result; None where no channel leads there."""
        return (
            _sum(_apply(self.convl2l, local), _apply(self.convg2l, globe)),
            _sum(_apply(self.convl2g, local), _apply(self.convg2g, globe)),
        )


class FFCUnit(nn.Module):
    """FFC, batch normalisation and ReLU on each of its two results. Arguments as for FFC."""

    def __init__(
        self,
        local_in: int,
        global_in: int,
        local_out: int,
        global_out: int,
        kernel: int,
        stride: int = 1,
        padding: int = 0,
        local_fourier: bool = False,
    ) -> None:
        super().__init__()
        self.ffc = FFC(local_in, global_in, local_out, global_out, kernel, stride, padding, local_fourier)
        self.bn_l = nn.BatchNorm2d(local_out) if local_out else None
        self.bn_g = nn.BatchNorm2d(global_out) if global_out else None

    def forward(self, x: Tensor | Pair) -> Tensor | Pair:
        """Transform a Pair, or a tensor that is all local; a result without global channels is a tensor."""
        local, globe = x if isinstance(x, tuple) else (x, None)
        local, globe = self.ffc(local, globe)
        if local is not None and self.bn_l is not None:
            local = torch.relu_(self.bn_l(local))
        if globe is not None and self.bn_g is not None:
            globe = torch.relu_(self.bn_g(globe))
        return local if globe is None else (local, globe)


class FFCBlock(nn.Module):
    """Two FFC units with a skip around both; the sum is not activated again.

    Args:
        local: local channels.
        globe: global channels.
        local_fourier: see SpectralTransform.
    """

    def __init__(self, local: int, globe: int, local_fourier: bool = False) -> None:
        super().__init__()
        self.conv1 = FFCUnit(local, globe, local, globe, 3, 1, 1, local_fourier)
        self.conv2 = FFCUnit(local, globe, local, globe, 3, 1, 1, local_fourier)

    def forward(self, x: Pair) -> Pair:
        """Transform a Pair to a Pair of the same shapes."""
        local, globe = self.conv2(self.conv1(x))
        return x[0] + local, x[1] + globe


def _apply(module: nn.Module | None, x: Tensor | None) -> Tensor | None:
    return None if module is None or x is None else module(x)


def _sum(a: Tensor | None, b: Tensor | None) -> Tensor | None:
    if a is None or b is None:
        return b if a is None else a
    return a + b
