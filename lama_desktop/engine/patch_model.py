"""Patch completion behind the face of a model: the fill that needs no weights."""

import torch

from lama_desktop.core.arrays import Colors, Hole
from lama_desktop.engine.device import Device
from lama_desktop.engine.options import TEXTURE_SIDE
from lama_desktop.engine.patches import complete
from lama_desktop.progress import Progress


class PatchModel:
    """Fill with the photo's own texture.

    Args:
        device: where to search; its dtype does not matter, patches are compared in float32.
        seed: of the random search.
    """

    smallest = 192
    copies = True

    def __init__(self, device: Device, seed: int = 0) -> None:
        self._device, self._seed = device, seed

    @property
    def device(self) -> str:
        """Where it runs, in words."""
        return str(self._device)

    def largest(self, side: int) -> int:
        """Return TEXTURE_SIDE: a preset of pixels that a network sees means nothing here."""
        return TEXTURE_SIDE

    def fill(self, image: Colors, hole: Hole, progress: Progress, allowed: Hole | None = None) -> Colors:
        """Fill one window; see Model."""
        with torch.inference_mode():
            return complete(image, hole, allowed=allowed, seed=self._seed, device=self._device.name, progress=progress)

    def retreat(self) -> bool:
        """Leave an accelerator for the CPU."""
        if self._device.name == "cpu":
            return False
        self._device.free()
        self._device = Device("cpu", torch.float32)
        return True
