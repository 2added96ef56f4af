"""Files come and go: nothing is lost unasked, a failed read or write leaves everything, drops do what was chosen."""

import gc
import time
import weakref
from pathlib import Path

import numpy as np
import pytest
from leaks import holders
from PIL import Image as PillowImage
from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, Qt, QTimer, QUrl
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest
from window import LEFT, noise, write_photo

from lama_desktop import formats
from lama_desktop.core.commands import PropertyEdit
from lama_desktop.errors import LamaDesktopError
from lama_desktop.formats import atomic
from lama_desktop.ui import edits
from lama_desktop.ui.canvas.qimage import to_array
from lama_desktop.ui.files import natural, pictures_in
from lama_desktop.ui.jobs import Job
from lama_desktop.ui.prompts import Unsaved
from lama_desktop.ui.sections import DropChoice, Editing

NONE, SHIFT, ALT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier


@pytest.fixture
def photo(tmp_path):
    return write_photo(tmp_path / "photo.png")


def stroke(app, document):
    app.hand.drag((100, 100), (140, 110))
    assert document.modified


def texts(app):
    return " ".join(each.text for each in app.window.notices.shown)


def idle(app, until):
    until(lambda: not app.runner.jobs)
    app.application.processEvents()


def test_a_file_that_cannot_be_read_leaves_everything(app, opened, photo, tmp_path, until):
    (document,) = opened(photo)
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"\x89PNG\r\n\x1a\nrubbish")
    app.window.files.open([bad, tmp_path / "none.jpg"])
    idle(app, until)
    assert app.window.workspace.documents == (document,)
    assert "bad.png cannot be read" in texts(app)
    assert "none.jpg" in texts(app)


def test_a_picture_over_the_budget_is_called_too_large(app, photo, monkeypatch, until):
    monkeypatch.setenv("LAMA_DESKTOP_MAX_MEGAPIXELS", "0.01")
    app.window.files.open([photo])
    idle(app, until)
    assert "the limit here is" in texts(app)


def test_a_file_that_is_open_comes_to_the_front(app, opened, photo, tmp_path, until):
    first, second = opened(photo, write_photo(tmp_path / "b.png"))
    app.window.files.open([photo.parent / "." / photo.name])
    idle(app, until)
    assert app.window.workspace.documents == (first, second)
    assert app.window.document is first


@pytest.mark.parametrize("tool", ["brush", "lasso"])
def test_a_file_that_arrives_waits_for_the_gesture_in_front(app, opened, photo, tmp_path, until, tool):
    (document,) = opened(photo)
    app.do(tool)
    other, canvas = write_photo(tmp_path / "b.png", seed=2), app.window.canvas
    QTest.mousePress(canvas, LEFT, NONE, app.hand.at(100, 100))
    for point in ((150, 100), (150, 140)):
        QTest.mouseMove(canvas, app.hand.at(*point))
    app.window.files.open([other])
    idle(app, until)
    app.window.files.open([other])
    idle(app, until)
    assert app.window.document is document
    assert canvas.is_busy
    QTest.mouseRelease(canvas, LEFT, NONE, app.hand.at(150, 140))
    assert not document.mask.is_empty
    until(lambda: app.window.document is not document)
    assert len(app.window.workspace.documents) == 2, "it was asked for twice, and read once"


def test_a_file_that_arrives_waits_for_a_slider_that_is_held(app, opened, photo, tmp_path, until):
    (document,) = opened(photo)
    edit = PropertyEdit("Opacity", document, document.layers[0], "opacity", 0.5).open()
    app.window.files.open([write_photo(tmp_path / "b.png", seed=2)])
    idle(app, until)
    assert app.window.document is document
    edit.commit()
    until(lambda: app.window.document is not document)
    assert document.layers[0].opacity == 0.5


def test_a_file_that_waits_for_a_photo_comes_when_that_is_closed(app, opened, photo, tmp_path, until):
    (document,) = opened(photo)
    other = write_photo(tmp_path / "b.png", seed=2)
    QTest.mousePress(app.window.canvas, LEFT, NONE, app.hand.at(100, 100))
    app.window.files.open([other])
    idle(app, until)
    app.window.files.close(document)
    until(lambda: app.window.document is not None)
    assert [each.path for each in app.window.workspace.documents] == [other]


