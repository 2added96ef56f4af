"""`lama-desktop models`: list, download, import, verify and remove the models on this disk.

Progress goes to standard error, results to standard output; `--json` makes the result one JSON document. Exit codes: 0
all is well, 1 something failed, 2 wrong use or unreadable input, 4 no or an invalid model, 130 interrupted.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lama_desktop.errors import Cancelled, DownloadError, LamaDesktopError, ModelError
from lama_desktop.models.cards import MODELS, ModelCard
from lama_desktop.paths import models_folder
from lama_desktop.progress import Progress

if TYPE_CHECKING:
    from lama_desktop.models.store import Installed, ModelStore

OK, FAILED, WRONG_USE, NO_MODEL, INTERRUPTED = 0, 1, 2, 4, 130


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the sub-command to the program's command line; `run` carries it out."""
    parser = subparsers.add_parser("models", help="list, download, import, verify and remove models")
    parser.set_defaults(run=run)
    add_arguments(parser)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of `models`."""
    parser.description = (
        "Manage the models on this disk. `models path` shows the folder; the environment variable "
        "LAMA_DESKTOP_MODELS names another one."
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    def action(name: str, help: str) -> argparse.ArgumentParser:
        made = actions.add_parser(name, help=help, description=help[0].upper() + help[1:] + ".")
        made.add_argument("--json", action="store_true", help="print one JSON document")
        return made

    action("list", "show the published models and those on this disk")
    made = action("download", "fetch published models; an interrupted download continues where it broke off")
    made.add_argument("ids", nargs="+", metavar="ID", help="what to fetch, as `models list` shows it")
    made.add_argument("--offline", action="store_true", help="never use the network; fail if something is missing")
    made = action("import", "add a weight file: .ckpt, .pt, .pth, .safetensors or the authors' .zip")
    made.add_argument("file", type=Path, metavar="FILE", help="the file; it is copied, not moved")
    made.add_argument("--id", help="what to call the model (default: made from the file's name)")
    made.add_argument("--title", help="what the window calls it")
    made = action("verify", "read models through and compare them with what was installed")
    made.add_argument("ids", nargs="*", metavar="ID", help="which ones (default: all)")
    made = action("remove", "delete a model from this disk")
    made.add_argument("ids", nargs="+", metavar="ID", help="which ones")
    made = action("path", "print the folder of the models, or a model's file")
    made.add_argument("id", nargs="?", metavar="ID", help="whose file")


def run(arguments: argparse.Namespace) -> int:
    """Carry out `lama-desktop models ...` and return the exit code."""
    from lama_desktop.models.store import ModelStore

    store = ModelStore(models_folder())
    action = {
        "list": _list,
        "download": _download,
        "import": _import,
        "verify": _verify,
        "remove": _remove,
        "path": _path,
    }[arguments.action]
    bar = _Bar()
    try:
        return action(store, arguments, Progress(bar))
    except (Cancelled, KeyboardInterrupt):
        bar.end()
        _complain("Interrupted; nothing was changed, and a download continues where it broke off.")
        return INTERRUPTED
    except LamaDesktopError as error:
        bar.end()
        return _failure(arguments, error)


def _list(store: "ModelStore", arguments: argparse.Namespace, progress: Progress) -> int:
    installed = {each.id: each for each in store.installed()}
    cards = [*MODELS, *(each.card for each in installed.values() if each.id not in {card.id for card in MODELS})]
    if arguments.json:
        return _print_json(
            {"folder": str(store.folder), "models": [_row(card, installed.get(card.id)) for card in cards]}
        )
    width = max(len(card.id) for card in cards)
    for card in cards:
        print(f"{card.id:{width}}  {_state(card, installed.get(card.id)):14}  {card.title}")
        print(f"{'':{width}}  {'':14}  {card.description}")
    print(f"\nOn this disk: {store.folder}")
    return OK


def _download(store: "ModelStore", arguments: argparse.Namespace, progress: Progress) -> int:
    from lama_desktop.models.cards import find_card

    cards = [find_card(each) for each in dict.fromkeys(arguments.ids)]  # all names are known before the first byte
    results = []
    for index, card in enumerate(cards):
        found = store.find(card.id)
        if found is None and card.sources:
            _tell(f"{card.title}. Licence: {card.licence}")
            stage = progress.stage(index / len(cards), (index + 1) / len(cards))
            found = store.download(card, stage, arguments.offline)
        results.append(_row(card, found))
        if not arguments.json:
            print(f"{card.id}: {found.path}" if found else f"{card.id}: needs no download")
    return _print_json({"models": results}) if arguments.json else OK


def _import(store: "ModelStore", arguments: argparse.Namespace, progress: Progress) -> int:
    if not arguments.file.exists():
        _say_error(arguments, f"There is no file {arguments.file}.")
        return WRONG_USE
    found = store.import_file(arguments.file, arguments.id, arguments.title, progress)
    if arguments.json:
        return _print_json(_row(found.card, found))
    print(f"{found.id}: {found.card.title}, a {found.card.family} network, from {found.layout}")
    return OK


def _verify(store: "ModelStore", arguments: argparse.Namespace, progress: Progress) -> int:
    ids = arguments.ids or [each.id for each in store.installed()]
    results: dict[str, str] = {}
    for index, each in enumerate(ids):
        try:
            store.verify(each, progress.stage(index / len(ids), (index + 1) / len(ids)))
            results[each] = ""
        except ModelError as error:
            results[each] = str(error)
        if not arguments.json:
            print(f"{each}: {results[each] or 'good'}")
    if not ids:
        _tell("There is no model on this disk.")
    if arguments.json:
        _print_json({"models": [{"id": each, "good": not text, "error": text} for each, text in results.items()]})
    return NO_MODEL if any(results.values()) else OK


def _remove(store: "ModelStore", arguments: argparse.Namespace, progress: Progress) -> int:
    ids = list(dict.fromkeys(arguments.ids))
    for each in ids:
        store.path(each)  # all of them are there before the first one goes
    for each in ids:
        store.remove(each)
        if not arguments.json:
            print(f"{each}: removed")
    return _print_json({"removed": ids}) if arguments.json else OK


def _path(store: "ModelStore", arguments: argparse.Namespace, progress: Progress) -> int:
    path = store.path(arguments.id) if arguments.id else store.folder
    if arguments.json:
        return _print_json({"path": str(path)})
    print(path)
    return OK


def _row(card: ModelCard, found: "Installed | None") -> dict[str, Any]:
    """Return what JSON says of a model."""
    return {
        "id": card.id,
        "title": found.card.title if found else card.title,
        "description": card.description,
        "kind": card.kind,
        "family": found.card.family if found else card.family,
        "licence": card.licence,
        "source": card.source,
        "notes": card.notes,
        "download": [{"url": each.url, "size": each.size, "sha256": each.sha256} for each in card.sources],
        "installed": found is not None or card.kind == "classical",
        "path": str(found.path) if found else None,
        "size": found.size if found else None,
        "sha256": found.sha256 or None if found else None,
        "source_sha256": found.source_sha256 or None if found else None,
        "layout": found.layout or None if found else None,
    }


def _state(card: ModelCard, found: "Installed | None") -> str:
    """Return whether a model is here, in a word or two."""
    if card.kind == "classical":
        return "built in"
    if found:
        return f"on disk {found.size / 1e6:.0f} MB"
    return f"{card.size / 1e6:.0f} MB" if card.size else "size unknown"


class _Bar:
    """One line of progress on standard error, rewritten in a terminal, once in ten seconds elsewhere."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._next = 0.0
        self._open = False

    def __call__(self, fraction: float, text: str) -> None:
        now = time.monotonic()
        if now < self._next and fraction < 1.0:
            return
        self._next = now + (0.1 if self._live else 10.0)
        line = f"{fraction:4.0%}  {text}"
        if self._live:
            print(f"\r\x1b[K{line[:120]}", end="", file=sys.stderr, flush=True)
            self._open = True
            if fraction >= 1.0:
                self.end()
        elif text:
            print(line, file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the line, so that what follows starts on its own."""
        if self._open:
            print(file=sys.stderr)
            self._open = False


def _failure(arguments: argparse.Namespace, error: LamaDesktopError) -> int:
    """Report an error and return its exit code."""
    _say_error(arguments, str(error))
    return FAILED if isinstance(error, DownloadError) or type(error) is ModelError else NO_MODEL


def _say_error(arguments: argparse.Namespace, text: str) -> None:
    _complain(text)
    if arguments.json:
        _print_json({"error": text})


def _complain(text: str) -> None:
    print(f"lama-desktop: {text}", file=sys.stderr)


def _tell(text: str) -> None:
    print(text, file=sys.stderr)


def _print_json(document: dict[str, Any]) -> int:
    print(json.dumps(document, indent=2))
    return OK
