"""Windows cover every hole, lie in the picture, and small holes stay cheap."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lama_desktop.core.geometry import Rect
from lama_desktop.engine.windows import Window, WindowLimits, plan_windows

LIMITS = WindowLimits(largest=512)


@st.composite
def holes(draw):
    height, width = draw(st.integers(1, 700)), draw(st.integers(1, 700))
    hole = np.zeros((height, width), bool)
    for _ in range(draw(st.integers(1, 6))):
        top, left = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
        hole[top : top + draw(st.integers(1, 400)), left : left + draw(st.integers(1, 400))] = True
    return hole


@settings(max_examples=150, deadline=None)
@given(holes(), st.sampled_from([64, 256, 512]), st.floats(0.1, 2))
def test_every_hole_pixel_is_in_a_target_and_every_target_in_its_window(hole, largest, context):
    limits = WindowLimits(largest=largest, smallest=min(64, largest), context=context)
    bounds = Rect(0, 0, hole.shape[1], hole.shape[0])
    covered = np.zeros_like(hole)
    for window in plan_windows(hole, limits):
        assert window.target in window.rect
        assert window.rect in bounds
        assert not window.target.is_empty
        assert 0 < window.scale <= 1
        assert max(window.rect.width, window.rect.height) * window.scale <= largest + 1
        covered[window.target.slices] = True
    assert covered[hole].all()


def hole_with(shape: tuple[int, int], *rects: Rect) -> np.ndarray:
    hole = np.zeros(shape, bool)
    for rect in rects:
        hole[rect.slices] = True
    return hole


def only(windows: list[Window]) -> Window:
    assert len(windows) == 1
    return windows[0]


def test_nothing_to_fill_needs_no_window():
    assert plan_windows(np.zeros((50, 50), bool), LIMITS) == []


def test_a_small_hole_in_a_large_photo_sees_its_surroundings_only():
    window = only(plan_windows(hole_with((4000, 6000), Rect(3000, 2000, 3040, 2030)), LIMITS))
    assert window.scale == 1
    assert window.rect.width == window.rect.height == LIMITS.smallest
    assert window.rect.left < 3000 - 48
    assert window.rect.right > 3040 + 48


@pytest.mark.parametrize("side", [100, 200])
def test_context_is_in_proportion_to_the_hole(side):
    limits = WindowLimits(largest=2048, smallest=64, context=1.0)
    window = only(plan_windows(hole_with((3000, 3000), Rect(1500, 1500, 1500 + side, 1500 + side)), limits))
    assert window.rect.width == pytest.approx(3 * side, abs=10)


def test_a_window_at_a_corner_is_shifted_inwards_and_keeps_its_size():
    window = only(plan_windows(hole_with((1000, 1000), Rect(0, 980, 20, 1000)), LIMITS))
    assert window.rect == Rect(0, 1000 - 256, 256, 1000)


def test_full_size_windows_have_sides_that_the_network_needs_no_padding_for():
    window = only(plan_windows(hole_with((2000, 2000), Rect(700, 700, 937, 1001)), LIMITS))
    assert window.scale == 1
    assert window.rect.width % 8 == window.rect.height % 8 == 0


def test_a_large_hole_is_seen_smaller():
    window = only(plan_windows(hole_with((4000, 4000), Rect(1000, 1000, 3000, 3000)), LIMITS))
    assert window.scale == pytest.approx(512 / 4000, rel=0.05)


def test_a_long_wire_is_followed_at_full_size():
    windows = plan_windows(hole_with((3000, 6000), Rect(100, 1500, 5900, 1508)), LIMITS)
    assert len(windows) > 5
    assert all(window.scale == 1 for window in windows)
    assert sum(window.rect.area for window in windows) < 0.2 * 3000 * 6000


def test_following_a_thick_hole_stops_before_it_costs_too_much():
    limits = WindowLimits(1024)
    windows = plan_windows(hole_with((4000, 6000), Rect(500, 2000, 3500, 2500)), limits)
    assert len(windows) > 1
    assert windows[0].scale < 1
    assert sum(window.cost for window in windows) <= 4.1 * limits.largest**2


def test_near_holes_share_a_window_and_far_ones_do_not():
    near = hole_with((2000, 2000), Rect(500, 500, 520, 520), Rect(560, 560, 580, 580))
    far = hole_with((2000, 2000), Rect(100, 100, 120, 120), Rect(1800, 1800, 1820, 1820))
    assert len(plan_windows(near, LIMITS)) == 1
    assert len(plan_windows(far, LIMITS)) == 2


def test_merging_never_costs_more():
    rng = np.random.default_rng(7)
    spots = [Rect(x, y, x + 9, y + 9) for x, y in rng.integers(0, 1900, (60, 2))]
    hole = hole_with((2000, 2000), *spots)
    merged = plan_windows(hole, LIMITS)
    alone = sum(only(plan_windows(hole_with((2000, 2000), spot), LIMITS)).cost for spot in spots)
    assert sum(window.cost for window in merged) <= alone


def test_dust_all_over_a_large_scan_is_planned_quickly_and_whole():
    hole = np.random.default_rng(3).random((3000, 4000)) < 0.0005
    covered = np.zeros_like(hole)
    for window in plan_windows(hole, WindowLimits(largest=1024)):
        covered[window.target.slices] = True
    assert covered[hole].all()


def test_the_whole_picture_is_one_window():
    assert only(plan_windows(np.ones((300, 400), bool), LIMITS)).rect == Rect(0, 0, 400, 300)
