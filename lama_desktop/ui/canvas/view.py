"""View: a document as it is seen: painting, zooming, comparing. What a hand does to it is the Canvas's business.

It paints what it is asked for and no more: signals of the document mark rectangles, the paint event composites and
draws them. Everything is drawn in device pixels, so it is sharp at every scale of the desktop. UI thread only.
"""

import math
import time

from PySide6.QtCore import QEvent, QPointF, QRect, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QRegion,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QGestureEvent, QPinchGesture, QWidget

from lama_desktop.core.arrays import Coverage
from lama_desktop.core.document import Document
from lama_desktop.core.geometry import Rect
from lama_desktop.ui.canvas.compare import Compare
from lama_desktop.ui.canvas.hole_outline import HoleOutline
from lama_desktop.ui.canvas.navigation import Navigation
from lama_desktop.ui.canvas.picture import Picture
from lama_desktop.ui.canvas.sampling_area import SamplingArea
from lama_desktop.ui.canvas.viewport import Viewport

COMPOSITE_S = 0.012
"""How long one paint may composite; what is left is done after the events that wait."""
MARGIN, LARGEST_MARGIN = 0.05, 40
"""What stays free around a picture that fits: a part of the smaller side, at most so many logical pixels."""


FEW, CROWDED = 6, 0.4
"""More rectangles than a few, on more than this part of the one around them, are drawn as one."""


