"""Compositing: blocks, depths and what is known to be opaque."""

import threading

import numpy as np
import pytest
from documents import document_of, noise

from lama_desktop.core.blend import blend_mode
from lama_desktop.core.composite import composite, is_opaque, to_depth
from lama_desktop.core.geometry import Rect
from lama_desktop.core.layer import Layer


def test_depths_are_exact_one_way_and_rounded_the_other():
    deep = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    assert (to_depth(deep, np.uint8) == (deep.astype(int) + 128) // 257).all()
    flat = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    assert (to_depth(to_depth(flat, np.uint16), np.uint8) == flat).all()
    assert to_depth(flat, np.uint8) is flat


def test_blocks_make_no_difference():
    """Large enough for several blocks, with layers that end anywhere in them."""
    document = document_of(7, layers=5, height=333, width=2500)
    whole = document.flatten()
    generator = np.random.default_rng(0)
    for _ in range(12):
        left, top = int(generator.integers(0, 2400)), int(generator.integers(0, 300))
        rect = Rect(left, top, left + int(generator.integers(1, 2400)), top + 40) & document.rect
        assert (document.flatten(rect) == whole[rect.slices]).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_eight_bits_are_the_document_rounded(dtype):
    document = document_of(8, dtype=dtype)
    flat = to_depth(document.flatten(), np.uint8).astype(int)
    direct = composite(document.layers, document.rect, np.uint8).astype(int)
    assert np.abs(direct - flat).max() <= 1


def test_threads_do_not_disturb_each_other():
    document = document_of(9, layers=5, height=300, width=700)
    snapshot, whole = document.snapshot().stack, document.flatten()
    results = [np.empty_like(whole) for _ in range(6)]

    def work(result):
        for _ in range(4):
            composite(snapshot.layers, snapshot.rect, np.uint8, result)

    threads = [threading.Thread(target=work, args=(result,)) for result in results]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all((result == whole).all() for result in results)


def test_opaque_is_what_one_layer_makes_so_and_none_above_undoes():
    rect = Rect(0, 0, 300, 200)
    solid = Layer(np.full((200, 300, 4), 255, np.uint8))
    patch = Layer(noise(np.random.default_rng(0), 50, 50), (20, 20), mode=blend_mode("svg:multiply"))
    eraser = Layer(noise(np.random.default_rng(0), 50, 50), (20, 20), mode=blend_mode("svg:dst-out"))
    assert is_opaque([solid, patch], rect)
    assert is_opaque([patch, solid], rect)
    assert is_opaque([eraser, solid], rect)
    assert not is_opaque([solid, eraser], rect)
    assert not is_opaque([solid.copy(opacity=0.99)], rect)
    assert not is_opaque([solid.copy(visible=False)], rect)
    assert not is_opaque([solid.copy(origin=(1, 0))], rect)
    assert not is_opaque([], rect)
