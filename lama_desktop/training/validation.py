"""Validation: what a generator is worth on pictures that it is not trained on, with the same holes every time.

The pictures come from a folder. One that was prepared (`a.png` and `a_mask000.png`, see `masks/prepared.py`) is taken
as it is; in any other the centre of every picture gets drawn masks, the same as in `lama-desktop evaluate` of the
same seed. Every process of a run makes a Validation of its own and judges its part of the pictures.
"""

import logging
import math
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import torch
from torch import Tensor

from lama_desktop import formats
from lama_desktop.core.arrays import Image
from lama_desktop.core.photo import Photo
from lama_desktop.core.sheet import marked, table
from lama_desktop.errors import FileFormatError, SettingsError
from lama_desktop.evaluation.cases import Case, DrawnCase, PreparedCase, drawn_cases
from lama_desktop.evaluation.metrics import MEASURES, Better, log_ratio
from lama_desktop.masks.generators import seed_of
from lama_desktop.masks.prepared import find_pairs, names_apart, pictures_in, read_pairs
from lama_desktop.training.config import ValidationOptions
from lama_desktop.training.distributed import Processes

logger = logging.getLogger(__name__)

Fill = Callable[[Tensor, Tensor], Tensor]
"""From pictures, (B, 3, H, W) float32 0..1 with black holes, and holes, (B, 1, H, W) float32 of 0 and 1, both on the
CPU, to pictures like them, on any device; what lies outside the holes does not count."""

PIXELS = 4 * 512 * 512
"""Pixels that are filled at once."""
MULTIPLE = 32
"""Sides that a generator takes; other pictures are continued by their mirror image, and cut again."""
KEPT = 512 << 20
"""Bytes of pictures that stay in memory between validations."""
ROWS, LARGEST, QUALITY = 8, 512, 85
"""Rows of a sheet, the longest side of a picture on it, and its quality as a JPEG."""

T = TypeVar("T")


