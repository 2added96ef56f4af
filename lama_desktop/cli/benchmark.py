"""`lama-desktop benchmark`: what this machine does, as ratios."""

import argparse
from dataclasses import asdict

from lama_desktop.cli.terminal import print_json, progress_line
from lama_desktop.engine.options import DeviceName
from lama_desktop.paths import models_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    kinds = parser.add_subparsers(title="what to measure", metavar="WHAT", dest="what", required=True)
    engine = kinds.add_parser("engine", help="the published network beside the engine's form of it")
    engine.add_argument("--model", help="id of a model, or a weight file (default: Big-LaMa with seeded weights)")
    engine.add_argument("--size", type=int, default=512, help="side of the picture in pixels (default: 512)")
    engine.add_argument("--rounds", type=int, default=5, help="how often each is timed (default: 5)")
    engine.add_argument("--device", choices=tuple(DeviceName), default="auto", help="where to run (default: auto)")
    engine.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """Measure the engine."""
    with progress_line("benchmark", quiet=arguments.json) as progress:
        progress(0, "starting")
        from lama_desktop.benchmark import benchmark_engine
        from lama_desktop.errors import SettingsError
        from lama_desktop.models.store import ModelStore

        if arguments.size < 64 or arguments.rounds < 1:
            raise SettingsError("The size is at least 64 pixels, and there is at least one round.")
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
