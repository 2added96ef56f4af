"""Profiles of well-known colour spaces, as LittleCMS and our own reader understand them."""

import io

import numpy as np
import pytest
from PIL import Image as PillowImage
from PIL import ImageCms

from lama_desktop.core import icc
from lama_desktop.core.color import SRGB, color_space
from lama_desktop.core.photo import ColorModel
from lama_desktop.core.profiles import profile_of


def test_srgb_is_srgb():
    assert color_space(ColorModel.RGB, profile_of("sRGB")) is SRGB
    assert profile_of("sRGB") is profile_of("sRGB")


@pytest.mark.parametrize("space", ["sRGB", "Display P3", "BT.2020"])
def test_littlecms_reads_the_same_colors(space):
    profile = ImageCms.ImageCmsProfile(io.BytesIO(profile_of(space)))
    assert ImageCms.getProfileDescription(profile).strip() == space
    colors = np.random.default_rng(0).integers(60, 190, (8, 8, 3), np.uint8)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    theirs = ImageCms.profileToProfile(PillowImage.fromarray(colors), profile, srgb)
    ours = color_space(ColorModel.RGB, profile_of(space)).to_screen(colors)
    assert np.abs(np.asarray(theirs).astype(int) - ours).max() <= 1


def test_the_white_of_every_space_is_the_white_of_profiles():
    for space in ("sRGB", "Display P3", "BT.2020"):
        matrix = icc.parse(profile_of(space)).matrix
        assert matrix.sum(axis=1) == pytest.approx([0.9642, 1, 0.8249], abs=1e-4)


def test_the_curve_of_video():
    half = np.array([0.5])
    assert icc.parse(profile_of("BT.2020")).curves[0](half) == pytest.approx(0.2140, abs=1e-3)
    assert icc.parse(profile_of("BT.2020", video_tone=True)).curves[0](half) == pytest.approx(0.2597, abs=1e-3)
