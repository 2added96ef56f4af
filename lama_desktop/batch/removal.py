"""One photo, one mask, one result: read, fill, write. No Qt, no command line.

Runs on any one thread, which then owns the engine.
"""

import contextlib
import itertools
import logging
import os
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np

from lama_desktop import formats
from lama_desktop.batch.coverage import THRESHOLD
from lama_desktop.core.arrays import Colors, Coverage, Hole
from lama_desktop.core.color import color_space
from lama_desktop.core.photo import ColorModel, Photo
from lama_desktop.core.sheet import before_after
from lama_desktop.engine.engine import Engine
from lama_desktop.engine.published import inpaint_as_published
from lama_desktop.engine.windows import Window
from lama_desktop.errors import Cancelled, FileFormatError, SettingsError
from lama_desktop.formats import WriteOptions
from lama_desktop.progress import Progress

SHEET_HEIGHT = 900
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Removal:
    """What happened to one photo: where it went and at how many bits, what had to be said, the seconds of each part."""

    output: Path
    photo: Photo
    depth: int
    windows: tuple[Window, ...]
    notes: tuple[str, ...]
    seconds: dict[str, float] = field(default_factory=dict)


def read_mask(path: Path, size: tuple[int, int], soft: bool = False) -> Coverage:
    """Read a mask file: white removes.

    Args:
        path: any picture that can be read.
        size: width and height that it must have.
        soft: keep greys as a soft edge; else grey is cut at THRESHOLD.

    Returns:
        (H, W) uint8; 0 keeps, 255 replaces.

    Raises:
        FileFormatError: it cannot be read, has another size, or removes nothing.
    """
    mask = formats.read_mask(path, size)
    if not soft:
        mask = np.where(mask >= THRESHOLD, np.uint8(255), np.uint8(0))
    if not mask.any():
        raise FileFormatError(f"{path.name} removes nothing: paint what should go in white, on black.")
    return mask


def inpaint_photo(
    photo: Photo, mask: Coverage, engine: Engine, progress: Progress, allowed: Hole | None = None
) -> Photo:
    """Return the photo with the masked part filled; everything else of it is kept.

    Arguments and errors are those of Engine.inpaint.
    """
    space = color_space(photo.model, photo.profile)
    pixels = engine.inpaint(photo.pixels, mask, progress, space=space, has_alpha=photo.has_alpha, allowed=allowed)
    return replace(photo, pixels=pixels)


def inpaint_photo_as_published(photo: Photo, mask: Coverage, weights: Path, progress: Progress) -> Photo:
    """Return the photo as the published prediction script fills it: RGB, whole picture, no colour management.

    Args:
        photo: alpha is dropped and grey made RGB, as the script does.
        mask: every value above 0 removes.
        weights: a weight file of a network.
        progress: reports and stops.
    """
    if photo.model is ColorModel.CMYK:
        raise FileFormatError("The published script knows RGB pictures only: convert this CMYK picture first.")
    colors = photo.pixels[..., : photo.model.channels]
    image = np.ascontiguousarray(np.broadcast_to(colors, (*colors.shape[:2], 3)))
    pixels = inpaint_as_published(weights, image, mask, progress)
    profile = photo.profile if photo.model is ColorModel.RGB else None
    return replace(photo, pixels=pixels, model=ColorModel.RGB, has_alpha=False, profile=profile)


