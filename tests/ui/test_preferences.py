"""Preferences stay open beside the window: both show the same options, and a change in one undoes none in the other."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton
from window import write_photo

from lama_desktop.engine.options import EngineOptions, Preset
from lama_desktop.ui.sections import Appearance, Editing, FolderChoice, RemoveOptions, Source
from lama_desktop.ui.theme import ThemeChoice

LEFT = Qt.MouseButton.LeftButton
APPEARANCE, EDITING, ENGINE, REMOVAL = range(4)


@pytest.fixture
def shown(app, until):
    """Show a page of the preferences; return its form of that number, counted over all pages."""

    def show(key, number):
        app.window.asks.preferences(key)
        page = app.window.asks._preferences
        until(page.isActiveWindow)
        return page.forms[number]

    return show


@pytest.fixture
def enter(application, until):
    """Type a number into a field of either window."""

    def type_it(field, number):
        field.window().activateWindow()
        until(field.window().isActiveWindow)
        field.setFocus()
        application.processEvents()
        QTest.keyClicks(field, str(number))
        QTest.keyClick(field, Qt.Key.Key_Return)

    return type_it


def press(form, name, title):
    (button,) = [each for each in form.editor(name).findChildren(QToolButton) if each.text() == title]
    QTest.mouseClick(button, LEFT)


def test_what_was_changed_in_the_engine_panel_stays(app, shown, enter):
    form, panel = shown("engine", ENGINE), app.window.engine
    enter(panel.main.editor("grow").field, 33)
    assert form.editor("grow").value == 33, "the open page shows it"
    enter(form.editor("feather").field, 4)
    press(form, "preset", "Best")
    assert (panel.main.editor("grow").value, panel.main.editor("feather").value) == (33, 4)
    assert app.settings[EngineOptions] == EngineOptions(grow=33, feather=4, preset=Preset.BEST)


def test_what_was_changed_by_a_key_stays(app, shown, enter, opened, tmp_path):
    opened(write_photo(tmp_path / "photo.png"))
    form = shown("appearance", APPEARANCE)
    app.do("pixel-grid")
    app.do("mask-color")
    assert form.editor("pixel_grid").value is False, "the open page shows it"
    enter(form.editor("mask_opacity").field, 70)
    chosen = app.settings[Appearance]
    assert (chosen.pixel_grid, chosen.mask_opacity) == (False, 0.7)
    assert form.editor("mask_color").value == chosen.mask_color != Appearance().mask_color


def test_what_was_answered_once_and_for_all_stays(app, shown, enter):
    form = shown("editing", EDITING)
    app.settings.put(Editing(drop_folders=FolderChoice.BATCH))
    assert form.editor("drop_folders").value is FolderChoice.BATCH
    enter(form.editor("history_mb").field, 900)
    assert app.settings[Editing] == Editing(history_mb=900, drop_folders=FolderChoice.BATCH)


def test_the_window_shows_what_the_preferences_change(app, shown):
    form = shown("engine", REMOVAL)
    press(form, "source", "Original")
    QTest.mouseClick(form.editor("after_stroke"), LEFT)
    assert app.window.engine.source.editor("source").value is Source.ORIGINAL
    assert app.window.tool_options.after_stroke.value


def test_defaults_are_those_of_the_rows_of_the_page(app, shown):
    app.settings.put(RemoveOptions("telea", Source.BELOW, True))
    app.settings.put(EngineOptions(grow=33))
    app.settings.put(Editing(history_mb=900))
    form = shown("engine", REMOVAL)
    QTest.mouseClick(app.window.asks._preferences.defaults, LEFT)
    assert app.settings[RemoveOptions] == RemoveOptions("telea"), "the model has no row there"
    assert app.settings[EngineOptions] == EngineOptions()
    assert app.settings[Editing].history_mb == 900, "another page"
    assert form.editor("source").value is Source.VISIBLE
    assert not form.editor("after_stroke").value


def test_only_another_theme_dresses_the_window_anew(app, shown, enter, opened, tmp_path):
    opened(write_photo(tmp_path / "photo.png"))
    dressed = []
    app.theme.changed.connect(lambda: dressed.append(app.theme.tokens))
    form = shown("appearance", APPEARANCE)
    app.do("pixel-grid")
    enter(form.editor("mask_opacity").field, 70)
    assert not dressed, "that would take long"
    press(form, "theme", "Light")
    assert dressed
    assert app.settings[Appearance].theme is ThemeChoice.LIGHT
