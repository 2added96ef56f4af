"""Geometric steps: each is what OpenCV does to a whole picture, and a chain of them is one after the other."""

import cv2
import numpy as np
import pytest

from lama_desktop.training import warps

INNER = np.s_[4:-4, 4:-4]


def waves(width=90, height=60):
    """Return a picture that interpolation changes little."""
    y, x = np.mgrid[:height, :width]
    layers = [128 + 100 * np.sin(x / 9), 128 + 100 * np.cos(y / 7), 128 + 100 * np.sin((x + y) / 11)]
    return np.rint(np.stack(layers, axis=-1)).astype(np.uint8)


def difference(a, b):
    return np.abs(a.astype(int) - b).max()


@pytest.mark.parametrize("size", [(90, 60), (33, 70)])
@pytest.mark.parametrize(("scale", "degrees"), [((0.7, 1.3), 0), ((1.2, 0.8), 40), ((0.3, 0.35), -25), ((1.8, 1.8), 7)])
def test_affine_is_warp_affine_with_reflection(size, scale, degrees):
    image = waves(*size)
    turn = np.deg2rad(degrees)
    forward = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ np.diag(scale)
    middle = (np.array(size) - 1) / 2
    matrix = np.column_stack([forward, middle - forward @ middle])
    expected = cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    assert difference(warps.sample(image, [warps.affine(size, scale, degrees, 0.0)]), expected) <= 3


def test_shear_leans_the_upright_axis_only():
    step = warps.affine((101, 101), (1.0, 1.0), 0.0, 10.0)
    for forward, backward in [((70.0, 50.0), (70.0, 50.0)), ((50 - 20 * np.tan(np.deg2rad(10)), 70.0), (50.0, 70.3))]:
        x, y = step.back((np.float32([[forward[0]]]), np.float32([[forward[1]]])))
        assert float(x[0, 0]) == pytest.approx(backward[0], abs=0.1)
        assert float(y[0, 0]) == pytest.approx(backward[1], abs=0.1)


def test_perspective_pulls_the_quadrangle_out():
    image, size = waves(), (90, 60)
    insets = np.array([[0.05, 0.1], [0.1, 0.02], [0.0, 0.07], [0.15, 0.0]])
    step = warps.perspective(size, insets)
    corners = np.float32([[0, 0], [90, 0], [90, 60], [0, 60]]) - 0.5
    inner = [(0.05 * 90, 0.1 * 60), (90 - 0.1 * 90, 0.02 * 60), (90, 60 - 0.07 * 60), (0.15 * 90, 60)]
    matrix = cv2.getPerspectiveTransform(np.float32(inner) - np.float32(0.5), corners)
    expected = cv2.warpPerspective(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    assert difference(warps.sample(image, [step]), expected) <= 3
    nothing = warps.perspective(size, np.zeros((4, 2)))
    assert difference(warps.sample(image, [nothing]), image) <= 1


@pytest.mark.parametrize("strength", [-0.05, 0.05])
def test_lens_is_opencvs_radial_model(strength):
    image, (width, height) = waves(), (90, 60)
    camera = np.float32([[width, 0, width / 2], [0, height, height / 2], [0, 0, 1]])
    bend = np.float32([strength, strength, 0, 0, 0])
    maps = cv2.initUndistortRectifyMap(camera, bend, None, camera, (width, height), cv2.CV_32FC1)
    expected = cv2.remap(image, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    assert difference(warps.sample(image, [warps.lens((width, height), strength)]), expected) <= 3


@pytest.mark.parametrize("factor", [0.8, 1.2])
def test_scaling_is_resize(factor):
    image = waves()
    step = warps.scaled((90, 60), factor)
    assert step.size == (int(90 * factor), int(60 * factor))
    assert difference(warps.sample(image, [step]), cv2.resize(image, step.size)) <= 3


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5, 64), (40, 41)])
def test_padding_is_reflection_to_the_bit(size):
    image = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    step = warps.padded(size, 32)
    left, top = (max(0, 32 - length) // 2 for length in size)
    right, bottom = step.size[0] - size[0] - left, step.size[1] - size[1] - top
    expected = cv2.copyMakeBorder(image, top, bottom, left, right, cv2.BORDER_REFLECT_101)
    np.testing.assert_array_equal(warps.sample(image, [step]), expected)


def test_crops_are_exact():
    image = np.random.default_rng(0).integers(0, 256, (50, 70, 3), np.uint8)
    straight, mirrored = (warps.sample(image, [warps.cropped(32, 9, 18, flag)]) for flag in (False, True))
    np.testing.assert_array_equal(straight, image[18:50, 9:41])
    np.testing.assert_array_equal(mirrored, straight[:, ::-1])


def test_a_chain_is_one_step_after_the_other():
    image, size = waves(400, 300), (400, 300)
    insets = np.full((4, 2), 0.04) * [[1, 0], [0, 1], [1, 1], [0.5, 0]]
    steps = [
        warps.perspective(size, insets),
        warps.affine(size, (0.6, 0.8), 30, 0.1),
        warps.lens(size, 0.05),
        warps.cropped(128, 200, 0, mirrored=True),
    ]
    one_by_one = image
    for step in steps:
        one_by_one = warps.sample(one_by_one, [step])
    at_once = warps.sample(image, steps)
    assert at_once.shape == (128, 128, 3)
    assert at_once.flags.c_contiguous
    # But for the blur of three interpolations, which shows where reflections meet.
    apart = np.abs(at_once.astype(int) - one_by_one)
    assert apart.mean() < 0.5
    assert apart.max() <= 10


def test_panoramas_longer_than_opencv_takes():
    image = np.zeros((40, 40000, 3), np.uint8)
    image[:, 39000:] = np.arange(1000)[None, :, None] % 256
    chain = [warps.padded((40000, 40), 64), warps.cropped(64, 39500, 0, mirrored=False)]
    assert (warps.sample(image, chain)[0, :, 0] == np.arange(500, 564) % 256).all()
