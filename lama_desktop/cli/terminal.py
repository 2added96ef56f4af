"""What the commands share: a progress line on the terminal, Ctrl+C, and one JSON document."""

import json
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from lama_desktop.progress import Progress

WIDTH = 24
INTERVAL = 0.1


@contextmanager
def progress_line(title: str, quiet: bool = False) -> Iterator[Progress]:
    """Yield a Progress that draws one line on a terminal's standard error, and that Ctrl+C cancels.

    Nothing is drawn when standard error is not a terminal. Before the first progress, and the second time, Ctrl+C
    interrupts at once.
    """
    draws = sys.stderr.isatty() and not quiet
    last, started = 0.0, False

    def report(fraction: float, text: str) -> None:
        nonlocal last, started
        started = started or fraction > 0
        now = time.monotonic()
        if draws and (now - last > INTERVAL or fraction >= 1):
            last = now
            done = round(fraction * WIDTH)
            print(
                f"\r{title} {'━' * done}{'╌' * (WIDTH - done)} {fraction:4.0%}  {text}\x1b[K", end="", file=sys.stderr
            )

    progress = Progress(report)

    def stop(number: int, frame: FrameType | None) -> None:
        if progress.cancelled or not started:
            raise KeyboardInterrupt
        progress.cancel()

    main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, stop) if main else None
    try:
        yield progress
    finally:
        if before is not None:
            signal.signal(signal.SIGINT, before)
        if draws:
            print("\r\x1b[K", end="", file=sys.stderr)


def print_json(document: dict[str, Any]) -> None:
    """Print the one JSON document of a command."""
    print(json.dumps(document, indent=2))
