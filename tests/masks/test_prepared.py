"""Prepared sets: who belongs to whom by name, what cannot be matched, and folders that appear whole."""

import numpy as np
import pytest
from PIL import Image as PillowImage

from lama_desktop.errors import FileFormatError, SettingsError
from lama_desktop.masks.prepared import (
    find_pairs,
    names_apart,
    new_folder,
    picture_of,
    pictures_in,
    read_pairs,
    write_mask,
    write_picture,
)


@pytest.fixture
def folder(tmp_path):
    """Return a function that makes empty files of these names and returns their folder."""

    def make(*names):
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        return tmp_path

    return make


def pairs_of(found, folder):
    return [
        (pair.picture.relative_to(folder).as_posix(), pair.mask.relative_to(folder).as_posix(), pair.name)
        for pair in found
    ]


def test_the_published_layout(folder):
    root = folder(
        "a_crop000.png",
        "a_crop000_mask000.png",
        "a_crop001.png",
        "a_crop001_mask001.png",
        "sub/b.png",
        "sub/b_mask.png",
    )
    assert pairs_of(read_pairs(root), root) == [
        ("a_crop000.png", "a_crop000_mask000.png", "a_crop000_mask000"),
        ("a_crop001.png", "a_crop001_mask001.png", "a_crop001_mask001"),
        ("sub/b.png", "sub/b_mask.png", "sub/b_mask"),
    ]


def test_any_format_and_several_masks(folder):
    root = folder("a.b.jpg", "a.b_mask001.png", "a.b_mask002.JPG", "c.tiff", "c_mask_soft.webp")
    assert pairs_of(read_pairs(root), root) == [
        ("a.b.jpg", "a.b_mask001.png", "a.b_mask001"),
        ("a.b.jpg", "a.b_mask002.JPG", "a.b_mask002"),
        ("c.tiff", "c_mask_soft.webp", "c_mask_soft"),
    ]


def test_what_is_only_read_is_no_part_of_a_set(folder):
    root = folder("a.jpg", "a.nef", "a.ora", "a_mask.png", "a_mask.psd", "b.heic")
    found = find_pairs(root)
    assert pairs_of(found.pairs, root) == [("a.jpg", "a_mask.png", "a_mask")]
    assert found.problems() == []
    assert [path.name for path in found.others] == ["a.nef", "a.ora", "a_mask.psd", "b.heic"]


def test_a_picture_may_have_mask_in_its_name(folder):
    root = folder(
        "venice_mask_shop.jpg", "venice_mask_shop_mask.png", "x_mask_crop000.png", "x_mask_crop000_mask000.png"
    )
    found = find_pairs(root)
    assert pairs_of(found.pairs, root) == [
        ("venice_mask_shop.jpg", "venice_mask_shop_mask.png", "venice_mask_shop_mask"),
        ("x_mask_crop000.png", "x_mask_crop000_mask000.png", "x_mask_crop000_mask000"),
    ]
    assert found.problems() == []


def test_nothing_is_passed_over_in_silence(folder):
    root = folder(
        "a.png", "b_mask.png", "c.jpg", "c.png", "c_mask.png", "d.png", "d_mask.png", "d_mask.jpg", "e/a_mask.png"
    )
    (root / ".hidden_mask.png").touch()
    (root / "notes.txt").touch()
    found = find_pairs(root)

    def names(files):
        return [path.relative_to(root).as_posix() for path in files]

    assert found.pairs == ()
    assert names(found.pictures_alone) == ["a.png"]
    assert names(found.masks_alone) == ["b_mask.png", "e/a_mask.png"]
    assert names(found.ambiguous) == ["c_mask.png", "d_mask.jpg", "d_mask.png"]
    assert names(found.others) == ["notes.txt"]
    with pytest.raises(FileFormatError) as caught:
        read_pairs(root)
    for text in (
        "no picture belongs to b_mask.png, e/a_mask.png",
        "no mask belongs to a.png",
        "c_mask.png, d_mask.jpg",
    ):
        assert text in str(caught.value)


def test_many_files_are_not_all_named(folder):
    root = folder(*(f"{index}_mask.png" for index in range(9)))
    with pytest.raises(FileFormatError, match=r"4_mask\.png and 4 more: a mask is named like its picture"):
        read_pairs(root)


def test_a_folder_without_pairs_is_an_error_with_a_remedy(folder, tmp_path):
    with pytest.raises(FileFormatError, match="lama-desktop masks"):
        read_pairs(folder("notes.txt"))
    with pytest.raises(FileFormatError, match="There is no folder"):
        read_pairs(tmp_path / "nowhere")
    with pytest.raises(FileFormatError, match="There is no picture"):
        pictures_in(tmp_path)


def test_names_that_are_no_masks(tmp_path):
    for name in ("photo.png", "_mask.png", "mask.png", "unmasked.png"):
        assert picture_of(tmp_path / name) is None
    assert picture_of(tmp_path / "a_mask_mask7.png") == tmp_path / "a_mask"


def test_what_is_written_is_read(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (8, 9, 3)).astype(np.uint8)
    hole = pixels[..., 0] > 128
    picture = write_picture(pixels, tmp_path, "sub/a_mask_b", 2)
    write_mask(hole, picture, 7)
    (pair,) = read_pairs(tmp_path)
    assert pair.name == "sub/a_mask_b_crop002_mask007"
    np.testing.assert_array_equal(np.asarray(PillowImage.open(pair.picture)), pixels)
    np.testing.assert_array_equal(np.asarray(PillowImage.open(pair.mask)), hole * np.uint8(255))
    with pytest.raises(FileFormatError):
        write_picture(pixels, picture, "a", 0)


@pytest.mark.parametrize("empty", [True, False])
def test_a_folder_appears_whole(tmp_path, empty):
    target = tmp_path / "deep" / "set"
    if empty:
        target.mkdir(parents=True)
    with new_folder(target) as unfinished:
        (unfinished / "a").touch()
        assert not target.exists() or not any(target.iterdir())
    assert [path.name for path in target.iterdir()] == ["a"]
    assert [path.name for path in target.parent.iterdir()] == ["set"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_folder_appears_not_at_all(tmp_path, error):
    def interrupted():
        with new_folder(tmp_path / "set") as unfinished:
            (unfinished / "a").touch()
            raise error

    with pytest.raises(error):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_replaces_nothing(tmp_path):
    (tmp_path / "file").touch()
    for target in (tmp_path, tmp_path / "file"):
        with pytest.raises(SettingsError, match="not an empty folder"), new_folder(target):
            pass
    with pytest.raises(FileFormatError, match="cannot be made"), new_folder(tmp_path / "file" / "set"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_names_tell_pictures_apart(tmp_path):
    inside = ["a.png", "A.jpg", "b.png", "sub/b.png", "c.jpg", "c.png", "c-png.png"]
    names = names_apart([tmp_path / each for each in inside], tmp_path)
    assert list(names.values()) == ["a-png", "A-jpg", "b", "sub/b", "c-jpg", "c-png", "c-png-png"]
