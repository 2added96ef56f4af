"""Between a file's own colours and sRGB.

Pixels of a photo stay in the file's profile; a model and a screen see sRGB. `color_space` picks how to get there:

* no profile, or one whose matrix and curves are sRGB's: the numbers are the colours, scaled, and the way back is exact;
* matrix and tone-curve profiles (RGB, grey): float32 arithmetic at the depth of the pixels;
* profiles made of tables, and CMYK: a grid that LittleCMS fills once, interpolated, so 16 bit stays smooth;
* CMYK without a profile: the plain formula.

Colours outside sRGB are clipped. Pure functions and immutable objects; any thread.
"""

import itertools
import logging
from functools import lru_cache
from io import BytesIO
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageCms

from lama_desktop.core import icc
from lama_desktop.core.arrays import Colors, Image, full_value
from lama_desktop.core.photo import ColorModel

logger = logging.getLogger(__name__)

_SRGB_TO_XYZ = np.array(
    [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]
)
"""sRGB primaries adapted to D50 (Bradford), which is what ICC profiles hold."""
_LUMINANCE = _SRGB_TO_XYZ[1].astype(np.float32)
_SAME_TONE, _SAME_MATRIX = 1.2 / 255, 0.002
"""What is this near to sRGB is sRGB: the usual profiles of that name differ by up to 1.1 / 255 and 0.0006."""
_CHUNK = 1 << 18
_NODES = {1: 256, 3: 52, 4: 18}
"""Grid nodes per axis; 255 divides into these steps, so that every node is a whole 8-bit value."""

Floats32 = NDArray[np.float32]


class ColorSpace(Protocol):
    """Converts pixels of one file to sRGB and back."""

    def to_srgb(self, pixels: Image) -> Colors:
        """Return the sRGB colours, (H, W, 3) float32 0..1, of colour channels (H, W, C) without alpha."""
        ...

    def from_srgb(self, colors: Colors, like: Image) -> Image:
        """Return `colors` in the file's colours, with the channels and dtype of `like`."""
        ...

    def to_screen(self, pixels: Image) -> Image:
        """Return colour channels (H, W, C) as (H, W, 3) uint8 sRGB: `to_srgb`, rounded, but made for speed.

        May return `pixels` itself where they are 8-bit sRGB.
        """
        ...


def color_space(model: ColorModel, profile: bytes | None) -> ColorSpace:
    """Return the conversion for pixels of `model` with this ICC profile.

    A profile that is damaged or belongs to another colour model is treated as none, with a warning in the log.
    """
    return _cached_space(model, profile)


@lru_cache(maxsize=16)
def _cached_space(model: ColorModel, profile: bytes | None) -> ColorSpace:
    plain: ColorSpace = _PlainCmyk() if model is ColorModel.CMYK else SRGB
    if profile is None:
        return plain
    try:
        return _profiled(model, profile)
    except (ValueError, OSError, ImageCms.PyCMSError, ArithmeticError) as error:
        logger.warning("The colour profile cannot be used and is ignored: %s", error)
        return plain


def rgb_space(model: ColorModel, profile: bytes | None) -> ColorSpace:
    """Return the conversion for the RGB pixels that a document makes of such a photo.

    Grey photos have three equal channels there, each with the grey profile's curve, and stay grey; CMYK photos are
    converted to sRGB on the way in.
    """
    if model is ColorModel.GREY:
        return _ThreeGreys(color_space(model, profile))
    return SRGB if model is ColorModel.CMYK else color_space(model, profile)


def _profiled(model: ColorModel, data: bytes) -> ColorSpace:
    profile = icc.parse(data)
    expected = {ColorModel.RGB: "RGB", ColorModel.GREY: "GRAY", ColorModel.CMYK: "CMYK"}[model]
    if profile.space != expected:
        raise ValueError(f"it is for {profile.space} pixels, and these are {expected}")
    if profile.has_table or not profile.curves:
        return _GridSpace(model, data)
    space = _GreySpace(profile) if model is ColorModel.GREY else _MatrixSpace(profile)
    return SRGB if space.is_srgb else space


