"""HEIC and HEIF: the photos of telephones, read by libheif (the optional package `pillow-heif`).

10 and 12 bits come as 16. The file's own turn and mirror are applied by libheif; the EXIF orientation beside them is
for other formats and is set to 1, as the standard wants it. Colours that are named by numbers instead of a profile get
the profile of that name. AVIF, which lies in the same container, has a reader of its own in `formats/plain.py`.

Source: ISO/IEC 23008-12 (HEIF); ITU-T H.273 (code points of colours).
"""

from io import BytesIO
from typing import Any

import numpy as np

from lama_desktop.core.arrays import Image
from lama_desktop.core.photo import ColorModel, Encoding, Metadata, Photo
from lama_desktop.core.profiles import profile_of
from lama_desktop.errors import FileFormatError
from lama_desktop.formats import exif, metadata
from lama_desktop.formats.base import ForeignFormat, check_size, quiet

_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_PREFIX = b"Exif\0\0"
_PRIMARIES = {1: "sRGB", 9: "BT.2020", 12: "Display P3"}
_VIDEO_TONES, _HDR_TONES = (1, 6, 14, 15), (16, 18)
_BANDS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "RGBa": 4}


class Heic(ForeignFormat):
    """HEIC files, 8 to 12 bit."""

    name, title, suffixes = "heic", "HEIC", (".heic", ".heif", ".hif")
    package, extra, kept_as = "pillow_heif", "heic", "jpeg"

    def recognises(self, head: bytes) -> bool:
        """Tell by the brand of the file type box; AVIF has been recognised before."""
        return head[4:8] == b"ftyp" and head[8:12] in _BRANDS

    def read(self, data: bytes, name: str) -> Photo:
        """Decode the primary picture; see `ReadableFormat.read`."""
        library = self.library(name)
        with quiet():
            file = library.open_heif(BytesIO(data), convert_hdr_to_8bit=False, hdr_to_16bit=False)
            picture = file[file.primary_index]
            pixels = _pixels(picture, name)
        info, notes = picture.info, []
        if picture.premultiplied_alpha:
            pixels = _straight(pixels)
        if len(file) > 1:
            notes.append(f"The file holds {len(file)} pictures: only the main one was opened.")
        if info.get("depth_images") or info.get("aux"):
            notes.append("The file's depth, gain or matte pictures were left behind.")
        model = ColorModel.GREY if pixels.shape[2] < 3 else ColorModel.RGB
        profile = info.get("icc_profile") or None
        if profile is None and model is ColorModel.RGB:
            profile, said = _named_profile(info.get("nclx_profile") or {})
            notes += said
        block = info.get("exif") or None
        found = Metadata(exif=block.removeprefix(_PREFIX) if block else None, xmp=info.get("xmp") or None)
        return Photo(
            pixels=pixels,
            model=model,
            has_alpha=pixels.shape[2] in (2, 4),
            profile=profile,
            resolution=exif.resolution(found.exif),
            metadata=metadata.upright(found),
            encoding=Encoding(format=self.name),
            notes=tuple(notes),
        )


def _pixels(picture: Any, name: str) -> Image:
    """Decode: (H, W, C) uint8, or uint16 over its whole range, whatever depth is stored."""
    width, height = picture.size
    check_size(width, height, name)
    mode, _, bits = picture.mode.partition(";")
    if mode not in _BANDS:
        raise FileFormatError(f"{name} holds colours of a rare kind ({picture.mode}). Export it as JPEG or PNG.")
    found = np.asarray(picture)
    width, height = picture.size  # of what was decoded, which counts
    check_size(width, height, name)
    found = found.reshape(height, -1, _BANDS[mode])[:, :width]
    if found.dtype == np.uint8:
        return np.ascontiguousarray(found)
    full = (1 << int(bits)) - 1
    return ((found.astype(np.uint32) * 65535 + full // 2) // full).astype(np.uint16)


def _straight(pixels: Image) -> Image:
    full, alpha = np.iinfo(pixels.dtype).max, np.maximum(pixels[..., -1:].astype(np.uint64), 1)
    result = pixels.copy()
    result[..., :-1] = np.minimum((pixels[..., :-1].astype(np.uint64) * full + alpha // 2) // alpha, full)
    return result


def _named_profile(named: dict[str, Any]) -> tuple[bytes | None, list[str]]:
    """Return the profile for code points of colours (None for sRGB, or where nothing is named), and what to say."""
    space = _PRIMARIES.get(named.get("color_primaries", 1))
    tone = named.get("transfer_characteristics", 13)
    if tone in _HDR_TONES:
        return None, ["The picture's brightness is coded for HDR screens: it is shown without that, and looks flat."]
    video = tone in _VIDEO_TONES and space == "BT.2020"  # telephones name BT.709's curve and mean sRGB's
    return (None if space in (None, "sRGB") else profile_of(space, video_tone=video)), []
