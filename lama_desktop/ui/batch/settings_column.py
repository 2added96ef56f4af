"""SettingsColumn: which photos, which masks, how to fill, where the results go: the order of a batch as forms.

The options are those that the command line has; nothing about one of them is said here.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPalette
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from lama_desktop import formats
from lama_desktop.batch.order import KEEP, BatchOptions, MaskRule, Order
from lama_desktop.engine.options import EngineOptions
from lama_desktop.formats import WriteOptions
from lama_desktop.models.store import ModelStore
from lama_desktop.options import Section
from lama_desktop.ui.batch.fields import MasksField, OutputField
from lama_desktop.ui.controls.choices import Choice
from lama_desktop.ui.form import Form
from lama_desktop.ui.icons import themed_icon
from lama_desktop.ui.prompts import Prompts
from lama_desktop.ui.retouch import best, enable_fitting, usable
from lama_desktop.ui.text import tr
from lama_desktop.ui.theme import GAP, PADDING, PANEL_ROW, UNIT, Theme

WIDTH, LABELS = 372, 112
MASKS = ("masks", "mask_size", "mask_color", "mask_tolerance", "soft_mask", "per_mask")
FILLING = ("preset", "texture", "context", "grow", "feather", "match_light", "refine")
RESULTS = ("existing", "name", "format", "depth", "to_srgb")
WRITING, PRIVACY = ("quality",), ("strip_metadata",)
"""Apart, so that a long title does not push the slider out of its column."""
INPUTS_SHOWN = 4


class SettingsColumn(QScrollArea):
    """The order, to be seen and changed.

    Args:
        order: what is shown at first.
        store: the models of this disk.
        prompts: returns who asks for folders and files.
        theme: for icons.

    Signals:
        changed: another order.
    """

    changed = Signal(object)

    def __init__(self, order: Order, store: ModelStore, prompts: Callable[[], Prompts], theme: Theme) -> None:
        super().__init__()
        self._order, self._store = order, store
        self.inputs = InputList(theme)
        self.inputs.removed.connect(self._remove)
        self.recursive = Form(order.batch, only=("recursive",))
        self.masks_field, self.output = MasksField(prompts, theme), OutputField(prompts, theme)
        self.masks = Form(order.batch, only=MASKS, editors={"masks": self.masks_field})
        self.model = Choice()
        self.model.setAccessibleName(tr("Model"))
        self.model.setToolTip(tr("The model that fills the holes."))
        self.filling = Form(order.engine, only=FILLING)
        writable = [(each.name, each.name.upper()) for each in formats.FORMATS]
        self.results = Form(
            order.batch, only=RESULTS, editors={"format": Choice([(KEEP, tr("Like the photo")), *writable])}
        )
        self.writing, self.privacy = Form(order.write, only=WRITING), Form(order.write, only=PRIVACY)
        self._lay_out()
        self.model.changed.connect(lambda name: self._take(replace(self._order, model=str(name))))
        self.output.changed.connect(self._send)
        for form in (self.recursive, self.masks, self.filling, self.results, self.writing, self.privacy):
            form.changed.connect(self._take_section)
        self.show_order(order)

    def show_order(self, order: Order) -> None:
        """Show another order without a signal."""
        self._order = order
        titles, automatic = usable(self._store), best(self._store)
        first = ("", tr("Auto ({model})", model=titles.get(automatic, automatic)))
        own = [] if not order.model or order.model in titles else [(order.model, Path(order.model).name)]
        self.model.offer([first, *titles.items(), *own])
        self.model.value = order.model
        self.inputs.show_paths(order.inputs)
        self.output.show_output(order.output, order.batch.in_place)
        self._show_values()

    def _show_what_matters(self) -> None:
        """Leave out rows that mean nothing with what is chosen, and let no option be changed that has no effect."""
        batch, rule = self._order.batch, self._order.mask_source.rule
        enable_fitting(self.filling, self._order.model or best(self._store))
        by_color, by_file = rule is MaskRule.COLOR, rule not in (MaskRule.COLOR, MaskRule.ALPHA)
        for name in ("mask_color", "mask_tolerance"):
            self.masks.show_row(name, by_color)
        for name in ("mask_size", "soft_mask"):
            self.masks.show_row(name, by_file)
        several = rule in (MaskRule.BESIDE, MaskRule.FOLDER) and self._order.output is not None
        self.masks.show_row("per_mask", several)
        for name in ("existing", "name", "format"):
            self.results.show_row(name, not batch.in_place)
        cast(QLineEdit, self.results.editor("name")).setPlaceholderText(
            replace(self._order, batch=replace(batch, name="")).template.pattern
        )

    def _take_section(self, values: Section) -> None:
        if isinstance(values, BatchOptions):
            self._take(replace(self._order, batch=values))
        elif isinstance(values, EngineOptions):
            self._take(replace(self._order, engine=values))
        elif isinstance(values, WriteOptions):
            self._take(replace(self._order, write=values))

    def _send(self, folder: Path | None, in_place: bool) -> None:
        """Take another place for the results, and leave out what does not go with it."""
        batch = replace(self._order.batch, in_place=in_place)
        if in_place:
            batch = replace(batch, format=KEEP, name="")
        if folder is None:
            batch = replace(batch, per_mask=False)
        self._take(replace(self._order, output=folder, batch=batch))

    def _remove(self, paths: list[Path]) -> None:
        self._take(replace(self._order, inputs=tuple(each for each in self._order.inputs if each not in paths)))

    def _take(self, order: Order) -> None:
        self._order = order
        self._show_values()
        self.changed.emit(order)

    def _show_values(self) -> None:
        order = self._order
        for form in (self.recursive, self.masks, self.results):
            form.values = order.batch
        for form in (self.writing, self.privacy):
            form.values = order.write
        self.filling.values = order.engine
        self._show_what_matters()

    def _lay_out(self) -> None:
        self.setFixedWidth(WIDTH)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(PADDING, 0, PADDING, PADDING)
        column.setSpacing(0)
        sections: tuple[tuple[str, tuple[QWidget, ...]], ...] = (
            (tr("Photos"), (self.inputs, self.recursive)),
            (tr("Masks"), (self.masks,)),
            (tr("Filling"), (_labelled(tr("Model"), self.model), self.filling)),
            (tr("Results"), (_labelled(tr("Save"), self.output), self.results, self.writing, self.privacy)),
        )
        for number, (title, widgets) in enumerate(sections):
            if number:
                column.addSpacing(PADDING)
                column.addWidget(_line())
            heading = QLabel(title)
            heading.setProperty("kind", "title")
            heading.setMinimumHeight(PANEL_ROW + UNIT)
            column.addWidget(heading)
            for widget in widgets:
                column.addWidget(widget)
        column.addStretch(1)
        for form in (self.masks, self.filling, self.results, self.writing):
            form.set_label_width(LABELS)
        self.setWidget(content)


class InputList(QWidget):
    """The folders and files that were given, and a button that takes the chosen ones out.

    Signals:
        removed: paths that are not wanted any more.
    """

    removed = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._folder, self._image = themed_icon(theme, "folder"), themed_icon(theme, "image")
        self.list = _PathList()
        self.list.setObjectName("boxed")
        self.list.setAccessibleName(tr("Folders and photos"))
        self.list.setSelectionMode(QListWidget.SelectionMode.ExtendedSelection)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setIconSize(QSize(16, 16))
        self.list.setUniformItemSizes(True)
        self.list.unwanted.connect(self._remove)
        self.take_out = QPushButton(tr("Take out"))
        self.take_out.setToolTip(tr("Leave the chosen folders and photos out (Del); no file is deleted."))
        self.take_out.clicked.connect(self._remove)
        self.list.itemSelectionChanged.connect(self._follow)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, UNIT)
        column.setSpacing(GAP)
        column.addWidget(self.list)
        column.addWidget(self.take_out, 0, Qt.AlignmentFlag.AlignLeft)

    def show_paths(self, paths: tuple[Path, ...]) -> None:
        """Show these."""
        self.list.clear()
        for path in paths:
            item = QListWidgetItem(self._folder if path.is_dir() else self._image, path.name or str(path))
            item.setToolTip(str(path))
            item.setData(Qt.ItemDataRole.UserRole, str(path))
            item.setSizeHint(QSize(0, 26))
            self.list.addItem(item)
        self.list.setFixedHeight(26 * max(1, min(len(paths), INPUTS_SHOWN)) + UNIT)
        self._follow()

    def _follow(self) -> None:
        self.take_out.setVisible(bool(self.list.selectedItems()))

    def _remove(self) -> None:
        self.removed.emit([Path(each.data(Qt.ItemDataRole.UserRole)) for each in self.list.selectedItems()])


class _PathList(QListWidget):
    """A list whose Delete key says that the chosen ones are not wanted."""

    unwanted = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Listen to Delete."""
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.unwanted.emit()
        else:
            super().keyPressEvent(event)


def _labelled(title: str, control: QWidget) -> QWidget:
    """Return a control with its name, lined up with the rows of forms."""
    holder, label = QWidget(), QLabel(title)
    label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    label.setBuddy(control)
    grid = QGridLayout(holder)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(GAP + UNIT)
    grid.addWidget(label, 0, 0)
    grid.addWidget(control, 0, 1)
    grid.setColumnMinimumWidth(0, LABELS)
    grid.setColumnStretch(1, 1)
    grid.setRowMinimumHeight(0, PANEL_ROW)
    return holder


def _line() -> QFrame:
    line = QFrame()
    line.setProperty("kind", "hairline")
    line.setFixedHeight(1)
    return line
