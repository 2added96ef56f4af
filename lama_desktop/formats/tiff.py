"""TIFF: 8 and 16 bit, grey, RGB and CMYK, with alpha, profile, EXIF, XMP, IPTC and resolution.

A written file starts with the EXIF block as it was found, so that every offset inside it, those of MakerNotes included,
stays right; the picture's own directory comes last and takes the block's tags over by pointing at them.

Source: TIFF 6.0; Adobe TIFF technical notes (predictor, ICC, XMP); Exif 3.0.
"""

import struct
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from lama_desktop.core.arrays import Image, full_value
from lama_desktop.core.photo import ColorModel, Encoding, Metadata, Photo
from lama_desktop.errors import FileFormatError
from lama_desktop.formats import exif, fit, metadata, tiff_decode
from lama_desktop.formats.base import FileFormat, WriteOptions
from lama_desktop.formats.ifd import TYPE_SIZES, Directory, Entry, Field, Structure

_ICC, _XMP, _IPTC, _PHOTOSHOP, _LAYERS = 34675, 700, 33723, 34377, 37724
_SUBFILE_TYPE, _REDUCED, _MASK = 254, 1, 4
_MOST_PAGES = 1000
_MODELS = {1: ColorModel.GREY, 3: ColorModel.RGB, 4: ColorModel.CMYK}
_PHOTOMETRIC = {ColorModel.GREY: 1, ColorModel.RGB: 2, ColorModel.CMYK: 5}
_STRIP_BYTES = 1 << 19
_LEVEL = 4
_ROWS = 256
_EMPTY = b"II*\0\x08\0\0\0\0\0\0\0\0\0"
_LARGEST = (1 << 32) - (1 << 20)


