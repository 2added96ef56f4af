"""Options: a setting is declared once, beside its name, and every face of it follows.

A section of settings is a dataclass whose fields come from `option(...)`. The command line (`add_arguments`), a saved
file (`to_dict`, `from_dict`) and, in the window, a form are renderings of that declaration. Sections may hold sections
(`section(...)`): a whole configuration is then one mapping of dotted names to values (`flatten`, `unflatten`).
"""

import argparse
import dataclasses
import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Protocol, TypeVar

from lama_desktop.errors import SettingsError


class Section(Protocol):
    """Any dataclass instance; its fields are options."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


T = TypeVar("T", bound=Section)

LARGEST = 2**63 - 1
"""No whole number is further from 0: neither numpy, torch nor TOML hold one."""
_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", tuple: "a list of texts"}


@dataclass(frozen=True)
class Option:
    """One declared setting.

    `kind` is the type of its values: bool, int, float, str, a StrEnum, or tuple for any number of texts. `low` and
    `high` are inclusive. `least` is what a number that is `low` is called, where it means something else than itself.
    """

    name: str
    kind: type
    default: Any
    title: str
    help: str
    low: float | None
    high: float | None
    unit: str
    least: str = ""

    @property
    def choices(self) -> tuple[str, ...]:
        """The values of an enumeration; empty for every other kind."""
        return tuple(self.kind) if issubclass(self.kind, StrEnum) else ()

    def checked(self, value: Any) -> Any:
        """Return `value` as this option's kind.

        Raises:
            SettingsError: it is of another kind, outside the range, or no choice.
        """
        if issubclass(self.kind, StrEnum):
            if value not in self.choices:
                raise SettingsError(f"{self.name} cannot be {str(value)!r}: choose {' or '.join(self.choices)}.")
            return self.kind(value)
        if self.kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if self.kind is tuple and isinstance(value, list | tuple) and all(isinstance(each, str) for each in value):
            return tuple(value)
        if not isinstance(value, self.kind) or (self.kind is int and isinstance(value, bool)):
            raise SettingsError(f"{self.name} cannot be {value!r}: it is {_KINDS[self.kind]}.")
        low, high = self.low, self.high
        number: Any = value
        if (low is not None and not number >= low) or (high is not None and not number <= high):
            bounds = f"it goes from {low} to {high}" if high is not None else f"it is {low} or more"
            raise SettingsError(f"{self.name} cannot be {value!r}: {bounds}.")
        if self.kind is int and abs(number) > LARGEST:
            raise SettingsError(f"{self.name} cannot be {value!r}: a whole number is {LARGEST} at most.")
        return value


def option(
    default: Any,
    title: str,
    help: str,
    *,
    low: float | None = None,
    high: float | None = None,
    unit: str = "",
    least: str = "",
) -> Any:
    """Declare a field of a settings dataclass; its kind is the type of `default`."""
    return dataclasses.field(
        default=default,
        metadata={"title": title, "help": help, "low": low, "high": high, "unit": unit, "least": least},
    )


def section(kind: type[T]) -> T:
    """Declare a field of a settings dataclass that is a section of its own."""
    return dataclasses.field(default_factory=kind, metadata={"section": kind})


def options_of(section: type[Section]) -> tuple[Option, ...]:
    """Return the options that a settings dataclass declares, in order."""
    return tuple(
        Option(name=field.name, kind=type(field.default), default=field.default, **field.metadata)
        for field in dataclasses.fields(section)
        if "title" in field.metadata
    )


def to_dict(section: Section) -> dict[str, Any]:
    """Return the values of a section as plain JSON values."""
    values = {name: getattr(section, name) for name in section.__dataclass_fields__}
    return {name: _plain(value) for name, value in values.items()}


def from_dict(section: type[T], values: Mapping[str, Any]) -> T:
    """Build a section from plain values; what is absent takes its default.

    Raises:
        SettingsError: an unknown name (the nearest one is offered) or a value that is not allowed.
    """
    known = {each.name: each for each in options_of(section)}
    for name in values:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise SettingsError(f"There is no option {name!r}." + (f" Did you mean {near[0]!r}?" if near else ""))
    return section(**{name: known[name].checked(value) for name, value in values.items()})


def flatten(tree: Section) -> dict[str, Any]:
    """Return the values of a section and of the sections in it by dotted name, as plain JSON values."""
    values: dict[str, Any] = {}
    for field in dataclasses.fields(tree):
        value = getattr(tree, field.name)
        if "section" in field.metadata:
            values |= {f"{field.name}.{name}": inner for name, inner in flatten(value).items()}
        elif "title" in field.metadata:
            values[field.name] = _plain(value)
    return values


def unflatten(kind: type[T], values: Mapping[str, Any]) -> T:
    """Build a section, and the sections in it, from values by dotted name; what is absent takes its default.

    Raises:
        SettingsError: an unknown name (the nearest one is offered) or a value that is not allowed.
    """
    known = tree_options(kind)
    for name in values:
        if name not in known:
            near = _nearest(name, known)
            raise SettingsError(f"There is no option {name!r}." + (f" Did you mean {near!r}?" if near else ""))
    return _built(kind, {name: known[name].checked(value) for name, value in values.items()}, "")


def tree_options(kind: type[Section], prefix: str = "") -> dict[str, Option]:
    """Return the options of a section and of the sections in it by dotted name, in order; so they are called, too."""
    found = {
        f"{prefix}{each.name}": dataclasses.replace(each, name=f"{prefix}{each.name}") for each in options_of(kind)
    }
    for field in dataclasses.fields(kind):
        if inner := field.metadata.get("section"):
            found |= tree_options(inner, f"{prefix}{field.name}.")
    return found


def _built(kind: type[T], values: Mapping[str, Any], prefix: str) -> T:
    given: dict[str, Any] = {}
    for field in dataclasses.fields(kind):
        name = f"{prefix}{field.name}"
        if inner := field.metadata.get("section"):
            given[field.name] = _built(inner, values, f"{name}.")
        elif name in values:
            given[field.name] = values[name]
    return kind(**given)


def _nearest(name: str, known: Mapping[str, Option]) -> str | None:
    """Return the known name that was probably meant: one that looks alike, or ends alike."""
    last = name.rpartition(".")[2]
    same = [each for each in known if each.rpartition(".")[2] == last]
    return next(iter(difflib.get_close_matches(name, known, n=1) or same), None)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, StrEnum) else list(value) if isinstance(value, tuple) else value


def add_arguments(parser: argparse.ArgumentParser, section: type[Section]) -> None:
    """Add one `--flag` per option to a command line; `from_arguments` reads them back."""
    group = parser.add_argument_group(section.__doc__.splitlines()[0].rstrip(".") if section.__doc__ else "options")
    for each in options_of(section):
        flag = "--" + each.name.replace("_", "-")
        if each.kind is bool:
            default = "on" if each.default else "off"
            text = f"{each.help} (default: {default})".replace("%", "%%")
            group.add_argument(flag, action=argparse.BooleanOptionalAction, default=None, help=text)
            continue
        unit = f" {each.unit}" if each.unit else ""
        span = "" if each.low is None or each.high is None else f", {each.low} to {each.high}"
        default = "none" if each.default == "" else each.default
        group.add_argument(
            flag,
            type=str if each.choices else each.kind,
            choices=[str(choice) for choice in each.choices] or None,
            metavar=None if each.choices else (each.unit or each.kind.__name__).upper(),
            default=None,
            help=f"{each.help} (default: {default}{unit}{span})".replace("%", "%%"),
        )


def from_arguments(section: type[T], arguments: argparse.Namespace) -> T:
    """Build a section from a parsed command line.

    Raises:
        SettingsError: a value outside its range.
    """
    given = {each.name: getattr(arguments, each.name) for each in options_of(section)}
    return from_dict(section, {name: value for name, value in given.items() if value is not None})
