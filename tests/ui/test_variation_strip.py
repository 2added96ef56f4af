"""Variations: several fills of one hole, as they arrive; the strip to choose from, with real events."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from window import write_photo

from lama_desktop.core.commands import PixelEdit, PropertyEdit, StackEdit
from lama_desktop.core.document import Document
from lama_desktop.core.drawable import Mask
from lama_desktop.core.geometry import Rect
from lama_desktop.core.photo import Photo
from lama_desktop.core.ways import ways_of
from lama_desktop.engine.options import EngineOptions
from lama_desktop.engine.variations import Difference, Variation
from lama_desktop.errors import LamaDesktopError
from lama_desktop.ui.jobs import JobRunner
from lama_desktop.ui.recipes import about, difference
from lama_desktop.ui.remove import Remover
from lama_desktop.ui.sections import Source
from lama_desktop.ui.text import in_seconds
from lama_desktop.ui.variation_strip import PICTURE, SMALL_PICTURE
from lama_desktop.ui.variations import Variations

OPTIONS = EngineOptions(grow=4, feather=3)
HOLE = Rect(100, 80, 140, 120)
FOUR = (
    Variation(Difference.NOTHING, "one", OPTIONS),
    Variation(Difference.DRAW, "one", replace(OPTIONS, seed=1)),
    Variation(Difference.MODEL, "two", OPTIONS),
    Variation(Difference.VIEW, "one", replace(OPTIONS, context=2.0)),
)


class Engines:
    """Fill with one value after the other, each when it is let through; some can fail."""

    def __init__(self):
        self.permits, self.asked, self.failing = threading.Semaphore(0), [], set()

    def engine(self, name, options):
        self.asked.append((name, options))
        number, engines = len(self.asked), self

        class Engine:
            notes = ()

            def inpaint(self, image, mask, progress=None, *, space, has_alpha, allowed):
                while not engines.permits.acquire(timeout=0.002):
                    progress(0.5)
                if number in engines.failing:
                    raise LamaDesktopError("There is no memory for this.")
                result = image.copy()
                result[mask > 0] = number
                return result

        return Engine()

    def let(self, count):
        self.permits.release(count)


@pytest.fixture
def engines():
    return Engines()


@pytest.fixture
def remover(engines):
    runner = JobRunner()
    made = Remover(runner, engines)
    made.problems = []
    made.dropped.connect(made.problems.append)
    runner.failed.connect(lambda job, error: made.problems.append(str(error)))
    yield made
    engines.let(99)
    assert runner.shutdown()


@pytest.fixture
def variations(remover):
    return Variations(remover)


@pytest.fixture
def document():
    """A grey photo with a mask painted."""
    made = Document(Photo(np.full((300, 400, 3), 200, np.uint8)))
    with PixelEdit("Brush", made, made.mask) as edit, edit.writing(HOLE) as pixels:
        pixels[...] = 255
    return made


def values(document):
    """What each way was filled with."""
    return [int(each.pixels[20, 20, 0]) for each in ways_of(document.layers[-1])]


def test_each_is_there_as_soon_as_it_is_filled_and_all_are_one_step(document, remover, variations, engines, until):
    before = document.flatten()
    variations.start(document, FOUR, Source.VISIBLE)
    assert remover.job(document) is not None
    for count in range(1, 5):
        engines.let(1)
        until(lambda count=count: len(document.layers) == 2 and len(values(document)) == count)
        assert values(document) == list(range(1, count + 1))
        assert document.history.labels == ("Brush", "Remove")
    until(lambda: remover.job(document) is None)
    layer = document.active_layer
    assert layer.recipe.position == 0
    assert document.mask.is_empty
    assert [each.recipe.model for each in ways_of(layer)] == ["one", "one", "two", "one"]
    assert all(each.recipe.settings["grow"] == 4 and each.recipe.seconds > 0 for each in ways_of(layer))
    assert len({each.recipe.mask for each in ways_of(layer)}) == 1
    assert all(options.grow == 0 for _, options in engines.asked), "the hole is grown already"
    document.undo()
    assert np.array_equal(document.flatten(), before)
    document.redo()
    assert values(document) == [1, 2, 3, 4]
    assert remover.problems == []


def test_those_that_have_arrived_before_cancel_stay(document, remover, variations, engines, until):
    job = variations.start(document, FOUR, Source.VISIBLE)
    engines.let(2)
    until(lambda: len(document.layers) == 2 and len(values(document)) == 2)
    job.cancel()
    until(lambda: remover.job(document) is None)
    assert values(document) == [1, 2]
    assert remover.problems == []


def test_one_that_fails_is_left_out(document, remover, variations, engines, until):
    engines.failing = {1, 3}
    variations.start(document, FOUR, Source.VISIBLE)
    engines.let(4)
    until(lambda: remover.job(document) is None)
    assert values(document) == [2, 4]
    assert remover.problems == []


def test_what_is_done_meanwhile_stays_a_step_of_its_own(document, remover, variations, engines, until):
    variations.start(document, FOUR, Source.VISIBLE)
    engines.let(1)
    until(lambda: len(document.layers) == 2)
    document.do(PropertyEdit("Rename", document, document.active_layer, "name", "Mine"))
    engines.let(3)
    until(lambda: remover.job(document) is None)
    assert document.history.labels == ("Brush", "Remove", "Rename", "Variations")
    assert document.active_layer.name == "Mine"
    assert values(document) == [1, 2, 3, 4]


def test_they_wait_for_the_end_of_a_stroke(document, remover, variations, engines, until):
    variations.start(document, FOUR, Source.VISIBLE)
    edit = PixelEdit("Brush", document, document.mask).open()
    engines.let(4)
    until(lambda: remover.job(document) is None)
    assert len(document.layers) == 1
    edit.commit()
    assert values(document) == [1, 2, 3, 4]


@pytest.mark.parametrize("what", ["undone", "turned"])
def test_where_the_layer_or_the_picture_is_gone_the_rest_is_not_made(
    document, remover, variations, engines, until, what
):
    variations.start(document, FOUR, Source.VISIBLE)
    engines.let(1)
    until(lambda: len(document.layers) == 2)
    if what == "undone":
        document.undo()
    else:
        document.do(StackEdit("Turn", replace(document.stack, mask=Mask.empty(document.size))))
    engines.let(1)
    until(lambda: remover.job(document) is None)
    assert len(engines.asked) <= 3
    assert len(remover.problems) == 1
    assert ("gone" if what == "undone" else "turned") in remover.problems[0]


def test_a_fill_gets_more_ways_and_keeps_them_when_it_is_made_again(document, remover, variations, engines, until):
    engines.let(99)
    remover.start(document, "one", OPTIONS)
    until(lambda: remover.job(document) is None)
    variations.more(document, document.active_layer, FOUR[1:])
    until(lambda: remover.job(document) is None)
    assert values(document) == [1, 2, 3, 4]
    assert document.history.labels == ("Brush", "Remove", "Variations")
    remover.again(document, document.active_layer, "new", OPTIONS)
    until(lambda: remover.job(document) is None)
    assert values(document) == [5, 2, 3, 4]
    assert len({each.recipe.mask for each in ways_of(document.active_layer)}) == 1


def test_the_words_say_what_is_different(document, remover, variations, engines, until):
    engines.let(99)
    plain = replace(OPTIONS, texture=False)
    more = (
        Variation(Difference.PLAIN, "one", plain),
        Variation(Difference.NOTHING, "one", replace(OPTIONS, match_light=True)),
    )
    variations.start(document, (*FOUR, *more), Source.VISIBLE)
    until(lambda: remover.job(document) is None)
    ways = ways_of(document.active_layer)
    texts = [difference(ways, index) for index in range(len(ways))]
    assert texts == ["As chosen", "Another draw", "two", "Wider view", "Without texture", "Other options"]
    assert about(ways, 1).startswith("Another draw\none\n")
    assert [in_seconds(each) for each in (0.04, 3.14, 12.3, 600)] == ["0.0 s", "3.1 s", "12 s", "10 min"]


@pytest.fixture
def filled(app, opened, tmp_path, until):
    """A window with a hole that was filled in four ways by the action, and its document."""
    (document,) = opened(write_photo(tmp_path / "photo.png"))
    app.hand.drag((100, 100), (140, 100))
    app.do("variations")
    until(lambda: app.window.remover.job(document) is None and len(document.layers) == 2)
    QApplication.processEvents()
    return app, document


def shown(strip):
    return [each.isChecked() for each in strip.tiles].index(True)


def test_the_strip_is_there_while_there_is_something_to_choose(filled, until):
    app, document = filled
    strip, area = app.window.variations, app.window.workspace.area
    assert strip.isVisible()
    assert [each.text() for each in strip.tiles] == ["As chosen", "Another draw", "Without texture", "Wider view"]
    assert area.geometry().contains(strip.geometry())
    assert document.history.labels[-1] == "Remove"
    until(lambda: all(not each._picture.isNull() for each in strip.tiles))
    document.active = document.layers[0]
    assert not strip.isVisible()
    document.active = document.layers[1]
    assert strip.isVisible()
    app.do("undo")
    assert not strip.isVisible()
    app.do("redo")
    assert strip.isVisible()
    app.window.resize(700, 600)
    QApplication.processEvents()
    assert strip.tiles[0]._size in (PICTURE, SMALL_PICTURE)
    assert area.geometry().contains(strip.geometry())


def test_a_click_chooses_and_can_be_undone(filled):
    app, document = filled
    strip = app.window.variations
    document.do(PropertyEdit("Opacity", document, document.active_layer, "opacity", 0.5))
    steps = len(document.history.labels)
    QTest.mouseClick(strip.tiles[2], Qt.MouseButton.LeftButton)
    assert (shown(strip), document.active_layer.recipe.position) == (2, 2)
    assert document.active_layer.recipe.settings["texture"] is False
    assert document.active_layer.opacity == 0.5
    assert document.history.labels[steps:] == ("Choose variation",)
    QTest.mouseClick(strip.tiles[2], Qt.MouseButton.LeftButton)
    assert len(document.history.labels) == steps + 1, "it is chosen already"
    app.do("undo")
    assert shown(strip) == 0


def test_keys_choose_while_the_strip_has_them_and_mean_what_they_always_do_elsewhere(filled):
    app, document = filled
    window, strip = app.window, app.window.variations
    app.do("variations")  # there is no other way left to make: it gives the keyboard to the strip
    assert window.remover.job(document) is None
    zoom = window.viewport.zoom

    def press(key):
        QTest.keyClick(QApplication.focusWidget(), key)
        return shown(strip)

    assert strip.tiles[0].hasFocus()
    keys = Qt.Key
    assert [press(each) for each in (keys.Key_Right, keys.Key_Right, keys.Key_Left)] == [1, 2, 1]
    assert [press(each) for each in (keys.Key_4, keys.Key_Right, keys.Key_1, keys.Key_End, keys.Key_2)] == [
        3,
        3,
        0,
        3,
        1,
    ]
    assert strip.tiles[1].hasFocus()
    assert window.viewport.zoom == zoom
    press(keys.Key_Escape)
    assert window.canvas.hasFocus()
    app.hand.key(keys.Key_1)
    assert window.viewport.zoom == 1.0
    assert shown(strip) == 1


def test_the_others_can_be_discarded_and_the_strip_closed(filled):
    app, document = filled
    strip = app.window.variations
    QTest.mouseClick(strip.close_button, Qt.MouseButton.LeftButton)
    assert not strip.isVisible()
    assert len(ways_of(document.active_layer)) == 4
    app.do("variations")
    assert strip.isVisible(), "asked for again"
    QTest.mouseClick(strip.tiles[1], Qt.MouseButton.LeftButton)
    pixels = document.active_layer.pixels.copy()
    QTest.mouseClick(strip.discard_button, Qt.MouseButton.LeftButton)
    assert not strip.isVisible()
    assert ways_of(document.active_layer) == (document.active_layer,)
    assert np.array_equal(document.active_layer.pixels, pixels)
    app.do("undo")
    assert strip.isVisible()
    assert shown(strip) == 1


def test_what_is_missing_is_made_and_no_more(filled, until):
    app, document = filled
    QTest.mouseClick(app.window.variations.tiles[3], Qt.MouseButton.LeftButton)
    app.window.variations.discard_button.click()
    app.do("variations")
    until(lambda: app.window.remover.job(document) is None)
    ways = ways_of(document.active_layer)
    assert len(ways) == 4
    assert ways[0].recipe.settings["context"] == 1.0
    assert difference(ways, 0) == "As chosen"


def test_another_photo_has_its_own_ways(filled, opened, tmp_path):
    app, document = filled
    strip = app.window.variations
    opened(write_photo(tmp_path / "other.png", seed=2))
    assert not strip.isVisible()
    app.window.workspace.show_tab(document)
    assert strip.isVisible()
