"""A network, and after it the photo's own texture, behind the face of a model.

The network looks at the hole as large as the preset lets it and says what is there; how far it is believed is learned
beside the hole (`guide.py`). Patch completion then draws the hole at full size from the photo itself, and follows the
network in colour and structure as far as that (`patches.py`). Details that the network redraws well enough beside the
hole are kept as it drew them: a good network is not overruled by a copy of something else. In the end the light of
the fill is made to meet the picture.

Measured on holes of 600 pixels and more, and dropped: averaging the looks at the picture and its mirror image (no
nearer to the truth), wider surroundings (further from it).
"""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import torch

from lama_desktop.core.arrays import Colors, Hole
from lama_desktop.core.geometry import Rect
from lama_desktop.engine.bands import count_bands, joined, split
from lama_desktop.engine.device import Device
from lama_desktop.engine.guide import Guide, learn
from lama_desktop.engine.membrane import matched
from lama_desktop.engine.model import RING, Model
from lama_desktop.engine.options import TEXTURE_SIDE
from lama_desktop.engine.patches import GUIDE_WEIGHT, MEMBRANE_WEIGHT, complete
from lama_desktop.engine.refined_model import RefinedModel
from lama_desktop.engine.scaled import enlarged
from lama_desktop.engine.windows import Window, bounds_of
from lama_desktop.progress import Progress

LEAST_TRUST = MEMBRANE_WEIGHT / GUIDE_WEIGHT
"""A guide that tells nothing is a membrane, and is followed like one."""
MOST_TRUST = 0.5
"""With more, patches agree with the guide and not with each other, and grain is lost; what is sure is kept band by band
anyway."""
DOUBTED, BELIEVED = 0.5, 0.9
"""The part of a band beside the hole up to which the photo's texture is drawn instead, and from which the network's
own is kept."""
LOOKING = 0.3
"""The part of the time that the network takes."""


class TexturedModel:
    """Fill with the photo's own texture, as a network tells.

    Args:
        plain: the network; it stays usable by itself.
        sides: of the windows of its looks, in pixels that it sees, ascending.
        context: surroundings that it sees; see WindowLimits.
        device: where patches are searched.
        seed: of the random search for patches.
        judge: what shows how far `plain` can be believed, where that itself would take too long.
    """

    copies = True
    smallest = 256

    def __init__(
        self,
        plain: Model,
        sides: Sequence[int],
        context: float,
        device: Device,
        *,
        seed: int = 0,
        judge: Model | None = None,
    ) -> None:
        self.plain, self.sides, self._context, self._judge = plain, tuple(sides), context, judge
        self._place, self._seed = device, seed

    @property
    def device(self) -> str:
        """Where it runs, in words."""
        return self.plain.device

    def largest(self, side: int) -> int:
        """Return TEXTURE_SIDE: texture is copied at full size, whatever the network sees."""
        return TEXTURE_SIDE

    def refines(self, window: Window) -> bool:
        """Tell whether the network refines what it sees of a window, or was not asked to."""
        if not isinstance(self.plain, RefinedModel):
            return True
        scale = self.plain.largest(self.sides[-1]) / max(window.rect.width, window.rect.height)
        return self.plain.refines(replace(window, scale=min(window.scale, scale)))

    def fill(self, image: Colors, hole: Hole, progress: Progress, allowed: Hole | None = None) -> Colors:
        """Fill one window; see Model. Channels beyond three, such as opacity, are filled without the network."""
        guide = learn(
            self.plain, image[..., :3], hole, self.sides, self._context, progress.stage(0, LOOKING), self._judge
        )
        height, width = hole.shape
        colors = enlarged(guide.colors, (width, height)) if guide.scale < 1 else guide.colors
        with torch.inference_mode():
            drawn = complete(
                image,
                hole,
                allowed=allowed,
                guide=colors,
                trust=LEAST_TRUST + (MOST_TRUST - LEAST_TRUST) * guide.trust,
                seed=self._seed,
                device=self._place.name,
                progress=progress.stage(LOOKING, 1),
            )
        result = _kept(drawn, colors, guide, hole, progress.stage(1, 1))
        area = (bounds_of(hole).grown(RING) & Rect(0, 0, width, height)).slices
        progress(1)
        result[area] = matched(result[area], image[area], hole[area])
        progress(1)
        return result

    def retreat(self) -> bool:
        """Leave an accelerator for the CPU."""
        moved = self.plain.retreat()
        if self._place.name != "cpu":
            self._place.free()
            self._place = Device("cpu", torch.float32)
            moved = True
        return moved


def _kept(drawn: Colors, colors: Colors, guide: Guide, hole: Hole, progress: Progress) -> Colors:
    """Return what was drawn, in the hole with the bands of the guide that are believed.

    A guide that explains a part of a band has that part of its energy; the drawn band brings what is left of it, so
    that no band is weaker than the photo's.
    """
    height, width = hole.shape
    area = (bounds_of(hole).grown(max(height, width) // 16 + RING) & Rect(0, 0, width, height)).slices
    count = count_bands(*hole[area].shape)
    # A band of the guide is so many bands coarser in the window.
    beyond = int(np.ceil(np.log2(1 / guide.scale) - 0.01))
    explained = ([0.0] * beyond + list(guide.explained) + [0.0] * count)[: count - 1]
    shares = [_ramp(part) for part in explained]
    if not any(shares):
        return drawn
    progress(0)
    own = split(drawn[area][..., :3], count)
    progress(0)
    told = split(colors[area], count)
    progress(0)
    bands = [
        np.float32(share) * theirs + np.float32(max(0.0, 1 - share**2 * part) ** 0.5) * ours
        for ours, theirs, share, part in zip(own[:-1], told[:-1], shares, explained, strict=True)
    ]
    rest = own[-1] + np.float32(shares[-1]) * (told[-1] - own[-1])
    progress(0)
    picture = joined([*bands, rest])
    progress(0)
    result = drawn.copy()
    changed = cv2.dilate(hole[area].astype(np.uint8), np.ones((2 * RING + 1,) * 2, np.uint8)).astype(bool)
    result[area][..., :3][changed] = np.clip(picture, 0, 1)[changed]
    return result


def _ramp(explained: float) -> float:
    part = min(1.0, max(0.0, (explained - DOUBTED) / (BELIEVED - DOUBTED)))
    return part * part * (3 - 2 * part)
