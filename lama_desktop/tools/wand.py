"""Magic wand: what has the colour of the pixel that is clicked."""

import math
from dataclasses import dataclass

from lama_desktop.core.arrays import Image
from lama_desktop.core.blend import NORMAL
from lama_desktop.core.composite import composite
from lama_desktop.core.document import Document
from lama_desktop.core.flood import similar
from lama_desktop.core.geometry import Rect
from lama_desktop.core.group import Tree
from lama_desktop.core.shapes import Shape
from lama_desktop.core.tree import copied, node_of
from lama_desktop.options import option
from lama_desktop.progress import Progress
from lama_desktop.tools.combine import CombineOptions, combine, combine_for
from lama_desktop.tools.tool import Gesture, PointerEvent, Tool, Work


class WandTool(Tool):
    """Click to mask pixels of a similar colour."""

    id, title, icon, shortcut = "wand", "Magic wand", "wand", "W"
    hint = "Click a colour. Shift adds, Alt subtracts, Shift+Alt intersects"

    @dataclass(frozen=True)
    class Options(CombineOptions):
        """Options of the wand."""

        tolerance: int = option(24, "Tolerance", "How much a colour may differ, in each channel", low=0, high=255)
        contiguous: bool = option(True, "Connected", "Only pixels connected to the clicked one")
        all_layers: bool = option(True, "All layers", "Look at all visible layers instead of the active one only")

    def gesture(self, document: Document, event: PointerEvent) -> Gesture:
        """Look for the pixels on the worker; the mask changes when they are found."""
        options, bounds, mask = self.options, document.rect, document.mask
        how = combine_for(event.modifiers, options.combine)
        tree, dtype = sampled(document, options.all_layers), document.dtype
        x, y = math.floor(event.x), math.floor(event.y)

        def find(progress: Progress) -> Shape:
            def fetch(rect: Rect) -> Image:
                progress(0.0)
                return composite(tree, rect, dtype)

            return similar(fetch, bounds, x, y, options.tolerance, options.contiguous)

        if Rect(x, y, x + 1, y + 1) not in bounds or not tree:
            return
        shape = yield Work(self.title, find)
        if document.mask is mask:  # turned or resized, it has another
            combine(document, self.title, shape, how)


def sampled(document: Document, all_layers: bool) -> Tree:
    """Return what a tool looks at: all, or the active layer or group as it is alone. Another thread may read it."""
    stack = document.stack
    if all_layers:
        return copied(stack.tree)
    if stack.active is None:
        return ()
    tree = copied((stack.entry(stack.active),))
    for attribute, value in (("visible", True), ("opacity", 1.0), ("mode", NORMAL)):
        node_of(tree[0]).assign(attribute, value)
    return tree
