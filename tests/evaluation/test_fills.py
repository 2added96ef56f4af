"""Benchmark of fills: the same holes for everybody, the table, the files, and what is said of unusable pictures."""

import importlib
import json

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from lama_desktop.cli import main
from lama_desktop.errors import Cancelled, FileFormatError, SettingsError
from lama_desktop.evaluation.cases import find_pictures
from lama_desktop.evaluation.fills import benchmark_fills
from lama_desktop.progress import Progress

SIDE = 96


class FakeEngine:
    """Stands in for an Engine: fills with one grey and remembers what it was given."""

    def __init__(self, value: int) -> None:
        self.value = value
        self.seen: list[tuple[np.ndarray, np.ndarray]] = []

    def inpaint(self, image, mask, progress):
        progress(0.5)
        self.seen.append((image.copy(), mask.copy()))
        result = image.copy()
        result[mask > 0] = self.value
        return result


def engines() -> dict[str, FakeEngine]:
    return {"near": FakeEngine(120), "far": FakeEngine(255)}


@pytest.fixture
def folder(tmp_path):
    """Three pictures of noise about 120; one is larger and not square."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for index, shape in enumerate([(SIDE, SIDE), (SIDE, SIDE), (150, 200)]):
        noise = np.random.default_rng(index).normal(120, 20, (*shape, 3))
        soft = cv2.GaussianBlur(noise, (0, 0), 1.0)
        PillowImage.fromarray(np.clip(soft, 0, 255).astype(np.uint8)).save(folder / f"p{index}.png")
    (folder / "notes.txt").write_text("no picture")
    return folder


def run(folder, **arguments):
    models = engines()
    arguments = {"presets": ("thick_256", "thin_256"), "size": SIDE} | arguments
    return benchmark_fills(models, find_pictures(folder), **arguments), models


def test_all_models_fill_the_same_holes_and_do_not_see_what_is_behind(folder):
    report, models = run(folder)
    assert len(report.judgements) == 3 * 2 * 2
    for (image, mask), (other, other_mask) in zip(models["near"].seen, models["far"].seen, strict=True):
        np.testing.assert_array_equal(image, other)
        np.testing.assert_array_equal(mask, other_mask)
        assert image.shape == (SIDE, SIDE, 3)
        assert set(np.unique(image[mask > 0])) == {128}
    assert all(0.05 <= each.area <= 0.35 for each in report.judgements)


def test_the_table(folder):
    report, _ = run(folder)
    near, far = report.rows()
    assert (near.model, near.fills, far.model) == ("near", 6, "far")
    assert near.psnr > far.psnr + 5
    assert near.energy < 0.5
    own = [each for each in report.judgements if each.model == "near"]
    assert near.swd == pytest.approx(np.mean([each.swd for each in own]))
    (pair,) = report.pairs()
    assert (pair.first, pair.second) == ("near", "far")
    assert pair.lower == np.mean(
        [a.swd < b.swd for a, b in zip(report.judgements[::2], report.judgements[1::2], strict=True)]
    )
    thick = report.of("thick_256")
    assert {each.preset for each in thick.judgements} == {"thick_256"}
    assert thick.rows()[0].fills == 3


def facts(report):
    return [(each.sample, each.model, each.area, each.psnr, each.swd) for each in report.judgements]


def test_a_seed_decides_everything_and_a_new_picture_nothing(folder):
    first = facts(run(folder)[0])
    assert facts(run(folder)[0]) == first
    assert facts(run(folder, seed=1)[0]) != first
    PillowImage.new("RGB", (SIDE, SIDE), "grey").save(folder / "a.png")
    assert facts(run(folder)[0])[4:] == first


def test_saved_files_are_the_pictures_that_were_judged(folder, tmp_path):
    target = tmp_path / "saved"
    PillowImage.open(folder / "p0.png").save(folder / "p0.bmp")
    report, models = run(folder, save=target)
    assert {path.name for path in target.iterdir()} == {"truth", "masks", "masked", "near", "far"}
    samples = [each.sample for each in report.judgements if each.model == "near"]
    assert "p0-png-thick_256" in samples
    assert len(set(samples)) == 8
    for sample, (image, mask) in zip(samples, models["near"].seen, strict=True):
        read = {path.name: np.asarray(PillowImage.open(path / f"{sample}.png")) for path in target.iterdir()}
        np.testing.assert_array_equal(read["masks"], mask)
        np.testing.assert_array_equal(read["masked"], image)
        assert (read["truth"][mask == 0] == image[mask == 0]).all()
        assert (read["near"][mask > 0] == 120).all()
    with pytest.raises(SettingsError, match="not an empty folder"):
        run(folder, save=target)


def test_names_of_models_are_safe_names_of_folders(folder, tmp_path):
    target = tmp_path / "saved"
    models = {"../x/best.ckpt": FakeEngine(1), "truth": FakeEngine(2)}
    benchmark_fills(models, find_pictures(folder, 1), ["thin_256"], size=SIDE, save=target)
    assert {path.name for path in target.iterdir()} == {"truth", "masks", "masked", "x-best.ckpt", "truth-model"}


def test_what_cannot_be_used_is_skipped_and_named(folder):
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    PillowImage.new("RGB", (50, 500)).save(folder / "small.png")
    PillowImage.new("RGBA", (SIDE, SIDE), (9, 9, 9, 100)).save(folder / "glass.png")
    report, _ = run(folder)
    assert len(report.judgements) == 12
    assert [name for name, _ in report.skipped] == ["broken.jpg", "glass.png", "small.png"]
    assert all(name in reason for name, reason in report.skipped)
    for name in ("p0.png", "p1.png", "p2.png"):
        (folder / name).unlink()
    with pytest.raises(FileFormatError, match="None of the 3 pictures can be used"):
        run(folder)


def test_progress_rises_to_one_and_stops(folder):
    reports = []
    progress = Progress(lambda fraction, text: reports.append(fraction))
    run(folder, progress=progress)
    assert reports == sorted(reports)
    assert reports[-1] == 1
    progress.cancel()
    with pytest.raises(Cancelled):
        run(folder, progress=progress)


def test_the_command_prints_the_table_and_json(folder, capsys):
    words = ["benchmark", "fills", str(folder), "--size", str(SIDE), "--model", "navier-stokes", "telea"]
    assert main([*words, "--preset-masks", "thin_256"]) == 0
    text = capsys.readouterr().out
    assert "SWD of navier-stokes is lower than that of telea on" in text
    assert main([*words, "--preset-masks", "thin_256", "medium_256", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert set(document["masks"]) == {"thin_256", "medium_256", "all"}
    assert document["masks"]["all"]["rows"][0]["fills"] == 6
    assert len(document["fills"]) == 12


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--preset-masks", "thik_512"], 2, "There are no masks called 'thik_512'"),
        (["--size", "8"], 2, "at least 64 pixels"),
        (["--count", "0"], 2, "at least one picture"),
        (["--model", "nothing"], 4, "There is no model called 'nothing'"),
        (["--model", "telea", "--size", "4096"], 2, "None of the 3 pictures"),
    ],
)
def test_wrong_use_of_the_command(folder, capsys, words, code, said):
    assert main(["benchmark", "fills", str(folder), *words]) == code
    assert said in capsys.readouterr().err


def test_the_command_runs_all_models_without_weights_by_default():
    command = importlib.import_module("lama_desktop.cli.benchmark")
    assert {"telea", "navier-stokes"} <= set(command._engines(None, "cpu"))
