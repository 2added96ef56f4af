"""Windows: which parts of a picture the model looks at, and how large it sees them.

A small hole in a large photo is filled from its surroundings, never from the whole photo. What decides is the reach of
a hole: how far its innermost pixel is from the known picture. The surroundings a window shows are in proportion to it,
a hole that would make the window too large is seen smaller, and a long thin hole is followed by several windows at
full size instead of being shrunk into one.

Pure arithmetic on rectangles and one distance transform; no pixels of the picture.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from lama_desktop.core.arrays import Hole
from lama_desktop.core.geometry import Rect

CELL = 32
"""Hole pixels in touching cells of this size are one hole."""
OVERHEAD = 64 * 64
"""What a window costs beyond its area, in pixels: the reason to merge small ones."""
WORTH_TILING = 0.7
"""A hole is followed by several windows when one window would show it smaller than this part of what they would."""
MOST_WORK = 4
"""Windows of the largest size that one hole may cost before it is shown smaller; more where it is thin for them."""
SMALLER = 0.85
BAND = 64
"""Seen pixels over which neighbouring windows of one hole overlap and blend."""
LEAST_CONTEXT = 0.6
"""Down to this part of its margin a window gives up surroundings rather than be seen smaller and lose sharpness."""


@dataclass(frozen=True)
class Window:
    """One look of the model.

    `rect` is what it sees, in pixels of the picture; `target` the part in which it fills the hole; `scale`, at most 1,
    how large it sees a pixel; `inner` tells which edges of the target (left, top, right, bottom) another window goes on
    from, and `band` over how many pixels they blend there.
    """

    rect: Rect
    target: Rect
    scale: float
    inner: tuple[bool, bool, bool, bool] = (False, False, False, False)
    band: int = 1

    @property
    def cost(self) -> float:
        """Work of the model, in pixels that it sees."""
        return self.rect.area * self.scale**2 + OVERHEAD

    def moved(self, dx: int, dy: int) -> "Window":
        """Return it for a picture whose origin lies elsewhere."""
        return replace(self, rect=self.rect.moved(dx, dy), target=self.target.moved(dx, dy))

    def showing(self, area: Rect, limits: "WindowLimits") -> "Window":
        """Return it widened to show another area, too, at the scale at which both still fit."""
        rect = self.rect | area
        return replace(self, rect=rect, scale=min(self.scale, limits.largest / max(rect.width, rect.height)))


@dataclass(frozen=True)
class WindowLimits:
    """What a model and a preset allow.

    `largest` and `smallest` are sides in pixels that the model sees; `context` the surroundings on every side in
    proportion to the hole's width, and `margin` the least of them in pixels.
    """

    largest: int
    smallest: int = 256
    context: float = 0.5
    margin: int = 48


def plan_windows(hole: Hole, limits: WindowLimits) -> list[Window]:
    """Cover every True pixel of `hole` with the targets of windows, in the order in which they are to be filled.

    Every hole pixel lies in at least one target, every target in its rect, every rect in the picture.
    """
    bounds = Rect(0, 0, hole.shape[1], hole.shape[0])
    whole: list[Window] = []
    tiled: list[Window] = []
    for box in _boxes(hole):
        parts = _cover(hole, box, bounds, limits)
        (whole if len(parts) == 1 and parts[0].scale == 1 else tiled).extend(parts)
    return _merged(whole, bounds, limits) + tiled


def _boxes(hole: Hole) -> list[Rect]:
    """Return the bounds of each group of hole pixels, grouped by touching cells."""
    height, width = hole.shape
    rows, columns = -(-height // CELL), -(-width // CELL)
    padded = np.zeros((rows * CELL, columns * CELL), np.uint8)
    padded[:height, :width] = hole
    cells = padded.reshape(rows, CELL, columns, CELL).max(axis=(1, 3))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(cells, connectivity=8)
    boxes = []
    for label in range(1, count):
        left, top, across, down = (int(value) * CELL for value in stats[label, :4])
        part = Rect(left, top, left + across, top + down) & Rect(0, 0, width, height)
        own = labels[top // CELL : (top + down) // CELL, left // CELL : (left + across) // CELL] == label
        own_pixels = np.kron(own, np.ones((CELL, CELL), bool))[: part.height, : part.width]
        boxes.append(bounds_of(hole[part.slices] & own_pixels).moved(left, top))
    return boxes


def _cover(hole: Hole, box: Rect, bounds: Rect, limits: WindowLimits) -> list[Window]:
    """Cover one group of hole pixels."""
    reach = _reach(hole, box)
    margin = max(limits.margin, round(2 * reach * limits.context))
    fitting = (limits.largest - max(box.width, box.height)) // 2
    if LEAST_CONTEXT * margin <= fitting < margin:
        margin = fitting
    longest = max(min(box.width + 2 * margin, bounds.width), min(box.height + 2 * margin, bounds.height))
    single = min(1.0, limits.largest / longest)
    whole = Window(_framed(box, margin, single, bounds, limits), box, single)
    fit = limits.largest / (2 * reach + 2 * margin)
    scale = min(1.0, fit)
    budget = MOST_WORK * max(1.0, fit) * limits.largest**2
    while single < WORTH_TILING * scale:
        windows = _tiled(hole, box, margin, scale, bounds, limits)
        if sum(each.cost for each in windows) <= budget:
            return windows
        scale *= SMALLER
    return [whole]


def _tiled(hole: Hole, box: Rect, margin: int, scale: float, bounds: Rect, limits: WindowLimits) -> list[Window]:
    """Follow a hole with overlapping windows at one scale."""
    band = min(margin, round(BAND / scale))
    step = max(int(limits.largest / scale) - 2 * margin - band, margin)
    windows = []
    for top in range(box.top, box.bottom, step):
        for left in range(box.left, box.right, step):
            tile = Rect(left, top, left + step + band, top + step + band) & box
            part = bounds_of(hole[tile.slices]).moved(tile.left, tile.top)
            if part.is_empty:
                continue
            inner = (
                part.left == left > box.left,
                part.top == top > box.top,
                part.right == tile.right < box.right,
                part.bottom == tile.bottom < box.bottom,
            )
            windows.append(Window(_framed(part, margin, scale, bounds, limits), part, scale, inner, band))
    return windows


def _framed(box: Rect, margin: int, scale: float, bounds: Rect, limits: WindowLimits) -> Rect:
    """Return the window around `box`: margins, the smallest side, sides of 8 seen pixels, shifted into the picture."""

    def side(length: int) -> int:
        seen = max((length + 2 * margin) * scale, limits.smallest)
        seen = min(-(-int(np.ceil(seen)) // 8) * 8, max(limits.largest, int(np.ceil(length * scale))))
        return max(length, round(seen / scale))

    width, height = side(box.width), side(box.height)
    left, top = (box.left + box.right - width) // 2, (box.top + box.bottom - height) // 2
    return Rect(left, top, left + width, top + height).shifted_into(bounds)


def _merged(windows: list[Window], bounds: Rect, limits: WindowLimits) -> list[Window]:
    """Merge windows of full size wherever one is cheaper than two."""
    rects = np.array([[w.rect.left, w.rect.top, w.rect.right, w.rect.bottom] for w in windows], np.int64).reshape(-1, 4)
    targets = [window.target for window in windows]
    alive = np.ones(len(rects), bool)
    queue = list(range(len(rects)))
    while queue:
        index = queue.pop()
        if not alive[index]:
            continue
        low, high = np.minimum(rects[:, :2], rects[index, :2]), np.maximum(rects[:, 2:], rects[index, 2:])
        sides = high - low
        saved = _areas(rects) + _areas(rects[index : index + 1]) + OVERHEAD - sides[:, 0] * sides[:, 1]
        saved[(sides.max(axis=1) > limits.largest) | ~alive] = 0
        saved[index] = 0
        best = int(saved.argmax())
        if saved[best] <= 0:
            continue
        rects[best] = np.concatenate([low[best], high[best]])
        targets[best] = targets[best] | targets[index]
        alive[index] = False
        queue.append(best)
    return [
        Window(Rect(*(int(value) for value in rects[index])), targets[index], 1.0) for index in np.flatnonzero(alive)
    ]


def _areas(rects: NDArray[np.int64]) -> NDArray[np.int64]:
    areas: NDArray[np.int64] = (rects[:, 2] - rects[:, 0]) * (rects[:, 3] - rects[:, 1])
    return areas


def _reach(hole: Hole, box: Rect) -> int:
    """Return how far the innermost hole pixel of `box` is from the known picture, in pixels, at least 1."""
    area = box.grown(1) & Rect(0, 0, hole.shape[1], hole.shape[0])
    part = hole[area.slices].astype(np.uint8)
    if part.all():
        return max(box.width, box.height)
    return max(1, int(np.ceil(cv2.distanceTransform(part, cv2.DIST_L2, cv2.DIST_MASK_PRECISE).max())))


def bounds_of(hole: Hole) -> Rect:
    """Return the smallest rectangle around the True pixels."""
    rows, columns = np.flatnonzero(hole.any(axis=1)), np.flatnonzero(hole.any(axis=0))
    if not len(rows):
        return Rect(0, 0, 0, 0)
    return Rect(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
