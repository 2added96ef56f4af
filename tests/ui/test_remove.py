"""Removing: the layer is what the engine makes of the whole picture; what was painted since stays; one step to undo."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from lama_desktop.core import masking, sampling
from lama_desktop.core.commands import PixelEdit, PropertyEdit, StackEdit
from lama_desktop.core.document import Document
from lama_desktop.core.drawable import Mask
from lama_desktop.core.geometry import Rect
from lama_desktop.core.group import Branch, Group
from lama_desktop.core.layer import Layer
from lama_desktop.core.photo import ColorModel, Photo
from lama_desktop.core.stack import Place
from lama_desktop.engine.engine import Engine
from lama_desktop.engine.options import AlphaChoice, EngineOptions
from lama_desktop.errors import LamaDesktopError
from lama_desktop.ui.jobs import JobRunner
from lama_desktop.ui.remove import Remover
from lama_desktop.ui.sections import Source

OPTIONS = EngineOptions(grow=4, feather=3)


class EdgeModel:
    """Fills with the mean of what it sees along the hole, plus a ramp, so that the window and its place show."""

    smallest, copies, device = 64, False, "test"

    def largest(self, side):
        return side

    def retreat(self):
        return False

    def fill(self, image, hole, progress, allowed=None):
        progress(0.5, "filling")
        rows = np.linspace(0, 0.2, image.shape[0], dtype=np.float32)[:, None, None]
        result = image.copy()
        result[hole] = np.clip(image[~hole].mean(axis=0) + np.broadcast_to(rows, image.shape)[hole], 0, 1)
        return result


class Engines:
    """Hands out engines; can be made to wait and to fail."""

    def __init__(self):
        self.asked, self.gate, self.error = [], threading.Event(), None
        self.gate.set()

    def engine(self, name, options):
        self.asked.append((name, options))
        if self.error:
            raise self.error
        outer = self

        class Waiting(Engine):
            def inpaint(self, *arguments, **named):
                outer.gate.wait(5)
                return super().inpaint(*arguments, **named)

        return Waiting(EdgeModel(), options)


@pytest.fixture
def engines():
    return Engines()


@pytest.fixture
def remover(engines):
    runner = JobRunner()
    made = Remover(runner, engines)
    made.problems = []
    runner.failed.connect(lambda job, error: made.problems.append(error))
    made.dropped.connect(made.problems.append)
    yield made
    engines.gate.set()
    assert runner.shutdown()


def picture(shape=(700, 900, 3), dtype=np.uint8, seed=1):
    noise = np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, (shape[0] // 20, shape[1] // 20, shape[2]))
    return np.kron(noise, np.ones((20, 20, 1))).astype(dtype)


def opened(pixels, **facts):
    has_alpha = pixels.shape[2] > facts.get("model", ColorModel.RGB).channels
    return Document(Photo(pixels, has_alpha=has_alpha, **facts))


def paint(document, rect, value=255):
    with PixelEdit("Brush", document, document.mask) as edit, edit.writing(rect) as pixels:
        pixels[...] = value


def whole(document, mask, options, has_alpha=False):
    """What the command line makes of it."""
    image = document.flatten() if has_alpha else np.ascontiguousarray(document.flatten()[..., :3])
    return Engine(EdgeModel(), options).inpaint(image, mask, space=document.space, has_alpha=has_alpha)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("hole", [Rect(300, 200, 360, 300), Rect(0, 0, 40, 40), Rect(880, 100, 900, 700)])
def test_the_result_is_that_of_the_whole_picture(remover, until, dtype, hole):
    document = opened(picture(dtype=dtype))
    before, mask = document.flatten(), None
    paint(document, hole)
    mask = document.mask.frozen()
    expected = whole(document, mask, OPTIONS)
    remover.start(document, "x", OPTIONS)
    until(lambda: remover.job(document) is None)
    after = document.flatten()
    scale = 1 if dtype == np.uint8 else 257
    assert np.abs(after[..., :3].astype(int) - expected).max() <= scale
    touched = (after != before).any(axis=2)
    rows, columns = np.nonzero(touched)
    grown = hole.grown(OPTIONS.grow)
    assert rows.min() >= max(0, grown.top)
    assert rows.max() < grown.bottom
    assert columns.min() >= max(0, grown.left)
    assert columns.max() < grown.right
    assert remover.problems == []


def test_a_removal_is_one_step_and_its_layer_hides_it(remover, until):
    document = opened(picture())
    before = document.flatten()
    paint(document, Rect(300, 200, 360, 300))
    remover.start(document, "x", OPTIONS)
    until(lambda: remover.job(document) is None)
    assert document.mask.is_empty
    assert [layer.name for layer in document.layers[1:]] == ["Fill 1"]
    assert document.history.undo_label == "Remove"
    after = document.flatten()
    document.do(PropertyEdit("Hide", document, document.layers[1], "visible", False))
    assert np.array_equal(document.flatten(), before)
    document.undo()
    document.undo()
    assert np.array_equal(document.flatten(), before)
    assert not document.mask.is_empty
    assert len(document.layers) == 1
    document.redo()
    assert np.array_equal(document.flatten(), after)
    assert document.mask.is_empty


def test_painting_goes_on_and_what_was_painted_since_stays(remover, engines, until):
    document = opened(picture())
    paint(document, Rect(300, 200, 360, 300))
    engines.gate.clear()
    remover.start(document, "x", OPTIONS)
    paint(document, Rect(600, 400, 640, 440))
    paint(document, Rect(350, 290, 380, 310), 200)
    engines.gate.set()
    until(lambda: remover.job(document) is None)
    assert document.mask.bounds() == Rect(350, 290, 640, 440)
    assert document.mask.pixels[250, 330] == 0
    assert document.mask.pixels[295, 355] == 200


def test_a_result_that_arrives_in_the_middle_of_a_stroke_waits_for_its_end(remover, engines, until):
    document = opened(picture())
    paint(document, Rect(300, 200, 360, 300))
    engines.gate.clear()
    remover.start(document, "x", OPTIONS)
    with PixelEdit("Brush", document, document.mask) as edit:
        engines.gate.set()
        until(lambda: remover.job(document) is None)
        assert len(document.layers) == 1
        with edit.writing(Rect(0, 0, 10, 10)) as pixels:
            pixels[...] = 255
    assert len(document.layers) == 2
    assert document.mask.bounds() == Rect(0, 0, 10, 10)


def test_a_stopped_removal_changes_nothing(remover, engines, until):
    document = opened(picture())
    paint(document, Rect(300, 200, 360, 300))
    steps = document.history.labels
    engines.gate.clear()
    job = remover.start(document, "x", OPTIONS)
    job.cancel()
    engines.gate.set()
    until(lambda: remover.job(document) is None)
    assert document.history.labels == steps
    assert not document.mask.is_empty
    assert remover.problems == []


def test_an_error_is_told_and_changes_nothing(remover, engines, until):
    document = opened(picture())
    paint(document, Rect(300, 200, 360, 300))
    engines.error = LamaDesktopError("The model is broken. Get it again.")
    remover.start(document, "x", OPTIONS)
    until(lambda: remover.job(document) is None)
    assert [str(each) for each in remover.problems] == ["The model is broken. Get it again."]
    assert len(document.layers) == 1
    assert not document.mask.is_empty


def test_a_result_for_a_picture_that_was_turned_is_dropped_with_a_word(remover, engines, until):
    document = opened(picture())
    paint(document, Rect(300, 200, 360, 300))
    engines.gate.clear()
    remover.start(document, "x", OPTIONS)
    document.do(StackEdit("Flip", replace(document.stack, mask=Mask.empty(document.size))))
    engines.gate.set()
    until(lambda: remover.job(document) is None)
    assert len(document.layers) == 1
    assert "turned or resized" in remover.problems[0]


def test_the_model_sees_what_was_chosen(remover, until):
    document = opened(np.full((300, 300, 3), 100, np.uint8))
    red = Layer(np.full((300, 300, 4), (200, 0, 0, 255), np.uint8), name="red")
    base = document.layers[0]
    document.do(StackEdit("Add", document.stack.with_entry(red)))
    seen = {}
    for source in Source:
        document.active = base
        paint(document, Rect(140, 140, 160, 160))
        remover.start(document, "x", OPTIONS, source)
        until(lambda: remover.job(document) is None)
        fill = next(layer for layer in document.layers if layer.recipe)
        seen[source] = int(fill.pixels[10, 10, 0]), document.layers.index(fill), fill.recipe.source
        document.undo()
        document.undo()
    assert seen[Source.VISIBLE][0] >= 200
    assert seen[Source.VISIBLE][1:] == (2, "visible")
    assert 100 <= seen[Source.ORIGINAL][0] < 160
    assert seen[Source.ORIGINAL][1] == 2
    assert 100 <= seen[Source.BELOW][0] < 160
    assert seen[Source.BELOW][1] == 1, "above the active layer"


def test_fills_and_groups(remover, until):
    """A group that fades is seen as a whole, and the fill goes above it, where it does not fade once more."""
    document = opened(np.full((300, 300, 3), 100, np.uint8))
    base = document.layers[0]
    red = Layer(np.full((300, 300, 4), (200, 0, 0, 255), np.uint8), name="red")
    top = Layer(np.full((300, 300, 4), (0, 0, 250, 255), np.uint8), name="top")
    group = Group("group", opacity=0.5)
    tree, ramp = (base, Branch(group, (red, top))), 24
    for active in (red, group):
        document.do(StackEdit("Set", document.stack.with_tree(tree, active)))
        paint(document, Rect(140, 140, 160, 160))
        remover.start(document, "x", OPTIONS, Source.BELOW)
        until(lambda: remover.job(document) is None)
        fill = next(layer for layer in document.layers if layer.recipe)
        assert document.stack.place(fill) == Place(2)
        assert fill.pixels[10, 10, 0] - ramp == 50
    document.do(StackEdit("Set", document.stack.with_tree(tree, group)))
    document.do(PropertyEdit("Hide", document, group, "visible", False))
    paint(document, Rect(140, 140, 160, 160))
    remover.start(document, "x", OPTIONS)
    until(lambda: remover.job(document) is None)
    assert document.stack.place(document.active) == Place(2)
    assert document.active.pixels[10, 10, 0] - ramp == 100


@pytest.mark.parametrize("uses", [True, False])
def test_a_fill_that_comes_after_steps_were_undone_cuts_them_off_only_where_it_is_asked_for(
    remover, engines, until, uses
):
    document = opened(picture())
    held = []
    remover.held.connect(lambda document, use: held.append(use))
    for place in (Rect(20, 20, 60, 60), Rect(300, 200, 360, 300)):
        paint(document, place)
    engines.gate.clear()
    remover.start(document, "x", OPTIONS)
    document.undo()
    engines.gate.set()
    until(lambda: remover.job(document) is None)
    assert len(held) == 1
    assert len(document.layers) == 1
    assert document.history.redo_label == "Brush"
    if uses:
        held[0]()
        assert len(document.layers) == 2
        assert document.history.labels == ("Brush", "Remove")


def test_what_was_undone_before_it_is_asked_for_holds_no_fill_up(remover, until):
    document = opened(picture())
    for place in (Rect(20, 20, 60, 60), Rect(300, 200, 360, 300)):
        paint(document, place)
    document.undo()
    remover.start(document, "x", OPTIONS)
    until(lambda: remover.job(document) is None)
    assert document.history.labels == ("Brush", "Remove")


def test_a_fill_of_what_is_below_lies_right_above_it(remover, engines, until):
    document = opened(np.full((300, 300, 3), 100, np.uint8))
    base = document.layers[0]
    red = Layer(np.full((300, 300, 4), (200, 0, 0, 255), np.uint8), name="red")
    text = Layer(np.full((300, 300, 4), (0, 0, 250, 255), np.uint8), name="text")
    group = Group("plain")
    document.do(StackEdit("Set", document.stack.with_tree((base, Branch(group, (red, text))), red)))
    for meanwhile in (text, group):
        document.active = red
        paint(document, Rect(140, 140, 160, 160))
        engines.gate.clear()
        remover.start(document, "x", OPTIONS, Source.BELOW)
        document.active = meanwhile
        engines.gate.set()
        until(lambda: remover.job(document) is None)
        fill = next(layer for layer in document.layers if layer.recipe)
        assert document.stack.entries(group) == (red, fill, text)
        assert fill.pixels[10, 10, 0] > 190
        document.undo()
        document.undo()


def test_what_was_said_of_a_layer_while_it_is_filled_again_stays(remover, engines, until):
    document = opened(picture())
    paint(document, Rect(300, 200, 360, 300))
    remover.start(document, "first", OPTIONS)
    until(lambda: remover.job(document) is None)
    fill = document.layers[1]
    engines.gate.clear()
    remover.again(document, fill, "second", OPTIONS)
    document.do(PropertyEdit("Rename", document, fill, "name", "my sky"))
    document.do(PropertyEdit("Hide", document, fill, "visible", False))
    engines.gate.set()
    until(lambda: remover.job(document) is None)
    assert document.layers[1].recipe.model == "second"
    assert (document.layers[1].name, document.layers[1].visible) == ("my sky", False)


def test_a_fill_is_made_again_by_its_recipe(remover, engines, until):
    document = opened(picture())
    paint(document, Rect(300, 200, 360, 300))
    remover.start(document, "first", OPTIONS)
    until(lambda: remover.job(document) is None)
    fill = document.layers[1]
    document.do(PropertyEdit("Opacity", document, fill, "opacity", 0.5))
    assert fill.recipe.model == "first"
    assert fill.recipe.settings["grow"] == 4
    wider = EngineOptions(grow=9, feather=3, context=2.0)
    remover.again(document, fill, "second", wider)
    until(lambda: remover.job(document) is None)
    again = document.layers[1]
    assert again is not fill
    assert (again.recipe.model, again.recipe.settings["grow"], again.opacity, again.name) == (
        "second",
        9,
        0.5,
        "Fill 1",
    )
    assert again.rect == fill.rect.grown(5)
    assert document.history.undo_label == "Fill again"
    assert [name for name, _ in engines.asked] == ["first", "second"]
    document.undo()
    assert document.layers[1] is fill


def test_transparency_is_kept_or_filled_as_chosen(remover, until):
    pixels = np.concatenate([picture((400, 400, 3)), np.full((400, 400, 1), 255, np.uint8)], axis=2)
    pixels[150:200, 150:200, 3] = 128
    pixels[:50] = 0
    document = opened(pixels)
    paint(document, Rect(140, 30, 210, 210))
    before = document.flatten()
    remover.start(document, "x", OPTIONS)
    until(lambda: remover.job(document) is None)
    assert np.array_equal(document.flatten()[..., 3], before[..., 3])
    assert not np.array_equal(document.flatten(), before)
    document.undo()
    remover.start(document, "x", EngineOptions(alpha=AlphaChoice.FILL))
    until(lambda: remover.job(document) is None)
    assert document.flatten()[175, 175, 3] > 128


@pytest.mark.parametrize("model", [ColorModel.GREY, ColorModel.CMYK])
def test_every_colour_model_can_be_filled(remover, until, model):
    document = opened(picture((300, 300, model.channels)), model=model)
    paint(document, Rect(140, 140, 160, 160))
    remover.start(document, "x", OPTIONS)
    until(lambda: remover.job(document) is None)
    assert remover.problems == []
    photo = document.photo()
    assert photo.model is model
    assert len(document.layers) == 2


def test_texture_comes_from_the_sampling_area_only(remover, engines, until, monkeypatch):
    """Also where it lies far from the hole."""
    document, seen = opened(picture((700, 2400, 3))), []
    monkeypatch.setattr(EdgeModel, "copies", True)
    plain = EdgeModel.fill

    def fill(self, image, hole, progress, allowed=None):
        seen.append(None if allowed is None else int(allowed.sum()))
        return plain(self, image, hole, progress, allowed)

    monkeypatch.setattr(EdgeModel, "fill", fill)
    paint(document, Rect(2200, 300, 2300, 400))
    sampling.sample_from_mask(document)
    paint(document, Rect(100, 300, 140, 340))
    remover.start(document, "mean", OPTIONS)
    until(lambda: remover.job(document) is None)
    assert not remover.problems
    (count,) = seen
    assert 0.15 * 100**2 < count < 100**2, "the area, as large as it is seen there, and nothing else"


def test_a_mask_over_all_is_refused_before_any_work(remover, engines, until, monkeypatch):
    document = opened(picture())
    masking.select_all(document)
    monkeypatch.setattr("lama_desktop.ui.filling.composite", None)
    remover.start(document, "mean", OPTIONS)
    until(lambda: remover.job(document) is None)
    (error,) = remover.problems
    assert "whole picture" in str(error)
