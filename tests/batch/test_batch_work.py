"""One photo from its file to its result, and whatever may be wrong with it."""

import errno
import hashlib
import os
from dataclasses import replace

import lots
import numpy as np
import pytest
from PIL import Image as PillowImage

from lama_desktop import formats
from lama_desktop.batch.journal import begun
from lama_desktop.batch.plan import State
from lama_desktop.batch.planner import make_plan
from lama_desktop.batch.work import Work
from lama_desktop.errors import Cancelled, FileFormatError, LamaDesktopError
from lama_desktop.formats import WriteOptions, atomic
from lama_desktop.progress import Progress


@pytest.fixture
def do(tmp_path):
    """Plan an order, do its one task, and return the task and the outcome."""

    def done(order, fill=lots.fill, before=lambda: None, progress=None):
        plan = make_plan(order)
        (task,) = plan.ready
        with begun(tmp_path / "journal", plan) as journal:
            before()
            return task, Work(journal, fill).do(task, progress or Progress())

    return done


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "in"


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def test_a_photo_is_filled_and_the_rest_of_it_kept(do, folder, out):
    path = lots.pair(folder / "s", "a")
    before = path.read_bytes()
    _, outcome = do(lots.order(folder, output=out))
    result = lots.pixels(out / "s" / "a.png").copy()
    assert (result[lots.HOLE] == lots.GREY).all()
    result[lots.HOLE] = lots.picture()[lots.HOLE]
    assert np.array_equal(result, lots.picture())
    assert path.read_bytes() == before
    data = (out / "s" / "a.png").read_bytes()
    assert (outcome.state, outcome.number, outcome.size) == (State.DONE, 1, lots.SIZE)
    assert (outcome.bytes_read, outcome.bytes_written) == (len(before), len(data))
    assert outcome.digest == hashlib.sha256(data).hexdigest()
    assert list(outcome.seconds) == ["read", "fill", "write"]
    assert outcome.seconds["fill"] == 0.25


def test_quality_and_metadata_are_kept(do, folder, out):
    lots.mask(folder / "a_mask.png")
    lots.photo(folder / "a.jpg", quality=77, comment=b"hello", dpi=(300, 300))
    do(lots.order(folder, output=out))
    with PillowImage.open(folder / "a.jpg") as before, PillowImage.open(out / "a.jpg") as after:
        assert after.quantization == before.quantization
        assert (after.info["comment"], after.info["dpi"]) == (b"hello", (300, 300))


def test_a_conversion_is_told(do, folder, out):
    lots.pair(folder, "a", ".tif")
    order = lots.order(folder, output=out, format="jpeg", write=WriteOptions(strip_metadata=True, quality=60))
    task, outcome = do(order)
    assert task.output == out / "a.jpg"
    assert any("loss" in note for note in outcome.notes)
    assert formats.read(out / "a.jpg").encoding.format == "jpeg"


def test_other_depth(do, folder, out):
    lots.pair(folder, "a")
    do(lots.order(folder, output=out, depth="16"))
    assert formats.read(out / "a.png").depth == 16


def test_a_black_mask_leaves_nothing_to_do(do, folder, out):
    lots.photo(folder / "a.png")
    lots.mask(folder / "a_mask.png", value=0)
    _, outcome = do(lots.order(folder, output=out))
    assert (outcome.state, outcome.state.is_failure) == (State.EMPTY, False)
    assert not out.exists()


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n" + bytes(60), b"\xff\xd8\xff\xe0" + bytes(60)])
def test_a_broken_file_is_reported(do, folder, out, content):
    lots.pair(folder, "a").write_bytes(content)
    _, outcome = do(lots.order(folder, output=out))
    assert outcome.state is State.FAILED
    assert "a." in outcome.reason
    assert not out.exists()


def test_a_mask_of_another_size_is_reported(do, folder, out):
    lots.photo(folder / "a.png", size=(50, 30))
    lots.mask(folder / "a_mask.png")
    _, outcome = do(lots.order(folder, output=out))
    assert outcome.state is State.FAILED
    assert "40 × 30" in outcome.reason


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (LamaDesktopError("No window fits."), "No window fits."),
        (MemoryError(), "memory"),
        (ZeroDivisionError("x"), "defect of LaMa Desktop (ZeroDivisionError: x)"),
    ],
)
def test_a_fill_that_fails_is_reported(do, folder, out, error, words):
    lots.pair(folder, "a")

    def fill(*_):
        raise error

    _, outcome = do(lots.order(folder, output=out), fill)
    assert outcome.state is State.FAILED
    assert words in outcome.reason
    assert not out.exists()


