"""Saver: a document goes into a file of its own, with layers, mask and all there is to it; in the background.

Such a file is OpenRaster. The job gets a frozen snapshot, so editing goes on; what has not changed since the last save
is copied from the file as it is. If writing fails, the old file, the document and its mark of changes stay.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from lama_desktop.core.document import Document
from lama_desktop.formats.openraster import SUFFIX, OpenRaster
from lama_desktop.progress import Progress
from lama_desktop.ui.notices import Notices, Tone
from lama_desktop.ui.prompts import Prompts
from lama_desktop.ui.recent import Recent
from lama_desktop.ui.text import tr
from lama_desktop.ui.writing import Then, Writing

if TYPE_CHECKING:
    from lama_desktop.formats.openraster.kept import Kept

Stamp = tuple[int, int]
"""Time of the last change and length of a file: whether somebody else has written it."""


@dataclass
class _File:
    """What is known of the file of a document. `kept` belongs to the files' lane while a job runs."""

    kept: "Kept | None" = None
    stamp: Stamp | None = None


class Saver(QObject):
    """Saves documents.

    Args:
        documents: those that are open: no two may have the same file.
        writing: runs what writes.
        recent: takes note of saved files.
        prompts: asks where.
        notices: tells what happened.
    """

    def __init__(
        self,
        documents: Callable[[], tuple[Document, ...]],
        writing: Writing,
        recent: Recent,
        prompts: Prompts,
        notices: Notices,
    ) -> None:
        super().__init__()
        self._documents, self._writing, self._recent = documents, writing, recent
        self._prompts, self._notices = prompts, notices
        self._files: dict[Document, _File] = {}
        self._saving: list[tuple[Document, Path]] = []

    def opened(self, document: Document, kept: "Kept | None") -> None:
        """Take note of a document that was read from a file with layers."""
        if document.path is not None and keeps_layers(document.path):
            self._files[document] = _File(kept, stamp_of(document.path))

    def forget(self, document: Document) -> None:
        """Let go of a document that was closed."""
        self._files.pop(document, None)

    def is_saving(self, document: Document) -> bool:
        """Tell whether a document is on its way to its file."""
        return any(each is document for each, _ in self._saving)

    def owner(self, path: Path) -> Document | None:
        """Return the document that a file belongs to, or will as soon as it is written; None where it is free."""
        files = [*self._saving, *((each, each.path) for each in self._documents())]
        return next((each for each, file in files if file is not None and same(file, path)), None)

    def when_idle(self, call: Callable[[], object]) -> None:
        """Call as soon as what is being written is; see `Writing.when_idle`."""
        self._writing.when_idle(call)

    def save(self, document: Document, then: Then = lambda saved: None) -> None:
        """Write a document to its file; ask for one where it has none. `then` is told whether the file is there."""
        path = document.path
        if path is None or not keeps_layers(path):
            self.save_as(document, then)
            return
        known = self._files.get(document)
        if (
            known is not None
            and known.stamp is not None
            and stamp_of(path) not in (None, known.stamp)
            and not self.is_saving(document)
            and not self._prompts.confirm(
                tr("{name} was changed by another program. Replace it?", name=path.name), tr("Replace")
            )
        ):
            then(False)
            return
        self._write(document, path, then)

    def save_as(self, document: Document, then: Then = lambda saved: None) -> None:
        """Ask for a file, and write a document to it; the file is the document's own from then on."""
        source = document.path or Path.home() / tr("Untitled")
        path = self._prompts.save_file(tr("Save"), source.with_suffix(SUFFIX), (OpenRaster(),))
        if path is None:
            then(False)
        elif self.owner(path) not in (None, document):
            self._notices.tell(tr("{name} is open in another tab. Choose another name.", name=path.name), Tone.WARNING)
            then(False)
        else:
            self._write(document, path, then)

    def _write(self, document: Document, path: Path, then: Then) -> None:
        """Write a document as it is now; what is drawn meanwhile is not in the file and still counts as a change."""
        snapshot, known = document.snapshot(), self._files.setdefault(document, _File())

        def work(progress: Progress) -> None:
            from lama_desktop.formats.openraster import writer

            known.kept = writer.write(snapshot, path, progress, known.kept)
            known.stamp = stamp_of(path)
            self._recent.keep_look(path, snapshot.stack, snapshot.facts)

        def done(_: object) -> None:
            if document in self._documents():
                document.path = path
            document.history.mark_saved(snapshot.state)
            self._recent.add(path)
            self._notices.tell(tr("{name} was saved.", name=path.name))

        def end(saved: bool) -> None:
            self._saving.remove((document, path))
            then(saved)

        self._saving.append((document, path))
        self._writing.start(tr("Saving {name}", name=path.name), work, done, end)


def keeps_layers(path: Path | None) -> bool:
    """Tell whether a file of this name holds documents as they are."""
    return path is not None and path.suffix.lower() == SUFFIX


def same(first: Path, second: Path) -> bool:
    """Tell whether two paths name the same file, however they are written."""
    try:
        return first.samefile(second)
    except OSError:
        return os.path.normcase(first.absolute()) == os.path.normcase(second.absolute())


def stamp_of(path: Path) -> Stamp | None:
    """Return the stamp of a file; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
