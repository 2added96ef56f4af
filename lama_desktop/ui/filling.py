"""Order: everything that a fill needs to know, as it was when it was asked for; Scene: what the engine is shown of it.

An order is made on the UI thread of a frozen snapshot, and a scene of the order on the engine's lane. The scene makes a
layer of what the engine returns: its alpha is the weight of the fill, and it has the recipe to make it anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from lama_desktop import options
from lama_desktop.core import sampling
from lama_desktop.core.arrays import Coverage, Hole, Image, full_value
from lama_desktop.core.blend import NORMAL, blend_mode
from lama_desktop.core.color import ColorSpace
from lama_desktop.core.composite import composite
from lama_desktop.core.document import Document
from lama_desktop.core.drawable import Mask
from lama_desktop.core.exchange import Snapshot
from lama_desktop.core.geometry import Rect
from lama_desktop.core.group import Tree
from lama_desktop.core.layer import Layer, Recipe
from lama_desktop.core.node import Node
from lama_desktop.core.stack import Stack
from lama_desktop.engine.options import AlphaChoice, EngineOptions
from lama_desktop.engine.seam import Weight, fill_weight
from lama_desktop.engine.windows import CELL
from lama_desktop.errors import LamaDesktopError
from lama_desktop.ui.sections import Source
from lama_desktop.ui.text import tr

SMALLEST_VIEW = 512
"""Pixels beyond what its context asks for that an engine may look at, at most: its smallest window and its rounding."""


@dataclass(frozen=True, eq=False)
class Order:
    """A fill that was asked for. Never changes."""

    snapshot: Snapshot
    tree: Tree
    """What the model sees, the lowest first."""
    mask: Mask
    space: ColorSpace
    model: str
    options: EngineOptions
    source: Source
    name: str
    above: Node | None = None
    """Of the document itself: what the fill goes on top of; None is everything."""

    @classmethod
    def of_mask(cls, document: Document, model: str, chosen: EngineOptions, source: Source) -> Self:
        """Return the order to fill what the mask covers. UI thread."""
        snapshot, above = document.snapshot(), None
        stack = snapshot.stack
        tree = stack.tree
        if source is Source.BELOW and document.active is not None:
            above = _whole(document.stack, document.active)
            tree = stack.below(stack.nodes[document.stack.nodes.index(above)], inclusive=True)
        elif source is Source.ORIGINAL and stack.original is not None:
            tree = (stack.original,)
        name = tr("Fill {number}", number=1 + sum(each.recipe is not None for each in stack.layers))
        return cls(snapshot, tree, stack.mask, document.space, model, chosen, source, name, above)

    @classmethod
    def of_fill(cls, document: Document, layer: Layer, model: str, chosen: EngineOptions) -> Self:
        """Return the order to fill the hole of a fill anew. UI thread.

        The model sees the layers below the fill, or the original where the recipe says so.
        """
        recipe, snapshot = layer.recipe, document.snapshot()
        assert recipe is not None
        stack, source = snapshot.stack, Source(recipe.source)
        tree = stack.below(stack.layers[document.layers.index(layer)])
        if source is Source.ORIGINAL and stack.original is not None:
            tree = (stack.original,)
        mask = Mask(recipe.mask.frozen(), recipe.mask.origin)
        return cls(snapshot, tree, mask, document.space, model, chosen, source, layer.name)

    def scene(self, context: float | None = None) -> "Scene":
        """Return what the engine is shown. Any thread.

        Args:
            context: how far an engine may look, where that is more than the options of the order say.

        Raises:
            LamaDesktopError: there is nothing to fill.
        """
        stack, picture = self.snapshot.stack, self.snapshot.stack.rect
        bounds = self.mask.bounds() & picture
        if bounds.is_empty:
            raise LamaDesktopError(tr("The mask is empty: paint over what should go."))
        area = bounds.grown(self.options.grow + 1) & picture
        weight = fill_weight(cut(self.mask, area), self.options.grow, self.options.feather)
        if area == picture and weight.min() > 0:  # before anything large is made of it
            raise LamaDesktopError(tr("The mask covers the whole picture: leave some of it to fill from."))
        view = view_of(area, self.options.context if context is None else context, picture)
        if stack.sampling is not None:
            view = (view | stack.sampling.rect) & picture
        image = composite(self.tree, view, self.snapshot.facts.pixels.dtype)
        has_alpha = bool(image[..., 3].min() < full_value(image))
        hole = np.zeros(image.shape[:2], np.uint8)
        hole[area.slices_in(view)] = np.where(weight > 0, 255, 0)
        seen = image if has_alpha else np.ascontiguousarray(image[..., :3])
        # The recipe has a mask of its own, cut to its bounds.
        mask = Mask(cut(self.mask, bounds), (bounds.left, bounds.top))
        return Scene(self, seen, hole, sampling.allowed_in(stack, view), has_alpha, area, view, weight, mask)


@dataclass(frozen=True, eq=False)
class Scene:
    """A part of the picture that is enough to fill the hole as if the engine had all of it."""

    order: Order
    image: Image
    """(H, W, 3), or 4 where there is transparency."""
    hole: Coverage
    """(H, W), all that the fill may change."""
    allowed: Hole | None
    """(H, W), from where texture may be copied; None is everywhere."""
    has_alpha: bool
    area: Rect
    """Where the layer will lie."""
    view: Rect
    """Where the image lies."""
    weight: Weight
    """Of the fill, in the area."""
    mask: Mask
    """Of the recipe: the same object for all layers that are made of the scene."""

    def layer(self, filled: Image, model: str, chosen: EngineOptions, seconds: float) -> Layer:
        """Return a fill as a layer.

        Args:
            filled: the image as the engine returned it.
            model, chosen, seconds: for the recipe.
        """
        result, full = filled[self.area.slices_in(self.view)], full_value(filled)
        fills_alpha = chosen.alpha is AlphaChoice.FILL
        opaque = result[..., 3] / np.float32(full) if self.has_alpha and fills_alpha else np.float32(1)
        pixels = np.empty((*self.weight.shape, 4), filled.dtype)
        pixels[..., :3] = result[..., :3]
        pixels[..., 3] = np.rint(self.weight * opaque * full)
        pixels[self.weight == 0] = 0
        recipe = Recipe(model, _plain(chosen), self.mask, self.order.source.value, seconds)
        keeps_alpha = self.has_alpha and not fills_alpha
        mode = (blend_mode("svg:src-atop") if keeps_alpha else None) or NORMAL
        return Layer(pixels, (self.area.left, self.area.top), name=self.order.name, mode=mode, recipe=recipe)


def cut(mask: Mask, area: Rect) -> Coverage:
    """Return the mask in an area, zero where it has no pixels."""
    result = np.zeros((area.height, area.width), np.uint8)
    part = area & mask.rect
    result[part.slices_in(area)] = mask.pixels[part.slices_in(mask.rect)]
    return result


def view_of(area: Rect, context: float, picture: Rect) -> Rect:
    """Return the part of a picture that is enough for the engine to fill `area` as if it had all of it.

    An engine looks as far beyond a hole as its options say in proportion to the hole's width, which is at most twice
    the side of `area`, and at windows of a smallest size; it sorts holes by cells of a fixed size.
    """
    margin = round(2 * max(area.width, area.height) * context) + SMALLEST_VIEW
    wide = area.grown(margin)
    return Rect(wide.left // CELL * CELL, wide.top // CELL * CELL, wide.right, wide.bottom) & picture


def _whole(stack: Stack, node: Node) -> Node:
    """Return a node, or the outermost group around it that fades or blends: in there a fill would do so once more."""
    blended = [group for group in stack.ancestors(node) if group.opacity < 1 or group.mode is not NORMAL]
    return blended[-1] if blended else node


def _plain(chosen: EngineOptions) -> Mapping[str, Any]:
    return options.to_dict(chosen)
