"""Sampling: from where fills may copy texture, as painted with the mask; each change is one step of the history.

UI thread only, except `allowed_in`.
"""

from dataclasses import replace

import numpy as np

from lama_desktop.core import masking
from lama_desktop.core.arrays import Hole
from lama_desktop.core.commands import Compound, StackEdit
from lama_desktop.core.document import Document
from lama_desktop.core.drawable import Mask
from lama_desktop.core.geometry import Rect
from lama_desktop.core.stack import Stack
from lama_desktop.errors import LamaDesktopError

EDGE = 128
"""Coverage from which on a pixel of the painted mask counts."""


def sample_from_mask(document: Document) -> None:
    """Copy texture only from what is masked; the mask is empty afterwards."""
    _change(document, "Sample from here only", document.mask.coverage >= EDGE)


def avoid_mask(document: Document) -> None:
    """Copy no texture from what is masked, nor from where that was said before; the mask is empty afterwards."""
    allowed = allowed_in(document.stack, document.rect)
    masked = document.mask.coverage >= EDGE
    _change(document, "Never sample from here", ~masked if allowed is None else allowed & ~masked)


def sample_everywhere(document: Document) -> None:
    """Copy texture from everywhere again."""
    if document.stack.sampling is not None:
        document.do(StackEdit("Sample everywhere", replace(document.stack, sampling=None)))


def allowed_in(stack: Stack, rect: Rect) -> Hole | None:
    """Return (h, w) bool for a part of the document, from where texture may be copied; None for everywhere."""
    if stack.sampling is None:
        return None
    allowed = np.zeros((rect.height, rect.width), bool)
    part = rect & stack.sampling.rect
    allowed[part.slices_in(rect)] = stack.sampling.pixels[part.slices_in(stack.sampling.rect)] >= EDGE
    return allowed


def _change(document: Document, label: str, allowed: Hole) -> None:
    whole = Mask(allowed.astype(np.uint8) * np.uint8(255))
    bounds = whole.bounds()
    if bounds.is_empty:
        raise LamaDesktopError("Nothing would be left to copy texture from: leave some of the picture.")
    area = Mask(whole.pixels[bounds.slices].copy(), (bounds.left, bounds.top))
    clear = masking.clearing(document, label)
    document.do(Compound(label, [StackEdit(label, replace(document.stack, sampling=area)), clear]))
