"""Prompts: every question the window asks, in one place, so that a test can answer for the user."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from PySide6.QtWidgets import QAbstractButton, QFileDialog, QWidget

from lama_desktop import formats
from lama_desktop.formats.base import ReadableFormat
from lama_desktop.settings import Settings
from lama_desktop.ui.dialogs.question import Question
from lama_desktop.ui.sections import DropChoice, FolderChoice
from lama_desktop.ui.text import tr

T = TypeVar("T")

FOLDERS = "folders"


class Unsaved(StrEnum):
    """What to do with changes that are in no file."""

    SAVE = "save"
    EXPORT = "export"
    DISCARD = "discard"
    CANCEL = "cancel"


class Prompts:
    """Asks with dialogs of the system; a folder is remembered for each purpose.

    Args:
        parent: over which they appear.
        settings: remembers the folders.
    """

    def __init__(self, parent: QWidget | None, settings: Settings) -> None:
        self._parent, self._settings = parent, settings

    def open_files(self, title: str = "") -> list[Path]:
        """Ask for pictures to open; none when the user changed their mind."""
        names, _ = QFileDialog.getOpenFileNames(
            self._parent, title or tr("Open"), self._folder("open"), ";;".join(self._filters())
        )
        return self._kept("open", [Path(name) for name in names])

    def open_file(self, title: str, purpose: str) -> Path | None:
        """Ask for one picture, for some purpose."""
        name, _ = QFileDialog.getOpenFileName(self._parent, title, self._folder(purpose), ";;".join(self._filters()))
        return next(iter(self._kept(purpose, [Path(name)] if name else [])), None)

    def open_folder(self, title: str, purpose: str) -> Path | None:
        """Ask for a folder, for some purpose."""
        name = QFileDialog.getExistingDirectory(self._parent, title, self._folder(purpose))
        return next(iter(self._kept(purpose, [Path(name)] if name else [])), None)

    def save_file(self, title: str, suggested: Path, known: Sequence[ReadableFormat] = formats.FORMATS) -> Path | None:
        """Ask where to write, in which format; the dialog asks before a file is replaced, and the suffix is there."""
        kinds = [f"{each.title} ({' '.join('*' + suffix for suffix in each.suffixes)})" for each in known]
        own = next((k for k, each in zip(kinds, known, strict=True) if suggested.suffix in each.suffixes), "")
        name, kind = QFileDialog.getSaveFileName(self._parent, title, str(suggested), ";;".join(kinds), own)
        if not name:
            return None
        path = Path(name)
        if not any(path.suffix.lower() in each.suffixes for each in known):
            chosen = known[kinds.index(kind)] if kind in kinds else known[0]
            path = path.with_name(path.name + chosen.suffixes[0])
            if path.exists() and not self.confirm(
                tr("{file} is there already. Replace it?", file=path.name), tr("Replace")
            ):
                return None
        return self._kept("export", [path])[0]

    def unsaved(self, name: str, export: bool = True) -> Unsaved:
        """Ask what to do with the changes of a photo that is to be closed; `export` may settle them."""
        detail = tr("Save keeps layers and mask; export writes a flat picture.") if export else ""
        question = Question(self._parent, tr("{name} has changes that are in no file yet.", name=name), detail)
        answers: dict[QAbstractButton | None, Unsaved] = {question.add(tr("Save")): Unsaved.SAVE}
        if export:
            answers[question.add(tr("Export…"))] = Unsaved.EXPORT
        answers[question.add(tr("Discard"), danger=True)] = Unsaved.DISCARD
        return answers.get(question.ask(), Unsaved.CANCEL)

    def dropped(self, paths: Sequence[Path]) -> tuple[DropChoice | None, bool]:
        """Ask what to do with pictures that were dropped on a photo; and whether always to do so.

        Returns:
            None where nothing is to be done.
        """
        what = paths[0].name if len(paths) == 1 else tr("{count} pictures", count=len(paths))
        answers = {tr("Open"): DropChoice.OPEN, tr("Add as layer"): DropChoice.LAYER}
        if len(paths) == 1:
            answers[tr("Use as mask")] = DropChoice.MASK
        return self._chosen(
            tr("What should be done with {what}?", what=what),
            tr("Holding Shift while dropping adds as layers, holding Alt takes as mask."),
            answers,
        )

    def dropped_folders(self, paths: Sequence[Path]) -> tuple[FolderChoice | None, bool]:
        """Ask what to do with folders that were dropped; and whether always to do so.

        Returns:
            None where nothing is to be done.
        """
        what = paths[0].name if len(paths) == 1 else tr("{count} files and folders", count=len(paths))
        return self._chosen(
            tr("What should be done with the photos in {what}?", what=what),
            tr("A batch fills all of them by their masks; opened, each has a tab of its own."),
            {tr("Batch"): FolderChoice.BATCH, tr("Open"): FolderChoice.OPEN},
        )

    def confirm(self, question: str, yes: str, detail: str = "", danger: bool = False) -> bool:
        """Ask whether to go on; `danger` where something is lost by it."""
        asked = Question(self._parent, question, detail)
        accept = asked.add(yes, danger=danger)
        return asked.ask() is accept

    def _chosen(self, text: str, detail: str, answers: Mapping[str, T]) -> tuple[T | None, bool]:
        """Ask for one of several answers, by their buttons; and whether always to take it."""
        question = Question(self._parent, text, detail, always=tr("Always do this"))
        buttons: dict[QAbstractButton | None, T] = {question.add(name): each for name, each in answers.items()}
        answer = buttons.get(question.ask())
        return answer, question.is_always and answer is not None

    def _filters(self) -> list[str]:
        known = (*formats.FORMATS, *formats.FOREIGN)
        every = " ".join(f"*{suffix}" for each in known for suffix in each.suffixes)
        kinds = [f"{each.title} ({' '.join('*' + suffix for suffix in each.suffixes)})" for each in known]
        return [f"{tr('Pictures')} ({every})", *kinds, f"{tr('All files')} (*)"]

    def _folder(self, purpose: str) -> str:
        folders: dict[str, object] = self._settings.recall(FOLDERS, {})
        found = folders.get(purpose)
        return found if isinstance(found, str) and Path(found).is_dir() else ""

    def _kept(self, purpose: str, paths: list[Path]) -> list[Path]:
        if paths:
            folders: dict[str, object] = self._settings.recall(FOLDERS, {})
            self._settings.remember(FOLDERS, folders | {purpose: str(paths[0].parent)})
        return paths
