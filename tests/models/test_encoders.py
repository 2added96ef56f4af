"""Encoders load from the published files and what people make of them; the rest is refused with the address."""

import os
from collections import OrderedDict

import pytest
import safetensors.torch
import torch
from torch import nn

from lama_desktop.errors import CorruptWeightsError, MissingWeightsError
from lama_desktop.models.encoders import ADDRESSES, load_encoder
from lama_desktop.networks.perceptual import Encoder, build_encoder

RESNETS = (Encoder.RESNET50_DILATED, Encoder.RESNET50)


@pytest.fixture(scope="module")
def states():
    """Random weights by kind, with statistics that are not the initial ones; not to be changed."""
    made = {}
    for kind in (Encoder.RESNET50, Encoder.VGG19):
        state = build_encoder(kind).state_dict()
        for name, tensor in state.items():
            if name.endswith("running_var"):
                tensor.uniform_(0.5, 1.5)
        made[kind] = state
    return made | {Encoder.RESNET50_DILATED: made[Encoder.RESNET50]}


def as_csail(state):
    """Return the tensors as CSAIL's files of 2018 have them: no counters, a classifier."""
    old = OrderedDict((name, each) for name, each in state.items() if not name.endswith("num_batches_tracked"))
    return old | {"fc.weight": torch.zeros(1000, 2048), "fc.bias": torch.zeros(1000)}


def as_torchvision(state):
    """Return the tensors as torchvision's VGG-19 of 2017 has them: parameters, further layers, a classifier."""
    more = {"features.34.weight": torch.ones(512, 512, 3, 3), "classifier.6.bias": torch.zeros(1000)}
    return OrderedDict((name, nn.Parameter(each)) for name, each in (state | more).items())


def as_halves(state):
    return {name: each.half() if each.is_floating_point() else each for name, each in state.items()}


def refused(kind, path, *words):
    """The file is refused on one line that names it, the address of the published one, and these words."""
    with pytest.raises(CorruptWeightsError) as caught:
        load_encoder(kind, path)
    text = str(caught.value)
    for word in (path.name, ADDRESSES[kind], *words):
        assert word in text
    assert "\n" not in text
    assert text.endswith(".")


def same(network, state, tolerance=0.0):
    """Whether a network has these tensors, and is ready to be looked through."""
    ours = network.state_dict()
    assert list(ours) == list(state)
    for name, tensor in ours.items():
        assert tensor.device.type == "cpu"
        assert tensor.dtype == state[name].dtype
        assert torch.allclose(tensor, state[name], rtol=0, atol=tolerance), name
    assert not any(each.requires_grad for each in network.parameters())
    return not any(each.training for each in network.modules())


class TestLayouts:
    @pytest.mark.parametrize("kind", RESNETS)
    def test_as_csail_published_them(self, states, tmp_path, kind):
        path = tmp_path / "encoder_epoch_20.pth"
        torch.save(as_csail(states[kind]), path, _use_new_zipfile_serialization=False)
        network = load_encoder(kind, path)
        assert same(network, states[kind])
        assert network.layer4[2].conv2.dilation == ((4, 4) if kind is Encoder.RESNET50_DILATED else (1, 1))

    def test_as_torchvision_published_it(self, states, tmp_path):
        path = tmp_path / "vgg19-dcbb9e9d.pth"
        torch.save(as_torchvision(states[Encoder.VGG19]), path, _use_new_zipfile_serialization=False)
        assert same(load_encoder(Encoder.VGG19, path), states[Encoder.VGG19])

    @pytest.mark.parametrize("kind", [Encoder.RESNET50, Encoder.VGG19])
    def test_safetensors_in_half_precision(self, states, tmp_path, kind):
        path = tmp_path / "encoder.safetensors"
        safetensors.torch.save_file(as_halves(states[kind]), path)
        assert same(load_encoder(kind, path), states[kind], tolerance=2e-3)

    def test_inside_a_checkpoint_of_a_training(self, states, tmp_path):
        path = tmp_path / "last.ckpt"
        inside = {f"loss_resnet_pl.impl.{name}": each for name, each in states[Encoder.RESNET50].items()}
        other = {"generator.model.1.ffc.convl2l.weight": torch.ones(8, 4, 7, 7)}
        torch.save({"epoch": 3, "state_dict": other | inside}, path)
        assert same(load_encoder(Encoder.RESNET50_DILATED, path), states[Encoder.RESNET50])


