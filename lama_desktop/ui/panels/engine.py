"""Engine panel: which model fills, on which device, and how."""

from dataclasses import replace
from typing import cast

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QGridLayout, QLabel, QMainWindow, QToolButton, QVBoxLayout, QWidget

from lama_desktop.core.document import Document
from lama_desktop.engine.options import DeviceName, EngineOptions, Precision
from lama_desktop.models.store import ModelStore
from lama_desktop.options import Section
from lama_desktop.settings import Settings
from lama_desktop.ui.controls.choices import Choice
from lama_desktop.ui.controls.scrolling import Column
from lama_desktop.ui.expectation import Expectation
from lama_desktop.ui.form import Form
from lama_desktop.ui.icons import themed_icon
from lama_desktop.ui.jobs import JobRunner
from lama_desktop.ui.panels.expected_row import ExpectedRow
from lama_desktop.ui.panels.panel import Panel
from lama_desktop.ui.retouch import CLASSICAL, best, enable_fitting, fitting, usable
from lama_desktop.ui.sections import RemoveOptions
from lama_desktop.ui.text import tr
from lama_desktop.ui.theme import GAP, PADDING, PANEL_ROW, UNIT, Theme

MAIN = ("preset", "texture", "device", "context", "grow", "feather")
MORE = ("refine", "refine_budget", "match_light", "alpha", "precision", "seed")
GET = "…"
"""In the list of models: the entry that opens the models page."""
LABELS = 76
"""Width of the column of names."""


class EnginePanel(Panel):
    """The options of every removal from now on.

    Args:
        settings: holds the options; written at once.
        store: the models of this disk.
        theme: for the arrow.
        runner: works out how long a removal would take.

    Signals:
        models_wanted: the user asked for other models than those here.
        device_changed: what removals run on is told, in words: "CPU, bfloat16".
    """

    models_wanted = Signal()
    device_changed = Signal(str)

    def __init__(self, settings: Settings, store: ModelStore, theme: Theme, runner: JobRunner) -> None:
        super().__init__("engine", tr("Engine"))
        self._settings, self._store = settings, store
        self._automatic = ""
        self.model = Choice()
        self.model.setAccessibleName(tr("Model"))
        self.model.setToolTip(tr("The model that fills the hole."))
        self.model.changed.connect(self._choose)
        self.main = Form(settings[EngineOptions], only=MAIN)
        self.more = Form(settings[EngineOptions], only=MORE)
        self.source = Form(settings[RemoveOptions], only=["source"])
        for form in (self.main, self.more, self.source):
            form.changed.connect(settings.put)
            settings.tell(form.follow)
        self.expected = ExpectedRow()
        self.main.add_below("preset", self.expected)
        self._expectation = Expectation(runner)
        self._expectation.changed.connect(self.expected.show_estimates)
        self._lay_out(theme)
        self.refresh()
        settings.tell(self._follow)

    def refresh(self) -> None:
        """Offer the models that are on this disk now, and show the chosen one."""
        titles, automatic = usable(self._store), best(self._store)
        first = ("", tr("Auto ({model})", model=titles.get(automatic, automatic)))
        self.model.offer([first, *titles.items(), (GET, tr("More models…"))])
        chosen = self._settings[RemoveOptions].model
        self.model.value = chosen if chosen in titles else ""
        self._enable()

    def show_document(self, document: Document | None) -> None:
        """Expect how long it would take to remove what is masked in another document."""
        self._expectation.follow(document)

    def show_devices(self, names: list[str], automatic: str) -> None:
        """Offer the devices of this machine, once they are known.

        Args:
            names: as `engine.device.available_devices` gives them.
            automatic: what the automatic choice stands for, in words.
        """
        editor = cast(Choice, self.main.editor("device"))
        self.main.limit("device", [DeviceName.AUTO.value, *names])
        self._automatic = automatic.replace("cpu", "CPU")
        editor.setItemText(0, tr("Auto ({device})", device=self._automatic))
        self._enable()

    def show_state(self, text: str) -> None:
        """Say what the engine is doing: "ready", "loading", "filling"."""
        self.heading.note.setText(text)

    def _choose(self, id: str) -> None:
        if id == GET:
            self.refresh()
            self.models_wanted.emit()
            return
        self._settings.put(replace(self._settings[RemoveOptions], model=id))

    def _follow(self, section: Section) -> None:
        """Show what follows from another option or another model."""
        if isinstance(section, RemoveOptions):
            self.refresh()
        elif isinstance(section, EngineOptions):
            self._enable()

    def _enable(self) -> None:
        """Let only those options be changed that have an effect, and tell on what they run."""
        in_use = self._settings[RemoveOptions].model or best(self._store)
        for form in (self.main, self.more):
            enable_fitting(form, in_use)
        self._expectation.suppose(in_use, fitting(self._settings[EngineOptions], in_use))
        self.device_changed.emit("CPU" if in_use in CLASSICAL else self._device())

    def _device(self) -> str:
        """Return what a network runs on, in words; nothing as long as nobody has looked."""
        chosen, (device, _, precision) = self._settings[EngineOptions], self._automatic.partition(", ")
        if chosen.device is not DeviceName.AUTO:
            device, precision = chosen.device.upper(), ""
        if chosen.precision is not Precision.AUTO:
            precision = chosen.precision.value
        return ", ".join(each for each in (device, precision) if each) if self._automatic else ""

    def _lay_out(self, theme: Theme) -> None:
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(PADDING, 0, PADDING, 0)
        column.setSpacing(0)
        first = QWidget()
        row = QGridLayout(first)
        row.setContentsMargins(0, 0, 0, 0)
        row.setHorizontalSpacing(GAP + UNIT)
        label = QLabel(tr("Model"))
        label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        label.setBuddy(self.model)
        row.addWidget(label, 0, 0)
        row.addWidget(self.model, 0, 1)
        row.setColumnStretch(1, 1)
        row.setRowMinimumHeight(0, PANEL_ROW)
        column.addWidget(first)
        column.addWidget(self.main)
        toggle = QToolButton()
        toggle.setText(tr("More"))
        toggle.setCheckable(True)
        toggle.setProperty("kind", "fold")
        toggle.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        toggle.setIcon(themed_icon(theme, "chevron-right"))
        rest = QWidget()
        inner = QVBoxLayout(rest)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(0)
        inner.addWidget(self.source)
        inner.addWidget(self.more)
        rest.hide()

        def fold(open: bool) -> None:
            rest.setVisible(open)
            toggle.setIcon(themed_icon(theme, "chevron-down" if open else "chevron-right", checked="text"))
            main = self.window()
            if isinstance(main, QMainWindow):
                change = rest.sizeHint().height() * (1 if open else -1)
                main.resizeDocks([self], [self.height() + change], Qt.Orientation.Vertical)

        toggle.toggled.connect(fold)
        column.addWidget(toggle)
        column.addWidget(rest)
        column.addStretch(1)
        for form in (self.main, self.more, self.source):
            form.set_label_width(LABELS)
        row.setColumnMinimumWidth(0, LABELS)
        self.body.addWidget(Column(content))
