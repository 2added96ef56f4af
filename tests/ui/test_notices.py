"""What is said is seen, on top of everything, with the photo it is about, and in nobody's way."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QToolButton
from window import write_photo

from lama_desktop.errors import LamaDesktopError
from lama_desktop.ui import notices as module
from lama_desktop.ui.notices import MOST, State, Tone

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def photos(opened, tmp_path):
    return opened(write_photo(tmp_path / "a.png"), write_photo(tmp_path / "b.png"))


@pytest.fixture
def brief(app, monkeypatch):
    """Nothing lingers, and the pointer is elsewhere."""
    QTest.mouseMove(app.window.status)
    for name in ("LINGER_MS", "LINGER_LONG_MS", "REST_MS"):
        monkeypatch.setattr(module, name, 20)


def seen(app):
    return [each.text for each in app.window.notices.shown if each.isVisible()]


def at(app, widget, point=None):
    """Return what a click in the middle of a widget would hit, in the window."""
    place = widget.mapTo(app.window, widget.rect().center() if point is None else point)
    return app.window.childAt(place)


def click(app, widget, text=None):
    """Click the button of a notice: the one with a text, or the one that closes it."""
    kind = QToolButton if text is None else QPushButton
    button = next(each for each in widget.findChildren(kind) if text is None or each.text() == text)
    assert at(app, button) is button
    QTest.mouseClick(button, LEFT)


def test_said_again_is_said_once(app):
    notices = app.window.notices
    first = notices.tell("It broke.", Tone.ERROR)
    notices.tell("It broke.", Tone.ERROR)
    assert [each.text for each in notices.shown] == ["It broke."]
    assert first.state is State.GONE


def test_few_are_seen_at_a_time_and_no_error_is_lost(app):
    notices = app.window.notices
    for number in range(3):
        notices.tell(f"error {number}", Tone.ERROR)
    for number in range(MOST):
        notices.tell(f"word {number}")
    assert seen(app) == [f"word {number}" for number in range(MOST)]
    assert notices._fold.isVisible()
    assert notices._fold.text == "3 messages"
    click(app, notices._fold, "Show")
    assert {"error 0", "error 1", "error 2"} <= set(seen(app))
    assert not notices._fold.isVisible()


def test_words_go_and_errors_are_folded_away(app, until, brief):
    notices = app.window.notices
    notices.tell("Written.")
    notices.tell("It broke.", Tone.ERROR)
    until(lambda: seen(app) == [])
    until(lambda: notices._fold.isVisible())
    assert [each.text for each in notices.shown] == ["It broke."]
    assert notices._fold.text == "1 message"
    assert notices._fold.tone is Tone.ERROR, "as bad as the worst that is in it"
    click(app, notices._fold)
    assert notices.shown == []
    assert not notices.isVisible()


def test_what_is_under_the_pointer_stays(app, until, brief):
    notice = app.window.notices.tell("Read me.")
    notice.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, True)
    QTest.qWait(120)
    assert notice.isVisible()
    notice.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, False)
    until(lambda: notice.state is State.GONE)


def test_notices_lie_over_a_photo_that_is_opened_later(app, opened, tmp_path):
    notice = app.window.notices.tell("It broke.", Tone.ERROR)
    for name in ("a.png", "b.png"):
        opened(write_photo(tmp_path / name))
        assert notice.isAncestorOf(at(app, notice)) or at(app, notice) is notice
    app.do("batch")
    assert notice.isAncestorOf(at(app, notice)) or at(app, notice) is notice


def test_what_is_about_a_photo_is_seen_with_it_and_goes_with_it(app, photos):
    window, (first, second) = app.window, photos
    window.notices.tell("About a.", Tone.ERROR, about=first)
    window.notices.tell("About b.", Tone.ERROR, about=second)
    window.notices.tell("About all.", Tone.ERROR)
    assert seen(app) == ["About b.", "About all."]
    window.workspace.show_tab(first)
    assert seen(app) == ["About a.", "About all."]
    window.files.close(first)
    assert seen(app) == ["About b.", "About all."]
    assert "About a." not in [each.text for each in window.notices.shown]


def test_a_failed_removal_is_told_over_its_photo(app, photos, until):
    window, (first, second) = app.window, photos
    window.workspace.show_tab(first)
    app.hand.drag((100, 100), (140, 100))

    def refuse(name, options):
        raise LamaDesktopError("This model is not here.")

    app.engines.engine = refuse
    app.do("remove")
    window.workspace.show_tab(second)
    until(lambda: window.notices.shown)
    assert seen(app) == []
    window.workspace.show_tab(first)
    assert seen(app) == ["This model is not here."]


def test_strokes_go_through_beside_and_between(app, photos):
    window = app.window
    one, two = (window.notices.tell(text, Tone.ERROR) for text in ("One.", "Two."))
    QApplication.processEvents()
    for place in (QPoint(-5, 5), QPoint(one.width() + 5, 5), QPoint(one.width() // 2, one.height() + 3)):
        assert at(app, one, place) is window.canvas
    assert at(app, two) is not window.canvas


def test_a_click_too_many_neither_paints_nor_closes_the_next(app, photos, until):
    window, (_, document) = app.window, photos
    one, two = (window.notices.tell(text, Tone.ERROR) for text in ("One.", "Two."))
    QApplication.processEvents()
    place = two.geometry()
    close = one.findChildren(QToolButton)[-1]
    point = close.mapTo(window, close.rect().center())
    click(app, one)
    QApplication.processEvents()
    assert two.geometry() == place, "nothing moves under the pointer"
    hit = window.childAt(point)
    assert hit is window.notices
    QTest.mouseClick(hit, LEFT, pos=hit.mapFrom(window, point))
    assert document.mask.is_empty
    assert [each.text for each in window.notices.shown] == ["Two."]
    until(lambda: two.geometry().top() == 0, timeout_s=5)


def test_an_offer_is_taken_once(app):
    done = []
    offer = app.window.notices.tell("Take it?", offer=("Yes", lambda: done.append(True)))
    QApplication.processEvents()
    click(app, offer, "Yes")
    assert done == [True]
    assert offer.state is State.GONE
