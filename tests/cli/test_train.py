"""The command `train`, and what `benchmark training` prints."""

import json
import shlex

import cv2
import numpy as np
import pytest

from lama_desktop.cli import main

QUICK = ["--set=run.steps=2", "--set=generator.width=4", "--set=generator.blocks=1", "--set=generator.downsamplings=2"]
QUICK += ["--set=discriminator.width=4", "--set=data.size=32", "--set=masks.scale=0.12"]


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for index in range(3):
        noise = np.random.default_rng(index).integers(0, 256, (40, 40, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / f"{index}.png"), noise)
    return folder


def test_it_trains_and_says_how_to_use_the_model(pictures, tmp_path, capsys):
    output = tmp_path / "run"
    assert main(["train", "tiny", "--images", str(pictures), "--output", str(output), *QUICK]) == 0
    model = output / "tiny.safetensors"
    said = capsys.readouterr()
    assert said.out.splitlines() == [str(model), f"lama-desktop models import {model}"]
    assert main(["models", "import", str(model)]) == 0
    assert "tiny" in capsys.readouterr().out


def test_the_next_command_can_be_copied_whatever_the_folder_is_called(pictures, tmp_path, capsys):
    output = tmp_path / "my run's"
    assert main(["train", "tiny", "--images", str(pictures), "--output", str(output), *QUICK]) == 0
    _, line = capsys.readouterr().out.splitlines()
    assert shlex.split(line) == ["lama-desktop", "models", "import", str(output / "tiny.safetensors")]


def test_it_lists_recipes(capsys):
    assert main(["train", "--list"]) == 0
    assert "big-lama " in capsys.readouterr().out


def test_it_shows_a_resolved_recipe(capsys):
    assert main(["train", "tiny", "--show", "--set", "run.steps=7"]) == 0
    assert "steps = 7" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Name a recipe"),
        (["nothing"], "There is no recipe 'nothing'"),
        (["tiny"], "Name the run's folder"),
        (["tiny", "--output", "x"], "no pictures to learn from"),
        (["tiny", "--output", "x", "--set", "losses.adversarial.wait=1"], "Did you mean 'losses.adversarial.weight'"),
        (["tiny", "--output", "x", "--images", "does not exist"], "does not exist"),
    ],
)
def test_wrong_use(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["train", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_an_encoder_that_is_missing_is_named_with_its_address(pictures, tmp_path, capsys):
    assert main(["train", "lama-fourier", "--images", str(pictures), "--output", str(tmp_path / "run")]) == 4
    said = capsys.readouterr().err
    assert "encoder_epoch_20.pth" in said
    assert not (tmp_path / "run").exists()


def test_benchmark_training(capsys):
    sets = [*QUICK, "--set=data.batch=2", "--set=discriminator.layers=2"]
    assert main(["benchmark", "training", "--recipe", "tiny", "--rounds", "1", "--json", *sets]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["rows"][0]["ratio"] == 1
    assert len(document["rows"]) == 4
    assert all(row["seconds"] > 0 for row in document["rows"])
