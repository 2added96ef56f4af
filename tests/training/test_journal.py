"""The journal: what a run says, on a terminal, in a file, in the log; and that nothing of it can stop the run."""

import io
import os
import re
import shutil
import sys
import types

import cv2
import numpy as np
import pytest

from lama_desktop.errors import Cancelled, FileFormatError
from lama_desktop.training import journal as module
from lama_desktop.training.journal import Journal
from lama_desktop.training.log import Kind, Log, State, read_log

TERMS = {"l1": 1.0, "adversarial": 2.5, "feature_matching": 3.0, "discriminator": 0.9, "score_real": 0.7}


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(autouse=True)
def no_report(monkeypatch):
    """Count the writings of the report; what it looks like is another test's business."""
    written = []
    monkeypatch.setattr(module, "write_report", lambda folder: written.append(folder))
    return written


def run(journal, clock, steps, every=10, seconds=5.0, images=80):
    for step in steps:
        clock.now += seconds
        journal.record(step, TERMS, images)


def entries(folder, kind):
    return [entry for entry in read_log(folder) if entry.kind is kind]


def test_a_record_tells_losses_speed_and_the_time_left(tmp_path, clock):
    stream = io.StringIO()
    journal = Journal(tmp_path / "new" / "run", 100, stream, clock=clock)
    run(journal, clock, (10, 20))
    found = entries(tmp_path / "new" / "run", Kind.TRAIN)
    assert [entry.step for entry in found] == [10, 20]
    assert found[1].values == {"total": 6.5, **TERMS}
    assert (found[1].images_per_second, found[1].seconds_left) == (16.0, 40.0)
    assert stream.getvalue().splitlines()[0] == (
        "10/100  10.0%  45 s left  16.0 images/s  loss 6.5  l1 1  adv 2.5  fm 3  disc 0.9"
    )


def test_a_total_that_is_given_is_kept(tmp_path, clock):
    journal = Journal(tmp_path, 100, io.StringIO(), clock=clock)
    journal.record(10, {"total": 9.0, "l1": 1.0}, 1)
    assert entries(tmp_path, Kind.TRAIN)[0].values["total"] == 9.0


def test_the_time_left_ignores_a_busy_moment_and_validations(tmp_path, clock):
    journal = Journal(tmp_path, 1000, io.StringIO(), clock=clock)
    run(journal, clock, (10, 20, 30))
    run(journal, clock, (40,), seconds=500.0)
    run(journal, clock, (50,))
    assert entries(tmp_path, Kind.TRAIN)[-1].seconds_left == 950 * 0.5
    with journal.pause("validating"):
        clock.now += 300
    journal.validated(50, {"psnr": 15.0})
    run(journal, clock, (60,))
    last = entries(tmp_path, Kind.TRAIN)[-1]
    assert (last.images_per_second, last.seconds_left) == (16.0, 940 * 0.5)


def test_going_on_counts_its_own_steps_only(tmp_path, clock):
    with Journal(tmp_path, 100, io.StringIO(), clock=clock) as journal:
        run(journal, clock, (10, 20, 30))
    journal = Journal(tmp_path, 100, io.StringIO(), step=20, clock=clock)
    run(journal, clock, (30,))
    assert [entry.step for entry in entries(tmp_path, Kind.TRAIN)] == [10, 20, 30]
    assert entries(tmp_path, Kind.TRAIN)[-1].seconds_left == 70 * 0.5
    assert [entry.step for entry in entries(tmp_path, Kind.START)] == [0, 20]


def test_a_terminal_has_one_line_that_is_drawn_anew(tmp_path, clock, monkeypatch):
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size((60, 24)))
    stream = Terminal()
    journal = Journal(tmp_path, 100, stream, clock=clock)
    run(journal, clock, (10, 20, 30))
    assert "\n" not in stream.getvalue()
    lines = [line.removesuffix("\x1b[K") for line in stream.getvalue().split("\r")[1:]]
    assert lines == [f"{step}/100  {step}.0%  {left} s left  16.0 images/s  loss 6.5  l1 1" for step, left in
                     ((10, 45), (20, 40), (30, 35))]  # fmt: skip
    with journal.pause("validating"):
        assert stream.getvalue().endswith("\r30/100  validating …\x1b[K")
    journal.note(30, "Something happened.")
    assert "\r\x1b[KSomething happened.\n\r30/100" in stream.getvalue()


