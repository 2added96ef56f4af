"""Files through an engine: what is read, what is written, and in which order things may go wrong."""

import dataclasses
import threading

import numpy as np
import pytest
from PIL import Image as PillowImage

from lama_desktop import formats
from lama_desktop.batch import removal
from lama_desktop.core.photo import ColorModel, Metadata, Photo
from lama_desktop.engine.engine import Engine
from lama_desktop.engine.options import EngineOptions
from lama_desktop.errors import Cancelled, FileFormatError, SettingsError
from lama_desktop.networks.generators import RegularConfig, build_generator
from lama_desktop.progress import Progress


class Grey:
    """A model that fills with middle grey; it may do something else first."""

    smallest, device, copies = 16, "fake", False

    def __init__(self, before=None):
        self.before = before

    def largest(self, *_):
        return 256

    def retreat(self):
        return False

    def fill(self, image, hole, progress, *_):
        if self.before:
            self.before()
        progress(0.5)
        return np.full_like(image, 0.5)


def engine(before=None):
    return Engine(Grey(before), EngineOptions(grow=0, feather=0))


@pytest.fixture
def source(tmp_path):
    photo = Photo(
        np.full((40, 50, 3), 65535, np.uint16), resolution=(300.0, 300.0), metadata=Metadata(texts=(("a", "b"),))
    )
    formats.write(photo, tmp_path / "photo.png")
    return tmp_path / "photo.png"


@pytest.fixture
def mask(tmp_path):
    coverage = np.zeros((40, 50), np.uint8)
    coverage[10:20, 10:20] = 255
    PillowImage.fromarray(coverage).save(tmp_path / "mask.png")
    return tmp_path / "mask.png"


def test_a_file_is_filled_and_the_rest_of_it_kept(source, mask, tmp_path):
    done = removal.inpaint_file(source, mask, tmp_path / "out.png", engine())
    assert done.output == tmp_path / "out.png"
    assert done.notes == ()
    assert len(done.windows) == 1
    assert set(done.seconds) == {"read", "fill", "write"}
    result = formats.read(tmp_path / "out.png")
    assert np.array_equal(result.pixels, done.photo.pixels)
    assert (result.pixels[10:20, 10:20] == 32768).all()
    assert (result.pixels[20:] == 65535).all()
    assert (result.resolution, result.metadata.texts) == ((300.0, 300.0), (("a", "b"),))


def test_what_reading_and_writing_had_to_change_is_told(source, mask, tmp_path):
    PillowImage.fromarray(np.zeros((40, 50), np.uint8)).convert("P").save(tmp_path / "palette.png")
    done = removal.inpaint_file(tmp_path / "palette.png", mask, tmp_path / "out.jpg", engine())
    assert [note.split()[0] for note in done.notes] == ["The", "JPEG"]


def test_progress_moves_from_reading_to_the_end(source, mask, tmp_path):
    told = []
    progress = Progress(lambda fraction, text: told.append((fraction, text)))
    removal.inpaint_file(source, mask, tmp_path / "out.png", engine(), progress=progress)
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0, 1)
    assert told[0][1] == "reading photo.png"
    assert "writing out.png" in [text for _, text in told]


def test_cancelling_writes_nothing(source, mask, tmp_path):
    progress = Progress()
    with pytest.raises(Cancelled):
        removal.inpaint_file(source, mask, tmp_path / "out.png", engine(progress.cancel), progress=progress)
    assert {path.name for path in tmp_path.iterdir()} == {"photo.png", "mask.png"}


@pytest.mark.parametrize("long", ["decode", "encoded"])
def test_a_codec_that_takes_long_is_not_waited_for(source, mask, tmp_path, monkeypatch, long):
    gate, progress = threading.Event(), Progress()
    quick = getattr(formats, long)

    def slow(*arguments):
        progress.cancel()
        gate.wait(60)
        return quick(*arguments)

    monkeypatch.setattr(formats, long, slow)
    try:
        with pytest.raises(Cancelled):
            removal.inpaint_file(source, mask, tmp_path / "out.png", engine(), progress=progress)
    finally:
        gate.set()
    assert {path.name for path in tmp_path.iterdir()} == {"photo.png", "mask.png"}


@pytest.mark.parametrize("name", ["absent/out.png", "out.gif", "out"])
@pytest.mark.parametrize("which", ["output", "sheet"])
def test_where_nothing_can_be_written_nothing_is_done(source, mask, tmp_path, name, which):
    places = {"output": tmp_path / "out.png", "sheet": None} | {which: tmp_path / name}

    def never():
        raise AssertionError

    with pytest.raises(FileFormatError):
        removal.inpaint_file(source, mask, places["output"], engine(never), sheet=places["sheet"])
    assert {path.name for path in tmp_path.iterdir()} == {"photo.png", "mask.png"}


