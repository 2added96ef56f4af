"""The published way to sum up: golden bins, scores and distances."""

import json
import math

import numpy as np
import pytest

from lama_desktop.evaluation.published import (
    EdgeRule,
    area_bin,
    bin_name,
    frechet_distance,
    integral_score,
)


@pytest.fixture
def numbers(golden):
    return json.loads((golden / "evaluation" / "evaluation.json").read_text())


def test_bins_and_their_two_edge_rules(numbers):
    areas = numbers["bins"]["areas"]
    assert [area_bin(area) for area in areas] == numbers["bins"]["offline"]
    assert [area_bin(area, EdgeRule.ONLINE) for area in areas] == numbers["bins"]["online"]
    assert [bin_name(0), bin_name(9)] == ["0-10%", "90-100%"]


def test_integral_scores(numbers):
    for each in numbers["f1"]:
        assert integral_score(each["ssim"], each["fid"]) == pytest.approx(each["ssim_fid100_f1"], abs=1e-12)
        assert integral_score(1 - each["lpips"], each["fid"]) == pytest.approx(each["lpips_fid100_f1"], abs=1e-12)


def test_frechet_distance_is_the_published_one(numbers, golden):
    with np.load(golden / "evaluation" / "frechet.npz") as data:
        a, b = data["a"], data["b"]
    assert frechet_distance(a, b) == pytest.approx(numbers["frechet_16d_300"], rel=1e-6)
    assert frechet_distance(a, a) == pytest.approx(numbers["frechet_same"], abs=1e-10)
    assert frechet_distance(a[:10], b[:10]) == pytest.approx(numbers["frechet_rank_deficient_10_samples"], rel=1e-6)


def test_frechet_distance_of_known_normals():
    """Points whose means and covariances are exact: the distance has a closed form."""
    corners = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]], float)
    spread = 4 / 3  # of the unbiased covariance
    moved = corners * 2 + [3, 0]
    assert frechet_distance(corners, moved) == pytest.approx(9 + 2 * spread * (2 - 1) ** 2)
    assert frechet_distance(moved, corners) == pytest.approx(frechet_distance(corners, moved))
    assert math.isnan(frechet_distance(corners[:1], corners))


def test_frechet_distance_does_not_care_for_more_dimensions_than_points():
    random = np.random.default_rng(0)
    a, b = random.normal(size=(20, 3)), random.normal(size=(30, 3)) + 1
    padded = [np.hstack([each, np.zeros((len(each), 60))]) for each in (a, b)]
    assert frechet_distance(*padded) == pytest.approx(frechet_distance(a, b))
