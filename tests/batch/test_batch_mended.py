"""Masks that were mended for single photos are found again, by whoever looks."""

import numpy as np
from lots import HOLE, SIZE, mask, order, pair, photo, pixels

from lama_desktop.batch.journal import Journal
from lama_desktop.batch.mended import keep, with_mended
from lama_desktop.batch.plan import State
from lama_desktop.batch.planner import make_plan


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
