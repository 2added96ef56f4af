"""Make a prepared set: cut pictures to size and give them fixed masks, reproducibly.

The procedure is that of the published dataset tool (see `cuts.py`). Where its sets differ from run to run, here the
masks of a picture depend on the seed, its name (or its content) and the kind of masks only: another picture in the
folder changes nothing for the rest.

A few threads share the work; the result does not depend on them.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from lama_desktop import __version__, formats
from lama_desktop.core.arrays import full_value
from lama_desktop.core.geometry import Rect
from lama_desktop.core.photo import Photo
from lama_desktop.errors import FileFormatError, SettingsError
from lama_desktop.formats import atomic
from lama_desktop.formats.base import shown
from lama_desktop.masks.cuts import Cut, draw_cuts, expanded, middle_square, scaled_picture
from lama_desktop.masks.folders import of_picture
from lama_desktop.masks.generators import seed_of, seeded
from lama_desktop.masks.options import FOLDERS, MaskOptions, mask_generator, mask_weights
from lama_desktop.masks.prepared import (
    find_pairs,
    is_too_long,
    names_apart,
    new_folder,
    pictures_in,
    write_mask,
    write_picture,
)
from lama_desktop.masks.presets import MASK_PRESETS
from lama_desktop.options import option, to_dict
from lama_desktop.progress import Progress

RECORD = "set.json"
"""The file of a set that tells how it was made."""
ANY_SIDE = 512
"""Side of the pictures where the kind of masks is meant for none in particular."""
SMALLEST = 16
WORKERS = min(4, os.cpu_count() or 1)
BATCH = 8 * WORKERS


class SeedBy(StrEnum):
    """What of a picture decides its masks."""

    NAME = "name"
    CONTENT = "content"


@dataclass(frozen=True)
class SetOptions(MaskOptions):
    """The set and its masks."""

    preset: str = option(
        "thick_512", "Kind", 'Kind of masks (see --list), or several with weights: "thick_512: 3, borders: 1".'
    )
    size: int = option(0, "Size", "Short side of the pictures; 0 takes what the masks are meant for.", low=0)
    count: int = option(0, "Count", "So many pictures, chosen by the seed; 0 takes all.", low=0)
    seed: int = option(0, "Seed", "Decides the masks, and which pictures are taken.")
    seed_by: SeedBy = option(SeedBy.NAME, "Seed by", "What of a picture decides its masks.")
    masks_per_image: int = option(1, "Masks per picture", "How many masks each picture gets.", low=1, high=1000)
    variants: int = option(5, "Variants", "Masks that are drawn to choose from.", low=1, high=1000)
    area_min: float = option(0.0, "Least area", "Part of the picture that a mask covers at least.", low=0, high=1)
    area_max: float = option(0.5, "Most area", "Part of the picture that a mask covers at most.", low=0, high=1)
    crop: bool = option(True, "Square", "Cut a square around each mask; else the whole picture is kept.")
    enlarge: bool = option(True, "Enlarge", "Enlarge pictures that are too small; else they are left out.")
    paired: bool = option(False, "Paired", "Of fixed masks and objects take those that are named like the picture.")
    expand: float = option(
        0.0,
        "Expand",
        "Draw no masks, but make each picture wider and higher by this part; what is new is masked, and black.",
        low=0,
        high=2,
    )


@dataclass(frozen=True)
class Sample:
    """One mask of a set: its path and its picture's, within the set; the path of the source; its area, 0 to 1."""

    mask: str
    picture: str
    source: str
    area: float


@dataclass(frozen=True)
class PreparedSet:
    """A set that was made, and what of the source is not in it.

    `side` is the shorter one of the pictures. `enlarged` are sources that were smaller; `skipped` are those that could
    not be used, each with a sentence why; `masks` are files that were taken for masks of other sources.
    """

    folder: Path
    side: int
    samples: tuple[Sample, ...]
    enlarged: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]
    masks: tuple[str, ...]


def prepare_set(source: Path, output: Path, options: SetOptions, progress: Progress | None = None) -> PreparedSet:
    """Make a set out of the pictures of a folder and the folders in it.

    The set keeps the sub-folders. Beside the pictures (8-bit sRGB) and the masks it holds a record of how it was made.
    It appears whole or not at all.

    Args:
        source: the pictures; nothing there is changed.
        output: a folder that is not there yet, or empty.
        options: which masks, and how the set is made.
        progress: reports and stops.

    Raises:
        Cancelled: the user stopped it.
        FileFormatError: not one of the pictures can be used, or the disk refuses.
        SettingsError: an option cannot be, `output` is not empty, or lies within the source.
    """
    progress = progress or Progress()
    progress(0, f"looking into {source.name}")
    maker = _Maker(source, options)
    names, masks = _names(source)
    if output.resolve().is_relative_to(source.resolve()):
        raise SettingsError(f"{shown(output)} lies within the source: choose a folder outside it.")
    # Chosen one by one in this order, a picture that cannot be used is replaced by the next, and the rest stays.
    order = sorted(names, key=lambda key: (seed_of(options.seed, key), key))
    wanted = options.count or len(order)
    total = min(wanted, len(order))
    made: list[_Made] = []
    skipped: list[tuple[str, str]] = []
    with new_folder(output) as folder, _threads() as pool:
        while order and len(made) < wanted:
            length = min(BATCH, wanted - len(made))
            batch, order = order[:length], order[length:]
            for key, result in zip(
                batch, pool.map(lambda key: maker.make(key, names[key], folder), batch), strict=True
            ):
                if isinstance(result, str):
                    skipped.append((key, result))
                else:
                    made.append(result)
                progress((len(made) + len(skipped)) / total, key)
        if not made:
            raise FileFormatError(f"None of the {len(skipped)} pictures can be used. {min(skipped)[1]}")
        done = PreparedSet(
            output,
            maker.side,
            tuple(sorted((sample for each in made for sample in each.samples), key=lambda sample: sample.mask)),
            tuple(sorted(each.source for each in made if each.enlarged)),
            tuple(sorted(skipped)),
            tuple(masks),
        )
        atomic.replace(folder / RECORD, json.dumps(record(done, options), indent=2).encode())
    return done


