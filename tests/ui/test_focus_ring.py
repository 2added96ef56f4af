"""The ring is around what the keyboard has reached: there, as long as that is seen, and nowhere else."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from window import write_photo

TAB_REASON = Qt.FocusReason.TabFocusReason


@pytest.fixture
def ring(app):
    return app.ring


def reach(widget):
    widget.setFocus(TAB_REASON)
    QApplication.processEvents()


def test_the_menu_bar_has_none(app, ring, opened, tmp_path):
    opened(write_photo(tmp_path / "a.png"))
    QTest.keyClick(app.window.canvas, Qt.Key.Key_F10)
    for _ in range(2):
        reach(app.window.menuBar())
        assert not ring.isVisible()


def test_it_moves_with_what_it_is_around(app, ring):
    window = app.window
    switch = window.tool_options.after_stroke
    reach(switch)
    assert ring.isVisible()
    window.toolbox.hide()
    button = window.workspace.area.currentWidget().sample
    reach(button)
    for width in (1200, 900):
        window.resize(width, 700)
        QApplication.processEvents()
        assert ring.geometry().center() == button.mapTo(window, button.rect().center())


def test_it_goes_with_what_it_was_around(app, ring, opened, tmp_path):
    window = app.window
    button = window.workspace.area.currentWidget().sample
    reach(button)
    assert ring.isVisible()
    opened(write_photo(tmp_path / "a.png"))
    assert not ring.isVisible()
    window.resize(1000, 700)
    QApplication.processEvents()
    assert not ring.isVisible()


def test_it_is_not_left_behind_by_a_tile_that_goes(app, ring, tmp_path):
    window, path = app.window, write_photo(tmp_path / "a.png")
    window.recent.add(path)
    empty = window.workspace.area.currentWidget()
    QApplication.processEvents()
    reach(empty._tiles[0])
    assert ring.isVisible()
    window.recent.add(write_photo(tmp_path / "b.png"))
    window.resize(1000, 700)
    QApplication.processEvents()
    around = QApplication.focusWidget()
    assert not ring.isVisible() or ring.geometry().center() == around.mapTo(window, around.rect().center())
