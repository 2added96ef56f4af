"""Question: a sentence, what there is to know, and a button for each answer."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QAbstractButton, QDialogButtonBox, QHBoxLayout, QLabel, QPushButton, QWidget

from lama_desktop.ui.controls.choices import Switch
from lama_desktop.ui.dialogs.page import Page, note
from lama_desktop.ui.text import tr
from lama_desktop.ui.theme import GAP, weighted

WIDTH = 400
Role = QDialogButtonBox.ButtonRole


class Question(Page):
    """Asks; the first answer is the one that Enter gives, Escape gives none.

    Args:
        parent: over which it appears.
        text: the question.
        detail: what else there is to know.
        always: the name of a switch, where an answer may count for ever; `is_always` is what it says.
    """

    def __init__(self, parent: QWidget | None, text: str, detail: str = "", always: str = "") -> None:
        super().__init__(parent, "LaMa Desktop")
        title = QLabel(text)
        title.setTextFormat(Qt.TextFormat.PlainText)  # there are names of files in it
        title.setWordWrap(True)
        title.setFont(weighted(self.font(), QFont.Weight.DemiBold))
        title.setMinimumWidth(WIDTH)
        self.setAccessibleName(text)
        self.body.addWidget(title)
        if detail:
            self.body.addWidget(note(detail))
        self.always = Switch()
        if always:
            self.body.addLayout(self._labelled(always))
        self._buttons = QDialogButtonBox()
        self._buttons.clicked.connect(self._answer)
        self._chosen: QAbstractButton | None = None
        self._close_with(self._buttons)

    @property
    def is_always(self) -> bool:
        """Whether the answer counts for ever."""
        return self.always.isChecked()

    @property
    def buttons(self) -> list[QAbstractButton]:
        """The answers in the platform's order, after `ask` also the one that is none."""
        return self._buttons.buttons()

    def add(self, text: str, *, danger: bool = False) -> QPushButton:
        """Add an answer.

        Args:
            text: what the button says, translated.
            danger: whether something is lost by it; Enter never gives such an answer.
        """
        first = not self._buttons.buttons()
        button = QPushButton(text)
        if danger or first:
            button.setProperty("kind", "danger" if danger else "primary")  # before it is given a style
        self._buttons.addButton(button, Role.DestructiveRole if danger else Role.AcceptRole)
        button.setAutoDefault(not danger)
        button.setDefault(first and not danger)
        return button

    def ask(self) -> QAbstractButton | None:
        """Wait for the answer; return its button, or None where there was none."""
        cancel = self._buttons.addButton(tr("Cancel"), Role.RejectRole)
        cancel.setDefault(not any(isinstance(each, QPushButton) and each.isDefault() for each in self.buttons))
        self.exec()
        return None if self._chosen is cancel else self._chosen

    def _answer(self, button: QAbstractButton) -> None:
        self._chosen = button
        self.accept()

    def _labelled(self, text: str) -> QHBoxLayout:
        row, label = QHBoxLayout(), QLabel(text)
        label.setBuddy(self.always)
        self.always.setAccessibleName(text)
        row.setSpacing(GAP)
        row.addWidget(self.always)
        row.addWidget(label, 1)
        return row
