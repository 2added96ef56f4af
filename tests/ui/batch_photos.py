"""Folders of small photos with masks, dropped on the window with real events."""

from pathlib import Path

import numpy as np
from PIL import Image as PillowImage
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication
from window import noise

SIZE = (160, 120)
HOLE = np.s_[40:60, 60:90]


def pair(folder: Path, name: str, seed: int = 1, masked: bool = True) -> Path:
    """Write a photo, and its mask beside it; return the photo."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.png"
    PillowImage.fromarray(noise(*SIZE, seed=seed)).save(path)
    if masked:
        mask(folder / f"{name}_mask.png")
    return path


def mask(path: Path, hole=HOLE, size=SIZE) -> Path:
    """Write a mask."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.zeros(size[::-1], np.uint8)
    pixels[hole] = 255
    PillowImage.fromarray(pixels).save(path)
    return path


def broken(folder: Path, name: str) -> Path:
    """Write a file that begins as a photo does, and a mask for it."""
    mask(folder / f"{name}_mask.png")
    path = folder / f"{name}.jpg"
    path.write_bytes(b"\xff\xd8\xff\xe0" + b"broken" * 50)
    return path


def drop(widget, *paths: Path) -> None:
    """Drop files and folders on a widget, as a file manager does."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    place, action, buttons = QPointF(200, 200), Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(place, action, data, buttons, none)
    QApplication.sendEvent(widget, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(widget, QDropEvent(place, action, data, buttons, none))


def pixels(path: Path) -> np.ndarray:
    with PillowImage.open(path) as found:
        return np.asarray(found)
