"""Pictures: small pictures of files for a table of thousands, made lazily on a lane of their own.

Only what was asked for lately is made, the latest first, and only so many are kept; so a quick scroll through a large
table costs what is seen at its end.
"""

import logging
import threading
from collections import OrderedDict
from pathlib import Path

import cv2
import numpy as np
from PySide6.QtCore import QObject, QSize, Signal
from PySide6.QtGui import QPixmap

from lama_desktop import formats
from lama_desktop.core.arrays import Image
from lama_desktop.core.color import SRGB, color_space
from lama_desktop.core.photo import Photo
from lama_desktop.errors import LamaDesktopError
from lama_desktop.progress import Progress
from lama_desktop.ui.jobs import Job, JobRunner, Lane
from lama_desktop.ui.thumbnails import rounded, shrunk

logger = logging.getLogger(__name__)

MOST, MOST_WAITING = 600, 48
_REDUCED = {8: cv2.IMREAD_REDUCED_COLOR_8, 4: cv2.IMREAD_REDUCED_COLOR_4, 2: cv2.IMREAD_REDUCED_COLOR_2}

Key = tuple[Path, int]
"""A file, and something that is another number whenever the file is another one."""


class Pictures(QObject):
    """Small pictures by file. UI thread.

    Args:
        runner: makes them.
        size: into which they are fitted, in widget pixels.

    Signals:
        changed: some have been made.
    """

    changed = Signal()
    _made = Signal(object, object)

    def __init__(self, runner: JobRunner, size: QSize) -> None:
        super().__init__()
        self._runner, self._size, self._scale = runner, size, 1.0
        self._kept: OrderedDict[Key, QPixmap] = OrderedDict()
        self._waiting: OrderedDict[Key, None] = OrderedDict()
        self._lock = threading.Lock()
        self._job: Job | None = None
        self._made.connect(self._keep)

    def picture(self, path: Path, scale: float, version: int = 0) -> QPixmap | None:
        """Return the picture of a file, a null one where it has none; None where that will be known later.

        Args:
            path: of the file.
            scale: device pixels per widget pixel.
            version: another number asks for the file as it is now.
        """
        if scale != self._scale:
            self._scale = scale
            self._kept.clear()
        key = path, version
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        with self._lock:
            self._waiting[key] = None
            self._waiting.move_to_end(key)
            while len(self._waiting) > MOST_WAITING:
                self._waiting.popitem(last=False)
        if self._job is None:
            self._job = Job("", self._make, Lane.THUMBNAILS, shown=False)
            self._job.finished.connect(self._end)
            self._runner.submit(self._job)
        return None

    def clear(self) -> None:
        """Forget all of them, and make none that was asked for."""
        with self._lock:
            self._waiting.clear()
        self._kept.clear()

    def _make(self, progress: Progress) -> None:
        """Make what waits, the latest first, on the lane."""
        while True:
            progress(0.5)
            with self._lock:
                if not self._waiting:
                    return
                key, _ = self._waiting.popitem()
            self._made.emit(key, small_picture_of(key[0], self._size * self._scale))

    def _keep(self, key: Key, pixels: Image | None) -> None:
        self._kept[key] = QPixmap() if pixels is None else rounded(pixels, self._scale)
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)
        self.changed.emit()

    def _end(self) -> None:
        self._job = None


def small_picture_of(path: Path, size: QSize) -> Image | None:
    """Return a small picture of a file, (H, W, 4) uint8 RGBA in sRGB, that fits into a size; None where there is none.

    A JPEG is decoded at a half, a quarter or an eighth, without its profile: nobody sees that at this size, and it is
    many times as fast.
    """
    try:
        if formats.recognise(path).name == "jpeg" and (quick := _quick(formats.content(path), size)) is not None:
            return quick
        return _fitted(formats.read(path), size)
    except (LamaDesktopError, MemoryError) as error:
        logger.debug("No small picture of %s: %s", path, error)
        return None


def _quick(data: bytes, size: QSize) -> Image | None:
    """Return a JPEG, decoded no larger than needed; None where it cannot be."""
    for factor, flag in _REDUCED.items():
        try:
            found = cv2.imdecode(np.frombuffer(data, np.uint8), flag)
        except cv2.error:
            return None
        if found is None:
            return None
        height, width = found.shape[:2]
        if factor == 2 or width >= size.width() or height >= size.height():
            pixels = np.full((height, width, 4), 255, np.uint8)
            pixels[..., :3] = found[..., ::-1]
            return shrunk(pixels, min(1.0, size.width() / width, size.height() / height))
    return None


def _fitted(photo: Photo, size: QSize) -> Image:
    fit = min(1.0, size.width() / photo.size[0], size.height() / photo.size[1])
    channels = photo.model.channels
    small = shrunk(photo.pixels, fit)
    small = small.reshape(*small.shape[:2], -1)
    result = np.full((*small.shape[:2], 4), 255, np.uint8)
    colors = color_space(photo.model, photo.profile).to_srgb(np.ascontiguousarray(small[..., :channels]))
    result[..., :3] = SRGB.from_srgb(colors, result[..., :3])
    if photo.has_alpha:
        alpha = small[..., -1]
        result[..., 3] = alpha if alpha.dtype == np.uint8 else alpha >> 8
    return result
