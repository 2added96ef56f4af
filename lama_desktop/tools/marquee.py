"""Marquee: drag a rectangle or an ellipse."""

from lama_desktop.core.document import Document
from lama_desktop.core.geometry import Rect
from lama_desktop.core.shapes import Point, Shape, ellipse, ellipse_points, rectangle
from lama_desktop.tools.combine import CombineOptions, combine, combine_for
from lama_desktop.tools.tool import Gesture, Kind, Modifier, PointerEvent, Polyline, Tool

Box = tuple[int, int, int, int]
"""Left, top, right, bottom: lines between pixels."""


class RectangleTool(Tool):
    """Drag a rectangle."""

    id, title, icon, shortcut = "rectangle", "Rectangle", "rectangle", "M"
    hint = "Drag from corner to corner; Shift held later makes it square, Alt grows it from its centre"
    Options = CombineOptions

    def gesture(self, document: Document, event: PointerEvent) -> Gesture:
        """Follow the pointer; the sides lie between pixels."""
        press, held = event, event.modifiers
        how = combine_for(held, self.options.combine)
        box = dragged_box(press, event, Modifier.NONE)
        while event.kind is not Kind.RELEASE:
            event = yield (Polyline(self._outline(box), closed=True),)
            held &= event.modifiers  # a key that is let go and pressed again has the other meaning
            box = dragged_box(press, event, event.modifiers & ~held)
        if box[0] < box[2] and box[1] < box[3]:
            combine(document, self.title, self._shape(box, document.rect), how)

    def _outline(self, box: Box) -> list[Point]:
        left, top, right, bottom = box
        return [(left, top), (right, top), (right, bottom), (left, bottom)]

    def _shape(self, box: Box, bounds: Rect) -> Shape:
        return rectangle(*box, bounds)


class EllipseTool(RectangleTool):
    """Drag an ellipse."""

    id, title, icon, shortcut = "ellipse", "Ellipse", "ellipse", "Shift+M"
    hint = "Drag from corner to corner; Shift held later makes it a circle, Alt grows it from its centre"

    def _outline(self, box: Box) -> list[Point]:
        return ellipse_points(*box)

    def _shape(self, box: Box, bounds: Rect) -> Shape:
        return ellipse(*box, bounds)


def dragged_box(press: PointerEvent, event: PointerEvent, modifiers: Modifier) -> Box:
    """Return the box between two corners.

    Args:
        press: one corner, or with Alt the centre.
        event: the opposite corner.
        modifiers: Shift makes all sides as long as the longest.
    """
    dx, dy = event.x - press.x, event.y - press.y
    if Modifier.SHIFT in modifiers:
        side = max(abs(dx), abs(dy))
        dx, dy = side if dx >= 0 else -side, side if dy >= 0 else -side
    x, y = (press.x - dx, press.y - dy) if Modifier.ALT in modifiers else (press.x, press.y)
    across, down = sorted((x, press.x + dx)), sorted((y, press.y + dy))
    left, top = round(across[0]), round(down[0])
    # The size is rounded, not the far side, so that a square is one.
    return left, top, left + round(across[1] - across[0]), top + round(down[1] - down[0])
