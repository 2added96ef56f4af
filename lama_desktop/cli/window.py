"""`lama-desktop [FILE ...]`: the window. Where no command is given, this one is meant."""

import argparse
import ctypes
import os
import sys
from pathlib import Path

from lama_desktop.errors import LamaDesktopError

X11 = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
"""Libraries of X11 and their Debian packages. Where one is missing, Qt ends the process instead of raising."""


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
    if missing := [package for library, package in X11.items() if not _loads(library)]:
        raise LamaDesktopError(f"The window needs system libraries that are missing: install {' '.join(missing)}.")


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
