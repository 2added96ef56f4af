"""The log: nothing is told twice, nothing torn is read, and a full disk loses nothing once there is room."""

import json
import math
import signal

import pytest

from lama_desktop.training.log import NAME, Entry, History, Kind, Log, State, read_log


def train(step: int, **values: float) -> Entry:
    return Entry(Kind.TRAIN, step, 1000.0 + step, values)


@pytest.fixture
def written(tmp_path):
    """A log with records at 10, 20, 30 and 40, and a validation at 20."""
    log = Log(tmp_path, 0)
    log.add(Entry(Kind.START, 0, 1000.0, steps=100))
    for step in (10, 20, 30, 40):
        log.add(train(step, l1=1 / step))
        if step == 20:
            log.add(Entry(Kind.VALIDATION, 20, 1021.0, {"psnr": 15.0}, sheet="sheets/20.jpg"))
    return tmp_path


def steps(folder):
    return [entry.step for entry in read_log(folder)]


def test_entries_come_back_as_they_were(tmp_path):
    entries = [
        Entry(Kind.START, 0, 1.5, steps=9),
        Entry(Kind.TRAIN, 3, 2.0, {"l1": 0.25, "total": math.nan}, images_per_second=4.0, seconds_left=60.0),
        Entry(Kind.BROKEN, 3, 2.0, names=("ä.jpg", 'with "quotes"\nand lines')),
        Entry(Kind.NOTE, 3, 2.0, text="a sentence"),
        Entry(Kind.END, 9, 3.0, state=State.FAILED, text="why"),
    ]
    log = Log(tmp_path, 0)
    for entry in entries:
        log.add(entry)
    found = read_log(tmp_path)
    assert found[0] == entries[0]
    assert found[1].values["l1"] == 0.25
    assert math.isnan(found[1].values["total"])
    assert found[2:] == entries[2:]
    for line in (tmp_path / NAME).read_text(encoding="utf-8").splitlines():
        json.loads(line, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))


def test_going_on_cuts_what_came_later(written):
    assert steps(written) == [0, 10, 20, 20, 30, 40]
    Log(written, 20).add(train(30, l1=5.0))
    assert steps(written) == [0, 10, 20, 20, 30]
    assert read_log(written)[-1].values["l1"] == 5.0


def test_a_torn_last_line_is_cut(written):
    path = written / NAME
    whole = path.read_bytes()
    for torn in (b'{"kind": "train", "step": 50, "ti', b'{"kind": "train", "step": 50, "time": 1.0}', b"\xff\0"):
        path.write_bytes(whole + torn)
        assert steps(written)[:6] == [0, 10, 20, 20, 30, 40]
        Log(written, 1000).add(train(60))
        assert steps(written)[-2:] == [40, 60]
        assert path.read_bytes().startswith(whole + b'{"kind": "train", "step": 60')


def test_foreign_lines_are_passed_over_and_kept(written):
    path = written / NAME
    foreign = [
        b'{"kind": "telepathy", "step": 41}',
        b"[1, 2]",
        b"12",
        b"not JSON",
        b'{"kind": "train", "step": "x", "time": 1}',
        b'{"kind": "train", "step": 41, "time": "now"}',
        b'{"kind": "train", "step": 41, "time": 1, "values": 3}',
        b'{"kind": "end", "step": 41, "time": 1, "state": "asleep"}',
        b"[" * 100_000,
    ]
    path.write_bytes(path.read_bytes() + b"\n".join(foreign) + b"\n")
    assert steps(written) == [0, 10, 20, 20, 30, 40]
    Log(written, 100)
    assert b"telepathy" in path.read_bytes()


def test_no_log_is_an_empty_one(tmp_path):
    assert read_log(tmp_path) == []
    history = History.read(tmp_path)
    assert (history.state, history.step, history.steps, history.seconds) == (State.RUNNING, 0, 0, 0)


def test_what_a_full_disk_refused_is_written_when_there_is_room(written):
    resource = pytest.importorskip("resource")  # not on Windows
    path, log = written / NAME, Log(written, 40)
    before = path.read_bytes()
    old, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 20, hard))
        for step in (50, 60):
            with pytest.raises(OSError, match="too large"):
                log.add(train(step))
        assert path.read_bytes().startswith(before)
        assert steps(written)[-1] == 40
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (old, hard))
        signal.signal(signal.SIGXFSZ, handler)
    log.add(train(70))
    assert steps(written)[-3:] == [50, 60, 70]


def test_the_history_knows_how_it_stands(tmp_path):
    log = Log(tmp_path, 0)
    assert History.read(tmp_path).state is State.RUNNING
    log.add(Entry(Kind.START, 0, 100.0, steps=50))
    log.add(train(10))
    log.add(Entry(Kind.END, 10, 1100.0, state=State.FAILED, text="why"))
    failed = History.read(tmp_path)
    assert (failed.state, failed.failure, failed.step, failed.steps) == (State.FAILED, "why", 10, 50)
    log.add(Entry(Kind.START, 10, 90_000.0, steps=80))
    log.add(Entry(Kind.TRAIN, 20, 90_030.0))
    again = History.read(tmp_path)
    assert (again.state, again.failure, again.steps) == (State.RUNNING, "", 80)
    assert again.seconds == 1000 + 30


def test_patience_follows_the_run_and_not_its_stops(tmp_path):
    entries = [Entry(Kind.START, 0, 0.0), *(Entry(Kind.TRAIN, step, 900.0 * step) for step in range(1, 5))]
    assert History(entries).patience == 5 * 900
    stop = [Entry(Kind.END, 5, 4000.0), Entry(Kind.START, 5, 4000.0 + 86_400)]
    assert History([*entries, *stop]).patience == 5 * 900
    assert History([]).patience == History(entries[:1]).patience == 600
