"""Run: a batch at work on the lane of batches; what becomes of each photo arrives on the UI thread.

Photos are read and written on threads of the pipeline. They are filled on the engine's lane, one after the other, as
errands that give way to a person's own removals: there is one model in memory, and nobody waits for a batch.
"""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject, Signal

from lama_desktop.batch.journal import Journal, begun, resumed
from lama_desktop.batch.outcome import Outcome
from lama_desktop.batch.pipeline import Pipeline
from lama_desktop.batch.plan import Plan, Task
from lama_desktop.batch.report import Report
from lama_desktop.batch.work import Filled, Work
from lama_desktop.core.arrays import Coverage
from lama_desktop.core.photo import Photo
from lama_desktop.engine.interface import Engines
from lama_desktop.progress import Progress
from lama_desktop.ui.jobs import Errands, Job, JobRunner, Lane
from lama_desktop.ui.text import tr

if TYPE_CHECKING:
    from lama_desktop.engine.engine import Engine

THREADS = 3
"""One fills, one reads, one writes: more would only take time and memory from the photo that a person works on."""


class Run(QObject):
    """One run, from its start to whatever ends it; begun by `start`.

    Args:
        runner: has the lanes.
        engines: asked on the engine's lane only.
        folder: of the journal.
        plan: of a new run; None takes up the run in the folder.

    Signals:
        recovered: outcomes by number that the journal knows: at the start of what is not done now, at the end of all.
        began: a photo is being worked on: its number.
        done: what became of a photo: an Outcome.
    """

    recovered = Signal(object)
    began = Signal(int)
    done = Signal(object)

    def __init__(self, runner: JobRunner, engines: Engines, folder: Path, plan: Plan | None = None) -> None:
        super().__init__()
        self._runner, self._engines, self._folder, self._plan = runner, engines, folder, plan
        self._errands: Errands = runner.errands(Lane.ENGINE)
        self._journal: Journal | None = None
        self._pipeline: Pipeline | None = None
        self._revised: dict[int, Task] = {}
        self.paused = False

    def start(self, only: Iterable[int] | None = None, retry_failed: bool = False, revised: Iterable[Task] = ()) -> Job:
        """Put the run on its lane; the job ends with it.

        Args:
            only: numbers of tasks that are done, once more where they were; all that is left by default.
            retry_failed: what failed counts as left.
            revised: tasks that take the places of those in the journal.
        """
        chosen = None if only is None else frozenset(only)
        changed = tuple(revised)

        def work(progress: Progress) -> None:
            # A new run replaces whatever was in its folder: the person was asked.
            plan = self._plan
            with resumed(self._folder) if plan is None else begun(self._folder, plan, anew=True) as journal:
                for task in changed:
                    journal.revise(task)
                self._do(journal, _tasks(journal, chosen, retry_failed), progress)

        job = Job(tr("Batch"), work, Lane.BATCH, shown=False)
        return self._runner.submit(job)

    def pause(self) -> None:
        """Finish the photos at work, and begin no other."""
        self.paused = True
        if self._pipeline is not None:
            self._pipeline.pause()

    def go_on(self) -> None:
        """Begin photos again."""
        self.paused = False
        if self._pipeline is not None:
            self._pipeline.go_on()

    def put_first(self, task: Task) -> bool:
        """Do a task in this form before those that wait, once more where it was done; tell whether that can be."""
        journal, pipeline = self._journal, self._pipeline
        if journal is None or pipeline is None:
            return False
        self._revised[task.number] = task
        if not pipeline.put_first(task):
            self._revised.pop(task.number, None)  # the pipeline's thread may have taken it meanwhile
            return False
        return True

    def _do(self, journal: Journal, tasks: list[Task], progress: Progress) -> None:
        """Do tasks, on the batch's lane; whatever ends that, there is a report."""
        to_do = {task.number for task in tasks}
        self.recovered.emit({key: each for key, each in journal.outcomes.items() if key not in to_do})

        def load(inner: Progress) -> None:
            self._load(journal, inner)

        try:
            if tasks:  # a model that cannot be loaded ends the run here, before every photo fails for it
                self._errands.run(load, progress)
            works = Work(journal, lambda photo, mask, inner: self._fill(journal, photo, mask, inner))

            def do(task: Task, inner: Progress) -> Outcome:
                if self._revised.pop(task.number, None) is not None:
                    journal.revise(task)
                self.began.emit(task.number)
                return works.do(task, inner)

            self._journal, self._pipeline = journal, Pipeline(tasks, do, THREADS)
            if self.paused:
                self._pipeline.pause()
            for outcome in self._pipeline.outcomes(progress):
                self.done.emit(outcome)
        finally:
            self._journal = self._pipeline = None
            for task in tuple(self._revised.values()):  # to be done by whoever takes the run up
                journal.revise(task)
            self.recovered.emit(dict(journal.outcomes))  # some may have been done while the run was stopped
            Report.of(journal).write(journal.folder)

    def _load(self, journal: Journal, progress: Progress) -> "Engine":
        """Return the engine, on its lane; it stays in the cache of the engines."""
        progress(0, tr("loading the model"))
        order = journal.plan.order
        return cast("Engine", self._engines.engine(order.model, order.engine_options))

    def _fill(self, journal: Journal, photo: Photo, mask: Coverage, progress: Progress) -> Filled:
        """Fill a photo on the engine's lane, for a thread of the pipeline."""

        def work(inner: Progress) -> Filled:
            from lama_desktop.batch.removal import inpaint_photo  # which imports torch

            engine, start = self._load(journal, inner), time.perf_counter()
            filled = inpaint_photo(photo, mask, engine, inner)
            return Filled(filled, time.perf_counter() - start, tuple(engine.notes))

        return self._errands.run(work, progress)


def _tasks(journal: Journal, only: frozenset[int] | None, retry_failed: bool) -> list[Task]:
    """Return what is to be done now."""
    if only is not None:
        return [task for task in journal.plan.ready if task.number in only]
    return journal.left(retry_failed)
