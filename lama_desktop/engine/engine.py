"""Engine: a loaded model that can inpaint an image of any size. Numpy in, numpy out.

An Engine, and the cache that keeps the last one, belong to one thread (the worker of the window, the main thread of the
command line).
"""

import logging
from dataclasses import replace

import cv2
import numpy as np

from lama_desktop.core.arrays import Colors, Coverage, Hole, Image
from lama_desktop.core.color import SRGB, ColorSpace
from lama_desktop.core.geometry import Rect
from lama_desktop.engine.device import Device, is_out_of_memory
from lama_desktop.engine.model import Model, NetworkModel
from lama_desktop.engine.options import AlphaChoice, EngineOptions
from lama_desktop.engine.seam import Weight, crossfade, fill_weight
from lama_desktop.engine.windows import Window, WindowLimits, plan_windows
from lama_desktop.errors import DeviceMemoryError, LamaDesktopError
from lama_desktop.models.store import ModelStore
from lama_desktop.progress import Progress

logger = logging.getLogger(__name__)

SMALLER = 0.7
"""By how much a window is shown smaller when memory ran out."""


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

    def inpaint(
        self,
        image: Image,
        mask: Coverage,
        progress: Progress | None = None,
        *,
        space: ColorSpace = SRGB,
        has_alpha: bool = False,
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
        area = _bounds_with_margin(mask, self.options.grow + 1)
        self.windows = []
        result = image.copy()
        if area.is_empty:
            return result
        weight = np.zeros(mask.shape, np.float32)
        weight[area.slices] = fill_weight(mask[area.slices], self.options.grow, self.options.feather)
        hole = weight > 0
        unseen = hole | (image[..., -1] == 0) if has_alpha else hole
        if unseen.all():
            raise LamaDesktopError("The mask covers everything there is to see: leave some of the picture unmasked.")
        side = min(self.options.preset.side, self.model.largest())
        limits = WindowLimits(side, min(self.model.smallest, side), self.options.context)
        self.windows = plan_windows(hole, limits)
        picture = image.copy()
        filled = np.zeros(mask.shape, bool)
        total, done = sum(each.cost for each in self.windows), 0.0
        for index, window in enumerate(self.windows):
            text = f"window {index + 1} of {len(self.windows)}" if len(self.windows) > 1 else "filling"
            stage = progress.stage(done / total, (done + window.cost) / total)
            stage(0, text)
            self._fill_window(picture, unseen, hole, filled, window, space, has_alpha, stage)
            done += window.cost
        rows, columns = area.slices
        _blend(result[rows, columns], picture[rows, columns], weight[rows, columns], has_alpha)
        progress(1, "filled")
        return result

    def _fill_window(
        self,
        picture: Image,
        unseen: Hole,
        hole: Hole,
        filled: Hole,
        window: Window,
        space: ColorSpace,
        has_alpha: bool,
        progress: Progress,
    ) -> None:
        """Fill the hole in a window's target, in place; windows that were filled before count as picture."""
        rect, target = window.rect, window.target
        inside = target.moved(-rect.left, -rect.top)
        missing = unseen[rect.slices] & ~filled[rect.slices]
        missing[inside.slices] |= hole[target.slices]
        if missing.all():
            missing = hole[rect.slices].copy()
        seen = picture[rect.slices]
        colors = space.to_srgb(seen[..., :-1] if has_alpha else seen)
        fill = self._fill_scaled(colors, missing, window.scale, progress)[inside.slices]
        part = picture[target.slices]
        channels = part.shape[2] - has_alpha
        new = space.from_srgb(np.ascontiguousarray(fill), np.ascontiguousarray(part[..., :channels]))
        before = filled[target.slices]
        if before.any():
            rise = crossfade(before.shape, window.band, window.inner)
            rise[~before] = 1
            new = _mixed(part[..., :channels], new, rise)
        chosen = hole[target.slices]
        part[..., :channels][chosen] = new[chosen]
        if has_alpha and self.options.alpha is AlphaChoice.FILL:
            alpha = _filled_alpha(seen[..., -1], hole[rect.slices])[inside.slices]
            part[..., -1][chosen] = alpha[chosen]
        filled[target.slices] |= chosen

    def _fill_scaled(self, colors: Colors, missing: Hole, scale: float, progress: Progress) -> Colors:
        """Let the model fill at a scale; where memory runs out, smaller, and then on the CPU."""
        height, width = missing.shape
        floor = min(1.0, self.model.smallest / max(height, width))
        while True:
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
            try:
                if size == (width, height):
                    return self.model.fill(colors, missing, progress)
                # What lies in the hole must not bleed over its edge when the picture shrinks.
                known = (~missing).astype(np.float32)
                share = cv2.resize(known, size, interpolation=cv2.INTER_AREA)
                small = cv2.resize(colors * known[..., None], size, interpolation=cv2.INTER_AREA)
                seen: Colors = (small / np.maximum(share, 1e-6)[..., None]).astype(np.float32)
                out = self.model.fill(seen, share < 0.999, progress)
                large = cv2.resize(out, (width, height), interpolation=cv2.INTER_CUBIC)
                return np.clip(large, 0, 1).astype(np.float32)
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
            if scale * SMALLER >= floor:
                scale *= SMALLER
                logger.warning("Not enough memory for this window: the model sees it at %d %%.", round(scale * 100))
            elif self.model.retreat():
                logger.warning("Not enough memory on the device: going on with %s.", self.model.device)
            else:
                raise DeviceMemoryError(
                    "There is not enough memory even for the smallest window: close other programs, or choose a "
                    "smaller model."
                )


class EngineCache:
    """Keep the engine that was used last, so that a second removal does not load the weights again.

    Args:
        store: where models are looked up.
    """

    def __init__(self, store: ModelStore) -> None:
        self._store = store
        self._key: tuple[str, str, str] | None = None
        self._model: Model | None = None

    def engine(self, name: str, options: EngineOptions) -> Engine:
        """Return an engine for a model.

        Args:
            name: the id of a model, or the path of a weight file.
            options: how to fill.

        Raises:
            ModelError: the model is unknown, not installed, or damaged.
            SettingsError: the device or the precision is not there.
        """
        key = (name, options.device, options.precision)
        if self._model is None or key != self._key:
            self._model = None  # before the next one is loaded: two may not fit
            self._model = self._open(name, options)
            self._key = key
        return Engine(self._model, replace(options))

    def _open(self, name: str, options: EngineOptions) -> Model:
        card, path = self._store.resolve(name)
        if path is None:
            from lama_desktop.engine.classical import ClassicalModel

            return ClassicalModel(card.id)
        return NetworkModel(path, Device.choose(options.device, options.precision))


def _bounds_with_margin(mask: Coverage, margin: int) -> Rect:
    """Return the bounds of the non-zero pixels, grown, inside the picture."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return Rect(0, 0, 0, 0)
    box = Rect(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    return box.grown(margin) & Rect(0, 0, mask.shape[1], mask.shape[0])


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
