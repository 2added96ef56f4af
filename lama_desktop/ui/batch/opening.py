"""Opening: one photo of a batch in a tab: its result beside the original, or the original with its mask to be mended.

The files are read on the files' lane. A document is made on the UI thread when the pixels are there.
"""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QObject

from lama_desktop import formats
from lama_desktop.batch.coverage import coverage_of
from lama_desktop.batch.order import Order
from lama_desktop.batch.plan import Task
from lama_desktop.core.document import Document
from lama_desktop.core.drawable import Mask
from lama_desktop.core.exchange import facts_of, layer_of, opened
from lama_desktop.core.photo import Photo
from lama_desktop.core.stack import Stack
from lama_desktop.errors import LamaDesktopError
from lama_desktop.progress import Progress
from lama_desktop.settings import Settings
from lama_desktop.ui.files import MB, Tabs
from lama_desktop.ui.jobs import Job, JobRunner
from lama_desktop.ui.save import same
from lama_desktop.ui.sections import Editing
from lama_desktop.ui.text import tr

Then = Callable[[Document, float], object]
"""Called with a document that is shown now, and where in it, as a part of its width, is what it is about."""


class _Read(NamedTuple):
    """What came out of the files; `note` is what has to be said, `middle` where what it is about is."""

    facts: Photo
    stack: Stack
    note: str = ""
    middle: float = 0.5


class Opening(QObject):
    """Opens photos of a batch.

    Args:
        tabs: where they are shown.
        runner: reads files.
        settings: the budget of a history.
        tell: says a sentence.
    """

    def __init__(self, tabs: Tabs, runner: JobRunner, settings: Settings, tell: Callable[[str], object]) -> None:
        super().__init__()
        self._tabs, self._runner, self._settings, self._tell = tabs, runner, settings, tell
        self._mended: dict[Document, Task] = {}
        self._reading: set[Path] = set()

    def mended_task(self, document: Document | None) -> Task | None:
        """Return the task whose mask is mended in a document; None for every other document."""
        return None if document is None else self._mended.get(document)

    def forget(self, document: Document) -> None:
        """Let go of a document that was closed."""
        self._mended.pop(document, None)

    def compare(self, task: Task, order: Order, then: Then) -> None:
        """Show a result, with its photo as the original that it is compared with.

        A tab that shows the result already comes to the front; what is shown there is read again unless it was changed.
        """
        there = next(
            (each for each in self._tabs.documents if each.path is not None and same(each.path, task.output)), None
        )
        if there is not None and there.modified:
            self._tabs.show_tab(there)
            then(there, 0.5)
            return
        self._open(task.output, lambda progress: _compared(task, order, progress), there, then)

    def mend(self, task: Task, order: Order, then: Then) -> None:
        """Open the photo of a task with its mask, to be changed; once for each."""
        place = task.photo, task.output
        there = next((shown for shown, each in self._mended.items() if (each.photo, each.output) == place), None)
        if there is not None:
            self._tabs.show_tab(there)
            return

        def note(document: Document, middle: float) -> None:
            self._mended[document] = task
            then(document, middle)

        self._open(task.photo, lambda progress: _masked(task, order, progress), None, note)

    def _open(
        self,
        path: Path,
        read: Callable[[Progress], _Read],
        instead_of: Document | None,
        then: Then,
    ) -> None:
        if path in self._reading:
            return
        self._reading.add(path)

        def show(found: _Read) -> None:
            if instead_of in self._tabs.documents and instead_of.modified:  # since it was asked for
                self._tabs.show_tab(instead_of)
                then(instead_of, found.middle)
                return
            document = Document(found.facts, path, found.stack)
            document.history.budget = self._settings[Editing].history_mb * MB
            self._tabs.add(document, instead_of if instead_of in self._tabs.documents else None)
            then(document, found.middle)
            if found.note:
                self._tell(found.note)

        job = Job(tr("Opening {name}", name=path.name), read)
        job.succeeded.connect(lambda found: self._tabs.when_free(lambda: show(found)))
        job.finished.connect(lambda: self._tabs.when_free(lambda: self._reading.discard(path)))
        self._runner.submit(job)


def _compared(task: Task, order: Order, progress: Progress) -> _Read:
    """Read a result and its photo, on the files' lane."""
    result = formats.read(task.output)
    progress(0.4)
    facts, stack = facts_of(result), opened(result, tr("Result"))
    if same(task.output, task.photo):  # it took the place of the photo, of which nothing is left
        return _Read(facts, stack)
    photo = formats.read(task.photo)
    progress(0.8)
    if photo.size != stack.size:
        return _Read(facts, stack)
    middle = 0.5
    with contextlib.suppress(LamaDesktopError):  # a mask that has gone meanwhile
        hole = Mask(coverage_of(photo, task.masks, order)[0]).bounds()
        middle = 0.5 if hole.is_empty else (hole.left + hole.right) / 2 / photo.size[0]
    return _Read(facts, replace(stack, original=layer_of(photo, facts, name=task.photo.name)), middle=middle)


def _masked(task: Task, order: Order, progress: Progress) -> _Read:
    """Read a photo and what the batch removes from it, on the files' lane."""
    photo = formats.read(task.photo)
    progress(0.5)
    note, mask = "", Mask.empty(photo.size)
    try:
        mask = Mask(coverage_of(photo, task.masks, order)[0])
    except LamaDesktopError as error:  # a mask that cannot be used is what is to be mended
        note = str(error)
    progress(0.8)
    return _Read(facts_of(photo), replace(opened(photo, tr("Photo")), mask=mask), note)