class _Space:
    """What all have in common."""

    def to_srgb(self, pixels: Image) -> Colors:
        raise NotImplementedError

    def to_screen(self, pixels: Image) -> Image:
        return _quantized(self.to_srgb(pixels), np.empty((1, 1, 3), np.uint8))


class _Srgb(_Space):
    """sRGB or undeclared pixels, grey or RGB: scaling, exact in both directions at 8 and 16 bit."""

    def to_srgb(self, pixels: Image) -> Colors:
        colors = pixels.astype(np.float32) / np.float32(full_value(pixels))
        return np.ascontiguousarray(np.broadcast_to(colors, (*colors.shape[:2], 3)))

    def from_srgb(self, colors: Colors, like: Image) -> Image:
        if like.shape[2] == 1:
            colors = _encoded(_linear(colors) @ _LUMINANCE)[..., None]
        return _quantized(colors, like)

    def to_screen(self, pixels: Image) -> Image:
        if pixels.dtype == np.uint16:
            pixels = cv2.convertScaleAbs(pixels, alpha=1 / 257).reshape(pixels.shape)
        return pixels if pixels.shape[2] == 3 else np.repeat(pixels, 3, axis=2)


SRGB: ColorSpace = _Srgb()


class _MatrixSpace(_Space):
    """An RGB profile of three curves and a matrix."""

    def __init__(self, profile: icc.Profile) -> None:
        assert profile.matrix is not None
        self._curves = profile.curves
        self._forward = (np.linalg.inv(_SRGB_TO_XYZ) @ profile.matrix).astype(np.float32)
        self._backward = (np.linalg.inv(profile.matrix) @ _SRGB_TO_XYZ).astype(np.float32)
        self._tables: dict[np.dtype[Any], list[Floats32]] = {}

    @property
    def is_srgb(self) -> bool:
        off_axis = np.abs(self._forward - np.eye(3)).max()
        return bool(off_axis < _SAME_MATRIX) and all(_is_srgb_tone(curve) for curve in self._curves)

    def to_srgb(self, pixels: Image) -> Colors:
        linear = np.empty(pixels.shape, np.float32)
        for channel, curve in enumerate(self._curves):
            linear[..., channel] = _table(curve, pixels)[pixels[..., channel]]
        return _encoded(linear @ self._forward.T)

    def from_srgb(self, colors: Colors, like: Image) -> Image:
        linear = np.clip(_linear(colors) @ self._backward.T, 0, 1)
        for channel, curve in enumerate(self._curves):
            linear[..., channel] = _inverse(curve, linear[..., channel])
        return _quantized(linear, like)

    def to_screen(self, pixels: Image) -> Image:
        tables = self._tables.get(pixels.dtype)
        if tables is None:
            tables = self._tables[pixels.dtype] = [_table(curve, pixels) for curve in self._curves]
        linear = np.stack([np.take(table, pixels[..., i], mode="clip") for i, table in enumerate(tables)], axis=-1)
        light = np.clip(cv2.transform(linear, self._forward * 65535), 0, 65535)
        return np.take(_screen_table(), light.astype(np.uint16), mode="clip")


class _GreySpace(_Space):
    """A grey profile: one curve to the lightness of a neutral colour."""

    def __init__(self, profile: icc.Profile) -> None:
        (curve,) = profile.curves
        self._curve = curve
        if profile.connection == "Lab":
            self._curve = lambda x: _luminance(curve(x))

    @property
    def is_srgb(self) -> bool:
        return _is_srgb_tone(self._curve)

    def to_srgb(self, pixels: Image) -> Colors:
        grey = _encoded(_table(self._curve, pixels))[pixels]
        return np.ascontiguousarray(np.broadcast_to(grey, (*grey.shape[:2], 3)))

    def from_srgb(self, colors: Colors, like: Image) -> Image:
        return _quantized(_inverse(self._curve, _linear(colors) @ _LUMINANCE)[..., None], like)


