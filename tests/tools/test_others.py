"""Move, hand, zoom, and what holds for every tool."""

import numpy as np
import pytest
from hand import drag, play

from lama_desktop.core.commands import PropertyEdit
from lama_desktop.core.node import Lock
from lama_desktop.errors import LamaDesktopError
from lama_desktop.options import from_dict, options_of, to_dict
from lama_desktop.tools import TOOLS
from lama_desktop.tools.move import MoveTool
from lama_desktop.tools.navigate import HandTool, ZoomTool
from lama_desktop.tools.tool import Button, Grab, Kind, Modifier, Pointer, PointerEvent, Show, Work, ZoomBy


def test_moving_is_one_step_in_whole_pixels(document):
    layer, told = document.layers[0], []
    document.changed.connect(told.append)
    play(MoveTool(), document, drag((50, 50), (60.4, 55), (70.4, 45.6)))
    assert layer.origin == (20, -4)
    assert told
    assert document.history.labels == ("Move layer",)
    document.undo()
    assert layer.origin == (0, 0)


def test_a_move_that_ends_where_it_began_is_no_step(document):
    play(MoveTool(), document, drag((50, 50), (60, 55), (50, 50)))
    assert document.history.position == 0


def test_shift_keeps_to_one_direction(document):
    play(MoveTool(), document, drag((50, 50), (80, 60), modifiers=Modifier.SHIFT))
    assert document.layers[0].origin == (30, 0)


def test_escape_puts_the_layer_back(document):
    play(MoveTool(), document, drag((50, 50), (80, 60))[:-1], end=False)
    assert document.layers[0].origin == (0, 0)
    assert document.history.position == 0


def test_a_locked_layer_stays_and_says_so(document):
    document.do(PropertyEdit("Lock", document, document.layers[0], "lock", Lock.POSITION))
    with pytest.raises(LamaDesktopError, match="locked"):
        play(MoveTool(), document, drag((50, 50), (80, 60)))
    assert not document.is_editing


def test_arrow_keys_move_by_pixels(document):
    assert MoveTool().nudge(document, 3, -1)
    assert document.layers[0].origin == (3, -1)
    assert document.history.labels == ("Move layer",)


def test_the_hand_keeps_the_pressed_point_under_the_pointer(document):
    yielded = play(HandTool(), document, drag((50, 50), (80, 60), (90, 70)))
    assert [each for each in yielded if each != ()] == [Grab(50, 50)] * 3
    assert HandTool().hover(document, PointerEvent(Kind.MOVE, 0, 0))[0] is Pointer.OPEN_HAND


def test_zoom_clicks_in_and_out_at_the_point(document):
    for how, factor in (({}, 2), ({"modifiers": Modifier.ALT}, 0.5), ({"button": Button.SECONDARY}, 0.5)):
        assert play(ZoomTool(), document, drag((50, 50), **how))[-1] == ZoomBy(factor, 50, 50)


def test_zoom_shows_what_is_dragged_around(document):
    assert play(ZoomTool(), document, drag((90, 20), (40, 80)))[-1] == Show(40, 20, 90, 80)


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.id)
def test_every_tool_says_what_it_is(tool):
    assert tool.title
    assert tool.hint
    assert tool.icon
    assert not tool.hint.endswith(".")
    options = tool().options
    assert from_dict(tool.Options, to_dict(options)) == options
    for option in options_of(tool.Options):
        assert option.help


def test_ids_and_shortcuts_are_different():
    assert len({tool.id for tool in TOOLS}) == len({tool.shortcut for tool in TOOLS}) == len(TOOLS)


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.id)
def test_any_gesture_can_be_dropped_at_any_moment(document, tool):
    """Escape, another tool, a closed document: nothing is left open, nothing is changed."""
    before = document.mask.coverage.copy(), document.layers[0].origin
    events = drag((30, 30), (60, 35), (70, 70), (40, 80))
    for count in range(1, len(events)):
        gesture = tool().gesture(document, events[0])
        answer = next(gesture)
        for event in events[1:count]:
            if isinstance(answer, Work):
                break
            answer = gesture.send(event if isinstance(answer, tuple) else None)
        gesture.close()
        assert not document.is_editing
        np.testing.assert_array_equal(document.mask.coverage, before[0])
        assert document.layers[0].origin == before[1]
    assert document.history.position == 0
