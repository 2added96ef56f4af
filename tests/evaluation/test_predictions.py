"""Predictions in folders: found by name, and everything wrong is said with names."""

import numpy as np
import pytest
from known import save, texture
from PIL import Image as PillowImage

from lama_desktop.errors import FileFormatError
from lama_desktop.evaluation.predictions import find_predictions, read_prediction

NAMES = ["a_mask000", "sub/b_mask000"]


def folder(tmp_path, *names):
    for name in names:
        save(texture(0), tmp_path / "p" / name)
    return tmp_path / "p"


def test_they_are_called_like_their_mask_with_any_ending(tmp_path):
    found = find_predictions(folder(tmp_path, "a_mask000.jpg", "sub/b_mask000.png"), NAMES)
    assert list(found.files) == NAMES
    assert found.problems() == []


def test_another_program_may_add_to_the_name(tmp_path):
    made = folder(tmp_path, "a_mask000_inpainted.jpg", "sub/b_mask000_inpainted.png")
    for suffix in ("_inpainted", "_inpainted.png"):
        assert find_predictions(made, NAMES, suffix).problems() == []
    problems = find_predictions(made, NAMES).problems()
    assert "no prediction for a_mask000, sub/b_mask000" in problems[0]
    assert "is a_mask000_inpainted.jpg the first of them under another name?" in problems[0]


def test_what_is_missing_twice_or_foreign_is_named(tmp_path):
    found = find_predictions(folder(tmp_path, "a_mask000.jpg", "a_mask000.png", "c.png"), NAMES)
    assert (found.missing, found.twice, found.others) == (("sub/b_mask000",), ("a_mask000",), ("c.png",))
    assert not found.files
    assert "several predictions for a_mask000" in " ".join(found.problems())
    assert "no hole belongs to c.png" in found.notes()[0]
    part = find_predictions(tmp_path / "p", NAMES[1:], known=NAMES)
    assert part.others == ("c.png",)
    assert part.twice == ()
    with pytest.raises(FileFormatError, match="no folder"):
        find_predictions(tmp_path / "nothing", NAMES)


def test_a_prediction_has_the_size_of_its_truth_and_is_opaque(tmp_path):
    truth = texture(0)
    made = folder(tmp_path, "a.png", "small.png")
    np.testing.assert_array_equal(read_prediction(made / "a.png", truth), truth)
    PillowImage.fromarray(truth[:50]).save(made / "small.png")
    with pytest.raises(FileFormatError, match=r"small.png has 96 × 50 pixels, and its truth 96 × 96"):
        read_prediction(made / "small.png", truth)
    PillowImage.new("RGBA", (96, 96), (1, 2, 3, 100)).save(made / "glass.png")
    with pytest.raises(FileFormatError, match=r"glass.png is partly transparent"):
        read_prediction(made / "glass.png", truth)
    PillowImage.new("L", (96, 96), 7).save(made / "grey.png")
    assert read_prediction(made / "grey.png", truth).shape == truth.shape
