"""The batch in the window, driven: dropped, planned, run, stopped, gone on with, mended, beside a person's own work."""

import shutil
import threading
from dataclasses import replace

import numpy as np
import pytest
from batch_photos import HOLE, broken, drop, mask, pair, pixels
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from window import write_photo

from lama_desktop.batch.journal import Journal, begun
from lama_desktop.batch.plan import State
from lama_desktop.batch.report import LINES, TEXT
from lama_desktop.engine.options import Preset
from lama_desktop.ui.batch.mend_bar import MendBar
from lama_desktop.ui.batch.rows import Group
from lama_desktop.ui.batch.session import Phase
from lama_desktop.ui.sections import Editing, FolderChoice

PHOTOS = 6


@pytest.fixture
def folder(tmp_path):
    """Return a folder of photos with masks, in two sub-folders."""
    for number in range(PHOTOS):
        pair(tmp_path / "Holiday" / f"day {number % 2}", f"photo{number}", number)
    return tmp_path / "Holiday"


class Gate:
    """Lets fills through one by one, or all of them."""

    def __init__(self):
        self._places, self._open = threading.Semaphore(0), True

    def wait(self, seconds):
        return self._open or self._places.acquire(timeout=seconds)

    def let(self, count):
        for _ in range(count):
            self._places.release()

    def set(self):
        self._open = True

    def clear(self):
        self._open = False


@pytest.fixture
def batch(app, until):
    """The batch of the window, and what a person does with it."""
    app.engines.gate = Gate()
    return Hand(app, until)


class Hand:
    """Works with the batch page."""

    def __init__(self, app, until):
        self.app, self.window, self.until = app, app.window, until
        self.desk, self.session = app.window.batch, app.window.batch.session

    @property
    def page(self):
        return self.desk.page

    def planned(self):
        self.until(lambda: self.session.phase is Phase.PLANNED)
        self.window.action_set.refresh()

    def drop(self, *paths):
        """Open the page and drop something on it."""
        self.app.do("batch")
        drop(self.window.workspace, *paths)
        self.planned()

    def into(self, output):
        """Choose the folder of the results, as by the field."""
        self.page.settings.output.show_choice("folder", output)
        self.page.settings.output.picked.emit("folder", output)
        self.planned()

    def run(self):
        """Press Start, Pause or Go on."""
        self.window.action_set.refresh()
        QTest.mouseClick(self.page.run, Qt.MouseButton.LeftButton)

    def ended(self):
        self.until(lambda: not self.session.is_active)
        self.window.action_set.refresh()

    def states(self):
        return {row.path.name: row.state for row in self.session.rows.rows}

    def choose(self, name):
        """Select a row by its photo."""
        rows = self.session.rows
        at = next(i for i in range(rows.rowCount()) if rows.data(rows.index(i, 0)) == name)
        self.page.table.choose_row(at)
        self.window.action_set.refresh()
        return rows.index(at, 0)

    def done(self):
        return self.session.rows.counts()[Group.DONE]


