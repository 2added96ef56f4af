"""The perceptual losses and their encoders, against the published numbers and against what they stand for."""

import json

import numpy as np
import pytest
import torch
import torch.nn.functional as functional
from torch import nn

from lama_desktop.benchmark import name_seeded
from lama_desktop.networks.perceptual import (
    DEVIATION,
    MEAN,
    BatchNormMode,
    Encoder,
    PerceptualLoss,
    build_encoder,
)

RESNETS = {Encoder.RESNET50_DILATED: "resnet50dilated", Encoder.RESNET50: "resnet50"}


@pytest.fixture(scope="module")
def seeded():
    """Seeded encoders by kind, made once; not to be changed."""
    made = {}

    def make(kind):
        if kind not in made:
            made[kind] = name_seeded(build_encoder(kind), prefix="").requires_grad_(False)
        return made[kind]

    return make


@pytest.fixture
def loss(seeded):
    """Return a loss on seeded weights of its own, whatever another test did to their statistics."""

    def make(kind, mode=BatchNormMode.BATCH):
        with torch.device("meta"):
            network = build_encoder(kind)
        state = {name: tensor.clone() for name, tensor in seeded(kind).state_dict().items()}
        network.load_state_dict(state, assign=True)
        return PerceptualLoss(kind, network, mode)

    return make


