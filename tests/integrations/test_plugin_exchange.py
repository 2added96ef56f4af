"""Pixels between a plug-in and the program: files that both read, and fills as layers."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lama_desktop import formats
from lama_desktop.core.photo import ColorModel, Photo
from lama_desktop.core.profiles import profile_of

sys.path.insert(0, str(Path(__file__).parents[2] / "packaging" / "integrations" / "shared"))

import lama_exchange as exchange


def pixels_of(array):
    return exchange.Pixels(array.shape[1], array.shape[0], array.shape[2], array.itemsize * 8, array.tobytes())


def array_of(pixels):
    dtype = np.uint8 if pixels.depth == 8 else np.dtype("<u2")
    return np.frombuffer(pixels.data, dtype).reshape(pixels.height, pixels.width, pixels.channels)


def noise(depth=8, channels=4, size=(23, 17), seed=0):
    random = np.random.default_rng(seed)
    return random.integers(0, 1 << depth, (size[1], size[0], channels), dtype=np.uint8 if depth == 8 else np.uint16)


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_the_program_reads_what_is_written(tmp_path, depth, channels):
    array, profile = noise(depth, channels), profile_of("Display P3")
    exchange.write(tmp_path / "a.tif", pixels_of(array), profile if channels > 2 else b"")
    photo = formats.read(tmp_path / "a.tif")
    assert np.array_equal(photo.pixels, array)
    assert (photo.model, photo.has_alpha) == (ColorModel.GREY if channels < 3 else ColorModel.RGB, channels in (2, 4))
    assert photo.profile == (profile if channels > 2 else None)
    assert photo.notes == ()


@pytest.mark.parametrize("depth", [8, 16])
def test_what_the_program_makes_of_it_is_read(tmp_path, depth):
    array = noise(depth, size=(700, 500))
    exchange.write(tmp_path / "a.tif", pixels_of(array))
    formats.write(formats.read(tmp_path / "a.tif"), tmp_path / "b.tif")
    assert exchange.read(tmp_path / "b.tif") == pixels_of(array)


def test_other_files_are_refused(tmp_path):
    formats.write(Photo(noise(channels=3)), tmp_path / "deflated.tif")
    formats.write(Photo(noise(channels=3)), tmp_path / "a.png")
    exchange.write(tmp_path / "short.tif", pixels_of(noise())._replace(data=bytes(40)))
    for name in ("deflated.tif", "a.png", "short.tif"):
        with pytest.raises(ValueError, match="TIFF"):
            exchange.read(tmp_path / name)


@pytest.mark.parametrize("depth", [8, 16])
@given(
    size=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    changes=st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19), st.integers(0, 2)), max_size=6),
    clear=st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19), st.integers(0, 15)), max_size=3),
)
def test_a_fill_is_what_has_changed(depth, size, changes, clear):
    before, full = noise(depth, size=size), (1 << depth) - 1
    before[..., 3] = full
    for x, y, bit in clear:
        before[y % size[1], x % size[0], 3] = full ^ 1 << bit % depth
    after = before.copy()
    for x, y, channel in changes:
        after[y % size[1], x % size[0], channel] ^= 1 << (depth - 1)
    fill = exchange.fill_of(pixels_of(before), pixels_of(after))
    changed = (before != after).any(axis=2)
    if not changed.any():
        assert fill is None
        return
    rows, columns = np.nonzero(changed)
    assert (fill.x, fill.y) == (columns.min(), rows.min())
    part = (slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1))
    found = array_of(fill.pixels)
    assert np.array_equal(found[..., :3], after[part][..., :3])
    assert np.array_equal(found[..., 3], np.where(changed[part], full, 0))
    assert fill.clipped == (before[changed][:, 3] < full).any()


@pytest.mark.parametrize("depth", [8, 16])
def test_a_fill_composited_is_what_the_program_made(depth):
    before, after = noise(depth), noise(depth, seed=1)
    before[:4, :, 3], before[4:8, :, 3] = 0, (1 << depth) - 1
    after[..., 3] = before[..., 3]
    after[2:6] = before[2:6]
    fill = exchange.fill_of(pixels_of(before), pixels_of(after))
    layer, full = array_of(fill.pixels).astype(float), float((1 << depth) - 1)
    base = before[fill.y : fill.y + layer.shape[0], fill.x : fill.x + layer.shape[1]].astype(float)
    assert fill.clipped
    coverage = layer[..., 3:] / full  # of the colours; the alpha stays that of the base
    found = np.concatenate([coverage * layer[..., :3] + (1 - coverage) * base[..., :3], base[..., 3:]], axis=-1)
    assert np.array_equal(found, after)


def test_pictures_of_different_kinds_are_not_compared():
    with pytest.raises(ValueError, match="different"):
        exchange.fill_of(pixels_of(noise(8)), pixels_of(noise(16)))


@given(x=st.integers(-30, 30), y=st.integers(-30, 30), width=st.integers(1, 25), height=st.integers(1, 25))
def test_placing(x, y, width, height):
    array = noise(channels=1, size=(9, 7)) | 1
    found = array_of(exchange.placed(pixels_of(array), x, y, width, height))
    expected = np.zeros((height + 60, width + 60, 1), np.uint8)
    expected[y + 30 : y + 37, x + 30 : x + 39] = array[: max(0, height + 60 - y - 30), : max(0, width + 60 - x - 30)]
    assert np.array_equal(found, expected[30 : 30 + height, 30 : 30 + width])


@pytest.mark.parametrize("depth", [8, 16])
def test_red_and_blue_change_places(depth):
    array = noise(depth)
    assert np.array_equal(array_of(exchange.with_red_first(pixels_of(array))), array[..., [2, 1, 0, 3]])
