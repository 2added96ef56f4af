"""Incoming: pictures that come into the window by hand: dropped, pasted, added as layers, used as a mask; and go out.

A picture that is dropped on a photo can be opened, added as a layer, or taken as a mask; the user is asked once, keys
held while dropping decide at once. Folders, and many pictures, are a batch, or opened; that is asked once, too.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from PySide6.QtCore import QMimeData, QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication, QImage

from lama_desktop import formats
from lama_desktop.core import masking
from lama_desktop.core import tree as trees
from lama_desktop.core.arrays import Coverage, Image
from lama_desktop.core.composite import composite
from lama_desktop.core.document import Document
from lama_desktop.core.exchange import layer_of
from lama_desktop.core.geometry import Rect
from lama_desktop.core.layer import Layer
from lama_desktop.core.photo import ColorModel, Photo
from lama_desktop.formats import WriteOptions
from lama_desktop.progress import Progress
from lama_desktop.settings import Settings
from lama_desktop.ui import edits
from lama_desktop.ui.canvas.qimage import to_array, view
from lama_desktop.ui.files import MANY, Files, pictures_in
from lama_desktop.ui.jobs import Job, JobRunner, Lane
from lama_desktop.ui.notices import Notices, Tone
from lama_desktop.ui.prompts import Prompts
from lama_desktop.ui.sections import DropChoice, Editing, FolderChoice
from lama_desktop.ui.text import tr
from lama_desktop.ui.thumbnails import in_srgb
from lama_desktop.ui.writing import Writing

T = TypeVar("T")
PLACE = "application/x-lama-desktop-place"
"""Beside an image in the clipboard: where in the picture it lay."""

_PROMISES = {
    DropChoice.OPEN: "Drop to open",
    DropChoice.LAYER: "Drop to add as a layer",
    DropChoice.MASK: "Drop to use as the mask",
    DropChoice.ASK: "Drop to choose: open, layer or mask",
}
_FOLDER_PROMISES = {
    FolderChoice.OPEN: "Drop to open all pictures",
    FolderChoice.BATCH: "Drop to make a batch",
    FolderChoice.ASK: "Drop to choose: batch or open",
}


class Incoming(QObject):
    """Takes pictures in, and hands them to the clipboard.

    Args:
        files: opens those that become documents.
        runner: reads.
        writing: runs what writes.
        settings: what to do with drops.
        prompts: asks.
        notices: tells.

    Signals:
        batch_wanted: paths that were dropped should become a batch.
    """

    batch_wanted = Signal(object)

    def __init__(
        self,
        files: Files,
        runner: JobRunner,
        writing: Writing,
        settings: Settings,
        prompts: Prompts,
        notices: Notices,
    ) -> None:
        super().__init__()
        self._files, self._runner, self._writing, self._settings = files, runner, writing, settings
        self._prompts, self._notices = prompts, notices
        self._copying = Writing(runner, Lane.TOOLS)

    @staticmethod
    def takes(data: QMimeData) -> bool:
        """Tell whether there is anything in a drag or the clipboard that could be a picture."""
        return data.hasImage() or any(each.isLocalFile() for each in data.urls())

    def drop(self, data: QMimeData, modifiers: Qt.KeyboardModifier, document: Document | None) -> None:
        """Take in what was dropped on a document, or on the empty window."""
        paths = local_paths(data)
        if not paths and data.hasImage():
            self._take_image(QImage(data.imageData()), modifiers, document)
        elif _is_lot(paths, modifiers):
            self._take_folders(paths)
        elif paths:
            choice = self._choose(paths, modifiers, document)
            if choice is DropChoice.OPEN:
                self._files.open(paths)
            elif choice is DropChoice.LAYER and document is not None:
                self.add_layers(document, paths)
            elif choice is DropChoice.MASK and document is not None:
                self.import_mask(document, paths[0])

    def promise(self, data: QMimeData, modifiers: Qt.KeyboardModifier, document: Document | None, batch: bool) -> str:
        """Return what dropping something would do, in words; nothing where it cannot be dropped.

        Args:
            data: what is dragged.
            modifiers: that are held.
            document: it would be dropped on; None for the empty window.
            batch: the batch page is in front.
        """
        if not self.takes(data):
            return ""
        if batch:
            return tr("Drop to add to the batch")
        paths, choice = local_paths(data), DropChoice.OPEN
        if _is_lot(paths, modifiers):
            return tr(_FOLDER_PROMISES[self._settings[Editing].drop_folders])
        if paths and document is not None:
            choice = self._choice(paths, modifiers)
        elif document is not None and modifiers & Qt.KeyboardModifier.ShiftModifier:
            choice = DropChoice.LAYER
        return tr(_PROMISES[choice])

    def add_layers(self, document: Document, paths: Sequence[Path] | None = None) -> None:
        """Read pictures and lay them over a document, in its middle; ask for them where none are given."""
        facts, size = document.facts, document.size

        def read(path: Path, progress: Progress) -> Layer:
            photo = formats.read(path)
            return layer_of(photo, facts, _centered(photo.size, size), path.stem)

        for path in pictures_in(self._prompts.open_files(tr("Open as layers")) if paths is None else paths):
            title = tr("Opening {name}", name=path.name)
            self._then_edit(document, title, partial(read, path), edits.paste_layer)

    def import_mask(self, document: Document, path: Path | None = None) -> None:
        """Take a picture of the document's size as its mask, white removes; ask for it where none is given."""
        path = path or self._prompts.open_file(tr("Import mask"), "mask")
        if path is None:
            return
        size = document.size

        def place(document: Document, coverage: Coverage) -> None:
            masking.replace(document, "Import mask", document.rect, coverage)

        title = tr("Opening {name}", name=path.name)
        self._then_edit(document, title, lambda progress: formats.read_mask(path, size), place)

    def export_mask(self, document: Document) -> None:
        """Write the mask as a grey picture; white removes."""
        source = document.path or Path.home() / tr("Untitled")
        path = self._prompts.save_file(tr("Export mask"), source.with_name(f"{source.stem}-mask.png"))
        if path is None:
            return
        photo = Photo(document.mask.frozen()[..., None], ColorModel.GREY)
        self._writing.start(
            tr("Writing {name}", name=path.name),
            lambda progress: formats.write(photo, path, WriteOptions(), progress),
            lambda lost: self._notices.tell(tr("{name} was written.", name=path.name)),
        )

    def paste(self, document: Document | None) -> None:
        """Take in what is in the clipboard: as a layer of the document, or as a new one."""
        self._copying.when_idle(lambda: self._paste(document))

    def paste_as_new(self) -> None:
        """Open what is in the clipboard in a tab of its own."""
        self.paste(None)

    def paste_mask(self, document: Document) -> None:
        """Take the picture in the clipboard, by its brightness, as the mask; where it was, or from the upper left."""
        self._copying.when_idle(lambda: self._paste_mask(document))

    def copy(self, document: Document, layer: Layer | None) -> None:
        """Put a layer, or everything that is visible, into the clipboard; where there is a mask, what it covers."""
        bounds = document.mask.bounds()
        rect = document.rect if bounds.is_empty else bounds
        if layer is not None:
            rect &= layer.rect
        if rect.is_empty:
            self._notices.tell(tr("The active layer has nothing there."), Tone.WARNING)
            return
        pixels = None if layer is None else layer.frozen()[rect.slices_in(layer.rect)]
        coverage = None if bounds.is_empty else document.mask.coverage[rect.slices].copy()
        tree, dtype, space = trees.copied(document.stack.tree), document.dtype, document.space

        def work(progress: Progress) -> QImage:
            colors = in_srgb(composite(tree, rect, dtype) if pixels is None else pixels, space)
            if coverage is not None:
                colors[..., 3] = cv2.multiply(np.ascontiguousarray(colors[..., 3]), coverage, scale=1 / 255)
            return view(colors).copy()

        def put(image: QImage) -> None:
            data = QMimeData()
            data.setImageData(image)
            data.setData(PLACE, f"{rect.left} {rect.top}".encode())
            QGuiApplication.clipboard().setMimeData(data)

        self._copying.start(tr("Copying"), work, put)

    def _paste(self, document: Document | None) -> None:
        data = QGuiApplication.clipboard().mimeData()
        if data is None or not self.takes(data):
            self._notices.tell(tr("There is no picture in the clipboard."), Tone.WARNING)
        elif data.hasImage():
            shift = Qt.KeyboardModifier.ShiftModifier
            self._take_image(QImage(data.imageData()), shift, document, _place_of(data))
        else:
            paths = local_paths(data)
            if document is None:
                self._files.open(paths)
            else:
                self.add_layers(document, paths)

    def _paste_mask(self, document: Document) -> None:
        image = QGuiApplication.clipboard().image()
        if image.isNull():
            self._notices.tell(tr("There is no picture in the clipboard."), Tone.WARNING)
            return
        coverage = masking.luminance(to_array(image))
        height, width = coverage.shape
        left, top = _place_of(QGuiApplication.clipboard().mimeData()) or (0, 0)
        rect = Rect(left, top, left + width, top + height)
        document.after_edit(lambda: masking.replace(document, "Paste mask", rect, coverage))

    def _take_folders(self, paths: Sequence[Path]) -> None:
        """Make a batch of what was dropped, or open it."""
        choice: FolderChoice | None = self._settings[Editing].drop_folders
        if choice is FolderChoice.ASK:
            choice, always = self._prompts.dropped_folders(paths)
            if always and choice is not None:
                self._settings.put(replace(self._settings[Editing], drop_folders=choice))
        if choice is FolderChoice.BATCH:
            self.batch_wanted.emit(paths)
        elif choice is FolderChoice.OPEN:
            self._files.open(paths)

    def _choose(
        self, paths: Sequence[Path], modifiers: Qt.KeyboardModifier, document: Document | None
    ) -> DropChoice | None:
        """Return what to do with dropped files."""
        if document is None:
            return DropChoice.OPEN
        choice = self._choice(paths, modifiers)
        if choice is DropChoice.ASK:
            answer, always = self._prompts.dropped(paths)
            if always and answer is not None:
                editing = self._settings[Editing]
                self._settings.put(replace(editing, drop=answer))
            return answer
        return choice

    def _choice(self, paths: Sequence[Path], modifiers: Qt.KeyboardModifier) -> DropChoice:
        """Return what is known, before anybody is asked, about files dropped on a document."""
        one = len(paths) == 1 and not paths[0].is_dir()
        if modifiers & Qt.KeyboardModifier.ShiftModifier:
            return DropChoice.LAYER
        if modifiers & Qt.KeyboardModifier.AltModifier and one:
            return DropChoice.MASK
        choice: DropChoice = self._settings[Editing].drop
        return DropChoice.ASK if choice is DropChoice.MASK and not one else choice

    def _take_image(
        self,
        image: QImage,
        modifiers: Qt.KeyboardModifier,
        document: Document | None,
        place: tuple[int, int] | None = None,
    ) -> None:
        """Take in an image that is in no file; as a layer at its place, or in the middle where it has none there."""
        pixels = to_array(image)
        if not pixels.size:
            self._notices.tell(tr("This picture cannot be read."), Tone.WARNING)
            return
        photo = _photo(pixels)
        if document is not None and modifiers & Qt.KeyboardModifier.ShiftModifier:
            left, top = place or _centered(photo.size, document.size)
            if (Rect(left, top, left + photo.size[0], top + photo.size[1]) & document.rect).is_empty:
                left, top = _centered(photo.size, document.size)
            layer = layer_of(photo, document.facts, (left, top), tr("Pasted"))
            document.after_edit(lambda: edits.paste_layer(document, layer))
        else:
            self._files.add(photo, tr("Pasted"))

    def _then_edit(
        self, document: Document, title: str, work: Callable[[Progress], T], edit: Callable[[Document, T], object]
    ) -> None:
        """Do work on the files' lane, then edit a document with its result, if it is still as large."""
        size, job = document.size, Job(title, work)

        def finish(result: T) -> None:
            if document.size == size:
                edit(document, result)

        job.succeeded.connect(lambda result: document.after_edit(lambda: finish(result)))
        self._runner.submit(job)


def local_paths(data: QMimeData) -> list[Path]:
    """Return the files and folders of this machine in a drag or the clipboard."""
    return [Path(each.toLocalFile()) for each in data.urls() if each.isLocalFile()]


def _is_lot(paths: Sequence[Path], modifiers: Qt.KeyboardModifier) -> bool:
    """Tell whether what is dropped is a batch, or to be opened, and nothing for a photo."""
    return not modifiers and (len(paths) > MANY or any(path.is_dir() for path in paths))


def _place_of(data: QMimeData) -> tuple[int, int] | None:
    """Return where in its picture an image lay that was copied here; None for those of other programs."""
    try:
        left, top = map(int, bytes(data.data(PLACE).data()).split())
    except ValueError:
        return None
    return left, top


def _photo(pixels: Image) -> Photo:
    """Return an image of the clipboard as a photo; alpha only where there is some."""
    if (pixels[..., 3] == 255).all():
        return Photo(np.ascontiguousarray(pixels[..., :3]))
    return Photo(pixels, has_alpha=True)


def _centered(size: tuple[int, int], inside: tuple[int, int]) -> tuple[int, int]:
    """Return where a picture lies in the middle of another."""
    return (inside[0] - size[0]) // 2, (inside[1] - size[1]) // 2
