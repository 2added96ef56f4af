"""The patch discriminator: a map of scores, and the features that feature matching compares.

pix2pixHD's N-layer discriminator (Wang et al., CVPR 2018) as LaMa uses it (Suvorov et al., WACV 2022, section 2.2).
Module and parameter names are the published ones. Convolutions are 4x4 with two zeros of padding on every side, so a
map is one larger than half of what came in; with four layers a score sees 142 pixels.
"""

from dataclasses import dataclass

from torch import Tensor, nn

MOST_CHANNELS = 512
SLOPE = 0.2


@dataclass(frozen=True)
class DiscriminatorConfig:
    """`width` channels after the first of `layers` + 1 feature layers; they double up to 512."""

    width: int = 64
    layers: int = 4


class Discriminator(nn.Module):
    """Scores patches of a picture as real (positive) or invented (negative).

    Trained with the picture as the generator redraws it, not with the blended one, as published. The modules are named
    `model0` to `model5`; all but the last are features.
    """

    def __init__(self, config: DiscriminatorConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or DiscriminatorConfig()
        channels = config.width
        self.model0 = nn.Sequential(_convolution(3, channels, 2), nn.LeakyReLU(SLOPE, inplace=True))
        for index in range(1, config.layers + 1):
            stride = 2 if index < config.layers else 1
            before, channels = channels, min(2 * channels, MOST_CHANNELS)
            convolution, activation = _convolution(before, channels, stride), nn.LeakyReLU(SLOPE, inplace=True)
            self.add_module(f"model{index}", nn.Sequential(convolution, nn.BatchNorm2d(channels), activation))
        self.add_module(f"model{config.layers + 1}", nn.Sequential(_convolution(channels, 1, 1)))

    def forward(self, picture: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return the scores, (B, 1, h, w), not activated, and the activated features from fine to coarse.

        Args:
            picture: (B, 3, H, W) float, RGB 0..1.
        """
        features: list[Tensor] = []
        x = picture
        for stage in self.children():
            x = stage(x)
            features.append(x)
        return x, features[:-1]


def _convolution(channels_in: int, channels_out: int, stride: int) -> nn.Conv2d:
    return nn.Conv2d(channels_in, channels_out, 4, stride, padding=2)