class Tiff(FileFormat):
    """TIFF files, also BigTIFF to read."""

    name, title, suffixes = "tiff", "TIFF", (".tif", ".tiff")
    models = (ColorModel.GREY, ColorModel.RGB, ColorModel.CMYK)
    depths = (8, 16)
    holds = frozenset({"profile", "exif", "xmp", "iptc", "resolution"})

    def recognises(self, head: bytes) -> bool:
        """Tell by the byte order mark and version."""
        return head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+") and head[8:10] != b"CR"

    def read(self, data: bytes, name: str) -> Photo:
        """Decode the first page and turn it upright; see `FileFormat.read`."""
        structure = Structure(data)
        first = structure.directory(structure.first)
        photo = page_of(structure, first, data, name)
        if further := len(further_pages(structure, first)):
            note = f"The file has {further + 1} pages: only the first was opened."
            photo = replace(photo, notes=(*photo.notes, note))
        return photo

    def encode(self, photo: Photo, options: WriteOptions) -> bytes:
        """Write strips, uncompressed if the source was, else deflated; see `FileFormat.encode`."""
        block = photo.metadata.exif or b""
        block = block if exif.is_readable(block) else _EMPTY
        structure = Structure(block)
        out = bytearray(block)
        compress = photo.encoding.compression != "none" or photo.encoding.format != self.name
        premultiply = photo.has_alpha and photo.encoding.premultiplied
        width, height = photo.size
        rows = max(1, min(height, _STRIP_BYTES // (photo.pixels[0].nbytes or 1)))
        starts, lengths = [], []
        for strip in _strips(photo.pixels, rows, structure.order, compress=compress, premultiply=premultiply):
            out.extend(b"\0" * (len(out) % 2))
            starts.append(len(out))
            lengths.append(len(strip))
            out.extend(strip)
            if len(out) > _LARGEST:
                raise FileFormatError("The picture is too large for a TIFF file (4 GB). Save it as PNG.")
        samples = photo.pixels.shape[2]
        numbers: dict[int, tuple[int, list[int]]] = {
            256: (4, [width]),
            257: (4, [height]),
            258: (3, [photo.depth] * samples),
            259: (3, [tiff_decode.DEFLATE if compress else tiff_decode.NONE]),
            262: (3, [_PHOTOMETRIC[photo.model]]),
            273: (4, starts),
            exif.ORIENTATION: (3, [1]),
            277: (3, [samples]),
            278: (4, [rows]),
            279: (4, lengths),
            284: (3, [1]),
        }
        if compress:
            numbers[317] = (3, [2])
        if photo.has_alpha:
            numbers[338] = (3, [1 if premultiply else 2])
        order = structure.order
        fields = [
            Field(tag, kind, struct.pack(f"{order}{len(each)}{'HI'[kind == 4]}", *each))
            for tag, (kind, each) in numbers.items()
        ]
        fields += _described(photo, order)
        taken = exif.descriptive_entries(structure, structure.directory(structure.first))
        struct.pack_into(order + "I", out, 4, _append_directory(out, structure, fields, taken))
        return bytes(out)

    def extra_losses(self, photo: Photo) -> list[str]:
        """Say when an EXIF block cannot be put into the directory."""
        if photo.metadata.exif and not exif.is_readable(photo.metadata.exif):
            return ["The picture's EXIF data is damaged and TIFF cannot hold it: left out."]
        if names := exif.dropped_in_tiff(photo.metadata.exif or b""):
            return [f"TIFF cannot hold all of the picture's EXIF data: {', '.join(names)} left out."]
        return []


def page_of(structure: Structure, page: Directory, data: bytes, name: str) -> Photo:
    """Decode one page of a file and turn it upright; see `ReadableFormat.read`."""
    stored = tiff_decode.layout(structure, page, data, name)
    pixels = tiff_decode.decode(structure, page, stored, data, name)
    notes = _notes(structure, page, stored)
    colors = 3 if stored.has_palette else stored.colors
    has_alpha = pixels.shape[2] > colors
    pixels = pixels[..., : colors + has_alpha]
    if stored.alpha == 1:
        pixels, exact = _straight(pixels)
        if not exact:
            notes.append("Colours brighter than their transparency allows were clipped.")
    found = described(structure, page)
    orientation = structure.number(page, exif.ORIENTATION, 1)
    resolution = exif.resolution_of(structure, page)
    profile = page.entries.get(_ICC)
    return Photo(
        pixels=fit.turned(pixels, orientation),
        model=_MODELS[colors],
        has_alpha=has_alpha,
        profile=structure.bytes_of(profile) if profile and profile.length else None,
        resolution=resolution[::-1] if resolution and orientation > 4 else resolution,
        metadata=metadata.upright(found),
        encoding=Encoding(
            format="tiff",
            compression=tiff_decode.COMPRESSIONS.get(stored.compression, "other"),
            premultiplied=stored.alpha == 1,
        ),
        notes=tuple(notes),
    )


def further_pages(structure: Structure, page: Directory) -> list[Directory]:
    """Return the pages that follow one, without reduced pictures and masks of others."""
    found, offset, seen = [], page.next, {structure.first}
    while offset and offset not in seen and len(seen) < _MOST_PAGES:
        seen.add(offset)
        try:
            following = structure.directory(offset)
        except ValueError:
            break
        if not structure.number(following, _SUBFILE_TYPE) & (_REDUCED | _MASK):
            found.append(following)
        offset = following.next
    return found


def described(structure: Structure, page: Directory) -> Metadata:
    """Return what a directory says about its picture."""

    def raw(tag: int) -> bytes | None:
        entry = page.entries.get(tag)
        return structure.bytes_of(entry) if entry and entry.length else None

    iptc = raw(_IPTC)
    if iptc and page.entries[_IPTC].kind == 4 and iptc[:1] != b"\x1c" and iptc[3:4] == b"\x1c":
        iptc = np.frombuffer(iptc, "<u4").astype(">u4").tobytes()  # some writers store them as swapped 32-bit numbers
    return Metadata(
        exif=exif.of_tiff(structure, page),
        xmp=raw(_XMP),
        iptc=iptc or metadata.iptc_of(raw(_PHOTOSHOP) or b""),
    )


def _notes(structure: Structure, page: Directory, stored: tiff_decode.Layout) -> list[str]:
    notes = []
    if stored.has_palette:
        notes.append("The picture's palette was expanded to full colours.")
    elif stored.bits < 8:
        notes.append(f"The picture's {stored.bits}-bit grey was expanded to 8 bits.")
    if stored.samples > stored.colors + 1:
        notes.append(f"{stored.samples - stored.colors - 1} further channels of the file were left behind.")
    if _LAYERS in page.entries:
        notes.append("The file holds Photoshop layers: the flattened picture was opened, they were left behind.")
    return notes


def _straight(pixels: Image) -> tuple[Image, bool]:
    """Return premultiplied pixels with straight alpha, and whether `_premultiplied` takes them back exactly.

    A colour c under alpha a becomes round(c * max / a); its error of at most a half shrinks by a / max on the way back.
    """
    full, exact = full_value(pixels), True
    result = pixels.copy()
    for top in range(0, len(pixels), _ROWS):
        band = pixels[top : top + _ROWS].astype(np.uint64)
        alpha = band[..., -1:]
        exact = exact and bool((band[..., :-1] <= alpha).all())
        colors = (band[..., :-1] * full + alpha // 2) // np.maximum(alpha, 1)
        result[top : top + _ROWS, :, :-1] = np.minimum(np.where(alpha > 0, colors, 0), full)
    return result, exact


def _premultiplied(pixels: Image) -> Image:
    full = full_value(pixels)
    values = pixels.astype(np.uint64)
    values[..., :-1] = (values[..., :-1] * values[..., -1:] + full // 2) // full
    return values.astype(pixels.dtype)


def _strips(pixels: Image, rows: int, order: str, *, compress: bool, premultiply: bool) -> Iterator[bytes]:
    """Yield the strips of a picture, a few of them compressed at once."""

    def strip(top: int) -> bytes:
        band = pixels[top : top + rows]
        band = _premultiplied(band) if premultiply else band
        if compress:
            band = np.concatenate([band[:, :1], band[:, 1:] - band[:, :-1]], axis=1)
        raw = band.astype(band.dtype.newbyteorder("<" if order == "<" else ">")).tobytes()
        return zlib.compress(raw, _LEVEL) if compress else raw

    with ThreadPoolExecutor(4, "tiff") as pool:
        yield from pool.map(strip, range(0, len(pixels), rows))


def _described(photo: Photo, order: str) -> list[Field]:
    found = photo.metadata
    fields = [
        Field(tag, kind, value)
        for tag, kind, value in ((_ICC, 7, photo.profile), (_XMP, 1, found.xmp), (_IPTC, 7, found.iptc))
        if value
    ]
    return fields + (exif.resolution_fields(order, photo.resolution) if photo.resolution else [])


def _append_directory(out: bytearray, block: Structure, fields: list[Field], taken: list[Entry]) -> int:
    """Append a directory of new fields and of entries whose values lie in the block already; return its offset."""
    order = block.order
    entries: dict[int, bytes] = {}
    for entry in taken:
        value = block.bytes_of(entry).ljust(4, b"\0") if entry.length <= 4 else struct.pack(order + "I", entry.position)
        entries[entry.tag] = struct.pack(order + "HHI", entry.tag, entry.kind, entry.count) + value
    for field in fields:
        value = field.value.ljust(4, b"\0")
        if len(field.value) > 4:
            out.extend(b"\0" * (len(out) % 2))
            value = struct.pack(order + "I", len(out))
            out.extend(field.value)
        count = len(field.value) // TYPE_SIZES[field.kind]
        entries[field.tag] = struct.pack(order + "HHI", field.tag, field.kind, count) + value
    out.extend(b"\0" * (len(out) % 2))
    start = len(out)
    out.extend(struct.pack(order + "H", len(entries)) + b"".join(entries[tag] for tag in sorted(entries)) + bytes(4))
    return start
