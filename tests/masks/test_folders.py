"""Masks from files: fixed ones stay as they are, objects keep their shape and stay within the published limits."""

import logging
import pickle

import cv2
import numpy as np
import pytest
from numpy.random import RandomState
from PIL import Image as PillowImage

from lama_desktop.errors import FileFormatError, SettingsError
from lama_desktop.masks import folders
from lama_desktop.masks.folders import FixedMasks, Objects, of_picture
from lama_desktop.masks.generators import Inverted, Mixture, Square


@pytest.fixture(autouse=True)
def nothing_remembered():
    folders._segmentation.cache_clear()
    folders._covering.cache_clear()
    folders._say_once.cache_clear()


def save(array, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    PillowImage.fromarray(array).save(path)


def mask(size, box):
    """Return a mask of a size (width, height), white in a box (left, top, right, bottom)."""
    result = np.zeros(size[::-1], np.uint8)
    result[box[1] : box[3], box[0] : box[2]] = 255
    return result


def box_of(hole):
    rows, columns = np.nonzero(hole)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def test_fixed_masks_are_used_as_they_are(tmp_path):
    random = np.random.default_rng(0)
    masks = [random.random((20, 30)) < part for part in (0.1, 0.5, 0.9)]
    for index, each in enumerate(masks):
        save(each.astype(np.uint8) * 255, tmp_path / "sub" / f"{index}.png")
    generator = pickle.loads(pickle.dumps(FixedMasks.open(tmp_path)))
    drawn = [generator.draw((30, 20), RandomState(seed)) for seed in range(30)]
    assert {each.tobytes() for each in drawn} == {each.tobytes() for each in masks}
    assert {generator.draw((30, 20), RandomState(5)).tobytes() for _ in range(3)} == {drawn[5].tobytes()}


def test_greys_of_a_mask_are_cut_at_the_middle(tmp_path):
    save(np.array([[0, 127, 128, 255]], np.uint8), tmp_path / "a.png")
    assert FixedMasks.open(tmp_path).draw((4, 1), RandomState(0)).tolist() == [[False, False, True, True]]


@pytest.mark.parametrize("size", [(32, 32), (100, 40), (40, 100), (7, 2)])
def test_fixed_masks_of_another_size_cover_the_picture(tmp_path, size):
    save(mask((80, 60), (70, 50, 76, 54)), tmp_path / "corner.png")
    generator, random = FixedMasks.open(tmp_path), RandomState(1)
    places = set()
    for _ in range(50):
        hole = generator.draw(size, random)
        assert hole.shape == size[::-1]
        assert hole.any()
        places.add(box_of(hole))
    factor = max(size[0] / 80, size[1] / 60)
    widest = max(right - left for left, _, right, _ in places)
    assert widest == pytest.approx(6 * factor, abs=1.5)
    assert len(places) > 1 or size == (7, 2), "cut off at random"


def test_a_line_that_would_vanish_stays(tmp_path):
    save(mask((200, 200), (50, 0, 51, 200)), tmp_path / "line.png")
    assert FixedMasks.open(tmp_path).draw((20, 20), RandomState(0)).any()


def test_of_a_prepared_set_the_masks_are_taken(tmp_path):
    save(np.full((8, 8, 3), 200, np.uint8), tmp_path / "a.png")
    save(mask((8, 8), (0, 0, 2, 2)), tmp_path / "a_mask000.png")
    assert [path.name for path in FixedMasks.open(tmp_path).files] == ["a_mask000.png"]


def test_broken_files_are_passed_over_and_said_once(tmp_path, caplog):
    save(mask((8, 8), (0, 0, 2, 2)), tmp_path / "good.png")
    save(mask((8, 8), (0, 0, 0, 0)), tmp_path / "black.png")
    (tmp_path / "broken.png").write_bytes(b"nothing")
    generator, random = FixedMasks.open(tmp_path), RandomState(0)
    with caplog.at_level(logging.WARNING):
        for _ in range(20):
            assert generator.draw((8, 8), random).sum() == 4
    assert sorted(record.args[0].split()[0] for record in caplog.records) == ["black.png", "broken.png"]
    (tmp_path / "good.png").unlink()
    folders._covering.cache_clear()
    with pytest.raises(FileFormatError, match="cannot be used"):
        generator.draw((8, 8), random)


@pytest.mark.parametrize("kind", [FixedMasks, Objects])
def test_folders_that_cannot_be_used_are_errors(tmp_path, kind):
    with pytest.raises(FileFormatError, match="There is no folder"):
        kind.open(tmp_path / "nowhere")
    (tmp_path / ".hidden.png").write_bytes(b"")
    with pytest.raises(FileFormatError, match="There is no picture in"):
        kind.open(tmp_path)


def test_objects_keep_their_part_and_their_height_above_the_ground(tmp_path):
    labels = np.zeros((60, 80), np.uint8)
    labels[30:54, 10:30] = 3
    save(labels, tmp_path / "labels.png")
    generator, random = Objects.open(tmp_path), RandomState(0)
    lefts, areas, middles = [], [], []
    for _ in range(300):
        hole = generator.draw((160, 120), random)
        left, top, right, bottom = box_of(hole)
        cut = left == 0 or right == 160
        assert hole[top:bottom, left:right].all(), "a box stays a box"
        lefts.append(left)
        middles.append((top + bottom) / 2 / 120)
        if not cut:
            areas.append(hole.mean())
    assert 0.1 * 0.75**2 - 0.01 < min(areas) < 0.07
    assert 0.14 < max(areas) < 0.1 * 1.25**2 + 0.01
    assert 0.7 - 0.11 < min(middles) < max(middles) < 0.7 + 0.11
    assert min(lefts) == 0
    assert max(lefts) > 120


def test_objects_are_mirrored_half_the_time(tmp_path):
    shape = np.zeros((60, 60), np.uint8)
    cv2.fillPoly(shape, [np.array([[15, 10], [15, 40], [45, 40]])], 255)
    save(shape, tmp_path / "triangle.png")
    generator, random = Objects.open(tmp_path), RandomState(0)
    flipped = 0
    for _ in range(200):
        columns = np.nonzero(generator.draw((60, 60), random))[1]
        flipped += columns.mean() > (columns.min() + columns.max()) / 2
    assert 70 < flipped < 130


def test_labels_may_be_colours_or_sixteen_bits(tmp_path):
    colors = np.zeros((40, 40, 3), np.uint8)
    colors[5:15, 5:15], colors[20:35, 20:30] = (1, 2, 3), (3, 2, 1)
    save(colors, tmp_path / "colors.png")
    deep = colors[..., 0].astype(np.uint16) * 1000
    save(deep, tmp_path / "deep.png")
    for name in ("colors.png", "deep.png"):
        found = folders._segmentation(tmp_path / name)
        assert found.parts == (100 / 1600, 150 / 1600)
        shape, middle = found.cut(1)
        assert shape.shape == (15, 10)
        assert shape.all()
        assert middle == 27.5 / 40


def test_one_of_several_objects_that_is_too_large_is_left_out(tmp_path):
    labels = np.full((40, 40), 9, np.uint8)
    labels[10:22, 10:22] = 5
    save(labels, tmp_path / "scene.png")
    generator, random = Objects.open(tmp_path), RandomState(0)
    assert max(generator.draw((40, 40), random).mean() for _ in range(50)) < 0.09 * 1.25**2 + 0.02
    with pytest.raises(SettingsError, match="no object that covers 2% to 5%"):
        Objects(tmp_path, generator.files, most=0.05).draw((40, 40), random)


def test_a_cut_out_gets_any_size_and_place(tmp_path):
    pixels = np.zeros((30, 20, 4), np.uint8)
    pixels[1:29, 1:19] = (90, 60, 30, 255)
    save(pixels, tmp_path / "vase.png")
    generator, random = Objects.open(tmp_path), RandomState(0)
    holes = [generator.draw((100, 100), random) for _ in range(200)]
    areas, tops = [each.mean() for each in holes], [box_of(each)[1] for each in holes]
    assert 0.02 <= min(areas) < 0.05
    assert 0.25 < max(areas) < 0.3 * 1.25**2 + 0.02
    assert min(tops) == 0
    assert max(tops) > 60


def test_at_most_a_fifth_of_an_object_leaves_the_picture(tmp_path):
    save(mask((100, 100), (0, 30, 40, 60)), tmp_path / "box.png")
    generator, random = Objects.open(tmp_path), RandomState(0)
    for _ in range(200):
        left, top, right, bottom = box_of(generator.draw((100, 100), random))
        assert (right - left) / (bottom - top) >= 0.8 * 40 / 30 * 0.93


def test_objects_of_the_picture_keep_apart(tmp_path):
    labels = np.zeros((50, 100), np.uint8)
    labels[10:40, 10:30], labels[10:40, 60:80] = 1, 2
    labels[45:] = 0
    save(labels, tmp_path / "street.png")
    generator = of_picture(Objects.open(tmp_path), "street")
    random, overlaps = RandomState(0), []
    for _ in range(100):
        hole = generator.draw((100, 50), random)
        for index in (1, 2):
            overlaps.append((hole & (labels == index)).sum() / (labels == index).sum())
        assert (hole & (labels > 0)).sum() <= 0.5 * hole.sum()
    assert max(overlaps) <= 0.5
    free = Objects.open(tmp_path)
    assert max((free.draw((100, 50), random) & (labels == 1)).sum() / 600 for _ in range(100)) > 0.8


def test_the_sky_is_no_object_to_keep_off(tmp_path):
    labels = np.full((50, 50), 1, np.uint8)
    labels[20:35, 5:20] = 2
    save(labels, tmp_path / "sky.png")
    assert of_picture(Objects.open(tmp_path), "sky").draw((50, 50), RandomState(0)).any()


def test_files_of_a_picture(tmp_path):
    for name in ("a.png", "sub/a.png", "sub/b_mask000.png", "sub/b_mask001.png", "c_mask.png"):
        save(mask((8, 8), (0, 0, 4, 4)), tmp_path / name)
    fixed = FixedMasks.open(tmp_path)

    def names(generator):
        return [path.relative_to(tmp_path).as_posix() for path in generator.files]

    assert names(fixed.of_picture("a")) == ["a.png"]
    assert names(fixed.of_picture("sub/a")) == ["sub/a.png"]
    assert names(fixed.of_picture("sub/b")) == ["sub/b_mask000.png", "sub/b_mask001.png"]
    assert names(fixed.of_picture("sub/b_mask001")) == ["sub/b_mask001.png"]
    with pytest.raises(FileFormatError, match="belongs to d: name it like the picture"):
        fixed.of_picture("d")
    square = Square(0.1, 0.2)
    combined = of_picture(Inverted(Mixture((square, fixed), (1.0, 1.0)), 0.5), "c")
    assert combined.generator.generators[0] == square
    assert names(combined.generator.generators[1]) == ["c_mask.png"]


def test_large_segmentations_are_held_small(tmp_path):
    save(mask((3000, 1500), (300, 300, 900, 900)), tmp_path / "large.png")
    found = folders._segmentation(tmp_path / "large.png")
    assert found.labels.shape == (512, 1024)
    assert found.parts[0] == pytest.approx(0.08, rel=0.02)


def test_a_file_without_objects_is_said(tmp_path):
    save(np.random.default_rng(0).integers(1, 255, (64, 64, 3)).astype(np.uint8), tmp_path / "noise.png")
    with pytest.raises(FileFormatError, match=r"noise.png holds no object"):
        Objects.open(tmp_path).draw((64, 64), RandomState(0))
