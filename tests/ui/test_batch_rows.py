"""The table of a batch: groups, order, search, what follows a run; thousands of rows at once."""

import statistics
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QPersistentModelIndex, Qt

from lama_desktop.batch.order import Order
from lama_desktop.batch.outcome import Outcome
from lama_desktop.batch.plan import Plan, State, Task
from lama_desktop.ui.batch.rows import COLUMNS, Column, Group, Rows

STATES = {1: State.READY, 2: State.UNMASKED, 3: State.READY, 4: State.UNCLEAR, 5: State.EXISTS, 6: State.READY}


def plan(count=6, **more) -> Plan:
    tasks = tuple(
        Task(
            number,
            Path(f"/in/sub {number % 3}/photo{number}.jpg"),
            (Path(f"/in/photo{number}_mask.png"),),
            Path(f"/out/sub {number % 3}/photo{number}.jpg"),
            STATES.get(number, State.READY),
        )
        for number in range(1, count + 1)
    )
    return Plan(Order((Path("/in"),), Path("/out"), "telea"), tasks, **more)


@pytest.fixture
def rows(application):
    made = Rows()
    made.show_plan(plan(), {})
    return made


def shown(rows) -> list[str]:
    return [rows.data(rows.index(at, 0)) for at in range(rows.rowCount())]


def test_every_state_is_in_the_group_in_which_it_is_looked_for(rows):
    assert rows.counts() == {Group.ALL: 6, Group.TO_DO: 3, Group.DONE: 0, Group.FAILED: 1, Group.SKIPPED: 2}
    rows.choose(Group.SKIPPED, "")
    assert shown(rows) == ["photo2.jpg", "photo5.jpg"]
    rows.choose(Group.ALL, "sub 1")
    assert shown(rows) == ["photo1.jpg", "photo4.jpg"]
    rows.choose(Group.FAILED, "photo5")
    assert shown(rows) == []


def test_masks_without_a_photo_are_told_at_the_end(rows):
    rows.show_plan(plan(masks_alone=(Path("/in/x_mask.png"),)), {})
    assert shown(rows)[-1] == "x_mask.png"
    assert rows.counts()[Group.SKIPPED] == 3
    last = rows.rows[-1]
    assert (last.state_text, last.details) == ("No photo", "x_mask.png belongs to no photo.")
    assert last.output is None


def test_columns_sort_in_both_ways_and_the_plan_s_order_comes_back(rows):
    rows.show_plan(plan(12), {3: Outcome(3, State.DONE, seconds={"fill": 9.0})})
    rows.sort(COLUMNS.index(Column.PHOTO), Qt.SortOrder.DescendingOrder)
    assert shown(rows)[0] == "photo11.jpg", "folders first, and 11 after 2"
    rows.sort(COLUMNS.index(Column.DETAILS), Qt.SortOrder.AscendingOrder)
    assert shown(rows)[0] == "photo3.jpg", "the slowest first"
    rows.sort(-1)
    assert shown(rows) == [f"photo{number}.jpg" for number in range(1, 13)]


def test_a_row_that_is_done_leaves_what_is_to_do_and_the_selection_stays(rows, until):
    rows.choose(Group.TO_DO, "")
    assert shown(rows) == ["photo1.jpg", "photo3.jpg", "photo6.jpg"]
    kept = QPersistentModelIndex(rows.index(2, 0))
    changed = []
    rows.dataChanged.connect(lambda first, last: changed.append(first.row()))
    rows.begin(1)
    assert rows.rows[0].state_text == "At work"
    rows.take(Outcome(1, State.DONE, seconds={"read": 0.25, "fill": 1.0}))
    assert changed == [0, 0]
    until(lambda: shown(rows) == ["photo3.jpg", "photo6.jpg"])
    assert kept.row() == 1
    assert rows.rows[0].details == "1.2 s"


def test_a_reason_and_what_had_to_be_said_are_shown_in_full_as_a_tooltip(rows):
    rows.take(Outcome(3, State.FAILED, "It is broken.", notes=("It was CMYK.",)))
    index = rows.index(2, COLUMNS.index(Column.DETAILS))
    assert rows.data(index) == "It is broken. · It was CMYK."
    assert rows.data(index, Qt.ItemDataRole.ToolTipRole) == "It is broken.\nIt was CMYK."
    assert rows.data(index, Qt.ItemDataRole.AccessibleTextRole) == rows.data(index)


def test_a_revised_task_is_to_be_done_and_the_end_leaves_nothing_at_work(rows):
    rows.take(Outcome(3, State.FAILED, "It is broken."))
    rows.begin(1)
    task = rows.rows[2].task
    rows.revise(task)
    assert rows.rows[2].group is Group.TO_DO
    rows.end()
    assert not any(row.at_work for row in rows.rows)


def test_places_are_told_from_what_was_asked_for_on(rows, tmp_path):
    inside = tmp_path / "Holiday"
    (inside / "sub").mkdir(parents=True)
    found = Plan(Order((inside,), tmp_path / "clean", "telea"), ())
    rows.show_plan(found, {})
    assert rows.folder(inside / "sub" / "a.jpg") == str(Path("Holiday", "sub"))
    assert rows.folder(tmp_path / "clean" / "a.jpg") == "clean"
    assert rows.folder(Path("/elsewhere/a.jpg")) == str(Path("/elsewhere"))


def test_twenty_thousand_rows_are_fluid(rows):
    rows.show_plan(plan(20_000), {})
    rows.choose(Group.TO_DO, "")
    seconds = []
    for number in range(10_000, 10_050):
        start = time.perf_counter()
        rows.begin(number)
        rows.take(Outcome(number, State.DONE))
        seconds.append(time.perf_counter() - start)
    assert statistics.median(seconds) < 0.002
    start = time.perf_counter()
    rows.sort(0, Qt.SortOrder.DescendingOrder)
    rows.choose(Group.ALL, "photo77")
    assert time.perf_counter() - start < 5
