"""Tar shards: the layout, the index and when it holds, and what damaged archives do."""

import contextlib
import io
import logging
import os
import pickle
import tarfile

import numpy as np
import pytest

from lama_desktop import formats, paths
from lama_desktop.core.photo import Photo
from lama_desktop.errors import FileFormatError
from lama_desktop.training import shards
from lama_desktop.training.shards import Shard
from lama_desktop.training.sources import open_source


def png(value):
    """Return a PNG file of one grey."""
    return formats.FORMATS[1].encode(Photo(np.full((2, 3, 3), value, np.uint8)), formats.WriteOptions())


def write_shard(path, members, format=tarfile.PAX_FORMAT):
    """Write an archive of (name, bytes), or of TarInfo."""
    with tarfile.open(path, "w", format=format) as archive:
        for each in members:
            if isinstance(each, tarfile.TarInfo):
                archive.addfile(each)
            else:
                info = tarfile.TarInfo(each[0])
                info.size = len(each[1])
                archive.addfile(info, io.BytesIO(each[1]))
    return path


def names(shard):
    return [shard.name(index).rpartition(".tar/")[2] for index in range(len(shard))]


def values(shard):
    return [int(shard.read(index)[0, 0, 0]) for index in range(len(shard))]


@pytest.fixture
def shard(tmp_path):
    return write_shard(tmp_path / "a.tar", [(f"{number:04}.png", png(number)) for number in range(5)])


@pytest.fixture
def no_headers(monkeypatch):
    def refuse(path, size):
        raise AssertionError("the headers are read only once")

    monkeypatch.setattr(shards, "_members", refuse)


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_of_each_sample_the_picture_is_taken(tmp_path, format):
    long = "folder/" * 12 + "n" * 60 + ".png"
    link, folder = tarfile.TarInfo("z.png"), tarfile.TarInfo("folder.png")
    link.type, link.linkname, folder.type = tarfile.SYMTYPE, "/etc/passwd", tarfile.DIRTYPE
    members = [
        ("x/0.json", b"{}"),
        ("x/0.dng", b"camera raw"),
        ("x/0.mask.png", png(99)),
        ("x/0.png", png(1)),
        ("x/0.txt", b"text"),
        ("y/0.png", png(2)),
        ("./y/._1.png", png(98)),
        ("y/.1.png", png(97)),
        ("1.input.PNG", png(3)),
        ("2.json", b"{}"),
        link,
        folder,
        ("../../out.png", png(4)),
        (long, png(5)),
    ]
    found = Shard(write_shard(tmp_path / "a.tar", members, format))
    assert names(found) == ["x/0.png", "y/0.png", "1.input.PNG", "../../out.png", long]
    assert values(found) == [1, 2, 3, 4, 5]
    assert values(pickle.loads(pickle.dumps(found))) == [1, 2, 3, 4, 5]


def test_a_folder_of_shards_is_what_a_folder_of_files_is(tmp_path):
    for number in range(6):
        (tmp_path / "files").mkdir(exist_ok=True)
        (tmp_path / "files" / f"{number}.png").write_bytes(png(number))
    (tmp_path / "shards" / "sub").mkdir(parents=True)
    write_shard(tmp_path / "shards" / "a.tar", [(f"{number}.png", png(number)) for number in range(3)])
    write_shard(tmp_path / "shards" / "sub" / "b.tar", [(f"{number}.png", png(number)) for number in range(3, 6)])
    assert values(open_source([tmp_path / "shards"])) == values(open_source([tmp_path / "files"])) == list(range(6))


def test_the_index_is_kept_beside_the_shard(shard, request):
    first = Shard(shard)
    assert shard.with_name("a.tar.lama-index").is_file()
    request.getfixturevalue("no_headers")
    again = Shard(shard)
    assert (names(again), values(again)) == (names(first), values(first))


def test_the_index_goes_to_the_cache_where_the_folder_is_write_protected(shard, request, monkeypatch):
    replace = shards.atomic.replace

    def refuse_beside(path, data):
        if path.parent == shard.parent:
            raise FileFormatError("you may not write there")
        replace(path, data)

    monkeypatch.setattr(shards.atomic, "replace", refuse_beside)
    Shard(shard)
    assert list(shard.parent.iterdir()) == [shard]
    (kept,) = (paths.cache_folder() / "shards").iterdir()
    assert kept.suffix == ".lama-index"
    request.getfixturevalue("no_headers")
    assert values(Shard(shard)) == [0, 1, 2, 3, 4]


