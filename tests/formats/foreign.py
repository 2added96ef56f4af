"""Small files of the formats that are only read, made by hand."""

import io
import struct

import numpy as np

from lama_desktop.formats.ifd import TYPE_SIZES


def tiff_structure(directories, order="<"):
    """Return a TIFF structure: {tag: (kind, value)} per directory, chained; a value is bytes or numbers.

    A `bytes` value of kind 4 with the tag 273 (strips) is put into the file, and its offset into the tag.
    """
    out = bytearray(struct.pack(order + "2sHI", b"II" if order == "<" else b"MM", 42, 0))
    link = 4

    def append(value):
        out.extend(b"\0" * (len(out) % 2))
        out.extend(value)
        return len(out) - len(value)

    def coded(kind, value):
        if isinstance(value, bytes):
            return value
        code = {1: "B", 3: "H", 4: "I", 9: "i"}.get(kind)
        if code:
            return struct.pack(f"{order}{len(value)}{code}", *value)
        pairs = [part for each in value for part in (round(each * 10000), 10000)]
        return struct.pack(f"{order}{len(pairs)}{'I' if kind == 5 else 'i'}", *pairs)

    for tags in directories:
        rows = []
        for tag, (kind, value) in sorted(tags.items()):
            if tag == 273 and isinstance(value, bytes):
                value = struct.pack(order + "I", append(value))
            raw = coded(kind, value)
            count = len(raw) // TYPE_SIZES[kind]
            field = raw.ljust(4, b"\0") if len(raw) <= 4 else struct.pack(order + "I", append(raw))
            rows.append(struct.pack(order + "HHI", tag, kind, count) + field)
        start = append(struct.pack(order + "H", len(rows)) + b"".join(rows) + bytes(4))
        struct.pack_into(order + "I", out, link, start)
        link = start + 2 + 12 * len(rows)
    return bytes(out)


def dng_bytes(size=(64, 48), orientation=1, order="<", **more):
    """Return a DNG: a 16-bit Bayer mosaic, red on the left and blue on the right, dark above and bright below."""
    width, height = size
    y, x = np.mgrid[:height, :width]
    light = 4000 + 40000 * y // height
    red, blue = (x < width // 2), (x >= width // 2)
    mosaic = np.where((y % 2 == 0) & (x % 2 == 0), light * red, np.where((y % 2) & (x % 2), light * blue, light // 4))
    identity = [1.0 if row == column else 0.0 for row in range(3) for column in range(3)]
    tags = {
        254: (4, [0]),
        256: (4, [width]),
        257: (4, [height]),
        258: (3, [16]),
        259: (3, [1]),
        262: (3, [32803]),
        271: (2, b"Camera Works\0"),
        272: (2, b"One\0"),
        273: (4, mosaic.astype(np.dtype(np.uint16).newbyteorder(order)).tobytes()),
        274: (3, [orientation]),
        277: (3, [1]),
        278: (4, [height]),
        279: (4, [2 * width * height]),
        282: (5, [300.0]),
        283: (5, [300.0]),
        296: (3, [2]),
        33421: (3, [2, 2]),
        33422: (1, [0, 1, 1, 2]),
        50706: (1, [1, 4, 0, 0]),
        50707: (1, [1, 1, 0, 0]),
        50708: (2, b"Camera Works One\0"),
        50714: (3, [0]),
        50717: (4, [65535]),
        50721: (10, identity),
        50728: (5, [1.0, 1.0, 1.0]),
        50778: (3, [21]),
    }
    return tiff_structure([tags | more.get("tags", {})], order)


def heic_bytes(library, pixels, **settings):
    """Return a HEIC file of (H, W, C) pixels, 8 or 16 bit (which become 10 or 12)."""
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[pixels.shape[2]] + (";16" if pixels.dtype == np.uint16 else "")
    file = library.from_bytes(mode, pixels.shape[1::-1], np.ascontiguousarray(pixels).tobytes())
    out = io.BytesIO()
    file.save(out, **({"quality": 95, "chroma": 444} | settings))
    return out.getvalue()
