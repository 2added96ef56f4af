"""The boundary between numpy and QImage: nothing is copied, nothing is exchanged."""

import gc

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage

from lama_desktop.ui.canvas import qimage


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 256, (5, 7, 4)).astype(np.uint8)


def test_a_later_write_is_visible(pixels):
    """Once PySide6 copied silently (pyqtgraph 1784)."""
    for image in (qimage.view(pixels), qimage.view(pixels, opaque=True), qimage.painted(pixels, opaque=True)):
        pixels[2, 3] = (10, 20, 30, 255)
        color = image.pixelColor(3, 2)
        assert sorted((color.red(), color.green(), color.blue())) == [10, 20, 30]
        pixels[2, 3] = (40, 50, 60, 255)
        assert image.pixelColor(3, 2).green() == 50


def test_red_is_red(pixels):
    """Colours passed on in the other order are on labelme's list."""
    pixels[0, 0] = (255, 0, 0, 255)
    assert qimage.view(pixels).pixelColor(0, 0) == QColor(255, 0, 0)
    assert qimage.view(pixels, opaque=True).pixelColor(0, 0) == QColor(255, 0, 0)
    assert qimage.painted(pixels, opaque=True).pixelColor(0, 0) == QColor(0, 0, 255)


def test_read_only_arrays_wrap(pixels):
    pixels.flags.writeable = False
    np.testing.assert_array_equal(qimage.to_array(qimage.view(pixels)), pixels)


def test_the_image_keeps_the_array_alive():
    image = qimage.view(np.full((50, 60, 4), 77, np.uint8))
    gc.collect()
    np.full((50, 60, 4), 1, np.uint8)
    assert image.pixelColor(59, 49).red() == 77


def test_images_become_arrays_of_their_own(pixels):
    image = QImage(3, 2, QImage.Format.Format_RGB888)  # rows are padded
    image.fill(QColor(1, 2, 3))
    result = qimage.to_array(image)
    assert result.tolist() == [[[1, 2, 3, 255]] * 3] * 2
    image.fill(QColor(9, 9, 9))
    assert result[0, 0].tolist() == [1, 2, 3, 255]
    assert qimage.to_array(QImage()).shape == (0, 0, 4)


def test_nothing_wraps_to_a_null_image():
    assert qimage.view(np.zeros((0, 5, 4), np.uint8)).isNull()
