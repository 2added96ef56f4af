"""The tree of layers and groups as a value."""

import numpy as np
import pytest

from lama_desktop.core.commands import MoveEdit, PixelEdit, PropertyEdit, StackEdit
from lama_desktop.core.document import Document
from lama_desktop.core.drawable import Mask
from lama_desktop.core.geometry import Rect
from lama_desktop.core.group import MAX_DEPTH, Branch, Group, pixel_layer
from lama_desktop.core.layer import Layer
from lama_desktop.core.node import Lock
from lama_desktop.core.photo import Photo
from lama_desktop.core.stack import Place, Stack
from lama_desktop.core.tree import depth_of
from lama_desktop.errors import LamaDesktopError


def layer(name):
    return Layer(np.full((4, 4, 4), 255, np.uint8), name=name)


@pytest.fixture
def stack():
    """a, (b, (c, d) inner) outer, e."""
    a, b, c, d, e = (layer(name) for name in "abcde")
    tree = a, Branch(Group("outer"), (b, Branch(Group("inner"), (c, d)))), e
    return Stack((8, 8), tree, b, Mask.empty((8, 8)))


def named(stack, name):
    return next(node for node in stack.nodes if node.name == name)


def shown(stack):
    def text(tree):
        return " ".join(
            f"({text(each.entries)}){each.group.name}" if isinstance(each, Branch) else each.name for each in tree
        )

    return text(stack.tree)


def test_a_tree_is_seen_from_below(stack):
    assert "".join(each.name for each in stack.layers) == "abcde"
    assert [each.name for each in stack.nodes] == ["a", "b", "c", "d", "inner", "outer", "e"]
    assert [each.name for each in stack.ancestors(named(stack, "d"))] == ["inner", "outer"]
    assert stack.place(named(stack, "d")) == Place(1, named(stack, "inner"))
    assert stack.place(named(stack, "outer")) == Place(1)
    assert stack.top == Place(3)
    assert depth_of(stack.tree) == 2


def test_new_entries_come_above_the_active_layer_or_into_the_active_group(stack):
    assert shown(stack.with_entry(layer("x"))) == "a (b x (c d)inner)outer e"
    assert shown(stack.activated(named(stack, "outer")).with_entry(layer("x"))) == "a (b (c d)inner x)outer e"
    assert shown(stack.activated(named(stack, "e")).with_entry(Branch(Group("x")))) == "a (b (c d)inner)outer e ()x"
    assert shown(stack.with_entry(layer("x"), Place(0, named(stack, "inner")))) == "a (b (x c d)inner)outer e"


@pytest.mark.parametrize(
    ("name", "index", "group", "result"),
    [
        ("a", 2, "inner", "(b (c d a)inner)outer e"),
        ("d", 0, None, "d a (b (c)inner)outer e"),
        ("inner", 2, None, "a (b)outer (c d)inner e"),
        ("outer", 0, None, "(b (c d)inner)outer a e"),
        ("b", 1, "outer", "a ((c d)inner b)outer e"),
    ],
)
def test_nodes_move_in_and_out_of_groups(stack, name, index, group, result):
    place = Place(index, None if group is None else named(stack, group))
    moved = stack.moved(named(stack, name), place)
    assert shown(moved) == result
    assert moved.place(named(moved, name)) == place
    assert moved.active is stack.active


@pytest.mark.parametrize(
    ("name", "result", "active"),
    [
        ("b", "a ((c d)inner)outer e", "inner"),
        ("outer", "a e", "a"),
        ("e", "a (b (c d)inner)outer", "b"),
    ],
)
def test_what_is_deleted_takes_what_is_in_it_along(stack, name, result, active):
    left = stack.without(named(stack, name))
    assert (shown(left), left.active.name) == (result, active)


def test_the_last_of_a_group_leaves_the_group_active(stack):
    left = stack.activated(named(stack, "c"))
    for name in "cd":
        left = left.without(named(stack, name))
    assert (shown(left), left.active.name) == ("a (b ()inner)outer e", "inner")


def test_a_duplicated_group_is_another_one_throughout(stack):
    twice = stack.duplicated(named(stack, "outer"), "outer copy")
    assert shown(twice) == "a (b (c d)inner)outer (b (c d)inner)outer copy e"
    assert twice.active.name == "outer copy"
    assert len(set(twice.nodes)) == len(twice.nodes) == 12
    groups = [each for each in twice.nodes if isinstance(each, Group)]
    assert len({each.key for each in groups}) == 4
    assert len(twice.storage()) == len(stack.storage()), "no pixel is copied"


@pytest.mark.parametrize(
    ("names", "result"),
    [
        ("e", "a (b (c d)inner)outer (e)new"),
        ("d", "a (b (c (d)new)inner)outer e"),
        ("ae", "(b (c d)inner)outer (a e)new"),
        ("ac", "(b ((a c)new d)inner)outer e"),
        (["outer", "c", "e"], "a ((b (c d)inner)outer e)new"),
    ],
)
def test_nodes_are_grouped_where_the_topmost_was(stack, names, result):
    group = Group("new")
    together = stack.grouped(tuple(named(stack, name) for name in names), group)
    assert (shown(together), together.active) == (result, group)


