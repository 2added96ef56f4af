"""Photoshop documents with their layers: groups, offsets, opacity, blend modes, locks, at 8 and 16 bit.

What our layers do not have becomes pixels: masks are worked into the alpha, text, shapes, smart objects and fills come
as they look, effects are drawn by psd-tools as far as it can. Layers that are clipped to one below become a group in
which they are seen on that one only. Adjustment layers have no pixels and are left behind. Whatever is not as it was is
said; and where our picture differs from Photoshop's, that one is put on top as a hidden layer.
"""

import importlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from lama_desktop import formats
from lama_desktop.core import tree as trees
from lama_desktop.core.arrays import Image, full_value
from lama_desktop.core.blend import NORMAL, BlendMode, blend_mode
from lama_desktop.core.composite import composite
from lama_desktop.core.drawable import Drawable, Mask
from lama_desktop.core.exchange import Snapshot, facts_of, layer_of
from lama_desktop.core.geometry import Rect
from lama_desktop.core.group import MAX_DEPTH, Branch, Entry, Group, Tree
from lama_desktop.core.layer import Layer
from lama_desktop.core.node import Lock
from lama_desktop.core.photo import ColorModel, Photo
from lama_desktop.core.stack import Stack
from lama_desktop.errors import FileFormatError
from lama_desktop.formats.base import check_size, pixel_budget, shown
from lama_desktop.formats.layered import Layered
from lama_desktop.formats.psd import Photoshop, PhotoshopFile, decoding
from lama_desktop.progress import Progress

_MODES = {
    **{"NORMAL": "src-over", "DARKEN": "darken", "MULTIPLY": "multiply", "COLOR_BURN": "color-burn"},
    **{"LIGHTEN": "lighten", "SCREEN": "screen", "COLOR_DODGE": "color-dodge", "LINEAR_DODGE": "plus"},
    **{"OVERLAY": "overlay", "SOFT_LIGHT": "soft-light", "HARD_LIGHT": "hard-light", "DIFFERENCE": "difference"},
    **{"HUE": "hue", "SATURATION": "saturation", "COLOR": "color", "LUMINOSITY": "luminosity"},
}
_NEAREST = {
    **{"LINEAR_BURN": "color-burn", "DARKER_COLOR": "darken", "LIGHTER_COLOR": "lighten", "EXCLUSION": "difference"},
    **{"VIVID_LIGHT": "hard-light", "LINEAR_LIGHT": "hard-light", "PIN_LIGHT": "hard-light", "HARD_MIX": "hard-light"},
}
_SAID = {
    "pixels": "Text, shapes, fills and smart objects came as pixels: {names}.",
    "masks": "Layer masks were worked into the transparency: {names}.",
    "effects": "Layer effects were drawn into the pixels: {names}.",
    "no effects": "Layer effects could not be drawn and were left behind: {names}.",
    "adjustments": "Adjustment layers were left behind: {names}.",
    "clipped": "Layers that were clipped to the one below them became a group: {names}.",
    "modes": "Blend modes that are not known here were replaced by the nearest: {names}.",
    "empty": "Layers without pixels were left behind: {names}.",
    "black": "Damaged layers are black or empty: {names}.",
    "merged": "The layers look different here than in the file's merged picture, which is the top layer, hidden.",
    "deep": "Groups that were nested too deeply were dissolved: {names}.",
}
_ATOP = blend_mode("svg:src-atop") or NORMAL
_NAMES = 5
_AROUND = 250
"""How far around a layer its effects are drawn, in pixels: a shadow reaches no farther in Photoshop."""
_VISIBLE_DIFFERENCE = 3 / 255
_PICTURE = "Merged picture"


def read(path: Path, progress: Progress) -> Layered | None:
    """Read a document with its layers; None for one that has none."""
    name = shown(path.name)
    file = Photoshop().parsed(formats.content(path), name)
    if not file.has_layers:
        return None
    progress(0.05, f"reading {name}")
    return _Reader(file, progress.stage(0.05, 1)).layered()


