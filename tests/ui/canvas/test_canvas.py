"""Canvas: real events do what a hand expects, and only what changed is painted."""

import gc
import weakref
from dataclasses import replace

import numpy as np
import pytest
from conftest import LEFT, MIDDLE, NONE, RIGHT, SIZE, Hand, photo
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QNativeGestureEvent, QPointingDevice, QTabletEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from lama_desktop.core import masking, sampling
from lama_desktop.core.commands import PropertyEdit, StackEdit
from lama_desktop.core.document import Document
from lama_desktop.core.drawable import Mask
from lama_desktop.core.geometry import Rect
from lama_desktop.core.node import Lock
from lama_desktop.core.shapes import dab
from lama_desktop.tools.tool import Pointer
from lama_desktop.ui.canvas.canvas import Canvas
from lama_desktop.ui.canvas.cursors import cursor_of
from lama_desktop.ui.canvas.qimage import to_array

SHIFT, ALT, CONTROL = (
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ControlModifier,
)


@pytest.fixture
def brush(tools):
    tools["brush"].options = replace(tools["brush"].options, size=20, hardness=1.0)
    return tools["brush"]


def wheel(canvas, notches, at=(300, 200), keys=NONE):
    angle = QPoint(0, round(notches * 120))
    event = QWheelEvent(
        QPointF(*at),
        canvas.mapToGlobal(QPointF(*at)),
        QPoint(),
        angle,
        LEFT & ~LEFT,
        keys,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas, event)


def pen(canvas, kind, at, pressure, pointer=QPointingDevice.PointerType.Pen, button=LEFT):
    device = QPointingDevice(
        "pen", 7, QPointingDevice.DeviceType.Stylus, pointer,
        QPointingDevice.Capability.Position | QPointingDevice.Capability.Pressure, 1, 2,
    )  # fmt: skip
    position = QPointF(at)
    buttons = button if kind != QEvent.Type.TabletRelease else Qt.MouseButton.NoButton
    event = QTabletEvent(
        kind, device, position, canvas.mapToGlobal(position), pressure, 0, 0, 0, 0, 0, NONE,
        Qt.MouseButton.NoButton if kind == QEvent.Type.TabletMove else button, buttons,
    )  # fmt: skip
    QApplication.sendEvent(canvas, event)


def test_a_stroke_lands_on_the_pixels_under_the_pointer(canvas, hand, brush, document):
    """A mask one pixel off is on labelme's list."""
    hand.drag((150.5, 100.5))
    x, y = canvas.viewport.to_document(hand.at(150.5, 100.5).x(), hand.at(150.5, 100.5).y())
    expected = dab(x, y, 20, 1)
    np.testing.assert_array_equal(document.mask.coverage[expected.rect.slices], expected.coverage)
    assert abs(x - 150.5) < 0.5
    assert abs(y - 100.5) < 0.5


def test_a_stroke_is_one_step_and_undo_is_seen(canvas, hand, brush, document):
    before = to_array(canvas.grab().toImage())
    hand.drag((60, 50), (200, 50), (200, 150))
    hand.move(20, 180)
    assert document.history.labels == ("Brush",)
    after = to_array(canvas.grab().toImage())
    assert (after != before).any()
    document.undo()
    hand.move(20, 180)
    undone = to_array(canvas.grab().toImage())
    document.redo()
    np.testing.assert_array_equal(to_array(canvas.grab().toImage()), after)
    x, y = hand.at(120, 50).x(), hand.at(120, 50).y()
    np.testing.assert_array_equal(undone[y, x], before[y, x])


def test_a_stroke_may_begin_beside_the_picture(canvas, hand, brush, document):
    hand.drag((-12, 100), (150, 100), (312, 100))
    assert (document.mask.coverage[100] == 255).all()


@pytest.mark.parametrize(("button", "keys"), [(RIGHT, NONE), (LEFT, ALT)])
def test_the_right_button_and_alt_erase(canvas, hand, brush, document, button, keys):
    hand.drag((60, 50), (200, 50))
    hand.drag((120, 30), (120, 80), button=button, keys=keys)
    assert document.mask.coverage[50, 120] == 0
    assert document.mask.coverage[50, 70] == 255


