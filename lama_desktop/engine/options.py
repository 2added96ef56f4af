"""What a person may choose about a removal; declared once for the command line and the engine panel. No torch here."""

from dataclasses import dataclass
from enum import StrEnum

from lama_desktop.options import option

TEXTURE_SIDE = 3200
"""Side of the largest window in which texture is copied: at full size, whatever the preset, as far as memory goes."""


class Preset(StrEnum):
    """How near the model looks: how large a picture it may see at once."""

    DRAFT = "draft"
    NORMAL = "normal"
    BEST = "best"

    @property
    def side(self) -> int:
        """The longest side of a window, in pixels that the model sees; larger windows are scaled down to it."""
        return {"draft": 512, "normal": 1024, "best": 2048}[self]

    @property
    def looks(self) -> tuple[int, ...]:
        """The sides of one look after the other, ascending, where each is checked against the one before."""
        return tuple(side for side in (256, 512, 1024, 2048) if side <= self.side)


class DeviceName(StrEnum):
    """Where the model runs."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"


class Precision(StrEnum):
    """The arithmetic of the convolutions; Fourier transforms are always float32."""

    AUTO = "auto"
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"
    FLOAT16 = "float16"


class AlphaChoice(StrEnum):
    """What happens to the alpha channel under the mask."""

    KEEP = "keep"
    FILL = "fill"


@dataclass(frozen=True)
class EngineOptions:
    """How to fill."""

    preset: Preset = option(
        Preset.NORMAL,
        "Quality",
        "how near a network looks at a large hole: windows of 512 pixels (draft), 1024 (normal) or 2048 (best); each "
        "takes two to four times as long as the one before",
    )
    context: float = option(
        0.5,
        "Context",
        "surroundings that the model sees on every side, as a part of the hole's size",
        low=0.1,
        high=4.0,
    )
    grow: int = option(
        6,
        "Grow",
        "widen the mask, so that no outline of the object stays; 0 keeps to the mask",
        low=0,
        high=200,
        unit="px",
    )
    feather: int = option(
        6, "Feather", "soft blend in the outer pixels of what was grown; 0 is a hard edge", low=0, high=200, unit="px"
    )
    alpha: AlphaChoice = option(
        AlphaChoice.KEEP, "Alpha", "leave transparency under the mask as it is, or fill it from around the mask, too"
    )
    match_light: bool = option(
        False, "Match light", "shift the fill's brightness and colour so that it meets the picture at the hole's edge"
    )
    texture: bool = option(
        True,
        "Texture",
        "after a network, draw the fill at full size with the photo's own grain; the network decides what is where, as "
        "far as it proves able to beside the hole",
    )
    seed: int = option(0, "Seed", "draws where texture is searched first: another one gives another fill", low=0)
    refine: bool = option(
        False,
        "Refine",
        "make a network's large fills agree with what it draws at half the size; takes some 40 times as long, and "
        "matters to windows of 725 pixels and more",
    )
    refine_budget: float = option(
        1.8,
        "Refine up to",
        "largest window that is refined, in megapixels; larger ones are seen smaller. The published 1.8 makes two "
        "levels; three begin at 2.2, with the preset best",
        low=0.6,
        high=16.0,
        unit="MP",
    )
    device: DeviceName = option(DeviceName.AUTO, "Device", "where the model runs")
    precision: Precision = option(
        Precision.AUTO, "Precision", "arithmetic of the convolutions; auto takes bfloat16 where the processor has it"
    )
