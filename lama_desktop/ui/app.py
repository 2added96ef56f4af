"""App: the composition root. Builds everything, passes everything by constructor, and takes it apart again.

Start: the window first, then whatever was asked to be opened, and only then, on a worker, torch. Nothing here or in any
module it imports at start imports torch on the UI thread.
"""

import logging
import os
import sys
from collections.abc import Callable, Sequence
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import QLibraryInfo, QLocale, Qt, QTimer, QTranslator
from PySide6.QtWidgets import QApplication

from lama_desktop import __version__
from lama_desktop.engine.interface import Engine, Engines
from lama_desktop.engine.options import EngineOptions
from lama_desktop.errors import LamaDesktopError
from lama_desktop.models.store import ModelStore
from lama_desktop.options import from_dict, to_dict
from lama_desktop.paths import APP, logs_folder, models_folder, settings_folder
from lama_desktop.settings import Settings
from lama_desktop.tools import TOOLS
from lama_desktop.tools.tool import Tool
from lama_desktop.ui.controls.focus_ring import FocusRing
from lama_desktop.ui.icons import program_icon
from lama_desktop.ui.instance import Instance
from lama_desktop.ui.jobs import Job, JobRunner, Lane
from lama_desktop.ui.main_window import MainWindow
from lama_desktop.ui.notices import LogNotices, Tone
from lama_desktop.ui.sections import SECTIONS, Appearance, Editing
from lama_desktop.ui.termination import Termination
from lama_desktop.ui.text import tr
from lama_desktop.ui.theme import Theme
from lama_desktop.ui.warm_up import ready_engine

if TYPE_CHECKING:
    from lama_desktop.engine.engine import EngineCache

logger = logging.getLogger(__name__)

Hook = Callable[[type[BaseException], BaseException, TracebackType | None], None]
LOG_BYTES = 1_000_000
SAVE_MS = 2000
"""Settings are written when nothing has changed for so long, and at the end."""


class LazyEngines:
    """The engine cache, imported with all of torch when it is first asked for. Belongs to the engine's lane.

    Args:
        store: where models are looked up.
    """

    def __init__(self, store: ModelStore) -> None:
        self._store = store
        self._cache: EngineCache | None = None

    def engine(self, name: str, options: EngineOptions) -> Engine:
        """Return an engine for a model, loaded."""
        if self._cache is None:
            from lama_desktop.engine.engine import EngineCache

            self._cache = EngineCache(self._store)
        return self._cache.engine(name, options)


class App:
    """Everything the window needs, and the window.

    Args:
        application: Qt's.
        engines: what fills; those of the store where absent.
    """

    def __init__(self, application: QApplication, engines: Engines | None = None) -> None:
        self.application = application
        self.settings = Settings(settings_folder() / "settings.json", SECTIONS)
        self.theme = Theme(application, self.settings[Appearance].theme)
        self.ring = FocusRing(application)
        self.store = ModelStore(models_folder())
        self.runner = JobRunner()
        self.tools = [kind() for kind in TOOLS]
        for tool in self.tools:
            recall_options(self.settings, tool)
        self.window = MainWindow(
            self.settings, self.theme, self.runner, self.store, engines or LazyEngines(self.store), self.tools
        )
        self._log = LogNotices()
        self._log.voice.said.connect(lambda text: self.window.notices.tell(text, Tone.WARNING))
        logging.getLogger("lama_desktop.engine").addHandler(self._log)
        for text in self.settings.notes:
            self.window.notices.tell(text, Tone.WARNING)
        self._save = QTimer(self.window)
        self._save.setInterval(SAVE_MS)
        self._save.timeout.connect(self.save)
        self._save.start()
        self.window.closed.connect(self.close)
        self.closed = False

    def warm_up(self) -> None:
        """Import torch and look at the devices, on the engine's lane, without a word."""
        job = Job(tr("Getting ready"), ready_engine, Lane.ENGINE, shown=False)
        job.succeeded.connect(lambda found: self.window.engine.show_devices(*found))
        job.succeeded.connect(lambda found: self.window.engine.show_state(tr("ready")))
        self.window.engine.show_state(tr("loading"))
        self.runner.submit(job)

    def save(self) -> None:
        """Write the settings, if anything changed; what the disk refuses is said once."""
        for tool in self.tools:
            self.settings.remember(f"tool.{tool.id}", to_dict(tool.options))
        try:
            self.settings.save()
        except LamaDesktopError as error:
            self._save.stop()
            logger.warning("%s", error)
            if not self.closed:
                self.window.notices.tell(str(error), Tone.WARNING)

    def close(self) -> None:
        """Write the settings and end the threads; called once, when the window is closed."""
        if self.closed:
            return
        self.closed = True
        self._save.stop()
        self.save()
        logging.getLogger("lama_desktop.engine").removeHandler(self._log)
        self.application.focusChanged.disconnect(self.ring.follow)
        self.window.disconnect_from_application()
        if not self.runner.shutdown():
            logger.warning("A thread did not end in time.")
            logging.shutdown()
            os._exit(0)  # everything is written; waiting for an import to end helps nobody