def record(done: PreparedSet, options: SetOptions) -> dict[str, object]:
    """Return what there is to say about a set, as plain JSON values; its paths are within the set and the source."""
    return {
        "made_by": f"lama-desktop {__version__}",
        "options": to_dict(options),
        "side": done.side,
        "samples": [asdict(sample) for sample in done.samples],
        "enlarged": list(done.enlarged),
        "skipped": [{"source": source, "reason": reason} for source, reason in done.skipped],
        "left_out_as_masks": list(done.masks),
    }


@dataclass(frozen=True)
class _Made:
    """What one source became."""

    source: str
    samples: tuple[Sample, ...]
    enlarged: bool


class _Maker:
    """Makes the samples of one picture after the other; any number of threads at once."""

    def __init__(self, source: Path, options: SetOptions) -> None:
        self._source, self._options = source, options
        self._generator = mask_generator(options)
        self.side = options.size or _side_for(options)
        if self.side < SMALLEST:
            raise SettingsError(f"The size cannot be {self.side}: it is at least {SMALLEST} pixels.")
        if options.area_min > options.area_max:
            raise SettingsError("The least area of a mask is larger than the most: exchange them.")
        if options.paired and not FOLDERS.keys() & mask_weights(options):
            raise SettingsError(
                f"Only masks from files can be paired: name the kind {' or '.join(map(repr, FOLDERS))}."
            )

    def make(self, key: str, name: str, folder: Path) -> _Made | str:
        """Write a picture and its masks, and return what was written, or a sentence why the picture cannot be used.

        Args:
            key: path of the picture within the source.
            name: what its files in the set are called.
            folder: the set.

        Raises:
            FileFormatError: the disk refuses.
        """
        options = self._options
        if is_too_long(folder, name):
            return f"{shown(key)} has too long a name for those of its masks, which end in _mask000.png: shorten it."
        try:
            photo = formats.read(self._source / key)
            self._check(photo, key)
            picture = scaled_picture(photo, self.side)
            cuts = [] if options.expand else self._cuts(photo, key, (picture.shape[1], picture.shape[0]))
        except (FileFormatError, SettingsError) as error:
            return str(error)
        if options.expand:
            picture, hole = expanded(middle_square(picture) if options.crop else picture, options.expand)
            cuts = [Cut(Rect(0, 0, hole.shape[1], hole.shape[0]), hole)]
        samples = []
        written: dict[Rect, Path] = {}
        for number, cut in enumerate(cuts):
            if cut.rect not in written:  # whole pictures are written once, whatever the number of masks
                written[cut.rect] = write_picture(picture[cut.rect.slices], folder, name, number)
            mask = write_mask(cut.hole, written[cut.rect], number)
            mask_path, picture_path = (path.relative_to(folder).as_posix() for path in (mask, written[cut.rect]))
            samples.append(Sample(mask_path, picture_path, key, round(float(cut.hole.mean()), 6)))
        return _Made(key, tuple(samples), min(photo.size) < self.side)

    def _check(self, photo: Photo, key: str) -> None:
        if min(photo.size) < self.side and not self._options.enlarge:
            raise FileFormatError(f"{shown(key)} is smaller than {self.side} pixels.")
        if photo.has_alpha and (photo.pixels[..., -1] < full_value(photo.pixels)).any():
            raise FileFormatError(f"{shown(key)} is partly transparent: save it without transparency.")

    def _cuts(self, photo: Photo, key: str, size: tuple[int, int]) -> Sequence[Cut]:
        options = self._options
        generator = (
            of_picture(self._generator, Path(key).with_suffix("").as_posix()) if options.paired else self._generator
        )
        of = key if options.seed_by is SeedBy.NAME else hashlib.sha256(photo.pixels.tobytes()).hexdigest()
        return draw_cuts(
            generator,
            size,
            seeded(options.seed, of, options.preset),
            wanted=options.masks_per_image,
            variants=options.variants,
            square=options.crop,
            area=(options.area_min, options.area_max),
        )


def _side_for(options: MaskOptions) -> int:
    """Return the side of the pictures that the kinds of masks are meant for, the largest if there are several."""
    sides = [round(MASK_PRESETS[name].side * options.scale) for name in mask_weights(options) if name in MASK_PRESETS]
    return max(sides, default=ANY_SIDE)


def _names(source: Path) -> tuple[dict[str, str], list[str]]:
    """Return the pictures of a folder with what they are called in the set, and the masks that lie among them."""
    found = find_pairs(source)
    masks = {pair.mask for pair in found.pairs} - {pair.picture for pair in found.pairs} | set(found.ambiguous)
    names = names_apart([path for path in pictures_in(source) if path not in masks], source)
    keys = {path.relative_to(source).as_posix(): name for path, name in names.items()}
    return keys, sorted(path.relative_to(source).as_posix() for path in masks)


@contextmanager
def _threads() -> Iterator[ThreadPoolExecutor]:
    """Yield a pool of threads; when the work is stopped, what has not begun does not begin."""
    pool = ThreadPoolExecutor(WORKERS, "masks")
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
