"""Group: several layers that take part in the picture as one; Branch: a group with what is in it at one moment.

Both kinds mean what OpenRaster's `isolation` says, `isolate` and `auto`, in the text of 2023, which Krita 5 follows,
too; the texts of 0.0.4 and 0.0.5 isolate a group without that attribute which is faded or blended. A group that passes
through could not do so, or its look would jump where its opacity leaves 100 %.

A group has an identity and properties and nothing else: what is in it is written in the stack (`core/stack.py`), as an
immutable value. So it stays the same object while layers come and go, and undo needs no more than another stack.
"""

import itertools
from dataclasses import dataclass
from typing import Any, ClassVar

from lama_desktop.core.blend import NORMAL, BlendMode
from lama_desktop.core.layer import Layer
from lama_desktop.core.node import Lock, Node
from lama_desktop.errors import LamaDesktopError

MAX_DEPTH = 32
"""Groups in each other, at most: the compositor has a buffer for every level."""

_keys = itertools.count(1)


class Group(Node):
    """A group of layers; arguments as of `Node`, and:

    Args:
        isolated: whether its layers see only each other: they are composited on nothing, and what comes out is laid on
            what is below the group, with the group's opacity and blend mode. Otherwise they pass through: they are laid
            straight on what is below, each faded by the group's opacity, and the group's blend mode means nothing.
        key: what its copies in snapshots have in common with it; None for a new group.
    """

    PROPERTIES: ClassVar[tuple[str, ...]] = (*Node.PROPERTIES, "isolated")

    def __init__(
        self,
        name: str = "",
        *,
        opacity: float = 1.0,
        mode: BlendMode = NORMAL,
        visible: bool = True,
        lock: Lock = Lock.NONE,
        isolated: bool = True,
        key: int | None = None,
    ) -> None:
        super().__init__(name, opacity, mode, visible, lock)
        self.isolated = isolated
        self.key = next(_keys) if key is None else key

    def copy(self, **changed: Any) -> "Group":
        """Return an equal group, with the same key; `changed` are arguments of the constructor that differ."""
        return Group(**({"key": self.key} | self.properties() | changed))


@dataclass(frozen=True)
class Branch:
    """A group and what is in it, the lowest first. Equal to another with the same group and equal entries."""

    group: Group
    entries: tuple["Entry", ...] = ()


Entry = Layer | Branch
Tree = tuple[Entry, ...]
"""What is in a document or in a group, the lowest first."""


def pixel_layer(node: Node | None) -> Layer:
    """Return a node that has pixels.

    Raises:
        LamaDesktopError: it is a group, or nothing.
    """
    if isinstance(node, Layer):
        return node
    if node is None:
        raise LamaDesktopError("The picture has no layer: add one first.")
    raise LamaDesktopError(f"“{node.name}” is a group and has no pixels of its own: choose a layer.")
