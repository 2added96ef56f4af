"""TIFF files of several pages as layers: what GIMP, ImageMagick and scanners write.

The first page is the lowest layer, as GIMP and ImageMagick write them. A page lies where its position tags say, and is
called what its name tag says. Opaque pages that would cover the first one, as those of a scanned document do, come
hidden: what is seen is the first page, which is also what `formats.read` returns.

Source: TIFF 6.0, sections 8 (PageName, XPosition, YPosition) and 12; the sizes of the whole picture are Pixar's tags.
"""

import mmap
from dataclasses import replace
from pathlib import Path

from lama_desktop import formats
from lama_desktop.core.drawable import Mask
from lama_desktop.core.exchange import facts_of, layer_of
from lama_desktop.core.layer import Layer
from lama_desktop.core.photo import Photo
from lama_desktop.core.stack import Stack
from lama_desktop.errors import FileFormatError
from lama_desktop.formats import exif
from lama_desktop.formats.base import check_size, pixel_budget, shown
from lama_desktop.formats.ifd import Directory, Structure
from lama_desktop.formats.layered import Layered
from lama_desktop.formats.raw import is_raw
from lama_desktop.formats.tiff import further_pages, page_of
from lama_desktop.progress import Progress

_PAGE_NAME, _X, _Y, _FULL_WIDTH, _FULL_HEIGHT = 285, 286, 287, 33300, 33301
_LISTED = 5


def read(path: Path, progress: Progress) -> Layered | None:
    """Read all pages of a file; None for one that has a single page, or is camera raw."""
    if not _has_pages(path):
        return None
    data, name = formats.content(path), shown(path.name)
    structure = Structure(data)
    first = structure.directory(structure.first)
    pages = [first, *further_pages(structure, first)]
    if len(pages) == 1:
        return None
    photo = page_of(structure, first, data, name)
    size = _size(structure, first, photo)
    check_size(*size, name)
    facts = facts_of(replace(photo, notes=()))
    layers = [_layer(structure, first, photo, facts, 1)]
    left, others, room = [], [], 2 * pixel_budget()
    for number, page in enumerate(pages[1:], 2):
        progress((number - 1) / len(pages), f"reading {name}")
        try:
            found = page_of(structure, page, data, f"Page {number} of {name}")
        except (FileFormatError, ValueError):
            left.append(str(number))
            continue
        room -= found.size[0] * found.size[1]
        if room < 0:
            raise FileFormatError(
                f"The pages of {name} do not fit into the memory. Split the file, or raise the limit with "
                "LAMA_DESKTOP_MAX_MEGAPIXELS."
            )
        if (found.model, found.depth, found.profile) != (facts.model, facts.depth, facts.profile):
            others.append(str(number))
        layer = _layer(structure, page, found, facts, number)
        covers = not found.has_alpha and layers[0].rect in layer.rect
        layers.append(layer.copy(visible=not covers))
    if len(layers) == 1:
        return None
    notes = [f"The file has {len(pages)} pages: each became a layer.", *photo.notes]
    if any(not each.visible for each in layers):
        notes.append("Pages that would hide the first one are hidden layers.")
    if sizes := [str(place) for place, each in enumerate(layers, 1) if each.rect.size != size]:
        notes.append(f"Pages of another size than the first: {_list(sizes)}.")
    if others:
        notes.append(f"Pages with other colours or depth were converted to those of the first: {_list(others)}.")
    if left:
        notes.append(f"Pages that cannot be read were left behind: {_list(left)}.")
    stack = Stack(size, tuple(layers), layers[0], Mask.empty(size), layers[0].copy(name=""))
    return Layered(facts, stack, tuple(f"{note[:-1]} ({name})." for note in notes))


def _has_pages(path: Path) -> bool:
    """Tell whether a file has a second page, without reading the whole of it."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            if path.suffix.lower() in formats.FOREIGN[0].suffixes or is_raw(data):
                return False
            structure = Structure(data)
            return bool(further_pages(structure, structure.directory(structure.first)))
    except (OSError, ValueError):  # which `formats.read` has the sentences for
        return False


def _size(structure: Structure, page: Directory, photo: Photo) -> tuple[int, int]:
    """Return the size of the whole picture: what the file says, or that of the first page."""
    full = (structure.number(page, _FULL_WIDTH), structure.number(page, _FULL_HEIGHT))
    return full if min(full) > 0 else photo.size


def _layer(structure: Structure, page: Directory, photo: Photo, facts: Photo, number: int) -> Layer:
    entry = page.entries.get(_PAGE_NAME)
    title = structure.bytes_of(entry) if entry and entry.kind == 2 and entry.length < 1000 else b""
    name = shown(title.split(b"\0")[0].decode("utf-8", "replace")).strip() or f"Page {number}"
    return layer_of(photo, facts, _origin(structure, page), name)


def _origin(structure: Structure, page: Directory) -> tuple[int, int]:
    """Return where a page lies, in pixels; the tags count in units of the resolution and cannot be negative."""
    per_inch = exif.resolution_of(structure, page)
    if per_inch is None:
        return 0, 0
    per_unit = [each / (2.54 if structure.number(page, exif.RESOLUTION_UNIT, 2) == 3 else 1) for each in per_inch]
    found = [structure.ratio(page.entries.get(tag)) * scale for tag, scale in zip((_X, _Y), per_unit, strict=True)]
    x, y = (round(each) if 0 <= each < 1 << 20 else 0 for each in found)
    return x, y


def _list(numbers: list[str]) -> str:
    more = f" and {len(numbers) - _LISTED} more" if len(numbers) > _LISTED else ""
    return ", ".join(numbers[:_LISTED]) + more
