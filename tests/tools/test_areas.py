"""Lasso, polygon, rectangle, ellipse: what is enclosed, and how it joins the mask."""

import math

import numpy as np
import pytest
from hand import drag, play

from lama_desktop.core.geometry import Rect
from lama_desktop.tools.combine import Combine, CombineOptions, combine_for
from lama_desktop.tools.lasso import LassoTool, PolygonTool
from lama_desktop.tools.marquee import EllipseTool, RectangleTool
from lama_desktop.tools.tool import Handle, Kind, Modifier, PointerEvent, Polyline

SHIFT, ALT, NONE = Modifier.SHIFT, Modifier.ALT, Modifier.NONE


def masked(document):
    """The masked pixels, as a set."""
    return {(x, y) for y, x in np.argwhere(document.mask.coverage > 127).tolist()}


def box(left, top, right, bottom):
    return {(x, y) for x in range(left, right) for y in range(top, bottom)}


def test_a_rectangle_holds_the_pixels_between_its_corners(document):
    play(RectangleTool(), document, drag((20, 30), (25, 31), (50, 45)))
    assert masked(document) == box(20, 30, 50, 45)
    assert document.mask.coverage[30, 20] == 255
    assert document.history.labels == ("Rectangle",)


def test_it_may_be_dragged_in_any_direction_and_from_outside(document):
    play(RectangleTool(), document, drag((500, 500), (150, 100)))
    assert masked(document) == box(150, 100, 160, 120)
    play(RectangleTool(), document, drag((10, 10), (-40, -40)))
    assert masked(document) == box(150, 100, 160, 120) | box(0, 0, 10, 10)


def test_shapes_join_the_mask_by_the_keys_held_at_the_press(document):
    first, second = box(20, 20, 60, 60), box(40, 40, 80, 80)
    for modifiers, expected in {
        NONE: first | second,
        SHIFT: first | second,
        ALT: first - second,
        SHIFT | ALT: first & second,
    }.items():
        tool = RectangleTool()
        play(tool, document, drag((20, 20), (60, 60)))
        press, *others = drag((40, 40), (80, 80))
        play(tool, document, [press._replace(modifiers=modifiers), *others])
        assert masked(document) == expected
        document.history.go_to(0)


@pytest.mark.parametrize("how", Combine)
def test_shapes_join_the_mask_as_the_option_says(document, how):
    tool = RectangleTool()
    play(tool, document, drag((20, 20), (60, 60)))
    tool.options = CombineOptions(combine=how)
    play(tool, document, drag((40, 40), (80, 80)))
    first, second = box(20, 20, 60, 60), box(40, 40, 80, 80)
    assert (
        masked(document)
        == {
            Combine.ADD: first | second,
            Combine.SUBTRACT: first - second,
            Combine.INTERSECT: first & second,
            Combine.REPLACE: second,
        }[how]
    )
    assert len(document.history.labels) == 2
    document.undo()
    assert masked(document) == first


def test_intersecting_with_what_lies_elsewhere_leaves_nothing(document):
    tool = RectangleTool()
    play(tool, document, drag((20, 20), (60, 60)))
    tool.options = CombineOptions(combine=Combine.INTERSECT)
    play(tool, document, drag((100, 100), (110, 110)))
    assert document.mask.is_empty


def test_keys_win_over_the_option():
    assert combine_for(SHIFT, Combine.REPLACE) is Combine.ADD
    assert combine_for(ALT, Combine.ADD) is Combine.SUBTRACT
    assert combine_for(SHIFT | ALT, Combine.ADD) is Combine.INTERSECT
    assert combine_for(Modifier.CONTROL, Combine.REPLACE) is Combine.REPLACE


def test_shift_held_later_makes_a_square_and_alt_grows_it_from_the_centre(document):
    press = PointerEvent(Kind.PRESS, 80, 60)
    wide = PointerEvent(Kind.MOVE, 100, 65, modifiers=SHIFT)
    play(RectangleTool(), document, [press, wide, wide._replace(kind=Kind.RELEASE)])
    assert masked(document) == box(80, 60, 100, 80)
    document.undo()
    wide = wide._replace(modifiers=SHIFT | ALT)
    play(RectangleTool(), document, [press, wide, wide._replace(kind=Kind.RELEASE)])
    assert masked(document) == box(60, 40, 100, 80)


