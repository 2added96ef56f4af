"""The discriminator of the paper, against the published numbers."""

import json

import numpy as np
import pytest
import torch

from lama_desktop.networks.discriminator import Discriminator, DiscriminatorConfig


@pytest.fixture
def tiny(golden):
    state = torch.load(golden / "tiny-discriminator" / "disc.ckpt", weights_only=True)
    state = state.get("state_dict", state)
    network = Discriminator(DiscriminatorConfig(width=8))
    network.load_state_dict({name.removeprefix("discriminator."): tensor for name, tensor in state.items()})
    return network


@pytest.mark.parametrize("size", ["2x3x64x64", "1x3x72x104"])
def test_scores_and_features_are_the_published_ones(tiny, golden, size):
    with np.load(golden / "tiny-discriminator" / "io.npz") as numbers, torch.no_grad():
        scores, features = tiny.eval()(torch.from_numpy(numbers[f"input_{size}"]))
        assert np.allclose(scores.numpy(), numbers[f"score_{size}"], atol=2e-5)
        assert len(features) == 5
        for index, feature in enumerate(features):
            assert np.allclose(feature.numpy(), numbers[f"feat{index}_{size}"], atol=2e-5)


def test_names_and_shapes_are_the_published_ones(golden):
    listing = json.loads((golden / "listing-discriminator.json").read_text())
    ours = {f"discriminator.{name}": list(tensor.shape) for name, tensor in Discriminator().state_dict().items()}
    assert ours == {name: tensor["shape"] for name, tensor in listing["tensors"].items()}


def test_number_of_parameters():
    assert sum(each.numel() for each in Discriminator().parameters()) == 6_962_369


def test_width_stops_at_512():
    widths = [tensor.shape[0] for tensor in Discriminator().parameters() if tensor.dim() == 4]
    assert widths == [64, 128, 256, 512, 512, 1]
