"""Small photos and metadata for the tests of the formats."""

import io
import struct

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageCms

from lama_desktop.core.photo import ColorModel, Encoding, Metadata, Photo
from lama_desktop.formats.ifd import EXIF_POINTER, GPS_POINTER, MAKER_NOTE, Field, build

SRGB_PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    b'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="1" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    b'dc:format="image/jpeg"/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)
IPTC = b"\x1c\x02\x78\x00\x05Otter\x1c\x02\x50\x00\x04Anna"


def pixels(model=ColorModel.RGB, alpha=False, depth=8, size=(23, 17), seed=0):
    """Return random pixels with every extreme among them."""
    random = np.random.default_rng(seed)
    dtype = np.uint8 if depth == 8 else np.uint16
    found = random.integers(0, np.iinfo(dtype).max + 1, (size[1], size[0], model.channels + alpha), dtype=dtype)
    found[0, 0], found[0, 1] = 0, np.iinfo(dtype).max
    return found


def smooth(model=ColorModel.RGB, size=(64, 48)):
    """Return a picture that lossy formats keep nearly."""
    y, x = np.mgrid[: size[1], : size[0]]
    layers = [x * 3, y * 4, (x + y) * 2, 40 + 0 * x][: model.channels]
    return np.stack([np.clip(layer + 20, 0, 250) for layer in layers], axis=-1).astype(np.uint8)


def jpeg_bytes(array, **settings):
    out = io.BytesIO()
    flat = array[..., 0] if array.shape[2] == 1 else array
    PillowImage.fromarray(np.ascontiguousarray(flat), "CMYK" if array.shape[2] == 4 else None).save(
        out, "JPEG", **settings
    )
    return out.getvalue()


def exif_block(order="<", orientation=1, thumbnail=b"", size=(23, 17), note=b""):
    """Return an EXIF block with a camera, a GPS position, a MakerNote and, where given, a thumbnail."""

    def numbers(code, *values):
        return struct.pack(f"{order}{len(values)}{code}", *values)

    main = [
        Field(0x010F, 2, b"Camera Works\0"),
        Field(0x0110, 2, b"One\0"),
        Field(0x0112, 3, numbers("H", orientation)),
        Field(0x011A, 5, numbers("I", 300, 1)),
        Field(0x011B, 5, numbers("I", 300, 1)),
        Field(0x0128, 3, numbers("H", 2)),
        Field(0x8298, 2, b"Somebody\0"),
    ]
    inside = [
        Field(0x829A, 5, numbers("I", 1, 250)),
        Field(0x9000, 7, b"0232"),
        Field(0xA002, 4, numbers("I", size[0])),
        Field(0xA003, 3, numbers("H", size[1])),
        Field(MAKER_NOTE, 7, b"Note\0" + bytes(range(64)) + note, 600),
    ]
    gps = [Field(1, 2, b"N\0"), Field(2, 5, numbers("I", 52, 1, 31, 1, 0, 1))]
    block = bytearray(build(order, main, {EXIF_POINTER: inside, GPS_POINTER: gps}))
    if thumbnail:
        start = len(block) + len(block) % 2
        block.extend(bytes(start - len(block)))
        tags = [(0x0103, 3, 6), (0x0112, 3, orientation), (0x0201, 4, start + 54), (0x0202, 4, len(thumbnail))]
        block += numbers("H", len(tags))
        for tag, kind, value in tags:
            block += struct.pack(order + "HHI", tag, kind, 1) + numbers("H" if kind == 3 else "I", value).ljust(
                4, b"\0"
            )
        block += bytes(4)
        assert len(block) == start + 54
        block += thumbnail
        (count,) = struct.unpack_from(order + "H", block, 8)
        struct.pack_into(order + "I", block, 10 + 12 * count, start)
    return bytes(block)


def photo(model=ColorModel.RGB, alpha=False, depth=8, profile=None, encoding="", described=False, **more):
    """Return a photo with random pixels and, where asked, everything a file can say about it."""
    found = Metadata()
    if described:
        found = Metadata(exif=exif_block(), xmp=XMP, iptc=IPTC)
    return Photo(
        pixels=pixels(model, alpha, depth),
        model=model,
        has_alpha=alpha,
        profile=profile,
        resolution=(300.0, 300.0) if described else None,
        metadata=found,
        encoding=Encoding(format=encoding),
        **more,
    )
