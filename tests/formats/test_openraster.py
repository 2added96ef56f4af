"""OpenRaster files of our own: nothing is lost, the file is what the specification says, only changes are encoded."""

import dataclasses
import io
import json
import os
import threading
import tracemalloc
import zipfile
from xml.etree import ElementTree

import numpy as np
import pytest
import stacks
from pictures import XMP, exif_block, photo
from PIL import Image as PillowImage
from PIL import ImageCms
from profiles import ADOBE, gamma_curve, grey_profile, rgb_profile

from lama_desktop import formats
from lama_desktop.core.color import rgb_space
from lama_desktop.core.commands import PixelEdit, StackEdit
from lama_desktop.core.composite import composite
from lama_desktop.core.document import Document
from lama_desktop.core.drawable import Mask
from lama_desktop.core.exchange import Snapshot, facts_of
from lama_desktop.core.group import Branch, Group
from lama_desktop.core.layer import Layer
from lama_desktop.core.photo import ColorModel, Encoding, Metadata, Photo
from lama_desktop.core.stack import Stack
from lama_desktop.core.ways import ways_of, with_chosen
from lama_desktop.errors import Cancelled, FileFormatError
from lama_desktop.formats.layered import read_layers
from lama_desktop.formats.openraster import picture, stack, writer
from lama_desktop.progress import Progress


def write(snapshot, path, kept=None):
    return writer.write(snapshot, path, Progress(), kept)


def read(path):
    found = read_layers(path, Progress())
    assert found is not None
    return found


def facts_equal(ours, theirs):
    return ours.depth == theirs.depth and all(
        getattr(ours, each.name) == getattr(theirs, each.name)
        for each in dataclasses.fields(Photo)
        if each.name != "pixels"
    )


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {each.filename: archive.read(each) for each in archive.infolist()}


def image(path):
    return ElementTree.fromstring(members(path)["stack.xml"])


@pytest.fixture
def encoded(monkeypatch):
    """The number of pictures that were encoded."""
    count, encode = [], picture._encoded
    monkeypatch.setattr(picture, "_encoded", lambda pixels: (count.append(pixels.shape), encode(pixels))[1])
    return count


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("seed", range(3))
def test_a_document_comes_back_as_it_was(tmp_path, dtype, seed):
    snapshot = stacks.rich(seed, dtype)
    write(snapshot, tmp_path / "a.ora")
    found = read(tmp_path / "a.ora")
    assert found.notes == ()
    assert stacks.state_of(found.stack) == stacks.state_of(snapshot.stack)
    assert facts_equal(found.facts, snapshot.facts)
    document = Document(found.facts, tmp_path / "a.ora", found.stack)
    assert np.array_equal(document.flatten(), composite(snapshot.stack.tree, snapshot.stack.rect, dtype))


@pytest.mark.parametrize("seed", range(8))
def test_every_tree_of_groups_comes_back_and_looks_the_same(tmp_path, seed):
    generator = np.random.default_rng(seed)
    tree = stacks.grouped(generator, stacks.layers(generator))
    snapshot = stacks.flat_of(tree)
    write(snapshot, tmp_path / "a.ora")
    found = read(tmp_path / "a.ora").stack
    assert stacks.tree_of(found.tree) == stacks.tree_of(tree)
    assert found.nodes.index(found.active) == snapshot.stack.nodes.index(snapshot.stack.active)
    assert np.array_equal(composite(found.tree, found.rect, np.uint8), composite(tree, found.rect, np.uint8))


