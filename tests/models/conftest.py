"""Tiny generators, and the same weights in every layout that is found in the wild."""

import contextlib
import sys
import types
import warnings
import zipfile
from collections import OrderedDict, defaultdict

import pytest
import safetensors.torch
import torch

from lama_desktop.networks.generators import DilatedConfig, FourierConfig, RegularConfig, build_generator

CONFIGS = {
    "fourier": FourierConfig(width=8, blocks=2),
    "regular": RegularConfig(width=8, blocks=2),
    "dilated": DilatedConfig(width=8, blocks=2),
}


def tiny(family="fourier", seed=0):
    """Return a generator whose running statistics are not the initial ones."""
    torch.manual_seed(seed)
    network = build_generator(CONFIGS[family])
    for name, buffer in network.named_buffers():
        if name.endswith("running_mean"):
            buffer.normal_(0, 0.1)
        elif name.endswith("running_var"):
            buffer.uniform_(0.5, 1.5)
        else:
            buffer.fill_(575_000)
    return network.eval()


class Whole(torch.nn.Module):
    """The wrapper of the published exports: `model.generator.model.N`, picture and mask in, blended picture out."""

    def __init__(self, network):
        super().__init__()
        self.model = torch.nn.Module()
        self.model.add_module("generator", network)

    def forward(self, image, mask):
        predicted = self.model.generator(torch.cat([image * (1 - mask), mask], dim=1))
        return mask * predicted + (1 - mask) * image


@contextlib.contextmanager
def packages_of_lightning():
    """Pretend that OmegaConf and Lightning are installed, so that their objects can be pickled."""
    names = {
        "omegaconf.nodes": ["AnyNode"],
        "omegaconf.base": ["Metadata", "ContainerMetadata"],
        "omegaconf.dictconfig": ["DictConfig"],
        "omegaconf.listconfig": ["ListConfig"],
        "pytorch_lightning.callbacks.model_checkpoint": ["ModelCheckpoint"],
    }
    made = {}
    for path, classes in names.items():
        parts = path.split(".")
        for end in range(1, len(parts) + 1):
            made.setdefault(".".join(parts[:end]), types.ModuleType(".".join(parts[:end])))
        for each in classes:
            setattr(made[path], each, type(each, (), {"__module__": path, "__qualname__": each}))
    sys.modules.update(made)
    try:
        yield {each: getattr(made[path], each) for path, classes in names.items() for each in classes}
    finally:
        for name in made:
            del sys.modules[name]


class Layouts:
    """Write a network's tensors the way others do."""

    def __init__(self, folder):
        self.folder = folder

    def lightning(self, network, name="best.ckpt", legacy=False, **more):
        """Write what Lightning 1.2.9 wrote, with the globals of the released file."""
        from typing import Any

        state = OrderedDict((f"generator.{key}", value) for key, value in network.state_dict().items())
        state["val_evaluator.scores.ssim.window"] = torch.ones(3, 1, 11, 11)
        state["discriminator.model0.0.weight"] = torch.ones(4, 3, 4, 4)
        state["loss_resnet_pl.impl.conv1.weight"] = torch.ones(4, 3, 3, 3)
        with packages_of_lightning() as classes:
            leaf, meta = classes["AnyNode"](), classes["ContainerMetadata"]()
            meta.__dict__.update(
                ref_type=Any, object_type=dict, key_type=int, element_type=list, flags=defaultdict(bool)
            )
            leaf.__dict__.update(_metadata=classes["Metadata"](), _parent=None, _val="ffc_resnet")
            config, listed = classes["DictConfig"](), classes["ListConfig"]()
            listed.__dict__.update(_metadata=meta, _content=[leaf])
            config.__dict__.update(_metadata=meta, _content={"kind": leaf, "sizes": listed})
            leaf.__dict__["_parent"] = config
            content = {
                "epoch": 22,
                "global_step": 574_999,
                "pytorch-lightning_version": "1.2.9",
                "callbacks": {classes["ModelCheckpoint"]: {"best_model_score": torch.tensor(0.5), "dirpath": "x"}},
                "lr_schedulers": [],
                "state_dict": state,
                "hparams_name": "config",
                "hyper_parameters": config,
                **more,
            }
            path = self.folder / name
            torch.save(content, path, _use_new_zipfile_serialization=not legacy)
        return path

    def plain(self, network, name="plain.pth", prefix="", inside=(), legacy=False, half=False, drop=(), **changed):
        """Write a state dictionary, with a prefix, inside other dictionaries, with changed tensors."""
        state = OrderedDict(
            (prefix + key, value.half() if half and value.is_floating_point() else value)
            for key, value in network.state_dict().items()
            if not key.endswith(tuple(drop) or ("never",))
        )
        state.update((prefix + key.replace("__", "."), value) for key, value in changed.items())
        for each in reversed(inside):
            state = {each: state}
        path = self.folder / name
        torch.save(state, path, _use_new_zipfile_serialization=not legacy)
        return path

    def script(self, network, name="big-lama.pt", traced=True):
        """Write a TorchScript archive."""
        path = self.folder / name
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch.jit is deprecated; files made with it are what is read here
            whole = Whole(network).eval()
            example = (torch.zeros(1, 3, 80, 80), torch.zeros(1, 1, 80, 80))
            module = torch.jit.trace(whole, example) if traced else torch.jit.script(whole)
            torch.jit.save(module, path)
        return path

    def safetensors(self, network, name="model.safetensors", prefix="", half=False):
        """Write a conversion to safetensors."""
        path = self.folder / name
        state = {prefix + key: value.half() if half else value for key, value in network.state_dict().items()}
        safetensors.torch.save_file({key: value.contiguous() for key, value in state.items()}, path)
        return path

    def zipped(self, path, name="big-lama.zip", inside="big-lama/models/best.ckpt", **more):
        """Put a file into a zip, as the authors' archive has it."""
        target = self.folder / name
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("big-lama/config.yaml", "generator:\n  kind: ffc_resnet\n")
            archive.write(path, inside)
            for each in more:
                archive.write(path, each)
        return target


@pytest.fixture
def layouts(tmp_path):
    folder = tmp_path / "layouts"
    folder.mkdir()
    return Layouts(folder)


@pytest.fixture(scope="session")
def network():
    """A tiny Fourier generator; not to be changed."""
    return tiny()


@pytest.fixture(scope="session")
def make_network():
    return tiny


@pytest.fixture
def same():
    """Whether tensors are those of a network; `tolerance` for half precision."""

    def compare(tensors, network, tolerance=0.0):
        wanted = network.state_dict()
        assert list(tensors) == list(wanted)
        for name, tensor in tensors.items():
            assert tensor.dtype == wanted[name].dtype, name
            assert torch.allclose(tensor, wanted[name], atol=tolerance, rtol=0), name
        return True

    return compare
