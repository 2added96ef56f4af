"""Planner: from an order to its plan.

Nothing is written and no picture is decoded; of each photo that has a mask the first bytes tell its format. Any thread.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from lama_desktop import formats
from lama_desktop.batch.naming import Names, is_too_long, same
from lama_desktop.batch.order import KEEP, Existing, MaskRule, Order
from lama_desktop.batch.pairing import Match, pair
from lama_desktop.batch.plan import Plan, State, Task
from lama_desktop.batch.sources import Found, Source, find_sources
from lama_desktop.errors import FileFormatError
from lama_desktop.formats.base import shown
from lama_desktop.progress import Progress

_WITHOUT_PLACE = (State.UNMASKED, State.UNCLEAR, State.UNREADABLE, State.COLLISION, State.REFUSED)
"""In these states a task has no result, so that its name is free."""


def make_plan(order: Order, progress: Progress | None = None) -> Plan:
    """Find out what an order means on this disk.

    Args:
        order: with absolute paths, as `Order.settled` returns it.
        progress: reports and stops.

    Raises:
        Cancelled: the user stopped it.
        FileFormatError: an input is not there, or there is no picture in any.
    """
    progress = progress or Progress()
    progress(0, "looking for photos")
    found = find(order)
    pairing = pair(found, order.mask_source)
    if not found.pictures:
        where = ", ".join(shown(each) for each in order.inputs[:3])
        raise FileFormatError(f"There is no picture in {where}. Put JPEG, PNG, TIFF or WebP files there.")
    tasks = Planner(order).tasks(pairing.matches, pairing.others, progress)
    return Plan(order, tuple(tasks), pairing.masks_alone, found.others, found.problems)


def find(order: Order) -> Found:
    """Find the pictures of an order; its results, its journal and its masks' folder do not count, wherever they lie."""
    named = {each.resolve() for each in order.inputs if each.is_dir()}
    known = (order.output, order.mask_source.path, order.journal)
    without = [each for each in known if each is not None and each.resolve() not in named]
    return find_sources(order.inputs, order.batch.recursive, without)


