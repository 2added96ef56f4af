"""Sheets: pictures side by side, for a person to look at."""

import numpy as np

from lama_desktop.core.arrays import Colors, Coverage, Image

GAP = 16
MASK_COLOR = (1.0, 0.25, 0.376)


def before_after(before: Colors, mask: Coverage, after: Colors) -> Image:
    """Return a photo with its mask in red beside the photo without what was masked, on white.

    Args:
        before, after: (H, W, 3) float32 sRGB 0..1.
        mask: (H, W) uint8.

    Returns:
        (H + 2 GAP, 2 W + 3 GAP, 3) uint8 sRGB.
    """
    share = mask[..., None].astype(np.float32) / 255 * 0.5
    marked = before * (1 - share) + np.array(MASK_COLOR, np.float32) * share
    height, width = mask.shape
    sheet = np.ones((height + 2 * GAP, 2 * width + 3 * GAP, 3), np.float32)
    for index, part in enumerate((marked, after)):
        left = GAP + index * (width + GAP)
        sheet[GAP : GAP + height, left : left + width] = part
    return np.rint(sheet * 255).astype(np.uint8)
