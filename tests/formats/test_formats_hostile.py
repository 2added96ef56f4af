"""Damaged, foreign and oversized files end in one clear sentence and in nothing else."""

import io
import struct
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
import tifffile
from pictures import XMP, exif_block, jpeg_bytes, photo, pixels, smooth
from PIL import Image as PillowImage
from profiles import P3, gamma_curve, rgb_profile

from lama_desktop import formats
from lama_desktop.core.photo import ColorModel, Metadata, Photo
from lama_desktop.errors import FileFormatError, SettingsError
from lama_desktop.formats import WriteOptions
from lama_desktop.formats.base import check_size
from lama_desktop.formats.png import _chunk

MUTATIONS = 120


def _files(folder):
    """Write one small, rich file of every kind."""
    rich = photo(described=True, profile=rgb_profile(P3, gamma_curve(2.2)))
    for suffix in (".jpg", ".png", ".tif", ".webp", ".avif", ".bmp"):
        formats.write(rich, folder / f"rich{suffix}")
    formats.write(rich, folder / "lossless.webp", WriteOptions(lossless=True))
    formats.write(photo(depth=16, alpha=True, described=True), folder / "deep.png")
    formats.write(photo(ColorModel.CMYK, depth=16, described=True), folder / "deep.tif")
    array = pixels(depth=16, size=(33, 20))
    tifffile.imwrite(
        folder / "planar.tif", np.moveaxis(array, 2, 0), photometric="rgb", planarconfig="separate", tile=(16, 16)
    )
    picture = PillowImage.fromarray(smooth())
    picture.quantize(8).save(folder / "palette.png", interlace=True)
    picture.save(folder / "lzw.tif", compression="tiff_lzw")
    picture.save(folder / "jpeg.tif", compression="jpeg")
    picture.convert("1").save(folder / "fax.tif", compression="group4")
    block = exif_block(thumbnail=jpeg_bytes(smooth()))
    (folder / "exif.jpg").write_bytes(jpeg_bytes(smooth(), exif=b"Exif\0\0" + block, xmp=XMP, progressive=True))
    return sorted(folder.iterdir())


NAMES = (
    *(
        "deep.png",
        "deep.tif",
        "exif.jpg",
        "fax.tif",
        "jpeg.tif",
        "lossless.webp",
        "lzw.tif",
        "palette.png",
        "planar.tif",
    ),
    *("rich.avif", "rich.bmp", "rich.jpg", "rich.png", "rich.tif", "rich.webp"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("files")
    assert tuple(path.name for path in _files(found)) == NAMES
    return found


def attempt(path):
    """Read a file; a photo has to be sane and an error ours."""
    try:
        read = formats.read(path)
    except FileFormatError as error:
        text = str(error)
        assert path.name in text
        assert text.endswith(".")
        return None
    assert read.pixels.ndim == 3
    assert read.pixels.dtype in (np.uint8, np.uint16)
    assert read.pixels.shape[2] == read.model.channels + read.has_alpha
    return read


@pytest.mark.parametrize("name", NAMES)
def test_mutated_files_never_surprise(folder, tmp_path, name, capfd):
    data, random = (folder / name).read_bytes(), np.random.default_rng(len(name))
    path = tmp_path / name
    assert attempt(folder / name) is not None
    count = MUTATIONS if name != "rich.avif" else MUTATIONS // 3
    for round_number in range(count):
        changed = bytearray(data)
        kind = round_number % 4
        for _ in range(1 + round_number % 5):
            where = int(random.integers(0, min(len(data), 2000) if kind < 2 else len(data)))
            if kind == 0:
                changed[where] = int(random.integers(0, 256))
            elif kind == 1:
                changed[where : where + 4] = bytes(random.choice([0, 255, 127, 1], 4).tolist())
            elif kind == 2:
                changed[where] ^= 1 << int(random.integers(0, 8))
            else:
                del changed[where : where + int(random.integers(1, 40))]
        path.write_bytes(bytes(changed))
        if (read := attempt(path)) is not None and round_number % 10 == 0:
            for suffix in (".jpg", ".tif", ".png"):
                formats.write(read, tmp_path / f"out{suffix}")
                formats.read(tmp_path / f"out{suffix}")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", NAMES)
def test_cut_files_are_refused_or_read(folder, tmp_path, name):
    data, path = (folder / name).read_bytes(), tmp_path / name
    for share in (0.0, 0.01, 0.1, 0.3, 0.6, 0.9, 0.99):
        path.write_bytes(data[: int(len(data) * share)])
        if share < 0.5:
            with pytest.raises(FileFormatError, match=name):
                formats.read(path)
        else:
            attempt(path)


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 100, b"hello world", b"\xff\xd8\xff", b"BM" + bytes(60), b"II*\0" + bytes(20)]
)
def test_what_is_no_picture_is_refused(tmp_path, content):
    for name in ("a.jpg", "a.png", "a.tif", "a"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(FileFormatError, match=name):
            formats.read(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"8BPS\0\1" + bytes(30), "damaged|Photoshop"),
        (b"GIF89a" + bytes(30), "GIF"),
        (b"\0\0\0\x18ftypheic" + bytes(30), "HEIC"),
        (b"II*\0\x10\0\0\0CR\2\0" + bytes(30), "raw"),
        (b"\xff\x0a" + bytes(30), "JPEG XL"),
    ],
)
def test_foreign_files_are_named(tmp_path, content, word):
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(FileFormatError, match=word):
        formats.read(tmp_path / "a.jpg")


