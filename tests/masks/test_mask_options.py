"""MaskOptions: from plain values to what draws."""

import numpy as np
import pytest
from numpy.random import RandomState
from PIL import Image as PillowImage

from lama_desktop.errors import SettingsError
from lama_desktop.masks.folders import FixedMasks, Objects
from lama_desktop.masks.generators import Inverted, Mixture
from lama_desktop.masks.options import MaskOptions, mask_generator, mask_weights
from lama_desktop.masks.presets import MASK_PRESETS, scaled
from lama_desktop.options import from_dict, to_dict


@pytest.fixture
def folder(tmp_path):
    PillowImage.fromarray(np.eye(16, dtype=np.uint8) * 255).save(tmp_path / "a.png")
    return str(tmp_path)


def test_options_are_plain_values():
    options = from_dict(MaskOptions, {"preset": "thick_512", "scale": 2, "invert": 0.1})
    assert to_dict(options) == {"preset": "thick_512", "scale": 2.0, "invert": 0.1, "fixed": "", "objects": ""}


@pytest.mark.parametrize("name", MASK_PRESETS)
def test_a_name_alone_is_that_preset(name):
    first, second = RandomState(1), RandomState(1)
    generator = mask_generator(MaskOptions(name))
    for _ in range(5):
        np.testing.assert_array_equal(generator.draw((64, 64), first), MASK_PRESETS[name].draw((64, 64), second))
    assert first.rand() == second.rand()


def test_names_with_weights_are_a_mixture(folder):
    options = MaskOptions("train_wide: 4,borders , fixed:0.5,objects", scale=2, fixed=folder, objects=folder)
    assert mask_weights(options) == {"train_wide": 4, "borders": 1, "fixed": 0.5, "objects": 1}
    generator = mask_generator(options)
    assert isinstance(generator, Mixture)
    assert generator.weights == (4, 1, 0.5, 1)
    assert generator.generators[0] == scaled(MASK_PRESETS["train_wide"], 2)
    assert [type(each) for each in generator.generators[2:]] == [FixedMasks, Objects]


def test_invert():
    assert mask_generator(MaskOptions("frame", invert=0.25)) == Inverted(mask_generator(MaskOptions("frame")), 0.25)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"preset": "thik_512"}, "no masks called 'thik_512'. Did you mean 'thick_512'"),
        ({"preset": ""}, "Choose thin_256, "),
        ({"preset": "thick_512,"}, "no masks called ''"),
        ({"preset": "grid: much"}, "weight of 'grid' cannot be 'much'"),
        ({"preset": "grid: 0"}, "a number above 0"),
        ({"preset": "grid: nan"}, "a number above 0"),
        ({"preset": "grid, grid: 2"}, "named twice"),
        ({"preset": "fixed"}, "'fixed' needs a folder"),
        ({"objects": "somewhere"}, "The folder of 'objects' is not used"),
    ],
)
def test_what_cannot_be_is_said(values, said):
    with pytest.raises(SettingsError, match=said):
        mask_generator(MaskOptions(**values))
