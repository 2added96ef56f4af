"""The ResNet-50 of MIT CSAIL, as an encoder: what the high-receptive-field perceptual loss compares pictures with.

He et al., "Deep Residual Learning for Image Recognition", CVPR 2016, with the changes of Zhou et al., "Semantic
Understanding of Scenes through the ADE20K Dataset", IJCV 2019: a stem of three 3x3 convolutions instead of one 7x7 and,
when dilated, no stride after the second stage (Yu and Koltun, ICLR 2016). Names are the published ones, so that CSAIL's
files map by name; their classifier is left out. torchvision's ResNet-50 is another network.

Shapes: B batch, C channels, H height, W width.
"""

import torch
from torch import Tensor, nn

EXPANSION = 4
"""By how much a bottleneck's output is wider than its middle."""
PLAIN = ((1, 1, 1), (2, 1, 1), (2, 1, 1), (2, 1, 1))
DILATED = ((1, 1, 1), (2, 1, 1), (1, 1, 2), (1, 2, 4))
"""For each stage: the stride of its first 3x3 convolution, the dilation of the first one, that of the others."""


class ResNet50(nn.Module):
    """Four maps of features of a picture, activated, with 256, 512, 1024 and 2048 channels.

    Args:
        dilated: the maps have a 4th, 8th, 8th and 8th of the picture's sides, and the last two stages dilate their
            convolutions instead; otherwise a 4th, 8th, 16th and 32nd. The parameters are the same.
    """

    def __init__(self, dilated: bool) -> None:
        super().__init__()
        one, two, three, four = DILATED if dilated else PLAIN
        self.conv1, self.bn1 = nn.Conv2d(3, 64, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(64)
        self.conv2, self.bn2 = nn.Conv2d(64, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64)
        self.conv3, self.bn3 = nn.Conv2d(64, 128, 3, padding=1, bias=False), nn.BatchNorm2d(128)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = _stage(128, 64, 3, *one)
        self.layer2 = _stage(256, 128, 4, *two)
        self.layer3 = _stage(512, 256, 6, *three)
        self.layer4 = _stage(1024, 512, 3, *four)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return the features after each stage, from fine to coarse.

        Args:
            x: (B, 3, H, W) float, RGB, normalised by ImageNet's mean and deviation.
        """
        x = torch.relu_(self.bn1(self.conv1(x)))
        x = torch.relu_(self.bn2(self.conv2(x)))
        x = torch.relu_(self.bn3(self.conv3(x)))
        x = self.maxpool(x)
        features: list[Tensor] = []
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = stage(x)
            features.append(x)
        return features


class Bottleneck(nn.Module):
    """A 1x1, a 3x3 and a 1x1 convolution with a skip around all three; the sum is activated.

    Args:
        channels: of the input; the output has four times `width`.
        width: channels in the middle.
        stride: of the 3x3 convolution and of the skip.
        dilation: of the 3x3 convolution.
        first: whether it opens a stage, so that the skip has to change the shape.
    """

    def __init__(self, channels: int, width: int, stride: int, dilation: int, first: bool) -> None:
        super().__init__()
        out = width * EXPANSION
        self.conv1, self.bn1 = nn.Conv2d(channels, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=dilation, dilation=dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, out, 1, bias=False), nn.BatchNorm2d(out)
        self.downsample = (
            nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out)) if first else None
        )

    def forward(self, x: Tensor) -> Tensor:
        """Transform (B, channels, H, W) to (B, 4 * width, H / stride, W / stride)."""
        out = torch.relu_(self.bn1(self.conv1(x)))
        out = torch.relu_(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        return torch.relu_(out.add_(x if self.downsample is None else self.downsample(x)))


def _stage(channels: int, width: int, blocks: int, stride: int, dilation: int, later: int) -> nn.Sequential:
    """Return bottlenecks in a row; stride and `dilation` are the first one's, `later` is the dilation of the others."""
    first = Bottleneck(channels, width, stride, dilation, first=True)
    others = (Bottleneck(width * EXPANSION, width, 1, later, first=False) for _ in range(blocks - 1))
    return nn.Sequential(first, *others)