class Planner:
    """Makes tasks for photos as they are found, one lot after the other.

    Args:
        order: what was asked for.
        known: tasks that were made before; their photos and results are taken.
        others: further files that no result may replace.
    """

    def __init__(self, order: Order, known: Iterable[Task] = (), others: Iterable[Path] = ()) -> None:
        self._order, self._template = order, order.template
        self._names = Names(others)
        self._number = 0
        for task in known:
            self._number = max(self._number, task.number)
            self._names.add((task.photo, *task.masks))
            if task.state not in _WITHOUT_PLACE:
                self._names.take(task.output, task.photo)

    def tasks(
        self, matches: Sequence[Match], others: Iterable[Path] = (), progress: Progress | None = None
    ) -> list[Task]:
        """Return a task for every photo; with `per_mask` for every mask of it.

        Args:
            matches: the photos and their masks.
            others: what else was found with them; no result may replace it.
            progress: reports and stops.
        """
        progress = progress or Progress()
        photos = self._photos(matches)
        self._names.add((*others, *(path for each in photos for path in (each.source.path, *each.masks))))
        made: list[Task] = []
        for index, match in enumerate(photos):
            progress(index / len(photos), "planning")
            each_mask = self._order.batch.per_mask and match.masks
            for masks in [(mask,) for mask in match.masks] if each_mask else [match.masks]:
                self._number += 1
                made.append(self._task(replace(match, masks=masks), self._number))
        return made

    def with_masks(self, task: Task, masks: tuple[Path, ...]) -> Task:
        """Return one of the known tasks with other masks; one that had no result so far is planned anew."""
        if task.state not in (State.UNMASKED, State.UNCLEAR, State.UNREADABLE):
            return replace(task, masks=masks)
        folder, within = task.output.parent, Path(task.photo.name)
        if self._order.output is not None:
            within = folder.relative_to(self._order.output) / task.photo.name
        self._names.add(masks)
        return self._task(Match(Source(task.photo, within), masks), task.number)

    def _photos(self, matches: Sequence[Match]) -> list[Match]:
        """Return the photos that are no results of others, as those of an earlier run beside the photos are."""
        if self._order.output is not None or self._order.batch.in_place:
            return list(matches)
        results = {}
        for match in matches:
            photo = match.source.path
            results[same(photo.with_name(self._template.name(photo, _first(match.masks), 0)))] = photo
        paths = [each.source.path for each in matches if self._names.owner(each.source.path) is None]
        own = {path for path in paths if results.get(same(path.with_name(path.stem)), path) == path}
        return [each for each in matches if each.source.path in own]

    def _task(self, match: Match, number: int) -> Task:
        order, photo = self._order, match.source.path
        folder = photo.parent if order.output is None else (order.output / match.source.within).parent
        stem = self._template.name(photo, _first(match.masks), number)
        task = Task(number, photo, match.masks, folder / (stem + photo.suffix))
        if match.unclear:
            return replace(task, state=State.UNCLEAR, reason=match.unclear)
        if not match.masks and order.mask_source.rule in (MaskRule.BESIDE, MaskRule.FOLDER):
            return replace(task, state=State.UNMASKED, reason=f"No mask belongs to {shown(photo.name)}.")
        try:
            task = replace(task, output=folder / (stem + _suffix(photo, order.batch.format)))
        except FileFormatError as error:
            return replace(task, state=State.UNREADABLE, reason=str(error))
        return self._placed(task)

    def _placed(self, task: Task) -> Task:
        """Return the task with an output that nobody else has, or with the reason why it has none."""
        batch, names, output = self._order.batch, self._names, task.output
        if batch.in_place:
            if same(output) != same(task.photo):
                name = shown(task.photo.name)
                reason = f"{name} holds another format than its suffix says: give it {output.suffix}."
                if not formats.is_writable(task.photo):
                    reason = f"{name} is of a kind that is only read. Choose a folder for the results instead."
                return replace(task, state=State.REFUSED, reason=reason)
            if (owner := names.owner(output)) is not None:
                reason = f"{shown(output.name)} and {shown(owner.name)} are one file, which is filled once."
                return replace(task, state=State.REFUSED, reason=reason)
            names.take(output, task.photo)
            return task
        if batch.existing is Existing.RENAME:
            output = names.free(output)
        if is_too_long(output.name):
            return replace(task, state=State.REFUSED, reason=f"{shown(output.name)} is too long a name for a file.")
        if names.is_input(output):
            reason = f"The result would replace {shown(output.name)}: choose another folder or name for the results."
            return replace(task, state=State.REFUSED, reason=reason)
        if (owner := names.owner(output)) is not None:
            reason = (
                f"{shown(output.name)} is already the result of {shown(owner.name)}: put {{suffix}} into the "
                "name, or rename existing results."
            )
            return replace(task, state=State.COLLISION, reason=reason)
        names.take(output, task.photo)
        task = replace(task, output=output)
        if batch.existing is Existing.SKIP and os.path.lexists(output):
            reason = f"{shown(output.name)} is there already, and existing results are skipped."
            return replace(task, state=State.EXISTS, reason=reason)
        return task


def _first(masks: tuple[Path, ...]) -> Path | None:
    return next(iter(masks), None)


def _suffix(photo: Path, wanted: str) -> str:
    """Return the suffix of a result: the photo's own where that tells the wanted format, or the format it really has.

    Raises:
        FileFormatError: the photo is of no known format.
    """
    found = formats.recognise(photo)
    target = (
        formats.written_as(found) if wanted == KEEP else next(each for each in formats.FORMATS if each.name == wanted)
    )
    return photo.suffix if photo.suffix.lower() in target.suffixes else target.suffixes[0]