class TestRefusals:
    @pytest.mark.parametrize("kind", ADDRESSES)
    def test_missing_files_say_where_to_get_them(self, tmp_path, kind):
        for path, words in ((tmp_path / "none.pth", "none.pth"), (tmp_path, tmp_path.name), ("", "no file is given")):
            with pytest.raises(MissingWeightsError) as caught:
                load_encoder(kind, path)
            assert words in str(caught.value)
            assert ADDRESSES[kind] in str(caught.value)

    def test_of_torchvision_instead_of_csail(self, states, tmp_path):
        path = tmp_path / "resnet50-19c8e357.pth"
        stem = ("conv2", "bn2", "conv3", "bn3")
        state = {name: each for name, each in states[Encoder.RESNET50].items() if not name.startswith(stem)}
        torch.save(as_halves(state | {"conv1.weight": torch.ones(64, 3, 7, 7)}), path)
        refused(Encoder.RESNET50, path, "holds no encoder resnet50: it misses conv2.weight")

    def test_vgg_of_another_depth(self, states, tmp_path):
        path = tmp_path / "vgg16-397923af.pth"
        state = as_halves(states[Encoder.VGG19])
        for place in (16, 25):
            del state[f"features.{place}.weight"]
        torch.save(state, path)
        refused(Encoder.VGG19, path, "features.16.weight", "features.25.weight")

    def test_wrong_shapes(self, states, tmp_path):
        path = tmp_path / "thin.pth"
        torch.save(as_halves(states[Encoder.VGG19]) | {"features.28.weight": torch.ones(8, 512, 3, 3)}, path)
        refused(Encoder.VGG19, path, "features.28.weight is 8×512×3×3 instead of 512×512×3×3")

    @pytest.mark.parametrize(
        ("name", "change", "words"),
        [
            ("features.28.bias", lambda each: each.fill_(float("nan")), "not finite"),
            ("features.28.bias", lambda each: each.to(torch.int8), "unquantised"),
        ],
    )
    def test_unusable_numbers(self, states, tmp_path, name, change, words):
        path = tmp_path / "odd.pth"
        state = as_halves(states[Encoder.VGG19])
        torch.save(state | {name: change(state[name])}, path)
        refused(Encoder.VGG19, path, name, words)

    def test_other_networks(self, tmp_path):
        path = tmp_path / "best.ckpt"
        torch.save({"generator.model.1.ffc.convl2l.weight": torch.ones(8, 4, 7, 7)}, path)
        for kind in ADDRESSES:
            refused(kind, path, "generator.model.1.ffc.convl2l.weight")

    def test_no_weight_files(self, tmp_path):
        page, torn = tmp_path / "page.pth", tmp_path / "torn.pth"
        page.write_bytes(b"<!DOCTYPE html><html></html>")
        refused(Encoder.VGG19, page, "web page")
        torch.save({"features.28.weight": torch.ones(512, 512)}, torn)
        torn.write_bytes(torn.read_bytes()[:5000])
        refused(Encoder.VGG19, torn)

    def test_nothing_is_executed(self, tmp_path):
        class Payload:
            def __reduce__(self):
                return os.system, (f"touch {tmp_path / 'executed'}",)

        path = tmp_path / "trap.pth"
        torch.save({"features.28.weight": Payload()}, path)
        refused(Encoder.VGG19, path, "posix.system" if os.name == "posix" else "nt.system")
        assert not (tmp_path / "executed").exists()

    def test_no_encoder_has_no_weights(self, tmp_path):
        with pytest.raises(ValueError, match="no encoder"):
            load_encoder(Encoder.NONE, tmp_path)
