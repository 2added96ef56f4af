"""Picture: the photo with its mask as it is seen through a viewport, any rectangle of it at a time.

Everything is sampled from the level that is just large enough, straight to the pixels of the screen, so the cost is
that of the rectangle and not of the photo. From 200 % on pixels are shown as squares, below they are smoothed. Draws
with the painter of a canvas, in device pixels; UI thread only.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPixmap, QPolygonF

from lama_desktop.core.arrays import Image
from lama_desktop.core.document import Document
from lama_desktop.core.geometry import Rect
from lama_desktop.core.projection import Projection
from lama_desktop.ui.canvas import qimage
from lama_desktop.ui.canvas.mask_levels import MaskLevels
from lama_desktop.ui.canvas.viewport import Viewport

SQUARES = 2.0
"""Zoom from which on pixels are squares."""
GRID = 8.0
"""Zoom from which on there are lines between them."""
GRID_COLOR = QColor(128, 128, 128, 96)
CHECKS = (QColor("#9a9a9a"), QColor("#6e6e6e"))
OUTLINE = ((255, 180), (0, 130))
"""The line along the mask's edge, light within and dark without, so that it is seen on any photo: grey, alpha."""
EDGE = 128
"""Coverage at which a soft mask has its edge."""
CHECK = 8
"""Side of the squares under what is transparent, in device pixels."""


