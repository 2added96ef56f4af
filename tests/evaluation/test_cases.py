"""Cases: the same holes for everybody, found by the seed and the name; and what is said of unusable pictures."""

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from lama_desktop.errors import FileFormatError, SettingsError
from lama_desktop.evaluation.cases import DrawnCase, PreparedCase, drawn_cases, read_square
from lama_desktop.masks.prepared import names_apart, pictures_in

SIDE = 96


@pytest.fixture
def folder(tmp_path):
    """Three pictures of noise; one is larger and not square."""
    for index, shape in enumerate([(SIDE, SIDE), (SIDE, SIDE), (150, 200)]):
        noise = np.random.default_rng(index).integers(0, 255, (*shape, 3), np.uint8)
        PillowImage.fromarray(noise).save(tmp_path / f"p{index}.png")
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / ".hidden.png").write_bytes(b"")
    (tmp_path / "p0.ora").write_bytes(b"a document beside its photo")
    return tmp_path


def drawn(folder, presets, size, seed):
    return drawn_cases(names_apart(pictures_in(folder), folder), presets, size, seed)


def test_a_drawn_case_depends_on_the_seed_and_the_names_only(folder):
    cases = drawn(folder, ["thick_256", "thin_256"], SIDE, seed=3)
    assert [case.name for case in cases[:3]] == ["p0-thick_256", "p0-thin_256", "p1-thick_256"]
    first, again = cases[2].read(), cases[2].read()
    np.testing.assert_array_equal(first.hole, again.hole)
    other = tuple(DrawnCase("", *rest).read().hole for rest in _others(folder))
    assert all((first.hole != each).any() for each in other)
    PillowImage.new("RGB", (SIDE, SIDE)).save(folder / "another.png")
    (same,) = (each for each in drawn(folder, ["thick_256"], SIDE, 3) if each.name == first.name)
    np.testing.assert_array_equal(same.read().hole, first.hole)


def _others(folder):
    yield folder / "p1.png", "thick_256", SIDE, 4
    yield folder / "p1.png", "medium_256", SIDE, 3
    yield folder / "p0.png", "thick_256", SIDE, 3


def test_drawn_holes_are_neither_tiny_nor_most_of_the_picture(folder):
    for case in drawn(folder, ["thick_256", "medium_256", "thin_256"], SIDE, 0):
        assert 0.05 <= case.read().hole.mean() <= 0.35


def test_an_unknown_kind_of_masks_is_refused(folder):
    with pytest.raises(SettingsError, match="no masks called 'thik'"):
        drawn(folder, ["thik"], SIDE, 0)


def test_the_centre_is_cut_square_and_made_smaller_never_larger(folder):
    picture = np.zeros((150, 200, 3), np.uint8)
    picture[:, 25:175] = 200
    PillowImage.fromarray(picture).save(folder / "wide.png")
    assert (read_square(folder / "wide.png", SIDE) == 200).all()
    with pytest.raises(FileFormatError, match=r"p0.png is smaller than 97 pixels"):
        read_square(folder / "p0.png", 97)
    PillowImage.new("RGBA", (SIDE, SIDE), (9, 9, 9, 100)).save(folder / "glass.png")
    with pytest.raises(FileFormatError, match=r"glass.png is partly transparent"):
        read_square(folder / "glass.png", SIDE)


def test_a_prepared_case_is_its_files(folder):
    mask = np.zeros((150, 200), np.uint8)
    cv2.circle(mask, (70, 60), 20, 255, -1)
    PillowImage.fromarray(mask).save(folder / "p2_mask000.png")
    case = PreparedCase("p2", folder / "p2.png", folder / "p2_mask000.png").read()
    np.testing.assert_array_equal(case.hole, mask > 0)
    np.testing.assert_array_equal(case.truth, np.asarray(PillowImage.open(folder / "p2.png")))
    with pytest.raises(FileFormatError, match="150 pixels and the photo 96 × 96"):
        PreparedCase("p0", folder / "p0.png", folder / "p2_mask000.png").read()
    PillowImage.new("L", (SIDE, SIDE)).save(folder / "black.png")
    with pytest.raises(FileFormatError, match=r"black.png masks nothing"):
        PreparedCase("p0", folder / "p0.png", folder / "black.png").read()
