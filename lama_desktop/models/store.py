"""ModelStore: the folder of installed models.

A model is two files: `<id>.safetensors`, our own export whatever it was imported from, and `<id>.json`, its card and
the hashes of the stored file and of the source. Both are written beside their place and moved into it, under a lock, so
that a crash or a second program leaves the old state or the new one. A safetensors file of our own that somebody
copies here (such as the result of a training) is a model too: its header says what it is.

Any thread may use a store; torch is imported only where weights are read.
"""

import dataclasses
import datetime
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lama_desktop.errors import CorruptWeightsError, MissingWeightsError, ModelError
from lama_desktop.models import disk, download
from lama_desktop.models.cards import FALLBACK_MODEL, MODELS, ModelCard, find_hash, near
from lama_desktop.progress import Progress

SUFFIX = ".safetensors"
FORMAT = "lama-desktop"  # as `checkpoints.save_weights` marks our own export
MAX_HEADER = 16 << 20
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_TEXTS = ("title", "description", "family", "licence", "source", "notes")
_PUBLISHED = {card.id: card for card in MODELS}
_VAGUE = frozenset(("best", "last", "model", "models", "weights", "checkpoint", "generator", "lama", "data"))


@dataclass(frozen=True)
class Installed:
    """A model on this disk; `layout` and `source_sha256` say what it was imported from, empty where not known."""

    card: ModelCard
    path: Path
    size: int
    sha256: str = ""
    source_sha256: str = ""
    layout: str = ""

    @property
    def id(self) -> str:
        """What the command line calls it."""
        return self.card.id


