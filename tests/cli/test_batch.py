"""`lama-desktop batch`: plans, runs, exit codes, and what is said on the way."""

import io
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image as PillowImage
from scene import HOLE, picture, write_mask

from lama_desktop.batch import mended
from lama_desktop.batch.journal import Journal, JournalError
from lama_desktop.batch.order import Order
from lama_desktop.batch.planner import make_plan
from lama_desktop.batch.report import Report
from lama_desktop.batch.watch import Watcher
from lama_desktop.engine.classical import ClassicalModel
from lama_desktop.errors import FileFormatError

TELEA = ("--model", "telea", "--device", "cpu")


@pytest.fixture
def folder(tmp_path):
    """Two photos with masks, one of them in a folder of its own."""
    for name in ("a", "s/b"):
        path = tmp_path / "in" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        PillowImage.fromarray(picture()).save(path)
        write_mask(path.with_name(f"{path.stem}_mask.png"))
    return tmp_path / "in"


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def files(folder) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


JOURNAL = {
    f"lama-desktop-batch/{name}" for name in ("lock-0", "plan.jsonl", "results-0.jsonl", "report.jsonl", "summary.txt")
}


def test_a_folder_is_filled(program, folder, out):
    code, text, messages = program("batch", folder, "-o", out, *TELEA)
    assert code == 0
    assert text.startswith("2 done; ")
    assert str(out / "lama-desktop-batch" / "summary.txt") in text
    assert messages.startswith("2 photos: 2 ready\n")
    assert files(out) == {"a.png", "s/b.png"} | JOURNAL
    with PillowImage.open(out / "s" / "b.png") as result:
        assert np.asarray(result)[HOLE].min() > 0


def test_a_mask_that_was_mended_in_the_window_counts_here(program, folder, out):
    plan = make_plan(Order((folder,), out, "telea").settled())
    kept = mended.keep(plan.order.journal, plan, plan.tasks[0], np.full(picture().shape[:2], 255, np.uint8))
    document = program("batch", folder, "-o", out, "--dry-run", "--json")[1]
    assert [each["masks"] for each in document["photos"]] == [
        [str(kept.masks[0])],
        [str(folder / "s" / "b_mask.png")],
    ]


def test_the_result_is_that_of_one_photo_alone(program, folder, out, tmp_path):
    program("batch", folder, "-o", out, *TELEA)
    program("inpaint", folder / "a.png", "-m", folder / "a_mask.png", "-o", tmp_path / "one.png", *TELEA)
    assert (out / "a.png").read_bytes() == (tmp_path / "one.png").read_bytes()


def test_a_plan_is_shown_and_nothing_done(program, folder, out, tmp_path):
    PillowImage.fromarray(picture()).save(folder / "bare.jpg")
    code, text, messages = program("batch", folder, "-o", out, "--dry-run")
    assert (code, messages) == (0, "")
    lines = text.splitlines()
    assert lines[0] == f"ready              {folder / 'a.png'} + a_mask.png -> {out / 'a.png'}"
    assert lines[-1] == "3 photos: 2 ready, 1 no mask"
    document = program("batch", folder, "-o", out, "--dry-run", "--json")[1]
    assert document["counts"] == {"ready": 2, "no mask": 1}
    assert document["photos"][0]["masks"] == [str(folder / "a_mask.png")]
    assert files(tmp_path) == {"in/a.png", "in/a_mask.png", "in/s/b.png", "in/s/b_mask.png", "in/bare.jpg"}


