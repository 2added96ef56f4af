"""Saving never harms the old file, and what is lost is said before."""

import dataclasses
import errno
import itertools
import os
import stat
import sys
from pathlib import Path

import numpy as np
import pytest
from pictures import IPTC, SRGB_PROFILE, XMP, exif_block, photo, smooth
from profiles import ADOBE, gamma_curve, rgb_profile

from lama_desktop import formats
from lama_desktop.core.photo import ColorModel, Encoding, Metadata, Photo
from lama_desktop.errors import FileFormatError
from lama_desktop.formats import WriteOptions, atomic

SUFFIXES = (".jpg", ".png", ".tif", ".webp", ".avif", ".bmp")


def only(folder, *names):
    return sorted(path.name for path in folder.iterdir()) == sorted(names)


@pytest.mark.parametrize("call", ["fsync", "replace", "open"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EACCES])
def test_a_failed_save_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, call, number):
    path = tmp_path / "a.png"
    formats.write(photo(), path)
    before = path.read_bytes()

    def fail(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(atomic.os, call, fail)
    with pytest.raises(FileFormatError, match=r"a.png could not be saved.*The old file is untouched") as caught:
        formats.write(photo(depth=16), path)
    assert ("disk is full" in str(caught.value)) == (number == errno.ENOSPC)
    assert path.read_bytes() == before
    assert only(tmp_path, "a.png")


def test_a_defect_while_writing_is_not_taken_for_the_disk(tmp_path):
    path = tmp_path / "a.png"

    def write():
        with atomic.replacing(path) as file:
            file.write(b"half")
            raise ValueError("a defect")

    with pytest.raises(ValueError, match="a defect"):
        write()
    assert not list(tmp_path.iterdir())
    with pytest.raises(FileFormatError, match="could not be saved"):
        atomic.replace(tmp_path / "a\0.png", b"")


def test_an_interrupted_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    formats.write(photo(), path)
    before = path.read_bytes()

    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(atomic.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        formats.write(photo(depth=16), path)
    assert path.read_bytes() == before
    assert only(tmp_path, "a.png")


def test_the_new_file_is_flushed_before_it_replaces(tmp_path, monkeypatch):
    calls, real = [], (os.fsync, os.replace)
    monkeypatch.setattr(atomic.os, "fsync", lambda handle: (calls.append("fsync"), real[0](handle))[1])
    monkeypatch.setattr(atomic.os, "replace", lambda *names: (calls.append("replace"), real[1](*names))[1])
    formats.write(photo(), tmp_path / "a.png")
    assert calls == (["fsync", "replace", "fsync"] if os.name == "posix" else ["fsync", "replace"])


@pytest.mark.skipif(sys.platform == "win32", reason="modes and links of POSIX")
def test_mode_and_symbolic_link_are_kept(tmp_path):
    real, link = tmp_path / "real.png", tmp_path / "link.png"
    formats.write(photo(), real)
    real.chmod(0o640)
    link.symlink_to(real.name)
    formats.write(photo(depth=16), link)
    assert link.is_symlink()
    assert formats.read(real).depth == 16
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    dangling = tmp_path / "dangling.png"
    dangling.symlink_to("new.png")
    formats.write(photo(), dangling)
    assert (tmp_path / "new.png").is_file()
    loop = tmp_path / "loop.png"
    loop.symlink_to("loop.png")
    for use in (lambda: formats.write(photo(), loop), lambda: formats.read(loop)):
        with pytest.raises(FileFormatError, match=r"loop.png .* leads in a circle\. .*[Cc]hoose") as caught:
            use()
        assert "old file" not in str(caught.value)


def test_a_new_file_gets_the_mode_of_any_new_file(tmp_path):
    formats.write(photo(), tmp_path / "a.png")
    (tmp_path / "b").write_bytes(b"")
    assert (tmp_path / "a.png").stat().st_mode == (tmp_path / "b").stat().st_mode


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_and_file(tmp_path):
    formats.write(photo(), tmp_path / "a.png")
    (tmp_path / "a.png").chmod(0o444)
    with pytest.raises(FileFormatError, match="may not write"):
        formats.write(photo(), tmp_path / "a.png")
    tmp_path.chmod(0o555)
    with pytest.raises(FileFormatError, match="may not write"):
        formats.write(photo(), tmp_path / "b.png")
    tmp_path.chmod(0o755)


def test_places_where_no_file_can_be(tmp_path):
    (tmp_path / "folder.png").mkdir()
    for name in ("folder.png", "missing/a.png", "a.xyz", "a", "x" * 300 + ".png"):
        with pytest.raises(FileFormatError, match=name[-5:]) as caught:
            formats.write(photo(), tmp_path / name)
        assert "old file" not in str(caught.value)
    assert only(tmp_path, "folder.png")
    with pytest.raises(FileFormatError, match="so long a name"):
        formats.read(tmp_path / ("x" * 300 + ".png"))
    for name in ("folder.png", "missing.png"):
        with pytest.raises(FileFormatError, match=name):
            formats.read(tmp_path / name)


def test_the_longest_names_can_be_saved(tmp_path):
    path = tmp_path / ("ö" * 125 + ".png")
    formats.write(photo(), path)
    assert only(tmp_path, path.name)


def test_names_with_control_characters_are_escaped(tmp_path):
    path = tmp_path / "a\x1b[2J\nb.jpg"
    shown = r"a\\x1b\[2J\\nb"
    with pytest.raises(FileFormatError, match=shown):
        formats.read(path)
    with pytest.raises(FileFormatError, match=shown):
        formats.write(photo(), path.with_suffix(".xyz"))
    formats.write(photo(), tmp_path / "a.png")
    (tmp_path / "a.png").rename(path)
    [note] = formats.read(path).notes
    assert note == "The file holds a PNG picture, whatever its ending says (a\\x1b[2J\\nb.jpg)."
    (tmp_path / "c\n.png").write_bytes(b"junk")
    with pytest.raises(FileFormatError, match=r"c\\n.png is not a picture"):
        formats.read(tmp_path / "c\n.png")


def everything():
    """Yield photos of every kind with every kind of metadata."""
    full = Metadata(exif_block(), XMP, IPTC, b"hello", (("Title", "x"),), (), (("gAMA", (40000).to_bytes(4, "big")),))
    for model, alpha, depth in itertools.product(ColorModel, (False, True), (8, 16)):
        for profile, found in ((None, Metadata()), (SRGB_PROFILE if model is ColorModel.RGB else None, full)):
            yield dataclasses.replace(
                photo(model, alpha, depth, profile, "png"), metadata=found, resolution=(300.0, 300.0)
            )


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_losses_are_said_before_and_after(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    for given_photo in everything():
        said = formats.losses(given_photo, path)
        assert formats.write(given_photo, path) == said
        assert all(each.endswith(".") for each in said)
        back, words = formats.read(path), " ".join(said)
        assert (back.depth == given_photo.depth) != ("8 bits per channel" in words)
        assert (back.has_alpha == given_photo.has_alpha) != ("transparency" in words)
        assert (back.profile == given_photo.profile) or "profile" in words
        for field, word in (("exif", "EXIF"), ("xmp", "XMP"), ("iptc", "IPTC"), ("comment", "comment")):
            kept = bool(getattr(back.metadata, field)) >= bool(getattr(given_photo.metadata, field))
            kept = kept or (field == "comment" and ("Comment", "hello") in back.metadata.texts)
            assert kept != (word in words)
        assert (back.resolution == (300, 300)) != ("resolution" in words) or suffix == ".bmp"
        if given_photo.model is ColorModel.CMYK:
            assert (back.model is ColorModel.CMYK) != ("no CMYK" in words)


def test_colours_are_converted_where_no_profile_fits(tmp_path):
    given_photo = Photo(np.full((4, 4, 3), (0, 255, 0), np.uint8), profile=rgb_profile(ADOBE, gamma_curve(2.2)))
    given_photo = dataclasses.replace(given_photo, pixels=np.full((4, 4, 3), (120, 180, 90), np.uint8))
    assert any("converted to sRGB" in each for each in formats.write(given_photo, tmp_path / "a.bmp"))
    found = formats.read(tmp_path / "a.bmp").pixels[0, 0].astype(int)
    assert found[0] < 105
    assert abs(found[1] - 180) < 5


def test_transparency_becomes_white_in_jpeg(tmp_path):
    array = np.zeros((16, 16, 4), np.uint8)
    array[:, 8:] = (255, 0, 0, 255)
    formats.write(Photo(array, has_alpha=True), tmp_path / "a.jpg")
    found = formats.read(tmp_path / "a.jpg").pixels
    assert found[8, 2].min() > 245
    assert found[8, 13, 1] < 20


def test_sizes_in_the_metadata_follow_the_picture(tmp_path):
    packet = b'<a exif:PixelXDimension="4000" exif:PixelYDimension="3000"><tiff:ImageWidth>4000</tiff:ImageWidth></a>'
    thumbnails = b"<xmp:Thumbnails><rdf:Alt>old picture</rdf:Alt></xmp:Thumbnails>"
    found = Metadata(exif=exif_block(size=(4000, 3000)), xmp=packet + thumbnails)
    formats.write(Photo(smooth(), metadata=found), tmp_path / "a.jpg")
    back = formats.read(tmp_path / "a.jpg").metadata
    assert back.exif == exif_block(size=(64, 48))
    assert b'PixelXDimension="64" exif:PixelYDimension="48"><tiff:ImageWidth>64<' in back.xmp
    assert b"old picture" not in back.xmp


def test_too_wide_for_a_format(tmp_path):
    with pytest.raises(FileFormatError, match="16383 pixels per side"):
        formats.write(Photo(np.zeros((1, 20_000, 3), np.uint8)), tmp_path / "a.webp")


def test_the_default_suffix_is_the_sources(tmp_path):
    for suffix in SUFFIXES:
        formats.write(photo(), tmp_path / f"a{suffix}")
        assert formats.suffix_for(formats.read(tmp_path / f"a{suffix}")) == suffix
        assert formats.is_readable(tmp_path / f"A{suffix.upper()}")
    assert formats.suffix_for(Photo(smooth(), encoding=Encoding())) == ".png"
    assert not formats.is_readable(tmp_path / "a.txt")


def test_a_picture_that_is_there_in_two_kinds_counts_once():
    names = ["b.ora", "a.nef", "A/a.dng", "a.jpg", "c.heic", "b.TIF", "a.png", "notes.txt"]
    found = formats.pictures_among(Path(name) for name in names)
    assert [str(each) for each in found] == [str(Path("A/a.dng")), "a.jpg", "c.heic", "b.TIF", "a.png"]


def test_quality_and_lossless_change_the_output(tmp_path):
    random = Photo(np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8))
    for suffix in (".webp", ".avif"):
        sizes = []
        for quality in (10, 60, 95):
            formats.write(random, tmp_path / f"a{suffix}", WriteOptions(quality=quality))
            sizes.append((tmp_path / f"a{suffix}").stat().st_size)
        assert sizes == sorted(set(sizes))


class TestMask:
    """`read_mask`."""

    def test_kinds(self, tmp_path):
        wanted = np.array([[0, 255], [128, 77]], np.uint8)
        grey = wanted[..., None]
        for name, array, model in (
            ("grey8", grey, ColorModel.GREY),
            ("grey16", grey.astype(np.uint16) * 257, ColorModel.GREY),
            ("rgb", np.repeat(grey, 3, 2), ColorModel.RGB),
            ("rgb16", np.repeat(grey, 3, 2).astype(np.uint16) * 257, ColorModel.RGB),
        ):
            formats.write(Photo(array, model), tmp_path / f"{name}.png")
            assert formats.read_mask(tmp_path / f"{name}.png").tolist() == wanted.tolist()

    def test_alpha(self, tmp_path):
        alpha = np.array([[0, 255], [128, 77]], np.uint8)[..., None]
        for value in (0, 255):
            formats.write(
                Photo(np.concatenate([np.full_like(alpha, value), alpha], 2), ColorModel.GREY, True), tmp_path / "a.png"
            )
            assert formats.read_mask(tmp_path / "a.png").tolist() == alpha[..., 0].tolist()
        painted = np.array([[[255, 255], [255, 0]], [[0, 255], [0, 0]]], np.uint8)
        formats.write(Photo(painted, ColorModel.GREY, True), tmp_path / "a.png")
        assert formats.read_mask(tmp_path / "a.png").tolist() == [[255, 0], [0, 0]]
        formats.write(Photo(np.full((2, 2, 2), (0, 255), np.uint8), ColorModel.GREY, True), tmp_path / "a.png")
        assert not formats.read_mask(tmp_path / "a.png").any()

    def test_size(self, tmp_path):
        formats.write(Photo(np.zeros((4, 6, 1), np.uint8), ColorModel.GREY), tmp_path / "m.png")
        assert formats.read_mask(tmp_path / "m.png", (6, 4)).shape == (4, 6)
        with pytest.raises(FileFormatError, match=r"m.png has 6 × 4 pixels and the photo 7 × 4"):
            formats.read_mask(tmp_path / "m.png", (7, 4))
