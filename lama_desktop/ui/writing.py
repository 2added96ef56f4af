"""Writing: files on their way to the disk, or a copy to the clipboard, so that nothing goes on before it is there."""

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QObject

from lama_desktop.progress import Progress
from lama_desktop.ui.jobs import Job, JobRunner, Lane

T = TypeVar("T")
Then = Callable[[bool], object]


class Writing(QObject):
    """Starts jobs that write, and knows how many there are.

    Args:
        runner: runs them.
        lane: on which.
    """

    def __init__(self, runner: JobRunner, lane: Lane = Lane.FILES) -> None:
        super().__init__()
        self._runner, self._lane = runner, lane
        self._count = 0
        self._waiting: list[Callable[[], object]] = []

    def start(
        self,
        title: str,
        work: Callable[[Progress], T],
        done: Callable[[T], object],
        then: Then = lambda written: None,
    ) -> Job:
        """Write in the background.

        Args:
            title: what is done, for the status bar.
            work: writes.
            done: called with its result when the file is there.
            then: called in any case, after `done`, and told whether the file is there.
        """
        job, outcome = Job(title, work, self._lane), list[bool]()

        def succeed(result: T) -> None:
            outcome.append(True)
            done(result)

        def end() -> None:
            self._count -= 1
            then(bool(outcome))
            if not self._count:
                waiting, self._waiting = self._waiting, []
                for call in waiting:
                    call()

        job.succeeded.connect(succeed)
        job.finished.connect(end)
        self._count += 1
        job.writes = True
        return self._runner.submit(job)

    @property
    def is_busy(self) -> bool:
        """Whether a file is being written."""
        return self._count > 0

    def when_idle(self, call: Callable[[], object]) -> None:
        """Call at once, or as soon as what is being written is."""
        if self.is_busy:
            self._waiting.append(call)
        else:
            call()
