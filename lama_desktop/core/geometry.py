"""Rect: a half-open integer rectangle in document pixels."""

from collections.abc import Iterator
from dataclasses import dataclass

TILE = 128
"""Side of the squares by which changes are kept and repainted. A power of two, so that half-size levels line up."""


@dataclass(frozen=True, order=True)
class Rect:
    """The pixels with left <= x < right and top <= y < bottom; empty where right <= left or bottom <= top."""

    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def of_size(cls, size: tuple[int, int]) -> "Rect":
        """Return the rectangle from (0, 0) of this width and height."""
        return cls(0, 0, *size)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.width, self.height

    @property
    def width(self) -> int:
        """Number of columns; 0 when empty."""
        return max(0, self.right - self.left)

    @property
    def height(self) -> int:
        """Number of rows; 0 when empty."""
        return max(0, self.bottom - self.top)

    @property
    def area(self) -> int:
        """Number of pixels."""
        return self.width * self.height

    @property
    def is_empty(self) -> bool:
        """Whether it holds no pixel."""
        return self.area == 0

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of these pixels in a (H, W, ...) array that starts at (0, 0); never negative."""
        return (
            slice(max(0, self.top), max(0, self.top, self.bottom)),
            slice(max(0, self.left), max(0, self.left, self.right)),
        )

    def __and__(self, other: "Rect") -> "Rect":
        """Return the pixels in both."""
        return Rect(
            max(self.left, other.left),
            max(self.top, other.top),
            min(self.right, other.right),
            min(self.bottom, other.bottom),
        )

    def __or__(self, other: "Rect") -> "Rect":
        """Return the smallest rectangle around both; an empty one adds nothing."""
        if self.is_empty:
            return other
        if other.is_empty:
            return self
        return Rect(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def __contains__(self, other: "Rect") -> bool:
        """Tell whether every pixel of `other` is in this one."""
        return other.is_empty or (self & other) == other

    def moved(self, dx: int, dy: int) -> "Rect":
        """Return it shifted right by `dx` and down by `dy`."""
        return Rect(self.left + dx, self.top + dy, self.right + dx, self.bottom + dy)

    def grown(self, margin: int) -> "Rect":
        """Return it with `margin` more pixels on every side; negative shrinks."""
        return Rect(self.left - margin, self.top - margin, self.right + margin, self.bottom + margin)

    def slices_in(self, outer: "Rect") -> tuple[slice, slice]:
        """Return the index of the pixels that are also in `outer`, in an array whose first pixel is its corner."""
        return (self & outer).moved(-outer.left, -outer.top).slices

    def cells(self, side: int = TILE) -> tuple[slice, slice]:
        """Index, in an array with one element per square of that grid, of the squares that it touches; not negative."""
        if self.is_empty:
            return slice(0, 0), slice(0, 0)
        return (
            slice(self.top // side, -(-self.bottom // side)),
            slice(self.left // side, -(-self.right // side)),
        )

    def tiles(self, width: int = TILE, height: int = TILE) -> Iterator["Rect"]:
        """Yield the rectangles of a grid through (0, 0) that it touches, row by row, cut to it."""
        if self.is_empty:
            return
        for top in range(self.top // height * height, self.bottom, height):
            for left in range(self.left // width * width, self.right, width):
                yield Rect(left, top, left + width, top + height) & self

    def shifted_into(self, bounds: "Rect") -> "Rect":
        """Return it moved as little as possible to lie inside `bounds`, cut where it is larger than `bounds`."""
        left = min(max(self.left, bounds.left), max(bounds.left, bounds.right - self.width))
        top = min(max(self.top, bounds.top), max(bounds.top, bounds.bottom - self.height))
        return Rect(left, top, left + self.width, top + self.height) & bounds
