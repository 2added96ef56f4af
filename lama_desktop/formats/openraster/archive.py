"""Archive: a zip file of somebody else's, looked at as a whole before any of it is unpacked.

What a picture never needs is refused by name: too many or too large members, packed harder than any picture is, names
that lead elsewhere or come twice, encryption, rare compressions. Nothing is ever unpacked onto the disk, so a name may
begin at the root, as those of pyora do: that counts as none. Any thread.

Source: APPNOTE 6.3.10 (PKWARE), sections 4.3 and 4.4.
"""

import struct
import zlib
from types import TracebackType
from typing import BinaryIO, Self
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from lama_desktop.errors import FileFormatError
from lama_desktop.formats.base import damaged, pixel_budget

MAX_MEMBERS = 10_000
_MAX_DIRECTORY = 16 << 20
_MAX_RATIO, _RATIO_MATTERS = 200, 16 << 20
"""A member of so many bytes is not packed so many times smaller, unless it is made to fill the memory."""
_END, _END_64, _LOCATOR = b"PK\5\6", b"PK\6\6", b"PK\6\7"
_ENCRYPTED = 0x1

_DAMAGE = (BadZipFile, zlib.error, struct.error, OSError, EOFError, ValueError, KeyError, RuntimeError)
"""What the library throws at archives that are not what they say they are."""


class Archive:
    """Members of a zip file by name; a context that closes the file.

    Args:
        file: open for reading, seekable; closed where it is refused, too.
        name: what to call it in sentences.

    Raises:
        FileFormatError: it is damaged, or nothing that should be unpacked.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._name, self._file = name, file
        self._members: dict[str, ZipInfo] = {}
        try:
            if _directory_size(file) > _MAX_DIRECTORY:
                raise self._refused("it lists more members than a picture has")
            self._zip = ZipFile(file)
            self._check()
        except FileFormatError:
            file.close()
            raise
        except _DAMAGE as error:
            file.close()
            raise damaged(name, "the archive is damaged") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._zip.close()
        self._file.close()

    def __contains__(self, member: str) -> bool:
        return member in self._members

    def checksum(self, member: str) -> int:
        """Return the CRC-32 that the archive has noted for a member."""
        return self._members[member].CRC

    def read(self, member: str, limit: int | None = None) -> bytes:
        """Return the bytes of a member.

        Args:
            member: its name.
            limit: a longer one is refused.

        Raises:
            FileFormatError: it is not there, damaged or too long.
        """
        if member not in self._members:
            raise damaged(self._name, f"it has no {member}")
        if limit is not None and self._members[member].file_size > limit:
            raise self._refused(f"its {member} is larger than it can be")
        try:
            return self._zip.read(self._members[member])
        except _DAMAGE as error:
            raise damaged(self._name, f"its {member} is damaged") from error

    def head(self, member: str, length: int) -> bytes:
        """Return the first bytes of a member; fewer where it is shorter, none where it is damaged or not there."""
        try:
            with self._zip.open(self._members[member]) as file:
                return file.read(length)
        except _DAMAGE:
            return b""

    def _check(self) -> None:
        """Refuse what should not be unpacked."""
        largest = pixel_budget() * 10 + (64 << 20)
        total = 0
        members = self._zip.infolist()
        if len(members) > MAX_MEMBERS:
            raise self._refused(f"it has {len(members)} members")
        for member in members:
            if member.is_dir():
                continue
            name = plain(member.filename)
            total += member.file_size
            if member.flag_bits & _ENCRYPTED:
                raise self._refused("it is encrypted")
            if member.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
                raise self._refused("it is packed by a method that OpenRaster does not have")
            if member.file_size > largest or total > 2 * largest:
                raise self._refused("unpacked it is larger than any picture that can be opened here")
            if member.file_size > _RATIO_MATTERS and member.file_size > _MAX_RATIO * member.compress_size:
                raise self._refused("it is packed harder than a picture can be")
            if name in self._members:
                raise self._refused("a name comes twice in it")
            if not name or ":" in name or ".." in name.split("/"):
                raise self._refused("a name in it leads out of it")
            self._members[name] = member

    def _refused(self, why: str) -> FileFormatError:
        return FileFormatError(
            f"{self._name} is not opened: {why}. Open it in another program and save a copy, if you trust it."
        )


def plain(name: str) -> str:
    """Return the name of a member without what programs put before it, or between."""
    return name.replace("\\", "/").removeprefix("./").lstrip("/")


def _directory_size(file: BinaryIO) -> int:
    """Return how many bytes the list of members has; 0 where there is no end of one.

    The library reads the list whole before it can be asked for its length.
    """
    length = file.seek(0, 2)
    start = max(0, length - (1 << 16) - 64)
    file.seek(start)
    tail = file.read()
    end = tail.rfind(_END, 0, max(0, len(tail) - 18))  # the last that is whole: the library takes no other
    if end < 0:
        return 0
    sizes: list[int] = []
    if end >= 20 and tail[end - 20 : end - 16] == _LOCATOR:
        (place,) = struct.unpack_from("<Q", tail, end - 12)
        for at in (start + end - 76, place):  # before the locator, or where that says: versions of the library differ
            file.seek(min(max(at, 0), length))
            record = file.read(56)
            if len(record) == 56 and record[:4] == _END_64:
                sizes += struct.unpack_from("<Q", record, 40)
    return max(sizes or struct.unpack_from("<I", tail, end + 12))