def test_threads_may_read_at_once(folder):
    paths = [folder / name for name in NAMES] * 4
    level = cv2.utils.logging.getLogLevel()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(formats.read, paths))
    assert all(np.array_equal(each.pixels, formats.read(path).pixels) for each, path in zip(found, paths, strict=True))
    assert cv2.utils.logging.getLogLevel() == level


def test_a_wrong_suffix_is_read_by_its_content(tmp_path):
    formats.write(photo(), tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.jpg")
    read = formats.read(tmp_path / "a.jpg")
    assert read.encoding.format == "png"
    assert any("holds a PNG" in note for note in read.notes)


def _giant_png(side, depth=8):
    header = struct.pack(">IIBBBBB", side, side, depth, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(b"")) + _chunk(b"IEND", b"")


def _giant_tiff(side):
    data = bytearray(tifffile_bytes(np.zeros((8, 8, 3), np.uint8)))
    (start,) = struct.unpack_from("<I", data, 4)
    for index in range(struct.unpack_from("<H", data, start)[0]):
        place = start + 2 + 12 * index
        if struct.unpack_from("<H", data, place)[0] in (256, 257):
            struct.pack_into("<HII", data, place + 2, 4, 1, side)
    return bytes(data)


def tifffile_bytes(array):
    out = io.BytesIO()
    tifffile.imwrite(out, array, photometric="rgb", byteorder="<")
    return out.getvalue()


def _giant_jpeg(side):
    data = bytearray(jpeg_bytes(smooth()))
    struct.pack_into(">HH", data, data.index(b"\xff\xc0") + 5, side, side)
    return bytes(data)


def _giant_bmp(side):
    return b"BM" + struct.pack("<IIIIiiHHIIiiII", 54, 0, 54, 40, side, side, 1, 24, 0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize("make", [_giant_png, _giant_tiff, _giant_jpeg, _giant_bmp])
def test_the_budget_is_checked_before_anything_is_decoded(tmp_path, monkeypatch, make):
    monkeypatch.setenv("LAMA_DESKTOP_MAX_MEGAPIXELS", "100")
    (tmp_path / "huge.pic").write_bytes(make(30_000))
    started = time.monotonic()
    with pytest.raises(FileFormatError, match=r"huge.pic has 30000 × 30000 = 900 megapixels; the limit here is 100 m"):
        formats.read(tmp_path / "huge.pic")
    assert time.monotonic() - started < 1


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp", ".avif", ".bmp"])
def test_one_budget_for_all_readers(tmp_path, monkeypatch, suffix):
    path = tmp_path / f"a{suffix}"
    formats.write(Photo(np.zeros((200, 300, 3), np.uint8)), path)
    monkeypatch.setenv("LAMA_DESKTOP_MAX_MEGAPIXELS", "0.06")
    assert formats.read(path).size == (300, 200)
    monkeypatch.setenv("LAMA_DESKTOP_MAX_MEGAPIXELS", "0.0599")
    with pytest.raises(FileFormatError, match="300 × 200"):
        formats.read(path)


@pytest.mark.parametrize(("megapixels", "said"), [("0.0001", "100 pixels"), ("0.0005", "500 pixels")])
def test_small_budgets_are_not_0(tmp_path, monkeypatch, megapixels, said):
    formats.write(Photo(np.zeros((30, 40, 3), np.uint8)), tmp_path / "a.png")
    monkeypatch.setenv("LAMA_DESKTOP_MAX_MEGAPIXELS", megapixels)
    with pytest.raises(FileFormatError, match=f"40 × 30 = 1200 pixels; the limit here is {said}"):
        formats.read(tmp_path / "a.png")
    monkeypatch.setenv("LAMA_DESKTOP_MAX_MEGAPIXELS", "0.25")
    with pytest.raises(FileFormatError, match=r"= 0\.30 megapixels; the limit here is 0\.25 megapixels"):
        check_size(600, 500, "a.png")
    with pytest.raises(FileFormatError, match=r"= 1\.5 megapixels"):
        check_size(1500, 1000, "a.png")


def test_the_budget_of_this_machine(monkeypatch):
    monkeypatch.delenv("LAMA_DESKTOP_MAX_MEGAPIXELS", raising=False)
    assert 0 < formats.pixel_budget() <= formats.PIXEL_BUDGET == 400_000_000
    for wrong in ("many", "-1", "0", "nan", "inf"):
        monkeypatch.setenv("LAMA_DESKTOP_MAX_MEGAPIXELS", wrong)
        with pytest.raises(SettingsError, match="LAMA_DESKTOP_MAX_MEGAPIXELS"):
            formats.pixel_budget()


def test_bombs_do_not_fill_the_memory(tmp_path):
    header = struct.pack(">IIBBBBB", 10, 10, 8, 2, 0, 0, 0)
    bomb = zlib.compress(bytes(300_000_000), 1)
    parts = [
        _chunk(b"IHDR", header),
        _chunk(b"zTXt", b"a\0\0" + bomb),
        _chunk(b"iCCP", b"a\0\0" + bomb),
        _chunk(b"IDAT", bomb),
    ]
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join([*parts, _chunk(b"IEND", b"")]))
    attempt(tmp_path / "a.png")
    tifffile.imwrite(tmp_path / "a.tif", smooth(), photometric="rgb", compression="zlib")
    attempt(tmp_path / "a.tif")


def test_many_texts_do_not_fill_the_memory(tmp_path):
    text = _chunk(b"zTXt", b"a\0\0" + zlib.compress(b"a" * 30_000_000, 9))
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    parts = [header, *[text] * 6, _chunk(b"IDAT", zlib.compress(bytes(2))), _chunk(b"IEND", b"")]
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    assert sum(len(value) for _, value in formats.read(tmp_path / "a.png").metadata.texts) <= 64 << 20


@pytest.mark.parametrize(
    "block", [b"", b"II*\0", b"garbage" * 20, b"MM\0*\0\0\0\x08\xff\xff" + bytes(50), exif_block()[:90]]
)
def test_damaged_exif_is_carried_and_hurts_nobody(tmp_path, block):
    given_photo = Photo(smooth(), metadata=Metadata(exif=block or None))
    for suffix in (".jpg", ".png", ".webp", ".tif"):
        path = tmp_path / f"a{suffix}"
        assert formats.write(given_photo, path) == formats.losses(given_photo, path)
        if suffix != ".tif":
            assert formats.read(path).metadata.exif == (block or None)


def test_a_damaged_part_that_only_describes_is_left_out(tmp_path):
    formats.write(photo(described=True), tmp_path / "a.png")
    data = bytearray((tmp_path / "a.png").read_bytes())
    data[data.index(b"iTXt") + 30] ^= 1
    (tmp_path / "a.png").write_bytes(bytes(data))
    read = formats.read(tmp_path / "a.png")
    assert np.array_equal(read.pixels, photo().pixels)
    assert any("damaged" in note for note in read.notes)
