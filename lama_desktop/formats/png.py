"""PNG: 8 and 16 bit, grey, RGB, with alpha; palettes and transparent colours are expanded.

The chunks are read here. Pillow (8 bit) and OpenCV (16 bit; Pillow would drop the low byte without a word) get a file
of the critical chunks only, whose data has been checked to be complete, so they neither meet hostile text chunks nor
print.

Source: PNG specification, third edition (W3C 2025).
"""

import struct
import zlib
from dataclasses import dataclass, field
from io import BytesIO

import cv2
import numpy as np
from PIL import Image as PillowImage

from lama_desktop.core.arrays import Image, full_value
from lama_desktop.core.photo import ColorModel, Encoding, Metadata, Photo
from lama_desktop.formats import exif, fit, metadata
from lama_desktop.formats.base import FileFormat, WriteOptions, check_size, damaged, quiet

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_XMP_KEYWORD = "XML:com.adobe.xmp"
_COLORS = (b"sRGB", b"gAMA", b"cHRM", b"cICP")
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_TEXT_LIMIT = 64 << 20
_INCH = 0.0254
_LEVEL = 3


@dataclass
class _Chunks:
    """The chunks of one file: `critical` in order, of the others the first of each kind, texts in order."""

    header: bytes = b""
    critical: list[tuple[bytes, bytes]] = field(default_factory=list)
    other: dict[bytes, bytes] = field(default_factory=dict)
    texts: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Png(FileFormat):
    """PNG files."""

    name, title, suffixes = "png", "PNG", (".png",)
    depths = (8, 16)
    holds = frozenset({"profile", "exif", "xmp", "comment", "texts", "resolution", "color_chunks"})

    def recognises(self, head: bytes) -> bool:
        """Tell by the signature."""
        return head.startswith(_SIGNATURE)

    def read(self, data: bytes, name: str) -> Photo:
        """Decode the picture and turn it upright; see `FileFormat.read`."""
        chunks = _chunks(data, name)
        width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", chunks.header)
        check_size(width, height, name)
        if depth not in _DEPTHS.get(kind, ()):
            raise damaged(name, f"it says it has {depth} bits of colour type {kind}")
        _check_data(chunks, name, (width, height), depth * _SAMPLES[kind], interlaced)
        pixels, notes = _pixels(chunks, depth, kind)
        profile = _profile(chunks)
        found = Metadata(
            exif=chunks.other.get(b"eXIf"),
            xmp=next((text.encode() for key, text in chunks.texts if key == _XMP_KEYWORD), None),
            texts=tuple(text for text in chunks.texts if text[0] != _XMP_KEYWORD),
            color_chunks=()
            if profile
            else tuple((each.decode(), chunks.other[each]) for each in _COLORS if each in chunks.other),
        )
        resolution = exif.resolution(found.exif)
        if len(chunks.other.get(b"pHYs", b"")) == 9:
            x, y, unit = struct.unpack(">IIB", chunks.other[b"pHYs"])
            resolution = (_per_inch(x), _per_inch(y)) if unit == 1 and x and y else resolution
        orientation = exif.orientation(found.exif)
        return Photo(
            pixels=fit.turned(pixels, orientation),
            model=ColorModel.GREY if pixels.shape[2] < 3 else ColorModel.RGB,
            has_alpha=pixels.shape[2] in (2, 4),
            profile=profile,
            resolution=resolution[::-1] if resolution and orientation > 4 else resolution,
            metadata=metadata.upright(found),
            encoding=Encoding(format="png"),
            notes=tuple(chunks.notes + notes),
        )

    def encode(self, photo: Photo, options: WriteOptions) -> bytes:
        """Compress without loss; see `FileFormat.encode`."""
        pixels = photo.pixels
        if pixels.dtype == np.uint8:
            out = BytesIO()
            flat = pixels[..., 0] if pixels.shape[2] == 1 else pixels
            PillowImage.fromarray(np.ascontiguousarray(flat)).save(out, "PNG", compress_level=_LEVEL)
            data = out.getvalue()
        elif pixels.shape[2] == 2:
            data = _encoded_grey_alpha(pixels)
        else:
            swap = {1: None, 3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}[pixels.shape[2]]
            _, coded = cv2.imencode(".png", pixels if swap is None else cv2.cvtColor(pixels, swap))
            data = coded.tobytes()
        end = data.index(b"IHDR") + 4 + 13 + 4
        return b"".join([data[:end], *_described(photo), data[end:]])


