"""Where training pictures come from: folders, single files, lists of files, and tar shards, as one numbered sequence.

Every picture has a number, and can be read in any order and from any process: sharding over ranks, shuffling and
resuming are then exact arithmetic (see `data.py`) and the same for all of them. Nothing is decoded before it is needed.
Sources are immutable and pickle small; any thread, any process.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from lama_desktop import formats
from lama_desktop.core.arrays import Image
from lama_desktop.errors import FileFormatError
from lama_desktop.formats.base import shown
from lama_desktop.training import pictures
from lama_desktop.training.log import NAME as RUN_LOG
from lama_desktop.training.names import Names
from lama_desktop.training.shards import SUFFIX as SHARD
from lama_desktop.training.shards import Shard

LISTS = (".txt", ".lst")
_PACKED = (".tgz", ".tar.gz", ".tar.xz", ".tar.bz2", ".tar.zst")


class Source(Protocol):
    """A numbered sequence of pictures."""

    def __len__(self) -> int:
        """Return how many there are; never 0 if `open_source` made it."""
        ...

    def name(self, index: int) -> str:
        """Return what to call a picture, so that a person finds it."""
        ...

    def read(self, index: int) -> Image:
        """Return a picture, (H, W, 3) uint8 sRGB; the caller owns it.

        Raises:
            FileFormatError: it is damaged, gone, or not a picture.
        """
        ...


class Files:
    """Picture files below a folder; absolute names stay what they are."""

    def __init__(self, folder: Path, names: Iterable[str]) -> None:
        self._folder = folder
        self._names = Names.of(names)

    def __len__(self) -> int:
        return len(self._names)

    def name(self, index: int) -> str:
        """Return the path; see Source."""
        return str(self._folder / self._names[index])

    def read(self, index: int) -> Image:
        """Read and decode the file; see Source."""
        path = self._folder / self._names[index]
        return pictures.decode(formats.content(path), path.name)


class Joined:
    """Several sources, one after the other."""

    def __init__(self, parts: Sequence[Source]) -> None:
        self._parts = tuple(parts)
        self._ends = np.cumsum([len(part) for part in parts])

    def __len__(self) -> int:
        return int(self._ends[-1]) if self._parts else 0

    def name(self, index: int) -> str:
        """Return the name in the part; see Source."""
        part, index = self._find(index)
        return part.name(index)

    def read(self, index: int) -> Image:
        """Read from the part; see Source."""
        part, index = self._find(index)
        return part.read(index)

    def _find(self, index: int) -> tuple[Source, int]:
        if not 0 <= index < len(self):
            raise IndexError(index)
        part = int(np.searchsorted(self._ends, index, side="right"))
        return self._parts[part], index - (int(self._ends[part - 1]) if part else 0)


class Shrunk:
    """The pictures of a source, those whose short side is longer than `side` pixels shrunk to it.

    Crops of a large photo are mostly flat; shrunk, they show what the network is to learn.
    """

    def __init__(self, source: Source, side: int) -> None:
        self._source = source
        self._side = side

    def __len__(self) -> int:
        return len(self._source)

    def name(self, index: int) -> str:
        """Return the name in the source; see Source."""
        return self._source.name(index)

    def read(self, index: int) -> Image:
        """Read from the source and shrink; see Source."""
        picture = self._source.read(index)
        height, width = picture.shape[:2]
        scale = self._side / min(height, width)
        if scale >= 1:
            return picture
        size = max(self._side, round(width * scale)), max(self._side, round(height * scale))
        return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))


def open_source(paths: Sequence[Path], skip: Sequence[Path] = ()) -> Source:
    """Find the pictures in all of `paths`, in an order that depends on their names only.

    Args:
        paths: each is a folder (searched through; what is hidden, and folders of runs in it, are left out), a picture
            of any format that `formats` reads, a list (.txt or .lst: a picture or shard per line, relative to the list;
            # starts a comment), or a tar shard. What a folder holds of shards counts; lists in it do not, and of
            pictures only those of formats that are written, too: camera raw mostly lies beside its JPEG, and a document
            beside its photo.
        skip: further folders that are left out wherever they come up.

    Raises:
        FileFormatError: one of them is not there or of no such kind, or there is no picture in all of them.
    """
    skipped = {path.resolve() for path in skip}
    parts = [part for path in paths for part in _parts(path, skipped)]
    source = Joined([part for part in parts if len(part)])
    if not len(source):
        where = ", ".join(shown(path) for path in paths) or "what was named"
        raise FileFormatError(f"There is no picture in {where}. Name a folder with JPEG, PNG, TIFF or WebP files.")
    return source


def _parts(path: Path, skip: set[Path]) -> Iterator[Source]:
    if path.is_dir():
        yield from _split(path, _walk(path, skip))
    elif not path.exists():
        raise FileFormatError(f"There is no file or folder {shown(path)}. Check the name.")
    elif path.suffix.lower() in LISTS:
        yield from _split(path.parent, _lines(path))
    elif path.suffix.lower() == SHARD or formats.is_readable(path):
        yield from _split(path.parent, [path.name])
    elif path.name.lower().endswith(_PACKED):
        raise FileFormatError(
            f"{shown(path.name)} is compressed, and nothing in it can be read without unpacking all before it. "
            "Unpack it to a plain .tar."
        )
    else:
        raise FileFormatError(
            f"{shown(path.name)} is neither a folder nor a picture, a list (.txt, .lst) or a tar shard (.tar)."
        )


def _split(folder: Path, names: Iterable[str]) -> Iterator[Source]:
    """Yield the shards among the files of a folder, and one source for all others."""
    others: list[str] = []
    for name in names:
        if name.lower().endswith(SHARD):
            yield Shard(folder / name)
        else:
            others.append(name)
    yield Files(folder, others)


def _lines(path: Path) -> list[str]:
    text = os.fsdecode(formats.content(path).removeprefix(b"\xef\xbb\xbf"))
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _walk(folder: Path, skip: set[Path], prefix: str = "", above: frozenset[Path] = frozenset()) -> Iterator[str]:
    """Yield pictures and shards below a folder, relative to where the walk began, by name.

    Links to folders are followed, but not into a folder that the walk came from.
    """
    place = folder.resolve()
    if place in skip or place in above:
        return
    try:
        with os.scandir(folder) as found:
            entries = sorted((each for each in found if not each.name.startswith(".")), key=lambda each: each.name)
    except OSError as error:
        reason = error.strerror or error
        raise FileFormatError(f"The folder {shown(folder)} cannot be read: {reason}. Check its permissions.") from error
    if prefix and any(entry.name == RUN_LOG for entry in entries):
        return
    for entry in entries:
        if _is_folder(entry):
            yield from _walk(folder / entry.name, skip, f"{prefix}{entry.name}/", above | {place})
        elif entry.name.lower().endswith(SHARD) or formats.is_writable(Path(entry.name)):
            yield prefix + entry.name


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle
        return False
