"""The traps that image libraries set, one test each: every file is made by another program's library."""

import io

import cv2
import numpy as np
import pytest
import tifffile
from pictures import exif_block, jpeg_bytes, photo, pixels, smooth
from PIL import Image as PillowImage

from lama_desktop import formats
from lama_desktop.core.photo import ColorModel, Metadata, Photo
from lama_desktop.errors import FileFormatError

DISPLAYED = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: lambda a: np.rot90(a, 1),
}


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("tile", [None, (16, 16)])
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("depth", "channels", "bigtiff"), [(16, 3, False), (16, 4, True), (8, 3, False)])
def test_tiff_of_every_layout_is_exact(tmp_path, compression, tile, planar, order, depth, channels, bigtiff):
    array = pixels(alpha=channels == 4, depth=depth, size=(37, 29))
    tifffile.imwrite(
        tmp_path / "a.tif",
        np.moveaxis(array, 2, 0) if planar == "separate" else array,
        photometric="rgb",
        planarconfig=planar,
        compression=compression,
        predictor=2 if compression else None,
        tile=tile,
        byteorder=order,
        bigtiff=bigtiff,
        rowsperstrip=None if tile else 5,
        extrasamples=["unassalpha"] if channels == 4 else None,
    )
    assert np.array_equal(formats.read(tmp_path / "a.tif").pixels, array)


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("predictor", [1, 2])
def test_lzw_needs_no_further_package(tmp_path, depth, predictor):
    array = pixels(depth=depth, size=(37, 29))
    settings = [cv2.IMWRITE_TIFF_COMPRESSION, 5, cv2.IMWRITE_TIFF_PREDICTOR, predictor]
    cv2.imwrite(str(tmp_path / "a.tif"), array[..., ::-1], settings)
    read = formats.read(tmp_path / "a.tif")
    assert read.encoding.compression == "lzw"
    assert np.array_equal(read.pixels, array)


@pytest.mark.parametrize("depth", [8, 16])
def test_cmyk_tiff_is_exact(tmp_path, depth):
    array = pixels(ColorModel.CMYK, True, depth)
    tifffile.imwrite(tmp_path / "a.tif", array, photometric="separated", extrasamples=["unassalpha"])
    read = formats.read(tmp_path / "a.tif")
    assert (read.model, read.has_alpha) == (ColorModel.CMYK, True)
    assert np.array_equal(read.pixels, array)


@pytest.mark.parametrize("depth", [8, 16])
def test_white_is_zero_is_turned(tmp_path, depth):
    array = pixels(ColorModel.GREY, depth=depth)
    tifffile.imwrite(tmp_path / "a.tif", array[..., 0], photometric="miniswhite")
    assert np.array_equal(formats.read(tmp_path / "a.tif").pixels, np.iinfo(array.dtype).max - array)


@pytest.mark.parametrize(
    ("array", "settings", "word"),
    [
        (np.zeros((9, 9, 3), np.float32), {"photometric": "rgb"}, "floating-point"),
        (np.zeros((9, 9), np.uint32), {}, "32 bits"),
        (np.zeros((9, 9), np.int16), {}, "signed"),
        (np.zeros((9, 9, 3), np.uint8), {"photometric": "cielab"}, "Lab"),
        (np.zeros((9, 9), np.uint16), {"photometric": "cfa"}, "raw"),
        (np.zeros((9, 9, 3), np.uint8), {"photometric": "ycbcr"}, "rare way"),
        (np.zeros((9, 9, 3), np.uint8), {"photometric": "rgb", "subfiletype": 1}, "raw"),
    ],
)
def test_what_would_be_read_wrongly_is_refused(tmp_path, array, settings, word):
    tifffile.imwrite(tmp_path / "a.tif", array, **settings)
    with pytest.raises(FileFormatError, match=word) as caught:
        formats.read(tmp_path / "a.tif")
    assert "a.tif" in str(caught.value)


