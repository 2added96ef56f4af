"""What is done to a tree of layers and groups as a value: each function looks at one, or returns another.

A tree is a tuple of entries, the lowest first; see `core/group.py`. Pure functions, any thread.
"""

from collections.abc import Callable, Iterator

from lama_desktop.core.group import Branch, Entry, Group, Tree
from lama_desktop.core.layer import Layer
from lama_desktop.core.node import Node


def node_of(entry: Entry) -> Node:
    """Return the layer or the group that an entry is of."""
    return entry.group if isinstance(entry, Branch) else entry


def layers_of(tree: Tree) -> Iterator[Layer]:
    """Yield all layers, the lowest first."""
    for entry in tree:
        if isinstance(entry, Branch):
            yield from layers_of(entry.entries)
        else:
            yield entry


def nodes_of(tree: Tree) -> Iterator[Node]:
    """Yield all layers and groups, the lowest first; a group follows what is in it."""
    for entry in tree:
        if isinstance(entry, Branch):
            yield from nodes_of(entry.entries)
        yield node_of(entry)


def depth_of(tree: Tree) -> int:
    """Return how many groups are in each other; 0 without groups."""
    return max((1 + depth_of(entry.entries) for entry in tree if isinstance(entry, Branch)), default=0)


def path_to(tree: Tree, node: Node) -> tuple[Branch, ...] | None:
    """Return the branches that hold a node, the outermost first; None where it is not in the tree."""
    for entry in tree:
        if node_of(entry) is node:
            return ()
        if isinstance(entry, Branch) and (path := path_to(entry.entries, node)) is not None:
            return (entry, *path)
    return None


def edited(tree: Tree, group: Group | None, change: Callable[[Tree], Tree]) -> Tree:
    """Return a tree in which one group, or for None the tree itself, has what `change` makes of its entries."""
    if group is None:
        return change(tree)
    return tuple(
        Branch(entry.group, edited(entry.entries, None if entry.group is group else group, change))
        if isinstance(entry, Branch)
        else entry
        for entry in tree
    )


def mapped(tree: Tree, layer: Callable[[Layer], Layer], group: Callable[[Group], Group] = lambda each: each) -> Tree:
    """Return a tree of the same shape with other layers, and other groups where that is asked for."""
    return tuple(
        Branch(group(entry.group), mapped(entry.entries, layer, group)) if isinstance(entry, Branch) else layer(entry)
        for entry in tree
    )


def copied(tree: Tree) -> Tree:
    """Return a tree of equal layers and groups, for another thread; no pixel is copied until it is written."""
    return mapped(tree, Layer.copy, Group.copy)


def seen(tree: Tree) -> Iterator[Layer]:
    """Yield the layers that are visible and in no hidden group, the lowest first."""
    for entry in tree:
        if node_of(entry).visible:
            yield from seen(entry.entries) if isinstance(entry, Branch) else (entry,)


def below(tree: Tree, node: Node, *, inclusive: bool = False) -> Tree:
    """Return a tree without a node and all that is above it; with `inclusive` the node stays.

    A group around the node keeps what is below it in the group.
    """
    result: list[Entry] = []
    for entry in tree:
        if node_of(entry) is node:
            return (*result, entry) if inclusive else tuple(result)
        if isinstance(entry, Branch) and path_to(entry.entries, node) is not None:
            return (*result, Branch(entry.group, below(entry.entries, node, inclusive=inclusive)))
        result.append(entry)
    raise ValueError("the node is not in the tree")
