"""`lama-desktop [FILE ...]`: the window. Where no command is given, this one is meant."""

import argparse
import ctypes
import os
import sys
from pathlib import Path

from lama_desktop.errors import LamaDesktopError

XCB = "libxcb-cursor.so.0"
"""Qt ends the process where this is missing on X11, instead of saying so."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="photos, and folders of photos, to open")
    parser.add_argument("--new", action="store_true", help="a window of its own, also where one is open already")


def run(arguments: argparse.Namespace) -> int:
    """Show the window until it is closed."""
    _require_display()
    try:
        from lama_desktop.ui import app
    except ImportError as error:
        raise LamaDesktopError(
            f"The window cannot be shown: {error}. `lama-desktop doctor` tells what is missing; the other commands "
            "work without it."
        ) from error
    return app.run(arguments.files, arguments.new)


def _require_display() -> None:
    """Raise where Qt would end the process instead of raising."""
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return
    if os.environ.get("WAYLAND_DISPLAY"):
        return
    if not os.environ.get("DISPLAY"):
        raise LamaDesktopError(
            "There is no display to show the window on. `lama-desktop --help` lists what works without one."
        )
    try:
        ctypes.CDLL(XCB)
    except OSError as error:
        raise LamaDesktopError(
            f"The window needs {XCB}, which this system does not have: install it (Debian: libxcb-cursor0)."
        ) from error
