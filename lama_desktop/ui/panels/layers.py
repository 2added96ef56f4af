"""Layers panel: the stack of the document in front, and how the active layer or group is blended."""

from collections.abc import Mapping

from PySide6.QtCore import QModelIndex, QPoint, QSize, Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget

from lama_desktop.core.blend import BLEND_MODES, BlendMode
from lama_desktop.core.commands import Command, Compound, PropertyEdit, StackEdit
from lama_desktop.core.document import Document
from lama_desktop.core.geometry import Rect
from lama_desktop.core.group import Group
from lama_desktop.core.layer import Layer
from lama_desktop.core.node import Node
from lama_desktop.core.stack import Place
from lama_desktop.ui.controls.choices import Choice
from lama_desktop.ui.controls.opacity import OpacityButton
from lama_desktop.ui.mnemonics import keep_marked
from lama_desktop.ui.panels.layer_list import LayerList
from lama_desktop.ui.panels.layer_model import LayerModel
from lama_desktop.ui.panels.panel import WIDTH, Panel
from lama_desktop.ui.text import tr
from lama_desktop.ui.theme import PADDING, UNIT, Theme

BUTTONS = ("new-layer", "group-layers", "duplicate-layer", "merge-down", "lock-layer", "delete-layer")
"""Ids of the actions in the foot of the panel."""
LINE = ""
MENU = (
    "new-layer", "duplicate-layer", "rename-layer", "delete-layer", LINE, "group-layers", "ungroup-layers", LINE,
    "hide-layer", "variations", "fill-again", "mask-from-alpha", LINE, "merge-down", "merge-group", "merge-visible",
    LINE, "lock-layer", "lock-alpha", "lock-position",
)  # fmt: skip
"""Ids of the actions in the menu of a row."""
PASS_THROUGH = "pass-through"
"""Stands among the blend modes of a group, since a group that its layers pass through has none."""
FIRST_OF_KIND = ("svg:darken", "svg:lighten", "svg:overlay", "svg:difference", "svg:hue", "svg:src-atop")
"""Blend modes above which there is a line in the list: what follows darkens, lightens, and so on."""
SETTLE_MS = 200
"""Thumbnails are drawn again when the picture has been still for so long."""


