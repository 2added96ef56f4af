"""Photoshop documents as flat pictures: PSD and PSB, 8 and 16 bit, read by the optional package `psd-tools`.

What is opened is the merged picture that Photoshop put into the file; where a document was saved without one, its
layers are merged by our own compositor. The layers themselves are for `formats/psd_layers.py`.

psd-tools takes what is missing at the end of a file for black pixels, so that is looked for here.

Source: Adobe Photoshop File Formats Specification (2019): file header, image resources, image data.
"""

import importlib
import logging
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any

import numpy as np

from lama_desktop.core.arrays import Image, full_value
from lama_desktop.core.photo import ColorModel, Encoding, Metadata, Photo
from lama_desktop.errors import FileFormatError
from lama_desktop.formats import metadata
from lama_desktop.formats.base import ForeignFormat, check_size, damaged, pixel_budget, quiet

_HEADER = struct.Struct(">4sH6xHIIHH")
_RAW, _RUNS, _ZIPS = 0, 1, (2, 3)
_PIECE = 1 << 16
_BITMAP, _GREY, _PALETTE, _RGB, _CMYK, _DUOTONE = 0, 1, 2, 3, 4, 8
_MODELS = {_BITMAP: ColorModel.GREY, _GREY: ColorModel.GREY, _DUOTONE: ColorModel.GREY}
_MODELS |= {_PALETTE: ColorModel.RGB, _RGB: ColorModel.RGB, _CMYK: ColorModel.CMYK}
_RESOLUTION, _IPTC, _PROFILE, _EXIF, _XMP = 1005, 1028, 1039, 1058, 1060
_MAX_SIDE = 300_000
_BYTES_PER_PIXEL, _LEAST_ROOM = 24, 1 << 28


class Photoshop(ForeignFormat):
    """PSD and PSB files."""

    name, title, suffixes = "psd", "Photoshop", (".psd", ".psb")
    package, extra, kept_as = "psd_tools", "psd", "tiff"

    def recognises(self, head: bytes) -> bool:
        """Tell by the signature."""
        return head[:4] == b"8BPS"

    def read(self, data: bytes, name: str) -> Photo:
        """Decode the merged picture; see `ReadableFormat.read`."""
        file = self.parsed(data, name)
        if file.has_picture:
            return file.picture()
        from lama_desktop.formats import psd_layers  # which needs this module

        return psd_layers.merged(file)

    def parsed(self, data: bytes, name: str) -> "PhotoshopFile":
        """Parse a document whose size fits into the budget; no pixel is decoded.

        Raises:
            FileFormatError: psd-tools is missing, or the document would be read wrongly.
        """
        library = self.library(name)
        facts = _facts(data, name)
        with decoding():
            room = max(_LEAST_ROOM, _BYTES_PER_PIXEL * pixel_budget())
            return PhotoshopFile(library.PSDImage.open(BytesIO(data), max_alloc_bytes=room), facts, name)


@dataclass(frozen=True)
class PhotoshopFile:
    """A document, and what its header and resources say of it."""

    document: Any
    """The `PSDImage` of psd-tools."""
    facts: Photo
    """Everything but the pixels; the depth is right."""
    name: str

    @property
    def has_picture(self) -> bool:
        """Whether Photoshop put a merged picture into it."""
        return bool(self.document.has_preview())

    @property
    def has_layers(self) -> bool:
        """Whether it has layers whose channels are the document's; palettes and duotones have none."""
        return len(self.document) > 0 and self.document.color_mode.name in ("GRAYSCALE", "RGB", "CMYK")

    def picture(self) -> Photo:
        """Decode the merged picture."""
        api = importlib.import_module("psd_tools.api.utils")
        with decoding() as complaints:
            values = self.document.numpy()
            transparent = bool(api.has_transparency(self.document))
        channels, notes = self.facts.model.channels, [*self.facts.notes]
        has_alpha = transparent and values.shape[2] > channels
        if further := values.shape[2] - channels - has_alpha:
            notes.append(f"{further} further channels of the file were left behind.")
        if complaints.failed:
            notes.append("A part of the picture is damaged: it is black.")
        pixels = self.pixels_of(values[..., : channels + has_alpha])
        return replace(self.facts, pixels=pixels, has_alpha=has_alpha, notes=tuple(notes))

    def pixels_of(self, values: Any) -> Image:
        """Return (H, W, C) values of 0..1, as psd-tools gives them, at the depth of the document; 0 is no ink."""
        dtype = self.facts.pixels.dtype
        result = np.empty(values.shape, dtype)
        for band, found in zip(result, values, strict=True):
            np.rint(np.clip(found, 0, 1) * np.float32(np.iinfo(dtype).max), out=band, casting="unsafe")
        if self.facts.model is ColorModel.CMYK:
            np.subtract(full_value(result), result[..., :4], out=result[..., :4])
        return result


