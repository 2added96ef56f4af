"""Sections: the options of the window, declared, and the name of every section in the settings file."""

from dataclasses import dataclass
from enum import StrEnum

from lama_desktop.engine.options import EngineOptions
from lama_desktop.formats import WriteOptions
from lama_desktop.options import Section, option
from lama_desktop.ui.dialogs.new_and_size import NewPicture
from lama_desktop.ui.theme import DARK, ThemeChoice


class Source(StrEnum):
    """What a removal looks at."""

    VISIBLE = "visible"
    ORIGINAL = "original"
    BELOW = "below"


class DropChoice(StrEnum):
    """What happens to a picture that is dropped on an open one."""

    ASK = "ask"
    OPEN = "open"
    LAYER = "layer"
    MASK = "mask"


class FolderChoice(StrEnum):
    """What happens to a folder that is dropped on the window."""

    ASK = "ask"
    BATCH = "batch"
    OPEN = "open"


@dataclass(frozen=True)
class Appearance:
    """Appearance."""

    theme: ThemeChoice = option(ThemeChoice.SYSTEM, "Theme", "colours of the window")
    mask_color: str = option(DARK.mask, "Mask colour", "colour of what will be removed, as #rrggbb")
    mask_opacity: float = option(0.5, "Mask opacity", "how strongly the mask covers the photo", low=0.1, high=0.9)
    mask_outline: bool = option(True, "Mask outline", "a line along the mask's edge, so that it is seen on any photo")
    pixel_grid: bool = option(True, "Pixel grid", "lines between the pixels from 800 % on")
    wheel_zooms: bool = option(
        True, "Wheel zooms", "the wheel zooms at the pointer; otherwise it scrolls, and Ctrl zooms"
    )


@dataclass(frozen=True)
class RemoveOptions:
    """Remove."""

    model: str = option("", "Model", "id of the model that fills; empty takes the best one on this disk")
    source: Source = option(
        Source.VISIBLE,
        "Look at",
        "what the model sees: everything visible, the original photo, or the active layer and those below it",
    )
    after_stroke: bool = option(
        False, "Fill after each stroke", "remove what was painted as soon as the pointer is released"
    )


@dataclass(frozen=True)
class Editing:
    """Editing."""

    history_mb: int = option(
        1000,
        "History",
        "memory that the steps of one photo may take; the oldest go first",
        low=50,
        high=16000,
        unit="MB",
    )
    drop: DropChoice = option(
        DropChoice.ASK,
        "Dropped pictures",
        "what happens to a picture that is dropped on a photo; Shift adds it as a layer, Alt takes it as a mask",
    )
    drop_folders: FolderChoice = option(
        FolderChoice.ASK,
        "Dropped folders",
        "what happens to a folder that is dropped on the window: a batch of its photos, or a tab for each",
    )
    forward: bool = option(True, "One window", "photos opened elsewhere come into the window that is open already")


SECTIONS: dict[str, type[Section]] = {
    "appearance": Appearance,
    "editing": Editing,
    "engine": EngineOptions,
    "export": WriteOptions,
    "new": NewPicture,
    "removal": RemoveOptions,
}
