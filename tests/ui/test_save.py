"""Documents are saved with their layers, in the background, and come back; a save that fails harms nothing."""

import os
import time

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtWidgets import QFileDialog
from window import write_photo

from lama_desktop import formats
from lama_desktop.formats import atomic
from lama_desktop.formats.openraster import OpenRaster, picture
from lama_desktop.ui import edits, recent
from lama_desktop.ui.dialogs.question import Question
from lama_desktop.ui.prompts import Prompts, Unsaved

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def photo(tmp_path):
    return write_photo(tmp_path / "photo.png")


@pytest.fixture
def document(opened, photo):
    (found,) = opened(photo)
    return found


def texts(app):
    return " ".join(each.text for each in app.window.notices.shown)


def idle(app, until):
    until(lambda: not app.runner.jobs)
    app.application.processEvents()


def stroke(app, x=100):
    app.hand.drag((x, 100), (x + 40, 110))


def saved(app, document, path, until):
    app.window.prompts.target = path
    app.do("save")
    idle(app, until)
    assert document.path == path
    assert not document.modified
    return path


def full(*_):
    raise OSError(28, "No space left on device")


def test_a_photo_is_saved_beside_itself_with_its_layers_and_mask(app, document, photo, until, opened):
    stroke(app)
    edits.duplicate_layer(document)
    stroke(app)
    app.window.prompts.target = photo.with_suffix(".ora")
    app.hand.key(Qt.Key.Key_S, CTRL)
    idle(app, until)
    assert app.window.prompts.asked[-1] == ("save", photo.with_name("photo.ora"))
    assert not document.modified
    assert app.window.windowTitle().startswith("photo.ora")
    assert not app.window.isWindowModified()
    assert "photo.ora was saved" in texts(app)
    assert app.window.recent.paths[0] == photo.with_suffix(".ora")
    assert app.window.recent.thumbnail(photo.with_suffix(".ora")) is not None
    app.do("close")
    (back,) = opened(photo.with_suffix(".ora"))
    assert back is not document
    assert len(back.layers) == 2
    assert np.array_equal(back.mask.coverage, document.mask.coverage)
    assert not back.modified
    assert not app.window.notices.shown or "damaged" not in texts(app)


def test_saving_again_asks_nothing_and_encodes_only_what_changed(app, document, photo, until, monkeypatch):
    edits.duplicate_layer(document)
    path = saved(app, document, photo.with_suffix(".ora"), until)
    assert not app.window.action_set["save"].isEnabled()
    asked, count, encode = len(app.window.prompts.asked), [], picture._encoded
    monkeypatch.setattr(picture, "_encoded", lambda pixels: (count.append(1), encode(pixels))[1])
    stroke(app)
    app.do("save")
    idle(app, until)
    assert len(app.window.prompts.asked) == asked
    assert not document.modified
    assert len(count) == 3, "the merged picture, its thumbnail, the mask"
    assert formats.read(path).size == document.size


def test_what_is_drawn_while_it_is_saved_still_counts(app, document, photo, until):
    stroke(app)
    app.window.prompts.target = photo.with_suffix(".ora")
    app.do("save")
    stroke(app, 200)
    idle(app, until)
    assert document.modified
    app.do("undo")
    assert not document.modified


def test_a_save_that_fails_keeps_everything(app, document, photo, until, monkeypatch):
    path = saved(app, document, photo.with_suffix(".ora"), until)
    before = path.read_bytes()
    stroke(app)
    monkeypatch.setattr(atomic.os, "replace", full)
    app.do("save")
    idle(app, until)
    assert document.modified
    assert path.read_bytes() == before
    assert "photo.ora could not be saved: the disk is full" in texts(app)
    app.window.prompts.leave = Unsaved.SAVE
    app.do("close")
    idle(app, until)
    assert app.window.workspace.documents == (document,), "a save that failed closes nothing"
    monkeypatch.undo()
    app.do("close")
    until(lambda: app.window.workspace.documents == ())
    assert path.read_bytes() != before


