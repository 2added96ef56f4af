"""Sources: where the fill of a contender comes from, a model at work or a folder of predictions.

What a model has filled is kept in a folder, so that an evaluation which was stopped goes on, and one with other
measures or one more contender costs nothing twice. A kept fill is taken for what the model, its settings and every
pixel that it was shown are the same; a new version of the program is not noticed.

A source belongs to one thread.
"""

import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from lama_desktop import formats
from lama_desktop.core.arrays import Image
from lama_desktop.core.photo import Photo
from lama_desktop.engine.engine import Engine
from lama_desktop.errors import FileFormatError
from lama_desktop.evaluation.cases import Case
from lama_desktop.evaluation.predictions import Found, read_prediction
from lama_desktop.formats.base import shown
from lama_desktop.progress import Progress

logger = logging.getLogger(__name__)

RECORD = "fills.jsonl"
"""One line per kept fill: its name, what it was made of and with, and the seconds that took."""

MASKED_VALUE = 128
"""The grey that a model is shown in the place of the truth."""


class Source(Protocol):
    """Gives the fills of one contender."""

    def fill(self, case: Case, progress: Progress) -> tuple[Image, float | None]:
        """Return the picture of a case with its hole filled, (H, W, 3) uint8 sRGB, and the seconds it took, if known.

        Raises:
            FileFormatError: there is no usable one.
        """
        ...


class FolderSource:
    """Predictions that lie in a folder.

    Args:
        found: what is in there.
    """

    def __init__(self, found: Found) -> None:
        self.found = found

    def has(self, name: str) -> bool:
        """Return whether there is a file for a hole, usable or not."""
        return name in self.found.files

    def fill(self, case: Case, progress: Progress) -> tuple[Image, float | None]:
        """Read the prediction of a case; see Source."""
        if not self.has(case.name):
            raise FileFormatError(f"There is no prediction for {shown(case.name)}.")
        return read_prediction(self.found.files[case.name], case.truth), None


class EngineSource:
    """A model that fills, and the folder of what it has filled.

    Args:
        open: returns the engine; called when the first fill is really made.
        identity: plain JSON values; fills of another identity are not taken.
        folder: where fills are kept; None keeps nothing.
        fresh: whether fills of earlier runs are made again.
    """

    def __init__(
        self, open: Callable[[], Engine], identity: Mapping[str, Any], folder: Path | None, *, fresh: bool = False
    ) -> None:
        self._open = open
        self._engine: Engine | None = None
        self._identity = json.dumps(identity, sort_keys=True)
        self._folder = folder
        self._kept = {} if fresh or folder is None else _kept(folder / RECORD)
        self._made: set[str] = set()
        self._taken: set[str] = set()

    @property
    def reused(self) -> int:
        """How many fills of earlier runs were taken."""
        return len(self._taken)

    def fill(self, case: Case, progress: Progress) -> tuple[Image, float | None]:
        """Fill the hole of a case, or take what was kept; errors also as Engine.inpaint."""
        mask = case.hole.astype(np.uint8) * np.uint8(255)
        # What is behind the mask is not shown, so that no model can be good by peeping.
        masked = np.where(case.hole[..., None], np.uint8(MASKED_VALUE), case.truth)
        digest = hashlib.sha256(self._identity.encode() + masked.tobytes() + mask.tobytes()).hexdigest()
        if self._folder is not None and case.name in self._kept and self._kept[case.name][0] == digest:
            try:
                pixels = read_prediction(self._folder / f"{case.name}.png", case.truth)
            except FileFormatError as error:
                logger.info("Filled again: %s", error)
            else:
                if case.name not in self._made:
                    self._taken.add(case.name)
                return pixels, self._kept[case.name][1]
        if self._engine is None:
            self._engine = self._open()
        start = time.perf_counter()
        pixels = self._engine.inpaint(masked, mask, progress)
        seconds = time.perf_counter() - start
        if self._folder is not None:
            self._keep(self._folder, case.name, digest, pixels, seconds)
        return pixels, seconds

    def _keep(self, folder: Path, name: str, digest: str, pixels: Image, seconds: float) -> None:
        path = folder / f"{name}.png"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            formats.write(Photo(pixels), path)
            with (folder / RECORD).open("a", encoding="utf-8") as file:
                file.write(json.dumps({"name": name, "digest": digest, "seconds": round(seconds, 4)}) + "\n")
            self._kept[name] = digest, seconds
            self._made.add(name)
        except OSError as error:
            raise FileFormatError(f"{shown(path.name)} cannot be kept: {error.strerror or error}.") from error


def _kept(path: Path) -> dict[str, tuple[str, float]]:
    """Return digest and seconds of the kept fills by name; the last line of a name counts, half a line does not."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    found = {}
    for line in lines:
        try:
            entry = json.loads(line)
            found[str(entry["name"])] = (str(entry["digest"]), float(entry["seconds"]))
        except (ValueError, KeyError, TypeError):
            continue
    return found
