"""Sources: the pictures in folders and files, each with its place below the results' folder. Reads names only."""

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from lama_desktop import formats
from lama_desktop.batch.order import JOURNAL, PLAN
from lama_desktop.batch.plan import Plan
from lama_desktop.errors import FileFormatError, SettingsError
from lama_desktop.formats.base import shown


@dataclass(frozen=True)
class Source:
    """A picture file, and its path below the results' folder, sub-folders and its own name included."""

    path: Path
    within: Path


@dataclass(frozen=True)
class Found:
    """What is in the inputs.

    `pictures` are in the order of the inputs and the names. `beside` are the folders of pictures that were named one
    by one, where masks may lie, too. `others` counts files that are no pictures by their names, `problems` says what
    could not be looked into.
    """

    pictures: tuple[Source, ...]
    beside: tuple[Path, ...]
    others: int
    problems: tuple[str, ...]


def find_sources(inputs: Sequence[Path], recursive: bool = True, without: Collection[Path] = ()) -> Found:
    """Find the pictures.

    Hidden files and folders do not count, nor do journals of any batch, with the masks that were mended in it, and the
    results that another one has put into a folder below; links to folders are not followed. In a folder each picture
    counts once (`formats.pictures_among`). One folder's content goes straight into the results' folder; of several
    inputs each folder goes there under its own name. Whatever is named itself counts, a file whatever its suffix is;
    what is named twice counts once.

    Args:
        inputs: folders and files.
        recursive: look into the folders in the folders, too.
        without: folders and files that do not count, such as the results of an earlier run; by whatever way their
            paths lead to them.

    Raises:
        FileFormatError: one of the inputs is not there.
    """
    found: dict[Path, Source] = {}
    beside: dict[Path, None] = {}
    problems: list[str] = []
    without = {each.resolve() for each in without}
    others = 0
    for each in inputs:
        if each.is_dir():
            name = each.resolve().name if each.name == ".." else each.name
            below = Path(name) if len(inputs) > 1 else Path()
            files = _walk(each, recursive, without, problems)
            pictures = formats.pictures_among(files)
            others += len(files) - len(pictures)
            for path in pictures:
                found.setdefault(path, Source(path, below / path.relative_to(each)))
        elif each.exists():
            found.setdefault(each, Source(each, Path(each.name)))
            beside[each.parent] = None
        else:
            raise FileFormatError(f"There is no file or folder {shown(each)}. Check the name.")
    return Found(tuple(found.values()), tuple(beside), others, tuple(problems))


def _walk(top: Path, recursive: bool, without: Collection[Path], problems: list[str]) -> list[Path]:
    """Return the files of a folder by name, those of a folder before those of the folders in it."""

    def note(error: OSError) -> None:
        problems.append(f"{shown(error.filename)} cannot be looked into: {error.strerror}.")

    files: list[Path] = []
    left_out = set(without)
    root = top.resolve()  # below it there are no links: those to folders are not followed
    for folder, folders, names in os.walk(top, onerror=note):
        here = Path(folder)
        real = root / here.relative_to(top)
        left_out.add(real / JOURNAL)
        if JOURNAL in folders and here != top:
            left_out |= _results_in(real)
        kept = (name for name in folders if not name.startswith(".") and real / name not in left_out)
        folders[:] = sorted(kept) if recursive else []
        paths = (here / name for name in sorted(names) if not name.startswith(".") and real / name not in left_out)
        refused = []
        for path in paths:
            try:
                if path.is_file():
                    files.append(path)
                elif formats.is_readable(path):
                    problems.append(f"{shown(path)} is no file that can be read, or a link to nowhere.")
            except OSError as error:  # as of everything in a folder that may be listed but not entered
                refused.append(error)
        if refused:
            note(refused[0])
    return files


def _results_in(folder: Path) -> set[Path]:
    """Return the results that another batch has put into a folder, by the journal that is with them."""
    try:
        plan = Plan.load(folder / JOURNAL / PLAN)
        output = plan.order.output
        if output is None or output.resolve() != folder:
            return set()
        return {folder / task.output.relative_to(output) for task in plan.tasks}
    except (OSError, ValueError, LookupError, TypeError, AttributeError, SettingsError):
        return set()