def test_a_save_is_good_without_its_small_picture(app, document, photo, until, monkeypatch):
    def fail(*_):
        raise MemoryError

    monkeypatch.setattr(recent, "shrunk", fail)
    stroke(app)
    path = saved(app, document, photo.with_suffix(".ora"), until)
    assert formats.read(path).size == document.size
    assert "photo.ora was saved" in texts(app)


def test_a_save_that_is_stopped_changes_nothing(app, document, photo, until, monkeypatch):
    path = photo.with_suffix(".ora")
    slow = picture.of_colors
    monkeypatch.setattr(picture, "of_colors", lambda *rest, **how: (time.sleep(0.2), slow(*rest, **how))[1])
    edits.duplicate_layer(document)
    app.window.prompts.target = path
    app.do("save")
    until(lambda: app.runner.jobs and app.runner.jobs[0].started)
    app.runner.jobs[0].cancel()
    idle(app, until)
    assert not path.exists()
    assert document.path == photo
    assert document.modified


def test_closing_offers_to_save_and_waits_for_it(app, document, photo, until):
    stroke(app)
    app.window.prompts.leave, app.window.prompts.target = Unsaved.SAVE, None
    app.window.close()
    idle(app, until)
    assert app.window.workspace.documents == (document,), "no name, no close"
    app.window.prompts.target = photo.with_suffix(".ora")
    app.window.close()
    until(lambda: app.closed)
    assert photo.with_suffix(".ora").is_file()


def test_closing_while_a_photo_is_saved_asks_nothing(app, document, photo, until):
    stroke(app)
    app.window.prompts.target = photo.with_suffix(".ora")
    app.do("save")
    assert document.modified
    app.window.close()
    app.window.close()
    until(lambda: app.closed)
    assert not any(each[0] == "unsaved" for each in app.window.prompts.asked)
    assert formats.read(photo.with_suffix(".ora")).size == document.size


def test_closing_while_a_save_fails_asks(app, document, photo, until, monkeypatch):
    stroke(app)
    monkeypatch.setattr(atomic.os, "replace", full)
    app.window.prompts.target, app.window.prompts.leave = photo.with_suffix(".ora"), Unsaved.CANCEL
    app.do("save")
    app.do("close")
    idle(app, until)
    assert app.window.prompts.asked[-1] == ("unsaved", "photo.png")
    assert app.window.workspace.documents == (document,)


def test_save_as_moves_on_to_the_new_file(app, document, photo, tmp_path, until):
    first = saved(app, document, photo.with_suffix(".ora"), until)
    before = first.read_bytes()
    stroke(app)
    app.window.prompts.target = second = tmp_path / "second.ora"
    app.hand.key(Qt.Key.Key_S, CTRL | SHIFT)
    idle(app, until)
    assert app.window.prompts.asked[-1] == ("save", first)
    assert document.path == second
    assert first.read_bytes() == before


def test_a_file_that_is_open_in_another_tab_is_not_written_over(app, document, photo, tmp_path, until, opened):
    path = saved(app, document, photo.with_suffix(".ora"), until)
    before = path.read_bytes()
    (other,) = opened(write_photo(tmp_path / "other.png", seed=7))
    app.window.prompts.target = path
    app.do("save")
    idle(app, until)
    assert "photo.ora is open in another tab" in texts(app)
    assert other.path == tmp_path / "other.png"
    assert path.read_bytes() == before


def test_a_file_that_another_tab_is_being_saved_into_is_not_written_over(app, document, photo, tmp_path, until, opened):
    (other,) = opened(write_photo(tmp_path / "other.png", seed=7))
    app.window.prompts.target = path = tmp_path / "Untitled.ora"
    app.window.saver.save(document)
    assert not path.exists(), "nobody who asks the disk finds it there"
    app.window.saver.save(other)
    app.window.files.open([path])
    assert app.window.document is document, "it is this one's already"
    idle(app, until)
    assert len(app.window.workspace.documents) == 2
    assert "Untitled.ora is open in another tab" in texts(app)
    assert (document.path, other.path) == (path, tmp_path / "other.png")
    assert np.array_equal(formats.read(path).pixels[..., :3], formats.read(photo).pixels)
    app.window.saver.save(document)
    app.window.saver.save(document)
    idle(app, until)
    assert not app.window.saver.is_saving(document)


