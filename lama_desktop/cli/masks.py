"""`lama-desktop masks`: prepare a folder of pictures with fixed masks; show the kinds of masks that there are."""

import argparse
import sys
from pathlib import Path

from lama_desktop import formats
from lama_desktop import options as declared
from lama_desktop.cli.terminal import print_json, progress_line
from lama_desktop.core.arrays import Image
from lama_desktop.core.photo import Photo
from lama_desktop.errors import SettingsError
from lama_desktop.masks.presets import MASK_PRESETS
from lama_desktop.masks.sets import PreparedSet, SetOptions, prepare_set, record
from lama_desktop.masks.sheet import covered, kinds_sheet, set_sheet

BINS = 10
SAID = 20
"""So many skipped pictures are named on the terminal; the record names all."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.epilog = "Example: lama-desktop masks PHOTOS SET --preset thick_512 --area-max 0.35 --sheet set.jpg"
    parser.add_argument("source", type=Path, nargs="?", metavar="SOURCE", help="folder of pictures; nothing is changed")
    parser.add_argument(
        "output", type=Path, nargs="?", metavar="OUTPUT", help="folder to make; it must be new or empty"
    )
    parser.add_argument("--list", action="store_true", help="show the kinds of masks, with what they cover on average")
    parser.add_argument(
        "--sheet", type=Path, metavar="FILE", help="a picture of the set, or with --list of the kinds of masks"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    declared.add_arguments(parser, SetOptions)


def run(arguments: argparse.Namespace) -> int:
    """Prepare a set, or list the kinds of masks."""
    if arguments.sheet is not None:
        _refuse_sheet(arguments.sheet, [each for each in (arguments.source, arguments.output) if each is not None])
    if arguments.list:
        return _list(arguments)
    if arguments.source is None or arguments.output is None:
        raise SettingsError("Name the folder of the pictures and the one to make, or use --list.")
    if arguments.expand and arguments.preset is not None:
        raise SettingsError("--expand masks what is new around a picture: leave --preset out.")
    options = declared.from_arguments(SetOptions, arguments)
    with progress_line("masks", quiet=arguments.json) as progress:
        done = prepare_set(arguments.source, arguments.output, options, progress)
        if arguments.sheet is not None:
            _save(set_sheet(done), arguments.sheet)
    if arguments.json:
        print_json({"output": str(done.folder), **record(done, options)})
        return 0
    _print(done)
    return 0


def _print(done: PreparedSet) -> None:
    areas = [sample.area for sample in done.samples]
    pictures = len({sample.picture for sample in done.samples})
    print(f"{done.folder}: {pictures} pictures with {len(areas)} masks, short side {done.side} pixels")
    mean = sum(areas) / len(areas)
    print(f"The masks cover {min(areas):.0%} to {max(areas):.0%} of their picture, {mean:.0%} on average:")
    counts = [0] * BINS
    for area in areas:
        counts[min(int(area * BINS), BINS - 1)] += 1
    for index, count in enumerate(counts):
        if count:
            print(f"  {index * 100 // BINS:3d}–{(index + 1) * 100 // BINS:3d}%  {count:6d}")
    if done.enlarged:
        print(f"{len(done.enlarged)} pictures were smaller and have been enlarged (--no-enlarge leaves them out).")
    if done.masks:
        print(f"{len(done.masks)} files were left out as masks of others, by their names.")
    for _, reason in done.skipped[:SAID]:
        print(f"skipped: {reason}", file=sys.stderr)
    if len(done.skipped) > SAID:
        print(f"skipped: {len(done.skipped) - SAID} more; set.json names them", file=sys.stderr)


def _list(arguments: argparse.Namespace) -> int:
    """Print what there is to choose from; with a sheet, also draw it."""
    if arguments.source is not None:
        raise SettingsError("--list prepares nothing: leave the folders out.")
    if arguments.sheet is not None:
        _save(kinds_sheet(MASK_PRESETS), arguments.sheet)
    areas = {name: covered(preset) for name, preset in MASK_PRESETS.items()}
    if arguments.json:
        rows = [
            {
                "name": name,
                "side": preset.side,
                "summary": preset.summary,
                "mean": areas[name][0],
                "std": areas[name][1],
            }
            for name, preset in MASK_PRESETS.items()
        ]
        print_json({"masks": rows})
        return 0
    print(f"{'':16s} {'for side':>8s} {'covers':>12s}")
    for name, preset in MASK_PRESETS.items():
        mean, spread = areas[name]
        print(f"{name:16s} {preset.side:8d} {mean:6.0%} ± {spread:3.0%}  {preset.summary}")
    print(f"{'fixed':16s} {'':21s}  mask files of a folder, as they are: --fixed FOLDER")
    print(f"{'objects':16s} {'':21s}  shapes out of the segmentations of a folder, moved about: --objects FOLDER")
    print("Several at once, with weights: --preset 'thick_512: 3, borders: 1'")
    return 0


def _refuse_sheet(sheet: Path, folders: list[Path]) -> None:
    """Raise before any work where the sheet could not be written, or would lie among the pictures."""
    formats.format_of(sheet)
    for folder in folders:
        if sheet.resolve().is_relative_to(folder.resolve()):
            raise SettingsError(
                f"The sheet {sheet.name} would lie among the pictures of {folder}: choose another place."
            )
    if not sheet.parent.is_dir():
        raise SettingsError(f"{sheet.name} cannot be written: there is no folder {sheet.parent}. Make it first.")


def _save(sheet: Image, path: Path) -> None:
    formats.write(Photo(sheet), path)
