"""Room: how many pixels may be in memory at once, so that photos of any size keep it flat."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from lama_desktop import formats
from lama_desktop.progress import Progress

TICK = 0.2
"""Seconds after which somebody who waits looks whether the work was cancelled."""


class Place:
    """What one photo takes; `settle` once that is known."""

    def __init__(self, room: "Room") -> None:
        self._room = room
        self.pixels = room.guess()

    def settle(self, pixels: int) -> None:
        """Take so many pixels instead of what was guessed."""
        self._room.settle(self, pixels)


class Room:
    """Pixels of photos that are at work: together at most as many as one picture may have, which always fits.

    How large a photo is shows only when it has been read. Until then it counts as the largest so far, and the first
    one as everything. Any thread.

    Args:
        limit: pixels; by default those of the pixel budget of `formats`.
    """

    def __init__(self, limit: int | None = None) -> None:
        self._limit = limit or formats.pixel_budget()
        self._largest: int | None = None
        self._taken = 0
        self._changed = threading.Condition()

    @contextmanager
    def place(self, progress: Progress) -> Iterator[Place]:
        """Yield a place as soon as there is one.

        Raises:
            Cancelled: the user stopped the work meanwhile.
        """
        with self._changed:
            while self._taken and self._taken + self.guess() > self._limit:
                self._changed.wait(TICK)
                progress(0, "waiting for memory")
            place = Place(self)
            self._taken += place.pixels
        try:
            yield place
        finally:
            self._give_back(place.pixels)

    def guess(self) -> int:
        """Return what a photo will probably take."""
        return self._limit if self._largest is None else self._largest

    def settle(self, place: Place, pixels: int) -> None:
        """Let a place take so many pixels."""
        with self._changed:
            self._taken += pixels - place.pixels
            self._largest = max(self._largest or 0, pixels)
            place.pixels = pixels
            self._changed.notify_all()

    def _give_back(self, pixels: int) -> None:
        with self._changed:
            self._taken -= pixels
            self._changed.notify_all()