def test_a_file_that_another_program_has_changed_is_written_over_only_when_that_is_meant(app, document, photo, until):
    path = saved(app, document, photo.with_suffix(".ora"), until)
    os.utime(path, ns=(1, 1))
    stroke(app)
    app.window.prompts.yes = False
    app.do("save")
    idle(app, until)
    assert document.modified
    assert app.window.prompts.asked[-1] == ("confirm", "Replace")
    app.window.prompts.yes = True
    app.do("save")
    idle(app, until)
    assert not document.modified
    asked = len(app.window.prompts.asked)
    stroke(app, 150)
    app.do("save")
    idle(app, until)
    assert len(app.window.prompts.asked) == asked


def test_a_file_that_another_program_has_changed_is_asked_about_while_others_are_written(app, document, photo, until):
    path = saved(app, document, photo.with_suffix(".ora"), until)
    path.write_bytes(b"somebody else's work")
    stroke(app)
    app.window.prompts.yes, app.window.prompts.target = False, photo.with_name("out.png")
    app.do("export")
    app.do("save")
    assert app.window.prompts.asked[-1] == ("confirm", "Replace")
    idle(app, until)
    assert path.read_bytes() == b"somebody else's work"


def test_an_export_settles_the_changes_of_a_photo_and_not_of_a_document(app, document, photo, tmp_path, until):
    saved(app, document, photo.with_suffix(".ora"), until)
    stroke(app)
    app.window.prompts.target = tmp_path / "flat.png"
    app.do("export")
    idle(app, until)
    assert app.window.prompts.asked[-1] == ("save", photo.with_name("photo-clean.png"))
    assert (tmp_path / "flat.png").is_file()
    assert document.modified


def test_a_document_is_opened_by_a_drop_and_comes_as_one_layer_into_another(app, document, photo, until):
    edits.duplicate_layer(document)
    path = saved(app, document, photo.with_suffix(".ora"), until)
    app.do("close")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    app.window.workspace.dropped.emit(data, Qt.KeyboardModifier.NoModifier)
    until(lambda: len(app.window.workspace.documents) == 1)
    assert len(app.window.document.layers) == 2
    app.window.incoming.add_layers(app.window.document, [path])
    until(lambda: len(app.window.document.layers) == 3)
    assert app.window.document.layers[-1].name == "photo"


def test_a_damaged_document_is_told_and_opens_nothing(app, document, photo, until):
    path = saved(app, document, photo.with_suffix(".ora"), until)
    app.do("close")
    path.write_bytes(path.read_bytes()[:500])
    app.window.files.open([path])
    idle(app, until)
    assert app.window.workspace.documents == ()
    assert "photo.ora cannot be read" in texts(app)


def test_revert_of_a_document_brings_its_layers_back(app, document, photo, until):
    edits.duplicate_layer(document)
    saved(app, document, photo.with_suffix(".ora"), until)
    stroke(app)
    app.do("revert")
    until(lambda: app.window.document is not document)
    assert len(app.window.document.layers) == 2
    assert app.window.document.mask.is_empty


def test_the_question_where_to_save_knows_one_format(app, tmp_path, monkeypatch):
    asked, prompts = [], Prompts(None, app.settings)

    def answer(parent, title, suggested, kinds, own):
        asked.append((suggested, kinds, own))
        return str(tmp_path / "photo.v2"), own

    monkeypatch.setattr(QFileDialog, "getSaveFileName", answer)
    assert prompts.save_file("Save", tmp_path / "photo.ora", (OpenRaster(),)) == tmp_path / "photo.v2.ora"
    assert asked == [(str(tmp_path / "photo.ora"), "OpenRaster (*.ora)", "OpenRaster (*.ora)")]


@pytest.mark.parametrize(("export", "buttons"), [(True, 4), (False, 3)])
def test_the_question_about_changes_offers_what_settles_them(app, export, buttons, monkeypatch):
    seen = []

    def execute(question):
        seen.extend(question.buttons)
        assert next(each for each in seen if each.isDefault()).text() == "Save"
        question.reject()

    monkeypatch.setattr(Question, "exec", execute)
    assert Prompts(None, app.settings).unsaved("a.ora", export) is Unsaved.CANCEL
    assert len(seen) == buttons
