"""Variations: a hole filled in several ways, to choose from. Each is seen as soon as it is there.

The first becomes the layer, the others its alternatives (`core/ways.py`), in one step of the history as long as nothing
else is done meanwhile. Those that have arrived before Cancel stay. Lives on the UI thread; the engine is touched on the
engine's lane only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal

from lama_desktop.core.commands import Command, StackEdit
from lama_desktop.core.document import Document
from lama_desktop.core.drawable import Mask
from lama_desktop.core.layer import Layer
from lama_desktop.core.ways import with_way
from lama_desktop.engine.interface import Engines
from lama_desktop.engine.variations import Variation, fill_variations
from lama_desktop.progress import Progress
from lama_desktop.ui.filling import Order
from lama_desktop.ui.jobs import Job, Lane
from lama_desktop.ui.remove import Remover, removal
from lama_desktop.ui.sections import Source
from lama_desktop.ui.text import tr


@dataclass(eq=False)
class _Run:
    """Several fills of one hole, as they arrive."""

    document: Document
    order: Order
    live: Mask
    """The document's mask when they were asked for."""
    hole: Mask | None
    """By which the fill is known among the layers, whatever is done to it; None until the first has arrived."""
    step: Command | None = None
    """Of the history, which they are a part of."""
    job: Job | None = None
    is_over: bool = False
    """Whether there is no use for what still arrives."""


class Variations(QObject):
    """Fills holes in several ways, as the removals of a remover.

    Args:
        remover: knows what runs in which document, and the engines.
    """

    _made = Signal(object, object)

    def __init__(self, remover: Remover) -> None:
        super().__init__()
        self._remover = remover
        self._made.connect(self._take)  # from the engine's lane to this thread

    def start(self, document: Document, variations: Sequence[Variation], source: Source) -> Job:
        """Remove what the mask covers, in several ways.

        The mask is not empty, and no removal runs in the document. There is a variation, and all grow and feather the
        mask alike.
        """
        first = variations[0]
        order = Order.of_mask(document, first.model, first.options, source)
        return self._run(_Run(document, order, document.mask, None), variations)

    def more(self, document: Document, layer: Layer, variations: Sequence[Variation]) -> Job:
        """Fill the hole of a fill in more ways, which become its alternatives; otherwise as `start`."""
        assert layer.recipe is not None
        order = Order.of_fill(document, layer, variations[0].model, variations[0].options)
        return self._run(_Run(document, order, document.mask, layer.recipe.mask), variations)

    def _run(self, run: _Run, variations: Sequence[Variation]) -> Job:
        engines, made = self._remover.engines, self._made

        def work(progress: Progress) -> None:
            for layer in _filled(run.order, variations, engines, progress):
                made.emit(run, layer)

        run.job = Job(tr("Variations"), work, Lane.ENGINE)
        # What is held in a circle with a job is never freed (see `jobs._Reports`).
        run.job.finished.connect(lambda: setattr(run, "job", None))
        return self._remover.run(run.document, run.job, run.order.mask)

    def _take(self, run: _Run, layer: Layer) -> None:
        run.document.after_edit(lambda: self._put(run, layer))

    def _put(self, run: _Run, layer: Layer) -> None:
        """Make a fill the layer, or another alternative of it; stop where there is no use for it any more."""
        document, recipe = run.document, layer.recipe
        assert recipe is not None
        if run.is_over:
            return
        if not self._remover.takes(document, run.live):
            self._end(run)
        elif run.hole is None:
            run.hole = recipe.mask
            run.step = document.do(removal(document, run.order, layer))
        elif (target := fill_of(document, run.hole)) is not None:
            way = layer.copy(recipe=replace(recipe, mask=run.hole))
            run.step = document.do(StackEdit("Variations", with_way(document.stack, target, way)), run.step)
        else:
            self._remover.dropped.emit(tr("The layer is gone: its other fills were not used."))
            self._end(run)

    def _end(self, run: _Run) -> None:
        run.is_over = True
        if run.job is not None:
            run.job.cancel()


def fill_of(document: Document, hole: Mask) -> Layer | None:
    """Return the fill of a hole: the layer whose recipe has this very mask, whatever became of it; None without."""
    return next((each for each in document.layers if each.recipe is not None and each.recipe.mask is hole), None)


def _filled(order: Order, variations: Sequence[Variation], engines: Engines, progress: Progress) -> Iterator[Layer]:
    """Do the work, on the engine's lane; yield each fill as a layer as soon as it is there."""
    scene = order.scene(max(each.options.context for each in variations))
    # The hole of the scene is grown already.
    bare = [replace(each, options=replace(each.options, grow=0, feather=0)) for each in variations]
    fills = fill_variations(
        engines,
        bare,
        scene.image,
        scene.hole,
        progress,
        space=order.space,
        has_alpha=scene.has_alpha,
        allowed=scene.allowed,
    )
    for each in fills:
        chosen = variations[bare.index(each.variation)]
        yield scene.layer(each.image, chosen.model, chosen.options, each.seconds)