@pytest.mark.parametrize("profile", [None, rgb_profile(ADOBE, gamma_curve(2.2))])
def test_what_the_photo_said_of_itself_comes_back(tmp_path, profile):
    said = Metadata(
        exif_block(), XMP, b"iptc\0\xff", b"a comment", (("Title", "Öl"), ("Title", "two")), (b"more", b"\0")
    )
    if profile is None:
        said = dataclasses.replace(said, color_chunks=(("sRGB", b"\0"), ("gAMA", b"\0\0\xb1\x8f")))
    quantization = tuple(tuple(range(start, start + 64)) for start in (1, 30))
    encoding = Encoding("jpeg", quantization, "4:2:2", True, False, "lzw", True)
    facts = Photo(
        np.empty((0, 0, 4), np.uint16),
        has_alpha=True,
        profile=profile,
        resolution=(299.994, 72.5),
        metadata=said,
        encoding=encoding,
        notes=("It was so.",),
    )
    write(stacks.rich(facts=facts, dtype=np.uint16), tmp_path / "a.ora")
    found = read(tmp_path / "a.ora")
    assert facts_equal(found.facts, facts)
    assert found.notes == ()
    assert image(tmp_path / "a.ora").get("xres") == "300"
    flat = formats.read(tmp_path / "a.ora")
    assert flat.metadata == facts.metadata
    assert flat.resolution == facts.resolution
    assert formats.suffix_for(flat) == ".png"


@pytest.mark.parametrize("alpha", [False, True])
def test_the_inks_of_a_cmyk_photo_come_back(tmp_path, alpha):
    facts, native = stacks.inks(np.random.default_rng(0), alpha)
    snapshot = stacks.rich(facts=facts, native=native)
    kept = write(snapshot, tmp_path / "a.ora")
    found = read(tmp_path / "a.ora")
    assert stacks.state_of(found.stack) == stacks.state_of(snapshot.stack)
    assert facts_equal(found.facts, snapshot.facts)
    again = Snapshot(found.stack, found.facts)
    assert np.array_equal(again.photo().pixels, snapshot.photo().pixels)
    assert len(found.kept.members) == len(kept.members) - 1, "all but the mask, which a snapshot copies"


def test_a_grey_photo_comes_back_and_looks_right_to_strangers(tmp_path):
    grey = photo(ColorModel.GREY, profile=grey_profile(1.8))
    document = Document(grey)
    write(document.snapshot(), tmp_path / "a.ora")
    found = read(tmp_path / "a.ora")
    assert np.array_equal(Snapshot(found.stack, found.facts).photo().pixels, grey.pixels)
    merged = PillowImage.open(io.BytesIO(members(tmp_path / "a.ora")["mergedimage.png"]))
    profile = ImageCms.ImageCmsProfile(io.BytesIO(merged.info["icc_profile"]))
    seen = ImageCms.profileToProfile(merged, profile, ImageCms.createProfile("sRGB"), 1)
    ours = rgb_space(grey.model, grey.profile).to_screen(np.repeat(grey.pixels, 3, axis=2))
    assert np.abs(np.asarray(seen).astype(int) - ours).max() <= 1


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_file_is_what_the_specification_says(tmp_path, dtype):
    path = tmp_path / "a.ora"
    snapshot = stacks.rich(dtype=dtype)
    write(snapshot, path)
    assert path.read_bytes()[30:54] == b"mimetypeimage/openraster"
    found = members(path)
    with zipfile.ZipFile(path) as archive:
        assert archive.infolist()[0].compress_type == zipfile.ZIP_STORED
        assert all(each.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for each in archive.infolist())
    for name, data in found.items():
        if name.endswith(".png") and "recipe" not in name:
            assert data[37:41] == b"iCCP", name
    root = image(path)
    assert (root.get("version"), root.get("w"), root.get("h")) == ("0.0.5", "48", "32")
    assert all(each.get("isolation") in ("isolate", "auto") for each in root[0].iter("stack") if each is not root[0])
    assert all("x" not in each.attrib and "y" not in each.attrib for each in root.iter("stack"))
    named = {each.get("src") for each in root.iter("layer")}
    assert named <= set(found)
    top = root[0][0]
    assert (top.get("name"), top.get("visibility"), top.get(stack.own("role"))) == ("Mask", "hidden", "mask")
    merged = formats.decode(found["mergedimage.png"], path)
    ours = composite(snapshot.stack.tree, snapshot.stack.rect, dtype)
    assert np.array_equal(merged.pixels, ours if merged.has_alpha else ours[..., :3])
    thumbnail = PillowImage.open(io.BytesIO(found["Thumbnails/thumbnail.png"]))
    assert thumbnail.size == (48, 32), "never larger than the picture"


