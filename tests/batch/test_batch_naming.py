"""Names of results."""

from pathlib import Path

import pytest

from lama_desktop.batch.naming import Names, Template, is_too_long, same
from lama_desktop.errors import SettingsError


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("{name}", "a.b"),
        ("{name}-clean", "a.b-clean"),
        ("{mask}", "a.b_mask001"),
        ("{folder} {number:04}.{suffix}", "sub 0007.JPG"),
        ("{{{number}}}", "{7}"),
    ],
)
def test_fields(pattern, name):
    assert Template(pattern).name(Path("in/sub/a.b.JPG"), Path("in/sub/a.b_mask001.png"), 7) == name


def test_without_a_mask_file_the_photo_names_it():
    assert Template("{mask}").name(Path("a.png"), None, 1) == "a"


@pytest.mark.parametrize(
    "pattern",
    ["{name", "{nome}", "{}", "{0}", "{name.parent}", "{name[0]}", "a/{name}", "..\\{name}", "", " . ", "{name:>9}"],
)
def test_patterns_that_cannot_be(pattern):
    with pytest.raises(SettingsError, match="name"):
        Template(pattern)


def test_a_number_takes_digits_only():
    with pytest.raises(SettingsError, match="0001"):
        Template("{number:zzz}")


def test_names_that_some_file_system_takes_for_one():
    assert same(Path("/x/É.JPG")) == same(Path("/x/e\u0301.jpg"))
    assert same(Path("/x/a.jpg")) != same(Path("/y/a.jpg"))


def test_a_free_name_is_neither_taken_nor_an_input_nor_on_the_disk(tmp_path):
    names = Names([tmp_path / "a-2.png"])
    assert names.free(tmp_path / "a.png") == tmp_path / "a.png"
    names.take(tmp_path / "A.png", tmp_path / "first.png")
    (tmp_path / "a-3.png").touch()
    (tmp_path / "a-4.png").symlink_to(tmp_path / "gone")
    assert names.free(tmp_path / "a.png") == tmp_path / "a-5.png"
    assert names.owner(tmp_path / "a.PNG") == tmp_path / "first.png"


def test_an_input_is_known_through_a_link(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").touch()
    (tmp_path / "out").symlink_to(tmp_path / "in")
    assert Names([tmp_path / "in" / "a.png"]).is_input(tmp_path / "out" / "a.png")


def test_length_counts_bytes():
    assert not is_too_long("x" * 255)
    assert is_too_long("é" * 128)
