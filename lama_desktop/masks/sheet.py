"""Sheets of masks, for a person to look at: the kinds that there are, or what a set holds."""

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from lama_desktop import formats
from lama_desktop.core.arrays import Hole, Image
from lama_desktop.core.sheet import MASK_COLOR, marked, table
from lama_desktop.masks.generators import seeded
from lama_desktop.masks.presets import MaskPreset
from lama_desktop.masks.sets import PreparedSet

KNOWN = 200
"""Grey of what is known where a mask is shown without a picture."""
DRAWN, DRAWN_SIDE = 9, 120
"""Masks of a kind, and their side on the sheet."""
FINE = {"grid": 40}
"""Kinds that are shown on a picture this small, because from afar they are plain red."""
SHOWN, COLUMNS, SHOWN_SIDE = 24, 4, 288
"""Pictures of a set, how many in a row, and their longer side on the sheet."""
STATISTICS = 100
"""So many masks tell how much of a picture a kind covers."""


def kinds_sheet(kinds: Mapping[str, MaskPreset]) -> Image:
    """Return a sheet of kinds of masks, (H, W, 3) uint8 sRGB: some of each, and what there is to say about it."""
    rows = []
    for name, preset in kinds.items():
        random, side = seeded(0, name), FINE.get(name, preset.side)
        drawn = [_fitted(_plain(preset.draw((side, side), random)), DRAWN_SIDE) for _ in range(DRAWN)]
        rows.append((f"{name}: {preset.summary}; for {preset.side} pixels, covers {covered(preset)[0]:.0%}", drawn))
    return table([""] * DRAWN, rows)


def set_sheet(done: PreparedSet) -> Image:
    """Return a sheet of a set, (H, W, 3) uint8 sRGB: pictures from all over it with their masks in red.

    Raises:
        FileFormatError: a file of the set cannot be read.
    """
    columns = min(COLUMNS, len(done.samples))
    number = min(SHOWN, len(done.samples)) // columns * columns
    chosen = [done.samples[index * len(done.samples) // number] for index in range(number)]
    rows = []
    for row in (chosen[start : start + columns] for start in range(0, number, columns)):
        line = " · ".join(f"{Path(each.source).stem} {each.area:.0%}" for each in row)
        pictures = [_marked(done.folder / each.picture, done.folder / each.mask) for each in row]
        rows.append((line, [_fitted(each, SHOWN_SIDE) for each in pictures]))
    return table([""] * columns, rows)


def covered(preset: MaskPreset) -> tuple[float, float]:
    """Return mean and standard deviation of the part of a picture that the masks of a kind cover, by some draws."""
    random = seeded(0)
    areas = [preset.draw((preset.side, preset.side), random).mean() for _ in range(STATISTICS)]
    return float(np.mean(areas)), float(np.std(areas))


def _plain(hole: Hole) -> Image:
    return np.where(hole[..., None], np.array(MASK_COLOR) * 255, KNOWN).astype(np.uint8)


def _marked(picture: Path, mask: Path) -> Image:
    colors = (formats.read(picture).pixels / 255).astype(np.float32)
    return np.rint(marked(colors, formats.read_mask(mask)) * 255).astype(np.uint8)


def _fitted(pixels: Image, side: int) -> Image:
    """Return a picture with its longer side scaled to `side`."""
    height, width = pixels.shape[:2]
    factor = side / max(height, width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_NEAREST).astype(np.uint8)