def test_a_pen_has_pressure_and_its_other_end_erases(canvas, hand, brush, document):
    pen(canvas, QEvent.Type.TabletPress, hand.at(60, 100), 0.2)
    for x in range(60, 241, 10):
        pen(canvas, QEvent.Type.TabletMove, hand.at(x, 100), 0.2 + 0.8 * (x - 60) / 180)
    pen(canvas, QEvent.Type.TabletRelease, hand.at(240, 100), 0.0)
    widths = [int((document.mask.coverage[:, x] > 127).sum()) for x in (65, 150, 235)]
    assert widths[0] < widths[1] < widths[2] <= 20
    assert document.history.labels == ("Brush",)
    eraser = QPointingDevice.PointerType.Eraser
    for kind, y in ((QEvent.Type.TabletPress, 60), (QEvent.Type.TabletMove, 140), (QEvent.Type.TabletRelease, 140)):
        pen(canvas, kind, hand.at(200, y), 1.0, eraser)
    assert document.mask.coverage[100, 200] == 0
    assert document.history.labels == ("Brush", "Erase")


def test_a_pen_that_cannot_tell_its_pressure_paints_like_a_mouse(canvas, hand, brush, document):
    for kind, x in ((QEvent.Type.TabletPress, 60), (QEvent.Type.TabletMove, 200), (QEvent.Type.TabletRelease, 200)):
        pen(canvas, kind, hand.at(x, 100), 0.0, button=LEFT)
    assert (document.mask.coverage[:, 100] > 127).sum() == 20
    pen(canvas, QEvent.Type.TabletMove, hand.at(100, 50), 0.3)


def test_hovering_shows_what_the_keys_held_would_do(canvas, hand, tools):
    canvas.tool = tools["zoom"]
    hand.click(100, 100, button=RIGHT)
    hand.move(110, 100)
    inside = to_array(canvas.cursor().pixmap().toImage()).tobytes()
    QTest.keyPress(canvas, Qt.Key.Key_Alt, NONE)
    assert to_array(canvas.cursor().pixmap().toImage()).tobytes() != inside
    QTest.keyRelease(canvas, Qt.Key.Key_Alt, ALT)
    assert to_array(canvas.cursor().pixmap().toImage()).tobytes() == inside


def test_escape_drops_the_stroke_and_the_next_one_works(canvas, hand, brush, document):
    hand.press(60, 50)
    QTest.mouseMove(canvas, hand.at(200, 50))
    assert canvas.is_busy
    hand.key(Qt.Key.Key_Escape)
    assert not canvas.is_busy
    assert document.mask.is_empty
    hand.release(200, 50)
    hand.drag((60, 50), (200, 50))
    assert document.history.labels == ("Brush",)


def test_another_tool_drops_the_gesture(canvas, hand, brush, tools, document):
    hand.press(60, 50)
    QTest.mouseMove(canvas, hand.at(200, 50))
    canvas.tool = tools["lasso"]
    assert document.mask.is_empty
    assert not document.is_editing


def test_a_polygon_of_clicks_with_keys(canvas, hand, tools, document):
    canvas.tool = tools["polygon"]
    for corner in ((50, 50), (150, 50), (150, 120), (280, 190)):
        hand.click(*corner)
    hand.key(Qt.Key.Key_Backspace)
    hand.click(50, 120)
    hand.key(Qt.Key.Key_Return)
    assert document.history.labels == ("Polygon lasso",)
    assert document.mask.coverage[80, 100] == 255
    assert document.mask.coverage[150, 200] == 0


def test_a_double_click_closes_a_polygon(canvas, hand, tools, document):
    canvas.tool = tools["polygon"]
    for corner in ((50, 50), (150, 50), (150, 120)):
        hand.click(*corner)
    QTest.mouseDClick(canvas, LEFT, NONE, hand.at(50, 120))
    assert not canvas.is_busy
    assert document.mask.coverage[80, 100] == 255


def test_the_wand_works_on_a_thread_of_its_own(canvas, hand, tools, document, until):
    tools["wand"].options = replace(tools["wand"].options, tolerance=255)
    canvas.tool = tools["wand"]
    ended = []
    canvas.gesture_ended.connect(lambda tool, step: ended.append((tool.id, step)))
    hand.drag((100, 100))
    assert document.mask.is_empty
    until(lambda: not canvas.is_busy)
    assert (document.mask.coverage == 255).all()
    assert ended == [("wand", True)]


