"""The structure inside TIFF files and EXIF blocks: directories of tagged values, in either byte order, also BigTIFF.

Reading finds where values lie and never copies the file; every offset and count is checked against its length, because
both come from outside. `build` lays out a new EXIF block.

Source: TIFF 6.0, section 2; Exif 3.0, section 4.6; BigTIFF as documented by libtiff.
"""

import mmap
import struct
from dataclasses import dataclass

TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_INTEGERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
_MAX_ENTRIES = 4096

EXIF_POINTER, GPS_POINTER, INTEROP_POINTER, MAKER_NOTE = 0x8769, 0x8825, 0xA005, 0x927C
POINTERS = (EXIF_POINTER, GPS_POINTER, INTEROP_POINTER)


@dataclass(frozen=True)
class Entry:
    """One tag: its value is `count` items of `kind` at `position`, `length` bytes in all."""

    tag: int
    kind: int
    count: int
    position: int
    length: int


@dataclass(frozen=True)
class Directory:
    """The tags of one directory, by number; `next` is the offset of the following one, `next_position` its place."""

    entries: dict[int, Entry]
    next: int
    next_position: int


class Structure:
    """A TIFF structure to read from.

    Raises:
        ValueError: the bytes do not start as one.
    """

    def __init__(self, data: bytes | bytearray | mmap.mmap) -> None:
        self.data = data
        self.order = {b"II": "<", b"MM": ">"}.get(bytes(data[:2]), "")
        version = self._number("H", 2) if self.order and len(data) >= 8 else 0
        if version not in (42, 43):
            raise ValueError("not a TIFF structure")
        self.big = version == 43
        self.first = self._number("Q", 8) if self.big else self._number("I", 4)

    def directory(self, offset: int) -> Directory:
        """Read the directory at `offset`; tags whose values lie outside of the file are left out.

        Raises:
            ValueError: the directory itself lies outside.
        """
        count = self._number("Q" if self.big else "H", offset)
        start, size = offset + (8 if self.big else 2), 20 if self.big else 12
        if count > _MAX_ENTRIES or offset < 8 or start + count * size > len(self.data):
            raise ValueError("a directory lies outside of the file")
        entries: dict[int, Entry] = {}
        for position in range(start, start + count * size, size):
            tag, kind = self._number("H", position), self._number("H", position + 2)
            items = self._number("Q" if self.big else "I", position + 4)
            field, room = position + (12 if self.big else 8), 8 if self.big else 4
            length = TYPE_SIZES.get(kind, 0) * items
            where = field if length <= room else self._number("Q" if self.big else "I", field)
            if kind in TYPE_SIZES and where + length <= len(self.data) and tag not in entries:
                entries[tag] = Entry(tag, kind, items, where, length)
        end = start + count * size
        following = self._number("Q" if self.big else "I", end) if end + (8 if self.big else 4) <= len(self.data) else 0
        return Directory(entries, following, end)

    def bytes_of(self, entry: Entry) -> bytes:
        """Return the raw value."""
        return bytes(self.data[entry.position : entry.position + entry.length])

    def numbers(self, entry: Entry | None, limit: int = 1 << 24) -> tuple[int, ...]:
        """Return an integer value; empty for another kind, an absent entry, or more than `limit` items."""
        if entry is None or entry.kind not in _INTEGERS or entry.count > limit:
            return ()
        return struct.unpack_from(f"{self.order}{entry.count}{_INTEGERS[entry.kind]}", self.data, entry.position)

    def number(self, directory: Directory, tag: int, default: int = 0) -> int:
        """Return the first integer of a tag."""
        return next(iter(self.numbers(directory.entries.get(tag))), default)

    def ratio(self, entry: Entry | None) -> float:
        """Return the first fraction of an entry as a number; 0 where there is none."""
        if entry is None or entry.kind not in (5, 10) or entry.count < 1:
            return 0.0
        upper, lower = struct.unpack_from(self.order + ("II" if entry.kind == 5 else "ii"), self.data, entry.position)
        return float(upper / lower) if lower else 0.0

    def _number(self, code: str, position: int) -> int:
        if position < 0 or position + struct.calcsize(code) > len(self.data):
            raise ValueError("a directory lies outside of the file")
        return int(struct.unpack_from(self.order + code, self.data, position)[0])


@dataclass(frozen=True)
class Field:
    """A tag to write: `value` is its bytes in the byte order of the structure; `home` is where it must lie, or 0."""

    tag: int
    kind: int
    value: bytes
    home: int = 0


def build(order: str, main: list[Field], subs: dict[int, list[Field]]) -> bytes:
    """Lay out an EXIF block.

    A MakerNote holds offsets that count from the start of the block, so it is put back at its old place where that is
    free and near; elsewhere it is only carried along.

    Args:
        order: "<" or ">".
        main: the tags of the first directory.
        subs: the directories behind the pointer tags `POINTERS`, the interoperability directory inside the EXIF one.
    """
    out = bytearray(struct.pack(order + "2sHI", b"II" if order == "<" else b"MM", 42, 8))
    notes = [field for fields in subs.values() for field in fields if field.home]
    kept = notes[0] if notes and 8 < notes[0].home < 48_000 else None

    def reserve(length: int) -> int:
        start = len(out) + len(out) % 2
        if kept and start < kept.home + len(kept.value) and start + length > kept.home:
            start = kept.home + len(kept.value)
            start += start % 2
        out.extend(bytes(start + length - len(out)))
        return start

    def write(fields: list[Field], pointers: dict[int, list[Field]]) -> int:
        ordered = sorted(fields + [Field(tag, 4, bytes(4)) for tag, sub in pointers.items() if sub], key=_by_tag)
        start = reserve(2 + 12 * len(ordered) + 4)
        struct.pack_into(order + "H", out, start, len(ordered))
        for index, field in enumerate(ordered):
            place = start + 2 + 12 * index
            struct.pack_into(
                order + "HHI", out, place, field.tag, field.kind, len(field.value) // TYPE_SIZES[field.kind]
            )
            if field.tag in pointers:
                inner = {INTEROP_POINTER: subs.get(INTEROP_POINTER, [])} if field.tag == EXIF_POINTER else {}
                struct.pack_into(order + "I", out, place + 8, write(pointers[field.tag], inner))
            elif len(field.value) <= 4:
                out[place + 8 : place + 8 + len(field.value)] = field.value
            else:
                if field is kept and len(out) < field.home + len(field.value):
                    out.extend(bytes(field.home + len(field.value) - len(out)))
                where = field.home if field is kept else reserve(len(field.value))
                out[where : where + len(field.value)] = field.value
                struct.pack_into(order + "I", out, place + 8, where)
        return start

    write(main, {tag: subs[tag] for tag in (EXIF_POINTER, GPS_POINTER) if subs.get(tag)})
    return bytes(out)


def _by_tag(field: Field) -> int:
    return field.tag
