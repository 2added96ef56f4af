"""Errands: work that some other thread wants done on a lane, and waits for; the lane's own jobs go before it.

A batch fills its photos this way: on the one thread that owns the engine, so that there is never a second model in
memory, and without making a person wait who wants something removed. An errand that is at work when a job comes gives
way: it is dropped at its next report and begun anew afterwards, at most PATIENCE times, so that it is done in the end
however much a person does meanwhile.
"""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from lama_desktop.errors import Cancelled
from lama_desktop.progress import Progress

T = TypeVar("T")

PATIENCE = 3
TICK = 0.1
"""Seconds between two looks of the waiting thread at whether it was cancelled."""


class _GivesWay(Cancelled):
    """The work stops to be begun anew. It passes whatever lets a cancellation pass."""


class Errand(Generic[T]):
    """One piece of work for a lane.

    Args:
        work: done on the lane's thread, perhaps several times.
        progress: of the thread that waits; told how far the work is, and stops it.
    """

    def __init__(self, work: Callable[[Progress], T], progress: Progress) -> None:
        self._work, self._progress = work, progress
        self._patience = PATIENCE
        self._lock, self._over = threading.Lock(), threading.Event()
        self._at_work = self._dropped = False
        self._result: list[T] = []
        self._error: BaseException | None = None

    def run(self, is_wanted: Callable[[], bool]) -> bool:
        """Do the work on the calling thread; tell whether it is over, or has given way.

        Args:
            is_wanted: tells whether somebody waits who goes first.
        """
        with self._lock:
            if self._dropped:
                return True
            self._at_work = True

        def report(fraction: float, text: str) -> None:
            self._progress(fraction, text)
            if self._patience and is_wanted():
                raise _GivesWay

        try:
            self._result = [self._work(Progress(report))]
        except _GivesWay:
            self._patience -= 1
            with self._lock:
                self._at_work = False
            return False
        except BaseException as error:  # noqa: BLE001 (it is raised where the result is waited for)
            self._error = error
        self._over.set()
        return True

    def wait(self) -> T:
        """Return the result, on the thread that wants it.

        Raises:
            Cancelled: it was stopped meanwhile; the work has ended, or will not begin.
            BaseException: whatever the work raised.
        """
        while not self._over.wait(TICK):
            if self._progress.cancelled:
                with self._lock:
                    self._dropped = not self._at_work
                if self._dropped:
                    raise Cancelled
        if self._error is not None:
            raise self._error
        return self._result.pop()
