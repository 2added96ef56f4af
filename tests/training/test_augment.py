"""The published augmentations: which steps, how often, within which bounds; and what each does to the tones."""

import math

import cv2
import numpy as np
import pytest
from numpy.random import RandomState

from lama_desktop.training import augment
from lama_desktop.training.augment import AUGMENTATIONS

DRAWS = 1500
SIZE = 24


def noise(width=40, height=30, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


@pytest.fixture
def calls(monkeypatch):
    """Record what the steps are called with, by name, but for their first argument (a picture or its size)."""
    recorded = {}

    def spied(module, name):
        function = getattr(module, name)

        def spy(first, *args, **keywords):
            recorded.setdefault(name, []).append((*args, *keywords.values()))
            return function(first, *args, **keywords)

        monkeypatch.setattr(module, name, spy)

    for name in ("scaled", "perspective", "affine", "lens", "padded", "cropped"):
        spied(augment.warps, name)
    for name in ("equalized", "brightened", "tinted"):
        spied(augment, name)
    return recorded


def run(name, image=None, size=SIZE, draws=DRAWS):
    random, image = RandomState(1), noise() if image is None else image
    for _ in range(draws):
        AUGMENTATIONS[name](image, size, random)


def column(calls, name, index):
    return np.array([call[index] for call in calls[name]])


def assert_uniform(values, low, high):
    """Check bounds, mean and spread of a uniform distribution, within five standard errors."""
    span, count = high - low, len(values)
    assert values.min() >= low
    assert values.max() <= high
    assert abs(values.mean() - (low + high) / 2) < 5 * span / math.sqrt(12 * count)
    assert abs(values.std() - span / math.sqrt(12)) < 5 * span / math.sqrt(24 * count)


def assert_chance(calls, name, chance=0.5, draws=DRAWS):
    found = len(calls.get(name, ())) / draws
    assert abs(found - chance) <= 5 * math.sqrt(chance * (1 - chance) / draws)


TONES = ("equalized", "brightened", "tinted")


def test_the_published_names_are_here():
    assert set(AUGMENTATIONS) == {
        *("none", "default", "distortions", "distortions_light", "non_space_transform"),
        *("distortions_scale05_1", "distortions_scale03_12", "distortions_scale03_07"),
    }


@pytest.mark.parametrize(
    ("name", "scale", "turn", "shear", "chance", "corners", "lens"),
    [
        ("distortions", (0.7, 1.3), 40, 0.1, 0.5, 0.06, True),
        ("distortions_scale05_1", (0.5, 1.0), 40, 0.1, 1.0, 0.06, True),
        ("distortions_scale03_12", (0.3, 1.2), 40, 0.1, 1.0, 0.06, True),
        ("distortions_scale03_07", (0.3, 0.7), 40, 0.1, 1.0, 0.06, True),
        ("distortions_light", (0.8, 1.8), 20, 0.03, 0.5, 0.02, False),
    ],
)
def test_distortions_have_the_published_chances_and_bounds(calls, name, scale, turn, shear, chance, corners, lens):
    run(name)
    assert_chance(calls, "affine", chance)
    across, down = (column(calls, "affine", 0)[:, axis] for axis in (0, 1))
    assert_uniform(across, *scale)
    assert_uniform(down, *scale)
    assert abs(np.corrcoef(across, down)[0, 1]) < 5 / math.sqrt(len(down)), "the axes are drawn apart"
    assert_uniform(column(calls, "affine", 1), -turn, turn)
    assert_uniform(column(calls, "affine", 2), -shear, shear)

    assert_chance(calls, "perspective")
    insets = column(calls, "perspective", 0)
    assert insets.shape[1:] == (4, 2)
    assert insets.min() >= 0
    assert insets.max() < 5 * corners
    # Normal numbers whose deviation is uniform up to `corners`.
    assert np.mean(insets**2) == pytest.approx(corners**2 / 3, rel=0.15)
    assert np.mean(insets) == pytest.approx(corners / 2 * math.sqrt(2 / math.pi), rel=0.1)

    if lens:
        assert_chance(calls, "lens")
        assert_uniform(column(calls, "lens", 0), -0.05, 0.05)
    else:
        assert "lens" not in calls
    assert_chance(calls, "padded", 1.0)
    assert column(calls, "cropped", 2).mean() == pytest.approx(0.5, abs=0.07), "mirrored"
    for each in TONES:
        assert_chance(calls, each)
    assert "scaled" not in calls


def test_default_has_the_published_chances_and_bounds(calls):
    run("default", noise(60, 50))
    assert_chance(calls, "scaled")
    assert_uniform(column(calls, "scaled", 0), 0.8, 1.2)
    assert column(calls, "cropped", 2).mean() == pytest.approx(0.5, abs=0.07), "mirrored"
    assert not {"perspective", "affine", "lens"} & set(calls)
    for each in TONES:
        assert_chance(calls, each)


def test_tones_have_the_published_bounds(calls):
    run("non_space_transform")
    for each in TONES:
        assert_chance(calls, each)
    assert_uniform(column(calls, "equalized", 0), 1, 4)
    assert_uniform(column(calls, "brightened", 0), -0.2, 0.2)
    assert_uniform(column(calls, "brightened", 1), -0.2, 0.2)
    for index, bound in enumerate((5, 30, 5)):
        assert_uniform(column(calls, "tinted", index), -bound, bound)
    assert set(calls) == {*TONES, "padded", "cropped"}
    assert not column(calls, "cropped", 2).any()


def test_none_takes_every_crop_alike_and_changes_nothing(calls):
    image = noise(SIZE + 3, SIZE + 2)
    run("none", image, draws=1200)
    assert set(calls) == {"padded", "cropped"}
    places, counts = np.unique(np.array(calls["cropped"])[:, :2], axis=0, return_counts=True)
    assert len(places) == 4 * 3
    assert counts.min() > 60
    exact = noise(SIZE, SIZE)
    np.testing.assert_array_equal(AUGMENTATIONS["none"](exact, SIZE, RandomState(0)), exact)


class No(RandomState):
    """Every coin says no."""

    def random_sample(self, size=None):
        return 0.999999


@pytest.mark.parametrize("name", ["none", "default", "distortions", "distortions_light", "non_space_transform"])
def test_if_nothing_happens_a_part_of_the_picture_comes_out(name):
    image = noise(60, 50)
    random, same = No(3), No(3)
    patch = AUGMENTATIONS[name](image, 32, random)
    left, top = same.randint(0, 60 - 32 + 1), same.randint(0, 50 - 32 + 1)
    np.testing.assert_array_equal(patch, image[top : top + 32, left : left + 32])


@pytest.mark.parametrize("name", AUGMENTATIONS)
@pytest.mark.parametrize("shape", [(1, 1), (7, 200), (300, 20), (64, 64), (65, 70)])
def test_pictures_of_any_size_give_patches_that_depend_on_the_seed_only(name, shape):
    image = noise(*shape)
    before = image.copy()
    for seed in range(6):
        patch = AUGMENTATIONS[name](image, 64, RandomState(seed))
        assert (patch.shape, patch.dtype) == ((64, 64, 3), np.uint8)
        assert patch.flags.c_contiguous
        assert patch.flags.writeable
        np.testing.assert_array_equal(patch, AUGMENTATIONS[name](image, 64, RandomState(seed)))
    np.testing.assert_array_equal(image, before)


def test_brightness_and_contrast():
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)
    found = augment.brightened(ramp, 0.2, -0.1)
    expected = np.rint(np.clip(np.arange(256) * 1.2 - 25.5, 0, 255)).reshape(16, 16)
    np.testing.assert_array_equal(found[..., 1], expected)
    np.testing.assert_array_equal(augment.brightened(ramp, 0, 0), ramp)


