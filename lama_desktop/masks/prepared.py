"""Prepared sets: pictures and their fixed masks in one folder, as the published evaluation has them.

A mask is named like its picture, with `_mask` and anything after it: `a.jpg` and `a_mask.png`, or `a.jpg` and
`a_mask000.png`, `a_mask001.png`. Both may have any format that can be written, and lie in any sub-folder, but in the
same one; what is only read (camera raw, documents with layers) is no part of a set. What the published reader passes
over in silence (a mask that is a JPEG, a picture whose own name has `_mask`, a picture without a mask) is matched or
reported here.

Reading touches names only; nothing is decoded. Any thread.
"""

import errno
import secrets
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lama_desktop import formats
from lama_desktop.core.arrays import Hole, Image
from lama_desktop.core.photo import ColorModel, Photo
from lama_desktop.errors import FileFormatError, SettingsError
from lama_desktop.formats.base import shown

MARK = "_mask"
NAMED = 5
"""So many files are named in a sentence about more of them."""


@dataclass(frozen=True)
class Pair:
    """A picture and one of its masks.

    `name` is the mask's path within the folder, with forward slashes and without its suffix: what a result for this
    pair is called. It is unlike that of any other pair of the folder.
    """

    picture: Path
    mask: Path
    name: str


@dataclass(frozen=True)
class Pairing:
    """What a folder holds, each in the order of the names.

    `ambiguous` are masks that more than one picture could own, and masks that would share a name; `others` are files
    that are no such pictures.
    """

    folder: Path
    pairs: tuple[Pair, ...]
    pictures_alone: tuple[Path, ...]
    masks_alone: tuple[Path, ...]
    ambiguous: tuple[Path, ...]
    others: tuple[Path, ...]

    def problems(self) -> list[str]:
        """Return a sentence about each kind of picture file that could not be matched; empty if there is none."""
        found = (
            (self.masks_alone, "no picture belongs to {}: a mask is named like its picture, a.jpg and a_mask.png."),
            (self.pictures_alone, "no mask belongs to {}: a mask is named like its picture, a.jpg and a_mask.png."),
            (self.ambiguous, "it is not clear what belongs to {}: files there differ in their endings only."),
        )
        return [f"In {shown(self.folder)} {text.format(self._named(files))}" for files, text in found if files]

    def _named(self, files: tuple[Path, ...]) -> str:
        names = [shown(path.relative_to(self.folder).as_posix()) for path in files]
        return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")


def find_pairs(folder: Path) -> Pairing:
    """Match the pictures and masks of a folder and the folders in it; hidden files do not count.

    Raises:
        FileFormatError: there is no such folder, or it cannot be read.
    """
    pictures, others = _files(folder)
    named: defaultdict[Path, list[Path]] = defaultdict(list)
    for path in pictures:
        named[path.with_suffix("")].append(path)
    pairs: list[Pair] = []
    ambiguous, alone = [], []
    for path in pictures:
        owner = picture_of(path)
        if owner is None:
            continue
        owners = named.get(owner, [])
        if len(owners) > 1 or (owners and len(named[path.with_suffix("")]) > 1):
            ambiguous.append(path)
        elif owners:
            pairs.append(Pair(owners[0], path, path.relative_to(folder).with_suffix("").as_posix()))
        else:
            alone.append(path)
    # A picture may have `_mask` in its own name: it is one if a mask belongs to it.
    used = {pair.picture for pair in pairs} | {owner for path in ambiguous for owner in _owners(path, named)}
    return Pairing(
        folder,
        tuple(pairs),
        tuple(path for path in pictures if picture_of(path) is None and path not in used),
        tuple(path for path in alone if path not in used),
        tuple(ambiguous),
        tuple(others),
    )


def read_pairs(folder: Path) -> list[Pair]:
    """Return the pairs of a folder in which every picture and every mask has its counterpart.

    Raises:
        FileFormatError: there is no such folder, no pair in it, or a picture file that belongs to none; the sentence
            names it. `find_pairs` tells more and is content with less.
    """
    found = find_pairs(folder)
    if problems := found.problems():
        raise FileFormatError(" ".join(problems))
    if not found.pairs:
        raise FileFormatError(
            f"There are no pictures with masks in {shown(folder)}: put some there, named a.jpg and a_mask.png, or make "
            "a set with `lama-desktop masks`."
        )
    return list(found.pairs)


def pictures_in(folder: Path) -> list[Path]:
    """Return the picture files of a folder and the folders in it, by name; hidden ones do not count.

    They are of formats that are written, too: camera raw, or a document, beside a picture is no second one.

    Raises:
        FileFormatError: there is no such folder, or no picture in it.
    """
    pictures, _ = _files(folder)
    if not pictures:
        raise FileFormatError(f"There is no picture in {shown(folder)}. Put JPEG, PNG, TIFF or WebP files into it.")
    return pictures


