"""Engine and Engines as they look to those who must not import torch; `engine.engine` has the real ones."""

from typing import Protocol

from lama_desktop.core.arrays import Coverage, Hole, Image
from lama_desktop.core.color import ColorSpace
from lama_desktop.engine.options import EngineOptions
from lama_desktop.progress import Progress


class Engine(Protocol):
    """What fills; see `engine.engine.Engine`."""

    notes: list[str]

    def inpaint(
        self,
        image: Image,
        mask: Coverage,
        progress: Progress | None = None,
        *,
        space: ColorSpace,
        has_alpha: bool,
        allowed: Hole | None,
    ) -> Image:
        """Return the image with the masked part filled, with texture from where it may be copied."""
        ...


class Engines(Protocol):
    """Where engines come from; see `engine.engine.EngineCache`."""

    def engine(self, name: str, options: EngineOptions) -> Engine:
        """Return an engine for a model, loaded."""
        ...
