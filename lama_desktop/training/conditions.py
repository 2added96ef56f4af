"""Conditions: what has to hold before a run begins, or goes on in the folder of an earlier one."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lama_desktop import options
from lama_desktop.errors import SettingsError
from lama_desktop.models import disk
from lama_desktop.networks.generators import Generator
from lama_desktop.training import checkpoint
from lama_desktop.training.augment import AUGMENTATIONS
from lama_desktop.training.config import TrainConfig
from lama_desktop.training.distributed import Processes

FREE = ("run.steps", "run.description", "run.licence", "data.workers", "compute.", "checkpoints.", "validation.")
RATES = ("generator.rate", "discriminator.rate")
"""What may change when a run is continued, rates with a note; everything else would make it another run."""
NAME = re.compile(r"\w[\w .+-]{0,59}")
"""Names that a file may have everywhere."""


def check(config: TrainConfig, folder: Path, processes: Processes) -> None:
    """Look at what the recipe alone tells.

    Raises:
        SettingsError: it cannot work.
    """
    data, accumulate = config.data, config.optimizer.accumulate
    if not NAME.fullmatch(config.run.name):
        raise SettingsError(
            f"run.name cannot be {config.run.name!r}, since a file is to be called so: use up to 60 letters, digits, "
            "blanks, dots, + and -."
        )
    if not data.images:
        raise SettingsError("There are no pictures to learn from: name folders with --images.")
    if folder.resolve() in {Path(each).resolve() for each in data.images}:
        raise SettingsError(f"{disk.shown(folder)} holds the pictures to learn from: choose another --output.")
    if data.batch % (processes.world * accumulate):
        shares = " with ".join(
            text
            for text, count in (
                (f"{processes.world} processes", processes.world),
                (f"optimizer.accumulate={accumulate}", accumulate),
            )
            if count > 1
        )
        raise SettingsError(
            f"data.batch={data.batch} cannot be shared by {shares}: choose a multiple of "
            f"{processes.world * accumulate}."
        )
    if data.augmentation not in AUGMENTATIONS:
        raise SettingsError(f"There is no augmentation {data.augmentation!r}: choose {', '.join(AUGMENTATIONS)}.")


def check_size(config: TrainConfig, generator: Generator) -> None:
    """Look whether the crops suit the generator.

    Raises:
        SettingsError: they do not.
    """
    side, least, multiple = config.data.size, generator.minimum, generator.multiple
    if side < least or side % multiple:
        raise SettingsError(
            f"data.size={side} does not suit this generator: choose a multiple of {multiple} of at least {least}."
        )


def changes(config: TrainConfig, saved: Mapping[str, Any], folder: Path) -> list[str]:
    """Compare the recipe with that of the run that is to go on; return a sentence for each rate that is another one.

    Args:
        config: the recipe.
        saved: the earlier one's values by dotted name.
        folder: the run's.

    Raises:
        SettingsError: it would be another run.
    """
    ours = options.flatten(config)
    changed = [name for name in ours if saved.get(name) != ours[name] and not name.startswith(FREE)]
    if other := [name for name in changed if name not in RATES]:
        shown = ", ".join(f"{name}: {saved.get(name)} there, {ours[name]} here" for name in other[:3])
        raise SettingsError(
            f"{disk.shown(folder)} holds another run ({shown}). Choose another --output, or start from it with "
            f"--set generator.weights={folder / checkpoint.FOLDER / checkpoint.LAST}."
        )
    return [f"From here on {name} is {ours[name]:g}; it was {saved[name]:g}." for name in changed]
