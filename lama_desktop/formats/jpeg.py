"""JPEG: 8-bit grey, RGB and CMYK; written again with the source's tables, and its segments spliced in verbatim.

Pillow decodes and encodes only the picture: it is handed a file without metadata segments, so nothing hostile in them
reaches it, and what it would lose (all EXIF, XMP, IPTC and ICC on a plain save) never passes through it.

Source: ITU-T T.81; JFIF 1.02; Exif 3.0 section 4.7; Adobe XMP specification part 3; ICC.1:2022 annex B.4.
"""

import dataclasses
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageFile

from lama_desktop.core.photo import ColorModel, Encoding, Metadata, Photo
from lama_desktop.formats import exif, fit, metadata
from lama_desktop.formats.base import FileFormat, WriteOptions, check_size, damaged

_EXIF, _XMP, _XMP_MORE = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0"
_ICC, _MPF = b"ICC_PROFILE\0", b"MPF\0"
_ROOM = 65533
_FRAMES = {0xC0, 0xC1, 0xC2}
_ALL_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_SUBSAMPLINGS = {(1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0", (1, 2): "4:4:0", (4, 1): "4:1:1"}
_PILLOW_SUBSAMPLINGS = {"4:4:4": 0, "4:2:2": 1, "4:2:0": 2}
_MODES = {"L": ColorModel.GREY, "RGB": ColorModel.RGB, "CMYK": ColorModel.CMYK}
DEFAULT_QUALITY = 95
_BUFFER = threading.Lock()


@dataclass(frozen=True)
class _Header:
    """The segments before the first scan: (marker, content) in order; `scan` is where that scan starts."""

    segments: list[tuple[int, bytes]]
    scan: int


class Jpeg(FileFormat):
    """JPEG files."""

    name, title, suffixes = "jpeg", "JPEG", (".jpg", ".jpeg", ".jpe", ".jfif")
    models = (ColorModel.GREY, ColorModel.RGB, ColorModel.CMYK)
    alpha = False
    lossy = True
    holds = frozenset({"profile", "exif", "xmp", "iptc", "comment", "resolution", "xmp_extension"})
    max_side = 65500

    def recognises(self, head: bytes) -> bool:
        """Tell by the start-of-image marker."""
        return head.startswith(b"\xff\xd8\xff")

    def read(self, data: bytes, name: str) -> Photo:
        """Decode the picture and turn it upright; see `FileFormat.read`."""
        header = _header(data, name)
        frame = next((each for each in header.segments if each[0] in _ALL_FRAMES), None)
        if frame is None or len(frame[1]) < 6:
            raise damaged(name, "it holds no picture")
        marker, content = frame
        precision, height, width, components = struct.unpack_from(">BHHB", content)
        check_size(width, height, name)
        if marker not in _FRAMES or precision != 8:
            raise damaged(
                name, f"it is of a rare kind of JPEG ({precision} bits, frame {marker:X}) that is not supported"
            )
        if components not in (1, 3, 4) or len(content) < 6 + 3 * components:
            raise damaged(name, f"it says it has {components} colour components")
        picture = PillowImage.open(BytesIO(_bare(data, header)), formats=("JPEG",))
        picture.load()
        pixels = np.asarray(picture)
        pixels = pixels.reshape(height, width, -1)
        found, resolution, notes = _metadata(header)
        notes += _left_behind(data, header)
        orientation = exif.orientation(found.exif)
        return Photo(
            pixels=fit.turned(pixels, orientation),
            model=_MODES[picture.mode],
            profile=_profile(header),
            resolution=resolution if orientation < 5 or resolution is None else resolution[::-1],
            metadata=metadata.upright(found),
            encoding=_encoding(header, content, components, progressive=marker == 0xC2, turned=orientation > 4),
            notes=tuple(notes),
        )

    def encode(self, photo: Photo, options: WriteOptions) -> bytes:
        """Encode like the source, or with the quality asked for; see `FileFormat.encode`."""
        mode = next(mode for mode, model in _MODES.items() if model is photo.model)
        pixels = photo.pixels[..., 0] if photo.model is ColorModel.GREY else photo.pixels
        encoding = photo.encoding
        settings: dict[str, object] = {"progressive": encoding.progressive, "optimize": True}
        subsampling = _PILLOW_SUBSAMPLINGS.get(encoding.subsampling, 0)
        settings["subsampling"] = 0 if photo.model is ColorModel.CMYK else subsampling
        tables = _tables_for(photo)
        if tables and not options.quality:
            settings["qtables"] = tables
        else:
            settings["quality"] = options.quality or DEFAULT_QUALITY
        if photo.resolution and photo.model is not ColorModel.CMYK:
            settings["dpi"] = tuple(min(max(round(each), 1), 65535) for each in photo.resolution)
        elif photo.resolution and photo.metadata.exif is None:  # JFIF, which would hold it, knows no CMYK
            block = exif.of_resolution(photo.resolution)
            photo = dataclasses.replace(photo, metadata=dataclasses.replace(photo.metadata, exif=block))
        out = BytesIO()
        pixels = np.ascontiguousarray(pixels)
        picture = PillowImage.frombuffer(mode, pixels.shape[1::-1], pixels)
        with _roomy(2 * pixels.size):
            picture.save(out, "JPEG", **settings)
        return _spliced(out.getvalue(), photo)

    def extra_losses(self, photo: Photo) -> list[str]:
        """Say what does not fit into a segment of 64 KB."""
        found = photo.metadata
        too_long = [
            text
            for text, value, room in (
                ("EXIF data", found.exif, _ROOM - len(_EXIF)),
                ("XMP data", found.xmp, _ROOM - len(_XMP)),
                ("comment", found.comment, _ROOM),
            )
            if value and len(value) > room
        ]
        return [f"JPEG cannot hold so much {text} (more than 64 KB): left out." for text in too_long]


def described(data: bytes) -> Metadata:
    """Return what a JPEG file says about its picture, without decoding that.

    Raises:
        FileFormatError: it is damaged.
    """
    return _metadata(_header(data, "the preview"))[0]


@contextmanager
def _roomy(length: int) -> Iterator[None]:
    """Let Pillow's buffer hold `length` bytes: optimised and progressive files must fit, and noise is not expected."""
    with _BUFFER:
        before = ImageFile.MAXBLOCK
        ImageFile.MAXBLOCK = max(before, length)
        try:
            yield
        finally:
            ImageFile.MAXBLOCK = before


def _header(data: bytes, name: str) -> _Header:
    """Walk the segments up to the first scan."""
    segments: list[tuple[int, bytes]] = []
    position = 2
    while True:
        while data[position : position + 2] == b"\xff\xff":
            position += 1
        if position + 4 > len(data):
            raise damaged(name, "it ends before the picture begins")
        if data[position] != 0xFF:
            raise damaged(name, "its segments are damaged")
        marker, length = data[position + 1], int.from_bytes(data[position + 2 : position + 4], "big")
        if marker == 0xDA:
            return _Header(segments, position)
        if marker == 0x01 or 0xD0 <= marker <= 0xD7:
            position += 2
            continue
        if marker < 0xC0 or length < 2 or position + 2 + length > len(data):
            raise damaged(name, "its segments are damaged")
        segments.append((marker, data[position + 4 : position + 2 + length]))
        position += 2 + length


def _bare(data: bytes, header: _Header) -> bytes:
    """Return the file without metadata: JFIF and Adobe say how to decode and stay."""
    out = [b"\xff\xd8"]
    for marker, content in header.segments:
        decodes = (marker == 0xE0 and content.startswith(b"JFIF\0")) or (
            marker == 0xEE and content.startswith(b"Adobe")
        )
        if decodes or (marker < 0xE0) or 0xF0 <= marker <= 0xFD:
            out.append(struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content)
    return b"".join([*out, data[header.scan :]])


def _metadata(header: _Header) -> tuple[Metadata, tuple[float, float] | None, list[str]]:
    found = {"exif": b"", "xmp": b"", "comment": b""}
    more, photoshop, density, unset, notes = [], [], None, False, []
    for marker, content in header.segments:
        if marker == 0xE1 and content.startswith(_EXIF):
            found["exif"] = found["exif"] or content[len(_EXIF) :]
        elif marker == 0xE1 and content.startswith(_XMP):
            found["xmp"] = found["xmp"] or content[len(_XMP) :]
        elif marker == 0xE1 and content.startswith(_XMP_MORE):
            more.append(content)
        elif marker == 0xED and content.startswith(metadata.PHOTOSHOP):
            photoshop.append(content[len(metadata.PHOTOSHOP) :])
        elif marker == 0xFE:
            found["comment"] = found["comment"] or content
        elif marker == 0xE0 and content.startswith(b"JFIF\0") and len(content) >= 12:
            unit, x, y = struct.unpack_from(">BHH", content, 7)
            scale = {1: 1.0, 2: 2.54}.get(unit, 0.0)
            density = (x * scale, y * scale) if scale and x and y else None
            unset = unit == 0  # then what the EXIF data says, mostly 72, is a filler, too; it stays where it is
    resources = b"".join(photoshop)
    if metadata.has_clipping_paths(resources):
        notes.append("Photoshop paths in the file were left behind.")
    result = Metadata(
        exif=found["exif"] or None,
        xmp=found["xmp"] or None,
        iptc=metadata.iptc_of(resources),
        comment=found["comment"] or None,
        xmp_extension=tuple(more),
    )
    return result, density or (None if unset else exif.resolution(result.exif)), notes


def _profile(header: _Header) -> bytes | None:
    """Return the ICC profile, put together from its numbered segments; None if one is missing."""
    parts = {}
    total = 0
    for marker, content in header.segments:
        if marker == 0xE2 and content.startswith(_ICC) and len(content) > len(_ICC) + 2:
            number, total = content[len(_ICC)], content[len(_ICC) + 1]
            parts[number] = content[len(_ICC) + 2 :]
    if not parts or sorted(parts) != list(range(1, total + 1)):
        return None
    return b"".join(parts[number] for number in sorted(parts))


def _left_behind(data: bytes, header: _Header) -> list[str]:
    """Say that the file holds more than one picture: a gain map, a preview, a motion photo's video."""
    multiple = any(marker == 0xE2 and content.startswith(_MPF) for marker, content in header.segments)
    end = data.find(b"\xff\xd9", header.scan)
    trailing = len(data) - end - 2 if end >= 0 else 0
    if multiple or trailing > 4096:
        return ["The file holds more behind the photo (a preview, depth map or video): it was left behind."]
    return []


def _encoding(header: _Header, frame: bytes, components: int, *, progressive: bool, turned: bool) -> Encoding:
    tables: dict[int, tuple[int, ...]] = {}
    for marker, content in header.segments:
        position = 0
        while marker == 0xDB and position < len(content):
            wide, number = content[position] >> 4, content[position] & 15
            size = 128 if wide else 64
            if position + 1 + size > len(content):
                break
            values = struct.unpack_from(">64H" if wide else ">64B", content, position + 1)
            tables[number] = _natural(values)
            position += 1 + size
    layout = [frame[6 + 3 * index : 9 + 3 * index] for index in range(components)]
    chosen = [tables.get(part[2]) for part in layout]
    factors = [(part[1] >> 4, part[1] & 15) for part in layout]
    subsampling = ""
    if components == 3 and factors[1] == factors[2] and min(factors[1]) > 0:
        across, down = factors[0][0] // factors[1][0], factors[0][1] // factors[1][1]
        subsampling = _SUBSAMPLINGS.get((down, across) if turned else (across, down), "")
    return Encoding(
        format="jpeg",
        quantization=tuple(table for table in chosen if table) if all(chosen) else (),
        subsampling=subsampling,
        progressive=progressive,
    )


def _natural(values: tuple[int, ...]) -> tuple[int, ...]:
    """Return a table in rows instead of the zigzag order of the file."""
    order = sorted((x + y, (x, y)[(x + y) % 2], y * 8 + x) for y in range(8) for x in range(8))
    table = [0] * 64
    for value, (_, _, place) in zip(values, order, strict=True):
        table[place] = value
    return tuple(table)


def _tables_for(photo: Photo) -> list[tuple[int, ...]]:
    """Return the source's tables for the components that will be written, one each; empty where they do not fit.

    The encoder writes plain CMYK, so inks that were stored as luma and chroma all take the luma table.
    """
    tables = list(photo.encoding.quantization)
    if not tables or min(min(table) for table in tables) < 1 or max(max(table) for table in tables) > 255:
        return []
    if photo.model is ColorModel.RGB:
        if len(tables) != 3:
            return []
        return tables[:2] if tables[1] == tables[2] else tables
    return tables[:1]


def _spliced(data: bytes, photo: Photo) -> bytes:
    """Insert the metadata segments after the ones that tell how to decode."""
    found, out = photo.metadata, []
    if found.exif and len(found.exif) <= _ROOM - len(_EXIF):
        out.append(_segment(0xE1, _EXIF + found.exif))
    if found.xmp and len(found.xmp) <= _ROOM - len(_XMP):
        out.append(_segment(0xE1, _XMP + found.xmp))
        out += [_segment(0xE1, part) for part in found.xmp_extension if len(part) <= _ROOM]
    if found.iptc:
        resources, room = metadata.resources_of(found.iptc), _ROOM - len(metadata.PHOTOSHOP)
        parts = [resources[start : start + room] for start in range(0, len(resources), room)]
        out += [_segment(0xED, metadata.PHOTOSHOP + part) for part in parts]
    if photo.profile:
        room = _ROOM - len(_ICC) - 2
        parts = [photo.profile[start : start + room] for start in range(0, len(photo.profile), room)]
        out += [_segment(0xE2, _ICC + bytes([number, len(parts)]) + part) for number, part in enumerate(parts, 1)]
    if found.comment and len(found.comment) <= _ROOM:
        out.append(_segment(0xFE, found.comment))
    header = _header(data, "the new file")
    position = 2
    for marker, content in header.segments:
        if marker != 0xE0:
            break
        position += 4 + len(content)
    return b"".join([data[:position], *out, data[position:]])


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content
