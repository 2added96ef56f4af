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
    if name == "clear.png":
        group, inside = document.createGroupLayer("Group"), document.createNode("Inside", "paintlayer")
        document.rootNode().addChildNode(group, document.topLevelNodes()[-1])
        group.addChildNode(inside, None)
        document.activeNode = lambda: inside  # setActiveNode is for what a window shows already
    selection = Selection()
    selection.select(60, 40, 50, 40, 255)
    document.setSelection(selection)
    layer = remove_selection(document, find(), "telea", lambda: True)
    document.waitForDone()
    names = [each.name() for each in document.topLevelNodes() if each.type() == "paintlayer"]
    options = InfoObject()
    options.setProperty("alpha", name == "clear.png")
    document.exportImage(os.path.join(FOLDER, "krita-" + name), options)
    Krita.instance().action("edit_undo").trigger()
    document.waitForDone()
    left = [each.name() for each in document.topLevelNodes() if each.type() == "paintlayer"]
    return {"clipped": layer.inheritAlpha(), "depth": layer.colorDepth(), "names": names, "left": left}

def run():
    try:
        found = {name: removed(name) for name in ("8.png", "16.png", "clear.png")}
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


def clear_photo():
    """A picture with all degrees of transparency under the hole."""
    alpha = np.zeros((150, 200, 1), np.uint8)
    alpha[:, 45:130] = np.linspace(-20, 275, 85).clip(0, 255).astype(np.uint8)[:, None]
    return Photo(np.concatenate([photo(8).pixels, alpha], axis=-1))


def seen(photo):
    """Colours weighted by alpha, and alpha."""
    pixels = photo.pixels.astype(float)
    return np.concatenate([pixels[..., :3] * pixels[..., 3:] / 255, pixels[..., 3:]], axis=-1)


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
    photos = {"8": photo(8), "16": photo(16), "clear": clear_photo()}
    for name, each in photos.items():
        formats.write(each, tmp_path / f"{name}.png")
    places = {"XDG_DATA_HOME": "data", "XDG_CONFIG_HOME": "config", "PROBE": ""}
    done = krita.run(**{name: str(tmp_path / place) for name, place in places.items()})
    assert (tmp_path / "found.json").is_file(), done.stderr[-500:]
    found = json.loads((tmp_path / "found.json").read_text())
    assert "error" not in found, found
    mask = np.zeros((150, 200, 1), np.uint8)
    mask[40:80, 60:110] = 255
    formats.write(Photo(mask, model=ColorModel.GREY), tmp_path / "mask.png")
    for name, each in photos.items():
        said = found[f"{name}.png"]
        assert said["names"] == ["Background", "Removed with LaMa Desktop"]
        assert said["left"] == ["Background"]
        assert said["depth"] == ("U16" if name == "16" else "U8")
        assert said["clipped"] == (name == "clear")
        command = [str(lama), "inpaint", f"{name}.png", "-m", "mask.png", "-o", "direct.png", "--model", "telea"]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
        ours, theirs = (formats.read(tmp_path / file) for file in ("direct.png", f"krita-{name}.png"))
        if name == "clear":
            assert np.abs(seen(ours) - seen(theirs)).max() <= 1
            assert np.abs(seen(ours) - seen(each)).max() > 50
        else:
            assert np.array_equal(ours.pixels, theirs.pixels)
            assert not np.array_equal(ours.pixels, each.pixels)
