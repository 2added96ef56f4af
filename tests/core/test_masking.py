"""Masking: the Mask menu on a document, each one step, and back."""

import numpy as np
import pytest

from lama_desktop.core import masking, morphology
from lama_desktop.core.document import Document
from lama_desktop.core.geometry import Rect
from lama_desktop.core.layer import Layer
from lama_desktop.core.photo import Photo
from lama_desktop.errors import LamaDesktopError

SIZE = (200, 150)
BOX = Rect(40, 30, 90, 100)


@pytest.fixture(params=[8, 16])
def document(request):
    pixels = np.random.default_rng(0).integers(0, 256, (SIZE[1], SIZE[0], 3))
    return Document(Photo(pixels.astype(np.uint8) if request.param == 8 else (pixels * 257).astype(np.uint16)))


@pytest.fixture
def masked(document):
    coverage = np.full((BOX.height, BOX.width), 255, np.uint8)
    coverage[20:30, 10:30] = 0
    masking.replace(document, "Test", BOX, coverage)
    return document


OPERATIONS = {
    "all": (masking.select_all, lambda c: np.full_like(c, 255)),
    "none": (masking.clear, np.zeros_like),
    "invert": (masking.invert, np.invert),
    "grow": (lambda d: masking.grow(d, 12), lambda c: morphology.grow(c, 12)),
    "grow over the edge": (lambda d: masking.grow(d, 70), lambda c: morphology.grow(c, 70)),
    "shrink": (lambda d: masking.shrink(d, 7), lambda c: morphology.shrink(c, 7)),
    "border": (lambda d: masking.border(d, 9), lambda c: morphology.border(c, 9)),
    "feather": (lambda d: masking.feather(d, 11), lambda c: morphology.feather(c, 11)),
    "fill holes": (masking.fill_holes, morphology.fill_holes),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_on_the_bounds_is_the_operation_on_the_whole(masked, name):
    operation, expected = OPERATIONS[name]
    before, steps = masked.mask.coverage.copy(), masked.history.position
    operation(masked)
    after = masked.mask.coverage.copy()
    np.testing.assert_array_equal(after, expected(before))
    assert masked.history.position == steps + 1
    masked.undo()
    np.testing.assert_array_equal(masked.mask.coverage, before)
    masked.redo()
    np.testing.assert_array_equal(masked.mask.coverage, after)


@pytest.mark.parametrize("change", [masking.GROW, masking.SHRINK, masking.FEATHER, masking.BORDER])
def test_a_preview_is_what_would_be_made_and_leaves_nothing(masked, change):
    before, labels = masked.mask.coverage.copy(), masked.history.labels
    edit = masking.preview(masked, change, 3)
    shown = masked.mask.coverage.copy()
    assert masked.is_editing
    edit.roll_back()
    assert np.array_equal(masked.mask.coverage, before)
    assert masked.history.labels == labels
    masking.apply(masked, change, 3)
    assert np.array_equal(masked.mask.coverage, shown)
    assert not np.array_equal(shown, before)
    assert masked.history.undo_label == change.label


def test_a_mask_at_the_edge_shrinks_from_its_inner_side_only(document):
    masking.replace(document, "Test", Rect(0, 0, 60, 150), np.full((150, 60), 255, np.uint8))
    masking.shrink(document, 10)
    assert document.mask.bounds() == Rect(0, 0, 50, 150)


def test_what_changes_nothing_is_no_step(document):
    for operation in (masking.clear, masking.fill_holes, masking.reselect):
        operation(document)
    for operation in (masking.grow, masking.shrink, masking.feather, masking.border):
        operation(document, 5)
    assert document.history.position == 0
    masking.select_all(document)
    masking.select_all(document)
    masking.grow(document, 3)
    assert document.history.position == 1


def test_reselect_brings_back_what_was_cleared_also_by_a_command(masked):
    before = masked.mask.coverage.copy()
    masking.clear(masked)
    masking.replace(masked, "Another", Rect(150, 100, 160, 110), np.full((10, 10), 9, np.uint8))
    masking.reselect(masked)
    np.testing.assert_array_equal(masked.mask.coverage, before)
    masked.do(masking.clearing(masked, "Remove"))
    assert masked.mask.is_empty
    masking.reselect(masked)
    np.testing.assert_array_equal(masked.mask.coverage, before)


def test_a_layer_becomes_a_mask_as_far_as_it_lies_in_the_picture(masked):
    full = 255 if masked.depth == 8 else 65535
    pixels = np.zeros((30, 40, 4), masked.dtype)
    pixels[5:, :, 3] = full
    pixels[5, 25, 3] = full // 2
    masking.from_alpha(masked, Layer(pixels, (-20, 140)))
    assert masked.mask.bounds() == Rect(0, 145, 20, 150)
    assert masked.mask.coverage[145, 5] in (127, 128)
    assert masked.mask.coverage[146, 5] == 255


def test_luminance_is_that_of_the_eye(document):
    coverage = masking.luminance(document.flatten())
    red, green, blue = (document.flatten()[..., :3] / (257 if document.depth == 16 else 1)).transpose(2, 0, 1)
    np.testing.assert_allclose(coverage, 0.299 * red + 0.587 * green + 0.114 * blue, atol=1)


def test_a_mask_of_another_size_is_refused(document):
    with pytest.raises(LamaDesktopError, match="size"):
        masking.replace(document, "Import", document.rect, np.zeros((5, 5), np.uint8))


def test_a_preview_that_fails_leaves_nothing_open(masked):
    before = masked.mask.coverage.copy()

    def fail(coverage, radius):
        raise MemoryError

    with pytest.raises(MemoryError):
        masking.preview(masked, masking.Change("Test", fail), 5)
    assert not masked.is_editing
    assert np.array_equal(masked.mask.coverage, before)