def merged(file: PhotoshopFile) -> Photo:
    """Return a document that has no merged picture as the flat picture of its layers."""
    if not file.has_layers:
        raise FileFormatError(f"{file.name} holds neither layers nor a merged picture. Save it again in Photoshop.")
    found = _Reader(file, Progress()).layered()
    photo = Snapshot(found.stack, found.facts).photo()
    notes = ("The file has no merged picture: its layers were merged here.", *file.facts.notes)
    return replace(photo, notes=notes)


class _Reader:
    """Reads one document."""

    def __init__(self, file: PhotoshopFile, progress: Progress) -> None:
        self._file, self._progress = file, progress
        self._document = file.document
        self._size = (int(self._document.width), int(self._document.height))
        self._said: dict[str, list[str]] = defaultdict(list)
        self._count, self._done = max(1, sum(1 for _ in self._document.descendants())), 0
        self._room = 2 * pixel_budget()

    def layered(self) -> Layered:
        """Return the whole document."""
        tree = tuple(self._entries(self._document, MAX_DEPTH))
        picture = self._file.picture() if self._file.has_picture else None
        facts = facts_of(replace(picture, notes=())) if picture else self._flat_facts()
        original = layer_of(picture, facts, name=_PICTURE) if picture else None
        if original is not None and (not tree or self._differs(tree, original)):
            self._said["merged"].append("")
            tree = (*tree, original.copy(visible=not tree))
        if not tree:
            raise FileFormatError(f"{self._file.name} holds no layer that can be opened. Export it as TIFF.")
        native = Drawable(picture.pixels) if picture and facts.model is ColorModel.CMYK else None
        stack = Stack(self._size, tree, self._active(tree), Mask.empty(self._size), original, native)
        notes = [*self._notes(), *(picture.notes if picture else self._file.facts.notes)]
        return Layered(facts, stack, tuple(f"{note[:-1]} ({self._file.name})." for note in notes))

    def _flat_facts(self) -> Photo:
        facts = self._file.facts
        return replace(facts, pixels=np.empty((0, 0, facts.model.channels), facts.pixels.dtype), notes=())

    def _active(self, tree: Tree) -> Layer | Group:
        seen = [each for each in trees.seen(tree) if each.name != _PICTURE]
        found = seen[-1] if seen else next(reversed(list(trees.layers_of(tree))), None)
        return found if found is not None else next(each.group for each in tree if isinstance(each, Branch))

    def _differs(self, tree: Tree, original: Layer) -> bool:
        """Tell whether our picture of the layers is visibly another than Photoshop's, by a quarter of the rows."""
        full = full_value(original.pixels)
        found = False
        for top in range(0, self._size[1], 64):
            band = Rect(0, top, self._size[0], min(top + 16, self._size[1]))
            self._progress(0.9 + 0.1 * top / self._size[1])
            ours, theirs = (composite(each, band, original.pixels.dtype) for each in (tree, (original,)))
            weight = np.maximum(ours[..., 3:], theirs[..., 3:]).astype(np.float32) / full
            apart = np.abs(ours.astype(np.float32) - theirs) / full * weight
            found = found or float(apart.max(axis=2).mean()) > _VISIBLE_DIFFERENCE
        return found

    def _entries(self, parent: Any, room: int) -> Iterator[Entry]:
        """Yield what is in a group, the lowest first; `room` is how many more groups may be in each other."""
        waiting: list[Any] = []
        for each in [*parent, None]:
            if each is not None and each.clipping and not each.is_group() and waiting:
                waiting.append(each)
                continue
            if len(waiting) > 1 and waiting[0].is_group() is False and room:
                yield from self._clipped(waiting)
            else:
                for one in waiting:
                    yield from self._entry(one, room)
            waiting = [] if each is None else [each]

    def _entry(self, each: Any, room: int) -> Iterator[Entry]:
        if not each.is_group():
            layer = self._single(each)
            if layer is not None:
                yield layer
            return
        self._step()
        if not room:
            self._said["deep"].append(each.name)
            yield from self._entries(each, room)
            return
        passes = each.blend_mode.name == "PASS_THROUGH"
        mode = NORMAL if passes else self._mode(each)
        group = Group(**(self._properties(each) | {"mode": mode}), isolated=not passes)
        if _has_mask(each):
            self._said["masks"].append(each.name)
            yield Branch(group, tuple(_masked(each, tuple(self._entries(each, room - 1)))))
            return
        yield Branch(group, tuple(self._entries(each, room - 1)))

    def _clipped(self, layers: list[Any]) -> Iterator[Entry]:
        """Yield a layer and those that are clipped to it as a group that is laid as the layer was."""
        base, *above = layers
        bottom, *others = [self._single(each) for each in (base, *above)]
        if bottom is None:
            yield from (each for each in others if each is not None)
            return
        entries: list[Entry] = [bottom.copy(opacity=1.0, mode=NORMAL, visible=True, lock=bottom.lock)]
        for each in others:
            if each is not None:
                entries.append(each.copy(mode=_ATOP) if each.mode is NORMAL else _within(each, bottom))
        self._said["clipped"].append(base.name)
        group = Group(base.name, opacity=bottom.opacity, mode=bottom.mode, visible=bottom.visible)
        yield Branch(group, tuple(entries))

    def _single(self, each: Any) -> Layer | None:
        self._step()
        return self._layer(each)

    def _layer(self, each: Any) -> Layer | None:
        """Return one layer; None for one without pixels."""
        kinds = importlib.import_module("psd_tools.api.layers")
        if isinstance(each, kinds.AdjustmentLayer):
            self._said["adjustments"].append(each.name)
            return None
        area, filled, drawn = Rect(*each.bbox), isinstance(each, kinds.FillLayer), None
        try:
            with decoding() as complaints:
                if each.has_effects() or filled or not each.has_pixels():
                    drawn = self._drawn(each, area)
                if drawn is None and each.has_pixels() and not area.is_empty:
                    self._check(area)
                    drawn = self._stored(each, area), area, False
        except (TypeError, ValueError):  # of psd-tools, about what it cannot decode
            self._said["black"].append(each.name)
            return None
        if complaints.failed:
            self._said["black"].append(each.name)
        if each.has_effects() and drawn is not None:
            self._said["effects" if drawn[2] else "no effects"].append(each.name)
        if drawn is None:
            self._said["empty"].append(each.name)
            return None
        if filled or not isinstance(each, kinds.PixelLayer):
            self._said["pixels"].append(each.name)
        if _has_mask(each):
            self._said["masks"].append(each.name)
        pixels, area, faded = drawn
        facts = self._file.facts
        photo = replace(facts, pixels=pixels, has_alpha=True)
        layer = layer_of(photo, self._flat_facts(), (area.left, area.top), each.name)
        properties = self._properties(each) | ({"opacity": 1.0} if faded else {})
        return layer.copy(**properties, mode=self._mode(each))

    def _stored(self, each: Any, area: Rect) -> Image:
        """Return the pixels that the file holds for a layer, with alpha, masks worked in."""
        colors, shape = each.numpy("color"), each.numpy("shape")
        channels = self._file.facts.model.channels
        values = np.ones((area.height, area.width, channels + 1), np.float32)
        values[..., :channels] = colors[..., :channels]
        if shape is not None:
            values[..., channels:] = shape
        if _has_mask(each):
            values[..., channels] *= _mask_of(each, area)
        return self._file.pixels_of(values)

    def _drawn(self, each: Any, area: Rect) -> tuple[Image, Rect, bool] | None:
        """Return a layer as psd-tools draws it, with opacity, mask and effects; None where it cannot."""
        whole = Rect.of_size(self._size)
        area = whole if area.is_empty else area.grown(_AROUND) & (whole | area)
        self._check(area)
        draw = importlib.import_module("psd_tools.composite").composite
        try:
            colors, _, alpha = draw(
                each,
                color=0.0,
                alpha=0.0,
                viewport=(area.left, area.top, area.right, area.bottom),
                layer_filter=lambda other: other is each,
                force=not each.has_effects(),
            )
        except (ImportError, NotImplementedError, ValueError, TypeError, KeyError, AttributeError, IndexError):
            return None  # a kind of fill or effect that psd-tools does not draw; the caller says so
        rows, columns = alpha[..., 0].any(axis=1).nonzero()[0], alpha[..., 0].any(axis=0).nonzero()[0]
        if not rows.size:
            return None
        part = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
        values = np.concatenate([colors[part], alpha[part]], axis=2)
        left, top = area.left + int(columns[0]), area.top + int(rows[0])
        drawn = Rect(left, top, left + values.shape[1], top + values.shape[0])
        return self._file.pixels_of(values), drawn, True

    def _properties(self, each: Any) -> dict[str, Any]:
        faded = each.opacity / 255 * (1.0 if each.is_group() else each.fill_opacity / 255)
        return {"name": each.name, "opacity": faded, "visible": bool(each.visible), "lock": _lock(each)}

    def _mode(self, each: Any) -> BlendMode:
        name = each.blend_mode.name
        if name not in _MODES and name != "PASS_THROUGH":
            self._said["modes"].append(f"{each.name} ({name.replace('_', ' ').lower()})")
        return blend_mode("svg:" + (_MODES.get(name) or _NEAREST.get(name, "src-over"))) or NORMAL

    def _check(self, area: Rect) -> None:
        """Refuse a layer, or layers all together, over the budget."""
        check_size(area.width, area.height, f"A layer of {self._file.name}")
        self._room -= area.width * area.height
        if self._room < 0:
            raise FileFormatError(
                f"The layers of {self._file.name} do not fit into the memory. Merge some of them in Photoshop, or "
                "raise the limit with LAMA_DESKTOP_MAX_MEGAPIXELS."
            )

    def _step(self) -> None:
        self._done += 1
        self._progress(min(self._done / self._count, 1) * 0.9)

    def _notes(self) -> Iterator[str]:
        for kind, text in _SAID.items():
            if names := self._said.get(kind):
                more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
                yield text.format(names=", ".join(shown(each) for each in names[:_NAMES]) + more)


