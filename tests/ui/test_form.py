"""A form shows every kind of option, says what changed, and can be used by hand, by wheel and by keyboard."""

from dataclasses import dataclass
from enum import StrEnum

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QToolButton, QVBoxLayout, QWidget

from lama_desktop.engine.options import EngineOptions, Preset
from lama_desktop.options import option, options_of
from lama_desktop.ui.controls.choices import Choice, Segments, Switch
from lama_desktop.ui.controls.focus_ring import FocusRing
from lama_desktop.ui.controls.numbers import STEPS, Scale, SliderField
from lama_desktop.ui.form import CompactNumber, Form, TextField, choice_title
from lama_desktop.ui.sections import Appearance
from lama_desktop.ui.theme import Theme, ThemeChoice


class Edge(StrEnum):
    SOFT = "soft"
    HARD = "hard"
    VERY_HARD = "very-hard"
    NONE = "none"


@dataclass(frozen=True)
class Brush:
    """How a brush paints."""

    size: int = option(48, "Size", "diameter", low=1, high=2000, unit="px")
    hardness: float = option(0.8, "Hardness", "edge", low=0, high=1)
    reach: float = option(1.5, "Reach", "how far", low=0.1, high=4.0)
    edge: Edge = option(Edge.SOFT, "Edge", "which edge")
    smooth: bool = option(True, "Smooth", "smooth strokes")
    note: str = option("", "Note", "what for")


@pytest.fixture
def form(application, until):
    Theme(application, ThemeChoice.DARK)
    made = Form(Brush())
    made.resize(320, 300)
    made.show()
    made.activateWindow()
    until(made.isActiveWindow)
    made.heard = []
    made.changed.connect(made.heard.append)
    return made


def test_every_kind_of_option_has_its_control(form):
    kinds = (SliderField, SliderField, SliderField, Choice, Switch, TextField)
    names = [each.name for each in options_of(Brush)]
    assert [type(form.editor(name)) for name in names] == list(kinds)
    assert isinstance(Form(EngineOptions()).editor("preset"), Segments)
    assert isinstance(Form(Brush(), compact=True).editor("size"), CompactNumber)


def test_titles_help_and_names_come_from_the_declaration(form):
    labels = [each.text() for each in form.findChildren(QLabel)]
    assert labels == ["Size", "Hardness", "Reach", "Edge", "Smooth", "Note"]
    assert form.editor("size").toolTip() == "Diameter."
    assert form.editor("size").accessibleName() == "Size"
    assert form.editor("size").slider.accessibleName() == "Size"


def test_numbers_are_shown_with_their_unit(form):
    texts = [form.editor(name).field.text() for name in ("size", "hardness", "reach")]
    assert texts == ["48 px", "80 %", "1.5 ×"]


def test_values_are_shown_without_a_signal(form):
    form.values = Brush(7, 0.25, 2.0, Edge.HARD, False, "x")
    assert form.editor("size").value == 7
    assert form.editor("hardness").field.text() == "25 %"
    assert form.editor("edge").currentText() == "Hard"
    assert form.editor("smooth").value is False
    assert form.heard == []
    assert form.values == Brush(7, 0.25, 2.0, Edge.HARD, False, "x")


def test_defaults_are_those_of_the_options_that_are_shown(form):
    part = Form(Brush(7, 0.25, note="x"), only=["size", "edge"])
    part.changed.connect(form.heard.append)
    part.restore()
    assert form.heard == [Brush(48, 0.25, note="x")]
    assert part.editor("size").value == 48


def test_a_form_follows_sections_of_its_own_kind(form):
    form.follow(Appearance())
    assert form.values == Brush()
    form.follow(Brush(7))
    assert form.editor("size").value == 7
    assert form.heard == []


def test_typing_a_number_counts_when_it_is_complete(form, application):
    field = form.editor("size").field
    field.setFocus()
    application.processEvents()
    QTest.keyClicks(field, "125")
    assert form.heard == []
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert [each.size for each in form.heard] == [125]
    assert not field.hasFocus()
    field.setFocus()
    application.processEvents()
    QTest.keyClicks(field, "7")
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert form.values.size == 125


def test_a_slider_is_dragged_and_reset(form):
    slider = form.editor("reach").slider
    y = slider.height() // 2
    QTest.mousePress(slider, Qt.MouseButton.LeftButton, pos=QPoint(6, y))
    assert form.values.reach == pytest.approx(0.1)
    QTest.mouseMove(slider, QPoint(slider.width(), y))
    QTest.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.width(), y))
    assert form.values.reach == pytest.approx(4.0)
    QTest.mouseDClick(slider, Qt.MouseButton.LeftButton, pos=QPoint(6, y))
    assert form.values.reach == 1.5


