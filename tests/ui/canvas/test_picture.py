"""Picture: what is drawn is what is there, at every zoom, turn and scale, whichever rectangle is asked for."""

import numpy as np
import pytest
from conftest import photo
from PySide6.QtGui import QColor, QImage, QPainter

from lama_desktop.core import masking
from lama_desktop.core.commands import PixelEdit
from lama_desktop.core.document import Document
from lama_desktop.core.geometry import Rect
from lama_desktop.ui.canvas.picture import Picture
from lama_desktop.ui.canvas.qimage import to_array
from lama_desktop.ui.canvas.viewport import Viewport

SCREEN = Rect(0, 0, 400, 300)
SURROUND = (10, 20, 30)


class Seen:
    """A document seen through a viewport, as an array."""

    def __init__(self, document):
        self.document, self.view = document, Viewport(document.size)
        self.view.resize((SCREEN.width, SCREEN.height))
        self.picture = Picture(document, self.view)
        self.picture.surround = QColor(*SURROUND)
        self.picture.grid_shown = False

    def pixels(self, *rects, original=False):
        image = QImage(SCREEN.width, SCREEN.height, QImage.Format.Format_RGB32)
        image.fill(QColor(1, 2, 3))
        painter = QPainter(image)
        try:
            for rect in rects or (SCREEN,):
                assert self.picture.refresh(rect, original=original)
                self.picture.draw(painter, rect, original=original)
        finally:
            painter.end()
        return to_array(image)[..., :3].astype(int)


@pytest.fixture
def document(application):
    return Document(photo())


@pytest.fixture
def seen(document):
    return Seen(document)


def rgb(document):
    return document.photo().pixels[..., :3].astype(int)


def test_at_100_percent_every_pixel_is_itself(seen, document):
    seen.view.zoom_to(1.0)
    left, top = (int(each) for each in seen.view.to_screen(0, 0))
    found = seen.pixels()
    np.testing.assert_array_equal(found[top : top + 200, left : left + 300], rgb(document))
    assert (found[: top - 1] == SURROUND).all()
    assert (found[top : top + 200, left + 300 :] == SURROUND).all()