def test_escape_stops_what_a_tool_has_computed(canvas, hand, tools, document, until, jobs):
    canvas.tool = tools["wand"]
    hand.press(100, 100)
    hand.key(Qt.Key.Key_Escape)
    assert not canvas.is_busy
    until(lambda: not jobs.jobs)
    assert document.mask.is_empty


def test_work_that_fails_ends_the_gesture_and_is_told_by_the_jobs(canvas, hand, tools, document, until, jobs):
    canvas.tool = tools["object"]
    failed, shown = [], []
    canvas.setCursor = shown.append
    jobs.failed.connect(lambda job, error: failed.append(str(error)))
    hand.drag((-10, -10), (100, 100), (310, 210))
    until(lambda: not canvas.is_busy)
    assert Qt.CursorShape.BusyCursor in shown
    assert failed
    assert "less than the whole" in failed[0]
    assert document.mask.is_empty
    hand.drag((-20, 50), (20, 20))
    assert not canvas.is_busy or canvas.drop_gesture() is None


def test_what_a_tool_refuses_is_said(canvas, hand, tools, document):
    document.do(PropertyEdit("Lock", document, document.layers[0], "lock", Lock.POSITION))
    canvas.tool = tools["move"]
    said = []
    canvas.refused.connect(said.append)
    hand.drag((100, 100), (150, 150))
    assert len(said) == 1
    assert "locked" in said[0]
    assert not canvas.is_busy


def test_an_arrow_key_on_a_locked_layer_says_so(canvas, hand, tools, document):
    document.do(PropertyEdit("Lock", document, document.layers[0], "lock", Lock.POSITION))
    canvas.tool = tools["move"]
    said = []
    canvas.refused.connect(said.append)
    hand.key(Qt.Key.Key_Right)
    assert len(said) == 1
    assert "position of the layer" in said[0]


def test_arrow_keys_nudge_or_pan(canvas, hand, tools, document):
    canvas.tool = tools["move"]
    hand.key(Qt.Key.Key_Right)
    hand.key(Qt.Key.Key_Down, SHIFT)
    assert document.layers[0].origin == (1, 10)
    canvas.tool = tools["brush"]
    before = canvas.viewport.to_screen(0, 0)
    hand.key(Qt.Key.Key_Right)
    assert canvas.viewport.to_screen(0, 0)[0] < before[0]


def test_the_wheel_zooms_at_the_pointer(canvas, hand):
    at = hand.at(100, 60)
    point = canvas.viewport.to_document(at.x(), at.y())
    wheel(canvas, 1, (at.x(), at.y()))
    assert canvas.viewport.zoom == pytest.approx(2.5)
    np.testing.assert_allclose(canvas.viewport.to_document(at.x(), at.y()), point, atol=0.5)
    wheel(canvas, -1, (at.x(), at.y()))
    assert canvas.viewport.zoom == pytest.approx(2.0)


def test_the_wheel_pans_where_that_is_wished(canvas):
    canvas.navigation.wheel_zooms = False
    before = canvas.viewport.to_screen(0, 0)
    wheel(canvas, 0.5)
    assert canvas.viewport.to_screen(0, 0) == (before[0], before[1] + 32)
    wheel(canvas, 0.5, keys=SHIFT)
    assert canvas.viewport.to_screen(0, 0) == (before[0] + 32, before[1] + 32)
    wheel(canvas, 1, keys=CONTROL)
    assert canvas.viewport.zoom == pytest.approx(2.5)


def test_alt_and_the_wheel_size_the_brush(canvas, brush):
    told = []
    canvas.options_changed.connect(told.append)
    wheel(canvas, 1, keys=ALT)
    assert brush.options.size == 23
    wheel(canvas, -1, keys=ALT)
    assert brush.options.size == 20
    assert told == [brush, brush]
    assert canvas.viewport.zoom == 2


def test_a_pinch_zooms_at_its_place(canvas):
    point = canvas.viewport.to_document(200, 150)
    event = QNativeGestureEvent(
        Qt.NativeGestureType.ZoomNativeGesture, QPointingDevice.primaryPointingDevice(), 2, QPointF(200, 150),
        QPointF(200, 150), canvas.mapToGlobal(QPointF(200, 150)), 0.5, QPointF(),
    )  # fmt: skip
    QApplication.sendEvent(canvas, event)
    assert canvas.viewport.zoom == pytest.approx(3.0)
    np.testing.assert_allclose(canvas.viewport.to_document(200, 150), point, atol=0.5)


