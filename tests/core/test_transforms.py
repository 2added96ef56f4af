"""Everything of a document moves together; exact where no pixel has to be computed."""

import numpy as np
import pytest
from documents import document_of, grouped, state_of

from lama_desktop.core import resample, transforms
from lama_desktop.core.commands import PixelEdit, StackEdit
from lama_desktop.core.document import Document
from lama_desktop.core.drawable import Mask
from lama_desktop.core.geometry import Rect
from lama_desktop.core.group import Group
from lama_desktop.core.layer import Layer, Recipe
from lama_desktop.core.photo import Photo
from lama_desktop.core.tree import nodes_of
from lama_desktop.errors import Cancelled
from lama_desktop.progress import Progress


@pytest.fixture
def document():
    document = document_of(3)
    values = np.random.default_rng(9).integers(0, 256, (60, 90), np.uint8)
    document.do(PixelEdit.replacing("Brush", document, document.mask, Rect(40, 30, 130, 90), values))
    return document


def looks(stack):
    document = Document(Photo(np.zeros((1, 1, 3), stack.layers[0].pixels.dtype)), stack=stack)
    return document.flatten(), document.flatten_original(), document.mask.pixels


EXACT = {
    "quarter": (lambda stack: transforms.turned(stack, 1), lambda pixels: np.rot90(pixels, -1)),
    "half": (lambda stack: transforms.turned(stack, 2), lambda pixels: np.rot90(pixels, 2)),
    "three quarters": (lambda stack: transforms.turned(stack, -1), lambda pixels: np.rot90(pixels)),
    "mirror": (lambda stack: transforms.flipped(stack), lambda pixels: pixels[:, ::-1]),
    "upside down": (lambda stack: transforms.flipped(stack, vertically=True), lambda pixels: pixels[::-1]),
    "crop": (lambda stack: transforms.cropped(stack, Rect(33, 12, 121, 130)), lambda pixels: pixels[12:130, 33:121]),
    "canvas": (lambda stack: transforms.with_canvas(stack, Rect(33, 12, 90, 90)), lambda pixels: pixels[12:90, 33:90]),
    "rotate 90": (lambda stack: transforms.rotated(stack, 90), lambda pixels: np.rot90(pixels, -1)),
    "rotate -90": (lambda stack: transforms.rotated(stack, -90), lambda pixels: np.rot90(pixels)),
}


@pytest.mark.parametrize("name", EXACT)
def test_what_computes_no_pixel_is_exact(document, name):
    change, expected = EXACT[name]
    before = looks(document.stack)
    for was, now in zip(before, looks(change(document.stack)), strict=True):
        assert np.array_equal(now, expected(was))


@pytest.mark.parametrize("name", EXACT)
def test_groups_go_through_every_change(document, name):
    """They stay the same groups, around the layers that came of theirs."""
    tree = grouped(np.random.default_rng(3), document.layers)
    stack = document.stack.with_tree(tree, next(each for each in nodes_of(tree) if isinstance(each, Group)))
    change, expected = EXACT[name]
    changed = change(stack)
    assert [each for each in changed.nodes if isinstance(each, Group)] == [
        each for each in stack.nodes if isinstance(each, Group)
    ]
    assert changed.active is stack.active
    assert np.array_equal(looks(changed)[0], expected(looks(stack)[0]))


@pytest.mark.parametrize("name", [*EXACT, "scale", "rotate"])
def test_every_change_can_be_undone_and_the_old_stack_is_untouched(document, name):
    changes = {name: change for name, (change, _) in EXACT.items()} | {
        "scale": lambda stack: transforms.scaled(stack, (77, 91)),
        "rotate": lambda stack: transforms.rotated(stack, 12.5),
    }
    before = state_of(document)
    document.do(StackEdit(name, changes[name](document.stack)))
    after = state_of(document)
    for layer in document.layers:  # what is shared with the old stack must not be written through
        document.do(PixelEdit.replacing("Paint", document, layer, layer.rect, 17))
    document.do(PixelEdit.replacing("Mask", document, document.mask, document.rect, 200))
    document.history.go_to(2)
    assert state_of(document) == after
    document.undo()
    assert state_of(document) == before
    document.redo()
    assert state_of(document) == after


