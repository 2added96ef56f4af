"""Drawable: pixels at a position in a document; Mask: the one that says what to remove.

Pixels are read-only to everybody. The only way to change them is `PixelEdit.writing` in `core/commands.py`, which
keeps what was there and tells the document; a stray write raises. UI thread only; other threads get `frozen()` arrays.
"""

import weakref
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from lama_desktop.core.arrays import Coverage
from lama_desktop.core.extremes import Extremes
from lama_desktop.core.geometry import Rect


class Drawable:
    """Pixels at a position.

    Args:
        pixels: (H, W) or (H, W, 4) uint8 or uint16, alpha or coverage last. It becomes the drawable's own: nobody else
            writes into it from now on. A read-only array is fine; it is copied when it is first written.
        origin: where its first pixel lies in the document; may be negative.
        coverage: what every value of its alpha (or of the mask) is known to be; None when that is not known.
    """

    def __init__(self, pixels: NDArray[Any], origin: tuple[int, int] = (0, 0), *, coverage: int | None = None) -> None:
        self._array = np.ascontiguousarray(pixels)
        self._loans: list[weakref.ref[NDArray[Any]]] = []
        self._extremes = Extremes(self._array.shape[:2], coverage)
        self.revision = object()
        """Stands for the pixels as they are: another one after every write, the same one in a copy."""
        self.origin = origin

    @property
    def pixels(self) -> NDArray[Any]:
        """A read-only view of the pixels; later edits show in it, until one after `frozen` moves them elsewhere."""
        view = self._array.view()
        view.flags.writeable = False
        return view

    @property
    def rect(self) -> Rect:
        """The document pixels that it covers."""
        height, width = self._array.shape[:2]
        left, top = self.origin
        return Rect(left, top, left + width, top + height)

    @property
    def nbytes(self) -> int:
        """The memory of its pixels."""
        return self._array.nbytes

    @property
    def storage(self) -> int:
        """A number that two drawables have in common while they share their pixels in memory."""
        return self._array.ctypes.data

    def frozen(self) -> NDArray[Any]:
        """Return the pixels as an array that never changes again, for another thread or another drawable.

        Nothing is copied now. Whoever writes first while that array, or any view of it, is in use moves to a copy.
        """
        if not self._array.flags.writeable:
            return self.pixels
        loan = np.asarray(_Loan(self._array))
        self._loans.append(weakref.ref(loan))
        return loan

    def coverage_range(self, rect: Rect) -> tuple[int, int]:
        """Return a lower and an upper bound of alpha (of the mask's values) in `rect`, which it covers wholly."""
        return self._extremes.of(self._array, rect.moved(-self.origin[0], -self.origin[1]))

    def bounds(self) -> Rect:
        """Return the smallest rectangle of document pixels around all that is not transparent, or masked.

        Asking again after a stroke costs only what the stroke touched.
        """
        return self._extremes.bounds(self._array).moved(*self.origin)

    def writable(self, area: Rect) -> NDArray[Any]:
        """Return a view for writing, of the pixels that lie in `area`. For commands only: nothing is kept or told."""
        if not self._array.flags.writeable or any(loan() is not None for loan in self._loans):
            self._array = self._array.copy()
        self._loans.clear()
        self.revision = object()
        self._extremes.forget((area & self.rect).moved(-self.origin[0], -self.origin[1]))
        return self._array[area.slices_in(self.rect)]


class Mask(Drawable):
    """What to remove: (H, W) uint8, 0 keeps and 255 removes; values between blend. It covers the whole document."""

    before_clearing: tuple[Rect, Coverage] | None = None
    """What `masking.clearing` has emptied it of, for Mask > Reselect; in no step, and gone when the size changes."""

    @classmethod
    def empty(cls, size: tuple[int, int]) -> Self:
        """Return a mask of this width and height that removes nothing."""
        return cls(np.zeros((size[1], size[0]), np.uint8), coverage=0)

    @property
    def is_empty(self) -> bool:
        """Whether it removes nothing."""
        return self.bounds().is_empty

    @property
    def coverage(self) -> Coverage:
        """The pixels, by the name of their type."""
        return self.pixels

    def frozen(self) -> Coverage:
        """Return a copy, which costs what is masked: a stroke must not have to wait for one of the whole mask."""
        result, bounds = np.zeros_like(self._array), self.bounds()
        part = bounds.slices_in(self.rect)
        result[part] = self._array[part]
        result.flags.writeable = False
        return result


class _Loan:
    """Memory that an array of somebody else's reads.

    To numpy this is a foreign buffer, so every view of that array keeps the array itself alive and not its memory only:
    a weak reference to it tells whether the memory is still in use.
    """

    def __init__(self, array: NDArray[Any]) -> None:
        self.owner = array
        interface = dict(array.__array_interface__)
        interface["data"] = (interface["data"][0], True)  # read-only
        self.__array_interface__ = interface
