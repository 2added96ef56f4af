"""Object select: a box around a thing, or a scribble on it, becomes its outline."""

from dataclasses import dataclass
from enum import StrEnum

from lama_desktop.core.composite import composite
from lama_desktop.core.document import Document
from lama_desktop.core.objects import around_box, around_scribble, bounds_of, find_object
from lama_desktop.core.shapes import Point, Shape
from lama_desktop.options import option
from lama_desktop.progress import Progress
from lama_desktop.tools.combine import CombineOptions, combine, combine_for
from lama_desktop.tools.tool import Gesture, Kind, PointerEvent, Polyline, Tool, Work
from lama_desktop.tools.wand import sampled

SMALLEST_PX = 3
"""Boxes and scribbles no larger than this in the document are slips of the hand."""


class Draw(StrEnum):
    """What is drawn to show an object."""

    BOX = "box"
    SCRIBBLE = "scribble"


class ObjectTool(Tool):
    """Mark an object by a box around it or a scribble on it."""

    id, title, icon, shortcut = "object", "Object select", "object", "O"
    hint = "Drag a box around an object, or scribble on it. Shift adds, Alt subtracts, Shift+Alt intersects"

    @dataclass(frozen=True)
    class Options(CombineOptions):
        """Options of object select."""

        draw: Draw = option(Draw.BOX, "Draw", "A box around the object, or a scribble on it")

    def gesture(self, document: Document, event: PointerEvent) -> Gesture:
        """Follow the pointer, then look for the object on the worker."""
        options, bounds, dtype, mask = self.options, document.rect, document.dtype, document.mask
        how = combine_for(event.modifiers, options.combine)
        points: list[Point] = [(event.x, event.y)]
        while event.kind is not Kind.RELEASE:
            event = yield (self._outline(points),)
            points.append((event.x, event.y))
        rect = bounds_of(points)
        if max(rect.width, rect.height) <= SMALLEST_PX or (rect & bounds).is_empty:
            return
        if options.draw is Draw.BOX:
            window, labels = around_box(rect, bounds)
        else:
            window, labels = around_scribble(points, bounds)
        tree = sampled(document, all_layers=True)

        def find(progress: Progress) -> Shape:
            progress(0.0)
            return Shape(window, find_object(composite(tree, window, dtype), labels, progress))

        shape = yield Work(self.title, find)
        if document.mask is mask:  # turned or resized, it has another
            combine(document, self.title, shape, how)

    def _outline(self, points: list[Point]) -> Polyline:
        if self.options.draw is Draw.SCRIBBLE:
            return Polyline(points, dashed=False)
        (x0, y0), (x1, y1) = points[0], points[-1]
        return Polyline([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], closed=True)
