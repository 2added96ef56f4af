"""Where things are on this disk: what travels with the program, and what belongs to the user."""

import os
import sys
from pathlib import Path

APP = "lama-desktop"


def resource(*parts: str) -> Path:
    """Return the path of something in `resources/`, from a checkout, an installed wheel or a frozen bundle.

    A wheel and a bundle carry the folder as `lama_desktop/resources`; in a checkout it lies beside the package.

    Raises:
        FileNotFoundError: the installation is incomplete.
    """
    package = Path(getattr(sys, "_MEIPASS", Path(__file__).parent.parent)) / "lama_desktop"
    for folder in (package / "resources", package.parent / "resources"):
        if (path := folder.joinpath(*parts)).exists():
            return path
    raise FileNotFoundError(f"resources/{'/'.join(parts)} is missing: install LaMa Desktop again.")


def models_folder() -> Path:
    """Return the folder of installed models; `LAMA_DESKTOP_MODELS` overrides the user's data folder."""
    return _overridden("LAMA_DESKTOP_MODELS") or _user("data") / "models"


def settings_folder() -> Path:
    """Return the folder of the settings; `LAMA_DESKTOP_SETTINGS` overrides the user's configuration folder."""
    return _overridden("LAMA_DESKTOP_SETTINGS") or _user("config")


def cache_folder() -> Path:
    """Return the folder of what can be made again; with `LAMA_DESKTOP_SETTINGS` it lies in there."""
    settings = _overridden("LAMA_DESKTOP_SETTINGS")
    return settings / "cache" if settings else _user("cache")


def logs_folder() -> Path:
    """Return the folder of the log; with `LAMA_DESKTOP_SETTINGS` it lies in there."""
    settings = _overridden("LAMA_DESKTOP_SETTINGS")
    return settings / "logs" if settings else _user("log")


def _overridden(variable: str) -> Path | None:
    override = os.environ.get(variable)
    return Path(override).expanduser() if override else None


def _user(kind: str) -> Path:
    """Return one of the user's folders; platformdirs is imported only when asked."""
    import platformdirs

    return Path(getattr(platformdirs, f"user_{kind}_path")(APP, appauthor=False))
