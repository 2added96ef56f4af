"""Generators: what each kind of mask keeps to, for every seed."""

import numpy as np
import pytest
from numpy.random import RandomState

from lama_desktop.errors import SettingsError
from lama_desktop.masks.generators import (
    Borders,
    Boxes,
    Brush,
    Grid,
    Inverted,
    Mixture,
    Square,
    Strokes,
    draw_of_area,
    seeded,
)
from lama_desktop.masks.presets import MASK_PRESETS


class Recorder(RandomState):
    """Draws the largest whole number every time; keeps the bounds it was asked for."""

    bounds: tuple = ()

    def randint(self, low, high=None):
        self.bounds += ((low, high),)
        return (low if high is None else high) - 1


class Point(Recorder):
    """Draws the largest number, but strokes of one segment only."""

    def randint(self, low, high=None):
        return 0 if (low, high) == (5, None) else super().randint(low, high)


def test_boxes_keep_the_margin_and_their_sides():
    random = RandomState(0)
    sides = set()
    for _ in range(200):
        rows, columns = np.nonzero(Boxes(1, 1, 5, 8, margin=3).draw((32, 24), random))
        assert rows.min() >= 3
        assert rows.max() < 24 - 3
        assert columns.min() >= 3
        assert columns.max() < 32 - 3
        sides |= {int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1}
    assert sides == {5, 6, 7, 8}


def test_one_stroke_more_than_the_most_is_drawn():
    random = Recorder()
    Strokes(1, 5, width=10, length=10).draw((64, 64), random)
    assert random.bounds[0] == (1, 7)
    assert random.bounds.count((5, None)) == 6, "six strokes ask for their number of segments"


def test_brushes_draw_the_same_numbers():
    streams = {brush: RandomState(4) for brush in Brush}
    areas = {
        brush: [Strokes(2, 4, width=12, length=30, brush=brush).draw((96, 64), random).mean() for _ in range(40)]
        for brush, random in streams.items()
    }
    assert len({random.rand() for random in streams.values()}) == 1
    assert all(min(each) > 0 for each in areas.values())
    assert np.mean(areas[Brush.SQUARE]) < np.mean(areas[Brush.LINE])


def test_a_square_brush_paints_squares_and_is_cut_at_the_edge():
    hole = Strokes(0, 0, width=6, length=1, brush=Brush.SQUARE).draw((40, 30), Point())
    rows, columns = np.nonzero(hole)
    assert (columns.min(), columns.max()) == (39 - 5, 39)
    assert (rows.min(), rows.max()) == (29 - 5, 29)
    assert hole[-6:, -6:].all()


def test_a_round_brush_has_the_width_as_its_radius():
    hole = Strokes(0, 0, width=6, length=1, brush=Brush.CIRCLE).draw((41, 41), Point())
    assert hole[40].sum() == hole[:, 40].sum() == 11
    assert not hole[31, 31]
    assert hole[34, 34]


def test_a_square_has_the_shape_of_the_picture_and_the_area():
    random = RandomState(2)
    areas, corners = [], set()
    for _ in range(300):
        hole = Square(0.1, 0.35).draw((90, 60), random)
        rows, columns = np.nonzero(hole)
        high, wide = np.ptp(rows) + 1, np.ptp(columns) + 1
        assert hole.sum() == high * wide
        assert wide / high == pytest.approx(1.5, abs=0.06)
        areas.append(hole.mean())
        corners |= {rows.min() == 0, rows.max() == 59}
    assert min(areas) > 0.09
    assert max(areas) < 0.37
    assert max(areas) - min(areas) > 0.2
    assert corners == {True, False}


def test_borders_are_bands_of_the_sides():
    random = RandomState(3)
    counts = []
    for _ in range(300):
        hole = Borders(0.04, 0.25).draw((100, 50), random)
        bands = [hole[:, 0].all(), hole[:, -1].all(), hole[0].all(), hole[-1].all()]
        counts.append(sum(bands))
        assert not hole[13:-13, 25:-25].any()
        for band, wanted in zip((hole[20, :4], hole[20, -4:], hole[:2, 50], hole[-2:, 50]), bands, strict=True):
            assert band.all() == wanted
    assert set(counts) == {1, 2, 3, 4}
    assert np.mean(counts) == pytest.approx(2 + 1 / 16, abs=0.2)


def test_a_frame_is_the_same_on_every_side():
    hole = MASK_PRESETS["frame"].draw((50, 40), RandomState(0))
    assert not hole[4:-4, 5:-5].any()
    assert hole.sum() == 50 * 40 - 40 * 32


def test_a_grid_leaves_a_lattice():
    random = RandomState(5)
    periods = set()
    for _ in range(100):
        hole = Grid().draw((36, 24), random)
        known = ~hole
        rows, columns = known.any(1), known.any(0)
        np.testing.assert_array_equal(known, rows[:, None] & columns)
        for line in (rows, columns):
            steps = [step for step in (2, 3, 4) if (line[step:] == line[:-step]).all()]
            assert steps
            assert 0 < line[:12].sum() < 12
            periods.add(steps[0])
    assert periods == {2, 3, 4}


def test_a_mixture_draws_by_its_weights():
    random = RandomState(6)
    mixture = Mixture((Square(0.9, 0.9), Square(0.1, 0.1)), (3.0, 1.0))
    large = [mixture.draw((40, 40), random).mean() > 0.5 for _ in range(400)]
    assert np.mean(large) == pytest.approx(0.75, abs=0.06)


def test_inverted_masks_change_known_and_unknown():
    frame, random = Borders(0.25, 0.25, chance=1.0), RandomState(1)
    areas = [Inverted(frame, 0.3).draw((40, 40), random).mean() for _ in range(400)]
    assert set(areas) == {0.75, 0.25}
    assert np.mean(np.array(areas) == 0.25) == pytest.approx(0.3, abs=0.06)


def test_a_mask_of_a_wanted_area():
    random = RandomState(3)
    areas = [draw_of_area(MASK_PRESETS["thick_512"], (128, 128), random, 0.05, 0.35).mean() for _ in range(50)]
    assert min(areas) >= 0.05
    assert max(areas) <= 0.35
    assert max(areas) - min(areas) > 0.15


def test_an_area_that_never_comes_is_said():
    with pytest.raises(SettingsError, match="0% to 0% of 64 × 64"):
        draw_of_area(Strokes(1, 1, width=10, length=10), (64, 64), RandomState(0), 0.0, 1e-6)
    with pytest.raises(SettingsError, match="too small"):
        Boxes(1, 1, 30, 60, margin=10).draw((20, 20), RandomState(0))


def test_words_name_a_stream():
    assert seeded(0, "a.png", "thin_256").rand() == seeded(0, "a.png", "thin_256").rand()
    assert len({seeded(seed, name).rand() for seed in (0, 1) for name in ("a", "b", "\udcff")}) == 6
