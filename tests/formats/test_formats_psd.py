"""Photoshop documents, with their layers and as flat pictures; psd-tools writes them and is asked how they look."""

import contextlib
import logging
import struct
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from pictures import IPTC, XMP, exif_block, smooth
from PIL import Image as PillowImage
from profiles import P3, gamma_curve, rgb_profile

from lama_desktop import formats
from lama_desktop.core.composite import composite
from lama_desktop.core.exchange import Snapshot
from lama_desktop.core.geometry import Rect
from lama_desktop.core.group import Branch, Group
from lama_desktop.core.layer import Layer
from lama_desktop.core.node import Lock
from lama_desktop.core.photo import ColorModel
from lama_desktop.errors import Cancelled, FileFormatError
from lama_desktop.formats import psd, psd_layers
from lama_desktop.formats.layered import read_layers
from lama_desktop.progress import Progress

psd_tools = pytest.importorskip("psd_tools")
BlendMode = pytest.importorskip("psd_tools.constants").BlendMode

SIZE = (80, 60)
MUTATIONS = 150


def ramp(depth=8, alpha=True, size=(40, 30), channels=3):
    """Return pixels of every opacity."""
    y, x = np.mgrid[: size[1], : size[0]]
    layers = [x * 6, y * 8, 250 - 3 * x - 2 * y, x + y][:channels] + [255 - x * 255 // size[0]] * alpha
    return (np.stack(layers, axis=-1).astype(np.uint8).astype(np.uint16) * 257 >> (16 - depth)).astype(f"u{depth // 8}")


@pytest.fixture
def new(tmp_path):
    """Start a document with a background, and write it."""

    class Made:
        def __init__(self, mode="RGB", depth=8, background=True):
            self.psd = psd_tools.PSDImage.new(mode, SIZE, depth=depth)
            if background:
                channels = {"RGB": 3, "L": 1, "CMYK": 4}[mode]
                self.add("below", ramp(depth, alpha=False, size=SIZE, channels=channels))

        def add(self, name, pixels, left=0, top=0, **more):
            return self.psd.create_pixel_layer_from_array(pixels, name, top, left, **more)

        def path(self, name="a.psd"):
            self.psd.save(tmp_path / name)
            return tmp_path / name

        def read(self, name="a.psd"):
            return read_layers(self.path(name), Progress())

    return Made


def looks(found):
    return composite(found.stack.tree, found.stack.rect, found.facts.pixels.dtype)


@pytest.mark.parametrize("depth", [8, 16])
def test_everything_of_a_layer_comes_along(new, depth):
    made = new(depth=depth)
    made.add("moved", ramp(depth), 60, -5, opacity=51)
    hidden = made.add("hidden", ramp(depth))
    hidden.visible = False
    locked = made.add("locked", ramp(depth), blend_mode=BlendMode.MULTIPLY)
    locked.lock(0)  # psd-tools loses what it is told first
    locked.lock(0b101)
    found = made.read()
    below, moved, hid, lock = found.stack.layers
    assert [each.name for each in found.stack.layers] == ["below", "moved", "hidden", "locked"]
    assert np.array_equal(moved.pixels, ramp(depth))
    assert moved.pixels.dtype == found.facts.pixels.dtype
    assert (moved.rect.left, moved.rect.top, moved.opacity) == (60, -5, 0.2)
    assert (hid.visible, lock.lock, lock.mode.name) == (False, Lock.ALPHA | Lock.POSITION, "svg:multiply")
    assert below.coverage_range(below.rect)[0] == below.full
    assert found.stack.active is lock
    assert found.stack.mask.is_empty
    assert found.notes == ()


EXACT = [each for each in BlendMode if each.name in psd_layers._MODES and each.name != "LINEAR_DODGE"]


@pytest.mark.parametrize("mode", EXACT, ids=lambda each: each.name)
def test_blend_modes_look_as_psd_tools_has_them(new, mode):
    made = new()
    made.add("above", ramp(), 20, 10, blend_mode=mode, opacity=200)
    found = made.read()
    assert not found.notes
    theirs = formats.read(made.path()).pixels
    apart = np.abs(looks(found)[..., :3].astype(int) - theirs[..., :3])
    assert apart.max() <= 2, mode.name


def test_other_modes_are_named(new):
    made = new()
    made.add("above", ramp(), 20, 10, blend_mode=BlendMode.VIVID_LIGHT)
    found = made.read()
    assert found.stack.layers[1].mode.name == "svg:hard-light"
    assert any("above (vivid light)" in each for each in found.notes)


def test_a_different_look_is_there_as_a_hidden_layer(new):
    made = new()
    made.add("above", ramp(alpha=False), 20, 10, blend_mode=BlendMode.SUBTRACT)
    path = made.path()
    found = read_layers(path, Progress())
    top = found.stack.layers[-1]
    assert not top.visible
    assert np.array_equal(top.pixels[..., :3], formats.read(path).pixels[..., :3])
    assert found.stack.active is found.stack.layers[1]
    assert any("look different here" in each for each in found.notes)


def test_groups_are_isolated_or_pass_through(new):
    made = new()
    inner = made.psd.create_group(name="inner", blend_mode=BlendMode.PASS_THROUGH)
    outer = made.psd.create_group(name="outer", blend_mode=BlendMode.MULTIPLY, opacity=128)
    outer.append(inner)
    inner.append(made.add("deep", ramp(), 10, 10, blend_mode=BlendMode.SCREEN))
    found = made.read()
    below, branch = found.stack.tree
    assert isinstance(below, Layer)
    assert isinstance(branch, Branch)
    assert (branch.group.name, branch.group.isolated, branch.group.mode.name) == ("outer", True, "svg:multiply")
    assert branch.group.opacity == pytest.approx(128 / 255)
    assert not branch.entries[0].group.isolated
    assert branch.entries[0].entries[0].name == "deep"
    theirs = formats.read(made.path()).pixels
    assert np.abs(looks(found)[..., :3].astype(int) - theirs[..., :3]).max() <= 2


def test_groups_in_groups_end_somewhere(new):
    made = new()
    group = made.add("deep", ramp())
    for number in range(40):
        outer = made.psd.create_group(name=f"g{number}")
        outer.append(group)
        group = outer
    found = made.read()
    assert found.stack.layers[-1].name == "deep"
    assert any("nested too deeply" in each for each in found.notes)


def test_masks_become_transparency(new):
    made = new()
    layer = made.add("masked", ramp(alpha=False), 5, 5)
    layer.create_mask(PillowImage.fromarray(np.full((10, 10), 128, np.uint8)), top=8, left=8)
    found = made.read()
    _, masked = found.stack.layers
    assert masked.pixels[5, 5].tolist() == [*ramp(alpha=False)[5, 5].tolist(), 128]
    assert masked.pixels[20, 20, 3] == 0
    assert found.notes == ("Layer masks were worked into the transparency: masked (a.psd).",)


def test_a_mask_reaches_as_far_as_its_background(new):
    """psd-tools cannot write the mask of a group, so this is one by hand."""
    mask = SimpleNamespace(bbox=(-5, 0, 5, 10), background_color=255, disabled=False)
    group = SimpleNamespace(mask=mask, numpy=lambda channel: np.full((10, 10, 1), 0.25, np.float32))
    found = psd_layers._mask_of(group, Rect(0, 5, 20, 15))
    assert found.shape == (10, 20)
    assert (found[:5, :5] == 0.25).all()
    assert found.sum() == 200 - 25 * 0.75
    inside = Layer(np.full((10, 20, 4), 200, np.uint8), (0, 5))
    (branch,) = psd_layers._masked(group, (Branch(Group("inner"), (inside,)),))
    assert branch.entries[0].pixels[0, 0].tolist() == [200, 200, 200, 50]
    assert branch.entries[0].pixels[9, 19].tolist() == [200, 200, 200, 200]


def test_clipped_layers_are_seen_on_their_base_only(new):
    made = new()
    made.add("base", ramp(), 20, 10, opacity=150)
    clipped = made.add("clipped", ramp(alpha=False)[::-1].copy(), 30, 15)
    clipped.clipping = True
    multiplied = made.add("multiplied", ramp()[:, ::-1].copy(), 25, 0, blend_mode=BlendMode.MULTIPLY)
    multiplied.clipping = True
    found = made.read()
    branch = found.stack.tree[1]
    assert [each.name for each in branch.entries] == ["base", "clipped", "multiplied"]
    assert branch.group.opacity == pytest.approx(150 / 255)
    theirs = formats.read(made.path()).pixels
    assert np.abs(looks(found)[..., :3].astype(int) - theirs[..., :3]).max() <= 25
    assert np.abs(looks(found)[..., :3].astype(int) - theirs[..., :3]).mean() < 1
    assert any("clipped" in each for each in found.notes)


def test_what_psd_tools_says_is_heard_by_others_again(new, caplog):
    logger = logging.getLogger("psd_tools")
    formats.read(new().path())
    assert (logger.propagate, logger.handlers) == (True, [])
    with psd.decoding(), psd.decoding() as complaints:
        logger.warning("decode failed: here")
        assert complaints.failed
    assert not caplog.records
    logger.warning("out here")
    assert [each.getMessage() for each in caplog.records] == ["out here"]


def test_adjustment_layers_are_left_behind_and_named(new):
    made = new()
    layer = made.add("Invert 1", ramp())
    layer.tagged_blocks.set_data(pytest.importorskip("psd_tools.constants").Tag.INVERT)
    found = made.read()
    assert [each.name for each in found.stack.layers][:1] == ["below"]
    assert any("Adjustment layers were left behind: Invert 1" in each for each in found.notes)


def _block(tag, **values):
    """Return a tagged block that holds a descriptor."""
    from psd_tools.psd import descriptor
    from psd_tools.psd.tagged_blocks import TaggedBlock

    def described(value, kind=b"null"):
        if isinstance(value, tuple):
            made = descriptor.Descriptor(classID=b"RGBC")
            for name, each in zip((b"Rd  ", b"Grn ", b"Bl  "), value, strict=True):
                made[name] = descriptor.Double(each)
            return made
        if isinstance(value, dict):
            made = descriptor.Descriptor(classID=kind)
            for name, each in value.items():
                made[name.ljust(4).encode()] = described(each)
            return made
        return descriptor.Bool(value) if isinstance(value, bool) else value

    whole = descriptor.DescriptorBlock2(version=0) if tag.name.startswith("OBJECT") else descriptor.DescriptorBlock()
    for name, value in values.items():
        whole[name.ljust(4).encode()] = described(value, name.encode())
    return TaggedBlock(key=tag, data=whole)


def test_fills_and_effects_come_as_pixels(new):
    descriptor = pytest.importorskip("psd_tools.psd.descriptor")
    tags = pytest.importorskip("psd_tools.constants").Tag
    percent = descriptor.UnitFloat(unit=b"#Prc", value=100.0)
    normal = descriptor.Enumerated(typeID=b"BlnM", enum=b"Nrml")
    overlay = {"enab": True, "present": True, "Md": normal, "Clr": (0, 255, 0), "Opct": percent}
    made = new()
    fill = made.add("red fill", ramp(alpha=False), 5, 5)
    fill.tagged_blocks[tags.SOLID_COLOR_SHEET_SETTING] = _block(tags.SOLID_COLOR_SHEET_SETTING, Clr=(255, 0, 0))
    over = made.add("green", ramp(alpha=False), 25, 20)
    key = tags.OBJECT_BASED_EFFECTS_LAYER_INFO
    over.tagged_blocks[key] = _block(key, Scl=percent, masterFXSwitch=True, SoFi=overlay)
    found = made.read()
    _, red, green = found.stack.layers[:3]
    assert red.pixels[20, 30].tolist() == [255, 0, 0, 255]
    assert green.pixels[20, 30].tolist() == [0, 255, 0, 255]
    assert any("came as pixels: red fill" in each for each in found.notes)
    assert any("effects were drawn into the pixels: green" in each for each in found.notes)


@pytest.mark.parametrize("depth", [8, 16])
def test_grey_and_cmyk(new, depth):
    grey = new("L", depth)
    grey.add("above", ramp(depth, channels=1), 20, 10)
    found = grey.read()
    assert (found.facts.model, found.facts.depth) == (ColorModel.GREY, depth)
    flat = Snapshot(found.stack, found.facts).photo()
    assert np.abs(flat.pixels[..., 0].astype(int) - formats.read(grey.path()).pixels[..., 0]).max() <= 2
    inks = new("CMYK", depth)
    found, photo = inks.read(), formats.read(inks.path())
    assert photo.model is ColorModel.CMYK
    assert np.array_equal(photo.pixels, np.iinfo(photo.pixels.dtype).max - ramp(depth, False, SIZE, 4))
    assert np.array_equal(Snapshot(found.stack, found.facts).photo().pixels, photo.pixels)


def _resource(number, value):
    return b"8BIM" + struct.pack(">HHI", number, 0, len(value)) + value + b"\0" * (len(value) % 2)


def _with_resources(data, *resources):
    start = 26 + 4 + int.from_bytes(data[26:30], "big")
    length = int.from_bytes(data[start : start + 4], "big")
    block = b"".join(resources) + data[start + 4 : start + 4 + length]
    return data[:start] + struct.pack(">I", len(block)) + block + data[start + 4 + length :]


def test_profile_and_metadata(new):
    made, profile = new(), rgb_profile(P3, gamma_curve(2.2))
    path = made.path()
    resources = [_resource(1039, profile), _resource(1058, exif_block(orientation=1)), _resource(1060, XMP)]
    resources += [_resource(1028, IPTC), _resource(1005, struct.pack(">IHHIHH", 300 << 16, 1, 1, 150 << 16, 1, 1))]
    path.write_bytes(_with_resources(path.read_bytes(), *resources))
    for facts in (formats.read(path), read_layers(path, Progress()).facts):
        assert facts.profile == profile
        assert (facts.metadata.exif, facts.metadata.xmp, facts.metadata.iptc) == (exif_block(), XMP, IPTC)
        assert facts.resolution == (300.0, 150.0)
        assert facts.encoding.format == "psd"
    photo = formats.read(path)
    assert formats.suffix_for(photo) == ".tif"


def test_a_document_without_a_merged_picture_is_merged_here(new):
    made = new()
    made.add("above", ramp(), 20, 10)
    path = made.path()
    expected = formats.read(path).pixels
    data = bytearray(path.read_bytes())
    place = data.index(b"8BIM\x04\x21") + 12 + 4
    assert data[place] == 1
    data[place] = 0
    path.write_bytes(data)
    photo = formats.read(path)
    assert np.abs(photo.pixels.astype(int) - expected).max() <= 1
    assert any("no merged picture" in each for each in photo.notes)
    assert read_layers(path, Progress()).stack.original is None


def test_a_flat_document_is_no_document_with_layers(tmp_path):
    psd_tools.PSDImage.frompil(PillowImage.fromarray(smooth(size=SIZE))).save(tmp_path / "a.psd")
    assert read_layers(tmp_path / "a.psd", Progress()) is None
    assert np.array_equal(formats.read(tmp_path / "a.psd").pixels[..., :3], smooth(size=SIZE))


def test_it_is_told_by_its_content(new, tmp_path):
    made = new()
    made.path().rename(tmp_path / "a.jpg")
    assert formats.recognise(tmp_path / "a.jpg").name == "psd"
    assert read_layers(tmp_path / "a.jpg", Progress()) is not None


def test_cancel(new):
    path, progress = new().path(), Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        read_layers(path, progress)


def test_budgets(new, monkeypatch):
    made = new()
    for number in range(5):
        made.add(f"layer {number}", ramp(size=SIZE))
    path = made.path()
    monkeypatch.setenv("LAMA_DESKTOP_MAX_MEGAPIXELS", "0.0047")
    with pytest.raises(FileFormatError, match=r"a\.psd has 80 × 60"):
        read_layers(path, Progress())
    with pytest.raises(FileFormatError, match=r"a\.psd has 80 × 60"):
        formats.read(path)
    monkeypatch.setenv("LAMA_DESKTOP_MAX_MEGAPIXELS", "0.005")
    assert formats.read(path).size == SIZE
    with pytest.raises(FileFormatError, match="do not fit into the memory"):
        read_layers(path, Progress())


def test_many_channels_do_not_fill_the_memory(new, monkeypatch):
    path = new().path()
    monkeypatch.setattr(psd, "_LEAST_ROOM", 1000)
    monkeypatch.setenv("LAMA_DESKTOP_MAX_MEGAPIXELS", "0.005")
    for read in (formats.read, lambda path: read_layers(path, Progress())):
        with pytest.raises(FileFormatError, match=r"a\.psd does not fit into the memory"):
            read(path)


def test_kinds_that_would_be_read_wrongly_are_refused(new, tmp_path):
    data = bytearray(new().path().read_bytes())
    for offset, value, word in ((24, 9, "rare kind"), (22, 32, "32 bits"), (4, 9, "header"), (14, 0, "0 pixels")):
        changed = bytearray(data)
        struct.pack_into(">I" if offset == 14 else ">H", changed, offset, value)
        (tmp_path / "b.psd").write_bytes(changed)
        with pytest.raises(FileFormatError, match=word):
            formats.read(tmp_path / "b.psd")


def test_mutated_files_never_surprise(new, tmp_path, capfd):
    made = new()
    group = made.psd.create_group(name="group")
    group.append(made.add("above", ramp(), 20, 10))
    made.add("masked", ramp(alpha=False), 5, 5).create_mask(PillowImage.new("L", (10, 10), 128), top=8, left=8)
    data, random = made.path().read_bytes(), np.random.default_rng(1)
    path = tmp_path / "b.psd"
    for number in range(MUTATIONS):
        changed = bytearray(data)
        for _ in range(1 + number % 5):
            where = int(random.integers(0, len(data)))
            if number % 3:
                changed[where] = int(random.choice([0, 1, 127, 255, random.integers(0, 256)]))
            else:
                del changed[where : where + int(random.integers(1, 40))]
        path.write_bytes(bytes(changed) if number % 10 else data[: len(data) * number // MUTATIONS])
        with contextlib.suppress(FileFormatError):
            found = read_layers(path, Progress())
            assert found is None or all(each.pixels.dtype == np.uint8 for each in found.stack.layers)
        with contextlib.suppress(FileFormatError):
            assert formats.read(path).pixels.ndim == 3
    assert capfd.readouterr() == ("", "")


def test_one_sentence_says_what_is_missing(new, monkeypatch):
    path = new().path()
    monkeypatch.setitem(sys.modules, "psd_tools", None)
    for read in (formats.read, lambda path: read_layers(path, Progress())):
        with pytest.raises(FileFormatError, match=r'a\.psd is a Photoshop file.*pip install "lama-desktop\[psd\]"\.$'):
            read(path)


def test_a_group_is_a_group_of_the_document(new):
    made = new(background=False)
    made.psd.create_group(name="empty")
    made.add("above", ramp())
    found = made.read()
    assert [type(each) for each in found.stack.nodes if each.name != psd_layers._PICTURE] == [Group, Layer]
