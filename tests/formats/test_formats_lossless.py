"""What goes into a lossless format comes out bit for bit, also for readers that are not ours."""

import io

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pictures import IPTC, SRGB_PROFILE, XMP, exif_block, photo, pixels
from PIL import Image as PillowImage

from lama_desktop import formats
from lama_desktop.core.photo import ColorModel, Encoding, Photo
from lama_desktop.formats import WriteOptions

KINDS = [(model, alpha, depth) for model in ColorModel for alpha in (False, True) for depth in (8, 16)]


IN_FILES = [
    (suffix, *kind) for suffix in (".png", ".tif") for kind in KINDS if (suffix, kind[0]) != (".png", ColorModel.CMYK)
]


@pytest.mark.parametrize(("suffix", "model", "alpha", "depth"), IN_FILES)
def test_every_kind_of_pixel_survives(tmp_path, suffix, model, alpha, depth):
    given_photo = photo(model, alpha, depth, described=True, encoding="png")
    path = tmp_path / f"a{suffix}"
    assert formats.write(given_photo, path) == formats.losses(given_photo, path)
    back = formats.read(path)
    assert back.pixels.dtype == given_photo.pixels.dtype
    assert np.array_equal(back.pixels, given_photo.pixels)
    assert back.pixels.flags.c_contiguous
    assert (back.model, back.has_alpha) == (model, alpha)
    assert back.resolution == (300.0, 300.0)
    assert back.metadata.xmp == XMP
    assert back.notes == ()


@given(
    st.sampled_from([kind for kind in KINDS if kind[0] is not ColorModel.CMYK]),
    st.integers(1, 40),
    st.integers(1, 40),
    st.sampled_from([".png", ".tif"]),
    st.integers(0, 1000),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_size_survives(tmp_path, kind, width, height, suffix, seed):
    model, alpha, depth = kind
    random = np.random.default_rng(seed)
    top = 256 if depth == 8 else 65536
    array = random.integers(0, top, (height, width, model.channels + alpha)).astype(f"uint{depth}")
    path = tmp_path / f"a{suffix}"
    formats.write(Photo(array, model, alpha), path)
    assert np.array_equal(formats.read(path).pixels, array)


@pytest.mark.parametrize("alpha", [False, True])
def test_lossless_webp_keeps_colours_under_transparency(tmp_path, alpha):
    given_photo = photo(alpha=alpha)
    path = tmp_path / "a.webp"
    formats.write(given_photo, path, WriteOptions(lossless=True))
    back = formats.read(path)
    assert np.array_equal(back.pixels, given_photo.pixels)
    assert back.encoding.lossless
    formats.write(back, path)
    assert np.array_equal(formats.read(path).pixels, given_photo.pixels)


@pytest.mark.parametrize("model", [ColorModel.GREY, ColorModel.RGB])
def test_bmp_survives(tmp_path, model):
    given_photo = photo(model)
    formats.write(given_photo, tmp_path / "a.bmp")
    assert np.array_equal(formats.read(tmp_path / "a.bmp").pixels, given_photo.pixels)


@pytest.mark.parametrize("compression", ["none", "deflate"])
@pytest.mark.parametrize(("model", "alpha", "depth"), KINDS)
def test_tifffile_reads_our_tiff(tmp_path, model, alpha, depth, compression):
    given_photo = Photo(pixels(model, alpha, depth), model, alpha, encoding=Encoding("tiff", compression=compression))
    formats.write(given_photo, tmp_path / "a.tif")
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        page = file.pages[0]
        found = page.asarray().reshape(given_photo.pixels.shape)
        assert page.compression == (1 if compression == "none" else 8)
        assert page.photometric == {"grey": 1, "rgb": 2, "cmyk": 5}[model]
        assert tuple(page.extrasamples) == ((2,) if alpha else ())
    assert np.array_equal(found, given_photo.pixels)


def test_other_readers_find_the_metadata_in_our_tiff(tmp_path):
    for order in "<>":
        given_photo = photo(depth=16, profile=SRGB_PROFILE, described=True)
        given_photo.metadata.__dict__["exif"] = exif_block(order)
        formats.write(given_photo, tmp_path / "a.tif")
        with tifffile.TiffFile(tmp_path / "a.tif") as file:
            tags = file.pages[0].tags
            assert np.array_equal(file.pages[0].asarray(), given_photo.pixels)
            assert tags[34675].value == SRGB_PROFILE
            assert bytes(tags[700].value) == XMP
            assert bytes(tags[33723].value) == IPTC
            assert tags["Make"].value == "Camera Works"
            assert tags["Copyright"].value == "Somebody"
            assert tags["XResolution"].value == (300, 1)
            assert tags["ExifTag"].value["ExposureTime"] == (1, 250)
            assert bytes(tags["ExifTag"].value["MakerNote"][:5]) == b"Note\0"
            assert tags["GPSTag"].value["GPSLatitudeRef"] == "N"


def test_pillow_finds_the_metadata_in_our_png(tmp_path):
    given_photo = photo(profile=SRGB_PROFILE, described=True)
    formats.write(given_photo, tmp_path / "a.png")
    with PillowImage.open(tmp_path / "a.png") as picture:
        picture.load()
        assert picture.info["icc_profile"] == SRGB_PROFILE
        assert picture.info["exif"].removeprefix(b"Exif\0\0") == given_photo.metadata.exif
        assert picture.info["XML:com.adobe.xmp"].encode() == XMP
        assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.01)
        assert np.array_equal(np.asarray(picture), given_photo.pixels)


