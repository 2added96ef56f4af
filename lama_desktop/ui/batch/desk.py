"""BatchDesk: the batch as the window knows it: its page, its actions, photos of it in tabs, the question at the end."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QObject, QTimer, QUrl
from PySide6.QtGui import QDesktopServices

from lama_desktop.batch import mended
from lama_desktop.batch.order import JOURNAL, PLAN
from lama_desktop.batch.outcome import Outcome
from lama_desktop.batch.plan import State, Task
from lama_desktop.batch.report import TEXT
from lama_desktop.core.arrays import Coverage
from lama_desktop.core.document import Document
from lama_desktop.engine.interface import Engines
from lama_desktop.ui.batch.mend_bar import MendBar
from lama_desktop.ui.batch.opening import Opening
from lama_desktop.ui.batch.rows import Group, Row
from lama_desktop.ui.batch.session import Phase, Session
from lama_desktop.ui.incoming import local_paths
from lama_desktop.ui.notices import Tone
from lama_desktop.ui.text import tr

if TYPE_CHECKING:
    from lama_desktop.ui.batch.page import BatchPage
    from lama_desktop.ui.main_window import MainWindow


class BatchDesk(QObject):
    """The batch of a window.

    Args:
        window: whose; its workspace, prompts and notices are there.
        engines: what fills; asked on the engine's lane only.
    """

    session: Session

    def __init__(self, window: "MainWindow", engines: Engines) -> None:
        super().__init__(window)
        self._window = window
        self.session = Session(window.runner, engines, window.store, window.settings)
        self._opening = Opening(
            window.workspace, window.runner, window.settings, lambda text: window.notices.tell(text, Tone.WARNING)
        )
        self._page: BatchPage | None = None
        self._awaited: set[int] = set()
        self._leaving: Callable[[], object] | None = None
        self.session.changed.connect(self._follow)
        self.session.progressed.connect(lambda *_: self._name_tab())
        self.session.finished.connect(self._end)
        self.session.settled.connect(self._settle)

    # The page

    @property
    def page(self) -> "BatchPage":
        """The page; made when it is first wanted."""
        if self._page is None:
            from lama_desktop.ui.batch.page import BatchPage  # most starts of the program need none

            window = self._window
            page = BatchPage(
                self.session,
                window.action_set.actions,
                window.runner,
                window.store,
                lambda: window.prompts,
                window.theme,
            )
            page.added.connect(self.add)
            page.taken_up.connect(self.take_up)
            page.summary_wanted.connect(self.show_summary)
            page.table.opened.connect(self._open)
            page.table.chosen.connect(window.action_set.refresh_soon)
            self._page = page
        return self._page

    @property
    def is_in_front(self) -> bool:
        """Whether the page is what is seen."""
        return self._page is not None and self._window.workspace.page is self._page

    def show(self) -> None:
        """Bring the page to the front."""
        first = self._page is None
        self._window.workspace.show_page(self.page, self._title())
        self.page.table.setFocus()
        if first:
            self.session.look_back()

    def add(self, paths: Iterable[Path]) -> None:
        """Show the page, and ask for more photos."""
        self.show()
        if self.session.is_active:
            self._window.notices.tell(tr("Photos can be added when the run is done or stopped."), Tone.WARNING)
            return
        self.session.add(paths)
        self.page.show_order()

    def drop(self, data: QMimeData) -> bool:
        """Take in what was dropped, if the page is in front; tell whether it is."""
        if self.is_in_front:
            self.add(local_paths(data))
        return self.is_in_front

    def take_up(self, folder: Path) -> None:
        """Show an older run, by the folder of its journal or of its results, to go on with it."""
        found = next((each for each in (folder, folder / JOURNAL) if (each / PLAN).is_file()), None)
        if found is None:
            text = tr("There is no run in {folder}. Choose the folder of its results.", folder=folder.name)
            self._window.notices.tell(text, Tone.WARNING)
            return
        self.session.take_up(found)

    def close(self) -> None:
        """Take the tab away; a run goes on."""
        if self.session.is_active:
            self._window.notices.tell(tr("The batch goes on. File, Batch shows it again."))
        self._window.workspace.take_page(self.page)

    # Actions

    @property
    def can_run(self) -> bool:
        """Whether there is something to start, to pause or to go on with."""
        phase = self.session.phase
        if phase is Phase.PLANNED:
            return any(row.state is State.READY for row in self.session.rows.rows)
        return phase in (Phase.RUNNING, Phase.PAUSED, Phase.STOPPED)

    @property
    def run_text(self) -> str:
        """What starting, pausing, or going on is called now."""
        words = {Phase.RUNNING: tr("Pause"), Phase.PAUSED: tr("Go on"), Phase.STOPPED: tr("Go on")}
        return words.get(self.session.phase, tr("Start"))

    def run(self) -> None:
        """Start, pause, or go on."""
        session = self.session
        if session.phase in (Phase.RUNNING, Phase.PAUSED):
            session.pause_or_go_on()
        elif (
            session.phase is not Phase.PLANNED
            or session.stopped is None
            or self._window.prompts.confirm(
                tr("Begin a new run here?"),
                tr("Begin anew"),
                tr("One that was stopped cannot be gone on with then. Its results stay."),
            )
        ):
            session.start()

    def compare(self) -> None:
        """Show the chosen result beside its original."""
        if (row := self._row(self.can_compare)) is not None:
            self._compare(row)

    def mend(self) -> None:
        """Open the chosen photo with its mask, to be changed."""
        if (row := self._row(self.can_mend)) is not None and row.task is not None and self.session.plan is not None:
            self._opening.mend(row.task, self.session.plan.order, self._add_bar)

    def redo(self) -> None:
        """Do the photo in front with the mask it has there, or else the chosen ones as they are."""
        document = self._window.document
        task = self._opening.mended_task(document)
        if document is not None and task is not None:
            self._redo_mended(document, task)
            return
        for row in self._chosen():
            if row.task is not None and self.can_redo(row):
                self._redo(row.task)

    def can_compare(self, row: Row) -> bool:
        """Whether there is a result to be seen."""
        return row.state in (State.DONE, State.EXISTS) and not row.at_work

    def can_mend(self, row: Row) -> bool:
        """Whether another mask would help."""
        return row.task is not None and row.task.state in mended.MENDABLE

    def can_redo(self, row: Row) -> bool:
        """Whether it can be done once more."""
        if self.session.phase in (Phase.PLANNING, Phase.PLANNED, Phase.STOPPING):
            return False
        return row.task is not None and row.task.state is State.READY and not row.at_work

    def can(self, does: Callable[[Row], bool]) -> bool:
        """Tell whether something can be done with the chosen rows."""
        return self.is_in_front and any(does(row) for row in self._chosen())

    @property
    def can_redo_here(self) -> bool:
        """Whether there is something to be done once more: in the photo in front, or chosen in the table."""
        return self._opening.mended_task(self._window.document) is not None or self.can(self.can_redo)

    def show_summary(self) -> None:
        """Open the report with whatever shows texts."""
        if (folder := self.session.journal) is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder / TEXT)))

    # At the end

    def forget(self, document: Document) -> None:
        """Let go of a document that was closed."""
        self._opening.forget(document)

    def may_close(self, then: Callable[[], object]) -> bool:
        """Tell whether the window may close now; where a run is on ask, stop it, and call when it is over."""
        if not self.session.is_active:
            return True
        if self._leaving is None and self._window.prompts.confirm(
            tr("A batch is running. Stop it and close?"),
            tr("Stop and close"),
            tr("What is done is done. The rest can be gone on with when the program is opened again."),
        ):
            self._leaving = then
            self.session.stop()
        return False

    def _end(self) -> None:
        leaving, self._leaving = self._leaving, None
        if leaving is not None:
            leaving()
            return
        counts = self.session.rows.counts()
        if not self.is_in_front:
            failed = tr(", {count} failed", count=counts[Group.FAILED]) if counts[Group.FAILED] else ""
            text = tr("The batch has ended: {count} done", count=counts[Group.DONE]) + failed + "."
            self._window.notices.tell(text, offer=(tr("Show"), self.show))

    def _follow(self) -> None:
        self._name_tab()
        self._window.action_set.refresh_soon()
        if self._page is not None and self.session.phase in (Phase.STOPPED, Phase.FINISHED):
            self._page.show_order()

    def _name_tab(self) -> None:
        if self._page is not None:
            self._window.workspace.name_page(self._page, self._title())

    def _title(self) -> str:
        if not self.session.is_active:
            return tr("Batch")
        return f"{tr('Batch')} · {tr('paused') if self.session.phase is Phase.PAUSED else self.session.percent}"

    def _settle(self, outcome: Outcome) -> None:
        """Tell what became of a photo that was asked for by itself."""
        if outcome.number not in self._awaited:
            return
        self._awaited.discard(outcome.number)
        row = next((each for each in self.session.rows.rows if each.task and each.task.number == outcome.number), None)
        if row is None or self.is_in_front:
            return
        if outcome.state is State.DONE:
            text = tr("{name} was filled with the mended mask.", name=row.path.name)
            self._window.notices.tell(text, offer=(tr("Compare"), lambda: self._compare(row)))
        else:
            self._window.notices.tell(outcome.reason, Tone.WARNING)

    # One photo

    def _chosen(self) -> list[Row]:
        return [] if self._page is None else self._page.table.chosen_rows()

    def _row(self, fits: Callable[[Row], bool]) -> Row | None:
        return next((row for row in self._chosen() if fits(row)), None)

    def _open(self, row: Row) -> None:
        """Open what is most worth seeing of a row."""
        if self.can_compare(row):
            self._compare(row)
        elif self.can_mend(row):
            self.mend()
        else:
            self._window.files.open([row.path])

    def _compare(self, row: Row) -> None:
        plan = self.session.plan
        if row.task is not None and plan is not None:
            self._opening.compare(row.task, plan.order, self._split)

    def _split(self, document: Document, middle: float) -> None:
        """Show the original left of a line through the middle of what was filled."""
        canvas = self._window.workspace.canvas_of(document)
        if canvas is None:
            return
        self._window.workspace.note(document, tr("result"))

        def draw() -> None:
            across, _ = canvas.viewport.to_screen(middle * document.size[0], 0)
            canvas.split = min(max(across / canvas.scale / max(1, canvas.width()), 0.05), 0.95)
            self._window.look.changed.emit()

        QTimer.singleShot(0, canvas, draw)  # when the panels around it have their places

    def _add_bar(self, document: Document, middle: float) -> None:
        canvas = self._window.workspace.canvas_of(document)
        if canvas is not None:
            self._window.workspace.note(document, tr("mask"))
            MendBar(canvas, self._window.action_set["batch-redo"])

    def _redo(self, task: Task) -> None:
        self._awaited.add(task.number)
        self.session.redo(task)

    def _redo_mended(self, document: Document, task: Task) -> None:
        """Keep a mask that was mended, and do its photo."""
        plan, folder = self.session.plan, self.session.journal
        same = [each for each in plan.tasks if each.photo == task.photo] if plan is not None else []
        latest = next((each for each in same if each.output == task.output), same[0] if len(same) == 1 else None)
        if plan is None or folder is None or latest is None:
            self._window.notices.tell(tr("{name} is in the batch no more.", name=task.photo.name), Tone.WARNING)
            return
        if document.mask.is_empty:
            self._window.notices.tell(tr("The mask is empty: paint over what should go."), Tone.WARNING)
            return
        mask: Coverage = document.mask.frozen()
        state = document.history.state

        def finish(made: Task) -> None:
            document.history.mark_saved(state)
            if made.state is not State.READY:
                self._window.notices.tell(made.reason, Tone.WARNING)
            elif self.session.phase is Phase.PLANNED:
                self._window.notices.tell(tr("The mask is kept. Its photo is filled when the batch is started."))
            self._redo(made)

        title = tr("Writing the mask of {name}", name=task.photo.name)
        self._window.writing.start(title, lambda progress: mended.keep(folder, plan, latest, mask), finish)
