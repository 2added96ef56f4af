"""What two sizes of a picture and of its hole have to do with each other."""

import cv2
import numpy as np
import pytest
import torch

from lama_desktop.engine.levels import EROSION, halved, halved_hole, heart, shrunk


def hole_with(height: int, width: int, top: int, left: int, bottom: int, right: int) -> torch.Tensor:
    hole = torch.zeros(1, 1, height, width)
    hole[..., top:bottom, left:right] = 1
    return hole


def test_published_numbers(golden):
    data = np.load(golden / "refinement" / "primitives.npz")
    assert np.abs(halved(torch.from_numpy(data["x"])).numpy() - data["pyrdown"]).max() < 1e-6
    assert np.array_equal(halved_hole(torch.from_numpy(data["m"])).numpy(), data["pyrdown_mask"])
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (EROSION, EROSION))
    assert np.array_equal(ellipse, data["ellipse15"])
    # Every pixel as four: a hole of twice the size that is the published one again when it is halved.
    large = torch.from_numpy(np.kron(data["erode_in"], np.ones((1, 1, 2, 2)))).float()
    assert np.array_equal(heart(large).numpy(), data["erode_out"])


@pytest.mark.parametrize("size", [(8, 8), (9, 14), (31, 17)])
def test_halving_keeps_a_flat_picture_and_rounds_its_size_down(size):
    small = halved(torch.full((2, 3, *size), 0.3))
    assert small.shape == (2, 3, size[0] // 2, size[1] // 2)
    assert (small - 0.3).abs().max() < 1e-6


def test_halving_removes_what_a_smaller_picture_cannot_hold():
    checks = (torch.arange(32)[:, None] + torch.arange(32)) % 2
    assert (halved(checks[None, None].float()) - 0.5).abs().max() < 0.02


def test_halving_has_a_gradient():
    picture = torch.rand(1, 2, 7, 8, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(halved, picture)


@pytest.mark.parametrize("size", [(40, 40), (41, 37)])
def test_a_smaller_hole_takes_in_all_that_a_masked_pixel_had_a_part_in(size):
    hole = hole_with(*size, 11, 12, 20, 23)
    bright = halved(torch.where(hole > 0, 1.0, 0.0))
    assert torch.equal(halved_hole(hole) > 0, bright > 0)


def test_the_heart_of_a_hole_is_away_from_the_picture_but_not_from_its_border():
    core = heart(hole_with(120, 160, 0, 20, 80, 140))[0, 0]
    rows, columns = torch.nonzero(core, as_tuple=True)
    assert (rows.min(), rows.max()) == (0, 40 - 1 - EROSION // 2)
    assert (columns.min(), columns.max()) == (10 + EROSION // 2, 70 - 1 - EROSION // 2)


def test_a_thin_hole_has_no_heart():
    assert heart(hole_with(100, 100, 40, 0, 50, 100)).sum() == 0


def test_shrinking_never_lets_masked_colour_into_the_known_picture():
    hole = hole_with(50, 61, 20, 20, 33, 30)
    picture, small = shrunk(torch.where(hole > 0, 9.0, 0.5).expand(1, 3, -1, -1), hole, (37, 45))
    assert picture.shape == (1, 3, 37, 45)
    assert (picture[:, :1][small == 0] - 0.5).abs().max() < 1e-6
