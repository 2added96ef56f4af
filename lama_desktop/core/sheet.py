"""Sheets: pictures side by side, for a person to look at."""

from collections.abc import Sequence

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from lama_desktop.core.arrays import Colors, Coverage, Image

GAP = 16
MASK_COLOR = (1.0, 0.25, 0.376)
GROUND, INK, QUIET = (31, 33, 36), (228, 230, 234), (154, 160, 168)
LETTERS, LINE = 20, 32
"""Size of the letters on a table, and the height of a line of them, in pixels."""


def before_after(before: Colors, mask: Coverage, after: Colors) -> Image:
    """Return a photo with its mask in red beside the photo without what was masked, on white.

    Args:
        before, after: (H, W, 3) float32 sRGB 0..1.
        mask: (H, W) uint8.

    Returns:
        (H + 2 GAP, 2 W + 3 GAP, 3) uint8 sRGB.
    """
    height, width = mask.shape
    sheet = np.ones((height + 2 * GAP, 2 * width + 3 * GAP, 3), np.float32)
    for index, part in enumerate((marked(before, mask), after)):
        left = GAP + index * (width + GAP)
        sheet[GAP : GAP + height, left : left + width] = part
    return np.rint(sheet * 255).astype(np.uint8)


def marked(picture: Colors, mask: Coverage) -> Colors:
    """Return a picture, (H, W, 3) float32 0..1, with its mask, (H, W) uint8, in translucent red."""
    share = mask[..., None].astype(np.float32) / 255 * 0.5
    return (picture * (1 - share) + np.array(MASK_COLOR, np.float32) * share).astype(np.float32, copy=False)


def table(titles: Sequence[str], rows: Sequence[tuple[str, Sequence[Image]]]) -> Image:
    """Return pictures in rows and columns on a dark ground, with a title over each column and a line under each row.

    Args:
        titles: one per column.
        rows: at least one; for each its line and its pictures, (H, W, 3) uint8 sRGB of any sizes, one per column.

    Returns:
        (H, W, 3) uint8 sRGB; every picture pixel by pixel.
    """
    widths = [max(pictures[column].shape[1] for _, pictures in rows) for column in range(len(titles))]
    heights = [max(picture.shape[0] for picture in pictures) for _, pictures in rows]
    lefts = [GAP + sum(widths[:column]) + column * GAP for column in range(len(titles))]
    height = GAP + LINE + sum(each + LINE + GAP for each in heights)
    sheet = PillowImage.new("RGB", (GAP + sum(widths) + len(titles) * GAP, height), GROUND)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(LETTERS)
    for left, title in zip(lefts, titles, strict=True):
        draw.text((left, GAP + LINE // 2), title, INK, font, anchor="lm")
    top = GAP + LINE
    for (line, pictures), high in zip(rows, heights, strict=True):
        for left, picture in zip(lefts, pictures, strict=True):
            sheet.paste(PillowImage.fromarray(picture), (left, top))
        draw.text((lefts[0], top + high + LINE // 2 + 2), line, QUIET, font, anchor="lm")
        top += high + LINE + GAP
    return np.array(sheet)
