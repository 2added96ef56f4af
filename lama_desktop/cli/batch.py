"""`lama-desktop batch`: many photos and their masks; planned, resumable, on one device or several."""

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lama_desktop import options as declared
from lama_desktop.batch.journal import Journal, begun, joined, resumed
from lama_desktop.batch.mended import with_mended
from lama_desktop.batch.order import JOURNAL, PLAN, BatchOptions, Order
from lama_desktop.batch.outcome import Outcome
from lama_desktop.batch.pipeline import TICK, Pipeline
from lama_desktop.batch.plan import Plan, State, Task, counted
from lama_desktop.batch.planner import make_plan
from lama_desktop.batch.report import LINES, TEXT, Report
from lama_desktop.batch.watch import INTERVAL, Watcher
from lama_desktop.batch.work import Work
from lama_desktop.cli.terminal import print_json, progress_line
from lama_desktop.engine.options import EngineOptions
from lama_desktop.errors import Cancelled, FileFormatError, LamaDesktopError, ModelError, SettingsError
from lama_desktop.formats import WriteOptions
from lama_desktop.formats.base import shown
from lama_desktop.models.store import ModelStore
from lama_desktop.paths import models_folder
from lama_desktop.progress import Progress

if TYPE_CHECKING:
    from lama_desktop.engine.ranks import Ranks