class _ThreeGreys(_Space):
    """RGB pixels whose channels are equal, in the colours of a grey photo."""

    def __init__(self, space: ColorSpace) -> None:
        self._space = space
        self._tables: dict[np.dtype[Any], Image] = {}

    def to_srgb(self, pixels: Image) -> Colors:
        return self._space.to_srgb(np.ascontiguousarray(pixels[..., :1]))

    def from_srgb(self, colors: Colors, like: Image) -> Image:
        grey = self._space.from_srgb(colors, like[..., :1])
        return np.ascontiguousarray(np.broadcast_to(grey, (*grey.shape[:2], 3)))

    def to_screen(self, pixels: Image) -> Image:
        table = self._tables.get(pixels.dtype)
        if table is None:
            ramp = np.arange(full_value(pixels) + 1).astype(pixels.dtype)
            table = self._tables[pixels.dtype] = self._space.to_screen(ramp[:, None, None])[:, 0, 0].copy()
        return cv2.merge([np.take(table, pixels[..., 0], mode="clip")] * 3)


class _PlainCmyk(_Space):
    """CMYK of unknown ink: (1 - ink)(1 - black)."""

    def to_srgb(self, pixels: Image) -> Colors:
        light = 1 - pixels.astype(np.float32) / np.float32(full_value(pixels))
        return light[..., :3] * light[..., 3:]

    def to_screen(self, pixels: Image) -> Image:
        if pixels.dtype == np.uint16:
            return super().to_screen(pixels)
        light = (255 - pixels).astype(np.uint16)
        product = light[..., :3] * light[..., 3:] + np.uint16(128)
        return ((product + (product >> 8)) >> 8).astype(np.uint8)  # the rounded quotient by 255

    def from_srgb(self, colors: Colors, like: Image) -> Image:
        """Return the inks; black grows with the square of the shade, so that light tones stay free of it."""
        colors = np.clip(colors, 0, 1)
        black = (1 - colors.max(axis=-1, keepdims=True)) ** 2
        inks = 1 - colors / np.maximum(1 - black, 1e-6)
        return _quantized(np.concatenate([np.where(black < 1, inks, 0), black], axis=-1), like)


class _GridSpace(_Space):
    """A profile of tables: grids in both directions, sampled from LittleCMS (relative colorimetric, black point)."""

    def __init__(self, model: ColorModel, data: bytes) -> None:
        profile = ImageCms.ImageCmsProfile(BytesIO(data))
        srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
        mode = {ColorModel.GREY: "L", ColorModel.RGB: "RGB", ColorModel.CMYK: "CMYK"}[model]
        self._forward = _sampled(profile, srgb, mode, "RGB")
        self._backward = _sampled(srgb, profile, "RGB", mode)
        self._mode, self._quick = mode, _transform(profile, srgb, mode, "RGB")

    def to_srgb(self, pixels: Image) -> Colors:
        return _interpolated(self._forward, pixels.astype(np.float32) / np.float32(full_value(pixels)))

    def from_srgb(self, colors: Colors, like: Image) -> Image:
        return _quantized(_interpolated(self._backward, np.clip(colors, 0, 1)), like)

    def to_screen(self, pixels: Image) -> Image:
        if pixels.dtype == np.uint16:  # LittleCMS is reached through 8-bit pictures only
            pixels = cv2.convertScaleAbs(pixels, alpha=1 / 257).reshape(pixels.shape)
        size = pixels.shape[1], pixels.shape[0]
        picture = PillowImage.frombytes(self._mode, size, np.ascontiguousarray(pixels).tobytes())
        return np.asarray(ImageCms.applyTransform(picture, self._quick))


