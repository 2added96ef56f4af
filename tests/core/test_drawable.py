"""Drawables: read-only, shared until written, and what they know of their coverage without looking everywhere."""

import gc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lama_desktop.core.drawable import Drawable, Mask
from lama_desktop.core.geometry import TILE, Rect
from lama_desktop.core.layer import Layer

HEIGHT, WIDTH = 2 * TILE + 40, 3 * TILE + 7
inside = st.builds(
    lambda left, top, width, height: Rect(left, top, left + width, top + height) & Rect(0, 0, WIDTH, HEIGHT),
    st.integers(0, WIDTH - 1),
    st.integers(0, HEIGHT - 1),
    st.integers(1, 200),
    st.integers(1, 200),
)


def bounds_of(plane):
    """Return the bounds of all that is above 0, by looking at everything."""
    ys, xs = np.nonzero(plane)
    if not len(ys):
        return Rect(0, 0, 0, 0)
    return Rect(int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1)


def test_pixels_cannot_be_written():
    mask = Mask.empty((20, 10))
    with pytest.raises(ValueError, match="read-only"):
        mask.pixels[2, 3] = 255
    with pytest.raises(ValueError, match="read-only"):
        mask.pixels[:5].fill(255)


def test_properties_of_a_layer_cannot_be_assigned():
    layer = Layer(np.zeros((4, 4, 4), np.uint8), name="fill")
    for name in Layer.PROPERTIES:
        with pytest.raises(AttributeError, match="PropertyEdit"):
            setattr(layer, name, getattr(layer, name))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(inside, st.sampled_from([0, 0, 7, 255])), max_size=8), st.booleans())
def test_bounds_and_ranges_follow_every_write(writes, with_color):
    shape = (HEIGHT, WIDTH, 4) if with_color else (HEIGHT, WIDTH)
    drawable = Drawable(np.zeros(shape, np.uint8), (-5, 9), coverage=0)
    for rect, value in writes:
        drawable.writable(rect.moved(-5, 9))[..., -1:] = value
        plane = drawable.pixels[..., 3] if with_color else drawable.pixels
        assert drawable.bounds() == bounds_of(plane).moved(-5, 9)
        low, high = drawable.coverage_range(rect.moved(-5, 9))
        part = plane[rect.slices]
        assert low <= part.min() <= part.max() <= high
        whole = Rect(0, 0, TILE, TILE)
        part = plane[whole.slices]
        assert drawable.coverage_range(whole.moved(-5, 9)) == (part.min(), part.max())


def layer_of_noise():
    return Layer(np.random.default_rng(0).integers(0, 256, (30, 30, 4), np.uint8), (4, 5), name="a", opacity=0.5)


def test_what_was_frozen_never_changes():
    layer = layer_of_noise()
    frozen, before = layer.frozen(), layer.pixels.copy()
    assert np.shares_memory(frozen, layer.pixels)
    layer.writable(layer.rect)[...] = 9
    assert (frozen == before).all()
    assert (layer.pixels == 9).all()
    with pytest.raises(ValueError, match="read-only"):
        frozen[0, 0] = 1


def test_pixels_are_copied_only_while_a_frozen_view_is_in_use():
    layer = layer_of_noise()
    frozen = layer.frozen()
    part = frozen[3:9, ::2].view()[1:]
    del frozen
    first = layer.pixels
    layer.writable(layer.rect)[...] = 1
    assert not np.shares_memory(first, layer.pixels), "a part was still in use"
    assert not (part == 1).all()
    layer.frozen()
    second = layer.pixels
    layer.writable(layer.rect)[...] = 2
    assert np.shares_memory(second, layer.pixels), "nobody has it any more"


def test_the_memory_lives_as_long_as_its_borrower():
    layer = layer_of_noise()
    frozen, before = layer.frozen(), layer.pixels.copy()
    del layer
    gc.collect()
    np.zeros((30, 30, 4), np.uint8)
    assert (frozen == before).all()


def test_a_frozen_mask_is_a_copy_and_the_mask_stays_where_it_is():
    mask = Mask.empty((500, 400))
    mask.writable(Rect(200, 100, 330, 222))[...] = 77
    frozen, pixels = mask.frozen(), mask.pixels
    assert (frozen == pixels).all()
    mask.writable(mask.rect)[...] = 1
    assert np.shares_memory(pixels, mask.pixels)
    assert frozen.max() == 77


def test_a_copy_of_a_layer_shares_pixels_until_either_is_written():
    first = layer_of_noise()
    second = first.copy(name="b")
    assert first.storage == second.storage
    assert (second.name, second.opacity, second.origin) == ("b", 0.5, (4, 5))
    before = first.pixels.copy()
    second.writable(second.rect)[...] = 0
    assert (first.pixels == before).all()
    assert not second.pixels.any()


def test_a_read_only_array_is_taken_and_copied_when_written():
    pixels = np.zeros((5, 5), np.uint8)
    pixels.flags.writeable = False
    mask = Mask(pixels)
    mask.writable(mask.rect)[...] = 1
    assert mask.pixels.all()
    assert not pixels.any()


def test_a_mask_knows_whether_it_is_empty():
    mask = Mask.empty((300, 300))
    assert mask.is_empty
    mask.writable(Rect(299, 299, 300, 300))[...] = 1
    assert not mask.is_empty
    assert mask.bounds() == Rect(299, 299, 300, 300)
    mask.writable(Rect(299, 299, 300, 300))[...] = 0
    assert mask.is_empty


def test_a_revision_stands_for_pixels():
    layer = Layer(np.zeros((10, 20, 4), np.uint8))
    twin, other = layer.copy(name="twin"), Layer(np.zeros((10, 20, 4), np.uint8))
    assert layer.revision == twin.revision != other.revision
    before = layer.revision
    twin.writable(twin.rect)[:] = 1
    assert layer.revision == before != twin.revision
