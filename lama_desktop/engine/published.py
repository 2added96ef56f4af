"""The published prediction, step by step: for comparing numbers, not for photographs.

Follows `bin/predict.py` of the published code (facts, section 3): the whole picture at once, padded at the bottom and
right to a multiple of 8 with its own mirror image, every mask value above 0 removed, the layers as published in
float32, the result truncated instead of rounded.
"""

from pathlib import Path

import numpy as np
import torch

from lama_desktop.core.arrays import Coverage, Image, full_value
from lama_desktop.engine.device import free_memory
from lama_desktop.engine.model import BYTES_PER_PIXEL, pad_symmetric
from lama_desktop.errors import DeviceMemoryError, LamaDesktopError
from lama_desktop.models.checkpoints import load_generator
from lama_desktop.networks.generators import Generator
from lama_desktop.progress import Progress

MULTIPLE = 8


def inpaint_as_published(weights: Path | Generator, image: Image, mask: Coverage, progress: Progress) -> Image:
    """Fill an image exactly as the published script does.

    Args:
        weights: a weight file, or the network itself.
        image: (H, W, 3) uint8 or uint16 RGB; the script knows 8 bits only, 16 are treated alike.
        mask: (H, W) uint8; every value above 0 removes.
        progress: reports and stops, between layers.

    Returns:
        A new array like `image`.

    Raises:
        LamaDesktopError: the picture is too small for the network.
        DeviceMemoryError: it is too large for the memory.
    """
    generator = load_generator(weights) if isinstance(weights, Path) else weights
    height, width = mask.shape
    if -(-min(height, width) // MULTIPLE) * MULTIPLE < generator.minimum:
        raise LamaDesktopError(f"The published network needs pictures of at least {generator.minimum} pixels a side.")
    free = free_memory("cpu")
    if free is not None and height * width * BYTES_PER_PIXEL > free:
        raise DeviceMemoryError(
            f"The published script looks at the whole picture at once, and {width} × {height} pixels need about "
            f"{height * width * BYTES_PER_PIXEL / 1e9:.0f} GB of memory: leave --as-published out."
        )
    full = full_value(image)
    margins = ((0, -height % MULTIPLE), (0, -width % MULTIPLE))
    picture = torch.from_numpy(pad_symmetric(image.astype(np.float32) / full, margins)).permute(2, 0, 1)[None]
    hole = torch.from_numpy(pad_symmetric((mask > 0).astype(np.float32), margins))[None, None]
    with torch.inference_mode():
        x = torch.cat([picture * (1 - hole), hole], dim=1)
        for index, layer in enumerate(generator.eval().model):
            x = layer(x)
            progress((index + 1) / len(generator.model))
        filled = hole * x + (1 - hole) * picture
    result = filled[0, :, :height, :width].permute(1, 2, 0).numpy()
    return np.clip(result * full, 0, full).astype(image.dtype)
