"""OpenRaster files of others, as odd as they come; hostile ones end in one clear sentence and in nothing else."""

import io
import struct
import zipfile
import zlib

import numpy as np
import pytest
import stacks
from PIL import Image as PillowImage
from profiles import ADOBE, gamma_curve, rgb_profile

from lama_desktop import formats
from lama_desktop.core.composite import composite
from lama_desktop.core.node import Lock
from lama_desktop.errors import FileFormatError
from lama_desktop.formats.layered import read_layers
from lama_desktop.formats.openraster import archive as archives
from lama_desktop.formats.openraster import writer
from lama_desktop.progress import Progress

RED, BLUE = (200, 30, 20), (10, 20, 220)
MUTATIONS = 150


def png(color=RED, size=(8, 6), mode="RGBA", **settings):
    out = io.BytesIO()
    fill = {"RGBA": (*color, 255), "RGB": color, "L": color[0], "1": 1, "P": 3, "LA": (color[0], 255)}[mode]
    picture = PillowImage.new(mode, size, fill)
    if mode == "P":
        picture.putpalette([value for index in range(8) for value in (index * 30, index * 20, 255 - index)])
    picture.save(out, "PNG", **settings)
    return out.getvalue()


def xml(body, attributes='version="0.0.3" w="8" h="6"'):
    return f"<?xml version='1.0' encoding='UTF-8'?>\n<image {attributes}><stack>{body}</stack></image>".encode()


