"""Every action is in a menu, has a tooltip, a text that can be translated, and a shortcut that users can change."""

import ast
import re
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, Qt, QTranslator
from PySide6.QtGui import QKeySequence, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QDockWidget, QLabel, QLineEdit, QMenu, QTabBar, QWidget
from window import write_photo

import lama_desktop.ui
from lama_desktop.models.cards import MODELS
from lama_desktop.paths import resource
from lama_desktop.ui.actions import ACTIONS
from lama_desktop.ui.dialogs.shortcuts import ShortcutSheet, ShortcutsPage
from lama_desktop.ui.menus import LINE, MENUS, PANELS, RECENT, TOOLS
from lama_desktop.ui.mnemonics import marked
from lama_desktop.ui.theme import ThemeChoice

SOURCES = sorted(Path(lama_desktop.ui.__file__).parent.rglob("*.py"))


@pytest.fixture
def photo(tmp_path):
    return write_photo(tmp_path / "photo.png")


def test_every_action_is_in_exactly_one_menu():
    placed = [name for _, names in MENUS for name in names if name not in (LINE, RECENT, TOOLS, PANELS)]
    ids = [row.id for row in ACTIONS]
    by_key = {"larger", "smaller", "harder", "softer"}
    assert sorted(placed) == sorted(set(ids) - by_key)


def letters(actions):
    """Return the marked letter of each entry; None where there is none."""
    found = [re.search(r"(?<!&)&([^&])", each.text()) for each in actions if not each.isSeparator()]
    return [match and match[1].casefold() for match in found]


def test_letters_are_given_to_all_that_can_have_one():
    assert marked(["Fit", "Fit width", "Fit mask"]) == ["&Fit", "Fit &width", "Fit &mask"]
    assert marked(["Salt && pepper", "Pepper"]) == ["&Salt && pepper", "&Pepper"]
    assert marked(["S&alt", "Alt"]) == ["S&alt", "A&lt"], "a translator has chosen"
    assert marked(["A", "B", "AB"]) == ["&A", "&B", "AB"]
    assert marked(["AB", "A"]) == ["A&B", "&A"], "the second has no other"
    assert marked(["…"]) == ["…"]


@pytest.mark.parametrize("language", ["english", "bracketed"])
def test_every_entry_of_every_menu_has_a_letter_of_its_own(request, language, application):
    if language == "bracketed":
        request.getfixturevalue("bracketed")
    window = request.getfixturevalue("app").window
    photo = write_photo(request.getfixturevalue("tmp_path") / "photo.png")
    request.getfixturevalue("opened")(photo)
    window.action_set["flip-horizontal"].trigger()  # "Undo Flip" is another text
    window.action_set.refresh()
    bars = [window.menuBar(), *window.menuBar().findChildren(QMenu)]
    for bar in bars:
        if isinstance(bar, QMenu):
            bar.aboutToShow.emit()
        found = letters(bar.actions())
        assert None not in found, [each.text() for each in bar.actions()]
        assert len(set(found)) == len(found), [each.text() for each in bar.actions()]


def test_menus_are_reached_and_used_by_keyboard(app, opened, photo, application):
    opened(photo)
    canvas, bar = app.window.canvas, app.window.menuBar()
    canvas.setFocus()
    app.do("mask-all")
    QTest.keyClick(canvas, Qt.Key.Key_F10)
    assert application.activePopupWidget() is bar.actions()[0].menu()
    QTest.keyClick(application.activePopupWidget(), Qt.Key.Key_Escape)
    bar.setActiveAction(None)
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_M, Qt.KeyboardModifier.AltModifier)
    menu = application.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert "Fill holes" in [each.iconText() for each in menu.actions()]
    QTest.keyClick(menu, Qt.Key.Key_I)
    assert app.window.document.mask.is_empty, "Invert"


def test_every_icon_of_an_action_and_a_tool_is_drawn(app):
    names = {row.icon for row in app.window.action_set.table.values() if row.icon}
    assert all(resource("icons", f"{name}.svg").is_file() for name in names)


def test_no_shortcut_belongs_to_two_actions(app):
    actions = app.window.action_set
    for name in actions.table:
        for keys in actions.keys(name):
            assert actions.conflicts(keys, but=name) == [], f"{name}: {keys.toString()}"


def test_every_tooltip_tells_the_shortcut(app):
    actions = app.window.action_set
    assert actions["remove"].toolTip() == "Remove (Enter)\nTake away what the mask covers."
    for name, action in actions.actions.items():
        assert action.toolTip(), name
        if action.shortcut().count():
            assert "(" in action.toolTip().splitlines()[0], name


def test_a_key_has_one_name(app):
    """In menus, tooltips, on the button and on the sheet of F1; its twin on the keypad does the same."""
    actions = app.window.action_set
    for action in actions.actions.values():
        shown = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        assert "Return" not in shown
        assert shown in action.toolTip()
    assert {"Return", "Enter"} <= {each.toString() for each in actions.keys("remove")}
    assert {"Alt+Return", "Alt+Enter"} == {each.toString() for each in actions.keys("properties")}


def test_a_shortcut_is_changed_remembered_and_reset(app, opened, photo):
    opened(photo)
    actions = app.window.action_set
    actions.set_keys("mask-invert", [QKeySequence("I")])
    app.hand.key(Qt.Key.Key_I)
    assert not app.window.document.mask.is_empty
    assert app.settings.recall("shortcuts", {}) == {"mask-invert": ["I"]}
    assert "(I)" in actions["mask-invert"].toolTip()
    actions.set_keys("mask-invert", [QKeySequence("Ctrl+Shift+I")])
    assert app.settings.recall("shortcuts", {}) == {}, "defaults are not remembered"
    actions.set_keys("undo", [])
    actions.reset_keys()
    assert actions.keys("undo")


