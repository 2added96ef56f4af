"""The journal: what is written stays, what was cut off does not count, and nothing is done twice."""

import hashlib
import json
from dataclasses import replace

import lots
import pytest

from lama_desktop.batch.journal import Journal, begun, joined, resumed
from lama_desktop.batch.order import PLAN
from lama_desktop.batch.outcome import Outcome
from lama_desktop.batch.plan import State
from lama_desktop.batch.planner import make_plan
from lama_desktop.errors import FileFormatError, LamaDesktopError, SettingsError


@pytest.fixture
def plan(tmp_path):
    for name in "abc":
        lots.pair(tmp_path / "in", name)
    lots.photo(tmp_path / "in" / "az.png")
    return make_plan(lots.order(tmp_path / "in", output=tmp_path / "out"))


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "out" / "journal"


def outcome(number=1, state=State.DONE, data=b"", **values):
    return Outcome(number, state, digest=hashlib.sha256(data).hexdigest(), **values)


def left(journal) -> list[int]:
    return [task.number for task in journal.left()]


def test_what_was_noted_is_known_again(plan, folder):
    first = outcome(1, notes=("A note.",), seconds={"read": 0.5}, size=(40, 30), bytes_read=5, bytes_written=6)
    with begun(folder, plan) as journal:
        assert left(journal) == [1, 3, 4]
        journal.note(first)
        journal.note(outcome(3, State.FAILED, reason="It is broken."))
    with resumed(folder) as journal:
        assert journal.plan == plan
        assert journal.outcomes[1] == first
        assert left(journal) == [4]
        assert [task.number for task in journal.left(retry_failed=True)] == [3, 4]
        assert [(task.number, each.state) for task, each in journal.rows()] == [
            (1, State.DONE),
            (2, State.UNMASKED),
            (3, State.FAILED),
            (4, State.READY),
        ]


def test_a_run_that_is_not_finished_is_not_begun_anew(plan, folder):
    with begun(folder, plan) as journal:
        journal.note(outcome(1))
    with pytest.raises(SettingsError, match="2 of 3 are left"), begun(folder, plan):
        pass
    with resumed(folder) as journal:
        for task in journal.left():
            journal.note(outcome(task.number))
    for _ in range(2):  # one that has done nothing yet is no loss
        with begun(folder, plan) as journal:
            assert left(journal) == [1, 3, 4]


def test_one_program_at_a_time(plan, folder):
    with begun(folder, plan):
        for other in (begun(folder, plan), resumed(folder)):
            with pytest.raises(SettingsError, match="Another program"), other:
                pass


def test_a_process_that_has_outlived_the_first_one_holds_the_run(plan, folder):
    with begun(folder, plan) as journal:
        orphan = joined(folder, 1)
        orphan.__enter__()
        journal.note(outcome(1))
    for other in (begun(folder, plan, anew=True), resumed(folder), joined(folder, 1)):
        with pytest.raises(SettingsError, match="Another program"), other:
            pass
    orphan.__exit__(None, None, None)
    with resumed(folder) as journal, joined(folder, 1), joined(folder, 2):
        assert left(journal) == [3, 4]


def test_nothing_to_resume(folder):
    with pytest.raises(SettingsError, match="no run to resume"), resumed(folder):
        pass


def test_a_line_that_was_cut_off_does_not_count_and_spoils_nothing(plan, folder):
    with begun(folder, plan) as journal:
        journal.note(outcome(1))
    with (folder / "results-0.jsonl").open("ab") as file:
        file.write(b'{"event": "finished", "outcome": {"numb')
    with resumed(folder) as journal:
        assert left(journal) == [3, 4]
        journal.note(outcome(3))
    with resumed(folder) as journal:
        assert left(journal) == [4]


@pytest.mark.parametrize("content", [b"", b"nonsense", b"[1]\n", b'{"format": 99}\n', b'{"format": 1}\n'])
def test_a_plan_that_cannot_be_understood(plan, folder, content):
    with begun(folder, plan):
        pass
    (folder / PLAN).write_bytes(content)
    with pytest.raises(SettingsError, match="delete that folder"), resumed(folder):
        pass


def test_every_process_has_a_file_of_its_own(plan, folder):
    with begun(folder, plan) as journal:
        journal.note(outcome(1))
        other = Journal.load(folder, process=1)
        other.note(outcome(3))
        assert left(Journal.load(folder)) == [4]
        assert left(journal) == [3, 4]
    assert (folder / "results-1.jsonl").read_text().count("finished") == 1