def build(
    path, body='<layer src="data/a.png"/>', files=None, *, stack=None, mimetype=b"image/openraster", packed=False
):
    """Write an archive by hand."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as archive:
        if mimetype is not None:
            archive.writestr("mimetype", mimetype)
        if stack != b"":
            archive.writestr("stack.xml", stack or xml(body))
        for name, data in ({"data/a.png": png()} if files is None else files).items():
            archive.writestr(name, data)
    return path


def read(path):
    found = read_layers(path, Progress())
    assert found is not None
    return found


def look(found):
    return composite(found.stack.tree, found.stack.rect, found.facts.pixels.dtype)


def test_a_layer_that_says_nothing_of_itself(tmp_path):
    found = read(build(tmp_path / "a.ora"))
    (layer,) = found.stack.layers
    assert (layer.name, layer.opacity, layer.mode.name, layer.visible) == ("Layer 1", 1.0, "svg:src-over", True)
    assert (layer.origin, layer.lock, found.notes) == ((0, 0), Lock.NONE, ())
    assert look(found)[0, 0].tolist() == [*RED, 255]
    assert np.array_equal(found.stack.original.pixels, look(found)), "which can be compared with"


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("mimetype", [None, b"image/openraster\n", b"image/openraster"])
@pytest.mark.parametrize("name", ["a.ora", "b.zip", "c"])
def test_it_is_known_by_its_content(tmp_path, packed, mimetype, name):
    path = build(tmp_path / name, packed=packed, mimetype=mimetype)
    assert len(read(path).stack.layers) == 1
    assert formats.read(path).size == (8, 6)
    assert formats.recognise(path).name == "openraster"


@pytest.mark.parametrize("mode", ["RGBA", "RGB", "L", "LA", "1", "P"])
def test_every_kind_of_png_is_a_layer(tmp_path, mode):
    found = read(build(tmp_path / "a.ora", files={"data/a.png": png(mode=mode)}))
    expected = {"L": [200] * 3, "LA": [200] * 3, "1": [255] * 3, "P": [90, 60, 252]}.get(mode, list(RED))
    assert look(found)[0, 0].tolist() == [*expected, 255]


def test_names_that_begin_at_the_root_as_pyora_writes_them(tmp_path):
    found = read(build(tmp_path / "a.ora", '<layer src="/data/a.png" uuid="1"/>', {"/data/a.png": png()}))
    assert look(found)[0, 0].tolist() == [*RED, 255]


def test_the_first_child_is_the_topmost_and_strange_elements_are_passed_over(tmp_path):
    body = (
        '<text x="1">hello</text><layer src="./data/b.png" x="2" name="top" selected="true" edit-locked="true"/>'
        '<filter/><layer src="data\\a.png" opacity="0.5" visibility="visible" composite-op="src-over"/>'
    )
    found = read(build(tmp_path / "a.ora", body, {"data/a.png": png(), "data/b.png": png(BLUE, (3, 3))}))
    below, above = found.stack.layers
    assert found.stack.active is above
    assert (above.origin, above.lock) == ((2, 0), Lock.PIXELS | Lock.POSITION)
    assert (below.opacity, look(found)[0, 2].tolist()) == (0.5, [*BLUE, 255])


@pytest.mark.parametrize("words", ['x="1e99" y="nan"', 'x="" y="-inf"', 'x="7.0" opacity="no"', 'opacity="-3" x="-8"'])
def test_attributes_that_make_no_sense_do_no_harm(tmp_path, words):
    found = read(build(tmp_path / "a.ora", f'<layer src="data/a.png" {words} composite-op=""/>'))
    (layer,) = found.stack.layers
    assert abs(layer.origin[0]) <= 1 << 24
    assert 0 <= layer.opacity <= 1
    look(found)


@pytest.mark.parametrize(
    ("attributes", "version", "isolated"),
    [
        ('isolation="isolate"', "0.0.3", True),
        ('isolation="auto"', "0.0.6", False),
        ('isolation="auto" opacity="0.5"', "0.0.3", False),
        ("", "0.0.3", False),
        ('opacity="0.5"', "0.0.3", True),
        ('composite-op="svg:multiply"', "0.0.5", True),
        ("", "0.0.6", True),
        ("", "", True),
        ("", "0.10.1", True),
    ],
)
def test_isolation_by_what_the_file_and_its_version_say(tmp_path, attributes, version, isolated):
    body = f'<stack name="g" {attributes} x="5" y="5"><layer src="data/a.png"/></stack>'
    said = f'version="{version}" w="8" h="6"' if version else 'w="8" h="6"'
    found = read(build(tmp_path / "a.ora", stack=xml(body, said)))
    (branch,) = found.stack.tree
    assert branch.group.isolated is isolated
    assert branch.entries[0].origin == (0, 0), "the offset of a group means nothing"


def test_a_pass_through_group_fades_what_is_in_it(tmp_path):
    body = (
        '<stack isolation="auto" opacity="0.5" composite-op="svg:multiply">'
        '<layer src="data/b.png"/></stack><layer src="data/a.png"/>'
    )
    found = read(build(tmp_path / "a.ora", body, {"data/a.png": png((0, 0, 0)), "data/b.png": png((200, 200, 200))}))
    assert look(found)[0, 0].tolist() == [100, 100, 100, 255]


def test_layers_with_other_profiles_and_depths_come_in_the_colours_of_the_lowest(tmp_path):
    adobe = rgb_profile(ADOBE, gamma_curve(2.2))
    deep = formats.encoded(formats.decode(png(), tmp_path / "x.png"), tmp_path / "x.png")
    wide = io.BytesIO()
    PillowImage.new("RGB", (8, 6), (0, 255, 0)).save(wide, "PNG", icc_profile=adobe)
    body = '<layer src="data/b.png"/><layer src="data/a.png"/>'
    found = read(build(tmp_path / "a.ora", body, {"data/a.png": wide.getvalue(), "data/b.png": deep}))
    assert found.facts.profile == adobe
    below, above = found.stack.layers
    assert below.pixels[0, 0].tolist() == [0, 255, 0, 255]
    assert above.pixels[0, 0, 0] < RED[0], "sRGB red is nearer to grey in wider colours"
    sixteen = stacks.flat_of([stacks.Layer(stacks.noise(np.random.default_rng(0), dtype=np.uint16))], dtype=np.uint16)
    writer.write(sixteen, tmp_path / "b.ora", Progress())
    with zipfile.ZipFile(tmp_path / "b.ora") as archive:
        deep = archive.read("data/layer000.png")
    found = read(build(tmp_path / "c.ora", body, {"data/a.png": png(), "data/b.png": deep}))
    assert found.facts.depth == 16
    assert found.stack.layers[0].pixels[0, 0].tolist() == [each * 257 for each in (*RED, 255)]


def test_layers_that_are_not_there_or_damaged_leave_a_place_and_a_note(tmp_path):
    body = '<layer src="data/none.png" name="lost" x="3"/><layer/><layer src="data/b.png"/><layer src="data/a.png"/>'
    found = read(build(tmp_path / "a.ora", body, {"data/a.png": png(), "data/b.png": png()[:60]}))
    assert [each.name for each in found.stack.layers] == ["Layer 1", "Layer 2", "Layer 3", "lost"]
    assert found.stack.layers[3].origin == (3, 0)
    assert sum("damaged or not there" in note and "(a.ora)" in note for note in found.notes) == 3
    assert look(found)[0, 0].tolist() == [*RED, 255]


def test_as_a_flat_picture_it_says_what_is_not_there_and_is_none_without_any_layer(tmp_path):
    body = '<layer src="data/none.png" name="lost"/><layer src="data/a.png"/>'
    photo = formats.read(build(tmp_path / "a.ora", body))
    assert [note for note in photo.notes if "“lost” is damaged or not there" in note and note.count("(a.ora)") == 1]
    with pytest.raises(FileFormatError, match="none of its layers is there"):
        formats.read(build(tmp_path / "b.ora", body, {"data/a.png": png()[:50]}))


def test_a_picture_with_more_bytes_than_its_pixels_can_have_is_not_unpacked(tmp_path):
    files = {"data/a.png": png(), "data/b.png": png() + bytes(17 << 20)}
    body = '<layer name="long" src="data/b.png"/><layer src="data/a.png"/>'
    found = read(build(tmp_path / "a.ora", body, files))
    assert found.notes == ("The layer “long” is damaged or not there: its place is empty (a.ora).",)
    assert look(found)[0, 0].tolist() == [*RED, 255]


def test_unknown_modes_count_as_normal_and_are_named(tmp_path):
    found = read(build(tmp_path / "a.ora", '<layer src="data/a.png" composite-op="krita:exclusion"/>'))
    assert found.stack.layers[0].mode.name == "svg:src-over"
    assert found.notes == ("Blend modes that are not known here count as normal: krita:exclusion (a.ora).",)


def test_without_layers_or_sizes_the_merged_picture_helps(tmp_path):
    found = read(build(tmp_path / "a.ora", "", {"mergedimage.png": png(BLUE, (5, 4))}, stack=xml("", "")))
    assert found.stack.size == (5, 4)
    assert look(found)[0, 0].tolist() == [*BLUE, 255]
    with pytest.raises(FileFormatError, match="no layer in it"):
        read(build(tmp_path / "b.ora", "", {}))
    merged_is_gone = formats.read(build(tmp_path / "c.ora"))
    assert merged_is_gone.pixels[0, 0].tolist()[:3] == list(RED)


def test_other_archives_are_called_what_they_are(tmp_path):
    krita = build(tmp_path / "a.kra", stack=b"", files={"maindoc.xml": b""}, mimetype=b"application/x-krita")
    with pytest.raises(FileFormatError, match=r"a.kra is a Krita document. Save it as OpenRaster in Krita"):
        read(krita)
    with pytest.raises(FileFormatError, match="is an archive and no picture"):
        formats.read(build(tmp_path / "b.zip", stack=b"", files={"a.txt": b"text"}, mimetype=None))
    assert read_layers(tmp_path / "none.ora", Progress()) is None
    (tmp_path / "flat.ora").write_bytes(png())
    assert read_layers(tmp_path / "flat.ora", Progress()) is None


def bomb(size):
    """Return a PNG file of zeros."""
    header = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )


def nested(depth):
    return "<stack>" * depth + '<layer src="data/a.png"/>' + "</stack>" * depth


DOCTYPE = b'<!DOCTYPE image [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><image w="8" h="6"><stack name="&b;"/></image>'
HOSTILE = {
    "damaged": {"stack": b"<image><stack>"},
    "another list": {"stack": b"<html/>"},
    "a document type": {"stack": DOCTYPE},
    "a document type in disguise": {"stack": b"\xff\xfe" + DOCTYPE.decode().encode("utf-16-le")},
    "an encoding of a made-up name": {"stack": b"<?xml version='1.0' encoding='rubbish'?><image/>"},
    "too deep": {"body": nested(40)},
    "much too deep": {"body": nested(50_000)},
    "too many": {"body": '<layer src="data/a.png"/>' * 5000},
    "a long list": {"stack": xml(" " * (5 << 20))},
    "no size": {"stack": xml("", 'w="0" h="-4"')},
    "too large": {"stack": xml("", 'w="2000000" h="2000000"')},
    "a layer too large": {"files": {"data/a.png": bomb(200_000)}},
    "margins too large": {
        "body": '<layer src="data/a.png" xmlns:l="urn:lama-desktop:openraster" l:margins="0 9999999 9999999 0"/>'
    },
    "leads out": {"files": {"data/../../a.png": b""}},
    "the same in disguise": {"files": {"/stack.xml": b""}},
    "a drive": {"files": {"C:a.png": b""}},
    "backwards": {"files": {"data\\..\\..\\a.png": b""}},
    "packed too hard": {"files": {"data/a.png": bytes(40 << 20)}, "packed": True},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_in_a_sentence(tmp_path, name):
    path = build(tmp_path / "a.ora", **HOSTILE[name])
    for reader in (read, formats.read):
        with pytest.raises(FileFormatError, match=r"a\.ora") as caught:
            reader(path)
        assert str(caught.value).endswith(".")


def test_names_that_come_twice_encryption_and_rare_packing_are_refused(tmp_path):
    path = tmp_path / "a.ora"
    with zipfile.ZipFile(build(path), "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("stack.xml", xml(""))
    with pytest.raises(FileFormatError, match="a name comes twice"):
        read(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("stack.xml", xml(""))
    with pytest.raises(FileFormatError, match="a method that OpenRaster does not have"):
        read(path)
    data = bytearray(build(path).read_bytes())
    data[data.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(FileFormatError, match="it is encrypted"):
        read(path)


def test_too_many_members_are_refused_before_they_are_listed(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_MEMBERS", 10)
    with pytest.raises(FileFormatError, match="it has 22 members"):
        read(build(tmp_path / "a.ora", files={f"data/{number}": b"" for number in range(20)}))
    monkeypatch.setattr(archives, "_MAX_DIRECTORY", 1000)
    monkeypatch.setattr(archives, "ZipFile", None)
    with pytest.raises(FileFormatError, match="more members than a picture has"):
        read(build(tmp_path / "b.ora", files={f"data/{number}": b"" for number in range(20)}))


def test_no_end_of_an_archive_hides_how_long_its_list_of_members_is(tmp_path, monkeypatch):
    record = struct.Struct("<IQHHIIQQQQ")
    small = record.pack(0x06064B50, 44, 45, 45, 0, 0, 0, 0, 1, 0)
    files = {"data/trap": small} | {f"data/{number}": b"" for number in range(20)}
    data = build(tmp_path / "a.ora", files=files).read_bytes()
    body, end = data[:-22], bytearray(data[-22:])
    size, offset = struct.unpack_from("<II", end, 12)
    true = record.pack(0x06064B50, 44, 45, 45, 0, 0, len(files), len(files), size, offset)
    locator = struct.pack("<IIQI", 0x07064B50, 0, data.index(small), 1)
    (tmp_path / "64.ora").write_bytes(body + true + locator + end)
    end[4:8] = b"PK\5\6"  # numbers of disks, which nobody looks at
    (tmp_path / "disks.ora").write_bytes(body + end)
    monkeypatch.setattr(archives, "_MAX_DIRECTORY", 1000)
    for name in ("64.ora", "disks.ora"):
        with pytest.raises(FileFormatError, match="more members than a picture has"):
            read(tmp_path / name)


def test_all_layers_together_have_a_limit(tmp_path, monkeypatch):
    monkeypatch.setenv("LAMA_DESKTOP_MAX_MEGAPIXELS", "0.0002")
    files = {f"data/{number}.png": png((number, 0, 0), (10, 10)) for number in range(9)}
    body = "".join(f'<layer src="{name}"/>' for name in files)
    with pytest.raises(FileFormatError, match=r"The layers of a.ora have more pixels"):
        read(build(tmp_path / "a.ora", body, files))
    same = build(tmp_path / "b.ora", '<layer src="data/0.png"/>' * 50, files)
    assert len(read(same).stack.layers) == 50, "what is there once counts once"


def is_ours(error):
    """Fail where the sentence is not about the file, or hides a mistake of the program's."""
    assert "a.ora" in str(error)
    assert not isinstance(error.__cause__, NameError | AttributeError | TypeError | AssertionError | IndexError), error


