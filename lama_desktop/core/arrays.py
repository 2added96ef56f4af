"""The array types that cross module boundaries, named once.

Every picture is a C-contiguous (height, width, channels) array, red first, straight alpha last, 8 or 16 bits: the depth
is the dtype. Every mask is (height, width) uint8: 0 keeps, 255 removes, values between blend.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[Any]
"""(H, W, C) uint8 or uint16 in the file's own colours; C is 1 to 5, alpha last where there is one."""

Coverage = NDArray[np.uint8]
"""(H, W) uint8: how much of each pixel is to be replaced."""

Colors = NDArray[np.float32]
"""(H, W, 3) float32 sRGB, 0 to 1: what a model sees and answers."""

Hole = NDArray[np.bool_]
"""(H, W) bool: True where a model has to invent the picture."""


def full_value(pixels: Image) -> int:
    """Return the value that means full intensity at this depth: 255 or 65535."""
    return int(np.iinfo(pixels.dtype).max)
