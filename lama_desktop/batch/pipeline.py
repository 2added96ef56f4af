"""Pipeline: several photos at once, so that reading, filling and writing overlap and no device waits for a disk.

Each thread takes a photo from its file to its result; where only one may fill at a time, the others read and write
meanwhile. There are as many photos in memory as threads, and no queue. The outcomes arrive on the thread that asks for
them, in the order in which they are done.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence

from lama_desktop.batch.outcome import Outcome
from lama_desktop.batch.plan import Task
from lama_desktop.errors import Cancelled
from lama_desktop.progress import Progress

TICK = 0.1
"""Seconds between two looks at how far the work is, and whether it was cancelled."""
SURE = 5.0
"""Seconds of work after which the rest can be judged."""
STACK_BYTES = 16 << 20
"""Networks nest deep; some systems give a second thread only half a megabyte."""

Do = Callable[[Task, Progress], Outcome]


class Pipeline:
    """Does tasks on threads of its own while somebody takes the outcomes.

    `pause` and `go_on` may be called from any thread: paused, the photos at work are finished and no other is begun.

    Args:
        tasks: what is to be done, in this order.
        do: does one; called on several threads at once.
        threads: how many.
    """

    def __init__(self, tasks: Sequence[Task], do: Do, threads: int) -> None:
        self._tasks, self._do = tasks, do
        self._waiting = iter(tasks)
        self._threads = max(1, min(threads, len(tasks)))
        self._outcomes: queue.SimpleQueue[Outcome | BaseException] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._at_work: dict[int, Progress] = {}
        self._fractions: dict[int, float] = {}
        self._going, self._stopped = threading.Event(), threading.Event()
        self._going.set()

    def pause(self) -> None:
        """Begin no other photo until `go_on`."""
        self._going.clear()

    def go_on(self) -> None:
        """Begin photos again."""
        self._going.set()

    def outcomes(self, progress: Progress) -> Iterator[Outcome]:
        """Do all tasks and yield what became of each; to be called once.

        When the iteration ends, for whatever reason, no thread is left, and what was at work is as if not begun.

        Args:
            progress: is told how far all of it is, ten times a second, and stops it within a second.

        Raises:
            Cancelled: the user stopped it.
            LamaDesktopError: what `do` raised: the run has to end.
        """
        threads = [threading.Thread(target=self._work, name=f"batch {number}") for number in range(self._threads)]
        done, start = 0, time.monotonic()
        try:
            usual = threading.stack_size(STACK_BYTES)
            for thread in threads:
                thread.start()
            threading.stack_size(usual)
            while done < len(self._tasks):
                fraction = (done + sum(list(self._fractions.values()))) / len(self._tasks)
                progress(fraction, f"{done} of {len(self._tasks)}{_left(fraction, time.monotonic() - start)}")
                try:
                    outcome = self._outcomes.get(timeout=TICK)
                except queue.Empty:
                    continue
                if isinstance(outcome, BaseException):
                    raise outcome
                done += 1
                yield outcome
        finally:
            self._stop()
            for thread in threads:
                if thread.ident is not None:  # it was started
                    thread.join()

    def _work(self) -> None:
        """Do one task after the other, until there is none or somebody stops it."""
        while (task := self._next()) is not None:
            progress = self._at_work[task.number]
            try:
                self._outcomes.put(self._do(task, progress))
            except Cancelled:
                return
            except BaseException as error:  # noqa: BLE001 (it is raised where the outcomes are taken)
                self._outcomes.put(error)
                return
            finally:
                self._at_work.pop(task.number)
                self._fractions.pop(task.number, None)

    def _next(self) -> Task | None:
        while not self._going.wait(TICK) and not self._stopped.is_set():
            pass
        with self._lock:
            task = None if self._stopped.is_set() else next(self._waiting, None)
            if task is not None:
                number = task.number
                self._at_work[number] = Progress(lambda fraction, _: self._fractions.__setitem__(number, fraction))
        return task

    def _stop(self) -> None:
        with self._lock:
            self._stopped.set()
            for progress in list(self._at_work.values()):
                progress.cancel()


def _left(fraction: float, seconds: float) -> str:
    """Return how long the rest will take, where there is something to judge by, to follow a sentence."""
    if fraction <= 0 or seconds < SURE:
        return ""
    left = seconds / fraction - seconds
    if left < 90:
        return f", {left:.0f} s left"
    return f", {left / 60:.0f} min left" if left < 5400 else f", {left / 3600:.1f} h left"
