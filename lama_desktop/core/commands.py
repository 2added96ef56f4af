"""Commands: reversible changes of a document. One verb: `swap` exchanges what a command keeps with the document's.

Undo and redo are the same call, so half of the memory and half of the code are enough. `StackEdit` and `Compound` are
made and then done (`document.do`). `PixelEdit` and `PropertyEdit` can also be open while a gesture lasts:

    with PixelEdit("Brush", document, document.mask) as edit:
        with edit.writing(rect) as pixels:
            np.maximum(pixels, coverage, out=pixels)

Leaving the block pushes one step; an exception, `generator.close()` among them, restores every pixel. UI thread only.
"""

import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from numpy.typing import NDArray

from lama_desktop.core.drawable import Drawable
from lama_desktop.core.geometry import Rect
from lama_desktop.core.layer import Layer
from lama_desktop.core.node import Lock, Node
from lama_desktop.core.stack import Stack
from lama_desktop.core.tiles import Tiles
from lama_desktop.core.tree import layers_of
from lama_desktop.errors import LamaDesktopError

if TYPE_CHECKING:
    from lama_desktop.core.document import Document


class Command:
    """A reversible change.

    Args:
        label: what Edit > Undo and the history panel show, "Brush".
    """

    def __init__(self, label: str) -> None:
        self.label = label

    @property
    def nbytes(self) -> int:
        """The memory that it keeps alive beside the document's own."""
        return 0

    def swap(self, document: "Document") -> None:
        """Exchange the state that is kept with the document's; twice is the identity."""
        raise NotImplementedError