@pytest.mark.parametrize("packed", [False, True])
def test_mutated_archives_raise_nothing_but_our_own_error(tmp_path, packed):
    source = tmp_path / "a.ora"
    writer.write(stacks.rich(1), source, Progress())
    if packed:
        with zipfile.ZipFile(source) as archive:
            found = {each: archive.read(each) for each in archive.namelist()}
        with zipfile.ZipFile(source, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in found.items():
                archive.writestr(name, data)
    good, opened = source.read_bytes(), 0
    random = np.random.default_rng(packed)
    marks = [place for place in range(len(good) - 4) if good[place : place + 2] == b"PK"]
    for number in range(MUTATIONS):
        data = bytearray(good)
        if number % 3 == 0:  # what says how long and where things are
            at = int(random.choice(marks)) + int(random.integers(4, 46))
            data[at % len(data)] = int(random.integers(256))
        elif number % 3 == 1:
            for at in random.integers(0, len(data), 3):
                data[at] ^= 1 << int(random.integers(8))
        else:
            data = data[: int(random.integers(len(data)))]
        source.write_bytes(data)
        try:
            look(read_layers(source, Progress()) or stacks.rich(1))
            formats.read(source)
            opened += 1
        except FileFormatError as error:
            is_ours(error)
    assert opened


@pytest.mark.parametrize("member", ["stack.xml", "data/lama-desktop.json"])
def test_mutated_lists_and_records_raise_nothing_but_our_own_error(tmp_path, member):
    source = tmp_path / "a.ora"
    writer.write(stacks.rich(1), source, Progress())
    with zipfile.ZipFile(source) as archive:
        found = {each: archive.read(each) for each in archive.namelist()}
    random, good, opened = np.random.default_rng(0), found[member], 0
    words = [b"0", b"-1", b"1e999", b"null", b"99999999999999999999", b'"', b"<", b"[]", b"\xff", b"data/mask.png"]
    for _ in range(MUTATIONS):
        at, length = int(random.integers(len(good))), int(random.integers(6))
        found[member] = good[:at] + words[int(random.integers(len(words)))] + good[at + length :]
        with zipfile.ZipFile(source, "w") as archive:
            for name, data in found.items():
                archive.writestr(name, data)
        try:
            read(source)
            opened += 1
        except FileFormatError as error:
            is_ours(error)
    assert opened
