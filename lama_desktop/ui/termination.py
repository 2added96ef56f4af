"""Termination: the system, a log-out or Ctrl+C in the terminal ends the program as its close button does."""

import contextlib
import signal
import socket
from collections.abc import Callable
from types import FrameType

from PySide6.QtCore import QObject, QSocketNotifier

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Termination(QObject):
    """Listens to signals until `restore`; made on the UI thread, which is the main one.

    Qt sleeps in the system, where Python's handlers never run, so Python is told to write each signal into a socket,
    which wakes Qt up. A second signal ends the program at once: the first may have led to a question.

    Args:
        close: asks the window to close.
    """

    def __init__(self, close: Callable[[], object]) -> None:
        super().__init__()
        self._close = close
        self._reader, self._writer = socket.socketpair()
        for each in (self._reader, self._writer):
            each.setblocking(False)
        self._notifier = QSocketNotifier(self._reader.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._wake)
        self._before = {number: signal.signal(number, self._hear) for number in SIGNALS}
        self._wakeup = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._heard = False

    def restore(self) -> None:
        """Leave signals to whoever had them before."""
        signal.set_wakeup_fd(self._wakeup)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._notifier.setEnabled(False)
        self._reader.close()
        self._writer.close()

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self._heard = True
        for each in SIGNALS:
            signal.signal(each, signal.SIG_DFL)

    def _wake(self) -> None:
        """Called by Qt; by now `_hear` has run."""
        with contextlib.suppress(OSError):
            self._reader.recv(64)
        if self._heard:
            self._heard = False
            self._close()
