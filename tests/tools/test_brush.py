"""Brush and eraser: what a hand does, in events, and what is in the mask afterwards."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hand import drag, play

from lama_desktop.core.shapes import dab
from lama_desktop.tools.brush import BrushTool, EraserTool, Pressure
from lama_desktop.tools.tool import Button, Circle, Kind, Modifier, Pointer, PointerEvent, Polyline


@pytest.fixture
def brush():
    tool = BrushTool()
    tool.options = replace(tool.options, size=20, hardness=1.0)
    return tool


@pytest.fixture
def eraser():
    tool = EraserTool()
    tool.options = replace(tool.options, size=20, hardness=1.0)
    return tool


def column(document, x):
    return np.flatnonzero(document.mask.coverage[:, x] > 127).tolist()


def test_a_stroke_is_one_step_as_wide_as_the_brush(document, brush):
    play(brush, document, drag((30, 60), (50, 60), (130, 60)))
    assert document.history.labels == ("Brush",)
    assert column(document, 80) == list(range(50, 70))
    document.undo()
    assert document.mask.is_empty
    document.redo()
    assert column(document, 80) == list(range(50, 70))


def test_a_click_is_one_dab_on_its_pixels(document, brush):
    play(brush, document, drag((70.5, 50.5)))
    expected = dab(70.5, 50.5, 20, 1)
    np.testing.assert_array_equal(document.mask.coverage[expected.rect.slices], expected.coverage)
    assert document.mask.coverage.sum() == expected.coverage.sum()


def test_escape_drops_the_stroke(document, brush):
    play(brush, document, drag((30, 60), (90, 60))[:-1], end=False)
    assert document.mask.is_empty
    assert document.history.position == 0
    assert not document.is_editing


def test_a_stroke_may_start_outside_and_leave_on_the_other_side(document, brush):
    play(brush, document, drag((-300, 60), (-50, 60), (400, 60), (400, -90)))
    for x in (0, 80, 159):
        assert column(document, x) == list(range(50, 70))
    assert len(document.history.labels) == 1


def test_a_stroke_over_the_border_does_not_come_back_on_the_far_side(document, brush):
    play(brush, document, drag((155, 60)))
    assert document.mask.coverage[:, :100].max() == 0
    play(brush, document, drag((80, 118)))
    assert document.mask.coverage[:40].max() == 0


def test_a_stroke_beside_the_picture_is_no_step(document, brush):
    play(brush, document, drag((-100, -100), (-100, 300)))
    assert document.history.position == 0


@pytest.mark.parametrize("how", [{"button": Button.SECONDARY}, {"button": Button.ERASER}, {"modifiers": Modifier.ALT}])
def test_the_other_button_the_other_end_and_alt_erase(document, brush, eraser, how):
    play(brush, document, drag((20, 60), (140, 60)))
    play(brush, document, drag((80, 20), (80, 100), **how))
    assert column(document, 80) == []
    assert column(document, 40) == list(range(50, 70))
    assert document.history.labels == ("Brush", "Erase")
    play(eraser, document, drag((80, 20), (80, 100), **how))
    if how.get("button") is Button.ERASER:
        assert column(document, 80) == [], "the other end of a pen is an eraser, whatever is in hand"
    else:
        assert len(column(document, 80)) >= 80


def test_the_eraser_erases(document, brush, eraser):
    play(brush, document, drag((20, 60), (140, 60)))
    eraser.options = replace(eraser.options, size=24)
    play(eraser, document, drag((20, 60), (140, 60)))
    assert document.mask.is_empty


def test_opacity_is_the_most_that_one_stroke_masks(document, brush):
    brush.options = replace(brush.options, opacity=0.5)
    play(brush, document, drag((30, 60), (60, 60), (30, 60)))
    assert document.mask.coverage.max() == 128
    brush.options = replace(brush.options, opacity=1.0)
    play(brush, document, drag((30, 60)))
    assert document.mask.coverage.max() == 255


@pytest.mark.parametrize("pressure", Pressure)
def test_pressure_changes_size_opacity_both_or_nothing(document, brush, pressure):
    brush.options = replace(brush.options, pressure=pressure)
    light, full = PointerEvent(Kind.PRESS, 20, 60, 0.4), PointerEvent(Kind.MOVE, 140, 60, 1.0)
    play(brush, document, [light, full, PointerEvent(Kind.RELEASE, 140, 60, 0.0)])
    coverage = document.mask.coverage
    thin = len(np.flatnonzero(coverage[:, 20]))
    assert (thin < 12) == (pressure in (Pressure.SIZE, Pressure.BOTH))
    assert (coverage[60, 14] < 120) == (pressure in (Pressure.OPACITY, Pressure.BOTH)) or thin < 12
    assert coverage[60, 139] == 255
    assert len(column(document, 140)) == 20, "the pen that is lifted draws nothing"


def test_shift_click_draws_a_straight_line_from_the_last_stroke(document, brush):
    play(brush, document, drag((20, 20)))
    shown = play(brush, document, drag((140, 100), modifiers=Modifier.SHIFT))
    assert any(isinstance(each, Polyline) for each in shown[0])
    assert document.mask.coverage[60, 80] == 255
    assert document.mask.coverage[20, 140] == 0
    play(brush, document, drag((140, 20), modifiers=Modifier.SHIFT))
    assert document.mask.coverage[60, 140] == 255
    assert len(document.history.labels) == 3


def test_the_last_stroke_of_another_document_is_not_continued(document, brush):
    play(brush, document, drag((20, 20)))
    other = type(document)(document.photo())
    play(brush, other, drag((140, 100), modifiers=Modifier.SHIFT))
    assert other.mask.coverage[60, 80] == 0
    assert other.mask.coverage[100, 140] == 255


def test_shift_drag_sizes_the_brush_around_the_press(document, brush):
    shown = play(brush, document, drag((50, 50), (60, 50), (65, 50), modifiers=Modifier.SHIFT))
    assert brush.options.size == 20 + 2 * 15
    assert shown[-1] == (Circle(50, 50, 25),)
    assert document.history.position == 0
    play(brush, document, drag((50, 50), (-5000, 50), (-5000, 50), modifiers=Modifier.SHIFT))
    assert brush.options.size == 1


def test_escape_brings_the_size_back(document, brush):
    play(brush, document, drag((50, 50), (60, 50), (90, 50), modifiers=Modifier.SHIFT)[:-1], end=False)
    assert brush.options.size == 20


def test_keys_change_the_size_by_a_part_of_it_down_to_one_pixel(brush):
    sizes = []
    for _ in range(40):
        brush.resize(-1)
        sizes.append(brush.options.size)
    assert sizes[-1] == 1
    assert all(after < before or before == 1 for before, after in itertools.pairwise(sizes))
    brush.resize(1)
    assert brush.options.size == 2
    for _ in range(100):
        brush.resize(1)
    assert brush.options.size == 2000


def test_keys_change_the_hardness_within_its_range(brush):
    for _ in range(20):
        brush.harden(-1)
    assert brush.options.hardness == 0
    brush.harden(1)
    assert brush.options.hardness == 0.1


def test_the_outline_is_true_to_size_and_gives_way_to_a_cross_when_it_cannot_be_seen(document, brush):
    event = PointerEvent(Kind.MOVE, 30, 40)
    assert brush.hover(document, event) == (Pointer.NONE, (Circle(30, 40, 10),))
    assert brush.hover(document, event._replace(scale=20)) == (Pointer.CROSS, ())


def test_a_long_line_keeps_only_the_tiles_that_it_touches(brush):
    from lama_desktop.core.document import Document
    from lama_desktop.core.photo import Photo

    large = Document(Photo(np.zeros((2500, 2500, 3), np.uint8)))
    play(brush, large, drag((10, 10), (2490, 2490)))
    assert large.history.nbytes < 130 * 128 * 128


def test_a_first_brush_is_not_lost_on_a_large_photo():
    tool = BrushTool()
    tool.suit((300, 200))
    assert tool.options == tool.Options(), "it never shrinks"
    tool.suit((6000, 4000))
    assert tool.options.size == 160
