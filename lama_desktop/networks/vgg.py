"""VGG-19 as an encoder: features for the perceptual loss of one of the paper's ablations.

Simonyan and Zisserman, ICLR 2015, configuration E, up to the first convolution of the last group: the first 30 of
torchvision's modules, under torchvision's names (`features.28.weight`). As in LaMa's code, maps are halved by the mean
of four values instead of their maximum (Gatys et al., CVPR 2016, section 2, do so for better pictures).

Shapes: B batch, H height, W width.
"""

from collections.abc import Iterator

from torch import Tensor, nn

GROUPS = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 1))
"""Channels and convolutions between two halvings; of the last group only the first of four is used."""


class VGG19(nn.Module):
    """Thirteen maps of features of a picture, one after each ReLU."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(*_layers())

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return the features from fine to coarse: 2, 2, 4, 4 and 1 of them, with 64 to 512 channels.

        Args:
            x: (B, 3, H, W) float, RGB, normalised by ImageNet's mean and deviation; sides of at least 16.
        """
        features: list[Tensor] = []
        for layer in self.features:
            x = layer(x)
            if isinstance(layer, nn.ReLU):
                features.append(x)
        return features


def _layers() -> Iterator[nn.Module]:
    channels = 3
    for index, (width, convolutions) in enumerate(GROUPS):
        if index:
            yield nn.AvgPool2d(2)
        for _ in range(convolutions):
            yield nn.Conv2d(channels, width, 3, padding=1)
            yield nn.ReLU(inplace=True)
            channels = width
