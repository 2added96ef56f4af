"""A photo, a mask, a network, and the program called in this process."""

import json
import logging
import os
import signal
from pathlib import Path

import pytest
import torch
from PIL import Image as PillowImage
from scene import picture, write_mask
from torch import nn

from lama_desktop.cli import main
from lama_desktop.networks.generators import FourierConfig, build_generator


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    """Run in an empty folder; what the program sets for its process is put back."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    root = logging.getLogger()
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT), root.handlers[:], root.level
    yield
    signal.signal(signal.SIGTERM, before[0])
    assert signal.getsignal(signal.SIGINT) is before[1]
    root.handlers[:] = before[2]
    root.setLevel(before[3])


@pytest.fixture
def program(capsys):
    """Call the program; return its exit code, its JSON or its text, and its messages."""

    def call(*words):
        code = main([str(word) for word in words])
        output = capsys.readouterr()
        assert "Traceback" not in output.err
        return code, json.loads(output.out) if "--json" in words and code == 0 else output.out, output.err

    return call


@pytest.fixture
def photo(tmp_path):
    """A photo of soft noise with a black box in it."""
    path = tmp_path / "photo.png"
    PillowImage.fromarray(picture()).save(path)
    return path


@pytest.fixture
def mask(tmp_path):
    path = tmp_path / "mask.png"
    write_mask(path)
    return path


@pytest.fixture
def weights(tmp_path) -> Path:
    """A small network whose normalisation has seen something."""
    torch.manual_seed(0)
    network = build_generator(FourierConfig(width=8, blocks=2))
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.3, 0.3)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    path = tmp_path / "small.pth"
    torch.save(network.state_dict(), path)
    return path


@pytest.fixture
def models_folder() -> Path:
    return Path(os.environ["LAMA_DESKTOP_MODELS"])
