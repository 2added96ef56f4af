"""Where bars and panels are: hidden and back to the pixel, on small screens, engine first, never cut."""

import numpy as np
import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QScrollArea, QWidget
from window import MeanEngines, write_photo

from lama_desktop.core.commands import Compound
from lama_desktop.ui.app import App
from lama_desktop.ui.controls.scrolling import Strip

TAB, F6 = Qt.Key.Key_Tab, Qt.Key.Key_F6


@pytest.fixture
def photo(tmp_path):
    return write_photo(tmp_path / "photo.png")


def places(window):
    parts = (*window.panels, window.toolbox, window.tool_options)
    return {part.objectName(): (part.isVisible(), part.geometry().getRect()) for part in parts}


def settle():
    for _ in range(3):
        QApplication.processEvents()


def test_hidden_panels_come_back_to_the_pixel(app, opened, photo):
    opened(photo)
    window = app.window
    window.resizeDocks([window.engine, window.layers], [260, 200], Qt.Orientation.Vertical)
    settle()
    before = places(window)
    for _ in range(3):
        app.hand.key(TAB)
        settle()
        assert window.arrangement.hides_all
        assert not any(shown for shown, _ in places(window).values())
        app.hand.key(TAB)
        settle()
        assert places(window) == before


def test_a_window_closed_while_panels_are_hidden_remembers_them(app, application, opened, photo, until):
    app.window.resize(780, 700)  # the screen of these tests is small
    opened(photo)
    before = places(app.window)
    app.hand.key(TAB)
    app.window.close()
    until(lambda: app.closed)
    again = App(application, MeanEngines())
    try:
        again.window.show()
        settle()
        after = places(again.window)
        for name, (shown, place) in before.items():
            assert after[name][0] == shown
            # Qt shares rounded parts of the height out anew.
            assert np.abs(np.subtract(after[name][1], place)).max() <= 1, name
        assert not again.window.arrangement.hides_all
    finally:
        again.close()


def test_a_page_has_the_room_and_gives_it_back(app, opened, photo):
    opened(photo)
    window, before = app.window, places(app.window)
    app.do("batch")
    settle()
    assert not window.layers.isVisible()
    window.workspace.step(1)
    settle()
    assert places(window) == before


def test_a_new_window_fits_its_screen(app, application, until):
    app.window.close()
    until(lambda: app.closed)
    app.settings.remember("geometry", "")
    app.settings.save()
    again = App(application, MeanEngines())
    try:
        room = again.window.screen().availableSize()
        assert again.window.size().boundedTo(room) == again.window.size()
        assert again.window.height() < room.height(), "there is a title bar"
    finally:
        again.close()


def test_a_remembered_window_fits_its_screen(app, application, until):
    app.window.resize(4000, 3000)
    app.window.close()
    until(lambda: app.closed)
    again = App(application, MeanEngines())
    try:
        room = again.window.screen().availableSize()
        assert again.window.size().boundedTo(room) == again.window.size()
    finally:
        again.close()


def test_the_window_can_be_as_small_as_half_a_laptop(app, opened, photo, tmp_path):
    for number in range(8):
        app.window.recent.add(write_photo(tmp_path / f"{number}.png"))
    settle()
    assert app.window.minimumSizeHint().boundedTo(QSize(800, 470)) == app.window.minimumSizeHint()
    opened(photo)
    assert app.window.minimumSizeHint().boundedTo(QSize(800, 470)) == app.window.minimumSizeHint()


def test_panels_are_never_narrower_than_what_is_in_them(app, opened, photo):
    window = app.window
    window.resizeDocks([window.engine], [100], Qt.Orientation.Horizontal)
    for width, height in ((1024, 700), (800, 600), (720, 480)):
        window.resize(width, height)
        settle()
        for part in (window.engine.model, window.engine.main, window.layers.opacity):
            right = part.mapTo(window, part.rect().topRight()).x()
            assert right < window.width(), (width, part)
        area = window.engine.findChild(QScrollArea)
        assert area.widget().width() <= area.viewport().width()
        assert area.horizontalScrollBar().maximum() == 0
    assert window.layers.mode.width() >= window.layers.mode.minimumSizeHint().width()


def test_the_engine_panel_keeps_its_height_first(app, opened, photo):
    opened(photo)
    window = app.window
    app.do("reset-layout")
    settle()
    whole = window.engine.height()
    area = window.engine.findChild(QScrollArea)
    assert area.verticalScrollBar().maximum() == 0
    for height in (740, 690, 560, 480, 690, 1000):
        window.resize(1366, height)
        settle()
        room = window.engine.height() + window.layers.height() + window.history.height()
        least = window.layers.minimumSizeHint().height() + window.history.minimumSizeHint().height()
        assert window.engine.height() == min(whole, room - least), height


def test_a_height_given_by_hand_stays(app, opened, photo):
    opened(photo)
    window = app.window
    window.resizeDocks([window.engine, window.layers], [200, 400], Qt.Orientation.Vertical)
    settle()
    chosen = window.engine.height()
    for height in (700, 800):
        window.resize(1200, height)
        settle()
        assert window.engine.height() == chosen


def test_remove_is_seen_in_a_narrow_window_and_no_option_is_lost(app, opened, photo):
    opened(photo)
    window = app.window
    window.resize(760, 600)
    settle()
    strip = window.tool_options.findChild(Strip)
    assert strip.onward.isVisible()
    assert not strip.back.isVisible()
    button = next(each for each in window.tool_options.findChildren(QWidget) if each.accessibleName() == "Remove")
    assert button.mapTo(window, button.rect().topRight()).x() < window.width()
    for _ in range(8):
        QTest.mouseClick(strip.onward, Qt.MouseButton.LeftButton)
    assert strip.back.isVisible()
    assert not strip.onward.isVisible()
    switch = window.tool_options.after_stroke
    assert strip.viewport().rect().contains(switch.mapTo(strip.viewport(), switch.rect().center()))
    window.resize(1600, 600)
    settle()
    assert not strip.back.isVisible()


def test_f6_begins_with_the_first_option_and_tab_goes_on_from_left_to_right(app, opened, photo):
    opened(photo)
    window = app.window
    for tool in ("brush", "wand", "brush"):
        window.toolbox.take(tool)
        settle()
        window.canvas.setFocus()
        for _ in range(2):
            QTest.keyClick(QApplication.focusWidget(), F6)
        assert window.tool_options.isAncestorOf(QApplication.focusWidget())
        seen = []
        while window.tool_options.isAncestorOf(QApplication.focusWidget()):
            focus = QApplication.focusWidget()
            seen.append(focus.mapTo(window, focus.rect().topLeft()).x())
            QTest.keyClick(focus, TAB)
        assert seen == sorted(seen)
        assert len(seen) >= 4
        assert seen[0] < 200


def test_the_current_step_stays_in_view(app, opened, photo):
    (document,) = opened(photo)
    window = app.window
    for _ in range(14):
        document.do(Compound("Step", []))
    steps = window.history.list
    for change in (lambda: app.do("reset-layout"), lambda: window.resize(1200, 560), lambda: window.resize(1200, 800)):
        change()
        settle()
        assert steps.viewport().rect().contains(steps.visualRect(steps.currentIndex()))