def test_a_compression_of_the_extra_is_named(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", smooth(), photometric="rgb", compression="lzma")
    try:
        read = formats.read(tmp_path / "a.tif")
    except FileFormatError as error:
        assert "lama-desktop[tiff]" in str(error)  # noqa: PT017
    else:
        assert np.array_equal(read.pixels, smooth())


def test_further_pages_and_channels_are_told(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.stack([smooth()] * 3), photometric="rgb")
    assert any("3 pages" in note for note in formats.read(tmp_path / "a.tif").notes)
    array = np.concatenate([smooth(), smooth()], axis=-1)
    tifffile.imwrite(
        tmp_path / "b.tif", array, photometric="rgb", extrasamples=["unassalpha", "unspecified", "unspecified"]
    )
    read = formats.read(tmp_path / "b.tif")
    assert any("2 further channels" in note for note in read.notes)
    assert np.array_equal(read.pixels, array[..., :4])


BY_PILLOW = [(mode, each) for mode in ("1", "P", "LA", "L") for each in (None, "tiff_lzw", "packbits", "tiff_deflate")]


@pytest.mark.parametrize(("mode", "compression"), [*BY_PILLOW, ("1", "group3"), ("1", "group4")])
def test_pillow_tiffs_are_read_as_pillow_shows_them(tmp_path, mode, compression):
    picture = PillowImage.fromarray(smooth()).convert("LA" if mode == "LA" else mode)
    picture.save(tmp_path / "a.tif", compression=compression)
    read = formats.read(tmp_path / "a.tif")
    wanted = np.asarray(picture.convert({"1": "L", "P": "RGB"}.get(mode, mode)))
    assert np.array_equal(read.pixels, wanted.reshape(*wanted.shape[:2], -1))
    assert bool(read.notes) == (mode in "1P")


def test_jpeg_in_tiff(tmp_path):
    PillowImage.fromarray(smooth()).save(tmp_path / "a.tif", compression="jpeg", quality=95)
    read = formats.read(tmp_path / "a.tif")
    assert np.abs(read.pixels.astype(int) - smooth()).mean() < 3
    assert read.encoding.compression == "jpeg"


@pytest.mark.parametrize("interlace", [False, True])
@pytest.mark.parametrize(("mode", "bits"), [("1", 1), ("L", 8), ("LA", 8), ("RGB", 8), ("RGBA", 8), ("P", 8), ("P", 2)])
def test_pngs_of_pillow(tmp_path, mode, bits, interlace):
    picture = PillowImage.fromarray(smooth()).convert("RGBA" if mode == "RGBA" else "RGB")
    picture = picture.quantize(1 << bits) if mode == "P" else picture.convert(mode)
    picture.save(tmp_path / "a.png", bits=bits, interlace=interlace)
    wanted = np.asarray(picture.convert({"1": "L", "P": "RGB"}.get(mode, mode)))
    read = formats.read(tmp_path / "a.png")
    assert np.array_equal(read.pixels, wanted.reshape(*wanted.shape[:2], -1))


def test_palette_with_transparency(tmp_path):
    picture = PillowImage.fromarray(smooth()).quantize(4)
    picture.save(tmp_path / "a.png", transparency=bytes([0, 128, 255]))
    with PillowImage.open(tmp_path / "a.png") as again:
        wanted = np.asarray(again.convert("RGBA"))
    read = formats.read(tmp_path / "a.png")
    assert read.has_alpha
    assert np.array_equal(read.pixels, wanted)
    assert any("palette" in note for note in read.notes)


@pytest.mark.parametrize("model", [ColorModel.GREY, ColorModel.RGB])
@pytest.mark.parametrize("depth", [8, 16])
def test_a_transparent_colour_becomes_alpha(tmp_path, model, depth):
    array = pixels(model, depth=depth)
    formats.write(Photo(array, model), tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    from lama_desktop.formats.png import _chunk

    place, key = data.index(b"IDAT") - 4, array[3, 4].astype(">u2").tobytes()
    (tmp_path / "b.png").write_bytes(data[:place] + _chunk(b"tRNS", key) + data[place:])
    read = formats.read(tmp_path / "b.png")
    assert np.array_equal(read.pixels[..., :-1], array)
    transparent = (array == array[3, 4]).all(axis=-1)
    assert np.array_equal(read.pixels[..., -1], np.where(transparent, 0, np.iinfo(array.dtype).max))


def test_16_bit_grey_is_scaled_and_not_clipped(tmp_path):
    array = np.array([[[0], [257], [384], [385], [32896], [65535]]], np.uint16)
    formats.write(Photo(array, ColorModel.GREY), tmp_path / "a.png")
    read = formats.read(tmp_path / "a.png")
    said = formats.write(read, tmp_path / "b.jpg")
    assert any("16" in each and "8 bits" in each for each in said)
    assert formats.read_mask(tmp_path / "a.png").tolist() == [[0, 1, 1, 1, 128, 255]]
    formats.write(read, tmp_path / "b.bmp")
    assert formats.read(tmp_path / "b.bmp").pixels.ravel().tolist() == [0, 1, 1, 1, 128, 255]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp", ".avif"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_orientation_is_applied_once(tmp_path, orientation, suffix, order):
    array, path = smooth(), tmp_path / f"a{suffix}"
    block, out = exif_block(order, orientation, size=(64, 48)), io.BytesIO()
    packet = f'<x:xmpmeta><rdf:Description tiff:Orientation="{orientation}"/></x:xmpmeta>'.encode()
    kind = {".jpg": "JPEG", ".png": "PNG", ".webp": "WEBP", ".avif": "AVIF", ".tif": "TIFF"}[suffix]
    if suffix == ".tif":
        tifffile.imwrite(path, array, photometric="rgb", extratags=[(274, 3, 1, orientation, True)], byteorder=order)
    else:
        lossless = {"lossless": True, "exact": True} if suffix == ".webp" else {"quality": 95}
        PillowImage.fromarray(array).save(
            out, kind, exif=b"Exif\0\0" + block if kind == "JPEG" else block, xmp=packet, **lossless
        )
        path.write_bytes(out.getvalue())
    first = formats.read(path)
    shown = DISPLAYED[orientation](array)
    assert first.pixels.shape == shown.shape
    assert np.abs(first.pixels.astype(int) - shown).mean() < 3
    formats.write(first, path)
    second = formats.read(path)
    assert second.pixels.shape == shown.shape
    assert np.abs(second.pixels.astype(int) - shown).mean() < 4
    with PillowImage.open(path) as picture:
        assert picture.getexif().get(274, 1) == 1
        if suffix != ".tif":
            assert picture.getexif().get_ifd(0x8769)[0xA002] == shown.shape[1]
    if first.metadata.xmp:
        assert b'tiff:Orientation="1"' in second.metadata.xmp


def test_a_10_bit_avif_is_told(tmp_path):
    sixteen = (smooth().astype(np.uint16) * 4)[..., ::-1]
    if not cv2.imwrite(str(tmp_path / "a.avif"), sixteen, [cv2.IMWRITE_AVIF_DEPTH, 10, cv2.IMWRITE_AVIF_SPEED, 10]):
        pytest.skip("this OpenCV writes no AVIF")
    assert any("more than 8 bits" in note for note in formats.read(tmp_path / "a.avif").notes)


def test_avif_and_webp_keep_a_maker_note(tmp_path):
    for suffix in (".avif", ".webp"):
        block = exif_block(size=(64, 48))
        formats.write(Photo(smooth(), metadata=Metadata(exif=block)), tmp_path / f"a{suffix}")
        assert formats.read(tmp_path / f"a{suffix}").metadata.exif == block


def test_a_grey_profile_does_not_follow_into_a_colour_format(tmp_path):
    from profiles import grey_profile

    given_photo = photo(ColorModel.GREY, profile=grey_profile(1.8))
    said = formats.write(given_photo, tmp_path / "a.webp")
    assert any("profile" in each for each in said)
    assert formats.read(tmp_path / "a.webp").profile is None


def test_motion_photos_are_told(tmp_path):
    (tmp_path / "a.jpg").write_bytes(jpeg_bytes(smooth()) + bytes(10_000))
    assert any("behind the photo" in note for note in formats.read(tmp_path / "a.jpg").notes)
