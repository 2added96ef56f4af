"""WebP, AVIF and BMP: 8-bit formats that Pillow reads and writes whole.

Formats with more to them (16 bit, verbatim segments) have files of their own.
"""

import secrets
import struct
from io import BytesIO
from typing import ClassVar

import numpy as np
from PIL import Image as PillowImage

from lama_desktop.core.photo import ColorModel, Encoding, Metadata, Photo
from lama_desktop.formats import exif, fit, metadata
from lama_desktop.formats.base import FileFormat, WriteOptions, check_size, quiet
from lama_desktop.formats.jpeg import DEFAULT_QUALITY

_PREFIX = b"Exif\0\0"


class _PillowFormat(FileFormat):
    """What the three share."""

    pillow: ClassVar[str]
    models: ClassVar[tuple[ColorModel, ...]] = (ColorModel.RGB,)

    def read(self, data: bytes, name: str) -> Photo:
        """Decode the first picture and turn it upright; see `FileFormat.read`."""
        with quiet():
            picture: PillowImage.Image = PillowImage.open(BytesIO(data), formats=(self.pillow,))
        check_size(*picture.size, name)
        picture.load()
        notes = self._notes(data)
        if (frames := getattr(picture, "n_frames", 1)) > 1:
            notes.append(f"The file is an animation of {frames} pictures: only the first was opened.")
        if picture.mode == "P":
            notes.append("The picture's palette was expanded to full colours.")
        if picture.mode in ("1", "P", "PA", "RGBX"):
            transparent = picture.mode == "PA" or "transparency" in picture.info
            picture = picture.convert("L" if picture.mode == "1" else "RGBA" if transparent else "RGB")
        pixels = np.asarray(picture)
        pixels = pixels.reshape(*pixels.shape[:2], -1)
        info = picture.info
        block = info.get("exif") or None
        found = Metadata(
            exif=block.removeprefix(_PREFIX) if block else None,
            xmp=info.get("xmp") or None,
        )
        orientation = exif.orientation(found.exif)
        resolution = exif.resolution(found.exif)
        if resolution is None and "dpi" in info and min(info["dpi"]) > 1:
            resolution = (float(info["dpi"][0]), float(info["dpi"][1]))
        return Photo(
            pixels=fit.turned(pixels, orientation),
            model=ColorModel.GREY if pixels.shape[2] < 3 else ColorModel.RGB,
            has_alpha=pixels.shape[2] in (2, 4),
            profile=info.get("icc_profile") or None,
            resolution=resolution[::-1] if resolution and orientation > 4 else resolution,
            metadata=metadata.upright(found),
            encoding=self._encoding(data),
            notes=tuple(notes),
        )

    def _notes(self, data: bytes) -> list[str]:
        return []

    def _encoding(self, data: bytes) -> Encoding:
        return Encoding(format=self.name)


class WebP(_PillowFormat):
    """WebP files, lossy and lossless."""

    name, title, suffixes, pillow = "webp", "WebP", (".webp",), "WEBP"
    lossy = True
    holds = frozenset({"profile", "exif", "xmp"})
    max_side = 16383

    def recognises(self, head: bytes) -> bool:
        """Tell by the RIFF type."""
        return head[:4] == b"RIFF" and head[8:12] == b"WEBP"

    def is_lossy(self, photo: Photo, options: WriteOptions) -> bool:
        """Tell whether neither the options nor the source ask for exact pixels."""
        return not self._lossless(photo, options)

    def encode(self, photo: Photo, options: WriteOptions) -> bytes:
        """Encode like the source, or as the options say; colours under full transparency are kept."""
        lossless = self._lossless(photo, options)
        out = BytesIO()
        PillowImage.fromarray(photo.pixels).save(
            out,
            "WEBP",
            lossless=lossless,
            quality=75 if lossless else options.quality or DEFAULT_QUALITY,
            alpha_quality=100,
            method=4,
            exact=True,
            icc_profile=photo.profile or b"",
            exif=photo.metadata.exif or b"",
            xmp=photo.metadata.xmp or b"",
        )
        return out.getvalue()

    def _lossless(self, photo: Photo, options: WriteOptions) -> bool:
        return options.lossless or (
            photo.encoding.format == self.name and photo.encoding.lossless and not options.quality
        )

    def _encoding(self, data: bytes) -> Encoding:
        position, lossless = 12, False
        while position + 8 <= len(data):
            kind, length = data[position : position + 4], int.from_bytes(data[position + 4 : position + 8], "little")
            lossless = lossless or kind == b"VP8L"
            position += 8 + length + length % 2
        return Encoding(format=self.name, lossless=lossless)


class Avif(_PillowFormat):
    """AVIF files, 8 bit."""

    name, title, suffixes, pillow = "avif", "AVIF", (".avif",), "AVIF"
    lossy = True
    holds = frozenset({"profile", "exif", "xmp"})
    max_side = 16384

    def recognises(self, head: bytes) -> bool:
        """Tell by the brands of the file type box."""
        length = min(int.from_bytes(head[:4], "big"), len(head))
        brands = [head[start : start + 4] for start in range(8, length, 4) if start != 12]
        return head[4:8] == b"ftyp" and (b"avif" in brands or b"avis" in brands)

    def encode(self, photo: Photo, options: WriteOptions) -> bytes:
        """Encode with full colour resolution; see `FileFormat.encode`."""
        block, stand_in = photo.metadata.exif or b"", b""
        if block:
            stand_in = _stand_in(len(block))
        out = BytesIO()
        PillowImage.fromarray(photo.pixels).save(
            out,
            "AVIF",
            quality=options.quality or DEFAULT_QUALITY,
            subsampling="4:4:4",
            icc_profile=photo.profile or b"",
            exif=stand_in,
            xmp=photo.metadata.xmp or b"",
        )
        data = out.getvalue()
        if stand_in:
            if data.count(stand_in) != 1:
                raise ValueError("the EXIF block of the AVIF file was not where it was expected")
            data = data.replace(stand_in, block.ljust(len(stand_in), b"\0"))
        return data

    def _notes(self, data: bytes) -> list[str]:
        start = data.find(b"av1C")
        if start >= 0 and len(data) > start + 6 and data[start + 6] & 0x40:
            return ["The file holds more than 8 bits per channel: they were rounded to 8."]
        return []


class Bmp(_PillowFormat):
    """Windows bitmaps."""

    name, title, suffixes, pillow = "bmp", "BMP", (".bmp", ".dib"), "BMP"
    models = (ColorModel.GREY, ColorModel.RGB)
    alpha = False
    holds = frozenset({"resolution"})
    max_side = (1 << 31) - 1

    def recognises(self, head: bytes) -> bool:
        """Tell by the magic number and a header length that exists."""
        return (
            head[:2] == b"BM"
            and len(head) >= 18
            and struct.unpack_from("<I", head, 14)[0] in (12, 40, 52, 56, 64, 108, 124)
        )

    def encode(self, photo: Photo, options: WriteOptions) -> bytes:
        """Write uncompressed; see `FileFormat.encode`."""
        out = BytesIO()
        flat = photo.pixels[..., 0] if photo.model is ColorModel.GREY else photo.pixels
        PillowImage.fromarray(np.ascontiguousarray(flat)).save(out, "BMP", dpi=photo.resolution or (96, 96))
        return out.getvalue()


def _stand_in(length: int) -> bytes:
    """Return an empty EXIF block of this length: Pillow rewrites a real one and loses what it does not know."""
    return (b"II*\0\x08\0\0\0\0\0\0\0\0\0" + secrets.token_bytes(16)).ljust(length, b"\0")
