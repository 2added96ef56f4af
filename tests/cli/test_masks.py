"""`lama-desktop masks`: what it makes, prints and refuses."""

import json

import numpy as np
import pytest
from PIL import Image as PillowImage

from lama_desktop import formats
from lama_desktop.masks.prepared import read_pairs
from lama_desktop.masks.presets import MASK_PRESETS


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for index in range(3):
        pixels = np.random.default_rng(index).integers(0, 256, (80, 100, 3)).astype(np.uint8)
        PillowImage.fromarray(pixels).save(folder / f"p{index}.png")
    return folder


def test_a_set_is_made_and_told_of(program, photos, tmp_path):
    (photos / "broken.png").write_bytes(b"nothing")
    code, text, messages = program(
        "masks", photos, "set", "--preset", "thick_256", "--size", 64, "--sheet", "sheet.jpg", "--masks-per-image", 2
    )
    assert code == 0
    assert "set: 6 pictures with 6 masks, short side 64 pixels" in text
    assert "on average" in text
    assert "skipped: broken.png" in messages
    assert "enlarged" not in text
    assert len(read_pairs(tmp_path / "set")) == 6
    assert formats.read(tmp_path / "sheet.jpg").size[0] > 500


def test_json_is_the_record(program, photos, tmp_path):
    code, document, messages = program("masks", photos, "set", "--size", 512, "--count", 2, "--json")
    assert (code, messages) == (0, "")
    assert document.pop("output") == "set"
    assert document == json.loads((tmp_path / "set" / "set.json").read_text())
    assert len(document["enlarged"]) == 2


def test_the_default_is_the_published_set(program, photos):
    _, document, _ = program("masks", photos, "set", "--json")
    options = document["options"]
    assert (document["side"], options["preset"], options["variants"], options["area_max"]) == (512, "thick_512", 5, 0.5)


def test_outpainting(program, photos):
    _, document, _ = program("masks", photos, "set", "--expand", 0.5, "--size", 64, "--json")
    assert {each["area"] for each in document["samples"]} == {round(1 - 1 / 1.5**2, 6)}


def test_the_kinds_are_listed(program, tmp_path):
    code, text, _ = program("masks", "--list")
    assert code == 0
    assert all(name in text and preset.summary in text for name, preset in MASK_PRESETS.items())
    assert "--fixed FOLDER" in text
    code, document, _ = program("masks", "--list", "--json", "--sheet", "kinds.png")
    assert [each["name"] for each in document["masks"]] == list(MASK_PRESETS)
    assert all(0 < each["mean"] < 1 for each in document["masks"])
    assert formats.read(tmp_path / "kinds.png").size[1] > 1000


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("masks",), "or use --list"),
        (("masks", "photos"), "or use --list"),
        (("masks", "photos", "set", "--list"), "leave the folders out"),
        (("masks", "photos", "set", "--preset", "thik_512"), "Did you mean 'thick_512'"),
        (("masks", "photos", "set", "--expand", 0.2, "--preset", "frame"), "leave --preset out"),
        (("masks", "photos", "set", "--area-max", 2), "area_max cannot be 2.0"),
        (("masks", "photos", "set", "--sheet", "sheet.txt"), "decides the format"),
        (("masks", "photos", "set", "--sheet", "photos/p0.png"), "among the pictures"),
        (("masks", "photos", "set", "--sheet", "nowhere/a.png"), "Make it first"),
        (("masks", "photos", "photos/set"), "within the source"),
        (("masks", "photos", "."), "not an empty folder"),
        (("masks", "nowhere", "set"), "There is no folder nowhere"),
    ],
)
def test_wrong_use_is_2_and_changes_nothing(program, photos, tmp_path, words, said):
    before = sorted(tmp_path.rglob("*"))
    code, text, messages = program(*words)
    assert code == 2
    assert text == ""
    assert said in messages
    assert sorted(tmp_path.rglob("*")) == before