def test_a_folder_opens_its_pictures_in_natural_order(app, tmp_path, until):
    for name in ("10.png", "9.png", "B.png", "a.png"):
        write_photo(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    app.window.files.open([tmp_path])
    idle(app, until)
    assert [each.path.name for each in app.window.workspace.documents] == ["9.png", "10.png", "a.png", "B.png"]
    assert sorted(["b10", "B9", "a"], key=natural) == ["a", "B9", "b10"]


def test_many_files_are_opened_only_when_that_is_meant(app, tmp_path, until):
    for number in range(25):
        write_photo(tmp_path / f"{number}.png", width=40, height=40)
    app.window.prompts.yes = False
    app.window.files.open([tmp_path])
    idle(app, until)
    assert app.window.workspace.documents == ()


def test_closing_with_changes_asks_and_heeds_every_answer(app, opened, photo, tmp_path, until):
    (document,) = opened(photo)
    stroke(app, document)
    window, answers = app.window, app.window.prompts
    answers.leave = Unsaved.CANCEL
    app.do("close")
    assert window.workspace.documents == (document,)
    answers.leave, answers.target = Unsaved.EXPORT, None
    app.do("close")
    idle(app, until)
    assert window.workspace.documents == (document,), "the export was cancelled, so nothing was closed"
    answers.target = tmp_path / "out.png"
    app.do("close")
    until(lambda: window.workspace.documents == ())
    assert answers.target.is_file()


def test_an_export_that_fails_keeps_the_document_and_the_old_file(app, opened, photo, tmp_path, until, monkeypatch):
    (document,) = opened(photo)
    stroke(app, document)
    target = write_photo(tmp_path / "old.png", seed=9)
    before = target.read_bytes()
    app.window.prompts.leave, app.window.prompts.target = Unsaved.EXPORT, target

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic.os, "replace", full)
    monkeypatch.setattr(atomic.Path, "replace", full)
    app.do("close")
    idle(app, until)
    monkeypatch.undo()
    assert app.window.workspace.documents == (document,)
    assert document.modified
    assert target.read_bytes() == before
    assert "No space left" in texts(app) or "full" in texts(app)


def test_what_is_drawn_while_a_file_is_written_still_counts(app, opened, photo, tmp_path, until):
    (document,) = opened(photo)
    stroke(app, document)
    app.window.prompts.target = tmp_path / "out.png"
    app.do("export")
    app.hand.drag((200, 100), (240, 110))
    idle(app, until)
    assert document.modified
    app.do("undo")
    assert not document.modified


def test_undo_and_redo_move_the_modified_mark(app, opened, photo):
    (document,) = opened(photo)
    assert not app.window.isWindowModified()
    stroke(app, document)
    app.application.processEvents()
    assert app.window.isWindowModified()
    app.do("undo")
    app.application.processEvents()
    assert not document.modified
    assert not app.window.isWindowModified()
    app.do("redo")
    assert document.modified


def test_the_window_closes_only_when_all_is_settled(app, opened, photo, tmp_path, until):
    first, _ = opened(photo, write_photo(tmp_path / "b.png"))
    app.window.workspace.show_tab(first)
    stroke(app, first)
    app.settings.forget("geometry")
    app.window.prompts.leave = Unsaved.CANCEL
    assert not app.window.close()
    assert first in app.window.workspace.documents
    assert app.settings.recall("geometry", "") == "", "a refused close remembers no layout"
    app.window.prompts.leave = Unsaved.DISCARD
    app.window.close()
    until(lambda: app.closed)
    assert app.settings.recall("geometry", "") != ""


@pytest.mark.parametrize("action", ["quit", "close-all"])
def test_a_refusal_keeps_every_photo(app, opened, photo, tmp_path, until, action):
    first, second = opened(photo, write_photo(tmp_path / "b.png"))
    for document in (first, second):
        app.window.workspace.show_tab(document)
        stroke(app, document)
    answers = iter([Unsaved.DISCARD, Unsaved.CANCEL])
    app.window.prompts.unsaved = lambda name, export=True: next(answers, Unsaved.DISCARD)
    app.do(action)
    idle(app, until)
    assert app.window.workspace.documents == (first, second)
    assert second.modified
    app.window.prompts.unsaved = lambda name, export=True: Unsaved.DISCARD
    app.do("close-all")
    assert app.window.workspace.documents == ()


