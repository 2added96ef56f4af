"""History: a position, a budget in bytes, and a saved mark that outlives both."""

import numpy as np
import pytest
from documents import document_of, state_of

from lama_desktop.core.commands import PixelEdit
from lama_desktop.core.geometry import TILE, Rect


def scribble(document, count, start=0):
    """Make steps of one noisy tile each, which cannot be packed; return the state after each."""
    states = []
    for index in range(start, start + count):
        values = np.random.default_rng(index).integers(0, 256, (TILE, TILE), np.uint8)
        document.do(PixelEdit.replacing(f"step {index}", document, document.mask, Rect(0, 0, TILE, TILE), values))
        states.append(state_of(document))
    return states


@pytest.fixture
def document():
    document = document_of(2, layers=1)
    scribble(document, 1, 100)
    document.history.mark_saved()
    return document


def test_it_goes_to_any_step(document):
    history = document.history
    states = [state_of(document), *scribble(document, 6)]
    for position in (7, 1, 4, 2, 7, 3):
        history.go_to(position)
        assert history.position == position
        assert state_of(document) == states[position - 1]
    assert history.labels == ("step 100", *(f"step {index}" for index in range(6)))
    assert (history.undo_label, history.redo_label) == ("step 1", "step 2")
    assert not history.go_to(8)
    assert not history.go_to(-1)
    assert history.position == 3


def test_a_new_step_forgets_what_was_undone(document):
    scribble(document, 3)
    document.undo()
    document.undo()
    scribble(document, 1, 50)
    assert document.history.labels == ("step 100", "step 0", "step 50")
    assert not document.redo()


def test_the_oldest_go_when_the_budget_is_full_and_the_newest_stays(document):
    history = document.history
    history.budget = 3 * TILE * TILE
    states = scribble(document, 8)
    assert history.labels == ("step 5", "step 6", "step 7")
    assert history.nbytes <= history.budget
    while document.undo():
        pass
    assert state_of(document) == states[4]
    history.budget = 1
    assert len(history.labels) == 1


def test_lowering_the_budget_in_the_middle_keeps_the_neighbours_of_the_position(document):
    history = document.history
    states = scribble(document, 6)
    history.go_to(3)
    history.budget = 2 * TILE * TILE
    assert history.nbytes <= history.budget
    assert history.undo_label == "step 1"
    assert state_of(document) == states[1]
    document.undo()
    document.redo()
    assert state_of(document) == states[1]


def test_modified_is_being_elsewhere_than_saved(document):
    told = []
    document.modified_changed.connect(told.append)
    assert not document.modified
    scribble(document, 2)
    assert document.modified
    document.undo()
    document.undo()
    assert not document.modified
    document.redo()
    document.history.mark_saved()
    assert not document.modified
    document.undo()
    assert document.modified
    assert told == [True, False, True, False, True]


def test_a_save_that_ends_after_more_strokes_marks_what_it_wrote(document):
    scribble(document, 1)
    state = document.snapshot().state
    scribble(document, 2, 10)
    document.history.mark_saved(state)
    assert document.modified
    document.undo()
    document.undo()
    assert not document.modified


def test_a_saved_state_that_cannot_be_reached_any_more_is_never_mistaken(document):
    scribble(document, 2)
    document.history.mark_saved()
    document.undo()
    scribble(document, 1, 20)  # the saved branch is gone, and the position is the same
    assert document.modified
    document.history.mark_saved()
    document.history.budget = TILE * TILE
    scribble(document, 3, 30)
    while document.undo():
        pass
    assert document.modified


def test_the_state_before_the_first_kept_step_is_still_known_as_saved(document):
    document.history.budget = TILE * TILE
    scribble(document, 1)
    document.history.mark_saved()
    scribble(document, 1, 5)
    assert document.history.labels == ("step 5",)
    document.undo()
    assert not document.modified


def test_nothing_is_undone_while_an_edit_is_open(document):
    with PixelEdit("Brush", document, document.mask) as edit:
        with edit.writing(Rect(0, 0, 9, 9)) as pixels:
            pixels[...] = 1
        assert not document.undo()
        assert not document.history.go_to(0)
    assert document.undo()


def test_results_wait_for_the_end_of_the_stroke(document):
    order = []
    document.after_edit(lambda: order.append("at once"))
    with PixelEdit("Brush", document, document.mask) as edit:
        with edit.writing(Rect(0, 0, 9, 9)) as pixels:
            pixels[...] = 1
        document.after_edit(lambda: scribble(document, 1))
        order.append("stroke")
    assert order == ["at once", "stroke"]
    assert document.history.labels == ("step 100", "Brush", "step 0")


def test_changed_is_told_once_per_move(document):
    told = []
    document.history.changed.connect(lambda: told.append(1))
    scribble(document, 3)
    document.history.go_to(0)
    document.history.mark_saved()
    assert len(told) == 5
