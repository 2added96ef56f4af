"""Masks that were mended for single photos are found again, by whoever looks."""

import numpy as np
import pytest
from lots import GREY, HOLE, SIZE, fill, mask, order, pair, photo, pixels

from lama_desktop.batch.journal import Journal, begun, resumed
from lama_desktop.batch.mended import keep, with_mended
from lama_desktop.batch.plan import State
from lama_desktop.batch.planner import make_plan
from lama_desktop.batch.report import Report
from lama_desktop.batch.work import Work
from lama_desktop.errors import FileFormatError
from lama_desktop.progress import Progress


def test_a_mask_is_kept_with_the_journal_and_found_again_by_its_photo(tmp_path):
    there = pair(tmp_path / "in", "a")
    plan = make_plan(order(tmp_path / "in", output=tmp_path / "out"))
    coverage = np.zeros(SIZE[::-1], np.uint8)
    coverage[5:10, 5:10] = 255
    task = keep(plan.order.journal, plan, plan.tasks[0], coverage)
    (place,) = task.masks
    assert np.array_equal(pixels(place), coverage)
    assert pixels(there.with_name("a_mask.png"))[HOLE].all()
    pair(tmp_path / "in", "_before")
    later = with_mended(make_plan(plan.order), plan.order.journal)
    assert {each.photo.name: each.masks for each in later.tasks}["a.png"] == (place,)
    again = keep(plan.order.journal, later, later.tasks[1], coverage[::-1].copy())
    assert again.masks == (place,), "mended once more it takes the place of the first"


def test_a_photo_without_a_mask_becomes_ready(tmp_path):
    photo(tmp_path / "in" / "sub" / "a.png")
    plan = make_plan(order(tmp_path / "in", output=tmp_path / "out"))
    task = keep(plan.order.journal, plan, plan.tasks[0], np.full(SIZE[::-1], 255, np.uint8))
    assert task.state is State.READY
    assert task.output == tmp_path / "out" / "sub" / "a.png"


def test_with_a_result_per_mask_each_is_mended_by_itself(tmp_path):
    pair(tmp_path / "in", "a")
    mask(tmp_path / "in" / "a_mask001.png")
    plan = make_plan(order(tmp_path / "in", output=tmp_path / "out", per_mask=True))
    task = keep(plan.order.journal, plan, plan.tasks[1], np.full(SIZE[::-1], 255, np.uint8))
    later = with_mended(make_plan(plan.order), plan.order.journal)
    assert later.tasks[0] == plan.tasks[0]
    assert later.tasks[1] == task


def test_where_no_mask_can_be_kept_that_is_said(tmp_path):
    pair(tmp_path / "in", "a")
    plan = make_plan(order(tmp_path / "in", output=tmp_path / "out"))
    (tmp_path / "out").touch()
    with pytest.raises(FileFormatError, match="cannot be made"):
        keep(plan.order.journal, plan, plan.tasks[0], np.full(SIZE[::-1], 255, np.uint8))


def test_without_any_a_plan_is_itself(tmp_path):
    pair(tmp_path, "a")
    plan = make_plan(order(tmp_path))
    assert with_mended(plan, plan.order.journal) is plan


def test_a_run_that_is_taken_up_has_what_was_mended_after_its_plan_was_written(tmp_path):
    pair(tmp_path / "in", "a")
    pair(tmp_path / "in", "b")
    plan = make_plan(order(tmp_path / "in", output=tmp_path / "out"))
    Journal.create(plan.order.journal, plan)
    task = keep(plan.order.journal, plan, plan.tasks[1], np.full(SIZE[::-1], 255, np.uint8))
    assert Journal.load(plan.order.journal).plan.tasks == (plan.tasks[0], task)


def test_mended_after_it_was_done_a_photo_is_left_to_do_whenever_the_program_ends(tmp_path):
    pair(tmp_path / "in", "a")
    plan = make_plan(order(tmp_path / "in", output=tmp_path / "out"))
    folder = plan.order.journal
    with begun(folder, plan) as journal:
        Work(journal, fill).do(plan.tasks[0], Progress())
    for value in (255, 254):  # the second one takes the place of the first
        coverage = np.zeros(SIZE[::-1], np.uint8)
        coverage[value - 254 :, 0] = value
        keep(folder, plan, Journal.load(folder).plan.tasks[0], coverage)  # and the program is killed
        with resumed(folder) as journal:
            assert Report.of(journal).counts == {State.READY: 1}
            (task,) = journal.left()
            assert Work(journal, fill).do(task, Progress()).state is State.DONE
            assert journal.left() == []
        assert (pixels(tmp_path / "out" / "a.png")[value - 254 :, 0] == GREY).all()
    with resumed(folder) as journal:
        assert journal.left() == []


def test_mended_and_killed_between_the_result_and_its_note_a_photo_is_done_with_that_mask(tmp_path, monkeypatch):
    pair(tmp_path / "in", "a")
    plan = make_plan(order(tmp_path / "in", output=tmp_path / "out"))
    folder = plan.order.journal
    keep(folder, plan, plan.tasks[0], np.full(SIZE[::-1], 255, np.uint8))
    plan = with_mended(plan, folder)
    with begun(folder, plan) as journal:
        monkeypatch.setattr(journal, "note", lambda outcome: None)
        Work(journal, fill).do(plan.tasks[0], Progress())
    with resumed(folder) as journal:
        assert journal.left() == []
    (tmp_path / "out" / "a.png").unlink()
    with begun(folder, plan) as journal:
        monkeypatch.setattr(journal, "note", lambda outcome: None)
        Work(journal, fill).do(plan.tasks[0], Progress())
    keep(folder, plan, plan.tasks[0], np.full(SIZE[::-1], 254, np.uint8))
    with resumed(folder) as journal:
        assert [task.number for task in journal.left()] == [1]


def test_what_failed_with_a_mended_mask_is_tried_again_only_when_that_is_asked_for(tmp_path):
    pair(tmp_path / "in", "a").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    plan = make_plan(order(tmp_path / "in", output=tmp_path / "out"))
    keep(plan.order.journal, plan, plan.tasks[0], np.full(SIZE[::-1], 255, np.uint8))
    with begun(plan.order.journal, with_mended(plan, plan.order.journal)) as journal:
        Work(journal, fill).do(journal.plan.tasks[0], Progress())
    with resumed(plan.order.journal) as journal:
        assert journal.left() == []
        assert len(journal.left(retry_failed=True)) == 1
