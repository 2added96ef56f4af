"""Settings: what the program keeps from one day to the next, in one JSON file.

Two kinds of things are kept. Options are what a person chose: sections declared with `option(...)`, registered under a
name, asked for by their class. Memory is what the program noticed: recent files, the window's layout, shortcuts.

Whoever shows options asks to be told of every section that is put, by whomever, and shows that: nobody keeps a copy.

Nothing in the file can stop the program. A value that is not allowed takes its default, a file that cannot be read is
set aside under another name, and what a newer version wrote is kept as it is. One thread owns a Settings.
"""

import copy
import json
import logging
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

from lama_desktop import options
from lama_desktop.errors import SettingsError
from lama_desktop.options import Section

logger = logging.getLogger(__name__)

T = TypeVar("T", bound=Section)
V = TypeVar("V")
Content = dict[str, Any]

MIGRATIONS: tuple[Callable[[Content], Content], ...] = ()
"""Step i turns the content of version i + 1 into that of version i + 2."""


class Settings:
    """Sections of options and a memory, loaded from a file and saved to it.

    Args:
        path: the file; it need not exist. None keeps nothing beyond this run.
        sections: the class of every section, by the name it has in the file.
    """

    def __init__(self, path: Path | None, sections: Mapping[str, type[Section]]) -> None:
        self.path = path
        self.notes: list[str] = []
        """Sentences about what could not be read; empty when all is well."""
        self._names = {kind: name for name, kind in sections.items()}
        self._content: Content = {}
        self._saved: Content = {}
        self._sections: dict[type[Section], Section] = {}
        self._told: list[Callable[[Section], object]] = []
        self._load()

    def __getitem__(self, kind: type[T]) -> T:
        """Return the current values of a section."""
        if kind not in self._sections:
            self._sections[kind] = self._checked(kind)
        return cast(T, self._sections[kind])

    def put(self, section: Section) -> None:
        """Replace a section by one of the same class with other values, and tell it."""
        name = self._names[type(section)]
        self._sections[type(section)] = section
        self._part("options").setdefault(name, {})
        self._content["options"][name] |= options.to_dict(section)
        for told in self._told:
            told(section)

    def tell(self, told: Callable[[Section], object]) -> None:
        """Call something with every section that is put from now on, as long as these settings are in use."""
        self._told.append(told)

    def recall(self, name: str, default: V) -> V:
        """Return what was remembered under a name; `default` where it is absent or of another type."""
        value = self._part("memory").get(name, default)
        return copy.deepcopy(value) if type(value) is type(default) else default

    def remember(self, name: str, value: object) -> None:
        """Keep a JSON value under a name."""
        self._part("memory")[name] = copy.deepcopy(value)

    def forget(self, name: str) -> None:
        """Drop what was remembered under a name."""
        self._part("memory").pop(name, None)

    def save(self) -> None:
        """Write the file if anything changed; the old one stays whole until the new one is complete.

        Raises:
            SettingsError: the disk refuses; what was chosen stays in use until the program ends.
        """
        if self.path is None or self._content == self._saved:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            _replace(self.path, json.dumps(self._content, indent=2, ensure_ascii=False) + "\n")
        except OSError as error:
            raise SettingsError(
                f"The settings cannot be saved in {self.path.parent}: {error.strerror or error}. Make it writable."
            ) from error
        self._saved = copy.deepcopy(self._content)

    def _load(self) -> None:
        if self.path is None:
            return
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            if not isinstance(content, dict):
                raise ValueError("it is not an object")
            self._content = _migrated(content)
            self._saved = copy.deepcopy(content)
        except (FileNotFoundError, NotADirectoryError):
            pass
        except (OSError, ValueError, RecursionError) as error:
            logger.warning("%s cannot be read: %s", self.path, error)
            self.notes.append(f"{self.path.name} cannot be read, so the defaults are used; {self._set_aside()}.")
        self._content["version"] = max(self._version(), len(MIGRATIONS) + 1)

    def _version(self) -> int:
        version = self._content.get("version")
        return version if isinstance(version, int) else 1

    def _set_aside(self) -> str:
        """Give a file that cannot be read a name of its own, so that saving cannot lose it; say what happened."""
        assert self.path is not None
        names = (
            self.path.with_name(f"{self.path.stem}-damaged-{number}{self.path.suffix}") for number in range(1, 100)
        )
        try:
            aside = next(each for each in names if not each.exists())
            self.path.rename(aside)
        except (OSError, StopIteration):
            self.path = None
            return "it stays as it is, and nothing will be saved"
        return f"it was kept as {aside.name}"

    def _part(self, name: str) -> Content:
        """Return a part of the content, made where it is missing or foreign."""
        if not isinstance(self._content.get(name), dict):
            self._content[name] = {}
        return cast(Content, self._content[name])

    def _checked(self, kind: type[T]) -> T:
        """Build a section from the file, value by value: one that is wrong takes its default alone."""
        name = self._names[kind]
        found = self._part("options").get(name)
        values: Content = {}
        if not isinstance(found, dict):
            self._part("options").pop(name, None)
            found = {}
        for option in options.options_of(kind):
            if option.name not in found:
                continue
            try:
                values[option.name] = option.checked(found[option.name])
            except SettingsError as error:
                self.notes.append(f"In the settings of {name}: {error} The default is used.")
        return options.from_dict(kind, values)


def _migrated(content: Content) -> Content:
    """Return content of any older version as that of this one; what a newer program wrote stays as it is."""
    content = copy.deepcopy(content)
    version = content.get("version")
    start = version if isinstance(version, int) and version > 0 else 1
    for step in MIGRATIONS[start - 1 :]:
        content = step(content)
    return content


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    target = path.resolve()
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    fresh = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(target)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
