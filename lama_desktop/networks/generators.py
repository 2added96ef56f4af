"""The generators of the paper: masked picture in, picture out.

Suvorov et al., "Resolution-robust Large Mask Inpainting with Fourier Convolutions", WACV 2022. Every generator is one
`nn.Sequential` named `model` whose indices and parameter names are the published ones, so that `state_dict` maps by
name. All take (B, 4, H, W) float: the picture, RGB 0..1 with the hole black, and the hole as 0 or 1; all return
(B, 3, H, W) in 0..1, the whole picture as the network sees it, the known part redrawn too. Sides are multiples of
`multiple`, and at least `minimum`.

Widths double from `width` with every downsampling. Initialisation is PyTorch's own, as published.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lama_desktop.networks.ffc import FFCBlock, FFCUnit, Pair, split_channels


@dataclass(frozen=True)
class FourierConfig:
    """LaMa-Fourier (9 blocks) and Big-LaMa (18 blocks)."""

    width: int = 64
    blocks: int = 9
    downsamplings: int = 3
    global_ratio: float = 0.75
    local_fourier: bool = False
    """Whether the spectral transforms hold a local Fourier unit; no published LaMa has it."""


@dataclass(frozen=True)
class RegularConfig:
    """LaMa-Regular (9 blocks) and Big-LaMa-Regular (15 blocks): ordinary residual blocks."""

    width: int = 64
    blocks: int = 9
    downsamplings: int = 3


@dataclass(frozen=True)
class DilatedConfig:
    """LaMa-Dilated: residual blocks whose channels are split over growing dilations."""

    width: int = 64
    blocks: int = 9
    downsamplings: int = 3
    dilations: int = 4


GeneratorConfig = FourierConfig | RegularConfig | DilatedConfig


class Generator(nn.Module):
    """What all generators share: the published stack of layers, run in order.

    `config` rebuilds it, `multiple` is what both sides of the input must be a multiple of, `minimum` the smallest side
    (reflected borders need more pixels than they reflect).
    """

    def __init__(self, config: GeneratorConfig, layers: Iterator[nn.Module], minimum: int) -> None:
        super().__init__()
        self.config = config
        self.model = nn.Sequential(*layers)
        self.multiple = 2**config.downsamplings
        self.minimum = minimum

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, 4, H, W) to (B, 3, H, W)."""
        return self.model(x)


class FourierGenerator(Generator):
    """Residual blocks of fast Fourier convolutions: the network that LaMa is named for."""

    def __init__(self, config: FourierConfig | None = None) -> None:
        config = config or FourierConfig()
        super().__init__(config, self._layers(config), minimum=2 * 2**config.downsamplings)

    @staticmethod
    def _layers(config: FourierConfig) -> Iterator[nn.Module]:
        width, steps = config.width, config.downsamplings
        deepest = width * 2**steps
        local, globe = split_channels(deepest, config.global_ratio)
        yield nn.ReflectionPad2d(3)
        yield FFCUnit(4, 0, width, 0, 7)
        for step in range(1, steps + 1):
            channels = width * 2**step
            out_local, out_globe = (local, globe) if step == steps else (channels, 0)
            yield FFCUnit(channels // 2, 0, out_local, out_globe, 3, 2, 1)
        for _ in range(config.blocks):
            yield FFCBlock(local, globe, config.local_fourier)
        yield Join()
        yield from _upsampling(width, steps)


class RegularGenerator(Generator):
    """Ordinary residual blocks (pix2pixHD's global generator): the paper's baseline."""

    def __init__(self, config: RegularConfig | None = None) -> None:
        config = config or RegularConfig()
        super().__init__(config, self._layers(config), minimum=2 * 2**config.downsamplings)

    @staticmethod
    def _layers(config: RegularConfig) -> Iterator[nn.Module]:
        yield from _downsampling(config.width, config.downsamplings)
        for _ in range(config.blocks):
            yield ResidualBlock(config.width * 2**config.downsamplings)
        yield from _upsampling(config.width, config.downsamplings)


class DilatedGenerator(Generator):
    """Residual blocks of parallel dilated convolutions: the paper's other baseline."""

    def __init__(self, config: DilatedConfig | None = None) -> None:
        config = config or DilatedConfig()
        minimum = (2 ** (config.dilations - 1) + 1) * 2**config.downsamplings
        super().__init__(config, self._layers(config), minimum)

    @staticmethod
    def _layers(config: DilatedConfig) -> Iterator[nn.Module]:
        yield from _downsampling(config.width, config.downsamplings)
        for _ in range(config.blocks):
            yield DilatedBlock(config.width * 2**config.downsamplings, config.dilations)
        yield from _upsampling(config.width, config.downsamplings)


class Join(nn.Module):
    """Concatenate a Pair along the channels, local first."""

    def forward(self, x: Pair) -> Tensor:
        """Return (B, Cl + Cg, H, W)."""
        return torch.cat(x, dim=1)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with reflected borders and a skip around both; the sum is not activated."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Transform (B, C, H, W) to the same shape."""
        return x + self.conv_block(x)


class DilatedConvolution(nn.Module):
    """The input's channels in equal chunks, chunk i through a 3x3 convolution of dilation 2^i, the results summed."""

    def __init__(self, channels: int, dilations: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Conv2d(channels // dilations, channels, 3, padding=rate, dilation=rate, padding_mode="reflect")
            for rate in (2**power for power in range(dilations))
        )

    def forward(self, x: Tensor) -> Tensor:
        """Transform (B, C, H, W) to the same shape."""
        first, *rest = (conv(part) for conv, part in zip(self.convs, x.chunk(len(self.convs), dim=1), strict=True))
        for part in rest:
            first = first + part
        return first


class DilatedBlock(nn.Module):
    """Two dilated convolutions with a skip around both; the sum is not activated."""

    def __init__(self, channels: int, dilations: int) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            DilatedConvolution(channels, dilations),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            DilatedConvolution(channels, dilations),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Transform (B, C, H, W) to the same shape."""
        return x + self.conv_block(x)


def build_generator(config: GeneratorConfig) -> Generator:
    """Return a freshly initialised generator of this configuration, in training mode."""
    match config:
        case FourierConfig():
            return FourierGenerator(config)
        case RegularConfig():
            return RegularGenerator(config)
        case DilatedConfig():
            return DilatedGenerator(config)


def _downsampling(width: int, steps: int) -> Iterator[nn.Module]:
    """The head of the Regular and Dilated generators; unlike Fourier's it pads with zeros and has biases."""
    yield nn.ReflectionPad2d(3)
    yield from (nn.Conv2d(4, width, 7), nn.BatchNorm2d(width), nn.ReLU(inplace=True))
    for step in range(steps):
        channels = width * 2 ** (step + 1)
        yield nn.Conv2d(channels // 2, channels, 3, stride=2, padding=1)
        yield from (nn.BatchNorm2d(channels), nn.ReLU(inplace=True))


def _upsampling(width: int, steps: int) -> Iterator[nn.Module]:
    """The tail that all generators share."""
    for step in reversed(range(steps)):
        channels = width * 2**step
        yield nn.ConvTranspose2d(2 * channels, channels, 3, stride=2, padding=1, output_padding=1)
        yield from (nn.BatchNorm2d(channels), nn.ReLU(inplace=True))
    yield from (nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Sigmoid())
