"""Journal: a folder on the disk that knows the plan of a run and what became of each photo, whatever happens.

    plan.jsonl          the order, then one line per task; a later line of the same number counts
    results-0.jsonl     one line per event, by each process of the run for itself
    lock-0              held by each process while it is at work; the system lets go of it when a process dies

Each event has its turn after all events that its process knew when it was written: by that, and not by the files that
they are in, their order is known, whichever processes a run had before and has now.

A result is announced with the hash of its file before it takes its place, and noted when it has. So after a kill
between the two `recover` can tell whether it did, and every photo is done exactly once; once more where its mask was
mended since. A line that was cut off by a kill counts as not written.
"""

import contextlib
import dataclasses
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lama_desktop.batch.mended import mark, with_mended
from lama_desktop.batch.order import PLAN
from lama_desktop.batch.outcome import Outcome
from lama_desktop.batch.plan import Plan, State, Task, line, whole_lines
from lama_desktop.batch.planner import Planner
from lama_desktop.errors import FileFormatError, LamaDesktopError, SettingsError
from lama_desktop.formats import atomic
from lama_desktop.formats.base import shown
from lama_desktop.models.disk import locked

RESULTS, LOCKS = "results-*.jsonl", "lock-*"


class JournalError(LamaDesktopError):
    """The journal cannot be written any more, so that the run has to end."""


class Journal:
    """The journal of one run; `begun` and `resumed` give one. Any thread may write to it.

    `plan` is the plan, `outcomes` what is known of each task by its number, ready where that is to be done once more,
    `announced` the results that were about to take their places and of which nothing more is known.
    """

    def __init__(self, folder: Path, plan: Plan, process: int = 0) -> None:
        self.folder, self.plan = folder, plan
        self.outcomes: dict[int, Outcome] = {}
        self.announced: dict[int, Outcome] = {}
        self._file = folder / RESULTS.replace("*", str(process))
        self._writing = threading.Lock()
        self._events = 0

    @staticmethod
    def create(folder: Path, plan: Plan, anew: bool = False) -> "Journal":
        """Begin a journal in a folder; one there of a run that is finished, or has done nothing yet, is replaced.

        Args:
            folder: made where it is absent.
            plan: of the new run.
            anew: replace a run that has done a part, too; its results stay where they are.

        Raises:
            SettingsError: there is one of a run that has done a part.
            FileFormatError: the disk refuses.
        """
        if (folder / PLAN).exists() and not anew:
            old = Journal.load(folder)
            if (left := len(old.left())) and (old.outcomes or old.announced):
                raise SettingsError(
                    f"The run in {shown(folder)} is not finished, {left} of {len(old.plan.ready)} are left: go "
                    "on with --resume, or delete that folder to begin anew."
                )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name in (PLAN, RESULTS):  # the plan first: without it there is no run
                for path in folder.glob(name):
                    path.unlink()
        except OSError as error:
            raise _refused(folder, error) from error
        plan.save(folder / PLAN)
        return Journal(folder, plan)

    @staticmethod
    def load(folder: Path, process: int = 0) -> "Journal":
        """Read the journal in a folder; masks that were mended since its plan was written are in their places.

        Raises:
            SettingsError: it cannot be understood.
        """
        try:
            journal = Journal(folder, with_mended(Plan.load(folder / PLAN), folder), process)
            events = [event for path in sorted(folder.glob(RESULTS)) for event in whole_lines(path)]
            for event in sorted(events, key=_turn):
                journal._take(event["event"], Outcome.from_dict(event["outcome"]))
                journal._events = _turn(event)
            journal._reopen_mended()
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise SettingsError(
                f"The journal in {shown(folder)} cannot be understood ({error}): delete that folder to begin anew."
            ) from error
        return journal

    def left(self, retry_failed: bool = False) -> list[Task]:
        """Return the tasks that are still to be done, in the order of the plan."""
        wanted = {State.READY, State.FAILED} if retry_failed else {State.READY}
        return [task for task in self.plan.ready if self.outcomes.get(task.number, task).state in wanted]

    def rows(self) -> Iterator[tuple[Task, Outcome]]:
        """Yield every task of the plan with what is known of it; one that is left is ready."""
        for task in self.plan.tasks:
            yield task, self.outcomes.get(task.number) or Outcome(task.number, task.state, task.reason)

    def announce(self, outcome: Outcome) -> None:
        """Write, down to the disk, that a result is about to take its place."""
        self._note("announced", outcome, durable=True)

    def note(self, outcome: Outcome) -> None:
        """Write what became of a task."""
        self._note("finished", outcome)

    def add(self, tasks: Iterable[Task]) -> None:
        """Add tasks to the plan, which were found while the run is on."""
        tasks = tuple(tasks)
        self._append(self.folder / PLAN, "".join(line(task.to_dict()) for task in tasks), durable=True)
        self.plan = dataclasses.replace(self.plan, tasks=self.plan.tasks + tasks)

    def revise(self, task: Task) -> None:
        """Put a task in the place of the one with its number, as when its mask was mended; it is to be done."""
        with self._writing:
            tasks = tuple(task if each.number == task.number else each for each in self.plan.tasks)
            self._append(self.folder / PLAN, line(task.to_dict()), durable=True)
            self.plan = dataclasses.replace(self.plan, tasks=tasks)
        if (known := self.outcomes.get(task.number)) is not None:
            self._note("reopened", _reopened(known))

    def look_again(self) -> None:
        """Plan anew what could not be read when the plan was made; what can be read now is left to do."""
        planner = Planner(self.plan.order, self.plan.tasks, self.plan.masks_alone)
        for task in self.plan.tasks:
            if task.state is State.UNREADABLE and (now := planner.with_masks(task, task.masks)).state is State.READY:
                self.revise(now)

    def recover(self) -> list[Outcome]:
        """Find out which announced results took their places before the run was killed; note and return them.

        Temporary files that were left beside the others are deleted. Nobody else may be at work on this run.
        """
        output = {task.number: task.output for task in self.plan.tasks}
        found = []
        for number, outcome in list(self.announced.items()):
            atomic.sweep(output[number])
            if outcome.is_in(output[number]):
                self.note(outcome)
                found.append(outcome)
        self._reopen_mended()
        return found

    def _reopen_mended(self) -> None:
        """Find out whose mask was mended after they were done, also where the program ended before it could do them."""
        for task in self.plan.tasks:
            known = self.outcomes.get(task.number)
            if known is not None and mark(task.masks, self.folder) not in ("", known.mended):
                self.outcomes[task.number] = _reopened(known)

    def _take(self, event: str, outcome: Outcome) -> None:
        if event == "announced":
            self.announced[outcome.number] = outcome
        else:
            self.outcomes[outcome.number] = outcome
            self.announced.pop(outcome.number, None)

    def _note(self, event: str, outcome: Outcome, durable: bool = False) -> None:
        with self._writing:
            self._events += 1
            self._append(
                self._file, line({"event": event, "turn": self._events, "outcome": outcome.to_dict()}), durable
            )
            self._take(event, outcome)

    def _append(self, path: Path, text: str, durable: bool) -> None:
        try:
            with path.open("ab+") as file:
                if file.tell() and not _ends_a_line(path):
                    text = "\n" + text
                file.write(text.encode())
                file.flush()
                if durable:
                    os.fsync(file.fileno())
        except OSError as error:
            raise JournalError(
                f"The journal in {shown(self.folder)} cannot be written: {error.strerror or error}. Make room there, "
                "and go on with the run."
            ) from error