def test_four_quarters_are_none(document):
    stack = document.stack
    for _ in range(4):
        stack = transforms.turned(stack, 1)
    for was, now in zip(looks(document.stack), looks(stack), strict=True):
        assert (was == now).all()
    assert [layer.rect for layer in stack.layers] == [layer.rect for layer in document.layers]


def test_the_recipe_follows_its_layer(document):
    layer = document.layers[1]
    offset = layer.recipe.mask.origin[0] - layer.origin[0], layer.recipe.mask.origin[1] - layer.origin[1]
    moved = transforms.with_canvas(document.stack, Rect(-10, -20, 300, 300)).layers[1]
    assert moved.recipe.mask.origin == (moved.origin[0] + offset[0], moved.origin[1] + offset[1])
    scaled = transforms.scaled(document.stack, (400, 300)).layers[1]
    left, top = layer.recipe.mask.origin
    assert scaled.recipe.mask.rect == Rect(2 * left, 2 * top, 2 * left + 60, 2 * top + 40)


def test_a_crop_lets_go_of_what_is_outside_and_a_canvas_keeps_it(document):
    rect = Rect(60, 50, 120, 100)
    cropped = transforms.cropped(document.stack, rect)
    for layer in cropped.layers:
        assert layer.rect in Rect(0, 0, 60, 50)
    framed = transforms.with_canvas(document.stack, rect)
    assert [layer.storage for layer in framed.layers] == [layer.storage for layer in document.layers]
    back = transforms.with_canvas(framed, Rect(-60, -50, 140, 100))
    assert np.array_equal(looks(back)[0], looks(document.stack)[0])


def test_a_larger_canvas_is_transparent_around_the_photo_and_unmasked():
    document = document_with_photo()
    document.do(PixelEdit.replacing("All", document, document.mask, document.rect, 255))
    flat, original, mask = looks(transforms.with_canvas(document.stack, Rect(-50, -40, 70, 60)))
    inside = (slice(40, 90), slice(50, 110))
    assert (flat[inside] == document.flatten()).all()
    assert (flat == original).all()
    assert (mask[inside] == 255).all()
    assert int(mask.sum()) == 255 * 50 * 60
    assert int((flat[..., 3] > 0).sum()) == 50 * 60


def test_shared_pixels_stay_shared(document):
    for change in (lambda stack: transforms.turned(stack, 1), lambda stack: transforms.scaled(stack, (90, 70))):
        stack = change(document_with_photo().stack)
        assert stack.original.storage == stack.layers[0].storage


def document_with_photo():
    return Document(Photo(np.random.default_rng(0).integers(0, 256, (50, 60, 3), np.uint8)))


