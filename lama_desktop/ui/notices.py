"""Notices: the one place where the window says what happened: over the photo, without a dialog, moving nothing.

Errors stay until they are closed; other words go after a while. What the engine logs as a warning is said here, too.
"""

import logging
from collections.abc import Callable
from enum import StrEnum

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from lama_desktop.errors import LamaDesktopError
from lama_desktop.ui.icons import drawing, themed_icon
from lama_desktop.ui.text import tr
from lama_desktop.ui.theme import GAP, PADDING, Theme

LINGER_MS = 8000
WIDEST = 720
MOST = 4
"""Notices at a time; the oldest that is no error goes first."""


class Tone(StrEnum):
    """How a notice looks."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "danger"


class Notices(QWidget):
    """A column of notices over the upper edge of a widget.

    Args:
        parent: over which they lie.
        theme: for their icons.
    """

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(GAP)
        parent.installEventFilter(self)
        self.hide()

    def tell(
        self, text: str, tone: Tone = Tone.INFO, offer: tuple[str, Callable[[], object]] | None = None
    ) -> "Notice":
        """Say something.

        Args:
            text: one or two sentences.
            tone: errors stay until they are closed.
            offer: what a button says and does.
        """
        for each in self.shown:
            if each.text == text:  # said again is said once
                each.close_now()
        notice = Notice(text, tone, offer, self._theme)
        notice.gone.connect(self._place)
        self._column.addWidget(notice)
        shown = self.shown
        if len(shown) > MOST:
            next((each for each in shown if each.tone is not Tone.ERROR), shown[0]).close_now()
        notice.show()
        self._place()
        return notice

    def tell_error(self, error: BaseException) -> None:
        """Say what went wrong."""
        if isinstance(error, LamaDesktopError):
            text = str(error)
        elif isinstance(error, OSError):
            text = f"{error.filename or tr('A file')}: {error.strerror or error}."
        else:
            text = tr(
                "This is a defect of LaMa Desktop ({kind}: {error}). The log says more: Help, Open log folder.",
                kind=type(error).__name__,
                error=error,
            )
        self.tell(text, Tone.ERROR)

    @property
    def shown(self) -> list["Notice"]:
        """What is being said, the oldest first."""
        return [each for each in self.findChildren(Notice) if not each.is_gone]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep the place when the parent is resized."""
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def _place(self) -> None:
        if not self.shown:
            self.hide()
            return
        parent = self.parentWidget()
        assert parent is not None
        width = min(WIDEST, parent.width() - 2 * PADDING)
        self.setGeometry((parent.width() - width) // 2, PADDING, width, self._column.totalHeightForWidth(width))
        self.show()
        self.raise_()


class Notice(QFrame):
    """One notice."""

    gone = Signal()

    def __init__(self, text: str, tone: Tone, offer: tuple[str, Callable[[], object]] | None, theme: Theme) -> None:
        super().__init__()
        self.text, self.tone, self.is_gone = text, tone, False
        self.setProperty("kind", "notice")
        self._theme, self._icon = theme, QLabel()
        label = QLabel(text)
        label.setWordWrap(True)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row = QHBoxLayout(self)
        row.setContentsMargins(PADDING, GAP, GAP, GAP)
        row.setSpacing(PADDING)
        row.addWidget(self._icon)
        row.addWidget(label, 1)
        if offer is not None:
            button = QPushButton(offer[0])
            button.clicked.connect(self.close_now)
            button.clicked.connect(lambda: offer[1]())
            row.addWidget(button)
        close = QToolButton()
        close.setIcon(themed_icon(theme, "close"))
        close.setIconSize(QSize(18, 18))
        close.setToolTip(tr("Close"))
        close.setAccessibleName(tr("Close"))
        close.clicked.connect(self.close_now)
        row.addWidget(close)
        self.setAccessibleName(text)
        theme.changed.connect(self._tint)
        self._tint()
        if tone is not Tone.ERROR and offer is None:
            QTimer.singleShot(LINGER_MS, self, self.close_now)

    def close_now(self) -> None:
        """Go."""
        if not self.is_gone:
            self.is_gone = True
            self.hide()
            self.deleteLater()
            self.gone.emit()

    def _tint(self) -> None:
        color = getattr(self._theme.tokens, {Tone.INFO: "accent"}.get(self.tone, self.tone.value))
        name = "info" if self.tone is Tone.INFO else "warning"
        self._icon.setPixmap(drawing(name, color, 20, self.devicePixelRatioF()))


class LogNotices(logging.Handler):
    """Passes warnings of a logger on to the UI thread, as texts."""

    class Voice(QObject):
        """Speaks on the thread it was made on."""

        said = Signal(str)

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.voice = self.Voice()

    def emit(self, record: logging.LogRecord) -> None:
        """Pass a record on."""
        if record.levelno == logging.WARNING:
            self.voice.said.emit(record.getMessage())
