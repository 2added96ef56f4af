"""`lama-desktop benchmark`: how fast this machine does what the program is for."""

import argparse
from dataclasses import asdict
from pathlib import Path

from lama_desktop.cli.terminal import print_json, progress_line
from lama_desktop.engine.options import DeviceName
from lama_desktop.paths import models_folder

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
        print_json({"benchmark": "training", "what": title, "rows": [asdict(row) for row in rows]})
        return 0
    print(title)
    print(f"{'':38s} {'seconds':>9s} {'images/s':>9s} {'ratio':>7s}")
    for row in rows:
        print(f"{row.name:38s} {row.seconds:9.3f} {row.images_per_second:9.2f} {row.ratio:6.2f}x")
    return 0


_RUN = {
    "engine": _run_engine,
    "batch": _run_batch,
    "canvas": _run_canvas,
    "training": _run_training,
}