def test_damaged_shortcuts_do_not_stop_the_program(app):
    app.settings.remember("shortcuts", {"undo": 3, "redo": ["no such key"], "nothing": ["X"]})
    app.window.action_set.refresh()
    app.window.action_set.reset_keys()


def test_the_shortcuts_page_shows_conflicts_and_takes_keys_over(app):
    actions = app.window.action_set
    page = ShortcutsPage(actions)
    page.choose("mask-grow")
    page.editor.setKeySequence(QKeySequence("Ctrl+E"))
    assert "Export again" in page.conflict.text()
    page.assign.click()
    assert [each.toString() for each in actions.keys("mask-grow")] == ["Ctrl+E"]
    assert actions.keys("export-again") == ()
    page.restore.click()
    assert actions.keys("mask-grow") == ()
    page.search.setText("grow")
    shown = [item for item in page._items.values() if not item.isHidden()]
    assert [item.text(0) for item in shown] == ["Grow…"]


def test_the_shortcuts_page_takes_the_colours_of_another_theme(app):
    page = ShortcutsPage(app.window.action_set)
    page.show()
    for choice in (ThemeChoice.LIGHT, ThemeChoice.DARK):
        app.theme.choose(choice)
        app.application.processEvents()
        color = page._items["mask-grow"].foreground(1).color()
        assert color == page.palette().color(QPalette.ColorRole.Text)


def test_f1_shows_the_shortcuts(app):
    QTest.keyClick(app.window, Qt.Key.Key_F1)
    sheet = app.window.asks._open["shortcuts"]
    assert isinstance(sheet, ShortcutSheet)
    assert sheet.isVisible()
    texts = {label.text() for label in sheet.findChildren(QLabel)}
    assert {"Remove", "Enter", "Mask brush", "B"} <= texts


class Brackets(QTranslator):
    """A language in which every text stands in brackets."""

    def translate(self, context, source, disambiguation=None, n=-1):
        return f"⟦{source}⟧" if context == "LamaDesktop" and source else None


@pytest.fixture
def bracketed(application):
    translator = Brackets()
    QCoreApplication.installTranslator(translator)
    yield
    QCoreApplication.removeTranslator(translator)


def test_all_text_can_be_translated(bracketed, app, opened, photo):
    """Every word that the window shows has gone through `tr`; names, numbers and file names have not."""
    opened(photo)
    window = app.window
    window.asks.preferences()
    window.asks.shortcuts()
    own = re.compile(
        r"[\d\s.,×%·–•/:\-+#a-f]*( px)?|photo\.png.*|\d+ \w+|#\w+|/.*|sRGB.*|.*lama-desktop.*", re.IGNORECASE
    )
    titles = {card.title for card in MODELS}
    plain = set()
    for widget in window.findChildren(QWidget):
        if isinstance(widget.parent(), QTabBar) and widget.property("kind") is None:
            continue  # Qt's own scroll buttons
        texts = [widget.accessibleName(), widget.toolTip()]
        if isinstance(widget, QLabel | QAbstractButton):
            texts.append(widget.text())
        elif isinstance(widget, QDockWidget):
            texts.append(widget.windowTitle())
        elif isinstance(widget, QComboBox):
            texts += [widget.itemText(index) for index in range(widget.count())]
        elif isinstance(widget, QLineEdit):
            texts.append(widget.placeholderText())
        plain |= {text for text in texts if text and "⟦" not in text}
    plain |= {action.text() for action in window.action_set.actions.values() if "⟦" not in action.text()}
    short = {title.split(" (")[0] for title in titles}
    keys = re.compile(r"((Ctrl|Shift|Alt|Meta)\+)*(\S|F\d+|PgUp|PgDown|Tab|Esc|Enter|Del|Ins|Backspace)(, .*)?")
    wrong = {t for t in plain if not own.fullmatch(t) and not keys.fullmatch(t) and t not in titles | short}
    of_qt = {"Press shortcut", "Float", "Close"}
    assert wrong <= {"CPU", "CUDA", "MPS"} | of_qt, wrong


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_text_is_given_to_a_widget_without_tr(path):
    """A letter in a literal that a widget shows is a text that nobody can translate."""
    shows = {"setText", "setToolTip", "setWindowTitle", "setAccessibleName", "setPlaceholderText", "setTitle", "QLabel",
             "QPushButton", "addButton", "setInformativeText", "addMenu"}  # fmt: skip
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            for value in node.args if name in shows else ():
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    assert not re.search(r"[A-Za-z]", value.value) or value.value == "100 %", f"{name}({value.value!r})"


def test_everything_that_takes_the_keyboard_has_a_name(app, opened, photo):
    opened(photo)
    app.window.asks.preferences()
    app.window.action_set.refresh()
    nameless = []
    for widget in app.window.findChildren(QWidget):
        inner = isinstance(widget.parent(), QComboBox) or widget.objectName().startswith("qt_")
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible() and not inner:
            text = getattr(widget, "text", str)()
            if not (widget.accessibleName() or widget.windowTitle() or text or widget.toolTip()):
                nameless.append(widget)
    assert not nameless, [(type(each).__name__, each.parent()) for each in nameless]
