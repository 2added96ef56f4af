"""Engine: a loaded model that can inpaint an image of any size. Numpy in, numpy out.

An Engine, and the cache that keeps the last one, belong to one thread (the worker of the window, the main thread of the
command line).
"""

import operator
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial, reduce
from pathlib import Path

import cv2
import numpy as np

from lama_desktop.core.arrays import Colors, Coverage, Hole, Image, full_value
from lama_desktop.core.color import SRGB, ColorSpace
from lama_desktop.core.geometry import Rect
from lama_desktop.engine.classical import ClassicalModel
from lama_desktop.engine.device import Device
from lama_desktop.engine.estimate import learn
from lama_desktop.engine.membrane import matched
from lama_desktop.engine.model import Model, NetworkModel
from lama_desktop.engine.options import AlphaChoice, EngineOptions
from lama_desktop.engine.patch_model import PatchModel
from lama_desktop.engine.refine import Refinement
from lama_desktop.engine.refined_model import RefinedModel
from lama_desktop.engine.scaled import fill_scaled
from lama_desktop.engine.seam import Weight, crossfade, fill_weight
from lama_desktop.engine.textured_model import TexturedModel
from lama_desktop.engine.windows import Window, WindowLimits, bounds_of, plan_windows
from lama_desktop.errors import LamaDesktopError, SettingsError
from lama_desktop.models.store import ModelStore
from lama_desktop.progress import Progress, aside

ENOUGH_SOURCE = 0.2
"""The part of a window that may be copied from below which the window is widened."""