def test_shift_held_from_the_press_adds_and_makes_no_square(document):
    play(RectangleTool(), document, drag((20, 20), (60, 30), modifiers=SHIFT))
    assert masked(document) == box(20, 20, 60, 30)


@pytest.mark.parametrize("tool", [RectangleTool, EllipseTool, LassoTool])
def test_a_click_without_a_drag_changes_nothing(document, tool):
    play(tool(), document, drag((20, 20)))
    assert document.history.position == 0


@pytest.mark.parametrize("tool", [RectangleTool, EllipseTool, LassoTool])
def test_escape_drops_it(document, tool):
    play(tool(), document, drag((20, 20), (50, 20), (50, 60))[:-1], end=False)
    assert document.history.position == 0
    assert document.mask.is_empty


def test_an_ellipse_touches_its_box(document):
    play(EllipseTool(), document, drag((20, 30), (80, 70)))
    assert document.mask.bounds() in Rect(20, 30, 80, 70)
    inside = {(x, y) for x, y in box(20, 30, 80, 70) if ((x + 0.5 - 50) / 30) ** 2 + ((y + 0.5 - 50) / 20) ** 2 < 1}
    assert len(masked(document) ^ inside) < 12


def test_a_lasso_holds_what_it_goes_around_and_shows_its_line(document):
    around = [(80 + 30 * math.cos(a), 60 + 30 * math.sin(a)) for a in np.linspace(0, 6, 50)]
    shown = play(LassoTool(), document, drag(*around))
    assert isinstance(shown[-1][0], Polyline)
    assert len(shown[-1][0].points) == 50
    assert document.mask.coverage[60, 80] == 255
    area = document.mask.coverage.sum() / 255
    assert area == pytest.approx(math.pi * 900, rel=0.02)


def test_a_lasso_around_everything_from_outside_masks_everything(document):
    play(LassoTool(), document, drag((-50, -50), (300, -60), (310, 300), (-70, 290)))
    assert (document.mask.coverage == 255).all()


def clicks(*points, last=Kind.CONFIRM):
    events = []
    for point in points:
        events += [PointerEvent(kind, *point) for kind in (Kind.MOVE, Kind.PRESS, Kind.RELEASE)]
    end = [PointerEvent(last, *points[-1])] if last else []
    return [*events[1:], *end]


def test_a_polygon_closes_by_enter(document):
    play(PolygonTool(), document, clicks((20, 20), (60, 20), (60, 60), (20, 60)))
    assert masked(document) == box(20, 20, 60, 60)
    assert document.history.labels == ("Polygon lasso",)


def test_a_polygon_closes_at_its_first_corner(document):
    events = clicks((20, 20), (60, 20), (60, 60), (20, 60), (23, 22), last=None)
    play(PolygonTool(), document, events[:-1])
    assert masked(document) == box(20, 20, 60, 60)


def test_a_polygon_closes_by_a_double_click(document):
    play(PolygonTool(), document, clicks((20, 20), (60, 20), (60, 60), (20, 60), last=Kind.DOUBLE))
    assert masked(document) == box(20, 20, 60, 60)


def test_backspace_takes_corners_back_and_ends_with_the_last(document):
    back = PointerEvent(Kind.BACK, 0, 0)
    events = clicks((20, 20), (60, 20), (60, 60), (150, 110), last=None)
    play(PolygonTool(), document, [*events, back, *clicks((20, 60))])
    assert masked(document) == box(20, 20, 60, 60)
    play(PolygonTool(), document, [*clicks((20, 20), (60, 20), last=None), back, back])
    assert len(document.history.labels) == 1


def test_a_polygon_shows_its_corners_and_the_side_that_follows(document):
    shown = play(
        PolygonTool(), document, [*clicks((20, 20), (60, 20), last=None), PointerEvent(Kind.MOVE, 90, 70)], end=False
    )
    line, handle = shown[-1]
    assert line.points == [(20, 20), (60, 20), (90, 70)]
    assert handle == Handle(20, 20)


def test_shift_keeps_to_steps_of_45_degrees(document):
    events = clicks((20, 20), (60, 23), (60, 60), (20, 60))
    events = [event._replace(modifiers=SHIFT) if (event.x, event.y) == (60, 23) else event for event in events]
    play(PolygonTool(), document, events)
    assert masked(document) == box(20, 20, 60, 60)
