"""Reports: every photo once, for programs and for people."""

import json

import lots
import pytest

from lama_desktop.batch.journal import begun
from lama_desktop.batch.outcome import Outcome
from lama_desktop.batch.plan import State
from lama_desktop.batch.planner import make_plan
from lama_desktop.batch.report import LINES, TEXT, Report


@pytest.fixture
def report(tmp_path):
    for name in ("a", "b", "c\udcff", "d"):
        lots.pair(tmp_path / "in", name)
    lots.photo(tmp_path / "in" / "bare.png")
    plan = make_plan(lots.order(tmp_path / "in", output=tmp_path / "out"))
    with begun(tmp_path / "journal", plan) as journal:
        seconds = {"read": 1.0, "fill": 2.0, "write": 3.0}
        for number, scale in ((1, 1), (2, 3)):
            done = {part: value * scale for part, value in seconds.items()}
            journal.note(Outcome(number, State.DONE, "", ("It was grey.",), done, lots.SIZE, 2_000_000, 1_000_000, "x"))
        (broken,) = (task for task in plan.tasks if task.photo.name.startswith("c"))
        journal.note(Outcome(broken.number, State.FAILED, "It is broken."))
        yield Report.of(journal)


def test_numbers(report):
    assert report.counts == {State.READY: 1, State.DONE: 2, State.FAILED: 1, State.UNMASKED: 1}
    assert report.seconds == {"read": 2.0, "fill": 4.0, "write": 6.0}
    assert not report.finished
    assert report.headline() == "1 ready, 2 done, 1 failed, 1 no mask"
    document = report.to_dict()
    assert (document["photos"], document["bytes_read"], document["bytes_written"]) == (5, 4_000_000, 2_000_000)
    assert [each["reason"] for each in document["failed"]] == ["It is broken."]


def test_a_text_for_people(report):
    text = report.text()
    assert "12.00 s for each that is done (reading 2.00, filling 4.00, writing 6.00)" in text
    assert "4.0 MB of photos became 2.0 MB" in text
    assert "a.png: It was grey." in text
    assert "It is broken." in text
    assert "    6.00  done: " in text
    assert text.isprintable() or "\udcff" not in text


def test_files_for_programs_and_for_people(report, tmp_path):
    report.write(tmp_path)
    lines = [json.loads(line) for line in (tmp_path / LINES).read_text().splitlines()]
    assert [line["number"] for line in lines] == [1, 2, 3, 4, 5]
    assert [line["state"] for line in lines] == ["done", "done", "no mask", "failed", "ready"]
    assert lines[0]["seconds"] == {"read": 1.0, "fill": 2.0, "write": 3.0}
    assert lines[0]["output"] == str(tmp_path / "out" / "a.png")
    assert (tmp_path / TEXT).read_text() == report.text()
