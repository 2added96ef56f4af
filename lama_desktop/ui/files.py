"""Files: photos come into tabs and go from them; nothing that is in no file goes without a question.

Reading happens on the files' lane; a Document is made on the UI thread when the pixels are there and nothing is being
drawn. A file that cannot be read leaves everything as it is.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from PySide6.QtCore import QObject, Signal

from lama_desktop import formats
from lama_desktop.batch.pairing import photos_among
from lama_desktop.core.document import Document
from lama_desktop.core.exchange import facts_of, opened
from lama_desktop.core.photo import Photo
from lama_desktop.core.stack import Stack
from lama_desktop.errors import LamaDesktopError
from lama_desktop.formats.layered import read_layers
from lama_desktop.progress import Progress
from lama_desktop.settings import Settings
from lama_desktop.ui.export import Exporter
from lama_desktop.ui.jobs import Job, JobRunner
from lama_desktop.ui.notices import Notices, Tone
from lama_desktop.ui.prompts import Prompts, Unsaved
from lama_desktop.ui.recent import Recent
from lama_desktop.ui.save import Saver, keeps_layers
from lama_desktop.ui.sections import Editing
from lama_desktop.ui.text import tr

if TYPE_CHECKING:
    from lama_desktop.formats.openraster.kept import Kept

MANY = 20
"""More files than this are opened only when the user says so again."""
MB = 1_000_000


class Tabs(Protocol):
    """Where documents are shown; see `workspace.Workspace`."""

    @property
    def documents(self) -> tuple[Document, ...]:
        """Those that are open, in the order of their tabs."""
        ...

    def add(self, document: Document, instead_of: Document | None = None) -> None:
        """Show a document in a tab of its own, or in that of another."""
        ...

    def when_free(self, call: Callable[[], object]) -> None:
        """Call at once, or as soon as nothing is being drawn in front."""
        ...

    def show_tab(self, document: Document) -> None:
        """Bring a document to the front."""
        ...

    def remove(self, document: Document) -> None:
        """Close a document's tab, without a question."""
        ...


class _Read(NamedTuple):
    """What came out of a file: everything but the pixels, and the pixels as a stack."""

    facts: Photo
    stack: Stack
    notes: tuple[str, ...]
    kept: "Kept | None" = None


