"""Contenders: whose fills are judged, as a person names them on a command line.

    telea                                 a model, by its id or as a weight file
    starter:preset=best,refine=on         a model with settings of the engine
    mine=starter:refine=on                the same under a name of its own
    other=results/other-program           a folder with the fills of any program

Any thread. No torch.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lama_desktop import options
from lama_desktop.engine.options import EngineOptions
from lama_desktop.errors import SettingsError
from lama_desktop.formats.base import shown

HOLE_ONLY = EngineOptions(grow=0, feather=0, texture=False)
"""With these a fill covers the hole exactly, so that nothing but the hole is judged."""
_SWITCHES = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}


@dataclass(frozen=True)
class Contender:
    """Whose fills are judged: those of a model, with settings, or those that lie in a folder.

    `name` is what tables call it. One of `model` and `folder` is None.
    """

    name: str
    model: str | None = None
    options: EngineOptions | None = None
    folder: Path | None = None


def contender(text: str, defaults: EngineOptions, *, is_folder: bool | None = None) -> Contender:
    """Return whom a text names.

    Args:
        text: see the head of this file.
        defaults: settings of a model where the text has no others.
        is_folder: whether it names a folder; None lets the disk decide.

    Raises:
        SettingsError: a setting that does not exist, a value that cannot be, or settings for a folder.
    """
    name, target = _parted(text)
    model, _, settings = target.partition(":")
    if len(model) == 1 and settings[:1] in ("\\", "/"):  # C:\weights\best.ckpt
        rest, _, settings = settings.partition(":")
        model = f"{model}:{rest}"
    folder = Path(target)
    if is_folder or (is_folder is None and folder.is_dir()):
        return Contender(name or folder.resolve().name, folder=folder)
    chosen = _with(defaults, settings, target) if settings else defaults
    return Contender(name or (f"{_short(model)}:{settings}" if settings else _short(model)), model, chosen)


def named_apart(contenders: Sequence[Contender]) -> list[Contender]:
    """Return the contenders, of which no two have one name.

    Raises:
        SettingsError: two of them have; or there is none.
    """
    if not contenders:
        raise SettingsError("Nobody is to be judged: name models (--model) or folders of fills (--predictions).")
    twice = [name for name, number in Counter(each.name for each in contenders).items() if number > 1]
    if twice:
        raise SettingsError(f"Two are called {twice[0]}: give them names, one={twice[0]} other=... .")
    return list(contenders)


def _parted(text: str) -> tuple[str, str]:
    """Return the name that a text gives and the rest; what comes before the settings and a path counts only."""
    name, mark, target = text.partition("=")
    if mark and not set(name) & set(":/\\") and target:
        return name.strip(), target.strip()
    return "", text.strip()


def _short(model: str) -> str:
    return Path(model).name if "/" in model or "\\" in model else model


def _with(defaults: EngineOptions, settings: str, text: str) -> EngineOptions:
    known = {each.name: each for each in options.options_of(EngineOptions)}
    values: dict[str, object] = {}
    for part in settings.split(","):
        key, mark, value = (each.strip() for each in part.partition("="))
        key = key.replace("-", "_")
        if key not in known:
            raise SettingsError(
                f"{shown(text)} has no setting {key!r}: choose {', '.join(known)}, as in starter:preset=best,grow=0."
            )
        values[key] = known[key].checked(_value(known[key].kind, value if mark else "on"))
    return replace(defaults, **values)  # type: ignore[arg-type]  # every value was checked against its option


def _value(kind: type, text: str) -> object:
    """Return what a text means to an option of a kind; what cannot be read stays a text, which the option refuses."""
    if kind is bool:
        return _SWITCHES.get(text.lower(), text)
    if kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            return text
    return text
