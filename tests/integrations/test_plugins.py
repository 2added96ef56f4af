"""The plug-ins, installed as `install.py` does it and run with stand-ins for GIMP, Krita and darktable.

What the real programs do with them was looked at by hand; their READMEs say which of it.
"""

import importlib.util
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import hosts
import numpy as np
import pytest

from lama_desktop import formats

HERE = Path(__file__).parents[2] / "packaging" / "integrations"


def module_of(path, name):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def fresh_modules(monkeypatch):
    """Forget what a plug-in has imported."""
    before, path = set(sys.modules), list(sys.path)
    yield
    for name in set(sys.modules) - before:
        if name.startswith(("lama_", "gi", "krita")):
            del sys.modules[name]
    sys.path[:] = path


@pytest.fixture
def install(fresh_modules):
    return module_of(HERE / "install.py", "lama_install")


@pytest.fixture
def krita(install, tmp_path, monkeypatch):
    """The removal of the installed Krita plug-in."""
    install.krita(tmp_path)
    application = SimpleNamespace(addExtension=lambda extension: None)
    fake = SimpleNamespace(Krita=SimpleNamespace(instance=lambda: application))
    monkeypatch.setitem(sys.modules, "krita", fake)
    monkeypatch.setitem(sys.modules, "lama_desktop_krita.extension", SimpleNamespace(LamaDesktop=lambda parent: None))
    monkeypatch.syspath_prepend(tmp_path)
    return importlib.import_module("lama_desktop_krita.removal")


@pytest.fixture
def gimp(install, tmp_path, monkeypatch):
    """The installed GIMP plug-in."""
    for name, module in hosts.gimp_modules().items():
        monkeypatch.setitem(sys.modules, name, module)
    return module_of(install.gimp(tmp_path) / "lama_desktop_gimp.py", "lama_desktop_gimp")


def painted(calls, monkeypatch):
    """Put a program in the place of ours that paints what is masked green; return what it was given."""
    given = SimpleNamespace()

    def inpaint(program, photo, mask, output, model, tick):
        given.photo, given.mask = formats.read(photo), formats.read_mask(mask)
        result = given.photo.pixels.copy()
        result[given.mask > 127, :3] = (0, np.iinfo(result.dtype).max, 0)
        formats.write(replace(given.photo, pixels=result), output)
        assert tick()
        return {"output": str(output)}

    monkeypatch.setattr(calls, "inpaint", inpaint)
    return given


def picture(depth=8):
    array = np.random.default_rng(1).integers(0, 200, (30, 40, 4)).astype(np.uint8)
    array[..., 3] = 255
    return array if depth == 8 else array.astype(np.uint16) * 257


def clear_picture():
    array = picture()
    array[..., 3] = 128
    return array


SELECTED = np.full((6, 8), 255, np.uint8)


@pytest.mark.parametrize("depth", [8, 16])
def test_krita(krita, monkeypatch, depth):
    document = hosts.KritaDocument(picture(depth), (10, 5, SELECTED))
    given = painted(krita.program_calls, monkeypatch)
    layer = krita.remove_selection(document, "lama-desktop", "", lambda: True)
    assert np.array_equal(given.photo.pixels, picture(depth))
    assert np.array_equal(np.argwhere(given.mask)[[0, -1]], [[5, 10], [10, 17]])
    data, x, y, width, height = layer.data
    assert (x, y, width, height) == (10, 5, 8, 6)
    found = np.frombuffer(data, picture(depth).dtype).reshape(6, 8, 4)
    assert (found == np.array([0, 1, 0, 1]) * np.iinfo(found.dtype).max).all()
    assert document.root.children == [document.root.children[0], layer]
    assert (layer.space, layer.inherits_alpha) == (None, False)


def test_krita_where_the_picture_is_clear(krita, monkeypatch):
    document = hosts.KritaDocument(clear_picture(), (10, 5, SELECTED))
    background, group = document.layer, hosts.KritaNode("Group", document.root)
    document.root.children.append(group)
    document.layer = hosts.KritaNode("Inside", group)
    painted(krita.program_calls, monkeypatch)
    layer = krita.remove_selection(document, "lama-desktop", "", lambda: True)
    assert layer.inherits_alpha
    assert (np.frombuffer(layer.data[0], np.uint8) == np.tile([0, 255, 0, 255], 48)).all()
    assert document.root.children == [background, group, layer]


def test_krita_with_other_colors(krita, monkeypatch):
    document = hosts.KritaDocument(picture(), (10, 5, SELECTED), ("RGBA", "F32", "sRGB-elle-V2-g10.icc"))
    given = painted(krita.program_calls, monkeypatch)
    layer = krita.remove_selection(document, "lama-desktop", "", lambda: True)
    assert given.photo.depth == 16
    assert document.depth == "F32"
    assert layer.space == ("RGBA", "F32", "sRGB-elle-V2-g10.icc")


def test_krita_without_a_selection_or_a_change(krita, monkeypatch):
    with pytest.raises(krita.program_calls.Failed, match="Nothing is selected"):
        krita.remove_selection(hosts.KritaDocument(picture()), "lama-desktop", "", lambda: True)
    array = picture()
    array[:] = (0, 255, 0, 255)
    document = hosts.KritaDocument(array, (10, 5, SELECTED))
    painted(krita.program_calls, monkeypatch)
    assert krita.remove_selection(document, "lama-desktop", "", lambda: True) is None
    assert len(document.root.children) == 1


