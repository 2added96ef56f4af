"""Masks: the published statistics to the bit, and what holds for every seed."""

import hashlib
import json

import numpy as np
import pytest
from numpy.random import RandomState

from lama_desktop.errors import SettingsError
from lama_desktop.masks.generators import MASK_PRESETS, Boxes, Strokes, draw_of_area

PUBLISHED = {
    **{f"random_{name}": name for name in MASK_PRESETS if not name.startswith("train")},
    "train_abl-04-256-mh-dist_256": "train_wide",
    "train_abl-04-256-mh-dist-celeba_256": "train_wide",
    "train_abl-02-thin-bb_256": "train_thin",
    "train_released-big-lama-config_256": "train_big_lama",
}


def short_hash(hole) -> str:
    return hashlib.sha256(np.packbits(hole).tobytes()).hexdigest()[:16]


@pytest.mark.parametrize("published", PUBLISHED)
def test_masks_are_the_published_ones_bit_for_bit(golden, published):
    expected = json.loads((golden / "masks" / "masks.json").read_text())["presets"][published]
    random, size = RandomState(expected["seed"]), expected["size"]
    generator = MASK_PRESETS[PUBLISHED[published]]
    masks = [generator.draw((size, size), random) for _ in expected["fractions"]]
    assert [round(float(mask.mean()), 8) for mask in masks] == expected["fractions"]
    hashes = expected["sha256_16_of_packbits_first20"]
    assert [short_hash(mask) for mask in masks[: len(hashes)]] == hashes
    assert random.rand() == expected["np_random_rand_after"], "as many numbers were drawn"


def test_every_published_preset_is_here(golden):
    presets = json.loads((golden / "masks" / "masks.json").read_text())["presets"]
    assert set(presets) == set(PUBLISHED)
    assert set(PUBLISHED.values()) == set(MASK_PRESETS)


@pytest.mark.parametrize("preset", MASK_PRESETS)
@pytest.mark.parametrize("size", [(64, 64), (256, 256), (300, 200)])
def test_a_mask_depends_on_the_seed_only(preset, size):
    first, second = RandomState(7), RandomState(7)
    for _ in range(20):
        mask = MASK_PRESETS[preset].draw(size, first)
        assert mask.shape == size[::-1]
        assert mask.dtype == bool
        assert mask.any()
        np.testing.assert_array_equal(mask, MASK_PRESETS[preset].draw(size, second))
    other = RandomState(8)
    assert first.rand() != other.rand()


def test_boxes_keep_the_margin_and_their_sides():
    random = RandomState(0)
    sides = set()
    for _ in range(200):
        rows, columns = np.nonzero(Boxes(1, 1, 5, 8, margin=3).draw((32, 24), random))
        assert rows.min() >= 3
        assert rows.max() < 24 - 3
        assert columns.min() >= 3
        assert columns.max() < 32 - 3
        sides |= {int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1}
    assert sides == {5, 6, 7, 8}


def test_one_stroke_more_than_the_most_is_drawn(monkeypatch):
    class Highest(RandomState):
        """Draws the largest number every time; counts the strokes by their start points."""

        bounds: tuple = ()

        def randint(self, low, high=None):
            self.bounds += ((low, high),)
            return (low if high is None else high) - 1

    random = Highest()
    Strokes(1, 5, width=10, length=10).draw((64, 64), random)
    assert random.bounds[0] == (1, 7)
    assert random.bounds.count((5, None)) == 6, "six strokes ask for their number of segments"


def test_a_mask_of_a_wanted_area():
    random = RandomState(3)
    areas = [draw_of_area(MASK_PRESETS["thick_512"], (128, 128), random, 0.05, 0.35).mean() for _ in range(50)]
    assert min(areas) >= 0.05
    assert max(areas) <= 0.35
    assert max(areas) - min(areas) > 0.15


def test_an_area_that_never_comes_is_said():
    with pytest.raises(SettingsError, match="0% to 0% of 64 × 64"):
        draw_of_area(Strokes(1, 1, width=10, length=10), (64, 64), RandomState(0), 0.0, 1e-6)
    with pytest.raises(SettingsError, match="too small"):
        Boxes(1, 1, 30, 60, margin=10).draw((20, 20), RandomState(0))
