"""Layers and groups merged into one layer: each function returns another stack, for a `StackEdit`.

What can be seen stays the same, rounded once to the document's depth; where that cannot be, it is said. Pure functions:
nothing of the old stack changes.
"""

from collections.abc import Iterator
from functools import reduce
from operator import or_
from typing import Any

from lama_desktop.core import tree as trees
from lama_desktop.core.blend import NORMAL
from lama_desktop.core.composite import composite
from lama_desktop.core.geometry import Rect
from lama_desktop.core.group import Branch, Entry, Group, Tree
from lama_desktop.core.layer import Layer
from lama_desktop.core.node import Lock, Node
from lama_desktop.core.stack import Stack
from lama_desktop.errors import LamaDesktopError


def merged_down(stack: Stack, node: Node) -> Stack:
    """Return the stack with a layer or group merged into what is below it, which keeps its name and blend mode.

    Both count as visible, and what they become is.

    Raises:
        LamaDesktopError: there is nothing below in the same group, or it is locked.
    """
    place = stack.place(node)
    if place.index == 0:
        raise LamaDesktopError(f"There is nothing below “{node.name}” to merge it into.")
    entry, below = stack.entry(node), stack.entries(place.group)[place.index - 1]
    target = trees.node_of(below)
    if Lock.PIXELS in stack.lock_of(target):
        raise LamaDesktopError(f"“{target.name}” is locked: unlock it in the layers panel to merge into it.")
    parts = _shown(below, mode=NORMAL), _shown(entry)
    if not any(True for _ in trees.seen(parts)):
        raise LamaDesktopError(f"Nothing in “{node.name}” and “{target.name}” is visible: show what is to be merged.")
    merged = _merged(parts, trees.node_of(_shown(below)))
    return stack.without(node).replaced(target, merged).activated(merged)


def merged_group(stack: Stack, group: Group) -> Stack:
    """Return the stack with a group as one layer, with the properties of the group; hidden layers in it are gone.

    It looks the same if the group is isolated, or if nothing in it is blended with what is below the group.

    Raises:
        LamaDesktopError: nothing in it is visible, or it is locked.
    """
    if Lock.PIXELS in stack.lock_of(group):
        raise LamaDesktopError(f"“{group.name}” is locked: unlock it in the layers panel to merge it.")
    tree = stack.entries(group) if group.isolated else (_shown(stack.entry(group)),)
    if not any(True for _ in trees.seen(tree)):
        raise LamaDesktopError(f"Nothing in the group “{group.name}” is visible: show what is to be merged.")
    merged = _merged(tree, group, group.opacity if group.isolated else 1.0)
    return stack.replaced(group, merged).activated(merged)


def merged_visible(stack: Stack, name: str) -> Stack:
    """Return the stack with everything visible merged into one layer, where the lowest of it was; the rest stays.

    Hidden layers stay, in their groups.

    Raises:
        LamaDesktopError: no layer is visible.
    """
    visible = set(trees.seen(stack.tree))
    if not visible:
        raise LamaDesktopError("No layer is visible: show those that are to be merged.")
    merged, result = _merged(stack.tree, Group(name)), list[Entry]()
    for entry in stack.tree:
        if merged not in result and not visible.isdisjoint(trees.layers_of((entry,))):
            result.append(merged)
        result += _hidden((entry,))
    return stack.with_tree(tuple(result), merged)


def flattened(stack: Stack, name: str) -> Stack:
    """Return the stack with one layer that looks like all visible ones, as large as the document; others are gone.

    Raises:
        LamaDesktopError: no layer is visible.
    """
    if not any(True for _ in trees.seen(stack.tree)):
        raise LamaDesktopError("No layer is visible: show those that are to be flattened.")
    merged = _merged(stack.tree, Group(name), rect=stack.rect)
    return stack.with_tree((merged,), merged)


def _merged(tree: Tree, like: Node, opacity: float = 1.0, rect: Rect | None = None) -> Layer:
    """Return what can be seen of a tree as a layer with the name, mode, visibility and locks of a node.

    Args:
        tree: with something visible in it.
        like: has these properties.
        opacity: of the layer.
        rect: where; None is all that is there.
    """
    layers = list(trees.seen(tree))
    rect = rect or reduce(or_, (layer.rect for layer in layers))
    pixels = composite(tree, rect, layers[0].pixels.dtype)
    return Layer(
        pixels,
        (rect.left, rect.top),
        name=like.name,
        opacity=opacity,
        mode=NORMAL if isinstance(like, Group) and not like.isolated else like.mode,
        visible=like.visible,
        lock=like.lock,
    )


def _shown(entry: Entry, **changed: Any) -> Entry:
    """Return a visible copy of an entry."""
    if isinstance(entry, Branch):
        return Branch(entry.group.copy(visible=True, **changed), entry.entries)
    return entry.copy(visible=True, **changed)


def _hidden(tree: Tree) -> Iterator[Entry]:
    """Yield what cannot be seen; groups with that only, which act on nothing below them."""
    for entry in tree:
        if not trees.node_of(entry).visible:
            yield entry
        elif isinstance(entry, Branch) and (entries := tuple(_hidden(entry.entries))):
            yield Branch(entry.group if entry.group.mode.bounded else entry.group.copy(mode=NORMAL), entries)
