"""What a run leaves on disk: the whole state to go on from, the best generators, and the export.

In the run's folder:

    recipe.toml               the resolved configuration
    checkpoints/last.pt       everything, to resume from
    checkpoints/best-<step>.safetensors   the best generators, each a model that the application opens
    <name>.safetensors        the export; <name>.json its card

Every file is written beside its place and renamed when it is whole and on the disk, so that neither a kill nor a full
disk harms what was there.
"""

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import nn

from lama_desktop.errors import CorruptWeightsError, ModelError
from lama_desktop.formats import atomic
from lama_desktop.models import architecture, checkpoints, disk
from lama_desktop.models.cards import ModelCard
from lama_desktop.models.installed import FORMAT as LAYOUT
from lama_desktop.models.installed import Installed, note_of
from lama_desktop.training.config import TrainConfig, generator_config

FOLDER = "checkpoints"
LAST = "last.pt"
FORMAT, VERSION = "lama-desktop training", 1
_DAMAGE = (OSError, RuntimeError, ValueError, LookupError, EOFError, zlib.error, zipfile.BadZipFile, UnpicklingError)
"""What the zip reader and torch raise at files that are not what they should be."""


def save_last(folder: Path, state: Mapping[str, Any]) -> None:
    """Replace the state to resume from.

    Args:
        folder: the run's.
        state: tensors and plain values in dictionaries.

    Raises:
        ModelError: the disk refuses; what was there still is.
    """
    path = folder / FOLDER / LAST
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        disk.sweep(path.parent)
        with disk.temporary(path) as temporary:
            torch.save({"format": FORMAT, "version": VERSION, **state}, temporary)
    except (OSError, RuntimeError) as error:  # torch's writer says RuntimeError of a full disk
        reason = disk.refusal(error) if isinstance(error, OSError) else "the disk is full. Make some room"
        kept = " The checkpoint before it is whole." if path.is_file() else ""
        raise ModelError(f"{path} cannot be written: {reason}.{kept}") from error


def load_last(folder: Path) -> dict[str, Any] | None:
    """Return the state to resume from, on the CPU; None where the run has not saved any.

    Every byte is checked first: torch itself reads over damage in the numbers. Nothing in the file is executed.

    Raises:
        CorruptWeightsError: the file is damaged or none of ours.
    """
    path = folder / FOLDER / LAST
    if not path.exists():
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is not None:
                raise zipfile.BadZipFile("its bytes are not what they were")
        state = torch.load(path, map_location="cpu", weights_only=True)
        if not isinstance(state, dict) or (state.get("format"), state.get("version")) != (FORMAT, VERSION):
            raise ValueError("of another program or version")
    except _DAMAGE as error:
        raise CorruptWeightsError(
            f"{path} is damaged or no checkpoint of this program: move it away, and start from one of the best "
            "generators beside it with --set generator.weights=FILE."
        ) from error
    return state


def save_generator(
    path: Path, generator: nn.Module, config: TrainConfig, step: int, figures: Mapping[str, float]
) -> None:
    """Write a generator as a model that the application, and a later run, opens.

    The safetensors file carries its card; the note beside it is the store's, with the figures.

    Args:
        path: ends in `.safetensors`.
        generator: what is exported.
        config: the run's; its name, description and licence become the card's.
        step: how many steps it was trained.
        figures: what the last validation measured.

    Raises:
        ModelError: the disk refuses.
    """
    run, data = config.run, config.data
    judged = ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
    notes = f"{step} steps of {data.batch} pictures of {data.size} pixels" + (f"; {judged}" if judged else "") + "."
    card = ModelCard(
        run.name,
        run.name.replace("-", " ").capitalize(),
        run.description,
        family=config.generator.family,
        licence=run.licence,
        source="trained with LaMa Desktop",
        notes=notes,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    checkpoints.save_weights(generator, card, path, half=config.checkpoints.half)
    network = architecture.described(generator_config(config.generator))
    entry = Installed(card, path, path.stat().st_size, disk.digest(path), layout=LAYOUT, network=network)
    atomic.replace(path.with_suffix(".json"), note_of(entry, {"figures": dict(figures)}).encode())


class Best:
    """The best generators of a run: remembers how each was judged, and deletes what falls behind.

    Args:
        folder: the run's.
        keep: how many.
        ranking: what an earlier process remembered, step to figure; smaller is better.
    """

    def __init__(self, folder: Path, keep: int, ranking: Mapping[str, float] | None = None) -> None:
        self.folder = folder / FOLDER
        self.keep = keep
        self.ranking = {int(step): value for step, value in (ranking or {}).items()}

    def path(self, step: int) -> Path:
        """Return where the generator of a step is kept."""
        return self.folder / f"best-{step:08d}.safetensors"

    def offer(self, step: int, figure: float) -> bool:
        """Return whether a generator is among the best, and is to be saved at `path(step)`."""
        ranking = self.ranking | {step: figure}
        kept = sorted(ranking, key=lambda each: (ranking[each], -each))[: self.keep]
        if step not in kept:
            return False
        for each in set(self.ranking) - set(kept):
            for suffix in (".safetensors", ".json"):
                self.path(each).with_suffix(suffix).unlink(missing_ok=True)
        self.ranking = {each: ranking[each] for each in kept}
        return True

    def state_dict(self) -> dict[str, float]:
        """Return the ranking for a checkpoint."""
        return {str(step): value for step, value in self.ranking.items()}
