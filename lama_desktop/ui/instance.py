"""Instance: the first window of a user takes the files of every later start of the program.

A local socket whose name belongs to the user's settings folder; one JSON list of absolute paths per connection.
"""

import hashlib
import json
import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QLockFile, QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from lama_desktop.paths import APP

logger = logging.getLogger(__name__)

TIMEOUT_MS = 1000
ANSWER_MS = 8000
"""A window that takes files already may still be on its way to the screen."""
MOST_BYTES = 1 << 20
DONE = b"ok"


class Instance(QObject):
    """Either sends files to the window that is there, or listens for those of others.

    Args:
        folder: of the settings; windows with other settings do not know of each other.

    Signals:
        received: another start of the program hands over a list of paths, which may be empty.
    """

    received = Signal(object)

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._name = f"{APP}-{hashlib.sha256(str(folder.absolute()).encode()).hexdigest()[:16]}"
        self._server: QLocalServer | None = None

    def hand_over(self, paths: Sequence[Path]) -> bool:
        """Hand paths to the window that is open, or else take those of later starts; tell whether they were taken.

        Starts at the same moment do so one after the other: of several, one opens a window.
        """
        lock = QLockFile(str(Path(tempfile.gettempdir()) / f"{self._name}.lock"))
        lock.tryLock(ANSWER_MS)  # and if that cannot be, there are two windows
        taken = self._connected() is not None or not self.listen()
        lock.unlock()
        return taken and self.send(paths)

    def send(self, paths: Sequence[Path]) -> bool:
        """Hand paths to the window that is open; tell whether there is one that took them."""
        socket = self._connected()
        if socket is None:
            return False
        socket.write(json.dumps([str(path.absolute()) for path in paths]).encode() + b"\n")
        socket.flush()
        answered = socket.waitForReadyRead(ANSWER_MS) and bytes(socket.readAll().data()) == DONE
        socket.disconnectFromServer()
        return answered

    def listen(self) -> bool:
        """Take the files of later starts from now on; tell whether that is possible, and nobody does so already."""
        if self._connected() is not None:
            return False
        server = QLocalServer(self)
        server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        server.newConnection.connect(self._accept)
        if not server.listen(self._name):
            # Nobody answered, so what is in the way is left over from a program that was killed.
            QLocalServer.removeServer(self._name)
            if not server.listen(self._name):
                logger.warning("Later starts open windows of their own: %s", server.errorString())
                return False
        self._server = server
        return True

    def close(self) -> None:
        """Take nothing any more."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def _connected(self) -> QLocalSocket | None:
        """Return a connection to the window that takes files; None where there is none."""
        socket = QLocalSocket()
        socket.connectToServer(self._name)
        return socket if socket.waitForConnected(TIMEOUT_MS) else None

    def _accept(self) -> None:
        assert self._server is not None
        while (socket := self._server.nextPendingConnection()) is not None:
            # It belongs to the server and goes with it: there is one for each later start, and they are small.
            socket.readyRead.connect(lambda socket=socket: self._read(socket))

    def _read(self, socket: QLocalSocket) -> None:
        if not socket.canReadLine():
            if socket.bytesAvailable() > MOST_BYTES:
                socket.abort()
            return
        try:
            names = json.loads(bytes(socket.readLine().data()))
            if not isinstance(names, list):
                raise ValueError("it is no list")
            paths = [Path(name) for name in names if isinstance(name, str)]
        except (ValueError, RecursionError):
            socket.abort()
            return
        socket.write(DONE)
        socket.flush()
        self.received.emit(paths)
