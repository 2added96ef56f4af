"""A network that refines its larger windows, behind the face of a model."""

import torch

from lama_desktop.core.arrays import Colors, Hole
from lama_desktop.core.geometry import Rect
from lama_desktop.engine.model import RING, NetworkModel, side_that_fits
from lama_desktop.engine.refine import Refinement, refine
from lama_desktop.engine.windows import Window, bounds_of
from lama_desktop.errors import SettingsError
from lama_desktop.networks.generators import DilatedConfig
from lama_desktop.progress import Progress

BYTES_PER_PIXEL = 2100
"""What a window takes while a generator of width 64 and 18 blocks is refined in float32, measured; in bfloat16 two
thirds. The published code takes about 13,000."""


class RefinedModel:
    """Fill as a network does, and refine wherever a window is large enough for two levels.

    Windows are planned within the budget of `settings`; what is larger is seen smaller by the engine, and comes back
    at full size.

    Args:
        plain: the network; stays usable by itself.
        settings: how far to refine.

    Raises:
        SettingsError: the network's blocks cannot be refined, or not in its precision.
    """

    copies = False

    def __init__(self, plain: NetworkModel, settings: Refinement | None = None) -> None:
        if isinstance(plain.network.config, DilatedConfig):
            raise SettingsError(
                "Refinement is made for LaMa-Fourier and LaMa-Regular, and this is a LaMa-Dilated: switch Refine off, "
                "or choose another model."
            )
        if plain.network.dtype == torch.float16:
            raise SettingsError("The steps of refinement are too small for float16: choose bfloat16 or float32.")
        self._plain = plain
        self._settings = settings or Refinement()
        self.smallest = plain.smallest

    @property
    def device(self) -> str:
        """Where it runs, in words."""
        return self._plain.device

    def largest(self, side: int) -> int:
        """Return what the preset asks for, the budget allows, or the memory that is free now can take."""
        side = min(side, int(self._settings.budget**0.5) // 8 * 8)
        return side_that_fits(side, self.smallest, self._plain.place, BYTES_PER_PIXEL)

    def refines(self, window: Window) -> bool:
        """Tell whether a window is large enough."""
        height, width = (round(side * window.scale) for side in (window.rect.height, window.rect.width))
        return len(self._settings.sizes(height, width)) > 1

    def fill(self, image: Colors, hole: Hole, progress: Progress, allowed: Hole | None = None) -> Colors:
        """Fill one window; see Model. One with a single level is filled plainly."""
        height, width = hole.shape
        if len(self._settings.sizes(height, width)) == 1:
            return self._plain.fill(image, hole, progress, allowed)
        redraw = refine(self._plain.network, image, hole, self._settings, progress)
        rows, columns = (bounds_of(hole).grown(RING) & Rect(0, 0, width, height)).slices
        result = image.copy()
        result[rows, columns] = redraw[rows, columns]
        return result

    def retreat(self) -> bool:
        """Free cached memory; leave an accelerator for the CPU."""
        return self._plain.retreat()