def _chunks(data: bytes, name: str) -> _Chunks:
    """Read the chunks; a damaged critical one is an error, another one is left out with a note."""
    found, position, room = _Chunks(), len(_SIGNATURE), _TEXT_LIMIT
    while True:
        if position + 12 > len(data):
            raise damaged(name, "the file ends early")
        (length,) = struct.unpack_from(">I", data, position)
        kind, content = data[position + 4 : position + 8], data[position + 8 : position + 8 + length]
        if position + 12 + length > len(data):
            raise damaged(name, "the file ends early")
        (checksum,) = struct.unpack_from(">I", data, position + 8 + length)
        position += 12 + length
        sound = zlib.crc32(content, zlib.crc32(kind)) == checksum
        if not found.header:
            if kind != b"IHDR" or length != 13 or not sound:
                raise damaged(name, "its header is damaged")
            found.header = content
        elif kind == b"IEND":
            return found
        elif kind in (b"PLTE", b"IDAT"):
            if not sound:
                raise damaged(name, "its picture data is damaged")
            found.critical.append((kind, content))
        elif not sound:
            found.notes.append("A damaged part of the file that describes the picture was left out.")
        elif kind in (b"tEXt", b"zTXt", b"iTXt"):
            text = _text(kind, content)
            room -= len(text[1]) if text else 0
            if text and room >= 0:
                found.texts.append(text)
        elif kind == b"acTL":
            found.notes.append("The file is an animation: only its still picture was opened.")
        else:
            found.other.setdefault(kind, content)


