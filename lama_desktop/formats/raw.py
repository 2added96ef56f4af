"""Camera raw files, developed by LibRaw (the optional package `rawpy`).

Developed plainly, so that the same exposure gives the same picture every time: the camera's white balance, sRGB at 16
bit, no automatic brightness (which would let a series flicker and clip highlights). A person who wants more develops
the file in a raw program and opens the TIFF. The raw file is only ever read.

What the camera wrote about the picture is found where it lies: in the directories of raw files that are built like TIFF
(DNG, NEF, ARW, PEF, CR2 and others), or in the preview that the camera put beside the sensor's data (CR3, RAF).
"""

import dataclasses
import mmap
from io import BytesIO
from typing import Any

import numpy as np

from lama_desktop.core.photo import Encoding, Metadata, Photo
from lama_desktop.core.profiles import profile_of
from lama_desktop.errors import FileFormatError
from lama_desktop.formats import exif, jpeg, metadata, tiff
from lama_desktop.formats.base import ForeignFormat, check_size, damaged, quiet
from lama_desktop.formats.ifd import Directory, Structure

_DNG_VERSION, _SUB_DIRECTORIES, _PHOTOMETRIC = 50706, 330, 262
_PARTS = ((273, 279), (324, 325))
"""Where strips and tiles are, and how long."""
_SENSOR = (32803, 34892)
"""Photometric interpretations of a colour filter array and of linear sensor values."""
_MAGIC = (b"FUJIFILMCCD-RAW ", b"IIU\0", b"IIRO", b"IIRS", b"MMOR", b"FOVb", b"\0MRM")
_SRGB_CURVE = (2.4, 12.92)


class CameraRaw(ForeignFormat):
    """Camera raw files of all makers."""

    name, title = "raw", "camera raw"
    suffixes = (
        *(".dng", ".nef", ".nrw", ".cr2", ".cr3", ".crw", ".arw", ".sr2", ".srf", ".raf", ".orf", ".rw2", ".pef"),
        *(".srw", ".x3f", ".mrw", ".3fr", ".fff", ".iiq", ".erf", ".mef", ".mos", ".dcr", ".kdc", ".rwl"),
    )
    package, extra, kept_as = "rawpy", "raw", "tiff"

    def recognises(self, head: bytes) -> bool:
        """Tell by the makers' magic numbers; what is built like TIFF is told by `is_raw`."""
        return head.startswith(_MAGIC) or head[8:10] == b"CR" or head[4:12] == b"ftypcrx " or head[6:14] == b"HEAPCCDR"

    def read(self, data: bytes, name: str) -> Photo:
        """Develop the picture and turn it upright; see `ReadableFormat.read`."""
        rawpy = self.library(name)
        if _ends_early(data):
            raise damaged(name, "the file ends early")
        try:
            with quiet(), rawpy.imread(BytesIO(data)) as raw:
                sizes = raw.sizes
                check_size(max(sizes.raw_width, sizes.iwidth), max(sizes.raw_height, sizes.iheight), name)
                pixels = raw.postprocess(
                    use_camera_wb=True,
                    no_auto_bright=True,
                    output_bps=16,
                    output_color=rawpy.ColorSpace.sRGB,
                    gamma=_SRGB_CURVE,
                )
                found = _of_directories(data) or _of_preview(raw, rawpy)
        except rawpy.LibRawFileUnsupportedError as error:
            raise FileFormatError(
                f"{name} is no camera raw file that LibRaw knows. Develop it to a 16-bit TIFF and open that."
            ) from error
        block = exif.in_srgb(found.exif) if found.exif else None
        return Photo(
            pixels=np.ascontiguousarray(pixels),
            profile=profile_of("sRGB"),
            resolution=exif.resolution(block),
            metadata=metadata.upright(dataclasses.replace(found, exif=block)),
            encoding=Encoding(format=self.name, lossless=True),
            notes=("The raw file was developed plainly: white balance of the camera, 16 bit, no brightening.",),
        )


def is_raw(data: bytes | mmap.mmap) -> bool:
    """Tell whether a file that is built like TIFF holds what a sensor saw; `data` is the whole file."""
    try:
        structure = Structure(data)
        first = structure.directory(structure.first)
    except ValueError:
        return False
    return any(
        _DNG_VERSION in each.entries or structure.number(each, _PHOTOMETRIC) in _SENSOR
        for each in [first, *_sub_directories(structure, first)]
    )


def _ends_early(data: bytes) -> bool:
    """Tell whether a file built like TIFF should go on: LibRaw would take what is missing for black."""
    try:
        structure = Structure(data)
        first = structure.directory(structure.first)
    except ValueError:
        return False
    for directory in [first, *_sub_directories(structure, first)]:
        for starts, lengths in _PARTS:
            parts = (structure.numbers(directory.entries.get(tag)) for tag in (starts, lengths))
            if any(start + length > len(data) for start, length in zip(*parts, strict=False)):
                return True
    return False


def _sub_directories(structure: Structure, first: Directory) -> list[Directory]:
    found = []
    for offset in structure.numbers(first.entries.get(_SUB_DIRECTORIES), 16):
        try:
            found.append(structure.directory(offset))
        except ValueError:
            continue
    return found


def _of_directories(data: bytes) -> Metadata | None:
    """Return what the directories of a file built like TIFF tell; None for every other file."""
    try:
        structure = Structure(data)
        return tiff.described(structure, structure.directory(structure.first))
    except ValueError:
        return None


def _of_preview(raw: Any, rawpy: Any) -> Metadata:
    """Return what the JPEG preview of a raw file tells."""
    try:
        preview = raw.extract_thumb()
        if preview.format is rawpy.ThumbFormat.JPEG:
            return jpeg.described(bytes(preview.data))
    except (rawpy.LibRawError, FileFormatError):
        pass  # without a preview that can be read there is nothing to tell; the picture itself is there
    return Metadata()