class Picture:
    """Draws a document.

    Args:
        document: what is seen.
        viewport: where.
    """

    def __init__(self, document: Document, viewport: Viewport) -> None:
        self._document, self._viewport = document, viewport
        self._projection = Projection(document)
        self._original: Projection | None = None
        self._mask = MaskLevels(document)
        self._scratch: dict[int, NDArray[np.uint8]] = {}
        self._checks: QPixmap | None = None
        self.surround = QColor(0, 0, 0)
        """What is around the photo."""
        self.mask_color = QColor("#ff4060")
        self.mask_opacity = 0.5
        self.mask_shown = True
        self.outline = 1
        """Width of the light and of the dark line along the mask's edge, in device pixels; 0 is none."""
        self.grid_shown = True

    def refresh(self, rect: Rect, seconds: float | None = None, *, original: bool = False) -> bool:
        """Bring a part of the photo up to date, its mask not included, which is when it is drawn.

        Args:
            rect: device pixels.
            seconds: when to stop; None goes on to the end.
            original: the photo as it was opened.

        Returns:
            Whether all of it is; else draw what there is, and call again.
        """
        return self._shown(original).refresh(self._viewport.document_rect(rect), seconds)

    def forget_original(self) -> None:
        """Let go of the memory that comparing takes."""
        self._original = None

    def draw(self, painter: QPainter, rect: Rect, *, original: bool = False, complete: bool = True) -> None:
        """Draw a part of the screen as it is after `refresh`.

        Args:
            painter: of the canvas, in device pixels.
            rect: device pixels.
            original: the photo as it was opened, without a mask.
            complete: what `refresh` has returned; what is not composited yet is surround.
        """
        around = self._viewport.screen_rect(self._document.rect, margin=0)
        area, solid = rect & around, complete and self._viewport.is_upright
        if area != rect or not solid:
            painter.fillRect(_qrect(rect), self.surround)
        if area.is_empty:
            return
        shown = self._shown(original)
        levels, level = shown.levels, shown.level_for(self._viewport.zoom)
        pixels = self._sampled(levels, level, area)
        if not shown.opaque:
            self._draw_checks(painter, area, around)
        cv2.cvtColor(pixels, cv2.COLOR_RGBA2BGRA, dst=pixels)
        painter.drawImage(area.left, area.top, qimage.painted(pixels, opaque=shown.opaque and solid))
        if not original:
            if self.mask_shown:
                self._draw_mask(painter, area)
            if self.grid_shown and self._viewport.zoom >= GRID and self._viewport.is_upright:
                self._draw_grid(painter, area)

    def _shown(self, original: bool) -> Projection:
        if not original:
            return self._projection
        if self._original is None:
            self._original = Projection(self._document, original=True)
        return self._original

    def _draw_mask(self, painter: QPainter, area: Rect) -> None:
        """Draw the mask's colour where there is any of it, and the line along its edge."""
        view, reach = self._viewport, self.outline
        bounds = view.document_rect(area.grown(reach)) & self._mask.bounds
        area &= view.screen_rect(bounds).grown(reach)
        if bounds.is_empty or area.is_empty:
            return
        wide = area.grown(reach)
        levels = self._mask.levels(view.document_rect(wide))
        strength = self._sampled(levels, self._mask.level_for(view.zoom), wide)
        color = self.mask_color
        weights = (color.blueF(), color.greenF(), color.redF(), 1.0)
        planes = [cv2.convertScaleAbs(strength, alpha=weight * self.mask_opacity) for weight in weights]
        tinted = self._buffer((wide.height, wide.width, 4))
        cv2.merge(planes, dst=tinted)
        if reach:
            _draw_edge(strength, tinted, reach)
        image = qimage.painted(tinted, opaque=False)
        painter.drawImage(area.left, area.top, image, reach, reach, area.width, area.height)

    def _draw_checks(self, painter: QPainter, area: Rect, around: Rect) -> None:
        """Draw what lies under a photo with holes; it moves with the photo."""
        if self._checks is None:
            self._checks = QPixmap(2 * CHECK, 2 * CHECK)
            self._checks.fill(CHECKS[0])
            squares = QPainter(self._checks)
            squares.fillRect(0, 0, CHECK, CHECK, CHECKS[1])
            squares.fillRect(CHECK, CHECK, CHECK, CHECK, CHECKS[1])
            squares.end()
        painter.setBrushOrigin(around.left, around.top)
        if self._viewport.is_upright:
            painter.fillRect(_qrect(area), QBrush(self._checks))
            return
        width, height = self._document.size
        corners = [self._viewport.to_screen(*corner) for corner in ((0, 0), (width, 0), (width, height), (0, height))]
        painter.save()
        painter.setClipRect(_qrect(area), Qt.ClipOperation.IntersectClip)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(0, 0, 0, 0))
        painter.setBrush(QBrush(self._checks))
        painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in corners]))
        painter.restore()

    def _draw_grid(self, painter: QPainter, area: Rect) -> None:
        """Draw lines between pixels."""
        view = self._viewport
        seen = view.document_rect(area, margin=0)
        painter.save()
        painter.setClipRect(_qrect(area), Qt.ClipOperation.IntersectClip)
        painter.setPen(GRID_COLOR)
        for x in range(seen.left, seen.right + 1):
            (x0, y0), (x1, y1) = view.to_screen(x, seen.top), view.to_screen(x, seen.bottom)
            painter.drawLine(round(x0), round(y0), round(x1), round(y1))
        for y in range(seen.top, seen.bottom + 1):
            (x0, y0), (x1, y1) = view.to_screen(seen.left, y), view.to_screen(seen.right, y)
            painter.drawLine(round(x0), round(y0), round(x1), round(y1))
        painter.restore()

    def _sampled(self, levels: Sequence[Image], level: int, area: Rect) -> NDArray[np.uint8]:
        """Return what is seen in an area of the screen, sampled from a level: (h, w) or (h, w, 4) uint8.

        Beyond the photo, which only a turned view shows, it is 0. The result is overwritten by the next call.
        """
        view, size = self._viewport, 2**level
        height, width = levels[level].shape[:2]
        seen = view.document_rect(area)
        part = Rect(seen.left // size, seen.top // size, -(-seen.right // size), -(-seen.bottom // size))
        part = part.grown(1) & Rect(0, 0, width, height)
        source = levels[level][part.slices]
        target = self._buffer((area.height, area.width, *source.shape[2:]))
        linear, offset = view.matrix[:, :2] * size, view.matrix[:, 2]
        if part.is_empty:
            target[...] = 0
        elif view.is_upright and (view.zoom >= SQUARES or abs(linear).max() == 1 or source.ndim == 2):
            # The mask too, at any zoom: its edges are soft already, and it takes a fifth of the time.
            _pick(source, part, linear, offset, area, target)
        else:
            # From the corner of this part of the level to the corner of the area of the screen.
            offset = offset - (area.left, area.top) + linear @ (part.left, part.top)
            _smooth(source, linear, offset, target, nearest=view.zoom >= SQUARES, beyond=not view.is_upright)
        return target

    def _buffer(self, shape: tuple[int, ...]) -> NDArray[np.uint8]:
        """Return memory that is used again and again: fresh pages would cost as much as the drawing."""
        channels = 1 if len(shape) == 2 else shape[2]
        count = int(np.prod(shape))
        kept = self._scratch.get(channels)
        if kept is None or len(kept) < count:
            kept = self._scratch[channels] = np.empty(count, np.uint8)
        return kept[:count].reshape(shape)


def _pick(
    source: Image,
    part: Rect,
    linear: NDArray[np.float64],
    offset: NDArray[np.float64],
    area: Rect,
    target: Image,
) -> None:
    """Write, for every pixel of an upright screen, the pixel of a level that its middle lies in.

    Computed for the whole screen alike, so that no edge of a pixel jumps where areas meet.

    Args:
        source: (H, W) or (H, W, 4): the pixels in `part` of the level.
        part: see above.
        linear: (2, 2): from the level to the screen.
        offset: where the corner of the level is on the screen.
        area: of the screen.
        target: (h, w) or (h, w, 4), overwritten.
    """
    pixels = source if source.ndim == 2 else source.view(np.uint32)[..., 0]
    result = target if target.ndim == 2 else target.view(np.uint32)[..., 0]
    corner, inverse = (part.left, part.top), np.linalg.inv(linear)
    if inverse[0, 0] == 0:  # a quarter turn: rows of the source are columns of the screen
        pixels, corner, inverse = pixels.T, corner[::-1], inverse[::-1]
    columns = np.floor((np.arange(area.left, area.right) + 0.5 - offset[0]) * inverse[0, 0]).astype(np.intp)
    rows = np.floor((np.arange(area.top, area.bottom) + 0.5 - offset[1]) * inverse[1, 1]).astype(np.intp)
    columns = np.clip(columns - corner[0], 0, pixels.shape[1] - 1)
    rows = np.clip(rows - corner[1], 0, pixels.shape[0] - 1)
    # First the columns, of each row once: rows are copied whole.
    top = int(rows.min())
    wide = pixels[top : int(rows.max()) + 1]
    if int(columns[-1]) - int(columns[0]) == len(columns) - 1:
        wide = wide[:, columns[0] : columns[-1] + 1]
    else:
        wide = np.take(wide, columns, axis=1, mode="clip")
    np.take(wide, rows - top, axis=0, out=result, mode="clip")


def _smooth(
    source: Image,
    linear: NDArray[np.float64],
    offset: NDArray[np.float64],
    target: Image,
    *,
    nearest: bool,
    beyond: bool,
) -> None:
    """Write pixels of the screen between those of the source.

    Args:
        source: (H, W) or (H, W, 4).
        linear: (2, 2): from the source to the screen.
        offset: where the source's corner is on the screen.
        target: (h, w) or (h, w, 4), overwritten.
        nearest: take the nearest pixel all the same.
        beyond: what is not in the source is 0; else its edge goes on.
    """
    inverse = np.linalg.inv(linear)
    # OpenCV counts from the middle of a pixel to the middle of a pixel.
    middle = inverse @ (0.5 - offset) - 0.5
    cv2.warpAffine(
        source,
        np.column_stack([inverse, middle]),
        (target.shape[1], target.shape[0]),
        dst=target,
        flags=cv2.WARP_INVERSE_MAP | (cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR),
        borderMode=cv2.BORDER_CONSTANT if beyond else cv2.BORDER_REPLICATE,
    )


def _draw_edge(strength: NDArray[np.uint8], tinted: NDArray[np.uint8], width: int) -> None:
    """Write the lines along the edge of a mask over its colour.

    Args:
        strength: (h, w): the mask as it is seen.
        tinted: (h, w, 4) BGRA, premultiplied; written.
        width: of each line, in pixels.
    """
    inside = (strength >= EDGE).view(np.uint8)
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (2 * width + 1, 2 * width + 1))
    lines = inside > cv2.erode(inside, kernel), inside < cv2.dilate(inside, kernel)
    pixels = tinted.view(np.uint32)[..., 0]
    for line, (grey, alpha) in zip(lines, OUTLINE, strict=True):
        value = np.array([grey * alpha // 255] * 3 + [alpha], np.uint8).view(np.uint32)[0]
        np.copyto(pixels, value, where=line)


def _qrect(rect: Rect) -> QRect:
    return QRect(rect.left, rect.top, rect.width, rect.height)
