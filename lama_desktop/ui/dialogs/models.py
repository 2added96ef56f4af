"""Models page: every published model and those on this disk; download, import, verify, delete, open the folder.

Downloads run on the network's lane, so that removals and files do not wait for them; the page may be closed meanwhile.
"""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSize, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QFont
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from lama_desktop.errors import LamaDesktopError
from lama_desktop.models.cards import MODELS, ModelCard
from lama_desktop.models.installed import Installed
from lama_desktop.models.store import ModelStore
from lama_desktop.progress import Progress
from lama_desktop.ui.dialogs.message import Message
from lama_desktop.ui.dialogs.page import note
from lama_desktop.ui.dialogs.question import Question
from lama_desktop.ui.icons import themed_icon
from lama_desktop.ui.jobs import Job, JobRunner, Lane
from lama_desktop.ui.text import in_bytes, tr
from lama_desktop.ui.theme import GAP, PADDING, UNIT, Theme, small, weighted

RECOMMENDED = MODELS[0].id
SUFFIXES = "*.ckpt *.pt *.pth *.safetensors *.zip *.bin"


class ModelsPage(QWidget):
    """The list and its buttons; a page of the preferences.

    Args:
        store: the models of this disk.
        runner: for downloads, imports and checks.
        theme: for the icons.

    Signals:
        changed: a model came or went.
    """

    changed = Signal()

    def __init__(self, store: ModelStore, runner: JobRunner, theme: Theme) -> None:
        super().__init__()
        self._store, self._runner, self._theme = store, runner, theme
        self._rows: dict[str, ModelRow] = {}
        self.message = Message(theme)
        self._more = QToolButton()
        self._more.setCheckable(True)
        self._more.setProperty("kind", "fold")
        self._more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._more.toggled.connect(lambda _: self.refresh())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(PADDING)
        column.addWidget(
            note(tr("Patches work without any download. Networks can invent structure; they are fetched once and "
                    "then work offline. Nothing in a weight file is ever executed."))
        )  # fmt: skip
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        self._list.setContentsMargins(0, 0, 0, 0)
        content = QWidget()
        content.setLayout(self._list)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(content)
        column.addWidget(area, 1)
        column.addWidget(self.message)
        column.addLayout(self._buttons())
        self.refresh()

    def refresh(self) -> None:
        """Show what is there now; rows of running downloads stay as they are."""
        try:
            installed = {each.id: each for each in self._store.installed()}
        except LamaDesktopError as error:
            self.message.show_error(error)
            installed = {}
        published = {card.id: card for card in MODELS}
        own = {each.id: each.card for each in installed.values() if each.id not in published}
        cards = own | published
        for key in [each for each in self._rows if each not in cards]:
            self._rows.pop(key).deleteLater()
        here = [key for key, card in cards.items() if key in installed or card.built_in]
        here.sort(key=lambda key: key not in installed)
        first = [key for key in (RECOMMENDED,) if key not in here]
        rest = [key for key in cards if key not in (*here, *first)]
        for key in (*here, *first, *rest):
            row = self._rows.get(key)
            if row is None:
                row = self._rows[key] = ModelRow(cards[key], self._theme, self)
            self._list.removeWidget(row)
            self._list.addWidget(row)
            row.show_installed(installed.get(key))
            row.setVisible(self._more.isChecked() or key not in rest or row.job is not None)
        self._list.insertWidget(len(here) + len(first), self._more)
        self._more.setText(tr("{count} more, for research", count=len(rest)))
        icon = "chevron-down" if self._more.isChecked() else "chevron-right"
        self._more.setIcon(themed_icon(self._theme, icon, checked="text"))

    def row(self, key: str) -> "ModelRow":
        """Return the row of a model."""
        return self._rows[key]

    def download(self, card: ModelCard) -> Job:
        """Fetch a published model."""
        return self._start(
            card.id,
            tr("Downloading {model}", model=card.title),
            lambda progress: self._store.download(card, progress),
            tr("{model} is ready.", model=card.title),
        )

    def import_file(self, path: Path) -> Job:
        """Add a weight file; the file itself is left alone."""
        return self._start(
            "",
            tr("Importing {file}", file=path.name),
            lambda progress: self._store.import_file(path, progress=progress),
            lambda found: tr(
                "{file} was imported as {id} ({network}).", file=path.name, id=found.id, network=found.network
            ),
        )

    def verify(self, card: ModelCard) -> Job:
        """Read a model through and compare it with what was installed."""
        return self._start(
            card.id,
            tr("Checking {model}", model=card.title),
            lambda progress: self._store.verify(card.id, progress),
            tr("{model} is whole.", model=card.title),
        )

    def remove(self, card: ModelCard, ask: bool = True) -> None:
        """Delete a model from this disk, once the user has agreed."""
        if ask:
            detail = tr("It can be fetched again, or imported from its file.")
            question = Question(self, tr("Delete {model} from this disk?", model=card.title), detail)
            yes = question.add(tr("Delete"), danger=True)
            if question.ask() is not yes:
                return
        self._start(
            card.id,
            tr("Deleting {model}", model=card.title),
            lambda progress: self._store.remove(card.id),
            tr("{model} was deleted.", model=card.title),
        )

    def _start(
        self, key: str, title: str, work: Callable[[Progress], object], done: str | Callable[[Installed], str]
    ) -> Job:
        job = Job(title, work, Lane.NETWORK)
        row = self._rows.get(key)
        if row is not None:
            row.show_job(job)
        job.progressed.connect(lambda fraction, text: self._say(f"{title}: {text}" if row is None else ""))
        job.failed.connect(lambda error: self._tell(job, error))
        job.cancelled.connect(lambda: self._say(tr("Stopped. What has arrived is kept for the next try.")))
        job.succeeded.connect(lambda result: self._say(done if isinstance(done, str) else done(result)))
        job.finished.connect(self._settle)
        self._runner.submit(job)
        return job

    def _settle(self) -> None:
        self.refresh()
        self.changed.emit()

    def _say(self, text: str) -> None:
        if text:
            self.message.show_text(text)

    def _tell(self, job: Job, error: Exception) -> None:
        """Tell what went wrong, here where somebody sees it."""
        job.told = self.isVisible()
        self.message.show_error(error)

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GAP)
        for text, icon, call in (
            (tr("Import a file…"), "import", self._choose_file),
            (tr("Open the folder"), "folder", self._open_folder),
        ):
            button = QPushButton(text)
            button.setIcon(themed_icon(self._theme, icon))
            button.setIconSize(QSize(18, 18))
            button.clicked.connect(call)
            row.addWidget(button)
        row.addStretch(1)
        place = note(str(self._store.folder))
        place.setWordWrap(False)
        row.addWidget(place)
        return row

    def _choose_file(self) -> None:
        kinds = f"{tr('Weight files')} ({SUFFIXES});;{tr('All files')} (*)"
        path, _ = QFileDialog.getOpenFileName(self, tr("Import a model"), "", kinds)
        if path:
            self.import_file(Path(path))

    def _open_folder(self) -> None:
        try:
            self._store.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self._say(tr("The folder cannot be made: {reason}", reason=error.strerror or error))
            return
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._store.folder)))


