"""Fill holes of known pictures with several models and judge them side by side.

Every picture gets one random mask of each kind; all models fill the same hole, one after the other, so that a busy
moment of the machine hits all of them. Runs on the thread that owns the engines.
"""

import re
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from lama_desktop import formats
from lama_desktop.core.arrays import Hole, Image
from lama_desktop.core.photo import ColorModel, Photo
from lama_desktop.engine.engine import Engine
from lama_desktop.engine.options import EngineOptions
from lama_desktop.errors import FileFormatError, SettingsError
from lama_desktop.evaluation.cases import draw_hole, read_square
from lama_desktop.evaluation.metrics import MEASURES
from lama_desktop.masks.prepared import names_apart
from lama_desktop.progress import Progress

HOLE_ONLY = EngineOptions(grow=0, feather=0, texture=False)
"""With these a fill covers the hole exactly, so that nothing but the hole is judged."""
MASKED_VALUE = 128
_GIVEN = ("truth", "masks", "masked")


@dataclass(frozen=True)
class Judgement:
    """One fill: who filled which hole, how good it is (see metrics.py), and how long it took.

    `sample` is the name of the saved files; `area` is the hole's part of the picture, 0 to 1; `swd` is not a number
    where the hole was too small for patches.
    """

    model: str
    sample: str
    preset: str
    area: float
    psnr: float
    ssim: float
    energy: float
    swd: float
    seconds: float


@dataclass(frozen=True)
class Row:
    """One model over all its fills: means of PSNR, SSIM and SWD, medians of the energy ratio and the seconds."""

    model: str
    fills: int
    psnr: float
    ssim: float
    energy: float
    swd: float
    seconds: float


@dataclass(frozen=True)
class Pair:
    """On which part of the holes (0 to 1) the SWD of `first` is lower than that of `second`."""

    first: str
    second: str
    lower: float


@dataclass(frozen=True)
class Report:
    """All judgements, and the names of pictures that could not be used, each with a sentence why."""

    judgements: tuple[Judgement, ...]
    skipped: tuple[tuple[str, str], ...]

    def of(self, preset: str) -> "Report":
        """Return the part that one kind of masks gave."""
        return Report(tuple(each for each in self.judgements if each.preset == preset), self.skipped)

    def rows(self) -> list[Row]:
        """Return one row per model, in the order in which they ran."""
        return [_row(model, self._of_model(model)) for model in self._models()]

    def pairs(self) -> list[Pair]:
        """Return every pair of models, the earlier one first."""
        swd = {model: np.array([each.swd for each in self._of_model(model)]) for model in self._models()}
        return [Pair(a, b, float(np.mean(swd[a] < swd[b]))) for a, b in combinations(swd, 2)]

    def _models(self) -> list[str]:
        return list(dict.fromkeys(each.model for each in self.judgements))

    def _of_model(self, model: str) -> list[Judgement]:
        return [each for each in self.judgements if each.model == model]


def benchmark_fills(
    engines: Mapping[str, Engine],
    pictures: Sequence[Path],
    presets: Sequence[str] = ("thick_512", "medium_512"),
    *,
    size: int = 512,
    seed: int = 0,
    save: Path | None = None,
    progress: Progress | None = None,
) -> Report:
    """Let every engine fill seeded holes of every picture, and judge the fills.

    Args:
        engines: by the name that the table shows; their options ought to be HOLE_ONLY.
        pictures: files; their centre is cut square and scaled to `size`. Those that cannot be used are skipped.
        presets: kinds of masks, names in MASK_PRESETS.
        size: side of the squares, in pixels.
        seed: chooses the masks.
        save: a new or empty folder for truth, masks, masked pictures and fills, one PNG each, in the folders `truth`,
            `masks`, `masked` and one per engine.
        progress: reports and stops.

    Raises:
        Cancelled: the user stopped it.
        FileFormatError: not one of the pictures can be used, or the disk refuses.
        SettingsError: the folder to save into is not empty, or the masks do not suit the size.
        LamaDesktopError: as Engine.inpaint.
    """
    progress = progress or Progress()
    given, filled = ({}, {}) if save is None else _save_folders(save, list(engines))
    judgements: list[Judgement] = []
    skipped: list[tuple[str, str]] = []
    total, done = len(pictures) * len(presets) * len(engines), 0
    for path, name in names_apart(pictures, pictures[0].parent).items():
        progress(done / total, f"reading {path.name}")
        try:
            truth = read_square(path, size)
        except FileFormatError as error:
            skipped.append((path.name, str(error)))
            done += len(presets) * len(engines)
            continue
        for preset in presets:
            sample = f"{name}-{preset}"
            hole = draw_hole(path, preset, size, seed)
            mask = hole.astype(np.uint8) * np.uint8(255)
            masked = np.where(hole[..., None], np.uint8(MASKED_VALUE), truth)
            for kind, pixels in zip(_GIVEN, (truth, mask[..., None], masked), strict=True):
                _save(pixels, given.get(kind), sample)
            for model, engine in engines.items():
                stage = progress.stage(done / total, (done + 1) / total)
                stage(0, f"{sample}: {model}")
                start = time.perf_counter()
                # What is behind the mask is not shown, so that no model can be good by peeping.
                fill = engine.inpaint(masked, mask, stage)
                seconds = time.perf_counter() - start
                _save(fill, filled.get(model), sample)
                judgements.append(
                    Judgement(model, sample, preset, float(hole.mean()), *_judged(fill, truth, hole), seconds)
                )
                done += 1
    if not judgements:
        raise FileFormatError(f"None of the {len(pictures)} pictures can be used. {skipped[0][1]}")
    progress(1, "done")
    return Report(tuple(judgements), tuple(skipped))


def _judged(fill: Image, truth: Image, hole: Hole) -> tuple[float, float, float, float]:
    psnr, ssim, energy, swd = (MEASURES[name].function(fill, truth, hole) for name in ("psnr", "ssim", "energy", "swd"))
    return psnr, ssim, energy, swd


def _row(model: str, of: Sequence[Judgement]) -> Row:
    distances = [each.swd for each in of if np.isfinite(each.swd)]
    return Row(
        model,
        len(of),
        statistics.fmean(each.psnr for each in of),
        statistics.fmean(each.ssim for each in of),
        statistics.median(each.energy for each in of),
        statistics.fmean(distances) if distances else float("nan"),
        statistics.median(each.seconds for each in of),
    )


def _save_folders(folder: Path, models: Sequence[str]) -> tuple[dict[str, Path], dict[str, Path]]:
    """Make the folders to save into; return those of what is given, and those of the models."""
    given = {name: folder / name for name in _GIVEN}
    filled: dict[str, Path] = {}
    for model in models:
        name = re.sub(r"[^\w.-]+", "-", model).strip(".-") or "model"
        while folder / name in {*given.values(), *filled.values()}:
            name += "-model"
        filled[model] = folder / name
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise SettingsError(f"{folder} is there and not an empty folder: choose a new one to save into.")
        for each in (*given.values(), *filled.values()):
            each.mkdir(parents=True)
    except OSError as error:
        raise FileFormatError(f"{folder} cannot be made: {error.strerror or error}.") from error
    return given, filled


def _save(pixels: Image, folder: Path | None, name: str) -> None:
    if folder is not None:
        model = ColorModel.GREY if pixels.shape[2] == 1 else ColorModel.RGB
        formats.write(Photo(pixels, model), folder / f"{name}.png")