@pytest.mark.parametrize("zoom", [2.0, 3.0, 8.0])
def test_magnified_pixels_are_squares(seen, document, zoom):
    seen.view.zoom_to(zoom)
    x, y = (int(each) for each in seen.view.to_document(5, 5))
    left, top = (int(each) for each in seen.view.to_screen(x + 1, y + 1))
    across, down = int((400 - left) // zoom), int((300 - top) // zoom)
    expected = rgb(document)[y + 1 : y + 1 + down, x + 1 : x + 1 + across].repeat(int(zoom), 0).repeat(int(zoom), 1)
    found = seen.pixels()[top : top + expected.shape[0], left : left + expected.shape[1]]
    np.testing.assert_array_equal(found, expected)


def test_what_is_seen_smaller_is_the_mean(application):
    smooth = np.linspace(0, 255, 1600)[None, :, None].repeat(1200, 0).repeat(3, 2)
    seen = Seen(Document(photo_of(smooth)))
    found = seen.pixels()
    assert seen.view.zoom == 0.25
    np.testing.assert_allclose(found[150, :, 0], smooth[0, :, 0].reshape(400, 4).mean(1), atol=1.5)


def photo_of(values):
    from lama_desktop.core.photo import Photo

    return Photo(np.rint(values).astype(np.uint8))


VIEWS = {
    "fit": lambda view: view.fit(),
    "100 %": lambda view: view.zoom_to(1.0),
    "smaller": lambda view: view.zoom_to(0.37),
    "larger": lambda view: view.zoom_to(1.4),
    "squares": lambda view: view.zoom_to(5.3),
    "squares with lines": lambda view: view.zoom_to(9.7),
    "turned": lambda view: view.turn(30),
    "on its side": lambda view: (view.zoom_to(1.0), view.turn(90)),
    "mirrored": lambda view: (view.mirror(), view.zoom_to(0.8)),
}


@pytest.mark.parametrize("name", VIEWS)
def test_it_does_not_matter_in_which_parts_it_is_drawn(seen, document, name):
    masking.replace(document, "Test", Rect(50, 40, 150, 120), np.full((80, 100), 180, np.uint8))
    VIEWS[name](seen.view)
    seen.picture.grid_shown = True
    whole = seen.pixels()
    parts = [Rect(x, y, min(x + 37, 400), min(y + 53, 300)) for x in range(0, 400, 37) for y in range(0, 300, 53)]
    # OpenCV rounds places to 1/1024 of a pixel: a few steps, in lively pixels.
    assert np.abs(seen.pixels(*parts) - whole).max() <= (
        0 if name in ("100 %", "squares", "squares with lines", "on its side") else 12
    )


@pytest.mark.parametrize("name", VIEWS)
def test_every_pixel_of_the_screen_shows_the_pixel_at_its_place(application, name):
    """A mask or a picture one pixel off is on labelme's list."""
    y, x = np.mgrid[0:200, 0:300]
    seen = Seen(Document(photo_of(np.dstack([x * 0.8, y * 1.2, 128 + 0 * x]))))
    VIEWS[name](seen.view)
    found, inside = seen.pixels(), 0
    for left in range(3, 400, 11):
        for top in range(3, 300, 13):
            at_x, at_y = seen.view.to_document(left + 0.5, top + 0.5)
            if 2 < at_x < 298 and 2 < at_y < 198:
                inside += 1
                assert found[top, left, 0] == pytest.approx((at_x - 0.5) * 0.8, abs=2)
                assert found[top, left, 1] == pytest.approx((at_y - 0.5) * 1.2, abs=2)
    assert inside > 20


@pytest.mark.parametrize("name", VIEWS)
def test_the_mask_lies_on_its_pixels(seen, document, name):
    box = Rect(100, 60, 180, 130)
    masking.replace(document, "Test", box, np.full((box.height, box.width), 255, np.uint8))
    VIEWS[name](seen.view)
    masked = seen.pixels()
    seen.picture.mask_shown = False
    differs = (masked != seen.pixels()).any(2)
    for left in range(400):
        for top in range(0, 300, 7):
            x, y = seen.view.to_document(left + 0.5, top + 0.5)
            edge = max(1.0, 1.6 / seen.view.zoom)
            if 100 + edge < x < 180 - edge and 60 + edge < y < 130 - edge:
                assert differs[top, left]
            elif not (100 - edge < x < 180 + edge and 60 - edge < y < 130 + edge):
                assert not differs[top, left]
    assert differs.any()


def test_the_mask_has_its_colour_and_strength(seen, document):
    masking.replace(document, "Test", Rect(0, 0, 300, 200), np.full((200, 300), 128, np.uint8))
    seen.picture.mask_color, seen.picture.mask_opacity = QColor(0, 0, 255), 0.8
    seen.view.zoom_to(1.0)
    left, top = (int(each) for each in seen.view.to_screen(0, 0))
    weight = 0.8 * 128 / 255
    expected = rgb(document) * (1 - weight) + np.array([0, 0, 255]) * weight
    np.testing.assert_allclose(seen.pixels()[top : top + 200, left : left + 300], expected, atol=2)


@pytest.mark.parametrize("width", [1, 2])
def test_a_light_and_a_dark_line_go_along_the_mask_s_edge(application, width):
    """A red mask on red things would not be seen."""
    seen = Seen(Document(photo_of(np.full((200, 300, 3), (255, 64, 96)))))
    box = Rect(100, 60, 180, 130)
    masking.replace(seen.document, "Test", box, np.full((box.height, box.width), 255, np.uint8))
    seen.view.zoom_to(1.0)
    seen.picture.outline = width
    left, top = (int(each) for each in seen.view.to_screen(box.left, box.top))
    found = seen.pixels()
    row = found[top + 20, :, 0]
    assert (row[left - width : left] < 130).all()
    assert (found[top + 20, left : left + width] > 180).all()
    assert (found[top + 20, left + width : left + 40] == (255, 64, 96)).all(), "the mask itself is invisible here"
    assert (found[top + 20, left - width - 5 : left - width] == (255, 64, 96)).all()
    seen.picture.outline = 0
    assert (seen.pixels()[top + 20, left - 5 : left + 5] == (255, 64, 96)).all()


def test_an_edit_is_seen_after_its_part_is_refreshed(seen, document):
    seen.view.zoom_to(1.0)
    seen.pixels()
    with PixelEdit("Paint", document, document.layers[0]) as edit, edit.writing(Rect(10, 10, 20, 20)) as pixels:
        pixels[..., :3] = 7
    left, top = (int(each) for each in seen.view.to_screen(10, 10))
    assert (seen.pixels()[top : top + 10, left : left + 10] == 7).all()


def test_the_original_is_seen_without_edits_and_mask(seen, document):
    seen.view.zoom_to(1.0)
    before = seen.pixels()
    masking.select_all(document)
    with PixelEdit("Paint", document, document.layers[0]) as edit, edit.writing(document.rect) as pixels:
        pixels[..., :3] = 7
    assert (seen.pixels() != before).any()
    np.testing.assert_array_equal(seen.pixels(original=True), before)
    seen.picture.forget_original()
    np.testing.assert_array_equal(seen.pixels(original=True), before)


@pytest.mark.parametrize("turned", [False, True])
def test_checks_are_seen_through_holes_and_nowhere_else(application, turned):
    pixels = photo(alpha=True).pixels.copy()
    pixels[..., :3], pixels[..., 3] = 200, 255
    pixels[50:150, 100:200, 3] = 0
    from lama_desktop.core.photo import Photo

    seen = Seen(Document(Photo(pixels, has_alpha=True)))
    if turned:
        seen.view.turn(20)
    found = seen.pixels()
    x, y = (round(each) for each in seen.view.to_screen(150, 100))
    hole = found[y - 12 : y + 12, x - 12 : x + 12]
    assert len(np.unique(hole.reshape(-1, 3), axis=0)) == 2
    x, y = (round(each) for each in seen.view.to_screen(30, 100))
    assert (found[y - 5 : y + 5, x - 5 : x + 5] == 200).all()
    assert (found[0, 0] == SURROUND).all()


def test_lines_between_pixels_at_a_high_zoom_only(seen):
    seen.picture.grid_shown = True
    seen.view.zoom_to(7.9)
    without = seen.pixels()
    seen.picture.grid_shown = False
    np.testing.assert_array_equal(seen.pixels(), without)
    seen.view.zoom_to(10.0)
    without = seen.pixels()
    seen.picture.grid_shown = True
    changed = (seen.pixels() != without).any(2)
    x, y = (int(each) for each in seen.view.to_screen(150, 100))
    assert changed[y].mean() > 0.9
    assert changed[:, x].mean() > 0.9
    assert changed.mean() < 0.25


def test_a_large_part_is_composited_in_steps(application):
    seen = Seen(Document(photo((1500, 1200))))
    assert not seen.picture.refresh(SCREEN, 0.0)
    image = QImage(SCREEN.width, SCREEN.height, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    seen.picture.draw(painter, SCREEN, complete=False)
    painter.end()
    assert (to_array(image)[200, 200, :3] == SURROUND).all(), "what is not there yet does not flash"
    for _ in range(200):
        if seen.picture.refresh(SCREEN, 0.001):
            break
    else:
        pytest.fail("it is never up to date")
    stepwise = seen.pixels()
    np.testing.assert_array_equal(stepwise, Seen(seen.document).pixels())
