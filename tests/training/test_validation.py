"""Validation: the holes of an evaluation, each picture once over all processes, and figures one can trust."""

import math

import cv2
import numpy as np
import pytest
import torch
from PIL import Image as PillowImage

from lama_desktop.errors import FileFormatError, SettingsError
from lama_desktop.evaluation.dataset import find_samples
from lama_desktop.evaluation.judging import judge
from lama_desktop.evaluation.results import Results
from lama_desktop.evaluation.sources import EngineSource
from lama_desktop.training import validation as module
from lama_desktop.training.config import ValidationOptions
from lama_desktop.training.distributed import Processes
from lama_desktop.training.validation import Validation

SIDE = 64
ALONE = Processes(0, 1, torch.device("cpu"))


class Together(Processes):
    """One of several processes; remembers what it would have sent to the others."""

    def sum(self, numbers):
        self.sent.append(numbers)
        return numbers

    @property
    def sent(self):
        return self.__dict__.setdefault("_sent", [])


def texture(seed, width=SIDE, height=SIDE):
    noise = np.random.default_rng(seed).normal(120, 60, (height, width, 3))
    return np.clip(cv2.GaussianBlur(noise, (0, 0), 1.2), 0, 255).astype(np.uint8)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "held back"
    folder.mkdir()
    for index in range(5):
        PillowImage.fromarray(texture(index)).save(folder / f"p{index}.png")
    return folder


def options(folder, **values):
    return ValidationOptions(**{"images": str(folder), "masks": "thick_256, medium_256", "size": SIDE} | values)


def grey(images, masks):
    return torch.full_like(images, 120 / 255)


def test_the_holes_and_the_figures_are_those_of_an_evaluation(folder):
    class Grey:
        def inpaint(self, image, mask, progress):
            return np.where(mask[..., None] > 0, np.uint8(120), image)

    samples = find_samples(folder, ["thick_256", "medium_256"], size=SIDE)
    (row, *_) = Results(judge(samples, {"grey": EngineSource(Grey, {}, None)})).rows
    validation = Validation(options(folder))
    assert len(validation) == 10
    figures = validation.judge(grey, ALONE)
    assert figures == pytest.approx({name: row.summaries[name].mean for name in module.MEASURES})
    assert 0 < figures["l1"] < 1


def test_the_energy_is_the_geometric_mean(folder):
    validation = Validation(options(folder))

    def rough(images, masks):
        return torch.rand(images.shape, generator=torch.Generator().manual_seed(0))

    ratios = []
    for case, filled in validation._filled(rough, range(len(validation))):
        ratios.append(module.MEASURES["energy"].function(filled, case.truth, case.hole))
    expected = math.exp(np.mean(np.log(ratios)))
    assert validation.judge(rough, ALONE)["energy"] == pytest.approx(expected)


def test_the_generator_sees_black_holes_and_only_holes_are_judged(folder):
    seen = []

    def peeping(images, masks):
        seen.append((images.clone(), masks.clone()))
        return torch.where(masks > 0, torch.tensor(0.5), torch.tensor(0.0))

    validation = Validation(options(folder))
    inside = validation.judge(peeping, ALONE)
    for images, masks in seen:
        assert images.shape[1:] == (3, SIDE, SIDE)
        assert masks.shape[1:] == (1, SIDE, SIDE)
        assert images.dtype == masks.dtype == torch.float32
        assert set(masks.unique().tolist()) == {0.0, 1.0}
        assert not (images * masks).any()
        assert 0 < images.max() <= 1
    assert inside == validation.judge(lambda images, masks: torch.full_like(images, 0.5), ALONE)


def test_the_truth_is_perfect(folder):
    validation = Validation(options(folder))
    truths = torch.stack([torch.from_numpy(case.truth) for case in validation._usable(range(len(validation)))])
    whole = iter(truths.permute(0, 3, 1, 2).float().div(255).split(1000))
    figures = validation.judge(lambda images, masks: next(whole), ALONE)
    assert figures["psnr"] > 120
    assert (figures["l1"], figures["swd"]) == (0, 0)
    assert (figures["ssim"], figures["energy"]) == pytest.approx((1, 1))


@pytest.mark.parametrize("world", [3, 12])
def test_each_case_is_judged_once_over_all_processes(folder, world):
    alone = Together(0, 1, torch.device("cpu"))
    Validation(options(folder)).judge(grey, alone)
    parts = []
    for rank in range(world):
        part = Together(rank, world, torch.device("cpu"))
        Validation(options(folder)).judge(grey, part)
        parts.append(part.sent[0])
    np.testing.assert_allclose(np.sum(parts, axis=0), alone.sent[0])


def test_a_fill_that_is_no_number_counts_as_black(folder):
    validation = Validation(options(folder))
    black = validation.judge(lambda images, masks: torch.zeros_like(images), ALONE)
    assert validation.judge(lambda images, masks: torch.full_like(images, math.nan), ALONE) == black
    assert validation.judge(lambda images, masks: torch.full_like(images, -3.0), ALONE) == black


def test_a_limit_chooses_by_the_seed_and_keeps_its_choice(folder):
    names = [[file.name for file in Validation(options(folder, limit=4), seed)._files] for seed in range(6)]
    assert all(len(each) == 4 and each == sorted(each) for each in names)
    assert len({tuple(each) for each in names}) > 3
    PillowImage.fromarray(texture(9)).save(folder / "q.png")
    assert set(names[0]) - {file.name for file in Validation(options(folder, limit=5), 0)._files} <= {names[0][-1]}