def test_of_several_processes_the_first_one_shows_the_plan(program, folder, out, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    shown = {}
    for rank in "01":
        monkeypatch.setenv("RANK", rank)
        shown[rank] = program("batch", folder, "-o", out, "--dry-run")[:2]
    assert shown["0"][1].endswith("2 photos: 2 ready\n")
    assert shown["1"] == (0, "")


def test_json_is_one_document(program, folder, out):
    code, document, messages = program("batch", folder, "-o", out, *TELEA, "--json")
    assert (code, messages) == (0, "")
    assert (document["model"], document["photos"], document["counts"]) == ("telea", 2, {"done": 2})
    assert (document["finished"], document["failed"]) == (True, [])
    rows = [json.loads(line) for line in Path(document["report"]).read_text().splitlines()]
    assert [row["state"] for row in rows] == ["done", "done"]


class TestFailures:
    @pytest.fixture(autouse=True)
    def broken(self, folder):
        (folder / "a.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")

    def test_a_bad_file_is_named_and_the_rest_is_done(self, program, folder, out):
        code, text, messages = program("batch", folder, "-o", out, *TELEA)
        assert code == 3
        assert text.startswith("1 done, 1 failed; ")
        assert f"failed: {folder / 'a.png'}: a.png" in messages
        assert (out / "s" / "b.png").exists()

    def test_what_failed_is_tried_again_when_that_is_asked_for(self, program, folder, out):
        program("batch", folder, "-o", out, *TELEA)
        PillowImage.fromarray(picture()).save(folder / "a.png")
        assert program("batch", "-o", out, "--resume")[0] == 3
        assert not (out / "a.png").exists()
        assert program("batch", "-o", out, "--resume", "--retry-failed")[0] == 0
        assert (out / "a.png").exists()
        assert program("batch", "-o", out, "--retry-failed")[0] == 2

    def test_what_could_not_even_be_planned_is_tried_again_too(self, program, folder, out):
        (folder / "a.png").write_bytes(b"")
        assert program("batch", folder, "-o", out, *TELEA)[0] == 3
        PillowImage.fromarray(picture()).save(folder / "a.png")
        code, text, _ = program("batch", "-o", out, "--resume", "--retry-failed")
        assert (code, text[:7]) == (0, "2 done;")
        assert (out / "a.png").exists()

    def test_results_that_would_lie_in_a_file_are_refused_before(self, program, folder, tmp_path):
        (tmp_path / "file").touch()
        code, _, messages = program("batch", folder, "-o", tmp_path / "file", "--dry-run")
        assert code == 2
        assert "is a file: name a folder" in messages


class TestResuming:
    @pytest.fixture
    def stopped(self, program, folder, out, monkeypatch):
        """Stop a run while it fills the second photo."""
        fill, calls = ClassicalModel.fill, []

        def interrupted(*arguments):
            calls.append(1)
            if len(calls) > 1:
                signal.raise_signal(signal.SIGINT)
                time.sleep(0.3)
            return fill(*arguments)

        monkeypatch.setattr(ClassicalModel, "fill", interrupted)
        code, text, messages = program("batch", folder, "-o", out, *TELEA, "--at-once", "1", "--quality", "80")
        monkeypatch.setattr(ClassicalModel, "fill", fill)
        assert code == 130
        assert "1 ready, 1 done" in text
        assert "--resume goes on" in messages

    def test_it_goes_on_without_being_told_anything(self, program, stopped, folder, out):
        (done,) = (path for path in out.rglob("*.png"))
        before = done.stat().st_mtime_ns
        code, text, _ = program("batch", "-o", out, "--resume")
        assert (code, text.startswith("2 done; ")) == (0, True)
        assert done.stat().st_mtime_ns == before
        assert files(out) == {"a.png", "s/b.png"} | JOURNAL

    def test_the_same_command_with_resume_goes_on_too(self, program, stopped, folder, out):
        words = ("batch", folder, "-o", out, *TELEA, "--quality", "80", "--resume")
        assert program(*words)[0] == 0

    @pytest.mark.parametrize("words", [("--quality", "70"), ("--model", "navier-stokes"), ("--grow", "2")])
    def test_another_order_is_refused(self, program, stopped, out, words):
        code, _, messages = program("batch", "-o", out, "--resume", *words)
        assert code == 2
        assert f"other {words[0].removeprefix('--')}:" in messages

    def test_other_photos_are_refused(self, program, stopped, folder, out):
        assert program("batch", folder / "s", "-o", out, "--resume")[0] == 2

    def test_without_resume_it_is_not_begun_anew(self, program, stopped, folder, out):
        code, _, messages = program("batch", folder, "-o", out, *TELEA)
        assert code == 2
        assert "--resume" in messages


def test_resume_begins_where_there_is_nothing_yet(program, folder, out):
    assert program("batch", folder, "-o", out, *TELEA, "--resume")[0] == 0
    code, _, messages = program("batch", "-o", out / "x", "--resume")
    assert code == 2
    assert "no run to resume" in messages


def test_names_from_standard_input(program, folder, out, monkeypatch):
    for text in (f"{folder / 'a.png'}\n", f"{folder / 'a.png'}\0{folder / 's' / 'b.png'}\0"):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(os.fsencode(text))))
        document = program("batch", "-", "-o", out, "--dry-run", "--json")[1]
        assert document["counts"] == {"ready": text.count("a.png") + text.count("b.png")}


def test_results_beside_the_photos_and_over_them(program, folder):
    before = (folder / "a.png").read_bytes()
    assert program("batch", folder, *TELEA)[0] == 0
    assert (folder / "a-clean.png").exists()
    assert (folder / "a.png").read_bytes() == before
    assert program("batch", folder, *TELEA, "--in-place")[0] == 0
    assert (folder / "a.png").read_bytes() == (folder / "a-clean.png").read_bytes()


