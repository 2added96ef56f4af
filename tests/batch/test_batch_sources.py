"""What is in folders: pictures with their places, and what is told about the rest."""

import os
from pathlib import Path

import lots
import pytest

from lama_desktop.batch.journal import Journal
from lama_desktop.batch.order import JOURNAL, PLAN
from lama_desktop.batch.planner import make_plan
from lama_desktop.batch.sources import find_sources
from lama_desktop.errors import FileFormatError


def within(found) -> list[str]:
    return [each.within.as_posix() for each in found.pictures]


@pytest.fixture
def folder(tmp_path):
    for name in ("b.png", "sub/a.JPG", "sub/deep/é.tif", ".hidden.png", ".cache/x.png", "notes.txt", "clip.gif"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).touch()
    return tmp_path / "in"


def test_pictures_by_name_with_their_sub_folders(folder):
    found = find_sources([folder])
    assert within(found) == ["b.png", "sub/a.JPG", "sub/deep/é.tif"]
    assert (found.others, found.problems, found.beside) == (2, (), ())
    assert within(find_sources([folder], recursive=False)) == ["b.png"]


def test_camera_raw_beside_its_jpeg_and_a_document_beside_its_photo_are_no_other_pictures(tmp_path):
    for name in ("a.jpg", "a.nef", "b.ora", "b.TIF", "c.nef", "sub/a.dng"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).touch()
    found = find_sources([tmp_path / "in"])
    assert within(found) == ["a.jpg", "b.TIF", "c.nef", "sub/a.dng"]
    assert found.others == 2
    assert within(find_sources([tmp_path / "in" / "a.nef"])) == ["a.nef"], "which was named"


def test_of_several_inputs_each_folder_keeps_its_name(folder, tmp_path):
    lots.photo(tmp_path / "two" / "b.png")
    alone = lots.photo(tmp_path / "b.png")
    found = find_sources([folder, tmp_path / "two", alone])
    assert within(found) == ["in/b.png", "in/sub/a.JPG", "in/sub/deep/é.tif", "two/b.png", "b.png"]
    assert found.beside == (tmp_path,)
    found = find_sources([folder / "sub" / "..", tmp_path / "two"])
    assert within(found)[0] == "in/b.png", "and no result leaves its folder"


def test_what_is_named_twice_counts_once_and_named_files_count_whatever_their_suffix(folder):
    found = find_sources([folder, folder / "b.png", folder / "notes.txt"])
    assert [each.path.name for each in found.pictures] == ["b.png", "a.JPG", "é.tif", "notes.txt"]


def test_results_of_another_batch_are_no_photos_unless_they_are_named(folder):
    lots.pair(folder, "c")
    others = folder / "sub" / "clean"
    for output in (others, None):
        plan = make_plan(lots.order(folder, output=output))
        Journal.create(plan.order.journal, plan)
    lots.photo(others / "c.png")
    with (others / JOURNAL / PLAN).open("ab") as file:
        file.write(b'{"number": 3, "ph')  # cut off by a kill
    assert within(find_sources([folder])) == ["b.png", "c.png", "c_mask.png", "sub/a.JPG", "sub/deep/é.tif"]
    assert within(find_sources([others])) == ["c.png"]
    (others / JOURNAL / PLAN).write_bytes(b"[1]\n")
    assert "sub/clean/c.png" in within(find_sources([folder]))


def test_a_picture_that_is_a_link_to_nowhere_is_told(folder):
    (folder / "gone.jpg").symlink_to(folder / "absent.jpg")
    (folder / "gone.txt").symlink_to(folder / "absent.txt")
    (problem,) = find_sources([folder]).problems
    assert "gone.jpg" in problem


def test_photos_beside_the_results_of_another_batch_count(folder):
    lots.pair(folder / "s", "c")
    others = folder / "sub"
    plan = make_plan(lots.order(folder / "s", folder / "b.png", output=others))
    Journal.create(plan.order.journal, plan)
    for name in ("s/c.png", "s/d.png", "b.png", "e.png"):
        lots.photo(others / name)
    assert [name for name in within(find_sources([folder])) if name.startswith("sub/")] == [
        "sub/a.JPG",
        "sub/e.png",
        "sub/deep/é.tif",
        "sub/s/d.png",
    ]


def test_results_of_another_batch_are_known_by_whatever_way_they_were_named(folder, tmp_path):
    lots.pair(folder, "c")
    (tmp_path / "link").symlink_to(folder)
    plan = make_plan(lots.order(folder, output=tmp_path / "link" / "sub" / ".." / "clean"))
    Journal.create(plan.order.journal, plan)
    lots.photo(folder / "clean" / "c.png")
    assert "clean/c.png" not in within(find_sources([folder]))
    assert "clean/c.png" not in within(find_sources([tmp_path / "link"]))


def test_what_does_not_count_is_left_out(folder):
    assert within(find_sources([folder], without=[folder / "sub", folder / "b.png"])) == []


def test_what_does_not_count_is_left_out_by_whatever_way_it_is_named(folder, tmp_path):
    (tmp_path / "link").symlink_to(folder)
    for way in (tmp_path / "link", folder / "sub" / ".."):
        assert within(find_sources([folder], without=[way / "sub", way / "b.png"])) == []
        assert within(find_sources([way], without=[folder / "sub", folder / "b.png"])) == []


def test_links_to_folders_are_not_followed_and_links_to_pictures_are(folder, tmp_path):
    (folder / "round").symlink_to(folder)
    (folder / "z.png").symlink_to(lots.photo(tmp_path / "real.png"))
    (folder / "dead.png").symlink_to(tmp_path / "gone.png")
    assert within(find_sources([folder])) == ["b.png", "z.png", "sub/a.JPG", "sub/deep/é.tif"]


def test_an_input_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileFormatError, match="gone"):
        find_sources([tmp_path / "gone"])


def test_a_folder_that_cannot_be_looked_into_is_told(folder, monkeypatch):
    scan = os.scandir

    def refused(path):
        if Path(path).name == "deep":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refused)
    found = find_sources([folder])
    assert within(found) == ["b.png", "sub/a.JPG"]
    assert "deep cannot be looked into: Permission denied." in found.problems[0]


def test_a_folder_that_may_be_listed_but_not_entered_is_told_once(folder, monkeypatch):
    (folder / "sub" / "deep" / "f.tif").touch()
    is_file = Path.is_file

    def refused(path):
        if path.parent.name == "deep":
            raise PermissionError(13, "Permission denied", str(path))
        return is_file(path)

    monkeypatch.setattr(Path, "is_file", refused)
    found = find_sources([folder])
    assert within(found) == ["b.png", "sub/a.JPG"]
    assert [each.partition(" cannot")[2] for each in found.problems] == [" be looked into: Permission denied."]


def test_what_a_batch_keeps_for_itself_is_no_picture_of_another(folder):
    kept = folder / "sub" / JOURNAL / "masks" / "b.png"
    kept.parent.mkdir(parents=True)
    kept.touch()
    assert within(find_sources([folder])) == ["b.png", "sub/a.JPG", "sub/deep/é.tif"]
