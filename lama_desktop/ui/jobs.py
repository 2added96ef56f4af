"""Jobs: work that takes time, on threads of its own; its report, its end and its errors arrive on the UI thread.

There is one thread per lane, and a lane does one job after the other, in the order they were asked for. Work runs on
the lane's thread, must not touch a widget or a Document, and owns the arrays it was given. Every signal of a Job is
emitted on the UI thread, so that slots are ordinary functions.

    job = runner.submit(Job("Opening a.jpg", lambda progress: formats.read(path)))
    job.succeeded.connect(show)

Errors need no slot: `JobRunner.failed` is the one door through which the window shows them.
"""

import logging
import queue
import time
from collections.abc import Callable
from enum import StrEnum
from functools import partial

from PySide6.QtCore import QObject, QThread, Signal

from lama_desktop.errors import Cancelled, LamaDesktopError
from lama_desktop.progress import Progress, Report

logger = logging.getLogger(__name__)

Work = Callable[[Progress], object]

STACK_BYTES = 16 << 20
"""Networks nest deep; some systems give a second thread only half a megabyte."""
REPORT_S = 0.03
"""Reports that follow each other faster are not sent on: no eye sees them."""


class Lane(StrEnum):
    """What shares a thread, and so waits for each other."""

    ENGINE = "engine"
    FILES = "files"
    NETWORK = "network"
    TOOLS = "tools"


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
        self._work: Work | None = work
        self._report: Report | None = None
        self._reported, self._said = 0.0, ""
        self._progress = Progress(self._pass_on)

    def cancel(self) -> None:
        """Ask the work to stop at its next report; nothing happens if it has none left."""
        self._progress.cancel()

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop."""
        return self._progress.cancelled

    def run(self, report: Report) -> object:
        """Do the work on the calling thread and return its result.

        Raises:
            Cancelled: it was asked to stop.
            Exception: whatever the work raises.
        """
        assert self._work is not None, "a job runs once"
        work, self._work = self._work, None  # what it holds is free as soon as it is done
        self._report = report
        self._progress(0.0)
        return work(self._progress)

    def _pass_on(self, fraction: float, text: str) -> None:
        """Send a report on where the last one was long enough ago, its text is new, or it is the last."""
        now = time.monotonic()
        if self._report is not None and (fraction >= 1 or text != self._said or now - self._reported >= REPORT_S):
            self._reported, self._said = now, text
            self._report(fraction, text)


class JobRunner(QObject):
    """Owns the lanes; lives on the UI thread.

    Signals:
        changed: a job was added, started, or ended.
        failed: a job ended with an error: the job and the exception.
    """

    changed = Signal()
    failed = Signal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self._threads: dict[Lane, _LaneThread] = {}
        self._jobs: list[Job] = []

    @property
    def jobs(self) -> tuple[Job, ...]:
        """Jobs that run or wait, the oldest first."""
        return tuple(self._jobs)

    def submit(self, job: Job) -> Job:
        """Put a job at the end of its lane's queue; return it."""
        thread = self._threads.get(job.lane)
        if thread is None:
            thread = self._threads[job.lane] = _LaneThread(job.lane, self)
            thread.began.connect(self._begin)
            thread.reported.connect(self._report)
            thread.ended.connect(self._end)
            thread.start()
        self._jobs.append(job)
        thread.jobs.put(job)
        self.changed.emit()
        return job

    def shutdown(self, timeout_s: float = 10.0) -> bool:
        """Cancel everything and wait for the threads; tell whether all of them ended."""
        for job in self._jobs:
            job.cancel()
        for thread in self._threads.values():
            thread.jobs.put(None)
        ended = [thread.wait(int(timeout_s * 1000)) for thread in self._threads.values()]
        self._jobs.clear()
        return all(ended)

    def _begin(self, job: Job) -> None:
        job.started = time.monotonic()
        self.changed.emit()

    def _report(self, job: Job, fraction: float, text: str) -> None:
        job.fraction, job.text = fraction, text
        job.progressed.emit(fraction, text)

    def _end(self, job: Job, result: object, error: BaseException | None) -> None:
        if job in self._jobs:
            self._jobs.remove(job)
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
    """Runs the jobs of one lane; None in the queue ends it."""

    began = Signal(object)
    reported = Signal(object, float, str)
    ended = Signal(object, object, object)

    def __init__(self, lane: Lane, parent: QObject) -> None:
        super().__init__(parent)
        self.setObjectName(f"lane {lane}")
        self.setStackSize(STACK_BYTES)
        self.jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()

    def run(self) -> None:
        """Do one job after the other."""
        while (job := self.jobs.get()) is not None:
            result: object = None
            failure: BaseException | None = None
            self.began.emit(job)
            try:
                result = job.run(partial(self.reported.emit, job))
            except Cancelled as error:
                failure = error
            except Exception as error:
                level = logging.INFO if isinstance(error, LamaDesktopError) else logging.ERROR
                logger.log(level, "%s failed", job.title, exc_info=error)
                failure = _released(error)
            self.ended.emit(job, result, failure)
            del job, result, failure


def _released(error: BaseException) -> BaseException:
    """Return an error without its tracebacks, whose frames hold arrays: it outlives the work that raised it."""
    seen: BaseException | None = error
    while seen is not None:
        seen.__traceback__ = None
        seen = seen.__cause__ or seen.__context__
    return error
