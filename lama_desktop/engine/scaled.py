"""A window seen smaller: how a model fills what is too large for it, and what it does where memory runs out."""

import logging

import cv2
import numpy as np

from lama_desktop.core.arrays import Colors, Hole
from lama_desktop.engine.device import is_out_of_memory, is_unsupported
from lama_desktop.engine.model import Model
from lama_desktop.errors import DeviceMemoryError
from lama_desktop.progress import Progress

logger = logging.getLogger(__name__)

SMALLER = 0.7
"""By how much a window is shown smaller when memory ran out."""
WHOLE = 0.999
"""The part of a smaller pixel that has to be known: rounding aside, all of it."""


def fill_scaled(
    model: Model, colors: Colors, missing: Hole, allowed: Hole | None, scale: float, progress: Progress
) -> Colors:
    """Let a model fill a window at a scale; where memory runs out, smaller, and then on the CPU.

    Arguments but the scale, and the result, are those of Model.fill.

    Raises:
        DeviceMemoryError: not even the smallest window fitted.
    """
    height, width = missing.shape
    floor = min(1.0, model.smallest / max(height, width))
    while True:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        try:
            if size == (width, height):
                return model.fill(colors, missing, progress, allowed)
            seen, hole = shrunk(colors, missing, size)
            usable = None if allowed is None else _shrunk_mask(allowed, size)
            out = model.fill(seen, hole, progress, usable) if hole.any() else seen
            return enlarged(out, (width, height))
        except Exception as error:
            if is_unsupported(error) and model.retreat():
                logger.warning("The device cannot compute this model: going on with %s.", model.device)
                continue
            if not is_out_of_memory(error):
                raise
        if scale * SMALLER >= floor:
            scale *= SMALLER
            logger.warning("Not enough memory for this window: the model sees it at %d %%.", round(scale * 100))
        elif model.retreat():
            logger.warning("Not enough memory on the device: going on with %s.", model.device)
        else:
            raise DeviceMemoryError(
                "There is not enough memory even for the smallest window: close other programs, or choose a smaller "
                "model."
            )


def shrunk(colors: Colors, missing: Hole, size: tuple[int, int]) -> tuple[Colors, Hole]:
    """Return a picture and its hole at a smaller size (width, height).

    What lies in the hole does not bleed over its edge: a pixel of which only a part is known shows that part, and
    belongs to the hole.
    """
    known = (~missing).astype(np.float32)
    share = cv2.resize(known, size, interpolation=cv2.INTER_AREA)
    small = cv2.resize(colors * known[..., None], size, interpolation=cv2.INTER_AREA)
    seen: Colors = (small / np.maximum(share, 1e-6)[..., None]).astype(np.float32)
    hole: Hole = share < WHOLE
    if hole.all():  # a very fine pattern of known pixels: learn from the least damaged
        hole = share < share.max()
    return seen, hole


def enlarged(colors: Colors, size: tuple[int, int]) -> Colors:
    """Return a picture at a larger size (width, height), within 0..1."""
    return np.clip(cv2.resize(colors, size, interpolation=cv2.INTER_CUBIC), 0, 1).astype(np.float32)


def _shrunk_mask(mask: Hole, size: tuple[int, int]) -> Hole:
    """Return a mask at a smaller size, True where all of it was."""
    return cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > WHOLE
