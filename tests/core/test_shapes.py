"""Shapes: against brute force, and nothing wraps around."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lama_desktop.core.geometry import Rect
from lama_desktop.core.shapes import RIPPLE, Shape, Stroke, dab, ellipse, ellipse_points, polygon, rectangle

SIZE = 32
BOUNDS = Rect(0, 0, SIZE, SIZE)
coordinates = st.floats(-20, SIZE + 20).map(lambda value: round(value, 2))


def whole(shape: Shape, bounds: Rect = BOUNDS) -> np.ndarray:
    """The shape in the middle of a picture of nothing."""
    picture = np.zeros((bounds.height, bounds.width), np.uint8)
    part = shape.cut(bounds)
    picture[part.rect.moved(-bounds.left, -bounds.top).slices] = part.coverage
    return picture


def winding_at(points, x, y):
    """How often a polygon goes around each point."""
    winding = np.zeros(x.shape, int)
    for (x0, y0), (x1, y1) in zip(points, points[1:] + points[:1], strict=True):
        if y0 == y1:
            continue
        crossing = x0 + (y - y0) * (x1 - x0) / (y1 - y0)
        winding += ((y0 <= y) & (y < y1) & (crossing <= x)).astype(int)
        winding -= ((y1 <= y) & (y < y0) & (crossing <= x)).astype(int)
    return winding


def sampled(inside, samples=16):
    """The mean of a predicate over a grid in each pixel, 0 to 255."""
    axis = (np.arange(SIZE * samples) + 0.5) / samples
    y, x = np.meshgrid(axis, axis, indexing="ij")
    return inside(x, y).reshape(SIZE, samples, SIZE, samples).mean((1, 3)) * 255


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=3))
def test_a_triangle_covers_its_exact_area(points):
    expected = sampled(lambda x, y: winding_at(points, x, y) != 0)
    np.testing.assert_allclose(whole(polygon(points, BOUNDS)), expected, atol=20)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(coordinates, coordinates), min_size=4, max_size=9))
def test_a_polygon_follows_the_nonzero_rule_away_from_its_edges(points):
    windings = []
    for dx, dy in ((0.01, 0.01), (0.99, 0.01), (0.01, 0.99), (0.99, 0.99), (0.5, 0.5)):
        y, x = np.mgrid[0:SIZE, 0:SIZE].astype(float)
        windings.append(winding_at(points, x + dx, y + dy))
    inner = np.ones((SIZE, SIZE), bool)
    for x0, y0, x1, y1 in [(*a, *b) for a, b in zip(points, points[1:] + points[:1], strict=True)]:
        for part in np.linspace(0, 1, 400):
            x, y = math.floor(x0 + (x1 - x0) * part), math.floor(y0 + (y1 - y0) * part)
            inner[max(y - 1, 0) : max(y + 2, 0), max(x - 1, 0) : max(x + 2, 0)] = False
    expected = np.where(windings[4] != 0, 255, 0)
    np.testing.assert_array_equal(whole(polygon(points, BOUNDS))[inner], expected[inner])


def test_a_lasso_that_overlaps_its_start_has_no_hole():
    around = [(16 + 10 * math.cos(a), 16 + 10 * math.sin(a)) for a in np.linspace(0, 3 * math.pi, 60)]
    assert whole(polygon(around, BOUNDS))[10:22, 10:22].min() == 255


def test_the_picture_cuts_a_polygon_and_nothing_comes_back_on_the_far_side():
    right = whole(polygon([(28.0, 4.0), (40.0, 4.0), (40.0, 12.0), (28.0, 12.0)], BOUNDS))
    assert (right[4:12, 28:] == 255).all()
    assert right.sum() == 255 * 8 * 4
    left = whole(polygon([(-8.0, -9.0), (3.0, -9.0), (3.0, 40.0), (-8.0, 40.0)], BOUNDS))
    assert (left[:, :3] == 255).all()
    assert left[:, 3:].max() == 0
    assert polygon([(-8.0, 0.0), (-3.0, 0.0), (-3.0, 9.0)], BOUNDS).rect.is_empty
    assert (whole(polygon([(-99.0, -99.0), (1e7, -99.0), (1e7, 1e7), (-99.0, 1e7)], BOUNDS)) == 255).all()


def test_bounds_need_not_start_at_zero():
    bounds = Rect(10, 20, 30, 50)
    shape = rectangle(0, 25, 15, 99, bounds)
    assert shape.rect == Rect(10, 25, 15, 50)
    assert (shape.coverage == 255).all()


@pytest.mark.parametrize("points", [[], [(3.0, 3.0)], [(3.0, 3.0), (9.0, 9.0)], [(3.0, 3.0)] * 4])
def test_what_has_no_area_covers_nothing(points):
    assert whole(polygon(points, BOUNDS)).max() == 0


def test_the_sides_of_a_rectangle_lie_where_they_were_put():
    """A mask one pixel off its pixels is on labelme's list."""
    np.testing.assert_array_equal(np.argwhere(whole(rectangle(5, 7, 6, 8, BOUNDS))), [[7, 5]])
    half = whole(rectangle(5.5, 7, 8, 8.25, BOUNDS))
    assert half[7, 5:9].tolist() == [128, 255, 255, 0]
    assert half[8, 5:9].tolist() == [32, 64, 64, 0]


