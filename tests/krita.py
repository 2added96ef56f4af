"""Krita itself, on a display and in a home of its own: a judge of files, and the host of a plug-in."""

import os
import shutil
import subprocess

import pytest

NEEDED = ("krita", "Xvfb", "dbus-run-session")
FIRST_S, LATER_S = 180, 60
"""The first start in a fresh home fills its databases."""


class Krita:
    """Runs Krita; `home` is where it keeps all of its own."""

    def __init__(self, home):
        self._home, self._limit = home, FIRST_S
        reading, writing = os.pipe()
        self._server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x800x24", "-noreset"],
            pass_fds=[writing],
            stderr=subprocess.DEVNULL,
        )
        os.close(writing)
        with os.fdopen(reading) as display:
            self._display = f":{display.readline().strip()}"

    def run(self, *arguments, **variables):
        """Run it to its end; return how that was.

        Its environment is the system's, not that of the tests: Krita's Python takes the first Python on PATH for its
        own, and where that is one of a virtual environment, not a single plug-in is loaded.
        """
        places = dict.fromkeys(("HOME", "XDG_RUNTIME_DIR"), str(self._home)) | {"DISPLAY": self._display}
        done = subprocess.run(
            ["dbus-run-session", "--", "krita", "--nosplash", *map(str, arguments)],
            env={"PATH": os.defpath, "LANG": "C.UTF-8"} | places | variables,
            timeout=self._limit,
            capture_output=True,
            check=False,
        )
        self._limit = LATER_S
        return done

    def export(self, source, target):
        """Open a file and write it as another; return the other."""
        done = self.run(source, "--export", "--export-filename", target)
        assert done.returncode == 0, done.stderr[-500:]
        assert target.is_file(), "Krita asked something, or could not read the file"
        return target

    def close(self):
        self._server.terminate()
        self._server.wait(10)


def start(home):
    """Return Krita; skip where it cannot be run."""
    for name in NEEDED:
        if shutil.which(name) is None:
            pytest.skip(f"{name} is not installed")
    home.chmod(0o700)
    return Krita(home)
