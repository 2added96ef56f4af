"""Mended masks: masks that a person has painted for single photos of a batch, kept with its journal.

The masks of the batch stay as they are. A mended one is found again by its photo: by a later plan, and by whoever takes
the run up, in the window or on the command line. Any thread.
"""

import contextlib
import hashlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from lama_desktop import formats
from lama_desktop.batch.outcome import digest_of
from lama_desktop.batch.plan import Plan, State, Task
from lama_desktop.batch.planner import Planner
from lama_desktop.core.arrays import Coverage
from lama_desktop.core.photo import ColorModel, Photo
from lama_desktop.errors import FileFormatError
from lama_desktop.formats.base import shown

FOLDER = "masks"
"""In the folder of the journal."""
MENDABLE = (State.READY, State.DONE, State.FAILED, State.EMPTY, State.UNMASKED, State.UNCLEAR)
"""Where another mask helps; elsewhere the name of the result or the photo itself is in the way."""


def keep(journal: Path, plan: Plan, task: Task, mask: Coverage) -> Task:
    """Write a mask for a task of a plan; return the task with it, ready to be done.

    Args:
        journal: the folder of the run.
        plan: of which the task is.
        task: in a state of MENDABLE, whatever became of it.
        mask: (H, W) uint8, as large as the photo.

    Raises:
        FileFormatError: the disk refuses.
    """
    place = _place(journal, plan, task)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileFormatError(f"{shown(place.parent)} cannot be made: {error.strerror or error}.") from error
    formats.write(Photo(mask[..., None], ColorModel.GREY), place)
    return Planner(plan.order, plan.tasks, plan.masks_alone).with_masks(task, (place,))


def with_mended(plan: Plan, journal: Path) -> Plan:
    """Return a plan with the masks that were mended before and are kept in the folder of its journal."""
    try:
        there = {each.name for each in (journal / FOLDER).iterdir()}
    except OSError:
        there = set()
    if not there:
        return plan
    planner = Planner(plan.order, plan.tasks, plan.masks_alone)
    tasks = []
    for task in plan.tasks:
        place = _place(journal, plan, task)
        mended = place.name in there and task.state in MENDABLE
        tasks.append(planner.with_masks(task, (place,)) if mended else task)
    return replace(plan, tasks=tuple(tasks))


def mark(masks: Iterable[Path], journal: Path) -> str:
    """Return what tells the mended mask among these from what it was before, or will be; empty where there is none."""
    mended = next((each for each in masks if each.parent == journal / FOLDER), None)
    with contextlib.suppress(OSError):
        return digest_of(mended.read_bytes()) if mended is not None else ""
    return ""


def _place(journal: Path, plan: Plan, task: Task) -> Path:
    """Return where the mended mask of a task is; with a result per mask, of that mask."""
    folder = journal / FOLDER
    if task.masks and task.masks[0].parent == folder:
        return task.masks[0]
    of = task.masks[0] if plan.order.batch.per_mask and task.masks else task.photo
    key = hashlib.sha256(str(of).encode("utf-8", "surrogateescape")).hexdigest()[:10]
    return folder / f"{of.stem[:60]}-{key}.png"
