"""The guide: a network that knows is believed, one that guesses is not, band by band."""

import cv2
import numpy as np
import pytest
import torch

from lama_desktop.engine.bands import count_bands, joined, split
from lama_desktop.engine.device import Device
from lama_desktop.engine.engine import Engine
from lama_desktop.engine.guide import learn, ring_of
from lama_desktop.engine.looks import limits_of, look
from lama_desktop.engine.membrane import membrane
from lama_desktop.engine.options import AlphaChoice, EngineOptions, Preset
from lama_desktop.engine.textured_model import TexturedModel
from lama_desktop.errors import Cancelled
from lama_desktop.progress import Progress

CPU = Device("cpu", torch.float32)
SIDE = 160


@pytest.fixture(scope="module")
def truth() -> np.ndarray:
    """Soft large waves under fine grain."""
    rows, columns = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    lengths = np.array([17, 23, 31], np.float32)
    waves = 0.5 + 0.2 * np.sin(rows[..., None] / 13 + columns[..., None] / lengths)
    grain = np.random.default_rng(0).normal(0, 0.06, (SIDE, SIDE, 1))
    return np.clip(waves + grain, 0, 1).astype(np.float32)


@pytest.fixture(scope="module")
def hole() -> np.ndarray:
    rows, columns = np.ogrid[:SIDE, :SIDE]
    return (rows - 80) ** 2 + (columns - 80) ** 2 < 36**2


class Oracle:
    """A network that answers with a picture of its own, whatever it is shown: the whole window, at any size."""

    smallest = 32
    copies = False
    device = "oracle"

    def __init__(self, answer: np.ndarray) -> None:
        self.answer = answer
        self.calls = 0

    def largest(self, side: int) -> int:
        return side

    def retreat(self) -> bool:
        return False

    def fill(self, image, hole, progress, allowed=None):
        progress(0.5)
        self.calls += 1
        size = (hole.shape[1], hole.shape[0])
        return cv2.resize(self.answer, size, interpolation=cv2.INTER_AREA).astype(np.float32)


@pytest.fixture(autouse=True)
def whole_windows(monkeypatch):
    """An oracle does not know which part of the picture a window is: let every look be one window."""

    def whole(model, colors, missing, limits, progress):
        return np.where(missing[..., None], model.fill(colors, missing, progress), colors)

    monkeypatch.setattr("lama_desktop.engine.guide.look", whole)


def masked(truth: np.ndarray, hole: np.ndarray) -> np.ndarray:
    return np.where(hole[..., None], np.float32(0), truth)


def error(fill: np.ndarray, truth: np.ndarray, hole: np.ndarray) -> float:
    return float(np.square(fill - truth)[hole].mean() ** 0.5)


def energy(fill: np.ndarray, hole: np.ndarray) -> float:
    return float(np.square(np.diff(fill.mean(axis=2), axis=0))[hole[1:]].mean())


def test_bands_add_up_to_the_picture(truth):
    for part in (truth, truth[:77, :90], truth[..., :1]):
        bands = split(part, count_bands(*part.shape[:2]))
        assert min(bands[-1].shape[:2]) >= 8
        assert np.abs(joined(bands) - part).max() < 1e-5


def test_the_ring_is_known_and_leaves_something_known(hole):
    ring = ring_of(hole)
    assert ring.any()
    assert not (ring & hole).any()
    tight = np.ones((64, 64), bool)
    tight[:, :3] = False
    assert not (ring_of(tight) | tight).all()
    crumb = np.ones((64, 64), bool)
    crumb[0, 0] = False
    assert not ring_of(crumb).any()


def test_a_network_that_knows_is_taken_at_its_word(truth, hole):
    guide = learn(Oracle(truth), masked(truth, hole), hole, [SIDE], 0.5, Progress())
    assert guide.scale == 1
    assert min(guide.explained) > 0.99
    assert guide.trust > 0.99
    assert error(guide.colors, truth, hole) < 1e-3


def test_a_network_that_guesses_is_not_believed(truth, hole):
    nonsense = np.random.default_rng(1).random((SIDE, SIDE, 3), dtype=np.float32)
    image = masked(truth, hole)
    guide = learn(Oracle(nonsense), image, hole, [SIDE], 0.5, Progress())
    edge = cv2.dilate(hole.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool) & ~hole
    alone = error(membrane(image, edge, hole), truth, hole)
    assert error(guide.colors, truth, hole) < 1.1 * alone < error(nonsense, truth, hole)
    assert max(guide.explained[:2]) < 0.05


def test_a_network_that_sees_only_what_is_large_is_believed_there(truth, hole):
    soft = cv2.GaussianBlur(truth, (0, 0), 5)
    guide = learn(Oracle(soft), masked(truth, hole), hole, [SIDE], 0.5, Progress())
    assert guide.explained[0] < 0.1
    assert guide.explained[-1] > 0.9


def test_nearer_looks_are_taken_while_they_tell_something(truth, hole):
    knows, guesses = Oracle(truth), Oracle(np.full_like(truth, 0.5))
    sides = [40, 80, SIDE]
    assert learn(knows, masked(truth, hole), hole, sides, 0.5, Progress()).scale == 1
    assert learn(guesses, masked(truth, hole), hole, sides, 0.5, Progress()).scale < 1
    assert knows.calls == 2 * len(sides)
    assert guesses.calls < knows.calls


