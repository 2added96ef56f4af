"""Patch completion: fills any hole, continues texture in phase, follows its guide, copies only from where it may."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lama_desktop.core.color import SRGB, color_space
from lama_desktop.core.photo import ColorModel
from lama_desktop.engine.device import Device
from lama_desktop.engine.engine import Engine
from lama_desktop.engine.membrane import membrane
from lama_desktop.engine.options import AlphaChoice, EngineOptions
from lama_desktop.engine.patch_model import PatchModel
from lama_desktop.engine.patches import RING, complete
from lama_desktop.errors import Cancelled
from lama_desktop.progress import Progress

pytestmark = pytest.mark.filterwarnings("error")
CPU = Device("cpu", torch.float32)
EXACT = EngineOptions(grow=0, feather=0)


def ring_of(hole: np.ndarray) -> np.ndarray:
    """The pixels that may change: the hole and RING pixels around it."""
    wide = hole.copy()
    for row, column in np.argwhere(hole):
        wide[max(0, row - RING) : row + RING + 1, max(0, column - RING) : column + RING + 1] = True
    return wide


def box(height: int, width: int, top: int, left: int, bottom: int, right: int) -> np.ndarray:
    hole = np.zeros((height, width), bool)
    hole[top:bottom, left:right] = True
    return hole


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_hole_in_any_picture_is_filled_with_something_of_the_picture(data):
    height, width = data.draw(st.integers(8, 90)), data.draw(st.integers(8, 90))
    channels = data.draw(st.sampled_from([1, 3, 4]))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    image = rng.uniform(0.3, 0.9, (height, width, channels)).astype(np.float32)
    hole = np.zeros((height, width), bool)
    for _ in range(data.draw(st.integers(1, 3))):
        top, left = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
        hole[top : top + data.draw(st.integers(1, 90)), left : left + data.draw(st.integers(1, 90))] = True
    if hole.all():
        hole[data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))] = False
    image[hole] = 0
    result = complete(image, hole)
    assert np.isfinite(result).all()
    assert result.min() >= image[~hole].min() - 1e-4
    assert result.max() <= image[~hole].max() + 1e-4
    outside = ~ring_of(hole)
    assert np.array_equal(result[outside], image[outside])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
def test_through_the_engine_nothing_outside_changes(dtype, channels):
    rng = np.random.default_rng(1)
    image = rng.integers(0, np.iinfo(dtype).max, (120, 150, channels), dtype=dtype)
    mask = np.where(box(120, 150, 40, 50, 80, 110), 255, 0).astype(np.uint8)
    space = SRGB if channels == 3 else color_space(ColorModel.GREY, None)
    result = Engine(PatchModel(CPU), EXACT).inpaint(image, mask, space=space)
    assert np.array_equal(result[mask == 0], image[mask == 0])
    assert (result[mask > 0] > 0).any()


def gratings() -> list[tuple[str, np.ndarray]]:
    rows, columns = np.mgrid[:192, :192].astype(np.float32)
    pictures = []
    for period in (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64):
        wave = 0.5 + 0.4 * np.sin(2 * np.pi * columns / period + 0.3)
        pictures.append((f"grating {period}", wave))
        tiles = ((columns // max(1, period // 2)) + (rows // max(1, period // 2))) % 2 * 0.6 + 0.2
        pictures.append((f"tiles {period}", tiles.astype(np.float32)))
        course = rows // max(2, period // 2)
        joint = ((columns + (course % 2) * period / 2) % period < max(1, period // 8)) | (
            rows % max(2, period // 2) < max(1, period // 8)
        )
        pictures.append((f"bricks {period}", np.where(joint, 0.85, 0.35).astype(np.float32)))
    return pictures


@pytest.mark.slow
def test_periodic_pictures_go_on_in_phase():
    """At least nine of ten are nearer to the truth than a fill in opposite phase or a flat one could be."""
    failed = []
    hole = box(192, 192, 60, 70, 124, 132)
    for name, picture in gratings():
        truth = np.repeat(picture[..., None], 3, axis=2).astype(np.float32)
        image = truth.copy()
        image[hole] = 0
        error = np.abs(complete(image, hole)[hole] - truth[hole]).mean()
        flat = np.abs(truth[hole] - truth[hole].mean()).mean()
        if error > 0.3 * flat:
            failed.append(f"{name} ({error / flat:.2f})")
    assert len(failed) <= len(gratings()) // 10, failed


def test_a_smooth_gradient_stays_smooth():
    ramp = np.linspace(0.2, 0.8, 160, dtype=np.float32)
    image = np.repeat(np.repeat(ramp[:, None], 200, axis=1)[..., None], 3, axis=2)
    hole = box(160, 200, 30, 60, 130, 140)
    filled = complete(np.where(hole[..., None], np.float32(0), image), hole)
    assert np.abs(filled - image).max() < 0.08


@pytest.mark.parametrize("side", ["left", "top", "right", "bottom"])
def test_a_hole_at_the_edge_is_not_filled_with_what_lies_beyond(side):
    rng = np.random.default_rng(6)
    image = rng.uniform(0.6, 0.8, (150, 160, 3)).astype(np.float32)
    image[30:120, 100:150] *= 0.05  # something dark to copy, if darkness were what lies beyond the edge
    hole = box(150, 160, 20, 0, 130, 45)
    turns = ["left", "top", "right", "bottom"].index(side)
    turned, missing = np.rot90(image, -turns).copy(), np.rot90(hole, -turns).copy()
    assert complete(turned, missing)[missing].min() > 0.5


def test_the_same_seed_gives_the_same_picture():
    rng = np.random.default_rng(2)
    image = rng.random((80, 90, 3), dtype=np.float32)
    hole = box(80, 90, 30, 30, 55, 60)
    assert np.array_equal(complete(image, hole, seed=5), complete(image, hole, seed=5))


def test_texture_comes_only_from_where_it_may():
    image = np.full((120, 120, 3), 0.2, np.float32)
    image[:, 60:] = 0.8
    image += np.random.default_rng(0).uniform(-0.05, 0.05, image.shape).astype(np.float32)
    hole = box(120, 120, 40, 20, 80, 45)
    right = np.zeros((120, 120), bool)
    right[:, 62:] = True
    assert complete(image, hole, allowed=right)[hole].min() > 0.7
    assert complete(image, hole, allowed=~right)[hole].max() < 0.3


def test_a_far_source_is_brought_into_view():
    image = np.full((200, 1200, 3), 60, np.uint8)
    image[:, 1000:] = 200
    mask = np.where(box(200, 1200, 80, 40, 120, 80), 255, 0).astype(np.uint8)
    allowed = np.zeros((200, 1200), bool)
    allowed[:, 1020:] = True
    result = Engine(PatchModel(CPU), EXACT).inpaint(image, mask, allowed=allowed)
    assert (result[mask > 0] > 190).all()


def test_a_guide_decides_colour_where_the_surroundings_leave_it_open():
    rng = np.random.default_rng(3)
    image = np.where(np.arange(160)[None, :, None] < 80, 0.25, 0.75) + rng.uniform(-0.05, 0.05, (160, 160, 3))
    image = image.astype(np.float32)
    hole = box(160, 160, 50, 50, 110, 110)
    for value in (0.25, 0.75):
        guide = np.full_like(image, value)
        filled = complete(image, hole, guide=guide)
        assert abs(float(filled[hole].mean()) - value) < 0.12


def test_alpha_is_filled_as_a_channel_where_that_is_asked():
    image = np.full((100, 120, 4), 200, np.uint8)
    image[:, :60, 3], image[:, 60:, 3] = 255, 0
    mask = np.where(box(100, 120, 40, 40, 60, 80), 255, 0).astype(np.uint8)
    options = EngineOptions(grow=0, feather=0, alpha=AlphaChoice.FILL)
    image[mask > 0] = 0
    result = Engine(PatchModel(CPU), options).inpaint(image, mask, has_alpha=True)
    assert result[50, 45].tolist() == [200, 200, 200, 255]
    assert result[50, 76, 3] == 0


def test_it_reports_forward_and_stops():
    rng = np.random.default_rng(4)
    image, hole = rng.random((200, 200, 3), dtype=np.float32), box(200, 200, 50, 50, 150, 150)
    fractions: list[float] = []
    complete(image, hole, progress=Progress(lambda fraction, text: fractions.append(fraction)))
    assert np.diff(fractions).min() > -1e-9  # rounding aside
    assert len(fractions) > 50
    progress = Progress(lambda fraction, text: fraction > 0.5 and progress.cancel())
    with pytest.raises(Cancelled):
        complete(image, hole, progress=progress)


def test_a_membrane_meets_its_border_and_is_smooth_between():
    rows, columns = np.mgrid[:60, :70].astype(np.float32)
    plane = (0.01 * rows + 0.02 * columns)[..., None]
    hole = box(60, 70, 10, 10, 50, 60)
    surface = membrane(np.where(hole[..., None], np.float32(9), plane), ~hole, hole)
    assert np.array_equal(surface[~hole], plane[~hole])
    assert np.abs(surface - plane).max() < 0.02


def test_matching_the_light_removes_a_step_at_the_edge(fake_model_class):
    class Dim(fake_model_class):
        def fill(self, image, hole, progress, allowed=None):
            return image - 0.2

    image = np.full((100, 100, 3), 150, np.uint8)
    mask = np.where(box(100, 100, 30, 30, 70, 70), 255, 0).astype(np.uint8)
    plain = Engine(Dim(), EXACT).inpaint(image, mask)
    matched = Engine(Dim(), EngineOptions(grow=0, feather=0, match_light=True)).inpaint(image, mask)
    assert plain[50, 50, 0] == 99
    assert np.abs(matched.astype(int) - 150).max() <= 1