def test_tint_moves_hue_saturation_and_value():
    hsv = np.array([[[178, 100, 100], [1, 250, 3], [90, 10, 254]]], np.uint8)
    image = cv2.cvtColor(np.tile(hsv, (4, 1, 1)), cv2.COLOR_HSV2RGB)
    start = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)[0].astype(int)
    found = cv2.cvtColor(augment.tinted(image, 5, 30, -5), cv2.COLOR_RGB2HSV)[0].astype(int)
    turned = (found[:, 0] - start[:, 0]) % 180
    assert abs(turned[[0, 2]] - 5).max() <= 2, "around the circle; of a black pixel there is no hue"
    assert abs(found[0, 1:] - start[0, 1:] - [30, -5]).max() <= 2
    assert found[1, 2] == 0
    assert found[2, 1] == pytest.approx(40, abs=2)
    grey = np.full((4, 4, 3), 77, np.uint8)
    np.testing.assert_array_equal(augment.tinted(grey, 0, 0, 0), grey)


def test_equalisation_raises_local_contrast_and_keeps_colours():
    y, x = np.mgrid[:256, :256]
    flat = np.stack([110 + (x + y) % 9, 100 + (x + y) % 9, 90 + (x + y) % 9], axis=-1).astype(np.uint8)
    mild, strong = augment.equalized(flat, 1.0), augment.equalized(flat, 4.0)
    assert flat[..., 0].std() <= mild[..., 0].std() < strong[..., 0].std()
    red_over_blue = (strong[..., 0].astype(int) - strong[..., 2]).mean()
    assert red_over_blue == pytest.approx(20, abs=6)
