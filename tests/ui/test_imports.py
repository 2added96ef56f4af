"""Photos of telephones and cameras, Photoshop documents and files of several pages come into the window."""

import sys
from pathlib import Path

import numpy as np
import pytest

from lama_desktop import formats
from lama_desktop.core.group import Group
from lama_desktop.ui.prompts import Prompts

sys.path.insert(0, str(Path(__file__).parents[1] / "formats"))

from foreign import dng_bytes, heic_bytes
from pictures import smooth
from test_formats_pages import page, tiff_structure

BIG = (320, 240)


def texts(app):
    return " ".join(each.text for each in app.window.notices.shown)


def wait(app, until):
    until(lambda: not app.runner.jobs)
    app.application.processEvents()


def test_photos_of_telephones_and_cameras(app, opened, tmp_path):
    heif = pytest.importorskip("pillow_heif")
    pytest.importorskip("rawpy")
    (tmp_path / "a.heic").write_bytes(heic_bytes(heif, smooth(size=BIG)))
    (tmp_path / "b.dng").write_bytes(dng_bytes(BIG))
    phone, camera = opened(tmp_path / "a.heic", tmp_path / "b.dng")
    assert (phone.facts.depth, camera.facts.depth) == (8, 16)
    assert "developed plainly" in texts(app)


def test_layers_of_photoshop(app, opened, tmp_path):
    psd_tools = pytest.importorskip("psd_tools")
    psd = psd_tools.PSDImage.new("RGB", BIG)
    psd.create_pixel_layer_from_array(smooth(size=BIG), "below", 0, 0)
    psd.create_group(name="group").append(psd.create_pixel_layer_from_array(smooth(), "above", 10, 20))
    psd.save(tmp_path / "a.psd")
    (document,) = opened(tmp_path / "a.psd")
    assert [each.name for each in document.stack.nodes] == ["below", "above", "group"]
    assert isinstance(document.stack.nodes[2], Group)
    assert not document.modified


def test_pages_become_layers(app, opened, tmp_path):
    pages = [page(smooth(size=BIG)), page(np.dstack([smooth(), smooth()[..., :1]]), "sticker", (30, 40))]
    (tmp_path / "a.tif").write_bytes(tiff_structure(pages))
    (document,) = opened(tmp_path / "a.tif")
    assert [each.name for each in document.layers] == ["Page 1", "sticker"]
    assert "each became a layer" in texts(app)


@pytest.mark.parametrize(("name", "package"), [("a.heic", "pillow_heif"), ("a.dng", "rawpy"), ("a.psd", "psd_tools")])
def test_what_is_missing_is_a_notice(app, tmp_path, monkeypatch, until, name, package):
    data = {"a.heic": b"\0\0\0\x18ftypheic" + bytes(60), "a.dng": dng_bytes(), "a.psd": b"8BPS\0\1" + bytes(60)}[name]
    (tmp_path / name).write_bytes(data)
    monkeypatch.setitem(sys.modules, package, None)
    app.window.files.open([tmp_path / name])
    wait(app, until)
    assert "pip install" in texts(app)
    assert not app.window.workspace.documents


def test_the_dialog_offers_them(app):
    every, *kinds = Prompts(app.window, app.settings)._filters()
    for each in formats.FOREIGN:
        assert f"*{each.suffixes[0]}" in every
        assert any(kind.startswith(each.title) for kind in kinds)
