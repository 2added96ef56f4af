"""Commands: an edit is committed or rolled back, nothing else; a swap is its own inverse; locks hold."""

import numpy as np
import pytest
from documents import document_of, noise, state_of

from lama_desktop.core import tiles
from lama_desktop.core.commands import Compound, PixelEdit, PropertyEdit, StackEdit
from lama_desktop.core.document import Document
from lama_desktop.core.geometry import TILE, Rect
from lama_desktop.core.layer import Layer
from lama_desktop.core.node import Lock
from lama_desktop.core.photo import Photo
from lama_desktop.errors import LamaDesktopError


@pytest.fixture
def document():
    return document_of(1)


def paint(document, rect, value=255, drawable=None, label="Brush"):
    with PixelEdit(label, document, drawable or document.mask) as edit, edit.writing(rect) as pixels:
        pixels[...] = value
    return edit


def test_a_stroke_is_one_step_and_comes_back(document):
    before = state_of(document)
    with PixelEdit("Brush", document, document.mask) as edit:
        for step in range(20):
            with edit.writing(Rect(step * 5, step * 4, step * 5 + 12, step * 4 + 12)) as pixels:
                np.maximum(pixels, step * 10, out=pixels)
    after = state_of(document)
    assert document.history.labels == ("Brush",)
    assert before != after
    assert document.undo()
    assert state_of(document) == before
    assert document.redo()
    assert state_of(document) == after


def test_writing_gives_the_part_inside_wherever_the_rectangle_lies(document):
    mask = document.mask
    with PixelEdit("Brush", document, mask) as edit:
        for rect in (Rect(-20, -10, 15, 12), Rect(190, 140, 300, 300), Rect(-5, 20, 400, 25), Rect(500, 500, 510, 510)):
            dab = np.full((rect.height, rect.width), 200, np.uint8)
            with edit.writing(rect) as pixels:
                np.maximum(pixels, dab[mask.rect.slices_in(rect)], out=pixels)
            assert pixels.shape[:2] == ((rect & mask.rect).height, (rect & mask.rect).width)
    assert (mask.pixels[:12, :15] == 200).all()
    assert (mask.pixels[140:, 190:] == 200).all()
    assert int((mask.pixels == 200).sum()) == 15 * 12 + 10 * 10 + 200 * 5


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, GeneratorExit])
def test_an_exception_restores_every_pixel_and_leaves_no_step(document, error):
    def stroke():
        with PixelEdit("Brush", document, document.mask) as edit:
            with edit.writing(Rect(0, 0, 60, 60)) as pixels:
                pixels[...] = 255
            with edit.writing(Rect(30, 30, 90, 90)) as pixels:
                pixels[...] = 7
                raise error

    before = state_of(document)
    with pytest.raises(error):
        stroke()
    assert state_of(document) == before
    assert document.history.labels == ()
    assert not document.is_editing


def test_closing_a_gesture_rolls_back(document):
    def gesture():
        with PixelEdit("Brush", document, document.mask) as edit:
            while True:
                rect = yield
                with edit.writing(rect) as pixels:
                    pixels[...] = 255

    before, stroke = state_of(document), gesture()
    next(stroke)
    stroke.send(Rect(0, 0, 100, 100))
    assert state_of(document) != before
    stroke.close()
    assert state_of(document) == before


def test_only_touched_tiles_are_kept_and_those_of_one_value_cost_nothing():
    generator = np.random.default_rng(0)
    document = Document(Photo(noise(generator, 10 * TILE, 10 * TILE, channels=3)))
    edit = paint(document, Rect(0, 0, TILE * 3, 5))
    assert edit.nbytes == 0  # the mask was 0 all over
    document.undo()
    assert edit.nbytes == 3 * TILE * TILE
    layer = document.layers[0]
    edit = paint(document, Rect(TILE - 1, TILE - 1, TILE + 1, TILE + 1), 3, layer)
    assert edit.nbytes == 4 * TILE * TILE * 4


def test_an_edit_that_changes_nothing_is_no_step(document):
    paint(document, Rect(0, 0, 50, 50), 0)
    with PropertyEdit("Opacity", document, document.layers[1], "opacity", 0.3) as edit:
        edit.set(0.1)
        edit.set(document_of(1).layers[1].opacity)
    assert document.history.labels == ()


def test_replacing_takes_an_array_or_a_value_and_is_done_later(document):
    before = state_of(document)
    rect = Rect(-10, 20, 160, 130)
    values = np.random.default_rng(0).integers(0, 256, (rect.height, rect.width), np.uint8)
    edit = PixelEdit.replacing("Grow", document, document.mask, rect, values)
    assert state_of(document) == before
    document.do(edit)
    assert (document.mask.pixels[20:130, :160] == values[:, 10:]).all()
    document.do(PixelEdit.replacing("None", document, document.mask, document.rect, 0))
    assert document.mask.is_empty
    document.undo()
    document.undo()
    assert state_of(document) == before


