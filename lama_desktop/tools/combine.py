"""Combine: how a new shape joins the mask that is there."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from lama_desktop.core.commands import PixelEdit
from lama_desktop.core.document import Document
from lama_desktop.core.geometry import Rect
from lama_desktop.core.shapes import Shape
from lama_desktop.options import option
from lama_desktop.tools.tool import Modifier


class Combine(StrEnum):
    """What happens to the mask."""

    ADD = "add"
    SUBTRACT = "subtract"
    INTERSECT = "intersect"
    REPLACE = "replace"


@dataclass(frozen=True)
class CombineOptions:
    """Options of tools that make shapes."""

    combine: Combine = option(
        Combine.ADD,
        "Mode",
        "How a new shape joins the mask; Shift adds, Alt subtracts, Shift+Alt intersects, whatever is chosen here",
    )


def combine_for(modifiers: Modifier, chosen: Combine) -> Combine:
    """Return how to combine, from the keys held at the press and the tool's option."""
    if Modifier.SHIFT in modifiers and Modifier.ALT in modifiers:
        return Combine.INTERSECT
    if Modifier.SHIFT in modifiers:
        return Combine.ADD
    return Combine.SUBTRACT if Modifier.ALT in modifiers else chosen


def combine(document: Document, label: str, shape: Shape, how: Combine) -> None:
    """Join a shape with the mask, as one step of the history; a soft edge stays soft.

    Args:
        document: no edit is open.
        label: of the step.
        shape: cut to the document here.
        how: see Combine.
    """
    shape = shape.cut(document.rect)
    with PixelEdit(label, document, document.mask) as edit:
        if how in (Combine.INTERSECT, Combine.REPLACE):
            for rect in _around(document.mask.bounds(), shape.rect):
                with edit.writing(rect) as pixels:
                    pixels[...] = 0
        with edit.writing(shape.rect) as pixels:
            if how is Combine.ADD:
                np.maximum(pixels, shape.coverage, out=pixels)
            elif how is Combine.SUBTRACT:
                np.minimum(pixels, np.invert(shape.coverage), out=pixels)
            elif how is Combine.INTERSECT:
                np.minimum(pixels, shape.coverage, out=pixels)
            else:
                pixels[...] = shape.coverage


def _around(outer: Rect, inner: Rect) -> list[Rect]:
    """Return the part of one rectangle outside of another, as up to four rectangles."""
    inner &= outer
    if inner.is_empty:
        return [] if outer.is_empty else [outer]
    parts = [
        Rect(outer.left, outer.top, outer.right, inner.top),
        Rect(outer.left, inner.bottom, outer.right, outer.bottom),
        Rect(outer.left, inner.top, inner.left, inner.bottom),
        Rect(inner.right, inner.top, outer.right, inner.bottom),
    ]
    return [part for part in parts if not part.is_empty]
