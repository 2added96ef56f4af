"""Viewport: document and screen meet, whatever was done to the view."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lama_desktop.core.geometry import Rect
from lama_desktop.ui.canvas.viewport import LADDER, LARGEST, Viewport

DOCUMENT, SCREEN = (6000, 4000), (1600, 1000)

points = st.tuples(st.floats(-9000, 9000), st.floats(-9000, 9000))
on_screen = st.tuples(st.floats(0, SCREEN[0]), st.floats(0, SCREEN[1]))
actions = st.lists(
    st.one_of(
        st.tuples(st.just("zoom_by"), st.floats(0.3, 3), on_screen),
        st.tuples(st.just("step"), st.sampled_from([-1, 1]), on_screen),
        st.tuples(st.just("pan"), st.floats(-900, 900), st.floats(-900, 900)),
        st.tuples(st.just("turn"), st.sampled_from([15.0, 90.0, -7.5])),
        st.tuples(st.just("mirror")),
        st.tuples(st.just("fit")),
        st.tuples(st.just("fit_width")),
        st.tuples(st.just("show"), st.just(100), st.just(50), st.floats(101, 3000), st.floats(51, 2000)),
    ),
    max_size=8,
)


@pytest.fixture
def view():
    viewport = Viewport(DOCUMENT)
    viewport.resize(SCREEN)
    return viewport


def after(steps):
    viewport = Viewport(DOCUMENT)
    viewport.resize(SCREEN)
    for name, *arguments in steps:
        getattr(viewport, name)(*arguments)
    return viewport


@settings(max_examples=150, deadline=None)
@given(actions, points)
def test_there_and_back_is_the_same_point(steps, point):
    view = after(steps)
    np.testing.assert_allclose(view.to_document(*view.to_screen(*point)), point, atol=1e-6)
    np.testing.assert_allclose(view.matrix @ (*point, 1), view.to_screen(*point), rtol=1e-9, atol=1e-9)


@settings(max_examples=150, deadline=None)
@given(actions)
def test_the_picture_is_never_lost_and_the_zoom_has_limits(steps):
    view = after(steps)
    x, y = view.to_document(SCREEN[0] / 2, SCREEN[1] / 2)
    hair = 1 / view.zoom
    assert -hair <= x <= DOCUMENT[0] + hair
    assert -hair <= y <= DOCUMENT[1] + hair
    assert 1 / 64 <= view.zoom <= LARGEST
    assert not view.visible.is_empty


@settings(max_examples=100, deadline=None)
@given(actions, st.builds(Rect, st.integers(0, 300), st.integers(0, 300), st.integers(301, 900), st.integers(301, 900)))
def test_rectangles_hold_all_their_pixels(steps, rect):
    view = after(steps)
    shown = view.screen_rect(rect, margin=0)
    for x in (rect.left + 0.01, rect.right - 0.01):
        for y in (rect.top + 0.01, rect.bottom - 0.01):
            left, top = view.to_screen(x, y)
            assert shown.left <= left <= shown.right
            assert shown.top <= top <= shown.bottom
    assert rect in view.document_rect(shown)


@settings(max_examples=60, deadline=None)
@given(st.floats(0.2, 5), on_screen)
def test_zooming_keeps_the_point_under_the_pointer(factor, at):
    view = after([("zoom_to", 1.0)])
    before = view.to_document(*at)
    view.zoom_by(factor, at)
    now = view.to_screen(*before)
    x, y = view.to_document(SCREEN[0] / 2, SCREEN[1] / 2)
    if 1 < x < DOCUMENT[0] - 1 and 1 < y < DOCUMENT[1] - 1:  # else the edge of the picture held it
        np.testing.assert_allclose(now, at, atol=0.51)


def test_it_fits_at_first_and_keeps_fitting_until_something_is_done(view):
    assert view.fits
    assert view.zoom == pytest.approx(min(1600 / 6000, 1000 / 4000))
    view.resize((800, 800), margin=40)
    assert view.zoom == pytest.approx(720 / 6000)
    assert view.screen_rect(Rect.of_size(DOCUMENT), margin=0) == Rect(40, 160, 760, 640)
    view.zoom_by(2)
    assert not view.fits
    zoom = view.zoom
    view.resize((1600, 1000))
    assert view.zoom == zoom


def test_a_small_picture_fits_by_magnifying(view):
    view.resize_document((16, 10))
    assert view.zoom == LARGEST
    view.resize_document((160, 100))
    assert view.zoom == pytest.approx(10)


def test_resizing_keeps_the_middle(view):
    view.zoom_to(1, (300, 300))
    middle = view.to_document(800, 500)
    view.resize((1000, 900))
    np.testing.assert_allclose(view.to_document(500, 450), middle, atol=0.6)


def test_at_100_percent_pixels_are_pixels(view):
    view.zoom_to(1.0, (333, 222))
    view.pan(10.4, -3.7)
    for each in view.to_screen(100, 200):
        assert each == round(each)


def test_a_zoom_does_not_jump_over_100_percent(view):
    view.zoom_to(0.9)
    view.zoom_by(1.25)
    assert view.zoom == 1
    view.zoom_by(1.25)
    view.zoom_by(0.5)
    assert view.zoom == 1


def test_steps_go_up_and_down_the_ladder(view):
    view.zoom_to(1.0)
    view.step(1)
    assert view.zoom == 1.5
    view.step(-1)
    view.step(-1)
    assert view.zoom == pytest.approx(2 / 3)
    for _ in LADDER:
        view.step(1)
    assert view.zoom == LARGEST


def test_in_is_larger_and_out_is_smaller(view):
    """Labelme had the two exchanged."""
    zoom = view.zoom
    view.step(1)
    assert view.zoom > zoom
    view.step(-1)
    view.step(-1)
    assert view.zoom < zoom


def test_fit_width_shows_all_columns(view):
    view.resize((1600, 300))
    view.fit_width()
    assert view.zoom == pytest.approx(1600 / 6000)
    assert view.screen_rect(Rect.of_size(DOCUMENT), margin=0).left == 0


def test_show_brings_a_rectangle_into_the_middle(view):
    view.show(1000, 1000, 1400, 1200, margin=0.1)
    assert view.zoom == pytest.approx(1600 / 480)
    assert Rect(1000, 1000, 1400, 1200) in view.visible
    np.testing.assert_allclose(view.to_screen(1200, 1100), (800, 500), atol=0.5)


def test_bring_and_pan(view):
    view.zoom_to(1)
    view.bring(1000, 900, (20, 30))
    assert view.to_screen(1000, 900) == (20, 30)
    view.pan(7, -5)
    assert view.to_screen(1000, 900) == (27, 25)


def test_turning_and_mirroring(view):
    view.turn(90)
    assert view.is_upright
    x0, y0 = view.to_screen(0, 0)
    x1, y1 = view.to_screen(100, 0)
    assert (x1, y1) == pytest.approx((x0, y0 + 100 * view.zoom))
    view.reset()
    view.mirror()
    assert view.to_screen(0, 0)[0] > view.to_screen(100, 0)[0]
    view.turn(15)
    assert view.rotation == 345, "clockwise as it is seen"
    view.reset()
    assert (view.rotation, view.mirrored) == (0, False)
    assert view.fits


def test_every_change_is_told(view):
    told = []
    view.changed.connect(lambda: told.append(1))
    for change in (
        view.fit,
        view.mirror,
        view.reset,
        lambda: view.pan(1, 1),
        lambda: view.turn(15),
        lambda: view.step(1),
    ):
        before = len(told)
        change()
        assert len(told) > before
