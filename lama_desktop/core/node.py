"""Node: a place in the stack of a document, with what a layer and a group have in common; Lock.

Properties are changed by `PropertyEdit` (`core/commands.py`); assigning them directly raises, so that nothing can
happen that cannot be undone. UI thread only.
"""

from enum import Flag, auto
from typing import Any, ClassVar

from lama_desktop.core.blend import NORMAL, BlendMode


class Lock(Flag):
    """What of a layer, or of all that is in a group, cannot be changed by accident."""

    NONE = 0
    PIXELS = auto()
    """Neither colour nor alpha."""
    ALPHA = auto()
    """Paint stays inside of what is there."""
    POSITION = auto()


class Node:
    """A layer or a group; compared by identity, which it keeps wherever it goes.

    Args:
        name: for people; need not be unique.
        opacity: 0 to 1.
        mode: one of `blend.BLEND_MODES`.
        visible: whether it takes part.
        lock: what cannot be changed.
    """

    PROPERTIES: ClassVar[tuple[str, ...]] = ("name", "opacity", "mode", "visible", "lock")
    """What a `PropertyEdit` can change."""

    def __init__(
        self,
        name: str = "",
        opacity: float = 1.0,
        mode: BlendMode = NORMAL,
        visible: bool = True,
        lock: Lock = Lock.NONE,
    ) -> None:
        self.name = name
        self.opacity = opacity
        self.mode = mode
        self.visible = visible
        self.lock = lock

    def __setattr__(self, attribute: str, value: Any) -> None:
        if attribute in self.PROPERTIES and hasattr(self, attribute):
            raise AttributeError(f"{attribute} is changed by a PropertyEdit, so that it can be undone")
        super().__setattr__(attribute, value)

    def assign(self, attribute: str, value: Any) -> None:
        """Set a property. For commands only: nothing is kept or told."""
        assert attribute in self.PROPERTIES
        object.__setattr__(self, attribute, value)

    def properties(self) -> dict[str, Any]:
        """Return all properties, by the names of the constructor's arguments."""
        return {attribute: getattr(self, attribute) for attribute in self.PROPERTIES}
