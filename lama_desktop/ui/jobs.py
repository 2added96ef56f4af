"""Jobs: work that takes time, on threads of its own; its report, its end and its errors arrive on the UI thread.

There is one thread per lane, and a lane does one job after the other, in the order they were asked for. Work runs on
the lane's thread, must not touch a widget or a Document, and owns the arrays it was given. Every signal of a Job is
emitted on the UI thread, so that slots are ordinary functions.

    job = runner.submit(Job("Opening a.jpg", lambda progress: formats.read(path)))
    job.succeeded.connect(show)

Errors need no slot: `JobRunner.failed` is the one door through which the window shows them. Other threads have work
done on a lane through `JobRunner.errands`.
"""

import itertools
import logging
import queue
import time
from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import partial
from typing import Any, TypeVar

from PySide6.QtCore import QObject, QThread, Signal

from lama_desktop.errors import Cancelled, LamaDesktopError
from lama_desktop.progress import Progress, Report
from lama_desktop.ui.errands import Errand

logger = logging.getLogger(__name__)

T = TypeVar("T")
Work = Callable[[Progress], object]

STACK_BYTES = 16 << 20
"""Networks nest deep; some systems give a second thread only half a megabyte."""
_NOW, _LATER = 0, 1
"""Turns in a lane: jobs come before errands."""
REPORT_S = 0.03
"""Reports that follow each other faster are not sent on: no eye sees them."""


class Lane(StrEnum):
    """What shares a thread, and so waits for each other."""

    BATCH = "batch"
    ENGINE = "engine"
    FILES = "files"
    NETWORK = "network"
    THUMBNAILS = "thumbnails"
    TOOLS = "tools"


class Errands:
    """A way for other threads to have work done on a lane; see `ui/errands.py`. Any thread but the lane's.

    Args:
        thread: of the lane.
        numbers: by which the lane keeps an order.
    """

    def __init__(self, thread: "_LaneThread", numbers: Iterator[int]) -> None:
        self._thread, self._numbers = thread, numbers

    def run(self, work: Callable[[Progress], T], progress: Progress) -> T:
        """Have work done when no job of the lane waits; return its result.

        Args:
            work: called on the lane with a progress of its own; begun anew where it had to give way to a job.
            progress: told how far the work is, and stops it.

        Raises:
            Cancelled: it was stopped; the work is not at work any more.
            BaseException: whatever the work raised.
        """
        errand = Errand(work, progress)
        self._thread.entries.put((_LATER, next(self._numbers), errand))
        return errand.wait()


