"""Where pictures come from: every kind of place, in an order that depends on names only."""

import os
import pickle
import tarfile

import cv2
import numpy as np
import pytest

from lama_desktop import formats
from lama_desktop.core.photo import Photo
from lama_desktop.errors import FileFormatError
from lama_desktop.training.names import Names
from lama_desktop.training.sources import Shrunk, open_source


def draw(path, value):
    """Write a small picture of one grey."""
    path.parent.mkdir(parents=True, exist_ok=True)
    formats.write(Photo(np.full((3, 4, 3), value, np.uint8)), path)
    return path


def named(source, folder):
    """Return the names of a source's pictures, relative to a folder."""
    return [os.path.relpath(source.name(index), folder) for index in range(len(source))]


def values(source):
    return [int(source.read(index)[0, 0, 0]) for index in range(len(source))]


def test_a_folder_is_searched_through_by_name(tmp_path):
    for value, name in enumerate(["b/2.png", "b/10.PNG", "a.bmp", "c.tif", "b/deep/er/1.webp"]):
        draw(tmp_path / name, value)
    for name in ("notes.txt", "b/.hidden.png", ".trash/x.png", "b/1.json", "a.nef", "a.ora", "d.heic"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("no picture")
    source = open_source([tmp_path])
    assert named(source, tmp_path) == ["a.bmp", "b/10.PNG", "b/2.png", "b/deep/er/1.webp", "c.tif"]
    assert values(source)[:3] == [2, 1, 0]
    found = source.read(0)
    assert (found.shape, found.dtype) == ((3, 4, 3), np.uint8)


def test_what_runs_wrote_is_no_training_data(tmp_path):
    draw(tmp_path / "a.png", 1)
    draw(tmp_path / "run" / "samples" / "1.png", 2)
    (tmp_path / "run" / "log.jsonl").touch()
    draw(tmp_path / "mine" / "b.png", 3)
    assert named(open_source([tmp_path]), tmp_path) == ["a.png", "mine/b.png"]
    assert named(open_source([tmp_path], skip=[tmp_path / "x" / ".." / "mine"]), tmp_path) == ["a.png"]
    assert named(open_source([tmp_path / "run"]), tmp_path) == ["run/samples/1.png"], "what is named is meant"


def test_links_are_followed_but_not_in_circles(tmp_path):
    draw(tmp_path / "elsewhere" / "a.png", 1)
    folder = tmp_path / "set"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "other").symlink_to(tmp_path / "elsewhere")
    (folder / "sub" / "up").symlink_to(folder)
    (folder / "self").symlink_to(folder / "self")
    assert named(open_source([folder]), folder) == ["sub/other/a.png"]


def test_a_list_names_pictures_and_shards(tmp_path):
    draw(tmp_path / "one" / "a.png", 1)
    absolute = draw(tmp_path / "b ü.png", 2)
    draw(tmp_path / "c.png", 3)
    with tarfile.open(tmp_path / "one" / "x.tar", "w") as archive:
        archive.add(tmp_path / "c.png", "c.png")
    lines = ["# the best ones", "../one/a.png", "", str(absolute), "  ../one/a.png  ", "../one/x.tar", "gone.png"]
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "mine.txt").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    source = open_source([tmp_path / "lists" / "mine.txt"])
    assert len(source) == 5
    assert [source.read(index)[0, 0, 0] for index in range(4)] == [3, 1, 2, 1], "shards come first"
    with pytest.raises(FileFormatError, match=r"gone\.png"):
        source.read(4)


def test_several_places_follow_each_other(tmp_path):
    draw(tmp_path / "b" / "1.png", 1)
    draw(tmp_path / "b" / "2.png", 2)
    draw(tmp_path / "a" / "3.png", 3)
    (tmp_path / "nothing").mkdir()
    source = open_source([tmp_path / "b", tmp_path / "nothing", tmp_path / "a", tmp_path / "b" / "1.png"])
    assert values(source) == [1, 2, 3, 1]
    assert values(pickle.loads(pickle.dumps(source))) == [1, 2, 3, 1]
    for index in (-1, 4):
        with pytest.raises(IndexError):
            source.read(index)


def test_where_there_is_nothing_it_is_said(tmp_path):
    (tmp_path / "notes.md").touch()
    (tmp_path / "empty.txt").touch()
    (tmp_path / "set.tar.gz").touch()
    for path, sentence in {
        "": r"There is no picture in .*Name a folder",
        "gone": "There is no file or folder .*gone",
        "notes.md": "neither a folder nor a picture",
        "empty.txt": r"empty\.txt is empty",
        "set.tar.gz": r"Unpack it to a plain \.tar",
    }.items():
        with pytest.raises(FileFormatError, match=sentence):
            open_source([tmp_path / path])
    with pytest.raises(FileFormatError, match="no picture in what was named"):
        open_source([])


def test_a_folder_that_cannot_be_searched_is_said(tmp_path, monkeypatch):
    def refuse(folder):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(FileFormatError, match=r"cannot be read: Permission denied\. Check its permissions"):
        open_source([tmp_path])


def test_a_broken_picture_is_refused_when_it_is_read(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff not much")
    source = open_source([tmp_path])
    with pytest.raises(FileFormatError, match=r"a\.jpg"):
        source.read(0)


def test_names_are_kept_as_they_are():
    names = ["", "a", "ü/ö.png", "b" * 300, os.fsdecode(b"\xff.jpg"), ""]
    kept = pickle.loads(pickle.dumps(Names.of(names)))
    assert [kept[index] for index in range(len(kept))] == names
    assert len(Names.of([])) == 0
    for index in (-1, 6):
        with pytest.raises(IndexError):
            kept[index]


def test_large_pictures_are_shrunk_and_small_ones_stay(tmp_path):
    for name, size in (("large", (90, 60)), ("small", (30, 40))):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((size[1], size[0], 3), 7, np.uint8))
    source = Shrunk(open_source([tmp_path]), 30)
    assert [source.read(index).shape for index in range(2)] == [(30, 45, 3), (40, 30, 3)]
    assert source.name(0).endswith("large.png")
