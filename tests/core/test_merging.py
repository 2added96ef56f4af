"""Merged layers look as they did before."""

import numpy as np
import pytest
from documents import document_of, state_of

from lama_desktop.core import merging
from lama_desktop.core.blend import NORMAL
from lama_desktop.core.commands import PropertyEdit, StackEdit
from lama_desktop.core.node import Lock
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
