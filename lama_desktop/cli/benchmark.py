"""`lama-desktop benchmark`: what this machine does, and what the models' fills are worth."""

import argparse
import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lama_desktop.cli.terminal import print_json, progress_line
from lama_desktop.engine.options import DeviceName
from lama_desktop.paths import models_folder

if TYPE_CHECKING:
    from lama_desktop.engine.engine import Engine
    from lama_desktop.evaluation.fills import Report

SMALLEST = 64
"""Side of the smallest picture that is measured."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    kinds = parser.add_subparsers(title="what to measure", metavar="WHAT", dest="what", required=True)
    engine = kinds.add_parser("engine", help="the published network beside the engine's form of it")
    engine.add_argument("--model", help="id of a model, or a weight file (default: Big-LaMa with seeded weights)")
    engine.add_argument("--size", type=int, default=512, help="side of the picture in pixels (default: 512)")
    engine.add_argument("--rounds", type=int, default=5, help="how often each is timed (default: 5)")
    engine.add_argument("--device", choices=tuple(DeviceName), default="auto", help="where to run (default: auto)")
    engine.add_argument("--json", action="store_true", help="print one JSON document")
    training = kinds.add_parser("training", help="a step of training as published beside this program's forms of it")
    training.add_argument("--recipe", default="starter", help="whose networks and losses (default: starter)")
    training.add_argument(
        "-s", "--set", action="append", default=[], metavar="NAME=VALUE", help="override one option of the recipe"
    )
    training.add_argument("--rounds", type=int, default=5, help="how often each is timed (default: 5)")
    training.add_argument("--compile", action="store_true", help="also compiled with torch.compile")
    training.add_argument("--json", action="store_true", help="print one JSON document")
    batch = kinds.add_parser("batch", help="folders as lama-desktop batch does them beside one photo after the other")
    batch.add_argument("photos", type=Path, nargs="+", metavar="PHOTOS", help="folders and files; nothing is changed")
    batch.add_argument("--masks", default="beside", help="as for lama-desktop batch (default: beside)")
    batch.add_argument("--model", help="id of a model, or a weight file (default: the best that is installed)")
    batch.add_argument("--count", type=int, default=200, help="of so many photos (default: 200)")
    batch.add_argument("--device", choices=tuple(DeviceName), default="auto", help="where to run (default: auto)")
    batch.add_argument("--json", action="store_true", help="print one JSON document")
    canvas = kinds.add_parser(
        "canvas", help="painting, looking around and undoing in large photos, from event to paint"
    )
    canvas.add_argument(
        "--megapixels", type=int, nargs="+", choices=(24, 100), default=[24, 100], help="how large (default: 24 100)"
    )
    canvas.add_argument("--json", action="store_true", help="print one JSON document")
    fills = kinds.add_parser("fills", help="the fills of several models, judged against pictures whose truth is known")
    fills.add_argument("images", type=Path, metavar="IMAGES_FOLDER", help="photos; the centre of each is used")
    fills.add_argument(
        "--model",
        nargs="+",
        action="extend",
        metavar="ID",
        help="ids of models, or weight files (default: all that are installed, and those without weights)",
    )
    fills.add_argument(
        "--preset-masks",
        nargs="+",
        metavar="KIND",
        default=["thick_512", "medium_512"],
        help="kinds of masks, one of each per picture: thin, medium or thick, _256 or _512; train_wide, train_big_lama "
        "or train_thin (default: thick_512 medium_512)",
    )
    fills.add_argument("--count", type=int, help="use so many pictures, chosen by the seed (default: all)")
    fills.add_argument("--seed", type=int, default=0, help="chooses pictures and masks (default: 0)")
    fills.add_argument("--size", type=int, default=512, help="side of the pictures in pixels (default: 512)")
    fills.add_argument("--save", type=Path, metavar="FOLDER", help="keep truth, masks and fills there, as PNG files")
    fills.add_argument("--device", choices=tuple(DeviceName), default="auto", help="where to run (default: auto)")
    fills.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """Measure what was asked for."""
    return _RUN[arguments.what](arguments)


def _run_engine(arguments: argparse.Namespace) -> int:
    with progress_line("benchmark", quiet=arguments.json) as progress:
        progress(0, "starting")
        from lama_desktop.benchmark import benchmark_engine
        from lama_desktop.errors import SettingsError
        from lama_desktop.models.store import ModelStore

        if arguments.size < SMALLEST or arguments.rounds < 1:
            raise SettingsError(f"The size is at least {SMALLEST} pixels, and there is at least one round.")
        path = None
        if arguments.model:
            card, path = ModelStore(models_folder()).resolve(arguments.model)
            if path is None:
                raise SettingsError(
                    f"{card.title} is no network: choose one, or none for Big-LaMa with seeded weights."
                )
        title, rows = benchmark_engine(path, arguments.size, arguments.rounds, arguments.device, progress)
    if arguments.json:
        print_json({"benchmark": "engine", "what": title, "rows": [asdict(row) for row in rows]})
        return 0
    print(title)
    print(f"{'':34s} {'seconds':>9s} {'ratio':>7s} {'error':>8s} {'worst':>8s} {'peak MB':>8s}")
    for row in rows:
        memory = "" if row.memory_mb is None else str(row.memory_mb)
        print(f"{row.name:34s} {row.seconds:9.3f} {row.ratio:6.2f}x {row.error:8.4f} {row.worst:8.4f} {memory:>8s}")
    print("error, worst: mean and largest difference from the first row, in steps of 1/255")
    return 0


def _run_batch(arguments: argparse.Namespace) -> int:
    with progress_line("benchmark", quiet=arguments.json) as progress:
        progress(0, "starting")
        from lama_desktop.batch.order import BatchOptions, Order
        from lama_desktop.batch.speed import compare
        from lama_desktop.engine.options import EngineOptions
        from lama_desktop.models.store import ModelStore

        store = ModelStore(models_folder())
        engine = EngineOptions(device=DeviceName(arguments.device))
        model, batch = arguments.model or store.default(), BatchOptions(masks=arguments.masks)
        found = compare(Order(tuple(arguments.photos), None, model, batch, engine), arguments.count, store, progress)
    if arguments.json:
        print_json({"benchmark": "batch", "model": model, **asdict(found), "ratio": found.ratio})
        return 0
    print(f"{found.photos} photos, filled by {model}, {found.at_once} at once")
    print(f"one after the other {found.loop_seconds:8.1f} s")
    print(f"lama-desktop batch  {found.batch_seconds:8.1f} s {found.ratio:6.2f}x")
    print(f"{found.same} results equal to the bit; the results have {found.growth:.2f} times the size of the photos")
    return 0


def _run_canvas(arguments: argparse.Namespace) -> int:
    with progress_line("benchmark", quiet=arguments.json) as progress:
        progress(0, "starting")
        from lama_desktop.ui.benchmark import LAYERS, SCREEN, benchmark_canvas

        sizes = list(dict.fromkeys(arguments.megapixels))
        figures = []
        for index, megapixels in enumerate(sizes):
            stage = progress.stage(index / len(sizes), (index + 1) / len(sizes))
            figures += benchmark_canvas(megapixels, stage)
    what = f"{LAYERS} layers, a screen of {SCREEN[0]} × {SCREEN[1]}"
    if arguments.json:
        print_json({"benchmark": "canvas", "what": what, "figures": [asdict(figure) for figure in figures]})
        return 0
    print(what)
    print(f"{'MP':>4s} {'':28s} {'median':>8s} {'p95':>8s} {'worst':>8s} {'own p95':>8s} {'meant':>8s}")
    for each in figures:
        meant = "" if each.limit is None else f"{each.limit:.1f}"
        times = " ".join(f"{value:8.1f}" for value in (each.median, each.p95, each.worst, each.own))
        print(f"{each.megapixels:4d} {each.name:28s} {times} {meant:>8s} {each.unit}")
    print("from the event to the finished paint; own: processor time of the UI thread; meant: the p95 to keep to")
    return 0


def _run_fills(arguments: argparse.Namespace) -> int:
    with progress_line("benchmark", quiet=arguments.json) as progress:
        progress(0, "starting")
        from lama_desktop.errors import SettingsError
        from lama_desktop.evaluation.cases import find_pictures
        from lama_desktop.evaluation.fills import benchmark_fills
        from lama_desktop.masks.presets import MASK_PRESETS

        if arguments.size < SMALLEST or (arguments.count is not None and arguments.count < 1):
            raise SettingsError(f"The size is at least {SMALLEST} pixels, and there is at least one picture.")
        presets = list(dict.fromkeys(arguments.preset_masks))
        for preset in presets:
            if preset not in MASK_PRESETS:
                raise SettingsError(f"There are no masks called {preset!r}: choose {', '.join(MASK_PRESETS)}.")
        report = benchmark_fills(
            _engines(arguments.model, arguments.device),
            find_pictures(arguments.images, arguments.count, arguments.seed),
            presets,
            size=arguments.size,
            seed=arguments.seed,
            save=arguments.save,
            progress=progress,
        )
    parts = {preset: report.of(preset) for preset in presets} if len(presets) > 1 else {}
    parts["all" if parts else presets[0]] = report
    if arguments.json:
        print_json(
            {
                "benchmark": "fills",
                "images": str(arguments.images),
                "size": arguments.size,
                "seed": arguments.seed,
                "masks": {
                    name: {"rows": _plain(part.rows()), "pairs": _plain(part.pairs())} for name, part in parts.items()
                },
                "fills": _plain(report.judgements),
                "skipped": [{"file": name, "reason": reason} for name, reason in report.skipped],
            }
        )
        return 0
    for name, part in parts.items():
        _print_table(name, part)
    print("inside the hole; PSNR, SSIM, SWD: mean; energy (of the gradients, 1 is the truth's), seconds: median")
    for _, reason in report.skipped:
        print(f"skipped: {reason}")
    return 0


def _run_training(arguments: argparse.Namespace) -> int:
    with progress_line("benchmark", quiet=arguments.json) as progress:
        progress(0, "starting")
        from lama_desktop.errors import SettingsError
        from lama_desktop.training.config import find_recipe, load_config
        from lama_desktop.training.distributed import processes
        from lama_desktop.training.speed import benchmark_training

        if arguments.rounds < 1:
            raise SettingsError("There is at least one round.")
        config = load_config(find_recipe(arguments.recipe), arguments.set)
        with processes(config.compute.device) as mine:
            rows = benchmark_training(config, arguments.rounds, mine, progress, arguments.compile)
    data = config.data
    title = f"{arguments.recipe}, {data.batch} crops of {data.size}, {mine.device}, median of {arguments.rounds}"
    if arguments.json:
        print_json({"benchmark": "training", "what": title, "rows": _plain(rows)})
        return 0
    print(title)
    print(f"{'':38s} {'seconds':>9s} {'images/s':>9s} {'ratio':>7s}")
    for row in rows:
        print(f"{row.name:38s} {row.seconds:9.3f} {row.images_per_second:9.2f} {row.ratio:6.2f}x")
    return 0


def _engines(names: list[str] | None, device: str) -> dict[str, "Engine"]:
    """Open the models that were named; by default every one that is on this disk or needs no weights."""
    from dataclasses import replace

    from lama_desktop.engine.engine import EngineCache
    from lama_desktop.evaluation.fills import HOLE_ONLY
    from lama_desktop.models.cards import MODELS
    from lama_desktop.models.store import ModelStore

    store = ModelStore(models_folder())
    if names is None:
        built_in = [card.id for card in MODELS if card.built_in]
        names = [*(each.id for each in store.installed()), *built_in]
    options = replace(HOLE_ONLY, device=DeviceName(device))
    # A cache keeps one model; here all are needed at once.
    return {name: EngineCache(store).engine(name, options) for name in dict.fromkeys(names)}


def _print_table(title: str, report: "Report") -> None:
    rows = report.rows()
    width = max(16, *(len(name) for name in (title, *(row.model for row in rows))))
    print(f"{title:{width}s} {'fills':>6s} {'PSNR':>7s} {'SSIM':>7s} {'energy':>7s} {'SWD':>7s} {'seconds':>8s}")
    for row in rows:
        print(
            f"{row.model:{width}s} {row.fills:6d} {row.psnr:7.2f} {row.ssim:7.3f} {row.energy:7.2f} {row.swd:7.3f} "
            f"{row.seconds:8.3f}"
        )
    for pair in report.pairs():
        print(f"SWD of {pair.first} is lower than that of {pair.second} on {pair.lower:.0%}")
    print()


def _plain(values: Any) -> list[dict[str, Any]]:
    """Return dataclasses as JSON objects; what is not a number becomes null."""
    return [
        {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in asdict(each).items()}
        for each in values
    ]


_RUN = {
    "engine": _run_engine,
    "batch": _run_batch,
    "canvas": _run_canvas,
    "training": _run_training,
    "fills": _run_fills,
}
