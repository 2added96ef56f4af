"""Refinement: the published numbers, and what we promise beyond them."""

import json
import logging

import numpy as np
import pytest
import torch
from torch import nn

from lama_desktop.core.geometry import Rect
from lama_desktop.engine import refine as module
from lama_desktop.engine.device import Device
from lama_desktop.engine.engine import EngineCache
from lama_desktop.engine.fuse import FusedGenerator
from lama_desktop.engine.levels import halved, halved_hole, heart
from lama_desktop.engine.model import RING, NetworkModel
from lama_desktop.engine.options import EngineOptions
from lama_desktop.engine.refine import Refinement, refine
from lama_desktop.engine.refined_model import RefinedModel
from lama_desktop.engine.windows import Window
from lama_desktop.errors import Cancelled, SettingsError
from lama_desktop.models.checkpoints import load_generator
from lama_desktop.models.store import ModelStore
from lama_desktop.networks.generators import FFCBlock, ResidualBlock
from lama_desktop.progress import Progress

CPU = Device("cpu", torch.float32)
FAST = Refinement(steps=3, smallest=24)
only = pytest.mark.parametrize


def picture(height: int, width: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A picture of soft colours, and a hole in its middle that is wide enough to have a heart."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    image = 0.5 + 0.3 * np.sin(rows[..., None] / rng.uniform(4, 9, 3) + columns[..., None] / rng.uniform(4, 9, 3))
    hole = np.zeros((height, width), bool)
    hole[10:-10, 10:-10] = True
    return (image + rng.uniform(-0.1, 0.1, image.shape)).astype(np.float32), hole


@pytest.fixture
def curves(caplog):
    """The losses of every level after the first, filled while a refinement runs."""
    caplog.set_level(logging.DEBUG, logger=module.__name__)
    return lambda: [record.args[-1] for record in caplog.records if "Refinement" in record.msg]


def published(network: nn.Module, image: np.ndarray, hole: np.ndarray, settings: Refinement) -> tuple:
    """Refine with the layers as published, the gradient that PyTorch finds, and everything in memory at once."""
    layers = list(network.eval().requires_grad_(False).model)
    first = next(index for index, layer in enumerate(layers) if isinstance(layer, FFCBlock | ResidualBlock))
    levels = [(torch.from_numpy(image).permute(2, 0, 1)[None], torch.from_numpy(hole)[None, None].float())]
    for _ in settings.sizes(*hole.shape)[1:]:
        levels.append((halved(levels[-1][0]), halved_hole(levels[-1][1])))
    below, losses = None, []
    for colors, missing in reversed(levels):
        height, width = missing.shape[-2:]
        margins = (0, -width % network.multiple, 0, -height % network.multiple)
        colors, mask = (nn.functional.pad(each, margins, mode="reflect") for each in (colors, missing))
        features = nn.Sequential(*layers[:first])(torch.cat([colors * (1 - mask), mask], dim=1))
        leaves = [each.clone().requires_grad_() for each in (features if isinstance(features, tuple) else [features])]
        steps = [module._Adam(leaf.data, settings.rate) for leaf in leaves]
        core = heart(missing).expand(-1, 3, -1, -1) > 0
        for step in range(settings.steps if below is not None else 1):
            x = tuple(leaves) if len(leaves) > 1 else leaves[0]
            for layer in layers[first:]:
                x = layer(x)
            redraw = x[..., :height, :width]
            if below is None:
                break
            known = mask.expand(-1, 3, -1, -1) == 0
            loss = (x - colors)[known].abs().mean() + (halved(redraw) - below)[core].abs().mean()
            losses.append(loss.item())
            if step < settings.steps - 1:
                for each, gradient in zip(steps, torch.autograd.grad(loss, leaves), strict=True):
                    each.step(gradient)
        below = redraw.detach()
    return below[0].permute(1, 2, 0).numpy(), losses


class TestPublishedNumbers:
    @pytest.fixture
    def numbers(self, golden):
        return json.loads((golden / "refinement" / "refinement.json").read_text())

    @pytest.fixture
    def network(self, golden):
        return FusedGenerator(load_generator(golden / "tiny-big-lama" / "models" / "best.ckpt"))

    def test_sizes(self, numbers):
        for case in numbers["pyramid_sizes"]:
            settings = Refinement(smallest=case["min_side"], most_levels=case["max_scales"], budget=case["px_budget"])
            assert [list(each) for each in settings.sizes(*case["hw"])] == case["sizes"]
        for name, sizes in numbers["default_plan"].items():
            assert [list(each) for each in Refinement().sizes(*map(int, name.split("x")))] == sizes

    def test_two_levels(self, golden, numbers, network, curves):
        data = np.load(golden / "refinement" / "caseA.npz")
        image, hole = data["image"][0].transpose(1, 2, 0), data["mask"][0, 0] > 0
        redraw = refine(network, np.ascontiguousarray(image), hole, Refinement(smallest=64))
        assert curves() == pytest.approx(numbers["A_128x128_minside64"]["loss_curves"][1], rel=1e-4)
        error = np.abs(np.where(hole[..., None], redraw, image) - data["final"][0].transpose(1, 2, 0))
        # The published layers with their channels last, which is rounding only, differ by 0.0021 at most.
        assert error.max() < 5e-3
        assert error.mean() < 2e-4

    def test_the_level_below(self, golden, network):
        data = np.load(golden / "refinement" / "caseA.npz")
        image, hole = data["scale0_image"][0].transpose(1, 2, 0), data["scale0_mask"][0, 0] > 0
        redraw = refine(network, np.ascontiguousarray(image), hole, Refinement(smallest=64))
        final = np.where(hole[..., None], redraw, image)
        assert np.abs(final - data["scale0_out"][0].transpose(1, 2, 0)).max() < 2e-5

    def test_a_thin_hole_is_no_error(self, golden, network, curves):
        data = np.load(golden / "refinement" / "caseA.npz")
        image, hole = np.ascontiguousarray(data["image"][0].transpose(1, 2, 0)), np.zeros((128, 128), bool)
        hole[:, 60:70] = True
        redraw = refine(network, image, hole, Refinement(smallest=64))
        losses = curves()
        assert np.isfinite(redraw).all()
        assert np.isfinite(losses).all()
        assert losses[-1] < losses[0]


@only("generator", ["fourier", "fourier-half", "regular", "shallow"], indirect=True)
@only("size", [(130, 117), (121, 144)])
def test_three_levels_of_odd_sizes_are_the_published_layers_own(generator, size, curves):
    settings = Refinement(steps=4, smallest=32)
    image, hole = picture(*size)
    assert len(settings.sizes(*size)) == 3
    expected, losses = published(generator, image, hole, settings)
    redraw = refine(FusedGenerator(generator), image, hole, settings)
    assert curves() == pytest.approx(losses, rel=1e-4)
    assert len(losses) == 2 * settings.steps
    error = np.abs(redraw - expected)
    assert error.max() < 0.01
    assert error.mean() < 2e-4


@only("generator", ["fourier", "regular"], indirect=True)
def test_it_comes_nearer_to_the_level_below_and_to_the_known_picture(generator, curves):
    refine(FusedGenerator(generator), *picture(96, 96), Refinement(steps=15, smallest=48))
    losses = curves()
    assert len(losses) == 15
    assert losses[-1] < losses[0]


@only("generator", ["fourier", "regular"], indirect=True)
def test_bfloat16_descends_as_far(generator, curves):
    settings = Refinement(steps=8, smallest=48)
    exact = refine(FusedGenerator(generator), *picture(96, 96), settings)
    rough = refine(FusedGenerator(generator, torch.bfloat16), *picture(96, 96), settings)
    losses = curves()
    assert np.abs(rough - exact).mean() < 0.01
    assert losses[-1] - losses[8] == pytest.approx(losses[7] - losses[0], rel=0.1)


@only("generator", ["fourier"], indirect=True)
class TestPromises:
    def test_a_picture_over_the_budget_comes_back_at_its_size(self, generator):
        image, hole = picture(101, 87)
        redraw = refine(FusedGenerator(generator), image, hole, Refinement(steps=2, smallest=24, budget=60 * 60))
        assert redraw.shape == image.shape
        assert redraw.dtype == np.float32
        assert redraw.flags.c_contiguous
        assert redraw.min() >= 0
        assert redraw.max() <= 1

    def test_what_lies_in_the_hole_does_not_matter(self, generator):
        image, hole = picture(70, 60)
        other = np.where(hole[..., None], np.float32(1), image)
        network = FusedGenerator(generator)
        assert np.array_equal(refine(network, image, hole, FAST), refine(network, other, hole, FAST))

    def test_nothing_is_modified(self, generator):
        image, hole = picture(64, 64)
        image.flags.writeable = hole.flags.writeable = False
        before, weights = image.copy(), {name: value.clone() for name, value in generator.state_dict().items()}
        network = FusedGenerator(generator)
        first = refine(network, image, hole, FAST)
        assert np.array_equal(image, before)
        assert all(torch.equal(value, weights[name]) for name, value in generator.state_dict().items())
        assert all(each.grad is None for each in network.parameters())
        assert np.array_equal(refine(network, image, hole, FAST), first)

    def test_a_coarse_level_without_a_known_pixel_is_no_error(self, generator, curves):
        image, hole = picture(96, 96)
        hole[:] = True
        hole[::7, ::7] = False
        assert np.isfinite(refine(FusedGenerator(generator), image, hole, Refinement(steps=3, smallest=22))).all()
        assert np.isfinite(curves()).all()

    def test_it_reports_forward(self, generator):
        fractions: list[float] = []
        texts: list[str] = []
        progress = Progress(lambda fraction, text: (fractions.append(fraction), texts.append(text)))
        refine(FusedGenerator(generator), *picture(96, 96), Refinement(steps=3, smallest=24), progress)
        assert fractions == sorted(fractions)
        assert fractions[-1] == pytest.approx(1, abs=0.01)
        assert list(dict.fromkeys(texts)) == ["drawing at 24 × 24", "refining at 48 × 48", "refining at 96 × 96"]

    @only("at", [0.0, 0.1, 0.25, 0.5, 0.75, 0.95])
    def test_it_stops_wherever_it_is(self, generator, at):
        after: list[float] = []

        def report(fraction: float, text: str) -> None:
            if progress.cancelled:
                after.append(fraction)
            elif fraction >= at:
                progress.cancel()

        progress = Progress(report)
        with pytest.raises(Cancelled):
            refine(FusedGenerator(generator), *picture(96, 96), FAST, progress)
        assert not after


def test_the_way_back_stops_within_a_stage():
    progress = Progress()
    x = torch.ones(3, requires_grad=True)
    steps = []

    def hook(gradient: torch.Tensor) -> None:
        steps.append(gradient)
        progress.cancel()

    middle = x * 2
    middle.register_hook(hook)
    out = middle.exp().sin()
    module._stop_backward(out, progress)
    with pytest.raises(Cancelled):
        torch.autograd.grad(out, x, torch.ones(3))
    assert len(steps) == 1


def test_a_step_is_as_long_as_the_rate_whatever_the_gradient():
    for scale in (1e-3, 1.0, 1e3):
        values = torch.zeros(4)
        descent = module._Adam(values, 0.01)
        for count in range(1, 6):
            descent.step(torch.tensor([1.0, -1.0, 2.0, 0.0]) * scale)
            assert values.tolist() == pytest.approx([-0.01 * count, 0.01 * count, -0.01 * count, 0], rel=1e-4)


class TestModel:
    @pytest.fixture
    def weights(self, generator, tmp_path):
        path = tmp_path / "small.pt"
        torch.save({f"generator.{name}": value for name, value in generator.state_dict().items()}, path)
        return path

    @only("generator", ["fourier"], indirect=True)
    def test_a_large_window_is_refined_around_its_hole_only(self, weights):
        model = RefinedModel(NetworkModel(weights, CPU), FAST)
        image, hole = picture(72, 90)
        fill = model.fill(image, hole, Progress())
        redraw = refine(model._plain.network, image, hole, FAST)
        region = Rect(10, 10, 80, 62).grown(RING)
        rows, columns = region.slices
        assert np.array_equal(fill[rows, columns], redraw[rows, columns])
        fill[rows, columns] = image[rows, columns]
        assert np.array_equal(fill, image)

    @only("generator", ["fourier"], indirect=True)
    def test_a_window_of_one_level_is_filled_plainly(self, weights):
        plain = NetworkModel(weights, CPU)
        image, hole = picture(64, 80)
        assert np.array_equal(RefinedModel(plain).fill(image, hole, Progress()), plain.fill(image, hole, Progress()))

    @only("generator", ["fourier"], indirect=True)
    def test_the_budget_bounds_the_windows_and_three_levels_need_more_than_the_published(self, weights, monkeypatch):
        monkeypatch.setattr("lama_desktop.engine.model.free_memory", lambda name: 64_000_000_000)
        plain = NetworkModel(weights, CPU)
        sides = {
            budget: RefinedModel(plain, Refinement(budget=budget)).largest(2048) for budget in (1_800_000, 2_200_000)
        }
        assert sides == {1_800_000: 1336, 2_200_000: 1480}
        counts = [len(Refinement(budget=budget).sizes(side, side)) for budget, side in sides.items()]
        assert counts == [2, 3]
        monkeypatch.setattr("lama_desktop.engine.model.free_memory", lambda name: 1_000_000_000)
        assert RefinedModel(plain).largest(2048) < plain.largest(2048) < 1024

    @only("generator", ["fourier"], indirect=True)
    def test_a_long_window_is_refined_too_where_its_area_decides(self, weights):
        window = Window(Rect(0, 0, 2000, 640), Rect(300, 200, 1700, 440), 1.0)
        plain = NetworkModel(weights, CPU)
        assert not RefinedModel(plain).refines(window)
        assert RefinedModel(plain, Refinement(by_area=True)).refines(window)
        image, hole = picture(40, 160)
        settings = Refinement(steps=3, smallest=40, by_area=True)
        assert settings.sizes(40, 160) == [(20, 80), (40, 160)]
        assert not np.array_equal(
            RefinedModel(plain, settings).fill(image, hole, Progress()), plain.fill(image, hole, Progress())
        )

    @only("generator", ["fourier"], indirect=True)
    def test_where_nothing_is_wide_enough_that_is_said(self, weights, tmp_path):
        engine = EngineCache(ModelStore(tmp_path / "models")).engine(
            str(weights), EngineOptions(texture=False, refine=True)
        )
        image = np.zeros((300, 400, 3), np.uint8)
        mask = np.zeros((300, 400), np.uint8)
        mask[100:130, 100:130] = 255
        engine.inpaint(image, mask)
        assert len(engine.notes) == 1
        assert "refined" in engine.notes[0]
        engine.model = RefinedModel(engine.model._plain, FAST)
        engine.inpaint(image, mask)
        assert engine.notes == []

    @only("generator", ["dilated"], indirect=True)
    def test_dilated_is_refused_with_a_sentence(self, weights):
        with pytest.raises(SettingsError, match="LaMa-Dilated"):
            RefinedModel(NetworkModel(weights, CPU))

    @only("generator", ["fourier"], indirect=True)
    def test_float16_is_refused_with_a_sentence(self, weights):
        with pytest.raises(SettingsError, match="float16"):
            RefinedModel(NetworkModel(weights, Device("cpu", torch.float16)))

    @only("generator", ["fourier"], indirect=True)
    def test_the_option_refines_and_does_not_load_the_network_again(self, weights, tmp_path):
        cache = EngineCache(ModelStore(tmp_path / "models"))
        chosen = EngineOptions(texture=False)
        plain = cache.engine(str(weights), chosen).model
        refined = cache.engine(str(weights), EngineOptions(texture=False, refine=True, refine_budget=1.0)).model
        assert isinstance(plain, NetworkModel)
        assert isinstance(refined, RefinedModel)
        assert refined._plain is plain
        assert refined.largest(2048) <= 1000
        assert cache.engine(str(weights), chosen).model is plain

    @only("name", ["patches", "telea"])
    def test_what_is_no_network_is_refused_with_a_sentence(self, name, tmp_path):
        with pytest.raises(SettingsError, match=r"no network.*switch Refine off"):
            EngineCache(ModelStore(tmp_path)).engine(name, EngineOptions(refine=True))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@only("generator", ["fourier", "regular"], indirect=True)
@only("dtype", [torch.float32, torch.bfloat16])
def test_cuda_agrees_with_the_cpu(generator, dtype):
    settings = Refinement(steps=5, smallest=22)
    expected = refine(FusedGenerator(generator), *picture(90, 79), settings)
    out = refine(FusedGenerator(generator, dtype).cuda(), *picture(90, 79), settings)
    assert np.abs(out - expected).mean() < (1e-3 if dtype == torch.float32 else 0.01)
