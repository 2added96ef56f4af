"""Files with layers: which kinds there are, and reading one as the stack of a document.

A file is recognised by its content. Its reader is imported when such a file is opened, so that a package which only one
format needs is not asked for before. Files without layers are for `formats.read`. No Qt; any thread.

To add a kind: a function `read(path, progress) -> Layered | None` in a file of its own, and a row in `_READERS`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lama_desktop.core.photo import Photo
from lama_desktop.core.stack import Stack
from lama_desktop.errors import FileFormatError, LamaDesktopError
from lama_desktop.formats import openraster
from lama_desktop.formats.base import damaged, shown
from lama_desktop.progress import Progress

if TYPE_CHECKING:
    from lama_desktop.formats.openraster.kept import Kept

_HEAD = 64


@dataclass(frozen=True, eq=False)
class Layered:
    """A document as it was in a file: what `Document(facts, path, stack)` is made of."""

    facts: Photo
    """All but the pixels, of which none are left (`exchange.facts_of`); its depth is that of every layer."""
    stack: Stack
    """Layers, groups, the mask, and the photo as it was opened; nothing of it is anybody else's memory."""
    notes: tuple[str, ...] = ()
    """Sentences about what reading had to change or leave behind; they name the file."""
    kept: "Kept | None" = None
    """What of the file can be copied as it is when the document is saved to OpenRaster again."""


def read_layers(path: Path, progress: Progress) -> Layered | None:
    """Read a file with layers; None for a flat one, or one that is not there: use `formats.read`.

    Raises:
        FileFormatError: it is damaged, too large, or of a kind that cannot be read right.
        Cancelled: the user stopped it.
    """
    name = shown(path.name)
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except (OSError, ValueError):  # which `formats.read` has the sentences for
        return None
    reader = next((reader for recognises, reader in _READERS if recognises(head)), None)
    if reader is None:
        return None
    try:
        return reader(path, progress)
    except LamaDesktopError:
        raise
    except MemoryError as error:
        raise FileFormatError(
            f"{name} does not fit into the memory. Close other programs or make it smaller."
        ) from error
    except Exception as error:
        raise damaged(name, "the file is damaged") from error


def _openraster(path: Path, progress: Progress) -> Layered | None:
    from lama_desktop.formats.openraster import reader

    return reader.read(path, progress)


def _photoshop(path: Path, progress: Progress) -> Layered | None:
    from lama_desktop.formats import psd_layers

    return psd_layers.read(path, progress)


def _pages(path: Path, progress: Progress) -> Layered | None:
    from lama_desktop.formats import pages

    return pages.read(path, progress)


_READERS: tuple[tuple[Callable[[bytes], bool], Callable[[Path, Progress], Layered | None]], ...] = (
    (lambda head: head.startswith(openraster.SIGNATURE), _openraster),
    (lambda head: head.startswith(b"8BPS"), _photoshop),
    (lambda head: head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")), _pages),
)
"""What a file of a kind starts with (its first 64 bytes), and what reads it. The first that fits is asked."""
