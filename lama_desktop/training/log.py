"""The log of a run: `log.jsonl`, one JSON object per line for everything that happened, in the order of the steps.

It is written by the first process of a run, and read by it and by whoever looks on. A reader never stumbles: a line
that a killed program left half-written, or that is of a kind it does not know, is passed over.
"""

import json
import math
import os
import statistics
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

NAME = "log.jsonl"
MOST_WAITING = 10_000
"""Lines that are kept for a disk that refuses them."""
PATIENCE, MOST_RECENT = 600.0, 100
"""Least seconds of silence before a run is thought dead, and how many entries tell how often it speaks."""


class Kind(StrEnum):
    """What an entry tells."""

    START = "start"
    TRAIN = "train"
    VALIDATION = "validation"
    NOTE = "note"
    BROKEN = "broken"
    END = "end"


class State(StrEnum):
    """What has become of a run."""

    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True)
class Entry:
    """One thing that happened after `step` steps.

    `time` is in seconds since 1970. What a kind has nothing to say about is left empty: `values` are named figures of
    the training or of a validation (not a number where they were not finite); `text` is a sentence; `names` are broken
    pictures; `sheet` is a picture file, relative to the folder of the run; `steps` is how many there are to be.
    """

    kind: Kind
    step: int
    time: float
    values: Mapping[str, float] = field(default_factory=dict)
    images_per_second: float | None = None
    seconds_left: float | None = None
    text: str = ""
    names: tuple[str, ...] = ()
    sheet: str = ""
    steps: int | None = None
    state: State | None = None

    def to_line(self) -> bytes:
        """Return it as a line of the file; what is not finite becomes null."""
        said = {name: value for name, value in vars(self).items() if value not in (None, "", (), {})}
        values = {name: _rounded(value) for name, value in self.values.items()}
        return json.dumps(said | ({"values": values} if values else {}), ensure_ascii=False).encode() + b"\n"


class Log:
    """The file, open for adding.

    Args:
        folder: the folder of the run.
        step: where the run goes on from; what the file tells of later steps is cut off, as is a torn last line.

    Raises:
        OSError: the file is there and cannot be changed.
    """

    def __init__(self, folder: Path, step: int) -> None:
        self.path = folder / NAME
        self._waiting: deque[bytes] = deque(maxlen=MOST_WAITING)
        self._end = 0
        if not self.path.exists():
            return
        for line in self.path.read_bytes().splitlines(keepends=True):
            content = _content(line)
            if not line.endswith(b"\n") or (content is not None and content["step"] > step):
                break
            self._end += len(line)
        os.truncate(self.path, self._end)

    def add(self, entry: Entry) -> None:
        """Write an entry, and before it those that the disk refused earlier.

        Raises:
            OSError: the disk refuses; the entry is kept for the next time.
        """
        self._waiting.append(entry.to_line())
        with self.path.open("ab") as file:
            # What a full disk left half-written is overwritten, not continued.
            self._end = min(self._end, file.seek(0, os.SEEK_END))
            file.truncate(self._end)
            file.write(data := b"".join(self._waiting))
            file.flush()
        self._end += len(data)
        self._waiting.clear()


def read_log(folder: Path) -> list[Entry]:
    """Return what the log of a run tells; nothing where there is none.

    Raises:
        OSError: it is there and cannot be read.
    """
    try:
        lines = (folder / NAME).read_bytes().splitlines()
    except FileNotFoundError:
        return []
    return list(_entries(lines))


@dataclass(frozen=True)
class History:
    """What a log says about a run as a whole."""

    entries: Sequence[Entry]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Return the history of the run in a folder; errors as `read_log`."""
        return cls(read_log(folder))

    def of(self, kind: Kind) -> list[Entry]:
        """Return the entries of one kind, in order."""
        return [each for each in self.entries if each.kind is kind]

    @property
    def state(self) -> State:
        """What has become of it; RUNNING also where it was killed and could not say so."""
        last = next((each for each in reversed(self.entries) if each.kind in (Kind.START, Kind.END)), None)
        return State.RUNNING if last is None else last.state or State.RUNNING

    @property
    def failure(self) -> str:
        """Why it failed; empty if it did not."""
        return self.of(Kind.END)[-1].text if self.state is State.FAILED else ""

    @property
    def step(self) -> int:
        """The last step that is known."""
        return max((each.step for each in self.entries), default=0)

    @property
    def steps(self) -> int:
        """How many steps there are to be."""
        return max(next((each.steps for each in reversed(self.entries) if each.steps), 0), self.step)

    @property
    def seconds(self) -> float:
        """How long it ran, without the time between an end and the next start."""
        starts = [index for index, each in enumerate(self.entries) if each.kind is Kind.START]
        spans = pairwise([*starts, len(self.entries)])
        return sum(max(0.0, self.entries[end - 1].time - self.entries[start].time) for start, end in spans)

    @property
    def patience(self) -> float:
        """Seconds without a word that are nothing unusual for this run."""
        recent = pairwise(self.entries[-MOST_RECENT:])
        gaps = [later.time - earlier.time for earlier, later in recent if later.kind is not Kind.START]
        return max(PATIENCE, 5 * statistics.median(gaps), 2 * max(gaps)) if gaps else PATIENCE


def _entries(lines: list[bytes]) -> Iterator[Entry]:
    for line in lines:
        content = _content(line)
        if content is None or content.get("kind") not in tuple(Kind):
            continue
        content["kind"] = Kind(content["kind"])
        known = {name: value for name, value in content.items() if name in Entry.__dataclass_fields__}
        try:
            known["time"] = float(known["time"])
            values = dict(known.get("values", {}))
            known["values"] = {name: math.nan if value is None else float(value) for name, value in values.items()}
            known["names"] = tuple(str(name) for name in known.get("names", ()))
            known["state"] = State(known["state"]) if "state" in known else None
            yield Entry(**known)
        except (TypeError, ValueError, KeyError):
            continue


def _content(line: bytes) -> dict[str, Any] | None:
    """Return the object on a line if it is one and tells its step."""
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) and type(content.get("step")) is int else None


def _rounded(value: float) -> float | None:
    """Return a figure with as many digits as single precision has."""
    return float(f"{value:.7g}") if math.isfinite(value) else None
