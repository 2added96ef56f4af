"""Charts: well-formed, thinned, on readable axes, with the values that were given."""

import json
import math
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from lama_desktop.training.charts import HEIGHT, LEFT, MOST_POINTS, WIDTH, Curve, chart, compact, figure


def parsed(text):
    """The element, its points by curve, and the texts on its vertical axis."""
    svg = ElementTree.fromstring(text)
    points = {each["title"]: each["points"] for each in json.loads(svg.get("data-points"))}
    labels = [each.text for each in svg.iter("text") if each.get("class") != "step"]
    return svg, points, labels


def test_few_points_are_shown_as_they_are():
    steps, values = [10, 20, 40], [1.0, 3.0, 2.0]
    svg, points, _ = parsed(chart([Curve("psnr", steps, values)], 100, noisy=False))
    assert [(step, value) for _, _, step, value in points["psnr"]] == [(10, "1.000"), (20, "3.000"), (40, "2.000")]
    x, y = ([point[index] for point in points["psnr"]] for index in (0, 1))
    assert LEFT < x[0] < x[1] < x[2] < WIDTH
    assert x[2] - x[1] == pytest.approx(2 * (x[1] - x[0]), abs=0.2)
    assert 0 < y[1] < y[2] < y[0] < HEIGHT
    assert len(list(svg.iter("circle"))) == 3


def test_a_long_noisy_curve_is_thinned_to_means_within_a_band():
    random = np.random.default_rng(0)
    steps = list(range(0, 50_000, 5))
    values = 5 + np.exp(-np.array(steps) / 5000) + random.normal(0, 0.3, len(steps))
    text = chart([Curve("loss", steps, values)], 50_000, noisy=True)
    svg, points, _ = parsed(text)
    assert len(points["loss"]) == MOST_POINTS
    assert len(text) < 40_000
    assert [each.get("class") for each in svg.find("g[@class='curve c0']")] == ["band", "line"]
    assert float(points["loss"][-1][3]) == pytest.approx(5, abs=0.05)
    assert points["loss"][-1][2] == steps[-1]


def test_every_value_of_a_curve_that_is_not_noisy_counts_however_long():
    values = [0.0] * 1000
    values[-1] = 7.0
    _, points, _ = parsed(chart([Curve("a", range(1000), values)], 1000, noisy=False))
    assert points["a"][-1][3] == "7.000"


def test_what_is_not_a_number_is_left_out():
    curve = Curve("a", [1, 2, 3, 4], [1.0, math.nan, math.inf, 2.0])
    _, points, _ = parsed(chart([curve, Curve("b", [1], [math.nan])], 4, noisy=True))
    assert [point[2] for point in points["a"]] == [1, 4]
    assert "b" not in points
    assert chart([Curve("b", [1], [math.nan])], 4, noisy=True) == ""


def test_an_axis_is_logarithmic_where_values_differ_by_more_than_it_could_show():
    steps = range(100)
    wide = Curve("a", steps, [10 ** (4 - 5 * step / 99) for step in steps])
    narrow = Curve("a", steps, [2 + step / 99 for step in steps])
    assert parsed(chart([wide], 100, noisy=False))[2] == ["0.1", "1", "10", "100", "1000", "10k"]
    assert parsed(chart([narrow], 100, noisy=False))[2] == ["2", "2.5", "3"]
    with_zero = Curve("a", steps, [0.0, *wide.values[1:]])
    assert "0" in parsed(chart([with_zero], 100, noisy=False))[2]


def test_labels_of_a_narrow_axis_differ():
    for low, reach in ((0.192, 0.0004), (10.5, 0.2), (12345.0, 6.0)):
        labels = parsed(chart([Curve("a", [1, 2], [low, low + reach])], 2, noisy=False))[2]
        assert len(labels) == len(set(labels)) > 2


def test_outliers_of_a_noisy_curve_do_not_flatten_the_rest():
    values = [1 + step % 2 * 0.1 for step in range(1000)]
    values[3] = 1e6
    _, points, labels = parsed(chart([Curve("a", range(1000), values)], 1000, noisy=True))
    assert max(float(label) for label in labels) < 2
    assert all(0 <= point[1] <= HEIGHT for point in points["a"])


@pytest.mark.parametrize("values", [[0.0], [5.0, 5.0], [-3.0], [1e-20, 1e-20], [1e30, 2e30]])
def test_flat_and_extreme_curves_have_an_axis(values):
    for noisy in (False, True):
        svg, points, _ = parsed(chart([Curve("a", range(len(values)), values)], 0, noisy=noisy))
        numbers = [number for point in points["a"] for number in point[:2]]
        assert all(math.isfinite(number) for number in numbers)
        assert "nan" not in ElementTree.tostring(svg, encoding="unicode")


def test_a_target_is_on_the_axis():
    svg, _, labels = parsed(chart([Curve("a", [1, 2], [0.1, 0.2])], 2, noisy=False, target=1.0))
    assert svg.find("path[@class='target']") is not None
    assert "1" in labels


def test_titles_are_text_and_nothing_else():
    nasty = "<script>\"&'</script>"
    text = chart([Curve(nasty, [1, 2], [1.0, 2.0])], 2, noisy=False)
    assert "<script" not in text
    assert list(parsed(text)[1]) == [nasty]


def test_numbers_are_short():
    written = [compact(value) for value in (0, 0.01234, 15.23, 999.7, 1234, 12_345, 2_500_000, 3.2e-5, -0.5, math.nan)]
    assert written == ["0", "0.0123", "15.2", "1000", "1234", "12.3k", "2.5M", "3.2e-5", "-0.5", "–"]
    assert [figure(value) for value in (15, 0.432, 12_345, 0)] == ["15.00", "0.4320", "12.3k", "0"]
