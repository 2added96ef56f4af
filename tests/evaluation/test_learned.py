"""LPIPS and FID: what is said where packages or weights are absent; agreement with torchmetrics where it is there."""

import importlib.util

import numpy as np
import pytest
from known import texture

from lama_desktop.errors import CorruptWeightsError, MissingWeightsError, SettingsError
from lama_desktop.evaluation import learned
from lama_desktop.evaluation.learned import PACKAGES, LearnedMeasures
from lama_desktop.evaluation.metrics import psnr, ssim_published
from lama_desktop.evaluation.published import frechet_distance

installed = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in PACKAGES), reason="the eval extra is not installed"
)
loud = pytest.mark.filterwarnings("ignore")  # of torchmetrics and what it imports


def test_without_the_packages_a_sentence_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(learned, "PACKAGES", ("no_such_package",))
    with pytest.raises(SettingsError, match=r"need no-such-package: run `pip install '\.\[eval\]'`"):
        LearnedMeasures(tmp_path / "vgg16.pth", None)
    nothing = LearnedMeasures(None, None)
    assert not nothing.measures
    assert nothing.features is None


def test_weights_are_files_that_are_named_where_they_are_missing_or_foreign(monkeypatch, tmp_path):
    import torch

    monkeypatch.setattr(learned, "PACKAGES", ())
    with pytest.raises(
        MissingWeightsError, match=r"FID needs the weights of the Inception network.*https://github.com"
    ):
        learned._read(tmp_path / "inception.pth", "FID", "the Inception network", learned.INCEPTION)
    damaged = tmp_path / "damaged.pth"
    damaged.write_bytes(b"no weights")
    with pytest.raises(CorruptWeightsError, match=r"damaged\.pth is no weight file"):
        learned._read(damaged, "LPIPS", "VGG16", learned.VGG16)
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(CorruptWeightsError, match=r"list\.pth does not hold VGG16"):
        learned._read(tmp_path / "list.pth", "LPIPS", "VGG16", learned.VGG16)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Files like the published ones, with random numbers: nothing is downloaded."""
    import torch
    import torchvision
    from torch_fidelity import feature_extractor_inceptionv3 as inception

    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    torch.save(torchvision.models.vgg16(weights=None).state_dict(), folder / "vgg16-397923af.pth")
    kept = {}

    class Random(inception.FeatureExtractorInceptionV3):
        def load_state_dict(self, state_dict, **arguments):
            kept.update(self.state_dict())

    torch.save({}, folder / "none.pth")
    Random("random", ["2048"], feature_extractor_weights_path=str(folder / "none.pth"))
    torch.save(kept, folder / "inception.pth")
    return folder


def pairs():
    return [(texture(seed), np.clip(texture(seed) * 0.6 + 40, 0, 255).astype(np.uint8)) for seed in range(4)]


@installed
@loud
@pytest.mark.slow
def test_lpips_is_that_of_torchmetrics(weights, tmp_path, monkeypatch):
    import torch
    from torchmetrics.functional.image.lpips import learned_perceptual_image_patch_similarity

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    (tmp_path / "hub" / "checkpoints" / "vgg16-397923af.pth").symlink_to(weights / "vgg16-397923af.pth")
    ours = LearnedMeasures(weights / "vgg16-397923af.pth", None).measures["lpips"].function
    for truth, fill in pairs():
        first, second = (torch.from_numpy(each).permute(2, 0, 1)[None].float() / 255 for each in (fill, truth))
        theirs = learned_perceptual_image_patch_similarity(first, second, net_type="vgg", normalize=True)
        assert ours(fill, truth, None) == pytest.approx(float(theirs), rel=1e-5)
    assert ours(truth, truth, None) == 0
    with pytest.raises(CorruptWeightsError, match="does not hold VGG16"):
        LearnedMeasures(weights / "inception.pth", None)


@installed
@loud
@pytest.mark.slow
def test_fid_is_that_of_torchmetrics(weights):
    import torch
    from torchmetrics.image.fid import FrechetInceptionDistance

    ours = LearnedMeasures(None, weights / "inception.pth")
    theirs = FrechetInceptionDistance(
        2048, feature_extractor_weights_path=str(weights / "inception.pth"), antialias=False
    )
    theirs.set_dtype(torch.float64)
    points = {True: [], False: []}
    for truth, fill in pairs():
        for picture, real in ((truth, True), (fill, False)):
            theirs.update(torch.from_numpy(picture).permute(2, 0, 1)[None], real=real)
            points[real].append(ours.features(picture))
    assert frechet_distance(points[True], points[False]) == pytest.approx(float(theirs.compute()), rel=1e-4)
    with pytest.raises(CorruptWeightsError, match="does not hold the Inception network"):
        LearnedMeasures(None, weights / "vgg16-397923af.pth")


@installed
@loud
def test_psnr_and_ssim_are_those_of_torchmetrics():
    """With black around the pictures, where our windows see it and theirs see a mirror image, both see the same."""
    import torch
    from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure

    def tensors(*pictures):
        return [torch.from_numpy(each).permute(2, 0, 1)[None].double() for each in pictures]

    for truth, fill in pairs():
        a, b = (np.pad(each.astype(np.float32) / 255, ((20, 20), (20, 20), (0, 0))) for each in (fill, truth))
        ratio = peak_signal_noise_ratio(*tensors(fill / 255, truth / 255), data_range=1.0)
        assert psnr(fill, truth, np.ones(truth.shape[:2], bool)) == pytest.approx(float(ratio), rel=1e-6)
        _, similarity = structural_similarity_index_measure(
            *tensors(a, b), sigma=1.5, data_range=1.0, return_full_image=True
        )
        assert ssim_published(a, b) == pytest.approx(float(similarity.mean()), rel=1e-4)
