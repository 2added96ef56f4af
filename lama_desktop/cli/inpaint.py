"""`lama-desktop inpaint`: one photo, one mask, one result."""

import argparse
import sys
import time
from dataclasses import asdict
from pathlib import Path

from lama_desktop import options as declared
from lama_desktop.cli.streams import places
from lama_desktop.cli.terminal import print_json, progress_line
from lama_desktop.engine.options import EngineOptions
from lama_desktop.errors import SettingsError
from lama_desktop.formats import WriteOptions
from lama_desktop.paths import models_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("photo", type=Path, help="the photo, which is not changed; - is standard input")
    parser.add_argument(
        "-m", "--mask", type=Path, required=True, help="a picture of the same size: white is removed; may be -"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        help="the result, whose suffix chooses the format; an existing file is replaced; - is standard output "
        "(default: a new PHOTO-clean, or - where the photo is -)",
    )
    parser.add_argument("--format", help="format of what goes to standard output (default: the photo's)")
    parser.add_argument(
        "--model", help="id of a model, or a weight file; see 'models list' (default: the best that is installed)"
    )
    parser.add_argument(
        "--soft-mask", action="store_true", help="blend by the greys of the mask instead of cutting at 128"
    )
    parser.add_argument(
        "--as-published",
        action="store_true",
        help="the published prediction script to the digit; no other option counts",
    )
    parser.add_argument("--sample-from", type=Path, metavar="MASK", help="copy texture from its white areas only")
    parser.add_argument("--avoid", type=Path, metavar="MASK", help="copy no texture from its white areas")
    parser.add_argument("--sheet", type=Path, help="a picture of before and after, side by side")
    parser.add_argument("--overwrite", action="store_true", help="allow the output to be the photo itself")
    parser.add_argument("--json", action="store_true", help="print one JSON document about what was done")
    declared.add_arguments(parser, EngineOptions)
    declared.add_arguments(parser, WriteOptions)


def run(arguments: argparse.Namespace) -> int:
    """Fill one photo."""
    engine_options = declared.from_arguments(EngineOptions, arguments)
    write_options = declared.from_arguments(WriteOptions, arguments)
    if arguments.as_published:
        _refuse_options(arguments)
    start = time.perf_counter()
    with (
        places(arguments.photo, arguments.mask, arguments.output, arguments.format) as (photo, mask, output, goes_out),
        progress_line(photo.name, quiet=arguments.json) as progress,
    ):
        if goes_out and arguments.json:
            raise SettingsError("--json and the result cannot both go to standard output: name a file with --output.")
        progress(0, "starting")
        from lama_desktop.batch.removal import inpaint_file
        from lama_desktop.engine.device import peak_memory_mb
        from lama_desktop.engine.engine import Engine, EngineCache
        from lama_desktop.models.store import ModelStore

        store = ModelStore(models_folder())
        name = arguments.model or store.default()
        if arguments.as_published:
            card, weights = store.resolve(name)
            if weights is None:
                raise SettingsError(f"--as-published needs a network, and {card.id} is none: add --model big-lama.")
            engine: Engine | Path = weights
            device = "cpu, float32"
        else:
            engine = EngineCache(store).engine(name, engine_options)
            device = engine.model.device
        if (arguments.sample_from or arguments.avoid) and not (isinstance(engine, Engine) and engine.model.copies):
            raise SettingsError(
                f"{name} copies no texture: --sample-from and --avoid are for --model patches, and for networks with "
                "--texture."
            )
        loaded = time.perf_counter() - start
        done = inpaint_file(
            photo,
            mask,
            output,
            engine,
            soft_mask=arguments.soft_mask,
            sample_from=arguments.sample_from,
            avoid=arguments.avoid,
            options=write_options,
            sheet=arguments.sheet,
            overwrite=arguments.overwrite,
            progress=progress,
        )
    seconds = {"start": loaded, **done.seconds, "total": time.perf_counter() - start}
    width, height = done.photo.size
    if arguments.json:
        print_json(
            {
                "output": str(done.output),
                "model": name,
                "device": device,
                "width": width,
                "height": height,
                "depth": done.depth,
                "windows": [{"rect": list(asdict(each.rect).values()), "scale": each.scale} for each in done.windows],
                "seconds": {name: round(value, 3) for name, value in seconds.items()},
                "peak_memory_mb": peak_memory_mb(),
                "notes": list(done.notes),
            }
        )
        return 0
    grown = engine_options.grow if not arguments.as_published else 0
    where = "standard output" if goes_out else done.output
    print(
        f"{where}: {width} × {height}, {done.depth} bit, filled by {name} in {seconds['total']:.1f} s"
        + (f"; the mask was grown by {grown} px (--grow 0 keeps to it)" if grown else ""),
        file=sys.stderr if goes_out else sys.stdout,
    )
    return 0


def _refuse_options(arguments: argparse.Namespace) -> None:
    """Raise where an option is given that the published script does not have."""
    names = [each.name for each in declared.options_of(EngineOptions)] + ["sample_from", "avoid"]
    given = [name for name in names if getattr(arguments, name) is not None]
    given += ["soft_mask"] if arguments.soft_mask else []
    if given:
        flags = ", ".join("--" + name.replace("_", "-") for name in given)
        raise SettingsError(f"--as-published has no {flags}: leave that out.")
