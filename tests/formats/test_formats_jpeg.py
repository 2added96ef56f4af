"""JPEG: written like the source, with every segment it had."""

import dataclasses
import io
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from pictures import IPTC, SRGB_PROFILE, XMP, exif_block, jpeg_bytes, photo, smooth
from PIL import Image as PillowImage
from PIL import IptcImagePlugin

from lama_desktop import formats
from lama_desktop.core.photo import ColorModel, Encoding, Metadata, Photo
from lama_desktop.formats import WriteOptions
from lama_desktop.formats.ifd import EXIF_POINTER, Field, Structure, build

SHARED = Path(__file__).parents[2].parent / "shared"


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_resaved_jpeg_is_nearly_the_same(tmp_path, subsampling, progressive):
    data = jpeg_bytes(smooth(), quality=83, subsampling=subsampling, progressive=progressive, optimize=True)
    (tmp_path / "a.jpg").write_bytes(data)
    first = formats.read(tmp_path / "a.jpg")
    assert (first.encoding.subsampling, first.encoding.progressive) == (subsampling, progressive)
    assert formats.write(first, tmp_path / "b.jpg") == []
    second = formats.read(tmp_path / "b.jpg")
    assert second.encoding == first.encoding
    assert abs((tmp_path / "b.jpg").stat().st_size - len(data)) < 0.1 * len(data)
    assert np.abs(second.pixels.astype(int) - first.pixels).max() <= 12
    assert np.abs(second.pixels.astype(int) - first.pixels).mean() < 1
    with PillowImage.open(io.BytesIO(data)) as before, PillowImage.open(tmp_path / "b.jpg") as after:
        assert before.quantization == after.quantization


@pytest.mark.parametrize("progressive", [False, True])
def test_noise_needs_more_room_than_pillow_gives(tmp_path, progressive, capfd):
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    encoding = Encoding(format="jpeg", quantization=((1,) * 64,) * 3, subsampling="4:4:4", progressive=progressive)
    formats.write(Photo(noise, encoding=encoding), tmp_path / "a.jpg")
    assert np.abs(formats.read(tmp_path / "a.jpg").pixels.astype(int) - noise).mean() < 1
    assert capfd.readouterr().err == ""


def test_quality_is_not_ignored(tmp_path):
    (tmp_path / "a.jpg").write_bytes(jpeg_bytes(smooth(), quality=90))
    first = formats.read(tmp_path / "a.jpg")
    sizes = []
    for quality in (20, 60, 100):
        formats.write(first, tmp_path / "b.jpg", WriteOptions(quality=quality))
        sizes.append((tmp_path / "b.jpg").stat().st_size)
    assert sizes == sorted(set(sizes))


def test_every_segment_is_found_by_pillow(tmp_path):
    profile = SRGB_PROFILE + bytes(150_000)
    given_photo = dataclasses.replace(photo(described=True, profile=profile), pixels=smooth())
    given_photo = dataclasses.replace(given_photo, metadata=dataclasses.replace(given_photo.metadata, comment=b"hello"))
    assert formats.write(given_photo, tmp_path / "a.jpg") == []
    with PillowImage.open(tmp_path / "a.jpg") as picture:
        assert picture.info["icc_profile"] == profile
        assert picture.info["exif"][:6] == b"Exif\0\0"
        assert picture.info["xmp"] == XMP
        assert picture.info["comment"] == b"hello"
        assert picture.info["dpi"] == (300, 300)
        assert IptcImagePlugin.getiptcinfo(picture) == {(2, 120): b"Otter", (2, 80): b"Anna"}
        assert picture.getexif()[0x010F] == "Camera Works"
    back = formats.read(tmp_path / "a.jpg")
    assert back.metadata.iptc == IPTC
    assert back.profile == profile


