"""Expectation: how long it would take to remove what is masked now, for every preset; worked out beside the window."""

from PySide6.QtCore import QObject, QTimer, Signal

from lama_desktop.core.document import Document
from lama_desktop.core.geometry import Rect
from lama_desktop.engine.estimate import Estimate, expected_of_presets
from lama_desktop.engine.options import EngineOptions, Preset
from lama_desktop.ui.filling import cut, view_of
from lama_desktop.ui.jobs import Job, JobRunner, Lane

SETTLE_MS = 300
"""It is worked out when the mask has been still for so long, and never in the middle of a stroke."""


class Expectation(QObject):
    """Follows the mask of one document at a time.

    Args:
        runner: works it out.

    Signals:
        changed: what is expected: estimates by `Preset`; {} where nothing is masked.
    """

    changed = Signal(object)

    def __init__(self, runner: JobRunner) -> None:
        super().__init__()
        self._runner = runner
        self._document: Document | None = None
        self._model, self._options = "", EngineOptions()
        self._job: Job | None = None
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(self._ask)

    def follow(self, document: Document | None) -> None:
        """Look at another document."""
        if self._document is not None:
            for signal in (self._document.mask_changed, self._document.resized):
                signal.disconnect(self._later)
        self._document = document
        if document is not None:
            for signal in (document.mask_changed, document.resized):
                signal.connect(self._later)
        self._later()

    def suppose(self, model: str, options: EngineOptions) -> None:
        """Expect another model, or other options; whatever their preset."""
        self._model, self._options = model, options
        self._later()

    def _later(self, rect: object = None) -> None:
        if self._job is not None:
            self._job.cancel()
        self._settle.start()

    def _ask(self) -> None:
        """Have it worked out."""
        document = self._document
        if document is not None and document.is_editing:
            self._settle.start()
            return
        bounds = Rect(0, 0, 0, 0) if document is None else document.mask.bounds()
        if document is None or bounds.is_empty:
            self.changed.emit({})
            return
        mask = cut(document.mask, view_of(bounds, self._options.context, document.rect))
        model, options = self._model, self._options
        job = Job("", lambda _: expected_of_presets(mask > 0, model, options), Lane.THUMBNAILS, shown=False)
        job.succeeded.connect(self._take)
        self._job = self._runner.submit(job)

    def _take(self, found: dict[Preset, Estimate]) -> None:
        self._job = None
        if not self._settle.isActive():  # or else another one follows
            self.changed.emit(found)
