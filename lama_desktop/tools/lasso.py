"""Lasso: draw around what should go, freehand or corner by corner."""

import math

from lama_desktop.core.document import Document
from lama_desktop.core.shapes import Point, polygon
from lama_desktop.tools.combine import CombineOptions, combine, combine_for
from lama_desktop.tools.tool import Gesture, Handle, Kind, Modifier, Overlay, PointerEvent, Polyline, Tool

SNAP_PX = 8
"""A click this near to the first corner, on the screen, closes a polygon."""
FINEST_PX = 0.5
"""Freehand points nearer to each other than this, on the screen, add nothing."""


class LassoTool(Tool):
    """Draw around an area freehand."""

    id, title, icon, shortcut = "lasso", "Lasso", "lasso", "L"
    hint = "Draw around what should go. Shift adds, Alt subtracts, Shift+Alt intersects"
    Options = CombineOptions

    def gesture(self, document: Document, event: PointerEvent) -> Gesture:
        """Follow the pointer; the release closes the line."""
        how = combine_for(event.modifiers, self.options.combine)
        points: list[Point] = [(event.x, event.y)]
        while event.kind is not Kind.RELEASE:
            event = yield (Polyline(points),)
            if event.distance(*points[-1]) >= FINEST_PX:
                points.append((event.x, event.y))
        if len(points) > 2:
            combine(document, self.title, polygon(points, document.rect), how)


class PolygonTool(Tool):
    """Click the corners of an area."""

    id, title, icon, shortcut = "polygon", "Polygon lasso", "polygon", "Shift+L"
    hint = "Click corner by corner. Enter, a double click or the first corner closes, Backspace takes a corner back"
    Options = CombineOptions

    def gesture(self, document: Document, event: PointerEvent) -> Gesture:
        """Add a corner at every press until it is closed; Shift held later keeps to steps of 45 degrees."""
        how, held = combine_for(event.modifiers, self.options.combine), event.modifiers
        corners: list[Point] = [(event.x, event.y)]
        while True:
            event = yield self._outline(corners, event, held)
            if Modifier.SHIFT not in event.modifiers:
                held &= ~Modifier.SHIFT
            if event.kind is Kind.CONFIRM or (event.kind is Kind.DOUBLE and len(corners) > 2):
                break
            if event.kind is Kind.PRESS:
                if len(corners) > 2 and event.distance(*corners[0]) <= SNAP_PX:
                    break
                corners.append(_next_corner(corners[-1], event, held))
            elif event.kind is Kind.BACK:
                corners.pop()
                if not corners:
                    return
        if len(corners) > 2:
            combine(document, self.title, polygon(corners, document.rect), how)

    def _outline(self, corners: list[Point], event: PointerEvent, held: Modifier) -> Overlay:
        """Show the corners, the side that follows the pointer, and where the line began."""
        return Polyline([*corners, _next_corner(corners[-1], event, held)]), Handle(*corners[0])


def _next_corner(last: Point, event: PointerEvent, held: Modifier) -> Point:
    """Return where a corner goes: under the pointer, or on the nearest of eight directions if Shift asks for it."""
    if Modifier.SHIFT not in event.modifiers or Modifier.SHIFT in held:
        return event.x, event.y
    dx, dy = event.x - last[0], event.y - last[1]
    angle = round(math.atan2(dy, dx) / (math.pi / 4)) * (math.pi / 4)
    length = dx * math.cos(angle) + dy * math.sin(angle)
    return last[0] + length * math.cos(angle), last[1] + length * math.sin(angle)
