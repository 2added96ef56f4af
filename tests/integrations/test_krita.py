"""The plug-in in Krita itself, on a display that nobody sees; skips where Krita, its Python or Xvfb are missing."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lama_desktop import formats
from lama_desktop.core.photo import ColorModel, Photo
from lama_desktop.core.profiles import profile_of

INSTALL = Path(__file__).parents[2] / "packaging" / "integrations" / "install.py"
PROGRAMS = ("krita", "Xvfb", "dbus-run-session")
SECONDS, TRIES = 90, 2
"""Krita sometimes hangs at its start, before any of this runs; it takes some 15 seconds else."""

DESKTOP = """[Desktop Entry]
Type=Service
ServiceTypes=Krita/PythonPlugin
X-KDE-Library=lama_probe
Name=Probe
"""
PROBE = """
import json, os, traceback
from krita import Extension, InfoObject, Krita, Selection
from PyQt5.QtCore import QTimer
from lama_desktop_krita.lama_program import find
from lama_desktop_krita.removal import remove_selection

FOLDER = os.environ["PROBE"]

def removed(name):
    document = Krita.instance().openDocument(os.path.join(FOLDER, name))
    document.setBatchmode(True)
    Krita.instance().activeWindow().addView(document)
    selection = Selection()
    selection.select(60, 40, 50, 40, 255)
    document.setSelection(selection)
    layer = remove_selection(document, find(), "telea", lambda: True)
    document.waitForDone()
    names = [each.name() for each in document.topLevelNodes() if each.type() == "paintlayer"]
    options = InfoObject()
    options.setProperty("alpha", False)
    document.exportImage(os.path.join(FOLDER, "krita-" + name), options)
    Krita.instance().action("edit_undo").trigger()
    document.waitForDone()
    left = [each.name() for each in document.topLevelNodes() if each.type() == "paintlayer"]
    return {"layer": layer.name(), "depth": layer.colorDepth(), "names": names, "left": left}

def run():
    try:
        found = {name: removed(name) for name in ("8.png", "16.png")}
    except Exception:
        found = {"error": traceback.format_exc()}
    with open(os.path.join(FOLDER, "found.json"), "w") as file:
        json.dump(found, file)
    os._exit(0)

class Probe(Extension):
    def setup(self):
        QTimer.singleShot(3000, run)

    def createActions(self, window):
        pass

Krita.instance().addExtension(Probe(Krita.instance()))
"""


@contextlib.contextmanager
def display():
    """Yield the name of a new display."""
    here, there = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(there), "-screen", "0", "1280x800x24"], pass_fds=[there], stderr=subprocess.DEVNULL
    )
    os.close(there)
    try:
        with os.fdopen(here) as pipe:
            yield f":{pipe.readline().strip()}"
    finally:
        server.terminate()
        server.wait(10)


def photo(depth):
    y, x = np.mgrid[:150, :200]
    array = np.stack([x, y, 255 - x], axis=-1).astype(np.uint8)
    array[50:70, 70:100] = (255, 0, 0)
    if depth == 8:
        return Photo(array)
    return Photo(array.astype(np.uint16) * 257, profile=profile_of("sRGB"))


@pytest.mark.slow
def test_the_fill_is_a_layer_and_equal_to_that_of_the_command_line(tmp_path):
    lama = Path(sys.executable).parent / "lama-desktop"
    if not lama.is_file() or any(shutil.which(each) is None for each in PROGRAMS):
        pytest.skip("Krita or lama-desktop is not installed")
    if subprocess.run(["/usr/bin/python3", "-c", "import PyQt5"], check=False, capture_output=True).returncode:
        pytest.skip("Krita's Python has no PyQt5")
    scripts = tmp_path / "data" / "krita" / "pykrita"
    subprocess.run([sys.executable, str(INSTALL), "krita", str(scripts)], check=True, capture_output=True)
    (scripts / "lama_probe").mkdir()
    (scripts / "lama_probe" / "__init__.py").write_text(PROBE, encoding="utf-8")
    (scripts / "lama_probe.desktop").write_text(DESKTOP, encoding="utf-8")
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "kritarc").write_text(
        "[python]\nenable_lama_desktop_krita=true\nenable_lama_probe=true\n", encoding="utf-8"
    )
    (tmp_path / "run").mkdir(mode=0o700)
    for depth in (8, 16):
        formats.write(photo(depth), tmp_path / f"{depth}.png")
    places = {"HOME": "", "XDG_DATA_HOME": "data", "XDG_CONFIG_HOME": "config", "XDG_RUNTIME_DIR": "run", "PROBE": ""}
    # Of the tests' own environment only what every program needs: what is meant for our Qt can hang Krita's.
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    environment = kept | {name: str(tmp_path / place) for name, place in places.items()}
    for _ in range(TRIES):
        with display() as name, contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(
                ["dbus-run-session", "--", "krita", "--nosplash"],
                env=environment | {"DISPLAY": name},
                timeout=SECONDS,
                check=False,
                capture_output=True,
            )
            break
    found = json.loads((tmp_path / "found.json").read_text())
    assert "error" not in found, found
    mask = np.zeros((150, 200, 1), np.uint8)
    mask[40:80, 60:110] = 255
    formats.write(Photo(mask, model=ColorModel.GREY), tmp_path / "mask.png")
    for depth in (8, 16):
        said = found[f"{depth}.png"]
        assert said["names"] == ["Background", "Removed with LaMa Desktop"]
        assert said["left"] == ["Background"]
        assert said["depth"] == f"U{depth}"
        command = [str(lama), "inpaint", f"{depth}.png", "-m", "mask.png", "-o", "direct.png", "--model", "telea"]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
        ours, theirs = (formats.read(tmp_path / name) for name in ("direct.png", f"krita-{depth}.png"))
        assert np.array_equal(ours.pixels, theirs.pixels)
        assert not np.array_equal(ours.pixels, photo(depth).pixels)
