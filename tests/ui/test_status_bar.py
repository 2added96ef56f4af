"""The line of facts: each has its place, whatever the pointer, the work and the digits do."""

import threading
from itertools import pairwise

import pytest
from PIL import ImageCms
from PySide6.QtWidgets import QApplication
from window import noise, write_photo

from lama_desktop import formats
from lama_desktop.core.photo import Photo
from lama_desktop.engine.options import DeviceName, EngineOptions
from lama_desktop.ui.sections import RemoveOptions


@pytest.fixture
def photo(opened, tmp_path):
    return opened(write_photo(tmp_path / "photo.png"))[0]


def places(status):
    facts = (
        status.zoom,
        status.size_text,
        status.depth_text,
        status.memory,
        status.device,
        status.position,
        status.color,
    )
    return [(each.x(), each.width()) for each in facts if each.isVisible()]


def test_nothing_moves_when_work_begins_and_ends(app, photo, until):
    status = app.window.status
    status.show_device("CPU, bfloat16")
    app.hand.drag((100, 100), (140, 100))
    QApplication.processEvents()
    before = places(status)
    app.engines.gate.clear()
    app.do("remove")
    until(status.work.bar.isVisible)
    QApplication.processEvents()
    assert places(status) == before
    app.engines.gate.set()
    until(lambda: not status.work.bar.isVisible())
    assert places(status) == before


def test_cancel_stops_what_is_shown_and_escape_no_file_that_is_written(app, photo, until):
    status, gate = app.window.status, threading.Event()

    def wait(progress):
        while not gate.wait(0.002):
            progress(0.5)

    written = []
    app.window.writing.start("Saving", wait, lambda _: None, written.append)
    until(status.work.cancel.isVisible)
    app.hand.drag((100, 100), (140, 100))
    app.engines.gate.clear()
    app.do("remove")
    app.do("cancel")
    until(lambda: app.window.remover.job(photo) is None)
    app.do("cancel")
    app.do("remove")
    assert not written
    status.work.cancel.click()
    until(lambda: written == [False])
    assert app.window.remover.job(photo) is not None, "which was not what the bar has shown"
    app.engines.gate.set()
    until(lambda: len(photo.layers) == 2)


def test_nothing_moves_when_the_pointer_does(app, photo):
    status = app.window.status
    status.show_pointer((3, 4))
    before = places(status)
    for point in ((319, 199), (-20, 5), (-300, -190), None, (0, 0)):
        status.show_pointer(point)
        assert places(status) == before
    app.do("new-layer")
    assert places(status) == before


def test_nothing_beside_an_absent_pointer_is_left_empty(app, photo):
    status = app.window.status
    status.show_pointer(None)
    shown = [status.zoom, status.size_text, status.depth_text, status.memory]
    for first, second in pairwise(shown):
        assert 0 < second.x() - first.x() - first.width() <= 24
    assert status.position.x() > status.memory.x()


def test_a_long_profile_is_cut_and_told_whole(app, opened, tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source = tmp_path / "in.png"
    formats.write(Photo(noise(), profile=profile), source)
    opened(source)
    status = app.window.status
    assert status.depth_text.text().startswith("8 bit · ")
    assert status.depth_text.width() <= 240


def test_a_narrow_bar_leaves_facts_out_and_takes_them_back(app, photo):
    window, status = app.window, app.window.status
    status.show_device("CPU, bfloat16")
    window.resize(1400, 700)
    QApplication.processEvents()
    every = places(status)
    assert len(every) == 7
    window.resize(720, 700)
    QApplication.processEvents()
    few = places(status)
    assert 2 <= len(few) < 7
    assert max(x + width for x, width in few) <= window.width()
    assert status.size_text.isVisible()
    window.resize(1400, 700)
    QApplication.processEvents()
    assert places(status) == every


def test_the_device_is_told(app, photo):
    window = app.window
    app.settings.put(RemoveOptions(model="telea"))
    window.engine.show_devices(["cpu"], "cpu, bfloat16")
    assert window.status.device.text() == "CPU"
    engine = window.engine
    engine._automatic = "CPU, bfloat16"
    assert engine._device() == "CPU, bfloat16"
    app.settings.put(EngineOptions(device=DeviceName.CUDA))
    assert engine._device() == "CUDA"


def test_the_memory_tells_its_parts(app, photo):
    status = app.window.status
    app.do("flip-horizontal")
    assert status.memory.text().startswith("Memory ")
    assert "layers" in status.memory.toolTip()
    assert "history" in status.memory.toolTip()


def test_without_a_photo_only_the_device_is_left(app):
    status = app.window.status
    status.show_device("CPU")
    assert [each.text() for each in status.findChildren(type(status.device)) if each.isVisible()] == ["CPU"]
    assert not status.zoom.isVisible()


def test_what_a_photo_has_reserved_goes_with_it(app, photo):
    status = app.window.status
    status.show_device("CPU")
    app.do("batch")
    QApplication.processEvents()
    assert status.device.x() < 20
    app.window.workspace.step(1)
    assert status.device.x() > status.memory.x()
