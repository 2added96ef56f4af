"""The pixels of a TIFF file, exact or refused.

Measured: 16-bit planar files come out of OpenCV and Pillow as wrong pixels without an error, Pillow drops 16 bits to 8,
OpenCV knows neither CMYK nor premultiplied alpha. So libtiff (inside OpenCV) is only used to unpack: strips or tiles of
one plane are put into a small new file that says they are one-channel grey, which every build of it decodes exactly,
and channels, planes, tiles and the predictor are put together here. Bilevel, palette and JPEG-compressed files, which
have 8 bits at most, go to Pillow in the same kind of bare file.

Source: TIFF 6.0, sections 3-8, 13-16, 22; Adobe TIFF technical notes 2 and 3.
"""

import importlib
import struct
from dataclasses import dataclass
from io import BytesIO

import cv2
import numpy as np
from PIL import Image as PillowImage

from lama_desktop.core.arrays import Image, full_value
from lama_desktop.errors import FileFormatError
from lama_desktop.formats.base import check_size, damaged, quiet
from lama_desktop.formats.ifd import Directory, Structure

NONE, DEFLATE, OLD_DEFLATE, JPEG = 1, 8, 32946, 7
COMPRESSIONS = {NONE: "none", 5: "lzw", JPEG: "jpeg", DEFLATE: "deflate", OLD_DEFLATE: "deflate", 32773: "packbits"}
_FAX = (2, 3, 4)
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR = 0, 1, 2, 3, 5, 6
_COLORS = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3, _PALETTE: 1, _CMYK: 4, _YCBCR: 3}
_RAW_TAGS = (50706, 50707, 33421, 33422)
_PILLOW_TAGS = (256, 257, 258, 259, 262, 266, 277, 278, 284, 292, 293, 317, 320, 322, 323, 339, 347, 530, 531, 532)
_BAND = 1 << 27
"""Samples that are unpacked at once: OpenCV refuses 2^30."""


@dataclass(frozen=True)
class Layout:
    """How the pixels of one directory are stored; what could be read wrongly has been refused."""

    size: tuple[int, int]
    bits: int
    samples: int
    photometric: int
    compression: int
    predictor: int
    planes: int
    segment: tuple[int, int]
    """Width and height of a strip or tile."""
    ranges: tuple[tuple[int, int], ...]
    """Where strips or tiles start and end."""
    tiled: bool
    alpha: int
    """What the first extra channel is: 0 undeclared, 1 premultiplied alpha, 2 straight alpha; -1 without one."""

    @property
    def colors(self) -> int:
        """Number of colour channels."""
        return _COLORS[self.photometric]

    @property
    def by_pillow(self) -> bool:
        """Whether it is of the kinds that have 8 bits at most and need a conversion."""
        return self.bits < 8 or self.photometric in (_PALETTE, _YCBCR) or self.compression in (JPEG, *_FAX)


def layout(structure: Structure, page: Directory, data: bytes, name: str) -> Layout:
    """Read and check how the pixels are stored.

    Raises:
        FileFormatError: damaged, over the pixel budget, or of a kind that would be read wrongly.
    """

    def number(tag: int, default: int = 0) -> int:
        return structure.number(page, tag, default)

    width, height, samples = number(256), number(257), number(277, 1)
    if any(tag in page.entries for tag in _RAW_TAGS) or number(254) & 1 or number(262) in (32803, 34892):
        raise FileFormatError(f"{name} is a camera raw file. Develop it to a 16-bit TIFF first and open that.")
    check_size(width, height, name)
    bits = structure.numbers(page.entries.get(258), 64) or (1,)
    formats = structure.numbers(page.entries.get(339), 64) or (1,)
    photometric, compression, planar = number(262, -1), number(259, 1), number(284, 1)
    if set(formats) - {1, 4}:
        kind = "floating-point" if 3 in formats else "signed"
        raise FileFormatError(
            f"{name} holds {kind} values of {bits[0]} bits. Export it as a 16-bit TIFF and open that."
        )
    if photometric not in _COLORS or (photometric == _CMYK and number(332, 1) != 1):
        raise FileFormatError(f"{name} holds colours of a rare kind ({_kind(photometric)}). Export it as RGB or CMYK.")
    colors = _COLORS[photometric]
    low = photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _PALETTE) and samples == 1
    if len(set(bits)) > 1 or bits[0] not in ((1, 2, 4, 8, 16) if low else (8, 16)):
        raise FileFormatError(f"{name} holds {bits[0]} bits per channel. Export it with 8 or 16 and open that.")
    exotic = (photometric == _YCBCR and compression != JPEG) or (
        photometric == _PALETTE and (bits[0] > 8 or samples > 1)
    )
    jpeg = compression == JPEG and (
        photometric not in (_BLACK_IS_ZERO, _RGB, _YCBCR) or bits[0] != 8 or samples != colors
    )
    if exotic or jpeg or (planar == 2 and samples > 1 and compression == JPEG) or compression == 6:
        raise FileFormatError(f"{name} is stored in a rare way. Open it in another program and save it as plain TIFF.")
    if not colors <= samples <= 16 or planar not in (1, 2):
        raise damaged(name, f"it says it has {samples} channels")
    extra = structure.numbers(page.entries.get(338), 64)
    planes = samples if planar == 2 and samples > 1 else 1
    tiled = 322 in page.entries
    segment = (number(322), number(323)) if tiled else (width, min(number(278, height) or height, height))
    if min(segment) < 1 or max(segment) > 1 << 20 or segment[0] * segment[1] > 4 * (width * height + (1 << 20)):
        raise damaged(name, "its strips or tiles have impossible sizes")
    return Layout(
        size=(width, height),
        bits=bits[0],
        samples=samples,
        photometric=photometric,
        compression=compression,
        predictor=number(317, 1),
        planes=planes,
        segment=segment,
        ranges=_ranges(
            structure,
            page,
            len(data),
            name,
            planes * _count((width, height), segment),
            width * samples * bits[0] * height,
        ),
        tiled=tiled,
        alpha=-1 if samples == colors else extra[0] if extra else 0,
    )


