"""The theme: texts can be read, the style sheet names only tokens, a switch reaches all widgets, icons are sharp."""

import dataclasses
import re

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton

from lama_desktop.paths import resource
from lama_desktop.ui import theme as module
from lama_desktop.ui.icons import drawing, program_icon, themed_icon
from lama_desktop.ui.theme import DARK, LIGHT, Theme, ThemeChoice, contrast, style_sheet

GROUNDS = ("window", "panel", "raised", "field")
NAMES = sorted(path.stem for path in resource("icons").glob("*.svg"))


@pytest.fixture
def theme(application):
    made = Theme(application, ThemeChoice.DARK)
    yield made
    made.choose(ThemeChoice.DARK)


@pytest.mark.parametrize("tokens", [DARK, LIGHT], ids=["dark", "light"])
def test_texts_can_be_read(tokens):
    pairs = [("text", ground) for ground in (*GROUNDS, "selection", "hover", "surround")]
    pairs += [("secondary", ground) for ground in GROUNDS]
    pairs += [("on_action", ground) for ground in ("action", "action_hover", "action_pressed")]
    pairs += [(text, ground) for text in ("danger", "warning") for ground in ("window", "panel", "raised")]
    for text, ground in pairs:
        assert contrast(getattr(tokens, text), getattr(tokens, ground)) >= 4.5, (text, ground)
    for ground in GROUNDS:
        assert contrast(tokens.disabled, getattr(tokens, ground)) >= 3, ground
        assert contrast(tokens.accent, getattr(tokens, ground)) >= 3, ground


@pytest.mark.parametrize("tokens", [DARK, LIGHT], ids=["dark", "light"])
def test_a_selected_row_is_readable_without_the_keyboard(tokens, application):
    """One that is only with it is on labelme's list."""
    for group in (QPalette.ColorGroup.Active, QPalette.ColorGroup.Inactive):
        colors = module.palette(tokens)
        assert colors.color(group, QPalette.ColorRole.Highlight).name() == tokens.selection
        assert colors.color(group, QPalette.ColorRole.HighlightedText).name() == tokens.text


def test_contrast_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("tokens", [DARK, LIGHT], ids=["dark", "light"])
def test_the_style_sheet_writes_no_colour_itself(tokens):
    source = resource("style.qss").read_text(encoding="utf-8")
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b", re.sub(r"#[a-z]+", "", source))
    assert "@" not in style_sheet(tokens)
    assert set(re.findall(r"#[0-9a-f]{6}", style_sheet(tokens))) <= set(dataclasses.astuple(tokens))


def test_a_switch_reaches_widgets_and_listeners(theme, application):
    label, heard = QLabel("text"), []
    theme.changed.connect(lambda: heard.append(theme.tokens))
    theme.choose(ThemeChoice.LIGHT)
    assert label.palette().color(QPalette.ColorRole.WindowText).name() == LIGHT.text
    theme.choose(ThemeChoice.DARK)
    assert label.palette().color(QPalette.ColorRole.WindowText).name() == DARK.text
    assert heard[0] is LIGHT
    assert heard[-1] is DARK


def test_a_button_leaves_its_focus_to_the_ring(theme, application):
    """Fusion would draw a second frame inside."""
    dialog = QDialog()
    row, first, second = QHBoxLayout(dialog), QPushButton("Apply"), QPushButton("Cancel")
    for button in (first, second):
        button.setAutoDefault(False)
        row.addWidget(button)
    dialog.show()
    dialog.activateWindow()
    application.processEvents()
    second.setFocus()
    before = first.grab().toImage()
    QTest.keyClick(second, Qt.Key.Key_Tab)
    assert first.hasFocus()
    assert first.grab().toImage() == before


@pytest.mark.parametrize("name", NAMES)
def test_every_icon_is_drawn_inside_its_square(name):
    picture = drawing(name, "#ffffff", 24, 2.0).toImage()
    assert picture.size() == QSize(48, 48)
    painted = [(x, y) for x in range(48) for y in range(48) if picture.pixelColor(x, y).alpha() > 100]
    assert painted, "nothing is drawn"
    rim = [(x, y) for x, y in painted if min(x, y) == 0 or max(x, y) == 47]
    assert not rim, "it is cut off"


@pytest.mark.parametrize("name", [name for name in NAMES if name != "lama-desktop"])
def test_icons_take_their_colour_from_the_theme(name):
    source = resource("icons", f"{name}.svg").read_text(encoding="utf-8")
    assert "currentColor" in source
    assert 'viewBox="0 0 24 24"' in source
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b", source)


@pytest.mark.parametrize("scale", [1.0, 1.25, 2.0])
def test_icons_are_drawn_at_the_pixels_of_the_screen(theme, scale):
    pixmap = themed_icon(theme, "brush").pixmap(QSize(20, 20), scale)
    assert pixmap.size() == QSize(round(20 * scale), round(20 * scale))
    assert pixmap.devicePixelRatio() == scale


def test_icons_follow_the_theme_and_the_state(theme):
    icon = themed_icon(theme, "add")

    def line(mode=QIcon.Mode.Normal, state=QIcon.State.Off, icon=icon):
        return icon.pixmap(QSize(24, 24), 1.0, mode, state).toImage().pixelColor(12, 12)

    assert line().name() == DARK.secondary
    assert line(QIcon.Mode.Active).name() == DARK.text
    assert line(state=QIcon.State.On).name() == DARK.on_action
    assert line(QIcon.Mode.Disabled).alphaF() == pytest.approx(0.35, abs=0.02)
    theme.choose(ThemeChoice.LIGHT)
    assert line().name() == LIGHT.secondary
    plain = themed_icon(theme, "add", checked="text")
    assert line(state=QIcon.State.On, icon=plain).name() == LIGHT.text, "a button without the accent behind it"


def test_the_program_has_an_icon_in_its_own_colours(application):
    picture = program_icon().pixmap(QSize(64, 64)).toImage()
    colors = {QColor(picture.pixel(x, y)).name() for x in range(0, 64, 4) for y in range(0, 64, 4)}
    assert len(colors) > 10


def test_measures_are_on_the_grid():
    for name in ("GAP", "PADDING", "LAYER_ROW", "SMALL_ROW", "TOOL_BUTTON", "TOOL_ICON", "RADIUS", "THUMBNAIL_RADIUS"):
        assert getattr(module, name) % module.UNIT == 0, name