@pytest.mark.parametrize(("before", "after"), [(1, 0), (2, 10), (10, 2)])
def test_the_latest_event_counts_whichever_process_wrote_it(plan, folder, before, after):
    with begun(folder, plan):
        Journal.load(folder, before).note(outcome(1, State.FAILED, reason="It is broken."))
        again = Journal.load(folder, after)
        again.announce(outcome(1))
        again.note(outcome(1))
    journal = Journal.load(folder)
    assert journal.outcomes[1].state is State.DONE
    assert journal.announced == {}
    assert left(journal) == [3, 4]


def test_events_without_a_turn_come_before_the_others(plan, folder):
    with begun(folder, plan) as journal:
        journal.note(outcome(1, State.FAILED))
        journal.note(outcome(3, State.FAILED))
    file = folder / "results-0.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    for line in lines:
        del line["turn"]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    Journal.load(folder).note(outcome(1))
    assert [each.state for each in Journal.load(folder).outcomes.values()] == [State.DONE, State.FAILED]


class TestRecovery:
    """A kill between announcing a result and noting it."""

    @pytest.fixture
    def killed(self, plan, folder):
        with begun(folder, plan) as journal:
            for number in (1, 3):
                journal.announce(outcome(number, data=b"result"))
        output = plan.tasks[0].output
        output.write_bytes(b"result")
        for name in (".a.png.0123456789ab.tmp", ".c.png.0123456789ab.tmp", ".b.png.0123456789ab.tmp", ".b.png.tmp"):
            output.with_name(name).touch()
        return folder

    def test_what_took_its_place_is_done_and_the_rest_is_not(self, killed):
        with resumed(killed) as journal:
            assert left(journal) == [3, 4]
            assert journal.outcomes[1].state is State.DONE
        with resumed(killed) as journal:
            assert journal.recover() == []
            assert left(journal) == [3, 4]

    def test_temporary_files_of_announced_results_are_gone(self, killed, plan):
        with resumed(killed):
            pass
        names = {path.name for path in plan.tasks[0].output.parent.iterdir() if path.is_file()}
        assert names == {"a.png", ".b.png.tmp", ".c.png.0123456789ab.tmp"}

    def test_what_somebody_else_put_there_is_not_ours(self, killed, plan):
        plan.tasks[0].output.write_bytes(b"another")
        with resumed(killed) as journal:
            assert left(journal) == [1, 3, 4]


def test_tasks_that_come_later(plan, folder):
    with begun(folder, plan) as journal:
        extra = [task for task in plan.tasks if task.number == 4]
        journal.add([extra[0].__class__(5, extra[0].photo, (), extra[0].output)])
        assert left(journal) == [1, 3, 4, 5]
    with resumed(folder) as journal:
        assert left(journal) == [1, 3, 4, 5]


def test_the_journal_is_lines_of_json(plan, folder):
    with begun(folder, plan) as journal:
        journal.announce(outcome(1))
        journal.note(outcome(1))
    lines = [json.loads(line) for line in (folder / "results-0.jsonl").read_text().splitlines()]
    assert [line["event"] for line in lines] == ["announced", "finished"]
    assert json.loads((folder / PLAN).read_text().splitlines()[0])["made_by"].startswith("lama-desktop ")


def test_where_no_journal_can_be(plan, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileFormatError, match="--journal"), begun(tmp_path / "file" / "journal", plan):
        pass


def test_a_disk_that_is_full_ends_the_run(plan, folder, monkeypatch):
    with begun(folder, plan) as journal:

        def full(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("os.fsync", full)
        with pytest.raises(LamaDesktopError, match="go on with the run"):
            journal.announce(outcome(1))


def test_asked_for_a_run_is_begun_anew(plan, folder):
    with begun(folder, plan) as journal:
        journal.note(outcome(1))
    with begun(folder, plan, anew=True) as journal:
        assert left(journal) == [1, 3, 4]


def test_a_revised_task_is_done_once_more(plan, folder):
    with begun(folder, plan) as journal:
        journal.note(outcome(1, data=b"result", notes=("A note.",)))
        journal.revise(plan.tasks[0])
        assert left(journal) == [1, 3, 4]
    with resumed(folder) as journal:
        assert left(journal) == [1, 3, 4]
        assert (journal.outcomes[1].state, journal.outcomes[1].notes) == (State.READY, ())
        assert journal.outcomes[1].digest, "its result is not taken for somebody else's"


def test_a_revised_task_counts_in_the_place_of_the_old_one(plan, folder, tmp_path):
    unmasked = plan.tasks[1]
    revised = replace(unmasked, state=State.READY, reason="", masks=(tmp_path / "mended.png",))
    with begun(folder, plan) as journal:
        journal.note(outcome(1))
        journal.revise(revised)
        assert left(journal) == [2, 3, 4]
    with resumed(folder) as journal:
        assert journal.plan.tasks == (plan.tasks[0], revised, *plan.tasks[2:])
        assert left(journal) == [2, 3, 4]