def test_the_middle_button_pans_also_in_the_middle_of_a_polygon(canvas, hand, tools, document):
    canvas.tool = tools["polygon"]
    hand.click(50, 50)
    before = canvas.viewport.to_screen(0, 0)
    start = hand.at(100, 100)
    QTest.mousePress(canvas, MIDDLE, NONE, start)
    QTest.mouseMove(canvas, start + QPoint(30, -20))
    QTest.mouseRelease(canvas, MIDDLE, NONE, start + QPoint(30, -20))
    assert canvas.viewport.to_screen(0, 0) == (before[0] + 30, before[1] - 20)
    assert canvas.is_busy
    for corner in ((150, 50), (150, 120)):
        hand.click(*corner)
    hand.key(Qt.Key.Key_Return)
    assert document.mask.coverage[70, 130] == 255


def test_a_stroke_ends_with_its_button_though_the_middle_one_pans_meanwhile(canvas, hand, brush, document):
    start, middle = hand.at(100, 100), hand.at(120, 100)
    QTest.mousePress(canvas, LEFT, NONE, start)
    QTest.mousePress(canvas, MIDDLE, NONE, start)
    QTest.mouseMove(canvas, middle)
    QTest.mouseRelease(canvas, LEFT, NONE, middle)
    assert not canvas.is_busy
    assert canvas.navigation.pans
    QTest.mouseRelease(canvas, MIDDLE, NONE, middle)
    assert not canvas.navigation.pans
    painted = document.mask.coverage.copy()
    QTest.mouseMove(canvas, hand.at(200, 150))
    assert (document.mask.coverage == painted).all()
    assert document.history.labels == ("Brush",)


def test_space_and_drag_pans_and_paints_nothing(canvas, hand, brush, document):
    before = canvas.viewport.to_screen(0, 0)
    QTest.keyPress(canvas, Qt.Key.Key_Space)
    start = hand.at(100, 100)
    assert canvas.cursor().shape() == Qt.CursorShape.OpenHandCursor
    QTest.mousePress(canvas, LEFT, NONE, start)
    assert canvas.cursor().shape() == Qt.CursorShape.ClosedHandCursor
    QTest.mouseMove(canvas, start + QPoint(-25, 15))
    QTest.mouseRelease(canvas, LEFT, NONE, start + QPoint(-25, 15))
    QTest.keyRelease(canvas, Qt.Key.Key_Space)
    assert canvas.viewport.to_screen(0, 0) == (before[0] - 25, before[1] + 15)
    assert document.mask.is_empty
    hand.drag((100, 100))
    assert not document.mask.is_empty


def on_screen(canvas):
    """What the window really shows, not what it would paint."""
    return to_array(canvas.backingStore().paintDevice())


def test_what_is_moved_by_panning_is_as_if_painted(canvas, hand, brush, document, application):
    hand.drag((60, 50), (200, 150))
    np.testing.assert_array_equal(on_screen(canvas), to_array(canvas.grab().toImage()))
    start = hand.at(100, 100)
    QTest.mousePress(canvas, MIDDLE, NONE, start)
    for way in (QPoint(3, 1), QPoint(40, -7), QPoint(-60, 33), QPoint(-250, 10)):
        QTest.mouseMove(canvas, start + way)
        if way.x() != 40:  # two steps before one paint, too
            hand.settle()
        if way.x() == -60:
            masking.grow(document, 3)
    QTest.mouseRelease(canvas, MIDDLE, NONE, start + way)
    hand.settle()
    np.testing.assert_array_equal(on_screen(canvas), to_array(canvas.grab().toImage()))
    canvas.split = 0.3
    canvas.viewport.pan(11, 5)
    hand.settle()
    np.testing.assert_array_equal(on_screen(canvas), to_array(canvas.grab().toImage()))


def test_panning_paints_only_what_comes_into_view(canvas, hand, brush, monkeypatch):
    hand.move(100, 100)
    drawn = []
    draw = canvas._picture.draw
    monkeypatch.setattr(
        canvas._picture, "draw", lambda painter, rect, **how: (drawn.append(rect), draw(painter, rect, **how))
    )
    canvas.viewport.pan(4, 0)
    hand.settle()
    assert 0 < sum(rect.area for rect in drawn) < 0.1 * canvas.width() * canvas.height()


