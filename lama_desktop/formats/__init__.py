"""Files and photos: which formats there are, reading, writing, and what writing would lose.

A file is recognised by its content, a new one written by its suffix. Reading checks the header against the pixel budget
before anything is decoded; writing replaces the old file in one step. Whatever is wrong comes out as a FileFormatError
whose sentence names the file and the remedy. No Qt, no torch; any thread.

To add a format: a `FileFormat` in a file of its own, and its instance in `FORMATS`; or a `ForeignFormat`, which an
optional package reads and nothing writes, in `FOREIGN`.
"""

import contextlib
import dataclasses
import errno
import mmap
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from lama_desktop.core.arrays import Coverage
from lama_desktop.core.color import SRGB, color_space
from lama_desktop.core.photo import Photo
from lama_desktop.errors import FileFormatError, LamaDesktopError
from lama_desktop.formats import atomic, fit
from lama_desktop.formats.base import (
    PIXEL_BUDGET,
    FileFormat,
    ReadableFormat,
    WriteOptions,
    damaged,
    pixel_budget,
    shown,
)
from lama_desktop.formats.heic import Heic
from lama_desktop.formats.jpeg import Jpeg
from lama_desktop.formats.openraster import OpenRaster
from lama_desktop.formats.plain import Avif, Bmp, WebP
from lama_desktop.formats.png import Png
from lama_desktop.formats.psd import Photoshop
from lama_desktop.formats.raw import CameraRaw, is_raw
from lama_desktop.formats.tiff import Tiff
from lama_desktop.progress import Progress, aside

__all__ = [
    "FOREIGN",
    "FORMATS",
    "PIXEL_BUDGET",
    "FileFormat",
    "WriteOptions",
    "byte_budget",
    "content",
    "decode",
    "encoded",
    "format_of",
    "is_readable",
    "is_writable",
    "losses",
    "pictures_among",
    "pixel_budget",
    "read",
    "read_mask",
    "recognise",
    "suffix_for",
    "write",
    "written_as",
]

FORMATS: tuple[FileFormat, ...] = (Jpeg(), Png(), Tiff(), WebP(), Avif(), Bmp())
"""What is read and written."""
FOREIGN: tuple[ReadableFormat, ...] = (CameraRaw(), Heic(), Photoshop(), OpenRaster())
"""What is only read as a picture, mostly by optional packages."""

_UNKNOWN = (
    (b"GIF8", "a GIF. Save it as PNG and open that"),
    (b"\xff\x0a", "a JPEG XL picture. Convert it to PNG or TIFF and open that"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL picture. Convert it to PNG or TIFF and open that"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 picture. Convert it to PNG or TIFF and open that"),
    (b"%PDF", "a PDF document. Export the page as PNG and open that"),
    (b"gimp xcf", "a GIMP document. Export it as PNG or TIFF and open that"),
)
_UNREADABLE = {
    errno.ELOOP: "it is a symbolic link that leads in a circle. Choose the picture itself",
    errno.ENAMETOOLONG: "no file can have so long a name. Check the name",
}
_HEAD = 64
_TIFF = next(place for place, each in enumerate(FORMATS) if each.name == "tiff")
_ROWS = 512


def read(path: Path, progress: Progress | None = None) -> Photo:
    """Read a picture, recognised by its content; orientation is applied.

    Args:
        path: the file.
        progress: stops it within a moment, however long the picture takes; nothing is reported.

    Raises:
        FileFormatError: it is not there, damaged, too large or of a kind that cannot be read right.
        Cancelled: the user stopped it.
    """
    if progress is not None:
        return aside(lambda: read(path), progress)
    return decode(content(path), path)


def decode(data: bytes, path: Path) -> Photo:
    """Read a picture from the bytes of its file; `path` is for its name and suffix only.

    Raises:
        FileFormatError: as `read`.
    """
    name = shown(path.name)
    found = _recognised(data, path)
    try:
        photo = found.read(data, name)
    except LamaDesktopError:
        raise
    except MemoryError as error:
        raise FileFormatError(
            f"{name} does not fit into the memory. Close other programs or make it smaller."
        ) from error
    except Exception as error:
        raise damaged(name, f"the {found.title} file is damaged") from error
    notes = photo.notes
    if path.suffix.lower() not in found.suffixes and is_readable(path):
        notes = (*notes, f"The file holds a {found.title} picture, whatever its ending says.")
    return dataclasses.replace(photo, notes=tuple(f"{note[:-1]} ({name})." for note in notes))


