"""The engine: what it fills, what it leaves alone, and how it copes."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lama_desktop.core.color import color_space
from lama_desktop.core.photo import ColorModel
from lama_desktop.engine.classical import ClassicalModel
from lama_desktop.engine.engine import Engine
from lama_desktop.engine.options import AlphaChoice, EngineOptions, Preset
from lama_desktop.engine.seam import fill_weight
from lama_desktop.errors import Cancelled, DeviceMemoryError, LamaDesktopError
from lama_desktop.progress import Progress

EXACT = EngineOptions(grow=0, feather=0)


def noise(height: int, width: int, channels: int = 3, dtype=np.uint8, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(0, np.iinfo(dtype).max, (height, width, channels), dtype=dtype, endpoint=True)


def disk(height: int, width: int, x: int, y: int, radius: int) -> np.ndarray:
    rows, columns = np.ogrid[:height, :width]
    return np.where((rows - y) ** 2 + (columns - x) ** 2 <= radius**2, 255, 0).astype(np.uint8)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_pixels_outside_the_grown_mask_are_bit_identical(fake_model_class, data):
    height, width = data.draw(st.integers(8, 300)), data.draw(st.integers(8, 300))
    channels, alpha, model = data.draw(
        st.sampled_from([(1, 0, "grey"), (1, 1, "grey"), (3, 0, "rgb"), (3, 1, "rgb"), (4, 0, "cmyk")])
    )
    dtype = data.draw(st.sampled_from([np.uint8, np.uint16]))
    image = noise(height, width, channels + alpha, dtype)
    mask = np.zeros((height, width), np.uint8)
    for _ in range(data.draw(st.integers(1, 4))):
        x, y = data.draw(st.integers(0, width)), data.draw(st.integers(0, height))
        mask |= disk(height, width, x, y, data.draw(st.integers(0, 60)))
    mask[0, 0] = 0
    grow = data.draw(st.sampled_from([0, 1, 6]))
    engine = Engine(fake_model_class(data.draw(st.sampled_from([64, 128]))), EngineOptions(grow=grow, feather=grow))
    before = image.copy()
    unseen = fill_weight(mask, grow, grow) > 0
    if alpha:
        unseen |= image[..., -1] == 0
    assume(not unseen.all())
    result = engine.inpaint(image, mask, space=color_space(ColorModel(model), None), has_alpha=bool(alpha))
    assert np.array_equal(image, before)
    assert result.shape == image.shape
    assert result.dtype == image.dtype
    far = np.ones_like(mask, bool)
    for row, column in np.argwhere(mask):
        far[max(0, row - grow) : row + grow + 1, max(0, column - grow) : column + grow + 1] = False
    assert np.array_equal(result[far], image[far])
    if alpha:
        assert np.array_equal(result[..., -1], image[..., -1])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_hole_takes_the_fill_at_full_depth(fake_model, dtype):
    image = np.full((100, 100, 3), np.iinfo(dtype).max // 3 + 1, dtype)
    image[40:60, 40:60] = 0
    result = Engine(fake_model, EXACT).inpaint(image, disk(100, 100, 50, 50, 20))
    assert np.abs(result.astype(int) - image[0, 0].astype(int)).max() <= 1


def test_a_grey_mask_blends_by_its_value(fake_model):
    image = np.full((100, 100, 3), 200, np.uint8)
    image[50, 50] = 0
    mask = np.zeros((100, 100), np.uint8)
    mask[50, 50] = 128
    result = Engine(fake_model, EXACT).inpaint(image, mask)
    assert result[50, 50, 0] == pytest.approx(200 * 128 / 255, abs=2)


def test_an_empty_mask_changes_nothing_and_asks_no_model(fake_model):
    image = noise(50, 60)
    result = Engine(fake_model).inpaint(image, np.zeros((50, 60), np.uint8))
    assert np.array_equal(result, image)
    assert result is not image
    assert fake_model.seen == []


def test_a_mask_over_everything_is_explained(fake_model):
    with pytest.raises(LamaDesktopError, match="unmasked"):
        Engine(fake_model).inpaint(noise(50, 60), np.full((50, 60), 255, np.uint8))


def test_a_mask_of_another_size_is_explained(fake_model):
    with pytest.raises(LamaDesktopError, match=r"60 × 50 .* 61 × 50"):
        Engine(fake_model).inpaint(noise(50, 61), np.full((50, 60), 255, np.uint8))


def test_the_model_never_learns_what_is_masked_or_transparent(fake_model):
    image = np.full((100, 100, 4), 100, np.uint8)
    image[..., 3] = 255
    image[:, 70:, :3], image[:, 70:, 3] = 255, 0
    image[40:60, 40:60, :3] = 0
    result = Engine(fake_model, EXACT).inpaint(image, disk(100, 100, 50, 50, 15), has_alpha=True)
    seen, hole = fake_model.seen[0]
    assert np.allclose(seen[~hole], 100 / 255)
    assert (result[50, 50] == [100, 100, 100, 255]).all()
    assert np.array_equal(result[:, 70:], image[:, 70:])


@pytest.mark.parametrize("choice", AlphaChoice)
def test_a_transparent_hole_is_filled_where_that_is_asked(fake_model, choice):
    image = np.full((80, 80, 4), 120, np.uint8)
    image[..., 3] = 255
    image[30:50, 30:50] = 0
    mask = np.zeros((80, 80), np.uint8)
    mask[30:50, 30:50] = 255
    result = Engine(fake_model, EngineOptions(grow=3, feather=3, alpha=choice)).inpaint(image, mask, has_alpha=True)
    if choice is AlphaChoice.FILL:
        assert (result == [120, 120, 120, 255]).all()
    else:
        assert np.array_equal(result[..., 3], image[..., 3])


def test_a_long_hole_is_filled_by_overlapping_windows_without_a_seam(fake_model_class):
    class Slanted(fake_model_class):
        """Answers each window a little brighter than the last, as independent fills do."""

        def fill(self, image, hole, progress, allowed=None):
            super().fill(image, hole, progress)
            result = image.copy()
            result[hole] = 0.3 + 0.1 * len(self.seen)
            return result

    model = Slanted(256)
    image = np.full((120, 600, 3), 100, np.uint8)
    mask = np.zeros((120, 600), np.uint8)
    mask[56:64, 20:580] = 255
    row = Engine(model, EXACT).inpaint(image, mask)[60, 20:580, 0].astype(int)
    assert len(model.seen) > 3
    assert row[-1] > row[0] + 60
    assert np.abs(np.diff(row)).max() <= 3


def test_quality_and_memory_bound_what_the_model_sees(fake_model_class):
    image, mask = noise(2000, 2000), disk(2000, 2000, 1000, 1000, 600)
    for preset, limit, side in ((Preset.DRAFT, 4096, 512), (Preset.NORMAL, 4096, 1024), (Preset.BEST, 700, 696)):
        model = fake_model_class(limit)
        Engine(model, EngineOptions(preset=preset)).inpaint(image, mask)
        assert max(model.seen[0][0].shape) == pytest.approx(side, abs=8)


def test_growing_the_mask_shows_the_model_a_larger_hole(fake_model_class):
    holes = []
    for grow in (0, 10):
        model = fake_model_class()
        Engine(model, EngineOptions(grow=grow)).inpaint(noise(200, 200), disk(200, 200, 100, 100, 20))
        holes.append(model.seen[0][1].sum())
    assert holes[1] == pytest.approx(holes[0] * 2.25, rel=0.1)


def test_more_context_is_a_larger_window(fake_model_class):
    sides = []
    for context in (0.5, 2.0):
        model = fake_model_class(1024)
        Engine(model, EngineOptions(context=context)).inpaint(noise(900, 900), disk(900, 900, 450, 450, 80))
        sides.append(model.seen[0][1].shape[0])
    assert sides[1] > 2 * sides[0]


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_out_of_memory_is_met_by_a_smaller_window_then_another_device(fake_model_class, error, caplog):
    class Hungry(fake_model_class):
        device = "accelerator"

        def fill(self, image, hole, progress, allowed=None):
            if self.device == "accelerator":
                self.tried.append(max(hole.shape))
                raise error
            return super().fill(image, hole, progress)

        def retreat(self):
            self.device, before = "cpu", self.device
            return before != "cpu"

    model = Hungry(512)
    model.tried = []
    image = np.full((600, 600, 3), 90, np.uint8)
    result = Engine(model).inpaint(image, disk(600, 600, 300, 300, 100))
    assert model.tried == sorted(model.tried, reverse=True)
    assert len(model.tried) > 2
    assert model.device == "cpu"
    assert np.abs(result.astype(int) - 90).max() <= 1
    assert "going on with cpu" in caplog.text


@pytest.mark.parametrize("error", [NotImplementedError("aten::_fft_r2c"), RuntimeError("MPS backend: no complex type")])
def test_a_device_that_cannot_compute_the_model_is_left_with_a_word(fake_model_class, error, caplog):
    class Unable(fake_model_class):
        device = "mps"

        def fill(self, image, hole, progress, allowed=None):
            if self.device == "mps":
                raise error
            return super().fill(image, hole, progress, allowed)

        def retreat(self):
            self.device, before = "cpu", self.device
            return before != "cpu"

    image = np.full((90, 90, 3), 90, np.uint8)
    result = Engine(Unable()).inpaint(image, disk(90, 90, 45, 45, 10))
    assert np.abs(result.astype(int) - 90).max() <= 1
    assert "going on with cpu" in caplog.text


def test_no_memory_anywhere_is_an_error_that_says_what_to_do(fake_model_class):
    class Starving(fake_model_class):
        def fill(self, image, hole, progress, allowed=None):
            raise MemoryError

    with pytest.raises(DeviceMemoryError, match="close other programs"):
        Engine(Starving(512)).inpaint(noise(300, 300), disk(300, 300, 150, 150, 50))


def test_other_errors_of_a_model_are_not_taken_for_a_lack_of_memory(fake_model_class):
    class Broken(fake_model_class):
        def fill(self, image, hole, progress, allowed=None):
            raise RuntimeError("shape mismatch")

    with pytest.raises(RuntimeError, match="shape mismatch"):
        Engine(Broken()).inpaint(noise(90, 90), disk(90, 90, 45, 45, 10))


def test_progress_moves_from_0_to_1_and_cancels(fake_model):
    fractions: list[float] = []
    progress = Progress(lambda fraction, text: fractions.append(fraction))
    image, mask = noise(600, 600), disk(600, 600, 100, 100, 20) | disk(600, 600, 500, 500, 20)
    Engine(fake_model).inpaint(image, mask, progress)
    assert fractions == sorted(fractions)
    assert fractions[0] == 0
    assert fractions[-1] == 1
    progress.cancel()
    before = image.copy()
    with pytest.raises(Cancelled):
        Engine(fake_model).inpaint(image, mask, progress)
    assert np.array_equal(image, before)


@pytest.mark.parametrize("method", ["telea", "navier-stokes"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_classical_fills_continue_a_gradient_at_full_depth(method, dtype):
    full = np.iinfo(dtype).max
    ramp = np.linspace(full * 0.2, full * 0.8, 200).astype(dtype)
    image = np.repeat(np.tile(ramp, (120, 1))[..., None], 3, axis=2)
    result = Engine(ClassicalModel(method)).inpaint(image, disk(120, 200, 100, 60, 15))
    assert np.abs(result.astype(float) - image).max() < full * 0.08


def test_one_pixel_and_tiny_pictures(fake_model_class):
    for side in range(1, 12):
        image = noise(side, side + 1)
        mask = np.zeros(image.shape[:2], np.uint8)
        mask[side // 2, side // 2] = 255
        model = fake_model_class()
        result = Engine(model, EXACT).inpaint(image, mask)
        assert (result != image).any(axis=2).sum() <= 1
