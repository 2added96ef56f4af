"""Thumbnails: small pictures of layers and photos, in sRGB."""

from typing import Any

import cv2
import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QImage, QPainter, QPainterPath, QPixmap

from lama_desktop.core.arrays import Image
from lama_desktop.core.blend import NORMAL
from lama_desktop.core.color import ColorSpace, rgb_space
from lama_desktop.core.composite import composite
from lama_desktop.core.document import Document
from lama_desktop.core.exchange import Snapshot
from lama_desktop.core.geometry import Rect
from lama_desktop.core.group import Tree
from lama_desktop.core.layer import Layer
from lama_desktop.core.tree import mapped
from lama_desktop.progress import Progress
from lama_desktop.ui.canvas.picture import CHECK, CHECKS
from lama_desktop.ui.theme import THUMBNAIL_RADIUS

OVERSAMPLING = 3
"""Pixels looked at per pixel of a thumbnail, along a side: not to flicker, and not to take long at 100 megapixels."""
AROUND = 1.4
"""How much of the surroundings of a fill is shown, as a multiple of its sides."""
STRIP = 16
"""Rows of a small picture that are made at once."""


def layer_thumbnail(
    document: Document, layer: Layer, size: QSize, scale: float, *, way: Layer | None = None
) -> QPixmap:
    """Return what a layer holds, where it lies in its document, on checks; of a fill, what it has made of its place.

    Args:
        document: whose colours and shape it has.
        layer: any of its layers.
        size: of the result, in widget pixels; the picture is fitted into it.
        scale: device pixels per widget pixel.
        way: another fill of the same hole, which is shown in the place of the layer.
    """
    filled = layer.recipe is not None
    place = _around(layer.rect, size).shifted_into(document.rect) if filled else document.rect
    tree = (
        *(document.stack.below(layer) if filled else ()),
        (way or layer).copy(visible=True, opacity=1.0, mode=NORMAL),
    )
    fit = min(size.width() * scale / place.width, size.height() * scale / place.height)
    step = max(1, int(1 / fit / OVERSAMPLING))
    shape = max(1, round(place.width * fit)), max(1, round(place.height * fit))
    pixels = cv2.resize(sampled(tree, place, step, document.dtype), shape, interpolation=cv2.INTER_AREA)
    return rounded(in_srgb(pixels, document.space), scale)


def sampled(tree: Tree, place: Rect, step: int, dtype: np.dtype[Any]) -> Image:
    """Return every `step`-th pixel of what a part of a document looks like, RGBA of its depth. Any thread."""
    seen = Rect.of_size((-(-place.width // step), -(-place.height // step)))
    return composite(mapped(tree, lambda each: _sampled(each, place, step)), seen, dtype)


def _around(rect: Rect, size: QSize) -> Rect:
    """Return what is shown of a fill's surroundings, in the shape of the thumbnail."""
    wide, high = rect.width * AROUND, max(rect.height * AROUND, rect.width * AROUND * size.height() / size.width())
    wide = max(wide, high * size.width() / size.height())
    x, y = (rect.left + rect.right) / 2, (rect.top + rect.bottom) / 2
    return Rect(round(x - wide / 2), round(y - high / 2), round(x + wide / 2), round(y + high / 2))


def _sampled(layer: Layer, place: Rect, step: int) -> Layer:
    """Return every `step`-th pixel of a part of a layer, counted from its corner."""
    part = layer.rect & place
    if part.is_empty:
        return Layer.blank(Rect.of_size((1, 1)), layer.pixels.dtype).copy(visible=False)
    left, top = (-(-(edge - start) // step) for edge, start in ((part.left, place.left), (part.top, place.top)))
    x, y = place.left + left * step - layer.rect.left, place.top + top * step - layer.rect.top
    pixels = layer.pixels[y : part.bottom - layer.rect.top : step, x : part.right - layer.rect.left : step]
    return layer.with_pixels(pixels, (left, top), coverage=None)


def shrunk(pixels: Image, fit: float) -> Image:
    """Return pixels at a smaller scale; very large ones are sampled before they are averaged."""
    step = max(1, int(1 / fit / OVERSAMPLING))
    size = max(1, round(pixels.shape[1] * fit)), max(1, round(pixels.shape[0] * fit))
    near = np.ascontiguousarray(pixels[::step, ::step])
    return cv2.resize(near, size, interpolation=cv2.INTER_AREA)


def in_srgb(pixels: Image, space: ColorSpace) -> Image:
    """Return RGBA pixels of any depth in 8-bit sRGB."""
    result = np.empty(pixels.shape, np.uint8)
    result[..., :3] = space.to_screen(np.ascontiguousarray(pixels[..., :3]))
    result[..., 3] = pixels[..., 3] if pixels.dtype == np.uint8 else pixels[..., 3] >> 8
    return result


def rounded(pixels: Image, scale: float) -> QPixmap:
    """Return 8-bit RGBA pixels as a pixmap with round corners, on checks where they are transparent."""
    height, width = pixels.shape[:2]
    picture = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGBA8888)
    result = QPixmap(width, height)
    result.fill(Qt.GlobalColor.transparent)
    painter = QPainter(result)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    path = QPainterPath()
    path.addRoundedRect(QRectF(0, 0, width, height), THUMBNAIL_RADIUS * scale, THUMBNAIL_RADIUS * scale)
    painter.setClipPath(path)
    if pixels[..., 3].min() < 255:
        painter.fillRect(result.rect(), QBrush(_checks(scale)))
    painter.drawImage(0, 0, picture)
    painter.end()
    result.setDevicePixelRatio(scale)
    return result


def _checks(scale: float) -> QPixmap:
    """Return the pattern behind what is transparent: that of the canvas, half as large."""
    side = max(1, round(CHECK * scale / 2))
    tile = QPixmap(2 * side, 2 * side)
    tile.fill(CHECKS[0])
    painter = QPainter(tile)
    painter.fillRect(side, 0, side, side, CHECKS[1])
    painter.fillRect(0, side, side, side, CHECKS[1])
    painter.end()
    return tile


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
