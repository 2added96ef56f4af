"""The rows of the layers panel: a tree that is driven by mouse and keyboard."""

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from window import write_photo

from lama_desktop.core.blend import NORMAL, blend_mode
from lama_desktop.core.commands import PropertyEdit, StackEdit
from lama_desktop.core.drawable import Mask
from lama_desktop.core.group import Branch, Group
from lama_desktop.core.layer import Layer
from lama_desktop.core.node import Lock
from lama_desktop.core.stack import Stack
from lama_desktop.ui.panels.layer_row import content_left
from lama_desktop.ui.panels.layers import MENU, PASS_THROUGH

LEFT, RIGHT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.KeyboardModifier.NoModifier
MOVE = Qt.DropAction.MoveAction


@pytest.fixture
def document(app, opened, tmp_path):
    """a, (b, (c, d) inner) outer, e, from below; b is active."""
    (found,) = opened(write_photo(tmp_path / "photo.png"))
    a, b, c, d, e = (Layer.blank(found.rect, found.dtype, name) for name in "abcde")
    tree = a, Branch(Group("outer"), (b, Branch(Group("inner"), (c, d)))), e
    found.do(StackEdit("Set", Stack(found.size, tree, b, Mask.empty(found.size))))
    app.window.resize(1200, 1500)  # all rows are in view
    application = QApplication.instance()
    application.processEvents()
    return found


@pytest.fixture
def rows(app, document):
    return app.window.layers.list


def shown(rows):
    """Return the rows that can be seen, from the top, indented."""
    model, result = rows.model(), []
    index = model.index(0)
    while index.isValid():
        node = model.node(index)
        result.append(" " * model.depth(node) + node.name)
        index = rows.indexBelow(index)
    return result


def named(document, name):
    return next(node for node in document.stack.nodes if node.name == name)


def rect(rows, document, name):
    return rows.visualRect(rows.model().row(named(document, name)))


def tree(document):
    def text(entries):
        return " ".join(f"({text(e.entries)}){e.group.name}" if isinstance(e, Branch) else e.name for e in entries)

    return text(document.stack.tree)


def drag(rows, document, name, point):
    """Drag a row to a point and drop it, as the window system tells it; return whether it was taken there."""
    data = rows.model().mimeData([rows.model().row(named(document, name))])
    view = rows.viewport()
    enter = QDragEnterEvent(QPointF(point), MOVE, data, LEFT, NONE)
    QApplication.sendEvent(view, enter)
    move = QDragMoveEvent(QPointF(point), MOVE, data, LEFT, NONE)
    QApplication.sendEvent(view, move)
    if move.isAccepted():
        rows.grab()
        QApplication.sendEvent(view, QDropEvent(QPointF(point), MOVE, data, LEFT, NONE))
    else:
        QApplication.sendEvent(view, QDragLeaveEvent())
    return move.isAccepted()


def test_groups_are_shown_above_what_is_in_them(rows, document):
    assert shown(rows) == ["e", "outer", " inner", "  d", "  c", " b", "a"]
    assert rows.model().node(rows.currentIndex()) is named(document, "b")
    assert rows.model().about(named(document, "inner")) == "2 layers"
    text = rows.model().data(rows.model().row(named(document, "inner")), Qt.ItemDataRole.AccessibleTextRole)
    assert text == "inner, group, 2 layers, visible"


TOP, MIDDLE, BOTTOM = 3, 26, 49


