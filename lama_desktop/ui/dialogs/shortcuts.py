"""Shortcuts: the page where they are changed, and the sheet that F1 shows."""

from collections.abc import Iterator

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFont, QKeySequence, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lama_desktop.ui.action_set import ActionSet, defaults
from lama_desktop.ui.dialogs.page import Page, note
from lama_desktop.ui.menus import LINE, MENUS
from lama_desktop.ui.text import keys_text, tr
from lama_desktop.ui.theme import GAP, PADDING, UNIT, tabular, weighted

COLUMNS = 3

BY_HAND = (
    ("Space, middle button", "Move the view"),
    ("Wheel, pinch", "Zoom at the pointer"),
    ("Shift+drag, Alt+wheel", "Size of the brush"),
    ("Shift+click", "Straight line from the last stroke"),
    ("Right button, Alt", "Erase with the brush"),
    ("Shift, Alt, both", "Add, subtract, intersect"),
    ("Hold \\", "Show the original"),
)
"""What is done with keys and pointer together, and so is no action."""


class ShortcutsPage(QWidget):
    """Every action with its shortcut; choose one, type another, see what already has it.

    Args:
        actions: of the window.
    """

    def __init__(self, actions: ActionSet) -> None:
        super().__init__()
        self._actions = actions
        self._items: dict[str, QTreeWidgetItem] = {}
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Search"))
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName(tr("Search actions"))
        self.search.textChanged.connect(self._filter)
        self.tree = QTreeWidget()
        self.tree.setObjectName("boxed")
        self.tree.setHeaderLabels([tr("Action"), tr("Shortcut")])
        self.tree.setRootIsDecorated(False)
        self.tree.setIndentation(12)
        self.tree.setAccessibleName(tr("Actions"))
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.tree.currentItemChanged.connect(lambda *_: self._show_current())
        self.editor = QKeySequenceEdit()
        self.editor.setMaximumSequenceLength(1)
        self.editor.setClearButtonEnabled(True)
        self.editor.setAccessibleName(tr("Shortcut"))
        self.editor.keySequenceChanged.connect(self._check)
        self.assign, self.restore = QPushButton(tr("Assign")), QPushButton(tr("Default"))
        self.reset = QPushButton(tr("Reset all"))
        self.conflict = note()
        self.assign.clicked.connect(self._assign)
        self.restore.clicked.connect(self._restore)
        self.reset.clicked.connect(actions.reset_keys)
        row = QHBoxLayout()
        row.setSpacing(GAP)
        row.addWidget(self.editor, 1)
        for button in (self.assign, self.restore, self.reset):
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(PADDING)
        column.addWidget(self.search)
        column.addWidget(self.tree, 1)
        column.addLayout(row)
        column.addWidget(self.conflict)
        self._fill()
        actions.shortcuts_changed.connect(self.refresh)
        self._show_current()

    @property
    def current(self) -> str:
        """The id of the chosen action; empty where none is."""
        item = self.tree.currentItem()
        return "" if item is None else str(item.data(0, Qt.ItemDataRole.UserRole) or "")

    def choose(self, key: str) -> None:
        """Choose an action."""
        self.tree.setCurrentItem(self._items[key])

    def changeEvent(self, event: QEvent) -> None:
        """Take the colours of another theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._items:
            self.refresh()

    def refresh(self) -> None:
        """Show the shortcuts as they are; those of two actions in red."""
        for key, item in self._items.items():
            keys = self._actions.keys(key)
            item.setText(1, keys_text(*keys))
            clash = any(self._actions.conflicts(each, but=key) for each in keys)
            color = self.palette().color(QPalette.ColorRole.BrightText if clash else QPalette.ColorRole.Text)
            item.setForeground(1, color)
        self._show_current()

    def _fill(self) -> None:
        bold = weighted(self.font(), QFont.Weight.DemiBold)
        for title, ids in grouped(self._actions):
            group = QTreeWidgetItem([tr(title)])
            group.setFont(0, bold)
            group.setFlags(Qt.ItemFlag.ItemIsEnabled)
            self.tree.addTopLevelItem(group)
            for key in ids:
                item = QTreeWidgetItem([tr(self._actions.table[key].text)])
                item.setData(0, Qt.ItemDataRole.UserRole, key)
                item.setFont(1, tabular(self.font()))
                group.addChild(item)
                self._items[key] = item
            group.setExpanded(True)
        self.refresh()

    def _filter(self, text: str) -> None:
        words = text.casefold().split()
        for index in range(self.tree.topLevelItemCount()):
            group = self.tree.topLevelItem(index)
            assert group is not None
            shown = 0
            for row in range(group.childCount()):
                child = group.child(row)
                assert child is not None
                found = f"{child.text(0)} {child.text(1)}".casefold()
                hidden = not all(word in found for word in words)
                child.setHidden(hidden)
                shown += not hidden
            group.setHidden(not shown)

    def _show_current(self) -> None:
        key = self.current
        for widget in (self.editor, self.assign, self.restore):
            widget.setEnabled(bool(key))
        keys = self._actions.keys(key) if key else ()
        self.editor.setKeySequence(keys[0] if keys else QKeySequence())
        self._check(self.editor.keySequence())

    def _check(self, keys: QKeySequence) -> None:
        """Say which actions have a shortcut already."""
        key = self.current
        clashes = self._actions.conflicts(keys, but=key) if key else []
        names = ", ".join(f"“{tr(self._actions.table[each].text)}”" for each in clashes)
        self.conflict.setProperty("kind", "danger" if clashes else "secondary")
        self.conflict.style().polish(self.conflict)
        self.conflict.setText(
            tr("{keys} belongs to {names}; assigning takes it from there.", keys=keys_text(keys), names=names)
            if clashes
            else ""
        )

    def _assign(self) -> None:
        key, keys = self.current, self.editor.keySequence()
        for other in self._actions.conflicts(keys, but=key):
            self._actions.set_keys(other, [each for each in self._actions.keys(other) if each != keys])
        rest = [each for each in self._actions.keys(key)[1:] if each != keys]
        self._actions.set_keys(key, [] if keys.isEmpty() else [keys, *rest])

    def _restore(self) -> None:
        key = self.current
        self._actions.set_keys(key, defaults(self._actions.table[key]))


class ShortcutSheet(Page):
    """All shortcuts at a glance.

    Args:
        parent: the window.
        actions: of the window.
        edit: opens the page where they are changed.
    """

    def __init__(self, parent: QWidget | None, actions: ActionSet) -> None:
        super().__init__(parent, tr("Shortcuts"))
        self.resize(1080, 760)
        columns: list[QVBoxLayout] = []
        content = QWidget()
        row = QHBoxLayout(content)
        row.setContentsMargins(0, 0, PADDING, 0)
        row.setSpacing(32)
        for _ in range(COLUMNS):
            column = QVBoxLayout()
            column.setSpacing(PADDING)
            row.addLayout(column, 1)
            columns.append(column)
        heights = [0] * COLUMNS
        for title, lines in self._groups(actions):
            index = heights.index(min(heights))
            columns[index].addWidget(_group(title, lines))
            heights[index] += len(lines) + 2
        for column in columns:
            column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setWidget(content)
        self.body.addWidget(area, 1)
        self.edit = QPushButton(tr("Change…"))
        foot = QHBoxLayout()
        foot.addWidget(self.edit)
        foot.addStretch(1)
        close = QPushButton(tr("Close"))
        close.setDefault(True)
        close.clicked.connect(self.close)
        foot.addWidget(close)
        self.body.addLayout(foot)

    @staticmethod
    def _groups(actions: ActionSet) -> Iterator[tuple[str, list[tuple[str, str]]]]:
        yield tr("By hand"), [(tr(keys), tr(what)) for keys, what in BY_HAND]
        for title, ids in grouped(actions):
            lines = []
            for key in ids:
                keys = keys_text(*actions.keys(key)[:2])
                if keys:
                    lines.append((keys, tr(actions.table[key].text).rstrip("…")))
            if lines:
                yield tr(title), lines


def grouped(actions: ActionSet) -> list[tuple[str, list[str]]]:
    """Return the ids of all actions by menu; those in no menu, such as tools, come first."""
    placed = {key for _, ids in MENUS for key in ids}
    tools = [key for key in actions.table if key not in placed]
    menus = [(title, [key for key in ids if key != LINE and key in actions.table]) for title, ids in MENUS]
    return [("Tools", tools), *menus] if tools else menus


def _group(title: str, lines: list[tuple[str, str]]) -> QWidget:
    """Return a titled list of keys and what they do."""
    holder = QWidget()
    grid = QGridLayout(holder)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(PADDING)
    grid.setVerticalSpacing(UNIT)
    heading = QLabel(title)
    heading.setProperty("kind", "title")
    grid.addWidget(heading, 0, 0, 1, 2)
    for index, (keys, what) in enumerate(lines, 1):
        key, text = QLabel(keys), QLabel(what)
        key.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        for column, label in enumerate((text, key)):
            label.setWordWrap(True)
            label.setAlignment(Qt.AlignmentFlag.AlignTop)
            grid.addWidget(label, index, column)
    grid.setColumnStretch(0, 3)
    grid.setColumnStretch(1, 2)
    return holder