def test_an_ellipse_is_round():
    expected = sampled(lambda x, y: ((x - 15) / 11) ** 2 + ((y - 14.5) / 7.5) ** 2 <= 1)
    np.testing.assert_allclose(whole(ellipse(4, 7, 26, 22, BOUNDS)), expected, atol=10)
    assert len(ellipse_points(0, 0, 8000, 8000)) < 2000


@pytest.mark.parametrize("diameter", [1, 2, 5.5, 20])
def test_a_hard_dab_is_an_antialiased_disk(diameter):
    expected = sampled(lambda x, y: np.hypot(x - 15.3, y - 16.8) <= diameter / 2)
    painted = whole(dab(15.3, 16.8, diameter, hardness=1))
    np.testing.assert_allclose(painted, expected, atol=75 if diameter < 3 else 40)
    if diameter > 5:
        assert painted.sum() == pytest.approx(expected.sum(), rel=0.02)


def test_the_smallest_dab_is_its_pixel():
    np.testing.assert_array_equal(np.argwhere(whole(dab(5.5, 7.5, 1, 1))), [[7, 5]])
    assert whole(dab(5.5, 7.5, 1, 1)).max() == 255
    assert whole(dab(5.5, 7.5, 0.01, 1)).max() == 255


def test_a_soft_dab_fades_from_the_inner_radius_to_the_outer():
    profile = dab(50.5, 50.5, 80, hardness=0.5).coverage[40 + 1].astype(int)
    centre = len(profile) // 2
    assert (profile[centre - 19 : centre + 20] == 255).all()
    fall = profile[centre + 20 : centre + 42]
    assert (np.diff(fall) <= 0).all()
    assert fall[0] > 240
    assert fall[-1] <= 2
    assert dab(50.5, 50.5, 80, 0.5, opacity=0.5).coverage.max() == 128


def test_a_stroke_is_as_wide_as_its_brush_at_any_speed():
    bounds = Rect(0, 0, 200, 60)
    fast, slow = Stroke(1), Stroke(1)
    at_once = np.max([whole(each, bounds) for x in (30, 170) for each in fast.to(x, 30, 24)], axis=0)
    by_steps = np.max([whole(each, bounds) for x in range(30, 171) for each in slow.to(x, 30, 24)], axis=0)
    for painted in (at_once, by_steps):
        rows = painted[:, 40:160]
        assert (rows[19:41] == 255).all()
        edges = rows[[18, 17, 16, 41, 42, 43]].astype(float).sum(0) / 255
        assert np.ptp(edges) <= 4 * RIPPLE + 0.02
        assert rows.astype(float).sum(0).mean() / 255 == pytest.approx(24, abs=0.3)


def test_a_stroke_ends_under_the_hand_and_a_resting_hand_draws_once():
    stroke = Stroke(0.5)
    assert len(list(stroke.to(10, 10, 8))) == 1
    assert list(stroke.to(10, 10, 8)) == []
    last = list(stroke.to(31.25, 17.5, 8))[-1]
    expected = dab(31.25, 17.5, 8, 0.5)
    assert last.rect == expected.rect
    np.testing.assert_array_equal(last.coverage, expected.coverage)


def test_pressure_changes_a_stroke_evenly():
    stroke = Stroke(1)
    list(stroke.to(0, 0, 2, 0.25))
    dabs = list(stroke.to(100, 0, 40, 1))
    widths = [math.sqrt(each.coverage.sum() / each.coverage.max()) for each in dabs]
    peaks = [int(each.coverage.max()) for each in dabs]
    assert min(np.diff(widths)) > -0.3
    assert max(np.diff(widths)) < 1.5
    assert widths[-1] > 15 * widths[0]
    assert peaks == sorted(peaks)
    assert peaks[-1] == 255


def test_a_stroke_keeps_few_dabs():
    stroke = Stroke(1)
    for x in range(40):
        for each in stroke.to(x * 7.3, x * 3.1, 1500):
            assert each.coverage.shape == (each.rect.height, each.rect.width)
    assert sum(each.coverage.nbytes for each in stroke._dabs.values()) <= 30 << 20