def test_the_hand_and_the_zoom_tool(canvas, hand, tools, document):
    canvas.tool = tools["hand"]
    before = canvas.viewport.to_screen(0, 0)
    start = hand.at(100, 100)
    QTest.mousePress(canvas, LEFT, NONE, start)
    for way in (QPoint(10, 5), QPoint(40, 20)):
        QTest.mouseMove(canvas, start + way)
    QTest.mouseRelease(canvas, LEFT, NONE, start + QPoint(40, 20))
    assert canvas.viewport.to_screen(0, 0) == pytest.approx((before[0] + 40, before[1] + 20))
    canvas.tool = tools["zoom"]
    hand.click(100, 100)
    assert canvas.viewport.zoom == 4
    hand.click(100, 100, keys=ALT)
    assert canvas.viewport.zoom == 2
    hand.drag((100, 50), (160, 90))
    assert Rect(100, 50, 160, 90) in canvas.viewport.visible
    assert canvas.viewport.zoom > 8
    assert document.history.position == 0


def test_shift_drag_sizes_the_brush_and_tells(canvas, hand, brush):
    told = []
    canvas.options_changed.connect(lambda tool: told.append(tool.options.size))
    hand.drag((100, 100), (110, 100), (115, 100), keys=SHIFT)
    assert brush.options.size == 50
    assert told[-1] == 50


def test_the_outline_of_the_brush_follows_the_pointer_at_its_true_size(canvas, hand, brush, application):
    hand.move(20, 180)
    without = to_array(canvas.grab().toImage()).astype(int)
    hand.move(150, 100)
    changed = (np.abs(to_array(canvas.grab().toImage()).astype(int) - without) > 60).any(2)
    away = hand.at(20, 180)
    changed[away.y() - 40 : away.y() + 40, away.x() - 40 : away.x() + 40] = False
    rows, columns = np.nonzero(changed)
    middle = hand.at(150, 100)
    radius = (columns.max() - columns.min()) / 2
    assert radius == pytest.approx(20, abs=2.5), "20 pixels at 200 % have a radius of 20 on the screen"
    assert (columns.max() + columns.min()) / 2 == pytest.approx(middle.x(), abs=1.5)
    assert (rows.max() + rows.min()) / 2 == pytest.approx(middle.y(), abs=1.5)
    assert canvas.cursor().shape() == Qt.CursorShape.BlankCursor


def test_every_pointer_has_a_cursor_and_the_lenses_are_not_exchanged(application):
    """Labelme had the icons of zooming in and out exchanged."""
    drawn = {each: cursor_of(each, 1.0) for each in Pointer}
    inside, outside = (
        to_array(drawn[each].pixmap().toImage())[..., :3].max(2) < 100 for each in (Pointer.ZOOM_IN, Pointer.ZOOM_OUT)
    )
    alpha = [to_array(drawn[each].pixmap().toImage())[..., 3] > 200 for each in (Pointer.ZOOM_IN, Pointer.ZOOM_OUT)]
    assert (inside & alpha[0]).sum() > (outside & alpha[1]).sum(), "a plus has more ink than a minus"
    assert drawn[Pointer.NONE].shape() == Qt.CursorShape.BlankCursor


def test_the_outline_can_be_seen_on_black_and_on_white(application, tools, jobs):
    for value in (0, 255):
        pixels = np.full((200, 300, 3), value, np.uint8)
        canvas = Canvas(Document(replace(photo(), pixels=pixels)), tools["brush"], jobs)
        canvas.resize(600, 400)
        canvas.show()
        hand = Hand(canvas, application)
        hand.settle()
        hand.move(150, 100)
        middle = hand.at(150, 100)
        seen = to_array(canvas.grab().toImage())[middle.y(), middle.x() :, 0].astype(int)
        assert np.abs(seen - value).max() > 120
        canvas.close()


def test_only_what_changed_is_painted(canvas, hand, brush, monkeypatch, application):
    hand.move(100, 100)
    drawn = []
    draw = canvas._picture.draw
    monkeypatch.setattr(
        canvas._picture, "draw", lambda painter, rect, **how: (drawn.append(rect), draw(painter, rect, **how))
    )
    hand.press(100, 100)
    QTest.mouseMove(canvas, hand.at(104, 100))
    hand.settle()
    assert drawn
    assert sum(rect.area for rect in drawn) < 0.1 * canvas.width() * canvas.height()
    hand.release(104, 100)


