"""`lama-desktop evaluate`: what fills are worth, of models or of any program, on pictures whose truth is known."""

import argparse
import functools
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lama_desktop.cli.terminal import print_json, progress_line
from lama_desktop.engine.options import DeviceName, EngineOptions, Precision
from lama_desktop.errors import SettingsError
from lama_desktop.options import to_dict
from lama_desktop.paths import models_folder

if TYPE_CHECKING:
    from lama_desktop.evaluation.contenders import Contender
    from lama_desktop.evaluation.dataset import Sample
    from lama_desktop.evaluation.learned import LearnedMeasures
    from lama_desktop.evaluation.results import Results
    from lama_desktop.evaluation.sources import Source
    from lama_desktop.evaluation.synthetic import PatternResults
    from lama_desktop.models.store import ModelStore

SMALLEST, SIZE = 64, 512
MOST_WINDOWS = 1000
"""More than that tell nothing new: in a photo of 24 megapixels lie less than a hundred side by side."""
SAID = 20
"""So many problems are told on the terminal; the report has all."""
FILLS = "fills"
"""The folder of an evaluation in which the fills of models are kept."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.epilog = (
        "Examples: lama-desktop evaluate SET --predictions other=RESULTS -o REPORT;   "
        "lama-desktop evaluate PHOTOS --compare patches starter starter:preset=best -o REPORT"
    )
    parser.add_argument(
        "data",
        type=Path,
        nargs="?",
        metavar="DATA",
        help="a set with fixed masks (see 'lama-desktop masks'; also folders truth and masks in it), or photos, which "
        "get drawn holes",
    )
    parser.add_argument("--truth", type=Path, metavar="FOLDER", help="the true pictures, instead of DATA; with --masks")
    parser.add_argument("--masks", type=Path, metavar="FOLDER", help="their masks: white is the hole")
    who = parser.add_argument_group("whose fills")
    who.add_argument(
        "--model",
        nargs="+",
        action="extend",
        default=[],
        metavar="MODEL",
        help="models: an id or a weight file, with "
        "settings if wanted, starter:preset=best,refine=on, and a name if wanted, mine=starter:grow=2",
    )
    who.add_argument(
        "--predictions",
        nargs="+",
        action="extend",
        default=[],
        metavar="FOLDER",
        help="folders of fills that are named like the masks; a name if wanted, other=FOLDER",
    )
    who.add_argument(
        "--compare",
        nargs="+",
        action="extend",
        default=[],
        metavar="WHO",
        help="two or more of either, ranked on the same holes with paired statistics",
    )
    who.add_argument("--suffix", default="", help="what predictions have after the name of the mask, as _inpainted")
    who.add_argument("--partial", action="store_true", help="judge the holes that everybody has filled, if not all")
    holes = parser.add_argument_group("which holes")
    holes.add_argument(
        "--kinds",
        nargs="+",
        default=[],
        metavar="KIND",
        help="narrow, medium, wide, or kinds of 'lama-desktop masks --list' (default: these three, or all of a set)",
    )
    holes.add_argument("--size", type=int, help=f"side of the pictures with drawn holes (default: {SIZE})")
    holes.add_argument(
        "--windows",
        type=int,
        metavar="N",
        help="N windows of every photo in full resolution, clear of the masks beside it (default: its scaled centre)",
    )
    holes.add_argument("--count", type=int, help="use so many pictures, chosen by the seed (default: all)")
    holes.add_argument("--seed", type=int, default=0, help="draws and chooses everything (default: 0)")
    holes.add_argument(
        "--synthetic",
        type=int,
        nargs="*",
        metavar="SIZE",
        help="also, or only, patterns with exact truth, at these sizes (default: 256 512 1024 2048)",
    )
    measures = parser.add_argument_group("measures")
    measures.add_argument("--lpips", type=Path, metavar="FILE", help="also LPIPS: the weights of VGG16; needs [eval]")
    measures.add_argument("--fid", type=Path, metavar="FILE", help="also FID: the weights of Inception; needs [eval]")
    run_group = parser.add_argument_group("where")
    run_group.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FOLDER",
        help="report.html, evaluation.json, scores.tsv, summary.tsv, and the fills, which are not made twice",
    )
    run_group.add_argument("--fresh", action="store_true", help="make all fills again")
    run_group.add_argument("--device", choices=tuple(DeviceName), default="auto", help="where to run (default: auto)")
    run_group.add_argument(
        "--precision", choices=tuple(Precision), default="auto", help="arithmetic of the models (default: auto)"
    )
    run_group.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """Evaluate what was asked for."""
    _check(arguments)
    with progress_line("evaluate", quiet=arguments.json) as progress:
        progress(0, "starting")
        from lama_desktop.evaluation.report import Evaluation, write_evaluation

        contenders, samples = _contenders(arguments), _samples(arguments, arguments.kinds, arguments.count)
        if arguments.synthetic is not None and all(each.folder is not None for each in contenders):
            raise SettingsError("--synthetic needs a model that fills: name one with --model or --compare.")
        learned = _learned(arguments)
        sources = _sources(arguments, contenders, samples)
        half = 0.5 if samples and arguments.synthetic is not None else 1.0
        results = patterns = None
        if samples:
            from lama_desktop.evaluation.judging import judge
            from lama_desktop.evaluation.results import Results

            stage = progress.stage(0, half)
            judged = judge(samples, sources, partial=arguments.partial, learned=learned, progress=stage)
            results = Results(judged, arguments.seed)
        if arguments.synthetic is not None:
            from lama_desktop.evaluation.synthetic import SIZES, judge_patterns

            able = {each.name: sources[each.name] for each in contenders if each.folder is None}
            stage = progress.stage(1 - half if samples else 0, 1)
            patterns = judge_patterns(able, arguments.synthetic or SIZES, seed=arguments.seed, progress=stage)
        asked = _asked(arguments, contenders, samples)
        evaluation = Evaluation(asked, results, patterns, samples, sources, arguments.seed)
        if arguments.output is not None:
            progress(1, "writing the report")
            write_evaluation(arguments.output, evaluation)
    if arguments.json:
        print_json(evaluation.to_dict())
        return 0
    if asked["basis"]:
        print(f"{asked['basis']}\n")
    _print(arguments, results, patterns, sources)
    return 0


def _check(arguments: argparse.Namespace) -> None:
    """Refuse what cannot be meant, before anything is loaded."""
    from lama_desktop.evaluation.patterns import check_sizes

    if (arguments.truth is None) != (arguments.masks is None):
        raise SettingsError("--truth and --masks belong together: name both folders, or DATA alone.")
    if arguments.data is not None and arguments.truth is not None:
        raise SettingsError("DATA and --truth both say what is true: leave one of them out.")
    if arguments.data is None and arguments.truth is None and arguments.synthetic is None:
        raise SettingsError("Name a folder with pictures whose content is known, or use --synthetic.")
    if any(value is not None and value < least for value, least in ((arguments.size, SMALLEST), (arguments.count, 1))):
        raise SettingsError(f"The size is at least {SMALLEST} pixels, and there is at least one picture.")
    if arguments.windows is not None and not 1 <= arguments.windows <= MOST_WINDOWS:
        raise SettingsError(f"--windows cannot be {arguments.windows}: every photo has 1 to {MOST_WINDOWS:,} of them.")
    for name in ("size", "windows"):
        if arguments.data is None and getattr(arguments, name) is not None:
            raise SettingsError(f"--{name} counts only for holes that are drawn in photos: leave it out.")
    if arguments.compare and len(arguments.compare) + len(arguments.model) + len(arguments.predictions) < 2:
        raise SettingsError("One alone cannot be compared: name two or more with --compare.")
    if arguments.seed < 0:
        raise SettingsError(f"The seed cannot be {arguments.seed}: it is 0 or more.")
    if arguments.synthetic:
        check_sizes(arguments.synthetic)
    output = arguments.output
    if output is not None and output.exists() and not output.is_dir():
        raise SettingsError(f"{output} is a file: name a folder for the report.")
    for given in (arguments.data, arguments.truth, arguments.masks):
        if output is not None and given is not None and output.resolve().is_relative_to(given.resolve()):
            raise SettingsError(
                f"The report in {output} would lie among the pictures of {given}: choose another place."
            )


def _contenders(arguments: argparse.Namespace) -> "list[Contender]":
    from lama_desktop.evaluation.contenders import HOLE_ONLY, contender, named_apart

    defaults = replace(HOLE_ONLY, device=DeviceName(arguments.device), precision=Precision(arguments.precision))
    found = [contender(each, defaults, is_folder=False) for each in arguments.model]
    found += [contender(each, defaults, is_folder=True) for each in arguments.predictions]
    found += [contender(each, defaults) for each in arguments.compare]
    return named_apart(found)


def _samples(arguments: argparse.Namespace, kinds: Sequence[str], count: int | None) -> "list[Sample]":
    from lama_desktop.evaluation.dataset import basis, find_samples, limited, matched, of_kinds

    if arguments.truth is not None:
        found = of_kinds(matched(arguments.truth, arguments.masks), kinds, arguments.masks)
        return found if count is None else limited(found, count, arguments.seed)
    if arguments.data is None:
        return []
    found = find_samples(
        arguments.data,
        kinds,
        size=arguments.size or SIZE,
        windows=arguments.windows or 0,
        count=count,
        seed=arguments.seed,
    )
    if arguments.size is not None and not all(each.is_drawn for each in found):
        raise SettingsError(f"--size counts for drawn holes only: leave it out. {basis(found, arguments.data)}")
    return found


def _sources(
    arguments: argparse.Namespace, contenders: "Sequence[Contender]", samples: "Sequence[Sample]"
) -> "dict[str, Source]":
    """Return the source of every contender by its name."""
    from lama_desktop.engine.engine import EngineCache
    from lama_desktop.evaluation.predictions import find_predictions
    from lama_desktop.evaluation.sources import EngineSource, FolderSource
    from lama_desktop.models.store import ModelStore

    store = ModelStore(models_folder())
    caches: dict[tuple[object, ...], EngineCache] = {}
    sources: dict[str, Source] = {}
    names = [sample.name for sample in samples]
    known: set[str] = set()
    if any(each.folder is not None for each in contenders):  # a part of a set is judged by predictions for all of it
        known = {sample.name for sample in _samples(arguments, (), None)}
    for each in contenders:
        if each.folder is not None:
            sources[each.name] = FolderSource(find_predictions(each.folder, names, arguments.suffix, known))
            continue
        assert each.model is not None, "a contender is a model or a folder"
        options = each.options or EngineOptions()
        # A cache keeps one model, which contenders that differ in other settings share.
        cache = caches.setdefault((each.model, options.device, options.precision), EngineCache(store))
        folder = None if arguments.output is None else arguments.output / FILLS / _folder_name(each.name, sources)
        identity = _identity(store, each.model, options)
        sources[each.name] = EngineSource(
            functools.partial(cache.engine, each.model, options), identity, folder, fresh=arguments.fresh
        )
    return sources


def _identity(store: "ModelStore", model: str, options: EngineOptions) -> dict[str, Any]:
    """Return what a fill depends on beside the picture: weights, as far as a look at the file tells, and settings."""
    card, path = store.resolve(model)
    state = None if path is None else path.stat()
    weights = None if state is None else [state.st_mtime_ns, state.st_size]
    return {"model": card.id, "weights": weights, "options": to_dict(options)}


def _folder_name(name: str, others: Mapping[str, object]) -> str:
    """Return the name of a contender as a safe name of a folder, unlike that of any other."""

    def safe(text: str) -> str:
        return re.sub(r"[^\w.=-]+", "-", text).strip(".-") or "model"

    taken = [safe(each).lower() for each in others]
    folder = safe(name)
    while folder.lower() in taken:
        folder += "-2"
    return folder


def _learned(arguments: argparse.Namespace) -> "LearnedMeasures | None":
    if arguments.lpips is None and arguments.fid is None:
        return None
    from lama_desktop.engine.device import Device
    from lama_desktop.evaluation.learned import LearnedMeasures

    return LearnedMeasures(arguments.lpips, arguments.fid, Device.choose(arguments.device, "float32").name)


def _asked(
    arguments: argparse.Namespace, contenders: "Sequence[Contender]", samples: "Sequence[Sample]"
) -> dict[str, Any]:
    """Return what the evaluation was asked for, and what its holes are, as plain values."""
    from lama_desktop.evaluation.dataset import basis

    data = arguments.data or arguments.truth
    return {
        "data": None if data is None else str(data),
        "basis": "" if data is None or not samples else basis(samples, data),
        "contenders": [
            {
                "name": each.name,
                "model": each.model,
                "options": None if each.options is None else to_dict(each.options),
                "predictions": None if each.folder is None else str(each.folder),
            }
            for each in contenders
        ],
        "kinds": arguments.kinds,
        "size": (arguments.size or SIZE) if any(each.is_drawn for each in samples) else None,
        "windows": arguments.windows,
        "count": arguments.count,
        "seed": arguments.seed,
        "partial": arguments.partial,
    }


def _print(
    arguments: argparse.Namespace,
    results: "Results | None",
    patterns: "PatternResults | None",
    sources: "Mapping[str, Source]",
) -> None:
    from lama_desktop.evaluation.sources import EngineSource
    from lama_desktop.evaluation.tables import pattern_text, text

    if results is not None:
        print("\n".join(text(results)))
        problems = results.judged.problems
        if results.judged.left_out:
            count = len(results.judged.left_out)
            print("1 hole counts for nobody." if count == 1 else f"{count:,} holes count for nobody.", file=sys.stderr)
        for problem in problems[:SAID]:
            print(problem, file=sys.stderr)
        if len(problems) > SAID:
            print(f"And {len(problems) - SAID} more; the report has all.", file=sys.stderr)
    if patterns is not None:
        print(("\n" if results is not None else "") + "\n".join(pattern_text(patterns)))
    if arguments.output is not None:
        reused = sum(each.reused for each in sources.values() if isinstance(each, EngineSource))
        kept = f" ({reused} fills were there already)" if reused else ""
        print(f"\n{arguments.output / 'report.html'}{kept}")
