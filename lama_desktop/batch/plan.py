"""Plan: what will become of each photo, as plain data that is shown to the person who asked before anything is done.

On the disk it is lines of JSON: the order, then one line per task; a later line of the same number counts.
"""

import json
import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from lama_desktop import __version__
from lama_desktop.batch.order import Order
from lama_desktop.formats import atomic
from lama_desktop.formats.base import shown

FORMAT = 1
logger = logging.getLogger(__name__)


class State(StrEnum):
    """What is, or became, of a photo; the value is what a table shows."""

    READY = "ready"
    DONE = "done"
    FAILED = "failed"
    EMPTY = "nothing to remove"
    UNMASKED = "no mask"
    EXISTS = "exists"
    UNCLEAR = "unclear mask"
    UNREADABLE = "unreadable"
    COLLISION = "collision"
    REFUSED = "refused"

    @property
    def is_failure(self) -> bool:
        """Whether somebody has to look at it."""
        return self in _FAILURES


_WIDTH = max(map(len, State))
_FAILURES = {State.FAILED, State.UNCLEAR, State.UNREADABLE, State.COLLISION, State.REFUSED}


@dataclass(frozen=True)
class Task:
    """One result: from which photo and masks, and where to. `reason` is a sentence, where it is not ready."""

    number: int
    photo: Path
    masks: tuple[Path, ...]
    output: Path
    state: State = State.READY
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the task as plain JSON values."""
        return {
            "number": self.number,
            "photo": str(self.photo),
            "masks": [str(each) for each in self.masks],
            "output": str(self.output),
            "state": str(self.state),
            "reason": self.reason,
        }

    @staticmethod
    def from_dict(values: dict[str, Any]) -> "Task":
        """Return the task of plain values."""
        return Task(
            values["number"],
            Path(values["photo"]),
            tuple(Path(each) for each in values["masks"]),
            Path(values["output"]),
            State(values["state"]),
            values["reason"],
        )


@dataclass(frozen=True)
class Plan:
    """Every photo in the order of the inputs and names, and what else was found.

    `masks_alone` belong to no photo, `others` counts files that are no pictures, `problems` says what could not be
    looked into.
    """

    order: Order
    tasks: tuple[Task, ...]
    masks_alone: tuple[Path, ...] = ()
    others: int = 0
    problems: tuple[str, ...] = ()

    @property
    def ready(self) -> tuple[Task, ...]:
        """What there is to do."""
        return tuple(task for task in self.tasks if task.state is State.READY)

    def counts(self) -> dict[State, int]:
        """Return how many photos are in each state, in the order of State."""
        found = Counter(task.state for task in self.tasks)
        return {state: found[state] for state in State if found[state]}

    def headline(self) -> str:
        """Return the plan in one line."""
        parts = [f"{count} {state}" for state, count in self.counts().items()]
        parts += [f"{counted(len(self.masks_alone), 'mask')} without a photo"] if self.masks_alone else []
        parts += [counted(self.others, "other file")] if self.others else []
        return f"{counted(len(self.tasks), 'photo')}: {', '.join(parts) or 'nothing'}"

    def lines(self) -> Iterator[str]:
        """Yield the plan as a table: state, photo, and its masks and result, or why there is none."""
        for task in self.tasks:
            masks = "".join(f" + {shown(mask.name)}" for mask in task.masks)
            what = f": {task.reason}" if task.reason else f"{masks} -> {shown(task.output)}"
            yield f"{task.state:{_WIDTH}}  {shown(task.photo)}{what}"
        yield from (f"{'no photo':{_WIDTH}}  {shown(mask)}" for mask in self.masks_alone)
        yield from (f"{'problem':{_WIDTH}}  {problem}" for problem in self.problems)

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain JSON values."""
        return {
            "order": self.order.to_dict(),
            "masks_alone": [str(each) for each in self.masks_alone],
            "other_files": self.others,
            "problems": list(self.problems),
            "counts": {str(state): count for state, count in self.counts().items()},
            "photos": [task.to_dict() for task in self.tasks],
        }

    @staticmethod
    def from_dict(values: dict[str, Any]) -> "Plan":
        """Return the plan of plain values."""
        return Plan(
            Order.from_dict(values["order"]),
            tuple(Task.from_dict(each) for each in values["photos"]),
            tuple(Path(each) for each in values["masks_alone"]),
            values["other_files"],
            tuple(values["problems"]),
        )

    def save(self, path: Path) -> None:
        """Write the plan to the disk, whole or not at all.

        Raises:
            FileFormatError: the disk refuses.
        """
        head = self.to_dict()
        photos = head.pop("photos")
        head = {"format": FORMAT, "made_by": f"lama-desktop {__version__}", **head}
        atomic.replace(path, "".join(map(line, (head, *photos))).encode())

    @staticmethod
    def load(path: Path) -> "Plan":
        """Read a plan, with what was added to it since it was saved.

        Raises:
            OSError, ValueError, LookupError, TypeError, AttributeError, SettingsError: it cannot be understood.
        """
        lines = list(whole_lines(path))
        if not lines or lines[0].get("format") != FORMAT:
            raise ValueError("another version of the program wrote it")
        latest = {each["number"]: each for each in lines[1:]}
        return Plan.from_dict({**lines[0], "photos": list(latest.values())})


def line(values: Mapping[str, Any]) -> str:
    """Return plain values as a line of JSON."""
    return json.dumps(values) + "\n"


def whole_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the lines of JSON of a file; one that a kill has cut off counts as not written."""
    for each in path.read_bytes().splitlines():
        try:
            yield json.loads(each)
        except ValueError:
            logger.debug("%s has a line that was cut off", path)


def counted(number: int, noun: str) -> str:
    """Return how many there are of something, in words."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
