"""Qt's events in the words of tools: what was pressed, held, with which pressure, and where in the document."""

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QInputDevice, QMouseEvent, QPointingDevice, QTabletEvent

from lama_desktop.tools.tool import Button, Kind, Modifier, PointerEvent
from lama_desktop.ui.canvas.viewport import Viewport

_MODIFIERS = {
    Qt.KeyboardModifier.ShiftModifier: Modifier.SHIFT,
    Qt.KeyboardModifier.AltModifier: Modifier.ALT,
    Qt.KeyboardModifier.ControlModifier: Modifier.CONTROL,
}


def modifiers_of(modifiers: Qt.KeyboardModifier) -> Modifier:
    """Return the keys that are held."""
    result = Modifier.NONE
    for theirs, ours in _MODIFIERS.items():
        if modifiers & theirs:
            result |= ours
    return result


def pointer_event(
    kind: Kind,
    position: QPointF,
    modifiers: Qt.KeyboardModifier,
    viewport: Viewport,
    scale: float,
    pressure: float = 1.0,
    button: Button = Button.PRIMARY,
) -> PointerEvent:
    """Return an event in document coordinates.

    Args:
        kind: what happened.
        position: in the canvas, logical pixels.
        modifiers: what is held.
        viewport: of the canvas.
        scale: device pixels per logical pixel.
        pressure: 0 to 1.
        button: of the gesture.
    """
    x, y = viewport.to_document(position.x() * scale, position.y() * scale)
    return PointerEvent(kind, x, y, pressure, modifiers_of(modifiers), button, scale / viewport.zoom)


def button_of(event: QMouseEvent | QTabletEvent) -> Button | None:
    """Return which gesture a press begins; None for a button that begins none."""
    if isinstance(event, QTabletEvent) and event.pointerType() == QPointingDevice.PointerType.Eraser:
        return Button.ERASER
    if event.button() == Qt.MouseButton.LeftButton:
        return Button.PRIMARY
    return Button.SECONDARY if event.button() == Qt.MouseButton.RightButton else None


class Pressure:
    """How hard a pen is pressed. Some drivers always say 0: such a pen paints like a mouse."""

    def __init__(self) -> None:
        self._felt: set[int] = set()

    def of(self, event: QMouseEvent | QTabletEvent) -> float:
        """Return 0 to 1; 1 for what cannot tell."""
        if not isinstance(event, QTabletEvent):
            return 1.0
        device = event.pointingDevice()
        if not device.capabilities() & QInputDevice.Capability.Pressure:
            return 1.0
        pen = device.uniqueId().numericId()
        if event.pressure() > 0:
            self._felt.add(pen)
        return event.pressure() if pen in self._felt else 1.0
