"""Expected seconds: of the mask as it is, after it has been still, under the presets."""

import numpy as np
import pytest
from window import write_photo

from lama_desktop.core import masking
from lama_desktop.core.commands import PixelEdit
from lama_desktop.core.document import Document
from lama_desktop.core.geometry import Rect
from lama_desktop.core.photo import Photo
from lama_desktop.engine.estimate import Estimate, expected_of_presets, learn
from lama_desktop.engine.options import EngineOptions, Preset
from lama_desktop.ui.expectation import Expectation
from lama_desktop.ui.jobs import JobRunner
from lama_desktop.ui.panels.expected_row import ExpectedRow


@pytest.fixture
def expectation():
    runner = JobRunner()
    made = Expectation(runner)
    made.suppose("starter", EngineOptions())
    made.found = []
    made.changed.connect(made.found.append)
    yield made
    made.follow(None)
    assert runner.shutdown()


@pytest.fixture
def document():
    return Document(Photo(np.full((900, 1200, 3), 200, np.uint8)))


def paint(document, rect):
    with PixelEdit("Brush", document, document.mask) as edit, edit.writing(rect) as pixels:
        pixels[...] = 255


def test_it_follows_the_mask_when_that_is_still(expectation, document, until):
    expectation.follow(document)
    until(lambda: expectation.found == [{}])
    paint(document, Rect(300, 300, 400, 400))
    paint(document, Rect(300, 300, 800, 800))
    until(lambda: len(expectation.found) == 2)
    assert expectation.found[1] == expected_of_presets(document.mask.coverage > 0, "starter", EngineOptions())
    masking.clear(document)
    until(lambda: expectation.found[-1] == {})
    assert len(expectation.found) == 3


def test_it_waits_for_the_end_of_a_stroke(expectation, document, until):
    expectation.follow(document)
    until(lambda: expectation.found == [{}])
    with PixelEdit("Brush", document, document.mask) as edit:
        with edit.writing(Rect(10, 10, 90, 90)) as pixels:
            pixels[...] = 255
        expectation._ask()
        assert expectation._job is None
    until(lambda: len(expectation.found) == 2)


def test_other_options_are_expected_at_once(expectation, document, until):
    paint(document, Rect(300, 300, 400, 400))
    expectation.follow(document)
    until(lambda: len(expectation.found) == 1)
    expectation.suppose("big-lama", EngineOptions(texture=False))
    until(lambda: len(expectation.found) == 2)
    assert expectation.found[0] != expectation.found[1]


def test_the_row_says_which_are_guesses_and_keeps_its_height(application):
    row = ExpectedRow()
    height = row.sizeHint().height()
    row.show_estimates({Preset.DRAFT: Estimate(1.24, True), Preset.NORMAL: Estimate(12.4, False)})
    assert row.texts == ("1.2 s", "≈ 12 s")
    assert "Draft: 1.2 s\nNormal: about 12 s\n" in row.toolTip()
    assert row.accessibleDescription() == "Draft: 1.2 s, Normal: about 12 s"
    assert row.sizeHint().height() == height
    row.show_estimates({})
    assert (row.texts, row.toolTip()) == ((), "")


def test_the_panel_shows_it_for_the_photo_in_front(app, opened, tmp_path, until):
    learn("starter", EngineOptions(), work=1e6, seconds=3.0)
    opened(write_photo(tmp_path / "photo.png"))
    row = app.window.engine.expected
    assert row.texts == ()
    app.hand.drag((100, 100), (140, 100))
    until(lambda: len(row.texts) == 3)
    assert not row.texts[1].startswith("≈")
    opened(write_photo(tmp_path / "other.png"))
    until(lambda: row.texts == ())
