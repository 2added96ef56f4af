"""Stack: the whole structure of a document as one immutable value, and the changes of it that move no pixel.

Adding, removing, reordering, grouping: each returns another Stack, which shares every unchanged layer by reference, and
`StackEdit` exchanges it with the document's. Geometry is in `core/transforms.py`, merging in `core/merging.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from operator import or_

from lama_desktop.core import tree as trees
from lama_desktop.core.drawable import Drawable, Mask
from lama_desktop.core.geometry import Rect
from lama_desktop.core.group import MAX_DEPTH, Branch, Entry, Group, Tree
from lama_desktop.core.layer import Layer
from lama_desktop.core.node import Lock, Node
from lama_desktop.errors import LamaDesktopError


@dataclass(frozen=True)
class Place:
    """A position in the tree."""

    index: int
    """Among what is in the group, 0 for the lowest."""
    group: Group | None = None
    """None is the document itself."""


@dataclass(frozen=True, eq=False)
class Stack:
    """What a document is made of."""

    size: tuple[int, int]
    """Width and height of the document."""
    tree: Tree
    """Its layers and groups, the lowest first."""
    active: Node | None
    """The layer or group that tools work on; None only where there is none at all."""
    mask: Mask
    """What to remove; as large as the document."""
    original: Layer | None = None
    """The photo as it was opened, in the present geometry; None for a new picture. Never written, not in `tree`."""
    native: Drawable | None = None
    """The same in the file's own channels, where those are not RGB (CMYK), for pixels that leave as they came."""
    sampling: Mask | None = None
    """From where fills may copy texture, cut to its bounds; None is everywhere. Never written."""

    def __post_init__(self) -> None:
        assert (self.active is None) == (not self.tree)
        assert self.active is None or self.active in self.nodes
        assert self.mask.rect == self.rect

    @property
    def rect(self) -> Rect:
        """All pixels of the document."""
        return Rect.of_size(self.size)

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """All layers, the lowest first, whatever group they are in. How they look together is told by `tree` only."""
        return tuple(trees.layers_of(self.tree))

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """All layers and groups, the lowest first; a group follows what is in it."""
        return tuple(trees.nodes_of(self.tree))

    @property
    def active_layer(self) -> Layer | None:
        """The active layer; None where a group is active, or nothing."""
        return self.active if isinstance(self.active, Layer) else None

    @property
    def top(self) -> Place:
        """The place above everything."""
        return Place(len(self.tree))

    def drawables(self) -> Iterator[Drawable]:
        """Yield everything in it that has pixels."""
        yield from self.layers
        yield self.mask
        for layer in self.layers:
            if layer.recipe is not None:
                yield layer.recipe.mask
                for other in layer.recipe.alternatives:
                    assert other.recipe is not None
                    yield other
                    yield other.recipe.mask
        if self.original is not None:
            yield self.original
        if self.native is not None:
            yield self.native
        if self.sampling is not None:
            yield self.sampling

    def storage(self) -> dict[int, int]:
        """Return the memory that it keeps alive: bytes by `Drawable.storage`."""
        return {each.storage: each.nbytes for each in self.drawables()}

    def snapshot(self) -> "Stack":
        """Return an equal stack that never changes, for another thread.

        Only the mask is copied; a layer is, if it is written while the snapshot is in use.
        """
        tree = trees.copied(self.tree)
        twins = dict(zip(self.nodes, trees.nodes_of(tree), strict=True))
        active = None if self.active is None else twins[self.active]
        return replace(self, tree=tree, active=active, mask=Mask(self.mask.frozen()))

    def ancestors(self, node: Node) -> tuple[Group, ...]:
        """Return the groups that a node is in, the innermost first."""
        return tuple(branch.group for branch in reversed(self._path(node)))

    def entries(self, group: Group | None) -> Tree:
        """Return what is directly in a group, or for None in the document, the lowest first."""
        if group is None:
            return self.tree
        branch = self.entry(group)
        assert isinstance(branch, Branch)
        return branch.entries

    def entry(self, node: Node) -> Entry:
        """Return a layer, or a group with what is in it."""
        path = self._path(node)
        return next(each for each in (path[-1].entries if path else self.tree) if trees.node_of(each) is node)

    def place(self, node: Node) -> Place:
        """Return where a layer or a group is."""
        path = self._path(node)
        siblings = [trees.node_of(each) for each in (path[-1].entries if path else self.tree)]
        return Place(siblings.index(node), path[-1].group if path else None)

    def place_above(self, node: Node) -> Place:
        """Return the place right above a layer or a group."""
        place = self.place(node)
        return Place(place.index + 1, place.group)

    def below(self, node: Node, *, inclusive: bool = False) -> Tree:
        """Return what is under a node, as a tree of its own; with `inclusive`, and the node."""
        return trees.below(self.tree, node, inclusive=inclusive)

    def is_seen(self, node: Node) -> bool:
        """Tell whether a node and all groups that it is in are visible."""
        return node.visible and all(group.visible for group in self.ancestors(node))

    def lock_of(self, node: Node) -> Lock:
        """Return what of a node cannot be changed, by its own locks or those of the groups that it is in."""
        return reduce(or_, (group.lock for group in self.ancestors(node)), node.lock)

    def reach(self, node: Node) -> Rect:
        """Return a rectangle of document pixels outside of which a layer, or what is in a group, changes nothing."""
        return reduce(or_, self._reaches(self.entry(node)), Rect(0, 0, 0, 0))

    def activated(self, node: Node) -> "Stack":
        """Return the stack with another active layer or group."""
        return replace(self, active=node)

    def with_tree(self, tree: Tree, active: Node | None) -> "Stack":
        """Return the stack with other layers and groups.

        Raises:
            LamaDesktopError: groups are nested too deeply.
        """
        if trees.depth_of(tree) > MAX_DEPTH:
            raise LamaDesktopError(f"Groups can be in each other {MAX_DEPTH} deep, not deeper: ungroup one first.")
        return replace(self, tree=tree, active=active)

    def with_entry(self, entry: Entry, place: Place | None = None) -> "Stack":
        """Return the stack with a new layer or a new group, which becomes the active one.

        Args:
            entry: not in the stack yet.
            place: where, counted in the result; None is above the active layer, or in the active group above all else.

        Raises:
            LamaDesktopError: groups would be nested too deeply.
        """
        if place is None and isinstance(self.active, Group):
            place = Place(len(self.entries(self.active)), self.active)
        elif place is None:
            place = self.top if self.active is None else self.place_above(self.active)
        return self.with_tree(_inserted(self.tree, entry, place), trees.node_of(entry))

    def without(self, node: Node) -> "Stack":
        """Return the stack without a node and what is in it.

        Where it was active, the one below becomes so, or else the lowest of its group, or else the group.
        """
        return self.replaced(node)

    def duplicated(self, node: Node, name: str) -> "Stack":
        """Return the stack with a copy of a node above it, active; no pixel is copied until one is written."""
        (twin,) = trees.mapped((self.entry(node),), Layer.copy, lambda group: group.copy(key=None))
        trees.node_of(twin).assign("name", name)
        return self.with_entry(twin, self.place_above(node))

    def moved(self, node: Node, place: Place) -> "Stack":
        """Return the stack with a node at another place, counted in the result, which is not inside of the node.

        Raises:
            LamaDesktopError: groups would be nested too deeply.
        """
        assert place.group is None or node not in (place.group, *self.ancestors(place.group)), (
            "a group inside of itself"
        )
        return self.with_tree(_inserted(self._tree_without(node), self.entry(node), place), self.active)

    def replaced(self, node: Node, *others: Entry) -> "Stack":
        """Return the stack with other entries in the place of one; the last of them becomes active if it was."""
        place, active = self.place(node), self.active
        index, group = place.index, place.group
        tree = trees.edited(self.tree, group, lambda entries: (*entries[:index], *others, *entries[index + 1 :]))
        if active is not None and active not in trees.nodes_of(tree):
            left = [trees.node_of(each) for each in _without(self.entries(group), node)]
            near = left[max(0, index - 1)] if left else group
            active = trees.node_of(others[-1]) if others else near
        return self.with_tree(tree, active)

    def grouped(self, nodes: tuple[Node, ...], group: Group) -> "Stack":
        """Return the stack with some nodes in a new group, which is where the topmost of them was, and active.

        Args:
            nodes: at least one; they keep their order. One that is in a group of these is left in it.
            group: not in the stack yet.

        Raises:
            LamaDesktopError: groups would be nested too deeply.
        """
        chosen = [each for each in self.nodes if each in nodes and not set(self.ancestors(each)) & set(nodes)]
        branch, result = Branch(group, tuple(self.entry(each) for each in chosen)), self
        for node in chosen[:-1]:
            result = replace(result, tree=result._tree_without(node), active=chosen[-1])
        return result.replaced(chosen[-1], branch).activated(group)

    def ungrouped(self, group: Group) -> "Stack":
        """Return the stack with what is in a group in the group's place."""
        return self.replaced(group, *self.entries(group))

    def changed_rects(self, other: "Stack") -> list[Rect]:
        """Return where two stacks of one size can look different, as one rectangle per layer that is not in place."""
        if self.size != other.size:
            return [self.rect]
        return [rect for rect in set(self._differences(self.tree, other.tree)) if not rect.is_empty]

    def _path(self, node: Node) -> tuple[Branch, ...]:
        path = trees.path_to(self.tree, node)
        assert path is not None, "the node is not in the stack"
        return path

    def _tree_without(self, node: Node) -> Tree:
        return trees.edited(self.tree, self.place(node).group, lambda entries: _without(entries, node))

    def _reaches(self, entry: Entry) -> Iterator[Rect]:
        """Yield where an entry can change something, one rectangle for each layer."""
        if not isinstance(entry, Branch):
            yield entry.rect & self.rect if entry.mode.bounded else self.rect
            return
        if entry.group.isolated and not entry.group.mode.bounded:
            yield self.rect
        for each in entry.entries:
            yield from self._reaches(each)

    def _differences(self, mine: Tree, theirs: Tree) -> Iterator[Rect]:
        while mine and theirs and mine[0] == theirs[0]:
            mine, theirs = mine[1:], theirs[1:]
        while mine and theirs and mine[-1] == theirs[-1]:
            mine, theirs = mine[:-1], theirs[:-1]
        if len(mine) == len(theirs) == 1:
            (one,), (two,) = mine, theirs
            if isinstance(one, Branch) and isinstance(two, Branch) and one.group is two.group:
                yield from self._differences(one.entries, two.entries)
                return
        for entry in (*mine, *theirs):
            yield from self._reaches(entry)


def _inserted(tree: Tree, entry: Entry, place: Place) -> Tree:
    index = place.index
    return trees.edited(tree, place.group, lambda entries: (*entries[:index], entry, *entries[index:]))


def _without(tree: Tree, node: Node) -> Tree:
    return tuple(each for each in tree if trees.node_of(each) is not node)
