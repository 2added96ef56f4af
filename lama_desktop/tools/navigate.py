"""Hand and zoom: look at another part of the document. Nothing is edited."""

from lama_desktop.core.document import Document
from lama_desktop.tools.tool import (
    Button,
    Gesture,
    Grab,
    Kind,
    Modifier,
    Overlay,
    Pointer,
    PointerEvent,
    Polyline,
    Show,
    Tool,
    ZoomBy,
)

STEP = 2.0
"""How much a click of the zoom tool magnifies."""
DRAG_PX = 4
"""From which distance on the screen a press is a drag."""


class HandTool(Tool):
    """Drag the view."""

    id, title, icon, shortcut = "hand", "Hand", "hand", "H"
    hint = "Drag the view; with every other tool the space bar or the middle button does"

    def gesture(self, document: Document, event: PointerEvent) -> Gesture:
        """Keep the point that was pressed under the pointer."""
        press = event
        while event.kind is not Kind.RELEASE:
            yield Grab(press.x, press.y)
            event = yield ()

    def hover(self, document: Document, event: PointerEvent) -> tuple[Pointer, Overlay]:
        """Show an open hand."""
        return Pointer.OPEN_HAND, ()


class ZoomTool(Tool):
    """Click or drag to magnify."""

    id, title, icon, shortcut = "zoom", "Zoom", "zoom", "Z"
    hint = "Click to zoom in, with Alt or the right button to zoom out; drag around what should fill the view"

    def gesture(self, document: Document, event: PointerEvent) -> Gesture:
        """Zoom at a click; show what a drag goes around."""
        press = event
        while event.kind is not Kind.RELEASE:
            corners = [(press.x, press.y), (event.x, press.y), (event.x, event.y), (press.x, event.y)]
            event = yield (Polyline(corners, closed=True),)
        if event.distance(press.x, press.y) > DRAG_PX:
            across, down = sorted((press.x, event.x)), sorted((press.y, event.y))
            yield Show(across[0], down[0], across[1], down[1])
        else:
            yield ZoomBy(1 / STEP if _goes_out(press) else STEP, press.x, press.y)

    def hover(self, document: Document, event: PointerEvent) -> tuple[Pointer, Overlay]:
        """Show a magnifying glass."""
        return Pointer.ZOOM_OUT if _goes_out(event) else Pointer.ZOOM_IN, ()


def _goes_out(event: PointerEvent) -> bool:
    return Modifier.ALT in event.modifiers or event.button is Button.SECONDARY
