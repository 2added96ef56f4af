"""Cuts: the published procedure to the digit, and pictures scaled as it scales them."""

import json

import numpy as np
import pytest
from numpy.random import RandomState
from PIL import Image as PillowImage

from lama_desktop.core.photo import ColorModel, Photo
from lama_desktop.errors import SettingsError
from lama_desktop.masks.cuts import draw_cuts, expanded, middle_square, scaled_picture, scaled_size, square_around
from lama_desktop.masks.generators import Borders, Square
from lama_desktop.masks.presets import MASK_PRESETS

TOOL = ["thin_256", "thin_512", "medium_256", "medium_512", "thick_256", "thick_512"]


@pytest.mark.parametrize("name", TOOL)
def test_the_masks_of_the_published_tool(golden, name):
    expected = json.loads((golden / "masks" / "masks.json").read_text())["dataset_tool"][f"random_{name}"]
    size = scaled_size(tuple(expected["image_wh"]), MASK_PRESETS[name].side)
    assert list(size) == expected["resized_wh"]
    random = RandomState(expected["seed"])
    areas = [float(draw_cuts(MASK_PRESETS[name], size, random)[0].hole.mean()) for _ in range(expected["images"])]
    assert [round(area, 8) for area in areas[:20]] == expected["fractions_first20"]
    statistics = expected["stats"]
    assert np.mean(areas) == pytest.approx(statistics["mean"], abs=1e-8)
    assert np.std(areas) == pytest.approx(statistics["std"], abs=1e-8)
    assert [min(areas), max(areas)] == pytest.approx([statistics["min"], statistics["max"]], abs=1e-12)


def test_as_many_variants_are_dropped_as_published(golden):
    expected = json.loads((golden / "masks" / "masks.json").read_text())["dataset_tool"]["random_thick_512"]
    areas = []

    class Watched:
        def draw(self, size, random):
            hole = MASK_PRESETS["thick_512"].draw(size, random)
            areas.append(hole)
            return hole

    random = RandomState(expected["seed"])
    for _ in range(20):
        draw_cuts(Watched(), tuple(expected["resized_wh"]), random)
    assert len(areas) == 20 * 5, "no picture needed a second round"


@pytest.mark.parametrize("shape", [(40, 70), (70, 40), (50, 50)])
def test_squares_meet_the_hole(shape):
    random, starts = RandomState(0), set()
    for _ in range(200):
        hole = Square(0.05, 0.2).draw(shape[::-1], random)
        rect = square_around(hole, random)
        assert rect.width == rect.height == min(shape)
        assert min(rect.left, rect.top) == 0
        assert rect.right <= shape[1]
        assert rect.bottom <= shape[0]
        assert hole[rect.slices].mean() >= 0
        starts.add(max(rect.left, rect.top))
    assert len(starts) > 10 or shape == (50, 50)


def test_areas_and_numbers_are_kept():
    random = RandomState(0)
    cuts = draw_cuts(MASK_PRESETS["thick_256"], (300, 256), random, wanted=7, variants=3, area=(0.1, 0.2))
    assert len(cuts) == 7
    assert len({cut.hole.tobytes() for cut in cuts}) == 7
    for cut in cuts:
        assert cut.hole.shape == (256, 256) == (cut.rect.height, cut.rect.width)
        assert 0.1 <= cut.hole.mean() <= 0.2
        assert cut.hole.flags.c_contiguous


def test_whole_pictures_are_not_cut():
    (cut,) = draw_cuts(Borders(0.1, 0.1, 1.0), (60, 40), RandomState(0), square=False)
    assert (cut.rect.width, cut.rect.height) == (60, 40)
    np.testing.assert_array_equal(cut.hole, MASK_PRESETS["frame"].draw((60, 40), RandomState(0)))


def test_areas_that_never_come_are_said():
    class Empty:
        def draw(self, size, random):
            return np.zeros(size[::-1], bool)

    for generator in (MASK_PRESETS["frame"], Empty()):
        with pytest.raises(SettingsError, match="hardly ever cover 0% to 10% of a part of 40 × 30"):
            draw_cuts(generator, (40, 30), RandomState(0), area=(0.0, 0.1))


def test_sizes_round_as_published():
    assert scaled_size((640, 480), 256) == (341, 256)
    assert scaled_size((480, 640), 512) == (512, 683)
    assert scaled_size((50, 100), 256) == (256, 512)
    assert min(scaled_size((997, 333), 512)) == 512


def test_pictures_are_scaled_as_published():
    pixels = np.random.default_rng(0).integers(0, 256, (60, 90, 3)).astype(np.uint8)
    for side in (20, 60, 150):
        size = scaled_size((90, 60), side)
        expected = np.asarray(PillowImage.fromarray(pixels).resize(size, PillowImage.Resampling.BICUBIC))
        np.testing.assert_array_equal(scaled_picture(Photo(pixels), side), expected)


def test_every_kind_of_picture_becomes_eight_bit_srgb():
    ramp = np.linspace(0, 65535, 40 * 50).reshape(40, 50, 1).astype(np.uint16)
    grey = scaled_picture(Photo(ramp, ColorModel.GREY), 20)
    assert grey.shape == (20, 25, 3)
    assert grey.dtype == np.uint8
    assert (np.diff(grey.reshape(-1, 3).max(1).astype(int)[::25]) > 0).all()
    ink = np.zeros((40, 50, 4), np.uint8)
    ink[..., 3] = 255
    assert scaled_picture(Photo(ink, ColorModel.CMYK), 20).max() == 0
    glass = np.full((40, 50, 4), 200, np.uint8)
    assert scaled_picture(Photo(glass, has_alpha=True), 20).shape == (20, 25, 3)


def test_expanded_pictures_have_a_hole_around_them():
    picture = np.full((20, 40, 3), 9, np.uint8)
    result, hole = expanded(picture, 0.2)
    assert result.shape == (24, 48, 3)
    np.testing.assert_array_equal(result[~hole].reshape(picture.shape), picture)
    assert not hole[2:-2, 4:-4].any()
    assert not result[hole].any()
    assert hole.sum() == 24 * 48 - 20 * 40


def test_the_middle():
    rows = np.arange(7)[:, None, None].repeat(3, 1).repeat(3, 2)
    assert middle_square(rows)[:, 0, 0].tolist() == [2, 3, 4]
