"""Work: one photo of a batch from its file to its result. No Qt; the engine comes in as a function."""

import contextlib
import errno
import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from lama_desktop import formats
from lama_desktop.batch.conversion import converted
from lama_desktop.batch.coverage import coverage_of
from lama_desktop.batch.journal import Journal, JournalError
from lama_desktop.batch.mended import mark
from lama_desktop.batch.order import Existing
from lama_desktop.batch.outcome import Outcome, digest_of
from lama_desktop.batch.plan import State, Task
from lama_desktop.batch.room import Place, Room
from lama_desktop.core.arrays import Coverage
from lama_desktop.core.photo import Photo
from lama_desktop.errors import Cancelled, FileFormatError, LamaDesktopError
from lama_desktop.formats import atomic
from lama_desktop.formats.base import shown
from lama_desktop.progress import Progress, aside

logger = logging.getLogger(__name__)


class Filled(NamedTuple):
    """A photo with the masked part filled, how many seconds that took once it was its turn, and what has to be said."""

    photo: Photo
    seconds: float
    notes: tuple[str, ...] = ()


Fill = Callable[[Photo, Coverage, Progress], Filled]
"""Fills what is masked in a photo. Called on any thread, on several at once; it may wait for a device or a thread."""

_FULL = {errno.ENOSPC, errno.EDQUOT}


class Work:
    """Does one task after the other, any number of threads at once, and writes down what became of each.

    Args:
        journal: of the run.
        fill: the engine.
        room: what may be in memory at once.
    """

    def __init__(self, journal: Journal, fill: Fill, room: Room | None = None) -> None:
        self._journal, self._order, self._fill = journal, journal.plan.order, fill
        self._room = room or Room()

    def do(self, task: Task, progress: Progress) -> Outcome:
        """Do a task and return what became of it; what is wrong with a photo is no error here.

        The result appears whole or not at all. Cancelled, the task is as if it had not been begun.

        Raises:
            Cancelled: the user stopped it.
            LamaDesktopError: the disk is full, or the journal cannot be written, so that the run has to end.
        """
        begun = Outcome(task.number, State.READY, mended=mark(task.masks, self._journal.folder))
        outcome = self._tried(task, begun, progress)
        self._journal.note(outcome)
        with contextlib.suppress(Cancelled):  # done is done
            progress(1)
        return outcome

    def _tried(self, task: Task, begun: Outcome, progress: Progress) -> Outcome:
        try:
            if self._is_taken(task):
                return _appeared(task, begun)
            _refuse_unwritable(task.output)
            with self._room.place(progress) as place:
                progress(0, f"reading {task.photo.name}")
                photo, coverage, begun = self._read(task, begun, place, progress)
                if not coverage.any():
                    reason = f"Nothing is to be removed from {shown(task.photo.name)}."
                    return replace(begun, state=State.EMPTY, reason=reason)
                filled = self._fill(photo, coverage, progress.stage(0.1, 0.9))
                del photo, coverage
                progress(0.9, f"writing {task.output.name}")
                seconds, notes = {**begun.seconds, "fill": filled.seconds}, (*begun.notes, *filled.notes)
                begun = replace(begun, seconds=seconds, notes=notes)
                return self._write(task, converted(filled.photo, self._order.batch), begun, progress)
        except JournalError:
            raise
        except LamaDesktopError as error:
            if getattr(error.__cause__, "errno", None) in _FULL:
                raise LamaDesktopError(f"{error} Then go on with the run.") from error
            return _failed(begun, str(error))
        except MemoryError:
            reason = f"{shown(task.photo.name)} does not fit into the memory. Close other programs, or make it smaller."
            return _failed(begun, reason)
        except Exception as error:  # one photo must not end the run, whatever is wrong
            logger.debug("%s failed", task.photo, exc_info=error)
            reason = f"This is a defect of LaMa Desktop ({type(error).__name__}: {error})."
            return _failed(begun, reason)

    def _read(self, task: Task, begun: Outcome, place: Place, progress: Progress) -> tuple[Photo, Coverage, Outcome]:
        """Return the photo, what is to be removed from it, and what there is to say so far."""
        start = time.perf_counter()
        photo = formats.read(task.photo, progress)
        place.settle(photo.size[0] * photo.size[1])
        self._refuse_losing(task, photo.notes)
        coverage, notes = coverage_of(photo, task.masks, self._order)
        begun = replace(
            begun,
            notes=(*photo.notes, *notes),
            seconds={"read": time.perf_counter() - start},
            size=photo.size,
            bytes_read=task.photo.stat().st_size,
        )
        return photo, coverage, begun

    def _write(self, task: Task, photo: Photo, begun: Outcome, progress: Progress) -> Outcome:
        """Write a result, announced beforehand."""
        start = time.perf_counter()
        lost = formats.losses(photo, task.output, self._order.write)
        self._refuse_losing(task, lost)
        data = aside(lambda: formats.encoded(photo, task.output, self._order.write), progress)
        digest = digest_of(data)
        done = replace(begun, state=State.DONE, notes=(*begun.notes, *lost), bytes_written=len(data), digest=digest)
        if self._is_taken(task):
            return _appeared(task, begun)
        with contextlib.suppress(OSError):  # writing tells what is wrong
            task.output.parent.mkdir(parents=True, exist_ok=True)
        self._journal.announce(done)
        atomic.replace(task.output, data)
        return replace(done, seconds={**done.seconds, "write": time.perf_counter() - start})

    def _refuse_losing(self, task: Task, lost: Sequence[str]) -> None:
        """Raise where replacing the photo would take something away that nobody has any more, such as other pages."""
        if self._order.batch.in_place and lost:
            raise FileFormatError(f"{shown(task.photo.name)} is not replaced, it would lose something. {lost[0]}")

    def _is_taken(self, task: Task) -> bool:
        """Tell whether there is a file that must not be replaced; the result of this task, done again, may be."""
        batch = self._order.batch
        if batch.in_place or batch.existing is Existing.OVERWRITE or not os.path.lexists(task.output):
            return False
        before = self._journal.outcomes.get(task.number)
        return before is None or not before.is_in(task.output)


def _appeared(task: Task, begun: Outcome) -> Outcome:
    reason = f"{shown(task.output.name)} has appeared meanwhile, and is kept."
    return Outcome(task.number, State.EXISTS, reason, mended=begun.mended)


def _failed(begun: Outcome, reason: str) -> Outcome:
    return Outcome(begun.number, State.FAILED, reason, mended=begun.mended)


def _refuse_unwritable(output: Path) -> None:
    """Raise before any work where the result could not be written."""
    folder = next(each for each in output.parents if each.exists() or each == each.parent)
    if not folder.is_dir():
        raise FileFormatError(
            f"{shown(output.name)} cannot be saved: {shown(folder)} is a file. Choose another folder."
        )
    if not os.access(folder, os.W_OK):
        raise FileFormatError(
            f"{shown(output.name)} cannot be saved: the folder {shown(folder)} is read-only. Choose another one."
        )
