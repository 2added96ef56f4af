"""What the store and the download need of a file system: hashes, locks, free space, atomic replacement."""

import contextlib
import errno
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from lama_desktop.errors import ModelError
from lama_desktop.progress import Progress

CHUNK = 1 << 20
MARGIN = 64 << 20  # bytes that stay free on the disk


def digest(path: Path, progress: Progress | None = None, kind: str = "sha256") -> str:
    """Return the hash of a file in hexadecimal; every megabyte is a cancel point."""
    total, done = max(path.stat().st_size, 1), 0
    value = hashlib.new(kind, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(CHUNK):
            value.update(block)
            done += len(block)
            if progress is not None:
                progress(done / total)
    return value.hexdigest()


def require_space(folder: Path, size: int) -> None:
    """Check that `size` more bytes fit into the folder's disk.

    Raises:
        ModelError: they do not.
    """
    free = shutil.disk_usage(folder).free
    if free < size + MARGIN:
        raise ModelError(f"{folder} has {megabytes(free)} free, {megabytes(size + MARGIN)} are needed: make some room.")


def megabytes(size: int) -> str:
    """Return a size in the unit people read."""
    return f"{size / 1e6:.0f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"


@contextlib.contextmanager
def temporary(target: Path) -> Iterator[Path]:
    """Give a new path beside `target`; when the block ends well, what was written there takes the target's place.

    Whatever goes wrong, the target keeps its old content and the temporary file is gone.
    """
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    os.close(handle)
    path = Path(name)
    try:
        yield path
        if path.exists():
            with path.open("rb+") as file:
                os.fsync(file.fileno())
            path.chmod(0o666 & ~_umask())
            path.replace(target)
    finally:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def locked(path: Path, wait: bool = True) -> Iterator[bool]:
    """Hold an exclusive lock on a file (made if absent) against other processes and threads.

    Yields False, without the lock, when `wait` is off and somebody else holds it. The system releases it when a
    process dies, so nothing stale is left behind.
    """
    with path.open("ab") as file:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            try:
                msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
            except OSError:
                if wait:
                    raise
                yield False
                return
        else:
            import fcntl

            try:
                fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except OSError as error:
                if wait or error.errno not in {errno.EAGAIN, errno.EACCES}:
                    raise
                yield False
                return
        try:
            yield True
        finally:
            if sys.platform == "win32":
                file.seek(0)
                msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)


def _umask() -> int:
    """Return the permissions that new files go without; mkstemp makes private ones."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