SECTIONS = (BatchOptions, EngineOptions, WriteOptions)
SAID = 20
"""So many failures are named on the terminal; the report names all."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.epilog = (
        "Example: lama-desktop batch PHOTOS -o CLEAN --dry-run, and then without --dry-run. Several devices: torchrun "
        "--nproc-per-node N -m lama_desktop batch PHOTOS -o CLEAN."
    )
    parser.add_argument(
        "inputs", nargs="*", metavar="PHOTOS", help="folders and files; - reads their names from standard input"
    )
    parser.add_argument("-o", "--output", type=Path, metavar="FOLDER", help="the results (default: beside the photos)")
    parser.add_argument("--model", help="id of a model, or a weight file (default: the best that is installed)")
    parser.add_argument("--dry-run", action="store_true", help="show the plan, and do nothing")
    parser.add_argument("--resume", action="store_true", help="go on with a run that was stopped or killed")
    parser.add_argument("--retry-failed", action="store_true", help="with --resume: try again what failed")
    parser.add_argument("--watch", action="store_true", help="wait for more photos until Ctrl+C")
    parser.add_argument(
        "--journal", type=Path, metavar="FOLDER", help=f"journal and report (default: {JOURNAL} among the results)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document about the plan, or what was done")
    for section in SECTIONS:
        declared.add_arguments(parser, section)


def run(arguments: argparse.Namespace) -> int:
    """Plan and do a batch; return the exit code."""
    if arguments.retry_failed and not arguments.resume:
        raise SettingsError("--retry-failed goes on with a run: add --resume.")
    order, named = _order(arguments), _named(arguments)
    if arguments.dry_run:
        if _is_first():
            _show(with_mended(make_plan(_with_photos(order)), arguments.journal or order.journal), arguments.json)
        return 0
    ranks = _ranks()
    if ranks is not None and arguments.watch:
        raise SettingsError("--watch is for one process: start it without torchrun.")
    first = ranks is None or ranks.first
    start = time.perf_counter()
    stopped = False
    with contextlib.ExitStack() as stack:
        progress = stack.enter_context(progress_line("batch", quiet=arguments.json or not first))
        journal = _journal(order, named, arguments, ranks, progress, stack)
        if journal is None:
            return 1
        here = journal.plan.order.here(order, named)
        try:
            tasks = _shared(journal.left(arguments.retry_failed), ranks, progress)
            if arguments.watch:
                _watch(journal, here, tasks, progress, speaks=not arguments.json)
            for _ in _outcomes(journal, here, tasks, progress):
                pass
            if ranks is not None:
                ranks.meet("finished", progress)
        except (Cancelled, KeyboardInterrupt):
            stopped = not arguments.watch  # which nothing else can end
        except Exception:
            with contextlib.suppress(LamaDesktopError):  # on a full disk: the first reason is the one to tell
                _report(journal, ranks)
            raise
        report = _report(journal, ranks)
    if first:
        _tell(report, journal.folder, time.perf_counter() - start, arguments.json)
        if stopped:
            print("Stopped; what is done is done, and --resume goes on.", file=sys.stderr)
    if ranks is not None and not stopped:
        ranks.meet("told", progress)  # torchrun ends all of them when one returns 3
    return 130 if stopped else 0 if report.is_clean else 3


def _order(arguments: argparse.Namespace) -> Order:
    """Return what is asked for; without photos where none are named, as when a run is taken up."""
    inputs = [path for each in arguments.inputs for path in (_standard_input() if each == "-" else [Path(each)])]
    return Order(
        tuple(inputs),
        arguments.output,
        _model(arguments.model),
        declared.from_arguments(BatchOptions, arguments),
        declared.from_arguments(EngineOptions, arguments),
        declared.from_arguments(WriteOptions, arguments),
    ).settled()


def _model(name: str | None) -> str:
    """Return the model that is meant, a weight file with its folder, so that it is found from everywhere."""
    store = ModelStore(models_folder())
    if name is None:
        return store.default()
    with contextlib.suppress(ModelError):  # what is not there is told when it is needed
        _, weights = store.resolve(name)
        if weights is not None and weights.is_relative_to(Path(name).expanduser()):
            return str(Path(name).expanduser().absolute())
    return name


def _standard_input() -> list[Path]:
    """Return the names on standard input: one per line, or ended by zero bytes as `find -print0` writes them.

    The processes of torchrun have one standard input together, and only the first one plans.
    """
    if not _is_first():
        return []
    data = sys.stdin.buffer.read()
    names = data.split(b"\0") if b"\0" in data else data.splitlines()
    return [Path(os.fsdecode(name)) for name in names if name]


def _is_first() -> bool:
    """Tell whether this is the first process that torchrun has started, or the only one."""
    return os.environ.get("RANK", "0") == "0"


def _named(arguments: argparse.Namespace) -> set[str]:
    """Return the names of the options that were given a value."""
    names = {each.name for section in SECTIONS for each in declared.options_of(section)} | {"model"}
    return {name for name in names if getattr(arguments, name) is not None}


def _with_photos(order: Order) -> Order:
    if not order.inputs:
        raise SettingsError("Name folders or photos, or - to read their names from standard input.")
    return order


def _ranks() -> "Ranks | None":
    """Return the processes that torchrun has started; None where this is the only one."""
    if os.environ.get("WORLD_SIZE", "1") == "1":
        return None
    from lama_desktop.engine.ranks import join

    return join()


def _journal(
    order: Order,
    named: set[str],
    arguments: argparse.Namespace,
    ranks: "Ranks | None",
    progress: Progress,
    stack: contextlib.ExitStack,
) -> Journal | None:
    """Return the journal of the run that is begun or taken up; None where the first process could not do it."""
    if ranks is not None and not ranks.first:
        heard = ranks.hear("plan", 0, progress)
        return stack.enter_context(joined(Path(heard), ranks.rank)) if heard else None
    try:
        folder = arguments.journal or (order if arguments.resume else _with_photos(order)).journal
        if arguments.resume and (not order.inputs or (folder / PLAN).exists()):
            journal = stack.enter_context(resumed(folder))
            if differences := journal.plan.order.differences(order, named):
                names = " and ".join(each.replace("_", "-") for each in differences)
                raise SettingsError(f"The run was begun with other {names}: leave that out, or take another --journal.")
            if arguments.retry_failed:
                journal.look_again()
        else:
            plan = Plan(_with_photos(order), ())
            if not arguments.watch:
                plan = with_mended(make_plan(order, progress), folder)
            _refuse_nothing(plan)
            ModelStore(models_folder()).resolve(order.model)  # what is not there is told before a run is begun
            journal = stack.enter_context(begun(folder, plan))
    except BaseException:
        if ranks is not None:
            ranks.say("plan")
        raise
    if ranks is not None:
        ranks.say("plan", str(folder.absolute()))
    if not arguments.json:
        print(f"{journal.plan.headline()}\nJournal and report: {shown(folder)}", file=sys.stderr)
    return journal


def _refuse_nothing(plan: Plan) -> None:
    """Raise where no photo has a mask, so that there can be nothing to do."""
    if plan.tasks and all(task.state is State.UNMASKED for task in plan.tasks):
        raise FileFormatError(
            f"None of {counted(len(plan.tasks), 'photo')} has a mask: put a_mask.png beside a.jpg, or say with --masks "
            "where the masks are."
        )


def _shared(tasks: list[Task], ranks: "Ranks | None", progress: Progress) -> Sequence[Task]:
    """Return the tasks of this process; no process begins before all have read what is left."""
    if ranks is None:
        return tasks
    ranks.meet("ready", progress)
    return ranks.share(tasks)


def _outcomes(journal: Journal, order: Order, tasks: Sequence[Task], progress: Progress) -> Iterator[Outcome]:
    """Do the tasks and yield what became of each."""
    if tasks:
        from lama_desktop.batch.filling import filling, load

        with filling(load(order, ModelStore(models_folder())), order.batch.at_once) as shared:
            yield from Pipeline(tasks, Work(journal, shared.fill).do, shared.threads).outcomes(progress)


def _watch(journal: Journal, order: Order, tasks: Sequence[Task], progress: Progress, speaks: bool) -> None:
    """Do the tasks and whatever comes, until somebody stops it."""
    from lama_desktop.batch.filling import filling, load

    watcher = Watcher(journal)
    with filling(load(order, ModelStore(models_folder())), order.batch.at_once) as shared:
        work = Work(journal, shared.fill)
        while True:
            for outcome in Pipeline(tasks, work.do, shared.threads).outcomes(progress):
                if speaks:
                    task = next(each for each in tasks if each.number == outcome.number)
                    print(f"{outcome.state}: {shown(task.photo)} {outcome.reason}".strip(), file=sys.stderr)
            found = watcher.look()
            tasks = [task for task in found if task.state is State.READY]
            until = time.monotonic() + INTERVAL
            while not found and time.monotonic() < until:
                progress(0, "waiting for photos")
                time.sleep(TICK)


def _report(journal: Journal, ranks: "Ranks | None") -> Report:
    """Return the report of all processes, which the first one writes."""
    report = Report.of(journal if ranks is None else Journal.load(journal.folder))
    if ranks is None or ranks.first:
        report.write(journal.folder)
    return report


def _show(plan: Plan, as_json: bool) -> None:
    """Print what would be done."""
    if as_json:
        print_json(plan.to_dict())
    else:
        print(*plan.lines(), plan.headline(), sep="\n")


def _tell(report: Report, folder: Path, seconds: float, as_json: bool) -> None:
    """Print what was done."""
    if as_json:
        places = {"journal": str(folder), "report": str(folder / LINES), "summary": str(folder / TEXT)}
        print_json({**report.to_dict(), **places, "finished": report.finished, "seconds": round(seconds, 3)})
        return
    print(f"{report.headline()}; {seconds:.1f} s. {shown(folder / TEXT)} tells more.")
    for task, outcome in report.failed[:SAID]:
        print(f"{outcome.state}: {shown(task.photo)}: {outcome.reason}", file=sys.stderr)
    if len(report.failed) > SAID:
        print(f"... and {len(report.failed) - SAID} more, which {shown(folder / LINES)} names", file=sys.stderr)