class Edit(Command):
    """A command that can be open: it is written while it lasts, then committed or rolled back, nothing else.

    Use it in a `with`; `open`, `commit` and `roll_back` are for the gestures that live in events, such as a slider's.
    One edit is open at a time; meanwhile undo and redo do nothing, and `document.after_edit` makes others wait.
    """

    def __init__(self, label: str, document: "Document") -> None:
        super().__init__(label)
        self._document = weakref.ref(document)  # whose history keeps this edit; see History

    @property
    def document(self) -> "Document":
        """What it changes."""
        document = self._document()
        assert document is not None, "a document outlives its edits"
        return document

    def open(self) -> Self:
        """Begin."""
        self.document.edit_opened(self)
        return self

    def commit(self) -> None:
        """End it and make it one step of the history; an edit that changed nothing leaves none."""
        changed = self.settle()
        self.document.edit_closed(self, keep=changed)

    def roll_back(self) -> None:
        """End it and restore what was there."""
        self.swap(self.document)
        self.document.edit_closed(self, keep=False)

    def settle(self) -> bool:
        """Called once, before a commit: tell whether anything is different, and let go of what is not."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.commit()
        else:
            self.roll_back()


class PixelEdit(Edit):
    """Change pixels of one layer or of the mask.

    Keeps each tile of the drawable as it was before the first write into it, and never again; a tile of one value is
    kept as that value.

    Raises:
        LamaDesktopError: when it is made, if the layer or a group that it is in is locked.
    """

    def __init__(self, label: str, document: "Document", drawable: Drawable) -> None:
        super().__init__(label, document)
        _refuse_locked(document, drawable, Lock.PIXELS)
        self.drawable = drawable
        self._keeps_alpha = isinstance(drawable, Layer) and Lock.ALPHA in _lock_of(document, drawable)
        self._tiles = Tiles(drawable)

    @classmethod
    def replacing(
        cls, label: str, document: "Document", drawable: Drawable, rect: Rect, pixels: NDArray[Any] | int
    ) -> "PixelEdit":
        """Return an edit, to be done, after which `rect` of a drawable holds `pixels`.

        Args:
            label: as above.
            document: the drawable's.
            drawable: what changes.
            rect: where, in document pixels; what lies outside of the drawable is left out.
            pixels: an array for all of `rect`, or one value, as in clearing a mask.

        Raises:
            LamaDesktopError: the layer is locked.
        """
        edit = cls(label, document, drawable)
        edit._tiles.replace(rect, pixels)
        return edit

    @property
    def nbytes(self) -> int:
        """The memory of the tiles that it keeps."""
        return self._tiles.nbytes

    @property
    def is_empty(self) -> bool:
        """Whether it changes nothing."""
        return self._tiles.is_empty

    @contextmanager
    def writing(self, rect: Rect) -> Iterator[NDArray[Any]]:
        """Give the pixels of a rectangle for writing; what was there is kept before, the document is told after.

        Args:
            rect: document pixels, of any size and place.

        Yields:
            A view, (h, w) or (h, w, 4), of the pixels in `rect & drawable.rect` – smaller than `rect` at the border,
            empty outside. `(rect & drawable.rect)` tells where its first pixel lies; a dab is cut to it with
            `coverage[drawable.rect.slices_in(rect)]`. Keep no reference to it.
        """
        drawable, area = self.drawable, rect & self.drawable.rect
        if area.is_empty:
            yield drawable.pixels[:0, :0].copy()
            return
        self._tiles.keep(area)
        pixels = drawable.writable(area)
        alpha = pixels[..., 3].copy() if self._keeps_alpha else None
        try:
            yield pixels
        finally:
            if alpha is not None:
                pixels[..., 3] = alpha
            self.document.drawn(drawable, area)

    def swap(self, document: "Document") -> None:
        """Exchange the tiles."""
        for rect in self._tiles.exchange():
            document.drawn(self.drawable, rect)

    def settle(self) -> bool:
        """Tell whether any pixel is different."""
        self._tiles.settle()
        return not self._tiles.is_empty


class PropertyEdit(Edit):
    """Change one property of a layer or a group: its name, opacity, mode, visible, lock; recipe, origin; isolated.

    At once, `document.do(PropertyEdit("Hide", document, layer, "visible", False))`, or while a slider is held: `open`
    when it is pressed, `set` as it moves, `commit` when it is released.

    Raises:
        LamaDesktopError: when it is made, if it moves a layer whose position is locked.
    """

    def __init__(self, label: str, document: "Document", node: Node, attribute: str, value: Any) -> None:
        super().__init__(label, document)
        assert attribute in node.PROPERTIES
        if attribute == "origin":
            _refuse_locked(document, node, Lock.POSITION)
        self.node, self.attribute, self._other = node, attribute, value

    def open(self) -> Self:
        """Begin: the value of the constructor is set."""
        super().open()
        self.swap(self.document)
        return self

    def set(self, value: Any) -> None:
        """Set another value while it is open."""
        before = self.document.stack.reach(self.node)
        self.node.assign(self.attribute, value)
        self.document.rearranged(self.node, before)

    def swap(self, document: "Document") -> None:
        """Exchange the value."""
        value, self._other = self._other, getattr(self.node, self.attribute)
        before = document.stack.reach(self.node)
        self.node.assign(self.attribute, value)
        document.rearranged(self.node, before)

    def settle(self) -> bool:
        """Tell whether the value is another one."""
        return bool(getattr(self.node, self.attribute) != self._other)


class MoveEdit(Edit):
    """Move a layer, or all layers of a group, by whole pixels.

    Raises:
        LamaDesktopError: when it is made, if the position of one of them is locked.
    """

    def __init__(self, label: str, document: "Document", node: Node, offset: tuple[int, int] = (0, 0)) -> None:
        super().__init__(label, document)
        self._layers = tuple(layers_of((document.stack.entry(node),)))
        for layer in self._layers:
            _refuse_locked(document, layer, Lock.POSITION)
        self._other, self._offset = offset, (0, 0)

    def open(self) -> Self:
        """Begin: the offset of the constructor is moved by."""
        super().open()
        self.swap(self.document)
        return self

    def set(self, offset: tuple[int, int]) -> None:
        """Set another offset, from where the layers were, while it is open."""
        self._move(self.document, offset)

    def swap(self, document: "Document") -> None:
        """Exchange the offset."""
        offset, self._other = self._other, self._offset
        self._move(document, offset)

    def settle(self) -> bool:
        """Tell whether anything is elsewhere."""
        return bool(self._layers) and self._offset != self._other

    def _move(self, document: "Document", offset: tuple[int, int]) -> None:
        dx, dy = offset[0] - self._offset[0], offset[1] - self._offset[1]
        self._offset = offset
        for layer in self._layers:
            before = document.stack.reach(layer)
            layer.assign("origin", (layer.origin[0] + dx, layer.origin[1] + dy))
            document.rearranged(layer, before)


class StackEdit(Command):
    """Exchange the structure of the document: add, remove, reorder, merge, crop, turn. Made of the stack to come."""

    def __init__(self, label: str, stack: Stack) -> None:
        super().__init__(label)
        self._other = stack
        self._nbytes = 0

    @property
    def nbytes(self) -> int:
        """The memory of what is in the kept stack and not in the one it was exchanged for."""
        return self._nbytes

    def swap(self, document: "Document") -> None:
        """Exchange the stack."""
        self._other = document.exchange(self._other)
        shared = document.stack.storage()
        self._nbytes = sum(size for key, size in self._other.storage().items() if key not in shared)


class Compound(Command):
    """Several commands as one step, done in order and undone in reverse."""

    def __init__(self, label: str, commands: Sequence[Command]) -> None:
        super().__init__(label)
        self._commands = list(commands)

    @property
    def nbytes(self) -> int:
        """The sum of its parts."""
        return sum(command.nbytes for command in self._commands)

    def swap(self, document: "Document") -> None:
        """Swap every part, then reverse their order, so that the next swap goes the other way; all or nothing."""
        done: list[Command] = []
        try:
            for command in self._commands:
                command.swap(document)
                done.append(command)
        except BaseException:
            for command in reversed(done):
                command.swap(document)
            raise
        self._commands.reverse()


def _lock_of(document: "Document", node: Node) -> Lock:
    """Return the locks that hold for a node; those of its groups, where it is in the document already."""
    return document.stack.lock_of(node) if node in document.stack.nodes else node.lock


def _refuse_locked(document: "Document", drawable: Drawable | Node, lock: Lock) -> None:
    if isinstance(drawable, Layer) and lock in _lock_of(document, drawable):
        what, are = ("position", "is") if lock is Lock.POSITION else ("pixels", "are")
        raise LamaDesktopError(
            f"The {what} of the layer “{drawable.name}” {are} locked: unlock it in the layers panel."
        )
