"""How fast a batch is beside the plain loop that reads, fills and writes one photo after the other.

Both do the same photos in turn, a few at a time, so that a busy moment of the machine hits both; the figure is a ratio.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from lama_desktop import formats
from lama_desktop.batch.coverage import coverage_of
from lama_desktop.batch.filling import filling, load
from lama_desktop.batch.journal import begun
from lama_desktop.batch.order import BatchOptions, Order
from lama_desktop.batch.pipeline import Pipeline
from lama_desktop.batch.plan import Plan, State, Task
from lama_desktop.batch.planner import make_plan
from lama_desktop.batch.removal import inpaint_photo
from lama_desktop.batch.work import Work
from lama_desktop.engine.engine import Engine
from lama_desktop.errors import LamaDesktopError, SettingsError
from lama_desktop.models.store import ModelStore
from lama_desktop.progress import Progress

TURN = 10
"""Photos that one does before it is the other's turn."""


@dataclass(frozen=True)
class Comparison:
    """What the plain loop and the batch took for the same photos.

    `growth` is the size of the results by that of the photos, `same` how many results of both are equal to the bit.
    """

    photos: int
    at_once: int
    loop_seconds: float
    batch_seconds: float
    growth: float
    same: int

    @property
    def ratio(self) -> float:
        """How many times as fast the batch is."""
        return self.loop_seconds / self.batch_seconds


def compare(order: Order, count: int, store: ModelStore, progress: Progress) -> Comparison:
    """Measure both on the photos of an order; the results go into a folder that is deleted in the end.

    Args:
        order: which photos, masks and model.
        count: the first so many of the photos that are ready.
        store: where models are looked up.
        progress: reports and stops.

    Raises:
        Cancelled: the user stopped it.
        SettingsError: no photo is ready.
        LamaDesktopError: one of the photos cannot be done.
    """
    with tempfile.TemporaryDirectory(prefix="lama-desktop-") as name:
        order = replace(order, output=Path(name) / "results", batch=BatchOptions(masks=order.batch.masks)).settled()
        plan = make_plan(order, progress)
        tasks = plan.ready[:count]
        if not tasks:
            raise SettingsError("None of the photos is ready to be filled: lama-desktop batch --dry-run tells why.")
        engine = load(order, store)
        plain, batch = _Timed(partial(_loop, order, engine)), _Timed(partial(_batch, order, engine, Path(name)))
        plain(tasks[:1], progress)
        plain.seconds = 0.0  # what is slow only the first time counts for neither
        same = size = 0
        for number, first in enumerate(range(0, len(tasks), TURN)):
            turn = tasks[first : first + TURN]
            stage = progress.stage(first / len(tasks), (first + len(turn)) / len(tasks))
            # Whoever comes second finds the files in the system's cache, so they take turns in that, too.
            found = {each: each(turn, stage) for each in ((plain, batch) if number % 2 else (batch, plain))}
            same += sum(one == other for one, other in zip(found[plain], found[batch], strict=True))
            size += sum(len(data) for data in found[batch])
        with filling(engine) as shared:
            at_once = shared.at_once
        growth = size / sum(task.photo.stat().st_size for task in tasks)
        return Comparison(len(tasks), at_once, plain.seconds, batch.seconds, growth, same)


class _Timed:
    """A way to do photos, and the seconds it has taken so far."""

    def __init__(self, do: Callable[[Sequence[Task], Progress], None]) -> None:
        self._do, self.seconds = do, 0.0

    def __call__(self, tasks: Sequence[Task], progress: Progress) -> list[bytes]:
        """Do photos, and return their results, which are not left."""
        start = time.perf_counter()
        self._do(tasks, progress)
        self.seconds += time.perf_counter() - start
        results = [task.output.read_bytes() for task in tasks]
        for task in tasks:
            task.output.unlink()
        return results


def _loop(order: Order, engine: Engine, tasks: Sequence[Task], progress: Progress) -> None:
    """Read, fill and write one photo after the other."""
    for task in tasks:
        photo = formats.read(task.photo)
        coverage, _ = coverage_of(photo, task.masks, order)
        result = inpaint_photo(photo, coverage, engine, progress)
        task.output.parent.mkdir(parents=True, exist_ok=True)
        formats.write(result, task.output, order.write)


def _batch(order: Order, engine: Engine, folder: Path, tasks: Sequence[Task], progress: Progress) -> None:
    """Do photos as `lama-desktop batch` does, journal included."""
    with begun(folder / "journal", Plan(order, tuple(tasks))) as journal, filling(engine) as shared:
        for outcome in Pipeline(tasks, Work(journal, shared.fill).do, shared.threads).outcomes(progress):
            if outcome.state is not State.DONE:
                raise LamaDesktopError(outcome.reason)
