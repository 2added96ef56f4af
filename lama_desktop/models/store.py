"""ModelStore: the folder of installed models.

A model is two files: `<id>.safetensors`, our own export whatever it was imported from, and `<id>.json`, its card and
the hashes of the stored file and of the source. Both are written beside their place and moved into it, under a lock, so
that a crash or a second program leaves the old state or the new one. A safetensors file of our own that somebody
copies here (such as the result of a training) is a model too: its header says what it is.

Any thread may use a store; torch is imported only where weights are read.
"""

import dataclasses
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from lama_desktop.errors import CorruptWeightsError, MissingWeightsError, ModelError, SettingsError
from lama_desktop.models import disk, download
from lama_desktop.models.cards import FALLBACK_MODEL, MODELS, ModelCard, card_of, facts_of, find_hash, near
from lama_desktop.models.installed import FORMAT, MODEL_ID, SUFFIX, Installed, bundled, described, note_of
from lama_desktop.progress import Progress

if TYPE_CHECKING:
    from lama_desktop.models.checkpoints import Weights

_PUBLISHED = {card.id: card for card in MODELS}
_VAGUE = frozenset(("best", "last", "model", "models", "weights", "checkpoint", "generator", "lama", "data"))
_PLACES = frozenset(("downloads", "desktop", "documents", "home", "root", "users", "tmp", "temp", "mnt", "media"))


