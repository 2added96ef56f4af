"""Document: a picture being edited. Owns the stack and the history, and says what changed.

Contains everything the user would want to keep, and is complete without a window: see its tests. UI thread only;
workers get what `flatten` returns, `frozen` arrays and `snapshot()`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from lama_desktop.core.arrays import Image
from lama_desktop.core.color import ColorSpace, rgb_space
from lama_desktop.core.commands import Command, Edit
from lama_desktop.core.composite import composite
from lama_desktop.core.drawable import Drawable, Mask
from lama_desktop.core.exchange import Snapshot, facts_of, opened
from lama_desktop.core.geometry import Rect
from lama_desktop.core.history import History
from lama_desktop.core.layer import Layer
from lama_desktop.core.node import Node
from lama_desktop.core.photo import Photo
from lama_desktop.core.stack import Stack
from lama_desktop.errors import LamaDesktopError


class Document(QObject):
    """A photo with layers, a mask and a history.

    Args:
        photo: what was read. A large one is opened off the UI thread with `exchange.opened`, whose result is `stack`.
        path: the file it came from; None for a new picture.
        stack: `opened(photo)`, where that is at hand.
    """

    changed = Signal(object)
    """Rect: layers may look different there. Also told of hidden layers, for their thumbnails."""
    mask_changed = Signal(object)
    """Rect: the mask is different there."""
    stack_changed = Signal()
    """Layers and groups, their order or a property of one are different; the mask may be another object."""
    active_changed = Signal()
    """Another layer or group is the active one."""
    resized = Signal()
    """The size is another one, and with it every array. Sent first; `changed` and `mask_changed` do not follow."""
    modified_changed = Signal(bool)
    """Whether there is something to save."""
    path_changed = Signal()

    def __init__(self, photo: Photo, path: Path | None = None, stack: Stack | None = None) -> None:
        super().__init__()
        self._stack = stack or opened(photo)
        self._facts = facts_of(photo)
        self._path = path
        self._edit: Edit | None = None
        self._waiting: list[Callable[[], None]] = []
        self.history = History(self)
        self._was_modified = False
        self.history.changed.connect(self._tell_modified)

    @property
    def stack(self) -> Stack:
        """The structure at this moment, an immutable value; what a `StackEdit` is made of."""
        return self._stack

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All layers, the lowest first, whatever group they are in; the groups are in `stack.tree`."""
        return self._stack.layers

    @property
    def active(self) -> Node | None:
        """The layer or group that tools work on. Choosing another one is no step of the history."""
        return self._stack.active

    @active.setter
    def active(self, node: Node) -> None:
        if node is not self._stack.active:
            self._stack = self._stack.activated(node)
            self.active_changed.emit()

    @property
    def active_layer(self) -> Layer | None:
        """The active layer; None where a group is active, or nothing."""
        return self._stack.active_layer

    @property
    def mask(self) -> Mask:
        """What to remove. Another object after `stack_changed` or `resized`."""
        return self._stack.mask

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self._stack.size

    @property
    def rect(self) -> Rect:
        """All of its pixels."""
        return self._stack.rect

    @property
    def facts(self) -> Photo:
        """What the file said: colour model, profile, resolution, metadata, encoding. Its `pixels` are none."""
        return self._facts

    @property
    def dtype(self) -> np.dtype[Any]:
        """uint8 or uint16: of every layer and of `flatten`."""
        return self._facts.pixels.dtype

    @property
    def depth(self) -> int:
        """Bits per channel: 8 or 16."""
        return self._facts.depth

    @property
    def space(self) -> ColorSpace:
        """How the RGB of its layers becomes sRGB and back; what the engine is given with `flatten`."""
        return rgb_space(self._facts.model, self._facts.profile)

    @property
    def path(self) -> Path | None:
        """The file it belongs to; None before the first save."""
        return self._path

    @path.setter
    def path(self, path: Path | None) -> None:
        if path != self._path:
            self._path = path
            self.path_changed.emit()

    @property
    def modified(self) -> bool:
        """Whether there is something to save."""
        return self.history.modified

    def flatten(self, rect: Rect | None = None, *, below: Node | None = None) -> Image:
        """Return what is visible, as a new array of the caller's.

        Args:
            rect: document pixels, cut to the document; None is all.
            below: only what is under this layer or group.

        Returns:
            (h, w, 4) RGBA in the document's colours and depth, straight alpha.
        """
        tree = self._stack.tree if below is None else self._stack.below(below)
        return composite(tree, self.rect if rect is None else rect & self.rect, self.dtype)

    def flatten_original(self, rect: Rect | None = None) -> Image | None:
        """Return the photo as it was opened, in the present geometry, like `flatten`; None for a new picture."""
        original = self._stack.original
        if original is None:
            return None
        return composite((original,), self.rect if rect is None else rect & self.rect, self.dtype)

    def snapshot(self) -> Snapshot:
        """Return this moment for another thread, which can make the photo to save of it. Copies nothing."""
        return Snapshot(self._stack.snapshot(), self._facts, self.history.state)

    def photo(self) -> Photo:
        """Return the flattened picture, ready for `formats.write`; off the UI thread use `snapshot().photo()`."""
        return self.snapshot().photo()

    def do(self, command: Command, onto: Command | None = None) -> Command:
        """Do a command and make it a step of the history. Not while an edit is open: see `after_edit`.

        Args:
            command: not done yet.
            onto: a step that this returned before: while it is the newest one, the command becomes a part of it.

        Returns:
            The step that the command is, or is a part of.

        Raises:
            LamaDesktopError: an edit is open.
        """
        self._refuse_second()
        command.swap(self)
        return self.history.push(command, onto)

    def undo(self) -> bool:
        """Take the last step back; False when there is none, or an edit is open."""
        return self.history.undo()

    def redo(self) -> bool:
        """Do the next step again; False when there is none, or an edit is open."""
        return self.history.redo()

    @property
    def is_editing(self) -> bool:
        """Whether an edit is open: a stroke is being drawn, a slider held."""
        return self._edit is not None

    def after_edit(self, call: Callable[[], None]) -> None:
        """Call at once, or as soon as the open edit has ended: for results that arrive in the middle of a stroke."""
        if self._edit is None:
            call()
        else:
            self._waiting.append(call)

    def edit_opened(self, edit: Edit) -> None:
        """Take note that an edit is open. This and what follows is for commands only.

        Raises:
            LamaDesktopError: another one is.
        """
        self._refuse_second()
        self._edit = edit

    def edit_closed(self, edit: Edit, keep: bool) -> None:
        """Take note that it has ended, as a step or as nothing."""
        assert self._edit is edit
        self._edit = None
        if keep:
            self.history.push(edit)
        waiting, self._waiting = self._waiting, []
        for call in waiting:
            call()

    def drawn(self, drawable: Drawable, rect: Rect) -> None:
        """Tell that pixels of a layer or of the mask are different in `rect`."""
        if drawable is self.mask:
            self.mask_changed.emit(rect & self.rect)
        elif isinstance(drawable, Layer):
            rect = rect & self.rect if drawable.mode.bounded else self.rect
            if not rect.is_empty:
                self.changed.emit(rect)

    def rearranged(self, node: Node, before: Rect) -> None:
        """Tell that a property of a layer or group is different; `before` is what it could change until now."""
        for rect in {before, self._stack.reach(node)}:
            if not rect.is_empty:
                self.changed.emit(rect)
        self.stack_changed.emit()

    def exchange(self, stack: Stack) -> Stack:
        """Put another stack in place, tell what that changes, and return the one it replaces."""
        before, self._stack = self._stack, stack
        if stack.size != before.size:
            self.resized.emit()
        self.stack_changed.emit()
        if stack.active is not before.active:
            self.active_changed.emit()
        if stack.size == before.size:
            for rect in stack.changed_rects(before):
                self.changed.emit(rect)
            if stack.mask is not before.mask:
                self.mask_changed.emit(self.rect)
        return before

    def _refuse_second(self) -> None:
        if self._edit is not None:
            raise LamaDesktopError(f"“{self._edit.label}” is not finished: release the button first, or press Escape.")

    def _tell_modified(self) -> None:
        if self.modified != self._was_modified:
            self._was_modified = self.modified
            self.modified_changed.emit(self.modified)
