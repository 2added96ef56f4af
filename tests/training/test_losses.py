"""The losses of the paper, against the published numbers and against what they are for."""

import json

import numpy as np
import pytest
import torch

from lama_desktop.networks.discriminator import Discriminator, DiscriminatorConfig
from lama_desktop.training import losses
from lama_desktop.training.losses import MaskScaling

SETTINGS = {
    "official": {},
    "official_maxpool": {"scaling": MaskScaling.LARGEST},
    "official_extra2": {"extra": 2.0},
    "plain_default_gp5": {"masked_fake": False, "weight": 1.0, "penalty": 5.0},
    "no_unmasked_for_discr": {"masked_fake": False, "discriminator_everywhere": False},
    "no_unmasked_for_both": {"masked_fake": False, "discriminator_everywhere": False, "generator_everywhere": False},
}


@pytest.fixture
def numbers(golden):
    return json.loads((golden / "losses" / "losses.json").read_text())


@pytest.fixture
def pictures(golden):
    with np.load(golden / "losses" / "io.npz") as stored:
        return {name: torch.from_numpy(stored[name]).float() for name in stored}


@pytest.fixture
def discriminator(golden):
    state = torch.load(golden / "tiny-discriminator" / "disc.ckpt", weights_only=True)
    state = state.get("state_dict", state)
    network = Discriminator(DiscriminatorConfig(width=8))
    network.load_state_dict({name.removeprefix("discriminator."): tensor for name, tensor in state.items()})
    return network


@pytest.mark.parametrize("mode", ["eval", "train"])
@pytest.mark.parametrize("setting", SETTINGS)
def test_adversarial_terms_are_the_published_ones(numbers, pictures, discriminator, setting, mode):
    wanted, chosen = numbers[f"{setting}_{mode}"], SETTINGS[setting]
    discriminator.train(mode == "train")
    weight = chosen.get("weight", 10.0)
    real = pictures["real"].clone().requires_grad_()
    fake = pictures["fake"].clone().requires_grad_()

    real_scores, real_features = discriminator(real)
    fake_scores, _ = discriminator(fake.detach())
    mask = losses.scale_mask(pictures["mask"], real_scores.shape[-2:], chosen.get("scaling", MaskScaling.NEAREST))
    penalty = losses.gradient_penalty(real_scores, real) * chosen.get("penalty", 0.001)
    loss = penalty + losses.discriminator_adversarial(
        real_scores,
        fake_scores,
        mask,
        masked_fake=chosen.get("masked_fake", True),
        everywhere=chosen.get("discriminator_everywhere", True),
    )
    assert real_scores.mean().item() == pytest.approx(wanted["discr_real_out"], abs=2e-5)
    assert fake_scores.mean().item() == pytest.approx(wanted["discr_fake_out"], abs=2e-5)
    assert penalty.item() == pytest.approx(wanted["discr_real_gp_times_coef"], rel=2e-4)
    assert loss.item() == pytest.approx(wanted["discr_loss"], rel=1e-4)
    gradients = torch.autograd.grad(loss, list(discriminator.parameters()), retain_graph=True)
    norm = torch.stack([each.square().sum() for each in gradients]).sum().sqrt()
    assert norm.item() == pytest.approx(wanted["discr_param_grad_l2"], rel=1e-3)

    fake_scores, fake_features = discriminator(fake)
    adversarial = weight * losses.generator_adversarial(
        fake_scores, mask, extra=chosen.get("extra", 0.0), everywhere=chosen.get("generator_everywhere", True)
    )
    real_features = [each.detach() for each in real_features]
    matching = losses.feature_matching(fake_features, real_features)
    assert adversarial.item() == pytest.approx(wanted["gen_adv_loss_weighted"], rel=1e-4)
    assert matching.item() == pytest.approx(wanted["feature_matching"], rel=1e-4)
    masked = losses.feature_matching(fake_features, real_features, pictures["mask"])
    assert masked.item() == pytest.approx(wanted["feature_matching_masked"], rel=1e-4)
    (gradient,) = torch.autograd.grad(adversarial + 100 * matching, fake)
    wanted = wanted["grad_of_gen_adv_plus_100fm_wrt_fake"]
    assert gradient.norm().item() == pytest.approx(wanted["l2"], rel=1e-3)
    assert gradient.abs().mean().item() == pytest.approx(wanted["mean_abs"], rel=1e-3)


def test_masked_l1_is_the_published_one(numbers, pictures):
    fake, real, mask = pictures["fake"], pictures["real"], pictures["mask"]
    assert losses.masked_l1(fake, real, mask, 10, 0).item() == pytest.approx(numbers["masked_l1_known10_missing0"])
    assert losses.masked_l1(fake, real, mask, 1, 5).item() == pytest.approx(numbers["masked_l1_known1_missing5"])


def test_scores_outside_the_hole_are_no_fakes():
    """Raising the scores of generated patches outside the hole lowers the loss; inside it raises it."""
    real, mask = torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 4, 4)
    mask[..., :2] = 1
    outside, inside = 1 - mask, mask
    plain = losses.discriminator_adversarial(real, torch.zeros_like(real), mask)
    assert losses.discriminator_adversarial(real, outside, mask) < plain
    assert losses.discriminator_adversarial(real, inside, mask) > plain
    assert losses.discriminator_adversarial(real, outside, mask, masked_fake=False) > plain


def test_the_penalty_can_be_minimised():
    pictures = torch.rand(2, 3, 8, 8, requires_grad=True)
    weight = torch.full((3,), 2.0, requires_grad=True)
    scores = (pictures * weight[None, :, None, None]).sum(1, keepdim=True)
    penalty = losses.gradient_penalty(scores, pictures)
    assert penalty.item() == pytest.approx(3 * 4 * 64)
    penalty.backward()
    assert torch.allclose(weight.grad, torch.full((3,), 2 * 2.0 * 64))