def _has_mask(each: Any) -> bool:
    return each.mask is not None and not each.mask.disabled


def _mask_of(each: Any, area: Rect) -> Image:
    """Return the mask of a layer or group over `area`: (H, W) float32, 0 hides."""
    mask = each.mask
    result = np.full((area.height, area.width), mask.background_color / 255, np.float32)
    where = Rect(*mask.bbox)
    shared = where & area
    if not shared.is_empty and (values := each.numpy("mask")) is not None:
        result[shared.slices_in(area)] = values[..., 0][shared.slices_in(where)]
    return result


def _masked(group: Any, entries: Tree) -> Iterator[Entry]:
    """Yield what is in a group with the group's mask worked into every layer."""
    for entry in entries:
        if isinstance(entry, Branch):
            yield Branch(entry.group, tuple(_masked(group, entry.entries)))
        else:
            mask = _mask_of(group, entry.rect)
            yield entry.with_pixels(_faded(entry.pixels, mask), (entry.rect.left, entry.rect.top))


def _faded(pixels: Image, coverage: Image) -> Image:
    """Return pixels whose alpha is multiplied by a coverage of 0..1."""
    result = pixels.copy()
    result[..., 3] = np.rint(pixels[..., 3] * coverage)
    return result


def _within(layer: Layer, base: Layer) -> Layer:
    """Return a layer that is seen only where another has pixels."""
    coverage = np.zeros(layer.pixels.shape[:2], np.float32)
    shared = layer.rect & base.rect
    if not shared.is_empty:
        part = base.pixels[shared.slices_in(base.rect)][..., 3]
        coverage[shared.slices_in(layer.rect)] = part / np.float32(base.full)
    return layer.with_pixels(_faded(layer.pixels, coverage), (layer.rect.left, layer.rect.top))


def _lock(each: Any) -> Lock:
    locks, result = each.locks, Lock.NONE
    if locks is None or each.kind == "psdimage":
        return result
    for chosen, lock in (
        (locks.composite, Lock.PIXELS),
        (locks.transparency, Lock.ALPHA),
        (locks.position, Lock.POSITION),
        (locks.complete, Lock.PIXELS | Lock.ALPHA | Lock.POSITION),
    ):
        result |= lock if chosen else Lock.NONE
    return result