def _check_data(chunks: _Chunks, name: str, size: tuple[int, int], bits: int, interlaced: int) -> None:
    """Make sure that the compressed data is sound and as long as the header says; also what a bomb runs into."""
    width, height = size
    parts = _PASSES if interlaced else ((0, 0, 1, 1),)
    shapes = [(-(-(width - x) // dx), -(-(height - y) // dy)) for x, y, dx, dy in parts]
    rows = [(((across * bits + 7) // 8) + 1, down) for across, down in shapes if across > 0 and down > 0]
    expected = sum(length * down for length, down in rows)
    try:
        unpacker = zlib.decompressobj()
        raw = unpacker.decompress(b"".join(content for kind, content in chunks.critical if kind == b"IDAT"), expected)
        while len(raw) == expected and not unpacker.eof:
            if unpacker.decompress(unpacker.unconsumed_tail, 1) or not unpacker.unconsumed_tail:
                break
    except zlib.error as error:
        raise damaged(name, "its picture data is damaged") from error
    if len(raw) < expected:
        raise damaged(name, "its picture data ends early")
    start, values = 0, np.frombuffer(raw, np.uint8)
    for length, down in rows:
        if values[start : start + length * down : length].max() > 4:
            raise damaged(name, "its picture data is damaged")
        start += length * down
    if not unpacker.eof:
        raise damaged(name, "its picture data is damaged")


def _pixels(chunks: _Chunks, depth: int, kind: int) -> tuple[Image, list[str]]:
    """Decode to (H, W, 1 to 4), expanding palettes, low depths and transparent colours."""
    plain = [(b"IHDR", chunks.header), *chunks.critical]
    key, notes = chunks.other.get(b"tRNS"), []
    if kind == 3 and key:
        plain.insert(1 + next(i for i, each in enumerate(chunks.critical) if each[0] == b"PLTE") + 1, (b"tRNS", key))
    file = _SIGNATURE + b"".join(_chunk(*each) for each in [*plain, (b"IEND", b"")])
    if depth == 16:
        with quiet():
            decoded = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_UNCHANGED)
        if decoded is None or decoded.dtype != np.uint16:
            raise ValueError("OpenCV could not decode it")
        channels = {0: [0], 2: [2, 1, 0], 4: [0, 3], 6: [2, 1, 0, 3]}[kind]
        pixels = np.ascontiguousarray(decoded.reshape(*decoded.shape[:2], -1)[..., channels])
    else:
        picture: PillowImage.Image = PillowImage.open(BytesIO(file), formats=("PNG",))
        picture.load()
        if kind == 3:
            notes.append("The picture's palette was expanded to full colours.")
            picture = picture.convert("RGBA" if key else "RGB")
        elif depth < 8:
            notes.append(f"The picture's {depth}-bit grey was expanded to 8 bits.")
            picture = picture.convert("L")
        pixels = np.asarray(picture)
        pixels = pixels.reshape(*pixels.shape[:2], -1)
    if kind in (0, 2) and key and len(key) >= 2 * _SAMPLES[kind]:
        values = np.array(struct.unpack_from(f">{_SAMPLES[kind]}H", key), np.uint32) & ((1 << depth) - 1)
        if depth < 8:
            values = values * 255 // ((1 << depth) - 1)
        shown = (pixels != values.astype(pixels.dtype)).any(axis=-1, keepdims=True)
        pixels = np.concatenate([pixels, shown * np.array(full_value(pixels), pixels.dtype)], axis=-1)
        notes.append("The picture's transparent colour became transparency.")
    return pixels, notes


def _profile(chunks: _Chunks) -> bytes | None:
    content = chunks.other.get(b"iCCP", b"")
    name, found, rest = content.partition(b"\0")
    if not found or not name or rest[:1] != b"\0":
        return None
    profile = _inflated(rest[1:])
    if profile is None:
        chunks.notes.append("The colour profile in the file is damaged and was left out.")
    return profile or None


def _text(kind: bytes, content: bytes) -> tuple[str, str] | None:
    """Return the keyword and text of a chunk; None for a damaged one."""
    key, found, rest = content.partition(b"\0")
    if not found or not key:
        return None
    keyword = key.decode("latin-1")
    if kind == b"tEXt":
        return keyword, rest.decode("latin-1")
    if kind == b"zTXt":
        text = _inflated(rest[1:]) if rest[:1] == b"\0" else None
        return None if text is None else (keyword, text.decode("latin-1"))
    parts = rest[2:].split(b"\0", 2)
    if len(rest) < 2 or len(parts) < 3:
        return None
    unpacked = _inflated(parts[2]) if rest[0] else parts[2]
    try:
        return None if unpacked is None else (keyword, unpacked.decode("utf-8"))
    except UnicodeDecodeError:
        return None


def _inflated(data: bytes) -> bytes | None:
    try:
        unpacker = zlib.decompressobj()
        result = unpacker.decompress(data, _TEXT_LIMIT)
    except zlib.error:
        return None
    return result if unpacker.eof else None


def _per_inch(per_metre: int) -> float:
    """Return pixels per inch; the whole number where that is what was meant, since 300 is stored as 11811."""
    whole = round(per_metre * _INCH)
    return float(whole) if round(whole / _INCH) == per_metre else per_metre * _INCH


def _described(photo: Photo) -> list[bytes]:
    """Return the chunks that describe the picture, in the order the specification asks for."""
    found, chunks = photo.metadata, []
    if photo.profile:
        chunks.append(profile_chunk(photo.profile))
    else:
        chunks += [_chunk(key.encode(), value) for key, value in found.color_chunks]
    if photo.resolution:
        x, y = (min(max(round(each / _INCH), 1), (1 << 31) - 1) for each in photo.resolution)
        chunks.append(_chunk(b"pHYs", struct.pack(">IIB", x, y, 1)))
    if found.exif:
        chunks.append(_chunk(b"eXIf", found.exif))
    if found.xmp:
        chunks.append(_chunk(b"iTXt", _XMP_KEYWORD.encode() + b"\0\0\0\0\0" + found.xmp))
    texts = list(found.texts)
    if found.comment and "Comment" not in dict(texts):
        texts.append(("Comment", found.comment.rstrip(b"\0").decode("utf-8", "replace")))
    return chunks + [_text_chunk(key, text) for key, text in texts]


def _text_chunk(key: str, text: str) -> bytes:
    keyword = key.encode("latin-1", "replace")[:79] or b"Comment"
    try:
        plain = text.encode("latin-1")
    except UnicodeEncodeError:
        return _chunk(b"iTXt", keyword + b"\0\0\0\0\0" + text.encode())
    if b"\0" in plain or len(plain) > 1024:
        return _chunk(b"zTXt", keyword + b"\0\0" + zlib.compress(plain))
    return _chunk(b"tEXt", keyword + b"\0" + plain)


def _encoded_grey_alpha(pixels: Image) -> bytes:
    """Return a 16-bit grey+alpha file, which neither library writes; rows hold their difference to the one above."""
    height, width = pixels.shape[:2]
    rows = pixels.astype(">u2").view(np.uint8).reshape(height, -1)
    filtered = np.empty((height, rows.shape[1] + 1), np.uint8)
    filtered[:, 0] = 2
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    header = struct.pack(">IIBBBBB", width, height, 16, 4, 0, 0, 0)
    data = zlib.compress(filtered.tobytes(), _LEVEL)
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def profile_chunk(profile: bytes) -> bytes:
    """Return the chunk of an ICC profile; it goes right behind the header."""
    return _chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(profile, 9))


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(content, zlib.crc32(kind)))
