"""The pixels of a TIFF file, exact or refused.

Measured: 16-bit planar files come out of OpenCV and Pillow as wrong pixels without an error, Pillow drops 16 bits to 8,
OpenCV knows neither CMYK nor premultiplied alpha and fails on 8-bit grey tiles. So libtiff (inside OpenCV) is only used
to unpack: the strips or tiles of one plane are put into a small new file, as strips that say they are one-channel grey,
which every build of it decodes exactly, and channels, planes, tiles, predictor, low depths and palettes are put
together here. JPEG and fax compressions know more of the picture and are decoded whole, from a bare file of that kind.

Source: TIFF 6.0, sections 3-8, 13-16, 22; Adobe TIFF technical notes 2 and 3.
"""

import dataclasses
import importlib
import struct
from dataclasses import dataclass
from io import BytesIO

import cv2
import numpy as np

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
_WHOLE_TAGS = (256, 257, 258, 259, 262, 266, 277, 278, 284, 292, 293, 317, 320, 322, 323, 339, 347, 530, 531, 532)
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
    def has_palette(self) -> bool:
        """Whether its values are places in a palette."""
        return self.photometric == _PALETTE


def layout(structure: Structure, page: Directory, data: bytes, name: str) -> Layout:
    """Read and check how the pixels are stored.

    Raises:
        FileFormatError: damaged, over the pixel budget, or of a kind that would be read wrongly.
    """

    def number(tag: int, default: int = 0) -> int:
        return structure.number(page, tag, default)

    width, height, samples = number(256), number(257), number(277, 1)
    if any(tag in page.entries for tag in _RAW_TAGS) or number(254) & 1 or number(262) in (32803, 34892):
        raise FileFormatError(
            f"{name} is a camera raw file, or begins with a preview. "
            "Develop or export it as a 16-bit TIFF and open that."
        )
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
    if stored.compression in (JPEG, *_FAX):
        return _decoded_whole(structure, page, stored, data, name)
    if stored.predictor not in (1, 2):
        raise FileFormatError(f"{name} is stored in a rare way. Open it in another program and save it as plain TIFF.")
    if stored.bits < 8:
        share = 8 // stored.bits
        packed = dataclasses.replace(
            stored,
            bits=8,
            size=(-(-stored.size[0] // share), stored.size[1]),
            segment=(-(-stored.segment[0] // share), stored.segment[1]),
            predictor=1,
        )
        values = _unpacked_bits(_assembled(structure, packed, data, name), stored.bits, stored.size[0])
    else:
        values = _assembled(structure, stored, data, name)
    if stored.has_palette:
        return _palette(structure, page, stored, name)[values[..., 0]]
    if stored.bits < 8:
        values *= 255 // ((1 << stored.bits) - 1)
    if stored.photometric == _WHITE_IS_ZERO:
        np.subtract(full_value(values), values[..., 0], out=values[..., 0])
    return values


def _assembled(structure: Structure, stored: Layout, data: bytes, name: str) -> Image:
    """Unpack all strips or tiles of all planes: (H, W, samples)."""
    width, height = stored.size
    result = np.empty((height, width, stored.samples), np.uint8 if stored.bits == 8 else np.uint16)
    across, down = -(-width // stored.segment[0]), -(-height // stored.segment[1])
    depth = stored.samples // stored.planes
    group = max(1, _BAND // (across * stored.segment[0] * stored.segment[1] * depth))
    for plane in range(stored.planes):
        channels = slice(plane, plane + 1) if stored.planes > 1 else slice(None)
        for first in range(0, down, group):
            last = min(first + group, down)
            chosen = stored.ranges[(plane * down + first) * across : (plane * down + last) * across]
            top, bottom = first * stored.segment[1], min(last * stored.segment[1], height)
            rows = len(chosen) * stored.segment[1] if stored.tiled else bottom - top
            band = _unpacked(structure, stored, chosen, rows, depth, data, name)
            if stored.tiled:
                tiles = band.reshape(last - first, across, stored.segment[1], stored.segment[0], depth)
                band = tiles.swapaxes(1, 2).reshape((last - first) * stored.segment[1], -1, depth)
            result[top:bottom, :, channels] = band[: bottom - top, :width]
    return result


def _unpacked(
    structure: Structure,
    stored: Layout,
    ranges: tuple[tuple[int, int], ...],
    rows: int,
    depth: int,
    data: bytes,
    name: str,
) -> Image:
    """Unpack strips, or tiles as if they were strips, and undo the predictor: (rows, width of one, depth)."""
    width, order = stored.segment[0], structure.order
    tags = {256: (4, width * depth), 257: (4, rows), 258: (3, stored.bits), 259: (3, stored.compression)}
    tags |= {262: (3, 1), 266: (3, 1), 277: (3, 1), 278: (4, stored.segment[1])}
    fields = {
        tag: (kind, 1, struct.pack(order + ("H" if kind == 3 else "I"), value)) for tag, (kind, value) in tags.items()
    }
    file = _bare(order, fields, ranges, data, tiled=False)
    with quiet():
        decoded = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is not None and decoded.shape == (rows, width * depth) and decoded.itemsize * 8 == stored.bits:
        pixels = decoded.reshape(rows, width, depth)
    elif stored.compression in COMPRESSIONS:
        raise damaged(name, "its picture data is damaged")
    else:
        pixels = _by_imagecodecs(file, (rows, width, depth), stored, name)
    return np.cumsum(pixels, axis=1, dtype=pixels.dtype) if stored.predictor == 2 else pixels


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

    return np.asarray(tifffile.imread(BytesIO(file))).reshape(shape)


def _unpacked_bits(packed: Image, bits: int, width: int) -> Image:
    """Return values of 1, 2 or 4 bits, most significant first, one per byte."""
    shifts = np.arange(8 - bits, -1, -bits, dtype=np.uint8)
    values = (packed >> shifts) & np.uint8((1 << bits) - 1)
    return np.ascontiguousarray(values.reshape(len(packed), -1, 1)[:, :width])


def _palette(structure: Structure, page: Directory, stored: Layout, name: str) -> Image:
    """Return the colours of a palette, (2^bits, 3) uint8."""
    numbers = np.array(structure.numbers(page.entries.get(320), 3 << 8), np.uint32)
    if numbers.size != 3 << stored.bits:
        raise damaged(name, "its palette is damaged")
    return (numbers >> 8 if numbers.max() > 255 else numbers).reshape(3, -1).T.astype(np.uint8)


def _decoded_whole(structure: Structure, page: Directory, stored: Layout, data: bytes, name: str) -> Image:
    fields = {}
    for tag in _WHOLE_TAGS:
        if entry := page.entries.get(tag):
            fields[tag] = (entry.kind, entry.count, structure.bytes_of(entry))
    file = _bare(structure.order, fields, stored.ranges, data, tiled=stored.tiled)
    with quiet():
        decoded = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None or decoded.dtype != np.uint8 or decoded.shape[1::-1] != stored.size:
        raise damaged(name, "its picture data is damaged")
    pixels = decoded.reshape(*decoded.shape[:2], -1)[..., ::-1]
    return np.ascontiguousarray(pixels[..., :1] if stored.colors == 1 else pixels[..., :3])


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
