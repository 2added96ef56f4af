"""Exporter: a document becomes a file: where, how, what that costs, and then in the background.

The job gets a frozen snapshot, so editing goes on. A file counts as the saved state of what it was written from, and
only when it is whole on the disk; but not where the document has a file that keeps its layers.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDialog, QWidget

from lama_desktop import formats
from lama_desktop.core.composite import is_opaque
from lama_desktop.core.document import Document
from lama_desktop.core.exchange import Snapshot
from lama_desktop.core.photo import Photo
from lama_desktop.formats import WriteOptions
from lama_desktop.formats.jpeg import DEFAULT_QUALITY
from lama_desktop.progress import Progress
from lama_desktop.settings import Settings
from lama_desktop.ui.dialogs.page import Page, note
from lama_desktop.ui.form import Form
from lama_desktop.ui.notices import Notices, Tone
from lama_desktop.ui.prompts import Prompts
from lama_desktop.ui.save import keeps_layers
from lama_desktop.ui.text import tr
from lama_desktop.ui.writing import Then, Writing


@dataclass
class _Target:
    """Where a document was last written to, and how; `said` is what its user knows that the file lacks."""

    path: Path
    options: WriteOptions
    said: list[str]


class Exporter(QObject):
    """Writes documents.

    Args:
        parent: of the page with the options.
        writing: runs what writes.
        settings: the options of the last export are those of the next.
        prompts: asks where.
        notices: tells what happened.
    """

    def __init__(
        self, parent: QWidget | None, writing: Writing, settings: Settings, prompts: Prompts, notices: Notices
    ) -> None:
        super().__init__(parent)
        self._parent, self._writing, self._settings = parent, writing, settings
        self._prompts, self._notices = prompts, notices
        self._last: dict[Document, _Target] = {}

    def export(self, document: Document, then: Then = lambda done: None) -> None:
        """Ask where and how, and write; `then` is told whether the file is there."""
        path = self._prompts.save_file(tr("Export"), self._suggested(document))
        facts = _facts_of(document)
        options = None if path is None else self.ask_options(facts, path)
        if path is None or options is None:
            then(False)
            return
        self._settings.put(options)
        self._last[document] = _Target(path, options, formats.losses(facts, path, options))
        self._write(document, then)

    def export_again(self, document: Document) -> None:
        """Write to the same file as before, in the same way; ask if there was none."""
        if document in self._last:
            self._write(document)
        else:
            self.export(document)

    def forget(self, document: Document) -> None:
        """Let go of a document that was closed."""
        self._last.pop(document, None)

    def ask_options(self, facts: Photo, path: Path) -> WriteOptions | None:
        """Show how a file would be written and what it would drop; return None if the user changed their mind."""
        page = ExportPage(self._parent, facts, path, self._settings[WriteOptions])
        return page.options if page.exec() == QDialog.DialogCode.Accepted else None

    def _suggested(self, document: Document) -> Path:
        """Return a name beside the source, in its format, that is not the source's own."""
        if document in self._last:
            return self._last[document].path
        source = document.path or Path.home() / tr("Untitled")
        suffix = source.suffix if formats.is_writable(source) else formats.suffix_for(document.facts)
        return source.with_name(f"{source.stem}-clean{suffix}")

    def _write(self, document: Document, then: Then = lambda done: None) -> None:
        """Write a document as it is now; what is drawn meanwhile is not in the file and still counts as a change."""
        snapshot, target = document.snapshot(), self._last[document]

        def done(lost: list[str]) -> None:
            if not keeps_layers(document.path):  # whose changes belong into that file
                document.history.mark_saved(snapshot.state)
            self._notices.tell(tr("{name} was written.", name=target.path.name))
            for each in lost:
                if each not in target.said:
                    target.said.append(each)
                    self._notices.tell(each, Tone.WARNING)

        title = tr("Writing {name}", name=target.path.name)
        self._writing.start(
            title, lambda progress: _written(snapshot, target.path, target.options, progress), done, then
        )


class ExportPage(Page):
    """How a file is written, and what it cannot hold; said before anything is written."""

    def __init__(self, parent: QWidget | None, facts: Photo, path: Path, options: WriteOptions) -> None:
        super().__init__(parent, tr("Export {name}", name=path.name))
        self.options = options
        self._facts, self._path = facts, path
        target = formats.format_of(path)
        only = ["strip_metadata"]
        if target.name == "webp":
            only = ["lossless", *only]
        if target.lossy:
            only = ["quality", *only]
        form = Form(options, only=only)
        form.changed.connect(self._take)
        self.losses = note()
        self.losses.setMinimumWidth(380)
        self.body.addWidget(form)
        self.body.addWidget(self.losses)
        self.add_buttons(tr("Export"), tr("Cancel"))
        self._take(options)

    def _take(self, options: WriteOptions) -> None:
        self.options = options
        lost = formats.losses(self._facts, self._path, options)
        compressed = self._compression()
        if not lost:
            kept = tr("Everything else is kept.") if compressed else tr("The file keeps all there is to the picture.")
            self.losses.setText(f"{compressed} {kept}".strip())
        else:
            self.losses.setText("\n".join(f"• {each}" for each in (compressed, *lost) if each))

    def _compression(self) -> str:
        """Return how the pixels are compressed, as a sentence; empty where they stay as they are."""
        facts, target, quality = self._facts, formats.format_of(self._path), self.options.quality
        if not target.is_lossy(facts, self.options):
            return ""
        if not quality and target.name == facts.encoding.format == "jpeg":
            return tr("The picture is compressed anew, as strongly as the source.")
        return tr("The picture is compressed anew, with quality {quality}.", quality=quality or DEFAULT_QUALITY)


def _facts_of(document: Document) -> Photo:
    """Return what a file of a document will say of itself: with alpha, where something can be seen through."""
    facts, stack = document.facts, document.stack
    return replace(facts, has_alpha=facts.has_alpha or not is_opaque(stack.tree, stack.rect))


def _written(snapshot: Snapshot, path: Path, options: WriteOptions, progress: Progress) -> list[str]:
    photo = snapshot.photo()
    progress(0.5)
    return formats.write(photo, path, options, progress)
