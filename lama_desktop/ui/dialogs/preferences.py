"""Preferences: pages of declared options, the models page, the shortcuts page. What is chosen counts at once."""

from PySide6.QtCore import QSize
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from lama_desktop.engine.options import EngineOptions
from lama_desktop.formats import WriteOptions
from lama_desktop.options import Section
from lama_desktop.settings import Settings
from lama_desktop.ui.dialogs.models import ModelsPage
from lama_desktop.ui.dialogs.page import Page
from lama_desktop.ui.dialogs.shortcuts import ShortcutsPage
from lama_desktop.ui.form import Form
from lama_desktop.ui.panels.history import StepDelegate
from lama_desktop.ui.sections import Appearance, Editing, RemoveOptions
from lama_desktop.ui.text import tr
from lama_desktop.ui.theme import PADDING

PAGES: tuple[tuple[str, str, tuple[type[Section], ...]], ...] = (
    ("appearance", "Appearance", (Appearance,)),
    ("editing", "Editing", (Editing,)),
    ("engine", "Engine", (EngineOptions, RemoveOptions)),
    ("export", "Export", (WriteOptions,)),
)
SHOWN: dict[type[Section], tuple[str, ...]] = {RemoveOptions: ("source", "after_stroke")}
"""Sections of which only some options have a row here."""
LABELS = 180


class Preferences(Page):
    """All settings, one page per subject.

    Args:
        parent: the window.
        settings: read and written; the pages stay open beside the window, and follow what is changed there.
        models: the models page.
        shortcuts: the shortcuts page.
    """

    def __init__(
        self, parent: QWidget | None, settings: Settings, models: ModelsPage, shortcuts: ShortcutsPage
    ) -> None:
        super().__init__(parent, tr("Preferences"))
        self.resize(860, 600)
        self._settings = settings
        self.forms: list[Form] = []
        """Those of all pages."""
        self._ids: list[str] = []
        self.list, self.stack = QListWidget(), QStackedWidget()
        self.list.setFixedWidth(180)
        self.list.setAccessibleName(tr("Pages"))
        self.list.setItemDelegate(StepDelegate(self.list))
        self.list.setMouseTracking(True)
        row = QHBoxLayout()
        row.setSpacing(PADDING * 2)
        row.addWidget(self.list)
        row.addWidget(self.stack, 1)
        self.body.addLayout(row, 1)
        for key, title, sections in PAGES:
            self._add(key, title, self._forms_page(sections))
        self._add("models", "Models", models)
        self._add("shortcuts", "Shortcuts", shortcuts)
        self.list.currentRowChanged.connect(self._turn)
        foot = QHBoxLayout()
        self.defaults, close = QPushButton(tr("Defaults")), QPushButton(tr("Close"))
        self.defaults.setToolTip(tr("Every option on this page as it was at first"))
        self.defaults.clicked.connect(self._restore)
        close.setDefault(True)
        close.clicked.connect(self.close)
        foot.addWidget(self.defaults)
        foot.addStretch(1)
        foot.addWidget(close)
        self.body.addLayout(foot)
        self.list.setCurrentRow(0)

    def show_page(self, key: str) -> None:
        """Show a page: one of PAGES, "models" or "shortcuts"."""
        self.list.setCurrentRow(self._ids.index(key))

    def _add(self, key: str, title: str, page: QWidget) -> None:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(PADDING)
        heading = QLabel(tr(title))
        heading.setProperty("kind", "title")
        column.addWidget(heading)
        column.addWidget(page, 1)
        item = QListWidgetItem(tr(title))
        item.setSizeHint(QSize(0, 32))
        self.list.addItem(item)
        self.stack.addWidget(holder)
        self._ids.append(key)

    def _forms_page(self, sections: tuple[type[Section], ...]) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for kind in sections:
            form = Form(self._settings[kind], only=SHOWN.get(kind))
            form.set_label_width(LABELS)
            form.changed.connect(self._settings.put)
            self._settings.tell(form.follow)
            self.forms.append(form)
            column.addWidget(form)
        column.addStretch(1)
        return page

    def _turn(self, index: int) -> None:
        self.stack.setCurrentIndex(index)
        self.defaults.setVisible(index < len(PAGES))

    def _restore(self) -> None:
        """Put the options of the page in front back to their defaults."""
        page = self.stack.currentWidget()
        for form in page.findChildren(Form) if page is not None else []:
            form.restore()