def test_a_large_picture_has_a_thumbnail_of_256_pixels(tmp_path):
    document = Document(Photo(np.full((600, 1500, 3), 200, np.uint8)))
    write(document.snapshot(), tmp_path / "a.ora")
    thumbnail = PillowImage.open(io.BytesIO(members(tmp_path / "a.ora")["Thumbnails/thumbnail.png"]))
    assert thumbnail.size == (256, 102)
    assert np.abs(np.asarray(thumbnail).astype(int) - 200).max() <= 1


def test_equal_documents_become_equal_files(tmp_path):
    for name in ("a", "b"):
        write(stacks.rich(5), tmp_path / f"{name}.ora")
    assert (tmp_path / "a.ora").read_bytes() == (tmp_path / "b.ora").read_bytes()


def test_layers_are_cut_to_what_is_in_them(tmp_path):
    pixels = np.zeros((200, 300, 4), np.uint8)
    pixels[50:60, 70:90] = 255
    write(stacks.flat_of([Layer(pixels, (-10, 5))], (300, 200)), tmp_path / "a.ora")
    (layer,) = image(tmp_path / "a.ora").iter("layer")
    assert (layer.get("x"), layer.get("y")) == ("60", "55")
    assert picture.header_of(members(tmp_path / "a.ora")[layer.get("src")])[:2] == (20, 10)
    (back,) = read(tmp_path / "a.ora").stack.layers
    assert (back.origin, back.pixels.shape) == ((-10, 5), (200, 300, 4))


def test_pixels_that_are_there_twice_are_in_the_file_and_in_memory_once(tmp_path):
    document = Document(photo())
    layer = document.layers[0]
    write(stacks.flat_of([layer, layer.copy(name="twin")], document.size), tmp_path / "a.ora")
    assert sum(name.startswith("data/layer") for name in members(tmp_path / "a.ora")) == 1
    first, second = read(tmp_path / "a.ora").stack.layers
    assert first.storage == second.storage


def test_saving_again_encodes_only_what_has_changed(tmp_path, encoded):
    document = Document(*_opened(stacks.rich(1)))
    path = tmp_path / "a.ora"
    kept = write(document.snapshot(), path)
    del encoded[:]
    kept = write(document.snapshot(), path, kept)
    assert len(encoded) == 3, "the merged picture, its thumbnail and the mask"
    layer = document.layers[0]
    with PixelEdit("Brush", document, layer) as edit, edit.writing(layer.rect) as pixels:
        pixels[:3] = 7
    del encoded[:]
    write(document.snapshot(), path, kept)
    assert len(encoded) == 4
    assert stacks.state_of(read(path).stack) == stacks.state_of(document.stack)


def test_a_file_that_was_opened_is_not_encoded_again(tmp_path, encoded):
    write(stacks.rich(2), tmp_path / "a.ora")
    found = read(tmp_path / "a.ora")
    del encoded[:]
    write(Snapshot(found.stack, found.facts), tmp_path / "b.ora", found.kept)
    assert len(encoded) == 3
    assert members(tmp_path / "a.ora").keys() == members(tmp_path / "b.ora").keys()
    assert stacks.state_of(read(tmp_path / "b.ora").stack) == stacks.state_of(found.stack)


@pytest.mark.parametrize("what", ["gone", "another", "rubbish"])
def test_a_file_that_is_not_as_it_was_is_not_copied_from(tmp_path, what):
    snapshot, path = stacks.rich(3), tmp_path / "a.ora"
    kept = write(snapshot, path)
    if what == "gone":
        path.unlink()
    elif what == "another":
        write(stacks.rich(4), path)
    else:
        path.write_bytes(b"PK\3\4" + bytes(500))
    write(snapshot, path, kept)
    assert stacks.state_of(read(path).stack) == stacks.state_of(snapshot.stack)