def test_a_lasso_paints_only_its_new_end(canvas, hand, tools, monkeypatch):
    canvas.tool = tools["lasso"]
    hand.press(20, 20)
    for x in range(30, 280, 10):
        QTest.mouseMove(canvas, hand.at(x, 20 + x % 150))
    hand.settle()
    drawn = []
    draw = canvas._picture.draw
    monkeypatch.setattr(
        canvas._picture, "draw", lambda painter, rect, **how: (drawn.append(rect), draw(painter, rect, **how))
    )
    QTest.mouseMove(canvas, hand.at(284, 150))
    hand.settle()
    assert 0 < sum(rect.area for rect in drawn) < 0.15 * canvas.width() * canvas.height()
    hand.release(284, 150)


def test_comparing_by_a_key_and_by_a_split(canvas, hand, brush, document):
    hand.move(20, 180)
    original = to_array(canvas.grab().toImage())
    masking.select_all(document)
    hand.settle()
    masked = to_array(canvas.grab().toImage())
    QTest.keyPress(canvas, Qt.Key.Key_Backslash)
    assert canvas.comparing
    np.testing.assert_array_equal(to_array(canvas.grab().toImage())[100:300, 50:600], original[100:300, 50:600])
    QTest.keyRelease(canvas, Qt.Key.Key_Backslash)
    np.testing.assert_array_equal(to_array(canvas.grab().toImage()), masked)
    canvas.split = 0.5
    split = to_array(canvas.grab().toImage())
    np.testing.assert_array_equal(split[100:190, 50:310], original[100:190, 50:310])
    np.testing.assert_array_equal(split[100:190, 350:600], masked[100:190, 350:600])
    told = []
    canvas.compared.connect(lambda: told.append(canvas.split))
    QTest.mousePress(canvas, LEFT, NONE, QPoint(331, 100))
    QTest.mouseMove(canvas, QPoint(200, 120))
    QTest.mouseRelease(canvas, LEFT, NONE, QPoint(200, 120))
    assert canvas.split == pytest.approx(200 / 660, abs=0.01)
    assert told
    assert document.history.labels == ("Mask all",)
    canvas.split = None
    hand.move(20, 180)
    np.testing.assert_array_equal(to_array(canvas.grab().toImage()), masked)


def test_who_paints_on_the_original_sees_what_is_painted(canvas, hand, tools, brush):
    canvas.split = 0.9
    canvas.tool = tools["hand"]
    hand.drag((40, 100), (60, 100))
    assert canvas.split == 0.9
    canvas.tool = brush
    hand.drag((40, 100), (60, 100))
    assert canvas.split is None


def test_there_is_nothing_to_compare_with_where_there_is_no_original(canvas, hand, document):
    document.do(StackEdit("Forget", replace(document.stack, original=None)))
    before = to_array(canvas.grab().toImage())
    canvas.split = 0.5
    QTest.keyPress(canvas, Qt.Key.Key_Backslash)
    assert canvas.split is None
    assert (to_array(canvas.grab().toImage()) == before).all()
    QTest.keyRelease(canvas, Qt.Key.Key_Backslash)


def test_keys_that_are_held_end_with_the_focus(canvas, hand):
    QTest.keyPress(canvas, Qt.Key.Key_Backslash)
    QTest.keyPress(canvas, Qt.Key.Key_Space)
    canvas.clearFocus()
    QApplication.sendEvent(canvas, focus_out())
    assert not canvas.comparing
    assert canvas.cursor().shape() != Qt.CursorShape.OpenHandCursor


def focus_out():
    from PySide6.QtGui import QFocusEvent

    return QFocusEvent(QEvent.Type.FocusOut)


def test_a_line_goes_around_what_is_being_removed(canvas, hand, document, until):
    masking.replace(document, "Test", Rect(50, 40, 150, 120), np.full((80, 100), 255, np.uint8))
    hand.move(280, 190)
    before = to_array(canvas.grab().toImage())
    bounds = document.mask.bounds()
    canvas.show_hole(bounds, document.mask.coverage[bounds.slices])
    frames = []
    until(lambda: len(frames) > 3 or frames.append(to_array(canvas.grab().toImage()).tobytes()) or len(set(frames)) > 2)
    shown = np.frombuffer(frames[0], np.uint8).reshape(before.shape)
    rows, columns = np.nonzero((shown != before).any(2))
    corner, far = hand.at(50, 40), hand.at(150, 120)
    assert (columns.min(), rows.min()) == pytest.approx((corner.x(), corner.y()), abs=3)
    assert (columns.max(), rows.max()) == pytest.approx((far.x(), far.y()), abs=3)
    canvas.hide_hole()
    np.testing.assert_array_equal(to_array(canvas.grab().toImage()), before)


