"""Notices: the one place where the window says what happened: over the photo, without a dialog, moving nothing.

Words go after a while. Errors and offers are folded away then, into one small line that brings them back: none is
missed, and none is in the way. What is said about a photo is seen with that photo only, and goes with it. What the
engine logs as a warning is said here, too.
"""

import logging
from collections.abc import Callable
from enum import Enum, StrEnum, auto

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QMouseEvent, QRegion
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from lama_desktop.errors import LamaDesktopError
from lama_desktop.ui.icons import drawing, themed_icon
from lama_desktop.ui.text import tr
from lama_desktop.ui.theme import GAP, PADDING, Theme

LINGER_MS, LINGER_LONG_MS = 8000, 20_000
"""How long words are seen, and those that nobody should miss; both begin again while the pointer is there."""
REST_MS = 700
"""For so long the place of a notice that was closed is kept: one click too many paints nothing, and closes nothing."""
WIDEST = 720
MOST = 3
"""Notices that are seen at a time."""

Offer = tuple[str, Callable[[], object]]


class Tone(StrEnum):
    """How a notice looks."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "danger"


class State(Enum):
    """What has become of a notice."""

    SEEN = auto()
    FOLDED = auto()
    RESTING = auto()
    """Closed by a click; its place is kept for a moment."""
    GONE = auto()


class Notices(QWidget):
    """A column of notices over the upper edge of a widget, on top of whatever that shows.

    Args:
        over: the widget they lie over. Its parent becomes theirs, so that none of its pages can cover them.
        theme: for their icons.
    """

    def __init__(self, over: QWidget, theme: Theme) -> None:
        super().__init__(over.parentWidget())
        self._over, self._theme = over, theme
        self._in_front: object = None
        self._notices: list[Notice] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(GAP)
        self._fold = Line(Tone.WARNING, "", tr("Show"), theme)
        self._fold.accepted.connect(self.unfold)
        self._fold.closed.connect(self._close_folded)
        self._column.addWidget(self._fold, 0, Qt.AlignmentFlag.AlignHCenter)
        over.installEventFilter(self)
        self._place()

    def tell(self, text: str, tone: Tone = Tone.INFO, offer: Offer | None = None, about: object = None) -> "Notice":
        """Say something.

        Args:
            text: one or two sentences.
            tone: errors are folded away after a while, other words go.
            offer: what a button says and does; what has one is folded away like an error.
            about: the document in question: it is seen while that one is in front; None is seen over all of them.
        """
        for each in self.shown:
            if each.text == text and each.about is about:  # said again is said once
                each.go()
        notice = Notice(text, tone, offer, about, self._theme)
        notice.changed.connect(self._place)
        self._notices.append(notice)
        self._column.insertWidget(self._column.count() - 1, notice)
        for old in self._relevant(State.SEEN)[:-MOST]:
            old.leave()
        self._place()
        return notice

    def tell_error(self, error: BaseException, about: object = None) -> None:
        """Say what went wrong; `about` as in `tell`."""
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
        self.tell(text, Tone.ERROR, about=about)

    @property
    def shown(self) -> list["Notice"]:
        """What has been said and is not over, the oldest first; what is folded away or about another photo, too."""
        return [each for each in self._notices if each.state in (State.SEEN, State.FOLDED)]

    def show_document(self, document: object) -> None:
        """Show what is about the document in front, and no other."""
        self._in_front = document
        self._place()

    def forget(self, document: object) -> None:
        """Let go of what was said about a document that was closed."""
        for each in self.shown:
            if each.about is document:
                each.go()

    def unfold(self) -> None:
        """Show for a while what was folded away."""
        for each in self._relevant(State.FOLDED):
            each.linger()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take a click on the place of a notice that has just been closed."""
        event.accept()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep the place when what lies below has another."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Move):
            self._place()
        return False

    def _relevant(self, state: State) -> list["Notice"]:
        """Return the notices in a state that are not about another photo."""
        return [each for each in self._notices if each.state is state and each.about in (None, self._in_front)]

    def _close_folded(self) -> None:
        for each in self._relevant(State.FOLDED):
            each.go()

    def _place(self) -> None:
        """Show what is to be seen, and lie over that and nothing else."""
        self._notices = [each for each in self._notices if each.state is not State.GONE]
        seen, resting = self._relevant(State.SEEN), self._relevant(State.RESTING)
        for each in self._notices:
            each.setVisible(each in seen)
        folded = self._relevant(State.FOLDED)
        count = len(folded)
        self._fold.tone = max((each.tone for each in folded), key=list(Tone).index, default=Tone.INFO)
        self._fold.text = tr("1 message") if count == 1 else tr("{count} messages", count=count)
        self._fold.setVisible(count > 0)
        area = self._over.geometry()
        width = min(WIDEST, area.width() - 2 * PADDING)
        self._column.invalidate()
        wraps = self._column.hasHeightForWidth()
        height = self._column.totalHeightForWidth(width) if wraps else self._column.totalSizeHint().height()
        self.setGeometry(area.x() + (area.width() - width) // 2, area.y() + PADDING, width, height)
        self._column.activate()
        covered = QRegion()
        for line in (*seen, *resting, *([self._fold] if count else [])):
            covered = covered.united(line.geometry())
        self.setMask(covered)
        self.setVisible(not covered.isEmpty())
        self.raise_()


class Line(QFrame):
    """An icon, words, perhaps a button, and one to close it.

    Signals:
        accepted: the button was clicked.
        closed: the other one was.
    """

    accepted, closed = Signal(), Signal()

    def __init__(self, tone: Tone, text: str, button: str, theme: Theme) -> None:
        super().__init__()
        self._tone = tone
        self.setProperty("kind", "notice")
        self._theme, self._icon, self._words = theme, QLabel(), QLabel()
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        row = QHBoxLayout(self)
        row.setContentsMargins(PADDING, GAP, GAP, GAP)
        row.setSpacing(PADDING)
        row.addWidget(self._icon)
        row.addWidget(self._words, 1)
        if button:
            offered = QPushButton(button)
            offered.clicked.connect(self.accepted)
            row.addWidget(offered)
        close = QToolButton()
        close.setIcon(themed_icon(theme, "close"))
        close.setIconSize(QSize(18, 18))
        close.setToolTip(tr("Close"))
        close.setAccessibleName(tr("Close"))
        close.clicked.connect(self.closed)
        row.addWidget(close)
        self.text = text
        theme.changed.connect(self._tint)
        self._tint()

    @property
    def tone(self) -> Tone:
        """What the icon says."""
        return self._tone

    @tone.setter
    def tone(self, tone: Tone) -> None:
        """Say it in another tone."""
        self._tone = tone
        self._tint()

    @property
    def text(self) -> str:
        """The words."""
        return self._words.text()

    @text.setter
    def text(self, text: str) -> None:
        """Say something else."""
        self._words.setText(text)
        self.setAccessibleName(text)

    def _tint(self) -> None:
        color = getattr(self._theme.tokens, {Tone.INFO: "accent"}.get(self.tone, self.tone.value))
        name = "info" if self.tone is Tone.INFO else "warning"
        self._icon.setPixmap(drawing(name, color, 20, self.devicePixelRatioF()))


class Notice(Line):
    """One notice; see `Notices.tell`.

    Signals:
        changed: it has another state.
    """

    changed = Signal()

    def __init__(self, text: str, tone: Tone, offer: Offer | None, about: object, theme: Theme) -> None:
        super().__init__(tone, text, "" if offer is None else offer[0], theme)
        self.about, self.state = about, State.SEEN
        self._stays = tone is Tone.ERROR or offer is not None
        self._words.setWordWrap(True)
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._end)
        self.closed.connect(self._rest)
        if offer is not None:
            self.accepted.connect(self.go)
            self.accepted.connect(lambda: offer[1]())
        self.linger()

    def linger(self) -> None:
        """Be seen, for a while."""
        self._timer.start(LINGER_LONG_MS if self._stays else LINGER_MS)
        self._become(State.SEEN)

    def leave(self) -> None:
        """Be seen no more: folded away where nobody should miss it, else gone."""
        if self._stays:
            self._timer.stop()
            self._become(State.FOLDED)
        else:
            self.go()

    def go(self) -> None:
        """Be over."""
        if self.state is not State.GONE:
            self.hide()
            self.deleteLater()
            self._become(State.GONE)

    def _rest(self) -> None:
        """Be closed, and keep the place for a moment."""
        policy = self.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.setSizePolicy(policy)
        self._timer.start(REST_MS)
        self._become(State.RESTING)

    def _end(self) -> None:
        """Do what is due; what is being read stays."""
        if self.state is State.RESTING:
            self.go()
        elif self.underMouse():
            self.linger()
        else:
            self.leave()

    def _become(self, state: State) -> None:
        if state is not self.state:
            self.state = state
            self.changed.emit()


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
