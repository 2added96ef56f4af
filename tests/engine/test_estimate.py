"""Expected seconds: rough at first, measured after a fill, never an error."""

import numpy as np
import pytest

from lama_desktop.engine.engine import Engine
from lama_desktop.engine.estimate import expected, expected_of_presets, learn
from lama_desktop.engine.options import EngineOptions, Preset
from lama_desktop.paths import cache_folder


def hole_of(side: int) -> np.ndarray:
    hole = np.zeros((2000, 3000), bool)
    hole[500 : 500 + side, 700 : 700 + side] = True
    return hole


@pytest.mark.parametrize("model", ["big-lama", "starter", "patches", "telea", "/somewhere/best.ckpt"])
def test_it_is_rough_until_something_was_filled_and_then_what_was_measured(model):
    options = EngineOptions()
    before = expected(hole_of(300), model, options)
    assert before.seconds > 0
    assert not before.measured
    learn(model, options, work=1e6, seconds=3.0)
    after = expected(hole_of(300), model, options)
    assert after.measured
    other = expected(hole_of(300), model, EngineOptions(device="cpu"))
    assert not other.measured


def test_presets_that_were_not_measured_are_as_much_slower_as_those_that_were():
    options = EngineOptions(texture=False)
    rough = expected_of_presets(hole_of(300), "big-lama", options)
    learn("big-lama", options, work=1.0, seconds=1e-4)
    after = expected_of_presets(hole_of(300), "big-lama", options)
    assert [each.measured for each in after.values()] == [False, True, False]
    factor = after[Preset.NORMAL].seconds / rough[Preset.NORMAL].seconds
    assert factor > 2
    for preset in Preset:
        assert after[preset].seconds == pytest.approx(rough[preset].seconds * factor)


def test_larger_holes_and_better_presets_take_longer():
    plain = EngineOptions(texture=False)
    assert expected(hole_of(900), "big-lama", plain).seconds > expected(hole_of(200), "big-lama", plain).seconds
    presets = expected_of_presets(hole_of(1200), "big-lama", EngineOptions())
    assert presets[Preset.DRAFT].seconds < presets[Preset.NORMAL].seconds < presets[Preset.BEST].seconds
    refined = EngineOptions(texture=False, refine=True)
    assert expected(hole_of(900), "big-lama", refined).seconds > 10 * expected(hole_of(900), "big-lama", plain).seconds
    assert expected(np.zeros((50, 50), bool), "big-lama", plain).seconds == 0


def test_later_fills_count_more_than_earlier_ones():
    options = EngineOptions()
    for seconds in (8.0, 2.0):
        learn("patches", options, work=1e6, seconds=seconds)
    work = expected(hole_of(300), "patches", options).seconds
    learn("patches", options, work=1e6, seconds=4.0)
    assert expected(hole_of(300), "patches", options).seconds == pytest.approx(work)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"seconds_per_pixel": {"patches auto": "soon"}}', "\0"])
def test_a_damaged_file_is_as_none_and_replaced(text):
    cache_folder().mkdir(parents=True)
    (cache_folder() / "speed.json").write_text(text, encoding="utf-8")
    assert not expected(hole_of(300), "patches", EngineOptions()).measured
    learn("patches", EngineOptions(), 1e6, 1.0)
    assert expected(hole_of(300), "patches", EngineOptions()).measured


def test_a_folder_that_cannot_be_made_is_no_error():
    cache_folder().parent.mkdir(parents=True, exist_ok=True)
    cache_folder().write_text("a file in the way")
    learn("patches", EngineOptions(), 1e6, 1.0)
    assert not expected(hole_of(300), "patches", EngineOptions()).measured


def test_an_engine_tells_what_it_took(fake_model):
    engine = Engine(fake_model)
    told: list[tuple[float, float]] = []
    engine.timed = lambda work, seconds: told.append((work, seconds))
    mask = np.zeros((100, 100), np.uint8)
    image = np.full((100, 100, 3), 90, np.uint8)
    engine.inpaint(image, mask)
    assert told == []
    mask[40:60, 40:60] = 255
    engine.inpaint(image, mask)
    assert told[0][0] == sum(window.cost for window in engine.windows)
    assert told[0][1] > 0
