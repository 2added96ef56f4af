"""Make a photo fit into a format, and say beforehand what that costs.

`losses` and `fitted` follow the same conditions: what the first says is what the second does.
"""

import dataclasses
from collections.abc import Collection

import numpy as np

from lama_desktop.core.arrays import Image, full_value
from lama_desktop.core.color import SRGB, color_space
from lama_desktop.core.photo import ColorModel, Metadata, Photo
from lama_desktop.formats import exif, metadata
from lama_desktop.formats.base import FileFormat, WriteOptions

_ROWS = 256
_LOSSLESS = ("png", "tiff", "bmp")
_NAMES = {"exif": "EXIF data", "xmp": "XMP data", "iptc": "IPTC data", "comment": "comment", "texts": "text entries"}


def losses(photo: Photo, target: FileFormat, options: WriteOptions) -> list[str]:
    """Return, as sentences, what writing in this format drops or changes; what was asked to be dropped is not."""
    said, title = [], target.title
    if photo.depth not in target.depths:
        said.append(
            f"{title} holds 8 bits per channel: the picture's {photo.depth} are rounded. PNG and TIFF keep them."
        )
    if photo.model is ColorModel.CMYK and photo.model not in target.models:
        said.append(f"{title} has no CMYK: the picture is converted to sRGB. TIFF and JPEG keep it.")
    if photo.has_alpha and not target.alpha:
        said.append(f"{title} has no transparency: transparent parts become white. PNG, TIFF and WebP keep them.")
    if photo.profile is not None and _loses_profile(photo, target) and photo.model is not ColorModel.CMYK:
        same = color_space(photo.model, photo.profile) is SRGB
        how = "it is left out; the colours are sRGB as they are" if same else "the colours are converted to sRGB"
        said.append(f"{title} cannot hold the picture's colour profile: {how}.")
    if target.is_lossy(photo, options) and _is_lossless(photo):
        said.append(f"{title} compresses with loss: every pixel can change a little. PNG and TIFF keep them exactly.")
    if not options.strip_metadata:
        said += [
            f"{title} cannot hold the picture's {text}: left out."
            for field, text in _NAMES.items()
            if getattr(photo.metadata, field) and field not in target.holds
        ]
        if "xmp" in target.holds and metadata.extension_shows_pictures(photo.metadata):
            said.append("The XMP data holds another picture of the scene, as before the change: it is left out.")
        elif photo.metadata.xmp_extension and "xmp_extension" not in target.holds:
            said.append(f"{title} cannot hold the long part of the XMP data: left out.")
        said += target.extra_losses(photo)
    if photo.resolution and not target.holds & {"resolution", "exif"}:
        said.append(f"{title} cannot hold the resolution ({photo.resolution[0]:g} dpi): left out.")
    if _tells_gamma(photo.metadata) and "color_chunks" not in target.holds:
        said.append(f"{title} cannot hold the gamma that the PNG file tells: colours may look different.")
    return said


def fitted(photo: Photo, target: FileFormat, options: WriteOptions) -> Photo:
    """Return `photo` as this format can hold it, with metadata that follows its pixels."""
    found = photo.metadata
    if options.strip_metadata:
        found = Metadata(color_chunks=found.color_chunks)
    else:
        kept = {
            field: getattr(found, field) if field in target.holds else field_default
            for field, field_default in dataclasses.asdict(Metadata()).items()
        }
        found = metadata.following(dataclasses.replace(photo, metadata=dataclasses.replace(found, **kept)))
    if photo.resolution and found.exif is None and target.holds & {"exif", "resolution"} == {"exif"}:
        found = dataclasses.replace(found, exif=exif.of_resolution(photo.resolution))
    photo = dataclasses.replace(photo, metadata=found)
    if photo.model not in target.models or (photo.profile is not None and _loses_profile(photo, target)):
        photo = as_srgb(photo, target.models)
    if photo.depth not in target.depths:
        photo = dataclasses.replace(photo, pixels=to_8_bit(photo.pixels))
    if photo.has_alpha and not target.alpha:
        photo = _on_white(photo)
    return photo


def to_8_bit(pixels: Image) -> Image:
    """Return 16-bit values rounded to 8 bits: 65535 is 255, 257 is 1."""
    if pixels.dtype == np.uint8:
        return pixels
    result = np.empty(pixels.shape, np.uint8)
    for top in range(0, len(pixels), _ROWS):
        result[top : top + _ROWS] = (pixels[top : top + _ROWS].astype(np.uint32) + 128) // 257
    return result


def as_srgb(photo: Photo, models: Collection[ColorModel]) -> Photo:
    """Return the photo in sRGB without a profile; grey stays grey where it is one of the models that may be."""
    colors = photo.model.channels
    space = color_space(photo.model, photo.profile)
    model = ColorModel.GREY if photo.model is ColorModel.GREY and ColorModel.GREY in models else ColorModel.RGB
    shape = (*photo.pixels.shape[:2], model.channels + photo.has_alpha)
    result = np.empty(shape, photo.pixels.dtype)
    for top in range(0, shape[0], _ROWS):
        band = photo.pixels[top : top + _ROWS]
        like = result[:1, :1, : model.channels]
        if space is SRGB:
            result[top : top + _ROWS, :, : model.channels] = band[..., :colors]
        else:
            result[top : top + _ROWS, :, : model.channels] = SRGB.from_srgb(space.to_srgb(band[..., :colors]), like)
    if photo.has_alpha:
        result[..., -1] = photo.pixels[..., -1]
    return dataclasses.replace(photo, pixels=result, model=model, profile=None)


def turned(pixels: Image, orientation: int) -> Image:
    """Return the pixels as a viewer shows them for this EXIF orientation, 1 to 8; C-contiguous."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)


def _on_white(photo: Photo) -> Photo:
    """Return the photo without alpha, laid on white paper."""
    full = full_value(photo.pixels)
    paper = 0 if photo.model is ColorModel.CMYK else full
    result = np.empty((*photo.pixels.shape[:2], photo.model.channels), photo.pixels.dtype)
    for top in range(0, len(result), _ROWS):
        band = photo.pixels[top : top + _ROWS].astype(np.int64)
        alpha = band[..., -1:]
        result[top : top + _ROWS] = (band[..., :-1] * alpha + paper * (full - alpha) + full // 2) // full
    return dataclasses.replace(photo, pixels=result, has_alpha=False)


def _loses_profile(photo: Photo, target: FileFormat) -> bool:
    """Tell whether the profile cannot come along; that of a grey picture cannot follow it into a colour format."""
    return "profile" not in target.holds or photo.model not in target.models


def _is_lossless(photo: Photo) -> bool:
    return photo.encoding.lossless or photo.encoding.format in _LOSSLESS


def _tells_gamma(found: Metadata) -> bool:
    chunks = dict(found.color_chunks)
    gamma = int.from_bytes(chunks.get("gAMA", b""), "big")
    return "cICP" in chunks or ("sRGB" not in chunks and gamma not in (0, 45455))