def test_cmyk_is_right_both_ways(tmp_path):
    inks = smooth(ColorModel.CMYK)
    (tmp_path / "a.jpg").write_bytes(jpeg_bytes(inks, quality=95))
    first = formats.read(tmp_path / "a.jpg")
    assert first.model is ColorModel.CMYK
    assert np.abs(first.pixels.astype(int) - inks).mean() < 2
    formats.write(first, tmp_path / "b.jpg")
    with PillowImage.open(tmp_path / "b.jpg") as picture:
        assert picture.mode == "CMYK"
        assert np.abs(np.asarray(picture).astype(int) - inks).mean() < 2


def test_grey_stays_grey(tmp_path):
    (tmp_path / "a.jpg").write_bytes(jpeg_bytes(smooth(ColorModel.GREY), quality=88))
    first = formats.read(tmp_path / "a.jpg")
    formats.write(first, tmp_path / "b.jpg")
    with PillowImage.open(tmp_path / "b.jpg") as picture:
        assert picture.mode == "L"
    assert first.pixels.shape[2] == 1


def test_what_does_not_fit_into_a_segment_is_said(tmp_path):
    given_photo = Photo(smooth(), metadata=Metadata(exif=exif_block(note=bytes(70_000)), xmp=XMP + b" " * 70_000))
    said = formats.losses(given_photo, tmp_path / "a.jpg")
    assert len(said) == 2
    assert all("64 KB" in each for each in said)
    assert formats.write(given_photo, tmp_path / "a.jpg") == said
    assert formats.read(tmp_path / "a.jpg").metadata == Metadata()


def test_the_thumbnail_shows_the_new_picture(tmp_path):
    old = jpeg_bytes(np.random.default_rng(0).integers(200, 256, (96, 128, 3)).astype(np.uint8), quality=80)
    for order in "<>":
        block = exif_block(order, thumbnail=old, note=old)
        given_photo = Photo(np.full((240, 320, 3), (200, 30, 30), np.uint8), metadata=Metadata(exif=block))
        formats.write(given_photo, tmp_path / "a.jpg")
        found = formats.read(tmp_path / "a.jpg").metadata.exif
        assert len(found) == len(block)
        assert old not in found
        assert old[-200:] not in (tmp_path / "a.jpg").read_bytes()
        starts = [start for start in range(len(found)) if found[start : start + 3] == b"\xff\xd8\xff"]
        assert len(starts) == 2
        for start in starts:
            with PillowImage.open(io.BytesIO(found[start:])) as picture:
                assert np.abs(np.asarray(picture).mean(axis=(0, 1)) - [200, 30, 30]).max() < 8


def test_private_data_is_stripped_and_the_profile_kept(tmp_path):
    for suffix in (".jpg", ".png", ".tif", ".webp", ".avif"):
        path = tmp_path / f"a{suffix}"
        formats.write(photo(described=True, profile=SRGB_PROFILE), path, WriteOptions(strip_metadata=True))
        back = formats.read(path)
        assert (back.metadata.xmp, back.metadata.iptc, back.metadata.comment) == (None, None, None)
        assert b"Camera" not in path.read_bytes()
        assert back.profile == SRGB_PROFILE


def test_extended_xmp_is_carried_unless_it_shows_the_old_picture(tmp_path):
    part = b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 32 + bytes(8) + b"<more/>"
    given_photo = Photo(smooth(), metadata=Metadata(xmp=XMP, xmp_extension=(part,)))
    assert formats.write(given_photo, tmp_path / "a.jpg") == []
    assert formats.read(tmp_path / "a.jpg").metadata.xmp_extension == (part,)
    showing = Photo(smooth(), metadata=Metadata(xmp=XMP, xmp_extension=(part + b"GImage:Data",)))
    assert len(formats.write(showing, tmp_path / "a.jpg")) == 1
    assert formats.read(tmp_path / "a.jpg").metadata.xmp_extension == ()