class Job(QObject):
    """One piece of work and what became of it.

    Exactly one of `succeeded`, `failed`, `cancelled` is emitted, and `finished` after it.

    Args:
        title: what it does, for the status bar.
        work: called with a Progress; what it returns is handed to `succeeded`.
        lane: where it runs.
        shown: whether the window shows its progress.
    """

    progressed = Signal(float, str)
    succeeded = Signal(object)
    failed = Signal(object)
    cancelled = Signal()
    finished = Signal()

    def __init__(self, title: str, work: Work, lane: Lane = Lane.FILES, shown: bool = True) -> None:
        super().__init__()
        self.title, self.lane, self.shown = title, lane, shown
        self.fraction, self.text = 0.0, ""
        self.started: float | None = None
        """When its work began, by `time.monotonic`; None while it waits."""
        self.told = False
        """Set by who tells of a failure where it was started, in a slot of `failed`: the window need not."""
        self.writes = False
        """Set where it writes a file that was asked for: who drops a gesture does not mean that."""
        self._work: Work | None = work
        self._outcome: tuple[object, BaseException | None] = None, None
        self._reports = _Reports()
        self._progress = Progress(self._reports)

    def cancel(self) -> None:
        """Ask the work to stop at its next report; nothing happens if it has none left."""
        self._progress.cancel()

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop."""
        return self._progress.cancelled

    def run(self, report: Report) -> None:
        """Do the work on the calling thread; `take_outcome` tells what became of it.

        Args:
            report: called on this thread.
        """
        assert self._work is not None, "a job runs once"
        work, self._work = self._work, None  # what it holds is free as soon as it is done
        self._reports.heard = report
        try:
            self._progress(0.0)
            self._outcome = work(self._progress), None
        except Cancelled as error:
            self._outcome = None, _released(error)
        except Exception as error:
            level = logging.INFO if isinstance(error, LamaDesktopError) else logging.ERROR
            logger.log(level, "%s failed", self.title, exc_info=error)
            self._outcome = None, _released(error)
        self._reports.heard = None

    def take_outcome(self) -> tuple[object, BaseException | None]:
        """Return the result or the error, once."""
        outcome, self._outcome = self._outcome, (None, None)
        return outcome


class JobRunner(QObject):
    """Owns the lanes and the jobs that run or wait; lives on the UI thread.

    Signals:
        changed: a job was added, started, or ended.
        failed: a job ended with an error: the job and the exception.
    """

    changed = Signal()
    failed = Signal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self._threads: dict[Lane, _LaneThread] = {}
        self._jobs: dict[int, Job] = {}
        self._numbers = itertools.count()
        self._is_shut = False

    @property
    def jobs(self) -> tuple[Job, ...]:
        """Jobs that run or wait, the oldest first."""
        return tuple(self._jobs.values())

    def submit(self, job: Job) -> Job:
        """Put a job at the end of its lane's queue; return it. After `shutdown` it is not done, and nothing is told."""
        if self._is_shut:
            return job
        number = next(self._numbers)
        self._jobs[number] = job
        self._thread(job.lane).entries.put((_NOW, number, job))
        self.changed.emit()
        return job

    def errands(self, lane: Lane) -> Errands:
        """Return the way for other threads to have work done on a lane."""
        return Errands(self._thread(lane), self._numbers)

    def shutdown(self, timeout_s: float = 10.0) -> bool:
        """Cancel everything and wait for the threads; tell whether all of them ended."""
        self._is_shut = True
        for job in self.jobs:
            job.cancel()
        for thread in self._threads.values():
            thread.entries.put((_NOW, next(self._numbers), None))
        ended = [thread.wait(int(timeout_s * 1000)) for thread in self._threads.values()]
        self._jobs.clear()
        return all(ended)

    def _thread(self, lane: Lane) -> "_LaneThread":
        """Return the thread of a lane, started when it is first wanted."""
        thread = self._threads.get(lane)
        if thread is None:
            thread = self._threads[lane] = _LaneThread(lane, self)
            thread.began.connect(self._begin)
            thread.reported.connect(self._report)
            thread.ended.connect(self._end)
            thread.start()
        return thread

    def _begin(self, number: int) -> None:
        if number in self._jobs:
            self._jobs[number].started = time.monotonic()
            self.changed.emit()

    def _report(self, number: int, fraction: float, text: str) -> None:
        if (job := self._jobs.get(number)) is not None:
            job.fraction, job.text = fraction, text
            job.progressed.emit(fraction, text)

    def _end(self, number: int) -> None:
        job = self._jobs.pop(number, None)
        if job is None:
            return
        result, error = job.take_outcome()
        if error is None:
            job.succeeded.emit(result)
        elif isinstance(error, Cancelled):
            job.cancelled.emit()
        else:
            job.failed.emit(error)
            self.failed.emit(job, error)
        job.finished.emit()
        self.changed.emit()


class _LaneThread(QThread):
    """Does what is in its queue: jobs, then errands; None ends it.

    It speaks of jobs by number and lets go of each before it says that it has ended: a job, as every object with
    signals, must die on the thread it was made on.
    """

    began = Signal(int)
    reported = Signal(int, float, str)
    ended = Signal(int)

    def __init__(self, lane: Lane, parent: QObject) -> None:
        super().__init__(parent)
        self.setObjectName(f"lane {lane}")
        self.setStackSize(STACK_BYTES)
        self.entries: queue.PriorityQueue[tuple[int, int, Job | Errand[Any] | None]] = queue.PriorityQueue()

    def run(self) -> None:
        """Do one entry after the other."""
        while True:
            turn, number, entry = self.entries.get()
            if entry is None:
                return
            if isinstance(entry, Errand):
                if not entry.run(self._is_wanted):
                    self.entries.put((turn, number, entry))
                del entry
                continue
            self.began.emit(number)
            entry.run(partial(self.reported.emit, number))
            del entry
            self.ended.emit(number)

    def _is_wanted(self) -> bool:
        """Tell whether a job waits, or the end."""
        with self.entries.mutex:
            return bool(self.entries.queue) and self.entries.queue[0][0] == _NOW


class _Reports:
    """Passes the reports of a job on, but not more often than an eye sees.

    It does not know its job: a job that is held in a circle is freed by the garbage collector instead of at once, and
    then PySide6 6.12.0 never frees what the functions connected to its signals hold (seen with whole documents).
    """

    def __init__(self) -> None:
        self.heard: Report | None = None
        self._last, self._text = 0.0, ""

    def __call__(self, fraction: float, text: str) -> None:
        """Pass a report on where the last one was long enough ago, its text is new, or it is the last."""
        now = time.monotonic()
        if self.heard is not None and (fraction >= 1 or text != self._text or now - self._last >= REPORT_S):
            self._last, self._text = now, text
            self.heard(fraction, text)


def _released(error: BaseException) -> BaseException:
    """Return an error without its tracebacks, whose frames hold arrays: it outlives the work that raised it."""
    seen: BaseException | None = error
    while seen is not None:
        seen.__traceback__ = None
        seen = seen.__cause__ or seen.__context__
    return error