@pytest.mark.parametrize("size", [(31, 23), (120, 100), (60, 25), (1, 1)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_scaling_keeps_a_flat_colour_flat_and_opaque(size, dtype):
    pixels = np.full((50, 60, 3), 77, dtype)
    stack = transforms.scaled(Document(Photo(pixels)).stack, size)
    assert stack.size == size
    assert stack.layers[0].rect == Rect.of_size(size)
    assert (stack.layers[0].pixels[..., :3] == 77).all()
    assert (stack.layers[0].pixels[..., 3] == np.iinfo(dtype).max).all()


@pytest.mark.parametrize("factor", [0.37, 0.5, 1.7, 3])
def test_a_layer_cut_out_of_the_photo_stays_on_it_when_both_are_scaled(factor):
    """A patch that equals what it covers must still do so: its place is kept to a fraction of a pixel."""
    ys, xs = np.mgrid[:120, :160]
    wave = np.stack([127 + 60 * np.sin(xs / 9), 127 + 60 * np.cos(ys / 11), 127 + 60 * np.sin((xs + ys) / 13)], -1)
    document = Document(Photo(np.rint(wave).astype(np.uint8)))
    part = Rect(37, 41, 101, 97)
    patch = Layer(document.flatten(part), (part.left, part.top))
    size = round(160 * factor), round(120 * factor)
    plain = looks(transforms.scaled(document.stack, size))[0].astype(int)
    both = looks(transforms.scaled(document.stack.with_entry(patch), size))[0].astype(int)
    assert np.abs(plain - both).max() <= 2


def test_scaling_moves_neither_mask_nor_layers_against_each_other():
    document = document_with_photo()
    document.do(PixelEdit.replacing("Brush", document, document.mask, Rect(20, 10, 40, 30), 255))
    mask = looks(transforms.scaled(document.stack, (180, 150)))[2]
    wanted = np.zeros((150, 180), bool)
    wanted[30:90, 60:120] = True
    assert ((mask > 127) != wanted).sum() <= 4  # its corners are round
    assert not mask[:27].any()
    assert not mask[:, 123:].any()


@pytest.mark.parametrize("degrees", [5, 30, 45, 133, -17, 180.5])
def test_rotation_agrees_with_sampling_a_smooth_picture(degrees):
    ys, xs = np.mgrid[:140, :180] + 0.5

    def wave(x, y):
        return np.stack([127 + 60 * np.sin(x / 9), 127 + 60 * np.cos(y / 11), 127 + 40 * np.sin((x - y) / 14)], -1)

    document = Document(Photo(np.rint(wave(xs, ys)).astype(np.uint8)))
    flat = looks(transforms.rotated(document.stack, degrees))[0]
    angle = np.radians(degrees)
    rows, columns = np.mgrid[: flat.shape[0], : flat.shape[1]] + 0.5
    dx, dy = columns - flat.shape[1] / 2, rows - flat.shape[0] / 2
    x = np.cos(angle) * dx + np.sin(angle) * dy + 90
    y = -np.sin(angle) * dx + np.cos(angle) * dy + 70
    inner = (x > 2) & (x < 178) & (y > 2) & (y < 138)
    outer = (x < -2) | (x > 182) | (y < -2) | (y > 142)
    assert np.abs(flat[..., :3] - wave(x, y))[inner].max() < 3
    assert (flat[..., 3][inner] == 255).all()
    assert not flat[..., 3][outer].any()


def test_rotation_without_expanding_keeps_the_frame_and_what_is_outside():
    document = document_with_photo()
    stack = transforms.rotated(document.stack, 45, expand=False)
    assert stack.size == (60, 50)
    assert stack.layers[0].rect.width > 60
    assert transforms.rotated(document.stack, 90, expand=False).size == (60, 50)


def test_transparent_colours_do_not_bleed_into_what_is_seen():
    pixels = np.zeros((40, 40, 4), np.uint8)
    pixels[..., 0] = 255  # a red that nobody sees
    pixels[10:30, 10:30] = (0, 200, 0, 255)
    stack = Document(Photo(pixels, has_alpha=True)).stack
    for changed in (transforms.scaled(stack, (23, 29)), transforms.rotated(stack, 20)):
        flat = looks(changed)[0]
        assert not flat[..., 0][flat[..., 3] > 0].any()
        assert (abs(flat[..., 1][flat[..., 3] > 8].astype(int) - 200) < 12).all()


def test_large_pictures_are_done_in_blocks_without_seams(monkeypatch):
    ys, xs = np.mgrid[:150, :190]
    wave = np.stack([127 + 100 * np.sin(xs / 7), 127 + 100 * np.cos(ys / 5), 127 + 90 * np.sin((xs + ys) / 6)], -1)
    stack = Document(Photo(np.rint(wave).astype(np.uint8))).stack
    whole = looks(transforms.rotated(stack, 10))[0].astype(int)
    monkeypatch.setattr(resample, "_BLOCK", 37)
    assert np.abs(looks(transforms.rotated(stack, 10))[0] - whole).max() <= 1


def test_it_can_be_stopped(document):
    progress = Progress()
    progress.cancel()
    before = state_of(document)
    with pytest.raises(Cancelled):
        transforms.scaled(document.stack, (10, 10), progress)
    assert state_of(document) == before


def test_a_mask_of_the_recipe_is_cropped_to_nothing_without_harm():
    document = document_with_photo()
    layer = document.layers[0].copy(recipe=Recipe("m", {}, Mask(np.full((5, 5), 255, np.uint8), (50, 40))))
    stack = transforms.cropped(document.stack.replaced(document.layers[0], layer), Rect(0, 0, 10, 10))
    assert stack.layers[0].recipe.mask.is_empty
