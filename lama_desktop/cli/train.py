"""`lama-desktop train`: train a network by a recipe; the same as `python -m lama_desktop.training`.

Under torchrun every process runs it: the first one writes and talks, the others only fail aloud.
"""

import argparse
import shlex
import sys
from pathlib import Path

from lama_desktop.errors import Cancelled, SettingsError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("recipe", nargs="?", help="a recipe by name (--list shows them), or a .toml file")
    parser.add_argument(
        "-i", "--images", nargs="+", metavar="PATH", help="pictures: folders, files, lists (.txt), tar shards"
    )
    parser.add_argument("--validation", type=Path, metavar="FOLDER", help="pictures held back, with or without masks")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FOLDER", help="the run's folder; a run there is continued"
    )
    parser.add_argument(
        "-s", "--set", action="append", default=[], metavar="NAME=VALUE", help="override one option of the recipe"
    )
    parser.add_argument("--list", action="store_true", help="list the recipes that travel with the program")
    parser.add_argument("--show", action="store_true", help="print the resolved recipe with all its options, and stop")


def run(arguments: argparse.Namespace) -> int:
    """Train; return the exit code."""
    from lama_desktop.training.config import find_recipe, load_config, recipes, to_toml

    if arguments.list:
        for name, path in recipes().items():
            print(f"{name:40}{load_config(path).run.description}")
        return 0
    if arguments.recipe is None:
        raise SettingsError("Name a recipe: lama-desktop train --list shows them.")
    values: dict[str, object] = {}
    if arguments.images:
        values["data.images"] = [_absolute(each) for each in arguments.images]
    if arguments.validation:
        values["validation.images"] = _absolute(arguments.validation)
    config = load_config(find_recipe(arguments.recipe), arguments.set, values)
    if arguments.show:
        print(to_toml(config), end="")
        return 0
    if arguments.output is None:
        raise SettingsError("Name the run's folder: --output FOLDER.")

    from lama_desktop.training.distributed import processes
    from lama_desktop.training.run import train

    with processes(config.compute.device) as mine:
        try:
            model = train(config, arguments.output, mine)
        except Cancelled:
            if mine.first:
                print(f"Stopped and saved. The same command goes on from there: {arguments.output}", file=sys.stderr)
            return 130
        except KeyboardInterrupt:  # the second one
            if mine.first:
                print(
                    "Stopped at once. What was saved before is whole; the same command goes on from it.",
                    file=sys.stderr,
                )
            return 130
        if mine.first:
            print(model, shlex.join(["lama-desktop", "models", "import", str(model)]), sep="\n")
    return 0


def _absolute(path: str | Path) -> str:
    """Return a path that the saved recipe can be used with from everywhere."""
    return str(Path(path).expanduser().resolve())
