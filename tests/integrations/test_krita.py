"""The plug-in in Krita itself, on a display that nobody sees; skips where Krita, its Python or Xvfb are missing."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lama_desktop import formats
from lama_desktop.core.photo import ColorModel, Photo
from lama_desktop.core.profiles import profile_of

INSTALL = Path(__file__).parents[2] / "packaging" / "integrations" / "install.py"

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


def photo(depth):
    y, x = np.mgrid[:150, :200]
    array = np.stack([x, y, 255 - x], axis=-1).astype(np.uint8)
    array[50:70, 70:100] = (255, 0, 0)
    if depth == 8:
        return Photo(array)
    return Photo(array.astype(np.uint16) * 257, profile=profile_of("sRGB"))


@pytest.mark.slow
def test_the_fill_is_a_layer_and_equal_to_that_of_the_command_line(krita, tmp_path):
    lama = Path(sys.executable).parent / "lama-desktop"
    if not lama.is_file():
        pytest.skip("lama-desktop is not installed")
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
    for depth in (8, 16):
        formats.write(photo(depth), tmp_path / f"{depth}.png")
    places = {"XDG_DATA_HOME": "data", "XDG_CONFIG_HOME": "config", "PROBE": ""}
    done = krita.run(**{name: str(tmp_path / place) for name, place in places.items()})
    assert (tmp_path / "found.json").is_file(), done.stderr[-500:]
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
