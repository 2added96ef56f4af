"""MaskOptions: which masks a training run or a set of pictures gets, as plain values.

`preset` is the name of a kind of masks, or several with weights: "train_wide", or "train_wide: 4, borders: 1" for one
in five at the borders. Beside the names in `MASK_PRESETS` there are "fixed" and "objects", whose files come from the
folders of those names.
"""

import difflib
from dataclasses import dataclass
from pathlib import Path

from lama_desktop.errors import SettingsError
from lama_desktop.masks.folders import FixedMasks, Objects
from lama_desktop.masks.generators import Inverted, MaskGenerator, Mixture
from lama_desktop.masks.presets import MASK_PRESETS, scaled
from lama_desktop.options import option

FOLDERS: dict[str, type[FixedMasks] | type[Objects]] = {"fixed": FixedMasks, "objects": Objects}


@dataclass(frozen=True)
class MaskOptions:
    """The masks."""

    preset: str = option(
        "train_wide",
        "Kind",
        'Kind of masks (lama-desktop masks --list), or several with weights: "train_wide: 4, borders: 1".',
    )
    scale: float = option(
        1.0,
        "Scale",
        "Size of strokes and boxes; 1 is right for pictures of the side that the kind is meant for, 2 for twice that.",
        low=0.05,
        high=20,
    )
    invert: float = option(
        0.0, "Invert", "Part of the masks whose known and unknown areas change places.", low=0, high=1
    )
    fixed: str = option("", "Fixed masks", 'Folder of mask files for the kind "fixed"; white is filled.')
    objects: str = option(
        "",
        "Segmentations",
        'Folder of label maps, masks or cut-outs for the kind "objects"; their shapes are moved about.',
    )


def mask_generator(options: MaskOptions) -> MaskGenerator:
    """Return what draws the masks that the options describe.

    A single published kind at scale 1 gives the published stream.

    Raises:
        SettingsError: there is no such kind, a weight is no positive number, or a folder is missing or not used.
        FileFormatError: there is no mask file in a folder.
    """
    weights = mask_weights(options)
    for name in FOLDERS:
        if bool(getattr(options, name)) != (name in weights):
            raise SettingsError(
                f"The kind {name!r} needs a folder: name it with the option {name!r}."
                if name in weights
                else f"The folder of {name!r} is not used: write {name!r} into the kinds of masks, or leave it out."
            )
    generators = tuple(_generator(name, options) for name in weights)
    generator = generators[0] if len(generators) == 1 else Mixture(generators, tuple(weights.values()))
    return Inverted(generator, options.invert) if options.invert else generator


def mask_weights(options: MaskOptions) -> dict[str, float]:
    """Return the kinds of masks that the options name, with their weights.

    Raises:
        SettingsError: there is no such kind, it is named twice, or a weight is no positive number.
    """
    known = [*MASK_PRESETS, *FOLDERS]
    weights: dict[str, float] = {}
    for part in options.preset.split(","):
        name, _, weight = (each.strip() for each in part.partition(":"))
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Choose {', '.join(known)}."
            raise SettingsError(f"There are no masks called {name!r}. {hint}")
        try:
            value = float(weight or 1)
        except ValueError:
            value = 0.0
        if not 0 < value < float("inf"):
            raise SettingsError(f"The weight of {name!r} cannot be {weight!r}: it is a number above 0.")
        if name in weights:
            raise SettingsError(f"The masks called {name!r} are named twice: add their weights up.")
        weights[name] = value
    return weights


def _generator(name: str, options: MaskOptions) -> MaskGenerator:
    if name in FOLDERS:
        return FOLDERS[name].open(Path(getattr(options, name)).expanduser())
    return scaled(MASK_PRESETS[name], options.scale)
