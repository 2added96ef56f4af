"""Pages: one file that asks nobody for anything; numbers and pictures in few characters."""

import base64
import io
import math

import numpy as np
import pytest
from PIL import Image as PillowImage

from lama_desktop.page import compact, embedded, figure, page, section


def test_a_page_holds_its_styles_and_script_and_may_ask_nobody():
    made = page(
        "a < b", "<p>content</p>", "today", ["report.css", "evaluation.css"], "report.js", body='data-state="x"'
    )
    assert "<title>a &lt; b</title>" in made
    assert "default-src 'none'" in made
    assert "prefers-color-scheme: dark" in made
    assert ".exhibits" in made
    assert '<body data-state="x">' in made
    assert "<script" in made
    plain = page("title", "", "today", ["report.css"])
    assert "<script" not in plain
    assert "<body>" in plain
    assert "http" not in plain.replace("http-equiv", "")


def test_a_section_without_content_is_nothing():
    assert section("Title & more", "<b>note</b>", "x") == "<h2>Title &amp; more <small><b>note</b></small></h2>x"
    assert section("Title", "note", "") == ""


@pytest.mark.parametrize(("size", "expected"), [((40, 30), (40, 30)), ((400, 200), (100, 50)), ((60, 600), (10, 100))])
def test_pictures_fit_and_keep_their_colours(size, expected):
    width, height = size
    picture = np.zeros((height, width, 3), np.uint8)
    picture[...] = (200, 80, 20)
    shown = embedded(picture, 100, 100, 90)
    assert (shown.width, shown.height) == expected
    data = base64.b64decode(shown.uri.removeprefix("data:image/jpeg;base64,"))
    read = np.asarray(PillowImage.open(io.BytesIO(data)))
    assert read.shape == (expected[1], expected[0], 3)
    np.testing.assert_allclose(read.mean(axis=(0, 1)), (200, 80, 20), atol=3)


def test_numbers():
    values = (0.0123, 15.2, 12345, 1.2e6, 3e-5, math.nan, 0)
    assert [compact(value) for value in values] == ["0.0123", "15.2", "12.3k", "1.2M", "3e-5", "–", "0"]
    assert [figure(value) for value in (15, 0.432, 12345)] == ["15.00", "0.4320", "12.3k"]
