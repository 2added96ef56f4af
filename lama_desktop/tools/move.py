"""Move a layer."""

from lama_desktop.core.commands import PropertyEdit
from lama_desktop.core.document import Document
from lama_desktop.tools.tool import Gesture, Kind, Modifier, Overlay, Pointer, PointerEvent, Tool


class MoveTool(Tool):
    """Drag the active layer."""

    id, title, icon, shortcut = "move", "Move layer", "move", "V"
    hint = "Drag the active layer, or use the arrow keys; Shift keeps to one direction"

    def gesture(self, document: Document, event: PointerEvent) -> Gesture:
        """Follow the pointer in whole pixels."""
        layer = document.active
        if layer is None:
            return
        press, origin = event, layer.origin
        with PropertyEdit(self.title, document, layer, "origin", origin) as edit:
            while event.kind is not Kind.RELEASE:
                event = yield ()
                dx, dy = round(event.x - press.x), round(event.y - press.y)
                if Modifier.SHIFT in event.modifiers:
                    dx, dy = (dx, 0) if abs(dx) >= abs(dy) else (0, dy)
                moved = origin[0] + dx, origin[1] + dy
                if moved != layer.origin:
                    edit.set(moved)

    def hover(self, document: Document, event: PointerEvent) -> tuple[Pointer, Overlay]:
        """Show that something can be moved."""
        return Pointer.ARROW if document.active is None else Pointer.MOVE, ()

    def nudge(self, document: Document, dx: int, dy: int) -> bool:
        """Move the active layer by whole pixels, as one step."""
        layer = document.active
        if layer is None or document.is_editing:
            return False
        origin = layer.origin[0] + dx, layer.origin[1] + dy
        with PropertyEdit(self.title, document, layer, "origin", origin):
            return True
