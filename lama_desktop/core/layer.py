"""Layer: colour pixels in the stack of a document, and how they take part in it; Recipe: how a fill was made.

Properties are changed by `PropertyEdit`, pixels by `PixelEdit` (`core/commands.py`); assigning them directly raises, so
that nothing can happen that cannot be undone. UI thread only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Flag, auto
from typing import Any

import numpy as np

from lama_desktop.core.arrays import Image, full_value
from lama_desktop.core.blend import NORMAL, BlendMode
from lama_desktop.core.drawable import Drawable, Mask
from lama_desktop.core.geometry import Rect


class Lock(Flag):
    """What of a layer cannot be changed by accident."""

    NONE = 0
    PIXELS = auto()
    """Neither colour nor alpha."""
    ALPHA = auto()
    """Paint stays inside of what is there."""
    POSITION = auto()


@dataclass(frozen=True, eq=False)
class Recipe:
    """How the pixels of a fill layer were made, so that "Fill again with..." can make them anew. Plain data."""

    model: str
    """Id of the model."""
    settings: Mapping[str, Any]
    """The engine's options, as `options.to_dict` gives them; never changed."""
    mask: Mask
    """What was to be removed, cut to its bounds; it follows the document through every crop and turn. Never written."""
    source: str = "visible"
    """What the model saw: "visible", "original" or "below" (the layers under the fill)."""


class Layer(Drawable):
    """Pixels with a place in the stack.

    Args:
        pixels: (H, W, 4) uint8 or uint16, RGB in the document's colours, straight alpha; owned from now on.
        origin: where they lie in the document.
        name: for people; need not be unique.
        opacity: 0 to 1.
        mode: one of `blend.BLEND_MODES`.
        visible: whether it takes part.
        lock: what cannot be changed.
        recipe: how it was filled; None for every other layer.
        coverage: what its alpha is known to be everywhere; None when that is not known.
    """

    PROPERTIES = ("name", "opacity", "mode", "visible", "lock", "recipe", "origin")
    """What a `PropertyEdit` can change."""

    def __init__(
        self,
        pixels: Image,
        origin: tuple[int, int] = (0, 0),
        *,
        name: str = "",
        opacity: float = 1.0,
        mode: BlendMode = NORMAL,
        visible: bool = True,
        lock: Lock = Lock.NONE,
        recipe: Recipe | None = None,
        coverage: int | None = None,
    ) -> None:
        assert pixels.shape[2:] == (4,)
        super().__init__(pixels, origin, coverage=coverage)
        self.name = name
        self.opacity = opacity
        self.mode = mode
        self.visible = visible
        self.lock = lock
        self.recipe = recipe

    @classmethod
    def blank(cls, rect: Rect, dtype: np.dtype[Any], name: str = "") -> "Layer":
        """Return a transparent layer."""
        pixels = np.zeros((rect.height, rect.width, 4), dtype)
        return cls(pixels, (rect.left, rect.top), name=name, coverage=0)

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

    def copy(self, **changed: Any) -> "Layer":
        """Return an equal layer; the pixels are shared in memory until either is written.

        Args:
            changed: properties that differ, as arguments of the constructor.
        """
        twin = Layer(self.frozen(), **(self.properties() | changed))
        twin._extremes = self._extremes.copy()
        return twin

    def with_pixels(self, pixels: Image, origin: tuple[int, int], **changed: Any) -> "Layer":
        """Return a layer like this one with other pixels at another place."""
        return Layer(pixels, **(self.properties() | {"origin": origin} | changed))

    @property
    def full(self) -> int:
        """The value of full intensity and of opaque alpha: 255 or 65535."""
        return full_value(self._array)

    @property
    def bounded(self) -> bool:
        """Whether it changes nothing outside of its rectangle; a few blend modes act on the whole picture."""
        return self.mode.bounded

    def hides(self, rect: Rect) -> bool:
        """Tell whether nothing of what is below can be seen in `rect`, as far as is known."""
        return self.visible and self.covers(rect) and self.coverage_range(rect)[0] == self.full

    def covers(self, rect: Rect) -> bool:
        """Tell whether nothing of what is below could be seen in `rect`, were its pixels opaque."""
        return self.mode is NORMAL and self.opacity == 1 and rect in self.rect
