"""Presets: the published masks to the bit, and what holds for every kind and seed."""

import hashlib
import json

import numpy as np
import pytest
from numpy.random import RandomState

from lama_desktop.masks.generators import Boxes, Mixture, Square, Strokes
from lama_desktop.masks.presets import MASK_PRESETS, scaled

PUBLISHED = {
    "random_thin_256": "thin_256",
    "random_thin_512": "thin_512",
    "random_medium_256": "medium_256",
    "random_medium_512": "medium_512",
    "random_thick_256": "thick_256",
    "random_thick_512": "thick_512",
    "train_abl-04-256-mh-dist_256": "train_wide",
    "train_abl-04-256-mh-dist-celeba_256": "train_wide",
    "train_abl-02-thin-bb_256": "train_thin",
    "train_released-big-lama-config_256": "train_big_lama",
}


def short_hash(hole) -> str:
    return hashlib.sha256(np.packbits(hole).tobytes()).hexdigest()[:16]


@pytest.fixture
def published(golden):
    return json.loads((golden / "masks" / "masks.json").read_text())["presets"]


@pytest.mark.parametrize("name", PUBLISHED)
def test_masks_are_the_published_ones_bit_for_bit(published, name):
    expected = published[name]
    random, size = RandomState(expected["seed"]), expected["size"]
    preset = MASK_PRESETS[PUBLISHED[name]]
    assert preset.side == size
    masks = [preset.draw((size, size), random) for _ in expected["fractions"]]
    assert [round(float(mask.mean()), 8) for mask in masks] == expected["fractions"]
    hashes = expected["sha256_16_of_packbits_first20"]
    assert [short_hash(mask) for mask in masks[: len(hashes)]] == hashes
    assert random.rand() == expected["np_random_rand_after"], "as many numbers were drawn"


def test_the_statistics_are_the_published_ones(published):
    """Once, with a stream of its own, beside the three thousand draws of the published statistics."""
    expected = published["random_thick_256"]["stats_3000_seed999"]
    random = RandomState(999)
    areas = [float(MASK_PRESETS["thick_256"].draw((256, 256), random).mean()) for _ in range(expected["n"])]
    assert np.mean(areas) == pytest.approx(expected["mean"], abs=1e-8)
    assert np.std(areas) == pytest.approx(expected["std"], abs=1e-8)
    assert [min(areas), max(areas)] == [expected["min"], expected["max"]]
    quantiles = np.quantile(areas, [float(each) for each in expected["quantiles"]])
    np.testing.assert_allclose(quantiles, list(expected["quantiles"].values()), atol=1e-12)


def test_every_published_preset_is_here(published):
    assert set(published) == set(PUBLISHED)
    assert set(PUBLISHED.values()) <= set(MASK_PRESETS)


@pytest.mark.parametrize("name", MASK_PRESETS)
@pytest.mark.parametrize("size", [(64, 64), (256, 256), (300, 200)])
def test_a_mask_depends_on_the_seed_only(name, size):
    first, second = RandomState(7), RandomState(7)
    for _ in range(20):
        # On a small picture the strokes of a large one may cover all of it; that is what `scaled` is for.
        mask = MASK_PRESETS[name].draw(size, first)
        assert mask.shape == size[::-1]
        assert mask.dtype == bool
        assert mask.any()
        np.testing.assert_array_equal(mask, MASK_PRESETS[name].draw(size, second))
    other = RandomState(8)
    assert first.rand() != other.rand()


@pytest.mark.parametrize("name", ["train_wide", "train_thin", "square", "borders", "grid", "squares_256"])
def test_scale_one_changes_nothing(name):
    first, second = RandomState(1), RandomState(1)
    one = scaled(MASK_PRESETS[name], 1)
    for _ in range(10):
        np.testing.assert_array_equal(one.draw((96, 96), first), MASK_PRESETS[name].draw((96, 96), second))


def test_scale_follows_the_size_of_the_picture():
    preset = MASK_PRESETS["train_wide"]
    assert scaled(preset, 2) == Mixture(
        (Strokes(1, 5, width=200, length=400), Boxes(1, 4, 60, 300, margin=20)), (1.0, 1.0)
    )
    small, large = (
        [scaled(preset, s / 256).draw((s, s), RandomState(i)).mean() for i in range(300)] for s in (128, 512)
    )
    assert np.mean(small) == pytest.approx(np.mean(large), abs=0.06)
    assert scaled(MASK_PRESETS["square"], 3) == Square(0.1, 0.35)
