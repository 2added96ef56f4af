"""Outcome: what became of one photo of a batch, as plain data."""

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lama_desktop.batch.plan import State


@dataclass(frozen=True)
class Outcome:
    """What became of a task.

    `seconds` is the time of each part, `size` width and height, `digest` the SHA-256 of the result's file,
    `mended` that of the mended mask it was made with, empty where that was none (`mended.mark`).
    """

    number: int
    state: State
    reason: str = ""
    notes: tuple[str, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    size: tuple[int, int] = (0, 0)
    bytes_read: int = 0
    bytes_written: int = 0
    digest: str = ""
    mended: str = ""

    def is_in(self, path: Path) -> bool:
        """Tell whether a file is the result as it was written, and nothing has changed it."""
        try:
            return bool(self.digest) and digest_of(path.read_bytes()) == self.digest
        except OSError:
            return False

    def to_dict(self) -> dict[str, Any]:
        """Return the outcome as plain JSON values."""
        return {**dataclasses.asdict(self), "seconds": {name: round(value, 4) for name, value in self.seconds.items()}}

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> "Outcome":
        """Return the outcome of plain values."""
        width, height = values["size"]
        given = {**values, "state": State(values["state"]), "notes": tuple(values["notes"]), "size": (width, height)}
        return Outcome(**given)


def digest_of(data: bytes) -> str:
    """Return the hash by which a result is known again."""
    return hashlib.sha256(data).hexdigest()
