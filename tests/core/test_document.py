"""Document: what it looks like, what it tells, and what it hands to others."""

import gc
import weakref

import numpy as np
import pytest
from documents import document_of, drawable_of, noise, state_of

from lama_desktop.core import transforms
from lama_desktop.core.blend import NORMAL, blend_mode
from lama_desktop.core.commands import PixelEdit, PropertyEdit, StackEdit
from lama_desktop.core.composite import composite, is_opaque
from lama_desktop.core.document import Document
from lama_desktop.core.geometry import Rect
from lama_desktop.core.layer import Layer
from lama_desktop.core.photo import Photo
from lama_desktop.core.stack import Place
from lama_desktop.errors import LamaDesktopError


@pytest.fixture
def document():
    return document_of(4)


@pytest.fixture
def told(document):
    """Collect every signal as (name, argument)."""
    found = []
    for name in ("changed", "mask_changed", "modified_changed"):
        getattr(document, name).connect(lambda argument, name=name: found.append((name, argument)))
    for name in ("stack_changed", "active_changed", "resized", "path_changed"):
        getattr(document, name).connect(lambda name=name: found.append((name, None)))
    return found


def rects(told, name):
    return [argument for each, argument in told if each == name]


def test_flattening_a_part_is_a_part_of_flattening_all(document):
    whole = document.flatten()
    assert whole.shape == (150, 200, 4)
    for rect in (Rect(0, 0, 1, 1), Rect(120, 100, 200, 150), Rect(17, 3, 140, 149)):
        assert (document.flatten(rect) == whole[rect.slices]).all()
    assert document.flatten(Rect(-50, -50, 10, 10)).shape == (10, 10, 4)
    assert document.flatten(Rect(300, 300, 310, 310)).size == 0


def test_below_a_layer_is_what_is_under_it(document):
    layer = document.layers[2]
    below = document.flatten(below=layer)
    for each in document.layers[2:]:
        document.do(PropertyEdit("Hide", document, each, "visible", False))
    assert (document.flatten() == below).all()
    assert not document.flatten(below=document.layers[0]).any()


def test_a_result_is_the_callers_own(document):
    before = state_of(document)
    document.flatten()[...] = 3
    document.photo().pixels[...] = 3
    document.flatten_original()[...] = 3
    assert state_of(document) == before


def test_a_stroke_on_the_mask_tells_where_and_leaves_the_picture_alone(document, told):
    with PixelEdit("Brush", document, document.mask) as edit, edit.writing(Rect(-5, 10, 20, 30)) as pixels:
        pixels[...] = 255
    assert told == [("mask_changed", Rect(0, 10, 20, 30)), ("modified_changed", True)]
    told.clear()
    document.undo()
    assert rects(told, "mask_changed") == [Rect(0, 0, 128, 128)]
    assert not rects(told, "changed")


def test_undo_of_a_diagonal_stroke_tells_its_tiles_not_its_bounds():
    document = Document(Photo(np.zeros((1280, 1280, 3), np.uint8)))
    found = []
    document.mask_changed.connect(found.append)
    with PixelEdit("Brush", document, document.mask) as edit:
        for step in range(10):
            with edit.writing(Rect(step * 128, step * 128, step * 128 + 9, step * 128 + 9)) as pixels:
                pixels[...] = 255
    found.clear()
    document.undo()
    assert sum(rect.area for rect in found) == 10 * 128 * 128


def test_a_layer_that_moves_tells_where_it_was_and_where_it_is(document, told):
    layer = document.layers[1]
    document.do(PropertyEdit("Mode", document, layer, "mode", NORMAL))
    told.clear()
    before = layer.rect & document.rect
    document.do(PropertyEdit("Move", document, layer, "origin", (90, 80)))
    assert set(rects(told, "changed")) == {before, layer.rect & document.rect}
    assert ("stack_changed", None) in told


def test_a_layer_whose_mode_acts_everywhere_tells_everything(document, told):
    layer = document.layers[1]
    document.do(PropertyEdit("Mode", document, layer, "mode", blend_mode("svg:dst-in")))
    assert document.rect in rects(told, "changed")
    told.clear()
    document.do(PixelEdit.replacing("Paint", document, layer, layer.rect, 5))
    assert rects(told, "changed") == [document.rect]


def test_adding_a_patch_tells_only_its_place(document, told):
    patch = Layer(noise(np.random.default_rng(0), 10, 12), (50, 60))
    document.do(StackEdit("Fill", document.stack.with_entry(patch, Place(1))))
    assert rects(told, "changed") == [Rect(50, 60, 62, 70)]
    assert [name for name, _ in told] == ["stack_changed", "active_changed", "changed", "modified_changed"]


def test_another_size_is_told_first_and_instead_of_places(document, told):
    document.do(StackEdit("Crop", transforms.cropped(document.stack, Rect(5, 5, 100, 90))))
    assert told[0] == ("resized", None)
    assert document.size == (95, 85)
    assert not rects(told, "changed")
    assert document.mask.rect == document.rect


