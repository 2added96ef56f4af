"""The published networks: names, shapes and numbers."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from lama_desktop.benchmark import name_seeded
from lama_desktop.networks.ffc import FFCBlock, FFCUnit, FourierUnit, SpectralTransform
from lama_desktop.networks.generators import (
    DilatedConfig,
    FourierConfig,
    GeneratorConfig,
    RegularConfig,
    build_generator,
)

TOLERANCE = 2e-5

PUBLISHED: dict[str, GeneratorConfig] = {
    "lama-fourier": FourierConfig(),
    "big-lama": FourierConfig(blocks=18),
    "lama-regular": RegularConfig(),
    "big-lama-regular": RegularConfig(blocks=15),
    "lama-dilated": DilatedConfig(),
}
TINY: dict[str, GeneratorConfig] = {
    "tiny-fourier": FourierConfig(width=8, blocks=2),
    "tiny-big-lama": FourierConfig(width=8, blocks=4),
    "tiny-regular": RegularConfig(width=8, blocks=2),
    "tiny-dilated": DilatedConfig(width=8, blocks=2),
}
PARAMETERS = {
    FourierConfig(blocks=3): 11_097_475,
    FourierConfig(): 27_048_835,
    FourierConfig(blocks=18): 50_975_875,
    FourierConfig(global_ratio=0.25): 43_550_083,
    FourierConfig(global_ratio=0.5): 37_363_843,
    RegularConfig(): 45_617_731,
    RegularConfig(blocks=15): 73_947_715,
    DilatedConfig(): 45_645_379,
}


def load_tiny(folder, name: str) -> nn.Module:
    state = torch.load(folder / name / "models" / "best.ckpt", weights_only=True)["state_dict"]
    network = build_generator(TINY[name])
    network.load_state_dict({key.removeprefix("generator."): value for key, value in state.items()})
    return network


@pytest.mark.parametrize(("config", "count"), PARAMETERS.items(), ids=str)
def test_parameter_counts_are_the_published_ones(config, count):
    with torch.device("meta"):
        assert sum(each.numel() for each in build_generator(config).parameters()) == count


@pytest.mark.parametrize("name", PUBLISHED)
def test_listing_matches(golden, name):
    listing = json.loads((golden / f"listing-{name}.json").read_text())
    with torch.device("meta"):
        state = build_generator(PUBLISHED[name]).state_dict()
    published = listing["tensors"]
    ours = {
        f"generator.{key}": {"shape": list(value.shape), "dtype": str(value.dtype).removeprefix("torch.")}
        for key, value in state.items()
    }
    assert list(ours) == list(published)
    assert ours == {key: {"shape": each["shape"], "dtype": each["dtype"]} for key, each in published.items()}


@pytest.mark.parametrize("name", TINY)
def test_tiny_networks_match(golden, name):
    network = load_tiny(golden, name)
    path = golden / name / "io.npz"
    if not path.exists():
        pytest.skip("held back")
    data = np.load(path)
    inputs = [key for key in data if key.startswith("input_")]
    assert inputs
    with torch.inference_mode():
        for key in inputs:
            out = network.eval()(torch.from_numpy(data[key])).numpy()
            assert np.abs(out - data[key.replace("input", "output")]).max() < TOLERANCE
    trained = np.load(golden / name / "train_mode_out.npz")
    with torch.no_grad():
        out = network.train()(torch.from_numpy(data[inputs[0]])).numpy()
    assert np.abs(out - trained[next(iter(trained))]).max() < 5 * TOLERANCE


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lama-fourier", "big-lama", "lama-regular", "lama-dilated"])
def test_full_size_networks_match(golden, name):
    data = np.load(golden / "fullsize_name_seeded.npz")
    network = name_seeded(build_generator(PUBLISHED[name]))
    network.model[-1] = nn.Identity()  # the golden numbers are taken before the sigmoid
    image, mask = torch.from_numpy(data["image"]), torch.from_numpy(data["mask"]).float()
    with torch.inference_mode():
        out = network(torch.cat([image * (1 - mask), mask], dim=1)).numpy()
    assert np.abs(out - data[f"{name}_presigmoid"]).max() < TOLERANCE


UNITS = {
    "fourier_unit_6ch_8x12": lambda: FourierUnit(6),
    "fourier_unit_6ch_9x13": lambda: FourierUnit(6),
    "spectral_transform_8_lfu0": lambda: SpectralTransform(8, 8),
    "spectral_transform_8_lfu1": lambda: SpectralTransform(8, 8, local_fourier=True),
    "spectral_transform_8to16_stride2": lambda: SpectralTransform(8, 16, stride=2),
    "ffc_bn_act_16to32_s2_g0to075": lambda: FFCUnit(16, 0, 8, 24, 3, 2, 1),
    "ffc_resnet_block_16": lambda: FFCBlock(4, 12),
}


@pytest.mark.parametrize("name", UNITS)
def test_units_match(golden, name):
    path = golden / "units" / f"{name}.npz"
    if not path.exists():
        pytest.skip("held back")
    data = np.load(path)
    unit = UNITS[name]()
    unit.load_state_dict({key[2:]: torch.from_numpy(data[key]) for key in data if key.startswith("w.")})
    inputs = tuple(torch.from_numpy(data[key]) for key in sorted(data) if key.startswith("in"))
    with torch.inference_mode():
        out = unit.eval()(inputs if len(inputs) > 1 else inputs[0])
    for index, each in enumerate(out if isinstance(out, tuple) else (out,)):
        assert np.abs(each.numpy() - data[f"out{index}"]).max() < TOLERANCE


@pytest.mark.parametrize("config", TINY.values(), ids=TINY)
def test_smallest_side_is_what_the_network_says(config):
    network = build_generator(config).eval()
    with torch.inference_mode():
        side = network.minimum
        assert network(torch.rand(1, 4, side, side + network.multiple)).shape == (1, 3, side, side + network.multiple)
        with pytest.raises(RuntimeError):
            network(torch.rand(1, 4, side - network.multiple, side))


def test_odd_maps_come_back_whole():
    unit = FourierUnit(3).eval()
    with torch.inference_mode():
        assert unit(torch.rand(1, 3, 9, 13)).shape == (1, 3, 9, 13)
