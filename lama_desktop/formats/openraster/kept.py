"""Kept: which pixels are in a file already, so that saving again encodes only what changed.

It names members of the file on the disk and holds no pixels. Whether the file is still the one that was written is
seen member by member, by checksum; if in doubt, pixels are encoded anew. Any thread.
"""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from lama_desktop.core.geometry import Rect
from lama_desktop.errors import FileFormatError
from lama_desktop.formats.openraster.archive import Archive
from lama_desktop.formats.openraster.picture import Picture

Key = tuple[object, str]
"""A drawable's revision, and which of its pictures: a name of the writer's."""


class Member(NamedTuple):
    """A picture in the file."""

    name: str
    checksum: int
    box: Rect
    """As `Picture.box`."""


class Kept(NamedTuple):
    """What a file has."""

    path: Path
    profile: bytes
    """Of its layers; with another one nothing of it can be used."""
    members: Mapping[Key, Member]


class KeptFile:
    """The file of a `Kept`, open; a context that closes it. None, or a file that is gone, has nothing."""

    def __init__(self, kept: Kept | None, profile: bytes) -> None:
        self._members: Mapping[Key, Member] = {}
        self._archive: Archive | None = None
        if kept is None or kept.profile != profile:
            return
        try:
            self._archive = Archive(kept.path.open("rb"), kept.path.name)
        except (FileFormatError, OSError):
            return
        self._members = kept.members

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._archive is not None:
            self._archive.close()

    def picture(self, key: Key) -> Picture | None:
        """Return a picture as it is in the file; None where it is not, or not as it was."""
        member = self._members.get(key)
        if member is None or self._archive is None or member.name not in self._archive:
            return None
        if self._archive.checksum(member.name) != member.checksum:
            return None
        try:
            return Picture((self._archive.read(member.name),), member.box)
        except FileFormatError:
            return None
