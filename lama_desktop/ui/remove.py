"""Remover: from the mask to a layer that hides what was there. Snapshot, job, result.

The job gets a frozen snapshot and owns every array it makes, so painting goes on meanwhile. Its result is a layer whose
alpha is the weight of the fill, with the recipe by which "Fill again with..." makes it anew; the mask that was used is
cleared, what was painted since stays. Lives on the UI thread; the engine is touched on the engine's lane only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from PySide6.QtCore import QObject, Signal

from lama_desktop import options
from lama_desktop.core import sampling
from lama_desktop.core.arrays import Coverage, Hole, Image, full_value
from lama_desktop.core.blend import NORMAL, blend_mode
from lama_desktop.core.color import ColorSpace
from lama_desktop.core.commands import Compound, PixelEdit, StackEdit
from lama_desktop.core.composite import composite
from lama_desktop.core.document import Document
from lama_desktop.core.drawable import Mask
from lama_desktop.core.exchange import Snapshot
from lama_desktop.core.geometry import Rect
from lama_desktop.core.group import Tree
from lama_desktop.core.layer import Layer, Recipe
from lama_desktop.engine.options import AlphaChoice, EngineOptions
from lama_desktop.engine.seam import fill_weight
from lama_desktop.engine.windows import CELL
from lama_desktop.errors import LamaDesktopError
from lama_desktop.progress import Progress
from lama_desktop.ui.jobs import Job, JobRunner, Lane
from lama_desktop.ui.sections import Source
from lama_desktop.ui.text import tr

SMALLEST_VIEW = 512
"""Pixels beyond what its context asks for that an engine may look at, at most: its smallest window and its rounding."""


class Engine(Protocol):
    """What fills; see `engine.engine.Engine`."""

    def inpaint(
        self,
        image: Image,
        mask: Coverage,
        progress: Progress | None = None,
        *,
        space: ColorSpace,
        has_alpha: bool,
        allowed: Hole | None,
    ) -> Image:
        """Return the image with the masked part filled, with texture from where it may be copied."""
        ...


class Engines(Protocol):
    """Where engines come from; see `engine.engine.EngineCache`."""

    def engine(self, name: str, options: EngineOptions) -> Engine:
        """Return an engine for a model, loaded."""
        ...


@dataclass(frozen=True, eq=False)
class _Order:
    """Everything a job needs to know. Never changes."""

    snapshot: Snapshot
    tree: Tree
    """What the model sees, the lowest first."""
    mask: Mask
    space: ColorSpace
    model: str
    options: EngineOptions
    source: Source
    name: str


class Remover(QObject):
    """Runs removals, one at a time in each document.

    Args:
        runner: runs the jobs.
        engines: asked on the engine's lane only.

    Signals:
        started: a removal began: the document and the mask of the hole.
        ended: it ended, in whatever way: the document.
        dropped: a result could not be used any more: a sentence.
    """

    started = Signal(object, object)
    ended = Signal(object)
    dropped = Signal(str)

    def __init__(self, runner: JobRunner, engines: Engines) -> None:
        super().__init__()
        self._runner, self._engines = runner, engines
        self._jobs: dict[Document, Job] = {}

    def job(self, document: Document) -> Job | None:
        """Return the removal that runs in a document."""
        return self._jobs.get(document)

    def start(self, document: Document, model: str, options: EngineOptions, source: Source = Source.VISIBLE) -> Job:
        """Remove what the mask covers; the result becomes a new layer and the mask is cleared, in one step.

        The mask is not empty, and no removal runs in the document.
        """
        snapshot = document.snapshot()
        stack, active = snapshot.stack, snapshot.stack.active
        tree = stack.tree
        if source is Source.BELOW and active is not None:
            tree = stack.below(active, inclusive=True)
        elif source is Source.ORIGINAL and stack.original is not None:
            tree = (stack.original,)
        name = tr("Fill {number}", number=1 + sum(each.recipe is not None for each in stack.layers))
        order = _Order(snapshot, tree, stack.mask, document.space, model, options, source, name)
        live = document.mask

        def put(layer: Layer) -> None:
            place = None if source is Source.BELOW else document.stack.top
            add = StackEdit("Remove", document.stack.with_entry(layer, place))
            document.do(Compound("Remove", [add, _cleared(document, order.mask)]))

        return self._run(document, tr("Removing"), order, live, put)

    def again(self, document: Document, layer: Layer, model: str, options: EngineOptions) -> Job:
        """Make a fill anew by its recipe, with another model or other options, in the place of the old one.

        The model sees the layers below the fill, or the original where the recipe says so. The layer has a recipe, and
        no removal runs in the document.
        """
        recipe, snapshot = layer.recipe, document.snapshot()
        assert recipe is not None
        stack, source = snapshot.stack, Source(recipe.source)
        tree = stack.below(stack.layers[document.layers.index(layer)])
        if source is Source.ORIGINAL and stack.original is not None:
            tree = (stack.original,)
        mask = Mask(recipe.mask.frozen(), recipe.mask.origin)
        order = _Order(snapshot, tree, mask, document.space, model, options, source, layer.name)

        def place(fresh: Layer) -> None:
            if layer not in document.layers:
                self.dropped.emit(tr("The layer is gone: the new fill was not used."))
                return
            fresh = fresh.copy(opacity=layer.opacity, mode=layer.mode, visible=layer.visible, lock=layer.lock)
            document.do(StackEdit("Fill again", document.stack.replaced(layer, fresh)))

        return self._run(document, tr("Filling again"), order, document.mask, place)

    def _run(self, document: Document, title: str, order: _Order, live: Mask, place: Any) -> Job:
        assert document not in self._jobs, "one removal at a time"
        job = Job(title, lambda progress: _filled(order, self._engines, progress), Lane.ENGINE)

        def finish(layer: Layer) -> None:
            # A turned or resized document has another mask object, also after undo.
            if document.mask is live:
                place(layer)
            else:
                self.dropped.emit(tr("The picture was turned or resized meanwhile: the fill was not used."))

        def end() -> None:
            del self._jobs[document]
            self.ended.emit(document)

        job.succeeded.connect(lambda layer: document.after_edit(lambda: finish(layer)))
        job.finished.connect(end)
        self._jobs[document] = job
        self._runner.submit(job)
        self.started.emit(document, order.mask)
        return job


def _filled(order: _Order, engines: Engines, progress: Progress) -> Layer:
    """Do the work, on the engine's lane; return the fill as a layer.

    Raises:
        Cancelled: the user stopped it.
        LamaDesktopError: there is nothing to fill from, or the engine cannot.
    """
    picture = order.snapshot.stack.rect
    bounds = order.mask.bounds() & picture
    if bounds.is_empty:
        raise LamaDesktopError(tr("The mask is empty: paint over what should go."))
    progress(0.0, tr("loading the model"))
    engine = engines.engine(order.model, replace(order.options, grow=0, feather=0))
    area = bounds.grown(order.options.grow + 1) & picture
    weight = fill_weight(_cut(order.mask, area), order.options.grow, order.options.feather)
    view = _view(area, order.options, picture)
    source = order.snapshot.stack.sampling
    if source is not None:
        view = (view | source.rect) & picture
    image = composite(order.tree, view, order.snapshot.facts.pixels.dtype)
    full = full_value(image)
    has_alpha = bool(image[..., 3].min() < full)
    hole = np.zeros(image.shape[:2], np.uint8)
    inside = area.slices_in(view)
    hole[inside] = np.where(weight > 0, 255, 0)
    seen = image if has_alpha else np.ascontiguousarray(image[..., :3])
    allowed = sampling.allowed_in(order.snapshot.stack, view)
    filled = engine.inpaint(seen, hole, progress, space=order.space, has_alpha=has_alpha, allowed=allowed)
    result = filled[inside]
    share = weight * (result[..., 3] / np.float32(full)) if has_alpha and _fills_alpha(order.options) else weight
    pixels = np.empty((*weight.shape, 4), image.dtype)
    pixels[..., :3] = result[..., :3]
    pixels[..., 3] = np.rint(share * full)
    pixels[weight == 0] = 0
    recipe = Recipe(order.model, _plain(order.options), _own_mask(order.mask, bounds), order.source.value)
    keeps_alpha = has_alpha and not _fills_alpha(order.options)
    mode = (blend_mode("svg:src-atop") if keeps_alpha else None) or NORMAL
    return Layer(pixels, (area.left, area.top), name=order.name, mode=mode, recipe=recipe)


def _view(area: Rect, chosen: EngineOptions, picture: Rect) -> Rect:
    """Return the part of a picture that is enough for the engine to fill `area` as if it had all of it.

    An engine looks as far beyond a hole as its options say in proportion to the hole's width, which is at most twice
    the side of `area`, and at windows of a smallest size; it sorts holes by cells of a fixed size.
    """
    margin = round(2 * max(area.width, area.height) * chosen.context) + SMALLEST_VIEW
    wide = area.grown(margin)
    return Rect(wide.left // CELL * CELL, wide.top // CELL * CELL, wide.right, wide.bottom) & picture


def _cut(mask: Mask, area: Rect) -> Coverage:
    """Return the mask in an area, zero where it has no pixels."""
    result = np.zeros((area.height, area.width), np.uint8)
    part = area & mask.rect
    result[part.slices_in(area)] = mask.pixels[part.slices_in(mask.rect)]
    return result


def _own_mask(mask: Mask, bounds: Rect) -> Mask:
    """Return the mask cut to its bounds, for the recipe."""
    return Mask(_cut(mask, bounds), (bounds.left, bounds.top))


def _cleared(document: Document, used: Mask) -> PixelEdit:
    """Return the edit that clears what was removed; where the mask was painted since, it stays."""
    bounds = used.bounds()
    before, now = _cut(used, bounds), _cut(document.mask, bounds)
    document.mask.before_clearing = bounds, before  # for Mask > Reselect
    kept = np.where(now == before, 0, now).astype(np.uint8)
    return PixelEdit.replacing("Remove", document, document.mask, bounds, kept)


def _fills_alpha(chosen: EngineOptions) -> bool:
    return chosen.alpha is AlphaChoice.FILL


def _plain(chosen: EngineOptions) -> Mapping[str, Any]:
    return options.to_dict(chosen)
