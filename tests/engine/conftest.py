"""Fakes and small networks for the engine."""

import numpy as np
import pytest
import torch
from torch import nn

from lama_desktop.networks.generators import DilatedConfig, FourierConfig, RegularConfig, build_generator


class FakeModel:
    """Fills with the mean of what is known; remembers what it was shown."""

    smallest = 32
    copies = False
    device = "fake"

    def __init__(self, largest: int = 256) -> None:
        self.limit = largest
        self.seen: list[tuple[np.ndarray, np.ndarray]] = []

    def largest(self, side: int) -> int:
        return min(side, self.limit)

    def retreat(self) -> bool:
        return False

    def fill(self, image, hole, progress, allowed=None):
        assert image.dtype == np.float32
        assert hole.any()
        assert not hole.all()
        assert np.isfinite(image).all()
        progress(0.5)
        self.seen.append((image.copy(), hole.copy()))
        result = image.copy()
        result[hole] = image[~hole].mean(axis=0)
        return result


@pytest.fixture
def fake_model() -> FakeModel:
    return FakeModel()


SMALL = {
    "fourier": FourierConfig(width=8, blocks=2),
    "fourier-half": FourierConfig(width=8, blocks=1, global_ratio=0.5),
    "fourier-local": FourierConfig(width=8, blocks=1, local_fourier=True),
    "regular": RegularConfig(width=8, blocks=2),
    "dilated": DilatedConfig(width=8, blocks=2),
    "shallow": FourierConfig(width=8, blocks=1, downsamplings=2),
}


def lively(config) -> nn.Module:
    """A small generator whose normalisation has seen something, so that folding it is a real test."""
    torch.manual_seed(0)
    network = build_generator(config)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.uniform_(0.5, 1.5)
                module.bias.uniform_(-0.3, 0.3)
                module.running_mean.uniform_(-0.3, 0.3)
                module.running_var.uniform_(0.5, 1.5)
    return network.eval()


@pytest.fixture(params=SMALL)
def generator(request) -> nn.Module:
    return lively(SMALL[request.param])


@pytest.fixture(scope="session")
def fake_model_class() -> type[FakeModel]:
    return FakeModel