@pytest.mark.parametrize(("depth", "base"), [(8, "RGB"), (16, "RGB"), (8, "GRAY"), (8, "INDEXED")])
def test_gimp(gimp, monkeypatch, depth, base):
    selected = np.zeros((30, 40), np.uint8)
    selected[5:11, 10:18] = 255
    image = hosts.GimpImage(gimp.Gimp, picture(depth), selected, base)
    given = painted(gimp.program_calls, monkeypatch)
    layer = gimp.remove_selection(image, "lama-desktop", "", lambda: True)
    assert np.array_equal(given.photo.pixels, picture(depth))
    assert np.array_equal(given.mask, selected)
    assert image.layers[0] is layer
    assert (layer.offsets, layer.kind) == ((10, 5), "graya" if base == "GRAY" else "rgba")
    assert (layer.buffer.array == np.array([0, 1, 0, 1]) * np.iinfo(layer.buffer.array.dtype).max).all()
    assert (layer.mode, layer.composite) == ("legacy", "auto")
    assert image.undo == ["start", "end"]


def test_gimp_where_the_picture_is_clear(gimp, monkeypatch):
    selected = np.zeros((30, 40), np.uint8)
    selected[5:11, 10:18] = 255
    image = hosts.GimpImage(gimp.Gimp, clear_picture(), selected)
    group, inside = hosts.GimpLayer(name="Group"), hosts.GimpLayer(name="Inside")
    inside.parent = group
    image.layers.insert(0, group)
    image.active = [inside]
    painted(gimp.program_calls, monkeypatch)
    layer = gimp.remove_selection(image, "lama-desktop", "", lambda: True)
    assert (layer.mode, layer.composite) == ("normal", "clip")
    assert (layer.buffer.array == (0, 255, 0, 255)).all()
    assert layer.parent is None
    assert image.layers[:2] == [layer, group]


def test_what_is_installed(install, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(install, "find_program", lambda: "/there/lama-desktop")
    for host, names in {
        "gimp": {"lama_desktop_gimp/lama_desktop_gimp.py", "lama_desktop_gimp/lama_program.py"},
        "krita": {"lama_desktop_krita.desktop", "lama_desktop_krita/__init__.py", "lama_desktop_krita/Manual.html"},
        "darktable": {"luarc", "lua/lama_desktop/lama_desktop.lua"},
    }.items():
        folder = tmp_path / host
        assert install.main([host, str(folder)]) == install.main([host, str(folder)]) == 0
        found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
        assert names <= found
        (note,) = folder.rglob("program.txt")
        assert note.read_text() == "/there/lama-desktop\n"
    assert (tmp_path / "darktable" / "luarc").read_text().count("require") == 1
    assert (tmp_path / "gimp" / "lama_desktop_gimp" / "lama_desktop_gimp.py").stat().st_mode & 0o100
    assert "/there/lama-desktop" in capsys.readouterr().out


def test_the_newest_gimp_is_meant(install, tmp_path, monkeypatch):
    monkeypatch.setattr(install.sys, "platform", "linux")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert install.usual_folder("gimp") == tmp_path / "GIMP" / "3.0" / "plug-ins"
    for version in ("2.10", "3.0", "3.2", "3.10", "3.2.old"):
        (tmp_path / "GIMP" / version).mkdir(parents=True)
    assert install.usual_folder("gimp") == tmp_path / "GIMP" / "3.10" / "plug-ins"


LUA = r"""
package.preload.darktable = function() return false end
local pure = dofile(arg[1])
local folder = arg[2]
local function check(found, wanted)
  if found ~= wanted then error(tostring(found) .. " is not " .. tostring(wanted), 2) end
end
check(pure.without_suffix("/a.b/c.d.nef"), "/a.b/c.d")
check(pure.without_suffix("/a.b/c"), "/a.b/c")
check(pure.quoted("it's"), "'it'\\''s'")
check(pure.mask_of(folder .. "/a.nef"), folder .. "/a_mask.tif")
check(pure.mask_of(folder .. "/b.nef"), nil)
check(pure.free(folder .. "/a_mask", ".tif"), folder .. "/a_mask-2.tif")
check(pure.results_of(folder .. "/a.tif")[1], folder .. "/a-clean.png")
check(pure.error_in('{\n  "error": "It says \\"no\\" \\u00d7."\n}'), 'It says "no" ×.')
check(pure.error_in('{"output": "x"}'), nil)
check(pure.program("/x/lama", folder), "/x/lama")
check(pure.program("", folder), "/noted/lama-desktop")
local command = pure.inpaint_command("/x/la ma", "a.tif", "m.png", "o.tif", "telea", "/tmp/answer")
check(command, "'/x/la ma' 'inpaint' 'a.tif' '--mask' 'm.png' '--output' 'o.tif' '--json' "
  .. "'--model' 'telea' > '/tmp/answer'")
"""


@pytest.mark.skipif(shutil.which("lua") is None, reason="Lua is not installed")
def test_darktable(tmp_path, monkeypatch):
    monkeypatch.delenv("LAMA_DESKTOP", raising=False)
    for name in ("a_mask.tif", "a-clean.png"):
        (tmp_path / name).touch()
    (tmp_path / "program.txt").write_text("/noted/lama-desktop\n")
    (tmp_path / "test.lua").write_text(LUA, encoding="utf-8")
    script = HERE / "darktable" / "lama_desktop.lua"
    done = subprocess.run(
        ["lua", str(tmp_path / "test.lua"), str(script), str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
