"""The whole way, with real events: open, brush, lasso, remove, hide, undo all, redo all, export, reopen, compare."""

import numpy as np
import pytest
from PIL import Image as PillowImage
from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from window import write_photo

from lama_desktop import formats
from lama_desktop.core.geometry import Rect
from lama_desktop.engine.options import EngineOptions

SHIFT, CONTROL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def photo(tmp_path):
    return write_photo(tmp_path / "photo.png")


def remove(app, until):
    """Press Enter and wait for the layer."""
    window, document = app.window, app.window.document
    layers = len(document.layers)
    app.hand.key(Qt.Key.Key_Return)
    until(lambda: len(document.layers) == layers + 1 and window.remover.job(document) is None)


def walk(app, until, path, target):
    """The main job of the program."""
    window, hand = app.window, app.hand
    document = window.document
    width, height = document.size
    before = document.flatten()
    hand.drag((width * 0.2, height * 0.3), (width * 0.3, height * 0.35), (width * 0.35, height * 0.3))
    hand.key(Qt.Key.Key_L)
    assert window.toolbelt.in_hand.id == "lasso"
    hand.drag((width * 0.6, height * 0.6), (width * 0.7, height * 0.55), (width * 0.7, height * 0.7))
    mask = document.mask.coverage.copy()
    assert mask.any()
    remove(app, until)
    after = document.flatten()
    touched = (after != before).any(axis=2)
    grown = Rect(0, 0, 0, 0)
    for rect in [layer.rect for layer in document.layers[1:]]:
        grown |= rect
    outside = np.ones(touched.shape, bool)
    outside[grown.slices] = False
    assert touched.any()
    assert not touched[outside].any()
    fill = document.layers[-1]
    beyond = fill.pixels[..., 3] == 0
    assert not touched[fill.rect.slices][beyond].any(), "outside the mask and its soft edge nothing changes"
    app.do("hide-layer")
    assert np.array_equal(document.flatten(), before)
    steps = len(document.history.labels)
    for _ in range(steps):
        app.do("undo")
    assert document.history.position == 0
    assert np.array_equal(document.flatten(), before)
    for _ in range(steps):
        app.do("redo")
    assert document.history.position == steps
    app.do("hide-layer")
    assert np.array_equal(document.flatten(), after)
    window.prompts.target = target
    app.do("export")
    until(lambda: not document.modified)
    again = formats.read(target)
    assert np.array_equal(again.pixels[..., :3], after[..., :3])
    assert again.profile == formats.read(path).profile


def test_the_main_job_on_a_small_photo(app, opened, photo, tmp_path, until):
    opened(photo)
    walk(app, until, photo, tmp_path / "result.png")
    assert np.array_equal(np.asarray(PillowImage.open(photo)), formats.read(photo).pixels), (
        "the photo itself is as it was"
    )


@pytest.mark.slow
def test_the_main_job_on_a_real_photo(app, opened, shared_photo, tmp_path, until):
    opened(shared_photo)
    walk(app, until, shared_photo, tmp_path / "result.png")


def test_a_window_without_a_photo_offers_one(app, until):
    window = app.window
    for action in ("remove", "export", "undo", "new-layer", "fit", "mask-invert"):
        assert not window.action_set[action].isEnabled(), action
    window.open_sample()
    until(lambda: window.document is not None)
    assert window.windowTitle() == "sample.jpg[*]"
    assert [path.name for path in window.recent.paths] == ["sample.jpg"]
    assert window.recent.thumbnail(window.recent.paths[0]).is_file()


def test_enter_removes_only_where_there_is_a_mask_and_nothing_is_typed(app, opened, photo, until):
    (document,) = opened(photo)
    app.hand.key(Qt.Key.Key_Return)
    assert app.engines.asked == []
    app.hand.drag((100, 100), (140, 100))
    app.window.action_set.refresh()
    field = app.window.tool_options._form.editor("size")
    field.setFocus()
    QApplication.processEvents()
    QTest.keyClick(field, Qt.Key.Key_B)
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert app.engines.asked == []
    until(lambda: app.window.canvas.hasFocus())
    remove(app, until)
    assert len(app.engines.asked) == 1
    assert document.mask.is_empty


def test_a_polygon_takes_enter_before_remove_does(app, opened, photo):
    (document,) = opened(photo)
    app.hand.key(Qt.Key.Key_L, SHIFT)
    for point in ((50, 50), (150, 60), (100, 120)):
        app.hand.drag(point)
    app.hand.key(Qt.Key.Key_Return)
    assert app.engines.asked == []
    assert not document.mask.is_empty
    assert len(document.layers) == 1