def test_without_any_place_for_an_index_it_works_all_the_same(shard, monkeypatch):
    def refuse(path, data):
        raise FileFormatError("the disk is full")

    monkeypatch.setattr(shards.atomic, "replace", refuse)
    assert values(Shard(shard)) == [0, 1, 2, 3, 4]


def test_an_index_of_another_file_is_made_anew(shard):
    Shard(shard)
    write_shard(shard, [("new.png", png(7)), ("old.png", png(8))])
    assert names(Shard(shard)) == ["new.png", "old.png"]
    before = shard.stat()
    write_shard(shard, [("own.png", png(7)), ("old.png", png(8))])
    assert shard.stat().st_size == before.st_size
    os.utime(shard, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert names(Shard(shard)) == ["own.png", "old.png"], "same size, one nanosecond later"


def test_a_damaged_index_is_made_anew(shard):
    Shard(shard)
    beside = shard.with_name("a.tar.lama-index")
    whole = beside.read_bytes()
    head = whole.partition(b"\n")[0] + b"\n"
    far = np.frombuffer(whole[len(head) : len(head) + 8 * 15], "<i8").copy()
    far[0] = 1 << 40
    damaged = [b"", head, whole[:-1], whole + b"x", whole[:-40], head.replace(b" 5\n", b" -5\n") + whole[len(head) :]]
    damaged += [head.replace(b" 5\n", b" five\n"), b"\xff" + whole, head + far.tobytes() + whole[len(head) + 8 * 15 :]]
    for data in damaged:
        beside.write_bytes(data)
        assert values(Shard(shard)) == [0, 1, 2, 3, 4]
        assert beside.read_bytes() == whole


def test_of_an_interrupted_copy_the_rest_is_used(shard, caplog):
    data = shard.read_bytes()
    with tarfile.open(shard) as archive:
        members = archive.getmembers()
    for end in (members[3].offset_data + 10, members[3].offset + 100, members[3].offset_data):
        shard.write_bytes(data[:end])
        with caplog.at_level(logging.WARNING):
            assert values(Shard(shard)) == [0, 1, 2]
    assert "is damaged after 3 files" in caplog.text
    caplog.clear()
    shard.write_bytes(data[: members[3].offset])
    assert values(Shard(shard)) == [0, 1, 2]
    assert not caplog.text, "an archive without its end mark is whole"


def test_what_is_no_tar_file_is_said(tmp_path):
    for name, data in {"a.tar": b"no archive" * 100, "b.tar": b"", "c.tar": b"\x1f\x8b\x08" + bytes(600)}.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(FileFormatError, match=f"{name} is not a plain tar file"):
            Shard(tmp_path / name)
    (tmp_path / "d.tar").write_bytes(bytes(10240))
    assert len(Shard(tmp_path / "d.tar")) == 0
    with pytest.raises(FileFormatError, match=r"gone\.tar cannot be read"):
        Shard(tmp_path / "gone.tar")


def test_hostile_headers_end_the_archive_and_nothing_else(tmp_path, shard):
    whole = np.frombuffer(shard.read_bytes(), np.uint8)
    random = np.random.default_rng(0)
    for number in range(150):
        data = whole.copy()
        headers = [tarfile.BLOCKSIZE * 2 * int(random.integers(5)) + int(each) for each in random.integers(0, 512, 4)]
        data[headers] = random.integers(0, 256, 4)
        for start in range(0, 5120, 1024):  # with a sum that is right: what it says is believed
            header = data[start : start + 512]
            header[148:156] = 32
            header[148:156] = np.frombuffer(f"{int(header.sum(dtype=np.int64)):06o}\0 ".encode(), np.uint8)
        path = tmp_path / f"{number}.tar"
        path.write_bytes(data.tobytes())
        try:
            found = Shard(path)
        except FileFormatError:
            continue
        for index in range(len(found)):
            with contextlib.suppress(FileFormatError):
                assert found.read(index).dtype == np.uint8


def test_a_shard_that_changes_or_goes_costs_its_pictures_only(shard):
    found = Shard(shard)
    shard.write_bytes(shard.read_bytes()[:3000])
    assert found.read(0)[0, 0, 0] == 0
    with pytest.raises(FileFormatError):
        found.read(4)
    shard.unlink()
    with pytest.raises(FileFormatError, match=r"a\.tar cannot be read"):
        found.read(0)


def test_a_member_larger_than_any_picture_is_not_read(shard, monkeypatch):
    found = Shard(shard)
    monkeypatch.setattr(formats, "byte_budget", lambda: 10)
    with pytest.raises(FileFormatError, match=r"0001\.png in a\.tar is larger"):
        found.read(1)