def decode(structure: Structure, page: Directory, stored: Layout, data: bytes, name: str) -> Image:
    """Return the pixels, (H, W, C), with the extra channels that the file has; palettes and YCbCr as RGB."""
    if stored.by_pillow:
        return _by_pillow(structure, page, stored, data)
    if stored.predictor not in (1, 2):
        raise FileFormatError(f"{name} is stored in a rare way. Open it in another program and save it as plain TIFF.")
    width, height = stored.size
    dtype = np.dtype(np.uint8 if stored.bits == 8 else np.uint16)
    result = np.empty((height, width, stored.samples), dtype)
    across = -(-width // stored.segment[0])
    down = -(-height // stored.segment[1])
    depth = stored.samples // stored.planes
    row = across * stored.segment[0] * stored.segment[1] * depth
    group = max(1, _BAND // row)
    for plane in range(stored.planes):
        channels = slice(plane, plane + 1) if stored.planes > 1 else slice(None)
        for first in range(0, down, group):
            last = min(first + group, down)
            chosen = stored.ranges[(plane * down + first) * across : (plane * down + last) * across]
            top, bottom = first * stored.segment[1], min(last * stored.segment[1], height)
            rows = (last - first) * stored.segment[1] if stored.tiled else bottom - top
            band = _unpacked(structure, stored, chosen, (across * stored.segment[0], rows), depth, data, name)
            result[top:bottom, :, channels] = band[: bottom - top, :width]
    if stored.photometric == _WHITE_IS_ZERO:
        np.subtract(full_value(result), result[..., 0], out=result[..., 0])
    return result


def _unpacked(
    structure: Structure,
    stored: Layout,
    ranges: tuple[tuple[int, int], ...],
    size: tuple[int, int],
    depth: int,
    data: bytes,
    name: str,
) -> Image:
    """Unpack strips or tiles as one grey picture that is `depth` times as wide, and undo the predictor."""
    width, height = size
    order = structure.order
    tags = {256: (4, width * depth), 257: (4, height), 258: (3, stored.bits), 259: (3, stored.compression)}
    tags |= {262: (3, 1), 266: (3, 1), 277: (3, 1)}
    if stored.tiled:
        tags |= {322: (4, stored.segment[0] * depth), 323: (4, stored.segment[1])}
    else:
        tags[278] = (4, stored.segment[1])
    fields = {
        tag: (kind, 1, struct.pack(order + ("H" if kind == 3 else "I"), value)) for tag, (kind, value) in tags.items()
    }
    file = _bare(order, fields, ranges, data, tiled=stored.tiled)
    with quiet():
        decoded = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_UNCHANGED)
    if (
        decoded is None
        or decoded.ndim != 2
        or decoded.shape != (height, width * depth)
        or decoded.itemsize * 8 != stored.bits
    ):
        if stored.compression in COMPRESSIONS:
            raise damaged(name, "its picture data is damaged")
        return _by_imagecodecs(file, (height, width, depth), stored, name)
    pixels = decoded.reshape(height, width, depth)
    return _summed(pixels, stored.segment[0]) if stored.predictor == 2 else pixels


def _summed(pixels: Image, across: int) -> Image:
    """Undo horizontal differencing, which starts anew in every tile."""
    tiles = pixels.reshape(pixels.shape[0], -1, across, pixels.shape[2])
    return np.cumsum(tiles, axis=2, dtype=pixels.dtype).reshape(pixels.shape)


def _by_imagecodecs(file: bytes, shape: tuple[int, int, int], stored: Layout, name: str) -> Image:
    """Unpack a rare compression with the optional package, or name it."""
    try:
        importlib.import_module("imagecodecs")
    except ImportError as error:
        raise FileFormatError(
            f"{name} is compressed in a rare way ({stored.compression}). "
            "Install lama-desktop[tiff], or save the file without compression in another program."
        ) from error
    import tifffile

    pixels = np.asarray(tifffile.imread(BytesIO(file))).reshape(shape)
    return _summed(pixels, stored.segment[0]) if stored.predictor == 2 else pixels


def _by_pillow(structure: Structure, page: Directory, stored: Layout, data: bytes) -> Image:
    fields = {}
    for tag in _PILLOW_TAGS:
        if entry := page.entries.get(tag):
            fields[tag] = (entry.kind, entry.count, structure.bytes_of(entry))
    file = _bare(structure.order, fields, stored.ranges, data, tiled=stored.tiled)
    with quiet():
        picture: PillowImage.Image = PillowImage.open(BytesIO(file), formats=("TIFF",))
        picture.load()
        if picture.size != stored.size or picture.mode not in ("1", "L", "P", "RGB"):
            raise ValueError(f"unexpected picture of mode {picture.mode}")
        picture = picture.convert({"1": "L", "P": "RGB"}.get(picture.mode, picture.mode))
    pixels = np.asarray(picture)
    return pixels.reshape(*pixels.shape[:2], -1)


def _bare(
    order: str,
    fields: dict[int, tuple[int, int, bytes]],
    ranges: tuple[tuple[int, int], ...],
    data: bytes,
    *,
    tiled: bool,
) -> bytes:
    """Return a new TIFF file of these tags (kind, count, value) and the strips or tiles at `ranges` of `data`."""
    parts, position, starts = [struct.pack(order + "2sHI", b"II" if order == "<" else b"MM", 42, 0)], 8, []
    for start, end in ranges:
        starts.append(position)
        parts.append(data[start:end] + b"\0" * ((end - start) % 2))
        position += len(parts[-1])
    lengths = [end - start for start, end in ranges]
    numbers = {(324 if tiled else 273): starts, (325 if tiled else 279): lengths}
    fields = fields | {tag: (4, len(each), struct.pack(f"{order}{len(each)}I", *each)) for tag, each in numbers.items()}
    directory = bytearray(struct.pack(order + "H", len(fields)))
    for tag in sorted(fields):
        kind, count, value = fields[tag]
        if len(value) > 4:
            parts.append(value + b"\0" * (len(value) % 2))
            value, position = struct.pack(order + "I", position), position + len(parts[-1])
        directory += struct.pack(order + "HHI", tag, kind, count) + value.ljust(4, b"\0")
    parts[0] = parts[0][:4] + struct.pack(order + "I", position)
    return b"".join([*parts, bytes(directory), bytes(4)])


def _ranges(
    structure: Structure, page: Directory, length: int, name: str, expected: int, bits: int
) -> tuple[tuple[int, int], ...]:
    starts = structure.numbers(page.entries.get(324) or page.entries.get(273))
    lengths = structure.numbers(page.entries.get(325) or page.entries.get(279))
    if len(starts) == 1 and not lengths and structure.number(page, 259, 1) == NONE:
        lengths = ((bits + 7) // 8,)
    if len(starts) != expected or len(lengths) != expected:
        raise damaged(name, "its list of strips does not fit to its size")
    found = tuple((start, start + count) for start, count in zip(starts, lengths, strict=True))
    if any(count <= 0 or start < 8 or start + count > length for start, count in zip(starts, lengths, strict=True)):
        raise damaged(name, "the file ends early")
    if sum(lengths) > 2 * length:
        raise damaged(name, "its strips overlap")
    return found


def _count(size: tuple[int, int], segment: tuple[int, int]) -> int:
    return -(-size[0] // segment[0]) * -(-size[1] // segment[1])


def _kind(photometric: int) -> str:
    return {8: "Lab", 9: "Lab", 10: "Lab", 32844: "LogL", 32845: "LogLuv"}.get(photometric, f"number {photometric}")
