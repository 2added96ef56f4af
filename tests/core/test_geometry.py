"""Rect: half-open, and its algebra."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lama_desktop.core.geometry import Rect

SIDE = 24
coordinates = st.integers(-4, SIDE)
rects = st.builds(Rect, coordinates, coordinates, coordinates, coordinates)


def pixels(rect: Rect) -> set[tuple[int, int]]:
    return {(x, y) for x in range(rect.left, rect.right) for y in range(rect.top, rect.bottom)}


@given(rects, rects)
def test_intersection_is_the_common_pixels(a, b):
    assert pixels(a & b) == pixels(a) & pixels(b)


@given(rects, rects)
def test_union_holds_both_and_an_empty_one_adds_nothing(a, b):
    assert pixels(a) | pixels(b) <= pixels(a | b)
    if b.is_empty:
        assert pixels(a | b) == pixels(a)


@given(rects, rects)
def test_containment_is_of_pixels(a, b):
    assert (b in a) == (pixels(b) <= pixels(a))


@given(rects)
def test_slices_select_the_pixels_and_never_wrap_around(rect):
    marked = np.zeros((SIDE, SIDE), bool)
    marked[rect.slices] = True
    assert {(x, y) for y, x in np.argwhere(marked).tolist()} == pixels(rect & Rect(0, 0, SIDE, SIDE))


@given(rects, rects)
def test_shifting_keeps_the_size_where_it_fits(a, bounds):
    moved = a.shifted_into(bounds)
    assert moved.is_empty or moved in bounds
    if not a.is_empty and a.width <= bounds.width and a.height <= bounds.height:
        assert (moved.width, moved.height) == (a.width, a.height)