class View(QWidget):
    """Shows one document. Owns its viewport and its picture.

    Args:
        document: what is seen.

    Signals:
        compared: whether and where the original is shown has changed.
    """

    compared = Signal()

    def __init__(self, document: Document) -> None:
        super().__init__()
        self.document = document
        self.viewport = Viewport(document.size)
        self.navigation = Navigation(self.viewport)
        self._picture = Picture(document, self.viewport)
        self._compare = Compare()
        self._hole = HoleOutline(self.viewport)
        self._sampling = SamplingArea(document, self.viewport)
        self._matrix = self.viewport.matrix
        self._outline_shown = True
        self._follow_palette()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.grabGesture(Qt.GestureType.PinchGesture)
        document.changed.connect(self._update_document)
        document.mask_changed.connect(self._update_document)
        document.stack_changed.connect(self.update)
        document.resized.connect(self._follow_document)
        self.viewport.changed.connect(self._follow_viewport)
        self._hole.moved.connect(self.update_screen)

    # How it looks

    @property
    def mask_shown(self) -> bool:
        """Whether the mask is seen."""
        return self._picture.mask_shown

    @mask_shown.setter
    def mask_shown(self, shown: bool) -> None:
        self._picture.mask_shown = shown
        self.update()

    @property
    def mask_color(self) -> QColor:
        """The colour of the mask; its alpha is how strongly it covers the photo."""
        color = QColor(self._picture.mask_color)
        color.setAlphaF(self._picture.mask_opacity)
        return color

    @mask_color.setter
    def mask_color(self, color: QColor) -> None:
        self._picture.mask_color, self._picture.mask_opacity = QColor(color.rgb()), color.alphaF()
        self.update()

    @property
    def outline_shown(self) -> bool:
        """Whether there is a line along the mask's edge."""
        return self._outline_shown

    @outline_shown.setter
    def outline_shown(self, shown: bool) -> None:
        self._outline_shown = shown
        self.follow_scale()
        self.update()

    @property
    def grid_shown(self) -> bool:
        """Whether there are lines between pixels at a high zoom."""
        return self._picture.grid_shown

    @grid_shown.setter
    def grid_shown(self, shown: bool) -> None:
        self._picture.grid_shown = shown
        self.update()

    @property
    def split(self) -> float | None:
        """Where the original ends and the present begins, as a part of the width; None shows the present only."""
        return self._compare.position if self._compare.split else None

    @split.setter
    def split(self, position: float | None) -> None:
        self._compare.split = position is not None and self.document.stack.original is not None
        if position is not None:
            self._compare.position = min(max(position, 0.0), 1.0)
        self._follow_compare()

    @property
    def comparing(self) -> bool:
        """Whether all of the screen shows the original; never, as with `split`, where there is none."""
        return self._compare.held

    @comparing.setter
    def comparing(self, held: bool) -> None:
        held = held and self.document.stack.original is not None
        if held != self._compare.held:
            self._compare.held = held
            self._follow_compare()

    def show_hole(self, rect: Rect, coverage: Coverage) -> None:
        """Draw a moving line around what is being removed, until `hide_hole`; arguments as of `HoleOutline.start`."""
        self._hole.start(rect, coverage)

    def hide_hole(self) -> None:
        """End the line."""
        self._hole.stop()

    def fit_mask(self) -> None:
        """Show the mask as large as fits, with some surroundings; all of the picture if there is none."""
        bounds = self.document.mask.bounds()
        if bounds.is_empty:
            self.viewport.fit()
        else:
            self.viewport.show(bounds.left, bounds.top, bounds.right, bounds.bottom, margin=0.25)

    # Painting

    def draw_over(self, painter: QPainter) -> None:
        """Called at the end of every paint: draw what lies over the picture, in device pixels."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Composite and draw what is asked for."""
        painter = QPainter(self)
        try:
            painter.scale(1 / self.scale, 1 / self.scale)
            late = self._draw(painter, event.region())
        finally:
            painter.end()  # Qt crashes where an error leaves one open
        if late:
            QTimer.singleShot(0, self, lambda: self._update_all(late))

    def _draw(self, painter: QPainter, region: QRegion) -> list[Rect]:
        """Draw a region; return the parts of it, in device pixels, that were not up to date in time."""
        end = time.perf_counter() + COMPOSITE_S
        width, height = self._device_size
        late: list[Rect] = []
        for part in _parts(region):
            for area, original in self._compare.parts(self._device_rect(part), width):
                left = max(0.0, end - time.perf_counter())
                complete = self._picture.refresh(area, left, original=original)
                if not complete:
                    late.append(area)
                self._picture.draw(painter, area, original=original, complete=complete)
        self._sampling.draw(painter)
        self._hole.draw(painter)
        self._compare.draw(painter, width, height)
        self.draw_over(painter)
        return late

    def update_screen(self, rect: Rect) -> None:
        """Have device pixels painted."""
        left, top = math.floor(rect.left / self.scale), math.floor(rect.top / self.scale)
        right, bottom = math.ceil(rect.right / self.scale), math.ceil(rect.bottom / self.scale)
        self.update(QRect(left, top, right - left, bottom - top))

    def _update_all(self, rects: list[Rect]) -> None:
        for rect in rects:
            self.update_screen(rect)

    @property
    def scale(self) -> float:
        """Device pixels per logical pixel."""
        return self.devicePixelRatioF()

    def _update_document(self, rect: Rect) -> None:
        """Have document pixels painted."""
        self.update_screen(self.viewport.screen_rect(rect, margin=2 + self._picture.outline))

    @property
    def _device_size(self) -> tuple[int, int]:
        return max(1, round(self.width() * self.scale)), max(1, round(self.height() * self.scale))

    def _device_rect(self, rect: QRect) -> Rect:
        right, bottom = rect.left() + rect.width(), rect.top() + rect.height()
        return Rect(
            math.floor(rect.left() * self.scale),
            math.floor(rect.top() * self.scale),
            math.ceil(right * self.scale),
            math.ceil(bottom * self.scale),
        )

    # What follows from what

    def follow_scale(self) -> None:
        """Take the size and the scale of the screen."""
        for part in (self.navigation, self._compare, self._hole, self._sampling):
            part.scale = self.scale
        self._picture.outline = max(1, round(self.scale)) if self._outline_shown else 0
        smaller = min(self.width(), self.height())
        self.viewport.resize(self._device_size, round(min(MARGIN * smaller, LARGEST_MARGIN) * self.scale))

    def _follow_viewport(self) -> None:
        """Have everything painted; where it has only been moved, what is painted is moved and the rest is painted."""
        before, self._matrix = self._matrix, self.viewport.matrix
        moved = (self._matrix - before) / self.scale
        dx, dy = moved[:, 2].tolist()
        if moved[:, :2].any() or dx % 1 or dy % 1 or self._compare.split:
            self.update()
        elif dx or dy:
            self.scroll(int(dx), int(dy))

    def _follow_palette(self) -> None:
        self._picture.surround = self.palette().color(QPalette.ColorRole.Shadow)
        self.update()

    def _follow_document(self) -> None:
        self._hole.stop()
        self.viewport.resize_document(self.document.size)

    def _follow_compare(self) -> None:
        if not self._compare.needs_original:
            self._picture.forget_original()
        self.update()
        self.compared.emit()

    # Events

    def event(self, event: QEvent) -> bool:
        """Take what Qt has no handler of its own for: pinches, another scale of the screen."""
        if isinstance(event, QNativeGestureEvent) and self.navigation.native(event):
            return True
        if isinstance(event, QGestureEvent):
            pinch = event.gesture(Qt.GestureType.PinchGesture)
            if isinstance(pinch, QPinchGesture):
                self.navigation.pinch(pinch, QPointF(self.mapFromGlobal(pinch.centerPoint())))
                return True
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self.follow_scale()
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Take the new size."""
        self.follow_scale()

    def changeEvent(self, event: QEvent) -> None:
        """Take the new colours."""
        if event.type() == QEvent.Type.PaletteChange:
            self._follow_palette()
        super().changeEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom or pan."""
        self.navigation.wheel(event)
        event.accept()


def _parts(region: QRegion) -> list[QRect]:
    """Return the rectangles of a region; the one around them where they are many and fill most of it."""
    parts: list[QRect] = list(region)  # type: ignore[call-overload]  # the stubs do not know that it is iterable
    around = region.boundingRect()
    filled = sum(part.width() * part.height() for part in parts)
    return [around] if len(parts) > FEW and filled > CROWDED * around.width() * around.height() else parts