class ModelStore:
    """Find, import, download, verify and remove models.

    Args:
        folder: where they are; made when the first one comes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)

    def installed(self) -> list[Installed]:
        """Return the models on this disk, in the order of the cards, own ones after them by name.

        Raises:
            ModelError: the folder cannot be one, or may not be read.
        """
        order = {card.id: index for index, card in enumerate(MODELS)}
        try:
            paths = sorted(each for each in self.folder.iterdir() if each.suffix == SUFFIX)
        except FileNotFoundError:
            paths = []
        except OSError as error:
            raise self._refused(error) from error
        found = [each for path in paths if (each := described(path)) is not None]
        return sorted(found, key=lambda each: (order.get(each.id, len(order)), each.id))

    def find(self, id: str) -> Installed | None:
        """Return a model that is installed or travels with the program, None where it is not on this disk."""
        if not MODEL_ID.fullmatch(id):
            return None
        card = _PUBLISHED.get(id)
        return described(self.folder / f"{id}{SUFFIX}") or (bundled(card) if card is not None else None)

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
        if card.built_in:
            raise MissingWeightsError(f"{card.title} is missing from this installation: install LaMa Desktop again.")
        raise MissingWeightsError(
            f"{card.title} is not on this disk: `lama-desktop models download {id}` fetches it, "
            "`lama-desktop models import FILE` takes a file you have."
        )

    def default(self) -> str:
        """Return the model to use when nobody chose one: the best published one here, else what needs no weights."""
        published = {card.id for card in MODELS if not card.built_in}
        return next((each.id for each in self.installed() if each.id in published), FALLBACK_MODEL)

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
        if isinstance(name, Path) or "/" in text or "\\" in text or file.suffix or disk.exists(file):
            path = disk.weight_file(file)
            facts = disk.metadata_of(path)
            card = ModelCard(file.name, file.name, "A weight file outside the store.")
            return card_of(facts, file.name) if facts.get("format") == FORMAT else card, path
        raise MissingWeightsError(f"There is no model called {text!r}.{near(text, self._names())}")

    def import_file(
        self,
        path: Path,
        id: str | None = None,
        title: str | None = None,
        progress: Progress | None = None,
        *,
        replace: bool = False,
    ) -> Installed:
        """Add a weight file of any layout to the store; the file itself is left alone.

        A file whose hash belongs to a published model gets that model's id and title by itself. Other files may have
        them on request where their architecture is that model's, exactly.

        Args:
            path: the file, or the folder that holds `models/best.ckpt`.
            id: what to call it; made from the file's name where absent.
            title: what the window calls it.
            progress: reading and writing; cancelling leaves the store as it was.
            replace: put it into the place of an installed model that came from another file.

        Raises:
            MissingWeightsError: there is no such file.
            CorruptWeightsError: it is damaged, unsafe, or no LaMa generator.
            SettingsError: the id is taken, is another model's, or cannot be one.
            ModelError: the disk refuses.
        """
        if id is not None and not MODEL_ID.fullmatch(id):
            raise SettingsError(f"{id!r} cannot be a model's id: use small letters, digits, dots and hyphens.")
        return self._add(disk.weight_file(Path(path)), id, title, progress or Progress(), replace)

    def _add(
        self, path: Path, id: str | None, title: str | None, progress: Progress, replace: bool, fetched: bool = False
    ) -> Installed:
        """Add a file; `fetched` says that it came from an address of the card `id`."""
        from lama_desktop.models import architecture
        from lama_desktop.models.checkpoints import read_tensors, save_weights

        source = _digest(path, progress.stage(0.0, 0.2))
        if id is not None:
            self._require_free(id, source, replace)
        weights = read_tensors(path, progress.stage(0.2, 0.7))
        card = self._card(path, id, title, source, weights, replace, fetched)
        network = architecture.described(weights.config)
        facts = facts_of(card) | {"source_sha256": source, "source_layout": weights.layout}
        try:
            self._prepare()
            with disk.temporary(self.folder / f"{card.id}.new") as fresh:
                save_weights(weights.tensors, facts, fresh)
                stored, size = disk.digest(fresh, progress.stage(0.8, 1.0)), fresh.stat().st_size
                target = self.folder / f"{card.id}{SUFFIX}"
                entry = Installed(card, target, size, stored, source, weights.layout, network)
                with disk.locked(self.folder / ".lock"):
                    self._require_free(card.id, source, replace)
                    _settle(fresh, entry)
        except OSError as error:
            raise self._refused(error) from error
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
                self._prepare()
            download.fetch(
                card.sources,
                target,
                progress.stage(0.0, 0.8),
                title=card.title,
                check=lambda part: done.append(self._add(part, card.id, None, rest, replace=True, fetched=True)),
                forbid=offline,
                patience=patience,
            )
            target.unlink(missing_ok=True)
        except OSError as error:
            raise self._refused(error) from error
        return done[-1]

    def verify(self, id: str, progress: Progress | None = None) -> Installed:
        """Read a model through: its hash, names, shapes and values.

        A file that somebody copied into the folder has no hash to compare: its `sha256` is empty.

        Raises:
            MissingWeightsError: it is not on this disk.
            CorruptWeightsError: it is not what was installed, or nobody can tell any more.
        """
        path = self.path(id)
        from lama_desktop.models.checkpoints import read_tensors

        progress = progress or Progress()
        found = described(path)
        remedy = f"remove it with `lama-desktop models remove {id}` and get it again"
        if found is None:
            raise CorruptWeightsError(f"{path.name} is damaged: {remedy}.")
        record = path.with_suffix(".json")
        if not found.sha256 and disk.exists(record):
            keep = f"keep it with `lama-desktop models import {shlex.quote(str(path))} --id {id} --replace`, or "
            raise CorruptWeightsError(
                f"{path.name} cannot be compared with what was installed, because its record {record.name} is damaged: "
                f"{'' if id in _PUBLISHED else keep}{remedy}."
            )
        if found.sha256 and _digest(path, progress.stage(0.0, 0.5)) != found.sha256:
            raise CorruptWeightsError(f"{path.name} is not as it was installed: {remedy}.")
        read_tensors(path, progress.stage(0.5, 1.0))
        return found

    def remove(self, id: str) -> None:
        """Delete a model and what downloads of it left behind.

        Raises:
            MissingWeightsError: it is not on this disk.
            ModelError: it travels with the program, or the disk refuses.
        """
        path = self.path(id)
        if path.parent != self.folder:
            raise ModelError(f"{id} travels with the program and cannot be removed.")
        try:
            with disk.locked(self.folder / ".lock"):
                disk.sweep(self.folder)
                path.unlink(missing_ok=True)
                path.with_suffix(".json").unlink(missing_ok=True)
            download.forget(self.folder / f".{id}.download")
        except OSError as error:
            raise ModelError(f"{disk.shown(path)} cannot be removed: {disk.refusal(error)}.") from error

    def _names(self) -> list[str]:
        return [*_PUBLISHED, *(each.id for each in self.installed())]

    def _prepare(self) -> None:
        """Make the folder and delete what killed programs left in it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with disk.locked(self.folder / ".lock"):
            disk.sweep(self.folder)

    def _refused(self, error: OSError) -> ModelError:
        where = disk.shown(self.folder)
        return ModelError(f"Models cannot be kept in {where}: {disk.refusal(error)} (LAMA_DESKTOP_MODELS names it).")

    def _require_free(self, id: str, source: str, replace: bool) -> None:
        """Raise where another model, or a file that is none of ours, has this id."""
        if not replace and not self._is_same(id, source):
            raise SettingsError(
                f"There is a model called {id} already, from another file: choose another --id, "
                "or add --replace to put this one into its place."
            )

    def _is_same(self, id: str, source: str) -> bool:
        """Return whether an id is free, or belongs to what came from the file with this hash."""
        old = self.find(id)
        return old.source_sha256 == source if old else not disk.exists(self.folder / f"{id}{SUFFIX}")

    def _card(
        self,
        path: Path,
        id: str | None,
        title: str | None,
        source: str,
        weights: "Weights",
        replace: bool,
        fetched: bool,
    ) -> ModelCard:
        """Return the card that an imported file gets."""
        from lama_desktop.models import architecture

        family, known = architecture.family(weights.config), find_hash(source)
        card = _PUBLISHED.get(id) if id is not None else known
        if card is not None:
            wanted = architecture.published(card)
            fits = card == known or (known is None and wanted == weights.config)
            if not fits and not (fetched and wanted is None and card.family in {"", family}):
                raise (CorruptWeightsError if fetched else SettingsError)(
                    f"{disk.shown(path.name)} is not known to be {card.title}: it "
                    f"{f'is {known.title}' if known else 'holds a network'} "
                    f"({architecture.described(weights.config)}). Choose another --id."
                )
            return dataclasses.replace(card, family=family, title=title or card.title)
        card = known
        if card is None and weights.metadata.get("format") == FORMAT:
            card = card_of(weights.metadata, weights.metadata.get("id", ""))
        own = card is not None and self._is_free(card.id, source, replace)
        name = id or (card.id if card is not None and own else self._free(path, source, replace))
        if card is None:
            text = f"Imported from {disk.shown(path.name)}."
            card = ModelCard(name, name, text, licence="Not stated: imported from this disk.")
        return dataclasses.replace(card, id=name, title=title or card.title, family=family, sources=(), also=())

    def _is_free(self, name: str, source: str, replace: bool) -> bool:
        """Return whether an own model may take this id."""
        return (
            MODEL_ID.fullmatch(name) is not None and name not in _PUBLISHED and (replace or self._is_same(name, source))
        )

    def _free(self, path: Path, source: str, replace: bool) -> str:
        """Return an id for an own model, made from its file's name."""
        slug, count = _slug(path), 1
        while not self._is_free(name := slug if count == 1 else f"{slug}-{count}", source, replace):
            count += 1
        return name


def _settle(fresh: Path, entry: Installed) -> None:
    """Move a written model into its place; the lock is held."""
    with disk.temporary(entry.path.with_suffix(".json")) as sidecar:
        sidecar.write_text(note_of(entry), encoding="utf-8")
        fresh.replace(entry.path)


def _slug(path: Path) -> str:
    """Return an id made from a file's name, or from its folders' where the name says nothing."""
    path = path.absolute()
    for name in (path.stem, path.parent.name, path.parent.parent.name):
        slug = re.sub(r"[^a-z0-9._]+", "-", name.lower()).strip("-._")[:60]
        if not slug or slug in _PLACES:
            break
        if slug not in _VAGUE:
            return slug
    return "own-model"


def _digest(path: Path, progress: Progress) -> str:
    try:
        return disk.digest(path, progress)
    except OSError as error:
        raise CorruptWeightsError(
            f"{disk.shown(path.name)} cannot be read ({error.strerror}): check its permissions and the disk."
        ) from error
