"""Page: a dialog of one column, as all of ours are: content, then a row of buttons."""

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPushButton, QVBoxLayout, QWidget

from lama_desktop.ui.text import tr
from lama_desktop.ui.theme import PADDING, UNIT

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

    def keep_clear_of(self, rect: QRect) -> None:
        """Stand beside a place of the main window, or in its corner where there is no room; called before it is shown.

        Args:
            rect: in coordinates of the screen.
        """
        self.adjustSize()
        parent, size = self.parentWidget(), self.size()
        if parent is None:
            return
        room = QRect(parent.mapToGlobal(QPoint(0, 0)), parent.size()).adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)
        x, y = rect.center().x() - size.width() // 2, rect.center().y() - size.height() // 2
        right, left = rect.right() + MARGIN, rect.left() - MARGIN - size.width()
        below, above = rect.bottom() + MARGIN, rect.top() - MARGIN - size.height()
        places = [QRect(QPoint(*each), size) for each in ((right, y), (left, y), (x, below), (x, above))]
        corner = QRect(QPoint(room.right() - size.width(), room.bottom() - size.height()), size)
        self.move(next((each for each in places if room.contains(each)), corner).topLeft())

    def add_buttons(self, accept: str, cancel: str = "") -> QPushButton:
        """Add the row of buttons; return the one that accepts, which Enter presses, and Space the one in focus."""
        box = QDialogButtonBox()
        accepting = box.addButton(accept, QDialogButtonBox.ButtonRole.AcceptRole)
        accepting.setProperty("kind", "primary")
        accepting.setDefault(True)
        if cancel:
            box.addButton(cancel, QDialogButtonBox.ButtonRole.RejectRole).setAutoDefault(False)
        box.accepted.connect(self.accept)
        box.rejected.connect(self.reject)
        self._close_with(box)
        return accepting

    def add_close_button(self) -> None:
        """Add a row with the one button that closes."""
        box = QDialogButtonBox()
        box.addButton(tr("Close"), QDialogButtonBox.ButtonRole.RejectRole)
        box.rejected.connect(self.close)
        self._close_with(box)

    def _close_with(self, box: QDialogButtonBox) -> None:
        """Put the row of buttons at the bottom, a little apart."""
        self.body.addStretch(1)
        self.body.addSpacing(UNIT)
        self.body.addWidget(box)


def note(text: str = "") -> QLabel:
    """Return a paragraph in the colour of secondary text."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return label
