#!/usr/bin/env python3
"""Set LaMa Desktop up in .venv and run it, or its tests, with nothing but Python 3.11 or newer.

    python3 packaging/quickstart.py          removes the sign from the sample photo
    python3 packaging/quickstart.py test     ruff, ruff format --check, mypy, pytest

Standard library only. Everything is installed into `.venv` beside this folder, in the versions of `constraints.txt`;
nothing is done again while those and `pyproject.toml` stay as they are.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
CONSTRAINTS = ROOT / "packaging" / "constraints.txt"
STAMP = VENV / "lama-desktop-setup"
OUTPUT = ROOT / "lama-desktop-output"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
OLDEST = (3, 11)

LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
}
"""What Qt loads on Linux, and the Debian package that brings it."""
DISPLAY_LIBRARIES = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
"""What it needs besides to open a window on X11."""


class SetupError(Exception):
    """Something this script cannot do alone; the text says what to do."""


def main(arguments: list[str]) -> int:
    """Set up, then run the main job or the tests; return the exit code."""
    if sys.version_info < OLDEST:
        print(f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed; this is {sys.version.split()[0]}.", file=sys.stderr)
        return 2
    if arguments not in ([], ["test"]):
        print("usage: python3 packaging/quickstart.py [test]", file=sys.stderr)
        return 2
    try:
        require_libraries()
        set_up()
    except SetupError as error:
        print(f"quickstart: {error}", file=sys.stderr)
        return 1
    return run_tests() if arguments else remove_the_sign()


def has_display() -> bool:
    """Tell whether a window could be shown."""
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def missing_packages() -> list[str]:
    """Return the Debian packages of the system libraries and modules that are not here."""
    missing = [] if importlib.util.find_spec("ensurepip") else ["python3-venv"]
    if not sys.platform.startswith("linux"):
        return missing
    needed = LIBRARIES | (DISPLAY_LIBRARIES if has_display() else {})
    for library, package in needed.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            missing.append(package)
    return missing


def require_libraries() -> None:
    """Install missing system packages as root on Debian and its kin, else say how.

    Raises:
        SetupError: something is missing, and this user or this system cannot install it.
    """
    packages = missing_packages()
    if not packages:
        return
    install = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if not shutil.which("apt-get"):
        raise SetupError(
            f"These system libraries are missing, by their Debian names: {', '.join(packages)}. "
            "Install them with the package manager of this system, then run this again."
        )
    if os.name != "posix" or os.geteuid() != 0:
        raise SetupError(f"System libraries are missing. Run this, then start again:\n  sudo {' '.join(install)}")
    print(f"Installing system libraries: {', '.join(packages)}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-qq"], install):
        if subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False).returncode != 0:
            raise SetupError(f"This failed: {' '.join(command)}")
    if still := missing_packages():
        raise SetupError(f"Still missing after the installation: {', '.join(still)}.")


def fingerprint() -> str:
    """Return what the installed state depends on."""
    state = hashlib.sha256(f"{sys.version}{VENV}".encode())
    for file in (ROOT / "pyproject.toml", CONSTRAINTS):
        state.update(file.read_bytes())
    return state.hexdigest()


def set_up() -> None:
    """Make `.venv` and install the program into it, unless that is done.

    Raises:
        SetupError: the installation failed.
    """
    if PYTHON.exists() and STAMP.exists() and STAMP.read_text() == fingerprint():
        return
    print("Setting up .venv; the first time this downloads some 400 MB, several GB where PyTorch has CUDA.", flush=True)
    STAMP.unlink(missing_ok=True)
    if not PYTHON.exists() or subprocess.run([PYTHON, "-c", ""], check=False).returncode != 0:
        venv.create(VENV, with_pip=True, clear=True)
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--quiet"]
    install = [*pip, "install", "--constraint", str(CONSTRAINTS), "--editable"]
    if subprocess.run([*install, f"{ROOT}[test]"], check=False).returncode != 0:
        raise SetupError("pip could not install the program: its message is above. Check the network and the disk.")
    if subprocess.run([*install, f"{ROOT}[imports]"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        print("Camera raw, HEIC and Photoshop files cannot be opened: pip could not install the packages for them.")
    STAMP.write_text(fingerprint())


def remove_the_sign() -> int:
    """Do the main job on the sample photo; return the exit code."""
    sample = ROOT / "resources" / "sample"
    OUTPUT.mkdir(exist_ok=True)
    result, sheet = OUTPUT / "sample-clean.jpg", OUTPUT / "before-after.jpg"
    files = [sample / "sample.jpg", "-m", sample / "sample_mask.png", "-o", result, "--sheet", sheet]
    code = subprocess.run([str(PYTHON), "-m", "lama_desktop", "inpaint", *map(str, files)], check=False).returncode
    if code == 0:
        print(f"\nThe sign is gone. Look at:\n  {result}\n  {sheet}")
        program = PYTHON.parent / "lama-desktop"
        print(f"\nThe window, where you paint the mask:\n  {program} {sample / 'sample.jpg'}")
        print(f"\nYour own photo, with a mask:\n  {program} inpaint photo.jpg -m mask.png -o clean.jpg")
    return code


def run_tests() -> int:
    """Run every check; return 0 if all passed."""
    checks: tuple[list[str], ...] = (
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy"],
        ["pytest", "-q"],
    )
    failed = []
    for check in checks:
        print(f"\n── {' '.join(check)}", flush=True)
        if subprocess.run([str(PYTHON), "-m", *check], cwd=ROOT, check=False).returncode != 0:
            failed.append(check[0])
    if failed:
        print(f"\nFailed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