def test_choosing_a_layer_is_no_step_and_told_once(document, told):
    layer = document.layers[0]
    document.active = layer
    document.active = layer
    assert told == [("active_changed", None)]
    assert document.history.labels == ()
    assert document.active is layer


def test_a_command_in_the_middle_of_a_stroke_is_refused_with_a_word(document):
    before = document.stack
    with PixelEdit("Brush", document, document.mask):
        with pytest.raises(LamaDesktopError, match="“Brush” is not finished"):
            document.do(StackEdit("Add", before.duplicated(before.layers[0], "copy")))
        with pytest.raises(LamaDesktopError, match="not finished"):
            PixelEdit("Erase", document, document.mask).open()
    assert document.stack is before
    assert document.history.labels == ()


def test_the_active_layer_of_a_step_comes_back_with_it(document):
    first, second = document.layers[0], document.layers[2]
    document.active = first
    document.do(StackEdit("Add", document.stack.with_entry(Layer(np.zeros((3, 3, 4), np.uint8)))))
    added = document.active
    document.active = second
    document.undo()
    assert document.active is first
    document.redo()
    assert document.active is second
    assert added in document.layers


def test_every_arrangement_keeps_one_active_layer(document):
    stack = document.stack
    names = [layer.name for layer in stack.layers]
    moved = stack.moved(stack.layers[0], Place(2))
    assert [layer.name for layer in moved.layers] == [names[1], names[2], names[0], names[3]]
    twice = stack.duplicated(stack.layers[1], "copy")
    assert [layer.name for layer in twice.layers] == [*names[:2], "copy", *names[2:]]
    assert twice.active.name == "copy"
    for _ in range(4):
        stack = stack.without(stack.active)
    assert stack.layers == ()
    assert stack.active is None
    document.do(StackEdit("Delete all", stack))
    assert not document.flatten().any()
    document.undo()
    assert document.layers


def test_path_is_told_when_it_is_another_one(document, told, tmp_path):
    document.path = tmp_path
    document.path = tmp_path
    assert told == [("path_changed", None)]


def test_hidden_and_transparent_layers_change_nothing(document):
    flat = document.flatten()
    empty = Layer.blank(Rect(-10, -10, 260, 260), document.dtype)
    document.do(StackEdit("Add", document.stack.with_entry(empty)))
    assert (document.flatten() == flat).all()
    shown = noise(np.random.default_rng(0), 150, 200)
    document.do(StackEdit("Add", document.stack.with_entry(Layer(shown, visible=False))))
    assert (document.flatten() == flat).all()


def test_layers_under_an_opaque_one_are_not_looked_at(document, monkeypatch):
    cover = np.full((150, 200, 4), 255, np.uint8)
    hidden = document.layers
    document.do(StackEdit("Cover", document.stack.with_entry(Layer(cover), Place(len(hidden)))))
    document.flatten()
    monkeypatch.setattr(Layer, "pixels", property(lambda self: None if self in hidden else self._array))
    assert (composite(document.layers, document.rect, np.uint8) == 255).all()


def test_a_layer_that_is_painted_on_hides_no_more_where_it_was_opaque(document):
    cover = Layer(np.full((150, 200, 4), 255, np.uint8), name="cover")
    document.do(StackEdit("Cover", document.stack.with_entry(cover, document.stack.top)))
    assert is_opaque([cover], document.rect)
    below = document.flatten(below=cover)
    document.do(PixelEdit.replacing("Erase", document, cover, Rect(3, 3, 40, 40), 0))
    assert not is_opaque([cover], document.rect)
    flat = document.flatten()
    assert (flat[3:40, 3:40] == below[3:40, 3:40]).all()
    assert (flat[40:] == 255).all()
    document.undo()
    assert is_opaque([cover], document.rect)


def test_a_snapshot_is_equal_and_shares_what_is_not_written(document):
    document.do(PixelEdit.replacing("Brush", document, document.mask, Rect(5, 5, 50, 50), 255))
    snapshot = document.snapshot()
    assert [drawable_of(layer) for layer in snapshot.stack.layers] == [drawable_of(layer) for layer in document.layers]
    assert all(a.storage == b.storage for a, b in zip(snapshot.stack.layers, document.layers, strict=True))
    kept = document.mask.pixels
    document.do(PixelEdit.replacing("Brush", document, document.mask, document.rect, 1))
    assert np.shares_memory(kept, document.mask.pixels), "a canvas that wraps the mask keeps seeing it"
    assert snapshot.stack.mask.pixels.max() == 255
    assert snapshot.stack.mask.pixels.min() == 0


def test_a_closed_document_is_gone():
    document = document_of(0)
    document.do(PropertyEdit("Hide", document, document.layers[0], "visible", False))
    gone = weakref.ref(document)
    del document
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_depth_is_kept(dtype):
    document = document_of(0, dtype=dtype)
    assert document.depth == np.dtype(dtype).itemsize * 8
    assert document.flatten().dtype == dtype
    assert document.photo().pixels.dtype == dtype