def test_a_prepared_folder_is_taken_as_it_is(tmp_path):
    """Sides that no generator takes are continued and cut; pictures of different sizes may lie together."""
    holes = {}
    for name, (width, height) in {"a": (70, 50), "b": (64, 96), "c": (70, 50)}.items():
        PillowImage.fromarray(texture(1, width, height)).save(tmp_path / f"{name}.png")
        mask = np.zeros((height, width), np.uint8)
        cv2.circle(mask, (30, 25), 15, 255, -1)
        PillowImage.fromarray(mask).save(tmp_path / f"{name}_mask000.png")
        holes[name] = mask > 0
    validation = Validation(ValidationOptions(images=str(tmp_path), size=512))
    shapes = []

    def fill(images, masks):
        shapes.append(tuple(images.shape))
        return torch.zeros_like(images)

    cases = list(validation._filled(fill, range(3)))
    assert sorted(shapes) == [(1, 3, 64, 96), (1, 3, 64, 96), (1, 3, 96, 64)]
    for case, filled in cases:
        hole = holes[case.name[0]]
        np.testing.assert_array_equal(case.hole, hole)
        assert filled.shape == (*hole.shape, 3)
        assert not filled[hole].any()
        np.testing.assert_array_equal(filled[~hole], case.truth[~hole])


def test_many_pictures_are_filled_in_parts(folder, monkeypatch):
    monkeypatch.setattr(module, "PIXELS", 3 * SIDE * SIDE)
    sizes = []

    def fill(images, masks):
        sizes.append(len(images))
        return grey(images, masks)

    Validation(options(folder)).judge(fill, ALONE)
    assert sizes == [3, 3, 3, 1]


def test_small_pictures_are_continued_to_what_a_generator_takes(folder):
    shapes = set()

    def fill(images, masks):
        shapes.add((*images.shape[2:], *masks.shape[2:]))
        return grey(images, masks)

    assert Validation(options(folder), minimum=72).judge(fill, ALONE) == Validation(options(folder)).judge(grey, ALONE)
    assert shapes == {(96, 96, 96, 96)}


@pytest.mark.parametrize("kept", [0, 1 << 30])
def test_pictures_stay_in_memory_while_they_fit(folder, monkeypatch, kept):
    monkeypatch.setattr(module, "KEPT", kept)
    validation = Validation(options(folder))
    first = validation.judge(grey, ALONE)
    for path in folder.iterdir():
        path.unlink()
    if kept:
        assert validation.judge(grey, ALONE) == first
    else:
        assert validation.judge(grey, ALONE) == {}


def test_what_cannot_be_used_is_skipped_and_named(folder):
    (folder / "broken.png").write_bytes(b"\x89PNG nothing")
    PillowImage.new("RGB", (32, 300)).save(folder / "small.png")
    validation = Validation(options(folder, masks="medium_256"))
    figures = validation.judge(grey, ALONE)
    validation.judge(grey, ALONE)
    assert figures["psnr"] > 5
    assert sorted(sentence.split()[0] for sentence in validation.skipped) == ["broken.png", "small.png"]
    for index in range(5):
        (folder / f"p{index}.png").unlink()
    with pytest.raises(FileFormatError, match=r"Not one picture in .* can be used. broken.png"):
        Validation(options(folder))


def test_wrong_options_are_refused_before_training(folder, tmp_path):
    with pytest.raises(SettingsError, match=r"validation.monitor cannot be 'fid': choose psnr"):
        Validation(options(folder, monitor="fid"))
    with pytest.raises(SettingsError, match="no masks called 'thik'"):
        Validation(options(folder, masks="thik"))
    with pytest.raises(FileFormatError, match="no folder"):
        Validation(options(tmp_path / "nowhere"))
    PillowImage.new("L", (SIDE, SIDE)).save(folder / "p0_mask000.png")
    with pytest.raises(FileFormatError, match=r"no mask belongs to p1.png"):
        Validation(options(folder))


@pytest.mark.parametrize(
    ("monitor", "better", "worse"), [("swd", 2.0, 3.0), ("psnr", 15, 14), ("energy", 1.1, 0.5), ("energy", 0.5, 0.0)]
)
def test_lower_ranks_are_better(folder, monitor, better, worse):
    validation = Validation(options(folder, monitor=monitor))
    assert validation.rank({monitor: better}) < validation.rank({monitor: worse}) < validation.rank({}) == math.inf


def test_a_sheet_shows_input_result_and_truth(folder, tmp_path):
    validation = Validation(options(folder))
    path = tmp_path / "new" / "sheet.jpg"
    assert validation.sheet(grey, path) == path
    sheet = np.asarray(PillowImage.open(path))
    assert sheet.shape[1] > 3 * SIDE
    assert sheet.shape[0] > 8 * SIDE
    assert sheet.shape[0] < 12 * 2 * SIDE


def test_large_pictures_are_smaller_on_a_sheet(tmp_path):
    PillowImage.fromarray(texture(0, 900, 700)).save(tmp_path / "a.png")
    mask = PillowImage.new("L", (900, 700))
    mask.paste(255, (100, 100, 300, 300))
    mask.save(tmp_path / "a_mask000.png")
    path = Validation(ValidationOptions(images=str(tmp_path))).sheet(grey, tmp_path / "sheet.jpg")
    with PillowImage.open(path) as sheet:
        width, _ = sheet.size
    assert 3 * 512 < width < 3 * 512 + 100


def test_a_sheet_that_cannot_be_written_is_no_reason_to_stop(folder, tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert Validation(options(folder)).sheet(grey, tmp_path / "file" / "sheet.jpg") is None