def _facts(data: bytes, name: str) -> Photo:
    """Read the header and the resources."""
    if len(data) < 34:
        raise damaged(name, "the file ends early")
    _, version, _, height, width, depth, mode = _HEADER.unpack_from(data)
    if version not in (1, 2) or max(width, height) > _MAX_SIDE:
        raise damaged(name, "its header makes no sense")
    check_size(width, height, name)
    if mode not in _MODELS:
        raise FileFormatError(f"{name} holds colours of a rare kind. Convert it to RGB in Photoshop and open that.")
    if depth not in ((1,) if mode == _BITMAP else (8, 16)):
        raise FileFormatError(f"{name} holds {depth} bits per channel. Convert it to 8 or 16 bits and open that.")
    _check_length(data, name)
    start = _HEADER.size + 4 + int.from_bytes(data[_HEADER.size : _HEADER.size + 4], "big")
    length = int.from_bytes(data[start : start + 4], "big")
    resources = dict(reversed(metadata.resources(data[start + 4 : start + 4 + length])))
    notes = []
    if mode == _DUOTONE:
        notes.append("The inks of the duotone were left behind: the picture is grey.")
    elif mode == _PALETTE:
        notes.append("The picture's palette was expanded to full colours.")
    found = Metadata(
        exif=resources.get(_EXIF) or None, xmp=resources.get(_XMP) or None, iptc=resources.get(_IPTC) or None
    )
    resolution = resources.get(_RESOLUTION, b"")
    per_inch = struct.unpack_from(">I4xI", resolution) if len(resolution) >= 16 else (0, 0)
    return Photo(
        pixels=np.empty((0, 0, 0), np.uint16 if depth == 16 else np.uint8),
        model=_MODELS[mode],
        profile=resources.get(_PROFILE) or None,
        resolution=(per_inch[0] / 65536, per_inch[1] / 65536) if min(per_inch) else None,
        metadata=metadata.upright(found),
        encoding=Encoding(format=Photoshop.name, lossless=True),
        notes=tuple(notes),
    )


def _check_length(data: bytes, name: str) -> None:
    """Refuse a file that is shorter than its sections say."""
    _, version, channels, height, width, depth, _ = _HEADER.unpack_from(data)
    position = _HEADER.size
    for size in (4, 4, 4 * version):  # the length of colour mode data, of resources, of layers
        position += size + int.from_bytes(data[position : position + size], "big")
    compression, position = int.from_bytes(data[position : position + 2], "big"), position + 2
    rows, left = channels * height, len(data) - position
    is_whole = left >= 0
    if compression == _RAW:
        is_whole = left >= rows * ((width * depth + 7) // 8)
    elif compression == _RUNS:
        is_whole = left >= (length := 2 * version * rows)  # of the table: what each packed row takes
        if is_whole:
            packed = np.frombuffer(data, f">u{2 * version}", rows, position)
            is_whole = left >= length + int(packed.sum(dtype=np.int64))
    elif compression in _ZIPS:
        is_whole = _has_end(memoryview(data)[position:])
    if not is_whole:
        raise damaged(name, "the file ends early")


def _has_end(stream: memoryview) -> bool:
    """Tell whether the end of a zip stream is there; a stream that is damaged before it is for psd-tools to tell."""
    unpacker = zlib.decompressobj()
    try:
        for start in range(0, len(stream), _PIECE):
            unpacker.decompress(stream[start : start + _PIECE])
            if unpacker.eof:
                return True
    except zlib.error:
        return True
    return False


@contextmanager
def decoding() -> Iterator["Complaints"]:
    """Let psd-tools decode, without a word on the terminal; what it says is yielded.

    Raises:
        MemoryError: it would take more than `_BYTES_PER_PIXEL` for every pixel in the budget (56 channels can).
    """
    try:
        with quiet(), _COMPLAINTS as complaints:
            yield complaints
    except ValueError as error:
        if "configured budget" in str(error):
            raise MemoryError from error
        raise


class Complaints(logging.Handler):
    """What psd-tools logs while this thread is inside; it only says so when it takes damaged pixels for black.

    While any thread is inside, nothing of it reaches other handlers; the last one out leaves the logger as it was.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._here = threading.local()
        self._guard, self._inside, self._propagated = threading.Lock(), 0, True

    def __enter__(self) -> "Complaints":
        """Listen from here on, and keep what is said off the terminal."""
        with self._guard:
            self._inside += 1
            if self._inside == 1:
                self._propagated, _LOGGER.propagate = _LOGGER.propagate, False
                _LOGGER.addHandler(self)
        self._here.failed = False
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening, unless another thread is inside."""
        with self._guard:
            self._inside -= 1
            if self._inside == 0:
                _LOGGER.propagate = self._propagated
                _LOGGER.removeHandler(self)

    @property
    def failed(self) -> bool:
        """Whether pixels could not be decoded."""
        return bool(self._here.failed)

    def emit(self, record: logging.LogRecord) -> None:
        """Take one complaint."""
        if "decode failed" in record.getMessage():
            self._here.failed = True


_LOGGER = logging.getLogger("psd_tools")
_COMPLAINTS = Complaints()