def inpaint_file(
    source: Path,
    mask_file: Path,
    output: Path | None,
    engine: Engine | Path,
    *,
    soft_mask: bool = False,
    sample_from: Path | None = None,
    avoid: Path | None = None,
    options: WriteOptions | None = None,
    sheet: Path | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Removal:
    """Fill one file and write the result; the output appears whole or not at all, and last.

    What the output cannot hold is logged before it is written.

    Args:
        source: the photo.
        mask_file: white removes; the same size as the photo after its orientation is applied.
        output: its suffix chooses the format; an existing file is replaced. None makes a new file beside the source,
            in the same format.
        engine: what fills; a Path is a weight file to run as the published script does.
        soft_mask: see read_mask.
        sample_from: a mask file: where a model that copies may copy from.
        avoid: a mask file: where it may not.
        options: how to write.
        sheet: where to put a picture of before and after, side by side.
        overwrite: allow the output to be the source.
        progress: reports and stops.

    Raises:
        FileFormatError: a file cannot be read or written.
        SettingsError: the output or the sheet is one of the other files.
        LamaDesktopError: as Engine.inpaint.
    """
    progress, options = progress or Progress(), options or WriteOptions()
    for path in (output, sheet):
        if path is not None:
            _refuse_unwritable(path)
            _refuse_overwriting(path, source, (mask_file, sample_from, avoid), overwrite and path is output)
    marks = [time.perf_counter()]
    progress(0, f"reading {source.name}")
    photo = formats.read(source, progress)
    output = output or _beside(source, photo)
    if sheet is not None and output.resolve() == sheet.resolve():
        raise SettingsError(f"{output.name} cannot be both the result and the sheet: choose another name for one.")
    if isinstance(engine, Path):
        mask = formats.read_mask(mask_file, photo.size)
    else:
        mask = read_mask(mask_file, photo.size, soft_mask)
    marks.append(time.perf_counter())
    if isinstance(engine, Path):
        result = inpaint_photo_as_published(photo, mask, engine, progress.stage(0.1, 0.9))
        windows: tuple[Window, ...] = ()
        said: list[str] = []
    else:
        allowed = _allowed(photo.size, sample_from, avoid)
        result = inpaint_photo(photo, mask, engine, progress.stage(0.1, 0.9), allowed)
        windows, said = tuple(engine.windows), engine.notes
    marks.append(time.perf_counter())
    progress(0.9, f"writing {output.name}")
    notes = (*photo.notes, *said, *formats.losses(result, output, options))
    for note in notes:
        logger.warning("Note: %s", note)
    if sheet is not None:
        formats.write(_sheet(photo, mask, result), sheet, options, progress)
    formats.write(result, output, options, progress)  # last, and nothing after it can stop: done is done
    marks.append(time.perf_counter())
    with contextlib.suppress(Cancelled):
        progress(1)
    seconds = {name: end - start for name, start, end in zip(("read", "fill", "write"), marks, marks[1:], strict=False)}
    depth = min(result.depth, max(formats.format_of(output).depths))
    return Removal(output, result, depth, windows, notes, seconds)


def _allowed(size: tuple[int, int], sample_from: Path | None, avoid: Path | None) -> Hole | None:
    """Return where texture may come from; None for everywhere."""
    if sample_from is None and avoid is None:
        return None
    allowed = np.ones((size[1], size[0]), bool)
    if sample_from is not None:
        allowed &= formats.read_mask(sample_from, size) >= THRESHOLD
    if avoid is not None:
        allowed &= formats.read_mask(avoid, size) < THRESHOLD
    if not allowed.any():
        names = " and ".join(path.name for path in (sample_from, avoid) if path is not None)
        raise FileFormatError(f"{names} leave nothing to copy from: paint where texture may come from in white.")
    return allowed


def _refuse_unwritable(path: Path) -> None:
    """Raise before any work where the result could not be written."""
    if not formats.is_writable(path):
        known = ", ".join(each.suffixes[0] for each in formats.FORMATS)
        raise FileFormatError(f"{path.name} cannot be written: its name must end in one of {known}.")
    if path.is_dir():
        raise FileFormatError(f"{path} is a folder: name a file in it.")
    if not path.parent.is_dir():
        raise FileFormatError(f"{path.name} cannot be written: there is no folder {path.parent}. Make it first.")
    if not os.access(path.parent, os.W_OK):
        raise FileFormatError(f"{path.name} cannot be written: the folder {path.parent} is read-only.")


def _refuse_overwriting(path: Path, source: Path, masks: tuple[Path | None, ...], allowed: bool) -> None:
    """Raise where a result would replace one of the inputs; `allowed` lets it replace the source."""
    if _is_same(path, source) and not allowed:
        raise SettingsError(f"{path.name} is the photo itself: choose another name, or add --overwrite if you mean it.")
    if any(mask is not None and _is_same(path, mask) for mask in masks):
        raise SettingsError(f"{path.name} is the mask itself: choose another name.")


def _is_same(path: Path, other: Path) -> bool:
    return path.exists() and other.exists() and path.samefile(other)


def _beside(source: Path, photo: Photo) -> Path:
    """Return a name beside the source that is free, in the format that the source really has."""
    suffix = source.suffix
    if not formats.is_writable(source) or formats.format_of(source).name != photo.encoding.format:
        suffix = formats.suffix_for(photo)
    numbers = itertools.chain([""], (f"-{each}" for each in itertools.count(2)))
    names = (f"{source.stem}-clean{number}{suffix}" for number in numbers)
    return next(path for name in names if not (path := source.with_name(name)).exists())


def _sheet(photo: Photo, mask: Coverage, result: Photo) -> Photo:
    """Return before and after side by side, scaled down to SHEET_HEIGHT."""
    scale = min(1.0, SHEET_HEIGHT / photo.pixels.shape[0])
    size = (max(1, round(photo.size[0] * scale)), max(1, round(photo.size[1] * scale)))

    def small(each: Photo) -> Colors:
        pixels = cv2.resize(each.pixels, size, interpolation=cv2.INTER_AREA)
        pixels = pixels.reshape(size[1], size[0], -1)[..., : each.model.channels]
        return color_space(each.model, each.profile).to_srgb(np.ascontiguousarray(pixels))

    marked = cv2.resize(mask, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    return Photo(before_after(small(photo), marked, small(result)))