DRAGS = (  # what, onto which row, at the depth of which column, how far down in the row, what comes of it
    ("a", "outer", 0, MIDDLE, "(b (c d)inner a)outer e"),
    ("e", "inner", 1, MIDDLE, "a (b (c d e)inner)outer"),
    ("a", "outer", 0, TOP, "(b (c d)inner)outer a e"),
    ("a", "d", 2, TOP, "(b (c d a)inner)outer e"),
    ("a", "d", 2, BOTTOM, "(b (c a d)inner)outer e"),
    ("e", "c", 2, BOTTOM, "a (b (e c d)inner)outer"),
    ("e", "c", 1, BOTTOM, "a (b e (c d)inner)outer"),
    ("e", "b", 1, BOTTOM, "a (e b (c d)inner)outer"),
    ("e", "b", 0, BOTTOM, "a e (b (c d)inner)outer"),
    ("e", "a", 0, BOTTOM, "e a (b (c d)inner)outer"),
    ("d", "e", 0, TOP, "a (b (c)inner)outer e d"),
    ("inner", "a", 0, TOP, "a (c d)inner (b)outer e"),
    ("outer", "e", 0, TOP, "a e (b (c d)inner)outer"),
    ("d", "outer", 0, BOTTOM, "a (b (c)inner d)outer e"),
)


def test_rows_are_dragged_into_groups_and_out_of_them(rows, document):
    before = tree(document)
    for name, target, depth, y, result in DRAGS:
        point = QPoint(content_left(depth) + 2, rect(rows, document, target).top() + y)
        assert drag(rows, document, name, point), (name, target)
        assert tree(document) == result
        assert document.history.undo_label == "Reorder layers"
        document.undo()
        assert tree(document) == before


def test_what_would_change_nothing_or_go_into_itself_is_not_taken(rows, document):
    steps = len(document.history.labels)
    for name, target, y in (("outer", "inner", MIDDLE), ("outer", "d", TOP), ("e", "e", MIDDLE), ("e", "outer", TOP)):
        point = QPoint(content_left(2) + 2, rect(rows, document, target).top() + y)
        assert not drag(rows, document, name, point), (name, target)
    assert len(document.history.labels) == steps


def test_foreign_drags_are_refused(rows):
    data = QMimeData()
    data.setText("x")
    event = QDragEnterEvent(QPointF(100, 100), MOVE, data, LEFT, NONE)
    QApplication.sendEvent(rows.viewport(), event)
    assert not event.isAccepted()
    move = QDragMoveEvent(QPointF(100, 100), MOVE, data, LEFT, NONE)
    QApplication.sendEvent(rows.viewport(), move)
    assert not move.isAccepted()


def test_a_drop_below_all_rows_goes_to_the_bottom(rows, document):
    assert drag(rows, document, "e", QPoint(100, rows.viewport().height() - 5))
    assert tree(document) == "e a (b (c d)inner)outer"


def test_the_triangle_collapses_a_group_and_no_step_is_made(rows, document):
    steps = len(document.history.labels)
    document.active = named(document, "e")
    place = rect(rows, document, "outer")
    triangle = QPoint(content_left(0) + 8, place.center().y())
    QTest.mouseClick(rows.viewport(), LEFT, pos=triangle)
    assert shown(rows) == ["e", "outer", "a"]
    assert document.active is named(document, "e")
    QTest.mouseClick(rows.viewport(), LEFT, pos=triangle)
    assert shown(rows)[1:3] == ["outer", " inner"]
    assert len(document.history.labels) == steps
    assert not document.is_editing


def test_what_is_collapsed_stays_so_through_changes(app, rows, document):
    document.active = named(document, "a")
    rows.collapse(rows.model().row(named(document, "inner")))
    app.do("new-layer")
    app.do("flip-horizontal")
    assert shown(rows) == ["e", "outer", " inner", " b", "Layer 5", "a"]
    app.do("undo")
    assert " inner" in shown(rows)
    assert "  d" not in shown(rows)
    app.window.layers.show_document(None)
    app.window.layers.show_document(document)
    assert "  d" not in shown(rows)


def test_collapsing_makes_the_group_active_if_what_was_is_hidden_by_it(rows, document):
    document.active = named(document, "d")
    rows.collapse(rows.model().row(named(document, "outer")))
    assert document.active is named(document, "outer")


def test_what_becomes_active_in_a_collapsed_group_is_shown(rows, document):
    document.active = named(document, "a")
    rows.collapse(rows.model().row(named(document, "outer")))
    document.active = named(document, "d")
    assert "  d" in shown(rows)
    assert rows.model().node(rows.currentIndex()) is named(document, "d")


