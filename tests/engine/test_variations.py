"""Variations: different, at most four, the chosen one first, one failing way stops nothing."""

import numpy as np
import pytest

from lama_desktop.engine.engine import Engine
from lama_desktop.engine.options import EngineOptions, Preset
from lama_desktop.engine.variations import Difference, Variation, fill_variations, plan_variations
from lama_desktop.errors import Cancelled, DeviceMemoryError, MissingWeightsError
from lama_desktop.models.store import ModelStore
from lama_desktop.progress import Progress


@pytest.fixture
def store(tmp_path) -> ModelStore:
    return ModelStore(tmp_path / "models")


@pytest.mark.parametrize("model", ["starter", "patches", "telea"])
@pytest.mark.parametrize("preset", Preset)
@pytest.mark.parametrize("texture", [True, False])
def test_they_differ_and_begin_with_what_was_chosen(store, model, preset, texture):
    chosen = EngineOptions(preset=preset, texture=texture, grow=3)
    found = plan_variations(store, model, chosen)
    assert found[0] == Variation(Difference.NOTHING, model, chosen)
    assert 2 <= len(found) <= 4
    assert len({(each.model, each.options) for each in found}) == len(found)
    assert all(each.options.grow == 3 for each in found)


def test_a_network_is_shown_with_and_without_texture(store):
    with_texture = {each.difference for each in plan_variations(store, "starter", EngineOptions())}
    assert with_texture == {Difference.NOTHING, Difference.DRAW, Difference.PLAIN, Difference.VIEW}
    without = plan_variations(store, "starter", EngineOptions(texture=False))
    assert next(each for each in without if each.difference is Difference.TEXTURE).options.texture


def test_an_unknown_model_is_refused(store):
    with pytest.raises(MissingWeightsError):
        plan_variations(store, "nowhere", EngineOptions())


class Engines:
    """Fills with the fake model; refuses one model."""

    def __init__(self, model) -> None:
        self.model = model
        self.asked: list[str] = []

    def engine(self, name, options):
        self.asked.append(name)
        if name == "large":
            raise DeviceMemoryError("There is not enough memory.")
        return Engine(self.model, options)


def ways(*models: str) -> list[Variation]:
    return [Variation(Difference.MODEL, model, EngineOptions()) for model in models]


@pytest.fixture
def scene() -> tuple[np.ndarray, np.ndarray]:
    mask = np.zeros((80, 90), np.uint8)
    mask[30:50, 30:60] = 255
    return np.full((80, 90, 3), 120, np.uint8), mask


def test_each_comes_when_it_is_ready_and_a_failing_one_is_left_out(fake_model, scene):
    engines = Engines(fake_model)
    results = fill_variations(engines, ways("first", "large", "last"), *scene)
    first = next(results)
    assert engines.asked == ["first"]
    assert (first.image == 120).all()
    assert first.seconds > 0
    assert [each.variation.model for each in results] == ["last"]


def test_where_all_fail_the_first_error_is_told(fake_model, scene):
    with pytest.raises(DeviceMemoryError):
        list(fill_variations(Engines(fake_model), ways("large"), *scene))


def test_it_stops_between_and_inside(fake_model, scene):
    progress = Progress()
    results = fill_variations(Engines(fake_model), ways("first", "second"), *scene, progress)
    next(results)
    progress.cancel()
    with pytest.raises(Cancelled):
        next(results)
