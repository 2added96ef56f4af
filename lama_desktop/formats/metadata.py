"""What a file says about its picture: XMP packets and IPTC records, and how metadata follows the picture it describes.

Byte strings in, byte strings out; damaged ones are carried as they are.
"""

import dataclasses
import re
import struct

import cv2
import numpy as np

from lama_desktop.core.color import SRGB, color_space
from lama_desktop.core.photo import Metadata, Photo
from lama_desktop.formats import exif

PHOTOSHOP = b"Photoshop 3.0\0"
_IPTC, _PATHS = 0x0404, range(2000, 2999)
_THUMBNAIL_SIDE = 160

_XMP_ORIENTATION = re.compile(rb"""(tiff:Orientation\s*(?:=\s*["']|>\s*))[2-8](?=\s*["'<])""")
_XMP_NUMBER = rb"""(%s\s*(?:=\s*["']|>\s*))(\d+)(?=\s*["'<])"""
_XMP_WIDTHS = re.compile(_XMP_NUMBER % rb"(?:tiff:ImageWidth|exif:PixelXDimension)")
_XMP_HEIGHTS = re.compile(_XMP_NUMBER % rb"(?:tiff:ImageLength|exif:PixelYDimension)")
_XMP_THUMBNAILS = re.compile(rb"<(xmp|xap):Thumbnails[\s>].*?</\1:Thumbnails>", re.DOTALL)
_XMP_PICTURES = (b"GImage", b"GDepth", b"GContainer", b"xmpGImg")


def upright(metadata: Metadata) -> Metadata:
    """Return the metadata of a picture whose orientation has been applied to its pixels."""
    return dataclasses.replace(
        metadata,
        exif=exif.upright(metadata.exif) if metadata.exif else metadata.exif,
        xmp=_XMP_ORIENTATION.sub(rb"\g<1>1", metadata.xmp) if metadata.xmp else metadata.xmp,
    )


def following(photo: Photo) -> Metadata:
    """Return the metadata of `photo` made true for its pixels: sizes, and every small picture of the old state.

    A thumbnail still shows what was removed, so it is replaced where it lies, or goes.
    """
    metadata, size = photo.metadata, photo.size
    block, packet = metadata.exif, metadata.xmp
    if block:
        block = exif.with_thumbnail(exif.sized(block, size), Thumbnailer(photo).within)
    if packet:
        packet = _XMP_THUMBNAILS.sub(lambda found: b" " * len(found[0]), packet)
        packet = _XMP_WIDTHS.sub(rb"\g<1>%d" % size[0], packet)
        packet = _XMP_HEIGHTS.sub(rb"\g<1>%d" % size[1], packet)
    extension = () if extension_shows_pictures(metadata) else metadata.xmp_extension
    return dataclasses.replace(metadata, exif=block, xmp=packet, xmp_extension=extension)


def extension_shows_pictures(metadata: Metadata) -> bool:
    """Tell whether the long part of the XMP holds another picture of the scene (a depth map, an original)."""
    return any(word in part for part in metadata.xmp_extension for word in _XMP_PICTURES)


class Thumbnailer:
    """Makes small JPEG files of one photo."""

    def __init__(self, photo: Photo) -> None:
        self._photo = photo
        self._pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]] | None = None

    def within(self, limit: int) -> bytes:
        """Return a JPEG of at most `limit` bytes, sRGB, 160 pixels at its longest side; nothing if none fits."""
        if limit < 700:
            return b""
        if self._pixels is None:
            self._pixels = self._small()
        for side in (_THUMBNAIL_SIDE, 96, 48):
            scale = min(1.0, side / max(self._pixels.shape[:2]))
            size = [max(1, round(length * scale)) for length in self._pixels.shape[1::-1]]
            small = cv2.resize(self._pixels, size, interpolation=cv2.INTER_AREA)
            for quality in (88, 75, 60, 45):
                done, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])
                if done and data.size <= limit:
                    return data.tobytes()
        return b""

    def _small(self) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        photo = self._photo
        scale = min(1.0, _THUMBNAIL_SIDE / max(photo.size))
        size = [max(1, round(length * scale)) for length in photo.size]
        small = np.stack(
            [
                cv2.resize(np.ascontiguousarray(photo.pixels[..., channel]), size, interpolation=cv2.INTER_AREA)
                for channel in range(photo.model.channels)
            ],
            axis=-1,
        )
        colors = color_space(photo.model, photo.profile).to_srgb(small)
        return np.ascontiguousarray(SRGB.from_srgb(colors, np.empty((1, 1, 3), np.uint8))[..., ::-1])


def iptc_of(block: bytes) -> bytes | None:
    """Return the IPTC records among Photoshop image resources."""
    return next((value for number, value in resources(block) if number == _IPTC and value), None)


def has_clipping_paths(block: bytes) -> bool:
    """Tell whether Photoshop image resources hold paths."""
    return any(number in _PATHS for number, _ in resources(block))


def resources_of(iptc: bytes) -> bytes:
    """Return Photoshop image resources that hold IPTC records and nothing else: no thumbnail of the old picture."""
    return b"8BIM" + struct.pack(">HHI", _IPTC, 0, len(iptc)) + iptc + b"\0" * (len(iptc) % 2)


def resources(data: bytes) -> list[tuple[int, bytes]]:
    """Return Photoshop image resources, by number and in order; what is damaged ends them."""
    found, position = [], 0
    while position + 12 <= len(data) and data[position : position + 4] == b"8BIM":
        (number,) = struct.unpack_from(">H", data, position + 4)
        position += 6 + (data[position + 6] + 2) // 2 * 2
        if position + 4 > len(data):
            break
        (length,) = struct.unpack_from(">I", data, position)
        if position + 4 + length > len(data):
            break
        found.append((number, data[position + 4 : position + 4 + length]))
        position += 4 + length + length % 2
    return found