def run(files: Sequence[Path], new_window: bool = False) -> int:
    """Show the window with these files until it is closed; return the exit code.

    Where a window is open already, it gets the files instead.
    """
    start_log()
    application = QApplication.instance() or QApplication([APP])
    assert isinstance(application, QApplication)
    application.setApplicationName(APP)
    application.setApplicationDisplayName("LaMa Desktop")
    application.setApplicationVersion(__version__)
    application.setDesktopFileName(APP)
    application.setWindowIcon(program_icon())
    _translate(application)
    instance = Instance(settings_folder())
    if not new_window and _forwards():
        if instance.hand_over(files):
            return 0
    else:
        instance.listen()
    app = App(application)
    sys.excepthook = app_hook(app)
    instance.received.connect(lambda paths: _receive(app, paths))
    app.window.show()
    if files:
        app.window.files.open(files)
    QTimer.singleShot(0, app.warm_up)
    termination = Termination(app.window.close)
    code = application.exec()
    termination.restore()
    instance.close()
    app.close()
    return code


def recall_options(settings: Settings, tool: Tool) -> None:
    """Give a tool the options it had last; those that are not allowed any more are left out."""
    try:
        tool.options = from_dict(tool.Options, settings.recall(f"tool.{tool.id}", {}))
    except LamaDesktopError as error:
        logger.info("The options of %s are those of a new one: %s", tool.id, error)


def start_log() -> None:
    """Write a log into the user's folder, if there can be one."""
    try:
        logs_folder().mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(logs_folder() / f"{APP}.log", maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8")
    except OSError as error:
        logger.info("There is no log: %s", error)
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    for other in logging.getLogger().handlers:  # such as the terminal: what a person is told there is no news
        other.setLevel(logging.getLogger().level)
    root = logging.getLogger("lama_desktop")
    root.setLevel(logging.INFO)
    root.addHandler(handler)


def app_hook(app: App) -> Hook:
    """Return what is called with an error that nobody expected: it is logged and told, and the program goes on."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            app.application.quit()
            return
        logger.critical("Nobody expected this", exc_info=(kind, error, trace))
        if not app.closed:
            app.window.notices.tell_error(error)

    return hook


def _forwards() -> bool:
    """Tell whether files go to a window that is open already, as the settings say."""
    return Settings(settings_folder() / "settings.json", SECTIONS)[Editing].forward


def _receive(app: App, paths: Sequence[Path]) -> None:
    """Open what another start of the program has sent here."""
    app.window.files.open(paths)
    app.window.setWindowState(app.window.windowState() & ~Qt.WindowState.WindowMinimized)
    app.window.raise_()
    app.window.activateWindow()


def _translate(application: QApplication) -> None:
    """Let Qt speak the user's language; our own texts follow where there is a translation."""
    folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    translator = QTranslator(application)
    if translator.load(QLocale(), "qtbase", "_", folder):
        application.installTranslator(translator)