def test_a_file_gets_a_line_now_and_then_and_the_last(tmp_path, clock):
    stream = io.StringIO()
    journal = Journal(tmp_path, 100, stream, clock=clock)
    run(journal, clock, range(1, 101), seconds=1.0)
    steps = [int(line.split("/")[0]) for line in stream.getvalue().splitlines()]
    assert steps == [1, 31, 61, 91, 100]
    assert "\r" not in stream.getvalue()


def test_leaving_says_how_the_run_ended(tmp_path, clock):
    def ended(name, error=None, last=100):
        with Journal(tmp_path / name, 100, io.StringIO(), clock=clock) as journal:
            run(journal, clock, (last,))
            if error is not None:
                raise error

    for name, error, state, text in (
        ("cancelled", Cancelled(), State.STOPPED, ""),
        ("interrupted", KeyboardInterrupt(), State.STOPPED, ""),
        ("explained", FileFormatError("The disk is gone."), State.FAILED, "The disk is gone."),
        ("a bug", ZeroDivisionError("by zero"), State.FAILED, "ZeroDivisionError: by zero"),
    ):
        with pytest.raises(type(error)):
            ended(name, error)
        (entry,) = entries(tmp_path / name, Kind.END)
        assert (entry.state, entry.text, entry.step) == (state, text, 100)
    for last, state in ((100, State.FINISHED), (60, State.STOPPED)):
        ended(f"to {last}", last=last)
        assert entries(tmp_path / f"to {last}", Kind.END)[0].state is state


def test_only_the_first_end_counts(tmp_path, clock):
    with Journal(tmp_path, 100, io.StringIO(), clock=clock) as journal:
        journal.close(State.FAILED, "why")
    assert [entry.state for entry in entries(tmp_path, Kind.END)] == [State.FAILED]


def test_broken_pictures_are_listed_once(tmp_path, clock):
    stream = io.StringIO()
    journal = Journal(tmp_path, 100, stream, clock=clock)
    journal.broken(10, [])
    journal.broken(10, ["a.jpg", "b.jpg", "a.jpg"])
    journal.broken(20, ["b.jpg"])
    again = Journal(tmp_path, 100, stream, step=20, clock=clock)
    again.broken(30, ["a.jpg", "c.jpg"])
    assert [entry.names for entry in entries(tmp_path, Kind.BROKEN)] == [("a.jpg", "b.jpg"), ("c.jpg",)]
    assert "a.jpg, b.jpg cannot be used and are skipped; broken so far: 2" in stream.getvalue()
    assert "c.jpg cannot be used and is skipped; broken so far: 3" in stream.getvalue()


def test_a_validation_is_recorded_with_its_sheet(tmp_path, clock, no_report):
    stream = io.StringIO()
    journal = Journal(tmp_path, 100, stream, clock=clock)
    journal.validated(1000, {"psnr": 15.02, "swd": 2.1}, tmp_path / "sheets" / "1.jpg")
    (entry,) = entries(tmp_path, Kind.VALIDATION)
    assert (entry.values, entry.sheet) == ({"psnr": 15.02, "swd": 2.1}, "sheets/1.jpg")
    assert "validation at 1,000: psnr 15.02  swd 2.1" in stream.getvalue()
    assert no_report == [tmp_path]


def test_the_report_is_written_now_and_then_and_never_for_long(tmp_path, clock, no_report, monkeypatch):
    journal = Journal(tmp_path, 1000, io.StringIO(), clock=clock)
    run(journal, clock, range(1, 121), seconds=1.0)
    assert len(no_report) == 2

    def slowly(folder):
        clock.now += 10
        no_report.append(folder)

    monkeypatch.setattr(module, "write_report", slowly)
    run(journal, clock, range(121, 721), seconds=1.0)
    assert len(no_report) == 2 + 2