def test_escape_drops_a_stroke_and_cancels_a_removal(app, opened, photo, until):
    (document,) = opened(photo)
    canvas = app.window.canvas
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=app.hand.at(50, 50))
    QTest.mouseMove(canvas, app.hand.at(90, 90))
    app.hand.key(Qt.Key.Key_Escape)
    assert document.mask.is_empty
    assert document.history.labels == ()
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=app.hand.at(90, 90))
    app.hand.drag((100, 100), (140, 100))
    app.engines.gate.clear()
    app.do("remove")
    app.hand.key(Qt.Key.Key_Escape)
    until(lambda: app.window.remover.job(document) is None)
    assert len(document.layers) == 1


def test_filling_after_each_stroke(app, opened, photo, until):
    (document,) = opened(photo)
    app.do("after-stroke")
    app.hand.drag((100, 100), (140, 100))
    until(lambda: len(document.layers) == 2)
    assert document.mask.is_empty
    app.do("remove-again")
    until(lambda: len(document.layers) == 3)


def test_strokes_during_a_removal_are_removed_after_it(app, opened, photo, until):
    (document,) = opened(photo)
    app.do("after-stroke")
    app.engines.gate.clear()
    app.hand.drag((100, 100), (140, 100))
    until(lambda: app.window.remover.job(document) is not None)
    app.hand.drag((100, 30), (140, 30))
    app.hand.drag((200, 150), (220, 150))
    app.window.action_set.refresh()
    assert not app.window.action_set["remove"].isEnabled(), "the next removal is ordered already"
    app.engines.gate.set()
    until(lambda: len(document.layers) == 3 and app.window.remover.job(document) is None)
    assert document.mask.is_empty


def test_enter_twice_removes_only_what_was_there(app, opened, photo, until):
    (document,) = opened(photo)
    app.hand.drag((100, 100), (140, 100))
    app.engines.gate.clear()
    app.do("remove")
    app.do("remove")
    app.hand.drag((100, 30), (140, 30))
    app.engines.gate.set()
    until(lambda: app.window.remover.job(document) is None)
    assert len(document.layers) == 2
    assert not document.mask.is_empty, "what was painted since waits for an Enter of its own"


def test_enter_during_a_removal_orders_the_next_one_and_escape_takes_it_back(app, opened, photo, until):
    (document,) = opened(photo)
    app.hand.drag((100, 100), (140, 100))
    app.engines.gate.clear()
    app.do("remove")
    app.hand.drag((100, 30), (140, 30))
    app.do("remove")
    app.do("cancel")
    app.engines.gate.set()
    until(lambda: app.window.remover.job(document) is None)
    assert len(document.layers) == 1
    assert not app.window.retouch.waits(document)
    app.do("remove")
    until(lambda: len(document.layers) == 2 and app.window.remover.job(document) is None)
    assert document.mask.is_empty


def test_the_line_goes_around_the_hole_that_is_filled_again(app, opened, photo, until):
    (document,) = opened(photo)
    app.hand.drag((100, 100), (140, 100))
    app.do("remove")
    until(lambda: len(document.layers) == 2 and app.window.remover.job(document) is None)
    shown = []
    app.window.canvas.show_hole = lambda rect, coverage: shown.append((rect, coverage.shape))
    app.window.retouch.again(document, document.layers[1], "mean", EngineOptions())
    until(lambda: app.window.remover.job(document) is None)
    (found,) = shown
    recipe = document.layers[1].recipe
    assert found == (recipe.mask.rect, recipe.mask.rect.size[::-1])


def test_a_brush_that_was_sized_keeps_its_size(app, opened, tmp_path):
    large, brush = write_photo(tmp_path / "large.png", width=3000, height=2000), app.tools[0]
    brush.options = type(brush.options)()
    app.window.toolbelt.resize(1)
    sized = brush.options.size
    opened(large)
    assert brush.options.size == sized
    brush.options = type(brush.options)()
    opened(write_photo(tmp_path / "other.png", width=3000, height=2000))
    assert brush.options.size == 80


def test_painting_at_a_hidden_mask_shows_it(app, opened, photo):
    opened(photo)
    app.do("show-mask")
    assert not app.window.canvas.mask_shown
    app.hand.drag((100, 100), (140, 100))
    assert app.window.canvas.mask_shown


def test_while_a_removal_runs_the_shape_of_the_picture_is_kept(app, opened, photo, until):
    (document,) = opened(photo)
    app.hand.drag((100, 100), (140, 100))
    app.engines.gate.clear()
    app.do("remove")
    app.window.action_set.refresh()
    for action in ("crop", "scale", "turn-image-left", "canvas-size"):
        assert not app.window.action_set[action].isEnabled(), action
    for action in ("undo", "mask-none", "new-layer"):
        assert app.window.action_set[action].isEnabled(), action
    app.engines.gate.set()
    until(lambda: app.window.remover.job(document) is None)
    app.window.action_set.refresh()
    assert app.window.action_set["scale"].isEnabled()