def test_a_save_that_is_stopped_or_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.ora"
    write(stacks.rich(1), path)
    before, threads = path.read_bytes(), threading.active_count()
    progress = Progress(lambda fraction, text: progress.cancel() if fraction > 0.3 else None)
    with pytest.raises(Cancelled):
        writer.write(stacks.rich(2), path, progress)
    monkeypatch.setattr(writer.atomic.os, "fsync", _full)
    with pytest.raises(FileFormatError, match=r"a.ora could not be saved: the disk is full.*The old file is untouched"):
        write(stacks.rich(2), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    assert threading.active_count() == threads


def test_a_save_takes_away_what_a_killed_one_has_left(tmp_path):
    path = tmp_path / "a.ora"
    old, others, new = (
        tmp_path / f".{name}.{digit * 12}.tmp" for name, digit in (("a.ora", "0"), ("b.ora", "0"), ("a.ora", "1"))
    )
    for each in (old, others, new):
        each.touch()
    for each in (old, others):
        os.utime(each, (0, 0))
    writer.write(stacks.rich(), path, Progress())
    assert sorted(tmp_path.iterdir()) == sorted([path, others, new]), "one may be another program's that is at work"


def test_a_document_without_layers_comes_back(tmp_path):
    empty = Snapshot(Stack(stacks.SIZE, (), None, Mask.empty(stacks.SIZE)), facts_of(photo()))
    write(empty, tmp_path / "a.ora")
    assert stacks.state_of(read(tmp_path / "a.ora").stack) == stacks.state_of(empty.stack)


@pytest.mark.parametrize("profile", [b"rubbish", grey_profile(1.8)])
def test_a_profile_that_cannot_be_used_is_kept_but_not_put_into_pictures(tmp_path, profile):
    facts = Photo(np.empty((0, 0, 3), np.uint8), profile=profile)
    write(stacks.rich(facts=facts), tmp_path / "a.ora")
    found = read(tmp_path / "a.ora")
    assert found.facts.profile == profile
    assert stacks.state_of(found.stack) == stacks.state_of(stacks.rich(facts=facts).stack)
    merged = PillowImage.open(io.BytesIO(members(tmp_path / "a.ora")["mergedimage.png"]))
    assert b"sRGB" in merged.info["icc_profile"].replace(b"\0", b"")


def test_batches_write_what_such_files_look_like_as_png(tmp_path):
    write(stacks.rich(1), tmp_path / "a.ora")
    assert formats.is_readable(tmp_path / "a.ora")
    assert not formats.is_writable(tmp_path / "a.ora")
    assert formats.written_as(formats.recognise(tmp_path / "a.ora")).name == "png"


def test_a_name_that_cannot_stand_in_xml_does_no_harm(tmp_path):
    write(stacks.flat_of([Layer(np.zeros((2, 2, 4), np.uint8), name="a\0b\x1f\udcff")]), tmp_path / "a.ora")
    assert read(tmp_path / "a.ora").stack.layers[0].name == "a\ufffdb\ufffd\ufffd"


def test_a_damaged_record_costs_only_what_is_in_it(tmp_path):
    write(stacks.rich(1), tmp_path / "a.ora")
    found = members(tmp_path / "a.ora")
    values = json.loads(found["data/lama-desktop.json"])
    for change in ({"photo": None}, {"version": 9}, {"recipes": [{}]}, {"original": {"source": 1}}):
        found["data/lama-desktop.json"] = json.dumps(values | change).encode()
        rewritten(tmp_path / "b.ora", found)
        back = read(tmp_path / "b.ora")
        assert any("damaged" in note and "b.ora" in note for note in back.notes)
        assert len(back.stack.layers) == len(stacks.rich(1).stack.layers)


def test_a_record_of_more_values_than_there_can_be_is_not_unpacked(tmp_path):
    write(stacks.rich(1), tmp_path / "a.ora")
    found = members(tmp_path / "a.ora")
    found["data/lama-desktop.json"] = b'{"version":1,"x":[' + b"[]," * 2_000_001 + b"1]}"
    rewritten(tmp_path / "b.ora", found)
    tracemalloc.start()
    try:
        back = read(tmp_path / "b.ora")
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()
    assert any("damaged" in note for note in back.notes)


def test_what_no_file_could_hold_is_left_out_of_a_record(tmp_path):
    write(stacks.rich(1), tmp_path / "a.ora")
    found = members(tmp_path / "a.ora")
    values = json.loads(found["data/lama-desktop.json"])
    texts = [
        ["Title", "good \u20ac"],
        ["", "no name"],
        ["a\0b", "x"],
        ["k" * 80, "x"],
        ["\u20ac", "x"],
        ["T", "\ud800"],
    ]
    for resolution in ([1e300, 1e300], [72, 1e-9], [-1, 300], [float("nan"), 300], [300, float("nan")]):
        values["photo"] |= {"resolution": resolution, "texts": texts}
        found["data/lama-desktop.json"] = json.dumps(values).encode()
        rewritten(tmp_path / "b.ora", found)
        back = read(tmp_path / "b.ora")
        assert back.facts.resolution is None
        assert back.facts.metadata.texts == (("Title", "good \u20ac"),)
        for suffix in (".png", ".jpg", ".bmp", ".tif"):
            formats.write(Snapshot(back.stack, back.facts).photo(), tmp_path / f"out{suffix}")


def test_choosing_another_way_of_a_fill_encodes_no_way_again(tmp_path, encoded):
    document = Document(*_opened(stacks.rich(1)))
    path = tmp_path / "a.ora"
    kept = write(document.snapshot(), path)
    fill = next(each for each in document.layers if each.name == "Fill")
    document.do(StackEdit("Choose", with_chosen(document.stack, fill, 2)))
    del encoded[:]
    write(document.snapshot(), path, kept)
    assert len(encoded) == 3, "the merged picture, its thumbnail and the mask"
    back = read(path).stack
    assert stacks.state_of(back) == stacks.state_of(document.stack)
    assert [each.recipe.model for each in ways_of(next(each for each in back.layers if each.name == "Fill"))] == [
        "other",
        "patches",
        "third",
    ]


def test_a_way_that_is_damaged_is_left_out_and_the_others_keep_their_order(tmp_path):
    write(stacks.rich(1), tmp_path / "a.ora")
    found = members(tmp_path / "a.ora")
    del found[next(name for name in found if name.startswith("data/way") and name.endswith("-0.png"))]
    rewritten(tmp_path / "b.ora", found)
    back = read(tmp_path / "b.ora")
    fill = next(each for each in back.stack.layers if each.name == "Fill")
    assert [each.recipe.model for each in ways_of(fill)] == ["patches", "third"]
    assert any("way" in note and "damaged" in note for note in back.notes)


def test_a_recipe_of_an_older_version_has_no_ways(tmp_path):
    write(stacks.rich(1), tmp_path / "a.ora")
    found = members(tmp_path / "a.ora")
    values = json.loads(found["data/lama-desktop.json"])
    for recipe in values["recipes"]:
        for key in ("alternatives", "position", "seconds"):
            recipe.pop(key, None)
    found["data/lama-desktop.json"] = json.dumps(values).encode()
    rewritten(tmp_path / "b.ora", found)
    back = read(tmp_path / "b.ora")
    assert back.notes == ()
    fill = next(each for each in back.stack.layers if each.name == "Fill")
    assert ways_of(fill) == (fill,)


def rewritten(path, found):
    """Write an archive of these members."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in found.items():
            archive.writestr(name, data)


def test_a_group_in_a_group_to_the_last_depth(tmp_path):
    entry = Layer(stacks.noise(np.random.default_rng(0)))
    for number in range(32):
        entry = Branch(Group(f"{number}", isolated=number % 2 == 0), (entry,))
    snapshot = stacks.flat_of([entry])
    write(snapshot, tmp_path / "a.ora")
    assert stacks.tree_of(read(tmp_path / "a.ora").stack.tree) == stacks.tree_of(snapshot.stack.tree)


def _opened(snapshot):
    return snapshot.facts, None, snapshot.stack


def _full(*_):
    raise OSError(28, "No space left on device")
