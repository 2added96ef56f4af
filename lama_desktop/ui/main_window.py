"""MainWindow: the frame around the photos: menus, bars, panels. It follows the document in front.

It puts its parts together and hands the document in front to those that follow it; the work is done by the parts. What
it is made of is given to it by `app.py`. UI thread only.
"""

from collections.abc import Sequence

from PySide6.QtCore import QMimeData, Qt, QTimer, Signal, SignalInstance
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QMainWindow, QTabWidget

from lama_desktop.core.document import Document
from lama_desktop.core.drawable import Mask
from lama_desktop.core.group import pixel_layer
from lama_desktop.core.layer import Layer
from lama_desktop.engine.interface import Engines
from lama_desktop.models.store import ModelStore
from lama_desktop.options import Section
from lama_desktop.paths import cache_folder, resource
from lama_desktop.settings import Settings
from lama_desktop.tools.tool import Tool
from lama_desktop.ui.action_set import ActionSet
from lama_desktop.ui.actions import ACTIONS
from lama_desktop.ui.arrangement import Arrangement
from lama_desktop.ui.asks import Asks
from lama_desktop.ui.batch.desk import BatchDesk
from lama_desktop.ui.canvas.canvas import Canvas
from lama_desktop.ui.canvas.viewport import Viewport
from lama_desktop.ui.empty import EmptyState
from lama_desktop.ui.export import Exporter
from lama_desktop.ui.files import MB, Files, title_of
from lama_desktop.ui.incoming import Incoming
from lama_desktop.ui.jobs import Job, JobRunner
from lama_desktop.ui.look import Look
from lama_desktop.ui.menus import PANELS, RECENT, TOOLS, fill_menu_bar, fill_recent
from lama_desktop.ui.notices import Notices, Tone
from lama_desktop.ui.panels.engine import EnginePanel
from lama_desktop.ui.panels.history import HistoryPanel
from lama_desktop.ui.panels.layers import LayersPanel
from lama_desktop.ui.panels.navigator import NavigatorPanel
from lama_desktop.ui.panels.tool_options import ToolOptions
from lama_desktop.ui.panels.toolbox import Toolbox
from lama_desktop.ui.prompts import Prompts
from lama_desktop.ui.recent import Recent
from lama_desktop.ui.remove import Remover
from lama_desktop.ui.retouch import Retouch
from lama_desktop.ui.save import Saver
from lama_desktop.ui.sections import Appearance, Editing
from lama_desktop.ui.status_bar import StatusBar
from lama_desktop.ui.text import tr
from lama_desktop.ui.theme import Theme
from lama_desktop.ui.toolbelt import Toolbelt, masks
from lama_desktop.ui.variation_strip import VariationStrip
from lama_desktop.ui.workspace import Workspace
from lama_desktop.ui.writing import Writing


