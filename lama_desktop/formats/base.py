"""What a file format is to the rest of the package: the faces of formats, the write options, the pixel budget.

A format turns bytes into a Photo and back and knows no paths; `formats/__init__.py` opens files, finds the format and
turns whatever a library throws into one sentence. Pure functions; any thread.
"""

import ctypes
import importlib
import os
import sys
import threading
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import cv2
from PIL import Image as PillowImage

from lama_desktop.core.photo import ColorModel, Photo
from lama_desktop.errors import FileFormatError, SettingsError
from lama_desktop.options import option

PIXEL_BUDGET = 400_000_000
"""No picture of more pixels is opened, whatever the memory; `LAMA_DESKTOP_MAX_MEGAPIXELS` overrides it."""
HARD_LIMIT = 1 << 30
"""OpenCV's own limit; the override cannot exceed it."""
_BYTES_PER_PIXEL = 8

# Pillow warns above 89 and refuses above 179 megapixels, which a legal camera file exceeds. Every reader here checks
# our own budget against the header first, so Pillow's must only not come before it.
PillowImage.MAX_IMAGE_PIXELS = HARD_LIMIT


@dataclass(frozen=True)
class WriteOptions:
    """How pictures are written."""

    quality: int = option(
        0,
        "Quality",
        "Quality of lossy formats, 1 to 100; 0 keeps the source's, or takes 95.",
        low=0,
        high=100,
        least="source",
    )
    lossless: bool = option(False, "Lossless WebP", "Store every pixel of a WebP file exactly.")
    strip_metadata: bool = option(
        False, "Leave out private data", "Write no EXIF, XMP, IPTC, comments or texts; the colour profile stays."
    )


class ReadableFormat(ABC):
    """One kind of file that can be read.

    `name` is what programs call it, `title` what people do. `kept_as` names the format in which results of such photos
    are written, where it is not their own.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]]
    kept_as: ClassVar[str] = ""

    @abstractmethod
    def recognises(self, head: bytes) -> bool:
        """Tell whether a file that starts with `head` (up to 64 bytes) is of this format."""

    @abstractmethod
    def read(self, data: bytes, name: str) -> Photo:
        """Decode a file.

        Args:
            data: the whole file.
            name: what to call it in sentences.

        Raises:
            FileFormatError: the file is damaged, too large, or of a kind that would be read wrongly.
            Exception: whatever a library throws at damaged bytes; the caller words it.
        """


class ForeignFormat(ReadableFormat):
    """A format that is read by an optional package and never written.

    `package` is what is imported when the first such file is opened, `extra` the name under which `pip install` brings
    it.
    """

    package: ClassVar[str]
    extra: ClassVar[str]

    def library(self, name: str) -> Any:
        """Import the package and return it; `name` is the file that needs it.

        Raises:
            FileFormatError: it is not installed; the sentence says what brings it.
        """
        try:
            return importlib.import_module(self.package)
        except ImportError as error:
            raise FileFormatError(
                f'{name} is a {self.title} file. To open such files: pip install "lama-desktop[{self.extra}]".'
            ) from error


class FileFormat(ReadableFormat):
    """A format that is read and written.

    `holds` names what else than pixels fits into a file: profile, exif, xmp, iptc, comment, texts, resolution.
    """

    models: ClassVar[tuple[ColorModel, ...]] = (ColorModel.GREY, ColorModel.RGB)
    depths: ClassVar[tuple[int, ...]] = (8,)
    alpha: ClassVar[bool] = True
    lossy: ClassVar[bool] = False
    holds: ClassVar[frozenset[str]] = frozenset()
    max_side: ClassVar[int] = (1 << 31) - 1

    @abstractmethod
    def encode(self, photo: Photo, options: WriteOptions) -> bytes:
        """Return the file of a photo that `fit.fitted` has made to fit into this format."""

    def is_lossy(self, photo: Photo, options: WriteOptions) -> bool:
        """Tell whether writing changes the pixels of a photo that fits."""
        return self.lossy

    def extra_losses(self, photo: Photo) -> list[str]:
        """Return what this format drops beyond `holds`, as sentences."""
        return []


def pixel_budget() -> int:
    """Return how many pixels a picture may have: a quarter of the memory, at most `PIXEL_BUDGET`.

    Raises:
        SettingsError: `LAMA_DESKTOP_MAX_MEGAPIXELS` is not a positive number.
    """
    override = os.environ.get("LAMA_DESKTOP_MAX_MEGAPIXELS", "").strip()
    if override:
        try:
            megapixels = float(override)
        except ValueError:
            megapixels = 0.0
        if not 0 < megapixels < float("inf"):
            raise SettingsError(f"LAMA_DESKTOP_MAX_MEGAPIXELS cannot be {override!r}: it is a positive number.")
        return min(max(int(megapixels * 1e6), 1), HARD_LIMIT)
    return min(PIXEL_BUDGET, _memory() // 4 // _BYTES_PER_PIXEL)


def check_size(width: int, height: int, name: str) -> None:
    """Refuse a picture that is empty or over the budget; to be called with the header's numbers, before decoding.

    Raises:
        FileFormatError: it is; the sentence names the file, its size and the budget.
    """
    if width <= 0 or height <= 0:
        raise FileFormatError(f"{name} is damaged: its header says {width} × {height} pixels.")
    if width * height > (budget := pixel_budget()):
        raise FileFormatError(
            f"{name} has {width} × {height} = {_counted(width * height)}; the limit here is {_counted(budget)}. "
            "Make it smaller, or raise the limit with LAMA_DESKTOP_MAX_MEGAPIXELS."
        )


def shown(name: object) -> str:
    """Return a name so that it can stand in a sentence: what does not print is escaped."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in str(name))


def damaged(name: str, why: str) -> FileFormatError:
    """Return the error for a file that cannot be decoded."""
    return FileFormatError(
        f"{name} cannot be read: {why}. Get the file again, or open it in another program and save a copy."
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what image libraries print and warn about off the terminal; failures still come back as such.

    Both switches are global: the first thread inside turns them off, the last one on again.
    """
    with _SILENCE.lock:
        _SILENCE.enter()
    try:
        yield
    finally:
        with _SILENCE.lock:
            _SILENCE.leave()


class _Silence:
    """How many threads want silence, and what was set before the first."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._inside = 0
        self._level = 0
        self._warnings = warnings.catch_warnings()

    def enter(self) -> None:
        self._inside += 1
        if self._inside == 1:
            self._level = cv2.utils.logging.getLogLevel()
            cv2.utils.logging.setLogLevel(0)
            self._warnings = warnings.catch_warnings()
            self._warnings.__enter__()
            warnings.simplefilter("ignore")

    def leave(self) -> None:
        self._inside -= 1
        if self._inside == 0:
            self._warnings.__exit__(None, None, None)
            cv2.utils.logging.setLogLevel(self._level)


_SILENCE = _Silence()


def _counted(pixels: int) -> str:
    """Return a number of pixels with two digits at least, in the unit in which it is not 0."""
    if pixels < 100_000:
        return f"{pixels} pixels"
    return f"{pixels / 1e6:.{0 if pixels >= 10_000_000 else 1 if pixels >= 1_000_000 else 2}f} megapixels"


def _memory() -> int:
    """Return the bytes of memory of this machine; 8 GB where the system does not tell."""
    if sys.platform == "win32":
        status = (ctypes.c_ulonglong * 8)()
        ctypes.cast(status, ctypes.POINTER(ctypes.c_ulong))[0] = ctypes.sizeof(status)
        if ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
            return int(status[1])
    elif hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return 8 << 30
