"""Recent files have small pictures, which never harm a file and are gone when they are of no use."""

import os

import numpy as np
import pytest
from PIL import Image as PillowImage
from window import noise, write_photo

from lama_desktop.core.document import Document
from lama_desktop.core.exchange import facts_of, opened
from lama_desktop.core.photo import ColorModel, Photo
from lama_desktop.settings import Settings
from lama_desktop.ui import recent as recent_files
from lama_desktop.ui.recent import SIDE, Recent


@pytest.fixture
def settings(tmp_path):
    return Settings(None, {})


@pytest.fixture
def recent(application, tmp_path, settings):
    return Recent(settings, tmp_path / "small")


def test_a_document_looks_like_its_photo(recent, tmp_path):
    """Grey, colour and CMYK, 8 and 16 bit, more and less than the picture has pixels."""
    for model, channels in ((ColorModel.GREY, 1), (ColorModel.RGB, 3), (ColorModel.CMYK, 4)):
        for dtype, width in ((np.uint8, 3200), (np.uint16, 60)):
            photo = Photo(noise(width, width // 3 * 2, channels=channels, dtype=dtype), model)
            recent.keep_thumbnail(tmp_path / "a", photo)
            recent.keep_look(tmp_path / "b", opened(photo, ""), facts_of(photo))
            first, second = (
                np.asarray(PillowImage.open(recent.thumbnail(tmp_path / name)), float) for name in ("a", "b")
            )
            assert first.shape == second.shape
            assert first.shape[1:] == (min(SIDE, width), 3)
            assert np.abs(first - second).mean() < 8, "inks are averaged as inks, layers as sRGB"


def test_pictures_of_files_that_are_being_opened_stay(recent, settings, tmp_path):
    paths = [write_photo(tmp_path / f"{number}.png") for number in range(20)]
    for path in paths:
        recent.keep_thumbnail(path, Photo(noise()))
    for path in paths:
        recent.add(path)
        assert recent.thumbnail(path) is not None
    kept = [path for path in paths if recent.thumbnail(path) is not None]
    assert kept == paths[-recent_files.MOST :], "those that left the list have none any more"


def test_a_picture_is_there_whole_or_not_at_all(recent, tmp_path, monkeypatch):
    path = write_photo(tmp_path / "a.png")
    recent.keep_thumbnail(path, Photo(noise()))
    before = recent.thumbnail(path).read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    recent.keep_thumbnail(path, Photo(noise(seed=2)))
    assert recent.thumbnail(path).read_bytes() == before
    assert len(list((tmp_path / "small").iterdir())) == 1


def test_what_is_left_of_an_earlier_start_goes(recent, settings, tmp_path):
    listed, stray = (write_photo(tmp_path / name) for name in ("a.png", "b.png"))
    for path in (listed, stray):
        recent.keep_thumbnail(path, Photo(noise()))
    recent.add(listed)
    again = Recent(settings, tmp_path / "small")
    assert again.thumbnail(listed) is not None
    assert again.thumbnail(stray) is None


def test_a_defect_of_a_small_picture_is_only_noted(recent, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(recent_files, "shrunk", lambda *_: np.empty(1 << 62))
    document = Document(Photo(noise()), None, opened(Photo(noise()), ""))
    recent.keep_look(tmp_path / "a.png", document.stack, document.facts)
    assert recent.thumbnail(tmp_path / "a.png") is None
    assert "No thumbnail of a.png" in caplog.text
