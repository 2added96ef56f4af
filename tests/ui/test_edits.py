"""Edits that compute pixels are done on a worker: one step, of what was there; what is not touched stays the same."""

import threading

import numpy as np
import pytest
from window import write_photo

from lama_desktop.core.commands import PixelEdit
from lama_desktop.ui import edits
from lama_desktop.ui.jobs import Job, Lane

SLOW = ("merge-down", "merge-visible", "flatten", "mask-to-layer", "mask-from-luminance")


@pytest.fixture
def document(app, opened, tmp_path):
    (found,) = opened(write_photo(tmp_path / "photo.png"))
    for _ in range(2):
        edits.duplicate_layer(found)
    app.hand.drag((100, 100), (140, 110))
    return found


@pytest.fixture
def gate(app, monkeypatch):
    """The lane of the edits goes on when this is set; no picture is small."""
    monkeypatch.setattr(edits, "AT_ONCE", 0)
    made = threading.Event()
    app.runner.submit(Job("before it on the lane", lambda progress: made.wait(20), Lane.TOOLS))
    yield made
    made.set()


def idle(app, until):
    until(lambda: not app.runner.jobs)
    app.application.processEvents()


@pytest.mark.parametrize("at_once", [0, edits.AT_ONCE])
def test_a_mask_from_luminance_drops_no_fill_that_is_on_its_way(app, document, until, monkeypatch, at_once):
    monkeypatch.setattr(edits, "AT_ONCE", at_once)
    count = len(document.layers)
    app.engines.gate.clear()
    app.do("remove")
    app.do("mask-from-luminance")
    until(lambda: document.history.undo_label == "Mask from luminance")
    app.engines.gate.set()
    until(lambda: app.window.remover.job(document) is None)
    assert len(document.layers) == count + 1


def test_a_small_picture_is_changed_at_once(app, document):
    for count in (2, 1):
        app.do("merge-down")
        assert len(document.layers) == count


@pytest.mark.parametrize("action", SLOW)
def test_what_is_edited_meanwhile_wins(app, document, gate, until, action):
    steps = len(document.history.labels)
    app.do(action)
    assert len(document.history.labels) == steps, "the window need not wait"
    app.do("hide-layer")
    before = document.stack
    gate.set()
    idle(app, until)
    assert document.stack is before
    assert any("was edited meanwhile" in each.text for each in app.window.notices.shown)
    app.do(action)
    idle(app, until)
    assert len(document.history.labels) == steps + 2


def test_what_is_not_merged_stays_the_same(app, document, until):
    before, look = document.stack, document.flatten()
    app.do("merge-down")
    idle(app, until)
    assert document.layers[0] is before.layers[0]
    assert document.mask is before.mask
    assert document.active is document.layers[1]
    assert document.layers[1] not in before.layers
    assert np.array_equal(document.flatten(), look)
    app.do("undo")
    assert document.stack is before


def test_half_a_stroke_is_not_worked_on(app, document, until):
    with PixelEdit("Brush", document, document.mask) as stroke:
        edits.mask_to_layer(document, app.runner, pytest.fail)
        idle(app, until)
        assert len(document.layers) == 3
        with stroke.writing(document.rect) as pixels:
            pixels[:] = 255
    idle(app, until)
    assert document.layers[-1].rect == document.rect


def test_what_was_cleared_last_outlives_another_mask(app, document, until):
    before = document.mask.coverage.copy()
    for action in ("mask-none", "mask-from-luminance"):
        app.do(action)
        idle(app, until)
    assert document.history.undo_label == "Mask from luminance"
    app.do("mask-again")
    assert np.array_equal(document.mask.coverage, before)
