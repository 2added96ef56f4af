"""Which network a set of tensors belongs to, from their names and shapes alone.

Published files come with a YAML file of settings, or without; conversions have lost it. The tensors say everything it
would: the family by the names in the residual blocks, widths, depths and ratios by shapes and indices. Whether the
tensors then really are that network's, all of it and nothing else, is `mismatch`'s question.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Protocol

import torch

from lama_desktop.errors import CorruptWeightsError
from lama_desktop.models import disk
from lama_desktop.models.cards import ModelCard
from lama_desktop.networks.generators import (
    DilatedConfig,
    FourierConfig,
    Generator,
    GeneratorConfig,
    RegularConfig,
    build_generator,
)

MAX_BLOCKS = 200
MAX_DOWNSAMPLINGS = 8


class Shaped(Protocol):
    """A tensor, or the description of one."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""


def infer_config(tensors: Mapping[str, Shaped], file: str = "The file") -> GeneratorConfig:
    """Return the configuration of the generator whose tensors these are.

    Args:
        tensors: by published name, `model.<index>....`.
        file: what messages call the source.

    Raises:
        CorruptWeightsError: they belong to no generator that this program knows.
    """
    try:
        config: GeneratorConfig
        if any(".ffc." in name for name in tensors):
            config = _fourier(tensors)
        elif any(".convs." in name for name in tensors):
            config = _dilated(tensors)
        else:
            config = _regular(tensors)
    except KeyError as error:
        raise CorruptWeightsError(
            f"{file} is no complete LaMa network: {error.args[0]} is missing. Get the file again."
        ) from error
    except (ValueError, IndexError) as error:
        raise CorruptWeightsError(
            f"{file} holds a network of a build that LaMa Desktop does not know (it has {sample(tensors)})."
        ) from error
    sizes = ((config.width, 4096), (config.blocks, MAX_BLOCKS), (config.downsamplings, MAX_DOWNSAMPLINGS))
    if not all(0 < size <= most for size, most in sizes):
        raise CorruptWeightsError(f"{file} holds a network of impossible size: it is damaged or made up.")
    return config


def blank(config: GeneratorConfig) -> Generator:
    """Return the generator without memory for its tensors; loading assigns them."""
    with torch.device("meta"):
        return build_generator(config).eval()


def family(config: GeneratorConfig) -> str:
    """Return the family's name, as in `ModelCard.family`."""
    return {FourierConfig: "fourier", RegularConfig: "regular", DilatedConfig: "dilated"}[type(config)]


def published(card: ModelCard) -> GeneratorConfig | None:
    """Return the configuration of a published model; None where nobody has told it."""
    if card.blocks is None:
        return None
    kinds = {"fourier": FourierConfig, "regular": RegularConfig, "dilated": DilatedConfig}
    return kinds[card.family](width=card.width, blocks=card.blocks)


def described(config: GeneratorConfig) -> str:
    """Return a network in a few words, such as "Fourier, 18 blocks, 51.0 M parameters"."""
    blocks = f"{config.blocks} block{'s' * (config.blocks != 1)}"
    width = "" if config.width == 64 else f", width {config.width}"
    count = sum(each.numel() for each in blank(config).parameters())
    size = f"{count / 1e6:.1f} M" if count >= 1e5 else f"{count}"
    return f"{family(config).capitalize()}, {blocks}{width}, {size} parameters"


def mismatch(tensors: Mapping[str, Shaped], wanted: Mapping[str, Shaped]) -> str:
    """Return what is wrong with a set of tensors, as the end of a sentence; empty if nothing is."""
    if missing := [name for name in wanted if name not in tensors]:
        return f"it misses {sample(missing)}"
    if extra := [name for name in tensors if name not in wanted]:
        return f"it has {sample(extra)} too, which do not belong to a LaMa generator"
    if wrong := [name for name in wanted if tuple(tensors[name].shape) != tuple(wanted[name].shape)]:
        first = wrong[0]
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        have, want = (_times(each[first].shape) for each in (tensors, wanted))
        return f"{shown(first)} is {have} instead of {want}{more}"
    return ""


def sample(names: Iterable[str], count: int = 3) -> str:
    """Return the first few names and how many more there are."""
    every = [shown(name) for name in names]
    return ", ".join(every[:count]) + (f" and {len(every) - count} more" if len(every) > count else "")


def shown(name: str) -> str:
    """Return a name from a file so that it can stand in a message."""
    return disk.shown(name if len(name) <= 80 else name[:77] + "...")


def _fourier(tensors: Mapping[str, Shaped]) -> FourierConfig:
    head = _numbers(tensors, r"model\.(\d+)\.ffc\.")
    blocks = _numbers(tensors, r"model\.(\d+)\.conv[12]\.")
    downsamplings = max(head) - 1
    local = tensors[f"model.{max(head)}.ffc.convl2l.weight"].shape[0]
    name = f"model.{max(head)}.ffc.convl2g.weight"
    globe = tensors[name].shape[0] if name in tensors else 0
    channels = local + globe
    ratio = globe / channels
    if int(channels * ratio) != globe:  # the quotient was rounded down
        ratio = (globe + 0.5) / channels
    return FourierConfig(
        width=tensors["model.1.ffc.convl2l.weight"].shape[0],
        blocks=len(blocks) and max(blocks) - max(head),
        downsamplings=downsamplings,
        global_ratio=ratio,
        local_fourier=any(".lfu." in each for each in tensors),
    )


def _regular(tensors: Mapping[str, Shaped]) -> RegularConfig:
    width, blocks, downsamplings = _plain(tensors)
    return RegularConfig(width=width, blocks=blocks, downsamplings=downsamplings)


def _dilated(tensors: Mapping[str, Shaped]) -> DilatedConfig:
    width, blocks, downsamplings = _plain(tensors)
    dilations = max(_numbers(tensors, r"model\.\d+\.conv_block\.\d\.convs\.(\d+)\.")) + 1
    if dilations > 8:
        raise ValueError(dilations)
    return DilatedConfig(width=width, blocks=blocks, downsamplings=downsamplings, dilations=dilations)


def _plain(tensors: Mapping[str, Shaped]) -> tuple[int, int, int]:
    """Return width, blocks and downsamplings of a generator with an ordinary head: 1 + n convolutions, 3 apart."""
    blocks = _numbers(tensors, r"model\.(\d+)\.conv_block\.")
    return tensors["model.1.weight"].shape[0], max(blocks) - min(blocks) + 1, (min(blocks) - 4) // 3


def _numbers(tensors: Mapping[str, Shaped], pattern: str) -> list[int]:
    """Return the numbers that a pattern finds in the names; those of more than three digits are no index."""
    found = (re.match(pattern, name) for name in tensors)
    return [int(each[1]) for each in found if each and len(each[1]) < 4]


def _times(shape: Iterable[int]) -> str:
    return "×".join(str(side) for side in shape) or "a single number"