def test_what_is_edited_after_its_answer_is_asked_about_again(app, opened, photo, tmp_path, until):
    first, second = opened(photo, write_photo(tmp_path / "b.png"))
    for document in (first, second):
        app.window.workspace.show_tab(document)
        stroke(app, document)
    answers, asked = iter([Unsaved.DISCARD, Unsaved.SAVE, Unsaved.CANCEL]), []
    app.window.prompts.unsaved = lambda name, export=True: (asked.append(name), next(answers, Unsaved.DISCARD))[1]
    app.window.prompts.target = tmp_path / "photo.ora"
    app.do("close-all")
    app.window.workspace.show_tab(second)
    app.hand.drag((200, 100), (240, 110))
    idle(app, until)
    assert asked == ["b.png", "photo.png", "b.png"]
    assert app.window.workspace.documents == (first, second)


def test_closing_waits_for_a_file_that_is_being_written(app, opened, photo, tmp_path, until):
    (document,) = opened(photo)
    stroke(app, document)
    app.window.prompts.target = target = tmp_path / "out.png"
    app.do("export")
    app.window.close()
    until(lambda: app.closed)
    assert np.array_equal(formats.read(target).pixels, formats.read(photo).pixels)


def test_closing_waits_for_a_mask_that_is_to_be_written(app, opened, photo, tmp_path, until):
    (document,) = opened(photo)
    stroke(app, document)
    document.history.mark_saved(document.history.state)
    app.runner.submit(Job("before it on the lane", lambda progress: time.sleep(0.2)))
    app.window.prompts.target = target = tmp_path / "mask.png"
    app.window.incoming.export_mask(document)
    app.window.close()
    until(lambda: app.closed)
    assert np.array_equal(formats.read_mask(target), document.mask.coverage)


def test_export_again_writes_the_same_file_without_a_question(app, opened, photo, tmp_path, until):
    (document,) = opened(photo)
    app.window.prompts.target = tmp_path / "out.jpg"
    app.do("export")
    idle(app, until)
    asked = len(app.window.prompts.asked)
    assert app.window.prompts.asked[-1] == ("save", photo.with_name("photo-clean.png"))
    app.do("flip-horizontal")
    app.do("export-again")
    idle(app, until)
    assert len(app.window.prompts.asked) == asked
    assert not document.modified
    result = formats.read(tmp_path / "out.jpg").pixels.astype(int)
    assert np.abs(result - document.flatten()[..., :3]).mean() < 6


def test_next_and_previous_picture_of_the_folder(app, opened, tmp_path, until):
    paths = [write_photo(tmp_path / f"{number}.png") for number in (1, 2, 10)]
    opened(paths[0])
    app.hand.key(Qt.Key.Key_PageDown)
    until(lambda: app.window.document is not None and app.window.document.path == paths[1])
    idle(app, until)
    assert len(app.window.workspace.documents) == 1
    app.hand.key(Qt.Key.Key_PageDown)
    until(lambda: app.window.document.path == paths[2])
    app.hand.key(Qt.Key.Key_PageDown)
    assert "last picture" in texts(app)
    stroke(app, app.window.document)
    app.window.prompts.leave = Unsaved.CANCEL
    app.hand.key(Qt.Key.Key_PageUp)
    idle(app, until)
    assert app.window.document.path == paths[2]


@pytest.mark.parametrize("action", ["next-file", "revert"])
def test_what_is_edited_while_its_place_is_wanted_stays(app, opened, tmp_path, until, action):
    (document,) = opened(write_photo(tmp_path / "1.png"))
    write_photo(tmp_path / "2.png")
    stroke(app, document)
    app.do(action)
    app.hand.drag((200, 100), (240, 110))
    idle(app, until)
    assert app.window.workspace.documents == (document,)
    assert len(document.history.labels) == 2
    assert "1.png was edited meanwhile" in texts(app)
    app.do(action)
    until(lambda: app.window.document is not document)
    assert len(app.window.workspace.documents) == 1


def test_a_document_stands_where_its_photo_does(app, opened, tmp_path, until):
    paths = [write_photo(tmp_path / f"{number}.png") for number in (1, 2, 3)]
    (document,) = opened(paths[0])
    app.window.prompts.target = tmp_path / "1.ora"
    app.do("save")
    until(lambda: document.path == tmp_path / "1.ora")
    idle(app, until)
    app.hand.key(Qt.Key.Key_PageDown)
    until(lambda: app.window.document.path == paths[1])
    app.hand.key(Qt.Key.Key_PageUp)
    until(lambda: app.window.document.path == paths[0])
    assert pictures_in([tmp_path]) == paths