def _sampled(source: ImageCms.ImageCmsProfile, target: ImageCms.ImageCmsProfile, mode: str, result: str) -> Floats32:
    """Return the conversion at the nodes of a grid: (n, ..., n, K) float32 0..1, one axis per channel of `mode`."""
    transform, channels = _transform(source, target, mode, result), len(mode)
    axis = np.linspace(0, 255, _NODES[channels]).round().astype(np.uint8)
    nodes = np.stack(np.meshgrid(*[axis] * channels, indexing="ij"), axis=-1)
    picture = PillowImage.frombytes(mode, (nodes.size // channels // len(axis), len(axis)), nodes.tobytes())
    converted = ImageCms.applyTransform(picture, transform)
    assert converted is not None
    values: Floats32 = np.asarray(converted, np.float32) / np.float32(255)
    return values.reshape(*nodes.shape[:-1], len(result))


def _transform(
    source: ImageCms.ImageCmsProfile, target: ImageCms.ImageCmsProfile, mode: str, result: str
) -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(
        source,
        target,
        mode,
        result,
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )


def _interpolated(grid: Floats32, values: Floats32) -> Floats32:
    """Return `grid` at `values` (H, W, C) 0..1, linear between the 2^C nodes around each; (H, W, K) float32."""
    nodes, channels = grid.shape[0], grid.ndim - 1
    flat, strides = grid.reshape(-1, grid.shape[-1]), [nodes ** (channels - 1 - axis) for axis in range(channels)]
    points = values.reshape(-1, channels)
    result = np.zeros((len(points), grid.shape[-1]), np.float32)
    for start in range(0, len(points), _CHUNK):
        position = points[start : start + _CHUNK] * np.float32(nodes - 1)
        low = np.minimum(position.astype(np.intp), nodes - 2)
        upper = position - low
        base = low @ np.array(strides, np.intp)
        for corner in itertools.product((0, 1), repeat=channels):
            weight = np.ones(len(position), np.float32)
            for axis, side in enumerate(corner):
                weight *= upper[:, axis] if side else 1 - upper[:, axis]
            offset = sum(stride for stride, side in zip(strides, corner, strict=True) if side)
            result[start : start + _CHUNK] += weight[:, None] * flat[base + offset]
    return result.reshape(*values.shape[:-1], grid.shape[-1])


def _quantized(values: Floats32, like: Image) -> Image:
    """Return values 0..1 rounded to the dtype of `like`; others are clipped."""
    scaled = np.clip(values, 0, 1) * np.float32(full_value(like))
    return np.ascontiguousarray(np.rint(scaled).astype(like.dtype))


@lru_cache(maxsize=1)
def _screen_table() -> Image:
    """Return 8-bit sRGB for linear light in 65536 steps, the finest of which is a twentieth of a value."""
    light = (np.arange(65536, dtype=np.float32) + np.float32(0.5)) / np.float32(65536)
    table = _quantized(_encoded(light), np.empty(1, np.uint8))
    table.flags.writeable = False
    return table


def _table(curve: icc.Curve, pixels: Image) -> Floats32:
    """Return `curve` for every value that a pixel of this depth can have."""
    values: Floats32 = curve(np.linspace(0, 1, full_value(pixels) + 1)).astype(np.float32)
    return values


def _inverse(curve: icc.Curve, values: Floats32) -> Floats32:
    positions = np.linspace(0, 1, 1 << 16)
    found: Floats32 = np.interp(values, np.maximum.accumulate(curve(positions)), positions).astype(np.float32)
    return found


def _is_srgb_tone(curve: icc.Curve) -> bool:
    positions = np.linspace(0, 1, 256)
    return bool(np.abs(_encoded(curve(positions).astype(np.float32)) - positions).max() < _SAME_TONE)


def _encoded(linear: Floats32) -> Floats32:
    """Return sRGB values of linear light; both 0..1, clipped (IEC 61966-2-1)."""
    linear = np.clip(linear, 0, 1)
    high = np.float32(1.055) * np.power(linear, np.float32(1 / 2.4)) - np.float32(0.055)
    return np.where(linear <= 0.0031308, linear * np.float32(12.92), high).astype(np.float32)


def _linear(encoded: Floats32) -> Floats32:
    """Return linear light of sRGB values; both 0..1, clipped."""
    encoded = np.clip(encoded, 0, 1)
    high = np.power((encoded + np.float32(0.055)) / np.float32(1.055), np.float32(2.4))
    return np.where(encoded <= 0.04045, encoded / np.float32(12.92), high).astype(np.float32)


def _luminance(lightness: icc.Floats) -> icc.Floats:
    """Return Y of L* / 100; both 0..1 (CIE 1976)."""
    stars = lightness * 100
    return np.where(stars > 8, ((stars + 16) / 116) ** 3, stars / 903.3)
