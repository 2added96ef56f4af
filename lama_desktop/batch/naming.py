"""Names: what a result is called, and that no two results, and no result and an input, share a name. No disk writes."""

import itertools
import os
import string
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from lama_desktop.errors import SettingsError

FIELDS = ("name", "mask", "suffix", "folder", "number")
LONGEST = 255
"""Bytes of a file name; more fits into no common file system."""


class Template:
    """A pattern for names of results, such as "{name}-clean" or "{folder} {number:04}".

    Fields: the photo's name without its suffix, the name of its first mask, the photo's suffix, the name of its
    folder, its number in the plan.

    Raises:
        SettingsError: a field does not exist, or a name would hold what names cannot.
    """

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        try:
            parts = list(string.Formatter().parse(pattern))
        except ValueError as error:
            raise SettingsError(f"The name {pattern!r} cannot be read: braces enclose a field, {{name}}.") from error
        for text, field, spec, _ in parts:
            if set(text) & {"/", "\\", "\0"}:
                raise SettingsError(f"The name {pattern!r} cannot hold a slash: results keep their folders.")
            if field is not None and (field not in FIELDS or (spec and field != "number")):
                raise SettingsError(
                    f"The name {pattern!r} cannot have {field!r}: choose of {', '.join(FIELDS)}; only the number takes "
                    "digits, {number:04}."
                )
        try:
            made = pattern.format(**dict.fromkeys(FIELDS[:-1], "a"), number=1)
        except ValueError as error:
            raise SettingsError(f"The name {pattern!r} cannot be used: write {{number:04}} for 0001.") from error
        if not made.strip(" ."):
            raise SettingsError(f"The name {pattern!r} is empty: put {{name}} into it.")

    def name(self, photo: Path, mask: Path | None, number: int) -> str:
        """Return the name, without suffix, of the result for a photo."""
        return self.pattern.format(
            name=photo.stem,
            mask=photo.stem if mask is None else mask.stem,
            suffix=photo.suffix.removeprefix("."),
            folder=photo.parent.name,
            number=number,
        )


class Names:
    """The names that are taken: by inputs, which are never replaced by accident, and by results of the plan.

    Two names are one where they lead to one file, through links, too, or where some file system says so: in whatever
    case, and however accents are stored.

    Args:
        inputs: the photos and the masks.
    """

    def __init__(self, inputs: Iterable[Path] = ()) -> None:
        self._keys: dict[Path, str] = {}
        self._inputs: set[str] = set()
        self._results: dict[str, Path] = {}
        self.add(inputs)

    def add(self, inputs: Iterable[Path]) -> None:
        """Note more inputs; those that are known cost next to nothing."""
        self._inputs.update(map(self._key, inputs))

    def is_input(self, path: Path) -> bool:
        """Tell whether a result of this name would replace an input."""
        return self._key(path) in self._inputs

    def owner(self, path: Path) -> Path | None:
        """Return the photo whose result has this name already; None if there is none."""
        return self._results.get(self._key(path))

    def take(self, path: Path, photo: Path) -> None:
        """Note that the result of a photo has this name."""
        self._results[self._key(path)] = photo

    def free(self, path: Path) -> Path:
        """Return the path, or the next one with a number that is neither taken nor on the disk."""
        names = itertools.chain([path.name], (f"{path.stem}-{number}{path.suffix}" for number in itertools.count(2)))
        for name in names:
            each = path.with_name(name)
            if self.owner(each) is None and not self.is_input(each) and not os.path.lexists(each):
                return each
        raise AssertionError("numbers do not end")

    def _key(self, path: Path) -> str:
        """Return what is equal for names that are one; asking the disk takes long, and is done once."""
        if path not in self._keys:
            self._keys[path] = same(path.resolve())
        return self._keys[path]


def same(path: Path) -> str:
    """Return what is equal for paths that may be the same file somewhere."""
    return unicodedata.normalize("NFC", os.fspath(path)).casefold()


def is_too_long(name: str) -> bool:
    """Tell whether no common file system has a file of this name."""
    return len(os.fsencode(name)) > LONGEST
