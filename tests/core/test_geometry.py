"""Rect: half-open, and its algebra."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lama_desktop.core.geometry import Rect

SIDE = 24
coordinates = st.integers(-4, SIDE)
rects = st.builds(Rect, coordinates, coordinates, coordinates, coordinates)
sides = st.integers(1, SIDE)
filled = st.builds(
    lambda x, y, width, height: Rect(x, y, x + width, y + height), coordinates, coordinates, sides, sides
)


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


@given(rects, filled)
def test_a_part_is_found_in_an_array_that_starts_elsewhere(part, outer):
    rows, columns = np.mgrid[outer.top : outer.bottom, outer.left : outer.right]
    inside = part.slices_in(outer)
    found = set(zip(columns[inside].ravel().tolist(), rows[inside].ravel().tolist(), strict=True))
    assert found == pixels(part & outer)


@given(rects, st.integers(1, 9), st.integers(1, 9))
def test_tiles_cover_every_pixel_once_and_lie_on_the_grid(rect, width, height):
    tiles = list(rect.tiles(width, height))
    assert sorted(pixel for tile in tiles for pixel in pixels(tile)) == sorted(pixels(rect))
    for tile in tiles:
        assert not tile.is_empty
        assert tile.left // width == (tile.right - 1) // width
        assert tile.top // height == (tile.bottom - 1) // height
    assert tiles == sorted(tiles, key=lambda tile: (tile.top, tile.left))


@given(rects, st.integers(1, 9))
def test_cells_are_those_of_the_tiles(rect, side):
    rect &= Rect(0, 0, SIDE, SIDE)
    marked = np.zeros((SIDE, SIDE), bool)
    marked[rect.cells(side)] = True
    assert {(x, y) for y, x in np.argwhere(marked).tolist()} == {
        (tile.left // side, tile.top // side) for tile in rect.tiles(side, side)
    }
