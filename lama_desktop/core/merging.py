"""Layers merged into one: each function returns another stack, for a `StackEdit`.

What can be seen stays the same, rounded once to the document's depth. Pure functions: nothing of the old stack changes.
"""

from functools import reduce
from operator import or_

from lama_desktop.core.blend import NORMAL
from lama_desktop.core.composite import composite
from lama_desktop.core.layer import Layer, Lock
from lama_desktop.core.stack import Stack
from lama_desktop.errors import LamaDesktopError


def merged_down(stack: Stack, layer: Layer) -> Stack:
    """Return the stack with a layer merged into the one below it, which keeps its name and blend mode.

    Both count as visible.

    Raises:
        LamaDesktopError: there is none below, or its pixels are locked.
    """
    index = stack.index(layer)
    if index == 0:
        raise LamaDesktopError(f"There is nothing below the layer “{layer.name}” to merge it into.")
    below = stack.layers[index - 1]
    if Lock.PIXELS in below.lock:
        raise LamaDesktopError(f"The layer “{below.name}” is locked: unlock it in the layers panel to merge into it.")
    rect = below.rect | layer.rect
    parts = (below.copy(visible=True, mode=NORMAL), layer.copy(visible=True))
    pixels = composite(parts, rect, below.pixels.dtype)
    merged = below.with_pixels(pixels, (rect.left, rect.top), opacity=1.0, recipe=None)
    return stack.without(layer).replaced(below, merged).activated(merged)


def merged_visible(stack: Stack, name: str) -> Stack:
    """Return the stack with all visible layers merged into one, at the place of the lowest of them; others stay.

    Raises:
        LamaDesktopError: none is visible.
    """
    visible = [layer for layer in stack.layers if layer.visible]
    if not visible:
        raise LamaDesktopError("No layer is visible: show those that are to be merged.")
    rect = reduce(or_, (layer.rect for layer in visible))
    merged = Layer(composite(visible, rect, visible[0].pixels.dtype), (rect.left, rect.top), name=name)
    layers = tuple(
        merged if layer is visible[0] else layer
        for layer in stack.layers
        if layer is visible[0] or layer not in visible
    )
    return stack.with_layers(layers, merged)


def flattened(stack: Stack, name: str) -> Stack:
    """Return the stack with one layer that looks like all visible ones, as large as the document; others are gone."""
    assert stack.layers
    pixels = composite(stack.layers, stack.rect, stack.layers[0].pixels.dtype)
    merged = Layer(pixels, name=name)
    return stack.with_layers((merged,), merged)
