"""Thumbnails: small pictures of layers and photos, in sRGB."""

import cv2
import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPainterPath, QPixmap

from lama_desktop.core.arrays import Image
from lama_desktop.core.color import SRGB, ColorSpace, rgb_space
from lama_desktop.core.composite import composite
from lama_desktop.core.document import Document
from lama_desktop.core.exchange import Snapshot
from lama_desktop.core.geometry import Rect
from lama_desktop.core.layer import Layer
from lama_desktop.progress import Progress
from lama_desktop.ui.theme import THUMBNAIL_RADIUS

OVERSAMPLING = 3
"""Pixels looked at per pixel of a thumbnail, along a side: not to flicker, and not to take long at 100 megapixels."""
MOST_PIXELS = 500_000
"""Fills up to this size are shown with their surroundings."""
AROUND = 1.4
"""How much of those, as a multiple of the fill's sides."""
STRIP = 16
"""Rows of a small picture that are made at once."""


def layer_thumbnail(document: Document, layer: Layer, size: QSize, scale: float) -> QPixmap:
    """Return what a layer holds, where it lies in its document, on nothing; of a fill, what it has made of its place.

    Args:
        document: whose colours and shape it has.
        layer: any of its layers.
        size: of the result, in widget pixels; the picture is fitted into it.
        scale: device pixels per widget pixel.
    """
    if layer.recipe is not None and layer.rect.area <= MOST_PIXELS:
        return _filled_place(document, layer, size, scale)
    width, height = document.size
    fit = min(size.width() * scale / width, size.height() * scale / height)
    shape = max(1, round(width * fit)), max(1, round(height * fit))
    part = layer.rect & document.rect
    canvas = np.zeros((shape[1], shape[0], 4), np.uint8)
    if not part.is_empty:
        small = shrunk(layer.pixels[part.slices_in(layer.rect)], fit)
        place = Rect.of_size((small.shape[1], small.shape[0])).moved(round(part.left * fit), round(part.top * fit))
        frame = Rect.of_size(shape)
        canvas[place.slices_in(frame)] = in_srgb(small, document.space)[frame.slices_in(place)]
    return rounded(canvas, scale)


def _filled_place(document: Document, layer: Layer, size: QSize, scale: float) -> QPixmap:
    """Return a fill with what is around and below it."""
    rect = layer.rect
    wide, high = rect.width * AROUND, max(rect.height * AROUND, rect.width * AROUND * size.height() / size.width())
    wide = max(wide, high * size.width() / size.height())
    x, y = (rect.left + rect.right) / 2, (rect.top + rect.bottom) / 2
    place = Rect(round(x - wide / 2), round(y - high / 2), round(x + wide / 2), round(y + high / 2))
    place = place.shifted_into(document.rect)
    below = document.stack.below(layer)
    pixels = composite((*below, layer.copy(visible=True)), place, document.dtype)
    fit = min(size.width() * scale / place.width, size.height() * scale / place.height)
    return rounded(in_srgb(shrunk(pixels, fit), document.space), scale)


def shrunk(pixels: Image, fit: float) -> Image:
    """Return pixels at a smaller scale; very large ones are sampled before they are averaged."""
    step = max(1, int(1 / fit / OVERSAMPLING))
    size = max(1, round(pixels.shape[1] * fit)), max(1, round(pixels.shape[0] * fit))
    sampled = np.ascontiguousarray(pixels[::step, ::step])
    return cv2.resize(sampled, size, interpolation=cv2.INTER_AREA)


def in_srgb(pixels: Image, space: ColorSpace) -> Image:
    """Return RGBA pixels of any depth in 8-bit sRGB."""
    result = np.empty(pixels.shape, np.uint8)
    colors = np.ascontiguousarray(pixels[..., :3])
    result[..., :3] = SRGB.from_srgb(space.to_srgb(colors), result[..., :3])
    result[..., 3] = pixels[..., 3] if pixels.dtype == np.uint8 else pixels[..., 3] >> 8
    return result


def rounded(pixels: Image, scale: float) -> QPixmap:
    """Return 8-bit RGBA pixels as a pixmap with round corners."""
    height, width = pixels.shape[:2]
    picture = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGBA8888)
    result = QPixmap(width, height)
    result.fill(Qt.GlobalColor.transparent)
    painter = QPainter(result)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    path = QPainterPath()
    path.addRoundedRect(QRectF(0, 0, width, height), THUMBNAIL_RADIUS * scale, THUMBNAIL_RADIUS * scale)
    painter.setClipPath(path)
    painter.drawImage(0, 0, picture)
    painter.end()
    result.setDevicePixelRatio(scale)
    return result


def small_picture(snapshot: Snapshot, fit: float, progress: Progress) -> Image:
    """Return what a document looks like at a smaller scale, 8-bit RGBA sRGB. Any thread; takes its time.

    Args:
        snapshot: of the document.
        fit: pixels of the result per pixel of the document, at most 1.
        progress: stops.
    """
    stack, facts = snapshot.stack, snapshot.facts
    height = max(1, round(stack.size[1] * fit))
    strips = []
    for row in range(0, height, STRIP):
        progress(row / height)
        top, bottom = round(row / fit), round(min(row + STRIP, height) / fit)
        rect = Rect(0, top, stack.size[0], min(bottom, stack.size[1]))
        if not rect.is_empty:
            strips.append(shrunk(composite(stack.tree, rect, facts.pixels.dtype), fit))
    return in_srgb(np.concatenate(strips), rgb_space(facts.model, facts.profile))
