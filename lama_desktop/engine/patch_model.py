"""Patch completion behind the face of a model: the fill that needs no weights."""

import torch

from lama_desktop.core.arrays import Colors, Hole
from lama_desktop.engine.device import Device
from lama_desktop.engine.patches import complete
from lama_desktop.progress import Progress

LARGEST = 3200
"""Side of the largest window: texture is copied at full size, whatever the preset, as far as memory goes."""


class PatchModel:
    """Fill with the photo's own texture.

    Args:
        device: where to search; its dtype does not matter, patches are compared in float32.
    """

    smallest = 192
    copies = True

    def __init__(self, device: Device) -> None:
        self._device = device

    @property
    def device(self) -> str:
        """Where it runs, in words."""
        return str(self._device)

    def largest(self, side: int) -> int:
        """Return LARGEST: a preset of pixels that a network sees means nothing here."""
        return LARGEST

    def fill(self, image: Colors, hole: Hole, progress: Progress, allowed: Hole | None = None) -> Colors:
        """Fill one window; see Model."""
        with torch.inference_mode():
            return complete(image, hole, allowed=allowed, device=self._device.name, progress=progress)

    def retreat(self) -> bool:
        """Leave an accelerator for the CPU."""
        if self._device.name == "cpu":
            return False
        self._device.free()
        self._device = Device("cpu", torch.float32)
        return True
