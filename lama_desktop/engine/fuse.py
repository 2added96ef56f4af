"""A trained generator -> an equivalent that inference runs faster.

The same numbers up to rounding (float32: about 1e-6), from five observations that hold once training is over:

* batch normalisation is an affine map per channel and folds into the convolution before it;
* in an FFC unit, local-to-local and global-to-local end in the same channels, so they are one convolution over the
  joined map; where a plain map splits (the last downsampling), its two paths are one convolution, too;
* the published spectrum interleaves real and imaginary planes, which is how a complex number lies in memory: with the
  channels last, the spectrum is the input of the 1x1 convolution as it stands, and that is a matrix product;
* the last convolution has three output channels, too few for a vector unit: it makes four pixels at a time;
* what comes after the residual blocks is needed only where the hole is, plus the pixels it reaches.

Convolutions run in the given dtype with channels last; the Fourier transforms always in float32. Gradients pass through
to the features; the weights have none.

Shapes: B batch, C channels, H height, W width at the resolution of the layer, F = W // 2 + 1.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lama_desktop.core.geometry import Rect
from lama_desktop.engine.spectrum import from_spectrum, to_spectrum
from lama_desktop.networks.ffc import FFC, FFCBlock, FFCUnit, SpectralTransform
from lama_desktop.networks.generators import DilatedBlock, DilatedConvolution, Generator, Join, ResidualBlock

Report = Callable[[float], None]

MARGIN = 2
"""Cells around the hole that the upsampling stages need: with three of them a wrong border reaches 7 pixels, the last
7x7 convolution 3 more, and 2 cells are 16 pixels."""


class FusedGenerator(nn.Module):
    """The inference form of one generator.

    Args:
        generator: a trained generator; not modified, not referenced afterwards.
        dtype: of weights and activations: float32, bfloat16, or float16 (CUDA only).
    """

    def __init__(self, generator: Generator, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.config = generator.config
        self.multiple = generator.multiple
        self.minimum = generator.minimum
        self.dtype = dtype
        self.head, self.blocks, self.tail = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        with torch.no_grad():
            for stage in _stages(generator):
                part = self.tail if self.blocks and not isinstance(stage, _BLOCKS) else self.blocks
                if not self.blocks and not isinstance(stage, _BLOCKS):
                    part = self.head
                part.append(stage)
        self.to(dtype=dtype).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.requires_grad_(False)

    def forward(self, x: Tensor, region: Rect | None = None, report: Report | None = None) -> Tensor:
        """Redraw a picture.

        Args:
            x: (B, 4, H, W) float32: picture 0..1 with the hole black, then the hole as 0 or 1; sides multiples of
                `multiple`.
            region: the pixels that are wanted; None for all.
            report: called between layers, and twice in a block, with the fraction that is done; may raise to stop.

        Returns:
            (B, 3, h, w) float32 in 0..1, the pixels of `region`.
        """
        report = report or (lambda fraction: None)
        everything = Rect(0, 0, x.shape[3], x.shape[2])
        region = everything if region is None else region & everything
        total = len(self.head) + len(self.blocks) + len(self.tail)
        done = 0
        x = x.to(self.dtype).contiguous(memory_format=torch.channels_last)
        for stage in self.head:
            x = stage(x)
            done += 1
            report(done / total)
        for block in self.blocks:
            x = block(x, partial(report, (done + 0.5) / total))
            done += 1
            report(done / total)
        cells = Rect(
            region.left // self.multiple,
            region.top // self.multiple,
            -(-region.right // self.multiple),
            -(-region.bottom // self.multiple),
        ).grown(MARGIN) & Rect(0, 0, x.shape[3], x.shape[2])
        rows, columns = cells.slices
        x = x[:, :, rows, columns].contiguous(memory_format=torch.channels_last)
        for stage in self.tail:
            x = stage(x)
            done += 1
            report(done / total)
        rows, columns = region.moved(-cells.left * self.multiple, -cells.top * self.multiple).slices
        return x[:, :, rows, columns].float().sigmoid()


class Convolution(nn.Module):
    """A convolution with its borders, its normalisation and its activation in one."""

    def __init__(
        self,
        weight: Tensor,
        bias: Tensor | None,
        stride: int = 1,
        padding: int = 0,
        dilation: int = 1,
        reflect: bool = True,
        relu: bool = True,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)
        self.bias = None if bias is None else nn.Parameter(bias)
        self.stride, self.padding, self.dilation = stride, padding, dilation
        self.reflect, self.relu = reflect, relu

    def forward(self, x: Tensor) -> Tensor:
        """Transform (B, Cin, H, W) to (B, Cout, H / stride, W / stride)."""
        padding = self.padding
        if padding and self.reflect:
            x, padding = _reflect(x, padding), 0
        x = F.conv2d(x, self.weight, self.bias, self.stride, padding, self.dilation)
        return x.relu_() if self.relu else x


class Upsampling(nn.Module):
    """A transposed convolution that doubles the map, its normalisation and its activation in one."""

    def __init__(self, convolution: nn.ConvTranspose2d, norm: nn.BatchNorm2d) -> None:
        super().__init__()
        scale, shift = _affine(norm)
        assert convolution.bias is not None
        self.weight = nn.Parameter(convolution.weight * scale[None, :, None, None])
        self.bias = nn.Parameter(convolution.bias * scale + shift)

    def forward(self, x: Tensor) -> Tensor:
        """Transform (B, Cin, H, W) to (B, Cout, 2H, 2W)."""
        return F.conv_transpose2d(x, self.weight, self.bias, stride=2, padding=1, output_padding=1).relu_()


class LastConvolution(nn.Module):
    """The 7x7 convolution to three channels, two by two pixels at a time.

    Three output channels leave most of a vector unit idle; as one 8x8 convolution of stride 2 to the twelve values of
    four neighbouring pixels it does a third more arithmetic in a third of the time. Sides are even.
    """

    def __init__(self, weight: Tensor, bias: Tensor, padding: int) -> None:
        super().__init__()
        out, channels, height, width = weight.shape
        four = weight.new_zeros(out, 2, 2, channels, height + 1, width + 1)
        for down in range(2):
            for across in range(2):
                four[:, down, across, :, down : down + height, across : across + width] = weight
        self.weight = nn.Parameter(four.flatten(0, 2))
        self.bias = nn.Parameter(bias.repeat_interleave(4))
        self.padding = padding

    def forward(self, x: Tensor) -> Tensor:
        """Transform (B, C, H, W) to (B, 3, H, W)."""
        return F.pixel_shuffle(F.conv2d(_reflect(x, self.padding), self.weight, self.bias, stride=2), 2)


class FusedSpectral(nn.Module):
    """The part of a spectral transform before its last 1x1: squeeze, and the Fourier unit with the skip around it."""

    def __init__(self, spectral: SpectralTransform) -> None:
        super().__init__()
        squeeze, norm = cast(nn.Conv2d, spectral.conv1[0]), cast(nn.BatchNorm2d, spectral.conv1[1])
        self.squeeze = Convolution(*_folded(squeeze.weight, None, norm))
        self.fourier = FusedFourierUnit(spectral.fu.conv_layer, spectral.fu.bn)
        self.local = None
        if spectral.lfu is not None:
            self.local = FusedFourierUnit(spectral.lfu.conv_layer, spectral.lfu.bn)

    def forward(self, x: Tensor) -> Tensor:
        """Transform (B, Cg, H, W) to (B, Cg / 2, H, W)."""
        squeezed = self.squeeze(x)
        out = squeezed + self.fourier(squeezed)
        if self.local is not None:
            half = x.shape[2] // 2
            parts = torch.cat(squeezed[:, : squeezed.shape[1] // 4].split(half, dim=2), dim=1)
            out = out + self.local(torch.cat(parts.split(half, dim=3), dim=1)).tile(1, 1, 2, 2)
        return out


class FusedFourierUnit(nn.Module):
    """The 1x1 convolution in the frequency domain as one matrix product."""

    def __init__(self, convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
        super().__init__()
        weight, bias = _folded(convolution.weight, None, norm)
        self.weight = nn.Parameter(weight.flatten(1))
        self.bias = nn.Parameter(bias)

    def forward(self, x: Tensor) -> Tensor:
        """Transform (B, C, H, W) to the same shape, dtype and layout."""
        planes = F.linear(to_spectrum(x), self.weight, self.bias).relu_()
        return from_spectrum(planes, *x.shape[-2:])


class FusedFFCUnit(nn.Module):
    """An FFC unit on the joined map, local channels first."""

    def __init__(self, unit: FFCUnit) -> None:
        super().__init__()
        ffc = unit.ffc
        assert unit.bn_l is not None
        assert unit.bn_g is not None
        assert ffc.convg2g is not None
        self.split = unit.bn_l.num_features
        self.to_local = Convolution(
            *_folded(torch.cat([_weight(ffc, "convl2l"), _weight(ffc, "convg2l")], dim=1), None, unit.bn_l)
        )
        self.to_global = Convolution(*_folded(_weight(ffc, "convl2g"), None, unit.bn_g), relu=False)
        self.spectral = FusedSpectral(ffc.convg2g)
        scale, _ = _affine(unit.bn_g)
        self.expand = Convolution(ffc.convg2g.conv2.weight * scale[:, None, None, None], None, relu=False)

    def forward(self, x: Tensor) -> Tensor:
        """Transform (B, Cl + Cg, H, W) to the same shape."""
        padded = _reflect(x, 1)
        globe = self.to_global(_channels(padded, 0, self.split))
        globe += self.expand(self.spectral(_channels(x, self.split, x.shape[1])))
        return torch.cat([self.to_local(padded), globe.relu_()], dim=1)


class FusedFFCBlock(nn.Module):
    """Two FFC units and the skip around them."""

    def __init__(self, block: FFCBlock) -> None:
        super().__init__()
        self.first, self.second = FusedFFCUnit(block.conv1), FusedFFCUnit(block.conv2)

    def forward(self, x: Tensor, halfway: Callable[[], None]) -> Tensor:
        """Transform (B, C, H, W) to the same shape; `halfway` is called between the units."""
        y = self.first(x)
        halfway()
        return self.second(y).add_(x)


class FusedBlock(nn.Module):
    """Two convolutions, of one or several dilations each, and the skip around them."""

    def __init__(self, block: ResidualBlock | DilatedBlock) -> None:
        super().__init__()
        layers = list(block.conv_block)
        norms = [each for each in layers if isinstance(each, nn.BatchNorm2d)]
        convolutions = [each for each in layers if isinstance(each, nn.Conv2d | DilatedConvolution)]
        self.first, self.second = (_parallel(*pair) for pair in zip(convolutions, norms, strict=True))

    def forward(self, x: Tensor, halfway: Callable[[], None]) -> Tensor:
        """Transform (B, C, H, W) to the same shape; `halfway` is called between the convolutions."""
        y = self._sum(self.first, x).relu_()
        halfway()
        return self._sum(self.second, y).add_(x)

    @staticmethod
    def _sum(parts: nn.ModuleList, x: Tensor) -> Tensor:
        chunks = x.chunk(len(parts), dim=1)
        out: Tensor = parts[0](chunks[0])
        for part, chunk in zip(list(parts)[1:], chunks[1:], strict=True):
            out += part(chunk)
        return out


_BLOCKS = (FusedFFCBlock, FusedBlock)


def _stages(generator: Generator) -> Iterator[nn.Module]:
    """Walk the published layers and yield their fused form, up to the logits."""
    layers = list(generator.model)
    reflected = 0
    while layers:
        layer = layers.pop(0)
        match layer:
            case nn.ReflectionPad2d():
                reflected = layer.padding[0]
            case FFCUnit():
                yield _fused_unit(layer, reflected)
                reflected = 0
            case FFCBlock():
                yield FusedFFCBlock(layer)
            case ResidualBlock() | DilatedBlock():
                yield FusedBlock(layer)
            case nn.ConvTranspose2d():
                yield Upsampling(layer, cast(nn.BatchNorm2d, layers.pop(0)))
            case nn.Conv2d():
                weight, bias, relu = layer.weight, cast(Tensor, layer.bias), False
                if isinstance(layers[0], nn.BatchNorm2d):
                    weight, bias = _folded(weight, bias, cast(nn.BatchNorm2d, layers.pop(0)))
                    relu = True
                if isinstance(layers[0], nn.Sigmoid):
                    yield LastConvolution(weight, bias, reflected)
                    continue
                padding = reflected or cast(int, layer.padding[0])
                yield Convolution(weight, bias, layer.stride[0], padding, reflect=bool(reflected), relu=relu)
                reflected = 0
            case nn.ReLU() | nn.Sigmoid() | Join():
                pass
            case _:
                raise TypeError(f"no fused form of {type(layer).__name__}")


def _fused_unit(unit: FFCUnit, reflected: int) -> Convolution:
    """Fuse an FFC unit whose input is all local: its one or two paths are one convolution."""
    paths = [(path, norm) for path, norm in ((unit.ffc.convl2l, unit.bn_l), (unit.ffc.convl2g, unit.bn_g)) if path]
    folded = [_folded(cast(nn.Conv2d, path).weight, None, cast(nn.BatchNorm2d, norm)) for path, norm in paths]
    convolution = cast(nn.Conv2d, paths[0][0])
    weight, bias = torch.cat([each[0] for each in folded]), torch.cat([each[1] for each in folded])
    return Convolution(weight, bias, convolution.stride[0], reflected or cast(int, convolution.padding[0]))


def _parallel(convolution: nn.Conv2d | DilatedConvolution, norm: nn.BatchNorm2d) -> nn.ModuleList:
    """Fold one normalisation into the convolutions whose sum it normalises; the first takes the shift."""
    convolutions = [convolution] if isinstance(convolution, nn.Conv2d) else list(convolution.convs)
    scale, shift = _affine(norm)
    parts = nn.ModuleList()
    for index, each in enumerate(cast(list[nn.Conv2d], convolutions)):
        bias = cast(Tensor, each.bias) * scale + (shift if index == 0 else 0)
        rate = each.dilation[0]
        parts.append(Convolution(each.weight * scale[:, None, None, None], bias, 1, rate, rate, relu=False))
    return parts


def _weight(ffc: FFC, name: str) -> Tensor:
    return cast(nn.Conv2d, getattr(ffc, name)).weight


def _folded(weight: Tensor, bias: Tensor | None, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Return weight and bias of a convolution followed by a normalisation in evaluation mode."""
    scale, shift = _affine(norm)
    return weight * scale[:, None, None, None], shift if bias is None else bias * scale + shift


def _affine(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Return the scale and the shift that a normalisation is in evaluation mode; computed in float64."""
    assert norm.running_var is not None
    assert norm.running_mean is not None
    scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
    return scale.float(), (norm.bias.double() - norm.running_mean.double() * scale).float()


def _reflect(x: Tensor, margin: int) -> Tensor:
    return F.pad(x, (margin,) * 4, mode="reflect")


def _channels(x: Tensor, start: int, stop: int) -> Tensor:
    """Return the channels from `start` to before `stop`, as a view."""
    return _Channels.apply(x, start, stop)  # type: ignore[no-untyped-call]


class _Channels(torch.autograd.Function):
    """A slice with another gradient: PyTorch's puts the channels first, and additions to it take ten times as long."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, start: int, stop: int) -> Tensor:
        ctx.missing = start, x.shape[1] - stop
        return x[:, start:stop]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        gradient = gradient.contiguous(memory_format=torch.channels_last)
        return F.pad(gradient, (0, 0, 0, 0, *ctx.missing)), None, None
