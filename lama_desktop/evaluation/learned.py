"""LPIPS and FID: what networks have to say of a fill. They need `pip install ".[eval]"` and weights on this disk.

LPIPS (Zhang et al. 2018) with VGG16, as in the paper's tables, is that of torchmetrics; the features of FID (Heusel et
al. 2017) are those of torch-fidelity, and their distance is ours (published.py). Nothing is downloaded: the weights are
files that the user names. torch-fidelity scales pictures to 299 pixels as TensorFlow 1 did, the published tool as
PyTorch does, so an FID here may differ from the paper's in its third digit.

torch is imported inside functions only. Belongs to one thread.
"""

import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lama_desktop.core.arrays import Hole, Image
from lama_desktop.errors import CorruptWeightsError, MissingWeightsError, SettingsError
from lama_desktop.evaluation.metrics import Better, Measure
from lama_desktop.formats.base import shown

Features = Callable[[Image], NDArray[np.float32]]
"""From a picture, (H, W, 3) uint8 sRGB, to the point that stands for it in FID."""
PACKAGES = ("torchmetrics", "torch_fidelity", "torchvision")
VGG16 = "https://download.pytorch.org/models/vgg16-397923af.pth"
INCEPTION = (
    "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth"
)
FEATURES = "2048"
_SMALLEST = 32
"""Side from which on VGG16 has something left at its last level, in pixels."""


class LearnedMeasures:
    """LPIPS, FID, or both.

    Args:
        lpips: the weights of VGG16 as torchvision publishes them; None leaves LPIPS out.
        fid: the weights of the Inception network as torch-fidelity publishes them; None leaves FID out.
        device: where the networks run, as torch calls it.

    Raises:
        SettingsError: the packages are not installed.
        MissingWeightsError, CorruptWeightsError: a file is not there, or is not what it should be.
    """

    def __init__(self, lpips: Path | None, fid: Path | None, device: str = "cpu") -> None:
        self._device = device
        self.measures: Mapping[str, Measure] = {}
        """LPIPS of whole pictures, as published, by its name."""
        self.features: Features | None = None
        """From (H, W, 3) uint8 sRGB to the 2048 float32 numbers that FID compares; None without FID."""
        missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
        if missing and (lpips is not None or fid is not None):
            names = ", ".join(missing).replace("_", "-")
            raise SettingsError(f"LPIPS and FID need {names}: run `pip install '.[eval]'` in the program's folder.")
        if lpips is not None:
            self._lpips = _lpips_network(lpips).to(device)
            self.measures = {"lpips": Measure("LPIPS", Better.LOWER, self._distance)}
        if fid is not None:
            self._inception = _inception_network(fid).to(device)
            self.features = self._point

    def _distance(self, fill: Image, truth: Image, hole: Hole) -> float:
        if min(fill.shape[:2]) < _SMALLEST:
            return float("nan")
        import torch

        with torch.inference_mode():
            pair = [torch.from_numpy(each.astype(np.float32) / np.float32(127.5) - 1) for each in (fill, truth)]
            first, second = (each.permute(2, 0, 1)[None].to(self._device) for each in pair)
            return float(self._lpips(first, second))

    def _point(self, picture: Image) -> NDArray[np.float32]:
        import torch

        with torch.inference_mode():
            seen = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].to(self._device)
            (features,) = self._inception(seen)
            return np.asarray(features[0].float().cpu().numpy(), np.float32)


def _lpips_network(path: Path) -> Any:
    """Return LPIPS, whose heads travel with torchmetrics, on the VGG16 of a file."""
    from torchmetrics.functional.image.lpips import _NoTrainLpips

    state = _read(path, "LPIPS", "VGG16", VGG16)
    network = _NoTrainLpips(net="vgg", pnet_rand=True)  # random until the next line: nothing is downloaded
    wanted = {name: f"features.{name.partition('.')[2]}" for name in network.net.state_dict()}
    try:
        network.net.load_state_dict({name: state[source] for name, source in wanted.items()})
    except (KeyError, RuntimeError) as error:
        raise _foreign(path, "VGG16", VGG16) from error
    return network.eval()


def _inception_network(path: Path) -> Any:
    """Return the Inception network of FID with the weights of a file."""
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    _read(path, "FID", "the Inception network", INCEPTION)
    try:
        network = FeatureExtractorInceptionV3(
            "inception-v3-compat", [FEATURES], feature_extractor_weights_path=str(path)
        )
    except (KeyError, RuntimeError) as error:
        raise _foreign(path, "the Inception network of FID", INCEPTION) from error
    return network.eval()


def _read(path: Path, measure: str, what: str, address: str) -> Mapping[str, Any]:
    """Return the tensors of a weight file; nothing in it is executed."""
    import torch

    if not path.is_file():
        raise MissingWeightsError(
            f"{measure} needs the weights of {what}, and there is no file {shown(path)}. The published file is at "
            f"{address}: download it and give its path."
        )
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise CorruptWeightsError(
            f"{shown(path.name)} is no weight file of PyTorch. Fetch it again: {address}"
        ) from error
    if not isinstance(state, Mapping):
        raise _foreign(path, what, address)
    return state


def _foreign(path: Path, what: str, address: str) -> CorruptWeightsError:
    return CorruptWeightsError(f"{shown(path.name)} does not hold {what}. The published file is at {address}")
