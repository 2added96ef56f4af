"""Remover: from the mask to a layer that hides what was there. Snapshot, job, result.

The job gets a frozen snapshot and owns every array it makes, so painting goes on meanwhile. Its result is a layer whose
alpha is the weight of the fill, with the recipe by which "Fill again with..." makes it anew; the mask that was used is
cleared, what was painted since stays. Lives on the UI thread; the engine is touched on the engine's lane only.
"""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QObject, Signal

from lama_desktop.core.commands import Command, Compound, PixelEdit, StackEdit
from lama_desktop.core.document import Document
from lama_desktop.core.drawable import Mask
from lama_desktop.core.layer import Layer
from lama_desktop.core.ways import with_fresh
from lama_desktop.engine.interface import Engines
from lama_desktop.engine.options import EngineOptions
from lama_desktop.progress import Progress
from lama_desktop.ui.filling import Order, cut
from lama_desktop.ui.jobs import Job, JobRunner, Lane
from lama_desktop.ui.sections import Source
from lama_desktop.ui.text import tr


class Remover(QObject):
    """Runs removals, one at a time in each document.

    Args:
        runner: runs the jobs.
        engines: asked on the engine's lane only.

    Signals:
        started: a removal began: the document and the mask of the hole.
        ended: it ended, in whatever way: the document.
        dropped: a result could not be used any more: a sentence.
        held: a result is here, and with it what was undone since could not be redone any more: the document, and what
            uses it all the same.
    """

    started = Signal(object, object)
    ended = Signal(object)
    dropped = Signal(str)
    held = Signal(object, object)

    def __init__(self, runner: JobRunner, engines: Engines) -> None:
        super().__init__()
        self._runner, self.engines = runner, engines
        self._jobs: dict[Document, tuple[Job, Mask]] = {}

    def job(self, document: Document) -> Job | None:
        """Return the removal that runs in a document."""
        return self._jobs[document][0] if document in self._jobs else None

    def has_more(self, document: Document) -> bool:
        """Tell whether the mask covers something that the removal which runs in a document does not take."""
        used, mask = self._jobs[document][1], document.mask
        bounds = mask.bounds()
        return bool((cut(mask, bounds) > cut(used, bounds)).any())

    def start(self, document: Document, model: str, options: EngineOptions, source: Source = Source.VISIBLE) -> Job:
        """Remove what the mask covers; the result becomes a new layer and the mask is cleared, in one step.

        The mask is not empty, and no removal runs in the document.
        """
        order = Order.of_mask(document, model, options, source)
        return self._fill(document, tr("Removing"), order, lambda layer: document.do(removal(document, order, layer)))

    def again(self, document: Document, layer: Layer, model: str, options: EngineOptions) -> Job:
        """Make a fill anew by its recipe, with another model or other options, in the place of the old one.

        Its alternatives stay. The layer has a recipe, and no removal runs in the document.
        """

        def place(fresh: Layer) -> None:
            if layer in document.layers:
                document.do(StackEdit("Fill again", with_fresh(document.stack, layer, fresh)))
            else:
                self.dropped.emit(tr("The layer is gone: the new fill was not used."))

        return self._fill(document, tr("Filling again"), Order.of_fill(document, layer, model, options), place)

    def run(self, document: Document, job: Job, hole: Mask) -> Job:
        """Run a job that fills in a document as its one removal.

        Args:
            document: no removal runs in it.
            job: not submitted yet; on the engine's lane.
            hole: what it fills.
        """
        assert document not in self._jobs, "one removal at a time"

        def end() -> None:
            del self._jobs[document]
            self.ended.emit(document)

        job.finished.connect(end)
        self._jobs[document] = job, hole
        # First, while the mask is nobody else's: what is found out about its bounds is kept in it, without a lock.
        self.started.emit(document, hole)
        self._runner.submit(job)
        return job

    def takes(self, document: Document, live: Mask) -> bool:
        """Tell whether a result still fits, and say so where it does not.

        Args:
            document: where it would go.
            live: the document's mask at the time of the order: turned or resized, it has another, also after undo.
        """
        if document.mask is live:
            return True
        self.dropped.emit(tr("The picture was turned or resized meanwhile: the fill was not used."))
        return False

    def _fill(self, document: Document, title: str, order: Order, place: Callable[[Layer], object]) -> Job:
        live, engines = document.mask, self.engines
        state = document.history.state
        job = Job(title, lambda progress: _filled(order, engines, progress), Lane.ENGINE)

        def use(layer: Layer) -> None:
            if self.takes(document, live):
                place(layer)

        def finish(layer: Layer) -> None:
            if document.history.redo_label is not None and document.history.state != state:
                self.held.emit(document, lambda: document.after_edit(lambda: use(layer)))
            else:
                use(layer)

        job.succeeded.connect(lambda layer: document.after_edit(lambda: finish(layer)))
        return self.run(document, job, order.mask)


def removal(document: Document, order: Order, layer: Layer) -> Command:
    """Return the command that puts a new fill where its order wants it, and clears what was removed from the mask."""
    stack = document.stack
    place = stack.place_above(order.above) if order.above is not None and order.above in stack.nodes else stack.top
    add = StackEdit("Remove", stack.with_entry(layer, place))
    return Compound("Remove", [add, _cleared(document, order.mask)])


def _filled(order: Order, engines: Engines, progress: Progress) -> Layer:
    """Do the work, on the engine's lane; return the fill as a layer.

    Raises:
        Cancelled: the user stopped it.
        LamaDesktopError: there is nothing to fill from, or the engine cannot.
    """
    progress(0.0, tr("loading the model"))
    engine = engines.engine(order.model, replace(order.options, grow=0, feather=0))
    scene, start = order.scene(), time.perf_counter()
    filled = engine.inpaint(
        scene.image, scene.hole, progress, space=order.space, has_alpha=scene.has_alpha, allowed=scene.allowed
    )
    return scene.layer(filled, order.model, order.options, time.perf_counter() - start)


def _cleared(document: Document, used: Mask) -> PixelEdit:
    """Return the edit that clears what was removed; where the mask was painted since, it stays."""
    bounds = used.bounds()
    before, now = cut(used, bounds), cut(document.mask, bounds)
    document.mask.before_clearing = bounds, before  # for Mask > Reselect
    kept = np.where(now == before, 0, now).astype(np.uint8)
    return PixelEdit.replacing("Remove", document, document.mask, bounds, kept)
