"""Sheets: pictures come out pixel by pixel, wherever they are put."""

import numpy as np

from lama_desktop.core.sheet import GAP, MASK_COLOR, marked, table


def picture(value, width, height):
    return np.full((height, width, 3), value, np.uint8)


def test_a_table_shows_every_picture_pixel_by_pixel():
    rows = [
        ("first row", [picture(10, 40, 30), picture(200, 50, 20)]),
        ("second", [picture(90, 20, 25), picture(60, 50, 60)]),
    ]
    sheet = table(("Left", "Right"), rows)
    assert sheet.dtype == np.uint8
    assert sheet.shape[1] == 40 + 50 + 3 * GAP
    for value, count in ((10, 40 * 30), (200, 50 * 20), (90, 20 * 25), (60, 50 * 60)):
        found = (sheet == value).all(axis=-1)
        assert found.sum() >= count
        rows_of, columns_of = np.nonzero(found)
        assert found[rows_of.min() : rows_of.max() + 1, columns_of.min() : columns_of.max() + 1].mean() > 0.5


def test_a_table_has_words_over_and_under_the_pictures():
    def drawn(titles, line):
        return table(titles, [(line, [picture(0, 200, 50)])])

    plain = drawn(("",), "")
    for other in (drawn(("Title",), ""), drawn(("",), "a line")):
        assert other.shape == plain.shape
        assert (other != plain).any()


def test_a_mask_is_translucent_red():
    colors, mask = np.zeros((2, 3, 3), np.float32), np.zeros((2, 3), np.uint8)
    mask[0, 0] = 255
    result = marked(colors, mask)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result[0, 0], np.array(MASK_COLOR) / 2, rtol=1e-6)
    assert not result.any(axis=-1)[mask == 0].any()
