"""Masking: what the Mask menu does, each as one step of the history; nothing where nothing would change.

Work is done on the bounds of the mask, so that it costs what is masked and not what the picture has. UI thread; no edit
is open.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from lama_desktop.core import morphology
from lama_desktop.core.arrays import Coverage, Image
from lama_desktop.core.commands import Command, PixelEdit
from lama_desktop.core.composite import to_depth
from lama_desktop.core.document import Document
from lama_desktop.core.geometry import Rect
from lama_desktop.core.layer import Layer
from lama_desktop.errors import LamaDesktopError


def select_all(document: Document) -> None:
    """Mask the whole picture."""
    write(document, "Mask all", document.rect, 255)


def clear(document: Document) -> None:
    """Mask nothing."""
    if not document.mask.is_empty:
        document.do(clearing(document))


def clearing(document: Document, label: str = "Clear mask") -> Command:
    """Return the command that empties the mask, to be done at once, alone or in a group; `reselect` brings it back."""
    mask = document.mask
    bounds = mask.bounds()
    if not bounds.is_empty:
        mask.before_clearing = bounds, mask.coverage[bounds.slices].copy()
    return PixelEdit.replacing(label, document, mask, bounds, 0)


def reselect(document: Document) -> None:
    """Bring back the mask that was last cleared, by hand or by a removal, in the place of the present one."""
    kept = document.mask.before_clearing
    if kept is not None:
        replace(document, "Reselect", *kept)


def invert(document: Document) -> None:
    """Mask what is not masked."""
    write(document, "Invert mask", document.rect, np.invert(document.mask.coverage))


@dataclass(frozen=True)
class Change:
    """A change of the mask that reaches some pixels far.

    Args:
        label: of its step.
        operation: takes a coverage and the radius, returns the other coverage, of the same shape.
        widens: whether it masks something outside of the bounds of the mask, at most so far.
    """

    label: str
    operation: Callable[[Coverage, int], Coverage]
    widens: bool = True


GROW = Change("Grow mask", morphology.grow)
SHRINK = Change("Shrink mask", morphology.shrink, widens=False)
FEATHER = Change("Feather mask", morphology.feather)
BORDER = Change("Border", morphology.border)


def grow(document: Document, radius: int) -> None:
    """Widen the mask by some pixels."""
    apply(document, GROW, radius)


def shrink(document: Document, radius: int) -> None:
    """Narrow the mask by some pixels; not from the edge of the picture."""
    apply(document, SHRINK, radius)


def border(document: Document, width: int) -> None:
    """Leave a band along the edge of the mask."""
    apply(document, BORDER, width)


def feather(document: Document, radius: int) -> None:
    """Fade the edge of the mask over some pixels on each side."""
    apply(document, FEATHER, radius)


def apply(document: Document, change: Change, radius: int) -> None:
    """Change the mask by some pixels."""
    margin = radius if change.widens else 1
    _on_bounds(document, change.label, margin, lambda coverage: change.operation(coverage, radius))


def preview(document: Document, change: Change, radius: int) -> PixelEdit:
    """Return an open edit in which the mask is changed already, for the time that somebody looks at it."""
    edit = PixelEdit(change.label, document, document.mask).open()
    rect = document.mask.bounds().grown(radius if change.widens else 1) & document.rect
    try:
        with edit.writing(rect) as coverage:
            coverage[:] = change.operation(coverage.copy(), radius)
    except BaseException:  # nobody has the edit yet who could end it
        edit.roll_back()
        raise
    return edit


def fill_holes(document: Document) -> None:
    """Mask what the mask encloses."""
    _on_bounds(document, "Fill holes", 0, morphology.fill_holes)


def from_alpha(document: Document, layer: Layer) -> None:
    """Mask what a layer covers, as strongly as it does."""
    alpha = to_depth(np.ascontiguousarray(layer.pixels[..., 3]), np.uint8)
    replace(document, "Mask from layer", layer.rect, alpha)


def replace(document: Document, label: str, rect: Rect, coverage: Coverage) -> None:
    """Put another mask in the place of the present one.

    Args:
        document: whose.
        label: of the step.
        rect: where `coverage` lies; outside of it nothing is masked.
        coverage: (rect.height, rect.width) uint8.

    Raises:
        LamaDesktopError: the shape is another one.
    """
    if coverage.shape != (rect.height, rect.width):
        raise LamaDesktopError("The mask has another size than its place: use a mask of the photo's size.")
    inside = rect & document.rect
    around = document.mask.bounds() | inside
    whole = np.zeros((around.height, around.width), np.uint8)
    whole[inside.slices_in(around)] = coverage[inside.slices_in(rect)]
    write(document, label, around, whole)


def write(document: Document, label: str, rect: Rect, coverage: Coverage | int) -> None:
    """Change the mask in a rectangle.

    Args:
        document: whose.
        label: of the step.
        rect: where; outside of it the mask stays.
        coverage: (rect.height, rect.width) uint8, or one value. Not kept.
    """
    edit = PixelEdit.replacing(label, document, document.mask, rect, coverage)
    if not edit.is_empty:
        document.do(edit)


def luminance(pixels: Image) -> Coverage:
    """Return how bright pixels look, 0 to 255: Rec. 601 luma of the encoded values, times alpha.

    Args:
        pixels: (H, W, 4) uint8 or uint16, straight alpha.
    """
    luma = to_depth(cv2.cvtColor(np.ascontiguousarray(pixels[..., :3]), cv2.COLOR_RGB2GRAY), np.uint8)
    alpha = to_depth(np.ascontiguousarray(pixels[..., 3]), np.uint8)
    return cv2.multiply(luma, alpha, scale=1 / 255).astype(np.uint8, copy=False)


def _on_bounds(document: Document, label: str, margin: int, operation: Callable[[Coverage], Coverage]) -> None:
    """Apply an operation that changes nothing further than `margin` outside of what is masked."""
    bounds = document.mask.bounds()
    if not bounds.is_empty:
        rect = bounds.grown(margin) & document.rect
        write(document, label, rect, operation(document.mask.coverage[rect.slices]))
