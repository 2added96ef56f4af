"""Sets: reproducible to the bit, whole or not there, and nothing left out in silence."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from lama_desktop.errors import Cancelled, FileFormatError, SettingsError
from lama_desktop.formats import atomic
from lama_desktop.masks import sets
from lama_desktop.masks.prepared import read_pairs
from lama_desktop.masks.sets import RECORD, SeedBy, SetOptions, prepare_set
from lama_desktop.progress import Progress

SMALL = {"preset": "thick_256", "scale": 0.25}


@pytest.fixture
def source(tmp_path):
    """Four pictures of noise in all, one in a sub-folder."""
    folder = tmp_path / "source"
    for index, (name, size) in enumerate(
        {"a.png": (90, 70), "b.jpg": (70, 90), "c.png": (80, 80), "sub/d.png": (200, 100)}.items()
    ):
        write(folder / name, index, size)
    return folder


def write(path, seed, size):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3)).astype(np.uint8)
    PillowImage.fromarray(pixels).save(path)


def run(source, output, progress=None, **options):
    return prepare_set(source, output, SetOptions(**(SMALL | options)), progress)


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def size_of(path):
    with PillowImage.open(path) as picture:
        return picture.size


def holes(folder):
    return {pair.name: np.asarray(PillowImage.open(pair.mask)).tobytes() for pair in read_pairs(folder)}


def test_the_published_layout(source, tmp_path):
    done = run(source, tmp_path / "set")
    assert sorted(files(tmp_path / "set")) == sorted(
        [
            *(f"{name}_crop000{mask}.png" for name in ("a", "b", "c", "sub/d") for mask in ("", "_mask000")),
            RECORD,
        ]
    )
    assert done.side == 64
    for sample in done.samples:
        picture = np.asarray(PillowImage.open(done.folder / sample.picture))
        mask = np.asarray(PillowImage.open(done.folder / sample.mask))
        assert picture.shape == (64, 64, 3)
        assert mask.shape == (64, 64)
        assert set(np.unique(mask)) == {0, 255}
        assert sample.area == pytest.approx((mask > 0).mean(), abs=1e-6)
        assert 0 < sample.area <= 0.5
    assert len(read_pairs(done.folder)) == 4


def test_a_seed_decides_everything(source, tmp_path):
    run(source, tmp_path / "first")
    run(source, tmp_path / "again")
    assert files(tmp_path / "first") == files(tmp_path / "again")
    run(source, tmp_path / "other", seed=1)
    first, other = holes(tmp_path / "first"), holes(tmp_path / "other")
    assert all(first[name] != other[name] for name in first)


def test_another_picture_changes_nothing_for_the_rest(source, tmp_path):
    run(source, tmp_path / "first")
    before = files(tmp_path / "first")
    write(source / "aa.png", 9, (90, 90))
    (source / "broken.png").write_bytes(b"nothing")
    run(source, tmp_path / "more")
    after = files(tmp_path / "more")
    del before[RECORD]
    assert before.items() <= after.items()
    assert after.keys() - before.keys() == {"aa_crop000.png", "aa_crop000_mask000.png", RECORD}


def test_threads_change_nothing(source, tmp_path, monkeypatch):
    run(source, tmp_path / "many")
    monkeypatch.setattr(sets, "WORKERS", 1)
    monkeypatch.setattr(sets, "BATCH", 1)
    run(source, tmp_path / "one")
    assert files(tmp_path / "many") == files(tmp_path / "one")


def test_the_seed_may_follow_the_content(source, tmp_path):
    run(source, tmp_path / "first", seed_by=SeedBy.CONTENT)
    (source / "a.png").rename(source / "z.png")
    write(source / "c.png", 99, (80, 80))
    run(source, tmp_path / "renamed", seed_by=SeedBy.CONTENT)
    first, renamed = holes(tmp_path / "first"), holes(tmp_path / "renamed")
    assert first["a_crop000_mask000"] == renamed["z_crop000_mask000"]
    assert first["c_crop000_mask000"] != renamed["c_crop000_mask000"]


def test_a_picture_whose_masks_would_have_too_long_names_is_skipped(source, tmp_path):
    longest = "d" * (255 - len("_crop000_mask000.png"))
    for name in (f"{longest}.png", f"{longest}e.png", f"deep/{longest}e.png", f"{'é' * 122}.png"):
        write(source / name, 9, (70, 70))
    done = run(source, tmp_path / "set")
    assert [key for key, _ in done.skipped] == [f"{longest}e.png", f"deep/{longest}e.png", f"{'é' * 122}.png"]
    assert done.skipped[0][1].startswith(f"{longest}e.png has too long a name")
    assert f"{longest}_crop000_mask000.png" in files(tmp_path / "set")
    assert len(read_pairs(tmp_path / "set")) == 5
    assert not (tmp_path / "set" / "deep").exists()


def test_a_count_is_filled_up_with_the_next_pictures(source, tmp_path):
    chosen = [{each.source for each in run(source, tmp_path / f"{n}", count=n).samples} for n in (1, 2, 3)]
    assert [len(each) for each in chosen] == [1, 2, 3]
    assert chosen[0] < chosen[1] < chosen[2]
    (source / chosen[0].pop()).write_bytes(b"nothing")
    done = run(source, tmp_path / "broken", count=2)
    assert {each.source for each in done.samples} == chosen[2] - {done.skipped[0][0]}
    others = {
        frozenset(each.source for each in run(source, tmp_path / f"s{s}", count=1, seed=s).samples) for s in range(9)
    }
    assert len(others) > 1


def test_several_masks_per_picture(source, tmp_path):
    done = run(source, tmp_path / "cut", masks_per_image=3)
    assert len({(each.picture, each.mask) for each in done.samples}) == 12
    wide = [each for each in done.samples if each.source == "sub/d.png"]
    assert [Path(each.mask).name for each in wide] == [f"d_crop00{n}_mask00{n}.png" for n in range(3)]
    whole = run(source, tmp_path / "whole", masks_per_image=3, crop=False)
    assert {each.picture for each in whole.samples if each.source == "sub/d.png"} == {"sub/d_crop000.png"}
    assert len(read_pairs(whole.folder)) == 12
    assert size_of(whole.folder / "sub/d_crop000.png") == (128, 64)


def test_outpainting(source, tmp_path):
    done = run(source, tmp_path / "set", expand=0.25)
    assert {each.area for each in done.samples} == {round(1 - 0.8**2, 6)}
    assert size_of(done.folder / "a_crop000.png") == (80, 80)
    whole = run(source, tmp_path / "whole", expand=0.25, crop=False)
    assert size_of(whole.folder / "sub/d_crop000.png") == (160, 80)


def test_what_cannot_be_used_is_skipped_with_a_reason(source, tmp_path):
    (source / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    (source / "empty.png").touch()
    PillowImage.new("RGBA", (90, 90), (9, 9, 9, 100)).save(source / "glass.png")
    write(source / "small.png", 1, (40, 50))
    done = run(source, tmp_path / "set", enlarge=False)
    assert [key for key, _ in done.skipped] == ["broken.jpg", "empty.png", "glass.png", "small.png"]
    assert all(key in reason for key, reason in done.skipped)
    assert len(done.samples) == 4
    assert run(source, tmp_path / "enlarged").enlarged == ("small.png",)


def test_masks_in_the_source_are_no_pictures(source, tmp_path):
    PillowImage.new("L", (90, 70)).save(source / "a_mask.png")
    write(source / "b.png", 5, (80, 80))
    write(source / "e_mask_f.png", 5, (80, 80))
    done = run(source, tmp_path / "set")
    assert done.masks == ("a_mask.png",)
    assert sorted({each.picture for each in done.samples}) == [
        "a_crop000.png",
        "b-jpg_crop000.png",
        "b-png_crop000.png",
        "c_crop000.png",
        "e_mask_f_crop000.png",
        "sub/d_crop000.png",
    ]
    assert len(read_pairs(done.folder)) == 6


def test_paired_masks_are_those_of_the_picture(source, tmp_path):
    masks = tmp_path / "masks"
    for name, box in {"a": (0, 0, 45, 35), "sub/d_mask1": (0, 0, 100, 50)}.items():
        mask = PillowImage.new("L", (90, 70) if name == "a" else (200, 100))
        mask.paste(255, box)
        (masks / name).parent.mkdir(parents=True, exist_ok=True)
        mask.save(masks / f"{name}.png")
    done = run(source, tmp_path / "set", preset="fixed", fixed=str(masks), paired=True, size=64, crop=False)
    assert [(each.source, round(each.area, 2)) for each in done.samples] == [("a.png", 0.25), ("sub/d.png", 0.25)]
    assert [reason for _, reason in done.skipped] == [
        f"Nothing in {masks} belongs to {name}: name it like the picture." for name in ("b", "c")
    ]


def test_the_record_tells_how_it_was_made(source, tmp_path):
    done = run(source, tmp_path / "set", seed=3)
    document = json.loads((done.folder / RECORD).read_text())
    assert document["options"]["seed"] == 3
    assert document["options"]["preset"] == "thick_256"
    assert [each["mask"] for each in document["samples"]] == [each.mask for each in done.samples]


def test_nothing_is_left_when_it_fails(source, tmp_path, monkeypatch):
    def full(path, data):
        raise FileFormatError(f"{path.name} could not be saved: the disk is full.")

    monkeypatch.setattr(atomic, "replace", full)
    with pytest.raises(FileFormatError, match="disk is full"):
        run(source, tmp_path / "set")
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_progress_rises_to_one_and_stops(source, tmp_path):
    reports = []
    run(source, tmp_path / "set", Progress(lambda fraction, text: reports.append(fraction)))
    assert reports == sorted(reports)
    assert reports[-1] == 1
    progress = Progress(lambda fraction, text: progress.cancel() if fraction > 0 else None)
    with pytest.raises(Cancelled):
        run(source, tmp_path / "stopped", progress)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["set", "source"]


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"size": 8}, SettingsError, "at least 16"),
        ({"area_min": 0.6}, SettingsError, "exchange them"),
        ({"paired": True}, SettingsError, "Only masks from files"),
        ({"preset": "thik"}, SettingsError, "Did you mean"),
        ({"preset": "frame", "area_max": 0.1}, FileFormatError, "None of the 4 pictures can be used"),
    ],
)
def test_options_that_cannot_be(source, tmp_path, options, error, said):
    with pytest.raises(error, match=said):
        run(source, tmp_path / "set", **options)
    assert not (tmp_path / "set").exists()


def test_folders_that_cannot_be(source, tmp_path):
    for output in (source / "set", source):
        with pytest.raises(SettingsError, match="within the source"):
            run(source, output)
    with pytest.raises(SettingsError, match="not an empty folder"):
        run(source, tmp_path)
    with pytest.raises(FileFormatError, match="There is no folder"):
        run(tmp_path / "nowhere", tmp_path / "set")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileFormatError, match="There is no picture"):
        run(tmp_path / "empty", tmp_path / "set")