def test_the_next_picture_of_a_folder_that_cannot_be_read_is_told(app, opened, photo, monkeypatch):
    opened(photo)
    monkeypatch.setattr(Path, "iterdir", _Locked.iterdir)
    app.hand.key(Qt.Key.Key_PageDown)
    assert "cannot be read: Permission denied" in texts(app)


def test_revert_asks_where_layers_would_go_though_the_picture_is_in_a_file(app, opened, photo, tmp_path, until):
    (document,) = opened(photo)
    app.do("flip-horizontal")
    app.window.prompts.target, app.window.prompts.yes = tmp_path / "out.png", False
    app.do("export")
    until(lambda: not document.modified)
    app.do("revert")
    idle(app, until)
    assert app.window.document is document


def test_closing_asks_where_something_is_being_removed(app, opened, photo, tmp_path, until):
    (document,) = opened(photo)
    stroke(app, document)
    app.window.prompts.target = tmp_path / "out.ora"
    app.do("save")
    until(lambda: not document.modified)
    app.engines.gate.clear()
    app.do("remove")
    app.window.prompts.yes = False
    app.do("close")
    app.window.close()
    assert app.window.workspace.documents == (document,)
    app.window.prompts.yes = True
    app.do("close")
    assert app.window.workspace.documents == ()


def test_revert_reads_the_file_again(app, opened, photo, until):
    (document,) = opened(photo)
    app.do("flip-horizontal")
    app.do("revert")
    until(lambda: app.window.document is not document)
    assert not app.window.document.modified
    assert np.array_equal(app.window.document.flatten()[..., :3], formats.read(photo).pixels)


def data_of(*paths):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def test_a_drop_asks_once_and_keys_decide_at_once(app, opened, photo, tmp_path, until):
    (document,) = opened(photo)
    window, answers = app.window, app.window.prompts
    other = write_photo(tmp_path / "other.png", width=100, height=80, seed=5)
    window.workspace.dropped.emit(data_of(other), SHIFT)
    until(lambda: len(document.layers) == 2)
    assert document.layers[1].name == "other"
    assert document.layers[1].origin == (110, 60)
    mask = tmp_path / "mask.png"
    coverage = np.zeros((200, 320), np.uint8)
    coverage[50:80, 60:100] = 255
    PillowImage.fromarray(coverage).save(mask)
    window.workspace.dropped.emit(data_of(mask), ALT)
    until(lambda: not document.mask.is_empty)
    assert np.array_equal(document.mask.coverage, coverage)
    assert not any("drop" in each for each in answers.asked)
    answers.drop = (DropChoice.OPEN, True)
    window.workspace.dropped.emit(data_of(other), NONE)
    until(lambda: len(window.workspace.documents) == 2)
    assert app.settings[Editing].drop is DropChoice.OPEN
    third = write_photo(tmp_path / "third.png")
    window.workspace.dropped.emit(data_of(third), NONE)
    until(lambda: len(window.workspace.documents) == 3)
    assert answers.asked.count(("drop", 1)) == 1


def test_a_drop_that_is_not_answered_does_nothing(app, opened, photo, tmp_path, until):
    (document,) = opened(photo)
    app.window.workspace.dropped.emit(data_of(write_photo(tmp_path / "b.png")), NONE)
    idle(app, until)
    assert app.window.workspace.documents == (document,)
    assert len(document.layers) == 1


def test_a_mask_of_another_size_is_refused_with_a_word(app, opened, photo, tmp_path, until):
    (document,) = opened(photo)
    app.window.incoming.import_mask(document, write_photo(tmp_path / "m.png", width=100))
    idle(app, until)
    assert document.mask.is_empty
    assert "must be equal" in texts(app)


def test_masks_go_out_and_come_back(app, opened, photo, tmp_path, until):
    (document,) = opened(photo)
    stroke(app, document)
    before = document.mask.coverage.copy()
    app.window.prompts.target = tmp_path / "m.png"
    app.do("mask-export")
    idle(app, until)
    app.do("mask-none")
    assert document.mask.is_empty
    app.window.prompts.files = [tmp_path / "m.png"]
    app.do("mask-import")
    idle(app, until)
    assert np.array_equal(document.mask.coverage, before)


def test_what_is_copied_is_pasted(app, opened, photo, until):
    (document,) = opened(photo)
    app.do("copy-visible")
    app.do("paste")
    assert len(document.layers) == 1, "the window need not wait for the pixels"
    idle(app, until)
    assert len(document.layers) == 2, "but who pastes waits for what is copied"
    assert np.array_equal(document.layers[1].pixels, document.layers[0].pixels)
    app.do("new-from-clipboard")
    assert len(app.window.workspace.documents) == 2
    assert app.window.document.modified, "it is in no file yet"
    assert app.window.document.path is None
    app.do("paste-mask")
    assert not app.window.document.mask.is_empty


