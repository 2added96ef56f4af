"""Brush and eraser: paint or erase the mask with a round, pressure-sensitive brush."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from weakref import ref

import numpy as np

from lama_desktop.core.commands import PixelEdit
from lama_desktop.core.document import Document
from lama_desktop.core.geometry import Rect
from lama_desktop.core.shapes import Shape, Stroke
from lama_desktop.options import option, options_of
from lama_desktop.tools.tool import (
    Button,
    Circle,
    Gesture,
    Kind,
    Modifier,
    Overlay,
    Pointer,
    PointerEvent,
    Polyline,
    Tool,
)

SIZE_STEP = 1.15
"""By how much a key changes the size, at least one pixel."""
FIRST_SIZE = 25
"""The smaller side of a photo is that many times a first brush."""
HARDNESS_STEP = 0.1
DRAG_PX = 4
"""From which distance on the screen a press is a drag."""
FINEST_PX = 4
"""Outlines smaller than this on the screen cannot be seen: there is a cross instead."""
LIGHTEST = 0.02
"""Of the size and opacity that a pen sets, the least."""
BATCH = 512 * 512
"""Dabs are written together while the rectangle around them is not much larger than they are, in pixels."""


class Pressure(StrEnum):
    """What the pressure of a pen changes."""

    NONE = "none"
    SIZE = "size"
    OPACITY = "opacity"
    BOTH = "both"


class BrushTool(Tool):
    """Paint the area to remove."""

    id, title, icon, shortcut = "brush", "Mask brush", "brush", "B"
    hint = "Paint over what should go. Right button or Alt erases, Shift+click draws a straight line, Shift+drag sizes"
    erases = False

    @dataclass(frozen=True)
    class Options:
        """Options of a brush."""

        size: int = option(48, "Size", "Diameter of the brush", low=1, high=2000, unit="px")
        hardness: float = option(0.8, "Hardness", "1 has a hard edge, 0 fades from the centre on", low=0, high=1)
        opacity: float = option(1.0, "Opacity", "How strongly one stroke masks", low=0.01, high=1)
        pressure: Pressure = option(Pressure.SIZE, "Pen pressure", "What the pressure of a pen changes")

    def __init__(self) -> None:
        super().__init__()
        self._last: tuple[ref[Document], float, float] | None = None

    def gesture(self, document: Document, event: PointerEvent) -> Gesture:
        """Paint until the release; with Shift, a drag sizes the brush, a click draws a line from the last stroke."""
        if Modifier.SHIFT in event.modifiers:
            press = event
            while event.kind is not Kind.RELEASE:
                event = yield self._hover_overlay(document, event)
                if event.distance(press.x, press.y) > DRAG_PX:
                    yield from self._size(press, event)
                    return
            yield from self._paint(document, press, self._last_point(document), released=True)
        else:
            yield from self._paint(document, event, None)

    def hover(self, document: Document, event: PointerEvent) -> tuple[Pointer, Overlay]:
        """Show the brush at its true size, and with Shift the line that a click would draw."""
        overlay = self._hover_overlay(document, event)
        return Pointer.NONE if any(isinstance(each, Circle) for each in overlay) else Pointer.CROSS, overlay

    def resize(self, steps: int) -> bool:
        """Change the size by a part of itself, down to a single pixel."""
        size = self.options.size
        stepped = max(size * SIZE_STEP, size + 1) if steps > 0 else min(size / SIZE_STEP, size - 1)
        self._set_size(stepped)
        return True

    def suit(self, size: tuple[int, int]) -> None:
        """Take a size that is not lost on a large photo."""
        self._set_size(max(self.options.size, min(size) / FIRST_SIZE))

    def harden(self, steps: int) -> bool:
        """Change the hardness."""
        hardness = round(self.options.hardness + steps * HARDNESS_STEP, 2)
        self.options = replace(self.options, hardness=min(max(hardness, 0.0), 1.0))
        return True

    def _paint(
        self, document: Document, event: PointerEvent, start: tuple[float, float] | None, released: bool = False
    ) -> Gesture:
        """Paint from `start`, if there is one, through the event to the release, which may already have been."""
        other = event.button is Button.SECONDARY or Modifier.ALT in event.modifiers
        erases = self.erases ^ other or event.button is Button.ERASER
        stroke, pressure = Stroke(self.options.hardness), event.pressure
        with PixelEdit("Erase" if erases else "Brush", document, document.mask) as edit:
            if start is not None:
                self._lay(edit, stroke.to(*start, *self._print(pressure)), erases)
            while True:
                if event.kind is not Kind.RELEASE:  # then the pen has no pressure any more
                    pressure = event.pressure
                self._lay(edit, stroke.to(event.x, event.y, *self._print(pressure)), erases)
                if released or event.kind is Kind.RELEASE:
                    break
                event = yield self._outline(event)
        self._last = (ref(document), event.x, event.y)

    def _size(self, press: PointerEvent, event: PointerEvent) -> Gesture:
        """Size the brush, whose outline stays where it was pressed, by moving to the right and to the left."""
        before = self.options
        try:
            while event.kind is not Kind.RELEASE:
                self._set_size(before.size + 2 * (event.x - press.x))
                event = yield self._outline(press)
        except BaseException:
            self.options = before
            raise

    def _lay(self, edit: PixelEdit, dabs: Iterator[Shape], erases: bool) -> None:
        """Write dabs into the mask, those that lie close together at once: a line across the picture stays a line."""
        mask = edit.drawable.rect
        batch: list[Shape] = []
        around = Rect(0, 0, 0, 0)
        for dab in dabs:
            dab = dab.cut(mask)
            if dab.rect.is_empty:
                continue
            if batch and (around | dab.rect).area > 2 * dab.rect.area + BATCH:
                _write(edit, batch, around, erases)
                batch, around = [], Rect(0, 0, 0, 0)
            batch.append(dab)
            around |= dab.rect
        _write(edit, batch, around, erases)

    def _print(self, pressure: float) -> tuple[float, float]:
        """Return diameter and opacity of a dab."""
        options = self.options
        part = max(pressure, LIGHTEST)
        size = options.size * part if options.pressure in (Pressure.SIZE, Pressure.BOTH) else options.size
        opacity = options.opacity * part if options.pressure in (Pressure.OPACITY, Pressure.BOTH) else options.opacity
        return size, opacity

    def _outline(self, event: PointerEvent) -> Overlay:
        radius = self.options.size / 2
        return (Circle(event.x, event.y, radius),) if 2 * radius >= FINEST_PX * event.scale else ()

    def _hover_overlay(self, document: Document, event: PointerEvent) -> Overlay:
        last = self._last_point(document) if Modifier.SHIFT in event.modifiers else None
        line = (Polyline([last, (event.x, event.y)], dashed=False),) if last is not None else ()
        return (*line, *self._outline(event))

    def _last_point(self, document: Document) -> tuple[float, float] | None:
        """Return where the last stroke in this document ended."""
        if self._last is None or self._last[0]() is not document:
            return None
        return self._last[1:]

    def _set_size(self, size: float) -> None:
        limits = next(each for each in options_of(self.Options) if each.name == "size")
        assert limits.low is not None
        assert limits.high is not None
        self.options = replace(self.options, size=round(min(max(size, limits.low), limits.high)))


class EraserTool(BrushTool):
    """Take paint away again."""

    id, title, icon, shortcut = "eraser", "Mask eraser", "eraser", "E"
    hint = "Erase the mask. Right button or Alt paints, Shift+click erases a straight line, Shift+drag sizes"
    erases = True


def _write(edit: PixelEdit, dabs: list[Shape], around: Rect, erases: bool) -> None:
    if not dabs:
        return
    with edit.writing(around) as pixels:
        for dab in dabs:
            target = pixels[dab.rect.slices_in(around)]
            if erases:
                np.minimum(target, np.invert(dab.coverage), out=target)
            else:
                np.maximum(target, dab.coverage, out=target)
