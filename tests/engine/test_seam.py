"""The weight of a fill around a mask."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lama_desktop.engine.seam import crossfade, fill_weight


def square(side: int = 60, hole: int = 20) -> np.ndarray:
    mask = np.zeros((side, side), np.uint8)
    low = (side - hole) // 2
    mask[low : low + hole, low : low + hole] = 255
    return mask


def test_without_growth_the_weight_is_the_mask():
    mask = np.random.default_rng(0).integers(0, 256, (30, 30), dtype=np.uint8)
    assert np.array_equal(fill_weight(mask, 0, 9), mask.astype(np.float32) / 255)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 19), st.integers(0, 30))
def test_it_is_full_on_the_mask_and_zero_beyond_the_growth(grow, feather):
    mask = square()
    weight = fill_weight(mask, grow, feather)
    assert (weight[mask == 255] == 1).all()
    rows, columns = np.nonzero(weight)
    assert rows.min() == columns.min() == 20 - grow
    assert weight[30, 20 - grow - 1] == 0
    assert (weight >= 0).all()
    assert (weight <= 1).all()


def test_it_falls_smoothly_in_the_outer_part_of_the_ring_only():
    row = fill_weight(square(), 10, 6)[30]
    assert (row[16:20] == 1).all()
    assert (np.diff(row[9:15]) > 0).all()
    assert np.abs(np.diff(row)).max() < 0.3


def test_no_feather_is_a_hard_edge():
    assert set(np.unique(fill_weight(square(), 5, 0))) == {0, 1}


def test_a_painted_soft_edge_grows_as_it_is():
    mask = np.zeros((40, 40), np.uint8)
    mask[10, 10:12] = 100, 200
    row = np.rint(fill_weight(mask, 6, 6)[10] * 255).astype(int).tolist()
    assert row[:20] == [0] * 4 + [100] + [200] * 13 + [0] * 2


@pytest.mark.parametrize("inner", [(True, False, False, False), (False, True, False, True), (False,) * 4])
def test_a_crossfade_rises_from_inner_edges_only(inner):
    weight = crossfade((40, 50), 10, inner)
    edges = (weight[20, 0], weight[0, 25], weight[20, -1], weight[-1, 25])
    assert all((edge < 0.1) == faces for edge, faces in zip(edges, inner, strict=True))
    assert weight[20, 25] == 1