class Validation:
    """The pictures that a run is judged on.

    Args:
        options: the folder, the kinds of masks (several with commas between), the side of the squares, at most how many
            cases (chosen by the seed), and the measure by which checkpoints are compared.
        seed: draws and chooses.
        minimum: the smallest side that the generator takes; smaller pictures are continued, too.

    Raises:
        FileFormatError: there is nothing in the folder that can be used.
        SettingsError: there are no such masks, or there is no such measure.
    """

    def __init__(self, options: ValidationOptions, seed: int = 0, minimum: int = 0) -> None:
        if options.monitor not in MEASURES:
            raise SettingsError(f"validation.monitor cannot be {options.monitor!r}: choose {', '.join(MEASURES)}.")
        self._minimum = minimum
        self.monitor = MEASURES[options.monitor]
        self._monitor = options.monitor
        found = _cases(Path(options.images), options, seed)
        chosen = sorted(found, key=lambda case: seed_of(seed, case.name))[: options.limit or None]
        self._files = sorted(chosen, key=lambda case: case.name)
        self._read: dict[int, Case | None] = {}
        self._kept = 0
        self.skipped: list[str] = []
        """Sentences about pictures that cannot be used, as far as they were read by this process."""
        if next(self._usable(range(len(self._files))), None) is None:
            raise FileFormatError(f"Not one picture in {options.images} can be used. {self.skipped[0]}")

    def __len__(self) -> int:
        return len(self._files)

    def judge(self, fill: Fill, processes: Processes) -> dict[str, float]:
        """Return what fills are worth: the mean of every measure over all cases.

        A fill is rounded to 8 bits and put into the picture's hole, as the application does. Every process must call
        this; each judges its part, and all get the same answer. The mean of the energy ratios is the geometric one. A
        measure without any value (texture distance, where all holes are tiny) is left out.

        Args:
            fill: what is judged; what is not a number in its answer counts as black.
            processes: this process and the others.
        """
        sums, counts = dict.fromkeys(MEASURES, 0.0), dict.fromkeys(MEASURES, 0)
        mine = range(processes.rank, len(self), processes.world)
        for case, filled in self._filled(fill, mine):
            for name, measure in MEASURES.items():
                value = measure.function(filled, case.truth, case.hole)
                if measure.better is Better.ONE:
                    value = log_ratio(value)
                if math.isfinite(value):
                    sums[name] += value
                    counts[name] += 1
        joined = processes.sum([*sums.values(), *(float(count) for count in counts.values())])
        means = {
            name: total / count
            for name, total, count in zip(MEASURES, joined[: len(MEASURES)], joined[len(MEASURES) :], strict=True)
            if count
        }
        return {name: math.exp(mean) if MEASURES[name].better is Better.ONE else mean for name, mean in means.items()}

    def rank(self, figures: dict[str, float]) -> float:
        """Return how bad a judgement is by the chosen measure: lower is better, infinite is unknown."""
        bad = self.monitor.better.badness(figures.get(self._monitor, math.nan))
        return math.inf if math.isnan(bad) else bad

    def sheet(self, fill: Fill, path: Path) -> Path | None:
        """Write a picture that a person can look at: for some cases the input, the fill and the truth side by side.

        Returns:
            The path; None if the disk refuses, which is logged and no reason to stop a run.
        """
        spread = np.linspace(0, len(self) - 1, min(len(self), ROWS)).round().astype(int)
        rows = []
        for case, filled in self._filled(fill, [int(index) for index in spread]):
            psnr, swd = (MEASURES[name].function(filled, case.truth, case.hole) for name in ("psnr", "swd"))
            truth, mask = case.truth.astype(np.float32) / np.float32(255), case.hole.astype(np.uint8) * np.uint8(255)
            tinted = np.rint(marked(truth, mask) * 255).astype(np.uint8)
            pictures = [_bounded(each) for each in (tinted, filled, case.truth)]
            rows.append((f"{case.name}    PSNR {psnr:.1f}    SWD {swd:.2f}", pictures))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            drawn = table(("Input", "Result", "Truth"), rows)
            formats.write(Photo(drawn), path, formats.WriteOptions(quality=QUALITY))
        except (OSError, FileFormatError) as error:
            logger.warning("no sheet: %s", error)
            return None
        return path

    def _filled(self, fill: Fill, indices: Sequence[int]) -> Iterator[tuple[Case, Image]]:
        """Yield cases, each with its picture as a fill leaves it."""
        for (height, width), cases in groupby(self._usable(indices), key=self._padded_size):
            for part in _parts(cases, max(1, PIXELS // (height * width))):
                masks = torch.from_numpy(
                    np.stack([_padded(case.hole, height, width) for case in part])[:, None]
                ).float()
                pictures = np.stack([_padded(case.truth, height, width) for case in part])
                images = torch.from_numpy(pictures).permute(0, 3, 1, 2).float().div(255)
                with torch.no_grad():
                    answer = fill(images * (1 - masks), masks)
                bytes_ = answer.detach().float().nan_to_num(0.0).clamp(0, 1).mul(255).round().byte().cpu()
                for case, filled in zip(part, bytes_.permute(0, 2, 3, 1).numpy(), strict=True):
                    rows, columns = case.hole.shape
                    yield case, np.where(case.hole[..., None], filled[:rows, :columns], case.truth)

    def _padded_size(self, case: Case) -> tuple[int, int]:
        height, width = (-(-max(side, self._minimum) // MULTIPLE) * MULTIPLE for side in case.truth.shape[:2])
        return height, width

    def _usable(self, indices: Sequence[int]) -> Iterator[Case]:
        """Yield the cases that can be read; the first ones that fit stay in memory."""
        for index in indices:
            case = self._read.get(index)
            if case is None and index not in self._read:
                try:
                    case = self._files[index].read()
                except (FileFormatError, SettingsError) as error:
                    logger.warning("validation: %s", error)
                    self.skipped.append(str(error))
                size = 0 if case is None else case.truth.nbytes + case.hole.nbytes
                if self._kept + size <= KEPT:
                    self._read[index] = case
                    self._kept += size
            if case is not None:
                yield case


def _cases(folder: Path, options: ValidationOptions, seed: int) -> Sequence[DrawnCase | PreparedCase]:
    if find_pairs(folder).pairs:
        return [PreparedCase(pair.name, pair.picture, pair.mask) for pair in read_pairs(folder)]
    presets = [each.strip() for each in options.masks.split(",")]
    return drawn_cases(names_apart(pictures_in(folder), folder), presets, options.size, seed)


def _padded(picture: Image, height: int, width: int) -> Image:
    rows, columns = height - picture.shape[0], width - picture.shape[1]
    edges = [(0, rows), (0, columns), (0, 0)][: picture.ndim]
    return np.pad(picture, edges, mode="symmetric") if rows or columns else picture


def _bounded(picture: Image) -> Image:
    scale = LARGEST / max(picture.shape[:2])
    if scale >= 1:
        return picture
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))


def _parts(items: Iterator[T], size: int) -> Iterator[list[T]]:
    """Yield lists of at most `size` items."""
    part: list[T] = []
    for item in items:
        part.append(item)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part
