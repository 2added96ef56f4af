"""TIFF files of several pages: layers in the window, the first page elsewhere."""

import contextlib

import numpy as np
import pytest
import tifffile
from foreign import dng_bytes, tiff_structure
from pictures import photo, pixels, smooth

from lama_desktop import formats
from lama_desktop.core.composite import composite
from lama_desktop.core.photo import ColorModel
from lama_desktop.errors import Cancelled, FileFormatError
from lama_desktop.formats.layered import read_layers
from lama_desktop.progress import Progress

MUTATIONS = 150


def page(array, name=None, at=None, resolution=100.0, **more):
    """Return the tags of an uncompressed page."""
    height, width, samples = array.shape
    tags = {
        256: (4, [width]),
        257: (4, [height]),
        258: (3, [array.itemsize * 8] * samples),
        259: (3, [1]),
        262: (3, [2 if samples > 2 else 1]),
        273: (4, array.astype(array.dtype.newbyteorder("<")).tobytes()),
        277: (3, [samples]),
        278: (4, [height]),
        279: (4, [array.nbytes]),
        282: (5, [resolution]),
        283: (5, [resolution]),
        296: (3, [2]),
    }
    if samples in (2, 4):
        tags[338] = (3, [2])
    if name:
        tags[285] = (2, name.encode() + b"\0")
    if at:
        tags |= {286: (5, [at[0] / resolution]), 287: (5, [at[1] / resolution])}
    return tags | more.get("tags", {})


@pytest.fixture
def read(tmp_path):
    def read(*pages, name="a.tif"):
        (tmp_path / name).write_bytes(tiff_structure(pages))
        return read_layers(tmp_path / name, Progress())

    return read


def test_names_and_places_as_gimp_writes_them(read):
    above = pixels(alpha=True, size=(20, 10))
    found = read(page(smooth(), "Background"), page(above, "Ärmel", (30, 40)), page(above, at=(0, 0)))
    below, named, bare = found.stack.layers
    assert [each.name for each in found.stack.layers] == ["Background", "Ärmel", "Page 3"]
    assert (named.rect.left, named.rect.top, named.rect.size) == (30, 40, (20, 10))
    assert np.array_equal(named.pixels, above)
    assert np.array_equal(below.pixels[..., :3], smooth())
    assert all(each.visible for each in found.stack.layers)
    assert found.stack.size == (64, 48)
    assert found.stack.active is below
    assert found.notes == (
        "The file has 3 pages: each became a layer (a.tif).",
        "Pages of another size than the first: 2, 3 (a.tif).",
    )
    assert (bare.rect.left, bare.rect.top) == (0, 0)


def test_the_pages_of_a_scan_are_there_and_the_first_is_seen(tmp_path):
    path = tmp_path / "scan.tif"
    tifffile.imwrite(path, np.stack([smooth(), smooth()[::-1], smooth()[:, ::-1]]), photometric="rgb")
    found = read_layers(path, Progress())
    assert [each.visible for each in found.stack.layers] == [True, False, False]
    flat = composite(found.stack.tree, found.stack.rect, np.uint8)
    assert np.array_equal(flat[..., :3], formats.read(path).pixels)
    assert any("hidden layers" in each for each in found.notes)
    assert any("3 pages: only the first was opened" in each for each in formats.read(path).notes)


def test_sixteen_bits_stay_and_others_are_converted(read):
    deep = pixels(depth=16, size=(64, 48))
    found = read(page(deep), page(smooth()), page(smooth(ColorModel.GREY)))
    assert found.facts.depth == 16
    assert np.array_equal(found.stack.layers[0].pixels[..., :3], deep)
    assert np.array_equal(found.stack.layers[1].pixels[..., :3], smooth().astype(np.uint16) * 257)
    assert "Pages with other colours or depth were converted to those of the first: 2, 3 (a.tif)." in found.notes