def names_apart(pictures: Sequence[Path], folder: Path) -> dict[Path, str]:
    """Return what pictures of a folder are called, no two of them alike, in capitals or not.

    A name is the path in the folder, with forward slashes and without its suffix, or with it where another one is
    called the same: `a-jpg` and `a-png`.
    """
    inside = [path.relative_to(folder) for path in pictures]
    short = [path.with_suffix("").as_posix() for path in inside]
    whole = [path.with_name(path.name.replace(".", "-")).as_posix() for path in inside]
    taken = Counter(name.lower() for name in (*short, *whole))
    return {
        path: brief if taken[brief.lower()] == 1 else full
        for path, brief, full in zip(pictures, short, whole, strict=True)
    }


def picture_of(path: Path) -> Path | None:
    """Return the path, without suffix, of the picture whose mask a file is by its name; None if by its name it is none.

    As published the last `_mask` counts, so that the name of a picture may hold one.
    """
    owner, mark, _ = path.stem.rpartition(MARK)
    return path.with_name(owner) if mark and owner else None


def owners_of(mask: Path, folder: Path) -> list[str]:
    """Return the names of the pictures of another folder that a mask may belong to, the likelier one first.

    Args:
        mask: a file.
        folder: of the masks. A name is a path in it without suffix, with forward slashes: that of the mask, or the
            same up to its `_mask`.
    """
    owners = (mask.with_suffix(""), picture_of(mask))
    return [each.relative_to(folder).as_posix() for each in owners if each is not None]


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Yield an empty folder that becomes `target` at the end, or goes away with all that is in it.

    So `target` is there whole or not at all. Until then the folder is a hidden one beside it.

    Raises:
        SettingsError: there is something at `target` other than an empty folder.
        FileFormatError: the disk refuses.
    """
    try:
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise SettingsError(f"{shown(target)} is there and not an empty folder: choose a new one.")
        target = target.resolve()
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_name(f".{target.name}.{secrets.token_hex(6)}.unfinished")
        unfinished.mkdir()
    except OSError as error:
        raise FileFormatError(f"{shown(target)} cannot be made: {error.strerror or error}.") from error
    try:
        yield unfinished
        try:
            if target.exists():
                target.rmdir()
            unfinished.rename(target)
        except OSError as error:
            raise FileFormatError(
                f"{shown(target)} cannot be put in place: {error.strerror or error}. Choose a folder that is not there."
            ) from error
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def is_too_long(folder: Path, name: str) -> bool:
    """Tell whether the disk takes no names as long as those of the files of a picture; the arguments are as below."""
    longest = folder / f"{name}_crop000{MARK}000.png"
    for path in (longest, folder / longest.name):  # the sub-folders of the first may not be there yet
        try:
            path.lstat()
        except OSError as error:
            if error.errno in (errno.ENAMETOOLONG, errno.EINVAL):  # the latter on Windows
                return True
    return False


def write_picture(pixels: Image, folder: Path, name: str, crop: int) -> Path:
    """Write a picture of a set as `<name>_crop000.png`, (H, W, 3) uint8 sRGB, and return its path.

    Args:
        pixels: the picture.
        folder: where the set is.
        name: of the picture it was cut from, in the folder, with its sub-folders.
        crop: which cut it is.

    Raises:
        FileFormatError: the disk refuses.
    """
    path = folder / f"{name}_crop{crop:03d}.png"
    return _write(Photo(pixels), path)


def write_mask(hole: Hole, picture: Path, number: int) -> Path:
    """Write a mask of a picture as `<picture>_mask000.png`, white where the hole is, and return its path.

    Raises:
        FileFormatError: the disk refuses.
    """
    grey = hole[..., None].astype(np.uint8) * np.uint8(255)
    return _write(Photo(grey, ColorModel.GREY), picture.with_name(f"{picture.stem}{MARK}{number:03d}.png"))


def _write(photo: Photo, path: Path) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileFormatError(f"{shown(path.parent)} cannot be made: {error.strerror or error}.") from error
    formats.write(photo, path)
    return path


def _files(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the picture files of a folder and the other files in it, by name, hidden ones aside."""
    if not folder.is_dir():
        raise FileFormatError(f"There is no folder {shown(folder)}. Check the name.")
    try:
        found = sorted(path for path in folder.rglob("*") if path.is_file())
    except OSError as error:
        raise FileFormatError(f"{shown(folder)} cannot be read: {error.strerror or error}.") from error
    found = [path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    pictures = [path for path in found if formats.is_writable(path)]
    return pictures, [path for path in found if not formats.is_writable(path)]


def _owners(mask: Path, named: dict[Path, list[Path]]) -> list[Path]:
    owner = picture_of(mask)
    return named.get(owner, []) if owner is not None else []
