"""Random work of every kind: undone to the beginning and redone to the end, every state on the way is equal."""

import numpy as np
import pytest
from documents import document_of, group_of, grouped, noise
from documents import state_of as whole_state_of
from hypothesis import given, settings
from hypothesis import strategies as st

from lama_desktop.core import merging, sampling, transforms, ways
from lama_desktop.core.blend import BLEND_MODES
from lama_desktop.core.commands import Compound, MoveEdit, PixelEdit, PropertyEdit, StackEdit
from lama_desktop.core.drawable import Mask
from lama_desktop.core.geometry import Rect
from lama_desktop.core.group import Branch, Group
from lama_desktop.core.layer import Layer, Recipe
from lama_desktop.core.node import Lock
from lama_desktop.core.projection import Projection
from lama_desktop.core.stack import Place, Stack
from lama_desktop.core.tree import node_of as entry_node
from lama_desktop.core.tree import nodes_of
from lama_desktop.errors import LamaDesktopError


def state_of(document):
    """Return what the history keeps: which layer is chosen is no step, so it is not compared."""
    assert document.active in document.stack.nodes
    size, tree, _, others = whole_state_of(document)
    return size, tree, others


def rect_of(generator, document):
    width, height = document.size
    left, top = int(generator.integers(-40, width)), int(generator.integers(-40, height))
    return Rect(left, top, left + int(generator.integers(1, 150)), top + int(generator.integers(1, 150)))


def one_of(generator, things):
    return things[int(generator.integers(len(things)))]


def layer_of(generator, document):
    if not document.layers:
        raise LamaDesktopError("nothing but empty groups")
    return one_of(generator, document.layers)


def node_of(generator, document):
    return one_of(generator, document.stack.nodes)


def place_for(generator, stack, node):
    """Return any place that a node can be moved to."""
    inside = set(nodes_of((stack.entry(node),)))
    group = one_of(generator, [None, *(each for each in stack.nodes if isinstance(each, Group) and each not in inside)])
    others = [each for each in stack.entries(group) if entry_node(each) is not node]
    return Place(int(generator.integers(len(others) + 1)), group)


def sample(generator, document):
    generator.choice([sampling.sample_from_mask, sampling.avoid_mask, sampling.sample_everywhere])(document)


def patch_of(generator, document):
    rect = rect_of(generator, document)
    mask = Mask(np.full((7, 9), 255, np.uint8), (rect.left, rect.top))
    return Layer(
        noise(generator, rect.height, rect.width, document.dtype),
        (rect.left, rect.top),
        name=f"patch {generator.integers(99)}",
        recipe=Recipe("patches", {}, mask),
    )


def stroke(generator, document, drawable):
    with PixelEdit("Stroke", document, drawable) as edit:
        for _ in range(int(generator.integers(1, 6))):
            with edit.writing(rect_of(generator, document)) as pixels:
                pixels[...] = generator.integers(0, 256)


def paint_mask(generator, document):
    stroke(generator, document, document.mask)


def paint_layer(generator, document):
    stroke(generator, document, layer_of(generator, document))


def abandon(generator, document):
    gesture = PixelEdit("Abandoned", document, document.mask).open()
    with gesture.writing(rect_of(generator, document)) as pixels:
        pixels[...] = 99
    gesture.roll_back()


def fill_mask(generator, document):
    value = int(generator.integers(0, 256))
    document.do(PixelEdit.replacing("Fill", document, document.mask, rect_of(generator, document), value))


def change_property(generator, document):
    values = {
        "name": f"name {generator.integers(1000)}",
        "opacity": float(generator.random()),
        "mode": BLEND_MODES[int(generator.integers(len(BLEND_MODES)))],
        "visible": bool(generator.integers(2)),
        "lock": list(Lock)[int(generator.integers(len(Lock)))] if generator.random() < 0.3 else Lock.NONE,
        "recipe": None,
        "origin": (int(generator.integers(-50, 150)), int(generator.integers(-50, 150))),
    }
    values["isolated"] = bool(generator.integers(2))
    node = node_of(generator, document)
    name = one_of(generator, node.PROPERTIES)
    document.do(PropertyEdit(name, document, node, name, values[name]))


def slide(generator, document):
    with PropertyEdit("Opacity", document, node_of(generator, document), "opacity", 0.5) as edit:
        for value in generator.random(4):
            edit.set(float(value))


def drag(generator, document):
    edit = MoveEdit("Move", document, node_of(generator, document)).open()
    for offset in generator.integers(-60, 60, (4, 2)).tolist():
        edit.set(tuple(offset))
    if generator.random() < 0.8:
        edit.commit()
    else:
        edit.roll_back()