class Engine:
    """Fill what a mask covers, window by window.

    Args:
        model: what fills a window.
        options: how; may be replaced between two calls.
    """

    def __init__(self, model: Model, options: EngineOptions | None = None) -> None:
        self.model = model
        self.options = options or EngineOptions()
        self.windows: list[Window] = []
        """The windows of the last call, as they were planned."""
        self.notes: list[str] = []
        """What has to be said about the last call."""
        self.timed: Callable[[float, float], None] | None = None
        """Told the work, as the windows' costs, and the seconds of every call that filled something."""

    def inpaint(
        self,
        image: Image,
        mask: Coverage,
        progress: Progress | None = None,
        *,
        space: ColorSpace = SRGB,
        has_alpha: bool = False,
        allowed: Hole | None = None,
    ) -> Image:
        """Fill the masked part of an image.

        The mask is grown by `options.grow` pixels first and blends over the outer `options.feather` of them.

        Args:
            image: (H, W, C) uint8 or uint16: the channels of `space`, then alpha where `has_alpha`; not modified.
            mask: (H, W) uint8, 0 keeps and 255 replaces; values between blend.
            progress: reports and stops.
            space: converts the colour channels to sRGB, which the model sees, and back.
            has_alpha: whether the last channel is alpha. Fully transparent pixels have no colour worth looking at:
                they are part of the hole the model sees, and stay as they are outside the mask.
            allowed: (H, W) bool, from where a model that copies may copy; None for everywhere.

        Returns:
            A new array like `image`; pixels where the grown mask is 0 are bit-identical.

        Raises:
            Cancelled: the user stopped it; nothing was changed.
            DeviceMemoryError: the smallest window did not fit.
            LamaDesktopError: the mask has another size, or leaves nothing to learn from.
        """
        progress = progress or Progress()
        if mask.shape != image.shape[:2]:
            raise LamaDesktopError(
                f"The mask is {mask.shape[1]} × {mask.shape[0]} pixels and the picture {image.shape[1]} × "
                f"{image.shape[0]}: they have to be equal."
            )
        self.windows, self.notes = [], []
        result = image.copy()
        everything = Rect(0, 0, mask.shape[1], mask.shape[0])
        area = bounds_of(mask > 0)
        if area.is_empty:
            return result
        area = area.grown(self.options.grow + 1) & everything
        weight = fill_weight(mask[area.slices], self.options.grow, self.options.feather)
        hole = np.zeros(mask.shape, bool)
        hole[area.slices] = weight > 0
        unseen = hole | (image[..., -1] == 0) if has_alpha else hole
        if unseen.all():
            grown = f", grown by {self.options.grow} pixels," if self.options.grow and not (mask > 0).all() else ""
            clear = " that is not transparent" if has_alpha else ""
            raise LamaDesktopError(
                f"The mask{grown} leaves nothing of the picture{clear} to learn from: leave some of it unmasked"
                + (", or add --grow 0." if grown else ".")
            )
        self.windows = self._plan(hole, allowed)
        if isinstance(self.model, RefinedModel | TexturedModel) and not any(map(self.model.refines, self.windows)):
            self.notes.append("Nothing was refined: no hole is so wide that the network needs to see it smaller first.")
        view = reduce(operator.or_, (each.rect for each in self.windows))
        work = _Work(
            picture=image[view.slices].copy(),
            unseen=unseen[view.slices],
            hole=hole[view.slices],
            filled=np.zeros((view.height, view.width), bool),
            allowed=None if allowed is None else allowed[view.slices],
            space=space,
            has_alpha=has_alpha,
        )
        total, done, start = sum(each.cost for each in self.windows), 0.0, time.perf_counter()
        for index, window in enumerate(self.windows):
            stage = progress.stage(done / total, (done + window.cost) / total)
            stage(0, f"window {index + 1} of {len(self.windows)}" if len(self.windows) > 1 else "filling")
            self._fill_window(work, window.moved(-view.left, -view.top), stage)
            done += window.cost
        seen = area & view
        part = weight[seen.moved(-area.left, -area.top).slices]
        _blend(result[seen.slices], work.picture[seen.moved(-view.left, -view.top).slices], part, has_alpha)
        if self.timed is not None:
            self.timed(total, time.perf_counter() - start)
        progress(1, "filled")
        return result

    def _plan(self, hole: Hole, allowed: Hole | None) -> list[Window]:
        """Return the windows; those that see too little of where the model may copy from are widened to show it."""
        side = self.model.largest(self.options.preset.side)
        limits = WindowLimits(side, min(self.model.smallest, side), self.options.context)
        windows = plan_windows(hole, limits)
        if allowed is None:
            return windows
        source = bounds_of(allowed & ~hole)
        return [
            each if allowed[each.rect.slices].mean() > ENOUGH_SOURCE else each.showing(source, limits)
            for each in windows
        ]

    def _fill_window(self, work: "_Work", window: Window, progress: Progress) -> None:
        """Fill the hole in a window's target, in place; windows that were filled before count as picture."""
        rect, target = window.rect, window.target
        inside = target.moved(-rect.left, -rect.top)
        fills_alpha = work.has_alpha and self.options.alpha is AlphaChoice.FILL
        copies_alpha = fills_alpha and self.model.copies
        unseen = work.hole if copies_alpha else work.unseen
        missing = unseen[rect.slices] & ~work.filled[rect.slices]
        missing[inside.slices] |= work.hole[target.slices]
        if missing.all():
            missing = work.hole[rect.slices].copy()
        seen = work.picture[rect.slices]
        colors = work.space.to_srgb(seen[..., :-1] if work.has_alpha else seen)
        if copies_alpha:  # a transparent pixel has no colour: patches are compared by what they show
            opacity: Colors = (seen[..., -1:] / np.float32(full_value(seen))).astype(np.float32)
            colors = np.concatenate([colors * opacity, opacity], axis=2)
        allowed = None if work.allowed is None else work.allowed[rect.slices]
        fill = fill_scaled(self.model, colors, missing, allowed, window.scale, progress)
        if self.options.match_light:
            fill = matched(fill, colors, missing)
        fill = np.ascontiguousarray(fill[inside.slices])
        part = work.picture[target.slices]
        chosen = work.hole[target.slices]
        channels = part.shape[2] - work.has_alpha
        if copies_alpha:
            opacity = fill[..., 3:]
            part[..., -1][chosen] = np.rint(opacity[..., 0] * full_value(seen)).astype(part.dtype)[chosen]
            fill = np.clip(fill[..., :3] / np.maximum(opacity, 1e-3), 0, 1).astype(np.float32)
        elif fills_alpha:
            alpha = aside(lambda: _filled_alpha(seen[..., -1], work.hole[rect.slices]), progress)[inside.slices]
            part[..., -1][chosen] = alpha[chosen]
        new = work.space.from_srgb(fill, np.ascontiguousarray(part[..., :channels]))
        before = work.filled[target.slices]
        if before.any():
            rise = crossfade((target.height, target.width), window.band, window.inner)
            rise[~before] = 1
            new = _mixed(part[..., :channels], new, rise)
        part[..., :channels][chosen] = new[chosen]
        work.filled[target.slices] |= chosen


