"""Objects: found at any size and depth, with an edge where it is."""

import numpy as np
import pytest

from lama_desktop.core import objects
from lama_desktop.core.geometry import Rect
from lama_desktop.core.objects import around_box, around_scribble, find_object
from lama_desktop.core.shapes import ellipse
from lama_desktop.errors import Cancelled, LamaDesktopError
from lama_desktop.progress import Progress


def scene(size, dtype=np.uint8):
    """A lively green ground with a red ellipse, and where the ellipse is."""
    width, height = size
    bounds, random = Rect(0, 0, width, height), np.random.default_rng(0)
    shape = ellipse(0.3 * width, 0.25 * height, 0.7 * width, 0.8 * height, bounds)
    truth = np.zeros((height, width), np.uint8)
    truth[shape.rect.slices] = shape.coverage
    inside = truth[..., None] / 255
    colors = (40, 150, 60) * (1 - inside) + (200, 40, 50) * inside + random.normal(0, 12, (height, width, 3))
    pixels = np.dstack([np.clip(colors, 0, 255), np.full((height, width), 255)]).astype(np.uint8)
    return (pixels.astype(np.uint16) * 257 if dtype == np.uint16 else pixels), truth, bounds


@pytest.fixture(autouse=True)
def small_sides(monkeypatch):
    """What is large is so at a size that a test can afford."""
    monkeypatch.setattr(objects, "COARSE", 96)
    monkeypatch.setattr(objects, "FINE", 200)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("size", [(120, 100), (400, 300)])
def test_a_box_becomes_the_outline(size, dtype):
    pixels, truth, bounds = scene(size, dtype)
    box = Rect(int(0.25 * size[0]), int(0.2 * size[1]), int(0.75 * size[0]), int(0.85 * size[1]))
    window, labels = around_box(box, bounds)
    found = find_object(pixels[window.slices], labels, Progress())
    assert found.shape == (window.height, window.width)
    wrong = (found > 127) != (truth[window.slices] > 127)
    perimeter = np.pi * 0.5 * (size[0] * 0.4 + size[1] * 0.55)
    assert wrong.sum() < perimeter, "on average the edge is less than a pixel off"


def test_a_scribble_is_object_and_the_window_goes_around_it():
    pixels, truth, bounds = scene((300, 240))
    points = [(120.0, 100.0), (180.0, 130.0), (130.0, 150.0)]
    window, labels = around_scribble(points, bounds)
    assert window in bounds
    assert Rect(120, 100, 180, 150) in window
    found = find_object(pixels[window.slices], labels, Progress())
    both, either = (found > 127) & (truth[window.slices] > 127), (found > 127) | (truth[window.slices] > 127)
    assert both.sum() / either.sum() > 0.9


def test_a_thin_scribble_survives_in_a_large_window():
    _, _, bounds = scene((600, 450))
    _, labels = around_scribble([(180.0, 180.0), (390.0, 186.0)], bounds)
    pixels = np.full((*labels.shape, 4), 255, np.uint8)
    pixels[labels == 1] = (255, 0, 0, 255)
    assert find_object(pixels, labels, Progress()).max() == 255


def test_it_stops_between_rounds_and_says_what_it_cannot_do():
    pixels, _, bounds = scene((120, 100))
    window, labels = around_box(Rect(30, 20, 90, 85), bounds)
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        find_object(pixels[window.slices], labels, progress)
    with pytest.raises(LamaDesktopError, match="less than the whole"):
        find_object(pixels, np.full(pixels.shape[:2], 3, np.uint8), Progress())
    before = labels.copy()
    find_object(pixels[window.slices], labels, Progress())
    np.testing.assert_array_equal(labels, before)
