"""Report: what became of every photo of a run, as lines of JSON for programs and as a text for people."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from lama_desktop.batch.journal import Journal
from lama_desktop.batch.outcome import Outcome
from lama_desktop.batch.plan import Plan, State, Task, counted
from lama_desktop.formats import atomic
from lama_desktop.formats.base import shown

LINES, TEXT = "report.jsonl", "summary.txt"
PARTS = {"read": "reading", "fill": "filling", "write": "writing"}


@dataclass(frozen=True)
class Report:
    """A plan, and what is known of each of its tasks."""

    plan: Plan
    rows: tuple[tuple[Task, Outcome], ...]

    @staticmethod
    def of(journal: Journal) -> "Report":
        """Return the report of a run, which may still be on."""
        return Report(journal.plan, tuple(journal.rows()))

    @cached_property
    def counts(self) -> dict[State, int]:
        """How many photos are in each state, in the order of State."""
        found = Counter(outcome.state for _, outcome in self.rows)
        return {state: found[state] for state in State if found[state]}

    @property
    def failed(self) -> tuple[tuple[Task, Outcome], ...]:
        """What somebody has to look at."""
        return tuple(row for row in self.rows if row[1].state.is_failure)

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return State.READY not in self.counts

    @property
    def is_clean(self) -> bool:
        """Whether nobody has to look at anything, neither at a photo nor at a folder."""
        return not self.failed and not self.plan.problems

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds of each part of the work for a photo that is done, on average; empty where none is."""
        done = [outcome for _, outcome in self.rows if outcome.state is State.DONE]
        return {part: sum(each.seconds.get(part, 0) for each in done) / len(done) for part in PARTS if done}

    def to_dict(self) -> dict[str, Any]:
        """Return what there is to say about the whole run as plain JSON values."""
        done = [outcome for _, outcome in self.rows if outcome.state is State.DONE]
        return {
            "model": self.plan.order.model,
            "photos": len(self.rows),
            "counts": {str(state): count for state, count in self.counts.items()},
            "seconds_per_photo": {part: round(value, 3) for part, value in self.seconds.items()},
            "bytes_read": sum(each.bytes_read for each in done),
            "bytes_written": sum(each.bytes_written for each in done),
            "failed": [
                {"photo": str(task.photo), "state": str(outcome.state), "reason": outcome.reason}
                for task, outcome in self.failed
            ],
        }

    def headline(self) -> str:
        """Return the result in one line."""
        return ", ".join(f"{count} {state}" for state, count in self.counts.items()) or "no photo"

    def text(self) -> str:
        """Return the summary for people: the numbers, what failed and why, what had to be said, every photo."""
        return "\n".join([*self._numbers(), *self._failures(), *self._notes(), *self._photos()]) + "\n"

    def write(self, folder: Path) -> None:
        """Write both forms into the folder of the journal, each whole or not at all.

        Raises:
            FileFormatError: the disk refuses.
        """
        lines = (json.dumps({**task.to_dict(), **outcome.to_dict()}) + "\n" for task, outcome in self.rows)
        atomic.replace(folder / LINES, "".join(lines).encode())
        atomic.replace(folder / TEXT, self.text().encode("utf-8", "backslashreplace"))

    def _numbers(self) -> Iterable[str]:
        yield f"{counted(len(self.rows), 'photo')}, filled by {self.plan.order.model}"
        for state, count in self.counts.items():
            yield f"  {count:6d} {state}"
        if self.seconds:
            parts = ", ".join(f"{PARTS[part]} {value:.2f}" for part, value in self.seconds.items())
            yield f"  {sum(self.seconds.values()):.2f} s for each that is done ({parts})"
            numbers = self.to_dict()
            yield f"  {numbers['bytes_read'] / 1e6:.1f} MB of photos became {numbers['bytes_written'] / 1e6:.1f} MB"
        if self.plan.masks_alone:
            yield f"  {counted(len(self.plan.masks_alone), 'mask')} without a photo"
        yield from (f"  {problem}" for problem in self.plan.problems)

    def _failures(self) -> Iterable[str]:
        if self.failed:
            yield "\nTo look at:"
        for task, outcome in self.failed:
            yield f"  {shown(task.photo)}: {outcome.reason}"

    def _notes(self) -> Iterable[str]:
        noted = [(task, note) for task, outcome in self.rows for note in outcome.notes]
        if noted:
            yield "\nNotes:"
        for task, note in noted:
            yield f"  {shown(task.photo.name)}: {note}"

    def _photos(self) -> Iterable[str]:
        yield "\nEvery photo, with its seconds:"
        for task, outcome in self.rows:
            seconds = f"{sum(outcome.seconds.values()):8.2f}" if outcome.seconds else " " * 8
            where = f" -> {shown(task.output)}" if outcome.state is State.DONE else ""
            yield f"{seconds}  {outcome.state}: {shown(task.photo)}{where}"
