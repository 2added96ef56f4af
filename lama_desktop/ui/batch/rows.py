"""Rows: the photos of a plan and what became of them as a table: sorted, filtered, and followed while a run is on."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, QTimer, Signal

from lama_desktop.batch.outcome import Outcome
from lama_desktop.batch.plan import Plan, State, Task
from lama_desktop.ui.files import natural
from lama_desktop.ui.text import tr

Index = QModelIndex | QPersistentModelIndex
ROW = Qt.ItemDataRole.UserRole
"""The role under which an index hands out its Row."""
SETTLE_MS = 250
"""Rows that have changed leave or enter what is shown together, so often."""
ALONE = "no photo"
"""The state of a mask that belongs to no photo."""


class Group(StrEnum):
    """What a person looks for among the rows; the value is its title."""

    ALL = "All"
    TO_DO = "To do"
    DONE = "Done"
    FAILED = "Failed"
    SKIPPED = "Skipped"


class Column(StrEnum):
    """The columns, in order; the value is the title."""

    PHOTO = "Photo"
    MASKS = "Masks"
    RESULT = "Result"
    STATE = "State"
    DETAILS = "Details"


COLUMNS = tuple(Column)


@dataclass(slots=True)
class Row:
    """One photo, or a mask that belongs to none: then there is no task.

    `outcome` is what is known of it; `at_work` whether it is being done.
    """

    path: Path
    task: Task | None
    outcome: Outcome | None = None
    at_work: bool = False

    @property
    def state(self) -> State | None:
        """What is, or became, of it; None for a mask without a photo."""
        if self.task is None:
            return None
        return self.task.state if self.outcome is None else self.outcome.state

    @property
    def group(self) -> Group:
        """Where a person looks for it."""
        state = self.state
        if self.at_work or state is State.READY:
            return Group.TO_DO
        if state is State.DONE:
            return Group.DONE
        return Group.FAILED if state is not None and state.is_failure else Group.SKIPPED

    @property
    def state_text(self) -> str:
        """The state in words."""
        text = tr("at work") if self.at_work else tr(ALONE if self.state is None else self.state.value)
        return text[:1].upper() + text[1:]

    @property
    def reason(self) -> str:
        """Why it is as it is; empty where there is nothing to explain."""
        if self.task is None:
            return tr("{name} belongs to no photo.", name=self.path.name)
        return self.task.reason if self.outcome is None else self.outcome.reason

    @property
    def seconds(self) -> float | None:
        """How long it took; None where it was not done."""
        return sum(self.outcome.seconds.values()) if self.outcome is not None and self.outcome.seconds else None

    @property
    def details(self) -> str:
        """The reason, or how long it took and what had to be said."""
        if self.at_work:
            return ""
        parts = [] if self.reason or self.seconds is None else [tr("{seconds} s", seconds=f"{self.seconds:.1f}")]
        notes = self.outcome.notes if self.outcome is not None else ()
        return " · ".join(part for part in (self.reason, *parts, *notes) if part)

    @property
    def masks_text(self) -> str:
        """The names of its masks."""
        return ", ".join(mask.name for mask in self.task.masks) if self.task is not None else ""

    @property
    def output(self) -> Path | None:
        """Where its result goes; None where there will be none."""
        if self.task is None or self.task.state in (State.UNMASKED, State.UNCLEAR, State.UNREADABLE, State.REFUSED):
            return None
        return self.task.output


class Rows(QAbstractTableModel):
    """All rows of a plan, and which of them are shown in which order. UI thread.

    Signals:
        counted: how many there are of each group may be different.
    """

    counted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[Row] = []
        self._places: dict[int, int] = {}
        self._shown: list[int] = []
        self._group, self._words = Group.ALL, ""
        self._column, self._descending = -1, False
        self._names: dict[int, Any] = {}
        """Keys of a column of names by place: they do not change while a run is on, and take long to make."""
        self._bases: tuple[Path, ...] = ()
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(self._arrange)

    def show_plan(self, plan: Plan | None, outcomes: Mapping[int, Outcome]) -> None:
        """Show another plan."""
        self._settle.stop()
        self.beginResetModel()
        tasks = () if plan is None else plan.tasks
        self._bases = () if plan is None else _bases(plan)
        self._names.clear()
        self._rows = [Row(task.photo, task, outcomes.get(task.number)) for task in tasks]
        self._places = {task.number: place for place, task in enumerate(tasks)}
        self._rows += [Row(mask, None) for mask in (() if plan is None else plan.masks_alone)]
        self._shown = self._arranged()
        self.endResetModel()
        self.counted.emit()

    def take(self, outcome: Outcome) -> None:
        """Show what became of a photo."""
        row = self._row(outcome.number)
        if row is not None:
            row.outcome, row.at_work = outcome, False
            self._tell(outcome.number)

    def take_all(self, outcomes: Mapping[int, Outcome]) -> None:
        """Show what is known of many."""
        for number, outcome in outcomes.items():
            row = self._row(number)
            if row is not None:
                row.outcome = outcome
        self._arrange()

    def begin(self, number: int) -> None:
        """Show that a photo is being worked on."""
        row = self._row(number)
        if row is not None:
            row.at_work = True
            self._tell(number)

    def revise(self, task: Task) -> None:
        """Show another task in the place of the one with its number; it is to be done."""
        row = self._row(task.number)
        if row is not None:
            row.task, row.outcome = task, None
            self._names.clear()
            self._tell(task.number)

    def end(self) -> None:
        """Show that nothing is being worked on any more."""
        for row in self._rows:
            row.at_work = False
        self._arrange()

    def choose(self, group: Group, words: str) -> None:
        """Show only rows of a group whose paths have all these words."""
        self._group, self._words = group, words.casefold().strip()
        self._arrange()

    def row(self, index: Index) -> Row | None:
        """Return what is in a row; None where there is none."""
        return self._rows[self._shown[index.row()]] if index.isValid() else None

    def folder(self, path: Path) -> str:
        """Return where a file is, as short as what was asked for lets it be told."""
        base = next((each for each in self._bases if path.is_relative_to(each)), None)
        return str(path.parent if base is None else path.parent.relative_to(base))

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows, in the order of the plan, masks without a photo last."""
        return tuple(self._rows)

    def counts(self) -> dict[Group, int]:
        """Return how many rows there are of each group."""
        found = Counter(row.group for row in self._rows)
        return {group: len(self._rows) if group is Group.ALL else found[group] for group in Group}

    # Qt's side

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's own default)
        """Return how many rows are shown."""
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's own default)
        """Return how many columns there are."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, side: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the title of a column."""
        if side == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return tr(COLUMNS[section])
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the text of a cell, all of it as a tooltip, or the Row."""
        row = self._rows[self._shown[index.row()]]
        if role == ROW:
            return row
        column = COLUMNS[index.column()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return _text(row, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tooltip(row, column)
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Show the rows in the order of a column; -1 is that of the plan."""
        self._column, self._descending = column, order == Qt.SortOrder.DescendingOrder
        self._names.clear()
        self._arrange()

    def _row(self, number: int) -> Row | None:
        place = self._places.get(number)
        return None if place is None else self._rows[place]

    def _tell(self, number: int) -> None:
        """Tell that a row looks different now, and arrange all of them a little later."""
        place = self._places[number]
        # In the order of the plan, where most runs are watched, a row is found at once.
        at = bisect_left(self._shown, place) if self._column < 0 else _index(self._shown, place)
        if at is not None and at < len(self._shown) and self._shown[at] == place:
            self.dataChanged.emit(self.index(at, 0), self.index(at, len(COLUMNS) - 1))
        if not self._settle.isActive():
            self._settle.start()

    def _arrange(self) -> None:
        """Show the rows that are asked for, in their order; what is chosen stays chosen."""
        self._settle.stop()
        now = self._arranged()
        if now != self._shown:
            self.layoutAboutToBeChanged.emit()
            places = {place: at for at, place in enumerate(now)}
            before = self.persistentIndexList()
            moved = [places.get(self._shown[each.row()]) for each in before]
            self._shown = now
            after = [
                QModelIndex() if row is None else self.index(row, each.column())
                for each, row in zip(before, moved, strict=True)
            ]
            self.changePersistentIndexList(before, after)
            self.layoutChanged.emit()
        self.counted.emit()

    def _arranged(self) -> list[int]:
        chosen = [
            place
            for place, row in enumerate(self._rows)
            if self._group in (Group.ALL, row.group) and all(word in _words(row) for word in self._words.split())
        ]
        if self._column >= 0:
            chosen.sort(key=self._key, reverse=self._descending)
        return chosen

    def _key(self, place: int) -> Any:
        """Return what a row is sorted by."""
        column = COLUMNS[self._column]
        if column in (Column.STATE, Column.DETAILS):
            return _KEYS[column](self._rows[place])
        if place not in self._names:
            self._names[place] = _KEYS[column](self._rows[place])
        return self._names[place]


