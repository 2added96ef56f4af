"""Recent: the photos that were opened last, each with a small picture for the empty window."""

import hashlib
import logging
from pathlib import Path

import numpy as np
from PIL import Image as PillowImage
from PySide6.QtCore import QObject, Signal

from lama_desktop.core.color import SRGB, color_space
from lama_desktop.core.photo import Photo
from lama_desktop.settings import Settings
from lama_desktop.ui.thumbnails import shrunk

logger = logging.getLogger(__name__)

MEMORY = "recent"
MOST = 12
SIDE = 320
"""Of the longer side of a picture, in pixels."""


class Recent(QObject):
    """The list of files, the newest first.

    Args:
        settings: remembers the list.
        folder: of the pictures; they can be made again.
    """

    changed = Signal()

    def __init__(self, settings: Settings, folder: Path) -> None:
        super().__init__()
        self._settings, self._folder = settings, folder

    @property
    def paths(self) -> list[Path]:
        """The files that are still there."""
        found: list[object] = self._settings.recall(MEMORY, [])
        known = [Path(each) for each in found if isinstance(each, str)]
        return [path for path in known if path.is_file()]

    def add(self, path: Path) -> None:
        """Take note of a file that was opened."""
        self._remember([path, *(each for each in self.paths if each != path)])

    def forget(self, path: Path) -> None:
        """Leave a file out."""
        self._remember([each for each in self.paths if each != path])

    def clear(self) -> None:
        """Leave out all of them, and delete their pictures."""
        self._remember([])

    def thumbnail(self, path: Path) -> Path | None:
        """Return the small picture of a file; None where there is none."""
        found = self._place(path)
        return found if found.is_file() else None

    def keep_thumbnail(self, path: Path, photo: Photo) -> None:
        """Make the small picture of a photo. Any thread; what the disk refuses is only noted."""
        fit = min(1.0, SIDE / max(photo.size))
        channels = photo.model.channels
        pixels = shrunk(photo.pixels, fit).reshape(
            max(1, round(photo.size[1] * fit)), max(1, round(photo.size[0] * fit)), photo.pixels.shape[2]
        )
        colors = color_space(photo.model, photo.profile).to_srgb(np.ascontiguousarray(pixels[..., :channels]))
        small = SRGB.from_srgb(colors, np.empty((1, 1, 3), np.uint8))
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            PillowImage.fromarray(small).save(self._place(path), format="JPEG", quality=85)
        except OSError as error:
            logger.info("No thumbnail of %s: %s", path.name, error)

    def _remember(self, paths: list[Path]) -> None:
        self._settings.remember(MEMORY, [str(each) for each in paths[:MOST]])
        kept = {self._place(each) for each in paths[:MOST]}
        for old in self._folder.glob("*.jpg"):
            if old not in kept:
                try:
                    old.unlink()
                except OSError as error:
                    logger.info("An old thumbnail stays: %s", error)
        self.changed.emit()

    def _place(self, path: Path) -> Path:
        return self._folder / (hashlib.sha256(str(path).encode("utf-8", "surrogateescape")).hexdigest()[:24] + ".jpg")