def test_arrow_keys_collapse_and_expand(rows, document):
    rows.setFocus()
    document.active = named(document, "inner")
    QTest.keyClick(rows, Qt.Key.Key_Left)
    assert "  d" not in shown(rows)
    QTest.keyClick(rows, Qt.Key.Key_Left)
    assert document.active is named(document, "outer")
    QTest.keyClick(rows, Qt.Key.Key_Down)
    QTest.keyClick(rows, Qt.Key.Key_Right)
    assert "  d" in shown(rows)
    QTest.keyClick(rows, Qt.Key.Key_Down)
    assert document.active is named(document, "d")


def test_the_eye_of_a_group_hides_all_in_it(rows, document):
    QTest.mouseClick(rows.viewport(), LEFT, pos=QPoint(24, rect(rows, document, "outer").center().y()))
    assert not named(document, "outer").visible
    assert named(document, "c").visible
    assert not document.stack.is_seen(named(document, "c"))
    assert document.history.undo_label == "Hide group"
    rows.grab()


def test_a_double_click_renames_a_group(rows, document):
    place = rect(rows, document, "inner")
    QTest.mouseClick(rows.viewport(), LEFT, pos=QPoint(200, place.center().y()))
    QTest.mouseDClick(rows.viewport(), LEFT, pos=QPoint(200, place.center().y()))
    assert rows.state() == rows.State.EditingState
    QTest.keyClicks(QApplication.focusWidget(), "Sky")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    QApplication.processEvents()
    assert tree(document) == "a (b (c d)Sky)outer e"
    assert document.history.undo_label == "Rename group"


def test_two_clicks_on_a_triangle_rename_nothing(rows, document):
    place = rect(rows, document, "inner")
    QTest.mouseDClick(rows.viewport(), LEFT, pos=QPoint(content_left(1) + 8, place.center().y()))
    assert rows.state() != rows.State.EditingState