def pair(batch=2, side=32, seed=0):
    """Return a prediction, a target and a mask with a hole in its middle."""
    random = torch.Generator().manual_seed(seed)
    prediction, target = torch.rand(2, batch, 3, side, side, generator=random)
    mask = torch.zeros(batch, 1, side, side)
    mask[:, :, side // 4 : side // 2, side // 4 : side // 2] = 1
    return prediction, target, mask


def published_pair(golden, name):
    with np.load(golden / "losses" / f"{name}.npz") as numbers:
        prediction, target = (torch.from_numpy(numbers[key]) for key in ("pred", "target"))
    return prediction, target, torch.zeros_like(prediction[:, :1])


def drifted(loss):
    """Return the running means of all layers as one vector."""
    buffers = loss.network.named_buffers()
    return torch.cat([buffer.flatten() for name, buffer in buffers if name.endswith("running_mean")])


class TestPublishedNumbers:
    @pytest.fixture
    def numbers(self, golden):
        return json.loads((golden / "losses" / "resnetpl.json").read_text())

    @pytest.mark.parametrize("kind", RESNETS)
    def test_names_and_shapes(self, golden, kind):
        listing = json.loads((golden / "listing-ade20k-encoder.json").read_text())
        with torch.device("meta"):
            network = build_encoder(kind)
        ours = {name: list(tensor.shape) for name, tensor in network.state_dict().items()}
        assert list(ours.items()) == list(listing["tensors"].items())
        assert sum(each.numel() for each in network.parameters()) == listing["n_parameters"]

    @pytest.mark.parametrize("kind", RESNETS)
    def test_strides_and_dilations(self, numbers, kind):
        with torch.device("meta"):
            network = build_encoder(kind)
        unusual = {
            name: {"stride": list(each.stride), "dilation": list(each.dilation), "padding": list(each.padding)}
            for name, each in network.named_modules()
            if isinstance(each, nn.Conv2d) and (each.stride, each.dilation) != ((1, 1), (1, 1))
        }
        assert unusual == numbers[RESNETS[kind]]["convs_with_stride_or_dilation"]

    @pytest.mark.parametrize("kind", RESNETS)
    def test_features_and_frozen_loss(self, golden, numbers, loss, kind):
        published = numbers[RESNETS[kind]]
        prediction, target, mask = published_pair(golden, "resnetpl_inputs")
        ours = loss(kind, BatchNormMode.FROZEN)
        with torch.no_grad():
            features = ours.network(ours._normalised(prediction))
            wanted = ours.network(ours._normalised(target))
        assert [list(each.shape) for each in features] == published["feature_shapes"]
        statistics = [[each.mean().item(), each.std().item()] for each in features]
        assert np.allclose(statistics, published["feature_mean_std_pred"], atol=2e-5)
        levels = [functional.mse_loss(one, other).item() for one, other in zip(features, wanted, strict=True)]
        assert np.allclose(levels, published["per_level_mse"], rtol=1e-4, atol=0)
        assert ours(prediction, target, mask).item() == pytest.approx(published["sum"], rel=1e-5)

    @pytest.mark.parametrize(("mode", "name"), [(BatchNormMode.BATCH, "train"), (BatchNormMode.FROZEN, "eval")])
    def test_both_modes_on_a_batch(self, golden, numbers, loss, mode, name):
        published = numbers["resnet50dilated_batch2_64px"]
        (levels,) = (published[key] for key in published if key.startswith("per_level") and f"{name}_mode" in key)
        prediction, target, mask = published_pair(golden, "resnetpl_inputs_b2")
        ours = loss(Encoder.RESNET50_DILATED, mode)
        with torch.no_grad():
            both = [ours.network(ours._normalised(each)) for each in (prediction, target)]
            assert ours(prediction, target, mask).item() == pytest.approx(published[f"sum_{name}"], rel=1e-5)
        found = [functional.mse_loss(one, other).item() for one, other in zip(*both, strict=True)]
        assert np.allclose(found, levels, rtol=1e-4, atol=0)


class TestBatchNorm:
    def test_statistics_drift_as_if_prediction_and_target_came_one_after_the_other(self, loss):
        prediction, target, mask = pair()
        ours, plain = loss(Encoder.RESNET50), loss(Encoder.RESNET50)
        ours(prediction.requires_grad_(), target, mask)
        plain.network(plain._normalised(prediction))
        plain.network(plain._normalised(target))
        assert torch.equal(drifted(ours), drifted(plain))
        assert int(ours.network.bn1.num_batches_tracked) == 2

    def test_owner_cannot_change_the_mode(self, loss):
        batch = pair()
        for mode in BatchNormMode:
            owner = nn.ModuleDict({"perceptual": loss(Encoder.RESNET50, mode)})
            values = []
            for switch in (owner.train, owner.eval, lambda owner=owner: owner.train(False), owner.train):
                switch()
                assert owner["perceptual"].network.bn1.training == (mode is BatchNormMode.BATCH)
                values.append(owner["perceptual"](*batch).item())
            assert len(set(values)) == 1  # what has drifted does not matter

    def test_frozen_statistics_stay(self, loss):
        ours = loss(Encoder.RESNET50, BatchNormMode.FROZEN)
        before = drifted(ours)
        ours.train()
        ours(*pair())
        assert torch.equal(drifted(ours), before)

    def test_each_picture_of_a_batch_counts_by_itself_when_frozen(self, loss):
        ours = loss(Encoder.RESNET50_DILATED, BatchNormMode.FROZEN)
        prediction, target, mask = pair()
        alone = [ours(prediction[i : i + 1], target[i : i + 1], mask[i : i + 1]).item() for i in range(2)]
        assert ours(prediction, target, mask).item() == pytest.approx(np.mean(alone), rel=1e-5)


class TestGradient:
    @pytest.mark.parametrize("kind", [Encoder.RESNET50_DILATED, Encoder.VGG19])
    def test_only_the_prediction_has_one(self, loss, kind):
        ours = loss(kind)
        prediction, target, mask = pair()
        ours(prediction.requires_grad_(), target.requires_grad_(), mask).backward()
        assert prediction.grad.abs().sum() > 0
        assert target.grad is None
        assert all(each.grad is None and not each.requires_grad for each in ours.parameters())

    def test_equals_the_one_with_a_graph_through_everything(self, loss):
        """No graph for the target and in-place activations save memory and change nothing."""
        ours, plain = loss(Encoder.RESNET50), loss(Encoder.RESNET50)
        prediction, target, mask = pair()
        (gradient,) = torch.autograd.grad(ours(prediction.requires_grad_(), target, mask), prediction)
        both = [plain.network(plain._normalised(each.requires_grad_())) for each in (prediction, target)]
        whole = sum(functional.mse_loss(one, other) for one, other in zip(*both, strict=True))
        assert torch.equal(gradient, torch.autograd.grad(whole, prediction)[0])

    @pytest.mark.parametrize("kind", [Encoder.RESNET50, Encoder.VGG19])
    def test_leads_to_the_target(self, loss, kind):
        ours = loss(kind, BatchNormMode.FROZEN)
        prediction, target, mask = pair(batch=1)
        prediction.requires_grad_()
        before = ours(prediction, target, mask)
        (gradient,) = torch.autograd.grad(before, prediction)
        step = 0.05 * before.item() / gradient.square().sum()
        after = ours(prediction - step * gradient, target, mask)
        assert after.item() == pytest.approx(0.95 * before.item(), rel=0.02)


class TestArithmetic:
    @pytest.mark.parametrize("kind", [Encoder.RESNET50_DILATED, Encoder.VGG19])
    def test_equal_pictures_have_no_distance(self, loss, kind):
        prediction, _, mask = pair()
        assert loss(kind)(prediction, prediction, mask).item() == 0

    @pytest.mark.parametrize("kind", [Encoder.RESNET50_DILATED, Encoder.RESNET50, Encoder.VGG19])
    def test_bfloat16_convolutions_and_a_float32_loss(self, loss, kind):
        prediction, target, mask = pair(side=64)
        ours = loss(kind)
        exact = ours(prediction, target, mask)
        with torch.autocast("cpu", torch.bfloat16):
            rough = ours(prediction.bfloat16().requires_grad_(), target, mask)
        assert rough.dtype == exact.dtype == torch.float32
        assert rough.shape == ()
        assert rough.item() == pytest.approx(exact.item(), rel=0.03)
        assert rough.requires_grad

    @pytest.mark.parametrize("kind", [Encoder.RESNET50_DILATED, Encoder.VGG19])
    def test_memory_layout_does_not_matter(self, loss, kind):
        batch = pair()
        exact = loss(kind)(*batch).item()
        ours = loss(kind).to(memory_format=torch.channels_last)
        batch = [each.contiguous(memory_format=torch.channels_last) for each in batch]
        assert ours(*batch).item() == pytest.approx(exact, rel=1e-5)

    def test_constants_follow_the_module_and_are_not_saved(self, loss):
        ours = loss(Encoder.VGG19)
        assert ours.to("meta").mean.device.type == "meta"
        assert {name.split(".")[0] for name in ours.state_dict()} == {"network"}


class TestVgg:
    def test_names_shapes_and_places(self):
        with torch.device("meta"):
            network = build_encoder(Encoder.VGG19)
        assert len(network.features) == 30
        places = [0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28]
        assert list(network.state_dict()) == [
            f"features.{place}.{part}" for place in places for part in ("weight", "bias")
        ]
        halvings = [name for name, each in network.named_modules() if isinstance(each, nn.AvgPool2d)]
        assert halvings == [f"features.{place}" for place in (4, 9, 18, 27)]
        assert not any(isinstance(each, nn.MaxPool2d) for each in network.modules())
        maps = network(torch.zeros(1, 3, 64, 64, device="meta"))
        assert [each.shape[1] for each in maps] == [64] * 2 + [128] * 2 + [256] * 4 + [512] * 5
        assert [each.shape[2] for each in maps] == [64] * 2 + [32] * 2 + [16] * 4 + [8] * 4 + [4]

    def test_equals_its_description(self, loss):
        """Convolution by convolution with plain functions, sample by sample."""
        ours = loss(Encoder.VGG19)
        prediction, target, mask = pair(side=48)
        state = ours.network.state_dict()
        mean, deviation = (torch.tensor(each)[:, None, None] for each in (MEAN, DEVIATION))
        total = 0.0
        for sample in range(2):
            one, other = (each[sample : sample + 1].sub(mean).div(deviation) for each in (prediction, target))
            for place in (0, 2, "halve", 5, 7, "halve", 10, 12, 14, 16, "halve", 19, 21, 23, 25, "halve", 28):
                if place == "halve":
                    one, other = (functional.avg_pool2d(each, 2) for each in (one, other))
                    continue
                weight, bias = state[f"features.{place}.weight"], state[f"features.{place}.bias"]
                one, other = (functional.conv2d(each, weight, bias, padding=1).relu() for each in (one, other))
                small = functional.interpolate(
                    mask[sample : sample + 1], size=one.shape[2:], mode="bilinear", align_corners=False
                )
                total += float(((one - other) ** 2 * (1 - small)).mean())
        assert ours(prediction, target, mask).item() == pytest.approx(total, rel=1e-5)

    def test_hole_that_covers_all_leaves_nothing(self, loss):
        prediction, target, mask = pair()
        assert loss(Encoder.VGG19)(prediction, target, torch.ones_like(mask)).item() == 0
        assert loss(Encoder.RESNET50)(prediction, target, torch.ones_like(mask)).item() > 0


def test_no_encoder_is_no_network():
    with pytest.raises(ValueError, match="no encoder"):
        build_encoder(Encoder.NONE)
