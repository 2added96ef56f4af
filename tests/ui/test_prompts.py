"""Questions are answered by one key or one click; what loses something is red and never given by Enter."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from lama_desktop.ui.dialogs.question import Question
from lama_desktop.ui.prompts import Prompts, Unsaved
from lama_desktop.ui.sections import DropChoice, FolderChoice

PHOTO = [Path("a.jpg")]


@pytest.fixture
def prompts(app):
    return Prompts(app.window, app.settings)


@pytest.fixture
def press(application):
    """Give the next question these keys, each a key of the keyboard or the text of a button that is clicked."""

    def give(*keys):
        def answer():
            question = application.activeModalWidget()
            try:
                assert isinstance(question, Question)
                seen.append(question)
                for key in keys:
                    if isinstance(key, str):
                        button = next(each for each in question.buttons if each.text() == key)
                        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
                    else:
                        QTest.keyClick(application.focusWidget(), key)
            finally:
                if question.isVisible():
                    question.reject()

        seen = []
        QTimer.singleShot(100, answer)
        return seen

    return give


ENTER, ESCAPE, SPACE, BACK = Qt.Key.Key_Return, Qt.Key.Key_Escape, Qt.Key.Key_Space, Qt.Key.Key_Backtab


@pytest.mark.parametrize(
    ("keys", "answer"),
    [((ENTER,), (DropChoice.OPEN, False)), ((ESCAPE,), (None, False)), (("Add as layer",), (DropChoice.LAYER, False)),
     ((SPACE, ENTER), (DropChoice.OPEN, True)), ((SPACE, ESCAPE), (None, False)), (("Cancel",), (None, False))],
)  # fmt: skip
def test_a_drop_is_answered(prompts, press, keys, answer):
    press(*keys)
    assert prompts.dropped(PHOTO) == answer


def test_several_pictures_are_no_mask(prompts, press):
    seen = press(ESCAPE)
    prompts.dropped(PHOTO * 2)
    assert {each.text() for each in seen[0].buttons} == {"Open", "Add as layer", "Cancel"}


def test_folders_are_answered(prompts, press):
    press("Open")
    assert prompts.dropped_folders(PHOTO) == (FolderChoice.OPEN, False)


@pytest.mark.parametrize(
    ("key", "answer"),
    [(ENTER, Unsaved.SAVE), (ESCAPE, Unsaved.CANCEL), ("Export…", Unsaved.EXPORT), ("Discard", Unsaved.DISCARD),
     ("Cancel", Unsaved.CANCEL)],
)  # fmt: skip
def test_changes_are_saved_discarded_or_kept(prompts, press, key, answer):
    seen = press(key)
    assert prompts.unsaved("photo.jpg") is answer
    kinds = {each.text(): each.property("kind") for each in seen[0].buttons}
    assert kinds == {"Save": "primary", "Export…": None, "Discard": "danger", "Cancel": None}
    assert any("photo.jpg" in label.text() for label in seen[0].findChildren(QLabel))


def test_confirming(prompts, press):
    press(ENTER)
    assert prompts.confirm("Replace it?", "Replace") is True
    press(ESCAPE)
    assert prompts.confirm("Replace it?", "Replace") is False


def test_names_are_no_markup(application):
    question = Question(None, "<b>a</b> & b.png has changes.", "<i>more</i>")
    for label in question.findChildren(QLabel):
        assert label.textFormat() == Qt.TextFormat.PlainText


def test_enter_loses_nothing(application, press):
    question = Question(None, "Delete it?")
    delete = question.add("Delete", danger=True)
    press(ENTER)
    assert question.ask() is not delete