@pytest.mark.parametrize("name", ["sample_from", "avoid"])
@pytest.mark.parametrize("place", ["output", "sheet"])
def test_a_mask_that_says_where_to_copy_from_is_not_written_over(source, mask, tmp_path, name, place):
    other = tmp_path / "other.png"
    other.write_bytes(mask.read_bytes())
    places = {"output": tmp_path / "out.png", "sheet": None} | {place: other}
    with pytest.raises(SettingsError, match=r"other\.png is the mask itself"):
        removal.inpaint_file(source, mask, places["output"], engine(), sheet=places["sheet"], **{name: other})
    assert other.read_bytes() == mask.read_bytes()


@pytest.mark.parametrize(
    ("model", "alpha", "dtype"),
    [("rgb", False, np.uint8), ("rgb", True, np.uint16), ("grey", False, np.uint16), ("cmyk", False, np.uint8)],
)
def test_a_sheet_of_any_picture_is_eight_bit_srgb(tmp_path, model, alpha, dtype):
    model = ColorModel(model)
    photo = Photo(np.full((2000, 1000, model.channels + alpha), np.iinfo(dtype).max // 4, dtype), model, alpha)
    formats.write(photo, tmp_path / "photo.tif")
    coverage = np.zeros((2000, 1000), np.uint8)
    coverage[10:20, 10:20] = 255
    PillowImage.fromarray(coverage).save(tmp_path / "mask.png")
    removal.inpaint_file(
        tmp_path / "photo.tif", tmp_path / "mask.png", tmp_path / "out.tif", engine(), sheet=tmp_path / "sheet.jpg"
    )
    sheet = formats.read(tmp_path / "sheet.jpg")
    assert sheet.size == (2 * 450 + 3 * 16, removal.SHEET_HEIGHT + 2 * 16)
    assert (sheet.model, sheet.depth, sheet.profile) == (ColorModel.RGB, 8, None)


class TestMasks:
    @pytest.fixture
    def path(self, tmp_path):
        values = np.tile(np.array([0, 1, 127, 128, 255], np.uint8), (3, 1))
        PillowImage.fromarray(values).save(tmp_path / "mask.png")
        return tmp_path / "mask.png"

    def test_cut_in_the_middle_or_soft(self, path):
        assert removal.read_mask(path, (5, 3))[0].tolist() == [0, 0, 0, 255, 255]
        assert removal.read_mask(path, (5, 3), soft=True)[0].tolist() == [0, 1, 127, 128, 255]

    def test_nothing_to_remove(self, tmp_path):
        PillowImage.new("L", (5, 3), 127).save(tmp_path / "mask.png")
        with pytest.raises(FileFormatError, match=r"mask\.png removes nothing"):
            removal.read_mask(tmp_path / "mask.png", (5, 3))

    def test_another_size(self, path):
        with pytest.raises(FileFormatError, match=r"5 × 3 .* 6 × 3"):
            removal.read_mask(path, (6, 3))


class TestAsPublished:
    @pytest.fixture
    def network(self):
        return build_generator(RegularConfig(width=8, blocks=1)).eval()

    @pytest.mark.parametrize(("model", "alpha"), [("grey", False), ("grey", True), ("rgb", True)])
    def test_pictures_become_rgb_as_in_the_script(self, network, model, alpha):
        model = ColorModel(model)
        pixels = np.random.default_rng(0).integers(0, 256, (33, 41, model.channels + alpha), dtype=np.uint8)
        coverage = np.zeros((33, 41), np.uint8)
        coverage[5:9, 5:9] = 1
        photo = Photo(pixels, model, alpha, profile=b"profile")
        result = removal.inpaint_photo_as_published(photo, coverage, network, Progress())
        assert result.pixels.shape == (33, 41, 3)
        assert (result.model, result.has_alpha) == (ColorModel.RGB, False)
        assert result.profile == (b"profile" if model is ColorModel.RGB else None)
        colors = np.broadcast_to(pixels[..., : model.channels], (33, 41, 3))
        assert np.array_equal(result.pixels[coverage == 0], colors[coverage == 0])

    def test_cmyk_is_refused(self, network):
        photo = Photo(np.zeros((33, 41, 4), np.uint8), ColorModel.CMYK)
        with pytest.raises(FileFormatError, match="CMYK"):
            removal.inpaint_photo_as_published(photo, np.ones((33, 41), np.uint8), network, Progress())


def test_the_photo_itself_is_not_touched(source, mask):
    photo = formats.read(source)
    before = photo.pixels.copy()
    result = removal.inpaint_photo(photo, removal.read_mask(mask, photo.size), engine(), Progress())
    assert np.array_equal(photo.pixels, before)
    assert dataclasses.replace(result, pixels=photo.pixels).__dict__ == photo.__dict__
