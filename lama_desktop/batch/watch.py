"""Watch: photos that come into a folder while a run is on.

Looking again and again works on every disk, also across a network, where the system's own notices do not. A file counts
as there when two looks find it unchanged, so that nothing is read while it is still being copied.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from lama_desktop.batch.journal import Journal
from lama_desktop.batch.order import MaskRule
from lama_desktop.batch.pairing import Match, pair
from lama_desktop.batch.plan import Task
from lama_desktop.batch.planner import Planner, find

INTERVAL = 2.0
"""Seconds between two looks."""

Sight = tuple[tuple[int, int], ...]
"""Size and time of change of a photo and its masks."""


class Watcher:
    """Finds what is new for a run.

    Args:
        journal: of the run; what is in its plan is not new.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal, self._order = journal, journal.plan.order
        self._planner = Planner(self._order, journal.plan.tasks, journal.plan.masks_alone)
        self._known: set[tuple[Path, Path | None]] = set()
        self._seen: dict[Path, Sight] = {}
        self._learn(journal.plan.tasks)

    def look(self) -> list[Task]:
        """Look once, add what has come to the plan of the run, and return it.

        Photos without a mask are left alone until theirs has come. What the plan does not do is in the list, too, with
        the reason.

        Raises:
            FileFormatError: an input is gone.
            LamaDesktopError: the journal cannot be written.
        """
        found = pair(find(self._order), self._order.mask_source)
        new = [match for each in found.matches if (match := self._new(each)) is not None]
        seen = {each.source.path: _sight([each.source.path, *each.masks]) for each in new}
        there = [each for each in new if (now := seen[each.source.path]) and now == self._seen.get(each.source.path)]
        self._seen = seen
        tasks = self._planner.tasks(there, found.others) if there else []
        self._learn(tasks)
        if tasks:
            self._journal.add(tasks)
        return tasks

    def _new(self, match: Match) -> Match | None:
        """Return what of a photo and its masks is not in the plan yet; None if there is nothing to do."""
        photo = match.source.path
        if self._order.batch.per_mask:
            match = replace(match, masks=tuple(mask for mask in match.masks if (photo, mask) not in self._known))
        elif (photo, None) in self._known:
            return None
        needs_mask = self._order.mask_source.rule in (MaskRule.BESIDE, MaskRule.FOLDER)
        waits = needs_mask and not match.masks and (not match.unclear or (photo, None) in self._known)
        return None if waits else match

    def _learn(self, tasks: Iterable[Task]) -> None:
        for task in tasks:
            self._known |= {(task.photo, each) for each in (None, *task.masks)}


def _sight(paths: Iterable[Path]) -> Sight:
    """Return what files look like from outside; nothing while one of them is empty or gone."""
    try:
        found = tuple((status.st_size, status.st_mtime_ns) for status in map(Path.stat, paths))
    except OSError:
        return ()
    return found if all(size for size, _ in found) else ()