def content(path: Path) -> bytes:
    """Return the bytes of a file that may be a picture.

    Raises:
        FileFormatError: it is not there, empty, or larger than any picture in the pixel budget.
    """
    limit = byte_budget()
    try:
        if path.is_dir():
            raise FileFormatError(f"{shown(path.name)} is a folder. Choose a picture in it.")
        if path.exists() and not path.is_file():
            raise FileFormatError(f"{shown(path.name)} is not a file. Choose a picture.")
        if path.stat().st_size > limit:
            raise FileFormatError(
                f"{shown(path.name)} is larger than any picture that can be opened here ({limit >> 20} MB). "
                "Make it smaller, or raise the limit with LAMA_DESKTOP_MAX_MEGAPIXELS."
            )
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileFormatError(f"There is no file {shown(path)}. Check the name.") from error
    except PermissionError as error:
        raise FileFormatError(f"{shown(path.name)} may not be read. Change its permissions or copy it.") from error
    except (OSError, ValueError) as error:
        known = _UNREADABLE.get(getattr(error, "errno", None) or 0)
        if known:
            raise FileFormatError(f"{shown(path.name)} cannot be read: {known}.") from error
        reason = getattr(error, "strerror", None) or error
        raise FileFormatError(f"{shown(path.name)} cannot be read ({reason}). Check the disk and try again.") from error
    if not data:
        raise FileFormatError(f"{shown(path.name)} is empty (0 bytes). Get the file again.")
    return data


def byte_budget() -> int:
    """Return how many bytes a picture file may have: more than any picture in the pixel budget needs."""
    return pixel_budget() * 10 + (64 << 20)


def read_mask(path: Path, size: tuple[int, int] | None = None) -> Coverage:
    """Read a mask from any picture: (H, W) uint8, white (255) removes.

    16 bits are rounded to 8 and colours to their luma. Transparent parts keep: the value is weighted with alpha. A
    picture that is black all over but has an alpha that varies is a cut-out in black: its alpha is the mask.

    Args:
        path: the file.
        size: width and height of the photo it belongs to; None accepts any.

    Raises:
        FileFormatError: as `read`, or the sizes differ.
    """
    photo = read(path)
    if size is not None and photo.size != size:
        (width, height), (wanted_width, wanted_height) = photo.size, size
        raise FileFormatError(
            f"The mask {shown(path.name)} has {width} × {height} pixels and the photo "
            f"{wanted_width} × {wanted_height}: they must be equal. Save the mask in the size of the photo."
        )
    colors = photo.model.channels
    result = np.empty(photo.pixels.shape[:2], np.uint8)
    alpha = fit.to_8_bit(photo.pixels[..., colors]) if photo.has_alpha else None
    for top in range(0, len(result), _ROWS):
        band = fit.to_8_bit(photo.pixels[top : top + _ROWS, :, :colors])
        if colors == 4:
            band = SRGB.from_srgb(color_space(photo.model, photo.profile).to_srgb(band), np.empty((1, 1, 3), np.uint8))
        weights = np.array([299, 587, 114] if band.shape[2] == 3 else [1000], np.uint32)
        result[top : top + _ROWS] = (band @ weights + 500) // 1000
    if alpha is not None and alpha.min() < alpha.max() and not result.any():
        return alpha
    if alpha is not None:
        result[:] = (result.astype(np.uint32) * alpha + 127) // 255
    return result


def write(
    photo: Photo,
    path: Path,
    options: WriteOptions = WriteOptions(),  # noqa: B008 (frozen)
    progress: Progress | None = None,
) -> list[str]:
    """Write a photo in the format of the suffix; the old file stays whole until the new one is complete.

    Args:
        photo: the picture.
        path: its suffix chooses the format.
        options: how.
        progress: stops it within a moment, until it is encoded; nothing is reported.

    Returns:
        Sentences about what the format could not hold; the same as `losses` beforehand.

    Raises:
        FileFormatError: unknown suffix, a picture too large for the format, or the disk refuses.
        Cancelled: the user stopped it; nothing was written.
    """
    said = losses(photo, path, options)
    data = encoded(photo, path, options) if progress is None else aside(lambda: encoded(photo, path, options), progress)
    atomic.replace(path, data)
    return said


