"""Merged layers look as they did before."""

import numpy as np
import pytest
from documents import document_of, state_of

from lama_desktop.core import merging
from lama_desktop.core.blend import NORMAL, blend_mode
from lama_desktop.core.commands import PropertyEdit, StackEdit
from lama_desktop.core.group import Group
from lama_desktop.core.node import Lock
from lama_desktop.core.stack import Place
from lama_desktop.errors import LamaDesktopError


@pytest.fixture(params=[np.uint8, np.uint16], ids=["8 bit", "16 bit"])
def document(request):
    return document_of(5, dtype=request.param)


def test_flattening_looks_the_same_and_leaves_one_layer(document):
    before, flat = state_of(document), document.flatten()
    document.do(StackEdit("Flatten", merging.flattened(document.stack, "all")))
    assert [layer.name for layer in document.layers] == ["all"]
    assert document.layers[0].rect == document.rect
    assert (document.flatten() == flat).all()
    document.undo()
    assert state_of(document) == before


def test_merging_the_visible_keeps_the_hidden_and_what_lies_outside(document):
    hidden, flat = document.layers[2], document.flatten()
    document.do(PropertyEdit("Hide", document, hidden, "visible", False))
    flat = document.flatten()
    document.do(StackEdit("Merge visible", merging.merged_visible(document.stack, "merged")))
    assert [layer.name for layer in document.layers] == ["merged", hidden.name]
    assert document.active is document.layers[0]
    assert (document.flatten() == flat).all()
    assert document.layers[0].rect != document.rect


def test_merging_down_onto_a_normal_layer_looks_the_same(document):
    below, layer = document.layers[1], document.layers[2]
    document.do(PropertyEdit("Mode", document, below, "mode", NORMAL))
    document.do(PropertyEdit("Mode", document, layer, "mode", NORMAL))
    flat, full = document.flatten().astype(int), np.iinfo(document.dtype).max
    document.do(StackEdit("Merge down", merging.merged_down(document.stack, layer)))
    merged = document.layers[1]
    assert len(document.layers) == 3
    assert document.active is merged
    assert (merged.name, merged.opacity, merged.recipe) == (below.name, 1.0, None)
    # The merged colour is rounded where it is covered faintly, and so is its alpha.
    assert np.abs(document.flatten() - flat).max() <= (2 if full == 255 else 3)


def test_merging_down_onto_the_photo_is_exact(document):
    layer = document.layers[1]
    flat = document.flatten(below=document.layers[2])
    document.do(StackEdit("Merge down", merging.merged_down(document.stack, layer)))
    part = document.rect.slices_in(document.layers[0].rect)
    assert (document.layers[0].pixels[part] == flat).all()


def test_merging_down_onto_a_hidden_layer_hides_nothing(document):
    base, layer = document.layers[:2]
    flat = document.flatten(below=document.layers[2])
    document.do(PropertyEdit("Hide", document, base, "visible", False))
    document.do(StackEdit("Merge down", merging.merged_down(document.stack, layer)))
    assert document.active.visible
    assert (document.flatten(below=document.layers[1]) == flat).all()


def test_what_cannot_be_merged_says_why(document):
    with pytest.raises(LamaDesktopError, match="nothing below"):
        merging.merged_down(document.stack, document.layers[0])
    document.do(PropertyEdit("Lock", document, document.layers[0], "lock", Lock.PIXELS))
    with pytest.raises(LamaDesktopError, match="locked"):
        merging.merged_down(document.stack, document.layers[1])
    for layer in document.layers:
        document.do(PropertyEdit("Hide", document, layer, "visible", False))
    with pytest.raises(LamaDesktopError, match="No layer is visible"):
        merging.merged_visible(document.stack, "none")


def grouped(document, *indexes, **properties):
    """Put layers into a group with these properties, and return it."""
    group = Group("both", **properties)
    nodes = tuple(document.layers[index] for index in indexes)
    document.do(StackEdit("Group", document.stack.grouped(nodes, group)))
    return group


def steps(document, flat):
    """Return how far the picture is from another, in steps of 8 bit, colours counted as they are seen."""
    full = np.iinfo(document.dtype).max
    pictures = [each.astype(float) / full for each in (document.flatten(), flat)]
    seen = [np.dstack([each[..., :3] * each[..., 3:], each[..., 3]]) for each in pictures]
    return np.abs(seen[0] - seen[1]).max() * 255


@pytest.mark.parametrize("isolated", [True, False])
def test_a_group_becomes_a_layer_with_its_properties(document, isolated):
    for layer in document.layers[1:]:
        document.do(PropertyEdit("Mode", document, layer, "mode", NORMAL))
    mode = blend_mode("svg:screen")
    group = grouped(document, 1, 2, isolated=isolated, mode=mode, opacity=0.5)
    flat, count = document.flatten(), len(document.layers)
    document.do(StackEdit("Merge group", merging.merged_group(document.stack, group)))
    merged = document.active
    assert (merged.name, len(document.layers)) == ("both", count - 1)
    assert (merged.mode, merged.opacity) == ((mode, 0.5) if isolated else (NORMAL, 1.0))
    assert document.stack.place(merged) == Place(1)
    assert steps(document, flat) <= 2


def test_groups_merge_down_and_are_merged_into(document):
    for layer in document.layers:
        document.do(PropertyEdit("Mode", document, layer, "mode", NORMAL))
    group = grouped(document, 1, 2)
    flat, top = document.flatten(), document.layers[3]
    document.do(StackEdit("Merge down", merging.merged_down(document.stack, top)))
    assert [document.active.name, len(document.stack.tree)] == ["both", 2]
    assert steps(document, flat) <= 2
    document.undo()
    document.do(StackEdit("Merge down", merging.merged_down(document.stack, group)))
    assert [node.name for node in document.stack.nodes] == ["", top.name]
    assert steps(document, flat) <= 2
    document.undo()
    with pytest.raises(LamaDesktopError, match="nothing below"):
        merging.merged_down(document.stack, document.layers[1])


def test_merging_the_visible_leaves_the_hidden_in_their_groups(document):
    hidden = document.layers[2]
    inner = grouped(document, 1, 2, mode=blend_mode("svg:dst-in"))
    document.do(PropertyEdit("Hide", document, hidden, "visible", False))
    flat = document.flatten()
    document.do(StackEdit("Merge visible", merging.merged_visible(document.stack, "merged")))
    merged, rest = document.stack.tree
    assert (merged.name, rest.group.name, rest.group.key, rest.entries) == ("merged", "both", inner.key, (hidden,))
    assert (document.flatten()[..., 3] == flat[..., 3]).all(), "what is left erases nothing"


def test_what_is_not_seen_cannot_be_merged(document):
    group = grouped(document, 1, 2)
    for layer in document.layers[1:3]:
        document.do(PropertyEdit("Hide", document, layer, "visible", False))
    with pytest.raises(LamaDesktopError, match="Nothing in the group"):
        merging.merged_group(document.stack, group)
    document.do(PropertyEdit("Lock", document, group, "lock", Lock.PIXELS))
    with pytest.raises(LamaDesktopError, match="“both” is locked"):
        merging.merged_group(document.stack, group)
    with pytest.raises(LamaDesktopError, match="“both” is locked"):
        merging.merged_down(document.stack, document.layers[3])
