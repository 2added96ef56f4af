"""Morphology: against brute force."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lama_desktop.core import morphology
from lama_desktop.core.geometry import Rect
from lama_desktop.core.morphology import around, border, feather, fill_holes, grow, shrink
from lama_desktop.core.shapes import Shape, ellipse

greys = st.sampled_from([0, 0, 0, 1, 100, 254, 255])
pictures = arrays.arrays(np.uint8, st.tuples(st.integers(1, 24), st.integers(1, 24)), elements=greys)


def largest_within(coverage, radius):
    """The definition: the largest value within the radius, nothing outside."""
    height, width = coverage.shape
    result = np.zeros_like(coverage)
    for dy in range(-radius, radius + 1):
        for dx in range(-radius, radius + 1):
            if dx * dx + dy * dy > max(0, radius * (radius + 1) - 1):
                continue
            y0, y1 = max(0, -dy), min(height, height - dy)
            x0, x1 = max(0, -dx), min(width, width - dx)
            if y0 < y1 and x0 < x1:
                part = coverage[y0 + dy : y1 + dy, x0 + dx : x1 + dx]
                np.maximum(result[y0:y1, x0:x1], part, out=result[y0:y1, x0:x1])
    return result


@settings(max_examples=60, deadline=None)
@given(pictures, st.integers(0, 30))
def test_growing_is_dilation_by_a_disk(coverage, radius):
    before = coverage.copy()
    np.testing.assert_array_equal(grow(coverage, radius), largest_within(coverage, radius))
    np.testing.assert_array_equal(coverage, before)


@pytest.mark.parametrize("radius", [1, 2, 3, 7, 20, 50, 133])
def test_a_point_grows_to_a_disk(radius):
    point = np.zeros((2 * radius + 5, 2 * radius + 7), np.uint8)
    point[radius + 2, radius + 3] = 200
    grown = grow(point, radius)
    y, x = np.ogrid[: point.shape[0], : point.shape[1]]
    inside = (y - radius - 2) ** 2 + (x - radius - 3) ** 2 < radius * (radius + 1)
    np.testing.assert_array_equal(grown, np.where(inside, 200, 0))
    assert grown.sum() / 200 == pytest.approx(math.pi * (radius + 0.5) ** 2, rel=0.3 if radius < 3 else 0.04)


def test_growing_band_by_band_is_growing(monkeypatch):
    coverage = np.random.default_rng(0).choice(np.array([0, 0, 0, 90, 255], np.uint8), (90, 40))
    expected = grow(coverage, 5)
    monkeypatch.setattr(morphology, "BAND_BYTES", 40 * 11)
    np.testing.assert_array_equal(grow(coverage, 5), expected)


@settings(max_examples=50, deadline=None)
@given(pictures, st.integers(0, 9))
def test_shrinking_is_growing_of_what_is_not_masked(coverage, radius):
    np.testing.assert_array_equal(shrink(coverage, radius), 255 - largest_within(255 - coverage, radius))


def test_a_mask_does_not_shrink_from_the_edge_of_the_picture():
    coverage = np.zeros((20, 20), np.uint8)
    coverage[:, :10] = 255
    assert (shrink(coverage, 4)[:, :6] == 255).all()
    assert (shrink(coverage, 4)[:, 6:] == 0).all()


@settings(max_examples=30, deadline=None)
@given(pictures, st.integers(1, 9))
def test_a_border_lies_on_both_sides_of_the_edge(coverage, width):
    outer, inner = width - width // 2, width // 2
    expected = np.minimum(grow(coverage, outer), 255 - shrink(coverage, inner))
    np.testing.assert_array_equal(border(coverage, width), expected)


def test_a_border_is_as_wide_as_asked():
    coverage = np.zeros((9, 40), np.uint8)
    coverage[:, 20:] = 255
    assert np.flatnonzero(border(coverage, 5)[4]).tolist() == [17, 18, 19, 20, 21]


@pytest.mark.parametrize("radius", [1, 2, 3, 10, 25])
def test_feathering_fades_over_the_radius_and_changes_nothing_else(radius):
    coverage = np.zeros((9, 120), np.uint8)
    coverage[:, 60:] = 255
    row = feather(coverage, radius)[4].astype(int)
    assert (row[: 60 - radius] == 0).all()
    assert (row[60 + radius :] == 255).all()
    assert (np.diff(row) >= 0).all()
    assert row[59] + row[60] == pytest.approx(255, abs=2)
    assert 0 < row[60 - max(radius // 2, 1)] < 128
    assert (feather(np.full((9, 9), 255, np.uint8), radius) == 255).all()


def lowest_way_out(coverage):
    """The definition: the height of the pass that must be crossed on the way out, at least the pixel's own."""
    height, width = coverage.shape
    result = np.full((height + 2, width + 2), 255, int)
    result[[0, -1]] = 0
    result[:, [0, -1]] = 0
    while True:
        around = np.pad(result, 1, constant_values=255)
        lowest = np.min([around[:-2, 1:-1], around[2:, 1:-1], around[1:-1, :-2], around[1:-1, 2:]], axis=0)
        new = result.copy()
        new[1:-1, 1:-1] = np.minimum(result[1:-1, 1:-1], np.maximum(lowest[1:-1, 1:-1], coverage))
        if (new == result).all():
            return new[1:-1, 1:-1]
        result = new


@settings(max_examples=80, deadline=None)
@given(arrays.arrays(np.uint8, (9, 9), elements=st.sampled_from([0, 17, 102, 255, 255])))
def test_holes_are_filled_up_to_the_lowest_way_out(coverage):
    np.testing.assert_array_equal(fill_holes(coverage), lowest_way_out(coverage))


def test_a_soft_ring_is_filled_and_keeps_its_outer_edge():
    bounds = Rect(0, 0, 80, 80)
    outer, inner = (
        feather(_whole(ellipse(10, 10, 70, 70, bounds)), 4),
        feather(_whole(ellipse(25, 25, 55, 55, bounds)), 4),
    )
    ring = np.minimum(outer, 255 - inner)
    np.testing.assert_array_equal(fill_holes(ring), outer)


def test_an_open_ring_is_not_filled():
    ring = np.full((30, 30), 255, np.uint8)
    ring[5:25, 5:25] = 0
    assert (fill_holes(ring) == 255).all()
    ring[10, :6] = 0
    np.testing.assert_array_equal(fill_holes(ring), ring)


def test_room_around_a_shape_ends_at_the_picture():
    shape = Shape(Rect(2, 3, 5, 5), np.full((2, 3), 9, np.uint8))
    wider = around(shape, 4, Rect(0, 0, 7, 100))
    assert wider.rect == Rect(0, 0, 7, 9)
    assert wider.coverage[3:5, 2:5].min() == 9
    assert wider.coverage.sum() == 9 * 6


def _whole(shape):
    picture = np.zeros((80, 80), np.uint8)
    picture[shape.rect.slices] = shape.coverage
    return picture
