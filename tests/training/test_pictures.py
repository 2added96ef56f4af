"""Picture files as training sees them: 8 bits of sRGB, whatever the file holds, or a sentence."""

import io

import numpy as np
import pytest
from PIL import Image as PillowImage
from PIL import ImageCms

from lama_desktop import formats
from lama_desktop.core.photo import ColorModel, Photo
from lama_desktop.errors import FileFormatError
from lama_desktop.formats import WriteOptions
from lama_desktop.training import pictures

SRGB_PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def smooth(width=70, height=45):
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 3, y * 5, (x + y) * 2], axis=-1).astype(np.uint8)


def encoded(pixels, kind="JPEG", **settings):
    out = io.BytesIO()
    PillowImage.fromarray(pixels).save(out, kind, **settings)
    return out.getvalue()


def test_the_common_kinds():
    pixels = smooth()
    np.testing.assert_array_equal(pictures.decode(encoded(pixels, "PNG"), "a"), pixels)
    np.testing.assert_array_equal(pictures.decode(encoded(pixels[..., 0], "PNG"), "a"), pixels[..., [0, 0, 0]])
    found = pictures.decode(encoded(pixels, quality=95, subsampling=0), "a")
    assert abs(found.astype(int) - pixels).max() <= 12
    assert (found.shape, found.dtype) == (pixels.shape, np.uint8)
    assert found.flags.c_contiguous
    assert found.flags.writeable


def test_pictures_are_upright():
    exif = PillowImage.Exif()
    exif[0x0112] = 6
    found = pictures.decode(encoded(smooth(), quality=95, exif=exif.tobytes()), "a")
    assert abs(found.astype(int) - np.rot90(smooth(), -1)).mean() < 3


def test_a_profile_of_srgb_changes_nothing_and_another_one_does(monkeypatch):
    pixels = smooth()
    np.testing.assert_array_equal(pictures.decode(encoded(pixels, "PNG", icc_profile=SRGB_PROFILE), "a"), pixels)

    class Inverted:
        def to_srgb(self, pixels):
            return (1 - pixels / 255).astype(np.float32)

    monkeypatch.setattr(pictures, "color_space", lambda model, profile: Inverted())
    np.testing.assert_array_equal(pictures.decode(encoded(pixels, "PNG", icc_profile=SRGB_PROFILE), "a"), 255 - pixels)


def test_depth_and_transparency(tmp_path):
    deep = np.full((4, 5, 3), 257 * 7 + 100, np.uint16)
    formats.write(Photo(deep), tmp_path / "deep.png")
    assert (pictures.decode((tmp_path / "deep.png").read_bytes(), "deep.png") == 7).all()

    clear = np.zeros((1, 3, 4), np.uint8)
    clear[0, :, 3] = 255, 0, 128
    found = pictures.decode(encoded(clear, "PNG"), "clear.png")
    assert found[0].tolist() == [[0, 0, 0], [255, 255, 255], [127, 127, 127]], "laid on white"

    ink = np.zeros((8, 8, 4), np.uint8)
    formats.write(Photo(ink, ColorModel.CMYK), tmp_path / "ink.jpg", WriteOptions(quality=100))
    assert (pictures.decode((tmp_path / "ink.jpg").read_bytes(), "ink.jpg") > 250).all(), "no ink is white"


def test_other_formats_are_pictures_too(tmp_path):
    for suffix in (".tif", ".bmp", ".webp"):
        formats.write(Photo(smooth()), tmp_path / f"a{suffix}", WriteOptions(lossless=True))
        np.testing.assert_array_equal(pictures.decode((tmp_path / f"a{suffix}").read_bytes(), "a"), smooth())


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_what_is_damaged_is_refused_by_name(kind):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    whole = encoded(noise, kind)
    for data in (whole[: len(whole) // 2], whole[:30], whole[:3], b"", b"nothing of the kind"):
        with pytest.raises(FileFormatError, match="noise"):
            pictures.decode(data, "noise")


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_what_is_too_large_is_refused(monkeypatch, kind):
    monkeypatch.setenv("LAMA_DESKTOP_MAX_MEGAPIXELS", "0.001")
    with pytest.raises(FileFormatError, match="wide has 70 × 45"):
        pictures.decode(encoded(smooth(), kind), "wide")
