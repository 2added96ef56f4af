"""Wand and object select: they ask for work, and the mask is what it finds."""

from dataclasses import replace

import numpy as np
import pytest
from hand import drag, play

from lama_desktop.core import masking
from lama_desktop.core.commands import StackEdit
from lama_desktop.core.composite import composite
from lama_desktop.core.geometry import Rect
from lama_desktop.core.group import Branch, Group
from lama_desktop.core.layer import Layer
from lama_desktop.core.transforms import flipped
from lama_desktop.errors import LamaDesktopError
from lama_desktop.progress import Progress
from lama_desktop.tools.combine import Combine
from lama_desktop.tools.object_select import Draw, ObjectTool
from lama_desktop.tools.tool import Kind, Modifier, PointerEvent, Work
from lama_desktop.tools.wand import WandTool, sampled

SQUARE = Rect(60, 40, 90, 70)


def click(x, y, **same):
    return [PointerEvent(Kind.PRESS, x, y, **same)]


def square_of(document):
    whole = np.zeros_like(document.mask.coverage)
    whole[SQUARE.slices] = 255
    return whole


def test_the_wand_asks_for_work_and_masks_what_it_finds(document):
    yielded = play(WandTool(), document, click(75, 55))
    assert [type(each) for each in yielded] == [Work]
    np.testing.assert_array_equal(document.mask.coverage, square_of(document))
    assert document.history.labels == ("Magic wand",)


def test_the_pixel_that_is_clicked_is_the_one_under_the_pointer(document):
    play(WandTool(), document, click(89.99, 69.99))
    np.testing.assert_array_equal(document.mask.coverage, square_of(document))
    document.undo()
    play(WandTool(), document, click(90.0, 69.99))
    np.testing.assert_array_equal(document.mask.coverage, 255 - square_of(document))


@pytest.mark.parametrize(
    ("tool", "events"),
    [(WandTool(), click(75, 55)), (ObjectTool(), drag((50, 30), (100, 80)))],
)
def test_what_was_looked_for_in_a_picture_that_was_turned_since_is_not_used(document, tool, events):
    gesture = tool.gesture(document, events[0])
    answer = next(gesture)
    for event in events[1:]:
        answer = gesture.send(event)
    found = answer.run(Progress())
    document.do(StackEdit("Flip", flipped(document.stack)))
    with pytest.raises(StopIteration):
        gesture.send(found)
    assert document.mask.is_empty


def test_the_wand_adds_subtracts_and_does_nothing_outside(document):
    masking.select_all(document)
    play(WandTool(), document, click(75, 55, modifiers=Modifier.ALT))
    np.testing.assert_array_equal(document.mask.coverage, 255 - square_of(document))
    assert play(WandTool(), document, click(-1, 55)) == []
    assert play(WandTool(), document, click(160, 55)) == []


def test_the_wand_looks_at_all_layers_or_at_one(document):
    patch = Layer(np.full((30, 30, 4), 255, np.uint8), (60, 40), name="patch", opacity=0.5)
    document.do(StackEdit("Add", document.stack.with_entry(patch)))
    wand = WandTool()
    wand.options = replace(wand.options, all_layers=False, combine=Combine.REPLACE)
    play(wand, document, click(5, 5))
    np.testing.assert_array_equal(document.mask.coverage, 255 - square_of(document))
    document.active = document.layers[0]
    play(wand, document, click(75, 55))
    np.testing.assert_array_equal(document.mask.coverage, square_of(document))


def test_the_wand_looks_at_the_active_group_alone_or_at_what_groups_show(document):
    patch = Layer(np.full((30, 30, 4), 255, np.uint8), (60, 40), name="patch")
    group = Group("group", opacity=0.0)
    document.do(StackEdit("Add", document.stack.with_entry(Branch(group, (patch,)), document.stack.top)))
    wand = WandTool()
    wand.options = replace(wand.options, all_layers=False, combine=Combine.REPLACE)
    assert document.active is group
    play(wand, document, click(5, 5))
    np.testing.assert_array_equal(document.mask.coverage, 255 - square_of(document))
    seen = [composite(sampled(document, all_layers), SQUARE, np.uint8) for all_layers in (False, True)]
    assert (seen[0] == 255).all()
    assert (seen[1] == document.flatten(SQUARE)).all()
    assert not (seen[1] == 255).all()


