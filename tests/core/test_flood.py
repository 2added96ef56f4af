"""Flood: against a fill written out, at both depths, and in a window no larger than needed."""

import numpy as np
import pytest

from lama_desktop.core import flood
from lama_desktop.core.flood import similar
from lama_desktop.core.geometry import Rect


def picture(depth=8, size=(60, 44), seed=0):
    """Blots of four values, opaque."""
    random = np.random.default_rng(seed)
    blots = random.choice(np.array([0, 20, 100, 255]), (size[1] // 4, size[0] // 4, 3)).repeat(4, 0).repeat(4, 1)
    pixels = np.concatenate([blots, np.full((*blots.shape[:2], 1), 255)], axis=2)
    return (pixels * 257).astype(np.uint16) if depth == 16 else pixels.astype(np.uint8)


def filled(pixels, x, y, tolerance, contiguous):
    """The definition."""
    reach = tolerance * (257 if pixels.dtype == np.uint16 else 1)
    alike = (np.abs(pixels.astype(int) - pixels[y, x].astype(int)) <= reach).all(2)
    if not contiguous:
        return alike
    found, open_ends = np.zeros_like(alike), [(x, y)]
    while open_ends:
        x, y = open_ends.pop()
        if 0 <= x < alike.shape[1] and 0 <= y < alike.shape[0] and alike[y, x] and not found[y, x]:
            found[y, x] = True
            open_ends += [(x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)]
    return found


def found(pixels, x, y, tolerance, contiguous, origin=(0, 0)):
    height, width = pixels.shape[:2]
    left, top = origin
    bounds = Rect(left, top, left + width, top + height)
    asked = []

    def fetch(rect):
        assert rect in bounds
        asked.append(rect)
        return np.ascontiguousarray(pixels[rect.moved(-left, -top).slices])

    shape = similar(fetch, bounds, x + left, y + top, tolerance, contiguous)
    result = np.zeros((height, width), np.uint8)
    result[shape.rect.moved(-left, -top).slices] = shape.coverage
    return result, asked


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("contiguous", [True, False])
@pytest.mark.parametrize("tolerance", [0, 30, 90, 255])
def test_it_finds_what_the_definition_finds(monkeypatch, depth, contiguous, tolerance):
    monkeypatch.setattr(flood, "FIRST_REACH", 5)
    pixels = picture(depth)
    for x, y in [(0, 0), (30, 20), (59, 43), (7, 40)]:
        result, _ = found(pixels, x, y, tolerance, contiguous, origin=(-3, 9))
        np.testing.assert_array_equal(result > 0, filled(pixels, x, y, tolerance, contiguous))
        assert set(np.unique(result)) <= {0, 255}


def test_a_small_region_is_found_in_a_small_window(monkeypatch):
    monkeypatch.setattr(flood, "FIRST_REACH", 10)
    pixels = np.zeros((400, 400, 4), np.uint8)
    pixels[100:110, 100:125] = 255
    result, asked = found(pixels, 105, 105, 0, True)
    assert result.sum() == 255 * 250
    assert max(rect.area for rect in asked) < 60 * 60


def test_what_is_transparent_is_alike_whatever_its_hidden_colour():
    pixels = picture()
    pixels[..., 3] = 0
    pixels[:10, :10, 3] = 255
    result, _ = found(pixels, 40, 40, 0, True)
    assert (result[:10, :10] == 0).all()
    assert result.sum() == 255 * (result.size - 100)


@pytest.mark.parametrize(("x", "y"), [(-1, 5), (5, -1), (60, 5), (5, 44)])
def test_outside_the_picture_nothing_is_found(x, y):
    assert found(picture(), x, y, 255, True)[0].max() == 0
