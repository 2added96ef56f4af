"""Photos that come while a run is on: each once, when it is complete and has its mask."""

from pathlib import Path

import lots
import pytest

from lama_desktop.batch.journal import begun, resumed
from lama_desktop.batch.plan import Plan, State
from lama_desktop.batch.watch import Watcher


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


@pytest.fixture
def watch(tmp_path, folder):
    """Begin an empty run over a folder and return its watcher."""
    runs = []

    def watcher(**options):
        plan = Plan(lots.order(folder, output=tmp_path / "out", **options), ())
        runs.append(begun(tmp_path / "journal", plan))
        return Watcher(runs[-1].__enter__())

    yield watcher
    for run in runs:
        run.__exit__(None, None, None)


def names(tasks) -> list[str]:
    return [task.photo.name for task in tasks]


def test_a_photo_counts_when_two_looks_find_it_unchanged(watch, folder):
    watcher = watch()
    path = lots.pair(folder, "a")
    assert watcher.look() == []
    path.write_bytes(path.read_bytes() + b"more")
    assert watcher.look() == []
    assert names(watcher.look()) == ["a.png"]
    assert watcher.look() == []
    lots.pair(folder / "s", "b")
    watcher.look()
    (task,) = watcher.look()
    assert (task.number, task.output.parent.name) == (2, "s")


def test_a_photo_waits_for_its_mask(watch, folder):
    watcher = watch()
    lots.photo(folder / "a.png")
    lots.mask(folder / "b_mask.png")
    for _ in range(3):
        assert watcher.look() == []
    lots.mask(folder / "a_mask.png")
    watcher.look()
    assert names(watcher.look()) == ["a.png"]


def test_an_empty_file_is_waited_for(watch, folder):
    watcher = watch()
    path = lots.pair(folder, "a")
    data = path.read_bytes()
    path.write_bytes(b"")
    for _ in range(3):
        assert watcher.look() == []
    path.write_bytes(data)
    watcher.look()
    assert names(watcher.look()) == ["a.png"]


def test_what_cannot_be_done_is_told_once(watch, folder):
    watcher = watch()
    lots.pair(folder, "a").write_bytes(b"no picture")
    lots.photo(folder / "b.jpg")
    lots.pair(folder, "b")
    watcher.look()
    assert [(task.photo.name, task.state) for task in watcher.look()] == [
        ("a.png", State.UNREADABLE),
        ("b.jpg", State.UNCLEAR),
        ("b.png", State.UNCLEAR),
    ]
    for _ in range(3):
        assert watcher.look() == []


def test_a_result_is_no_new_photo(watch, folder, tmp_path):
    with begun(tmp_path / "beside", Plan(lots.order(folder, masks="alpha"), ())) as journal:
        watcher = Watcher(journal)
        lots.photo(folder / "a.png")
        watcher.look()
        (task,) = watcher.look()
        lots.photo(task.output)
        for _ in range(3):
            assert watcher.look() == []


def test_masks_of_a_photo_may_come_one_by_one(watch, folder):
    watcher = watch(per_mask=True)
    lots.photo(folder / "a.png")
    lots.mask(folder / "a_mask000.png")
    watcher.look()
    assert len(watcher.look()) == 1
    lots.mask(folder / "a_mask001.png")
    watcher.look()
    assert [task.output.name for task in watcher.look()] == ["a_mask001.png"]


def test_two_photos_that_come_after_each_other_never_share_a_result(watch, folder):
    watcher = watch(format="webp")
    for suffix in (".jpg", ".png"):
        lots.photo(folder / f"a{suffix}")
        lots.mask(folder / f"a{suffix}_mask.png")
        watcher.look()
        (task,) = watcher.look()
    assert task.state is State.COLLISION


def test_what_is_known_is_not_asked_for_again(watch, folder, monkeypatch):
    watcher = watch()
    for name in "abc":
        lots.pair(folder, name)
    watcher.look()
    assert len(watcher.look()) == 3
    asked, resolve = [], Path.resolve
    monkeypatch.setattr(Path, "resolve", lambda path: asked.append(path.name) or resolve(path))
    assert watcher.look() == []
    lots.pair(folder, "d")
    watcher.look()
    assert names(watcher.look()) == ["d.png"]
    assert {name[0] for name in asked if name.endswith(".png")} == {"d"}


def test_what_has_come_is_in_the_journal(watch, folder, tmp_path):
    watcher = watch()
    lots.pair(folder, "a")
    watcher.look()
    watcher.look()
    assert len((tmp_path / "journal" / "plan.jsonl").read_text().splitlines()) == 2


def test_a_run_that_is_taken_up_knows_what_it_has(folder, tmp_path):
    order = lots.order(folder, output=tmp_path / "out")
    with begun(tmp_path / "journal", Plan(order, ())) as journal:
        lots.pair(folder, "a")
        watcher = Watcher(journal)
        watcher.look()
        watcher.look()
    with resumed(tmp_path / "journal") as journal:
        assert names(journal.left()) == ["a.png"]
        watcher = Watcher(journal)
        assert watcher.look() == watcher.look() == []
