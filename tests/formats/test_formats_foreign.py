"""Formats that are only read, by optional packages: camera raw and HEIC."""

import contextlib
import importlib
import io
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from foreign import dng_bytes, heic_bytes, tiff_structure
from pictures import XMP, exif_block, jpeg_bytes, photo, smooth
from profiles import P3, gamma_curve, rgb_profile

from lama_desktop import formats
from lama_desktop.core.color import SRGB, color_space
from lama_desktop.core.photo import ColorModel
from lama_desktop.core.profiles import profile_of
from lama_desktop.errors import FileFormatError
from lama_desktop.formats import exif
from lama_desktop.formats.heic import _named_profile

MUTATIONS = 60


@pytest.fixture
def heif():
    return pytest.importorskip("pillow_heif")


@pytest.fixture
def rawpy():
    return pytest.importorskip("rawpy")


@pytest.fixture
def read(tmp_path):
    def read(data, name):
        (tmp_path / name).write_bytes(data)
        return formats.read(tmp_path / name)

    return read


class TestRaw:
    @pytest.fixture(autouse=True)
    def _needs(self, rawpy):
        pass

    @pytest.mark.parametrize("order", "<>")
    def test_it_is_developed(self, read, order):
        found = read(dng_bytes(order=order), "a.dng")
        assert (found.size, found.depth, found.has_alpha) == ((64, 48), 16, False)
        assert color_space(ColorModel.RGB, found.profile) is SRGB
        assert found.profile
        left, right = found.pixels[10:-10, 5:25], found.pixels[10:-10, 40:-5]
        assert left[..., 0].min() > 2 * left[..., 2].max()
        assert right[..., 2].min() > 2 * right[..., 0].max()
        assert left[-1, :, 0].mean() > left[0, :, 0].mean()
        assert found.resolution == (300.0, 300.0)
        assert found.notes == (
            "The raw file was developed plainly: white balance of the camera, 16 bit, no brightening (a.dng).",
        )

    def test_it_is_upright_and_says_so(self, read):
        found = read(dng_bytes(orientation=6), "a.dng")
        assert found.size == (48, 64)
        assert exif.orientation(found.metadata.exif) == 1
        assert b"Camera Works" in found.metadata.exif

    @pytest.mark.parametrize("name", ["a.jpg", "a.tif", "a"])
    def test_it_is_told_by_its_content(self, tmp_path, name):
        (tmp_path / name).write_bytes(dng_bytes())
        assert formats.recognise(tmp_path / name).name == "raw"
        assert formats.read(tmp_path / name).depth == 16

    def test_a_sensor_in_a_sub_directory(self):
        inner = tiff_structure([{262: (3, [32803])}])
        place = 8 + 2 + 2 * 12 + 4
        outer = tiff_structure([{254: (4, [1]), 330: (4, [place])}])
        assert formats.raw.is_raw(outer + inner[8:])
        assert not formats.raw.is_raw(outer)
        assert not formats.raw.is_raw(b"II*\0")

    def test_a_plain_tiff_is_not_raw(self, tmp_path):
        formats.write(photo(), tmp_path / "a.tif")
        assert formats.recognise(tmp_path / "a.tif").name == "tiff"

    def test_a_plain_tiff_that_claims_to_be_raw(self, tmp_path):
        formats.write(photo(), tmp_path / "a.tif")
        (tmp_path / "a.tif").rename(tmp_path / "a.nef")
        with pytest.raises(FileFormatError, match=r"a\.nef"):
            formats.read(tmp_path / "a.nef")

    def test_a_file_that_ends_early_is_no_black_picture(self, read):
        tags = {279: (4, [2 * 64 * 48 + 8000])}
        with pytest.raises(FileFormatError, match=r"a\.dng cannot be read: the file ends early"):
            read(dng_bytes(tags=tags), "a.dng")

    def test_what_the_preview_tells(self, rawpy):
        data = jpeg_bytes(smooth(), exif=b"Exif\0\0" + exif_block())
        preview = SimpleNamespace(format=rawpy.ThumbFormat.JPEG, data=data)
        assert formats.raw._of_preview(SimpleNamespace(extract_thumb=lambda: preview), rawpy).exif == exif_block()
        preview.data = data[:30]
        assert formats.raw._of_preview(SimpleNamespace(extract_thumb=lambda: preview), rawpy).exif is None

    def test_it_leaves_as_tiff(self, read, tmp_path):
        found = read(dng_bytes(), "a.dng")
        assert formats.suffix_for(found) == ".tif"
        assert formats.written_as(formats.recognise(tmp_path / "a.dng")).name == "tiff"
        assert not formats.write(found, tmp_path / "b.tif")
        again = formats.read(tmp_path / "b.tif")
        assert np.array_equal(again.pixels, found.pixels)
        assert again.profile == found.profile
        assert any("with loss" in each for each in formats.losses(found, tmp_path / "b.jpg"))
        with pytest.raises(FileFormatError, match="ending"):
            formats.write(found, tmp_path / "c.dng")

    def test_the_budget_comes_first(self, read, monkeypatch):
        monkeypatch.setenv("LAMA_DESKTOP_MAX_MEGAPIXELS", "0.003")
        with pytest.raises(FileFormatError, match=r"a\.dng has 64 × 48"):
            read(dng_bytes(), "a.dng")

    def test_another_color_space_is_not_told_any_more(self):
        block = exif.build("<", [], {exif.EXIF_POINTER: [exif.Field(0xA001, 3, b"\xff\xff")]})
        found = exif.Structure(exif.in_srgb(block))
        inside = found.directory(found.number(found.directory(found.first), exif.EXIF_POINTER))
        assert found.number(inside, 0xA001) == 1


