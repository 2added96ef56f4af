"""MENUS: where every action is found; building the menu bar from it."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QMenuBar

from lama_desktop.ui.action_set import ActionSet
from lama_desktop.ui.mnemonics import keep_marked, marked
from lama_desktop.ui.text import tr

LINE = "-"
RECENT, TOOLS, PANELS = "> Open recent", "> Tools", "> Panels"
"""Menus within menus, filled by the window."""

MENUS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("File", (
        "new", "new-from-clipboard", "open", RECENT, "open-layers", LINE, "save", "save-as", "export", "export-again",
        LINE, "next-file", "previous-file", LINE, "batch", LINE, "revert", "close", "close-all", LINE, "quit",
    )),
    ("Edit", (
        "undo", "redo", LINE, "copy", "copy-visible", "paste", "paste-mask", LINE, "shortcuts", "preferences",
    )),
    ("View", (
        "zoom-in", "zoom-out", "fit", "full-size", "fit-width", "fit-mask", LINE, "turn-left", "turn-right", "mirror",
        "reset-view", LINE, "compare", "show-mask", "mask-color", "pixel-grid", LINE, "hide-panels", "full-screen",
    )),
    ("Image", (
        "turn-image-left", "turn-image-right", "turn-image-over", "rotate-image", "flip-horizontal", "flip-vertical",
        LINE, "crop", "canvas-size", "scale", LINE, "properties",
    )),
    ("Layer", (
        "new-layer", "duplicate-layer", "delete-layer", "rename-layer", LINE, "group-layers", "ungroup-layers", LINE,
        "hide-layer", "raise-layer", "lower-layer", LINE, "merge-down", "merge-group", "merge-visible", "flatten", LINE,
        "lock-layer", "lock-alpha", "lock-position",
    )),
    ("Mask", (
        "mask-all", "mask-none", "mask-invert", "mask-again", LINE, "mask-grow", "mask-shrink", "mask-feather",
        "mask-border", "mask-fill-holes", LINE, "mask-from-alpha", "mask-from-luminance", LINE, "mask-import",
        "mask-export", "mask-to-layer",
    )),
    ("Retouch", (
        "remove", "remove-again", "variations", "fill-again", LINE, "sample-from-mask", "avoid-mask",
        "sample-everywhere", LINE, "after-stroke", LINE, TOOLS, LINE, "models", "cancel",
    )),
    ("Batch", (
        "batch-run", "batch-stop", "batch-retry", "batch-plan", LINE, "batch-compare", "batch-mend", "batch-redo",
    )),
    ("Window", (PANELS, "reset-layout", LINE, "next-tab", "previous-tab", "next-area", "previous-area", "menu-bar")),
    ("Help", ("help", "report", "log", LINE, "about")),
)  # fmt: skip


def fill_menu_bar(bar: QMenuBar, actions: ActionSet) -> dict[str, QMenu]:
    """Fill a menu bar; return the menus that the window has to fill, by their entry in MENUS."""
    open_ones: dict[str, QMenu] = {}
    for title, (_, ids) in zip(marked([tr(title) for title, _ in MENUS]), MENUS, strict=True):
        menu = bar.addMenu(title)
        for key in ids:
            if key == LINE:
                menu.addSeparator()
            elif key in (RECENT, TOOLS, PANELS):
                open_ones[key] = menu.addMenu(tr(key.removeprefix("> ")))
            else:
                menu.addAction(actions[key])
        keep_marked(menu)
    for menu in open_ones.values():
        keep_marked(menu)
    return open_ones


def fill_recent(
    menu: QMenu, paths: Sequence[Path], open: Callable[[Path], object], clear: Callable[[], object]
) -> None:
    """Fill the menu of recent files."""
    menu.clear()
    for path in paths[:10]:
        action = QAction(path.name.replace("&", "&&"), menu)
        action.setToolTip(str(path))
        action.triggered.connect(lambda _=False, path=path: open(path))
        menu.addAction(action)
    menu.addSeparator()
    last = menu.addAction(tr("Clear this list"))
    last.triggered.connect(lambda: clear())
    menu.setEnabled(bool(paths))
