"""Thumbnails: fills with their surroundings, whatever their size; what is transparent on checks."""

import time

import numpy as np
import pytest
from PySide6.QtCore import QSize

from lama_desktop.core.commands import StackEdit
from lama_desktop.core.document import Document
from lama_desktop.core.drawable import Mask
from lama_desktop.core.layer import Layer, Recipe
from lama_desktop.core.photo import Photo
from lama_desktop.ui.canvas.picture import CHECKS
from lama_desktop.ui.thumbnails import layer_thumbnail

SIZE = QSize(44, 30)


def pixels(pixmap):
    """Return (H, W, 4) RGBA of a thumbnail."""
    image = pixmap.toImage().convertToFormat(pixmap.toImage().Format.Format_RGBA8888)
    return np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)[:, : image.width()].copy()


def made(width, height, hole):
    """Return a green document with a red fill: a specked layer over a hole, as removals leave."""
    photo = np.full((height, width, 3), (0, 200, 0), np.uint8)
    document = Document(Photo(photo))
    left, top, wide, high = hole
    fill = np.zeros((high, wide, 4), np.uint8)
    fill[: high // 2] = (200, 0, 0, 255)
    recipe = Recipe("telea", {}, Mask.empty((1, 1)))
    layer = Layer(fill, (left, top), name="Fill", recipe=recipe)
    document.do(StackEdit("Fill", document.stack.with_entry(layer)))
    return document, layer


@pytest.mark.parametrize(
    ("width", "height", "hole"), [(400, 300, (150, 100, 60, 60)), (4000, 3000, (300, 200, 3000, 2400))]
)
@pytest.mark.parametrize("scale", [1.0, 1.25, 2.0])
def test_a_fill_is_seen_in_its_surroundings_whatever_its_size(application, width, height, hole, scale):
    document, layer = made(width, height, hole)
    picture = pixels(layer_thumbnail(document, layer, SIZE, scale))
    middle = picture.shape[1] // 2
    assert picture.shape[0] <= SIZE.height() * scale + 1
    assert (picture[picture.shape[0] // 3, middle, :3] == (200, 0, 0)).all(), "what was filled"
    assert (picture[-5, middle, :3] == (0, 200, 0)).all(), "what is around it"
    assert (picture[5:-5, 5:-5, 3] == 255).all()


def test_what_is_transparent_is_on_checks(application):
    document, _ = made(400, 300, (0, 0, 40, 40))
    blank = Layer.blank(document.rect, document.dtype, "Layer 1")
    document.do(StackEdit("New layer", document.stack.with_entry(blank)))
    picture = pixels(layer_thumbnail(document, blank, SIZE, 1.0))
    found = {tuple(each) for each in picture[8:-8, 8:-8, :3].reshape(-1, 3)}
    assert found == {(each.red(), each.green(), each.blue()) for each in CHECKS}


def test_a_hidden_layer_keeps_its_picture(application):
    document, layer = made(400, 300, (150, 100, 60, 60))
    before = pixels(layer_thumbnail(document, layer, SIZE, 1.0))
    hidden = layer.copy(visible=False, opacity=0.5)
    document.do(StackEdit("Hide", document.stack.replaced(layer, hidden)))
    assert np.array_equal(pixels(layer_thumbnail(document, hidden, SIZE, 1.0)), before)


@pytest.mark.slow
def test_thumbnails_of_large_documents_are_quick(application):
    document, layer = made(11_500, 8_700, (1000, 1000, 9000, 7000))
    layer_thumbnail(document, layer, SIZE, 2.0)
    start = time.perf_counter()
    layer_thumbnail(document, layer, SIZE, 2.0)
    assert time.perf_counter() - start < 0.1