def test_the_network_is_offered_once(app, opened, photo, until):
    opened(photo)
    for _ in range(2):
        app.hand.drag((100, 100), (140, 100))
        app.window.action_set.refresh()
        remove(app, until)
    offers = [each for each in app.window.notices.shown if "Big-LaMa" in each.text]
    assert len(offers) == 1
    assert app.settings.recall("offered-download", False)


def test_several_photos_have_tabs_and_the_panels_follow(app, opened, tmp_path):
    window = app.window
    first, second = opened(write_photo(tmp_path / "a.png"), write_photo(tmp_path / "b.png", width=200))
    assert window.document is second
    app.hand.drag((20, 20), (60, 40))
    assert window.history.list.model().rowCount() == 2
    QTest.keyClick(window.canvas, Qt.Key.Key_Tab, CONTROL)
    assert window.document is first
    assert window.history.list.model().rowCount() == 1
    assert window.status.size_text.text() == "320 × 200 px"
    assert window.workspace.tabs.tabText(1) == "b.png •"
    window.workspace.tabs.moveTab(1, 0)
    assert window.workspace.documents == (second, first)
    assert window.document is first


def test_the_keyboard_reaches_every_part(app, opened, photo):
    opened(photo)
    window, reached = app.window, []
    window.canvas.setFocus()
    for _ in range(6):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_F6)
        reached.append(QApplication.focusWidget())
    parts = (window.toolbox, window.tool_options, window.engine, window.layers, window.history)
    for part, widget in zip(parts, reached, strict=False):
        assert part.isAncestorOf(widget), part.windowTitle()
    assert reached[5] is window.canvas


def test_tab_hides_the_panels_from_the_photo_and_moves_on_elsewhere(app, opened, photo):
    opened(photo)
    window = app.window
    app.hand.key(Qt.Key.Key_Tab)
    assert not window.layers.isVisible()
    assert not window.toolbox.isVisible()
    app.hand.key(Qt.Key.Key_Tab)
    assert window.layers.isVisible()
    window.engine.model.setFocus()
    QTest.keyClick(window.engine.model, Qt.Key.Key_Tab)
    assert window.layers.isVisible()
    assert QApplication.focusWidget() is not window.engine.model


def test_brush_keys_change_the_tool_and_its_bar(app, opened, photo):
    opened(photo)
    before = app.window.toolbelt.in_hand.options.size
    app.hand.key(Qt.Key.Key_BracketRight)
    assert app.window.toolbelt.in_hand.options.size > before
    assert app.window.tool_options._form.editor("size").value == app.window.toolbelt.in_hand.options.size
    app.hand.key(Qt.Key.Key_BracketLeft, SHIFT)
    assert app.window.toolbelt.in_hand.options.hardness < 0.8


def test_the_status_bar_tells_where_the_pointer_is(app, opened, photo, until):
    (document,) = opened(photo)
    QTest.mouseMove(app.window.canvas, app.hand.at(30.5, 40.5))
    until(lambda: app.window.status.position.text() == "30, 40")
    red, green, blue, _ = document.flatten(Rect(30, 40, 31, 41))[0, 0]
    assert app.window.status.color.text() == f"R {red} G {green} B {blue}"
    assert app.window.status.depth_text.text() == "8 bit · sRGB"
    zoom = app.window.status.zoom
    zoom.setFocus()
    zoom.setText("50 %")
    QTest.keyClick(zoom, Qt.Key.Key_Return)
    assert app.window.viewport.zoom == 0.5
    assert zoom.text() == "50 %"
    QApplication.sendEvent(app.window.canvas, QEvent(QEvent.Type.Leave))
    until(lambda: app.window.status.position.text() == "")


def test_an_error_in_a_slot_is_told_and_the_window_goes_on(app, opened, photo):
    from lama_desktop.ui.app import app_hook

    opened(photo)
    app_hook(app)(ValueError, ValueError("odd"), None)
    assert "odd" in app.window.notices.shown[-1].text


def test_a_line_that_shift_shows_goes_with_the_keyboard(app, opened, photo):
    opened(photo)
    canvas, field = app.window.canvas, app.window.tool_options._form.editor("size")
    app.hand.drag((40, 40), (60, 40))
    QTest.mouseMove(canvas, app.hand.at(200, 150))
    plain = len(canvas._overlay._shown)
    QTest.keyPress(canvas, Qt.Key.Key_Shift)
    assert len(canvas._overlay._shown) > plain
    field.setFocus()
    QApplication.processEvents()
    assert len(canvas._overlay._shown) == plain