@pytest.mark.parametrize("preset", Preset)
def test_every_preset_ends_with_its_own_look(preset):
    assert preset.looks[-1] == preset.side
    assert list(preset.looks) == sorted(preset.looks)


def test_the_judge_looks_at_the_ring(truth, hole):
    drawer, judge = Oracle(truth), Oracle(truth)
    learn(drawer, masked(truth, hole), hole, [SIDE], 0.5, Progress(), judge)
    assert (drawer.calls, judge.calls) == (1, 1)


def test_texture_leaves_a_perfect_network_alone(truth, hole):
    model = TexturedModel(Oracle(truth), [SIDE], 0.5, CPU)
    assert error(model.fill(masked(truth, hole), hole, Progress()), truth, hole) < 0.01


def test_texture_keeps_the_structure_of_a_soft_network_and_brings_the_grain_back(truth, hole):
    soft = cv2.GaussianBlur(truth, (0, 0), 4)
    filled = TexturedModel(Oracle(soft), [SIDE], 0.5, CPU).fill(masked(truth, hole), hole, Progress())
    assert energy(soft, hole) < 0.1 * energy(truth, hole)
    assert 0.6 < energy(filled, hole) / energy(truth, hole) < 1.4
    lows = [cv2.GaussianBlur(each, (0, 0), 5) for each in (filled, truth)]
    assert error(*lows, hole) < 0.03


def test_what_may_be_copied_is_heeded_and_other_channels_are_filled(truth, hole):
    opaque = np.concatenate([truth, np.ones((SIDE, SIDE, 1), np.float32)], axis=2)
    opaque[:, 120:, :3] += 0.5
    allowed = np.zeros_like(hole)
    allowed[:, :40] = True
    model = TexturedModel(Oracle(np.full_like(truth, 0.5)), [SIDE], 0.5, CPU)
    filled = model.fill(masked(opaque, hole), hole, Progress(), allowed)
    assert filled.shape == opaque.shape
    assert filled[hole][:, 3].min() > 0.99
    assert filled[90:110, 70:90, :3].max() < opaque[:, 120:, :3].min() + 0.2


def test_the_same_seed_gives_the_same_fill_and_another_one_another(truth, hole):
    soft, image = Oracle(np.full_like(truth, 0.5)), masked(truth, hole)
    first, again, other = (
        TexturedModel(soft, [80, SIDE], 0.5, CPU, seed=seed).fill(image, hole, Progress()) for seed in (0, 0, 1)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_through_the_engine_nothing_outside_changes_and_it_stops(truth, hole, dtype):
    image = np.rint(truth * np.iinfo(dtype).max).astype(dtype)
    mask = np.where(hole, 255, 0).astype(np.uint8)
    model = TexturedModel(Oracle(truth), Preset.NORMAL.looks, 0.5, CPU)
    engine = Engine(model, EngineOptions(grow=0, feather=0))
    fractions: list[float] = []
    result = engine.inpaint(image, mask, Progress(lambda fraction, text: fractions.append(fraction)))
    assert np.array_equal(result[~hole], image[~hole])
    assert result.dtype == dtype
    assert np.diff(fractions).min() > -1e-9
    progress = Progress(lambda fraction, text: fraction > 0.4 and progress.cancel())
    with pytest.raises(Cancelled):
        engine.inpaint(image, mask, progress)


def test_a_look_covers_a_long_hole_window_by_window(fake_model_class):
    image = np.full((64, 600, 3), 0.4, np.float32)
    hole = np.zeros((64, 600), bool)
    hole[28:36, 20:580] = True
    model = fake_model_class(128)
    filled = look(model, np.where(hole[..., None], np.float32(0), image), hole, limits_of(model, 128, 0.5), Progress())
    assert len(model.seen) > 1
    assert np.abs(filled - image).max() < 1e-4


@pytest.mark.parametrize("seed", range(8))
def test_any_hole_in_any_picture_is_filled_with_and_without_alpha(fake_model_class, monkeypatch, seed):
    monkeypatch.setattr("lama_desktop.engine.guide.look", look)
    rng = np.random.default_rng(seed)
    height, width = (int(side) for side in rng.integers(9, 140, 2))
    image = rng.integers(60, 200, (height, width, 4), np.uint8)
    image[..., 3] = np.where(rng.random() < 0.5, 255, rng.integers(0, 2, (height, width)) * 255)
    mask = np.zeros((height, width), np.uint8)
    top, left = int(rng.integers(0, height)), int(rng.integers(0, width))
    mask[top : top + int(rng.integers(1, height)), left : left + int(rng.integers(1, width))] = 255
    mask[0, :2] = 0
    model = TexturedModel(fake_model_class(64), (32, 64), 0.5, CPU)
    for alpha in AlphaChoice:
        options = EngineOptions(grow=0, feather=0, alpha=alpha)
        result = Engine(model, options).inpaint(image, mask, has_alpha=True)
        assert np.array_equal(result[mask == 0], image[mask == 0])
