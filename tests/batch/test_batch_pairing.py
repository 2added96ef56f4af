"""Whose mask is whose."""

import unicodedata
from pathlib import Path

import pytest

from lama_desktop.batch.order import MaskRule, MaskSource
from lama_desktop.batch.pairing import pair, photos_among
from lama_desktop.batch.sources import Source, find_sources

BESIDE = MaskSource(MaskRule.BESIDE)


@pytest.fixture
def make(tmp_path):
    """Make empty files below `in`."""

    def made(*names: str) -> Path:
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        return tmp_path / "in"

    return made


def pairs(found, source=BESIDE) -> dict[str, list[str]]:
    return {each.source.within.as_posix(): [mask.name for mask in each.masks] for each in pair(found, source).matches}


def test_masks_beside_in_any_format_and_number(make):
    folder = make("in/a.jpg", "in/a_mask.webp", "in/s/b.png", "in/s/b_mask000.png", "in/s/b_mask001.jpg", "in/c.tif")
    assert pairs(find_sources([folder])) == {
        "a.jpg": ["a_mask.webp"],
        "c.tif": [],
        "s/b.png": ["b_mask000.png", "b_mask001.jpg"],
    }


def test_a_mask_in_another_folder_is_alone(make):
    folder = make("in/a.jpg", "in/s/a_mask.png")
    found = pair(find_sources([folder]), BESIDE)
    assert [each.masks for each in found.matches] == [()]
    assert [each.name for each in found.masks_alone] == ["a_mask.png"]


def test_photos_that_differ_in_their_suffix_only(make):
    folder = make("in/a.jpg", "in/a.png", "in/a_mask.png")
    unclear = {each.source.path.name: each.unclear for each in pair(find_sources([folder]), BESIDE).matches}
    assert unclear["a.jpg"] == "a_mask.png could belong to a.jpg or a.png: name it a.jpg_mask.png."
    assert "a.png_mask.png" in unclear["a.png"]
    make("in/a.jpg_mask.png", "in/a.png_mask.png")
    found = pair(find_sources([folder]), BESIDE)
    assert pairs(find_sources([folder])) == {"a.jpg": ["a.jpg_mask.png"], "a.png": ["a.png_mask.png"]}
    assert all(not each.unclear for each in found.matches)


def test_what_is_no_photo_is_known_too(make, tmp_path):
    folder = make("in/a.jpg", "in/a_mask.png", "in/z_mask.png", "m/a.png", "m/y.png")
    found = find_sources([folder])
    assert pair(found, BESIDE).others == {folder / "a_mask.png", folder / "z_mask.png"}
    assert pair(found, MaskSource(MaskRule.ALPHA)).others == {folder / "a_mask.png"}
    assert pair(found, MaskSource(MaskRule.FOLDER, tmp_path / "m")).others == {
        folder / "a_mask.png",
        tmp_path / "m" / "y.png",
    }


def test_masks_of_no_photo_are_not_compared_with_every_photo(make, monkeypatch):
    folder = make(*(f"in/{number}.jpg" for number in range(30)), *(f"in/x{number}_mask.png" for number in range(30)))
    compared = []
    monkeypatch.setattr(Source, "__eq__", lambda one, other: compared.append(one) or one is other)
    found = pair(find_sources([folder]), BESIDE)
    assert (len(found.matches), len(found.masks_alone)) == (30, 30)
    assert len(compared) < 60


def test_a_photo_may_have_mask_in_its_name(make):
    folder = make("in/the_mask_ball.jpg", "in/the_mask_ball_mask.png", "in/my_masks.jpg")
    found = pair(find_sources([folder]), BESIDE)
    assert pairs(find_sources([folder])) == {"the_mask_ball.jpg": ["the_mask_ball_mask.png"]}
    assert [each.name for each in found.masks_alone] == ["my_masks.jpg"]


def test_accents_may_be_stored_in_either_way(make):
    folder = make("in/" + unicodedata.normalize("NFC", "é.jpg"), "in/" + unicodedata.normalize("NFD", "é_mask.png"))
    assert [len(masks) for masks in pairs(find_sources([folder])).values()] == [1]


def test_masks_of_photos_that_are_named_one_by_one(make):
    folder = make("in/a.jpg", "in/a_mask.png", "in/b.jpg", "in/b_mask.png")
    found = find_sources([folder / "a.jpg"])
    assert pairs(found) == {"a.jpg": ["a_mask.png"]}
    assert pair(found, BESIDE).masks_alone == ()


def test_a_folder_of_masks_mirrors_the_photos(make, tmp_path):
    folder = make("in/a.jpg", "in/s/a.jpg", "in/s/b.png", "in/c.png", "in/d.jpg", "in/d.png")
    make("m/a.png", "m/s/a_mask.png", "m/s/b_mask1.png", "m/s/b_mask2.png", "m/z.png", "m/d.jpg.png", "m/d.png")
    source = MaskSource(MaskRule.FOLDER, tmp_path / "m")
    assert pairs(find_sources([folder]), source) == {
        "a.jpg": ["a.png"],
        "c.png": [],
        "d.jpg": ["d.jpg.png"],
        "d.png": ["d.png"],
        "s/a.jpg": ["a_mask.png"],
        "s/b.png": ["b_mask1.png", "b_mask2.png"],
    }
    assert [each.name for each in pair(find_sources([folder]), source).masks_alone] == ["z.png"]


def test_one_mask_for_all_is_no_photo_itself(make):
    folder = make("in/a.jpg", "in/logo.png", "in/b.jpg", "in/b_mask.png")
    source = MaskSource(MaskRule.FILE, folder / "logo.png")
    assert pairs(find_sources([folder]), source) == {"a.jpg": ["logo.png"], "b.jpg": ["logo.png"]}


@pytest.mark.parametrize("rule", [MaskRule.ALPHA, MaskRule.COLOR])
def test_without_mask_files_only_masks_of_others_are_no_photos(make, rule):
    folder = make("in/a.png", "in/a_mask.png", "in/x_mask.png")
    assert pairs(find_sources([folder]), MaskSource(rule)) == {"a.png": [], "x_mask.png": []}


def test_masks_are_told_from_photos_by_their_names_alone():
    names = ("a.jpg", "a_mask.png", "a_mask01.png", "b_mask.png", "c.jpg", "c.jpg_mask.png")
    assert [str(each) for each in photos_among(map(Path, names))] == ["a.jpg", "b_mask.png", "c.jpg"]
