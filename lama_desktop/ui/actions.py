"""ACTIONS: everything the window can do, as a table. Menus, shortcuts, tooltips and the shortcuts page follow from it.

To add an action, add a row here and its id to `menus.MENUS`. Shortcuts are those that hands know (Photoshop, GIMP,
Krita); "Ctrl" is the command key on a Mac. Texts are English and translated where they are shown.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QKeySequence

from lama_desktop.core import masking, sampling
from lama_desktop.core.group import Group
from lama_desktop.core.node import Lock
from lama_desktop.ui import edits
from lama_desktop.ui.save import keeps_layers
from lama_desktop.ui.text import tr

if TYPE_CHECKING:
    from lama_desktop.ui.main_window import MainWindow

Does = Callable[["MainWindow"], object]
Asks = Callable[["MainWindow"], bool]
Standard = QKeySequence.StandardKey
Role = QAction.MenuRole


@dataclass(frozen=True)
class Action:
    """One row.

    Args:
        id: what it is called in code, in `MENUS` and in the settings.
        text: in menus; "…" where it asks something before it acts.
        does: called with the window.
        keys: shortcuts, the first one is shown.
        enabled: whether it can be done now.
        icon: a file of `resources/icons`.
        checked: whether it is on, for those that can be.
        label: another text for the moment, translated.
        tip: what the tooltip says besides.
        standard: the platform's own shortcuts for this come first.
        role: where a Mac puts it.
        on_canvas: its shortcuts fire only while the photo has the keyboard: elsewhere the keys mean something else.
    """

    id: str
    text: str
    does: Does
    keys: tuple[str, ...] = ()
    enabled: Asks = lambda window: True
    icon: str = ""
    checked: Asks | None = None
    label: Callable[["MainWindow"], str] | None = None
    tip: str = ""
    standard: Standard | None = None
    role: Role | None = None
    on_canvas: bool = False


def _open(window: "MainWindow") -> bool:
    return window.document is not None


def _tabs(window: "MainWindow") -> bool:
    return window.workspace.page is not None


def _layer(window: "MainWindow") -> bool:
    return window.document is not None and window.document.active is not None


def _group(window: "MainWindow") -> bool:
    return window.document is not None and isinstance(window.document.active, Group)


def _of_group(layer: str, group: str) -> Callable[["MainWindow"], str]:
    return lambda window: tr(group if _group(window) else layer)


def _several(window: "MainWindow") -> bool:
    """Whether there is more than one layer or group."""
    return _layer(window) and len(window.current.stack.nodes) > 1


def _above_another(window: "MainWindow") -> bool:
    return _layer(window) and window.current.stack.place(edits.active(window.current)).index > 0


def _masked(window: "MainWindow") -> bool:
    return window.document is not None and not window.document.mask.is_empty


def _free(window: "MainWindow") -> bool:
    """Whether the shape of the document may change: no removal is running in it."""
    return window.document is not None and window.remover.job(window.document) is None


def _free_and_masked(window: "MainWindow") -> bool:
    return _free(window) and _masked(window)


def _removable(window: "MainWindow") -> bool:
    """Whether Enter does anything: where a removal runs, it orders the next one, once."""
    return _masked(window) and not window.retouch.waits(window.current)


def _from_file(window: "MainWindow") -> bool:
    return window.document is not None and window.document.path is not None


def _unsaved(window: "MainWindow") -> bool:
    return window.document is not None and (window.document.modified or not keeps_layers(window.document.path))


def _masked_before(window: "MainWindow") -> bool:
    return window.document is not None and window.document.mask.before_clearing is not None


def _original(window: "MainWindow") -> bool:
    return window.document is not None and window.document.stack.original is not None


def _filled(window: "MainWindow") -> bool:
    """Whether the active layer is a fill that may be made anew."""
    layer = window.current.active_layer if _free(window) else None
    return layer is not None and layer.recipe is not None and Lock.PIXELS not in window.current.stack.lock_of(layer)


def _variable(window: "MainWindow") -> bool:
    """Whether there is something to fill in several ways."""
    return _free_and_masked(window) or _filled(window)


def _step(verb: str, label: str | None) -> str:
    return f"{tr(verb)} {tr(label)}" if label else tr(verb)


def _on_worker(edit: edits.OnWorker) -> Does:
    return lambda window: edit(window.current, window.runner, window.notices.tell)


def _locked(lock: Lock) -> Asks:
    return lambda window: _layer(window) and lock in edits.active(window.current).lock


ACTIONS: tuple[Action, ...] = (
    # File
    Action("new", "New…", lambda w: w.asks.new(), icon="image", standard=Standard.New),
    Action("new-from-clipboard", "New from clipboard", lambda w: w.incoming.paste_as_new(), ("Ctrl+Shift+V",)),
    Action("open", "Open…", lambda w: w.files.ask_and_open(), icon="open", standard=Standard.Open),
    Action("open-layers", "Open as layers…", lambda w: w.incoming.add_layers(w.current), ("Ctrl+Alt+O",), _open),
    Action("save", "Save", lambda w: w.saver.save(w.current), (), _unsaved, "save",
           tip="layers, mask and how fills were made, in one OpenRaster file", standard=Standard.Save),
    Action("save-as", "Save as…", lambda w: w.saver.save_as(w.current), ("Ctrl+Shift+S",), _open),
    Action("export", "Export…", lambda w: w.exporter.export(w.current), ("Ctrl+Shift+E",), _open, "export"),
    Action(
        "export-again", "Export again", lambda w: w.exporter.export_again(w.current), ("Ctrl+E",), _open,
        tip="write to the same file as before, in the same way",
    ),
    Action("next-file", "Next picture in the folder", lambda w: w.files.step(w.current, 1), ("PgDown",), _from_file,
           on_canvas=True),
    Action("previous-file", "Previous picture in the folder", lambda w: w.files.step(w.current, -1), ("PgUp",),
           _from_file, on_canvas=True),
    Action("revert", "Revert", lambda w: w.files.revert(w.current), (), _from_file),
    Action("batch", "Batch…", lambda w: w.batch.show(), ("Ctrl+Shift+B",), icon="layers",
           tip="fill many photos by their masks"),
    Action("close", "Close", lambda w: w.workspace.close_front(), ("Ctrl+W",), _tabs),
    Action("close-all", "Close all", lambda w: w.files.close_all(), ("Ctrl+Shift+W",), _open),
    Action("quit", "Quit", lambda w: w.close(), ("Ctrl+Q",), role=Role.QuitRole),
    # Edit
    Action(
        "undo", "Undo", lambda w: w.current.undo(), (),
        lambda w: _open(w) and w.current.history.undo_label is not None, "undo",
        label=lambda w: _step("Undo", w.document.history.undo_label if w.document else None), standard=Standard.Undo,
    ),
    Action(
        "redo", "Redo", lambda w: w.current.redo(), ("Ctrl+Shift+Z", "Ctrl+Y"),
        lambda w: _open(w) and w.current.history.redo_label is not None, "redo",
        label=lambda w: _step("Redo", w.document.history.redo_label if w.document else None),
    ),
    Action("copy", "Copy", lambda w: w.incoming.copy(w.current, w.active_layer), (), _layer, standard=Standard.Copy),
    Action("copy-visible", "Copy visible", lambda w: w.incoming.copy(w.current, None), ("Ctrl+Shift+C",), _open),
    Action("paste", "Paste", lambda w: w.incoming.paste(w.document), icon="paste", standard=Standard.Paste),
    Action("paste-mask", "Paste as mask", lambda w: w.incoming.paste_mask(w.current), ("Ctrl+Alt+V",), _open),
    Action("shortcuts", "Keyboard shortcuts…", lambda w: w.asks.preferences("shortcuts"), icon="keyboard"),
    Action(
        "preferences", "Preferences…", lambda w: w.asks.preferences(), ("Ctrl+,", "Ctrl+K"), icon="settings",
        role=Role.PreferencesRole,
    ),
    # View
    Action("zoom-in", "Zoom in", lambda w: w.viewport.step(1), ("Ctrl++", "Ctrl+=", "+", "="), _open, "zoom-in"),
    Action("zoom-out", "Zoom out", lambda w: w.viewport.step(-1), ("Ctrl+-", "-"), _open, "zoom-out"),
    Action("fit", "Fit", lambda w: w.viewport.fit(), ("Ctrl+0", "2"), _open, "fit"),
    Action("full-size", "100 %", lambda w: w.viewport.zoom_to(1.0), ("Ctrl+1", "1"), _open),
    Action("fit-width", "Fit width", lambda w: w.viewport.fit_width(), ("3",), _open),
    Action("fit-mask", "Fit mask", lambda w: w.front.fit_mask(), ("Ctrl+2",), _masked),
    Action("turn-left", "Turn view left", lambda w: w.viewport.turn(-15), ("4",), _open, "rotate-left"),
    Action("turn-right", "Turn view right", lambda w: w.viewport.turn(15), ("6",), _open, "rotate-right"),
    Action("mirror", "Mirror view", lambda w: w.viewport.mirror(), ("Ctrl+Shift+H",), _open, "flip-horizontal"),
    Action("reset-view", "Reset view", lambda w: w.viewport.reset(), ("5",), _open, tip="neither turned nor mirrored"),
    Action(
        "compare", "Compare with original", lambda w: w.look.toggle_split(w.front), ("Ctrl+\\",), _original, "compare",
        lambda w: w.canvas is not None and w.canvas.split is not None,
        tip="drag the line between before and after; holding \\ shows the original",
    ),
    Action(
        "show-mask", "Show mask", lambda w: w.look.toggle_mask(), ("Q",), _open, "mask",
        lambda w: w.look.mask_shown,
    ),
    Action("mask-color", "Next mask colour", lambda w: w.look.cycle_mask_color(), ("Shift+Q",), _open),
    Action(
        "pixel-grid", "Pixel grid", lambda w: w.look.toggle_grid(), ("Ctrl+'",),
        checked=lambda w: w.look.appearance.pixel_grid,
    ),
    Action(
        "hide-panels", "Hide panels", lambda w: w.arrangement.toggle(), ("Tab",),
        checked=lambda w: w.arrangement.hides_all, on_canvas=True,
    ),
    Action(
        "full-screen", "Full screen", lambda w: w.arrangement.toggle_full_screen(), ("F11",),
        checked=lambda w: w.isFullScreen(),
    ),
    # Image
    Action("turn-image-left", "Rotate left", lambda w: edits.turn(w.current, 3), (), _free, "rotate-left"),
    Action("turn-image-right", "Rotate right", lambda w: edits.turn(w.current, 1), (), _free, "rotate-right"),
    Action("turn-image-over", "Rotate by 180°", lambda w: edits.turn(w.current, 2), (), _free),
    Action("rotate-image", "Rotate…", lambda w: w.asks.rotation(), (), _free, tip="by any angle"),
    Action("flip-horizontal", "Flip horizontally", lambda w: edits.flip(w.current), (), _free, "flip-horizontal"),
    Action("flip-vertical", "Flip vertically", lambda w: edits.flip_over(w.current), (), _free, "flip-vertical"),
    Action("crop", "Crop to mask", lambda w: edits.crop_to_mask(w.current), (), _free_and_masked, "crop"),
    Action("canvas-size", "Canvas size…", lambda w: w.asks.canvas_size(), ("Ctrl+Alt+C",), _free),
    Action("scale", "Scale…", lambda w: w.asks.scale(), ("Ctrl+Alt+I",), _free),
    Action("properties", "Properties…", lambda w: w.asks.properties(), ("Alt+Enter", "Alt+Return"), _open, "info"),
    # Layer
    Action("new-layer", "New layer", lambda w: edits.add_layer(w.current), ("Ctrl+Shift+N",), _open, "add"),
    Action(
        "duplicate-layer", "Duplicate layer", lambda w: edits.duplicate_layer(w.current), ("Ctrl+J",), _layer,
        "duplicate", label=_of_group("Duplicate layer", "Duplicate group"),
    ),
    Action("delete-layer", "Delete layer", lambda w: edits.delete_layer(w.current), (), _layer, "delete",
           label=_of_group("Delete layer", "Delete group"), tip="a group goes with all that is in it"),
    Action("rename-layer", "Rename layer", lambda w: w.layers.rename(), ("F2",), _layer,
           label=_of_group("Rename layer", "Rename group")),
    Action("group-layers", "Group layers", lambda w: edits.group_layers(w.current), ("Ctrl+G",), _open, "group",
           tip="put the active layer into a new group, to drag others into"),
    Action("ungroup-layers", "Ungroup layers", lambda w: edits.ungroup_layers(w.current), ("Ctrl+Shift+G",), _group,
           tip="take the layers out of the active group, which goes"),
    Action("hide-layer", "Hide or show layer", lambda w: edits.toggle_visible(w.current), ("Ctrl+H",), _layer, "eye",
           label=_of_group("Hide or show layer", "Hide or show group")),
    Action("raise-layer", "Raise layer", lambda w: edits.raise_layer(w.current), ("Ctrl+]",), _several, "raise",
           label=_of_group("Raise layer", "Raise group"), tip="by one place, also into a group and out of it"),
    Action("lower-layer", "Lower layer", lambda w: edits.lower_layer(w.current), ("Ctrl+[",), _several, "lower",
           label=_of_group("Lower layer", "Lower group"), tip="by one place, also into a group and out of it"),
    Action(
        "merge-down", "Merge down", _on_worker(edits.merge_down), ("Ctrl+Shift+M",),
        _above_another, "merge-down",
    ),
    Action("merge-group", "Merge group", _on_worker(edits.merge_group), (), _group,
           tip="make one layer of the active group"),
    Action("merge-visible", "Merge visible", _on_worker(edits.merge_visible), (), _several),
    Action("flatten", "Flatten", _on_worker(edits.flatten), (), _several, "layers"),
    Action(
        "lock-layer", "Lock pixels", lambda w: edits.toggle_lock(w.current, Lock.PIXELS), (), _layer, "lock",
        _locked(Lock.PIXELS),
    ),
    Action("lock-alpha", "Lock transparency", lambda w: edits.toggle_lock(w.current, Lock.ALPHA), (), _layer,
           checked=_locked(Lock.ALPHA)),
    Action("lock-position", "Lock position", lambda w: edits.toggle_lock(w.current, Lock.POSITION), (), _layer,
           checked=_locked(Lock.POSITION)),
    # Mask
    Action("mask-all", "All", lambda w: masking.select_all(w.current), (), _open, standard=Standard.SelectAll),
    Action("mask-none", "None", lambda w: masking.clear(w.current), ("Ctrl+Shift+A", "Ctrl+D", "Del"), _masked),
    Action("mask-invert", "Invert", lambda w: masking.invert(w.current), ("Ctrl+Shift+I",), _open),
    Action("mask-again", "Reselect", lambda w: masking.reselect(w.current), ("Ctrl+Shift+D",), _masked_before,
           tip="the mask that was cleared or removed last"),
    Action("mask-grow", "Grow…", lambda w: w.asks.mask_change("grow"), (), _masked),
    Action("mask-shrink", "Shrink…", lambda w: w.asks.mask_change("shrink"), (), _masked),
    Action("mask-feather", "Feather…", lambda w: w.asks.mask_change("feather"), (), _masked),
    Action("mask-border", "Border…", lambda w: w.asks.mask_change("border"), (), _masked),
    Action("mask-fill-holes", "Fill holes", lambda w: masking.fill_holes(w.current), (), _masked),
    Action("mask-from-alpha", "Mask from layer", lambda w: masking.from_alpha(w.current, w.active_layer), (), _layer,
           tip="what the active layer covers"),
    Action("mask-from-luminance", "Mask from luminance", _on_worker(edits.mask_from_luminance), (), _open),
    Action("mask-import", "Import mask…", lambda w: w.incoming.import_mask(w.current), (), _open, "import"),
    Action("mask-export", "Export mask…", lambda w: w.incoming.export_mask(w.current), (), _masked, "export"),
    Action("mask-to-layer", "Save as layer", _on_worker(edits.mask_to_layer), (), _masked,
           tip="a copy of what the mask covers"),
    # Retouch
    Action(
        "remove", "Remove", lambda w: w.retouch.remove(w.current), ("Enter", "Return", "Ctrl+Return"),
        _removable, "remove", tip="take away what the mask covers",
    ),
    Action(
        "remove-again", "Remove again", lambda w: w.retouch.remove_again(w.current), ("Ctrl+Shift+F",),
        lambda w: _free(w) and (_masked(w) or _masked_before(w)), "again",
        tip="with the mask that was used last",
    ),
    Action(
        "variations", "Variations", lambda w: w.retouch.vary(w.current), ("Ctrl+Shift+Return",), _variable, "layers",
        tip="fill what the mask covers, or the active fill, in up to four ways to choose from",
    ),
    Action(
        "fill-again", "Fill again with…", lambda w: w.retouch.ask_again(w.current, w.active_layer), ("Shift+F5",),
        _filled,
        tip="make the active fill anew with another model or wider surroundings",
    ),
    Action(
        "after-stroke", "Fill after each stroke", lambda w: w.retouch.toggle_after_stroke(),
        checked=lambda w: w.retouch.is_after_stroke,
    ),
    Action("sample-from-mask", "Sample from mask only", lambda w: sampling.sample_from_mask(w.current), (), _masked,
           tip="fills copy texture only from what is painted now; the mask is then free for what should go"),
    Action("avoid-mask", "Never sample from mask", lambda w: sampling.avoid_mask(w.current), (), _masked,
           tip="fills copy no texture from what is painted now"),
    Action("sample-everywhere", "Sample everywhere", lambda w: sampling.sample_everywhere(w.current), (),
           lambda w: w.document is not None and w.document.stack.sampling is not None,
           tip="fills may copy texture from all of the photo again"),
    Action("cancel", "Cancel", lambda w: w.cancel(), ("Esc",), lambda w: bool(w.runner.jobs), "cancel"),
    Action("models", "Models…", lambda w: w.asks.preferences("models"), icon="download"),
    # Batch
    Action("batch-run", "Start", lambda w: w.batch.run(), ("F5",), lambda w: w.batch.can_run,
           label=lambda w: w.batch.run_text, tip="start, pause, or go on"),
    Action("batch-plan", "Plan again", lambda w: w.batch.session.plan_again(), ("Ctrl+R",),
           lambda w: w.batch.session.can_plan, "reset", tip="look at the folders once more"),
    Action("batch-stop", "Stop", lambda w: w.batch.session.stop(), (), lambda w: w.batch.session.is_active,
           tip="what is done is done; the rest can be gone on with later"),
    Action("batch-retry", "Retry failed", lambda w: w.batch.session.retry_failed(), (),
           lambda w: w.batch.session.can_retry, tip="what could not be filled, once more"),
    Action("batch-compare", "Compare result", lambda w: w.batch.compare(), (),
           lambda w: w.batch.can(w.batch.can_compare), "compare", tip="the result beside its original, in a tab"),
    Action("batch-mend", "Mend the mask", lambda w: w.batch.mend(), ("Ctrl+M",),
           lambda w: w.batch.can(w.batch.can_mend), "mask", tip="open the photo with its mask in a tab"),
    Action("batch-redo", "Re-run this photo", lambda w: w.batch.redo(), ("Ctrl+Shift+R",),
           lambda w: w.batch.can_redo_here, "again", tip="fill it once more, before the others"),
    # Tools
    Action("larger", "Larger brush", lambda w: w.toolbelt.resize(1), ("]",), _open),
    Action("smaller", "Smaller brush", lambda w: w.toolbelt.resize(-1), ("[",), _open),
    Action("harder", "Harder brush", lambda w: w.toolbelt.harden(1), ("Shift+]", "}"), _open),
    Action("softer", "Softer brush", lambda w: w.toolbelt.harden(-1), ("Shift+[", "{"), _open),
    # Window
    Action("next-tab", "Next photo", lambda w: w.workspace.step(1), ("Ctrl+Tab",), _tabs),
    Action("previous-tab", "Previous photo", lambda w: w.workspace.step(-1), ("Ctrl+Shift+Tab",), _tabs),
    Action("next-area", "Next part of the window", lambda w: w.arrangement.step(1), ("F6",)),
    Action("previous-area", "Previous part of the window", lambda w: w.arrangement.step(-1), ("Shift+F6",)),
    Action("menu-bar", "Menus", lambda w: w.menuBar().setActiveAction(w.menuBar().actions()[0]), ("F10",),
           tip="open the first menu; Alt and an underlined letter open any"),
    Action("reset-layout", "Reset layout", lambda w: w.arrangement.reset()),
    # Help
    Action("help", "Shortcuts", lambda w: w.asks.shortcuts(), ("F1",), icon="help"),
    Action("report", "Device report", lambda w: w.asks.report(), icon="processor"),
    Action("log", "Open log folder", lambda w: w.asks.open_log_folder(), icon="folder"),
    Action("about", "About LaMa Desktop", lambda w: w.asks.about(), icon="info", role=Role.AboutRole),
)  # fmt: skip
