"""EXIF blocks: what has to be read, and patches in place, so that every offset of a MakerNote stays right.

A block is a TIFF structure without the "Exif" prefix that JPEG puts before it. Blocks that cannot be parsed are carried
as they are: nothing here raises because of damaged bytes.
"""

import struct
from collections.abc import Callable
from fractions import Fraction

from lama_desktop.formats.ifd import (
    EXIF_POINTER,
    GPS_POINTER,
    INTEROP_POINTER,
    MAKER_NOTE,
    POINTERS,
    Directory,
    Entry,
    Field,
    Structure,
    build,
)

ORIENTATION, X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 0x0112, 0x011A, 0x011B, 0x0128
_COLOR_SPACE = 0xA001
_WIDTHS, _HEIGHTS = (0x0100, 0xA002), (0x0101, 0xA003)
_THUMBNAIL, _THUMBNAIL_LENGTH = 0x0201, 0x0202
_DESCRIPTIVE = (
    *(0x000B, 0x010D, 0x010E, 0x010F, 0x0110, ORIENTATION, X_RESOLUTION, Y_RESOLUTION, 0x011D, RESOLUTION_UNIT, 0x0129),
    *(0x012D, 0x0131, 0x0132, 0x013B, 0x013C, 0x013E, 0x013F, 0x4746, 0x4749, 0x8298, 0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E),
    *(0x9C9F, 0x830E, 0x8482, 0x85D8, 0x87AF, 0x87B0, 0x87B1, 0x9003, 0x9004, 0xA480, 0xA481, 0xC4A5, 0xC614),
)
"""Tags of a TIFF file's first directory that describe the picture and not how its pixels are stored; with GeoTIFF's."""

_OF_EXIF = frozenset(
    {*range(0x1000, 0x1003), 0x829A, 0x829D, *range(0x8822, 0x8836), *range(0x9000, 0x9300), *range(0xA000, 0xA500)}
    | {0xEA1C, 0xEA1D}
) - {*POINTERS, MAKER_NOTE}
"""Tags that belong into the EXIF directory, but that some programs write into the first one."""
_TAKEN = _OF_EXIF | {*_DESCRIPTIVE}
_OF_STORAGE = frozenset(
    {*range(0x00FE, 0x0109), 0x0111, *range(0x0115, 0x011D), 0x013D, *range(0x0140, 0x015C), *range(0x0200, 0x0211)}
    | {0x0212, 0x0213, 0x02BC, 0x83BB, 0x8649, 0x8773, *POINTERS}
)
"""Tags that say how the source stored its pixels, or what is written anew: no loss in another file."""
_TAG_NAMES = {0x0211: "YCbCrCoefficients", 0x0214: "ReferenceBlackWhite", 0x927C: "MakerNote", 0xC4A5: "PrintIM"}

MakeThumbnail = Callable[[int], bytes]
"""Given a number of bytes, returns a JPEG of the picture that is no longer, or nothing."""


def orientation(exif: bytes | None) -> int:
    """Return how the pixels have to be turned, 1 to 8; 1 where the block does not tell."""
    if (found := _directories(exif)) is None:
        return 1
    structure, directories = found
    value = structure.number(directories[0], ORIENTATION, 1)
    return value if 1 <= value <= 8 else 1


def resolution(exif: bytes | None) -> tuple[float, float] | None:
    """Return the pixels per inch that the block tells."""
    if (found := _directories(exif)) is None:
        return None
    return resolution_of(found[0], found[1][0])


def resolution_of(structure: Structure, directory: Directory) -> tuple[float, float] | None:
    """Return the pixels per inch of a directory; None where its unit is neither inch nor centimetre."""
    unit = {2: 1.0, 3: 2.54}.get(structure.number(directory, RESOLUTION_UNIT, 2))
    x = structure.ratio(directory.entries.get(X_RESOLUTION))
    y = structure.ratio(directory.entries.get(Y_RESOLUTION)) or x
    return (x * unit, y * unit) if unit and x > 0 and y > 0 else None


