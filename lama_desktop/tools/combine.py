"""Combine: how a new shape joins the mask that is there."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from lama_desktop.core import masking
from lama_desktop.core.document import Document
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
    shape, mask = shape.cut(document.rect), document.mask
    before = mask.coverage[shape.rect.slices]
    if how is Combine.ADD:
        masking.write(document, label, shape.rect, np.maximum(before, shape.coverage))
    elif how is Combine.SUBTRACT:
        masking.write(document, label, shape.rect, np.minimum(before, np.invert(shape.coverage)))
    elif how is Combine.INTERSECT:
        masking.replace(document, label, shape.rect, np.minimum(before, shape.coverage))
    else:
        masking.replace(document, label, shape.rect, shape.coverage)
