"""Replace a file so that at every moment either the old or the new one is complete on the disk."""

import contextlib
import errno
import glob
import os
import secrets
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from lama_desktop.errors import FileFormatError
from lama_desktop.formats.base import shown

_SHOWN, _RANDOM = 20, 6
"""Letters of the file's name in that of its temporary file, and random bytes."""
_REASONS = {
    errno.ENOSPC: "the disk is full. Make room or choose another folder",
    errno.EDQUOT: "your quota on this disk is used up. Make room or choose another folder",
    errno.EROFS: "this disk is read-only. Choose another folder",
    errno.EACCES: "you may not write there. Choose another folder or change the permissions",
    errno.EPERM: "you may not write there. Choose another folder or change the permissions",
    errno.ENOENT: "the folder does not exist. Create it or choose another one",
    errno.ENOTDIR: "the folder does not exist. Create it or choose another one",
    errno.EISDIR: "there is a folder of that name. Choose another name",
    errno.ENAMETOOLONG: "the name is too long. Choose a shorter one",
    errno.ELOOP: "it is a symbolic link that leads in a circle. Delete it or choose another name",
    errno.EFBIG: "this disk cannot hold so large a file. Choose another disk",
}


def replace(path: Path, data: bytes) -> None:
    """Write `data` to `path`, replacing what is there in one step; see `replacing`.

    Raises:
        FileFormatError: it could not be written; the sentence says why and what to do.
    """
    with replacing(path) as file:
        file.write(data)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the place of `path` at the end of the block, in one step.

    A temporary file in the same folder is written, flushed to the disk and renamed. A symbolic link stays and its
    target is replaced; the mode and, where allowed, the owner of the old file are kept. If anything fails, also in the
    block, the old file is untouched and no temporary file remains; what the block raises counts as the disk's refusal
    only where it is an OSError.

    Raises:
        FileFormatError: it could not be written; the sentence says why and what to do.
    """
    old = None
    try:
        try:
            old = path.stat()  # of what a symbolic link leads to; a circle of them is an error here
        except FileNotFoundError:
            pass
        except ValueError as error:  # no name that a file could have
            raise OSError(errno.EINVAL, str(error)) from error
        if old is not None and not stat.S_ISREG(old.st_mode):
            raise IsADirectoryError(errno.EISDIR, "not a file")
        if old is not None and not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, "write-protected")
        with _replaced(path.resolve(), old) as file:
            yield file
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, f"{error.strerror or error}. Check the disk and the name")
        kept = " The old file is untouched." if old is not None and stat.S_ISREG(old.st_mode) else ""
        raise FileFormatError(f"{shown(path.name)} could not be saved: {reason}.{kept}") from error


def sweep(path: Path, age_s: float = 0.0) -> None:
    """Delete the temporary files that a program which was killed while it replaced `path` has left beside it.

    Args:
        path: nobody may be replacing it now, unless `age_s` is longer than that can take.
        age_s: leave those alone that were written to in so many seconds.
    """
    path, latest = path.resolve(), time.time() - age_s
    with contextlib.suppress(OSError):
        for left in path.parent.glob(f".{glob.escape(path.name[:_SHOWN])}.{'[0-9a-f]' * 2 * _RANDOM}.tmp"):
            if age_s == 0 or left.stat().st_mtime < latest:  # clocks of other machines may differ by less than an age
                left.unlink(missing_ok=True)


@contextlib.contextmanager
def _replaced(target: Path, old: os.stat_result | None) -> Iterator[BinaryIO]:
    temporary = target.with_name(f".{target.name[:_SHOWN]}.{secrets.token_hex(_RANDOM)}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 (a descriptor, not a path)
            yield file
            file.flush()
            os.fsync(file.fileno())
        if old is not None:
            if hasattr(os, "chown"):
                with contextlib.suppress(OSError):
                    os.chown(temporary, old.st_uid, old.st_gid)
            temporary.chmod(stat.S_IMODE(old.st_mode))
        os.replace(temporary, target)  # noqa: PTH105 (the tests watch this call)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _flush_folder(target.parent)


def _flush_folder(folder: Path) -> None:
    """Make the rename itself durable; a file system that cannot is not a failure, since the file is complete."""
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
