"""ActionSet: the QActions of the window, made from the table `actions.ACTIONS`, with the user's own shortcuts.

Owns text, tooltip, shortcut and state of every action. Keys without Ctrl or Alt fire only while nobody is typing, and
some only while the photo has the keyboard.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QIcon, QKeySequence
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QKeySequenceEdit, QLineEdit, QTextEdit, QWidget

from lama_desktop.errors import LamaDesktopError
from lama_desktop.settings import Settings
from lama_desktop.ui.actions import Action
from lama_desktop.ui.icons import themed_icon
from lama_desktop.ui.text import keys_text, sentence, tr
from lama_desktop.ui.theme import Theme

if TYPE_CHECKING:
    from lama_desktop.ui.main_window import MainWindow

MEMORY = "shortcuts"
_TYPING = (QLineEdit, QAbstractSpinBox, QKeySequenceEdit, QTextEdit)
_PLAIN = (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.KeypadModifier)


class ActionSet(QObject):
    """Every action of the window, by id.

    Args:
        window: handed to what the actions do; their shortcuts work while it is active.
        table: the rows.
        settings: remembers the shortcuts that the user changed.
        theme: for the icons.

    Signals:
        shortcuts_changed: an action has other shortcuts.
        failed: an action could not do what it should: the error.
    """

    shortcuts_changed = Signal()
    failed = Signal(object)

    def __init__(self, window: "MainWindow", table: Sequence[Action], settings: Settings, theme: Theme) -> None:
        super().__init__(window)
        self.table = {row.id: row for row in table}
        assert len(self.table) == len(table), "every id is there once"
        self._window, self._settings = window, settings
        self.actions: dict[str, QAction] = {}
        for row in table:
            action = QAction(themed_icon(theme, row.icon) if row.icon else QIcon(), "", window)
            action.setObjectName(row.id)
            action.setCheckable(row.checked is not None)
            action.setIconVisibleInMenu(row.checked is None)  # there the check mark stands in its place
            if row.role is not None:
                action.setMenuRole(row.role)
            action.triggered.connect(lambda _=False, row=row: self._trigger(row))
            window.addAction(action)
            self.actions[row.id] = action
        self._plain: set[str] = set()
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self.refresh)
        self._load()
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        self._application = application
        application.focusChanged.connect(self._watch_focus)

    def __getitem__(self, key: str) -> QAction:
        """Return an action."""
        return self.actions[key]

    def refresh_soon(self) -> None:
        """Look at the state of every action when the events that wait have been seen to."""
        if not self._soon.isActive():
            self._soon.start(0)

    def refresh(self) -> None:
        """Look at the state of every action now."""
        for key, row in self.table.items():
            action = self.actions[key]
            action.setEnabled(row.enabled(self._window))
            if row.checked is not None:
                action.setChecked(row.checked(self._window))
            if row.label is not None and action.iconText() != (text := row.label(self._window)):
                action.setText(text.replace("&", "&&"))  # a name in it is no mnemonic

    def keys(self, key: str) -> tuple[QKeySequence, ...]:
        """Return the shortcuts of an action, the shown one first."""
        return tuple(self.actions[key].shortcuts())

    def set_keys(self, key: str, keys: Sequence[QKeySequence]) -> None:
        """Give an action other shortcuts, and remember them; its own defaults are not remembered."""
        chosen: dict[str, Any] = self._settings.recall(MEMORY, {})
        texts = [_portable(each) for each in keys if not each.isEmpty()]
        chosen.pop(key, None)
        if texts != [_portable(each) for each in defaults(self.table[key])]:
            chosen[key] = texts
        self._settings.remember(MEMORY, chosen)
        self._load()
        self.shortcuts_changed.emit()

    def reset_keys(self) -> None:
        """Give every action its own shortcuts again."""
        self._settings.forget(MEMORY)
        self._load()
        self.shortcuts_changed.emit()

    def conflicts(self, keys: QKeySequence, but: str = "") -> list[str]:
        """Return the ids of the actions that have this shortcut, except one."""
        return [key for key in self.table if key != but and keys in self.keys(key)] if not keys.isEmpty() else []

    def disconnect_from_application(self) -> None:
        """Listen to the application no more."""
        self._application.focusChanged.disconnect(self._watch_focus)

    def _load(self) -> None:
        """Set shortcuts and tooltips from the table and what the user changed."""
        chosen: Mapping[str, Any] = self._settings.recall(MEMORY, {})
        self._plain = set()
        for key, row in self.table.items():
            own = chosen.get(key)
            keys = [QKeySequence(str(each)) for each in own] if isinstance(own, list) else defaults(row)
            action = self.actions[key]
            action.setShortcuts(keys)
            action.setText(tr(row.text))
            action.setToolTip(tooltip(row, keys))
            if any(_is_plain(each) for each in keys):
                self._plain.add(key)

    def _watch_focus(self, old: QWidget | None, now: QWidget | None) -> None:
        """Let keys through to what is typed in, and to what has another use for them."""
        typing = isinstance(now, _TYPING) or (isinstance(now, QComboBox) and now.isEditable())
        on_canvas = now is not None and bool(now.property("ownFocus"))
        for key, action in self.actions.items():
            off = (typing and key in self._plain) or (not on_canvas and self.table[key].on_canvas)
            # The window itself never has the keyboard, so this context switches a shortcut off.
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut if off else Qt.ShortcutContext.WindowShortcut)

    def _trigger(self, row: Action) -> None:
        """Do what an action does, if it still can be done: its state may be older than the key."""
        try:
            if row.enabled(self._window):
                row.does(self._window)
        except LamaDesktopError as error:
            self.failed.emit(error)
        self.refresh_soon()


def defaults(row: Action) -> list[QKeySequence]:
    """Return the shortcuts that an action has of its own; those of the platform where it has some for this.

    Return has a twin on the keypad, which is what both are called in menus: nobody looks for a key called Return.
    """
    platform = [] if row.standard is None else QKeySequence.keyBindings(row.standard)
    own = [QKeySequence(twin) for each in row.keys for twin in (each.replace("Return", "Enter"), each)]
    return list(dict.fromkeys([*platform, *own]))


def tooltip(row: Action, keys: Sequence[QKeySequence]) -> str:
    """Return what is shown when the pointer rests on an action: its name, its shortcut, what else there is to say."""
    text = tr(row.text).rstrip("…")
    if keys:
        text += f" ({keys_text(keys[0])})"
    return f"{text}\n{sentence(tr(row.tip))}" if row.tip else text


def _portable(keys: QKeySequence) -> str:
    return keys.toString(QKeySequence.SequenceFormat.PortableText)


def _is_plain(keys: QKeySequence) -> bool:
    """Tell whether a shortcut is a key that is also typed; F1 and what follows it are not."""
    if keys.count() == 0:
        return False
    first = keys[0]  # type: ignore[index]
    return first.keyboardModifiers() in _PLAIN and first.key() < Qt.Key.Key_F1
