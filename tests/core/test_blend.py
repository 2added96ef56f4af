"""Every blend mode against the formulas of the specification, written once more, pixel by pixel and premultiplied."""

import math

import numpy as np
import pytest
from documents import noise

from lama_desktop.core.blend import BLEND_MODES, NORMAL, blend_mode
from lama_desktop.core.composite import composite
from lama_desktop.core.geometry import Rect
from lama_desktop.core.layer import Layer


def luminosity(color):
    return 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2]


def clipped(color):
    middle, low, high = luminosity(color), min(color), max(color)
    if low < 0:
        color = [middle + (c - middle) * middle / (middle - low) for c in color]
    if high > 1:
        color = [middle + (c - middle) * (1 - middle) / (high - middle) for c in color]
    return color


def with_luminosity(color, value):
    return clipped([c + value - luminosity(color) for c in color])


def with_saturation(color, value):
    low, high = min(color), max(color)
    return [(c - low) * value / (high - low) if high > low else 0.0 for c in color]


def saturation(color):
    return max(color) - min(color)


def hard_light(b, s):
    return b * 2 * s if s <= 0.5 else b + (2 * s - 1) - b * (2 * s - 1)


def dodge(b, s):
    return 0 if b == 0 else 1 if s == 1 else min(1, b / (1 - s))


def burn(b, s):
    return 1 if b == 1 else 0 if s == 0 else 1 - min(1, (1 - b) / s)


def soft_light(b, s):
    if s <= 0.5:
        return b - (1 - 2 * s) * b * (1 - b)
    return b + (2 * s - 1) * ((((16 * b - 12) * b + 4) * b if b <= 0.25 else math.sqrt(b)) - b)


SEPARABLE = {
    "svg:multiply": lambda b, s: b * s,
    "svg:screen": lambda b, s: b + s - b * s,
    "svg:overlay": lambda b, s: hard_light(s, b),
    "svg:darken": min,
    "svg:lighten": max,
    "svg:color-dodge": dodge,
    "svg:color-burn": burn,
    "svg:hard-light": hard_light,
    "svg:soft-light": soft_light,
    "svg:difference": lambda b, s: abs(b - s),
}
WHOLE = {
    "svg:hue": lambda b, s: with_luminosity(with_saturation(s, saturation(b)), luminosity(b)),
    "svg:saturation": lambda b, s: with_luminosity(with_saturation(b, saturation(s)), luminosity(b)),
    "svg:color": lambda b, s: with_luminosity(s, luminosity(b)),
    "svg:luminosity": lambda b, s: with_luminosity(b, luminosity(s)),
}
PARTS = {
    "svg:src-atop": lambda s, b: (b, 1 - s),
    "svg:dst-in": lambda s, b: (0, s),
    "svg:dst-out": lambda s, b: (0, 1 - s),
    "svg:dst-atop": lambda s, b: (1 - b, s),
    "svg:plus": lambda s, b: (1, 1),
}


def expected(name, below, above, opacity):
    """Return (r, g, b, a), premultiplied, of one pixel over another, straight, 0..1."""
    *cb, ab = below
    *cs, alpha = above
    alpha *= opacity
    mixed = cs
    if name in SEPARABLE:
        mixed = [SEPARABLE[name](b, s) for b, s in zip(cb, cs, strict=True)]
    elif name in WHOLE:
        mixed = WHOLE[name](cb, cs)
    source = [(1 - ab) * s + ab * m for s, m in zip(cs, mixed, strict=True)]
    fa, fb = PARTS[name](alpha, ab) if name in PARTS else (1, 1 - alpha)
    color = [min(1, fa * alpha * s + fb * ab * b) for s, b in zip(source, cb, strict=True)]
    return [*color, min(1, fa * alpha + fb * ab)]


def laid(name, below, above, opacity):
    """Return one layer over another as the program does it."""
    layers = [Layer(below), Layer(above, mode=blend_mode(name), opacity=opacity)]
    return composite(layers, Rect.of_size(below.shape[1::-1]), below.dtype)


def extremes(dtype):
    """Return pixels in which every combination of 0, a quarter, a half, full meets: (16, 16, 4) below and above."""
    full = np.iinfo(dtype).max
    values = [0, full // 4, full // 2 + 1, full]
    grid = np.array(np.meshgrid(values, values, values, values, indexing="ij")).reshape(4, -1)
    below = np.stack([grid[0], grid[1], grid[0], grid[2]], -1).astype(dtype)
    above = np.stack([grid[1], grid[3], grid[3], grid[0]], -1).astype(dtype)
    return below.reshape(16, 16, 4), above.reshape(16, 16, 4)


@pytest.mark.parametrize("opacity", [1.0, 0.37])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("name", [mode.name for mode in BLEND_MODES])
def test_a_mode_follows_the_formulas(name, dtype, opacity):
    generator = np.random.default_rng(1)
    pictures = [(noise(generator, 12, 12, dtype), noise(generator, 12, 12, dtype)), extremes(dtype)]
    full = np.iinfo(dtype).max
    for below, above in pictures:
        result = laid(name, below, above, opacity).astype(np.float64) / full
        for y, x in np.ndindex(*below.shape[:2]):
            wanted = expected(name, below[y, x] / full, above[y, x] / full, opacity)
            alpha = wanted[3]
            assert abs(result[y, x, 3] - alpha) <= 0.51 / full, (below[y, x], above[y, x])
            if alpha > 0:
                error = np.abs(result[y, x, :3] - np.array(wanted[:3]) / alpha)
                # float32 against float64: a half of a step in rounding, a hundredth in arithmetic, more only where
                # a faint alpha divides.
                assert error.max() <= (0.51 + 2e-7 * full / alpha) / full, (below[y, x], above[y, x])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("mode", BLEND_MODES, ids=lambda mode: mode.name)
def test_nothing_changes_a_pixel_where_the_layer_is_transparent(mode, dtype):
    generator = np.random.default_rng(2)
    below, above = noise(generator, 40, 40, dtype), noise(generator, 40, 40, dtype)
    above[..., 3] = 0
    result = laid(mode.name, below, above, 1.0)
    if mode.bounded:
        assert (result == below).all()
    else:
        assert not result[..., 3].any()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_an_opaque_normal_layer_hides_bit_for_bit(dtype):
    generator = np.random.default_rng(3)
    below, above = noise(generator, 40, 40, dtype), noise(generator, 40, 40, dtype)
    above[..., 3] = np.iinfo(dtype).max
    assert (laid(NORMAL.name, below, above, 1.0) == above).all()


@pytest.mark.parametrize("mode", BLEND_MODES, ids=lambda mode: mode.name)
def test_greys_stay_grey(mode):
    grey = np.random.default_rng(4).integers(0, 256, (2, 30, 30, 1), np.uint8)
    alpha = np.random.default_rng(5).integers(0, 256, (2, 30, 30, 1), np.uint8)
    below, above = (np.concatenate([grey[i]] * 3 + [alpha[i]], axis=2) for i in (0, 1))
    result = laid(mode.name, below, above, 0.8)
    assert (result[..., 0] == result[..., 1]).all()
    assert (result[..., 0] == result[..., 2]).all()


def test_names_are_those_of_openraster_and_unique():
    names = [mode.name for mode in BLEND_MODES]
    assert len(set(names)) == len(names) == 20
    assert all(name.startswith("svg:") for name in names)
    assert blend_mode("svg:src-over") is NORMAL
    assert blend_mode("krita:greater") is None
