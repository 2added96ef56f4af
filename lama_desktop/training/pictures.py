"""Picture files as training sees them: 8-bit sRGB, upright, without transparency.

The common kind, an 8-bit JPEG or PNG whose numbers are sRGB already, is handed to OpenCV, which decodes it to the same
pixels in less than half the time (a JPEG of 512 x 512: 1.1 ms instead of 2.5; a PNG: 3.5 instead of 8.6). Everything
else, and whatever OpenCV refuses, goes through `formats`, whose sentences say what is wrong. Pure functions; any
thread.
"""

import struct
from pathlib import Path

import cv2
import numpy as np

from lama_desktop import formats
from lama_desktop.core.arrays import Image
from lama_desktop.core.color import SRGB, color_space
from lama_desktop.core.photo import Photo
from lama_desktop.formats import exif, fit
from lama_desktop.formats.base import check_size, shown

_PNG = b"\x89PNG\r\n\x1a\n"
_NOT_PLAIN = (b"iCCP", b"tRNS", b"eXIf")
"""PNG chunks that change what is seen; the same bytes within the picture data only cost time."""
_FRAMES = (0xC0, 0xC1, 0xC2)


def decode(data: bytes, name: str) -> Image:
    """Return the picture of a file, (H, W, 3) uint8 sRGB.

    Grey becomes RGB, other profiles are converted, 16 bits rounded; what is transparent is laid on white, as a viewer
    shows it (the published code keeps whatever colour lies under it).

    Args:
        data: the whole file.
        name: its name, for sentences.

    Raises:
        FileFormatError: it is damaged, too large, or not a picture.
    """
    if (turn := _turn_of_plain(data, name)) is not None:
        flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
        if pixels is not None:
            return fit.turned(pixels, turn)
    return _as_srgb(formats.decode(data, Path(name)))


def _turn_of_plain(data: bytes, name: str) -> int | None:
    """Return the EXIF orientation if the file is of the common kind, else None.

    Raises:
        FileFormatError: it has more pixels than the budget.
    """
    if data.startswith(b"\xff\xd8\xff"):
        return _turn_of_plain_jpeg(data, name)
    if data.startswith(_PNG) and data[12:16] == b"IHDR" and data[24:26] == b"\x08\x02":  # 8 bits, RGB
        width, height = struct.unpack_from(">II", data, 16)
        check_size(width, height, shown(name))
        return None if any(kind in data for kind in _NOT_PLAIN) else 1
    return None


def _turn_of_plain_jpeg(data: bytes, name: str) -> int | None:
    """Walk the segments up to the first scan, as `_turn_of_plain`."""
    position, turn, plain = 2, 1, False
    while position + 4 <= len(data) and data[position] == 0xFF:
        marker, length = data[position + 1], int.from_bytes(data[position + 2 : position + 4], "big")
        content = data[position + 4 : position + 2 + length]
        if marker == 0xDA:
            return turn if plain else None
        if marker in _FRAMES and len(content) >= 6:
            precision, height, width, components = struct.unpack_from(">BHHB", content)
            check_size(width, height, shown(name))
            plain = precision == 8 and components in (1, 3)
        elif marker == 0xE1 and content.startswith(b"Exif\0\0"):
            turn = exif.orientation(content[6:])
        elif marker == 0xE2 and content.startswith(b"ICC_PROFILE\0"):
            return None
        position += 2 + length
    return None


def _as_srgb(photo: Photo) -> Image:
    channels = photo.model.channels
    colors, space = photo.pixels[..., :channels], color_space(photo.model, photo.profile)
    if space is SRGB:
        pixels = np.broadcast_to(fit.to_8_bit(colors), (*colors.shape[:2], 3))
    else:
        pixels = np.rint(space.to_srgb(np.ascontiguousarray(colors)) * 255).astype(np.uint8)
    if photo.has_alpha:
        alpha = fit.to_8_bit(photo.pixels[..., channels:]).astype(np.uint16)
        pixels = ((pixels * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    return np.ascontiguousarray(pixels)
