"""Photos that are opened and left alone leave bit for bit; pixels that were not touched do so in any colour model."""

import dataclasses

import numpy as np
import pytest
from documents import noise, profiles

from lama_desktop.core import transforms
from lama_desktop.core.color import color_space
from lama_desktop.core.commands import PixelEdit, PropertyEdit, StackEdit
from lama_desktop.core.composite import is_opaque
from lama_desktop.core.document import Document
from lama_desktop.core.exchange import layer_of, opened
from lama_desktop.core.geometry import Rect
from lama_desktop.core.layer import Layer
from lama_desktop.core.photo import ColorModel, Encoding, Metadata, Photo

ADOBE = profiles.rgb_profile(profiles.ADOBE, profiles.gamma_curve(2.2))
GREY_18 = profiles.grey_profile(1.8)
KINDS = [
    (model, has_alpha, dtype) for model in ColorModel for has_alpha in (False, True) for dtype in (np.uint8, np.uint16)
]


def photo_of(model, has_alpha, dtype, height=140, width=150, profile=None):
    generator = np.random.default_rng(0)
    pixels = noise(generator, height, width, dtype, model.channels + has_alpha)
    if has_alpha:
        pixels[:40, :40, -1] = 0
    return Photo(
        pixels,
        model,
        has_alpha,
        profile=profile,
        resolution=(300.0, 300.0),
        metadata=Metadata(comment=b"kept"),
        encoding=Encoding("tiff"),
    )


@pytest.fixture(params=KINDS, ids=lambda kind: f"{kind[0]}{'+alpha' * kind[1]}-{np.dtype(kind[2]).itemsize * 8}")
def photo(request):
    return photo_of(*request.param)


def test_an_untouched_photo_leaves_as_it_came(photo):
    document = Document(photo)
    left = document.photo()
    assert left.pixels.dtype == photo.pixels.dtype
    assert (left.pixels == photo.pixels).all()
    assert left.pixels.flags.c_contiguous
    for field in dataclasses.fields(Photo):
        if field.name != "pixels":
            assert getattr(left, field.name) == getattr(photo, field.name)


def test_a_painted_photo_changes_only_where_it_was_painted(photo):
    document = Document(photo)
    patch, full = Rect(20, 30, 80, 100), np.iinfo(photo.pixels.dtype).max
    pixels = np.full((patch.height, patch.width, 4), full, photo.pixels.dtype)
    pixels[..., :3] //= 3
    document.do(StackEdit("Fill", document.stack.with_entry(Layer(pixels, (patch.left, patch.top)))))
    left = document.photo().pixels
    same = np.ones(left.shape[:2], bool)
    same[patch.slices] = False
    assert (left[same] == photo.pixels[same]).all()
    assert (left[patch.slices] != photo.pixels[patch.slices]).any()
    colors = color_space(photo.model, photo.profile).to_srgb(left[patch.slices][..., : photo.model.channels])
    assert np.abs(colors - 1 / 3).max() < 0.02
    document.do(PropertyEdit("Hide", document, document.layers[1], "visible", False))
    assert (document.photo().pixels == photo.pixels).all()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda stack: transforms.turned(stack, 1), lambda pixels: np.rot90(pixels, -1)),
        (lambda stack: transforms.flipped(stack), lambda pixels: pixels[:, ::-1]),
        (lambda stack: transforms.cropped(stack, Rect(11, 7, 130, 90)), lambda pixels: pixels[7:90, 11:130]),
    ],
    ids=["turned", "flipped", "cropped"],
)
def test_what_moves_no_value_is_exact_in_every_colour_model(photo, change, expected):
    document = Document(photo)
    document.do(StackEdit("Change", change(document.stack)))
    assert (document.photo().pixels == expected(photo.pixels)).all()


def test_a_hole_gives_a_photo_without_alpha_one(photo):
    document = Document(photo)
    document.do(PixelEdit.replacing("Erase", document, document.layers[0], Rect(0, 0, 10, 10), 0))
    left = document.photo()
    assert left.has_alpha
    assert left.pixels.shape[2] == photo.model.channels + 1
    assert not left.pixels[:10, :10, -1].any()
    count = photo.model.channels
    assert (left.pixels[10:, :, :count] == photo.pixels[10:, :, :count]).all()


