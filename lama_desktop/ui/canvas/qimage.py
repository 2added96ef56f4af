"""The one boundary between numpy and QImage. Wrapping copies nothing: what is written into the array later is seen.

A wrapping image keeps its array alive and belongs to the UI thread, like everything that is drawn.
"""

import numpy as np
from PySide6.QtGui import QImage

from lama_desktop.core.arrays import Image


def view(pixels: Image, *, opaque: bool = False, premultiplied: bool = False) -> QImage:
    """Return an image of RGBA pixels.

    Args:
        pixels: (H, W, 4) uint8, C-contiguous; may be read-only.
        opaque: alpha is not looked at.
        premultiplied: alpha is already in the colours.
    """
    kind = QImage.Format.Format_RGBA8888
    if opaque:
        kind = QImage.Format.Format_RGBX8888
    elif premultiplied:
        kind = QImage.Format.Format_RGBA8888_Premultiplied
    return _wrapped(pixels, kind)


def painted(pixels: Image, *, opaque: bool) -> QImage:
    """Return an image of BGRA pixels, premultiplied: the order in which Qt paints without converting.

    Args:
        pixels: as of `view`, blue first.
        opaque: alpha is not looked at.
    """
    return _wrapped(pixels, QImage.Format.Format_RGB32 if opaque else QImage.Format.Format_ARGB32_Premultiplied)


def to_array(image: QImage) -> Image:
    """Return the pixels of any image, as from the clipboard: a new (H, W, 4) uint8 array, RGBA, straight alpha."""
    if image.isNull():
        return np.zeros((0, 0, 4), np.uint8)
    straight = image.convertToFormat(QImage.Format.Format_RGBA8888)
    rows = np.frombuffer(straight.constBits(), np.uint8).reshape(straight.height(), straight.bytesPerLine())
    # `straight` owns the memory and ends here.
    return rows[:, : 4 * straight.width()].reshape(straight.height(), straight.width(), 4).copy()


def _wrapped(pixels: Image, kind: QImage.Format) -> QImage:
    height, width = pixels.shape[:2]
    if not pixels.size:
        return QImage()
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous
    return QImage(pixels.data, width, height, 4 * width, kind)
