"""Sampling: painted areas say from where texture comes; steps of the history; they move with the picture."""

import numpy as np
import pytest

from lama_desktop.core import masking, sampling, transforms
from lama_desktop.core.commands import StackEdit
from lama_desktop.core.document import Document
from lama_desktop.core.geometry import Rect
from lama_desktop.core.photo import Photo
from lama_desktop.errors import LamaDesktopError


@pytest.fixture
def document():
    return Document(Photo(np.full((200, 300, 3), 90, np.uint8)))


def paint(document, rect):
    masking.replace(document, "Paint", rect, np.full((rect.height, rect.width), 255, np.uint8))


def allowed(document):
    return sampling.allowed_in(document.stack, document.rect)


def test_only_what_was_painted_and_everywhere_again(document):
    assert allowed(document) is None
    paint(document, Rect(10, 20, 60, 70))
    sampling.sample_from_mask(document)
    assert document.mask.is_empty
    expected = np.zeros(document.size[::-1], bool)
    expected[20:70, 10:60] = True
    np.testing.assert_array_equal(allowed(document), expected)
    np.testing.assert_array_equal(sampling.allowed_in(document.stack, Rect(50, 60, 90, 100)), expected[60:100, 50:90])
    sampling.sample_everywhere(document)
    assert allowed(document) is None
    document.undo()
    np.testing.assert_array_equal(allowed(document), expected)
    document.undo()
    assert allowed(document) is None
    assert document.mask.coverage[30, 30] == 255, "both in one step"


def test_places_to_avoid_add_up(document):
    paint(document, Rect(0, 0, 20, 20))
    sampling.avoid_mask(document)
    paint(document, Rect(100, 100, 120, 130))
    sampling.avoid_mask(document)
    expected = np.ones(document.size[::-1], bool)
    expected[:20, :20] = expected[100:130, 100:120] = False
    np.testing.assert_array_equal(allowed(document), expected)


def test_nothing_left_is_refused(document):
    masking.select_all(document)
    with pytest.raises(LamaDesktopError, match="leave some"):
        sampling.avoid_mask(document)
    assert allowed(document) is None
    assert not document.mask.is_empty


def test_it_moves_with_the_picture(document):
    paint(document, Rect(10, 20, 60, 70))
    sampling.sample_from_mask(document)
    before = allowed(document)
    document.do(StackEdit("Turn", transforms.turned(document.stack, 1)))
    np.testing.assert_array_equal(allowed(document), np.rot90(before, -1))
    document.do(StackEdit("Crop", transforms.cropped(document.stack, Rect(100, 5, 180, 100))))
    np.testing.assert_array_equal(allowed(document), np.rot90(before, -1)[5:100, 100:180])
    assert id(document.stack.sampling) in {id(each) for each in document.stack.drawables()}
