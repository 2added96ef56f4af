"""Pixels between a plug-in and `lama-desktop`: uncompressed TIFF files, and the fill as a layer of its own.

The Python of GIMP and Krita has no numpy, so nothing here looks at single pixels: whole rows and planes are cut, joined
and compared by operations that run in C. 24 megapixels take seconds, not minutes.

Source: TIFF 6.0, sections 2, 3, 7 (strips, RGB, ExtraSamples).
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import NamedTuple

_HEADER = struct.Struct("<2sHI")
_SEEN = bytes([0]) + bytes([255]) * 255
"""Any difference at all becomes full coverage."""


class Pixels(NamedTuple):
    """A picture: rows of RGBA or grey values without gaps; 16-bit values little-endian, alpha straight."""

    width: int
    height: int
    channels: int
    depth: int
    data: bytes

    @property
    def stride(self) -> int:
        """Bytes of one row."""
        return self.width * self.channels * self.depth // 8


class Fill(NamedTuple):
    """What has changed, as a layer: RGBA pixels, opaque where something did, transparent elsewhere; where they lie."""

    x: int
    y: int
    pixels: Pixels
    clipped: bool
    """Not all of it lies on what is opaque: the layer takes its alpha from what is below it.

    Two layers of alpha a, one on the other, have more than a; only a layer that is clipped leaves it as it was.
    """


def write(path: Path, pixels: Pixels, profile: bytes = b"") -> None:
    """Write a TIFF file; its ICC profile may be left out for sRGB and for masks."""
    samples = pixels.channels
    start = _HEADER.size
    tags = [
        (254, 4, [0]),
        (256, 4, [pixels.width]),
        (257, 4, [pixels.height]),
        (258, 3, [pixels.depth] * samples),
        (259, 3, [1]),
        (262, 3, [2 if samples > 2 else 1]),
        (273, 4, [start]),
        (277, 3, [samples]),
        (278, 4, [pixels.height]),
        (279, 4, [len(pixels.data)]),
    ]
    if samples in (2, 4):
        tags.append((338, 3, [2]))
    after = start + len(pixels.data) + len(pixels.data) % 2
    extra = b""
    rows = []
    for tag, kind, values in tags:
        raw = struct.pack(f"<{len(values)}{'HI'[kind == 4]}", *values)
        if len(raw) > 4:
            extra, raw = extra + raw, struct.pack("<I", after + len(extra))
        rows.append(struct.pack("<HHI", tag, kind, len(values)) + raw.ljust(4, b"\0"))
    if profile:
        rows.append(struct.pack("<HHII", 34675, 7, len(profile), after + len(extra)))
        extra += profile + b"\0" * (len(profile) % 2)
    directory = struct.pack("<H", len(rows)) + b"".join(rows) + bytes(4)
    with path.open("wb") as file:
        file.write(_HEADER.pack(b"II", 42, after + len(extra)))
        file.write(pixels.data)
        file.write(b"\0" * (len(pixels.data) % 2) + extra + directory)


def read(path: Path) -> Pixels:
    """Read a TIFF file of the kind that `write` makes and that lama-desktop makes of one.

    Raises:
        ValueError: it is of another kind.
    """
    data = path.read_bytes()
    order, version, offset = _HEADER.unpack_from(data)
    if (order, version) != (b"II", 42):
        raise ValueError("not a little-endian TIFF file")
    (count,) = struct.unpack_from("<H", data, offset)
    tags = {}
    for place in range(offset + 2, offset + 2 + 12 * count, 12):
        tag, kind, number = struct.unpack_from("<HHI", data, place)
        if kind in (3, 4):
            size = 2 if kind == 3 else 4
            where = place + 8 if number * size <= 4 else struct.unpack_from("<I", data, place + 8)[0]
            tags[tag] = struct.unpack_from(f"<{number}{'HI'[kind == 4]}", data, where)
    if tags.get(259, (1,)) != (1,) or tags.get(284, (1,)) != (1,) or 273 not in tags:
        raise ValueError("the TIFF file is compressed")
    strips = zip(tags[273], tags[279])  # noqa: B905 (Python 3.8 has no `strict`)
    found = Pixels(
        tags[256][0], tags[257][0], tags[277][0], tags[258][0], b"".join(data[at : at + size] for at, size in strips)
    )
    if len(found.data) != found.stride * found.height:
        raise ValueError("the TIFF file ends early")
    return found


def fill_of(before: Pixels, after: Pixels) -> Fill | None:
    """Return what lies in `after` and not in `before`, RGBA of one size and alpha; None where they are equal."""
    if before[:4] != after[:4] or before.channels != 4:
        raise ValueError("the pictures are of different kinds")
    box = _changed(before, after)
    if box is None:
        return None
    left, top, right, bottom = box
    old, new = (cropped(each, left, top, right - left, bottom - top) for each in (before, after))
    step, size = 4 * new.depth // 8, new.depth // 8
    difference = 0
    for place in range(step):
        planes = (int.from_bytes(each.data[place::step], "little") for each in (old, new))
        difference |= next(planes) ^ next(planes)
    seen = difference.to_bytes(new.width * new.height, "little").translate(_SEEN)
    coverage = int.from_bytes(seen, "little")
    result, clipped = bytearray(new.data), False
    for place in range(3 * size, step):
        clipped |= int.from_bytes(old.data[place::step], "little") & coverage != coverage
        result[place::step] = seen
    return Fill(left, top, new._replace(data=bytes(result)), clipped)


def cropped(pixels: Pixels, x: int, y: int, width: int, height: int) -> Pixels:
    """Return a part of a picture."""
    size = pixels.channels * pixels.depth // 8
    starts = range(y * pixels.stride + x * size, (y + height) * pixels.stride, pixels.stride)
    data = b"".join(pixels.data[start : start + width * size] for start in starts)
    return pixels._replace(width=width, height=height, data=data)


def placed(pixels: Pixels, x: int, y: int, width: int, height: int) -> Pixels:
    """Return a picture of another size with this one at (x, y) in it and zeros around; what lies outside is cut off."""
    left, top = max(0, x), max(0, y)
    right, bottom = min(width, x + pixels.width), min(height, y + pixels.height)
    size = pixels.channels * pixels.depth // 8
    if left >= right or top >= bottom:
        return pixels._replace(width=width, height=height, data=bytes(width * height * size))
    inside = cropped(pixels, left - x, top - y, right - left, bottom - top)
    before, behind = bytes(left * size), bytes((width - right) * size)
    rows = [bytes(top * width * size)]
    for start in range(0, len(inside.data), inside.stride):
        rows += [before, inside.data[start : start + inside.stride], behind]
    rows.append(bytes((height - bottom) * width * size))
    return pixels._replace(width=width, height=height, data=b"".join(rows))


def with_red_first(pixels: Pixels) -> Pixels:
    """Return RGBA pixels of BGRA ones, or the other way round."""
    size = pixels.depth // 8
    step, result = 4 * size, bytearray(pixels.data)
    for place in range(size):
        result[place::step] = pixels.data[2 * size + place :: step]
        result[2 * size + place :: step] = pixels.data[place::step]
    return pixels._replace(data=bytes(result))


def _changed(before: Pixels, after: Pixels) -> tuple[int, int, int, int] | None:
    """Return the smallest box around all differences: left, top, right, bottom."""
    stride, size = before.stride, 4 * before.depth // 8
    rows = [
        number
        for number in range(before.height)
        if before.data[number * stride : (number + 1) * stride] != after.data[number * stride : (number + 1) * stride]
    ]
    if not rows:
        return None
    any_row = 0
    for number in rows:
        pair = (each.data[number * stride : (number + 1) * stride] for each in (before, after))
        any_row |= int.from_bytes(next(pair), "little") ^ int.from_bytes(next(pair), "little")
    lowest = (any_row & -any_row).bit_length() - 1
    return lowest // 8 // size, rows[0], (any_row.bit_length() - 1) // 8 // size + 1, rows[-1] + 1
