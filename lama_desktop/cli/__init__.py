"""The command line: `lama-desktop COMMAND ...`.

Only the module of the command that is called is imported, so `lama-desktop --help` answers at once. Results go to
standard output, progress and messages to standard error; with `--json` standard output is exactly one JSON document.

Exit codes: 0 done, 1 failed, 2 wrong use or unreadable input, 4 no or invalid model, 130 interrupted.
"""

import argparse
import importlib
import logging
import os
import signal
import sys
from collections.abc import Sequence
from types import ModuleType

from lama_desktop import __version__
from lama_desktop.errors import Cancelled, FileFormatError, LamaDesktopError, ModelError, SettingsError

COMMANDS = {
    "inpaint": "fill what a mask covers in a photo",
    "models": "list, download, import, verify and remove models",
    "benchmark": "measure this machine: the engine beside the published network",
    "doctor": "show versions, devices, models and folders, and what is missing",
}
"""Every command is a module of this package with `add_arguments(parser)` and `run(arguments) -> int`."""

EXIT_CODES: tuple[tuple[type[BaseException], int], ...] = (
    (ModelError, 4),
    (FileFormatError, 2),
    (SettingsError, 2),
    (LamaDesktopError, 1),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Args:
        argv: the arguments after the program's name; those of the process by default.
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    parser, module = _parser(argv)
    try:
        arguments = parser.parse_args(argv)
    except SystemExit as done:  # --help, --version, wrong use
        return int(done.code or 0)
    if module is None:
        parser.print_help()
        return 2
    logging.basicConfig(
        level=logging.DEBUG if arguments.debug else logging.WARNING, format="%(message)s", stream=sys.stderr, force=True
    )
    # A service manager ends a job with SIGTERM; it deserves the same clean way out as Ctrl+C.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        return int(module.run(arguments))
    except (Cancelled, KeyboardInterrupt):
        print("Stopped; nothing was changed.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except LamaDesktopError as error:
        logging.getLogger(__name__).debug("", exc_info=error)
        print(f"lama-desktop: {error}", file=sys.stderr)
        return next(code for kind, code in EXIT_CODES if isinstance(error, kind))


def _parser(argv: list[str]) -> tuple[argparse.ArgumentParser, ModuleType | None]:
    """Return the parser, complete for the command that is called, and that command's module."""
    parser = argparse.ArgumentParser(
        prog="lama-desktop",
        description="Take things out of photographs, offline: paint over them in a mask, and they are gone.",
        epilog="Start with: lama-desktop inpaint photo.jpg -m mask.png -o clean.jpg",
    )
    parser.add_argument("--version", action="version", version=f"lama-desktop {__version__}")
    parsers = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    called = next((each for each in argv if not each.startswith("-")), None)
    module = None
    for name, summary in COMMANDS.items():
        sub = parsers.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
        if name == called:
            module = importlib.import_module(f"lama_desktop.cli.{name}")
            module.add_arguments(sub)
            sub.add_argument("--debug", action="store_true", help="tell more about what goes wrong")
    return parser, module
