"""Any hand: random gestures with every tool, ended or dropped at any moment; the history tells all of it."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.random import default_rng

from lama_desktop.errors import LamaDesktopError
from lama_desktop.progress import Progress
from lama_desktop.tools import TOOLS
from lama_desktop.tools.combine import Combine
from lama_desktop.tools.tool import Button, Kind, Modifier, PointerEvent, Work


def random_event(random, kind, button):
    modifiers = Modifier.NONE
    for each in (Modifier.SHIFT, Modifier.ALT, Modifier.CONTROL):
        if random.random() < 0.15:
            modifiers |= each
    x, y = random.uniform(-80, 240), random.uniform(-80, 200)
    return PointerEvent(kind, x, y, random.random(), modifiers, button, random.uniform(0.1, 4))


def random_gesture(random, tool, document):
    """Play up to twelve events, then close whatever is left."""
    button = list(Button)[random.integers(3)] if random.random() < 0.3 else Button.PRIMARY
    gesture = tool.gesture(document, random_event(random, Kind.PRESS, button))
    try:
        answer = next(gesture)
        for _ in range(random.integers(1, 12)):
            if isinstance(answer, Work):
                answer = gesture.send(answer.run(Progress()))
            elif not isinstance(answer, tuple):
                answer = gesture.send(None)
            else:
                kind = Kind.RELEASE if random.random() < 0.15 else list(Kind)[random.integers(len(Kind))]
                answer = gesture.send(random_event(random, kind, button))
    except (StopIteration, LamaDesktopError):
        return
    finally:
        gesture.close()
        assert not document.is_editing


@pytest.mark.parametrize("seed", range(6))
def test_undo_all_and_redo_all_bring_every_state_back(document, seed):
    random, tools = default_rng(seed), [tool() for tool in TOOLS]
    states = [(document.mask.coverage.copy(), document.layers[0].origin)]
    for _ in range(50):
        tool = tools[random.integers(len(tools))]
        if hasattr(tool.options, "combine"):
            tool.options = replace(tool.options, combine=list(Combine)[random.integers(len(Combine))])
        before = document.history.position
        random_gesture(random, tool, document)
        assert document.history.position in (before, before + 1), "a gesture is one step, or none"
        if document.history.position == before:
            np.testing.assert_array_equal(document.mask.coverage, states[-1][0])
        else:
            states.append((document.mask.coverage.copy(), document.layers[0].origin))
    assert len(states) > 8
    for step in (*range(len(states) - 1, -1, -1), *range(len(states))):
        document.history.go_to(step)
        np.testing.assert_array_equal(document.mask.coverage, states[step][0])
        assert document.layers[0].origin == states[step][1]
