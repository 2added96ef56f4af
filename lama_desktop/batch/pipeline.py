"""Pipeline: several photos at once, so that reading, filling and writing overlap and no device waits for a disk.

Each thread takes a photo from its file to its result; where only one may fill at a time, the others read and write
meanwhile. There are as many photos in memory as threads, and no queue. The outcomes arrive on the thread that asks for
them, in the order in which they are done.
"""

import queue
import threading
import time
from collections import deque
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

    `pause`, `go_on` and `put_first` may be called from any thread. Paused, the photos at work are finished and no other
    is begun.

    Args:
        tasks: what is to be done, in this order.
        do: does one; called on several threads at once.
        threads: how many.
    """

    def __init__(self, tasks: Sequence[Task], do: Do, threads: int) -> None:
        self._do, self._waiting, self._total = do, deque(tasks), len(tasks)
        self._threads = max(1, min(threads, len(tasks)))
        self._outcomes: queue.SimpleQueue[Outcome | BaseException] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._at_work: dict[int, Progress] = {}
        self._fractions: dict[int, float] = {}
        self._paused = self._stopped = False
        self._clock = _Clock()

    def pause(self) -> None:
        """Begin no other photo until `go_on`."""
        self._clock.hold()
        with self._changed:
            self._paused = True

    def go_on(self) -> None:
        """Begin photos again."""
        self._clock.go_on()
        with self._changed:
            self._paused = False
            self._changed.notify_all()

    def put_first(self, task: Task) -> bool:
        """Do one more task, before those that wait; tell whether it was not too late for that.

        A task that waits already comes first in this form; one that is at work is too late, as is the end.
        """
        with self._changed:
            if self._stopped or task.number in self._at_work:
                return False
            waiting = next((each for each in self._waiting if each.number == task.number), None)
            if waiting is None:
                self._total += 1
            else:
                self._waiting.remove(waiting)
            self._waiting.appendleft(task)
            self._changed.notify()
        return True

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
        done, self._clock = 0, _Clock()
        if self._paused:
            self._clock.hold()
        try:
            usual = threading.stack_size(STACK_BYTES)
            for thread in threads:
                thread.start()
            threading.stack_size(usual)
            while not self._is_over(done):
                fraction = (done + sum(list(self._fractions.values()))) / self._total
                progress(fraction, f"{done} of {self._total}{_left(fraction, self._clock.seconds)}")
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

    def _is_over(self, done: int) -> bool:
        """Tell whether everything is done; from then on nothing can be put first."""
        with self._changed:
            self._stopped = self._stopped or done >= self._total
            return self._stopped

    def _work(self) -> None:
        """Do one task after the other, until somebody stops it."""
        while (task := self._next()) is not None:
            try:
                self._outcomes.put(self._do(task, self._at_work[task.number]))
            except Cancelled:
                return
            except BaseException as error:  # noqa: BLE001 (it is raised where the outcomes are taken)
                self._outcomes.put(error)
                return
            finally:
                self._at_work.pop(task.number)
                self._fractions.pop(task.number, None)

    def _next(self) -> Task | None:
        """Wait for a task; None when there will be none."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or bool(self._waiting and not self._paused))
            if self._stopped:
                return None
            task = self._waiting.popleft()
            number = task.number
            self._at_work[number] = Progress(lambda fraction, _: self._fractions.__setitem__(number, fraction))
            return task

    def _stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
            for progress in list(self._at_work.values()):
                progress.cancel()


class _Clock:
    """Seconds since it was made, without those in which it was held."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._held: float | None = None

    @property
    def seconds(self) -> float:
        """How long it has run."""
        return (time.monotonic() if self._held is None else self._held) - self._start

    def hold(self) -> None:
        """Stand still."""
        self._held = self._held or time.monotonic()

    def go_on(self) -> None:
        """Run again."""
        if self._held is not None:
            self._start += time.monotonic() - self._held
            self._held = None


def _left(fraction: float, seconds: float) -> str:
    """Return how long the rest will take, where there is something to judge by, to follow a sentence."""
    if fraction <= 0 or seconds < SURE:
        return ""
    left = seconds / fraction - seconds
    if left < 90:
        return f", {left:.0f} s left"
    return f", {left / 60:.0f} min left" if left < 5400 else f", {left / 3600:.1f} h left"
