"""Navigation: wheel, trackpad, pinch and drag change the view, whatever tool is in hand."""

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QInputDevice, QNativeGestureEvent, QWheelEvent
from PySide6.QtWidgets import QPinchGesture

from lama_desktop.ui.canvas.viewport import Viewport

NOTCH = 120
"""What Qt calls one step of a wheel."""
ZOOM_STEP = 1.25
"""Of one notch."""
PAN_STEP = 64.0
"""Logical pixels of one notch."""


class Navigation:
    """Translates gestures of the hand into changes of a viewport.

    Args:
        viewport: what is changed.
    """

    def __init__(self, viewport: Viewport) -> None:
        self._viewport = viewport
        self._held: tuple[float, float] | None = None
        self.wheel_zooms = True
        """Whether a wheel without a key zooms; else it pans, and Ctrl zooms. Two fingers on a trackpad always pan."""
        self.scale = 1.0
        """Device pixels per logical pixel."""

    @property
    def pans(self) -> bool:
        """Whether the picture is being dragged."""
        return self._held is not None

    def begin_pan(self, position: QPointF) -> None:
        """Take hold of the picture."""
        self._held = self._viewport.to_document(*self._device(position))

    def pan_to(self, position: QPointF) -> None:
        """Keep what was taken hold of under the pointer."""
        if self._held is not None:
            self._viewport.bring(*self._held, self._device(position))

    def end_pan(self) -> None:
        """Let go."""
        self._held = None

    def wheel(self, event: QWheelEvent) -> None:
        """Zoom at the pointer, or pan."""
        keys, angle, pixels = event.modifiers(), event.angleDelta(), event.pixelDelta()
        fingers = event.device().type() == QInputDevice.DeviceType.TouchPad
        zooms = bool(keys & Qt.KeyboardModifier.ControlModifier)
        zooms = zooms or (self.wheel_zooms and not fingers and not keys & Qt.KeyboardModifier.ShiftModifier)
        if zooms:
            notches = (angle.y() or angle.x()) / NOTCH
            if notches:
                self._viewport.zoom_by(ZOOM_STEP**notches, self._device(event.position()))
            return
        if fingers and not pixels.isNull():
            self._viewport.pan(pixels.x() * self.scale, pixels.y() * self.scale)
            return
        across, down = angle.x() / NOTCH, angle.y() / NOTCH
        if keys & Qt.KeyboardModifier.ShiftModifier and not across:
            across, down = down, 0.0
        self._viewport.pan(across * PAN_STEP * self.scale, down * PAN_STEP * self.scale)

    def native(self, event: QNativeGestureEvent) -> bool:
        """Follow two fingers on a trackpad; False for what is not followed."""
        kind, at = event.gestureType(), self._device(event.position())
        if kind == Qt.NativeGestureType.ZoomNativeGesture:
            self._viewport.zoom_by(1 + event.value(), at)
        elif kind == Qt.NativeGestureType.SmartZoomNativeGesture:
            if self._viewport.fits:
                self._viewport.zoom_to(1.0, at)
            else:
                self._viewport.fit()
        else:
            return False
        return True

    def pinch(self, gesture: QPinchGesture, center: QPointF) -> None:
        """Follow two fingers on a screen; `center` is in the canvas."""
        self._viewport.zoom_by(gesture.scaleFactor(), self._device(center))

    def _device(self, position: QPointF) -> tuple[float, float]:
        return position.x() * self.scale, position.y() * self.scale
