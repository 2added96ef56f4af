"""Page: a dialog of one column, as all of ours are: content, then a row of buttons."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPushButton, QVBoxLayout, QWidget

from lama_desktop.ui.text import tr
from lama_desktop.ui.theme import PADDING

MARGIN = 20


class Page(QDialog):
    """A window of its own beside the main one; not modal unless it is executed.

    Args:
        parent: the main window.
        title: of the window, translated.
    """

    def __init__(self, parent: QWidget | None, title: str) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        self.body.setSpacing(PADDING)

    def add_buttons(self, accept: str, cancel: str = "") -> QPushButton:
        """Add the row of buttons; return the one that accepts, which Enter presses."""
        box = QDialogButtonBox()
        accepting = box.addButton(accept, QDialogButtonBox.ButtonRole.AcceptRole)
        accepting.setProperty("kind", "primary")
        accepting.setDefault(True)
        if cancel:
            box.addButton(cancel, QDialogButtonBox.ButtonRole.RejectRole)
        box.accepted.connect(self.accept)
        box.rejected.connect(self.reject)
        self.body.addStretch(1)
        self.body.addWidget(box)
        return accepting

    def add_close_button(self) -> None:
        """Add a row with the one button that closes."""
        box = QDialogButtonBox()
        box.addButton(tr("Close"), QDialogButtonBox.ButtonRole.RejectRole)
        box.rejected.connect(self.close)
        self.body.addWidget(box)


def note(text: str = "") -> QLabel:
    """Return a paragraph in the colour of secondary text."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return label
