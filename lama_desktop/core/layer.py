"""Layer: colour pixels in the stack of a document, and how they take part in it; Recipe: how a fill was made.

Properties are changed by `PropertyEdit`, pixels by `PixelEdit` (`core/commands.py`). UI thread only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from lama_desktop.core.arrays import Image, full_value
from lama_desktop.core.blend import NORMAL, BlendMode
from lama_desktop.core.drawable import Drawable, Mask
from lama_desktop.core.geometry import Rect
from lama_desktop.core.node import Lock, Node


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
    seconds: float = 0.0
    """How long it took; 0 where that is not known."""
    alternatives: tuple["Layer", ...] = ()
    """Other fills of the same hole, never written, each with a recipe that has none: see `core/ways.py`."""
    position: int = 0
    """Where this fill stands among them: 0 is before the first."""


class Layer(Drawable, Node):
    """Pixels with a place in the stack; arguments as of `Node`, and:

    Args:
        pixels: (H, W, 4) uint8 or uint16, RGB in the document's colours, straight alpha; owned from now on.
        origin: where they lie in the document.
        recipe: how it was filled; None for every other layer.
        coverage: what its alpha is known to be everywhere; None when that is not known.
    """

    PROPERTIES: ClassVar[tuple[str, ...]] = (*Node.PROPERTIES, "recipe", "origin")

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
        Drawable.__init__(self, pixels, origin, coverage=coverage)
        Node.__init__(self, name, opacity, mode, visible, lock)
        self.recipe = recipe

    @classmethod
    def blank(cls, rect: Rect, dtype: np.dtype[Any], name: str = "") -> "Layer":
        """Return a transparent layer."""
        pixels = np.zeros((rect.height, rect.width, 4), dtype)
        return cls(pixels, (rect.left, rect.top), name=name, coverage=0)

    def copy(self, **changed: Any) -> "Layer":
        """Return an equal layer; the pixels are shared in memory until either is written.

        Args:
            changed: properties that differ, as arguments of the constructor.
        """
        twin = Layer(self.frozen(), **(self.properties() | changed))
        twin._extremes = self._extremes.copy()
        twin.revision = self.revision
        return twin

    def with_pixels(self, pixels: Image, origin: tuple[int, int], **changed: Any) -> "Layer":
        """Return a layer like this one with other pixels at another place."""
        return Layer(pixels, **(self.properties() | {"origin": origin} | changed))

    @property
    def full(self) -> int:
        """The value of full intensity and of opaque alpha: 255 or 65535."""
        return full_value(self._array)