class MainWindow(QMainWindow):
    """The window.

    Args:
        settings: all options and the layout.
        theme: colours.
        runner: what is done in the background.
        store: the models of this disk.
        engines: what fills.
        tools: one instance each, in the order of the toolbox.

    Signals:
        closed: the window was closed, after every question.
    """

    closed = Signal()

    asks: Asks
    arrangement: Arrangement
    batch: BatchDesk
    engine: EnginePanel
    exporter: Exporter
    files: Files
    incoming: Incoming
    layers: LayersPanel
    look: Look
    navigator: NavigatorPanel
    remover: Remover
    retouch: Retouch
    runner: JobRunner
    saver: Saver
    toolbelt: Toolbelt
    toolbox: Toolbox
    tool_options: ToolOptions
    workspace: Workspace
    writing: Writing

    def __init__(
        self,
        settings: Settings,
        theme: Theme,
        runner: JobRunner,
        store: ModelStore,
        engines: Engines,
        tools: Sequence[Tool],
    ) -> None:
        super().__init__()
        self.settings, self.theme, self.runner, self.store = settings, theme, runner, store
        self.toolbelt = Toolbelt(tools)
        self._followed: Document | None = None
        self.action_set = ActionSet(self, (*self.toolbelt.actions(), *ACTIONS), settings, theme)
        self.recent = Recent(settings, cache_folder() / "thumbnails")
        empty = EmptyState(self.action_set["open"], self.recent, theme)
        self.workspace = Workspace(self._make_canvas, empty, self._promise, theme)
        self.setCentralWidget(self.workspace)
        self.notices = Notices(self.workspace.area, theme)
        self.prompts = Prompts(self, settings)
        self.writing = Writing(runner)
        self.saver = Saver(lambda: self.workspace.documents, self.writing, self.recent, self.prompts, self.notices)
        self.exporter = Exporter(self, self.writing, settings, self.prompts, self.notices)
        self.remover = Remover(runner, engines)
        self.files = Files(
            self.workspace, runner, settings, self.recent, self.saver, self.exporter, self.prompts, self.notices,
            lambda document: self.remover.job(document) is not None,
        )  # fmt: skip
        self.incoming = Incoming(self.files, runner, self.writing, settings, self.prompts, self.notices)
        self.batch = BatchDesk(self, engines)
        self.look = Look(settings, lambda: self.workspace.canvases)
        self.asks = Asks(self)
        self.retouch = Retouch(
            self, self.remover, store, settings, self.notices, lambda: self.asks.preferences("models")
        )
        self.variations = VariationStrip(self.workspace, self.retouch.varied, theme)
        self._build_bars()
        self._build_panels()
        self._connect(empty)
        self._build_menus()
        self.setDockNestingEnabled(True)
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self.arrangement.restore()
        self._follow(None)
        self.toolbox.take(self.toolbelt.in_hand.id)

    # What actions ask for

    @property
    def document(self) -> Document | None:
        """The document in front."""
        return None if self.workspace.canvas is None else self.workspace.canvas.document

    @property
    def current(self) -> Document:
        """The document in front, where an action needs one and is disabled without."""
        assert self.document is not None
        return self.document

    @property
    def active_layer(self) -> Layer:
        """The active layer of the document in front.

        Raises:
            LamaDesktopError: a group is active, or nothing.
        """
        return pixel_layer(self.current.active)

    @property
    def canvas(self) -> Canvas | None:
        """The canvas in front."""
        return self.workspace.canvas

    @property
    def front(self) -> Canvas:
        """The canvas in front, where there is one."""
        assert self.canvas is not None
        return self.canvas

    @property
    def viewport(self) -> Viewport:
        """How the document in front is seen."""
        return self.front.viewport

    def cancel(self) -> None:
        """Stop the removal in the document in front, or the batch in front, or else what is being done.

        A file that is being written is not what somebody means who drops a gesture.
        """
        if self.batch.is_in_front:
            self.batch.session.stop()
            return
        job = None if self.document is None else self.remover.job(self.document)
        job = job or next((each for each in self.runner.jobs if each.shown and not each.writes), None)
        if job is not None:
            job.cancel()

    def open_sample(self) -> None:
        """Open the photo that travels with the program."""
        self.files.open([resource("sample", "sample.jpg")])

    # Assembly

    def _build_bars(self) -> None:
        actions = self.action_set
        self.toolbox = Toolbox(self.toolbelt.tools, [actions[tool.id] for tool in self.toolbelt.tools], self.theme)
        self.tool_options = ToolOptions(actions["remove"], self.settings, self.theme)
        self.status = StatusBar(self.runner)
        self.setStatusBar(self.status)

    def _build_panels(self) -> None:
        self.engine = EnginePanel(self.settings, self.store, self.theme, self.runner)
        self.layers = LayersPanel(self.theme, self.action_set.actions)
        self.history = HistoryPanel()
        self.navigator = NavigatorPanel(self.runner)
        self.panels = (self.engine, self.layers, self.history, self.navigator)
        self.arrangement = Arrangement(self)

    def _build_menus(self) -> None:
        menus = fill_menu_bar(self.menuBar(), self.action_set)
        for tool in self.toolbelt.tools:
            menus[TOOLS].addAction(self.action_set[tool.id])
        for panel in self.panels:
            menus[PANELS].addAction(panel.toggleViewAction())

        def fill() -> None:
            fill_recent(menus[RECENT], self.recent.paths, lambda path: self.files.open([path]), self.recent.clear)

        self.recent.changed.connect(fill)
        fill()

    def _connect(self, empty: EmptyState) -> None:
        empty.sample_wanted.connect(self.open_sample)
        empty.chosen.connect(lambda path: self.files.open([path]))
        self.workspace.current_changed.connect(self._follow)
        self.workspace.close_wanted.connect(
            lambda each: self.files.close(each) if isinstance(each, Document) else self.batch.close()
        )
        self.workspace.closed.connect(self._forget)
        self.workspace.dropped.connect(
            lambda data, keys: None if self.batch.drop(data) else self.incoming.drop(data, keys, self.document)
        )
        self.incoming.batch_wanted.connect(self.batch.add)
        self.toolbox.chosen.connect(self.toolbelt.take)
        self.toolbelt.taken.connect(self._take_tool)
        self.toolbelt.changed.connect(self._follow_tool)
        self.tool_options.changed.connect(self._follow_tool)
        self.engine.models_wanted.connect(lambda: self.asks.preferences("models"))
        self.engine.device_changed.connect(self.status.show_device)
        self.status.zoom_entered.connect(self._zoom_to)
        self.runner.failed.connect(self._tell_failure)
        self.runner.changed.connect(self.action_set.refresh_soon)
        self.action_set.failed.connect(lambda error: self.notices.tell_error(error, self.document))
        self.remover.started.connect(self._show_removal)
        self.remover.ended.connect(self._hide_removal)
        self.look.changed.connect(self.action_set.refresh_soon)
        self.settings.tell(self._follow_settings)

    def _make_canvas(self, document: Document) -> Canvas:
        self.toolbelt.suit(document.size)
        canvas = Canvas(document, self.toolbelt.in_hand, self.runner)
        self.look.dress(canvas)
        canvas.pointed.connect(self.status.point)
        canvas.options_changed.connect(self._follow_tool)
        canvas.gesture_begun.connect(self.look.follow_gesture)
        canvas.gesture_ended.connect(lambda tool, changed: self._end_gesture(document, tool, changed))
        canvas.refused.connect(lambda text: self.notices.tell(text, Tone.WARNING, about=self.document))
        canvas.compared.connect(self.action_set.refresh_soon)
        canvas.viewport.changed.connect(self._show_zoom)  # no lambda: it would keep the canvas, and so the photo
        return canvas

    # What follows from what

    def _follow(self, document: Document | None) -> None:
        """Follow another document."""
        if self._followed is not None:
            for signal in _signals(self._followed):
                signal.disconnect(self._refresh)
        self._followed = document
        if document is not None:
            for signal in _signals(document):
                signal.connect(self._refresh)
        for panel in self.panels:
            panel.show_document(document)
        self.arrangement.make_room(self.batch.is_in_front)
        self.navigator.show_canvas(self.canvas)
        self.notices.show_document(document)
        self.status.show_document(document)
        self._show_zoom()
        self._refresh()

    def _follow_settings(self, section: Section) -> None:
        """Do what other options ask for."""
        if isinstance(section, Appearance):
            self.theme.choose(section.theme)
        elif isinstance(section, Editing):
            for document in self.workspace.documents:
                document.history.budget = section.history_mb * MB
        self.action_set.refresh_soon()

    def _forget(self, document: Document) -> None:
        """Let go of a document that was closed."""
        self.exporter.forget(document)
        self.batch.forget(document)
        self.saver.forget(document)
        self.notices.forget(document)
        if (job := self.remover.job(document)) is not None:
            job.cancel()

    def _tell_failure(self, job: Job, error: Exception) -> None:
        """Tell what went wrong in the background, over the photo it was done for where there is one."""
        about = next((each for each in self.workspace.documents if self.remover.job(each) is job), None)
        if not job.told:
            self.notices.tell_error(error, about)

    def _refresh(self, *_: object) -> None:
        """Show the state of the document in front."""
        document = self.document
        self.status.refresh()
        self.action_set.refresh_soon()
        name = tr("Batch") if self.batch.is_in_front else "" if document is None else f"{title_of(document)}[*]"
        self.setWindowTitle(name or "LaMa Desktop")  # which the platform adds to every title in its own way
        self.setWindowModified(document is not None and document.modified)

    def _promise(self, data: QMimeData, keys: Qt.KeyboardModifier) -> str:
        return self.incoming.promise(data, keys, self.document, self.batch.is_in_front)

    def _take_tool(self, tool: Tool) -> None:
        """Give another tool to all documents."""
        self.tool_options.show_tool(tool)
        for canvas in self.workspace.canvases:
            canvas.tool = tool

    def _follow_tool(self, tool: Tool) -> None:
        """Show that a tool has other options."""
        if tool is self.toolbelt.in_hand:
            self.tool_options.refresh()
        for canvas in self.workspace.canvases:
            canvas.refresh_pointer()

    def _zoom_to(self, zoom: float) -> None:
        if self.canvas is not None:
            self.viewport.zoom_to(zoom)

    def _show_zoom(self) -> None:
        if self.canvas is not None:
            self.status.show_zoom(self.canvas.viewport.zoom)

    def _end_gesture(self, document: Document, tool: Tool, changed: bool) -> None:
        if changed and masks(tool):
            self.retouch.after_stroke(document)

    def _show_removal(self, document: Document, hole: Mask) -> None:
        canvas, bounds = self.workspace.canvas_of(document), hole.bounds()
        if canvas is not None and not bounds.is_empty:
            canvas.show_hole(bounds, hole.coverage[bounds.slices_in(hole.rect)])
        self.engine.show_state(tr("filling"))
        self.action_set.refresh_soon()

    def _hide_removal(self, document: Document) -> None:
        canvas = self.workspace.canvas_of(document)
        if canvas is not None:
            canvas.hide_hole()
        self.engine.show_state(tr("ready"))
        self.action_set.refresh_soon()

    def disconnect_from_application(self) -> None:
        """Listen to the application no more; called before the window goes."""
        self.arrangement.disconnect_from_application()
        self.action_set.disconnect_from_application()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Close, once the batch has stopped, every document has been seen to and every file is written.

        A refusal changes nothing.
        """
        if not self.batch.may_close(lambda: QTimer.singleShot(0, self, self.close)):
            event.ignore()
            return
        if self.workspace.documents:
            event.ignore()
            self.files.close_all(lambda closed: QTimer.singleShot(0, self, self.close) if closed else None)
            return
        if self.writing.is_busy:
            event.ignore()
            self.writing.when_idle(self.close)
            return
        self.arrangement.remember()
        event.accept()
        self.closed.emit()


def _signals(document: Document) -> tuple[SignalInstance, ...]:
    """Return the signals after which the window looks at a document again."""
    return (
        document.history.changed, document.stack_changed, document.active_changed, document.resized,
        document.modified_changed, document.path_changed, document.mask_changed,
    )  # fmt: skip