def test_small_pictures_and_masks_of_others_are_no_pages(read):
    small = page(smooth(size=(16, 12)), tags={254: (4, [1])})
    mask = page(smooth(ColorModel.GREY), tags={254: (4, [4])})
    assert read(page(smooth()), small, mask) is None
    found = read(page(smooth()), small, page(smooth()[::-1]))
    assert len(found.stack.layers) == 2


def test_the_size_of_the_whole_picture(read):
    whole = {33300: (4, [100]), 33301: (4, [90])}
    found = read(page(smooth(), at=(10, 20), tags=whole), page(smooth(), at=(36, 42)))
    assert found.stack.size == (100, 90)
    assert found.stack.layers[0].rect.left == 10
    assert found.stack.layers[1].visible


def test_pages_that_cannot_be_read_are_named(read):
    floating = page(smooth(), tags={339: (3, [3, 3, 3])})
    found = read(page(smooth()), floating, page(smooth()[::-1]))
    assert [each.name for each in found.stack.layers] == ["Page 1", "Page 3"]
    assert "Pages that cannot be read were left behind: 2 (a.tif)." in found.notes
    assert read(page(smooth()), floating) is None


def test_one_page_and_raw_files_are_not_for_layers(tmp_path):
    formats.write(photo(), tmp_path / "a.tif")
    assert read_layers(tmp_path / "a.tif", Progress()) is None
    (tmp_path / "a.dng").write_bytes(dng_bytes())
    assert read_layers(tmp_path / "a.dng", Progress()) is None
    assert read_layers(tmp_path / "none.tif", Progress()) is None


def test_pages_in_a_circle_end(tmp_path):
    data = bytearray(tiff_structure([page(smooth()), page(smooth())]))
    first = int.from_bytes(data[4:8], "little")
    count = int.from_bytes(data[first : first + 2], "little")
    second = int.from_bytes(data[first + 2 + 12 * count : first + 6 + 12 * count], "little")
    place = second + 2 + 12 * int.from_bytes(data[second : second + 2], "little")
    data[place : place + 4] = first.to_bytes(4, "little")
    (tmp_path / "a.tif").write_bytes(data)
    assert len(read_layers(tmp_path / "a.tif", Progress()).stack.layers) == 2


def test_budgets(read, monkeypatch):
    monkeypatch.setenv("LAMA_DESKTOP_MAX_MEGAPIXELS", "0.0031")
    with pytest.raises(FileFormatError, match="do not fit into the memory"):
        read(*[page(smooth())] * 5)
    monkeypatch.setenv("LAMA_DESKTOP_MAX_MEGAPIXELS", "0.003")
    with pytest.raises(FileFormatError, match="64 × 48"):
        read(page(smooth()), page(smooth()))
    monkeypatch.setenv("LAMA_DESKTOP_MAX_MEGAPIXELS", "0.01")
    with pytest.raises(FileFormatError, match="30000 × 30000"):
        read(page(smooth(), tags={33300: (4, [30000]), 33301: (4, [30000])}), page(smooth()))


def test_cancel(tmp_path):
    (tmp_path / "a.tif").write_bytes(tiff_structure([page(smooth())] * 3))
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        read_layers(tmp_path / "a.tif", progress)


def test_mutated_files_never_surprise(tmp_path, capfd):
    data = tiff_structure(
        [page(smooth(), "one"), page(pixels(alpha=True), "two", (5, 5)), page(smooth(ColorModel.GREY))]
    )
    random, path = np.random.default_rng(3), tmp_path / "a.tif"
    tags = [*range(8), *range(len(data) - 500, len(data))]
    for number in range(MUTATIONS):
        changed = bytearray(data)
        for _ in range(1 + number % 6):
            where = int(random.choice(tags) if number % 2 else random.integers(0, len(data)))
            changed[where] = int(random.choice([0, 1, 2, 127, 255, random.integers(0, 256)]))
        path.write_bytes(changed if number % 10 else data[: len(data) * number // MUTATIONS])
        with contextlib.suppress(FileFormatError):
            found = read_layers(path, Progress())
            assert found is None or len({each.pixels.dtype for each in found.stack.layers}) == 1
    assert capfd.readouterr() == ("", "")
