"""Move a layer or a group."""

from lama_desktop.core.commands import MoveEdit
from lama_desktop.core.document import Document
from lama_desktop.tools.tool import Gesture, Kind, Modifier, Overlay, Pointer, PointerEvent, Tool


class MoveTool(Tool):
    """Drag the active layer, or all layers of the active group."""

    id, title, icon, shortcut = "move", "Move layer", "move", "V"
    hint = "Drag the active layer, or use the arrow keys; Shift keeps to one direction"

    def gesture(self, document: Document, event: PointerEvent) -> Gesture:
        """Follow the pointer in whole pixels."""
        if document.active is None:
            return
        press, offset = event, (0, 0)
        with MoveEdit(self.title, document, document.active) as edit:
            while event.kind is not Kind.RELEASE:
                event = yield ()
                dx, dy = round(event.x - press.x), round(event.y - press.y)
                if Modifier.SHIFT in event.modifiers:
                    dx, dy = (dx, 0) if abs(dx) >= abs(dy) else (0, dy)
                if (dx, dy) != offset:
                    offset = dx, dy
                    edit.set(offset)

    def hover(self, document: Document, event: PointerEvent) -> tuple[Pointer, Overlay]:
        """Show that something can be moved."""
        return Pointer.ARROW if document.active is None else Pointer.MOVE, ()

    def nudge(self, document: Document, dx: int, dy: int) -> bool:
        """Move the active layer or group by whole pixels, as one step."""
        if document.active is None or document.is_editing:
            return False
        with MoveEdit(self.title, document, document.active, (dx, dy)):
            return True