def upright(exif: bytes) -> bytes:
    """Return the block with every orientation set to 1."""
    return _patched(exif, {ORIENTATION: 1}, thumbnails=True)


def sized(exif: bytes, size: tuple[int, int]) -> bytes:
    """Return the block with the width and height that it tells made true."""
    return _patched(exif, dict.fromkeys(_WIDTHS, size[0]) | dict.fromkeys(_HEIGHTS, size[1]))


def in_srgb(exif: bytes) -> bytes:
    """Return the block of a picture that has been converted to sRGB, where it told another colour space."""
    return _patched(exif, {_COLOR_SPACE: 1})


def is_readable(exif: bytes) -> bool:
    """Tell whether the block can be parsed."""
    return _directories(exif) is not None


def with_thumbnail(exif: bytes, make: MakeThumbnail) -> bytes:
    """Replace every small picture inside the block: an old one would still show what was removed.

    The thumbnail and previews that a MakerNote hides are overwritten where they lie, by a new picture that is no
    longer, or by zeros.
    """
    if (found := _directories(exif)) is None:
        return _overwritten(exif, [], make)
    structure, directories = found
    data, keep = bytearray(exif), []
    thumbnails = _chain(structure, directories[0])
    for directory in thumbnails:
        start = structure.number(directory, _THUMBNAIL)
        length = structure.number(directory, _THUMBNAIL_LENGTH)
        entry = directory.entries.get(_THUMBNAIL_LENGTH)
        if entry and length and start + length <= len(data) and (new := make(length)):
            data[start : start + length] = new.ljust(length, b"\0")
            _put(structure, data, entry, len(new))
            keep.append((start, start + length))
            continue
        if start + length <= len(data):
            data[start : start + length] = bytes(length)
        strips = structure.numbers(directory.entries.get(0x0111)), structure.numbers(directory.entries.get(0x0117))
        for start, length in zip(*strips, strict=False):
            if start + length <= len(data):
                data[start : start + length] = bytes(length)
    if thumbnails and not keep:
        struct.pack_into(structure.order + "I", data, directories[0].next_position, 0)
    return _overwritten(bytes(data), keep, make)


def of_tiff(structure: Structure, directory: Directory) -> bytes | None:
    """Return the EXIF block of a TIFF file: what describes the picture, without what describes the storage."""
    main = [_field(structure, entry) for tag, entry in directory.entries.items() if tag in _TAKEN]
    subs: dict[int, list[Field]] = {}
    for pointer in (EXIF_POINTER, GPS_POINTER):
        subs[pointer], inner = _sub_fields(structure, directory, pointer)
        if pointer == EXIF_POINTER and inner:
            subs[INTEROP_POINTER] = _sub_fields(structure, inner, INTEROP_POINTER)[0]
    main = [field for field in main if field.kind < 13]
    worth = [field for field in main if field.tag not in (ORIENTATION, X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT)]
    if not worth and not any(subs.values()):
        return None
    return build(structure.order, main, subs)


def of_resolution(per_inch: tuple[float, float]) -> bytes:
    """Return an EXIF block that holds nothing but a resolution, for formats without a field of their own."""
    return build("<", resolution_fields("<", per_inch), {})


def resolution_fields(order: str, per_inch: tuple[float, float]) -> list[Field]:
    """Return the three tags of a resolution."""
    values = [struct.pack(order + "II", *ratio(each)) for each in per_inch]
    unit = Field(RESOLUTION_UNIT, 3, struct.pack(order + "H", 2))
    return [Field(X_RESOLUTION, 5, values[0]), Field(Y_RESOLUTION, 5, values[1]), unit]


def ratio(value: float) -> tuple[int, int]:
    """Return the fraction that stands for a resolution; within 32 bits."""
    exact = Fraction(min(max(value, 1e-3), 1e6)).limit_denominator(4000)
    return exact.numerator, exact.denominator


