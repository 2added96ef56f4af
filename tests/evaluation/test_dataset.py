"""Samples: prepared sets, mirrored folders, drawn holes and windows; what does not match is named."""

import json
import shutil

import numpy as np
import pytest
from known import box, save, texture

from lama_desktop.errors import FileFormatError, SettingsError
from lama_desktop.evaluation.dataset import basis, find_samples, matched


def test_a_prepared_set_is_taken_as_it_is(prepared):
    samples = find_samples(prepared, [], size=96)
    assert [each.name for each in samples][:2] == ["p0_crop000_mask000", "p0_crop000_mask001"]
    assert [each.picture for each in samples].count("p0_crop000") == 2
    np.testing.assert_array_equal(samples[0].read().hole, box(0))
    assert {each.kind for each in samples} == {"as given"}
    assert len(find_samples(prepared, [], size=96, count=2)) in (2, 3)


def test_kinds_come_from_the_record_of_a_set_or_from_its_folder(prepared, tmp_path):
    both = tmp_path / "both"
    for folder in ("wide", "other"):
        shutil.copytree(prepared, both / folder)
    (both / "other" / "set.json").write_text(json.dumps({"options": {"preset": "thin_512"}}))
    samples = find_samples(both, [], size=96)
    assert {each.name.split("/")[0]: each.kind for each in samples} == {"other": "narrow", "wide": "wide"}
    assert len(find_samples(both, ["narrow"], size=96)) == 5
    with pytest.raises(SettingsError, match=r"no medium masks in .* it has narrow, wide"):
        find_samples(both, ["medium"], size=96)


def test_folders_of_truths_and_masks_mirror_each_other(prepared, tmp_path):
    for path in prepared.iterdir():
        target = tmp_path / "data" / ("masks" if "_mask" in path.name else "truth") / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    samples = find_samples(tmp_path / "data", [], size=96)
    assert len(samples) == 5
    assert samples[1].picture == "p0_crop000"
    assert basis(samples, tmp_path / "data").endswith("fills are judged against what is under them.")
    with pytest.raises(SettingsError, match=r"--windows needs photos with their masks beside them.*data/truth instead"):
        find_samples(tmp_path / "data", [], size=96, windows=1)
    save(box(0).astype(np.uint8) * 255, tmp_path / "data" / "masks" / "stranger.png")
    with pytest.raises(FileFormatError, match="no truth for stranger"):
        find_samples(tmp_path / "data", [], size=96)


def test_masks_called_like_their_truth_match_and_what_is_alone_is_named(tmp_path):
    for name in ("a", "sub/b"):
        save(texture(0), tmp_path / "t" / f"{name}.jpg")
        save(box(0).astype(np.uint8) * 255, tmp_path / "m" / f"{name}.png")
    (tmp_path / "t" / "a.ora").write_bytes(b"a document beside its photo")
    assert [each.name for each in matched(tmp_path / "t", tmp_path / "m")] == ["a", "sub/b"]
    save(texture(0), tmp_path / "t" / "IMG.v1.png")
    save(box(0).astype(np.uint8) * 255, tmp_path / "m" / "IMG.v1_mask000.png")
    assert [each.picture for each in matched(tmp_path / "t", tmp_path / "m")] == ["IMG.v1", "a", "sub/b"]
    save(texture(0), tmp_path / "t" / "c.png")
    with pytest.raises(FileFormatError, match="no mask for c"):
        matched(tmp_path / "t", tmp_path / "m")
    save(texture(0), tmp_path / "t" / "a.png")
    with pytest.raises(FileFormatError, match="several files called a, which differ in their endings"):
        matched(tmp_path / "t", tmp_path / "m")


def test_photographs_get_the_holes_of_the_paper(tmp_path):
    for index in range(3):
        save(texture(index, 128), tmp_path / f"p{index}.png")
    samples = find_samples(tmp_path, [], size=96)
    assert [each.kind for each in samples][:3] == ["narrow", "medium", "wide"]
    assert {each.case.preset for each in samples} == {"thin_256", "medium_256", "thick_256"}
    assert samples[0].read().truth.shape == (96, 96, 3)
    assert find_samples(tmp_path, ["wide"], size=512)[0].case.preset == "thick_512"
    some = [find_samples(tmp_path, ["wide"], size=96, count=2, seed=seed) for seed in range(20)]
    chosen = {tuple(each.picture for each in samples) for samples in some}
    assert chosen == {("p0", "p1"), ("p0", "p2"), ("p1", "p2")}
    with pytest.raises(SettingsError, match="no masks called 'broad': choose narrow, medium"):
        find_samples(tmp_path, ["broad"], size=96)
    with pytest.raises(FileFormatError, match="There is no folder"):
        find_samples(tmp_path / "nothing", [], size=96)


def test_windows_are_full_resolution_and_keep_clear_of_what_is_masked(tmp_path):
    picture, avoid = texture(0, 200), np.zeros((200, 200), np.uint8)
    avoid[:100] = 255
    picture[:100] = 0
    save(picture, tmp_path / "a.png")
    save(avoid, tmp_path / "a_mask.png")
    samples = find_samples(tmp_path, ["wide"], size=80, windows=3, seed=2)
    assert len(samples) == 3
    cases = [each.read() for each in samples]
    assert all(case.truth.shape == (80, 80, 3) and case.truth.any(axis=2).all() for case in cases)
    assert all(0.05 <= case.hole.mean() <= 0.35 for case in cases)
    assert len({case.truth.tobytes() for case in cases}) == 3
    again = find_samples(tmp_path, ["wide", "narrow"], size=80, windows=1, seed=2)
    np.testing.assert_array_equal(again[0].read().truth, again[1].read().truth)
    np.testing.assert_array_equal(again[0].read().truth, cases[0].truth)
    with pytest.raises(FileFormatError, match="no window of 150 pixels outside its masks"):
        find_samples(tmp_path, ["wide"], size=150, windows=1)[0].read()
    with pytest.raises(FileFormatError, match="smaller than 300"):
        find_samples(tmp_path, ["wide"], size=300, windows=1)[0].read()


def test_windows_keep_clear_of_all_masks_of_a_photograph(tmp_path):
    picture = texture(0, 200)
    for number, part in enumerate([np.s_[:110, :], np.s_[190:, 190:]]):
        mask = np.zeros((200, 200), np.uint8)
        mask[part], picture[part] = 255, 0
        save(mask, tmp_path / f"a_mask00{number}.png")
    save(picture, tmp_path / "a.png")
    samples = find_samples(tmp_path, ["wide"], size=64, windows=6)
    assert all(each.read().truth.any(axis=2).all() for each in samples)


@pytest.mark.parametrize("windows", [0, 1])
def test_pictures_that_differ_in_their_endings_only_are_told_apart(tmp_path, windows):
    for name in ("a.png", "a.jpg", "sub/a.png"):
        save(texture(0, 128), tmp_path / name)
    samples = find_samples(tmp_path, ["wide", "narrow"], size=96, windows=windows)
    assert len({each.name for each in samples}) == 6
    assert {each.picture for each in samples} == {"a-jpg", "a-png", "sub/a"}
    assert len(find_samples(tmp_path, ["wide"], size=96, windows=windows, count=1)) == 1
