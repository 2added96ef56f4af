"""Progress: one handle that reports how far a job is and stops it when the user asks.

The worker calls it, any thread may call `cancel`. Every report is a cancel point, so work that reports at least twice
a second can be stopped within a second. Work that cannot report is done `aside`.
"""

import threading
from collections.abc import Callable
from typing import TypeVar

from lama_desktop.errors import Cancelled

Report = Callable[[float, str], None]
T = TypeVar("T")
TICK_S = 0.1
"""How often somebody who waits looks whether to go on."""


class Progress:
    """Report a fraction between 0 and 1; raise `Cancelled` once somebody has called `cancel`.

    Args:
        report: called on the worker's thread with the fraction of the whole job and what is being done.
    """

    def __init__(self, report: Report | None = None) -> None:
        self._report = report
        self._stop = threading.Event()
        self._start, self._span = 0.0, 1.0
        self._text = ""

    def __call__(self, fraction: float, text: str = "") -> None:
        """Report that this stage is done to `fraction`.

        Args:
            fraction: 0 to 1 of this stage.
            text: what is being done; empty repeats the last text.

        Raises:
            Cancelled: the user asked to stop.
        """
        self.check()
        self._text = text or self._text
        if self._report is not None:
            self._report(self._start + self._span * min(max(fraction, 0.0), 1.0), self._text)

    def check(self) -> None:
        """Report nothing; raise `Cancelled` if the user asked to stop."""
        if self._stop.is_set():
            raise Cancelled

    def cancel(self) -> None:
        """Make the next report, of this handle and all its stages, raise `Cancelled`."""
        self._stop.set()

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._stop.is_set()

    def stage(self, start: float, end: float) -> "Progress":
        """Return a handle whose 0 to 1 is `start` to `end` of this one."""
        child = Progress(self._report)
        child._stop = self._stop
        child._start = self._start + self._span * start
        child._span = self._span * (end - start)
        child._text = self._text
        return child


def aside(work: Callable[[], T], progress: Progress) -> T:
    """Return what work returns that has no cancel points, such as the codec of a library; wait for it elsewhere.

    It is done on a thread of its own, which goes on to its end when nobody waits any more, and keeps no program from
    ending. So it may change nothing that others see: a file is encoded like this, and not written.

    Raises:
        Cancelled: the user asked to stop; what comes out is dropped.
        BaseException: whatever the work raised.
    """
    over, results, errors = threading.Event(), list[T](), list[BaseException]()

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 (raised again by who waits)
            errors.append(error)
        over.set()

    threading.Thread(target=run, name="aside", daemon=True).start()
    while not over.wait(TICK_S):
        progress.check()
    if errors:
        raise errors[0]
    return results[0]
