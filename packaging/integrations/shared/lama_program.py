"""Calling `lama-desktop inpaint` from another program's plug-in: where it is, what it says, how it is stopped.

Nothing but the standard library, Python 3.8 or newer: a plug-in runs in the Python that its program brings. The command
line is the contract (README, "The command line"): exit codes, and one JSON document on standard output with `--json`.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

VARIABLE = "LAMA_DESKTOP"
NOTE = "program.txt"
"""Beside this file, written by `install.py`: where the program was when the plug-in was installed."""
INTERVAL = 0.1
_PATIENCE = 5.0
_WINDOWS = sys.platform == "win32"


class Failed(Exception):
    """The program could not do it; the text is a sentence for a message box."""


class Stopped(Exception):
    """The person stopped it; there is nothing to say."""


def find(chosen: str = "") -> str:
    """Return the path of the program: as chosen, by the variable LAMA_DESKTOP, on PATH, or as installed.

    Raises:
        Failed: it is nowhere.
    """
    note = Path(__file__).with_name(NOTE)
    noted = note.read_text(encoding="utf-8").strip() if note.is_file() else ""
    if chosen and shutil.which(chosen) is None:
        raise Failed(f"There is no program {chosen}. Choose where lama-desktop is in the settings of the plug-in.")
    for each in (chosen, os.environ.get(VARIABLE, ""), "lama-desktop", noted):
        if each and (found := shutil.which(each)):
            return found
    raise Failed(
        f"The program lama-desktop was not found. Set {VARIABLE} to its path, or choose it in the plug-in's settings."
    )


def models(program: str) -> list[str]:
    """Return the ids of the models that can fill, the best first; empty where the program does not tell."""
    try:
        done = subprocess.run(
            [program, "models", "list", "--json"], stdout=subprocess.PIPE, check=True, timeout=60, **_quietly()
        )
        found = json.loads(done.stdout)["models"]
        return [each["id"] for each in found if each["installed"]]
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError):
        return []


def inpaint(
    program: str,
    photo: Path,
    mask: Path,
    output: Path,
    model: str = "",
    tick: Callable[[], bool] | None = None,
) -> dict[str, Any]:
    """Fill what a mask covers.

    Args:
        program: as `find` returns it.
        photo, mask: pictures of the same size; white is removed.
        output: the result; its suffix is its format.
        model: id of a model; empty for the best that is installed.
        tick: called ten times a second; what returns False stops the program.

    Returns:
        The JSON document of the program.

    Raises:
        Failed: it did not work; says why.
        Stopped: `tick` said so.
    """
    command = [program, "inpaint", str(photo), "--mask", str(mask), "--output", str(output), "--json"]
    command += ["--model", model] if model else []
    try:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **_quietly())
    except OSError as error:
        raise Failed(f"{program} could not be started ({error.strerror}).") from error
    while True:
        try:
            said, _ = process.communicate(timeout=INTERVAL)
            break
        except subprocess.TimeoutExpired:
            if tick is not None and not tick():
                _stop(process)
                raise Stopped from None
    return _understood(process.returncode, said)


def _understood(code: int, said: bytes) -> dict[str, Any]:
    """Return the document of a program that has ended, or raise what it means."""
    try:
        document = json.loads(said or b"{}")
    except ValueError:
        document = {}
    if code == 0 and "output" in document:
        return dict(document)
    if code in (130, -signal.SIGINT):
        raise Stopped
    sentence = document.get("error") or f"lama-desktop ended with code {code} and said nothing."
    if code == 4:
        sentence += " Install one with: lama-desktop models download big-lama"
    raise Failed(sentence)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Stop the program as Ctrl+C does, which leaves no half-written file; kill it where it does not listen."""
    if _WINDOWS:
        process.terminate()
    else:
        process.send_signal(signal.SIGINT)
    end = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < end:
        time.sleep(INTERVAL / 2)
    if process.poll() is None:
        process.kill()
    process.communicate()


def _quietly() -> dict[str, Any]:
    """Return arguments that keep console windows closed on Windows, and the host's own Python out of ours."""
    # Packages of GIMP and Krita set these for what they bring along; our Python would load their libraries and fail.
    leave = ["PYTHONHOME", "PYTHONPATH", "QT_PLUGIN_PATH", "GI_TYPELIB_PATH"]
    leave += ["LD_LIBRARY_PATH", "LD_PRELOAD"] if "APPIMAGE" in os.environ else []
    environment = {name: value for name, value in os.environ.items() if name not in leave}
    given: dict[str, Any] = {"env": environment, "stdin": subprocess.DEVNULL}
    if _WINDOWS:
        given["creationflags"] = 0x08000000  # CREATE_NO_WINDOW, which other systems' Python does not name
    return given