def test_a_disk_that_refuses_is_said_once_and_forgiven(tmp_path, clock, monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    stream = io.StringIO()
    journal = Journal(tmp_path, 100, stream, clock=clock)
    monkeypatch.setattr(Log, "add", refuse)
    monkeypatch.setattr(module, "write_report", refuse)
    run(journal, clock, (10, 20, 30))
    journal.note(30, "still here")
    journal.validated(30, {"psnr": 1.0})
    journal.close(State.FINISHED)
    assert stream.getvalue().count("make room on the disk") == 1
    assert stream.getvalue().count("The report cannot be written (No space left on device)") == 1
    assert "still here" in stream.getvalue()


def test_a_folder_that_cannot_be_made_is_no_reason_to_stop(tmp_path, clock):
    (tmp_path / "file").write_text("in the way")
    stream = io.StringIO()
    with Journal(tmp_path / "file" / "run", 10, stream, clock=clock) as journal:
        run(journal, clock, (10,))
    assert stream.getvalue().count("The log of this run cannot be written") == 1
    assert "10/10" in stream.getvalue()


def test_a_terminal_that_is_gone_is_no_reason_to_stop(tmp_path, clock):
    class Gone(io.StringIO):
        def write(self, text):
            raise OSError(5, "Input/output error")

    closed = io.StringIO()
    closed.close()
    for stream in (Gone(), closed):
        with Journal(tmp_path, 10, stream, clock=clock) as journal:
            run(journal, clock, (10,))
    assert entries(tmp_path, Kind.TRAIN)


class FakeWriter:
    def __init__(self, folder, purge_step):
        self.folder, self.purge_step = folder, purge_step
        self.scalars, self.pictures, self.closed = [], [], False

    def add_scalar(self, name, value, step):
        self.scalars.append((name, value, step))

    def add_image(self, name, picture, step, dataformats):
        self.pictures.append((name, picture.shape, step, dataformats))

    def close(self):
        self.closed = True


@pytest.fixture
def tensorboard(monkeypatch):
    made = []

    def writer(folder, purge_step):
        made.append(FakeWriter(folder, purge_step))
        return made[-1]

    fake = types.ModuleType("torch.utils.tensorboard")
    fake.SummaryWriter = writer
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", fake)
    return made


def test_tensorboard_gets_everything_when_asked_for(tmp_path, clock, tensorboard):
    cv2.imwrite(str(tmp_path / "sheet.jpg"), np.zeros((8, 12, 3), np.uint8))
    with Journal(tmp_path, 100, io.StringIO(), step=5, tensorboard=True, clock=clock) as journal:
        run(journal, clock, (10,))
        journal.validated(10, {"psnr": 15.0}, tmp_path / "sheet.jpg")
    (writer,) = tensorboard
    assert (writer.folder, writer.purge_step, writer.closed) == (str(tmp_path / "tensorboard"), 6, True)
    assert ("train/l1", 1.0, 10) in writer.scalars
    assert ("validation/psnr", 15.0, 10) in writer.scalars
    assert writer.pictures == [("sheet", (8, 12, 3), 10, "HWC")]
    Journal(tmp_path, 100, io.StringIO(), clock=clock)
    assert len(tensorboard) == 1


def test_tensorboard_that_fails_is_given_up(tmp_path, clock, tensorboard):
    stream = io.StringIO()
    journal = Journal(tmp_path, 100, stream, tensorboard=True, clock=clock)
    tensorboard[0].add_scalar = lambda *_: 1 / 0
    run(journal, clock, (10, 20))
    assert len(re.findall("Training goes on without them", stream.getvalue())) == 1
    assert len(entries(tmp_path, Kind.TRAIN)) == 2


def test_tensorboard_that_is_missing_is_one_sentence(tmp_path, clock, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    stream = io.StringIO()
    journal = Journal(tmp_path, 100, stream, tensorboard=True, clock=clock)
    run(journal, clock, (10,))
    assert stream.getvalue().startswith('TensorBoard is not installed, so nothing is written for it: pip install ".[tr')
    assert entries(tmp_path, Kind.NOTE)[0].text.startswith("TensorBoard is not installed")
