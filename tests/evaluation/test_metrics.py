"""Metrics: the numbers of the independent script, and how they must move."""

import importlib.util
import json
import math

import cv2
import numpy as np
import pytest

from lama_desktop.evaluation.metrics import (
    MEASURES,
    Better,
    energy_ratio,
    l1,
    psnr,
    sliced_wasserstein,
    ssim,
    ssim_published,
)

METRICS = (psnr, ssim, l1, energy_ratio, sliced_wasserstein)


def textured(seed: int, side: int = 96) -> np.ndarray:
    """A picture with structure at several scales, uint8 RGB."""
    random = np.random.default_rng(seed)
    layers = [cv2.GaussianBlur(random.normal(0, 30 * s, (side, side, 3)), (0, 0), s) for s in (0.6, 2, 6)]
    return np.clip(128 + sum(layers), 0, 255).astype(np.uint8)


@pytest.fixture
def truth() -> np.ndarray:
    return textured(0)


@pytest.fixture
def hole() -> np.ndarray:
    hole = np.zeros((96, 96), bool)
    hole[20:70, 15:60] = True
    hole[50:90, 50:80] = True
    return hole


def noisy(picture, amount):
    noise = np.random.default_rng(1).normal(0, amount, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def blurred(picture, sigma):
    return cv2.GaussianBlur(picture, (0, 0), sigma)


@pytest.mark.parametrize("side", [40, 96, 200])
def test_the_numbers_are_those_of_the_independent_script(golden, side):
    path = golden.parents[1] / "tools" / "fillmetrics.py"
    if not path.is_file():
        pytest.skip("the script is not beside this checkout")
    spec = importlib.util.spec_from_file_location("fillmetrics", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    for seed in range(3):
        a, b = textured(seed, side), textured(seed + 10, side)
        hole = blurred(np.random.default_rng(seed).random((side, side)), 5) > 0.5
        x, y = (np.ascontiguousarray(each[..., ::-1]) for each in (a, b))  # it reads blue first
        assert psnr(a, b, hole) == pytest.approx(script.psnr(x, y, hole), rel=1e-9)
        assert ssim(a, b, hole) == pytest.approx(script.ssim(x, y, hole), rel=1e-5)
        assert energy_ratio(a, b, hole) == pytest.approx(script.energy(x, hole) / script.energy(y, hole), rel=1e-5)
        expected = script.swd(x, y, hole, np.random.default_rng(seed))
        assert sliced_wasserstein(a, b, hole, seed) == pytest.approx(expected, rel=1e-4)


def test_identical_pictures(truth, hole):
    assert psnr(truth, truth, hole) > 130
    assert ssim(truth, truth, hole) == pytest.approx(1)
    assert energy_ratio(truth, truth, hole) == pytest.approx(1)
    assert sliced_wasserstein(truth, truth, hole) == 0


def test_more_noise_is_worse(truth, hole):
    fills = [noisy(truth, amount) for amount in (2, 8, 20, 50)]
    for metric, sign in ((psnr, -1), (ssim, -1), (l1, 1), (energy_ratio, 1), (sliced_wasserstein, 1)):
        values = [sign * metric(fill, truth, hole) for fill in fills]
        assert values == sorted(values), metric.__name__
        assert len(set(values)) == len(values)


def test_more_blur_has_less_energy_and_is_farther(truth, hole):
    fills = [blurred(truth, sigma) for sigma in (0.5, 1, 2, 4)]
    energies = [energy_ratio(fill, truth, hole) for fill in fills]
    distances = [sliced_wasserstein(fill, truth, hole) for fill in fills]
    assert energies == sorted(energies, reverse=True)
    assert energies[-1] < 0.1
    assert distances == sorted(distances)


def test_texture_in_another_place_is_near_in_swd_and_far_in_psnr(truth, hole):
    """What PSNR punishes, the sliced Wasserstein distance forgives: the right grain, elsewhere; and the reverse."""
    other, mush = textured(5), blurred(truth, 4)
    assert sliced_wasserstein(other, truth, hole) < sliced_wasserstein(mush, truth, hole) / 2
    assert psnr(other, truth, hole) < psnr(mush, truth, hole)


@pytest.mark.parametrize("metric", [psnr, l1, energy_ratio, sliced_wasserstein])
def test_far_outside_the_hole_nothing_counts(metric, truth, hole):
    other = truth.copy()
    other[:, 88:] = 0
    inner = hole & (np.arange(96) < 48)
    reach = metric(other, truth, inner)
    assert reach == pytest.approx(metric(truth, truth, inner), abs=1e-3 if metric is not sliced_wasserstein else 0.5)


@pytest.mark.parametrize("metric", METRICS)
def test_arguments_are_not_modified_and_the_answer_is_the_same_twice(metric, truth, hole):
    fill = noisy(truth, 10)
    before = fill.copy(), truth.copy(), hole.copy()
    value = metric(fill, truth, hole)
    assert isinstance(value, float)
    assert metric(fill, truth, hole) == value
    for now, then in zip((fill, truth, hole), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_a_hole_without_patches_has_no_distance(truth):
    hole = np.zeros((96, 96), bool)
    hole[50, 50] = True
    assert np.isnan(sliced_wasserstein(truth, truth, hole))


def test_the_ssim_of_the_paper_is_the_published_number(golden):
    numbers = json.loads((golden / "losses" / "losses.json").read_text())
    with np.load(golden / "losses" / "io.npz") as pictures:
        real, fake = (pictures[name].transpose(0, 2, 3, 1) for name in ("real", "fake"))
    found = [ssim_published(np.ascontiguousarray(a), np.ascontiguousarray(b)) for a, b in zip(real, fake, strict=True)]
    assert found == pytest.approx(numbers["ssim_real_fake"], abs=2e-6)
    assert ssim_published(np.ascontiguousarray(real[0]), np.ascontiguousarray(real[0])) == pytest.approx(1)


def test_l1_is_the_mean_difference_in_the_hole(truth, hole):
    fill = truth.copy()
    fill[~hole] = 0
    assert l1(fill, truth, hole) == 0
    assert l1(np.zeros_like(truth), np.full_like(truth, 51), hole) == pytest.approx(0.2)


def test_every_measure_knows_which_value_is_better(truth, hole):
    good, bad = (noisy(truth, amount) for amount in (3, 40))
    for measure in MEASURES.values():
        values = [measure.function(fill, truth, hole) for fill in (good, bad)]
        assert measure.better.badness(values[0]) < measure.better.badness(values[1])


def test_badness_is_lower_for_better_and_finite():
    assert Better.HIGHER.badness(3) < Better.HIGHER.badness(2)
    assert Better.LOWER.badness(2) < Better.LOWER.badness(3)
    assert Better.ONE.badness(1) == 0
    assert Better.ONE.badness(0.5) == pytest.approx(Better.ONE.badness(2))
    assert math.isfinite(Better.ONE.badness(0))
    assert all(math.isnan(better.badness(value)) for better in Better for value in (math.nan, math.inf))