@dataclass(frozen=True)
class _Work:
    """One removal while it runs: the picture that is filled in place, and what is known of its pixels."""

    picture: Image
    unseen: Hole
    hole: Hole
    filled: Hole
    allowed: Hole | None
    space: ColorSpace
    has_alpha: bool


class EngineCache:
    """Keep the engine that was used last, so that a second removal does not load the weights again.

    Args:
        store: where models are looked up.
    """

    def __init__(self, store: ModelStore) -> None:
        self._store = store
        self._key: tuple[object, ...] | None = None
        self._model: Model | None = None

    def engine(self, name: str, options: EngineOptions) -> Engine:
        """Return an engine for a model.

        Args:
            name: the id of a model, or the path of a weight file.
            options: how to fill.

        Raises:
            ModelError: the model is unknown, not installed, or damaged.
            SettingsError: the device or the precision is not there, or the model cannot be refined.
        """
        card, path = self._store.resolve(name)
        written = 0 if path is None else path.stat().st_mtime_ns
        key = (card.id, path, written, options.device, options.precision, 0 if path else options.seed)
        if self._model is None or key != self._key:
            self._model = None  # before the next one is loaded: two may not fit
            self._model = _open(card.id, path, options)
            self._key = key
        engine = Engine(_dressed(self._model, card.title, options), replace(options))
        engine.timed = partial(learn, name, options)
        return engine


def _open(id: str, path: Path | None, options: EngineOptions) -> Model:
    """Make the model of a card."""
    if path is not None:
        return NetworkModel(path, Device.choose(options.device, options.precision))
    if id == "patches":
        return PatchModel(Device.choose(options.device, "float32"), options.seed)
    return ClassicalModel(id)


def _dressed(plain: Model, title: str, options: EngineOptions) -> Model:
    """Return a model with the refinement and the texture that are asked for."""
    model = plain
    if options.refine:
        if not isinstance(plain, NetworkModel):
            raise SettingsError(f"{title} is no network, and has nothing to refine: switch Refine off.")
        model = RefinedModel(plain, Refinement(budget=round(options.refine_budget * 1e6), by_area=True))
    if options.texture and isinstance(plain, NetworkModel):
        place = Device.choose(options.device, "float32")
        model = TexturedModel(model, options.preset.looks, options.context, place, seed=options.seed, judge=plain)
    return model


def _mixed(old: Image, new: Image, weight: Weight) -> Image:
    """Return `new` laid over `old` with a weight, rounded to their depth."""
    mixed = old + (new.astype(np.float32) - old) * weight[..., None]
    return np.rint(mixed).astype(old.dtype)


def _blend(result: Image, picture: Image, weight: Weight, has_alpha: bool) -> None:
    """Lay the filled picture over the result, in place; touches only pixels of a weight above 0."""
    chosen = weight > 0
    old, new, share = result[chosen], picture[chosen], weight[chosen][:, None]
    if has_alpha:
        # A transparent pixel has no colour to blend with.
        share = np.where(old[:, -1:] == 0, np.float32(1), share)
    result[chosen] = np.rint(old + (new.astype(np.float32) - old) * share).astype(result.dtype)


def _filled_alpha(alpha: np.ndarray, hole: Hole) -> np.ndarray:
    """Return an alpha channel whose hole goes on from its edges."""
    if hole.all():
        return np.full_like(alpha, np.iinfo(alpha.dtype).max)
    filled = cv2.inpaint(np.ascontiguousarray(alpha).astype(np.float32), hole.astype(np.uint8), 3, cv2.INPAINT_NS)
    return np.clip(np.rint(filled), 0, np.iinfo(alpha.dtype).max).astype(alpha.dtype)