def test_ungrouping_puts_all_in_the_groups_place(stack):
    outer = named(stack, "outer")
    loose = stack.activated(outer).ungrouped(outer)
    assert (shown(loose), loose.active.name) == ("a b (c d)inner e", "inner")


def test_what_is_below_is_a_tree_of_its_own(stack):
    assert shown(stack.with_tree(stack.below(named(stack, "d")), named(stack, "a"))) == "a (b (c)inner)outer"
    assert shown(stack.with_tree(stack.below(named(stack, "inner")), named(stack, "a"))) == "a (b)outer"
    below = stack.below(named(stack, "c"), inclusive=True)
    assert shown(stack.with_tree(below, named(stack, "a"))) == "a (b (c)inner)outer"
    assert stack.below(named(stack, "a")) == ()


def test_a_snapshot_has_twins_of_the_same_keys(stack):
    still = stack.activated(named(stack, "inner")).snapshot()
    assert shown(still) == shown(stack)
    assert not set(still.nodes) & set(stack.nodes)
    assert still.active.name == "inner"
    assert still.active.key == named(stack, "inner").key


def test_groups_are_not_nested_without_end(stack):
    deep = stack
    for _ in range(MAX_DEPTH):
        deep = deep.grouped((deep.layers[0],), Group("deeper"))
    assert depth_of(deep.tree) == MAX_DEPTH
    with pytest.raises(LamaDesktopError, match="32 deep"):
        deep.grouped((deep.layers[0],), Group("too deep"))
    with pytest.raises(LamaDesktopError, match="32 deep"):
        deep.moved(named(deep, "outer"), Place(0, deep.ancestors(deep.layers[0])[0]))


def test_only_what_is_elsewhere_is_drawn_again(stack):
    moved = stack.with_tree(stack.tree, stack.active).moved(named(stack, "d"), Place(0, named(stack, "inner")))
    assert stack.changed_rects(moved) == [Rect(0, 0, 4, 4)]
    assert stack.changed_rects(stack.activated(named(stack, "e"))) == []


@pytest.fixture
def document(stack):
    return Document(Photo(np.zeros((8, 8, 3), np.uint8)), stack=stack)


def test_locks_of_a_group_hold_for_what_is_in_it(document):
    stack = document.stack
    inner, c = named(stack, "inner"), named(stack, "c")
    document.do(PropertyEdit("Lock", document, named(stack, "outer"), "lock", Lock.PIXELS | Lock.POSITION))
    with pytest.raises(LamaDesktopError, match="pixels of the layer “c” are locked"):
        PixelEdit("Paint", document, c)
    with pytest.raises(LamaDesktopError, match="position of the layer “c” is locked"):
        MoveEdit("Move", document, inner)
    document.do(PropertyEdit("Lock", document, named(stack, "outer"), "lock", Lock.ALPHA))
    with PixelEdit("Paint", document, c) as edit, edit.writing(c.rect) as pixels:
        pixels[...] = 7
    assert c.pixels[0, 0].tolist() == [7, 7, 7, 255]


def test_a_group_is_moved_with_all_that_is_in_it(document):
    outer, rects = named(document.stack, "outer"), []
    document.changed.connect(rects.append)
    edit = MoveEdit("Move", document, outer).open()
    for offset in ((1, 0), (2, 3)):
        edit.set(offset)
    edit.commit()
    assert [each.origin for each in document.layers] == [(0, 0), (2, 3), (2, 3), (2, 3), (0, 0)]
    assert Rect(2, 3, 6, 7) in rects
    document.undo()
    assert {each.origin for each in document.layers} == {(0, 0)}
    document.redo()
    MoveEdit("Move", document, outer, (9, 9)).open().roll_back()
    with MoveEdit("Nothing", document, outer) as edit:
        edit.set((3, 3))
        edit.set((0, 0))
    assert document.history.labels == ("Move",)
    assert document.layers[1].origin == (2, 3)


def test_a_hidden_group_hides_what_is_in_it(document):
    stack = document.stack
    c, outer = named(stack, "c"), named(stack, "outer")
    assert stack.is_seen(c)
    document.do(PropertyEdit("Hide", document, outer, "visible", False))
    assert c.visible
    assert not stack.is_seen(c)
    assert not stack.is_seen(outer)
    document.do(StackEdit("Delete", stack.without(named(stack, "e"))))
    document.do(StackEdit("Delete", document.stack.without(named(stack, "a"))))
    assert not document.flatten().any()


def test_a_group_has_no_pixels(stack):
    assert pixel_layer(stack.active).name == "b"
    with pytest.raises(LamaDesktopError, match="“outer” is a group"):
        pixel_layer(named(stack, "outer"))
    with pytest.raises(AttributeError, match="PropertyEdit"):
        named(stack, "outer").isolated = False