def test_tolerance_and_connection_are_options(document):
    pixels = np.full((120, 160, 3), 128, np.uint8)
    pixels[:, 80:] = 140
    pixels[:, 100:] = 128
    striped = type(document)(replace(document.photo(), pixels=pixels))
    wand = WandTool()
    wand.options = replace(wand.options, tolerance=11, combine=Combine.REPLACE)
    play(wand, striped, click(5, 5))
    assert striped.mask.bounds() == Rect(0, 0, 80, 120)
    wand.options = replace(wand.options, contiguous=False)
    play(wand, striped, click(5, 5))
    assert (striped.mask.coverage[:, 100:] == 255).all()
    assert striped.mask.coverage[:, 80:100].max() == 0
    wand.options = replace(wand.options, tolerance=12)
    play(wand, striped, click(5, 5))
    assert (striped.mask.coverage == 255).all()


def test_escape_while_it_works_changes_nothing(document):
    gesture = WandTool().gesture(document, click(75, 55)[0])
    assert isinstance(next(gesture), Work)
    gesture.close()
    assert document.mask.is_empty
    assert not document.is_editing


def test_what_is_found_for_a_picture_of_another_size_is_dropped(document):
    from lama_desktop.core.stack import Mask

    gesture = WandTool().gesture(document, click(75, 55)[0])
    work = next(gesture)
    found = work.run(Progress())
    document.do(StackEdit("Crop", replace(document.stack, size=(100, 80), mask=Mask.empty((100, 80)))))
    with pytest.raises(StopIteration):
        gesture.send(found)
    assert document.mask.is_empty


def test_painting_a_layer_while_the_worker_reads_it_is_safe(document):
    """The worker sees the picture as it was at the click."""
    from lama_desktop.core.commands import PixelEdit

    gesture = WandTool().gesture(document, click(75, 55)[0])
    work = next(gesture)
    with PixelEdit("Paint", document, document.layers[0]) as edit, edit.writing(document.rect) as pixels:
        pixels[...] = 0
    assert work.run(Progress()).rect == SQUARE


def agreement(document):
    found = document.mask.coverage > 127
    expected = square_of(document) > 0
    return (found & expected).sum() / (found | expected).sum()


@pytest.fixture
def textured(document):
    """The square on a lively ground."""
    random = np.random.default_rng(1)
    pixels = document.flatten()[..., :3] + random.integers(-20, 20, (120, 160, 3))
    return type(document)(replace(document.photo(), pixels=np.clip(pixels, 0, 255).astype(np.uint8)))


def test_a_box_around_an_object_finds_it(textured):
    yielded = play(ObjectTool(), textured, drag((50, 30), (70, 50), (100, 80)))
    assert isinstance(yielded[-1], Work)
    assert agreement(textured) > 0.95
    assert textured.history.labels == ("Object select",)


def test_a_scribble_on_an_object_finds_it(textured):
    tool = ObjectTool()
    tool.options = replace(tool.options, draw=Draw.SCRIBBLE)
    play(tool, textured, drag((64, 44), (86, 50), (64, 58), (86, 66)))
    assert agreement(textured) > 0.9


def test_the_same_box_finds_the_same(textured):
    tool = ObjectTool()
    play(tool, textured, drag((50, 30), (100, 80)))
    first = textured.mask.coverage.copy()
    textured.undo()
    play(tool, textured, drag((50, 30), (100, 80)))
    np.testing.assert_array_equal(textured.mask.coverage, first)


def test_a_slip_of_the_hand_asks_for_nothing(document):
    yielded = play(ObjectTool(), document, drag((50, 30), (51, 31)))
    assert not any(isinstance(each, Work) for each in yielded)
    yielded = play(ObjectTool(), document, drag((-50, -30), (-10, -5)))
    assert not any(isinstance(each, Work) for each in yielded)


def test_a_box_around_everything_is_refused_in_words(document):
    with pytest.raises(LamaDesktopError, match="less than the whole"):
        play(ObjectTool(), document, drag((-50, -50), (300, 300)))
