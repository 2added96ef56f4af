"""Krita as a judge: its own picture of a file, exported without a window of ours."""

import os
import shutil
import subprocess

import pytest

NEEDED = ("krita", "Xvfb", "dbus-run-session")
FIRST_S, LATER_S = 180, 60
"""The first start in a fresh home fills its databases."""


class Krita:
    """Runs Krita on a display of its own, in a home of its own."""

    def __init__(self, home):
        self._home, self._limit = home, FIRST_S
        reading, writing = os.pipe()
        self._server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1024x768x24", "-noreset"],
            pass_fds=[writing],
            stderr=subprocess.DEVNULL,
        )
        os.close(writing)
        with os.fdopen(reading) as display:
            self._display = f":{display.readline().strip()}"

    def export(self, source, target):
        """Open a file and write it as another; return the other."""
        places = {"XDG_RUNTIME_DIR": str(self._home), "HOME": str(self._home), "DISPLAY": self._display}
        command = ["dbus-run-session", "--", "krita", "--nosplash", str(source), "--export", "--export-filename"]
        done = subprocess.run(
            [*command, str(target)],
            env={key: value for key, value in os.environ.items() if not key.startswith("QT_")} | places,
            timeout=self._limit,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-500:]
        assert target.is_file(), "Krita asked something, or could not read the file"
        self._limit = LATER_S
        return target

    def close(self):
        self._server.terminate()
        self._server.wait(10)


def start(folder):
    """Return Krita; skip where it cannot be run."""
    for name in NEEDED:
        if shutil.which(name) is None:
            pytest.skip(f"{name} is not installed")
    folder.chmod(0o700)
    return Krita(folder)
