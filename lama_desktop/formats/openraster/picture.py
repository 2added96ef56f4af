"""The PNG files of an OpenRaster archive: what a drawable becomes there, cut to what is in it, with a colour profile.

Every picture carries a profile, since Krita asks about one that has none, even without a window. Compressed for speed:
runs only, after OpenCV's filter; half the time of ordinary compression, files a sixth larger. Pure functions; any
thread.
"""

import struct
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from lama_desktop.core import icc
from lama_desktop.core.arrays import Coverage, Image, full_value
from lama_desktop.core.color import ColorSpace, color_space
from lama_desktop.core.composite import to_depth
from lama_desktop.core.geometry import Rect
from lama_desktop.core.photo import ColorModel, Photo
from lama_desktop.core.profiles import neutral_profile, profile_of
from lama_desktop.formats.png import profile_chunk

Buffer = bytes | memoryview

HEADER = 33
"""Bytes from the start of a PNG file to the end of its header chunk."""
MASK_COLOR = (255, 64, 96)
THUMBNAIL = 256
_CURVE_STEPS = 1024


class Picture(NamedTuple):
    """A PNG file and the part of the drawable that is in it; all around it is 0."""

    parts: tuple[Buffer, ...]
    """The file in pieces, one after the other: joining them would copy it while every other thread has to wait."""
    box: Rect


class Header(NamedTuple):
    """What the first bytes of a PNG file say."""

    width: int
    height: int
    depth: int


def layer_profile(facts: Photo) -> bytes:
    """Return the ICC profile of the RGB pixels that the layers of such a document have.

    A grey document's layers have three equal channels with the curve of its own profile; those of CMYK are sRGB, and
    so are those whose profile cannot be used.
    """
    if facts.profile is None or facts.model is ColorModel.CMYK:
        return profile_of("sRGB")
    if facts.model is ColorModel.RGB:
        try:
            return facts.profile if icc.parse(facts.profile).space == "RGB" else profile_of("sRGB")
        except ValueError:
            return profile_of("sRGB")
    ramp = np.linspace(0, 65535, _CURVE_STEPS).round().astype(np.uint16)
    shades = color_space(ColorModel.GREY, facts.profile).to_srgb(ramp[None, :, None])[0, :, 0]
    light = icc.parse(profile_of("sRGB")).curves[0](shades.astype(np.float64))
    return neutral_profile((light * 65535).round().astype(">u2").tobytes())


def of_colors(pixels: Image, profile: bytes, *, cut: bool = True) -> Picture:
    """Return colours as PNG.

    Args:
        pixels: (H, W, 3 or 4) uint8 or uint16, RGB or RGBA.
        profile: theirs.
        cut: leave out the margins in which all channels are 0; one pixel stays at least.
    """
    box = content_box(pixels) if cut else Rect(0, 0, pixels.shape[1], pixels.shape[0])
    part = pixels[box.slices]
    order = cv2.COLOR_RGB2BGR if pixels.shape[2] == 3 else cv2.COLOR_RGBA2BGRA
    return Picture(_with_profile(_encoded(cv2.cvtColor(part, order)), profile), box)


def of_mask(coverage: Coverage) -> Picture:
    """Return a mask, not an empty one, as a picture that other programs show: one colour, the coverage as its alpha."""
    rows, columns = (np.flatnonzero(coverage.any(axis=axis)) for axis in (1, 0))
    box = Rect(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    part = coverage[box.slices]
    blue, green, red = (np.full(part.shape, value, np.uint8) for value in MASK_COLOR[::-1])
    return Picture(_with_profile(_encoded(cv2.merge([blue, green, red, part])), profile_of("sRGB")), box)


def of_plane(plane: NDArray[Any]) -> Picture:
    """Return (H, W) numbers as a grey PNG, and (H, W, 4) as one of four channels, without a profile, whole."""
    whole = np.ascontiguousarray(plane) if plane.ndim == 2 else cv2.cvtColor(plane, cv2.COLOR_RGBA2BGRA)
    return Picture((_encoded(whole),), Rect(0, 0, plane.shape[1], plane.shape[0]))


def thumbnail(colors: Image, space: ColorSpace) -> Picture:
    """Return a small picture in sRGB of colours (H, W, 3 or 4) in a space; no larger than they are."""
    height, width = colors.shape[:2]
    step = max(1, min(width, height) // (4 * THUMBNAIL))
    near = np.ascontiguousarray(colors[::step, ::step]).astype(np.float32) / np.float32(full_value(colors))
    if near.shape[2] == 4:  # what is transparent has no say in the colour
        near[..., :3] *= near[..., 3:]
    scale = min(1.0, THUMBNAIL / max(width, height))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(near, size, interpolation=cv2.INTER_AREA)
    if small.shape[2] == 4:
        small[..., :3] = small[..., :3] / np.maximum(small[..., 3:], 1e-6)
    small = np.rint(np.clip(small, 0, 1) * np.float32(full_value(colors))).astype(colors.dtype)
    shown = space.to_screen(np.ascontiguousarray(small[..., :3]))
    if small.shape[2] == 4:
        shown = np.dstack([shown, to_depth(small[..., 3:], np.uint8)])
    return of_colors(shown, profile_of("sRGB"), cut=False)


def content_box(pixels: Image) -> Rect:
    """Return the smallest rectangle outside of which every channel is 0; the first pixel where all of it is."""
    if pixels[0].any() and pixels[-1].any() and pixels[:, 0].any() and pixels[:, -1].any():
        return Rect(0, 0, pixels.shape[1], pixels.shape[0])
    rows = np.flatnonzero(pixels.any(axis=(1, 2)))
    if not len(rows):
        return Rect(0, 0, 1, 1)
    columns = np.flatnonzero(pixels[rows[0] : rows[-1] + 1].any(axis=(0, 2)))
    return Rect(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def header_of(start: bytes) -> Header | None:
    """Return what a PNG file says of itself, by its first `HEADER` bytes; None where it is no PNG file."""
    if len(start) < HEADER or start[:8] != b"\x89PNG\r\n\x1a\n" or start[12:16] != b"IHDR":
        return None
    return Header(*struct.unpack_from(">IIB", start, 16))


def _with_profile(data: memoryview, profile: bytes) -> tuple[Buffer, ...]:
    """Return a PNG file with an ICC profile put into it."""
    return data[:HEADER], profile_chunk(profile), data[HEADER:]


def _encoded(pixels: NDArray[Any]) -> memoryview:
    _, data = cv2.imencode(".png", pixels)
    return data.data