def test_what_the_mask_covers_is_copied_as_it_was(app, opened, photo, until):
    (document,) = opened(photo)
    stroke(app, document)
    bounds, coverage = document.mask.bounds(), document.mask.coverage.copy()
    before = document.flatten(bounds)
    app.do("copy")
    app.do("mask-none")
    edits.flip(document)
    idle(app, until)
    copied = to_array(QGuiApplication.clipboard().image())
    assert np.array_equal(copied[..., 3], coverage[bounds.slices])
    assert np.array_equal(copied[..., :3], before[..., :3])


def test_what_is_pasted_lies_where_it_was(app, opened, photo, until):
    (document,) = opened(photo)
    app.hand.drag((240, 150), (280, 160))
    bounds = document.mask.bounds()
    app.do("copy-visible")
    app.do("paste")
    app.do("mask-none")
    app.do("paste-mask")
    idle(app, until)
    assert document.layers[1].rect == bounds
    assert document.mask.bounds() & bounds == document.mask.bounds()


def test_an_empty_clipboard_is_told(app, opened, photo):
    opened(photo)
    QGuiApplication.clipboard().clear()
    app.do("paste")
    assert "no picture in the clipboard" in texts(app)


def test_a_picture_from_the_clipboard_keeps_its_colour_order(app, until):
    image = QImage(4, 3, QImage.Format.Format_RGB32)
    image.fill(0xFF102030)
    QGuiApplication.clipboard().setImage(image)
    app.do("paste")
    assert app.window.document.flatten()[0, 0].tolist() == [0x10, 0x20, 0x30, 255]


def test_recent_files_can_be_forgotten(app, opened, photo, until):
    opened(photo)
    recent = app.window.recent
    assert recent.paths == [photo]
    small = recent.thumbnail(photo)
    photo.unlink()
    assert recent.paths == []
    recent.clear()
    assert not small.exists()


def test_folders_that_cannot_be_read_are_told(tmp_path):
    assert pictures_in([tmp_path / "a.png"]) == [tmp_path / "a.png"]
    assert pictures_in([tmp_path]) == []
    with pytest.raises(LamaDesktopError, match="cannot be read"):
        pictures_in([_Locked(tmp_path)])


class _Locked(type(Path())):
    """A folder that may not be looked into."""

    def iterdir(self):
        raise PermissionError(13, "Permission denied")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_an_untouched_photo_leaves_as_it_came(app, opened, tmp_path, until, dtype):
    from lama_desktop.core.photo import Photo

    source = tmp_path / "in.tif"
    formats.write(Photo(noise(dtype=dtype)), source)
    opened(source)
    app.window.prompts.target = tmp_path / "out.tif"
    app.do("export")
    idle(app, until)
    before, after = formats.read(source), formats.read(tmp_path / "out.tif")
    assert np.array_equal(before.pixels, after.pixels)
    assert before.pixels.dtype == after.pixels.dtype


def test_the_memory_of_a_closed_photo_is_given_back(app, opened, photo, tmp_path, until):
    """At once, by counting references: the collector may take minutes to look at a circle."""

    def work():
        first, second = opened(photo, write_photo(tmp_path / "b.png"))
        app.window.workspace.show_tab(first)
        stroke(app, first)
        app.do("remove")
        until(lambda: len(first.layers) == 2)
        app.do("hide-layer")
        for action in ("undo", "redo", "mask-all", "duplicate-layer", "flip-horizontal"):
            app.do(action)
        app.do("wand")
        app.hand.drag((30, 30))
        until(lambda: not app.window.canvas.is_busy)
        QTimer.singleShot(100, lambda: app.application.activeModalWidget().reject())
        app.do("mask-grow")
        app.window.prompts.target = tmp_path / "out.png"
        app.do("export")
        idle(app, until)
        app.window.navigator.show()
        for document in (second, first):
            app.window.files.close(document)
        return [weakref.ref(first), weakref.ref(second)]

    gc.collect()
    gc.disable()
    try:
        gone = work()
        idle(app, until)
        until(lambda: not app.runner.jobs)
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        kept = "\n".join(holders(each()) for each in gone if each())
    finally:
        gc.enable()
    assert not kept, kept
