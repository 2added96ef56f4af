"""Session: the one batch of the window: what is asked for, its plan, and where the run stands.

Planning, reading an old journal and running take place on the lane of batches, one after the other. UI thread.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from lama_desktop.batch.journal import Journal
from lama_desktop.batch.mended import with_mended
from lama_desktop.batch.order import PLAN, Order
from lama_desktop.batch.outcome import Outcome
from lama_desktop.batch.plan import Plan, State, Task
from lama_desktop.batch.planner import make_plan
from lama_desktop.engine.interface import Engines
from lama_desktop.engine.options import EngineOptions
from lama_desktop.errors import LamaDesktopError
from lama_desktop.models.store import ModelStore
from lama_desktop.progress import Progress
from lama_desktop.settings import Settings
from lama_desktop.ui.batch.rows import Group, Rows
from lama_desktop.ui.batch.run import Run
from lama_desktop.ui.jobs import Job, JobRunner, Lane
from lama_desktop.ui.retouch import best, fitting
from lama_desktop.ui.text import tr

T = TypeVar("T")

ORDER, LAST = "batch-order", "batch-journal"
"""What the settings remember: the options of the last plan, the journal of the last run."""
SOON_MS = 200
"""A plan is made when nothing has been changed for so long."""


class Phase(StrEnum):
    """Where the batch stands."""

    EMPTY = "empty"
    PLANNING = "planning"
    PLANNED = "planned"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FINISHED = "finished"


ACTIVE = (Phase.RUNNING, Phase.PAUSED, Phase.STOPPING)
"""While a run is on."""


class Stopped(NamedTuple):
    """A run that was not finished: where its journal is, and how many photos of how many are left."""

    folder: Path
    left: int
    photos: int


class _Found(NamedTuple):
    """What a look at the disk has brought."""

    plan: Plan
    folder: Path
    outcomes: Mapping[int, Outcome]
    stopped: Stopped | None = None


class Session(QObject):
    """The batch of the window.

    Args:
        runner: has the lanes.
        engines: what fills; asked on the engine's lane only.
        store: which models there are.
        settings: remember the options, and the last run.

    Signals:
        changed: the phase, the order or the plan is another one.
        progressed: how far the run is, 0 to 1, and that in words.
        settled: what became of a photo: an Outcome.
        finished: a run has ended, in whatever way.
    """

    changed = Signal()
    progressed = Signal(float, str)
    settled = Signal(object)
    finished = Signal()

    def __init__(self, runner: JobRunner, engines: Engines, store: ModelStore, settings: Settings) -> None:
        super().__init__()
        self._runner, self._engines, self._store, self._settings = runner, engines, store, settings
        self.rows = Rows()
        self.phase = Phase.EMPTY
        self.plan: Plan | None = None
        self.problem = ""
        """Why there is no plan; empty where there is one, or nothing to plan."""
        self.stopped: Stopped | None = None
        """A run that could be taken up instead."""
        self.order = self._remembered()
        self._folder: Path | None = None
        self._job: Job | None = None
        self._run: Run | None = None
        self._later: dict[int, Task] = {}
        self._phase_before = Phase.EMPTY
        self._has_begun = False
        self._looks = 0
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(SOON_MS)
        self._soon.timeout.connect(self._make_plan)

    # What is asked for

    @property
    def is_active(self) -> bool:
        """Whether a run is on, so that nothing else can be asked for."""
        return self.phase in ACTIVE

    @property
    def can_retry(self) -> bool:
        """Whether something has failed while it was done."""
        return self.phase in (Phase.FINISHED, Phase.STOPPED) and bool(self._failed())

    @property
    def percent(self) -> str:
        """How far the run is."""
        fraction = 0.0 if self._job is None else self._job.fraction
        return f"{100 * fraction:\u2007>3.0f} %"  # with spaces as wide as digits: nothing jumps

    @property
    def journal(self) -> Path | None:
        """The folder of the journal of what is planned or done."""
        return self._folder

    def add(self, paths: Iterable[Path]) -> None:
        """Ask for more photos and folders."""
        inputs = dict.fromkeys((*self.order.inputs, *(each.absolute() for each in paths)))
        self.change(replace(self.order, inputs=tuple(inputs)))

    def change(self, order: Order) -> None:
        """Ask for something else; its plan is made a little later. No run is on."""
        if order == self.order and self.plan is not None:
            return
        self.order = order
        self._forget_look()
        options = replace(order, inputs=(), output=None, batch=replace(order.batch, masks="beside", in_place=False))
        self._settings.remember(ORDER, options.to_dict())
        self.phase = Phase.PLANNING if order.inputs else Phase.EMPTY
        self._soon.start()
        if not order.inputs:
            self._soon.stop()
            self._show(None)
        self.changed.emit()

    @property
    def can_plan(self) -> bool:
        """Whether there is something to look at again."""
        return bool(self.order.inputs) and not self.is_active

    def plan_again(self) -> None:
        """Look at the disk again. No run is on."""
        self.phase = Phase.PLANNING
        self._make_plan()
        self.changed.emit()

    def take_up(self, folder: Path) -> None:
        """Show a run that was stopped or finished, as its journal tells it, to go on with it. No run is on."""
        self.phase = Phase.PLANNING
        self._look(tr("Reading the journal"), lambda progress: _loaded(folder), self._take_loaded)
        self.changed.emit()

    def look_back(self) -> None:
        """Find out, where nothing is asked for yet, whether the last run was stopped."""
        last = Path(self._settings.recall(LAST, ""))
        if self.phase is Phase.EMPTY and last.name and self.stopped is None:
            self._look("", lambda progress: _stopped(last), self._take_stopped)

    # Running

    def start(self) -> None:
        """Do what is planned, or what is left of a run that was stopped."""
        assert self.plan is not None
        assert self._folder is not None
        if self.phase is Phase.PLANNED:
            self.stopped = None
            self._begin(Run(self._runner, self._engines, self._folder, self.plan))
        else:
            self._begin(Run(self._runner, self._engines, self._folder))

    def retry_failed(self) -> None:
        """Do once more what failed while it was done."""
        assert self._folder is not None
        self._begin(Run(self._runner, self._engines, self._folder), self._failed())

    def redo(self, task: Task) -> None:
        """Do a photo, in this form, before the others; once more where it was done."""
        assert self.plan is not None
        tasks = tuple(task if each.number == task.number else each for each in self.plan.tasks)
        self.plan = replace(self.plan, tasks=tasks)
        if self._run is not None:
            if not self._run.put_first(task):
                self._later[task.number] = task
        elif self.phase is not Phase.PLANNED and self._folder is not None:
            self._begin(Run(self._runner, self._engines, self._folder), [task.number], [task])
        self.rows.revise(task)
        self.changed.emit()

    def pause_or_go_on(self) -> None:
        """Begin no other photo; or begin them again."""
        assert self._run is not None
        if self.phase is Phase.PAUSED:
            self._run.go_on()
            self.phase = Phase.RUNNING
        elif self.phase is Phase.RUNNING:
            self._run.pause()
            self.phase = Phase.PAUSED
        self.changed.emit()

    def stop(self) -> None:
        """Stop the run within a second; what is done is done, and the rest can be done later."""
        if self.is_active and self._job is not None:
            self._later.clear()
            self.phase = Phase.STOPPING
            self._job.cancel()
            self.changed.emit()

    def _failed(self) -> list[int]:
        """Return the numbers of what has failed while it was done, and not before."""
        return [row.task.number for row in self.rows.rows if row.task and row.outcome and row.group is Group.FAILED]

    def _begin(self, run: Run, only: Iterable[int] | None = None, revised: Iterable[Task] = ()) -> None:
        assert self._folder is not None
        self._forget_look()
        self._settings.remember(LAST, str(self._folder))
        self._phase_before, self._has_begun = self.phase, False
        self._run, self.phase = run, Phase.RUNNING
        run.recovered.connect(self._note_begin)
        run.recovered.connect(self.rows.take_all)
        run.began.connect(self.rows.begin)
        run.done.connect(self.rows.take)
        run.done.connect(self.settled)
        self._job = run.start(only, revised=revised)
        self._job.progressed.connect(self.progressed)
        self._job.finished.connect(self._end)
        self.changed.emit()

    def _note_begin(self) -> None:
        """Note that the journal is this run's now."""
        self._has_begun = True

    def _end(self) -> None:
        """See where a run that has ended has left the photos."""
        self._run = self._job = None
        self.rows.end()
        if self._has_begun:
            left = any(row.state is State.READY for row in self.rows.rows)
            self.phase = Phase.STOPPED if left else Phase.FINISHED
        else:  # as where another program is at work on the journal
            self.phase = self._phase_before
        later, self._later = self._later, {}
        if later and self._folder is not None:
            self._begin(Run(self._runner, self._engines, self._folder), later.keys(), later.values())
            return
        self.changed.emit()
        self.finished.emit()

    # Looking at the disk

    def _make_plan(self) -> None:
        # The device is the one that the window uses: two would be two models in memory.
        here = self._settings[EngineOptions]
        engine = replace(self.order.engine, device=here.device, precision=here.precision)
        model = self.order.model or best(self._store)
        order = replace(self.order, model=model, engine=fitting(engine, model))
        self._look(tr("Planning"), lambda progress: _planned(order, progress), self._take_planned)

    def _look(self, title: str, work: Callable[[Progress], T], take: Callable[[T | LamaDesktopError], None]) -> None:
        """Look at the disk on the batch's lane, instead of what is being looked at."""
        self._forget_look()
        number = self._looks

        def look(progress: Progress) -> T | LamaDesktopError:
            try:
                return work(progress)
            except LamaDesktopError as error:  # it is said beside what is to be changed, not over the photo
                return error

        self._job = self._runner.submit(Job(title, look, Lane.BATCH, shown=False))
        self._job.succeeded.connect(lambda found: take(found) if number == self._looks else None)
        self._job.failed.connect(lambda error: self._take_nothing() if number == self._looks else None)

    def _forget_look(self) -> None:
        """Take nothing any more from what is being looked at: it was for another order. No run is on."""
        self._soon.stop()
        if self._job is not None:
            self._job.cancel()
            self._job = None
        self._looks += 1

    def _take_nothing(self) -> None:
        """A defect, which the window tells, has ended the look."""
        self._job = None
        self.phase = Phase.EMPTY
        self._show(None)

    def _take_planned(self, found: _Found | LamaDesktopError) -> None:
        self._job = None
        self.phase = Phase.PLANNED
        self._show(found)

    def _take_loaded(self, found: _Found | LamaDesktopError) -> None:
        self._job = None
        if isinstance(found, LamaDesktopError):
            self.phase = Phase.EMPTY
        else:
            self.order = found.plan.order
            left = any(found.outcomes.get(task.number, task).state is State.READY for task in found.plan.ready)
            self.phase = Phase.STOPPED if left else Phase.FINISHED
        self._show(found)

    def _take_stopped(self, found: Stopped | LamaDesktopError | None) -> None:
        self._job = None
        if isinstance(found, Stopped):
            self.stopped = found
            self.changed.emit()

    def _show(self, found: _Found | LamaDesktopError | None) -> None:
        usable = found if isinstance(found, _Found) else None
        self.plan = None if usable is None else usable.plan
        self._folder = None if usable is None else usable.folder
        self.stopped = None if usable is None else usable.stopped
        self.problem = str(found) if isinstance(found, LamaDesktopError) else ""
        self.rows.show_plan(self.plan, {} if usable is None else usable.outcomes)
        self.changed.emit()

    def _remembered(self) -> Order:
        """Return the options of the last plan, without photos."""
        try:
            return Order.from_dict(self._settings.recall(ORDER, {}))
        except (LamaDesktopError, LookupError, TypeError, AttributeError):
            return Order((), None, "", engine=self._settings[EngineOptions])


def _planned(order: Order, progress: Progress) -> _Found:
    """Return what an order means on this disk."""
    settled = order.settled()
    folder = settled.journal
    return _Found(with_mended(make_plan(settled, progress), folder), folder, {}, _stopped(folder))


def _loaded(folder: Path) -> _Found:
    """Return what a journal tells."""
    journal = Journal.load(folder)
    return _Found(journal.plan, folder, journal.outcomes)


def _stopped(folder: Path) -> Stopped | None:
    """Return what is left of the run in a folder; None where nothing is, or where there is none."""
    if not (folder / PLAN).is_file():
        return None
    try:
        journal = Journal.load(folder)
    except LamaDesktopError:
        return None
    left = len(journal.left())
    return Stopped(folder, left, len(journal.plan.ready)) if left and (journal.outcomes or journal.announced) else None