class Files(QObject):
    """Opens and closes documents.

    Args:
        tabs: where they are shown.
        runner: reads files.
        settings: the history's budget.
        recent: notes what was opened.
        saver: for changes that are to be kept, with all there is to them.
        exporter: for changes that are to be kept as a picture.
        prompts: asks.
        notices: tells.
        is_filling: tells whether a removal runs in a document.
    """

    opened = Signal(object)

    def __init__(
        self,
        tabs: Tabs,
        runner: JobRunner,
        settings: Settings,
        recent: Recent,
        saver: Saver,
        exporter: Exporter,
        prompts: Prompts,
        notices: Notices,
        is_filling: Callable[[Document], bool],
    ) -> None:
        super().__init__()
        self._is_filling = is_filling
        self._tabs, self._runner, self._settings, self._recent = tabs, runner, settings, recent
        self._saver, self._exporter = saver, exporter
        self._prompts, self._notices = prompts, notices
        self._reading: set[Path] = set()

    def ask_and_open(self) -> None:
        """Let the user choose pictures, and open them."""
        self.open(self._prompts.open_files())

    def open(self, paths: Iterable[Path]) -> None:
        """Open pictures, and those in folders; one that is open already comes to the front."""
        try:
            files = pictures_in(paths)
        except LamaDesktopError as error:
            self._notices.tell_error(error)
            return
        if len(files) > MANY and not self._prompts.confirm(
            tr("Open {count} pictures?", count=len(files)), tr("Open"), tr("Each takes a tab, and memory.")
        ):
            return
        for path in files:
            self._open(path)

    def step(self, document: Document, steps: int) -> None:
        """Show the next photo of the folder (1), or the one before (-1), in the place of a document; no masks."""
        if document.path is None:
            return
        try:
            siblings = photos_among(pictures_in([document.path.parent]))
        except LamaDesktopError as error:
            self._notices.tell_error(error)
            return
        place = _place(document.path, siblings)
        if place is None:
            return
        index = place + steps
        if not 0 <= index < len(siblings):
            text = (
                tr("This is the last picture of the folder.")
                if steps > 0
                else tr("This is the first picture of the folder.")
            )
            self._notices.tell(text)
            return
        self._settle(document, lambda settled: self._open(siblings[index], document) if settled else None)

    def revert(self, document: Document) -> None:
        """Read a document's file again, in its place; the changes go, and with them layers that no file has."""
        if document.path is not None and (
            not (document.modified or document.history.labels)
            or self._prompts.confirm(
                tr("Read {name} again?", name=document.path.name),
                tr("Read again"),
                tr("What was done since it was opened goes, and cannot be undone."),
                danger=True,
            )
        ):
            self._open(document.path, document, again=True)

    def add(self, photo: Photo, name: str) -> Document:
        """Show a picture that came from no file."""
        document = Document(photo, None, opened(photo, name))
        document.history.mark_unsaved()
        self._show(document, None)
        return document

    def close(self, document: Document, then: Callable[[bool], object] = lambda closed: None) -> None:
        """Close a document, after a question where it has changes; `then` is told whether it is closed."""

        def end(settled: bool) -> None:
            if settled and document in self._tabs.documents:
                self._tabs.remove(document)
            then(settled)

        self._settle(document, end)

    def close_all(self, then: Callable[[bool], object] = lambda closed: None) -> None:
        """Close every document, or none if one has to stay; `then` is told whether they are closed."""
        settled: dict[Document, int] = {}

        def go_on() -> None:
            documents = self._tabs.documents
            open_questions = (each for each in reversed(documents) if self._is_at_stake(each) and not is_settled(each))
            asked = next(open_questions, None)
            if asked is not None:
                self._settle(asked, lambda agreed: take(asked) if agreed else then(False))
                return
            for each in documents:
                self._tabs.remove(each)
            then(True)

        def is_settled(document: Document) -> bool:  # and not edited since, while another was written
            return settled.get(document) == document.history.state

        def take(document: Document) -> None:
            settled[document] = document.history.state
            go_on()

        go_on()

    def _is_at_stake(self, document: Document) -> bool:
        """Tell whether something would be lost with a document."""
        return document.modified or self._is_filling(document)

    def _settle(self, document: Document, then: Callable[[bool], object]) -> None:
        """See to the changes of a document; `then` is told whether it may go."""
        if document not in self._tabs.documents or not self._is_at_stake(document):
            then(True)
            return
        if not document.modified:
            title = tr("Something is being removed in {name}.", name=title_of(document))
            then(self._prompts.confirm(title, tr("Close"), tr("Closed, it is not finished."), danger=True))
            return
        if self._saver.is_saving(document):  # after which there may be nothing to ask
            self._saver.when_idle(lambda: self._settle(document, then))
            return
        self._tabs.show_tab(document)
        answer = self._prompts.unsaved(title_of(document), not keeps_layers(document.path))
        # What was done since the question, or a file that could not be written, keeps the document.
        if answer is Unsaved.SAVE:
            self._saver.save(document, lambda done: then(done and not document.modified))
        elif answer is Unsaved.EXPORT:
            self._exporter.export(document, lambda done: then(done and not document.modified))
        else:
            then(answer is Unsaved.DISCARD)

    def _open(self, path: Path, instead_of: Document | None = None, again: bool = False) -> None:
        path = path.absolute()
        there = self._saver.owner(path)
        if there in self._tabs.documents and not again:
            self._tabs.show_tab(there)
            return
        if path in self._reading:
            return
        self._reading.add(path)
        state = None if instead_of is None else instead_of.history.state
        job = Job(tr("Opening {name}", name=path.name), lambda progress: self._read(path, progress))
        job.succeeded.connect(lambda read: self._tabs.when_free(lambda: self._take(read, path, instead_of, state)))
        job.failed.connect(lambda error: self._recent.forget(path) if not path.exists() else None)
        job.finished.connect(lambda: self._tabs.when_free(lambda: self._reading.discard(path)))
        self._runner.submit(job)

    def _read(self, path: Path, progress: Progress) -> _Read:
        """Read a file, on the files' lane."""
        if (layered := read_layers(path, progress.stage(0, 0.9))) is not None:
            self._recent.keep_look(path, layered.stack, layered.facts)
            return _Read(layered.facts, layered.stack, layered.notes, layered.kept)
        photo = formats.read(path, progress)
        progress(0.6)
        stack = opened(photo, tr("Photo"))
        self._recent.keep_thumbnail(path, photo)
        return _Read(facts_of(photo), stack, photo.notes)

    def _take(self, read: _Read, path: Path, instead_of: Document | None, state: int | None) -> None:
        """Show what was read; `state` is how the document whose place it takes was when it was given up."""
        if instead_of in self._tabs.documents and instead_of.history.state != state:
            self._notices.tell(
                tr("{name} was edited meanwhile, so it stays. Try again.", name=title_of(instead_of)), Tone.WARNING
            )
            return
        document = Document(read.facts, path, read.stack)
        self._saver.opened(document, read.kept)
        self._show(document, instead_of if instead_of in self._tabs.documents else None)
        self._recent.add(path)
        for note in read.notes:
            self._notices.tell(note, Tone.WARNING, about=document)

    def _show(self, document: Document, instead_of: Document | None) -> None:
        document.history.budget = self._settings[Editing].history_mb * MB
        self._tabs.add(document, instead_of)
        self.opened.emit(document)


def title_of(document: Document) -> str:
    """Return what a document is called in the window."""
    return document.path.name if document.path is not None else tr("Untitled")


def pictures_in(paths: Iterable[Path]) -> list[Path]:
    """Return the files among `paths`, and the pictures in the folders among them, each once, in natural order.

    Raises:
        LamaDesktopError: a folder cannot be read.
    """
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        try:
            inside = formats.pictures_among(each for each in path.iterdir() if not each.name.startswith("."))
        except OSError as error:
            raise LamaDesktopError(f"The folder {path.name} cannot be read: {error.strerror or error}.") from error
        found += sorted(inside, key=lambda each: natural(each.name))
    return found


def _place(path: Path, pictures: Sequence[Path]) -> int | None:
    """Return the place of a file among the pictures of its folder; a document has that of the photo it lies beside."""
    itself = (place for place, each in enumerate(pictures) if each == path)
    photo = (place for place, each in enumerate(pictures) if each.stem == path.stem)
    return next(chain(itself, photo), None)


def natural(name: str) -> list[tuple[int, str]]:
    """Return a key that sorts 2 before 10, and a before B."""
    parts = re.split(r"(\d+)", name.casefold())
    return [(int(part), "") if part.isdigit() else (0, part) for part in parts]
