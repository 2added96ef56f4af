"""Model: what fills a hole in one window. Networks live here; the classical fills have the same face.

A model belongs to the thread that made it.
"""

from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from lama_desktop.core.arrays import Colors, Hole
from lama_desktop.core.geometry import Rect
from lama_desktop.engine.device import Device, free_memory
from lama_desktop.engine.fuse import FusedGenerator
from lama_desktop.engine.windows import bounds_of
from lama_desktop.models.checkpoints import load_generator
from lama_desktop.progress import Progress

BYTES_PER_PIXEL = 1100
"""What a window takes while a generator of width 64 runs in float32, measured; less is taken in bfloat16."""
RING = 2
"""Known pixels around a hole that a model redraws, too, so that the light of its fill can be compared."""
SHARE = 0.7
"""The part of the free memory that a window may take."""


class Model(Protocol):
    """Fills the hole of one window. Faked in tests.

    `smallest` is the side of the smallest window worth showing it. `copies` says that it fills by copying known pixels:
    then it takes any number of channels, and heeds from where it may.
    """

    smallest: int
    copies: bool

    @property
    def device(self) -> str:
        """Where it runs, in words."""
        ...

    def largest(self, side: int) -> int:
        """Return the side of the largest window, where a preset asks for `side` and so much memory is free."""
        ...

    def fill(self, image: Colors, hole: Hole, progress: Progress, allowed: Hole | None = None) -> Colors:
        """Invent the picture in a hole.

        Args:
            image: (H, W, 3) float32 sRGB 0..1; what lies in the hole must not matter; not modified.
            hole: (H, W) bool, True in at least one pixel and False in at least one.
            progress: called often enough to stop within a second.
            allowed: (H, W) bool, where a model that copies may copy from; None for everywhere.

        Returns:
            (H, W, 3) float32 0..1: the hole filled, and RING pixels around it as the model would have them; nothing
            else is looked at.

        Raises:
            Cancelled: the user stopped it.
            MemoryError, torch.OutOfMemoryError: the window was too large.
        """
        ...

    def retreat(self) -> bool:
        """Free what can be freed and move to a device with more memory; tell whether there is one."""
        ...


class NetworkModel:
    """A LaMa generator, fused for inference.

    Args:
        path: weight file in any layout that `models.checkpoints` reads.
        device: where, and in which precision.
    """

    smallest = 256
    """The side of the crops that the published networks were trained on."""
    copies = False

    def __init__(self, path: Path, device: Device) -> None:
        self._path = path
        self._load(device)

    @property
    def place(self) -> str:
        """Torch's name of the device."""
        return self._device.name

    def _load(self, device: Device) -> None:
        self._device = device
        self.network = FusedGenerator(load_generator(self._path), device.dtype).to(device.name)

    @property
    def device(self) -> str:
        """Where it runs, in words."""
        return str(self._device)

    def largest(self, side: int) -> int:
        """Return what the preset asks for, or what the memory that is free now can take; see BYTES_PER_PIXEL."""
        return side_that_fits(side, self.smallest, self._device.name, BYTES_PER_PIXEL)

    def fill(self, image: Colors, hole: Hole, progress: Progress, allowed: Hole | None = None) -> Colors:
        """Fill one window; see Model."""
        network = self.network
        height, width = hole.shape
        bottom, right = (
            max(network.minimum, -(-side // network.multiple) * network.multiple) for side in (height, width)
        )
        margins = ((0, bottom - height), (0, right - width))
        picture = pad_symmetric(image * ~hole[..., None], margins)
        mask = pad_symmetric(hole, margins)
        region = bounds_of(hole).grown(RING) & Rect(0, 0, width, height)
        with torch.inference_mode():
            x = torch.from_numpy(np.concatenate([picture, mask[..., None]], axis=2, dtype=np.float32))
            x = x.to(self._device.name).permute(2, 0, 1)[None]
            out = network(x, region, progress)[0].permute(1, 2, 0).cpu().numpy()
        result = image.copy()
        result[region.slices] = out
        return result

    def retreat(self) -> bool:
        """Free cached memory; leave an accelerator for the CPU."""
        if self._device.name == "cpu":
            return False
        del self.network
        self._device.free()
        self._load(Device.choose("cpu", "auto"))
        return True


def side_that_fits(side: int, smallest: int, device: str, bytes_per_pixel: int) -> int:
    """Return `side`, or the side of the square window that the memory that is free now can take, if that is less."""
    free = free_memory(device)
    fits = side if free is None else int((free * SHARE / bytes_per_pixel) ** 0.5)
    return min(side, max(smallest, fits // 8 * 8))


def pad_symmetric(array: np.ndarray, margins: tuple[tuple[int, int], tuple[int, int]]) -> np.ndarray:
    """Mirror a picture over its bottom and right edges, the edge pixel repeated, as often as needed (facts 3)."""
    return np.pad(array, (*margins, (0, 0))[: array.ndim], mode="symmetric")
