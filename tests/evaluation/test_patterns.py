"""Patterns and their continuation: exact, the same scene at every size, and numbers that mean what they say."""

import math

import cv2
import numpy as np
import pytest

from lama_desktop.errors import SettingsError
from lama_desktop.evaluation.continuation import continuation
from lama_desktop.evaluation.patterns import PATTERNS, Drawn
from lama_desktop.evaluation.synthetic import judge_patterns, pattern_pictures

REPEATING = [name for name, each in PATTERNS.items() if each.draw(64, 0).phases]
NOISE = ("grain", "clouds")


def filled(drawn, pixels):
    return np.where(drawn.hole[..., None], pixels, drawn.picture).astype(np.uint8)


@pytest.mark.parametrize("name", PATTERNS)
def test_seeded_and_the_same_scene_at_every_size(name):
    small, large = PATTERNS[name].draw(128, 3), PATTERNS[name].draw(256, 3)
    np.testing.assert_array_equal(small.picture, PATTERNS[name].draw(128, 3).picture)
    assert (small.picture != PATTERNS[name].draw(128, 4).picture).any()
    assert small.hole.mean() == pytest.approx(large.hole.mean(), abs=0.01)
    assert small.picture.std() > 10
    if name not in NOISE:
        shrunk = cv2.resize(large.picture, (128, 128), interpolation=cv2.INTER_AREA)
        assert np.abs(shrunk.astype(float) - small.picture).mean() < 4
        assert not small.phases or large.period == pytest.approx(2 * small.period, rel=0.02)


def test_what_repeats_is_listed_first():
    assert list(PATTERNS)[: len(REPEATING)] == REPEATING
    assert len(REPEATING) == 8


@pytest.mark.parametrize("name", REPEATING)
def test_the_phase_is_that_of_the_picture(name):
    drawn = PATTERNS[name].draw(256, 0)
    perfect = continuation(drawn.picture, drawn)
    assert (perfect.continued, perfect.phase, perfect.spectrum) == pytest.approx((1, 0, 0), abs=1e-6)
    flat = continuation(filled(drawn, drawn.picture[drawn.hole].mean(axis=0)), drawn)
    assert flat.continued == pytest.approx(0, abs=1e-3)
    assert flat.phase == pytest.approx(90)
    assert flat.spectrum == pytest.approx(1, abs=0.02)
    inverse = continuation(filled(drawn, 255.0 - drawn.picture), drawn)
    assert inverse.continued == pytest.approx(-1, abs=0.02)
    assert inverse.phase == pytest.approx(180, abs=1)
    assert inverse.spectrum == pytest.approx(0, abs=0.02)


def test_a_shifted_grating_has_the_phase_of_the_shift():
    drawn = PATTERNS["grating"].draw(256, 0)
    (phase,) = drawn.phases

    def grating(shift: float) -> np.ndarray:
        wave = 128 + 80 * np.sin(2 * np.pi * (phase + shift / 360))
        return np.repeat(wave[..., None], 3, axis=2).round().astype(np.uint8)

    grey = Drawn(grating(0), drawn.hole, drawn.phases, drawn.period)
    for degrees in (10, 45, 120):
        found = continuation(np.where(drawn.hole[..., None], grating(degrees), grey.picture), grey)
        assert found.phase == pytest.approx(degrees, abs=2)
        assert found.continued == pytest.approx(math.cos(math.radians(degrees)), abs=0.05)


def test_half_the_contrast_is_half_continued():
    drawn = PATTERNS["facade"].draw(256, 0)
    mean = drawn.picture[drawn.hole].mean(axis=0)
    found = continuation(filled(drawn, mean + (drawn.picture - mean) / 2), drawn)
    assert found.continued == pytest.approx(0.5, abs=0.02)
    assert found.phase < 2


def test_noise_is_told_by_its_spectrum_wherever_the_grains_lie():
    drawn = PATTERNS["grain"].draw(512, 0)
    same_kind = continuation(filled(drawn, np.roll(drawn.picture, 90, axis=1)), drawn)
    blurred = continuation(filled(drawn, cv2.GaussianBlur(drawn.picture, (0, 0), 3)), drawn)
    assert same_kind.spectrum < 0.3 < 0.8 < blurred.spectrum
    assert math.isnan(same_kind.continued)
    smooth = PATTERNS["ramp"].draw(256, 0)
    assert math.isnan(continuation(smooth.picture, smooth).spectrum)


def test_a_wide_window_is_looked_at_coarsely_with_the_same_result():
    small, large = PATTERNS["checks"].draw(128, 0), PATTERNS["checks"].draw(1024, 0)
    numbers = []
    for drawn in (small, large):
        half = np.roll(drawn.picture, round(drawn.period / 6), axis=1)
        numbers.append(continuation(filled(drawn, half), drawn))
    assert numbers[0].continued == pytest.approx(numbers[1].continued, abs=0.1)
    assert numbers[0].phase == pytest.approx(numbers[1].phase, abs=8)


class Shifted:
    """A source that draws the truth, but by so many pixels displaced where the picture is large."""

    def fill(self, case, progress):
        moved = np.roll(case.truth, 3 if len(case.truth) > 64 else 0, axis=1)
        return np.where(case.hole[..., None], moved, case.truth), 0.5


def test_the_suite_tells_transfer():
    results = judge_patterns({"shifted": Shifted()}, [128, 64, 64], ["grating", "checks", "ramp"])
    assert results.sizes == (64, 128)
    assert results.mean("shifted", 64, "continued") == pytest.approx(1)
    assert results.transfer("shifted", 128, "continued") < -0.1
    assert results.transfer("shifted", 128, "phase") > 10
    assert math.isnan(results.value("shifted", "ramp", 64, "phase"))
    document = results.to_dict()
    assert len(document["fills"]) == 6
    assert document["means"][0]["continued_transfer"] == 0
    shown = list(pattern_pictures(results, {"shifted": Shifted()}, 64))
    assert [name for name, _, _ in shown] == ["grating", "checks", "ramp"]
    np.testing.assert_array_equal(shown[0][2]("shifted"), shown[0][1].picture)
    with pytest.raises(SettingsError, match="no pattern called 'plaid'"):
        judge_patterns({"shifted": Shifted()}, [64], ["plaid"])
    with pytest.raises(SettingsError, match="at least 64"):
        judge_patterns({"shifted": Shifted()}, [32])