def test_a_file_or_folder_that_is_called_like_a_model_is_none(program, folder, out, tmp_path):
    (tmp_path / "starter").mkdir()
    (tmp_path / "telea").touch()
    plan = ("batch", folder, "-o", out, "--dry-run", "--json")
    assert program(*plan)[1]["order"]["model"] == "starter"
    assert program(*plan, "--model", "telea")[1]["order"]["model"] == "telea"
    assert program("batch", folder, "-o", out, *TELEA)[0] == 0


def test_a_weight_file_is_found_from_everywhere(program, folder, out, weights):
    plan = ("batch", folder, "-o", out, "--dry-run", "--json")
    assert program(*plan, "--model", weights.name)[1]["order"]["model"] == str(weights)


class TestWrongUse:
    def check(self, program, words, expected, code=2):
        found, _, messages = program("batch", *words)
        assert found == code
        assert expected in messages

    def test_nothing_to_work_on(self, program, folder, out, tmp_path):
        self.check(program, (), "Name folders or photos")
        self.check(program, ("--resume",), "--journal")
        self.check(program, (tmp_path / "gone", "-o", out), "no file or folder")
        (tmp_path / "empty").mkdir()
        self.check(program, (tmp_path / "empty", "-o", out), "no picture in")
        PillowImage.fromarray(picture()).save(tmp_path / "empty" / "a.png")
        self.check(program, (tmp_path / "empty", "-o", out), "None of 1 photo has a mask")
        assert not out.exists()

    def test_options_that_cannot_be(self, program, folder, out):
        self.check(program, (folder, "-o", out, "--format", "gif"), "jpeg or png")
        self.check(program, (folder, "-o", out, "--in-place"), "--in-place")
        self.check(program, (folder, "-o", out, "--masks", "gone"), "no masks at")
        self.check(program, (folder, "-o", out, "--name", "{nome}"), "nome")

    def test_a_model_that_is_not_here(self, program, folder, out):
        self.check(program, (folder, "-o", out, "--model", "big-lama"), "models download", code=4)
        self.check(program, (folder, "-o", out, "--model", "telae"), "'telea'", code=4)


def test_watching_takes_what_comes_until_it_is_stopped(program, folder, out, monkeypatch):
    monkeypatch.setattr("lama_desktop.cli.batch.INTERVAL", 0.02)
    look, looks, stops = Watcher.look, [], []

    def looked(watcher):
        looks.append(1)
        if len(looks) == 4:
            PillowImage.fromarray(picture()).save(folder / "late.png")
            write_mask(folder / "late_mask.png")
        if (out / "late.png").exists() and not stops:
            stops.append(1)
            threading.Timer(0.05, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        return look(watcher)

    monkeypatch.setattr(Watcher, "look", looked)
    code, text, messages = program("batch", folder, "-o", out, *TELEA, "--watch")
    assert code == 0
    assert text.startswith("3 done; ")
    assert f"done: {folder / 'late.png'}\n" in messages
    assert files(out) == {"a.png", "s/b.png", "late.png"} | JOURNAL


def test_a_run_that_ends_by_an_error_has_a_report_too(program, folder, out, monkeypatch):
    def gone(watcher):
        raise FileFormatError("There is no folder any more.")

    monkeypatch.setattr(Watcher, "look", gone)
    code, text, messages = program("batch", folder, "-o", out, *TELEA)
    assert code == 0
    (out / "lama-desktop-batch" / "report.jsonl").unlink()
    code, text, messages = program("batch", folder, "-o", out, *TELEA, "--resume", "--watch")
    assert (code, text) == (2, "")
    assert messages.endswith("lama-desktop: There is no folder any more.\n")
    rows = [json.loads(line) for line in (out / "lama-desktop-batch" / "report.jsonl").read_text().splitlines()]
    assert [row["state"] for row in rows] == ["done", "done"]


def test_on_a_full_disk_the_first_reason_is_told(program, folder, out, monkeypatch):
    def full(*_):
        raise JournalError("The journal cannot be written.")

    def full_too(*_):
        raise FileFormatError("The report cannot be written.")

    monkeypatch.setattr(Journal, "announce", full)
    monkeypatch.setattr(Report, "write", full_too)
    code, _, messages = program("batch", folder, "-o", out, *TELEA)
    assert (code, messages.splitlines()[-1]) == (1, "lama-desktop: The journal cannot be written.")
