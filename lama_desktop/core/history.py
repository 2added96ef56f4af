"""History: the steps of a document, where it stands in them, how much memory they may keep, and what was saved.

Owned by a Document; UI thread only. Nothing here knows what a step is: it swaps commands.
"""

import itertools
import weakref
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

import lama_desktop.immortal  # noqa: F401 (before the first signal)
from lama_desktop.core.commands import Command, Compound

if TYPE_CHECKING:
    from lama_desktop.core.document import Document

BUDGET = 1 << 30
"""Bytes that the steps of one document may keep, unless told otherwise."""


class History(QObject):
    """The list of commands and a position in it.

    Args:
        document: what the commands change.
        budget: bytes; the oldest steps go while there are more. The newest always stays.
    """

    changed = Signal()
    """The steps, the position or the saved mark are others than before."""

    def __init__(self, document: "Document", budget: int = BUDGET) -> None:
        super().__init__()
        # Held weakly, as a document holds its history: in a circle a closed photo would wait for the garbage collector,
        # which counts objects and does not know that this one is a gigabyte.
        self._owner = weakref.ref(document)
        self._budget = budget
        self._commands: list[Command] = []
        self._position = 0
        # Every state has a number of its own, the state before the first step included: marks outlive dropped steps.
        self._numbers = itertools.count(1)
        self._states = [0]
        self._saved: int | None = 0

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of all steps, the oldest first; those from `position` on are undone."""
        return tuple(command.label for command in self._commands)

    @property
    def position(self) -> int:
        """How many of the steps are done: 0 is before the first."""
        return self._position

    @property
    def undo_label(self) -> str | None:
        """What `undo` would take back; None when there is nothing."""
        return self._commands[self._position - 1].label if self._position else None

    @property
    def redo_label(self) -> str | None:
        """What `redo` would do again; None when there is nothing."""
        return self._commands[self._position].label if self._position < len(self._commands) else None

    @property
    def nbytes(self) -> int:
        """The memory that all steps keep."""
        return sum(command.nbytes for command in self._commands)

    @property
    def budget(self) -> int:
        """Bytes that the steps may keep."""
        return self._budget

    @budget.setter
    def budget(self, value: int) -> None:
        self._budget = value
        self._trim()
        self.changed.emit()

    @property
    def state(self) -> int:
        """A number for what the document is like now: equal numbers, equal documents. Take it along with a snapshot."""
        return self._states[self._position]

    @property
    def modified(self) -> bool:
        """Whether the document is another one than was last saved."""
        return self.state != self._saved

    def mark_saved(self, state: int | None = None) -> None:
        """Take note that a state is on disk.

        Args:
            state: the `state` that was written, if the document may have changed since; None is the present one.
        """
        self._saved = self.state if state is None else state
        self.changed.emit()

    def mark_unsaved(self) -> None:
        """Take note that no state is on disk, as after recovery."""
        self._saved = None
        self.changed.emit()

    def push(self, command: Command, onto: Command | None = None) -> Command:
        """Add a command that has been done; what was undone is gone.

        Args:
            command: becomes a step.
            onto: a step that it belongs to: where that is the newest one, and done, they are one step from now on.

        Returns:
            The newest step.
        """
        if onto is not None and self._position and self._commands[self._position - 1] is onto:
            self._position -= 1
            command = Compound(onto.label, [command, onto])  # both are done: what comes next is to undo them
        del self._commands[self._position :]
        del self._states[self._position + 1 :]
        self._commands.append(command)
        self._states.append(next(self._numbers))
        self._position += 1
        self._trim()
        self.changed.emit()
        return command

    def undo(self) -> bool:
        """Take the last step back; False when there is none, or an edit is open."""
        return self.go_to(self._position - 1)

    def redo(self) -> bool:
        """Do the next step again; False when there is none, or an edit is open."""
        return self.go_to(self._position + 1)

    def go_to(self, position: int) -> bool:
        """Undo or redo until `position` steps are done; False when there is no such position, or an edit is open."""
        document = self._owner()
        assert document is not None, "a document outlives its history"
        if document.is_editing or not 0 <= position <= len(self._commands) or position == self._position:
            return False
        while self._position > position:
            self._commands[self._position - 1].swap(document)
            self._position -= 1
        while self._position < position:
            self._commands[self._position].swap(document)
            self._position += 1
        self._trim()
        self.changed.emit()
        return True

    def _trim(self) -> None:
        """Drop the oldest steps, then the farthest undone ones, while they keep more than the budget."""
        nbytes = self.nbytes
        while nbytes > self._budget and len(self._commands) > 1:
            if self._position > 1 or self._position == len(self._commands):
                nbytes -= self._commands.pop(0).nbytes
                del self._states[0]
                self._position -= 1
            else:
                nbytes -= self._commands.pop().nbytes
                del self._states[-1]