@contextmanager
def begun(folder: Path, plan: Plan, anew: bool = False) -> Iterator[Journal]:
    """Begin a run and hold it against other programs; see Journal.create.

    Raises:
        SettingsError: another program is at work there.
    """
    with _held(folder):
        yield Journal.create(folder, plan, anew)


@contextmanager
def resumed(folder: Path) -> Iterator[Journal]:
    """Take a run up again and hold it against other programs; see Journal.load and Journal.recover.

    Raises:
        SettingsError: there is none, or another program is at work on it.
    """
    if not (folder / PLAN).is_file():
        raise SettingsError(f"There is no run to resume in {shown(folder)}. Check --output and --journal.")
    with _held(folder):
        journal = Journal.load(folder)
        journal.recover()
        yield journal


@contextmanager
def joined(folder: Path, process: int) -> Iterator[Journal]:
    """Join a run that the first process has begun or taken up, and hold it as long as this one works.

    Raises:
        SettingsError: its journal cannot be understood.
    """
    with _held(folder, process):
        yield Journal.load(folder, process)


@contextmanager
def _held(folder: Path, process: int = 0) -> Iterator[None]:
    """Hold the lock of a process in a folder, made where it is absent.

    The first process holds its own, and so keeps other runs out, before it looks at those of the others: one of an
    earlier run may have outlived it. The others join when it has looked.
    """
    lock = folder / LOCKS.replace("*", str(process))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.touch()
    except OSError as error:
        raise _refused(folder, error) from error
    with contextlib.ExitStack() as stack:
        free = stack.enter_context(locked(lock, wait=False))
        for other in folder.glob(LOCKS) if free and process == 0 else ():
            if other != lock:
                with locked(other, wait=False) as free_too:
                    free = free and free_too
        if not free:
            raise SettingsError(f"Another program is at work on the run in {shown(folder)}: wait until it is done.")
        yield


def _reopened(outcome: Outcome) -> Outcome:
    """Return what is known of a task that is to be done again: by its digest its result is still known as its own."""
    return dataclasses.replace(outcome, state=State.READY, reason="", notes=(), seconds={})


def _turn(event: dict[str, Any]) -> int:
    """Return when an event has its turn; those of older versions do not say it, and keep the order of their files."""
    return int(event.get("turn", 0))


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _refused(folder: Path, error: OSError) -> FileFormatError:
    return FileFormatError(
        f"The journal cannot be kept in {shown(folder)}: {error.strerror or error}. Name another folder with --journal."
    )
