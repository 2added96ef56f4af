"""Photo: what a picture file holds, as plain data.

A Photo is made by `formats.read`, never changed in place, and may cross threads. Its pixels stay in the file's own
colours and depth; `core/color.py` converts what a model or a screen needs.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from lama_desktop.core.arrays import Image


class ColorModel(StrEnum):
    """What the colour channels of a pixel mean."""

    GREY = "grey"
    RGB = "rgb"
    CMYK = "cmyk"

    @property
    def channels(self) -> int:
        """Number of colour channels, without alpha."""
        return {"grey": 1, "rgb": 3, "cmyk": 4}[self]


@dataclass(frozen=True)
class Metadata:
    """What a file says about the picture, byte for byte as it was found.

    Orientation has been applied to the pixels, and the fields that tell it are patched to 1, so that no reader turns
    the picture twice.
    """

    exif: bytes | None = None
    """A TIFF structure, without the "Exif" prefix that JPEG puts before it."""
    xmp: bytes | None = None
    """An XMP packet (UTF-8 XML)."""
    iptc: bytes | None = None
    """IPTC-IIM records, without the Photoshop resource around them."""
    comment: bytes | None = None
    """The JPEG comment."""
    texts: tuple[tuple[str, str], ...] = ()
    """PNG text entries, in order."""
    xmp_extension: tuple[bytes, ...] = ()
    """The JPEG segments that continue an XMP packet of more than 64 KB, verbatim, in order."""
    color_chunks: tuple[tuple[str, bytes], ...] = ()
    """PNG chunks (sRGB, gAMA, cHRM, cICP) that tell the colours where there is no profile."""


@dataclass(frozen=True)
class Encoding:
    """How the source file was written, so that the output is written the same way. Unset where it does not apply."""

    format: str = ""
    """The name in `formats.FORMATS`: "jpeg", "png", "tiff", ..."""
    quantization: tuple[tuple[int, ...], ...] = ()
    """JPEG quantization tables, each of 64 numbers."""
    subsampling: str = ""
    """JPEG chroma subsampling: "4:4:4", "4:2:2" or "4:2:0"."""
    progressive: bool = False
    """JPEG scans."""
    lossless: bool = False
    """WebP."""
    compression: str = ""
    """TIFF compression: "none", "lzw", "deflate", ..."""
    premultiplied: bool = False
    """TIFF with associated alpha. `Photo.pixels` is straight all the same; the way back is exact."""


@dataclass(frozen=True, eq=False)
class Photo:
    """One picture.

    `pixels` is (H, W, C) uint8 or uint16: the channels of `model`, then alpha (straight) where `has_alpha`. For CMYK 0
    is no ink.
    """

    pixels: Image
    model: ColorModel = ColorModel.RGB
    has_alpha: bool = False
    profile: bytes | None = None
    """The ICC profile of `pixels`, verbatim; None means sRGB (or, for CMYK, unknown ink)."""
    resolution: tuple[float, float] | None = None
    """Pixels per inch, horizontally and vertically."""
    metadata: Metadata = field(default_factory=Metadata)
    encoding: Encoding = field(default_factory=Encoding)
    notes: tuple[str, ...] = ()
    """Sentences about what reading had to change or leave behind."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]

    @property
    def depth(self) -> int:
        """Bits per channel: 8 or 16."""
        return self.pixels.dtype.itemsize * 8
