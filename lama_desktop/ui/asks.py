"""Asks: the actions that open a dialog first: new, size, angle, mask operations, preferences, shortcuts, about."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, QRect, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFormLayout, QLabel, QPlainTextEdit, QWidget

from lama_desktop import __version__
from lama_desktop.core import masking
from lama_desktop.core.geometry import Rect
from lama_desktop.paths import logs_folder
from lama_desktop.progress import Progress
from lama_desktop.ui import edits
from lama_desktop.ui.canvas.canvas import Canvas
from lama_desktop.ui.dialogs.mask_change import MaskPage
from lama_desktop.ui.dialogs.models import ModelsPage
from lama_desktop.ui.dialogs.new_and_size import (
    Angle,
    CanvasPage,
    FormPage,
    NewPage,
    NewPicture,
    Radius,
    ScalePage,
    new_photo,
)
from lama_desktop.ui.dialogs.page import Page, note
from lama_desktop.ui.dialogs.preferences import Preferences
from lama_desktop.ui.dialogs.shortcuts import ShortcutSheet, ShortcutsPage
from lama_desktop.ui.icons import program_icon
from lama_desktop.ui.jobs import Job, Lane
from lama_desktop.ui.status_bar import profile_name
from lama_desktop.ui.text import in_bytes, tr

if TYPE_CHECKING:
    from lama_desktop.ui.main_window import MainWindow

_MASK_CHANGES = {
    "grow": masking.GROW,
    "shrink": masking.SHRINK,
    "feather": masking.FEATHER,
    "border": masking.BORDER,
}


class Asks(QObject):
    """Opens the dialogs of a window, which keep nothing of their own.

    Args:
        window: whose.
    """

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window
        self._preferences: Preferences | None = None
        self._models: ModelsPage | None = None
        self._open: dict[str, Page] = {}

    def new(self) -> None:
        """Ask for a new picture."""
        window = self._window
        values = NewPage(window, window.settings[NewPicture]).accepted_values
        if isinstance(values, NewPicture):
            window.settings.put(values)
            window.files.add(new_photo(values), tr("Background"))

    def scale(self) -> None:
        """Ask for a size and scale to it."""
        document = self._window.current
        size = ScalePage(self._window, document.size).accepted_values
        if size is not None and (chosen := (size.width, size.height)) != document.size:  # type: ignore[attr-defined]
            edits.scale(document, self._window.runner, chosen, self._window.notices.tell)

    def canvas_size(self) -> None:
        """Ask for another frame."""
        document = self._window.current
        page = CanvasPage(self._window, document.size)
        if page.accepted_values is not None and page.frame != document.rect:
            edits.resize_canvas(document, page.frame)

    def rotation(self) -> None:
        """Ask for an angle."""
        document = self._window.current
        angle = FormPage(self._window, tr("Rotate"), Angle(), tr("Rotate")).accepted_values
        if isinstance(angle, Angle) and angle.degrees % 360:
            edits.rotate(document, self._window.runner, angle.degrees, self._window.notices.tell)

    def mask_change(self, name: str) -> None:
        """Ask how far a change of the mask reaches: "grow", "shrink", "feather" or "border"."""
        window, document, change = self._window, self._window.current, _MASK_CHANGES[name]
        last = window.settings.recall(f"mask-{name}", Radius().radius)
        page = MaskPage(window, document, change, Radius(last))
        page.keep_clear_of(_on_screen(window.front, document.mask.bounds()))
        values = page.accepted_values
        if isinstance(values, Radius):
            window.settings.remember(f"mask-{name}", values.radius)
            masking.apply(document, change, values.radius)

    def preferences(self, page: str = "appearance") -> None:
        """Show the preferences at a page."""
        window = self._window
        if self._preferences is None:
            self._preferences = Preferences(window, window.settings, self.models, ShortcutsPage(window.action_set))
        self._preferences.show_page(page)
        self._preferences.show()
        self._preferences.raise_()
        self._preferences.activateWindow()

    @property
    def models(self) -> ModelsPage:
        """The models page; made when it is first wanted."""
        if self._models is None:
            window = self._window
            self._models = ModelsPage(window.store, window.runner, window.theme)
            self._models.changed.connect(window.engine.refresh)
        return self._models

    def shortcuts(self) -> None:
        """Show all shortcuts."""
        sheet = ShortcutSheet(self._window, self._window.action_set)
        sheet.edit.clicked.connect(sheet.close)
        sheet.edit.clicked.connect(lambda: self.preferences("shortcuts"))
        self._show("shortcuts", sheet)

    def properties(self) -> None:
        """Show what is known of the picture in front."""
        document = self._window.current
        facts, (width, height) = document.facts, document.size
        metadata = [
            name
            for name, found in (
                ("EXIF", facts.metadata.exif),
                ("XMP", facts.metadata.xmp),
                ("IPTC", facts.metadata.iptc),
                (tr("comment"), facts.metadata.comment),
            )
            if found
        ]
        rows = [
            (tr("File"), str(document.path or tr("none yet"))),
            (tr("Size"), f"{width} × {height} px, {width * height / 1e6:.1f} MP"),
            (tr("Depth"), tr("{bits} bit", bits=document.depth)),
            (tr("Colours"), f"{facts.model.value.upper()} · {profile_name(facts)}"),
            (tr("Format"), facts.encoding.format.upper() or tr("none yet")),
            (tr("Resolution"), "–" if facts.resolution is None else f"{facts.resolution[0]:g} dpi"),
            (tr("Metadata"), ", ".join(metadata) or tr("none")),
            (tr("Layers"), str(len(document.layers))),
            (tr("Memory"), in_bytes(sum(document.stack.storage().values()) + document.history.nbytes)),
        ]
        page = Page(self._window, tr("Properties"))
        holder = QWidget()
        form = QFormLayout(holder)
        form.setContentsMargins(0, 0, 0, 0)
        for name, value in rows:
            text = note(value)
            text.setMinimumWidth(320)
            form.addRow(QLabel(name), text)
        page.body.addWidget(holder)
        page.add_close_button()
        self._show("properties", page)

    def report(self) -> None:
        """Show versions and devices, for a report of a problem."""
        page = Page(self._window, tr("Device report"))
        page.resize(640, 420)
        text = QPlainTextEdit(tr("Looking…"))
        text.setReadOnly(True)
        text.setAccessibleName(tr("Device report"))
        page.body.addWidget(text)
        page.add_close_button()
        job = Job(
            tr("Looking at this machine"), lambda progress: _report(self._window.store.folder, progress), Lane.ENGINE
        )
        job.succeeded.connect(text.setPlainText)
        self._window.runner.submit(job)
        self._show("report", page)

    def open_log_folder(self) -> None:
        """Show the folder of the log in the file manager."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(logs_folder())))

    def about(self) -> None:
        """Say what this is."""
        page = Page(self._window, tr("About LaMa Desktop"))
        picture, title = QLabel(), QLabel(f"LaMa Desktop {__version__}")
        picture.setPixmap(program_icon().pixmap(64, 64))
        title.setProperty("kind", "title")
        text = note(
            tr(
                "Take things out of photographs. Built around LaMa (Suvorov et al., Resolution-robust Large Mask "
                "Inpainting with Fourier Convolutions, WACV 2022). Apache-2.0; weights have terms of their own."
            )
        )
        text.setMinimumWidth(400)
        for widget in (picture, title, text):
            page.body.addWidget(widget)
        page.add_close_button()
        self._show("about", page)

    def _show(self, name: str, page: Page) -> None:
        """Show a page that is no question; an older one of its kind goes."""
        if name in self._open:
            self._open.pop(name).deleteLater()
        self._open[name] = page
        page.show()


def _on_screen(canvas: Canvas, rect: Rect) -> QRect:
    """Return where a part of the document is seen, in coordinates of the screen."""
    seen, scale = canvas.viewport.screen_rect(rect), canvas.devicePixelRatioF()
    corner = canvas.mapToGlobal(QPoint(round(seen.left / scale), round(seen.top / scale)))
    return QRect(corner.x(), corner.y(), round(seen.width / scale), round(seen.height / scale))


def _report(folder: Path, progress: Progress) -> str:
    """Return what is found on this machine, on a worker."""
    from lama_desktop.doctor import examine

    lines: list[str] = []
    for finding in examine(folder):
        progress(min(0.9, len(lines) / 20), finding.name)
        lines.append(f"{finding.name}: {finding.value}" + (f" – {finding.remedy}" if finding.remedy else ""))
    return "\n".join(lines)
