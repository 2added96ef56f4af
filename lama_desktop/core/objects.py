"""Objects: the outline of a thing, from a box around it or a scribble on it (GrabCut). Pure functions; any thread.

Rother, Kolmogorov, Blake, "GrabCut" (SIGGRAPH 2004), as OpenCV has it. A large window is searched at a small size
first; then only a band along the outline is decided again at a larger one, with the colours that were learned.
"""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from lama_desktop.core.arrays import Coverage, Image
from lama_desktop.core.geometry import Rect
from lama_desktop.core.shapes import Point, Stroke
from lama_desktop.errors import LamaDesktopError
from lama_desktop.progress import Progress

COARSE, FINE = 512, 1280
"""Longest sides, in pixels, of what is searched and of what is looked at again."""
ROUNDS = 5
"""Of learning colours and cutting; there is little change after these."""
SCRIBBLE = 0.01
"""Width of a scribble, as a part of its window."""
SPECK = 0.01
"""Parts smaller than this, relative to the largest one, are dropped."""

Labels = NDArray[np.uint8]
"""(H, W) of GrabCut's four: surely or probably background or object."""


def bounds_of(points: Sequence[Point]) -> Rect:
    """Return the pixels that the smallest rectangle around points touches."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return Rect(math.floor(min(xs)), math.floor(min(ys)), math.ceil(max(xs)), math.ceil(max(ys)))


def around_box(box: Rect, bounds: Rect) -> tuple[Rect, Labels]:
    """Return a window with some surroundings, and GrabCut's labels: what is outside of the box is surely background."""
    window = box.grown(max(8, max(box.size) // 4)) & bounds
    labels = np.full((window.height, window.width), cv2.GC_BGD, np.uint8)
    labels[box.slices_in(window)] = cv2.GC_PR_FGD
    return window, labels


def around_scribble(points: Sequence[Point], bounds: Rect) -> tuple[Rect, Labels]:
    """Return a window of three times the scribble's size, and GrabCut's labels.

    The scribble is surely object, its convex hull probably; the border of the window is surely background, but not
    where the picture ends.
    """
    rect = bounds_of(points)
    window = rect.grown(max(16, max(rect.size))) & bounds
    labels = np.full((window.height, window.width), cv2.GC_PR_BGD, np.uint8)
    frame = max(1, max(window.size) // 128)
    inner = Rect(
        window.left + frame * (window.left > bounds.left),
        window.top + frame * (window.top > bounds.top),
        window.right - frame * (window.right < bounds.right),
        window.bottom - frame * (window.bottom < bounds.bottom),
    )
    outer = np.ones(labels.shape, bool)
    outer[inner.slices_in(window)] = False
    labels[outer] = cv2.GC_BGD
    corners = np.round(np.subtract(points, (window.left, window.top))).astype(np.int32)
    cv2.fillConvexPoly(labels, cv2.convexHull(corners), cv2.GC_PR_FGD)
    stroke = Stroke(hardness=1)
    for x, y in points:
        for dab in stroke.to(x, y, max(2.0, SCRIBBLE * max(window.size))):
            part = dab.cut(window)
            labels[part.rect.slices_in(window)][part.coverage > 127] = cv2.GC_FGD
    return window, labels


def find_object(pixels: Image, labels: Labels, progress: Progress) -> Coverage:
    """Return the outline of an object.

    Args:
        pixels: (H, W, 4) uint8 or uint16.
        labels: (H, W) of GrabCut's four; not modified.
        progress: reports and stops between rounds.

    Returns:
        (H, W) uint8, with an antialiased edge.

    Raises:
        LamaDesktopError: there is nothing that differs from its surroundings.
    """
    colors = pixels[..., :3] if pixels.dtype == np.uint8 else cv2.convertScaleAbs(pixels[..., :3], alpha=1 / 257)
    cv2.setRNGSeed(0)  # the same gesture finds the same object
    behind, before = np.zeros((1, 65)), np.zeros((1, 65))
    small, cut = _fitted(colors, COARSE), _fitted_labels(labels, COARSE)
    if not _has_both(cut):
        raise LamaDesktopError("There is no background to compare with: draw less than the whole picture.")
    for index in range(ROUNDS):
        progress(0.8 * index / ROUNDS)
        mode = cv2.GC_EVAL if index else cv2.GC_INIT_WITH_MASK
        cv2.grabCut(small, cut, (0, 0, 1, 1), behind, before, 1, mode)
        if not _has_both(cut):
            raise LamaDesktopError("No object was found there: draw closer around it, or scribble on it.")
    found = _is_object(cut)
    progress(0.8)
    if max(labels.shape) > COARSE:
        large = _fitted(colors, FINE)
        band = _band(found, large.shape[:2])
        cv2.grabCut(large, band, (0, 0, 1, 1), behind, before, 1, cv2.GC_EVAL_FREEZE_MODEL)
        found = _is_object(band)
    progress(1.0)
    return _enlarged(_without_specks(found), labels.shape)


def _fitted(colors: Image, side: int) -> NDArray[np.uint8]:
    """Return 8-bit colours, scaled down where a side is longer."""
    scale = side / max(colors.shape[:2])
    if scale >= 1:
        return np.ascontiguousarray(colors)
    size = max(1, round(colors.shape[1] * scale)), max(1, round(colors.shape[0] * scale))
    return cv2.resize(colors, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _fitted_labels(labels: Labels, side: int) -> NDArray[np.uint8]:
    """Return a copy of labels, scaled down where a side is longer; a thin scribble is not lost."""
    scale = side / max(labels.shape)
    if scale >= 1:
        return labels.copy()
    size = max(1, round(labels.shape[1] * scale)), max(1, round(labels.shape[0] * scale))
    smaller = cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST).astype(np.uint8, copy=False)
    scribbled = cv2.resize((labels == cv2.GC_FGD).astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.25
    smaller[scribbled] = cv2.GC_FGD
    return smaller


def _is_object(labels: Labels) -> NDArray[np.uint8]:
    return ((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)).astype(np.uint8)


def _has_both(labels: Labels) -> bool:
    return 0 < _is_object(labels).mean() < 1


def _band(found: NDArray[np.uint8], shape: tuple[int, ...]) -> Labels:
    """Return labels of another shape that leave open only what lies along the outline."""
    larger = cv2.resize(found, shape[::-1], interpolation=cv2.INTER_NEAREST)
    reach = 2 * math.ceil(shape[0] / found.shape[0]) + 1
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    labels = np.where(larger > 0, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[cv2.erode(larger, disk) > 0] = cv2.GC_FGD
    labels[cv2.dilate(larger, disk) == 0] = cv2.GC_BGD
    return labels


def _without_specks(found: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the parts of some size."""
    _, parts, statistics, _ = cv2.connectedComponentsWithStats(found, connectivity=8)
    areas = statistics[1:, cv2.CC_STAT_AREA]
    kept = np.concatenate([[False], areas >= SPECK * areas.max(initial=0)])
    return kept[parts].astype(np.uint8)


def _enlarged(found: NDArray[np.uint8], shape: tuple[int, ...]) -> Coverage:
    """Return the object at the size of the window: smooth, with an edge of about a pixel."""
    scale = shape[1] / found.shape[1]
    soft = cv2.GaussianBlur(found.astype(np.float32), (0, 0), 0.7)
    larger = cv2.resize(soft, shape[::-1], interpolation=cv2.INTER_LINEAR)
    steep = np.clip((larger - 0.5) * max(scale, 1.0) + 0.5, 0, 1)
    return np.rint(steep * 255).astype(np.uint8)
