"""The middle of the window: what is dragged over it, and tabs that can be read."""

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolButton
from window import LEFT, NONE, write_photo

from lama_desktop.ui.files import MANY
from lama_desktop.ui.sections import DropChoice, Editing
from lama_desktop.ui.workspace import NARROWEST_TAB, WIDEST_TAB

COPY, MOVE = Qt.DropAction.CopyAction, Qt.DropAction.MoveAction
SHIFT, ALT = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier


class Drag:
    """A drag over the window, by a source that would rather move."""

    def __init__(self, app, *paths):
        self.target = app.window.workspace
        self.data = QMimeData()
        self.data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])

    def enter(self, keys=NONE):
        return self._send(QDragEnterEvent, QPointF(50, 50), keys)

    def move(self, keys=NONE):
        return self._send(QDragMoveEvent, QPointF(60, 60), keys)

    def drop(self, keys=NONE):
        return self._send(QDropEvent, QPointF(60, 60), keys)

    def leave(self):
        QApplication.sendEvent(self.target, QDragLeaveEvent())

    def _send(self, kind, point, keys):
        event = kind(point, COPY | MOVE, self.data, LEFT, keys)
        event.setDropAction(MOVE)
        event.ignore()
        QApplication.sendEvent(self.target, event)
        return event


@pytest.fixture
def other(tmp_path):
    return write_photo(tmp_path / "other.png")


@pytest.fixture
def hint(app):
    return app.window.workspace.hint


def test_while_a_photo_is_dragged_the_window_says_what_would_happen(app, opened, other, hint, tmp_path):
    drag = Drag(app, other)
    assert drag.enter().isAccepted()
    assert hint.isVisible()
    assert hint.promise == "Drop to open"
    drag.leave()
    assert not hint.isVisible()
    opened(write_photo(tmp_path / "photo.png"))
    drag.enter()
    assert hint.promise == "Drop to choose: open, layer or mask"
    for keys, promise in ((SHIFT, "Drop to add as a layer"), (ALT, "Drop to use as the mask")):
        drag.move(keys)
        assert hint.promise == promise
    app.settings.put(Editing(drop=DropChoice.OPEN))
    drag.move()
    assert hint.promise == "Drop to open"
    folder = Drag(app, tmp_path)
    folder.enter()
    assert hint.promise == "Drop to choose: batch or open"
    many = Drag(app, *(tmp_path / f"{number}.png" for number in range(MANY + 1)))
    many.enter()
    assert hint.promise == "Drop to choose: batch or open"
    many.drop()
    assert app.window.prompts.asked[-1] == ("folders", MANY + 1), "as promised"
    app.do("batch")
    drag.enter()
    assert hint.promise == "Drop to add to the batch"
    assert hint.geometry() == app.window.workspace.area.geometry()


def test_what_is_no_picture_is_refused(app, hint):
    drag = Drag(app)
    drag.data.setText("hello")
    assert not drag.enter().isAccepted()
    assert not hint.isVisible()


def test_a_drop_is_a_copy_whatever_the_source_would_rather_do(app, other, hint, until):
    drag = Drag(app, other)
    for event in (drag.enter(), drag.move(), drag.drop()):
        assert event.isAccepted()
        assert event.dropAction() == COPY
    assert not hint.isVisible()
    until(lambda: app.window.document is not None)
    assert other.is_file()


def test_the_promise_is_kept(app, opened, other, tmp_path, until):
    (document,) = opened(write_photo(tmp_path / "photo.png"))
    drag = Drag(app, other)
    drag.enter(SHIFT)
    drag.drop(SHIFT)
    until(lambda: len(document.layers) == 2)
    drag.enter(ALT)
    drag.drop(ALT)
    until(lambda: not document.mask.is_empty)


def test_many_tabs_can_be_read_and_the_one_in_front_is_whole(app, opened, tmp_path):
    names = [f"a_photograph_with_a_name_{number:02}.png" for number in range(12)]
    opened(*(write_photo(tmp_path / name) for name in names))
    window, tabs = app.window, app.window.workspace.tabs
    QApplication.processEvents()
    for index in range(12):
        assert tabs.tabRect(index).width() >= NARROWEST_TAB
    front = tabs.currentIndex()
    assert tabs.tabRect(front).width() == tabs.tabSizeHint(front).width()
    assert tabs.rect().contains(tabs.tabRect(front)), "the one in front is in view"
    arrows = [each for each in tabs.findChildren(QToolButton) if each.isVisible() and each.arrowType().value]
    assert len(arrows) == 2
    for _ in range(20):
        QTest.mouseClick(arrows[0], LEFT)
    QTest.mouseClick(tabs, LEFT, pos=tabs.tabRect(0).center() - QPoint(20, 0))
    assert window.document.path.name == names[0]
    assert window.width() == 1200


def test_few_tabs_are_as_wide_as_their_names(app, opened, tmp_path):
    opened(write_photo(tmp_path / "a.png"), write_photo(tmp_path / ("long" * 30 + ".png")))
    tabs = app.window.workspace.tabs
    QApplication.processEvents()
    assert tabs.tabRect(0).width() < NARROWEST_TAB
    assert tabs.tabRect(1).width() == WIDEST_TAB
