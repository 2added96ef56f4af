"""Ways of a fill: they keep their order, the chosen one keeps what the layer was, every transform moves them along."""

import numpy as np
import pytest
from core.documents import document_of, drawable_of, noise

from lama_desktop.core import merging, transforms
from lama_desktop.core.commands import StackEdit
from lama_desktop.core.drawable import Mask
from lama_desktop.core.geometry import Rect
from lama_desktop.core.layer import Layer, Recipe
from lama_desktop.core.node import Lock
from lama_desktop.core.ways import ways_of, with_chosen, with_way, without_others

HOLE = Mask(np.full((20, 30), 255, np.uint8), (40, 50))


def fill(model):
    generator = np.random.default_rng(len(model))
    return Layer(noise(generator, 20, 30), (40, 50), name=model, recipe=Recipe(model, {}, HOLE))


@pytest.fixture
def document():
    """A document with a fill that has three ways."""
    document = document_of(layers=0)
    document.do(StackEdit("Remove", document.stack.with_entry(fill("first"))))
    for model in ("second", "third"):
        document.do(StackEdit("Way", with_way(document.stack, document.active_layer, fill(model))))
    return document


def models(layer):
    return [each.recipe.model for each in ways_of(layer)]


def test_what_was_not_filled_has_no_ways_and_a_plain_fill_is_its_only_one(document):
    assert ways_of(None) == ()
    assert ways_of(document.layers[0]) == ()
    layer = fill("one")
    assert ways_of(layer) == (layer,)


def test_ways_keep_their_order_whichever_is_chosen(document):
    for index in (2, 0, 1, 1, 2):
        layer = document.active_layer
        pixels = ways_of(layer)[index].pixels
        document.do(StackEdit("Choose", with_chosen(document.stack, layer, index)))
        layer = document.active_layer
        assert models(layer) == ["first", "second", "third"]
        assert layer.recipe.position == index
        assert np.array_equal(layer.pixels, pixels)
        assert all(each.recipe.alternatives == () for each in layer.recipe.alternatives)
        assert layer in document.layers


def test_the_chosen_one_is_what_the_layer_was_and_lies_in_the_hole(document):
    layer = document.active_layer
    kept = {"name": "Mine", "opacity": 0.5, "visible": False, "lock": Lock.ALPHA}
    document.do(StackEdit("Set", document.stack.replaced(layer, layer.copy(**kept, origin=(0, 0)))))
    document.do(StackEdit("Choose", with_chosen(document.stack, document.active_layer, 1)))
    chosen = document.active_layer
    assert {key: getattr(chosen, key) for key in kept} == kept
    assert chosen.origin == (40, 50)


def test_what_was_painted_on_a_way_comes_back_with_it(document):
    layer = document.active_layer
    painted = layer.with_pixels(np.full((20, 30, 4), 7, np.uint8), layer.origin)
    document.do(StackEdit("Paint", document.stack.replaced(layer, painted)))
    document.do(StackEdit("Choose", with_chosen(document.stack, document.active_layer, 2)))
    document.do(StackEdit("Choose", with_chosen(document.stack, document.active_layer, 0)))
    assert (document.active_layer.pixels == 7).all()


def test_they_count_in_memory_once_and_are_gone_with_the_others_or_when_merged(document):
    sizes = {each.storage: each.nbytes for each in ways_of(document.active_layer)}
    assert sizes.items() <= document.stack.storage().items()
    document.do(StackEdit("Choose", with_chosen(document.stack, document.active_layer, 1)))
    assert sizes.items() <= document.stack.storage().items(), "no pixel was copied"
    alone = without_others(document.stack, document.active_layer)
    assert models(alone.active_layer) == ["second"]
    assert len(alone.storage()) == len(document.stack.storage()) - 2
    merged = merging.merged_down(document.stack, document.active_layer)
    assert len(merged.storage().keys() & sizes.keys()) == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda stack: transforms.cropped(stack, Rect(45, 55, 120, 100)),
        lambda stack: transforms.with_canvas(stack, Rect(-10, -20, 300, 300)),
        lambda stack: transforms.turned(stack, 1),
        lambda stack: transforms.flipped(stack),
        lambda stack: transforms.scaled(stack, (400, 300)),
        lambda stack: transforms.rotated(stack, 10.0),
    ],
)
def test_they_follow_every_transform_as_a_layer_does(document, change):
    """It makes no difference whether one is chosen before or after it."""
    layer = document.active_layer
    after = change(document.stack)
    after = with_chosen(after, after.active_layer, 2).active_layer
    before = change(with_chosen(document.stack, layer, 2)).active_layer
    assert drawable_of(after) == drawable_of(before)
    assert drawable_of(after.recipe.mask) == drawable_of(before.recipe.mask)
    assert [drawable_of(each) for each in ways_of(after)] == [drawable_of(each) for each in ways_of(before)]


def test_ways_that_arrive_are_one_step_with_the_fill_as_long_as_nothing_else_was_done(document):
    fresh = document_of(layers=0)
    step = fresh.do(StackEdit("Remove", fresh.stack.with_entry(fill("first"))))
    fresh.history.mark_saved()
    step = fresh.do(StackEdit("Way", with_way(fresh.stack, fresh.active_layer, fill("second"))), onto=step)
    assert fresh.history.labels == ("Remove",)
    assert fresh.modified, "what was saved had one way less"
    fresh.do(StackEdit("New", fresh.stack.with_entry(fill("other"))))
    fresh.do(StackEdit("Way", with_way(fresh.stack, fresh.layers[1], fill("third"))), onto=step)
    assert fresh.history.labels == ("Remove", "New", "Way")
    assert models(fresh.layers[1]) == ["first", "second", "third"]
    fresh.undo()
    fresh.undo()
    assert models(fresh.active_layer) == ["first", "second"]
    fresh.undo()
    assert len(fresh.layers) == 1
    assert fresh.history.position == 0
    fresh.redo()
    assert models(fresh.active_layer) == ["first", "second"]