def encoded(photo: Photo, path: Path, options: WriteOptions = WriteOptions()) -> bytes:  # noqa: B008 (frozen)
    """Return the bytes of the file that `write` would write; nothing is written.

    Raises:
        FileFormatError: unknown suffix, or a picture too large for the format.
    """
    target = _by_suffix(path)
    width, height = photo.size
    if max(width, height) > target.max_side:
        raise FileFormatError(
            f"{shown(path.name)} cannot be saved: {target.title} holds at most {target.max_side} pixels per side, "
            f"the picture has {width} × {height}. Save it as PNG or TIFF."
        )
    try:
        return target.encode(fit.fitted(photo, target, options), options)
    except LamaDesktopError:
        raise
    except Exception as error:
        raise FileFormatError(f"{shown(path.name)} could not be encoded as {target.title}. Try PNG or TIFF.") from error


def losses(photo: Photo, path: Path, options: WriteOptions = WriteOptions()) -> list[str]:  # noqa: B008 (frozen)
    """Return, as sentences, what `write` would drop or change; empty if the file would hold everything.

    Raises:
        FileFormatError: no format has this suffix.
    """
    return fit.losses(photo, _by_suffix(path), options)


def is_readable(path: Path) -> bool:
    """Tell whether a file of this name is probably a picture that can be read, be it with an optional package."""
    return any(path.suffix.lower() in each.suffixes for each in (*FORMATS, *FOREIGN))


def is_writable(path: Path) -> bool:
    """Tell whether a file of this name can be written."""
    return any(path.suffix.lower() in each.suffixes for each in FORMATS)


def pictures_among(paths: Iterable[Path]) -> list[Path]:
    """Return the pictures among the files of folders, by their names and in their order, each picture once.

    Camera raw beside its JPEG, or a saved document beside its photo, is the same picture once more: a file of a kind
    that is only read does not count beside one of the same name that can be written.
    """
    found = [path for path in paths if is_readable(path)]
    own = {path.with_suffix("") for path in found if is_writable(path)}
    return [path for path in found if is_writable(path) or path.with_suffix("") not in own]


def format_of(path: Path) -> FileFormat:
    """Return the format that a file of this name is written in.

    Raises:
        FileFormatError: there is none for its suffix.
    """
    return _by_suffix(path)


def recognise(path: Path) -> ReadableFormat:
    """Return the format that a file is in, by its content; nothing is decoded.

    Raises:
        FileFormatError: it is not there, empty, or of no known format.
    """
    with contextlib.suppress(OSError, ValueError):
        if path.is_file():
            with path.open("rb") as file:
                if head := file.read(_HEAD):
                    if not FORMATS[_TIFF].recognises(head):
                        return _recognised(head, path)
                    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                        return _recognised(data, path)
    return _recognised(content(path), path)  # which finds out what is wrong


def written_as(found: ReadableFormat) -> FileFormat:
    """Return the format for the results of photos that are in this one: itself, or the next best that is written."""
    return next(each for each in FORMATS if each.name == (found.kept_as or found.name))


def suffix_for(photo: Photo) -> str:
    """Return the suffix for the results of a photo, by the format it came from; ".png" where it came from no file."""
    known = (*FORMATS, *FOREIGN)
    return next((written_as(each).suffixes[0] for each in known if each.name == photo.encoding.format), ".png")


def _recognised(data: bytes | mmap.mmap, path: Path) -> ReadableFormat:
    """Return the format of a file's bytes, all of them or the first; what is built like TIFF may be camera raw."""
    head = data[:_HEAD]
    raw, *others = FOREIGN
    if FORMATS[_TIFF].recognises(head) and (path.suffix.lower() in raw.suffixes or is_raw(data)):
        return raw
    for each in (*FORMATS, raw, *others):
        if each.recognises(head):
            return each
    for magic, what in _UNKNOWN:
        if head.startswith(magic):
            raise FileFormatError(f"{shown(path.name)} is {what}.")
    known = _known(*FORMATS, *FOREIGN)
    raise FileFormatError(f"{shown(path.name)} is not a picture of a known format. {known} can be opened.")


def _by_suffix(path: Path) -> FileFormat:
    suffix = path.suffix.lower()
    for each in FORMATS:
        if suffix in each.suffixes:
            return each
    what = f"the ending {shown(path.suffix)}" if suffix else "no ending"
    known = _known(*FORMATS)
    raise FileFormatError(f"{shown(path.name)} has {what}, and that decides the format. {known} can be written.")


def _known(*known: ReadableFormat) -> str:
    return ", ".join(each.title for each in known[:-1]) + f" and {known[-1].title}"