@pytest.mark.parametrize("side", [1, 4])
def test_a_large_area_is_replaced_in_larger_squares(monkeypatch, side):
    if side == 4:
        monkeypatch.setattr(tiles, "_LARGE", 0)
    generator = np.random.default_rng(3)
    document = Document(Photo(noise(generator, 5 * TILE + 9, 9 * TILE + 20, channels=3)))
    before = state_of(document)
    paint(document, Rect(100, 100, 300, 200), 9)
    values = np.zeros((document.rect.height, document.rect.width), np.uint8)
    values[:60, 600:] = generator.integers(0, 256, (60, values.shape[1] - 600))
    edit = PixelEdit.replacing("All", document, document.mask, document.rect, values)
    document.do(edit)
    assert (document.mask.pixels == values).all()
    after = state_of(document)
    for _ in range(2):
        document.history.go_to(0)
        assert state_of(document) == before
        document.history.go_to(2)
        assert state_of(document) == after


def test_a_slider_is_one_step_however_often_it_moves(document):
    layer, before = document.layers[2], state_of(document)
    edit = PropertyEdit("Opacity", document, layer, "opacity", 0.9).open()
    for value in (0.8, 0.7, 0.6):
        edit.set(value)
        assert layer.opacity == value
    edit.commit()
    assert document.history.labels == ("Opacity",)
    document.undo()
    assert state_of(document) == before
    document.redo()
    assert layer.opacity == 0.6
    edit = PropertyEdit("Opacity", document, layer, "opacity", 0.1).open()
    edit.roll_back()
    assert layer.opacity == 0.6


def test_a_group_is_undone_in_reverse_and_redone_in_order(document):
    fill = Layer(noise(np.random.default_rng(0), 20, 20), (5, 5), name="fill")
    paint(document, Rect(0, 0, 30, 30))
    before = state_of(document)
    group = Compound(
        "Remove",
        [
            StackEdit("", document.stack.with_entry(fill)),
            PropertyEdit("", document, fill, "opacity", 0.5),
            PixelEdit.replacing("", document, document.mask, document.rect, 0),
        ],
    )
    document.do(group)
    after = state_of(document)
    assert document.active is fill
    assert document.mask.is_empty
    document.undo()
    assert state_of(document) == before
    document.redo()
    assert state_of(document) == after


def test_a_group_that_fails_half_way_changes_nothing(document):
    class Broken(StackEdit):
        def swap(self, document):
            raise MemoryError

    before = state_of(document)
    hide = PropertyEdit("Hide", document, document.layers[0], "visible", False)
    with pytest.raises(MemoryError):
        document.do(Compound("Both", [hide, Broken("", document.stack)]))
    assert state_of(document) == before
    assert document.history.labels == ()


def test_locked_pixels_refuse_and_say_where_to_unlock(document):
    layer = document.layers[1]
    document.do(PropertyEdit("Lock", document, layer, "lock", Lock.PIXELS))
    with pytest.raises(LamaDesktopError, match=r"layer 0.*unlock it"):
        paint(document, document.rect, drawable=layer)
    with pytest.raises(LamaDesktopError, match="locked"):
        PixelEdit.replacing("Clear", document, layer, document.rect, 0)
    assert not document.is_editing
    document.do(PropertyEdit("Move", document, layer, "origin", (0, 0)))
    document.do(PropertyEdit("Lock", document, layer, "lock", Lock.POSITION))
    with pytest.raises(LamaDesktopError, match="position"):
        PropertyEdit("Move", document, layer, "origin", (5, 5)).open()
    while document.undo():  # what was done before the lock can be undone
        pass


def test_locked_alpha_lets_paint_in_and_keeps_the_outline(document):
    layer = document.layers[1]
    document.do(PropertyEdit("Lock", document, layer, "lock", Lock.ALPHA))
    alpha = layer.pixels[..., 3].copy()
    paint(document, layer.rect, 99, layer)
    assert (layer.pixels[..., :3] == 99).all()
    assert (layer.pixels[..., 3] == alpha).all()


def test_a_structure_keeps_only_what_the_document_has_no_more(document):
    layer = document.layers[2]
    document.do(StackEdit("Duplicate", document.stack.duplicated(layer, "twin")))
    assert document.history.nbytes == 0  # shared until it is written
    document.do(StackEdit("Delete", document.stack.without(document.layers[1])))
    gone = document_of(1).layers[1]
    others = sum(each.nbytes for each in gone.recipe.alternatives)
    assert document.history.nbytes == gone.nbytes + gone.recipe.mask.nbytes + others
    document.undo()
    assert document.history.nbytes == 0
