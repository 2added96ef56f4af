"""Cursors: what the system's pointer looks like over the canvas."""

from functools import lru_cache

from PySide6.QtCore import Qt
from PySide6.QtGui import QCursor, QPainter, QPixmap

from lama_desktop.tools.tool import Pointer
from lama_desktop.ui.icons import drawing

SIDE = 24
"""Of a drawn cursor, in logical pixels."""
LENS = 10
"""Where the middle of a magnifying glass is, from its left and its top."""

_SHAPES = {
    Pointer.ARROW: Qt.CursorShape.ArrowCursor,
    Pointer.CROSS: Qt.CursorShape.CrossCursor,
    Pointer.NONE: Qt.CursorShape.BlankCursor,
    Pointer.OPEN_HAND: Qt.CursorShape.OpenHandCursor,
    Pointer.CLOSED_HAND: Qt.CursorShape.ClosedHandCursor,
    Pointer.MOVE: Qt.CursorShape.SizeAllCursor,
}
_DRAWINGS = {Pointer.ZOOM_IN: "zoom-in", Pointer.ZOOM_OUT: "zoom-out"}


def cursor_of(pointer: Pointer, scale: float) -> QCursor:
    """Return the cursor for a pointer; `scale` is device pixels per logical pixel."""
    return QCursor(_SHAPES[pointer]) if pointer in _SHAPES else _drawn(_DRAWINGS[pointer], scale)


@lru_cache(maxsize=16)
def _drawn(icon: str, scale: float) -> QCursor:
    """Return an icon as a cursor, dark with a light rim."""
    dark, light = drawing(icon, "#000000", SIDE, scale), drawing(icon, "#ffffff", SIDE, scale)
    picture = QPixmap(dark.size())
    picture.setDevicePixelRatio(scale)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    for dx in (-1, 0, 1):
        for dy in (-1, 0, 1):
            painter.drawPixmap(dx, dy, light)
    painter.drawPixmap(0, 0, dark)
    painter.end()
    return QCursor(picture, LENS, LENS)