class LayersPanel(Panel):
    """Rows of layers; above them blend mode and opacity, below them buttons.

    Args:
        theme: for the drawings in the rows.
        actions: of the window, by id.
    """

    def __init__(self, theme: Theme, actions: Mapping[str, QAction]) -> None:
        super().__init__("layers", tr("Layers"))
        self._document: Document | None = None
        self._stale: set[Layer] = set()
        self._showing = False
        self._held: PropertyEdit | None = None
        self.layers = LayerModel()
        self.list = LayerList(self.layers, theme)
        self.mode = Choice(flat=True)
        self._offers_pass_through: bool | None = None
        self._offer_modes(False)
        self.opacity = OpacityButton()
        self._menu = QMenu(self.list)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._lay_out(actions)
        self.list.selectionModel().currentChanged.connect(self._activate)
        self.list.eye_clicked.connect(self._toggle)
        self.list.dropped.connect(self._move)
        self.list.customContextMenuRequested.connect(self._ask)
        self.layers.renamed.connect(self._rename)
        self.mode.changed.connect(self._blend)
        self.opacity.field.changed.connect(self._fade)
        self.opacity.field.slider.sliderPressed.connect(self._hold)
        self.opacity.field.slider.sliderReleased.connect(self._release)
        self._settle.timeout.connect(self.refresh)
        theme.changed.connect(self.list.viewport().update)
        self.show_document(None)

    def show_document(self, document: Document | None) -> None:
        """Follow another document."""
        self._release()
        if self._document is not None:
            self._document.stack_changed.disconnect(self.refresh)
            self._document.active_changed.disconnect(self.refresh)
            self._document.resized.disconnect(self._redraw)
            self._document.changed.disconnect(self._redraw)
        self._document = document
        if document is not None:
            document.stack_changed.connect(self.refresh)
            document.active_changed.connect(self.refresh)
            document.resized.connect(self._redraw)
            document.changed.connect(self._redraw)
        self.refresh()

    def refresh(self) -> None:
        """Show the layers as they are."""
        document, self._showing = self._document, True
        stale, self._stale = self._stale, set()
        self.layers.show(document, tuple(stale))
        active = None if document is None else document.active
        self.list.setCurrentIndex(self.layers.row(active))
        for control in (self.mode, self.opacity):
            control.setEnabled(active is not None)
        if active is not None and not self.opacity.is_held:
            self._offer_modes(isinstance(active, Group))
            self.mode.value = PASS_THROUGH if isinstance(active, Group) and not active.isolated else active.mode
            self.opacity.show_value(active.opacity)
        self._showing = False

    def rename(self) -> None:
        """Let the name of the active layer or group be written."""
        self.list.setFocus()
        self.list.edit(self.list.currentIndex())

    def sizeHint(self) -> QSize:
        """Return the width of a new window's docks."""
        return QSize(WIDTH, 300)

    def _lay_out(self, actions: Mapping[str, QAction]) -> None:
        self.heading.note.hide()  # its room is for long names of modes
        for control, name in ((self.mode, tr("Blend mode")), (self.opacity, tr("Opacity"))):
            control.setAccessibleName(name)
            control.setToolTip(name)
            self.heading.add(control)
        self.body.addWidget(self.list, 1)
        self._menu.addActions([actions[key] if key else self._menu.addSeparator() for key in MENU])
        keep_marked(self._menu)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        foot = QWidget()
        row = QHBoxLayout(foot)
        row.setContentsMargins(PADDING - UNIT, UNIT, PADDING - UNIT, 0)
        row.setSpacing(UNIT)
        for key in BUTTONS:
            if key == BUTTONS[-1]:
                row.addStretch(1)
            button = QToolButton()
            button.setDefaultAction(actions[key])
            button.setIconSize(QSize(18, 18))
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            row.addWidget(button)
        self.body.addWidget(foot)

    def _offer_modes(self, pass_through: bool) -> None:
        if pass_through is not self._offers_pass_through:
            self._offers_pass_through = pass_through
            through = [(PASS_THROUGH, tr("Pass through"))] if pass_through else []
            modes: list[tuple[object, str]] = []
            for mode in BLEND_MODES:
                line = [(None, "")] if mode.name in FIRST_OF_KIND else []
                modes += [*line, (mode, tr(mode.title))]
            self.mode.offer([*through, *modes])
            self.mode.updateGeometry()

    def _redraw(self, rect: Rect | None = None) -> None:
        """Take note that pictures are out of date: of the layers that were touched there."""
        if self._document is not None:
            self._stale |= {each for each in self._document.layers if rect is None or not (each.rect & rect).is_empty}
            self._settle.start()

    def _activate(self, index: QModelIndex) -> None:
        node = self.layers.node(index)
        if self._document is not None and node is not None and not self._showing:
            self._document.active = node

    def _ask(self, point: QPoint) -> None:
        """Open the menu of the active row, or of the list where there is none."""
        self._menu.popup(self.list.viewport().mapToGlobal(point))

    def _toggle(self, node: Node) -> None:
        what = "group" if isinstance(node, Group) else "layer"
        self._set(node, f"Hide {what}" if node.visible else f"Show {what}", "visible", not node.visible)

    def _rename(self, node: Node, name: str) -> None:
        self._set(node, "Rename group" if isinstance(node, Group) else "Rename layer", "name", name)

    def _move(self, node: Node, place: Place) -> None:
        if self._document is not None and not self._document.is_editing:
            self._document.do(StackEdit("Reorder layers", self._document.stack.moved(node, place)))

    def _blend(self, chosen: BlendMode | str) -> None:
        document, node = self._document, None if self._document is None else self._document.active
        if document is None or node is None or document.is_editing:
            return
        wanted: dict[str, object] = {"mode": node.mode if chosen == PASS_THROUGH else chosen}
        if isinstance(node, Group):
            wanted["isolated"] = chosen != PASS_THROUGH
        edits: list[Command] = [
            PropertyEdit("", document, node, attribute, value)
            for attribute, value in wanted.items()
            if getattr(node, attribute) != value
        ]
        if edits:
            document.do(Compound("Blend mode", edits))

    def _hold(self) -> None:
        """Begin one step that lasts until the slider is released."""
        document, node = self._document, None if self._document is None else self._document.active
        if document is not None and node is not None and not document.is_editing:
            self._held = PropertyEdit("Opacity", document, node, "opacity", node.opacity).open()

    def _fade(self, value: float) -> None:
        self.opacity.show_value(value)
        if self._held is not None:
            self._held.set(value)
        elif self._document is not None and self._document.active is not None:
            self._set(self._document.active, "Opacity", "opacity", value)

    def _release(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            held.commit()

    def _set(self, node: Node, label: str, attribute: str, value: object) -> None:
        if self._document is not None and not self._document.is_editing:
            self._document.do(PropertyEdit(label, self._document, node, attribute, value))