def test_a_file_that_has_appeared_is_kept(do, folder, out):
    lots.pair(folder, "a")
    other = lots.photo(folder.parent / "other.png", seed=5).read_bytes()

    def appear():
        out.mkdir(exist_ok=True)
        (out / "a.png").write_bytes(other)

    def fill(*words):
        appear()
        return lots.fill(*words)

    for before, filler in ((appear, lots.fill), (lambda: (out / "a.png").unlink(missing_ok=True), fill)):
        (out / "a.png").unlink(missing_ok=True)
        _, outcome = do(lots.order(folder, output=out), filler, before)
        assert outcome.state is State.EXISTS
        assert (out / "a.png").read_bytes() == other
    _, outcome = do(lots.order(folder, output=out, existing="overwrite"), fill)
    assert outcome.state is State.DONE
    assert (out / "a.png").read_bytes() != other


def test_done_again_a_result_replaces_itself_but_not_what_somebody_made_of_it(folder, out, tmp_path):
    lots.pair(folder, "a")
    plan = make_plan(lots.order(folder, output=out))
    with begun(tmp_path / "journal", plan) as journal:
        work, (task,) = Work(journal, lots.fill), plan.ready
        work.do(task, Progress())
        lots.mask(folder / "a_mask.png", hole=np.s_[0:5])
        assert work.do(task, Progress()).state is State.DONE
        assert (lots.pixels(out / "a.png")[:5] == lots.GREY).all()
        lots.photo(out / "a.png", seed=9)
        assert work.do(task, Progress()).state is State.EXISTS


class TestWhereNothingCanBeWritten:
    """It is found out before the fill."""

    def never(self, *_):
        raise AssertionError

    def test_a_file_in_the_place_of_the_folder(self, do, folder, out):
        lots.pair(folder / "s", "a")
        out.mkdir()
        (out / "s").touch()
        _, outcome = do(lots.order(folder, output=out), self.never)
        assert outcome.state is State.FAILED
        assert "is a file" in outcome.reason

    def test_a_folder_that_is_read_only(self, do, folder, out, monkeypatch):
        lots.pair(folder, "a")
        access = os.access
        monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and access(path, mode))
        _, outcome = do(lots.order(folder, output=out), self.never)
        assert outcome.state is State.FAILED
        assert "read-only" in outcome.reason

    @pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
    def test_so_it_is_on_the_disk(self, do, folder, out):
        lots.pair(folder, "a")
        out.mkdir()
        out.chmod(0o500)
        _, outcome = do(lots.order(folder, output=out), self.never)
        assert "read-only" in outcome.reason


def test_a_full_disk_ends_the_run_since_no_other_photo_would_fit(do, folder, out, monkeypatch):
    lots.pair(folder, "a")

    def full(*_):
        raise FileFormatError("The disk is full.") from OSError(errno.ENOSPC, "full")

    with pytest.raises(LamaDesktopError, match=r"The disk is full\. Then go on with the run\."):
        do(lots.order(folder, output=out), before=lambda: monkeypatch.setattr(atomic, "replace", full))


def test_cancelled_it_is_as_if_it_had_not_been_begun(do, folder, out):
    lots.pair(folder, "a")
    progress = Progress()

    def fill(photo, coverage, inner):
        progress.cancel()
        return lots.fill(photo, coverage, inner)

    with pytest.raises(Cancelled):
        do(lots.order(folder, output=out), fill, progress=progress)
    assert not out.exists()


class TestInPlace:
    def test_the_photo_is_replaced(self, do, folder):
        path = lots.pair(folder, "a")
        _, outcome = do(lots.order(folder, in_place=True))
        assert outcome.state is State.DONE
        assert (lots.pixels(path)[lots.HOLE] == lots.GREY).all()
        assert lots.below(folder) == {"a.png", "a_mask.png"}

    def test_unless_that_would_lose_something(self, do, folder):
        lots.mask(folder / "a_mask.png")
        path = lots.photo(folder / "a.tif", save_all=True, append_images=[PillowImage.fromarray(lots.picture(1))])
        before = path.read_bytes()
        _, outcome = do(lots.order(folder, in_place=True))
        assert outcome.state is State.FAILED
        assert "2 pages" in outcome.reason
        assert path.read_bytes() == before


def test_where_transparency_was_the_mask_nothing_is_transparent_any_more(do, folder, out):
    pixels = np.dstack([lots.picture(), np.full(lots.SIZE[::-1], 255, np.uint8)])
    pixels[lots.HOLE] = 0
    folder.mkdir()
    PillowImage.fromarray(pixels).save(folder / "a.png")

    def fill(photo, coverage, progress):
        assert (coverage[lots.HOLE] == 255).all()
        done = photo.pixels.copy()
        done[coverage > 0] = 255
        return lots.Filled(replace(photo, pixels=done), 0.1)

    _, outcome = do(lots.order(folder, output=out, masks="alpha"), fill)
    assert outcome.state is State.DONE
    assert (lots.pixels(out / "a.png")[..., 3] == 255).all()