def test_grouping_and_ungrouping_by_keys(app, rows, document):
    document.active = named(document, "e")
    app.window.action_set.refresh()
    QTest.keyClick(app.window, Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
    assert tree(document) == "a (b (c d)inner)outer (e)Group 3"
    assert document.active is named(document, "Group 3")
    app.do("undo")
    app.do("redo")
    app.window.action_set.refresh()
    QTest.keyClick(app.window, Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert tree(document) == "a (b (c d)inner)outer e"
    assert document.active is named(document, "e")
    app.window.action_set.refresh()
    assert not app.window.action_set["ungroup-layers"].isEnabled()


def test_raising_goes_into_groups_and_out_of_them(app, document):
    document.active = named(document, "a")
    seen = []
    for _ in range(8):
        app.do("raise-layer")
        seen.append(tree(document))
    assert seen[:3] == ["(a b (c d)inner)outer e", "(b a (c d)inner)outer e", "(b (a c d)inner)outer e"]
    assert seen[5:] == ["(b (c d)inner a)outer e", "(b (c d)inner)outer a e", "(b (c d)inner)outer e a"]
    for before in reversed(["a (b (c d)inner)outer e", *seen[:-1]]):
        app.do("lower-layer")
        assert tree(document) == before
    steps = len(document.history.labels)
    app.do("lower-layer")
    assert len(document.history.labels) == steps


def test_new_layers_come_above_the_active_one_in_its_group_or_into_the_active_group(app, document):
    app.do("new-layer")
    assert tree(document) == "a (b Layer 5 (c d)inner)outer e"
    document.active = named(document, "inner")
    app.do("new-layer")
    assert tree(document) == "a (b Layer 5 (c d Layer 6)inner)outer e"


def test_actions_work_on_groups(app, rows, document, until):
    document.active = named(document, "inner")
    app.window.action_set.refresh()
    assert app.window.action_set["delete-layer"].text() == "Delete group"
    app.do("duplicate-layer")
    assert tree(document) == "a (b (c d)inner (c d)inner copy)outer e"
    app.do("lock-layer")
    assert document.active.lock is Lock.PIXELS
    assert document.history.undo_label == "Lock group"
    app.do("delete-layer")
    assert tree(document) == "a (b (c d)inner)outer e"
    app.do("merge-group")
    until(lambda: not app.runner.jobs)
    assert tree(document) == "a (b inner)outer e"
    app.do("merge-down")
    until(lambda: not app.runner.jobs)
    assert tree(document) == "a (b)outer e"
    for _ in range(5):
        app.do("undo")
    assert tree(document) == "a (b (c d)inner)outer e"


def test_what_needs_pixels_says_that_a_group_has_none(app, document):
    document.active = named(document, "outer")
    for action in ("copy", "mask-from-alpha"):
        app.do(action)
        assert "“outer” is a group" in app.window.notices.shown[-1].text
    assert not app.window.action_set["fill-again"].isEnabled()


def test_a_group_passes_through_or_has_a_blend_mode(app, document):
    panel, group = app.window.layers, named(document, "inner")
    modes = panel.mode.count()
    document.active = group
    assert panel.mode.count() == modes + 1
    assert panel.mode.value is NORMAL
    panel.mode.changed.emit(PASS_THROUGH)
    assert (group.isolated, group.mode) == (False, NORMAL)
    assert panel.mode.value == PASS_THROUGH
    assert panel.layers.about(group) == "2 layers · Pass through"
    panel.mode.changed.emit(blend_mode("svg:screen"))
    assert (group.isolated, group.mode.title) == (True, "Screen")
    assert document.history.undo_label == "Blend mode"
    app.do("undo")
    assert not group.isolated
    document.active = named(document, "e")
    assert panel.mode.count() == modes


def test_fading_a_group_is_one_step(app, document):
    document.active = group = named(document, "outer")
    panel = app.window.layers
    panel.opacity.field.field.setFocus()
    panel.opacity.field.field.setValue(40)
    assert group.opacity == 0.4
    assert panel.layers.about(group).endswith("40 %")
    assert document.history.undo_label == "Opacity"


def test_the_menu_of_a_row_is_for_that_row(app, rows, document):
    place = rect(rows, document, "inner").center()
    QTest.mouseClick(rows.viewport(), RIGHT, pos=place)
    assert document.active is named(document, "inner")
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, rows.viewport().mapToGlobal(place))
    QApplication.sendEvent(rows.viewport(), event)
    menu = app.window.layers._menu
    assert menu.isVisible()
    assert [each.objectName() for each in menu.actions()] == list(MENU)
    menu.close()


def test_moving_a_group_moves_its_layers(app, document):
    document.active = named(document, "inner")
    app.do("move")
    app.hand.drag((100, 100), (120, 110))
    origins = {each.name: each.origin for each in document.layers}
    assert (origins["c"], origins["d"], origins["b"]) == ((20, 10), (20, 10), (0, 0))
    app.do("undo")
    document.do(PropertyEdit("Lock", document, named(document, "outer"), "lock", Lock.POSITION))
    app.hand.drag((100, 100), (120, 110))
    assert "locked" in app.window.notices.shown[-1].text
    assert named(document, "c").origin == (0, 0)


def test_a_name_that_is_being_written_outlives_what_comes_meanwhile(app, rows, document):
    """A fill that arrives, say: the rows are others, but the field stays with its text."""
    document.active = named(document, "c")
    app.do("rename-layer")
    QTest.keyClicks(QApplication.focusWidget(), "Clou")
    document.do(StackEdit("Add", document.stack.with_entry(Layer.blank(document.rect, document.dtype, "new"))))
    QApplication.processEvents()
    assert rows.state() == rows.State.EditingState
    QTest.keyClicks(QApplication.focusWidget(), "d")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    QApplication.processEvents()
    assert tree(document) == "a (b (Cloud new d)inner)outer e"


def test_closing_in_the_middle_of_a_name_is_quiet(app, rows, document):
    app.do("rename-layer")
    QTest.keyClicks(QApplication.focusWidget(), "Clou")
    app.window.layers.show_document(None)
    QApplication.processEvents()
    assert rows.state() != rows.State.EditingState