def _bases(plan: Plan) -> tuple[Path, ...]:
    """Return the folders from which on a path is worth reading: those around what was asked for."""
    order = plan.order
    asked = [*(each for each in order.inputs if each.is_dir()), *([order.output] if order.output else [])]
    return tuple(sorted({each.parent for each in asked}, key=lambda each: -len(each.parts)))


def _text(row: Row, column: Column) -> str:
    if column is Column.PHOTO:
        return row.path.name
    if column is Column.MASKS:
        return row.masks_text
    if column is Column.RESULT:
        return row.output.name if row.output is not None else ""
    return row.state_text if column is Column.STATE else row.details


def _tooltip(row: Row, column: Column) -> str:
    if column is Column.PHOTO:
        return str(row.path)
    if column is Column.MASKS:
        return "\n".join(map(str, row.task.masks)) if row.task is not None else ""
    if column is Column.RESULT:
        return str(row.output or "")
    notes = row.outcome.notes if row.outcome is not None else ()
    return "\n".join([*([row.reason] if row.reason else []), *notes])


def _words(row: Row) -> str:
    return f"{row.path}\n{row.output or ''}".casefold()


def _index(places: list[int], place: int) -> int | None:
    try:
        return places.index(place)
    except ValueError:
        return None


_KEYS: dict[Column, Callable[[Row], Any]] = {
    Column.PHOTO: lambda row: natural(str(row.path)),
    Column.MASKS: lambda row: natural(row.masks_text),
    Column.RESULT: lambda row: natural(str(row.output or "")),
    Column.STATE: lambda row: (list(Group).index(row.group), row.state_text),
    Column.DETAILS: lambda row: (-(row.seconds or 0.0), row.details),
}
