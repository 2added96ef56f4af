"""Colour spaces against LittleCMS, and the promises of exactness."""

import importlib.util
import io
import logging
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as PillowImage
from PIL import ImageCms

from lama_desktop.core.color import SRGB, color_space, rgb_space
from lama_desktop.core.photo import ColorModel

_spec = importlib.util.spec_from_file_location("profiles", Path(__file__).parents[1] / "formats" / "profiles.py")
profiles = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(profiles)

CMS_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
MODES = {ColorModel.GREY: "L", ColorModel.RGB: "RGB", ColorModel.CMYK: "CMYK"}


def srgb_tone(x):
    return x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4


SRGB_SAMPLED = profiles.sampled_curve(srgb_tone)
SRGB_PARAMETRIC = profiles.parametric_curve(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
RGB_PROFILES = {
    "adobe": profiles.rgb_profile(profiles.ADOBE, profiles.gamma_curve(563 / 256)),
    "p3": profiles.rgb_profile(profiles.P3, SRGB_PARAMETRIC),
    "swapped tone": profiles.rgb_profile(profiles.SRGB, profiles.sampled_curve(lambda x: x**1.4)),
    "gamma with offset": profiles.rgb_profile(profiles.P3, profiles.parametric_curve(1, 2.2, 1.1, -0.1)),
    "linear": profiles.rgb_profile(profiles.ADOBE, b"curv" + bytes(8)),
}


def by_littlecms(profile, mode, array, *, back=False):
    other = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    pair, modes = ((CMS_SRGB, other), ("RGB", mode)) if back else ((other, CMS_SRGB), (mode, "RGB"))
    flags = ImageCms.Flags.BLACKPOINTCOMPENSATION
    transform = ImageCms.buildTransform(*pair, *modes, ImageCms.Intent.RELATIVE_COLORIMETRIC, flags)
    picture = PillowImage.frombytes(modes[0], array.shape[1::-1], array.tobytes())
    return np.asarray(ImageCms.applyTransform(picture, transform)).astype(int).reshape(*array.shape[:2], -1)


def random_pixels(channels, dtype=np.uint8, size=(60, 60)):
    return np.random.default_rng(channels).integers(0, np.iinfo(dtype).max + 1, (*size, channels)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
def test_srgb_is_exact_for_every_value(dtype, channels):
    every = np.arange(np.iinfo(dtype).max + 1).astype(dtype).reshape(-1, 1, 1).repeat(channels, 2)
    colors = SRGB.to_srgb(every)
    assert colors.dtype == np.float32
    assert colors.shape == (len(every), 1, 3)
    assert np.array_equal(SRGB.from_srgb(colors, every), every)


@pytest.mark.parametrize("curve", [SRGB_SAMPLED, SRGB_PARAMETRIC])
def test_a_profile_that_is_srgb_changes_nothing(curve):
    assert color_space(ColorModel.RGB, profiles.rgb_profile(profiles.SRGB, curve)) is SRGB
    assert color_space(ColorModel.RGB, CMS_SRGB.tobytes()) is SRGB
    assert color_space(ColorModel.RGB, None) is SRGB
    assert color_space(ColorModel.GREY, None) is SRGB


@pytest.mark.parametrize("name", RGB_PROFILES)
def test_matrix_profiles_agree_with_littlecms(name):
    space, array = color_space(ColorModel.RGB, RGB_PROFILES[name]), random_pixels(3)
    assert space is not SRGB
    ours = np.rint(space.to_srgb(array) * 255).astype(int)
    assert np.abs(ours - by_littlecms(RGB_PROFILES[name], "RGB", array)).max() <= 2
    back = space.from_srgb(SRGB.to_srgb(array), array).astype(int)
    difference = np.abs(back - by_littlecms(RGB_PROFILES[name], "RGB", array, back=True))
    assert difference.mean() < 0.1
    assert np.percentile(difference, 99.9) <= 2


@pytest.mark.parametrize("name", ["adobe", "p3"])
def test_16_bit_goes_there_and_back(name):
    space = color_space(ColorModel.RGB, RGB_PROFILES[name])
    inside = space.from_srgb(np.random.default_rng(0).random((50, 50, 3), np.float32), np.empty((1, 1, 3), np.uint16))
    again = space.from_srgb(space.to_srgb(inside), inside)
    assert np.abs(again.astype(int) - inside).max() <= 8
    assert again.dtype == np.uint16


def test_grey_profiles_agree_with_littlecms():
    profile = profiles.grey_profile(1.8)
    space, array = color_space(ColorModel.GREY, profile), np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    ours = np.rint(space.to_srgb(array) * 255).astype(int)
    difference = np.abs(ours - by_littlecms(profile, "L", array))
    assert difference[1:].max() <= 1  # LittleCMS quantizes the darkest tones
    assert np.array_equal(space.from_srgb(space.to_srgb(array), array), array)
    deep = np.arange(65536).astype(np.uint16).reshape(256, 256, 1)
    assert np.abs(space.from_srgb(space.to_srgb(deep), deep).astype(int) - deep).max() <= 2


def ink_to_lab(c, m, y, k):
    light = (1 - (c + m + y) / 3) * (1 - k)
    return light, 0.5 + (m - c) * 0.2 * (1 - k), 0.5 + (y - (c + m) / 2) * 0.2 * (1 - k)


def lab_to_ink(light, a, b):
    return (
        max(0, 0.8 - light + (0.5 - a)),
        max(0, 0.8 - light + (a - 0.5)),
        max(0, 0.8 - light + (b - 0.5)),
        max(0, 0.3 - light),
    )


def test_table_profiles_agree_with_littlecms_and_are_smooth():
    profile = profiles.table_profile(b"CMYK", 4, ink_to_lab, lab_to_ink)
    space, array = color_space(ColorModel.CMYK, profile), random_pixels(4)
    ours = np.rint(space.to_srgb(array) * 255).astype(int)
    difference = np.abs(ours - by_littlecms(profile, "CMYK", array))
    assert difference.mean() < 1
    colors = random_pixels(3)
    back = space.from_srgb(SRGB.to_srgb(colors), array).astype(int)
    assert np.abs(back - by_littlecms(profile, "CMYK", colors, back=True)).mean() < 1.5
    ramp = np.zeros((1, 2000, 4), np.uint16)
    ramp[0, :, 3] = 30000 + np.arange(2000)
    steps = np.diff(space.to_srgb(ramp)[0, :, 0])
    assert np.abs(steps).max() < 1 / 2000
    assert len(np.unique(space.to_srgb(ramp)[0, :, 0])) > 1500


def test_plain_cmyk_has_an_exact_way_back():
    space = color_space(ColorModel.CMYK, None)
    colors = np.random.default_rng(0).random((40, 40, 3), np.float32)
    inks = space.from_srgb(colors, np.empty((1, 1, 4), np.uint16))
    assert np.abs(space.to_srgb(inks) - colors).max() < 1e-4
    white = space.from_srgb(np.ones((1, 1, 3), np.float32), np.empty((1, 1, 4), np.uint8))
    black = space.from_srgb(np.zeros((1, 1, 3), np.float32), np.empty((1, 1, 4), np.uint8))
    assert white.tolist() == [[[0, 0, 0, 0]]]
    assert black[0, 0, 3] == 255


def light_to_lab(r, g, b):
    return 0.3 * r + 0.6 * g + 0.1 * b, 0.5 + (r - g) * 0.3, 0.5 + (g - b) * 0.3


TABLES = profiles.table_profile(b"RGB ", 3, light_to_lab, lambda *lab: lab)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(
    ("model", "profile"),
    [
        (ColorModel.RGB, None),
        *[(ColorModel.RGB, profile) for profile in RGB_PROFILES.values()],
        (ColorModel.RGB, TABLES),
        (ColorModel.GREY, None),
        (ColorModel.GREY, profiles.grey_profile(1.8)),
        (ColorModel.CMYK, None),
    ],
)
def test_the_way_to_the_screen_is_the_way_to_srgb(model, profile, dtype):
    """The quick way, for pixels as a document holds them; LittleCMS, for tables, has a grid of its own, at 8 bit."""
    space = rgb_space(model, profile)
    pixels = np.random.default_rng(0).integers(0, np.iinfo(dtype).max + 1, (60, 70, 4), dtype)[..., :3]
    if model is ColorModel.GREY:
        pixels = np.repeat(pixels[..., :1], 3, axis=2)
    shown = space.to_screen(pixels)
    assert shown.dtype == np.uint8
    difference = np.abs(shown - space.to_srgb(np.ascontiguousarray(pixels)) * 255)
    assert difference.mean() <= 0.6
    assert difference.max() <= (8 if profile is TABLES else 0.56)


@pytest.mark.parametrize(
    "profile",
    [b"", b"x" * 500, RGB_PROFILES["p3"][:300], RGB_PROFILES["p3"][:128] + b"\xff" * 300, profiles.grey_profile(2.2)],
)
def test_a_useless_profile_is_ignored_with_a_warning(profile, caplog):
    color_space.__globals__["_cached_space"].cache_clear()
    with caplog.at_level(logging.WARNING):
        assert color_space(ColorModel.RGB, profile) is SRGB
    assert "ignored" in caplog.text


@given(st.binary(min_size=0, max_size=40), st.integers(0, 700), st.sampled_from(sorted(RGB_PROFILES)))
def test_mutated_profiles_never_surprise(noise, where, name):
    profile = bytearray(RGB_PROFILES[name])
    profile[where : where + len(noise)] = noise
    space = color_space(ColorModel.RGB, bytes(profile))
    array = random_pixels(3, size=(4, 4))
    colors = space.to_srgb(array)
    assert np.isfinite(colors).all()
    assert space.from_srgb(colors, array).shape == array.shape


def test_a_large_profile_is_not_copied_for_each_of_its_tags():
    body = bytes(20_000_000)
    tags = b"".join(b"tag%c" % index + struct.pack(">II", 128, len(body)) for index in range(200))
    data = bytes(36) + b"acsp" + bytes(88) + struct.pack(">I", 200) + tags + body
    data = data[:12] + b"mntrRGB XYZ " + data[24:]
    tracemalloc.start()
    assert color_space(ColorModel.RGB, data) is SRGB
    assert tracemalloc.get_traced_memory()[1] < 100_000_000
    tracemalloc.stop()


def test_out_of_gamut_is_clipped():
    space = color_space(ColorModel.RGB, RGB_PROFILES["adobe"])
    colors = space.to_srgb(np.array([[[0, 255, 0]]], np.uint8))
    assert colors.min() == 0
    assert 0.9999 < colors.max() <= 1


def test_real_photos_of_phones_and_cameras_are_srgb():
    folder = Path(__file__).parents[2].parent / "shared" / "photos"
    if not folder.is_dir():
        pytest.skip("the photos are not beside this checkout")
    for path in sorted(folder.glob("*.jpg")):
        with PillowImage.open(path) as picture:
            assert color_space(ColorModel.RGB, picture.info.get("icc_profile")) is SRGB
