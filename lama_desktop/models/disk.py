"""What the store and the download need of a file system: hashes, locks, free space, atomic replacement."""

import contextlib
import errno
import hashlib
import json
import os
import platform
import shutil
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

from lama_desktop.errors import MissingWeightsError, ModelError
from lama_desktop.progress import Progress

CHUNK = 1 << 20
MARGIN = 64 << 20  # bytes that stay free on the disk
MAX_HEADER = 16 << 20
STALE = 24 * 3600  # seconds after which nobody writes a temporary file any more

_REASONS = {
    errno.ENOSPC: "the disk is full. Make some room",
    errno.EDQUOT: "your quota on this disk is used up. Make some room",
    errno.EROFS: "the disk is read-only. Choose another folder",
    errno.EACCES: "you may not write there. Change the permissions or choose another folder",
    errno.EPERM: "you may not write there. Change the permissions or choose another folder",
    errno.ENOENT: "the folder cannot be made. Choose another one",
    errno.EEXIST: "a file is in the place of the folder. Move it away or choose another folder",
    errno.ENOTDIR: "a file is in the place of a folder. Move it away or choose another folder",
    errno.ENAMETOOLONG: "the name is too long. Choose a shorter one",
    errno.ELOOP: "a symbolic link leads in a circle. Delete it or choose another folder",
}


def refusal(error: OSError) -> str:
    """Return why the disk refuses to write and what to do, as the end of a sentence without its full stop."""
    return _REASONS.get(error.errno or 0, f"{error.strerror or error}. Check the disk or choose another folder")


def shown(name: object) -> str:
    """Return a name so that it can stand in a message: what does not print is escaped."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in str(name))


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


def exists(path: Path) -> bool:
    """Return whether there is something that can be reached; False for names that nothing can have."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def weight_file(path: Path) -> Path:
    """Return the weight file that a path means: itself, or the checkpoint in a folder as the authors publish it.

    Raises:
        MissingWeightsError: there is none.
    """
    name = shown(path)
    try:
        if path.is_file():
            return path
        if (inner := path / "models" / "best.ckpt").is_file():
            return inner
        if path.is_dir():
            raise MissingWeightsError(f"The folder {name} holds no models/best.ckpt: name the weight file itself.")
        path.stat()
    except PermissionError as error:
        raise MissingWeightsError(f"There is no way to {name}: change the permissions of its folder.") from error
    except (OSError, ValueError) as error:
        raise MissingWeightsError(f"There is no weight file {name}: check the name.") from error
    raise MissingWeightsError(f"{name} is not a file: name a weight file.")


def metadata_of(path: Path) -> dict[str, str]:
    """Return the metadata of a safetensors file without reading its tensors; nothing where it is none."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= MAX_HEADER:
                return {}
            metadata = json.loads(file.read(length)).get("__metadata__", {})
        return {str(key): str(value) for key, value in metadata.items()}
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}


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
    handle, name = tempfile.mkstemp(f".{_machine()}-{os.getpid()}.tmp", f".{target.name}.", target.parent)
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


def sweep(folder: Path) -> None:
    """Delete the temporary files that killed programs left: their owner is gone, or they are older than a day."""
    for path in folder.glob(".*.tmp"):
        with contextlib.suppress(OSError):
            machine, _, number = path.name.removesuffix(".tmp").rpartition(".")[2].partition("-")
            gone = machine == _machine() and number.isdecimal() and not _runs(int(number))
            if gone or time.time() - path.stat().st_mtime > STALE:
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


def _machine() -> str:
    """Return what tells this machine from others that share the folder; a process number means nothing there."""
    return f"{zlib.crc32(platform.node().encode()):08x}"


def _runs(number: int) -> bool:
    """Return whether a process of this number exists; Windows is not asked, where looking can end it."""
    if sys.platform == "win32":
        return True
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # it is another user's
        return True
    return True


def _umask() -> int:
    """Return the permissions that new files go without; mkstemp makes private ones."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
