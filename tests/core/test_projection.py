"""The projection is what flattening everything would show, whatever happened since it was last looked at."""

import numpy as np
import pytest
from documents import document_of, noise, profiles

from lama_desktop.core import transforms
from lama_desktop.core.commands import PixelEdit, PropertyEdit, StackEdit
from lama_desktop.core.document import Document
from lama_desktop.core.geometry import Rect
from lama_desktop.core.layer import Layer
from lama_desktop.core.photo import ColorModel, Photo
from lama_desktop.core.projection import Projection
from lama_desktop.core.pyramid import Pyramid
from lama_desktop.core.stack import Place

ADOBE = profiles.rgb_profile(profiles.ADOBE, profiles.gamma_curve(2.2))


def shown(document, flat=None):
    """Return what a projection should hold, as float64 0..255, by looking at everything."""
    flat = document.flatten() if flat is None else flat
    alpha = flat[..., 3:] / np.iinfo(flat.dtype).max
    colors = document.space.to_srgb(np.ascontiguousarray(flat[..., :3]))
    return np.concatenate([colors * alpha, alpha], axis=2) * 255


def reduced(pixels):
    """Return the mean of every 2 × 2 pixels; at odd borders of as many as there are."""
    height, width = pixels.shape[:2]
    padded = np.pad(pixels.astype(float), ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return (padded[::2, ::2] + padded[1::2, ::2] + padded[::2, 1::2] + padded[1::2, 1::2]) / 4


def check(projection, document, flat=None, tolerance=1.5):
    """Compare all levels; premultiplying rounded values rounds twice, and 16 bit are rounded to 8 before."""
    assert projection.refresh(document.rect)
    pixels = projection.levels[0]
    assert np.abs(pixels - shown(document, flat)).max() <= tolerance
    for finer, coarser in zip(projection.levels, projection.levels[1:], strict=False):
        assert np.abs(coarser - reduced(finer)).max() <= 0.51


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("seed", range(4))
def test_it_follows_every_change(seed, dtype):
    document = document_of(seed, height=301, width=413, dtype=dtype)
    projection = Projection(document)
    check(projection, document)
    layer = document.layers[1]
    steps = [
        lambda: document.do(PixelEdit.replacing("Paint", document, layer, layer.rect.moved(9, 9), 77)),
        lambda: document.do(PropertyEdit("Move", document, layer, "origin", (-20, 111))),
        lambda: document.do(PropertyEdit("Opacity", document, layer, "opacity", 0.2)),
        lambda: document.do(PropertyEdit("Hide", document, document.layers[0], "visible", False)),
        lambda: document.do(StackEdit("Move up", document.stack.moved(document.layers[0], Place(2)))),
        lambda: document.do(StackEdit("Delete", document.stack.without(document.layers[3]))),
        lambda: document.do(StackEdit("Turn", transforms.turned(document.stack, 1))),
        lambda: document.do(StackEdit("Flip", transforms.flipped(document.stack))),
    ]
    for step in steps:
        step()
        check(projection, document)
    while document.undo():
        check(projection, document)


def test_an_eight_bit_srgb_photo_is_shown_bit_for_bit():
    photo = Photo(noise(np.random.default_rng(0), 200, 300, channels=3))
    projection = Projection(Document(photo))
    assert projection.opaque
    projection.refresh(Rect(0, 0, 300, 200))
    assert (projection.levels[0][..., :3] == photo.pixels).all()
    assert (projection.levels[0][..., 3] == 255).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(
    ("model", "profile"),
    [
        (ColorModel.RGB, ADOBE),
        (ColorModel.GREY, None),
        (ColorModel.GREY, profiles.grey_profile(1.8)),
        (ColorModel.CMYK, None),
    ],
    ids=["adobe", "grey", "grey 1.8", "cmyk"],
)
def test_it_is_colour_managed(model, profile, dtype):
    generator = np.random.default_rng(0)
    document = Document(Photo(noise(generator, 140, 150, dtype, model.channels), model, profile=profile))
    check(Projection(document), document, tolerance=0.56)


def test_transparency_is_premultiplied_and_told():
    document = Document(Photo(noise(np.random.default_rng(0), 140, 150), has_alpha=True))
    projection = Projection(document)
    assert not projection.opaque
    check(projection, document)
    cover = Layer(np.full((140, 150, 4), 255, np.uint8))
    document.do(StackEdit("Cover", document.stack.with_entry(cover)))
    assert projection.opaque


def test_only_what_is_asked_for_is_drawn(monkeypatch):
    document = document_of(0, height=600, width=700)
    projection = Projection(document)
    projection.refresh(document.rect)
    drawn = []
    draw = projection._draw
    monkeypatch.setattr(projection, "_draw", lambda rect: (drawn.append(rect), draw(rect)))
    with PixelEdit("Brush", document, document.mask) as edit, edit.writing(document.rect) as pixels:
        pixels[...] = 255
    projection.refresh(document.rect)
    assert drawn == []  # the mask is not part of the picture
    photo = document.layers[0]
    for rect in (Rect(10, 10, 20, 20), Rect(500, 500, 510, 510)):
        document.do(PixelEdit.replacing("Paint", document, photo, rect, 200))
    projection.refresh(Rect(0, 0, 128, 128))
    assert drawn == [Rect(0, 0, 128, 128)]
    projection.refresh(document.rect)
    assert drawn == [Rect(0, 0, 128, 128), Rect(384, 384, 512, 512)]


def test_a_long_refresh_can_be_done_in_pieces():
    document = document_of(0, height=900, width=1500)
    projection = Projection(document)
    pieces = 1
    while not projection.refresh(document.rect, seconds=1e-9):
        pieces += 1
        assert pieces < 200
    assert pieces > 3
    check(projection, document)


def test_the_original_can_be_shown_beside_the_layers():
    document = document_of(0)
    projection = Projection(document, original=True)
    check(projection, document, document.flatten_original())
    document.do(PixelEdit.replacing("Paint", document, document.layers[0], document.rect, 9))
    check(projection, document, document.flatten_original())
    document.do(StackEdit("Flip", transforms.flipped(document.stack)))
    check(projection, document, document.flatten_original())
    document.do(StackEdit("Crop", transforms.cropped(document.stack, Rect(10, 20, 100, 120))))
    check(projection, document, document.flatten_original())
    assert (projection.levels[0][..., :3] != 9).any()


def test_arrays_keep_their_identity_until_the_size_changes():
    document = document_of(0)
    projection = Projection(document)
    levels = projection.levels
    document.do(PropertyEdit("Hide", document, document.layers[1], "visible", False))
    document.do(StackEdit("Flip", transforms.flipped(document.stack)))
    projection.refresh(document.rect)
    assert all(a is b for a, b in zip(levels, projection.levels, strict=True))
    seen = []
    document.resized.connect(lambda: seen.append(projection.levels[0].shape))
    document.do(StackEdit("Turn", transforms.turned(document.stack, 1)))
    assert seen == [(200, 150, 4)], "who connects after it was made finds the new arrays"


@pytest.mark.parametrize("shape", [(1, 1), (257, 300), (1000, 513), (700, 3), (2048, 2048, 4)])
def test_levels_of_a_pyramid_are_means_of_what_they_cover(shape):
    generator = np.random.default_rng(0)
    base = generator.integers(0, 256, shape, np.uint8)
    pyramid = Pyramid(base)
    whole = Rect(0, 0, shape[1], shape[0])
    pyramid.update(whole)
    assert max(pyramid.levels[-1].shape[:2]) <= 256
    for finer, coarser in zip(pyramid.levels, pyramid.levels[1:], strict=False):
        wanted = reduced(finer.reshape(*finer.shape[:2], -1)).reshape(coarser.shape)
        assert np.abs(coarser - wanted).max() <= 0.51
    part = Rect(shape[1] // 3, shape[0] // 2, shape[1], shape[0])
    base[part.slices] = 255 - base[part.slices]
    pyramid.update(part)
    again = Pyramid(base)
    again.update(whole)
    assert all((a == b).all() for a, b in zip(pyramid.levels, again.levels, strict=True))


def test_the_level_for_a_zoom_has_a_pixel_for_every_one_shown():
    pyramid = Pyramid(np.zeros((4096, 4096), np.uint8))
    assert [pyramid.level_for(zoom) for zoom in (4, 1, 0.51, 0.5, 0.26, 0.25, 0.01)] == [0, 0, 0, 1, 1, 2, 4]
