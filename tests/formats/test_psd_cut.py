"""Photoshop documents that are cut short: none of them is read, and a whole one is, however it is packed."""

import struct
import zlib

import numpy as np
import pytest

from lama_desktop import formats
from lama_desktop.errors import FileFormatError
from lama_desktop.formats.layered import read_layers
from lama_desktop.progress import Progress

psd_tools = pytest.importorskip("psd_tools")

SIZE = (45, 30)


def picture(depth):
    """Return grey rows that are not black anywhere, as bytes of (height, bytes of a row)."""
    random = np.random.default_rng(0)
    return random.integers(1, 255, (SIZE[1], (SIZE[0] * depth + 7) // 8), np.uint8)


def packed(rows, compression, version):
    """Return image data: the kind of packing, and the packed rows."""
    if compression == 0:
        content = rows.tobytes()
    elif compression == 1:
        runs = [bytes([len(row) - 1]) + row.tobytes() for row in rows]
        content = b"".join(struct.pack(">H" if version == 1 else ">I", len(run)) for run in runs) + b"".join(runs)
    else:
        content = zlib.compress(rows.tobytes())
    return struct.pack(">H", compression) + content


def document(compression, version=1, depth=8):
    """Return a grey document, or one of black and white, that is flat."""
    header = struct.pack(">4sH6xHIIHH", b"8BPS", version, 1, SIZE[1], SIZE[0], depth, 0 if depth == 1 else 1)
    resource = b"8BIM" + struct.pack(">HHI", 1060, 0, 40) + b" " * 40
    sections = struct.pack(">II", 0, len(resource)) + resource + bytes(4 * version)
    return header + sections + packed(picture(depth), compression, version)


@pytest.mark.parametrize("version", [1, 2], ids=["psd", "psb"])
@pytest.mark.parametrize(("compression", "depth"), [(0, 8), (1, 8), (2, 8), (3, 8), (0, 1), (1, 1), (2, 1)])
def test_a_flat_document_is_read_whole_or_not_at_all(tmp_path, compression, version, depth):
    data, path = document(compression, version, depth), tmp_path / "a.psd"
    path.write_bytes(data + b"\0")
    read = formats.read(path)
    assert read.size == SIZE
    assert read.notes == ()
    if depth == 8 and compression != 3:
        assert np.array_equal(read.pixels[..., 0], picture(8))
    for length in [*range(12, len(data), 7), len(data) - 1]:
        path.write_bytes(data[:length])
        with pytest.raises(FileFormatError, match=r"^a\.psd cannot be read: the file ends early\. Get the file again"):
            formats.read(path)


def test_a_document_with_layers_is_read_whole_or_not_at_all(tmp_path):
    made, path = psd_tools.PSDImage.new("RGB", SIZE), tmp_path / "a.psd"
    made.create_pixel_layer_from_array(np.full((*SIZE[::-1], 3), 200, np.uint8), "below", 0, 0)
    made.save(path)
    data = path.read_bytes()
    assert read_layers(path, Progress()) is not None
    for length in (len(data) - 1, len(data) // 2, 3000, 100):
        path.write_bytes(data[:length])
        for read in (formats.read, lambda path: read_layers(path, Progress())):
            with pytest.raises(FileFormatError, match=r"^a\.psd cannot be read: the file ends early\."):
                read(path)
