"""MaskLevels: equal to levels computed from nothing, whatever happens to the mask."""

from dataclasses import replace

import numpy as np
import pytest

from lama_desktop.core import masking
from lama_desktop.core.commands import StackEdit
from lama_desktop.core.document import Document
from lama_desktop.core.drawable import Mask
from lama_desktop.core.geometry import Rect
from lama_desktop.core.photo import Photo
from lama_desktop.core.pyramid import Pyramid
from lama_desktop.ui.canvas.mask_levels import MaskLevels

SIZE = (1500, 901)


@pytest.fixture
def document(application):
    return Document(Photo(np.zeros((SIZE[1], SIZE[0], 3), np.uint8)))


def check(levels, document):
    expected = Pyramid(document.mask.coverage)
    expected.update(document.rect)
    found = levels.levels(document.rect)
    assert len(found) == len(expected.levels) > 2
    for ours, theirs in zip(found, expected.levels, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def mask(document, *rects):
    for rect in rects:
        with_it = np.full((rect.height, rect.width), 200, np.uint8)
        whole = document.mask.coverage.copy()
        whole[rect.slices] = with_it
        masking.replace(document, "Test", document.rect, whole)


def test_they_follow_every_edit(document):
    levels = MaskLevels(document)
    check(levels, document)
    mask(document, Rect(700, 300, 800, 320))
    check(levels, document)
    mask(document, Rect(5, 5, 8, 8), Rect(1490, 890, 1500, 901))
    check(levels, document)
    masking.invert(document)
    check(levels, document)
    document.undo()
    check(levels, document)


def test_what_is_not_looked_at_waits(document):
    levels = MaskLevels(document)
    mask(document, Rect(0, 0, 100, 100), Rect(1400, 800, 1500, 900))
    left = levels.levels(Rect(0, 0, 128, 128))
    assert left[1][10, 10] == 200
    assert left[1][425, 725] == 0
    check(levels, document)


def test_they_follow_the_mask_to_other_memory(document):
    """A worker was given the mask: the next stroke writes into a copy."""
    levels = MaskLevels(document)
    mask(document, Rect(100, 100, 200, 200))
    check(levels, document)
    document.snapshot()
    mask(document, Rect(300, 300, 400, 400))
    check(levels, document)


def test_they_follow_another_mask_and_another_size(document):
    levels = MaskLevels(document)
    other = np.full((SIZE[1], SIZE[0]), 9, np.uint8)
    document.do(StackEdit("Test", replace(document.stack, mask=Mask(other))))
    check(levels, document)
    document.do(StackEdit("Crop", replace(document.stack, size=(1100, 700), mask=Mask.empty((1100, 700)))))
    check(levels, document)
    document.undo()
    check(levels, document)