def test_another_size_of_the_document_is_shown_whole(canvas, hand, brush, document):
    hand.press(60, 50)
    document.after_edit(
        lambda: document.do(StackEdit("Crop", replace(document.stack, size=(90, 90), mask=Mask.empty((90, 90)))))
    )
    hand.release(60, 50)
    assert canvas.viewport.fits
    assert canvas.viewport.visible == Rect(0, 0, 90, 90)
    document.undo()
    assert canvas.viewport.visible == Rect.of_size(SIZE)


def test_the_window_gets_keys_that_are_not_for_the_canvas(canvas, hand, brush):
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Escape, Qt.Key.Key_Backspace, Qt.Key.Key_B):
        assert not canvas._wants(key_event(key))
    hand.press(60, 50)
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Escape, Qt.Key.Key_Backspace):
        assert canvas._wants(key_event(key))
    assert not canvas._wants(key_event(Qt.Key.Key_Z, CONTROL))
    hand.release(60, 50)
    assert not canvas._wants(key_event(Qt.Key.Key_Backslash, CONTROL))


def key_event(key, keys=NONE):
    from PySide6.QtGui import QKeyEvent

    return QKeyEvent(QEvent.Type.ShortcutOverride, key, keys)


def test_it_tells_where_the_pointer_is(canvas, hand):
    told = []
    canvas.pointed.connect(told.append)
    hand.move(100, 50)
    assert told[-1] == pytest.approx((100, 50), abs=0.5)
    QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))
    assert told[-1] is None


def test_fit_mask_shows_the_mask(canvas, document):
    masking.replace(document, "Test", Rect(50, 40, 90, 60), np.full((20, 40), 255, np.uint8))
    canvas.fit_mask()
    assert Rect(50, 40, 90, 60) in canvas.viewport.visible
    assert canvas.viewport.zoom > 4
    masking.clear(document)
    canvas.fit_mask()
    assert canvas.viewport.fits


def test_the_colour_of_the_mask_can_be_changed(canvas, document):
    masking.select_all(document)
    canvas.mask_color = QColor(0, 255, 0, 255)
    middle = canvas.rect().center()
    canvas.viewport.fit()
    assert canvas.grab().toImage().pixelColor(middle) == QColor(0, 255, 0)
    assert canvas.mask_color == QColor(0, 255, 0, 255)


def test_the_surround_is_the_palette_s(canvas):
    palette = canvas.palette()
    palette.setColor(palette.ColorRole.Shadow, QColor(12, 34, 56))
    canvas.setPalette(palette)
    assert canvas.grab().toImage().pixelColor(2, 2) == QColor(12, 34, 56)


def test_a_closed_canvas_leaves_nothing_in_memory(application, tools, jobs):
    document = Document(photo())
    canvas = Canvas(document, tools["brush"], jobs)
    canvas.resize(300, 200)
    canvas.show()
    Hand(canvas, application).drag((100, 100), (120, 120))
    canvas.split = 0.5
    application.processEvents()
    gone = [weakref.ref(each) for each in (canvas, canvas._picture, canvas._picture._projection, canvas.viewport)]
    canvas.close()
    canvas.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    del canvas
    gc.collect()
    assert [each() for each in gone] == [None] * len(gone)
    document.history.go_to(0)


def test_the_sampling_area_is_tinted(canvas, document):
    before = to_array(canvas.grab().toImage()).astype(int)
    masking.replace(document, "Paint", Rect(100, 60, 180, 130), np.full((70, 80), 255, np.uint8))
    sampling.sample_from_mask(document)
    after = to_array(canvas.grab().toImage()).astype(int)
    x, y = (round(each) for each in canvas.viewport.to_screen(140, 95))
    outside = tuple(round(each) for each in canvas.viewport.to_screen(60, 40))
    assert after[y, x, 1] != before[y, x, 1]
    assert (after[outside[1], outside[0]] == before[outside[1], outside[0]]).all()
    sampling.sample_everywhere(document)
    np.testing.assert_array_equal(to_array(canvas.grab().toImage()).astype(int), before)
