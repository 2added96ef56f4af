"""The command line: `lama-desktop [FILE ...]` is the window, `lama-desktop COMMAND ...` everything else.

Only the module of the command that is called is imported, so `lama-desktop --help` answers at once. Results go to
standard output, progress and messages to standard error; with `--json` standard output is exactly one JSON document,
also when the command fails: {"error": "..."}.

Exit codes: 0 done, 1 failed, 2 wrong use or unreadable input, 3 some photos of a batch failed, 4 no or invalid model,
130 interrupted.
"""

import argparse
import contextlib
import importlib
import io
import logging
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from lama_desktop import __version__
from lama_desktop.cli.terminal import print_json
from lama_desktop.errors import (
    Cancelled,
    DownloadError,
    FileFormatError,
    LamaDesktopError,
    ModelError,
    SettingsError,
)

WINDOW = "window"
COMMANDS = {
    WINDOW: "show the window; where no command is given, this one is meant",
    "inpaint": "fill what a mask covers in a photo",
    "batch": "fill what masks cover in many photos, folders of them",
    "train": "train a network of the paper, headless, by a recipe",
    "models": "list, download, import, verify and remove models",
    "masks": "prepare pictures with fixed masks, for validation and evaluation",
    "evaluate": "judge fills of models, or of any program, by known truth: tables and a report",
    "benchmark": "measure this machine: the engine beside the published network",
    "doctor": "show versions, devices, models and folders, and what is missing",
}
"""Every command is a module of this package with `add_arguments(parser)` and `run(arguments) -> int`."""

EXIT_CODES: tuple[tuple[type[BaseException], int], ...] = (
    (DownloadError, 1),
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
    argv = _completed(list(sys.argv[1:] if argv is None else argv))
    _prepare_streams()
    # PyTorch's threads spin while they wait for each other. Where another program holds a core, that makes thousands of
    # small steps ten times slower (measured with patches on two cores), and costs a few percent where nothing does.
    os.environ.setdefault("GOMP_SPINCOUNT", "2000")
    # --json counts, too, before it is parsed and where the rest cannot be.
    arguments = argparse.Namespace(json="--json" in argv, debug=False)
    try:
        # A service manager ends a job with SIGTERM; it deserves the same clean way out as Ctrl+C.
        with contextlib.suppress(ValueError):  # not on the main thread
            signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
        parser, module = _parser(argv)
        parser.parse_args(argv, arguments)
        assert module is not None, "argparse has refused every other word"
        level = logging.DEBUG if arguments.debug else logging.WARNING
        logging.basicConfig(level=level, format="%(message)s", stream=sys.stderr, force=True)
        return int(module.run(arguments))
    except SystemExit as done:  # --help, --version
        return int(done.code or 0)
    except (Cancelled, KeyboardInterrupt):
        return _ended("Stopped; nothing was changed.", 130, arguments)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except LamaDesktopError as error:
        return _failed(error, str(error), next(code for kind, code in EXIT_CODES if isinstance(error, kind)), arguments)
    except OSError as error:
        return _failed(error, f"{error.filename or 'A file'}: {error.strerror or error}.", 1, arguments)
    except Exception as error:  # noqa: BLE001 (the last net: a person gets a sentence, --debug the traceback)
        text = f"This is a defect of LaMa Desktop ({type(error).__name__}: {error}). --debug tells where."
        return _failed(error, text, 1, arguments)


def _failed(error: Exception, text: str, code: int, arguments: argparse.Namespace) -> int:
    """Say what went wrong and return the exit code."""
    if arguments.debug:
        traceback.print_exception(error)
    return _ended(text, code, arguments, "lama-desktop: ")


def _ended(text: str, code: int, arguments: argparse.Namespace, who: str = "") -> int:
    """Say why the command has ended without a result, to people and to programs, and return the exit code."""
    print(f"{who}{text}", file=sys.stderr)
    if getattr(arguments, "json", False):
        print_json({"error": text})
    return code


def _prepare_streams() -> None:
    """Make sure that a name which the terminal cannot show, or a missing terminal, does not end the work."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed, or a program without a console
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 (for the whole run)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _completed(argv: list[str]) -> list[str]:
    """Return the arguments with the command that they leave out: files alone, or nothing, mean the window."""
    word = next((each for each in argv if not each.startswith("-")), None)
    if word in COMMANDS or {"-h", "--help", "--version"} & set(argv):
        return argv
    is_file = word is None or Path(word).suffix or os.sep in word or "/" in word or Path(word).exists()
    return [WINDOW, *argv] if is_file else argv


class _Parser(argparse.ArgumentParser):
    """A parser, also of a command, whose errors are those of the program."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        raise SettingsError(message)


def _parser(argv: list[str]) -> tuple[argparse.ArgumentParser, ModuleType | None]:
    """Return the parser, complete for the command that is called, and that command's module."""
    parser = _Parser(
        prog="lama-desktop",
        description="Take things out of photographs, offline: paint over them in a mask, and they are gone.",
        epilog="Start: lama-desktop photo.jpg, or lama-desktop inpaint photo.jpg -m mask.png -o clean.jpg",
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
