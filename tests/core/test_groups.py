"""Groups in the compositor: a slow and obvious one says the same, and what is known of groups is true."""

from dataclasses import replace

import numpy as np
import pytest
from documents import document_of, group_of, grouped, noise
from hypothesis import given, settings
from hypothesis import strategies as st

from lama_desktop.core.blend import NORMAL, blend_mode
from lama_desktop.core.composite import composite, is_opaque
from lama_desktop.core.geometry import Rect
from lama_desktop.core.group import Branch, Group
from lama_desktop.core.layer import Layer

RECT = Rect(0, 0, 200, 150)


def laid(tree, rect):
    """Return (4, h, w) float32: everything laid on everything, over the whole picture, nothing left out."""
    planes = np.zeros((4, rect.height, rect.width), np.float32)
    draw(tree, rect, planes, 1.0)
    return planes


def draw(tree, rect, planes, opacity):
    for entry in tree:
        node = entry.group if isinstance(entry, Branch) else entry
        if not node.visible:
            continue
        if isinstance(entry, Branch):
            if not node.isolated:
                draw(entry.entries, rect, planes, opacity * node.opacity)
                continue
            source = laid(entry.entries, rect)
        else:
            source = np.zeros_like(planes)
            inside = entry.rect & rect
            pixels = entry.pixels[inside.slices_in(entry.rect)].astype(np.float32) / entry.full
            rows, columns = inside.slices_in(rect)
            source[:, rows, columns] = pixels.transpose(2, 0, 1)
        node.mode.lay(planes[:3], planes[3], source[:3], source[3] * np.float32(opacity * node.opacity))


def differences(tree, rect, dtype):
    """Return how far the two are apart, in steps of this depth; colour counts as much as it is seen."""
    fast = composite(tree, rect, dtype).transpose(2, 0, 1).astype(np.float32) / np.iinfo(dtype).max
    slow = np.clip(laid(tree, rect), 0, 1)
    alpha = np.abs(fast[3] - slow[3])
    color = np.abs(fast[:3] * fast[3] - slow[:3] * slow[3])
    return max(alpha.max(), color.max()) * np.iinfo(dtype).max


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([np.uint8, np.uint16]), st.booleans())
def test_any_tree_looks_as_the_obvious_compositor_draws_it(seed, dtype, plain):
    generator = np.random.default_rng(seed)
    document = document_of(seed % 1000, layers=6, dtype=dtype)
    for layer in document.layers if plain else ():
        layer.assign("mode", NORMAL)
    tree = grouped(generator, document.layers)
    assert differences(tree, RECT, dtype) < 1.01, "colour and alpha are rounded once each"
    left, top = int(generator.integers(-40, 150)), int(generator.integers(-40, 100))
    rect = Rect(left, top, left + int(generator.integers(1, 100)), top + int(generator.integers(1, 100)))
    assert differences(tree, rect, dtype) < 1.01


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_what_is_called_opaque_is(seed):
    generator = np.random.default_rng(seed)
    document = document_of(seed % 1000, layers=4)
    tree = grouped(generator, document.layers)
    if is_opaque(tree, RECT):
        assert (composite(tree, RECT, np.uint8)[..., 3] == 255).all()


def test_a_group_hides_what_is_below_only_if_it_is_opaque_and_plain():
    solid = Layer(np.full((150, 200, 4), 255, np.uint8))
    for isolated in (True, False):
        assert is_opaque([Branch(Group(isolated=isolated), (solid,))], RECT)
        assert not is_opaque([Branch(Group(isolated=isolated, visible=False), (solid,))], RECT)
        assert not is_opaque([Branch(Group(isolated=isolated, opacity=0.5), (solid,))], RECT)
        assert is_opaque([solid, Branch(Group(isolated=isolated, opacity=0.5), (solid,))], RECT)
    erasing = Branch(Group(mode=blend_mode("svg:dst-in")))
    assert not is_opaque([solid, erasing], RECT)
    assert not composite([solid, erasing], RECT, np.uint8)[..., 3].any()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("isolated", [True, False])
def test_a_plain_group_around_the_lowest_layers_changes_no_bit(dtype, isolated):
    """Not even in the colours that hide under transparency."""
    document = document_of(3, layers=4, dtype=dtype)
    layers = (document.layers[0].copy(origin=(40, 30)), *document.layers[1:])
    for count in (1, 3, 5):
        tree = Branch(Group(isolated=isolated), layers[:count]), *layers[count:]
        assert (composite(tree, RECT, dtype) == composite(layers, RECT, dtype)).all()


def test_isolation_is_seen_where_a_layer_is_blended():
    below = Layer(np.full((9, 9, 4), (200, 200, 200, 255), np.uint8))
    dark = Layer(np.full((9, 9, 4), (100, 100, 100, 255), np.uint8), mode=blend_mode("svg:multiply"))
    rect = Rect(0, 0, 9, 9)
    through = composite([below, Branch(Group(isolated=False), (dark,))], rect, np.uint8)
    alone = composite([below, Branch(Group(), (dark,))], rect, np.uint8)
    assert (through[0, 0, 0], alone[0, 0, 0]) == (78, 100)
    faded = composite([below, Branch(Group(isolated=False, opacity=0.5), (dark,))], rect, np.uint8)
    assert faded[0, 0, 0] == 139, "the opacity goes into the layers"


def test_blocks_make_no_difference_to_groups():
    document = document_of(7, layers=6, height=333, width=2500)
    generator = np.random.default_rng(4)
    tree = grouped(generator, document.layers)
    whole = composite(tree, document.rect, np.uint8)
    for _ in range(12):
        left, top = int(generator.integers(0, 2400)), int(generator.integers(0, 300))
        rect = Rect(left, top, left + int(generator.integers(1, 2400)), top + 40) & document.rect
        part = composite(tree, rect, np.uint8)
        assert (part[..., 3] == whole[rect.slices][..., 3]).all()
        seen = part[..., 3] > 0
        assert (part[seen] == whole[rect.slices][seen]).all()


def test_groups_deep_in_each_other():
    tree = (Layer(noise(np.random.default_rng(0), 20, 20)),)
    flat = composite(tree, RECT, np.uint8)
    for _ in range(32):
        tree = (Branch(Group(), tree),)
    assert (composite(tree, RECT, np.uint8) == flat).all()
    faded = tree
    for _ in range(3):
        faded = (Branch(Group(opacity=0.5), faded),)
    assert np.abs(composite(faded, RECT, np.uint8)[..., 3] - flat[..., 3] / 8).max() <= 0.5


def test_what_a_change_can_reach_is_enough():
    """Whatever differs between two trees lies in the rectangles that are told."""
    for seed in range(60):
        generator = np.random.default_rng(seed)
        document = document_of(seed, layers=5)
        stack = document.stack.with_tree(grouped(generator, document.layers), document.layers[0])
        nodes = stack.nodes
        node = nodes[int(generator.integers(len(nodes)))]
        if seed % 3 == 0 and len(stack.tree) > 1:
            other = stack.without(node)
        elif seed % 3 == 1:
            other = stack.grouped((node,), group_of(generator))
        else:
            other = replace(stack, tree=grouped(generator, document.layers))
        if not other.tree:
            continue
        one, two = (composite(each.tree, RECT, np.uint8) for each in (stack, other))
        told = np.zeros(one.shape[:2], bool)
        for rect in stack.changed_rects(other):
            told[rect.slices] = True
        different = (one != two).any(axis=2) & ((one[..., 3] > 0) | (two[..., 3] > 0))
        assert not (different & ~told).any(), seed
