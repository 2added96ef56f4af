"""The weights of the encoders that the perceptual losses look through; they do not travel with the program.

Read are the files that their authors publish (see ADDRESSES), conversions of these to safetensors, and checkpoints that
hold an encoder among other networks. What else is in them, such as a classifier, stays unread, and nothing is executed.
The two ResNets have the same parameters, so each takes either's file, as in the paper's ablations.
"""

from pathlib import Path

import torch

from lama_desktop.errors import CorruptWeightsError, MissingWeightsError
from lama_desktop.models import architecture, disk
from lama_desktop.models.checkpoints import open_weights, read_value
from lama_desktop.networks.perceptual import Encoder, build_encoder
from lama_desktop.networks.resnet import ResNet50
from lama_desktop.networks.vgg import VGG19

_CSAIL = "http://sceneparsing.csail.mit.edu/model"
ADDRESSES = {
    Encoder.RESNET50_DILATED: f"{_CSAIL}/pytorch/ade20k-resnet50dilated-ppm_deepsup/encoder_epoch_20.pth",
    Encoder.RESNET50: f"{_CSAIL}/pretrained_resnet/resnet50-imagenet.pth",
    Encoder.VGG19: "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth",
}
"""Where the authors publish weights: trained on ADE20K's scenes, on ImageNet, on ImageNet."""

_MARKS = {
    Encoder.RESNET50_DILATED: "layer4.2.conv3.weight",
    Encoder.RESNET50: "layer4.2.conv3.weight",
    Encoder.VGG19: "features.28.weight",
}
"""A name that every file with this encoder has, after whatever prefix it gives all of them."""


def load_encoder(kind: Encoder, path: Path) -> ResNet50 | VGG19:
    """Return an encoder with its weights, on the CPU, frozen, in evaluation mode.

    Args:
        kind: which network; not `Encoder.NONE`.
        path: a file of any layout that `checkpoints` reads.

    Raises:
        MissingWeightsError: there is no such file.
        CorruptWeightsError: it is damaged, unsafe, or holds another network.
    """
    path = Path(path)
    with torch.device("meta"):
        network = build_encoder(kind)
    remedy = f"The published file is at {ADDRESSES[kind]}: download it and give its path."
    if not path.is_file():
        reason = f"there is no file {disk.shown(path)}" if path.name else "no file is given"
        raise MissingWeightsError(f"The encoder {kind} needs its weights, and {reason}. {remedy}")
    try:
        tensors = _tensors(kind, path, network.state_dict())
    except CorruptWeightsError as error:
        raise CorruptWeightsError(f"{error} {remedy}") from error
    network.load_state_dict(tensors, assign=True)
    return network.requires_grad_(False).eval()


def _tensors(kind: Encoder, path: Path, wanted: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Read what an encoder wants and nothing else; counters, which old files lack, are zero then."""
    mark = _MARKS[kind]
    with open_weights(path) as contents:
        prefixes = [name.removesuffix(mark) for name in contents.entries if name.endswith(mark)]
        if not prefixes:
            names = architecture.sample(contents.entries)
            has = f"its tensors are called {names}" if names else "it holds no named tensors"
            raise CorruptWeightsError(f"{path.name} holds no encoder {kind} ({has}).")
        prefix = min(prefixes, key=len)
        entries = {name: contents.entries[prefix + name] for name in wanted if prefix + name in contents.entries}
        needed = [name for name in wanted if not name.endswith("num_batches_tracked")]
        present = {name: entry for name, entry in entries.items() if name in needed}
        if problem := architecture.mismatch(present, {name: wanted[name] for name in needed}):
            raise CorruptWeightsError(f"{path.name} holds no encoder {kind}: {problem}.")
        return {name: read_value(path, name, entries.get(name)) for name in wanted}
