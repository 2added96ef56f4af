"""Where things are on this disk: what travels with the program, and what belongs to the user."""

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
    import os

    import platformdirs

    if override := os.environ.get("LAMA_DESKTOP_MODELS"):
        return Path(override).expanduser()
    return Path(platformdirs.user_data_path(APP, appauthor=False)) / "models"