def descriptive_entries(structure: Structure, directory: Directory) -> list[Entry]:
    """Return the entries that a TIFF file takes over, pointers to the EXIF and GPS directories included."""
    wanted = _TAKEN | {EXIF_POINTER, GPS_POINTER} - {ORIENTATION}
    return [entry for tag, entry in directory.entries.items() if tag in wanted and entry.kind < 14]


def dropped_in_tiff(exif: bytes) -> list[str]:
    """Return the names of the first directory's tags that a TIFF file does not take over.

    What describes the pixels as they were stored is not counted.
    """
    if (found := _directories(exif)) is None:
        return []
    entries = found[1][0].entries
    return [_TAG_NAMES.get(tag, f"tag 0x{tag:04X}") for tag in sorted(entries.keys() - _TAKEN - _OF_STORAGE)]


def _field(structure: Structure, entry: Entry) -> Field:
    home = entry.position if entry.tag == MAKER_NOTE and entry.length > 4 else 0
    return Field(entry.tag, entry.kind, structure.bytes_of(entry), home)


def _sub_fields(structure: Structure, parent: Directory, pointer: int) -> tuple[list[Field], Directory | None]:
    """Return the fields of a directory that `parent` points to, without its own pointers."""
    try:
        directory = structure.directory(structure.number(parent, pointer))
    except ValueError:
        return [], None
    fields = [_field(structure, entry) for tag, entry in directory.entries.items() if tag not in POINTERS]
    return [field for field in fields if field.kind < 13], directory


def _directories(exif: bytes | bytearray | None) -> tuple[Structure, list[Directory]] | None:
    """Return the first directory and, where there is one, that of the EXIF data; None for a damaged block."""
    if exif is None:
        return None
    try:
        structure = Structure(exif)
        if structure.big:
            return None
        first = structure.directory(structure.first)
    except ValueError:
        return None
    try:
        return structure, [first, structure.directory(structure.number(first, EXIF_POINTER))]
    except ValueError:
        return structure, [first]


def _chain(structure: Structure, first: Directory) -> list[Directory]:
    found: list[Directory] = []
    offset = first.next
    while offset and len(found) < 8:
        try:
            directory = structure.directory(offset)
        except ValueError:
            break
        found.append(directory)
        offset = directory.next
    return found


def _patched(exif: bytes, values: dict[int, int], *, thumbnails: bool = False) -> bytes:
    if (found := _directories(exif)) is None:
        return exif
    structure, directories = found
    data = bytearray(exif)
    for directory in directories + (_chain(structure, directories[0]) if thumbnails else []):
        for tag, value in values.items():
            if entry := directory.entries.get(tag):
                _put(structure, data, entry, value)
    return bytes(data)


def _put(structure: Structure, data: bytearray, entry: Entry, value: int) -> None:
    """Overwrite the first number of an integer entry."""
    code = {3: "H", 4: "I", 9: "i"}.get(entry.kind)
    if code and entry.count and value < (1 << 16 if code == "H" else 1 << 31):
        struct.pack_into(structure.order + code, data, entry.position, value)


def _overwritten(exif: bytes, keep: list[tuple[int, int]], make: MakeThumbnail) -> bytes:
    """Replace complete JPEG streams that lie outside of the ranges `keep`."""
    data, position = bytearray(exif), 0
    while (start := exif.find(b"\xff\xd8\xff", position)) >= 0:
        position = start + 3
        if any(low <= start < high for low, high in keep):
            continue
        if end := _end_of_jpeg(exif, start):
            data[start:end] = make(end - start).ljust(end - start, b"\0")
            position = end
    return bytes(data)


def _end_of_jpeg(data: bytes, start: int) -> int:
    """Return where the JPEG stream at `start` ends; 0 if it is none."""
    position = start + 2
    while position + 4 <= len(data) and data[position] == 0xFF and data[position + 1] >= 0xC0:
        marker = data[position + 1]
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        if marker == 0xDA:
            end = data.find(b"\xff\xd9", position)
            return end + 2 if end >= 0 else 0
    return 0
