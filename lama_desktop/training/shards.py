"""Tar shards: pictures in uncompressed archives, for sets of more files than a file system likes.

The layout is WebDataset's: the members of one sample follow each other and share their name up to its first dot
(`0007.jpg`, `0007.json`); of each sample the picture is taken. There is no streaming: a shard's headers are read once,
and from then on a picture is an offset, read as any file is. Streaming libraries shuffle in a buffer, deal whole shards
to ranks and workers, and reach a position only by reading all before it; with offsets each picture comes once in an
epoch whatever the number of ranks, the order is as random as that of files, and a run resumes where it stopped, at
once.

The index lies beside the shard, or in the cache folder where nothing can be written there, and holds only for a file of
the same size and time. Names in an archive are labels: nothing is unpacked to a path. Any thread, any process; a shard
keeps no file open, so that it may be forked and pickled.
"""

import hashlib
import itertools
import logging
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lama_desktop import formats, paths
from lama_desktop.core.arrays import Image
from lama_desktop.errors import FileFormatError
from lama_desktop.formats import atomic
from lama_desktop.formats.base import shown
from lama_desktop.training import pictures
from lama_desktop.training.names import Names

logger = logging.getLogger(__name__)

SUFFIX = ".tar"
INDEX_SUFFIX = ".lama-index"
_HEAD = "lama-index 1"
_DAMAGE = (tarfile.TarError, ValueError, ArithmeticError, LookupError, RecursionError)
"""What the standard library raises at headers that are not what they should be."""


class _Member(NamedTuple):
    """A file in an archive, and where its bytes are."""

    offset: int
    size: int
    name: str


class _Index(NamedTuple):
    """Where the pictures of a shard are: (N,) int64 offsets and sizes in bytes, and their names."""

    offsets: NDArray[np.int64]
    sizes: NDArray[np.int64]
    names: Names


class Shard:
    """The pictures of one tar file; a `Source`.

    Raises:
        FileFormatError: it is not there, not a tar file, or compressed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._index = _index_of(path)

    def __len__(self) -> int:
        return len(self._index.names)

    def name(self, index: int) -> str:
        """Return the path of the shard and the name in it; see Source."""
        return f"{self._path}/{self._index.names[index]}"

    def read(self, index: int) -> Image:
        """Read the bytes that the index names, and decode them; see Source."""
        name, size = self._index.names[index].rpartition("/")[2], int(self._index.sizes[index])
        if size > (limit := formats.byte_budget()):
            raise FileFormatError(f"{shown(name)} in {shown(self._path.name)} is larger than {limit >> 20} MB.")
        try:
            with self._path.open("rb", buffering=0) as file:
                file.seek(int(self._index.offsets[index]))
                data = file.read(size)
        except OSError as error:
            raise _unreadable(self._path, error) from error
        return pictures.decode(data, name)


def _index_of(path: Path) -> _Index:
    """Return the index of a shard: the one that was kept, if it is of this very file, or a new one, which is kept."""
    try:
        status = path.stat()
    except OSError as error:
        raise _unreadable(path, error) from error
    head = f"{_HEAD} {status.st_size} {status.st_mtime_ns}"
    digest = hashlib.sha256(str(path.resolve()).encode(errors="surrogateescape")).hexdigest()[:16]
    places = [path.with_name(path.name + INDEX_SUFFIX), paths.cache_folder() / "shards" / (digest + INDEX_SUFFIX)]
    for place in places:
        try:
            return _unpacked(place.read_bytes(), head, status.st_size)
        except (OSError, ValueError) as error:
            logger.debug("No index in %s: %s", place, error)
    logger.info("Reading the headers of %s", path)
    index = _built(path, status.st_size)
    for place in places:
        try:
            if not place.parent.exists():
                place.parent.mkdir(parents=True)
            atomic.replace(place, _packed(index, head))
            break
        except (OSError, FileFormatError) as error:
            logger.debug("The index of %s is not kept in %s: %s", path, place, error)
    return index


def _packed(index: _Index, head: str) -> bytes:
    """Return the file of an index: a line, then offsets, sizes and ends of names as int64, then the names."""
    numbers = np.stack([index.offsets, index.sizes, index.names.ends]).astype("<i8")
    return f"{head} {len(index.names)}\n".encode() + numbers.tobytes() + index.names.text


def _unpacked(data: bytes, head: str, size: int) -> _Index:
    """Return the index in a file.

    Raises:
        ValueError: it belongs to another file, or is damaged.
    """
    line, _, rest = data.partition(b"\n")
    start, _, number = line.decode("ascii").rpartition(" ")
    if start != head:
        raise ValueError("it was made for another file")
    count = int(number)
    offsets, sizes, ends = np.frombuffer(rest, "<i8", 3 * count).astype(np.int64).reshape(3, count)
    names = Names(rest[24 * count :], ends)
    if count and (min(offsets.min(), sizes.min(), ends[0], np.diff(ends, append=len(names.text)).min()) < 0):
        raise ValueError("it is damaged")
    if count and ((offsets > size - sizes).any() or ends[-1] != len(names.text)):
        raise ValueError("it is damaged")
    return _Index(offsets, sizes, names)


def _built(path: Path, size: int) -> _Index:
    found = list(_pictures(_members(path, size)))
    offsets, sizes = (np.array([each[column] for each in found], np.int64) for column in (0, 1))
    return _Index(offsets, sizes, Names.of(each.name for each in found))


def _pictures(members: Iterator[_Member]) -> Iterator[_Member]:
    """Yield one picture of each sample that has one: the one whose ending says nothing else, as `.mask.png` does.

    As in folders, pictures are of formats that are written, too.
    """
    for _, sample in itertools.groupby(members, _key):
        found = [member for member in sample if formats.is_writable(Path(member.name))]
        if found:
            yield min(found, key=lambda member: member.name.rpartition("/")[2].count("."))


def _key(member: _Member) -> tuple[str, str]:
    folder, _, name = member.name.rpartition("/")
    return folder, name.partition(".")[0]


def _members(path: Path, size: int) -> Iterator[_Member]:
    """Yield the files in an archive, reading headers only; those that are hidden are left out.

    Where a header makes no sense the archive ends, with a warning: an interrupted copy loses its last pictures, not the
    run.

    Raises:
        FileFormatError: it cannot be read at all.
    """
    count, position = 0, -1
    try:
        with path.open("rb") as file, tarfile.open(fileobj=file, mode="r:") as archive:
            while (member := archive.next()) is not None:
                archive.members = []  # type: ignore[attr-defined]  # it would keep them all, a kilobyte each
                if not (0 <= member.size <= size - member.offset_data and position < member.offset):
                    raise tarfile.ReadError("a member that is not in the file")
                position = member.offset
                hidden = any(part.startswith(".") and part.strip(".") for part in member.name.split("/"))
                if member.isreg() and not member.issparse() and not hidden:
                    count += 1
                    yield _Member(member.offset_data, member.size, member.name)
            file.seek(archive.offset)
            if file.read(tarfile.BLOCKSIZE).strip(b"\0"):
                raise tarfile.ReadError("a damaged header")
    except OSError as error:
        raise _unreadable(path, error) from error
    except _DAMAGE as error:
        if count == 0:
            raise FileFormatError(
                f"{shown(path.name)} is not a plain tar file, or is damaged: {error}. Unpack a compressed one to .tar."
            ) from error
        logger.warning("%s is damaged after %d files (%s): the rest is left out.", path, count, error)


def _unreadable(path: Path, error: OSError) -> FileFormatError:
    return FileFormatError(f"The shard {shown(path)} cannot be read: {error.strerror or error}.")