def test_the_wheel_turns_a_slider_and_leaves_a_list_alone(form, application):
    def turn(widget):
        middle = QPointF(widget.width() / 2, widget.height() / 2)
        angle, none = QPoint(0, 120), Qt.KeyboardModifier.NoModifier
        event = QWheelEvent(
            middle, widget.mapToGlobal(middle), QPoint(), angle, Qt.MouseButton.NoButton, none,
            Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(widget, event)

    turn(form.editor("hardness").slider)
    assert form.values.hardness > 0.8
    turn(form.editor("edge"))
    assert form.values.edge is Edge.SOFT


def test_arrow_keys_move_a_slider_and_choices(form):
    slider = form.editor("hardness").slider
    QTest.keyClick(slider, Qt.Key.Key_Left)
    assert form.values.hardness < 0.8
    QTest.keyClick(slider, Qt.Key.Key_Home)
    assert form.values.hardness == 0
    QTest.keyClick(form.editor("edge"), Qt.Key.Key_Down)
    assert form.values.edge is Edge.HARD
    QTest.keyClick(form.editor("smooth"), Qt.Key.Key_Space)
    assert form.values.smooth is False


def test_segments_are_chosen_by_a_click(application):
    form = Form(EngineOptions(), only=["preset"])
    form.show()
    buttons = form.editor("preset").findChildren(object, options=Qt.FindChildOption.FindDirectChildrenOnly)
    button = next(each for each in buttons if getattr(each, "text", str)() == "Best")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert form.values.preset is Preset.BEST
    form.values = EngineOptions()
    assert form.editor("preset").value is Preset.NORMAL


def test_the_keyboard_is_where_a_segment_was_clicked(application, until):
    theme, ring = Theme(application, ThemeChoice.DARK), FocusRing(application)
    form = Form(Appearance(), only=["mask_opacity", "theme"])
    form.changed.connect(lambda values: theme.choose(values.theme))
    form.show()
    form.activateWindow()
    until(form.isActiveWindow)
    form.editor("mask_opacity").setFocus(Qt.FocusReason.TabFocusReason)
    light = next(each for each in form.editor("theme").findChildren(QToolButton) if each.text() == "Light")
    QTest.mouseClick(light, Qt.MouseButton.LeftButton)
    application.processEvents()
    assert application.focusWidget() is light
    assert not ring.isVisible(), "it was the mouse"
    form.editor("mask_opacity").setFocus(Qt.FocusReason.TabFocusReason)
    assert not ring.isVisible(), "a field has a frame of its own"
    form.editor("theme").setFocus(Qt.FocusReason.TabFocusReason)
    assert application.focusWidget() is light
    assert ring.isVisible()
    QTest.keyClick(light, Qt.Key.Key_Right)
    assert form.values.theme is ThemeChoice.DARK
    assert application.focusWidget().text() == "Dark"
    application.focusChanged.disconnect(ring.follow)


@pytest.mark.parametrize("name", ["size", "hardness", "reach"])
def test_every_value_finds_its_place_on_the_slider_and_back(name):
    declared = next(each for each in options_of(Brush) if each.name == name)
    scale = Scale(declared)
    assert scale.value(0) == declared.low
    assert scale.value(STEPS) == declared.high
    values = [scale.value(position) for position in range(STEPS + 1)]
    assert values == sorted(values)
    assert abs(scale.value(scale.position(declared.default)) - declared.default) <= 1
    if name == "size":
        assert set(range(1, 60)) <= set(values), "small brushes can be chosen one by one"


def test_a_list_offers_only_what_there_is_and_keeps_what_was_chosen(form):
    form.values = Brush(edge=Edge.HARD)
    form.limit("edge", ["soft"])
    editor = form.editor("edge")
    assert [editor.itemText(index) for index in range(editor.count())] == ["Soft", "Hard"]
    assert editor.value is Edge.HARD


def test_a_list_has_lines_and_shows_its_titles_in_full(application, until):
    Theme(application, ThemeChoice.DARK)
    long = "A title that is much longer than the field is wide"
    choice = Choice([(1, "One"), (None, ""), (2, "Two"), (3, long)])
    heard = []
    choice.changed.connect(heard.append)
    choice.resize(80, 26)
    choice.show()
    choice.activateWindow()
    until(choice.isActiveWindow)
    choice.setFocus()
    QTest.keyClick(choice, Qt.Key.Key_Down)
    assert choice.value == 2, "past the line"
    assert heard == [2]
    choice.showPopup()
    assert choice.view().viewport().width() > choice.fontMetrics().horizontalAdvance(long)
    choice.hidePopup()


def test_names_of_choices():
    assert [choice_title(each) for each in ("cpu", "very-hard", "auto")] == ["CPU", "Very hard", "Auto"]


def test_the_ring_follows_the_keyboard_and_not_the_mouse(application, until):
    Theme(application, ThemeChoice.DARK)
    window = QWidget()
    layout = QVBoxLayout(window)
    first, second = Switch(), Switch()
    for each in (first, second):
        each.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        layout.addWidget(each)
    window.show()
    window.activateWindow()
    until(window.isActiveWindow)
    ring = FocusRing(application)
    second.setFocus(Qt.FocusReason.TabFocusReason)
    assert ring.isVisible()
    first.setFocus(Qt.FocusReason.TabFocusReason)
    assert ring.geometry().contains(first.geometry())
    second.setFocus(Qt.FocusReason.TabFocusReason)
    assert ring.geometry().contains(second.geometry())
    second.setProperty("ownFocus", True)
    first.setFocus()
    second.setFocus()
    assert not ring.isVisible()
    application.focusChanged.disconnect(ring.follow)
