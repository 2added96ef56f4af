"""Signals to stop, as a flag that the loop of a run looks at."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType

PATIENCE = 3.0
"""Seconds after a signal in which further ones mean the same: torchrun and a scheduler may each send one."""
STOPPING = b"\nStopping after this step. The same once more ends at once, without saving.\n"


@contextlib.contextmanager
def stop_signals(*, aloud: bool) -> Iterator[threading.Event]:
    """Turn signals to stop into a flag; a second one, some seconds later, ends the process at once.

    Args:
        aloud: whether this process says so.
    """
    stop, first = threading.Event(), 0.0

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal first
        if not stop.is_set():
            stop.set()
            first = time.monotonic()
            if aloud:  # not by print: the signal may have come in the middle of one
                with contextlib.suppress(OSError):
                    os.write(2, STOPPING)
        elif time.monotonic() > first + PATIENCE:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    hangup = getattr(signal, "SIGHUP", None)  # a terminal that is closed; nohup has it ignored
    numbers = [signal.SIGINT, signal.SIGTERM]
    if hangup is not None and signal.getsignal(hangup) is not signal.SIG_IGN:
        numbers.append(hangup)
    before = {number: signal.signal(number, ask) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
