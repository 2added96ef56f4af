"""Message: what became of the last work on the models page: good news, or an error with its details folded."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget

from lama_desktop.errors import DownloadError
from lama_desktop.ui.dialogs.page import note
from lama_desktop.ui.icons import themed_icon
from lama_desktop.ui.text import tr
from lama_desktop.ui.theme import UNIT, Theme


class Message(QWidget):
    """What became of the last work: a line, and of an error the rest where somebody wants to know more.

    Args:
        theme: for the arrow.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.line, self.details, self.more = note(), note(), QToolButton()
        self.more.setText(tr("Details"))
        self.more.setCheckable(True)
        self.more.setProperty("kind", "fold")
        self.more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.more.toggled.connect(self._unfold)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT)
        for widget in (self.line, self.more, self.details):
            column.addWidget(widget)
        self.show_text("")

    def text(self) -> str:
        """Return the line."""
        return self.line.text()

    def show_text(self, text: str) -> None:
        """Show a line of good news."""
        self._show(text, "", "secondary")

    def show_error(self, error: Exception) -> None:
        """Show the first sentence of an error; where there are more, they are folded."""
        first, stop, rest = str(error).partition(". ")
        if isinstance(error, DownloadError) and rest:
            hint = tr("Try again later, or fetch the file elsewhere and take “{button}”.", button=tr("Import a file…"))
            self._show(f"{first}. {hint}", rest, "danger")
        else:
            self._show(first + stop.strip(), rest, "danger")

    def _show(self, line: str, details: str, kind: str) -> None:
        self.line.setText(line)
        self.line.setProperty("kind", kind)
        self.line.style().polish(self.line)
        self.details.setText(details)
        self.more.setVisible(bool(details))
        self.more.setChecked(False)
        self._unfold(False)

    def _unfold(self, open: bool) -> None:
        self.details.setVisible(open)
        icon = "chevron-down" if open else "chevron-right"
        self.more.setIcon(themed_icon(self._theme, icon, checked="text"))