class TestHeic:
    @pytest.fixture(autouse=True)
    def _needs(self, heif):
        pass

    def test_everything_comes_along(self, read, heif):
        picture, profile = smooth(size=(80, 60)), rgb_profile(P3, gamma_curve(2.2))
        data = heic_bytes(heif, picture, exif=b"Exif\0\0" + exif_block(), xmp=XMP, icc_profile=profile)
        found = read(data, "a.heic")
        assert (found.size, found.depth, found.model, found.has_alpha) == ((80, 60), 8, ColorModel.RGB, False)
        assert np.abs(found.pixels.astype(int) - picture).max() <= 3
        assert found.profile == profile
        assert found.metadata.xmp == XMP
        assert found.metadata.exif == exif_block()
        assert found.resolution == (300.0, 300.0)
        assert found.notes == ()

    def test_the_turn_is_applied_once(self, read, heif):
        picture = smooth(size=(80, 60))
        found = read(heic_bytes(heif, picture, exif=b"Exif\0\0" + exif_block(orientation=6)), "a.heic")
        assert found.size == (60, 80)
        assert np.abs(found.pixels.astype(int) - np.rot90(picture, -1)).max() <= 3
        assert exif.orientation(found.metadata.exif) == 1

    def test_ten_bits_stay(self, read, heif):
        ramp = np.repeat(np.linspace(0, 65535, 1024).astype(np.uint16)[None, :, None], 64, axis=0).repeat(3, axis=2)
        found = read(heic_bytes(heif, ramp, quality=-1), "a.heic")
        assert found.depth == 16
        assert found.pixels.max() == 65535
        assert np.abs(found.pixels.astype(int) - ramp).max() <= 300
        assert len(np.unique(found.pixels[0, :, 1])) > 800

    def test_alpha_and_grey(self, read, heif):
        alpha = np.repeat(np.arange(80, dtype=np.uint8)[None, :, None], 60, axis=0)
        found = read(heic_bytes(heif, np.dstack([smooth(size=(80, 60)), alpha])), "a.heic")
        assert found.has_alpha
        assert np.abs(found.pixels[..., 3:].astype(int) - alpha).max() <= 3
        found = read(heic_bytes(heif, smooth(ColorModel.GREY, (80, 60))), "a.heic")
        assert (found.model, found.pixels.shape) == (ColorModel.GREY, (60, 80, 1))

    def test_the_main_picture_of_several(self, read, heif):
        file = heif.from_bytes("RGB", (64, 48), smooth().tobytes())
        file.add_frombytes("RGB", (64, 48), smooth()[::-1].copy().tobytes())
        out = io.BytesIO()
        file.save(out, quality=95, primary_index=1)
        found = read(out.getvalue(), "a.heic")
        assert found.notes == ("The file holds 2 pictures: only the main one was opened (a.heic).",)
        assert np.abs(found.pixels.astype(int) - smooth()[::-1]).mean() < 3

    def test_colors_that_are_named_by_numbers(self):
        assert _named_profile({}) == (None, [])
        assert _named_profile({"color_primaries": 1, "transfer_characteristics": 13}) == (None, [])
        p3 = profile_of("Display P3")
        assert _named_profile({"color_primaries": 12, "transfer_characteristics": 13}) == (p3, [])
        assert _named_profile({"color_primaries": 12, "transfer_characteristics": 1}) == (p3, [])
        assert "HDR" in _named_profile({"color_primaries": 9, "transfer_characteristics": 16})[1][0]

    def test_it_leaves_as_jpeg(self, read, heif, tmp_path):
        found = read(heic_bytes(heif, smooth()), "a.heic")
        assert formats.suffix_for(found) == ".jpg"
        assert formats.written_as(formats.recognise(tmp_path / "a.heic")).name == "jpeg"

    def test_the_budget_comes_first(self, read, heif, monkeypatch):
        monkeypatch.setenv("LAMA_DESKTOP_MAX_MEGAPIXELS", "0.003")
        with pytest.raises(FileFormatError, match=r"a\.heic has 64 × 48"):
            read(heic_bytes(heif, smooth()), "a.heic")


