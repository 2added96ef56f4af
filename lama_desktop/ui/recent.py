"""Recent: the photos that were opened last, each with a small picture for the empty window."""

import hashlib
import logging
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image as PillowImage
from PySide6.QtCore import QObject, Signal

from lama_desktop.core.arrays import Image
from lama_desktop.core.color import SRGB, ColorSpace, color_space, rgb_space
from lama_desktop.core.photo import Photo
from lama_desktop.core.stack import Stack
from lama_desktop.errors import LamaDesktopError
from lama_desktop.formats import atomic
from lama_desktop.settings import Settings
from lama_desktop.ui.thumbnails import OVERSAMPLING, sampled, shrunk

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
        known = {self._place(each) for each in self._listed()}
        self._delete(each for each in folder.glob("*.jpg") if each not in known)

    @property
    def paths(self) -> list[Path]:
        """The files that are still there."""
        return [path for path in self._listed() if path.is_file()]

    def add(self, path: Path) -> None:
        """Take note of a file that was opened."""
        self._remember([path, *(each for each in self.paths if each != path)])

    def forget(self, path: Path) -> None:
        """Leave a file out."""
        self._remember([each for each in self.paths if each != path])

    def clear(self) -> None:
        """Leave out all of them, and delete every picture."""
        self._remember([])
        self._delete(self._folder.glob("*.jpg"))

    def thumbnail(self, path: Path) -> Path | None:
        """Return the small picture of a file; None where there is none."""
        found = self._place(path)
        return found if found.is_file() else None

    def keep_thumbnail(self, path: Path, photo: Photo) -> None:
        """Make the small picture of a photo. Any thread; a file is there without it, so what fails is only noted."""
        colors = photo.pixels[..., : photo.model.channels]
        self._keep(path, lambda: _small(colors, color_space(photo.model, photo.profile)))

    def keep_look(self, path: Path, stack: Stack, facts: Photo) -> None:
        """Make the small picture of a document, as `keep_thumbnail`; only the pixels it needs are looked at."""
        step = max(1, max(stack.size) // (OVERSAMPLING * SIDE))
        space = rgb_space(facts.model, facts.profile)
        self._keep(path, lambda: _small(sampled(stack.tree, stack.rect, step, facts.pixels.dtype)[..., :3], space))

    def _keep(self, path: Path, make: Callable[[], Image]) -> None:
        data = BytesIO()
        try:
            PillowImage.fromarray(make()).save(data, format="JPEG", quality=85)
            self._folder.mkdir(parents=True, exist_ok=True)
            atomic.replace(self._place(path), data.getvalue())
        except (OSError, LamaDesktopError) as error:
            logger.info("No thumbnail of %s: %s", path.name, error)
        except Exception:
            logger.exception("No thumbnail of %s", path.name)

    def _remember(self, paths: list[Path]) -> None:
        """Keep a list, and delete the pictures of those that are in it no more.

        Other pictures stay: some are of files that are being opened, and will be in the list in a moment.
        """
        before = self._listed()
        self._settings.remember(MEMORY, [str(each) for each in paths[:MOST]])
        kept = {self._place(each) for each in self._listed()}
        self._delete({self._place(each) for each in before} - kept)
        self.changed.emit()

    def _listed(self) -> list[Path]:
        found: list[object] = self._settings.recall(MEMORY, [])
        return [Path(each) for each in found if isinstance(each, str)]

    def _delete(self, pictures: Iterable[Path]) -> None:
        for each in pictures:
            try:
                each.unlink(missing_ok=True)
            except OSError as error:
                logger.info("An old thumbnail stays: %s", error)

    def _place(self, path: Path) -> Path:
        return self._folder / (hashlib.sha256(str(path).encode("utf-8", "surrogateescape")).hexdigest()[:24] + ".jpg")


def _small(pixels: Image, space: ColorSpace) -> Image:
    """Return colours of a space, (H, W, C) without alpha, as a small picture, (H, W, 3) uint8 sRGB."""
    fit = min(1.0, SIDE / max(pixels.shape[:2]))
    size = max(1, round(pixels.shape[0] * fit)), max(1, round(pixels.shape[1] * fit))
    small = shrunk(pixels, fit).reshape(*size, pixels.shape[2])
    return SRGB.from_srgb(space.to_srgb(small), np.empty((1, 1, 3), np.uint8))
