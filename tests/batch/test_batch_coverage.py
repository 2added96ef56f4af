"""What is to be removed by each rule, and results in other colours or at another depth."""

from dataclasses import replace

import lots
import numpy as np
import pytest
from PIL import ImageCms

from lama_desktop import formats
from lama_desktop.batch.conversion import converted
from lama_desktop.batch.coverage import coverage_of
from lama_desktop.batch.order import BatchOptions, Depth
from lama_desktop.core.photo import ColorModel, Photo
from lama_desktop.errors import FileFormatError

HOLE = np.zeros(lots.SIZE[::-1], np.uint8)
HOLE[lots.HOLE] = 255


@pytest.fixture
def photo():
    return Photo(lots.picture())


def coverage(photo, files, *inputs, **options):
    return coverage_of(photo, files, lots.order(*inputs, **options))


class TestMaskFiles:
    def test_several_masks_are_united(self, photo, tmp_path):
        one = lots.mask(tmp_path / "1.png", hole=np.s_[10:20, 10:15])
        two = lots.mask(tmp_path / "2.png", hole=np.s_[10:20, 14:20])
        found, notes = coverage(photo, [one, two], tmp_path)
        assert np.array_equal(found, HOLE)
        assert notes == []

    def test_greys_are_cut_in_the_middle_or_kept(self, photo, tmp_path):
        grey = lots.mask(tmp_path / "1.png", value=127)
        assert not coverage(photo, [grey], tmp_path)[0].any()
        assert coverage(photo, [grey], tmp_path, soft_mask=True)[0][lots.HOLE].tolist() == [[127] * 10] * 10

    def test_another_size_is_refused_or_scaled(self, photo, tmp_path):
        large = lots.mask(tmp_path / "1.png", size=(80, 60), hole=np.s_[20:40, 20:40])
        with pytest.raises(FileFormatError, match="80 × 60"):
            coverage(photo, [large], tmp_path)
        found, (note,) = coverage(photo, [large], tmp_path, mask_size="scale")
        assert np.array_equal(found, HOLE)
        assert "1.png was scaled from 80 × 60" in note

    def test_one_mask_for_all_is_read_once(self, photo, tmp_path, monkeypatch):
        one = lots.mask(tmp_path / "one.png")
        read, reads = formats.read_mask, []
        monkeypatch.setattr(formats, "read_mask", lambda *words: (reads.append(words), read(*words))[1])
        for _ in range(3):
            assert np.array_equal(coverage(photo, [one], tmp_path, masks=str(one))[0], HOLE)
        assert len(reads) == 1
        with pytest.raises(FileFormatError, match="40 × 30"):
            coverage(Photo(lots.picture(size=(50, 30))), [one], tmp_path, masks=str(one))
        lots.mask(tmp_path / "one.png", hole=np.s_[0:1])
        assert coverage(photo, [one], tmp_path, masks=str(one))[0].sum() == 40 * 255


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_transparency_is_the_mask(tmp_path, dtype):
    full = np.iinfo(dtype).max
    alpha = ((255 - HOLE.astype(np.uint32)) * (full // 255)).astype(dtype)
    pixels = np.dstack([lots.picture().astype(dtype), alpha])
    found, _ = coverage(Photo(pixels, has_alpha=True), (), tmp_path, masks="alpha")
    assert np.array_equal(found, HOLE)
    assert not coverage(Photo(pixels[..., :3].copy()), (), tmp_path, masks="alpha")[0].any()


class TestKeyColour:
    def test_what_is_near_enough_is_the_mask(self, photo, tmp_path):
        photo.pixels[lots.HOLE] = (255, 0, 255)
        photo.pixels[10, 10] = (223, 32, 223)
        assert np.array_equal(coverage(photo, (), tmp_path, masks="color")[0], HOLE)
        photo.pixels[10, 10] = (222, 0, 255)
        assert coverage(photo, (), tmp_path, masks="color")[0][10, 10] == 0
        assert coverage(photo, (), tmp_path, masks="color", mask_tolerance=33)[0][10, 10] == 255

    def test_at_16_bits_and_in_grey(self, tmp_path):
        deep = Photo(lots.picture().astype(np.uint16) * 257)
        deep.pixels[lots.HOLE] = (65535, 0, 65535)
        assert np.array_equal(coverage(deep, (), tmp_path, masks="color")[0], HOLE)
        grey = Photo(lots.picture()[..., :1].copy(), ColorModel.GREY)
        grey.pixels[lots.HOLE] = 255
        assert np.array_equal(coverage(grey, (), tmp_path, masks="color", mask_color="#ffffff")[0], HOLE)


class TestConversion:
    def test_nothing_asked_for_changes_nothing(self, photo):
        assert converted(photo, BatchOptions()) is photo

    def test_depth(self, photo):
        deep = converted(photo, BatchOptions(depth=Depth.SIXTEEN))
        assert deep.pixels.dtype == np.uint16
        assert np.array_equal(deep.pixels // 257, photo.pixels)
        assert np.array_equal(converted(deep, BatchOptions(depth=Depth.EIGHT)).pixels, photo.pixels)

    def test_colours(self, photo):
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        same = converted(replace(photo, profile=profile), BatchOptions(to_srgb=True))
        assert same.profile is None
        assert np.array_equal(same.pixels, photo.pixels)
        ink = Photo(np.zeros((4, 4, 5), np.uint8), ColorModel.CMYK, has_alpha=True)
        ink.pixels[..., 4] = 7
        white = converted(ink, BatchOptions(to_srgb=True))
        assert white.model is ColorModel.RGB
        assert white.pixels[0, 0].tolist() == [255, 255, 255, 7]


def test_an_order_may_ask_for_every_format_there_is(tmp_path):
    for each in formats.FORMATS:
        assert lots.order(tmp_path, format=each.name).batch.format == each.name


@pytest.mark.parametrize("rule", ["alpha", "color"])
def test_a_mask_that_was_given_counts_whatever_the_rule(photo, tmp_path, rule):
    one = lots.mask(tmp_path / "1.png")
    found, _ = coverage(photo, [one], tmp_path, masks=rule)
    assert np.array_equal(found, HOLE)