def test_tiff_to_tiff_keeps_everything(tmp_path):
    given_photo = photo(depth=16, profile=SRGB_PROFILE, described=True)
    formats.write(given_photo, tmp_path / "a.tif")
    first = formats.read(tmp_path / "a.tif")
    formats.write(first, tmp_path / "b.tif")
    second = formats.read(tmp_path / "b.tif")
    assert first.metadata == second.metadata
    assert first.metadata.xmp == XMP
    assert first.metadata.iptc == IPTC
    assert second.profile == SRGB_PROFILE
    note = b"Note\0" + bytes(range(64))
    assert first.metadata.exif.index(note) == given_photo.metadata.exif.index(note) == 600


@pytest.mark.parametrize("depth", [8, 16])
def test_premultiplied_alpha_comes_back_bit_for_bit(tmp_path, depth):
    random, full = np.random.default_rng(1), (1 << depth) - 1
    alpha = random.integers(0, full + 1, (40, 50, 1))
    alpha[:4], alpha[4:8] = 0, full
    colors = random.integers(0, full + 1, (40, 50, 3)) * alpha // full
    stored = np.concatenate([colors, alpha], axis=-1).astype(f"uint{depth}")
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="rgb", extrasamples=["assocalpha"])
    read = formats.read(tmp_path / "a.tif")
    assert read.encoding.premultiplied
    assert np.array_equal(read.pixels[4:8, :, :3], stored[4:8, :, :3])
    formats.write(read, tmp_path / "b.tif")
    with tifffile.TiffFile(tmp_path / "b.tif") as file:
        assert np.array_equal(file.pages[0].asarray(), stored)
        assert tuple(file.pages[0].extrasamples) == (1,)


def test_png_texts_and_colour_chunks_are_carried(tmp_path):
    from PIL.PngImagePlugin import PngInfo

    info, out = PngInfo(), io.BytesIO()
    info.add_text("Title", "Fjord")
    info.add_itxt("Description", "Blåbær 山")
    info.add_text("Long", "x" * 3000, zip=True)
    info.add(b"gAMA", (50000).to_bytes(4, "big"))
    PillowImage.new("RGB", (5, 4)).save(out, "PNG", pnginfo=info)
    (tmp_path / "a.png").write_bytes(out.getvalue())
    first = formats.read(tmp_path / "a.png")
    formats.write(first, tmp_path / "b.png")
    second = formats.read(tmp_path / "b.png")
    assert first.metadata == second.metadata
    assert dict(second.metadata.texts) == {"Title": "Fjord", "Description": "Blåbær 山", "Long": "x" * 3000}
    assert dict(second.metadata.color_chunks) == {"gAMA": (50000).to_bytes(4, "big")}
    assert any("gamma" in each for each in formats.losses(first, tmp_path / "a.tif"))
