"""What a model on this disk is: its weight file, and the note beside it.

`<id>.safetensors` says in its header what it is; `<id>.json` repeats the card and holds the hashes of the stored file
and of the source, so that both can be checked. The store writes such pairs, a training run exports them, and one
travels with the program. Nothing here imports torch.
"""

import datetime
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lama_desktop.models import disk
from lama_desktop.models.cards import ModelCard, card_of, facts_of
from lama_desktop.paths import resource

SUFFIX = ".safetensors"
FORMAT = "lama-desktop"  # as `checkpoints.save_weights` marks our own export
MODEL_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Installed:
    """A model on this disk; `layout` and `source_sha256` say what it was imported from, `network` its architecture.

    Texts are empty where nothing is known.
    """

    card: ModelCard
    path: Path
    size: int
    sha256: str = ""
    source_sha256: str = ""
    layout: str = ""
    network: str = ""

    @property
    def id(self) -> str:
        """What the command line calls it."""
        return self.card.id


def described(path: Path) -> Installed | None:
    """Return what a weight file is; None where it is no model of ours."""
    name = path.name.removesuffix(SUFFIX)
    if not MODEL_ID.fullmatch(name) or not disk.exists(path) or not path.is_file():
        return None
    size = path.stat().st_size
    try:
        note = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        card = card_of(note["card"], name)
        texts = (str(note.get(key, "")) for key in ("sha256", "source_sha256", "source_layout", "network"))
        return Installed(card, path, size, *texts)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        facts = disk.metadata_of(path)
        if facts.get("format") != FORMAT:
            return None
        source, layout = facts.get("source_sha256", ""), facts.get("source_layout", "")
        return Installed(card_of(facts, name), path, size, "", source, layout)


def bundled(card: ModelCard) -> Installed | None:
    """Return the model of a card that travels with the program; None for every other card."""
    if card.kind != "bundled":
        return None
    try:
        return described(resource("models", f"{card.id}{SUFFIX}"))
    except FileNotFoundError:  # a package somebody made without it
        return None


def note_of(entry: Installed, more: Mapping[str, Any] | None = None) -> str:
    """Return the note beside a model's weights, as JSON; `more` adds to it."""
    note = {
        "format": 1,
        "card": facts_of(entry.card),
        "sha256": entry.sha256,
        "size": entry.size,
        "source_sha256": entry.source_sha256,
        "source_layout": entry.layout,
        "network": entry.network,
        "installed": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
    return json.dumps(note | dict(more or {}), indent=2, ensure_ascii=False) + "\n"
