"""Panels follow the document in front and change it by one step at a time."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolButton
from window import write_photo

from lama_desktop.core.blend import NORMAL, blend_mode
from lama_desktop.core.node import Lock
from lama_desktop.engine.options import DeviceName, EngineOptions, Preset
from lama_desktop.models.cards import FALLBACK_MODEL
from lama_desktop.ui.sections import RemoveOptions, Source

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def document(app, opened, tmp_path):
    (found,) = opened(write_photo(tmp_path / "photo.png"))
    return found


def names(panel):
    model = panel.layers
    return [model.data(model.index(row)) for row in range(model.rowCount())]


def wheel(widget, notches):
    middle, none = QPointF(widget.rect().center()), Qt.KeyboardModifier.NoModifier
    event = QWheelEvent(
        middle, widget.mapToGlobal(middle), QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton, none,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)


def test_layers_are_shown_the_topmost_first(app, document):
    app.do("new-layer")
    app.do("duplicate-layer")
    panel = app.window.layers
    assert names(panel) == ["Layer 1 copy", "Layer 1", "Photo"]
    assert panel.list.currentIndex().row() == 0
    assert panel.layers.about(document.layers[0]) == "320 × 200 · 8 bit"
    app.do("undo")
    assert names(panel) == ["Layer 1", "Photo"]


def test_choosing_a_row_makes_the_layer_active_and_keeps_the_keyboard(app, document):
    for _ in range(3):
        app.do("new-layer")
    panel = app.window.layers
    panel.list.setFocus()
    for row in (1, 2, 3):
        QTest.keyClick(panel.list, Qt.Key.Key_Down)
        assert panel.list.currentIndex().row() == row
        assert panel.list.hasFocus()
    assert document.active is document.layers[0]
    assert document.history.labels == ("New layer",) * 3, "choosing is no step"


def test_the_eye_hides_a_layer(app, document):
    app.do("new-layer")
    panel = app.window.layers
    rect = panel.list.visualRect(panel.layers.index(1))
    QTest.mouseClick(panel.list.viewport(), LEFT, pos=QPoint(24, rect.center().y()))
    assert [layer.visible for layer in document.layers] == [False, True]
    assert document.active is document.layers[1], "the eye does not choose"
    assert document.history.undo_label == "Hide layer"


def test_layers_are_renamed(app, document):
    panel = app.window.layers
    model = panel.layers
    assert model.setData(model.index(0), "  Sky ")
    assert document.layers[0].name == "Sky"
    assert not model.setData(model.index(0), " ")
    app.do("rename-layer")
    assert panel.list.state() == panel.list.State.EditingState
    app.do("undo")
    assert document.layers[0].name == "Photo"


def test_opacity_is_one_step_from_press_to_release(app, document):
    app.do("new-layer")
    layer, panel = document.active, app.window.layers
    slider = panel.opacity.field.slider
    panel.opacity.field.resize(220, 40)
    slider.resize(150, 24)
    steps = len(document.history.labels)
    QTest.mousePress(slider, LEFT, pos=QPoint(140, 12))
    for x in (120, 90, 60):
        QTest.mouseMove(slider, QPoint(x, 12))
    assert 0.3 < layer.opacity < 0.5
    assert document.is_editing
    QTest.mouseRelease(slider, LEFT, pos=QPoint(60, 12))
    assert len(document.history.labels) == steps + 1
    assert panel.opacity.text() == f"{round(layer.opacity * 100)} %"
    app.do("undo")
    assert layer.opacity == 1
    assert panel.opacity.text() == "100 %"
    panel.opacity.field.field.setFocus()
    panel.opacity.field.field.setValue(25)
    assert layer.opacity == 0.25


def test_opacity_is_dragged_turned_and_typed(app, document, application, until):
    app.do("new-layer")
    layer, button, steps = document.active, app.window.layers.opacity, len(document.history.labels)
    middle = button.rect().center()
    QTest.mousePress(button, LEFT, pos=middle)
    for way in (20, 60, 100):
        QTest.mouseMove(button, middle - QPoint(way, 0))
    assert document.is_editing
    QTest.mouseRelease(button, LEFT, pos=middle - QPoint(100, 0))
    assert layer.opacity == 0.5
    assert button.text() == "50 %"
    assert not button.popup.isVisible(), "it was no click"
    assert len(document.history.labels) == steps + 1
    wheel(button, -1)
    assert layer.opacity == 0.45
    QTest.mouseClick(button, LEFT, pos=middle)
    until(lambda: application.focusWidget() is button.field.field)
    assert button.popup.frameGeometry().bottom() <= button.mapToGlobal(QPoint(0, 0)).y() + 1, "no row is covered"
    until(button.field.field.lineEdit().hasSelectedText)
    QTest.keyClicks(button.field.field, "30")
    QTest.keyClick(button.field.field, Qt.Key.Key_Return)
    assert layer.opacity == 0.3
    assert not button.popup.isVisible()


def test_a_row_is_used_by_keys_and_has_a_menu(app, document):
    app.do("new-layer")
    panel = app.window.layers
    panel.list.setFocus()
    QTest.keyClick(panel.list, Qt.Key.Key_Space)
    assert not document.active.visible
    QTest.keyClick(panel.list, Qt.Key.Key_Space)
    assert document.active.visible
    panel.list.customContextMenuRequested.emit(panel.list.visualRect(panel.list.currentIndex()).center())
    menu = app.application.activePopupWidget()
    found = {each.objectName() for each in menu.actions() if not each.isSeparator()}
    assert {"rename-layer", "duplicate-layer", "delete-layer", "merge-down", "fill-again", "mask-from-alpha"} <= found
    texts = [each.text() for each in menu.actions() if not each.isSeparator()]
    letters = [text[text.index("&") + 1].casefold() for text in texts]
    assert len(set(letters)) == len(letters)
    menu.close()


def test_the_name_of_a_hidden_layer_is_no_fainter_than_what_is_below_it(app, document):
    app.do("hide-layer")
    view = app.window.layers.list
    picture, row = view.viewport().grab().toImage(), view.visualRect(view.currentIndex())

    def brightest(top, bottom):
        spots = [(x, y) for x in range(140, row.right() - 20) for y in range(top, bottom)]
        return max(picture.pixelColor(*each).lightness() for each in spots)

    upper, lower = brightest(row.top() + 8, row.center().y()), brightest(row.center().y() + 2, row.bottom() - 8)
    assert upper >= lower - 12, "but for smoothing"


def test_blend_modes_are_grouped(app, document):
    mode = app.window.layers.mode
    titles = [mode.itemText(index) for index in range(mode.count())]
    assert titles[:3] == ["Normal", "", "Darken"]
    assert titles.count("") == 6


def test_blend_mode_follows_and_is_set(app, document):
    app.do("new-layer")
    panel = app.window.layers
    assert panel.mode.value is NORMAL
    panel.mode.changed.emit(blend_mode("svg:multiply"))
    assert document.active.mode is blend_mode("svg:multiply")
    assert panel.layers.about(document.active).endswith("Multiply")
    app.do("undo")
    assert panel.mode.value is NORMAL


def test_locks_are_seen_and_heeded(app, document, until):
    app.do("lock-layer")
    assert document.active.lock is Lock.PIXELS
    app.window.action_set.refresh()
    assert app.window.action_set["lock-layer"].isChecked()
    app.do("new-layer")
    app.do("merge-down")
    until(lambda: not app.runner.jobs)
    assert "is locked" in app.window.notices.shown[-1].text
    assert len(document.layers) == 2


def test_thumbnails_are_drawn_again_when_the_picture_has_changed(app, document, until):
    app.do("new-layer")
    panel, layer = app.window.layers, document.layers[0]
    first = panel.layers.thumbnail(layer, 1.0)
    assert panel.layers.thumbnail(layer, 1.0) is first
    app.do("flip-horizontal")
    until(lambda: document.layers[0] not in panel.layers._thumbnails or True)
    assert panel.layers.thumbnail(document.layers[0], 1.0) is not first


def test_history_goes_anywhere(app, document):
    before = document.flatten()
    for action in ("flip-horizontal", "turn-image-left", "new-layer"):
        app.do(action)
    panel = app.window.history
    model = panel.list.model()
    assert [model.data(model.index(row)) for row in range(4)] == ["Open", "Flip", "Rotate", "New layer"]
    panel.list.setCurrentIndex(model.index(1))
    assert document.history.position == 1
    assert model.data(model.index(2), Qt.ItemDataRole.UserRole) is True
    assert model.data(model.index(1), Qt.ItemDataRole.UserRole) is False
    panel.list.setCurrentIndex(model.index(0))
    assert np.array_equal(document.flatten(), before)
    QTest.keyClick(panel.list, Qt.Key.Key_End)
    assert document.history.position == 3


def test_the_keyboard_is_seen_in_lists(app, document, application):
    app.do("new-layer")
    accent = app.theme.tokens.accent
    for panel in (app.window.history, app.window.layers):
        view, seen = panel.list, panel.list.viewport

        def ringed(view=view, seen=seen):
            rect, picture = view.visualRect(view.currentIndex()), seen().grab().toImage()
            column = [picture.pixelColor(rect.center().x(), y).name() for y in range(rect.top(), rect.bottom() + 1)]
            return accent in column

        view.setFocus(Qt.FocusReason.TabFocusReason)
        assert ringed()
        QTest.mouseClick(seen(), LEFT, pos=view.visualRect(view.currentIndex()).center())
        assert not ringed(), "it was the mouse"
        QTest.keyClick(view, Qt.Key.Key_Up)
        assert ringed()
        app.window.canvas.setFocus()
        assert not ringed()


def test_the_history_tells_its_memory_where_there_is_any(app, document):
    note = app.window.history.heading.note
    app.hand.drag((100, 100), (140, 110))
    assert note.text() == "", "a stroke keeps hardly any"
    assert note.toolTip()


def test_engine_options_are_kept_and_used(app, document, until):
    panel = app.window.engine
    panel.main.editor("grow").field.setFocus()
    panel.main.editor("grow").field.setValue(9)
    panel.main.editor("preset").changed.emit(Preset.BEST)
    panel.source.editor("source").changed.emit(Source.ORIGINAL)
    assert app.settings[EngineOptions].grow == 9
    assert app.settings[EngineOptions].preset is Preset.BEST
    assert app.settings[RemoveOptions].source is Source.ORIGINAL
    app.hand.drag((100, 100), (140, 100))
    app.do("remove")
    until(lambda: len(document.layers) == 2)
    recipe = document.layers[1].recipe
    assert recipe.settings["grow"] == 9
    assert recipe.source == "original"
    assert recipe.model == FALLBACK_MODEL


def test_the_engine_panel_offers_models_and_devices(app, document):
    panel = app.window.engine
    texts = [panel.model.itemText(index) for index in range(panel.model.count())]
    assert texts[0] == "Auto (Starter)"
    assert {"Patches", "Telea", "Navier-Stokes"} <= set(texts[1:-1])
    assert texts[-1] == "More models…"
    panel._choose("telea")
    assert app.settings[RemoveOptions].model == "telea"
    assert app.window.retouch.model == "telea"
    panel._choose("…")
    assert app.window.asks._preferences.isVisible()
    assert panel.model.value == "telea"
    panel.show_devices(["cpu"], "cpu, bfloat16")
    device = panel.main.editor("device")
    assert [device.itemText(index) for index in range(device.count())] == ["Auto (CPU, bfloat16)", "CPU"]
    assert device.value is DeviceName.AUTO


def test_what_a_removal_looks_at_and_its_model_are_chosen_apart(app, document):
    panel = app.window.engine
    app.do("after-stroke")
    panel.model.setFocus()
    QTest.keyClick(panel.model, Qt.Key.Key_Down)
    model = panel.model.value
    assert model
    (more,) = [each for each in panel.findChildren(QToolButton) if each.text() == "More"]
    QTest.mouseClick(more, LEFT)
    (original,) = [each for each in panel.source.findChildren(QToolButton) if each.text() == "Original"]
    QTest.mouseClick(original, LEFT)
    assert app.settings[RemoveOptions] == RemoveOptions(model, Source.ORIGINAL, after_stroke=True)
    assert panel.model.value == model


def test_the_engine_panel_shows_the_model_that_is_used(app):
    panel = app.window.engine
    for chosen, shown in (("telea", "telea"), ("own-network", "")):  # one that is gone: the best one stands in
        app.settings.put(RemoveOptions(model=chosen))
        assert panel.model.value == shown


def test_what_has_no_effect_cannot_be_changed(app, document, until):
    panel = app.window.engine
    app.settings.put(EngineOptions(refine=True))
    panel._choose("patches")
    rows = {name: panel.more.editor(name) for name in ("refine", "precision", "match_light")}
    assert [each.isEnabled() for each in rows.values()] == [False, False, True], "Patches is no network"
    app.hand.drag((100, 100), (140, 100))
    app.do("remove")
    until(lambda: len(document.layers) == 2)
    assert not app.engines.asked[-1][1].refine, "what is grey does not stop a fill"
    panel._choose("own-network")
    assert all(each.isEnabled() for each in rows.values())


def test_filling_after_strokes_is_offered_with_what_paints_a_mask(app, document):
    switch = app.window.tool_options.after_stroke
    for tool, offered in (("brush", True), ("move", False), ("lasso", True), ("hand", False)):
        app.do(tool)
        assert switch.isVisible() is offered, tool


def test_the_switch_and_the_menu_say_the_same_of_filling_after_strokes(app, document):
    switch, action = app.window.tool_options.after_stroke, app.window.action_set["after-stroke"]
    for toggle in (action.trigger, lambda: QTest.mouseClick(switch, LEFT), action.trigger):
        before = app.settings[RemoveOptions].after_stroke
        toggle()
        app.window.action_set.refresh()
        assert app.settings[RemoveOptions].after_stroke is not before
        assert switch.value is action.isChecked() is not before


def test_a_single_layer_goes_nowhere(app, document):
    actions = app.window.action_set
    for count in (1, 2):
        for name in ("raise-layer", "lower-layer", "flatten", "merge-visible"):
            assert actions[name].isEnabled() is (count == 2), name
        app.do("new-layer")
        actions.refresh()


def test_a_model_that_is_gone_is_not_used(app):
    app.settings.put(RemoveOptions(model="big-lama"))
    assert app.window.retouch.model == FALLBACK_MODEL


def test_the_navigator_shows_the_photo_and_moves_the_view(app, document, until):
    panel = app.window.navigator
    panel.show()
    until(lambda: not panel.map._picture.isNull())
    app.window.viewport.zoom_to(4.0)
    place = panel.map._place()
    QTest.mouseClick(panel.map, LEFT, pos=QPoint(round(place.left()) + 2, round(place.top()) + 2))
    visible = app.window.viewport.visible
    assert visible.left == 0
    assert visible.top == 0


def test_a_panel_that_floats_can_be_closed(app, document):
    panel = app.window.layers
    assert not panel.heading.close_button.isVisible()
    panel.setFloating(True)
    assert panel.heading.close_button.isVisible()
    QTest.mouseClick(panel.heading.close_button, LEFT)
    assert not panel.isVisible()
    app.do("reset-layout")
    assert panel.isVisible()
    assert not panel.heading.close_button.isVisible()


def test_the_layout_is_remembered_and_reset(app, application, until):
    from lama_desktop.ui.app import App

    window = app.window
    window.navigator.show()
    window.history.hide()
    window.close()
    until(lambda: app.closed)
    again = App(application, app.engines)
    try:
        assert not again.window.history.isVisibleTo(again.window)
        assert again.window.navigator.isVisibleTo(again.window)
        again.window.action_set["reset-layout"].trigger()
        assert again.window.history.isVisibleTo(again.window)
        assert not again.window.navigator.isVisibleTo(again.window)
    finally:
        again.close()


def test_a_damaged_layout_gives_the_usual_one(app, application):
    from lama_desktop.ui.app import App

    app.settings.remember("layout", "AAAA")
    app.settings.remember("geometry", "not base64 ü")
    app.settings.save()
    again = App(application, app.engines)
    try:
        assert again.window.layers.isVisibleTo(again.window)
    finally:
        again.close()