class ModelStore:
    """Find, import, download, verify and remove models.

    Args:
        folder: where they are; made when the first one comes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)

    def installed(self) -> list[Installed]:
        """Return the models on this disk, in the order of the cards, own ones after them by name."""
        order = {card.id: index for index, card in enumerate(MODELS)}
        paths = sorted(self.folder.glob(f"*{SUFFIX}")) if self.folder.is_dir() else []
        found = [each for path in paths if (each := self._described(path)) is not None]
        return sorted(found, key=lambda each: (order.get(each.id, len(order)), each.id))

    def find(self, id: str) -> Installed | None:
        """Return an installed model, None where it is not on this disk."""
        path = self.folder / f"{id}{SUFFIX}"
        return self._described(path) if _ID.fullmatch(id) and path.is_file() else None

    def path(self, id: str) -> Path:
        """Return the weight file of a model.

        Raises:
            MissingWeightsError: it is not on this disk; the text says how to get it.
        """
        if (found := self.find(id)) is not None:
            return found.path
        card = _PUBLISHED.get(id)
        if card is None:
            raise MissingWeightsError(f"There is no model called {id!r}.{near(id, self._names())}")
        if card.kind == "classical":
            raise MissingWeightsError(f"{card.title} has no weights: it needs none.")
        raise MissingWeightsError(
            f"{card.title} is not on this disk: `lama-desktop models download {id}` fetches it, "
            "`lama-desktop models import FILE` takes a file you have."
        )

    def default(self) -> str:
        """Return the model to use when nobody chose one: the best published one here, else what needs no weights."""
        return next((each.id for each in self.installed() if each.id in _PUBLISHED), FALLBACK_MODEL)

    def resolve(self, name: str | Path) -> tuple[ModelCard, Path | None]:
        """Return the model that a user means: the id of a card or of an installed model, or a path to a weight file.

        The path is None for the classical models, which have no weights.

        Raises:
            MissingWeightsError: there is neither.
        """
        text = str(name)
        if (found := self.find(text)) is not None:
            return found.card, found.path
        if (card := _PUBLISHED.get(text)) is not None:
            return card, None if card.kind == "classical" else self.path(text)
        file = Path(name).expanduser()
        try:
            known = file.is_file() or (file / "models" / "best.ckpt").is_file()
        except OSError:  # no name that a file could have
            known = False
        if known:
            facts = _header(file)
            card = ModelCard(file.name, file.name, "A weight file outside the store.")
            return _card_of(facts, file.name) if facts.get("format") == FORMAT else card, file
        if isinstance(name, Path) or "/" in text or "\\" in text or file.suffix:
            raise MissingWeightsError(f"There is no weight file {text}, and no model is called so.")
        raise MissingWeightsError(f"There is no model called {text!r}.{near(text, self._names())}")

    def import_file(
        self, path: Path, id: str | None = None, title: str | None = None, progress: Progress | None = None
    ) -> Installed:
        """Add a weight file of any layout to the store; the file itself is left alone.

        A file whose hash belongs to a published model gets that model's id and title by itself.

        Args:
            path: the file, or the folder that holds `models/best.ckpt`.
            id: what to call it; made from the file's name where absent.
            title: what the window calls it.
            progress: reading and writing; cancelling leaves the store as it was.

        Raises:
            MissingWeightsError: there is no such file.
            CorruptWeightsError: it is damaged, unsafe, or no LaMa generator.
            ModelError: the id is taken or cannot be one, or the disk refuses.
        """
        from lama_desktop.models import architecture
        from lama_desktop.models.checkpoints import read_tensors, save_weights

        progress = progress or Progress()
        path = Path(path)
        if path.is_dir() and (path / "models" / "best.ckpt").is_file():
            path = path / "models" / "best.ckpt"
        if not path.is_file():
            raise MissingWeightsError(f"There is no file {path}.")
        if id is not None and not _ID.fullmatch(id):
            raise ModelError(f"{id!r} cannot be a model's id: use small letters, digits, dots and hyphens.")
        try:
            source = disk.digest(path, progress.stage(0.0, 0.2))
        except OSError as error:
            raise CorruptWeightsError(f"{path.name} cannot be read: {error.strerror}.") from error
        weights = read_tensors(path, progress.stage(0.2, 0.7))
        card = self._card(path, id, title, source, architecture.family(weights.config), weights.metadata)
        facts = _facts(card) | {"source_sha256": source, "source_layout": weights.layout}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with disk.temporary(self.folder / f"{card.id}.new") as fresh:
                save_weights(weights.tensors, facts, fresh)
                stored = disk.digest(fresh, progress.stage(0.8, 1.0))
                entry = Installed(
                    card, self.folder / f"{card.id}{SUFFIX}", fresh.stat().st_size, stored, source, weights.layout
                )
                with disk.locked(self.folder / ".lock"):
                    self._settle(fresh, entry)
        except OSError as error:
            raise ModelError(f"The model cannot be written to {self.folder}: {error.strerror or error}.") from error
        return entry

    def download(
        self,
        card: ModelCard,
        progress: Progress | None = None,
        offline: bool = False,
        patience: download.Patience | None = None,
    ) -> Installed:
        """Fetch a published model and install it; an installed one is fetched again.

        Raises:
            DownloadError: offline, or no source gave it; the text lists what was tried.
            ModelError: it has no weights, or the disk refuses.
        """
        progress = progress or Progress()
        if not card.sources:
            raise ModelError(f"{card.title} has no weights to download.")
        done: list[Installed] = []
        target = self.folder / f".{card.id}.download"
        rest = progress.stage(0.8, 1.0)
        try:
            if not (offline or download.offline()):
                self.folder.mkdir(parents=True, exist_ok=True)
            download.fetch(
                card.sources,
                target,
                progress.stage(0.0, 0.8),
                title=card.title,
                check=lambda part: done.append(self.import_file(part, card.id, progress=rest)),
                forbid=offline,
                patience=patience,
            )
            target.unlink(missing_ok=True)
        except OSError as error:
            raise ModelError(f"The model cannot be written to {self.folder}: {error.strerror or error}.") from error
        return done[-1]

    def verify(self, id: str, progress: Progress | None = None) -> Installed:
        """Read a model through: its hash, names, shapes and values.

        Raises:
            MissingWeightsError: it is not on this disk.
            CorruptWeightsError: it is not what was installed.
        """
        from lama_desktop.models.checkpoints import read_tensors

        progress = progress or Progress()
        path = self.path(id)
        found = self._described(path)
        remedy = f"remove it with `lama-desktop models remove {id}` and get it again"
        if found is None:
            raise CorruptWeightsError(f"{path.name} is damaged: {remedy}.")
        if found.sha256 and disk.digest(path, progress.stage(0.0, 0.5)) != found.sha256:
            raise CorruptWeightsError(f"{path.name} is not as it was installed: {remedy}.")
        read_tensors(path, progress.stage(0.5, 1.0))
        return found

    def remove(self, id: str) -> None:
        """Delete a model and what downloads of it left behind.

        Raises:
            MissingWeightsError: it is not on this disk.
            ModelError: the disk refuses.
        """
        path = self.path(id)
        try:
            with disk.locked(self.folder / ".lock"):
                path.unlink(missing_ok=True)
                path.with_suffix(".json").unlink(missing_ok=True)
            download.forget(self.folder / f".{id}.download")
        except OSError as error:
            raise ModelError(f"{path} cannot be removed: {error.strerror or error}.") from error

    def _names(self) -> list[str]:
        return [*_PUBLISHED, *(each.id for each in self.installed())]

    def _settle(self, fresh: Path, entry: Installed) -> None:
        """Move a written model into its place; the lock is held."""
        old = self.find(entry.id)
        if entry.id not in _PUBLISHED and old is not None and old.source_sha256 != entry.source_sha256:
            raise ModelError(f"There is a model called {entry.id} already: remove it first or choose another id.")
        note = {
            "format": 1,
            "card": _facts(entry.card),
            "sha256": entry.sha256,
            "size": entry.size,
            "source_sha256": entry.source_sha256,
            "source_layout": entry.layout,
            "installed": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        }
        with disk.temporary(entry.path.with_suffix(".json")) as sidecar:
            sidecar.write_text(json.dumps(note, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
            fresh.replace(entry.path)

    def _card(
        self, path: Path, id: str | None, title: str | None, source: str, family: str, metadata: Mapping[str, str]
    ) -> ModelCard:
        """Return the card that an imported file gets."""
        card = find_hash(source) or (_PUBLISHED.get(id) if id is not None else None)
        if card is not None and id in {None, card.id}:
            if card.kind != "network" or card.family not in {"", family}:
                raise CorruptWeightsError(
                    f"{path.name} is not {card.title}: it holds a {family} network. Choose another id for it."
                )
            return dataclasses.replace(card, family=family, title=title or card.title)
        if card is None and metadata.get("format") == FORMAT:
            card = _card_of(metadata, metadata.get("id", ""))
        name = id or (card.id if card is not None and self._is_free(card.id, source) else self._free(path, source))
        if card is None:
            card = ModelCard(name, name, f"Imported from {path.name}.", licence="Not stated: imported from this disk.")
        return dataclasses.replace(card, id=name, title=title or card.title, family=family, sources=(), also=())

    def _is_free(self, name: str, source: str) -> bool:
        """Return whether an own model may take this id: nobody has it, or the same file."""
        old = self.find(name)
        return (
            _ID.fullmatch(name) is not None and name not in _PUBLISHED and (old is None or old.source_sha256 == source)
        )

    def _free(self, path: Path, source: str) -> str:
        """Return an id for an own model, made from its file's name."""
        slug, count = _slug(path), 1
        while not self._is_free(name := slug if count == 1 else f"{slug}-{count}", source):
            count += 1
        return name

    def _described(self, path: Path) -> Installed | None:
        """Return what a file of the folder is; None where it is no model of ours."""
        name = path.name.removesuffix(SUFFIX)
        if not _ID.fullmatch(name) or not path.is_file():
            return None
        size = path.stat().st_size
        try:
            note = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
            card = _card_of(note["card"], name)
            texts = (str(note.get(key, "")) for key in ("sha256", "source_sha256", "source_layout"))
            return Installed(card, path, size, *texts)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            facts = _header(path)
            return Installed(_card_of(facts, name), path, size) if facts.get("format") == FORMAT else None


def _facts(card: ModelCard) -> dict[str, str]:
    """Return the texts of a card, which are what is stored."""
    return {key: getattr(card, key) for key in ("id", *_TEXTS)}


def _card_of(facts: Mapping[str, Any], name: str) -> ModelCard:
    """Return the card of stored facts; a published model's own card where it is one."""
    texts = {key: str(facts[key]) for key in _TEXTS if facts.get(key)}
    card = _PUBLISHED.get(name) or ModelCard(name, name, "")
    return dataclasses.replace(card, **texts)  # type: ignore[arg-type]


def _header(path: Path) -> dict[str, str]:
    """Return the metadata of a safetensors file without reading its tensors; nothing where it is none."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= MAX_HEADER:
                return {}
            metadata = json.loads(file.read(length)).get("__metadata__", {})
        return {str(key): str(value) for key, value in metadata.items()}
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}


def _slug(path: Path) -> str:
    """Return an id made from a file's name, or from its folder's where the name says nothing."""
    for name in (path.stem, path.parent.name, path.parent.parent.name):
        slug = re.sub(r"[^a-z0-9._]+", "-", name.lower()).strip("-._")[:60]
        if slug and slug not in _VAGUE:
            return slug
    return "own-model"