def arrange(generator, document):
    stack, node = document.stack, node_of(generator, document)
    group = node if isinstance(node, Group) else None
    choices = [
        lambda: stack.with_entry(patch_of(generator, document)),
        lambda: stack.duplicated(node, "twin"),
        lambda: stack.moved(node, place_for(generator, stack, node)),
        lambda: stack.without(node) if len(stack.tree) > 1 else stack.duplicated(node, "last"),
        lambda: stack.grouped((node, *(node_of(generator, document) for _ in range(2))), group_of(generator)),
        lambda: stack.with_entry(Branch(group_of(generator))),
        lambda: stack.ungrouped(group) if group and stack.entries(group) else stack.duplicated(node, "twin"),
        lambda: merging.merged_down(stack, node),
        lambda: merging.merged_group(stack, group) if group else merging.merged_down(stack, node),
        lambda: merging.merged_visible(stack, "visible"),
        lambda: merging.flattened(stack, "flat"),
    ]
    weights = np.array([6, 3, 5, 2, 4, 1, 3, 2, 2, 0.4, 0.4])
    document.do(StackEdit("Arrange", choices[generator.choice(len(choices), p=weights / weights.sum())]()))


def transform(generator, document):
    stack = document.stack
    choices = [
        lambda: transforms.cropped(stack, rect_of(generator, document)),
        lambda: transforms.with_canvas(stack, rect_of(generator, document)),
        lambda: transforms.turned(stack, int(generator.integers(4))),
        lambda: transforms.flipped(stack, vertically=bool(generator.integers(2))),
        lambda: transforms.scaled(stack, (int(generator.integers(40, 200)), int(generator.integers(40, 200)))),
        lambda: transforms.rotated(stack, float(generator.integers(-30, 30)), expand=bool(generator.integers(2))),
    ]
    document.do(StackEdit("Transform", choices[int(generator.integers(len(choices)))]()))


def remove(generator, document):
    fill: Stack = document.stack.with_entry(patch_of(generator, document))
    clear = PixelEdit.replacing("", document, document.mask, document.rect, 0)
    document.do(Compound("Remove", [StackEdit("", fill), clear]))


def vary(generator, document):
    """Add a way to a fill, choose one, or drop the others."""
    fills = [each for each in document.layers if each.recipe is not None]
    if not fills:
        return
    layer, stack = one_of(generator, fills), document.stack
    choices = [
        lambda: ways.with_way(stack, layer, patch_of(generator, document)),
        lambda: ways.with_chosen(stack, layer, int(generator.integers(len(ways.ways_of(layer))))),
        lambda: ways.without_others(stack, layer),
    ]
    document.do(StackEdit("Vary", choices[int(generator.integers(3))]()))


def choose(generator, document):
    document.active = node_of(generator, document)


DEEDS = [
    *[paint_mask] * 4,
    *[paint_layer] * 4,
    abandon,
    fill_mask,
    *[change_property] * 4,
    slide,
    drag,
    *[arrange] * 6,
    *[transform] * 2,
    remove,
    *[vary] * 2,
    choose,
    sample,
]


def work(seed, count, dtype):
    """Do `count` random things; return the document and its states: before them, and after each step of the history."""
    generator = np.random.default_rng(seed)
    document = document_of(seed % 5, height=140, width=170, dtype=dtype)
    document.exchange(document.stack.with_tree(grouped(generator, document.layers), document.active))
    states = [state_of(document)]
    for _ in range(count):
        try:
            DEEDS[int(generator.integers(len(DEEDS)))](generator, document)
        except LamaDesktopError:  # locked, or nothing to merge with: then nothing may have happened
            assert not document.is_editing
        if document.history.position == len(states):
            states.append(state_of(document))
        assert state_of(document) == states[-1]
    return document, states


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([np.uint8, np.uint16]))
def test_undo_all_redo_all_every_state_is_equal(seed, dtype):
    document, states = work(seed, 30, dtype)
    projection = Projection(document)
    projection.refresh(document.rect)
    for _ in range(2):
        for position in reversed(range(len(states) - 1)):
            assert document.undo()
            assert state_of(document) == states[position]
        assert not document.undo()
        for position in range(1, len(states)):
            assert document.redo()
            assert state_of(document) == states[position]
        assert not document.redo()
    projection.refresh(document.rect)
    fresh = Projection(document)
    fresh.refresh(document.rect)
    assert all((a == b).all() for a, b in zip(projection.levels, fresh.levels, strict=True))


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_jumping_about_in_a_history_that_drops_steps_shows_the_right_states(seed):
    generator = np.random.default_rng(seed)
    document, states = work(seed, 20, np.uint8)
    document.history.budget = max(1, document.history.nbytes // 2)
    dropped = len(states) - 1 - len(document.history.labels)
    for _ in range(8):
        document.history.go_to(int(generator.integers(len(document.history.labels) + 1)))
        dropped = len(states) - 1 - len(document.history.labels) if document.history.redo_label is None else dropped
        assert state_of(document) in states


def test_every_drawable_refuses_a_direct_write():
    document, _ = work(1, 25, np.uint8)
    for drawable in document.stack.drawables():
        with pytest.raises(ValueError, match="read-only"):
            drawable.pixels[0, 0] = 1