class ModelRow(QFrame):
    """One model: what it is, its state, what can be done with it.

    Args:
        card: the model.
        theme: for the icons.
        page: does what the buttons say.
    """

    def __init__(self, card: ModelCard, theme: Theme, page: ModelsPage) -> None:
        super().__init__()
        self.card = card
        self.job: Job | None = None
        self._found: Installed | None = None
        self.setProperty("kind", "row")
        title, self.state = QLabel(card.title), QLabel()
        title.setFont(weighted(self.font(), QFont.Weight.Medium))
        about = note(tr(card.description))
        about.setFont(small(self.font()))
        self.state.setFont(small(self.font()))
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(tr("Progress of {model}", model=card.title))
        texts, line = QVBoxLayout(), QHBoxLayout(self)
        texts.setSpacing(UNIT // 2)
        for widget in (title, about, self.state, self.bar):
            texts.addWidget(widget)
        line.setContentsMargins(0, GAP, 0, GAP)
        line.setSpacing(UNIT)
        line.addLayout(texts, 1)
        self.buttons = {
            "download": self._button(theme, "download", tr("Download"), lambda: page.download(card)),
            "cancel": self._button(theme, "cancel", tr("Stop"), self._stop),
            "verify": self._button(theme, "verify", tr("Check"), lambda: page.verify(card)),
            "delete": self._button(theme, "delete", tr("Delete"), lambda: page.remove(card)),
        }
        for button in self.buttons.values():
            line.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        self.setToolTip(" ".join(tr(part) for part in (card.licence, card.notes) if part))
        self.show_installed(None)

    def show_installed(self, found: Installed | None) -> None:
        """Show whether it is on this disk, and offer what fits that."""
        self._found = found
        card, busy = self.card, self.job is not None
        built_in = found is None and not card.sources
        size = in_bytes(card.size) if card.size else tr("size unknown")
        here = tr("On this disk, {size}", size=in_bytes(found.size)) if found else ""
        absent = tr("Recommended, {size}", size=size) if card.id == RECOMMENDED else tr("Not here, {size}", size=size)
        self.state.setText(tr("Built in") if built_in else here or absent)
        self.state.setProperty("kind", "good" if found or built_in else "secondary")
        self.state.style().polish(self.state)
        shown = {
            "download": not busy and found is None and bool(card.sources),
            "cancel": busy,
            "verify": not busy and found is not None,
            "delete": not busy and found is not None,
        }
        for name, button in self.buttons.items():
            button.setVisible(shown[name])
        self.bar.setVisible(busy)

    def show_job(self, job: Job) -> None:
        """Show what is being done with it."""
        self.job = job
        self.bar.setValue(0)
        self.show_installed(self._found)
        self.state.setText(tr("waiting"))
        job.progressed.connect(self._follow)
        job.finished.connect(self._done)

    def _follow(self, fraction: float, text: str) -> None:
        self.bar.setValue(round(1000 * fraction))
        self.state.setText(text)

    def _done(self) -> None:
        self.job = None

    def _stop(self) -> None:
        if self.job is not None:
            self.job.cancel()
            self.state.setText(tr("stopping"))

    def _button(self, theme: Theme, icon: str, text: str, call: Callable[[], object]) -> QToolButton:
        button = QToolButton()
        button.setIcon(themed_icon(theme, icon))
        button.setIconSize(QSize(20, 20))
        button.setToolTip(text)
        button.setAccessibleName(f"{text}: {self.card.title}")
        button.clicked.connect(lambda: call())
        return button