def test_a_snapshot_does_not_see_later_strokes(photo):
    document = Document(photo)
    snapshot = document.snapshot()
    document.do(PixelEdit.replacing("Paint", document, document.layers[0], document.rect, 0))
    document.do(PropertyEdit("Hide", document, document.layers[0], "visible", False))
    assert (snapshot.photo().pixels == photo.pixels).all()


def test_the_original_survives_painting_on_its_layer():
    document = Document(photo_of(ColorModel.RGB, False, np.uint8))
    before = document.flatten()
    document.do(PixelEdit.replacing("Paint", document, document.layers[0], document.rect, 9))
    assert (document.flatten() == 9).all()
    assert (document.flatten_original() == before).all()
    document.undo()
    assert (document.flatten() == before).all()


def test_a_document_keeps_no_memory_of_the_photo_it_was_made_of():
    photo = photo_of(ColorModel.RGB, True, np.uint8)
    before = photo.pixels.copy()
    document = Document(photo)
    photo.pixels[...] = 0
    assert (document.photo().pixels == before).all()
    assert document.facts.pixels.size == 0


@pytest.mark.parametrize("photo_kind", KINDS, ids=str)
@pytest.mark.parametrize("document_kind", KINDS, ids=str)
def test_any_photo_becomes_a_layer_of_any_document(photo_kind, document_kind):
    facts = Document(photo_of(*document_kind, height=8, width=8)).facts
    photo = photo_of(*photo_kind, height=20, width=30)
    layer = layer_of(photo, facts, (3, 4), "pasted")
    assert layer.pixels.shape == (20, 30, 4)
    assert layer.pixels.dtype == facts.pixels.dtype
    assert (layer.origin, layer.name) == ((3, 4), "pasted")
    if facts.model is ColorModel.GREY:
        assert (layer.pixels[..., 0] == layer.pixels[..., 2]).all()


def test_a_layer_of_equal_colours_keeps_its_values():
    generator = np.random.default_rng(0)
    photo = Photo(noise(generator, 20, 20), has_alpha=True, profile=ADOBE)
    layer = layer_of(photo, Document(photo).facts)
    assert (layer.pixels == photo.pixels).all()
    deep = layer_of(photo, Document(Photo(photo.pixels.astype(np.uint16), has_alpha=True, profile=ADOBE)).facts)
    assert (deep.pixels == photo.pixels.astype(np.uint16) * 257).all()


def test_a_layer_of_other_colours_looks_the_same():
    generator = np.random.default_rng(0)
    photo = Photo(generator.integers(60, 190, (30, 30, 3), np.uint8))
    document = Document(Photo(np.zeros((30, 30, 3), np.uint16), profile=ADOBE))
    layer = layer_of(photo, document.facts)
    shown = document.space.to_srgb(np.ascontiguousarray(layer.pixels[..., :3]))
    assert np.abs(shown - photo.pixels / 255).max() < 0.002


def test_a_grey_document_has_the_colours_of_its_profile_and_stays_grey():
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    document = Document(Photo(ramp, ColorModel.GREY, profile=GREY_18))
    colors = np.ascontiguousarray(document.flatten()[..., :3])
    assert (document.space.to_srgb(colors) == color_space(ColorModel.GREY, GREY_18).to_srgb(ramp)).all()
    red = np.zeros((16, 16, 3), np.float32)
    red[..., 0] = 1
    painted = document.space.from_srgb(red, colors)
    assert (painted == painted[..., :1]).all()


def test_opening_knows_that_a_photo_without_alpha_is_opaque():
    stack = opened(photo_of(ColorModel.RGB, False, np.uint16), "Background")
    assert is_opaque([stack.layers[0]], stack.rect)
    assert stack.layers[0].name == "Background"
    assert stack.original.storage == stack.layers[0].storage
