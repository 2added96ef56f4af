"""Settings survive: other versions, damaged files, wrong values, disks that refuse."""

import json
import os
from dataclasses import dataclass

import pytest

from lama_desktop import settings as module
from lama_desktop.errors import SettingsError
from lama_desktop.options import option
from lama_desktop.settings import Settings


@dataclass(frozen=True)
class Brush:
    """The brush."""

    size: int = option(48, "Size", "diameter", low=1, high=2000, unit="px")
    hardness: float = option(0.8, "Hardness", "edge", low=0, high=1)


@dataclass(frozen=True)
class View:
    """The view."""

    grid: bool = option(True, "Grid", "pixel grid")


SECTIONS = {"brush": Brush, "view": View}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "config" / "settings.json"


def written(path, content):
    path.parent.mkdir(exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return Settings(path, SECTIONS)


def test_what_was_chosen_and_noticed_comes_back(path):
    settings = Settings(path, SECTIONS)
    settings.put(Brush(7, 0.5))
    settings.remember("recent", ["a.jpg"])
    settings.save()
    again = Settings(path, SECTIONS)
    assert again[Brush] == Brush(7, 0.5)
    assert again[View] == View()
    assert again.recall("recent", []) == ["a.jpg"]
    assert again.notes == []
    again.forget("recent")
    assert again.recall("recent", []) == []


def test_nothing_is_written_that_did_not_change(path):
    settings = Settings(path, SECTIONS)
    settings.put(Brush(7))
    settings.save()
    before = path.stat().st_mtime_ns
    settings.save()
    Settings(path, SECTIONS).save()
    assert path.stat().st_mtime_ns == before


def test_memory_of_another_type_is_no_memory(path):
    settings = written(path, {"memory": {"recent": "a.jpg", "count": True}})
    assert settings.recall("recent", []) == []
    assert settings.recall("count", 3) == 3


def test_a_list_that_was_recalled_is_not_the_remembered_one():
    settings = Settings(None, SECTIONS)
    settings.remember("recent", ["a"])
    settings.recall("recent", []).append("b")
    assert settings.recall("recent", []) == ["a"]


def test_a_wrong_value_takes_its_default_alone_and_is_told(path):
    settings = written(path, {"version": 1, "options": {"brush": {"size": 0, "hardness": 0.25}}})
    assert settings[Brush] == Brush(48, 0.25)
    assert "size cannot be 0" in settings.notes[0]


@pytest.mark.parametrize(
    "content",
    ["", "{", "[1, 2]", "null", '"text"', "\x00\xff", '{"a": NaN', "[" * 100_000],
)
def test_a_damaged_file_is_kept_aside(path, content):
    settings = written(path, content)
    assert settings[Brush] == Brush()
    aside = path.with_name("settings-damaged-1.json")
    assert aside.name in settings.notes[0]
    assert aside.read_text() == content
    settings.put(Brush(5))
    settings.save()
    assert Settings(path, SECTIONS)[Brush] == Brush(5)
    assert aside.read_text() == content


@pytest.mark.parametrize(
    "options", [None, [], 3, {"brush": None}, {"brush": []}, {"brush": {}}, {"brush": {"size": None}}]
)
def test_empty_and_foreign_sections_do_not_stop_the_program(path, options):
    settings = written(path, {"version": 1, "options": options, "memory": None})
    assert settings[Brush] == Brush()
    settings.put(Brush(9))
    settings.remember("a", 1)
    settings.save()
    assert Settings(path, SECTIONS)[Brush] == Brush(9)


def test_what_a_newer_version_wrote_is_kept(path):
    newer = {"version": 99, "options": {"brush": {"size": 3, "tilt": 1}, "future": {"x": 1}}, "extra": [1]}
    settings = written(path, newer)
    assert settings[Brush] == Brush(3)
    settings.put(Brush(4))
    settings.save()
    content = json.loads(path.read_text())
    assert content["version"] == 99
    assert content["extra"] == [1]
    assert content["options"] == {"brush": {"size": 4, "hardness": 0.8, "tilt": 1}, "future": {"x": 1}}


def test_an_older_version_is_brought_up_step_by_step(path, monkeypatch):
    def size_was_radius(content):
        brush = content["options"]["brush"]
        return content | {"options": {"brush": {"size": brush["radius"] * 2}}, "version": 2}

    monkeypatch.setattr(module, "MIGRATIONS", (size_was_radius,))
    settings = written(path, {"version": 1, "options": {"brush": {"radius": 10}}})
    assert settings[Brush] == Brush(20)
    settings.save()
    assert json.loads(path.read_text())["version"] == 2
    assert Settings(path, SECTIONS)[Brush] == Brush(20)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_refuses_is_named(path):
    path.parent.mkdir()
    path.parent.chmod(0o500)
    settings = Settings(path, SECTIONS)
    settings.put(Brush(5))
    with pytest.raises(SettingsError, match="cannot be saved in"):
        settings.save()


def test_a_folder_that_cannot_be_one_is_named(tmp_path):
    (tmp_path / "file").touch()
    settings = Settings(tmp_path / "file" / "settings.json", SECTIONS)
    settings.put(Brush(5))
    with pytest.raises(SettingsError, match="cannot be saved in"):
        settings.save()
    assert settings[Brush] == Brush(5)


def test_a_failed_save_leaves_the_old_file(path, monkeypatch):
    settings = Settings(path, SECTIONS)
    settings.put(Brush(5))
    settings.save()
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    settings.put(Brush(6))
    with pytest.raises(SettingsError, match="No space left"):
        settings.save()
    monkeypatch.undo()
    assert Settings(path, SECTIONS)[Brush] == Brush(5)
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_without_a_file_nothing_is_kept():
    settings = Settings(None, SECTIONS)
    settings.put(Brush(5))
    settings.save()
    assert settings[Brush] == Brush(5)


def test_whoever_asks_is_told_of_every_section_that_is_put():
    settings, told = Settings(None, SECTIONS), []
    settings.put(Brush(5))
    settings.tell(lambda section: told.append((section, settings[type(section)])))
    settings.put(Brush(7))
    settings.put(View(False))
    settings.remember("recent", [])
    assert told == [(Brush(7), Brush(7)), (View(False), View(False))], "and it is what the settings say by then"