def times(folder):
    """Return when each result was written."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*.png") if path.parent.name != "masks"}


def results(folder):
    return sorted(path.name for path in times(folder))


def test_a_dropped_folder_is_planned_and_filled_and_nothing_of_it_changes(app, batch, folder, tmp_path):
    before = {path: path.read_bytes() for path in folder.rglob("*.png")}
    batch.drop(folder)
    assert batch.page.target.isHidden() or not batch.page.target.isVisible()
    assert batch.session.rows.counts()[Group.TO_DO] == PHOTOS
    assert not (tmp_path / "clean").exists(), "a plan writes nothing"
    batch.into(tmp_path / "clean")
    batch.run()
    assert batch.session.phase is Phase.RUNNING
    assert not batch.page.settings.isEnabled()
    batch.ended()
    assert batch.session.phase is Phase.FINISHED
    assert batch.done() == PHOTOS
    assert results(tmp_path / "clean") == [f"photo{number}.png" for number in range(PHOTOS)]
    for number in range(PHOTOS):
        name = f"day {number % 2}/photo{number}.png"
        changed = (pixels(tmp_path / "clean" / name) != pixels(folder / name)).any(axis=2)
        assert changed[HOLE].any()
        assert not changed[:30].any()
    assert before == {path: path.read_bytes() for path in folder.rglob("*.png")}
    journal = tmp_path / "clean" / "lama-desktop-batch"
    assert (journal / LINES).read_text().count("\n") == PHOTOS
    assert "6 done" in (journal / TEXT).read_text()
    assert batch.window.workspace.tabs.tabText(0) == "Batch"


def test_stopped_it_is_gone_on_with_by_another_window_and_each_photo_is_done_once(app, batch, folder, tmp_path, until):
    batch.drop(folder)
    batch.into(tmp_path / "clean")
    app.engines.gate.clear()
    batch.run()
    until(lambda: any(row.at_work for row in batch.session.rows.rows))
    assert batch.window.workspace.tabs.tabText(0).startswith("Batch ·")
    app.engines.gate.let(2)
    until(lambda: batch.done() == 2)
    batch.page.stop.click()
    batch.ended()
    done = batch.done()
    assert batch.session.phase is Phase.STOPPED
    assert done == 2
    assert len(results(tmp_path / "clean")) == done, "nothing is half-written"
    written = times(tmp_path / "clean")
    # As after the program was closed: another session knows of it only from the disk.
    batch.session.change(batch.session.order.__class__((), None, ""))
    assert batch.session.phase is Phase.EMPTY
    batch.session.look_back()
    until(lambda: batch.session.stopped is not None)
    assert batch.session.stopped.left == PHOTOS - done
    assert not batch.page.banner.isHidden()
    batch.page.banner.button.click()
    until(lambda: batch.session.phase is Phase.STOPPED)
    assert batch.done() == done
    app.engines.gate.set()
    batch.run()
    batch.ended()
    assert batch.session.phase is Phase.FINISHED
    assert batch.done() == PHOTOS
    assert times(tmp_path / "clean").items() >= written.items(), "what was done is not done again"


def test_paused_nothing_is_begun_until_it_goes_on(app, batch, folder, tmp_path, until):
    batch.drop(folder)
    batch.into(tmp_path / "clean")
    app.engines.gate.clear()
    batch.run()
    until(lambda: any(row.at_work for row in batch.session.rows.rows))
    batch.run()
    assert batch.session.phase is Phase.PAUSED
    app.engines.gate.set()
    until(lambda: not any(row.at_work for row in batch.session.rows.rows))
    held = batch.done()
    assert held < PHOTOS
    app.window.action_set.refresh()
    assert batch.page.run.text() == "Go on"
    batch.run()
    batch.ended()
    assert batch.done() == PHOTOS


def test_what_fails_is_told_and_tried_again(app, batch, folder, tmp_path, until):
    bad = broken(folder / "day 0", "bad")
    mask(folder / "day 0" / "alone_mask.png")
    pair(folder, "unmasked", masked=False)
    batch.drop(folder)
    batch.into(tmp_path / "clean")
    batch.run()
    batch.ended()
    states = batch.states()
    assert states["bad.jpg"] is State.FAILED
    assert states["unmasked.png"] is State.UNMASKED
    assert states["alone_mask.png"] is None
    assert batch.done() == PHOTOS, "a bad file stops nothing"
    batch.page.groups.value = Group.FAILED
    batch.page.groups.changed.emit(Group.FAILED)
    assert batch.session.rows.rowCount() == 1
    assert "cannot be read" in batch.session.rows.data(batch.session.rows.index(0, 4))
    pair(tmp_path, "good")
    bad.write_bytes((tmp_path / "good.png").read_bytes())
    assert batch.page.retry.isEnabled()
    batch.page.retry.click()
    batch.ended()
    assert batch.states()["bad.jpg"] is State.DONE
    assert batch.session.rows.counts()[Group.FAILED] == 0
    assert batch.done() == PHOTOS + 1


def test_a_person_s_own_removal_goes_first(app, batch, opened, folder, tmp_path, until):
    """Edits and removes in another tab while the batch runs, with another model in turn."""
    batch.drop(folder)
    batch.into(tmp_path / "clean")
    app.engines.gate.clear()
    batch.run()
    until(lambda: any(row.at_work for row in batch.session.rows.rows))
    until(lambda: len(app.engines.asked) > 1)  # the first photo of the batch is at the engine
    opened(write_photo(tmp_path / "own.png"))
    document = app.window.document
    app.hand.drag((60, 60), (90, 70))
    assert not document.mask.is_empty
    app.hand.key(Qt.Key.Key_Return)
    assert app.window.remover.job(document) is not None
    until(lambda: app.window.remover.job(document).started is not None)
    assert batch.done() == 0, "it did not wait for a photo of the batch"
    app.engines.gate.let(1)
    until(lambda: len(document.layers) == 2)
    assert batch.done() == 0
    app.engines.gate.set()
    app.hand.drag((20, 20), (30, 30))
    app.do("undo")
    app.do("batch")
    batch.ended()
    assert batch.done() == PHOTOS
    assert len(document.layers) == 2


def test_a_result_opens_beside_its_original(app, batch, folder, tmp_path, until):
    batch.drop(folder)
    batch.into(tmp_path / "clean")
    batch.run()
    batch.ended()
    index = batch.choose("photo3.png")
    table = batch.page.table
    table.setFocus()
    QTest.keyClick(table, Qt.Key.Key_Return)
    until(lambda: app.window.document is not None)
    document = app.window.document
    assert document.path == tmp_path / "clean" / "day 1" / "photo3.png"
    assert np.array_equal(document.flatten()[..., :3], pixels(document.path))
    assert np.array_equal(document.flatten_original()[..., :3], pixels(folder / "day 1" / "photo3.png"))
    until(lambda: app.window.canvas.split is not None)
    assert app.window.workspace.tabs.tabText(1) == "photo3.png – result"
    assert not document.modified
    app.do("batch")
    until(lambda: table.viewport().width() > 700)  # the panels have made room
    place = table.visualRect(index).center()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    until(lambda: app.window.document is not None)
    assert len(app.window.workspace.documents) == 1, "it is open once"
    (document,) = app.window.workspace.documents
    app.window.batch._compare(batch.session.rows.rows[index.row()])
    app.window.workspace.show_tab(document)
    app.do("flip-horizontal")
    until(lambda: not app.runner.jobs)
    app.application.processEvents()
    assert app.window.document is document, "what was changed since it was asked for is not read again"


def test_a_mask_is_mended_in_a_tab_and_that_one_photo_done_again(app, batch, folder, tmp_path, until):
    batch.drop(folder)
    batch.into(tmp_path / "clean")
    batch.run()
    batch.ended()
    others = times(tmp_path / "clean")
    batch.choose("photo2.png")
    app.do("batch-mend")
    until(lambda: app.window.document is not None)
    document = app.window.document
    assert document.mask.coverage[HOLE].all()
    assert not document.modified
    app.hand.drag((120, 90), (140, 100))
    app.do("batch-redo")
    until(lambda: not app.runner.jobs)
    batch.ended()
    assert not document.modified, "the mask is kept"
    result = tmp_path / "clean" / "day 0" / "photo2.png"
    photo = folder / "day 0" / "photo2.png"
    changed = (pixels(result) != pixels(photo)).any(axis=2)
    assert changed[88:104, 118:142].any()
    again = {
        path: path.stat().st_mtime_ns for path in (tmp_path / "clean").rglob("*.png") if path.parent.name != "masks"
    }
    assert [path for path, time in again.items() if time != others[path]] == [result]
    assert pixels(folder / "day 0" / "photo2_mask.png")[HOLE].all(), "the mask of the batch is as it was"
    task = next(each for each in Journal.load(batch.session.journal).plan.tasks if each.photo == photo)
    assert task.masks[0].parent.name == "masks"
    assert any("photo2.png was filled" in notice.text for notice in app.window.notices.shown)


def test_a_photo_without_a_mask_gets_one_and_joins_the_plan(app, batch, folder, tmp_path, until):
    pair(folder, "unmasked", masked=False)
    batch.drop(folder)
    batch.into(tmp_path / "clean")
    batch.choose("unmasked.png")
    app.do("batch-mend")
    until(lambda: app.window.document is not None)
    app.do("batch-redo")
    assert any("mask is empty" in notice.text for notice in app.window.notices.shown)
    app.hand.drag((60, 60), (90, 70))
    app.do("batch-redo")
    until(lambda: batch.states()["unmasked.png"] is State.READY)
    assert batch.session.phase is Phase.PLANNED
    app.do("batch")
    batch.run()
    batch.ended()
    assert batch.done() == PHOTOS + 1
    assert (tmp_path / "clean" / "unmasked.png").is_file()


def test_a_photo_is_done_again_while_the_others_are_being_done(app, batch, folder, tmp_path, until):
    batch.drop(folder)
    batch.into(tmp_path / "clean")
    app.engines.gate.clear()
    batch.run()
    until(lambda: sum(row.at_work for row in batch.session.rows.rows) == 3)
    batch.choose("photo5.png")
    app.do("batch-redo")
    app.engines.gate.set()
    batch.ended()
    assert batch.done() == PHOTOS


def test_stopped_before_it_is_done_again_a_photo_is_left_to_do(app, batch, folder, tmp_path, until):
    batch.drop(folder)
    batch.into(tmp_path / "clean")
    batch.run()
    batch.ended()
    app.engines.gate.clear()
    batch.choose("photo2.png")
    app.do("batch-redo")
    until(lambda: any(row.at_work for row in batch.session.rows.rows))
    batch.page.stop.click()
    batch.ended()
    assert batch.session.phase is Phase.STOPPED
    assert batch.done() == PHOTOS - 1
    batch.session.take_up(batch.session.journal)
    until(lambda: batch.session.phase is Phase.STOPPED)
    assert batch.done() == PHOTOS - 1
    app.engines.gate.set()
    batch.run()
    batch.ended()
    assert batch.session.phase is Phase.FINISHED
    assert batch.done() == PHOTOS


def test_a_new_run_in_the_place_of_a_stopped_one_is_asked_for(app, batch, folder, tmp_path, until):
    batch.drop(folder)
    batch.into(tmp_path / "clean")
    app.engines.gate.clear()
    batch.run()
    until(lambda: any(row.at_work for row in batch.session.rows.rows))
    app.engines.gate.let(1)
    until(lambda: batch.done() == 1)
    batch.page.stop.click()
    batch.ended()
    app.engines.gate.set()
    done = batch.done()
    form = batch.page.settings.filling
    form.values = form.values.__class__(preset=Preset.DRAFT)
    form.changed.emit(form.values)
    batch.planned()
    assert batch.session.stopped is not None
    assert batch.session.rows.counts()[Group.SKIPPED] == done, "what is there is not done again"
    app.window.prompts.yes = False
    batch.run()
    assert batch.session.phase is Phase.PLANNED
    app.window.prompts.yes = True
    batch.run()
    batch.ended()
    assert ("confirm", "Begin anew") in app.window.prompts.asked
    assert batch.done() == PHOTOS - done


def test_folders_on_the_window_are_asked_about_once(app, batch, folder, tmp_path, until):
    window = app.window
    window.prompts.drop_folders = (FolderChoice.BATCH, True)
    drop(window.workspace, folder)
    until(lambda: batch.session.phase is Phase.PLANNED)
    assert batch.desk.is_in_front
    assert app.settings[Editing].drop_folders is FolderChoice.BATCH
    assert window.prompts.asked == [("folders", 1)]
    window.workspace.close_front()
    assert not batch.desk.is_in_front
    other = pair(tmp_path / "more", "other").parent
    drop(window.workspace, other)
    until(lambda: batch.session.phase is Phase.PLANNED)
    assert window.prompts.asked == [("folders", 1)], "the answer is remembered"
    assert len(batch.session.order.inputs) == 2


def test_closing_with_a_run_on_asks_and_stops_it(app, batch, folder, tmp_path, until):
    batch.drop(folder)
    batch.into(tmp_path / "clean")
    app.engines.gate.clear()
    batch.run()
    until(lambda: any(row.at_work for row in batch.session.rows.rows))
    app.window.prompts.yes = False
    assert not app.window.close()
    assert batch.session.phase is Phase.RUNNING
    app.window.prompts.yes = True
    assert not app.window.close()
    until(lambda: app.closed)
    assert not results(tmp_path / "clean")


def test_a_model_that_cannot_be_loaded_ends_the_run_at_once(app, batch, folder, tmp_path, until, monkeypatch):
    from lama_desktop.errors import ModelError

    def fail(name, options):
        raise ModelError("The file of the model is damaged.")

    batch.drop(folder)
    batch.into(tmp_path / "clean")
    monkeypatch.setattr(app.engines, "engine", fail)
    batch.run()
    batch.ended()
    assert batch.session.phase is Phase.STOPPED
    assert any("damaged" in notice.text for notice in app.window.notices.shown)
    assert set(batch.states().values()) == {State.READY}


def test_what_cannot_be_planned_is_said_on_the_page(app, batch, folder, tmp_path, until):
    empty = tmp_path / "empty"
    empty.mkdir()
    batch.drop(empty)
    assert "no picture" in batch.page.banner.text.text()
    app.window.action_set.refresh()
    assert not batch.page.run.isEnabled()
    batch.page.settings.inputs.list.selectAll()
    QTest.keyClick(batch.page.settings.inputs.list, Qt.Key.Key_Delete)
    assert batch.session.phase is Phase.EMPTY
    assert batch.page.banner.isHidden()


def test_only_the_lane_of_the_engine_fills(app, batch, folder, tmp_path, until, monkeypatch):
    threads, real = set(), app.engines.engine

    def engine(name, options):
        threads.add(threading.get_ident())
        return real(name, options)

    monkeypatch.setattr(app.engines, "engine", engine)
    batch.drop(folder)
    batch.into(tmp_path / "clean")
    batch.run()
    batch.ended()
    assert len(threads) == 1
    assert threading.get_ident() not in threads


def test_everything_is_reached_by_the_keyboard_and_has_a_name(app, batch, folder, until):
    batch.drop(folder)
    until(lambda: batch.page.table.viewport().width() > 700)
    first = batch.page.add_folder
    first.setFocus()
    reached = []
    while (now := app.application.focusWidget()) not in reached:
        reached.append(now)
        QTest.keyClick(now, Qt.Key.Key_Tab)
    page = batch.page
    wanted = (page.add_photos, page.run, page.search, page.table, page.settings.inputs.list, page.settings.model)
    assert all(each in reached for each in wanted)
    for each in reached:
        assert each.accessibleName() or each.text(), each


def test_shortcuts_are_told_by_the_buttons(app, batch, folder, until):
    control, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(app.window, Qt.Key.Key_B, control | shift)
    until(lambda: batch.desk.is_in_front)
    drop(app.window.workspace, folder)
    batch.planned()
    assert "(F5)" in batch.page.run.toolTip()
    app.engines.gate.clear()
    QTest.keyClick(batch.page.table, Qt.Key.Key_F5)
    assert batch.session.phase is Phase.RUNNING
    until(lambda: any(row.at_work for row in batch.session.rows.rows))
    QTest.keyClick(batch.page.table, Qt.Key.Key_Escape)
    batch.ended()
    assert batch.session.phase is Phase.STOPPED


def test_a_journal_that_another_program_holds_leaves_the_plan_as_it_is(app, batch, folder, tmp_path, until):
    batch.drop(folder)
    batch.into(tmp_path / "clean")
    with begun(batch.session.journal, batch.session.plan):
        batch.run()
        batch.ended()
        assert batch.session.phase is Phase.PLANNED
        assert any("Another program" in notice.text for notice in app.window.notices.shown)
    batch.run()
    batch.ended()
    assert batch.done() == PHOTOS


def test_planned_again_what_has_come_is_seen(app, batch, folder, tmp_path, until):
    batch.drop(folder)
    batch.into(tmp_path / "clean")
    batch.run()
    batch.ended()
    pair(folder, "more")
    batch.page.again.click()
    batch.planned()
    counts = batch.session.rows.counts()
    assert (counts[Group.TO_DO], counts[Group.SKIPPED]) == (1, PHOTOS)


def test_a_tab_in_which_a_mask_is_mended_outlives_a_new_plan(app, batch, folder, tmp_path, until):
    batch.drop(folder)
    batch.into(tmp_path / "clean")
    batch.choose("photo3.png")
    app.do("batch-mend")
    until(lambda: app.window.document is not None)
    assert app.window.workspace.tabs.tabText(1) == "photo3.png – mask"
    assert app.window.canvas.findChild(MendBar).isVisible()
    app.hand.drag((60, 60), (90, 70))
    pair(folder / "day 0", "a first one")  # every number after it is another one
    app.do("batch")
    app.do("batch-plan")
    batch.planned()
    app.window.workspace.step(1)
    until(app.window.action_set["batch-redo"].isEnabled)
    app.window.canvas.findChild(MendBar).button.click()
    until(lambda: any("mask is kept" in notice.text for notice in app.window.notices.shown))
    given = [row.path.name for row in batch.session.rows.rows if row.task.masks[0].parent.name == "masks"]
    assert given == ["photo3.png"]
    app.do("batch")
    app.do("batch-plan")
    batch.planned()
    given = [row.path.name for row in batch.session.rows.rows if row.task.masks[0].parent.name == "masks"]
    assert given == ["photo3.png"], "a later plan finds it"
    app.window.workspace.step(1)
    app.window.workspace.close_front()
    assert app.window.document is None


def test_a_plan_in_the_making_ends_with_its_order(batch, folder, until):
    pair(folder, "one")
    batch.drop(folder)
    order = batch.session.order
    batch.session.plan_again()
    batch.session.change(replace(order, inputs=()))
    until(lambda: not batch.window.runner.jobs)
    assert batch.session.phase is Phase.EMPTY
    assert batch.session.plan is None


def test_a_defect_while_planning_is_told_and_ends_it(app, batch, folder, until):
    pair(folder, "one")
    batch.drop(folder)

    def broken(progress):
        raise RuntimeError("broken")

    batch.session._look("Looking", broken, batch.session._take_planned)
    until(lambda: batch.session.phase is Phase.EMPTY)
    assert any("broken" in notice.text for notice in app.window.notices.shown)


def test_the_headline_tells_what_failed(batch, folder, tmp_path):
    pair(folder, "one")
    (folder / "bad.png").write_bytes(b"no picture")
    shutil.copy(folder / "one_mask.png", folder / "bad_mask.png")
    batch.drop(folder)
    batch.into(tmp_path / "clean")
    batch.run()
    batch.ended()
    assert batch.page.headline.text() == f"Finished: {batch.done()} done, 1 failed"
