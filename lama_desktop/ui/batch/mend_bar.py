"""MendBar: over a photo whose mask is mended for the batch: what this tab is for, and the button that ends it."""

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from lama_desktop.ui.text import tr
from lama_desktop.ui.theme import GAP, PADDING


class MendBar(QFrame):
    """A bar at the lower edge of a canvas, which owns it.

    Args:
        canvas: over which it lies.
        redo: does the photo again with the mask of the canvas.
    """

    def __init__(self, canvas: QWidget, redo: QAction) -> None:
        super().__init__(canvas)
        self.setProperty("kind", "notice")
        text, self.button = QLabel(tr("This is the mask of the batch: change it, then fill anew.")), QPushButton()
        self.button.setText(tr("Re-run this photo"))
        self.button.setToolTip(redo.toolTip())
        self.button.setProperty("kind", "primary")
        self.button.clicked.connect(redo.trigger)
        row = QHBoxLayout(self)
        row.setContentsMargins(PADDING, GAP, GAP, GAP)
        row.setSpacing(PADDING)
        row.addWidget(text)
        row.addWidget(self.button)
        canvas.installEventFilter(self)
        self._place()
        self.show()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep the place when the canvas is resized."""
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def _place(self) -> None:
        canvas = self.parentWidget()
        assert canvas is not None
        self.adjustSize()
        self.move((canvas.width() - self.width()) // 2, canvas.height() - self.height() - PADDING)
