"""`lama-desktop evaluate`: sets, folders, photographs and patterns; the report; what is refused, and how."""

import json
import shutil

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from lama_desktop.cli import main

SIDE = 96


def save(pixels, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    PillowImage.fromarray(pixels).save(path)


@pytest.fixture
def data(tmp_path):
    """Three pictures with masks, and a folder with fills: the truth with noise in the hole."""
    for index in range(3):
        random = np.random.default_rng(index)
        noise = cv2.GaussianBlur(random.normal(128, 90, (SIDE, SIDE, 3)), (0, 0), 1.5)
        picture = np.clip(noise, 0, 255).astype(np.uint8)
        hole = np.zeros((SIDE, SIDE), bool)
        hole[20:60, 30:70] = True
        fill = np.where(hole[..., None], np.clip(picture + random.normal(0, 9, picture.shape), 0, 255), picture)
        save(picture, tmp_path / "set" / f"p{index}.png")
        save(hole.astype(np.uint8) * 255, tmp_path / "set" / f"p{index}_mask000.png")
        save(fill.astype(np.uint8), tmp_path / "good" / f"p{index}_mask000.png")
    return tmp_path


def test_predictions_of_any_program(data, capsys):
    assert main(["evaluate", str(data / "set"), "--predictions", str(data / "good"), "-o", str(data / "out")]) == 0
    said = capsys.readouterr().out
    assert "all (3 holes)" in said
    assert "report.html" in said
    assert {each.name for each in (data / "out").iterdir()} == {
        "report.html",
        "evaluation.json",
        "scores.tsv",
        "summary.tsv",
    }
    document = json.loads((data / "out" / "evaluation.json").read_text())
    assert document["contenders"] == ["good"]
    assert document["rows"][0]["summaries"]["psnr"]["mean"] > 25


def test_models_and_folders_are_compared_on_the_same_holes_and_fills_are_kept(data, capsys):
    words = ["evaluate", str(data / "set"), "--compare", "telea", f"noise={data / 'good'}", "wide=telea:context=2"]
    words += ["-o", str(data / "out")]
    assert main([*words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["contenders"] == ["telea", "noise", "wide"]
    assert document["standings"][0]["contender"] == "noise"
    assert len(document["pairs"]) == 3 * len(document["measures"])
    assert len(list((data / "out" / "fills" / "telea").glob("*.png"))) == 3
    assert main(words) == 0
    assert "6 fills were there already" in capsys.readouterr().out


def test_a_part_of_a_set_is_judged_by_predictions_for_all_of_it(data, capsys):
    words = ["evaluate", str(data / "set"), "--predictions", str(data / "good"), "--count", "1"]
    assert main(words) == 0
    both = capsys.readouterr()
    assert "all (1 hole)" in both.out
    assert both.err == ""


def test_truths_and_masks_may_lie_apart(data, capsys):
    for path in (data / "set").iterdir():
        folder = data / ("masks" if "_mask" in path.name else "truths")
        folder.mkdir(exist_ok=True)
        shutil.copy(path, folder)
    words = ["evaluate", "--truth", str(data / "truths"), "--masks", str(data / "masks")]
    assert main([*words, "--predictions", str(data / "good"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["holes"] == 3


def test_photographs_and_patterns(data, capsys):
    for path in (data / "set").glob("*_mask*"):
        path.unlink()
    words = ["evaluate", str(data / "set"), "--model", "telea", "navier-stokes", "--size", "64", "--kinds", "wide"]
    assert main([*words, "--synthetic", "64", "--count", "2", "-o", str(data / "out")]) == 0
    said = capsys.readouterr().out
    assert "Holes were drawn in the scaled centres of the photos in " in said
    assert "all (2 holes)" in said
    assert "Pattern continued" in said
    assert "telea > navier-stokes" in said or "navier-stokes > telea" in said
    assert (data / "out" / "fills" / "telea" / "synthetic" / "checks-64.png").is_file()


def test_patterns_alone(capsys):
    assert main(["evaluate", "--model", "telea", "--synthetic", "64", "128", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [each["size"] for each in document["synthetic"]["means"]] == [64, 128]
    assert document["synthetic"]["means"][0]["continued"] < 0.5
    assert "rows" not in document


def test_a_bad_folder_is_refused_by_name_or_counted(data, capsys):
    (data / "good" / "p1_mask000.png").rename(data / "good" / "p1_mask.png")
    save(np.zeros((50, 50, 3), np.uint8), data / "good" / "p2_mask000.png")
    words = ["evaluate", str(data / "set"), "--predictions", str(data / "good")]
    assert main(words) == 2
    said = capsys.readouterr().err
    for name in ("p1_mask000", "p1_mask.png", "p2_mask000.png has 50 × 50 pixels", "--partial"):
        assert name in said
    assert main([*words, "--partial", "-o", str(data / "out")]) == 0
    both = capsys.readouterr()
    assert "all (1 hole)" in both.out
    assert "2 holes count for nobody" in both.err
    assert "p2_mask000.png has 50 × 50 pixels" in both.err
    assert main([*words, "--json"]) == 2
    assert "p1_mask000" in json.loads(capsys.readouterr().out)["error"]


def test_fixed_masks_are_told_and_holes_are_drawn_beside_them_on_demand(data, capsys):
    words = ["evaluate", str(data / "set"), "--model", "telea"]
    assert main([*words, "-o", str(data / "out")]) == 0
    said = "set was taken as a set with fixed masks: fills are judged against what is under them. If that is what is "
    assert said in capsys.readouterr().out
    assert said in (data / "out" / "report.html").read_text()
    asked = json.loads((data / "out" / "evaluation.json").read_text())["evaluation"]
    assert said in asked["basis"]
    assert (asked["size"], asked["windows"]) == (None, None)
    (data / "set" / "p0_mask000.png").unlink()
    assert main(words) == 2
    assert "no mask belongs to p0.png" in (said := capsys.readouterr().err)
    assert "use --windows N." in said
    assert main([*words, "--windows", "2", "--size", "64", "--kinds", "narrow", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["holes"] == 2
    assert document["evaluation"]["basis"].startswith("Holes were drawn in windows of the photos in ")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "Name a folder"),
        (["SET"], 2, "Nobody is to be judged"),
        (["SET", "--model", "nothing"], 4, "There is no model called 'nothing'"),
        (["SET", "--model", "telea", "telea"], 2, "Two are called telea"),
        (["SET", "--compare", "telea"], 2, "One alone cannot be compared"),
        (["SET", "--truth", "SET"], 2, "--truth and --masks belong together"),
        (["SET", "--truth", "SET", "--masks", "SET"], 2, "both say what is true"),
        (["SET", "--model", "telea", "--size", "8"], 2, "at least 64 pixels"),
        (["SET", "--model", "telea", "--size", "0"], 2, "at least 64 pixels"),
        (["SET", "--model", "telea", "--size", "64"], 2, "--size counts for drawn holes only: leave it out."),
        (["SET", "--model", "telea", "--windows", "0"], 2, "--windows cannot be 0: every photo has 1 to 1,000"),
        (["SET", "--model", "telea", "--windows", "100000"], 2, "--windows cannot be 100000: every photo has 1 to"),
        (["--truth", "SET", "--masks", "SET", "--model", "telea", "--windows", "2"], 2, "holes that are drawn in"),
        (["--synthetic", "64", "--model", "telea", "--size", "64"], 2, "--size counts only for holes that are drawn"),
        (["SET", "--model", "telea", "--kinds", "wide"], 2, "nothing tells of which kind they are. Leave --kinds out."),
        (["SET", "--model", "telea:colour=red"], 2, "no setting 'colour'"),
        (["SET", "--model", "telea", "-o", "SET/report"], 2, "would lie among the pictures"),
        (["SET", "--predictions", "GOOD", "--synthetic", "64"], 2, "--synthetic needs a model"),
        (["SET", "--model", "telea", "--synthetic", "8"], 2, "at least 64 pixels"),
        (["SET", "--model", "telea", "--synthetic", "99999"], 2, "at most 4096"),
        (["SET", "--model", "telea", "--seed", "-1"], 2, "The seed cannot be -1: it is 0 or more"),
        (["NOWHERE", "--model", "telea"], 2, "There is no folder"),
    ],
)
def test_what_cannot_be_meant_is_refused(data, capsys, words, code, said):
    places = {"SET": str(data / "set"), "GOOD": str(data / "good")}
    given = [places.get(word, word.replace("SET/", f"{data / 'set'}/")) for word in words]
    assert main(["evaluate", *given]) == code
    assert said in capsys.readouterr().err


def test_lpips_without_the_extra_or_the_weights_is_a_sentence(data, capsys):
    words = ["evaluate", str(data / "set"), "--predictions", str(data / "good"), "--lpips", str(data / "vgg16.pth")]
    assert main(words) in (2, 4)
    said = capsys.readouterr().err
    assert ".[eval]" in said or "LPIPS needs the weights of VGG16" in said
