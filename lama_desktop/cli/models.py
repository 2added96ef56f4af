"""`lama-desktop models`: list, download, import, verify and remove the models on this disk.

A model that fails its check exits with 4, after the others have been checked.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lama_desktop.cli.terminal import print_json, progress_line
from lama_desktop.errors import ModelError
from lama_desktop.models.cards import MODELS, ModelCard, find_card
from lama_desktop.paths import models_folder
from lama_desktop.progress import Progress

if TYPE_CHECKING:
    from lama_desktop.models.installed import Installed
    from lama_desktop.models.store import ModelStore

OK, NO_MODEL = 0, 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.epilog = "`models path` shows the folder; the environment variable LAMA_DESKTOP_MODELS names another one."
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
    made.add_argument("--replace", action="store_true", help="put it into the place of a model that has its id")
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
    with progress_line(arguments.action, quiet=arguments.json) as progress:
        outcome = action(store, arguments, progress)
    if arguments.json:
        print_json(outcome.document)
    else:
        for line in outcome.lines:
            print(line)
    return outcome.code


class Outcome(NamedTuple):
    """What a command has to say: a document for `--json`, lines for people, the exit code."""

    document: dict[str, Any]
    lines: list[str]
    code: int = OK


def _list(store: "ModelStore", arguments: argparse.Namespace, progress: Progress) -> Outcome:
    installed = {each.id: each for each in store.installed()}
    cards = [*MODELS, *(each.card for each in installed.values() if each.id not in {card.id for card in MODELS})]
    width = max(len(card.id) for card in cards)
    lines = []
    for card in cards:
        lines.append(f"{card.id:{width}}  {_state(card, installed.get(card.id)):14}  {card.title}")
        lines.append(f"{'':{width}}  {'':14}  {card.description}")
    rows = [_row(card, installed.get(card.id)) for card in cards]
    return Outcome({"folder": str(store.folder), "models": rows}, [*lines, "", f"Folder: {store.folder}"])


def _download(store: "ModelStore", arguments: argparse.Namespace, progress: Progress) -> Outcome:
    cards = [find_card(each) for each in dict.fromkeys(arguments.ids)]  # all names are known before the first byte
    here = {card.id: store.find(card.id) for card in cards}
    wanted = [card for card in cards if here[card.id] is None and card.sources]
    for card in wanted:
        print(f"{card.title}. Licence: {card.licence}", file=sys.stderr)
    for index, card in enumerate(wanted):
        stage = progress.stage(index / len(wanted), (index + 1) / len(wanted))
        here[card.id] = store.download(card, stage, arguments.offline)
    lines = [f"{card.id}: {found.path if (found := here[card.id]) else 'needs no download'}" for card in cards]
    return Outcome({"models": [_row(card, here[card.id]) for card in cards]}, lines)


def _import(store: "ModelStore", arguments: argparse.Namespace, progress: Progress) -> Outcome:
    found = store.import_file(arguments.file, arguments.id, arguments.title, progress, replace=arguments.replace)
    use = f"Use it: lama-desktop inpaint PHOTO -m MASK --model {found.id}"
    return Outcome(_row(found.card, found), [f"Imported as {found.id} ({found.network}). {use}"])


def _verify(store: "ModelStore", arguments: argparse.Namespace, progress: Progress) -> Outcome:
    names = arguments.ids or [each.id for each in store.installed()]
    results: dict[str, str] = {}
    words = {}
    for index, each in enumerate(names):
        try:
            found = store.verify(each, progress.stage(index / len(names), (index + 1) / len(names)))
            results[each] = ""
            words[each] = "good" if found.sha256 else "whole (copied here: nothing to compare it with)"
        except ModelError as error:
            results[each] = str(error)
    lines = [f"{each}: {text or words[each]}" for each, text in results.items()] or ["There is no model on this disk."]
    rows = [{"id": each, "good": not text, "error": text} for each, text in results.items()]
    return Outcome({"models": rows}, lines, NO_MODEL if any(results.values()) else OK)


def _remove(store: "ModelStore", arguments: argparse.Namespace, progress: Progress) -> Outcome:
    names = list(dict.fromkeys(arguments.ids))
    for each in names:
        store.path(each)  # all of them are there before the first one goes
    for each in names:
        store.remove(each)
    return Outcome({"removed": names}, [f"{each}: removed" for each in names])


def _path(store: "ModelStore", arguments: argparse.Namespace, progress: Progress) -> Outcome:
    path = str(store.path(arguments.id) if arguments.id else store.folder)
    return Outcome({"path": path}, [path])


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
        "installed": found is not None or card.built_in,
        "path": str(found.path) if found else None,
        "size": found.size if found else None,
        "sha256": found.sha256 or None if found else None,
        "source_sha256": found.source_sha256 or None if found else None,
        "layout": found.layout or None if found else None,
        "network": found.network or None if found else None,
    }


def _state(card: ModelCard, found: "Installed | None") -> str:
    """Return whether a model is here, in a word or two."""
    if card.built_in:
        return "built in"
    if found:
        return f"on disk {found.size / 1e6:.0f} MB"
    return f"{card.size / 1e6:.0f} MB" if card.size else "size unknown"
