"""Mask change: asks how far the mask is to grow, shrink, fade or become a band, and shows it on the photo meanwhile."""

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from lama_desktop.core.commands import PixelEdit
from lama_desktop.core.document import Document
from lama_desktop.core.masking import Change, preview
from lama_desktop.ui.dialogs.new_and_size import FormPage, Radius
from lama_desktop.ui.text import tr

SETTLE_MS = 30
"""What is dragged is shown when it has been still for so long: large masks take longer than a step of the slider."""
MOST = 1_500_000_000
"""Pixels times radius: what takes longer, a third of a second or so, is not done only to be shown."""


class MaskPage(FormPage):
    """Asks for a radius. What it shows is an open edit, gone when the dialog is: the caller makes the step.

    Args:
        parent: the window.
        document: whose mask; it is not empty.
        change: what is asked about.
        values: what is shown at first.
    """

    def __init__(self, parent: QWidget | None, document: Document, change: Change, values: Radius) -> None:
        super().__init__(parent, tr(change.label), values, tr("Apply"))
        self._document, self._change = document, change
        self._edit: PixelEdit | None = None
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(self._show)
        self.form.changed.connect(lambda _: self._settle.start())
        self.finished.connect(lambda _: self._hide())
        self._settle.start()

    def _show(self) -> None:
        self._hide()
        document, values = self._document, self.form.values
        if not self.isVisible() or document.is_editing or not isinstance(values, Radius):
            return
        small = document.mask.bounds().grown(values.radius).area * values.radius <= MOST
        self.problem.setText("" if small else tr("Too large to be shown beforehand."))
        self.problem.setVisible(not small)
        if small:
            self._edit = preview(document, self._change, values.radius)

    def _hide(self) -> None:
        self._settle.stop()
        edit, self._edit = self._edit, None
        if edit is not None:
            edit.roll_back()
