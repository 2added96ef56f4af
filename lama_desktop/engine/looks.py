"""Looks: a whole picture filled by a model window by window, in floats, as often as somebody wants to compare."""

from lama_desktop.core.arrays import Colors, Hole
from lama_desktop.engine.model import Model
from lama_desktop.engine.scaled import fill_scaled
from lama_desktop.engine.seam import crossfade
from lama_desktop.engine.windows import WindowLimits, plan_windows
from lama_desktop.progress import Progress


def limits_of(model: Model, side: int, context: float) -> WindowLimits:
    """Return how large a model may look where a preset asks for `side`."""
    largest = model.largest(side)
    return WindowLimits(largest, min(model.smallest, largest), context)


def scale_of(hole: Hole, limits: WindowLimits) -> float:
    """Return the scale, at most 1, below which nothing is lost: that of the closest look at a hole."""
    return max(window.scale for window in plan_windows(hole, limits))


def look(model: Model, colors: Colors, missing: Hole, limits: WindowLimits, progress: Progress) -> Colors:
    """Return a picture with its hole filled, window by window; later windows see what earlier ones filled.

    Args:
        model: what fills.
        colors: (H, W, 3) float32 0..1; what lies in the hole does not matter; not modified.
        missing: (H, W) bool, True in at least one pixel and False in at least one.
        limits: what the model may see at once.
        progress: reports and stops.
    """
    picture, left = colors.copy(), missing.copy()
    windows = plan_windows(missing, limits)
    total, done = sum(each.cost for each in windows), 0.0
    for window in windows:
        stage = progress.stage(done / total, (done + window.cost) / total)
        rect, target = window.rect, window.target
        unknown = left[rect.slices].copy()
        inside = target.moved(-rect.left, -rect.top).slices
        unknown[inside] |= missing[target.slices]
        if unknown.all():  # nothing but hole and earlier fills around it
            unknown = missing[rect.slices] & left[rect.slices]
        if unknown.any() and not unknown.all():
            fill = fill_scaled(model, picture[rect.slices], unknown, None, window.scale, stage)[inside]
            rise = crossfade((target.height, target.width), window.band, window.inner)
            rise[left[target.slices]] = 1
            part, chosen = picture[target.slices], missing[target.slices]
            mixed = part + (fill - part) * rise[..., None]
            part[chosen] = mixed[chosen]
        left[target.slices] &= ~missing[target.slices]
        done += window.cost
    return picture