def misplaced():
    """Return an EXIF block whose first directory holds what some cameras put there."""
    main = [
        Field(0x010F, 2, b"Camera Works\0"),
        Field(0x011A, 5, struct.pack("<II", 72, 1)),
        Field(0x011B, 5, struct.pack("<II", 72, 1)),
        Field(0x0128, 3, struct.pack("<H", 2)),
        Field(0x0213, 3, struct.pack("<H", 1)),
        Field(0x0214, 5, struct.pack("<12I", *(0, 1, 255, 1, 128, 1) * 2)),
        Field(0x1001, 4, struct.pack("<I", 4000)),
        Field(0x1002, 4, struct.pack("<I", 3000)),
        Field(0x8830, 3, struct.pack("<H", 2)),
        Field(0x9216, 1, bytes((1, 0, 0, 0))),
        Field(0xA430, 2, b"Somebody\0"),
        Field(0xFDE8, 3, struct.pack("<H", 7)),
    ]
    return build("<", main, {EXIF_POINTER: [Field(0xA431, 2, b"12345\0")]})


def first_directory(block):
    structure = Structure(block)
    entries = structure.directory(structure.first).entries
    return {tag: structure.bytes_of(entry) for tag, entry in entries.items()}


def test_exif_tags_in_the_wrong_directory_are_carried_into_tiff(tmp_path):
    first = Photo(smooth(), metadata=Metadata(exif=misplaced()))
    said = formats.write(first, tmp_path / "a.tif")
    assert said == ["TIFF cannot hold all of the picture's EXIF data: ReferenceBlackWhite, tag 0xFDE8 left out."]
    wanted = first_directory(misplaced())
    again = formats.read(tmp_path / "a.tif")
    assert formats.write(again, tmp_path / "b.tif") == []
    for path in (tmp_path / "a.tif", tmp_path / "b.tif"):
        found = first_directory(path.read_bytes())
        for tag in wanted.keys() - {0x0213, 0x0214, 0xFDE8, EXIF_POINTER}:
            assert found[tag] == wanted[tag], hex(tag)
    assert b"12345" in again.metadata.exif


def test_a_density_that_is_unset_stays_unset(tmp_path):
    data = jpeg_bytes(smooth(), exif=b"Exif\0\0" + misplaced())
    assert data[2:4] == b"\xff\xe0"
    assert data[13:18] == bytes((0, 0, 1, 0, 1))  # unit and density of JFIF
    (tmp_path / "a.jpg").write_bytes(data)
    read = formats.read(tmp_path / "a.jpg")
    formats.write(read, tmp_path / "b.jpg")
    written = (tmp_path / "b.jpg").read_bytes()
    assert written[13:18] == bytes((0, 0, 1, 0, 1))
    assert formats.read(tmp_path / "b.jpg").metadata.exif == read.metadata.exif


@pytest.mark.skipif(not shutil.which("exiftool"), reason="exiftool is not installed")
@pytest.mark.parametrize("suffix", [".jpg", ".tif", ".png", ".webp", ".avif"])
def test_exiftool_agrees(tmp_path, suffix):
    formats.write(photo(described=True, profile=SRGB_PROFILE), tmp_path / f"a{suffix}")
    tags = ("-Make", "-Copyright", "-ExposureTime", "-GPSLatitude", "-Format", "-XResolution")
    done = subprocess.run(
        ["exiftool", "-T", "-warning", *tags, tmp_path / f"a{suffix}"], capture_output=True, text=True
    )
    warning, *values = done.stdout.strip().split("\t")
    assert values[:2] == ["Camera Works", "Somebody"]
    assert values[2] == "1/250"
    assert values[3].startswith("52 deg 31'")
    assert values[4:] == ["image/jpeg", "300"]
    assert "note" in warning.lower() or warning == "-"


@pytest.mark.slow
def test_real_photos_survive(tmp_path):
    folder = SHARED / "photos"
    if not folder.is_dir():
        pytest.skip("the photos are not beside this checkout")
    for path in sorted(folder.glob("*.jpg")):
        first = formats.read(path)
        formats.write(first, tmp_path / path.name)
        second = formats.read(tmp_path / path.name)
        assert (tmp_path / path.name).stat().st_size < 1.05 * path.stat().st_size
        assert np.abs(second.pixels.astype(int) - first.pixels).mean() < 0.5
        assert (second.profile, second.metadata.xmp, second.metadata.iptc) == (
            first.profile,
            first.metadata.xmp,
            first.metadata.iptc,
        )