def attempt(read, data, name):
    """Read a file; a photo has to be sane and an error ours."""
    with contextlib.suppress(FileFormatError):
        found = read(data, name)
        assert found.pixels.shape[2] == found.model.channels + found.has_alpha


@pytest.mark.parametrize("name", ["a.dng", "a.heic"])
def test_mutated_files_never_surprise(read, name, capfd):
    if name == "a.heic":
        data = heic_bytes(pytest.importorskip("pillow_heif"), smooth(), exif=b"Exif\0\0" + exif_block(), xmp=XMP)
    else:
        pytest.importorskip("rawpy")
        data = dng_bytes()
    random = np.random.default_rng(len(data))
    for number in range(MUTATIONS):
        changed = bytearray(data)
        for _ in range(1 + number % 5):
            where = int(random.integers(0, min(len(data), 900) if number % 2 else len(data)))
            if number % 3:
                changed[where] = int(random.choice([0, 1, 127, 255, random.integers(0, 256)]))
            else:
                del changed[where : where + int(random.integers(1, 40))]
        attempt(read, bytes(changed), name)
    for share in (0.1, 0.5, 0.9):
        attempt(read, data[: int(len(data) * share)], name)
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(
    ("data", "name", "package", "extra"),
    [
        (dng_bytes(), "a.dng", "rawpy", "raw"),
        (b"\0\0\0\x18ftypheic" + bytes(30), "a.heic", "pillow_heif", "heic"),
        (b"FUJIFILMCCD-RAW " + bytes(30), "a.raf", "rawpy", "raw"),
        (b"\0\0\0\x18ftypcrx " + bytes(30), "a.jpg", "rawpy", "raw"),
    ],
)
def test_one_sentence_says_what_is_missing(read, monkeypatch, data, name, package, extra):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(FileFormatError) as caught:
        read(data, name)
    assert str(caught.value).endswith(f'pip install "lama-desktop[{extra}]".')
    assert name in str(caught.value)


def test_nothing_is_imported_before_such_a_file_is_opened():
    code = "import sys; from lama_desktop import formats; sys.exit(bool({'rawpy', 'pillow_heif'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_names_that_can_be_read_and_names_that_can_be_written(tmp_path):
    for suffix in (".heic", ".HEIF", ".dng", ".NEF"):
        assert formats.is_readable(tmp_path / f"a{suffix}")
        assert not formats.is_writable(tmp_path / f"a{suffix}")
    assert formats.is_writable(tmp_path / "a.jpg")
    known = {each.name for each in formats.FORMATS}
    assert {formats.written_as(each).name for each in formats.FOREIGN} <= known
    assert all(importlib.util.find_spec(f"lama_desktop.formats.{each.name}") for each in formats.FOREIGN)


def test_a_preview_tells_what_the_camera_wrote():
    found = formats.jpeg.described(jpeg_bytes(smooth(), exif=b"Exif\0\0" + exif_block()))
    assert found.exif == exif_block()
