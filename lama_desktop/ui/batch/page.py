"""BatchPage: the batch as it is seen: what is to be done and where it stands, the table, the settings."""

from collections.abc import Callable, Mapping

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QPalette
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from lama_desktop.batch.plan import Plan
from lama_desktop.models.store import ModelStore
from lama_desktop.ui.batch.rows import Group
from lama_desktop.ui.batch.session import Phase, Session, Stopped
from lama_desktop.ui.batch.settings_column import SettingsColumn
from lama_desktop.ui.batch.table_view import TableView
from lama_desktop.ui.controls.choices import Segments
from lama_desktop.ui.empty import DropTarget
from lama_desktop.ui.icons import drawing, themed_icon
from lama_desktop.ui.jobs import JobRunner
from lama_desktop.ui.prompts import Prompts
from lama_desktop.ui.text import tr
from lama_desktop.ui.theme import GAP, PADDING, Theme, tabular

BAR_HEIGHT, FILTER_HEIGHT = 52, 44
SEARCH_WIDTH = 220
TABLE_ACTIONS = ("batch-compare", "batch-mend", "batch-redo")


class BatchPage(QWidget):
    """The page.

    Args:
        session: what is shown.
        actions: of the window, by id.
        runner: makes small pictures.
        store: the models of this disk.
        prompts: returns who asks for folders and files.
        theme: for icons and colours.

    Signals:
        added: folders and files that were chosen.
        taken_up: a run, by the folder of its journal, is to be gone on with.
        summary_wanted: the report of the run should be shown.
    """

    added = Signal(object)
    taken_up = Signal(object)
    summary_wanted = Signal()

    def __init__(
        self,
        session: Session,
        actions: Mapping[str, QAction],
        runner: JobRunner,
        store: ModelStore,
        prompts: Callable[[], Prompts],
        theme: Theme,
    ) -> None:
        super().__init__()
        self.setObjectName("batch")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._session, self._prompts, self._theme = session, prompts, theme
        self.add_folder, self.add_photos = QPushButton(tr("Add folder…")), QPushButton(tr("Add photos…"))
        self.run = _ActionButton(actions["batch-run"], "primary")
        self.stop, self.retry = _ActionButton(actions["batch-stop"]), _ActionButton(actions["batch-retry"])
        self.again = _ActionButton(actions["batch-plan"], "flat")
        self.table = TableView(session.rows, runner, theme)
        for name in TABLE_ACTIONS:
            self.table.addAction(actions[name])
        self.settings = SettingsColumn(session.order, store, prompts, theme)
        self.search, self.groups = QLineEdit(), Segments([(group, tr(group)) for group in Group])
        self.headline, self.summary = QLabel(), QPushButton(tr("Summary"))
        self.banner = _Banner(theme)
        self.progress = QProgressBar()
        self.target = DropTarget(
            theme,
            tr("Drop folders of photos here"),
            tr("Each photo is filled by its mask, such as a_mask.png beside a.jpg."),
            "layers",
        )
        self._lay_out(theme)
        self._connect()
        self.refresh()

    def refresh(self) -> None:
        """Show where the batch stands."""
        session, phase = self._session, self._session.phase
        self._stack.setCurrentIndex(0 if phase is Phase.EMPTY else 1)
        self._bar.setVisible(phase is not Phase.EMPTY)
        self.headline.setText(self._headline())
        self.settings.setEnabled(not session.is_active)
        for button in (self.add_folder, self.add_photos):
            button.setEnabled(not session.is_active)
        self.stop.setVisible(session.is_active)
        self.again.setVisible(session.can_plan)
        self.retry.setVisible(session.can_retry)
        self.summary.setVisible(phase in (Phase.FINISHED, Phase.STOPPED))
        self.progress.setVisible(session.is_active)
        self._show_banner(session.plan)
        self._count()

    def show_order(self) -> None:
        """Show an order that was not made here, as that of an older run."""
        self.settings.show_order(self._session.order)

    def show_progress(self, fraction: float, text: str) -> None:
        """Show how far a run is."""
        self.progress.setValue(round(1000 * fraction))
        if self._session.phase is Phase.RUNNING:
            self.headline.setText(text)

    def _headline(self) -> str:
        session = self._session
        left = sum(row.group is Group.TO_DO for row in session.rows.rows)
        if session.phase is Phase.PLANNED:
            if session.plan is None:
                return ""
            return tr("{photos} to fill", photos=_photos(left)) if left else tr("There is nothing to do.")
        counts = session.rows.counts()
        done, failed = counts[Group.DONE], counts[Group.FAILED]
        if session.phase is Phase.FINISHED and failed:
            return tr("Finished: {done} done, {failed} failed", done=done, failed=failed)
        return {
            Phase.EMPTY: "",
            Phase.PLANNING: tr("Looking for photos…"),
            Phase.RUNNING: tr("Starting…"),
            Phase.PAUSED: tr("Paused, {photos} left", photos=_photos(left)),
            Phase.STOPPING: tr("Stopping…"),
            Phase.STOPPED: tr("Stopped: {done} done, {left} left", done=done, left=left),
            Phase.FINISHED: tr("Finished: {photos} done", photos=_photos(done)),
        }[session.phase]

    def _show_banner(self, plan: Plan | None) -> None:
        session = self._session
        stopped: Stopped | None = None if session.is_active else session.stopped
        if session.problem:
            self.banner.say(session.problem, warns=True)
        elif stopped is not None:
            text = tr(
                "A run in {folder} was stopped: {left} of {photos} are left.",
                folder=stopped.folder.parent.name,
                left=stopped.left,
                photos=_photos(stopped.photos),
            )
            self.banner.say(text, (tr("Go on with it"), lambda: self.taken_up.emit(stopped.folder)))
        elif plan is not None and plan.problems:
            self.banner.say("\n".join(plan.problems[:3]), warns=True)
        else:
            self.banner.hide()

    def _count(self) -> None:
        """Write how many rows there are of each group on the filter, and how many are left."""
        if self._session.phase is not Phase.RUNNING:
            self.headline.setText(self._headline())
        for group, count in self._session.rows.counts().items():
            self.groups.set_title(group, f"{tr(group)}  {count}")

    def _filter(self) -> None:
        group = self.groups.value
        assert isinstance(group, Group)
        self._session.rows.choose(group, self.search.text())

    def _ask_folder(self) -> None:
        folder = self._prompts().open_folder(tr("Photos of the batch"), "batch")
        if folder is not None:
            self.added.emit([folder])

    def _ask_photos(self) -> None:
        photos = self._prompts().open_files(tr("Photos of the batch"))
        if photos:
            self.added.emit(photos)

    def _ask_run(self) -> None:
        folder = self._prompts().open_folder(tr("Results of an earlier run"), "results")
        if folder is not None:
            self.taken_up.emit(folder)

    def _connect(self) -> None:
        session = self._session
        self.add_folder.clicked.connect(self._ask_folder)
        self.add_photos.clicked.connect(self._ask_photos)
        self.settings.changed.connect(session.change)
        self.search.textChanged.connect(self._filter)
        self.groups.changed.connect(self._filter)
        self.summary.clicked.connect(self.summary_wanted)
        session.rows.counted.connect(self._count)
        session.changed.connect(self.refresh)
        session.progressed.connect(self.show_progress)

    def _lay_out(self, theme: Theme) -> None:
        self.setAccessibleName(tr("Batch"))
        self.groups.setAccessibleName(tr("Show"))
        self.search.setPlaceholderText(tr("Search names and folders"))
        self.search.setAccessibleName(tr("Search names and folders"))
        self.search.setClearButtonEnabled(True)
        self.search.setFixedWidth(SEARCH_WIDTH)
        self.headline.setFont(tabular(self.font()))
        self.headline.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.summary.setProperty("kind", "flat")
        self.summary.setToolTip(tr("Open the report of the run"))
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        kept = self.progress.sizePolicy()
        kept.setRetainSizeWhenHidden(True)  # nothing below it jumps
        self.progress.setSizePolicy(kept)
        self.progress.setAccessibleName(tr("Progress of the batch"))
        for button, icon in ((self.add_folder, "folder"), (self.add_photos, "image")):
            button.setIcon(themed_icon(theme, icon))
            button.setIconSize(QSize(16, 16))
        self.add_folder.setToolTip(tr("Add the photos of a folder"))
        self.add_photos.setToolTip(tr("Add photos one by one"))
        self._bar = bar = _row(
            BAR_HEIGHT,
            self.add_folder,
            self.add_photos,
            self.headline,
            None,
            self.again,
            self.summary,
            self.retry,
            self.stop,
            self.run,
        )
        bar.setObjectName("batch-bar")
        bar.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        filters = _row(FILTER_HEIGHT, self.groups, None, self.search)
        left = QWidget()
        column = _column(left)
        column.addWidget(self.progress)
        column.addWidget(filters)
        column.addWidget(self.table, 1)
        body = QWidget()
        middle = QHBoxLayout(body)
        middle.setContentsMargins(0, 0, 0, 0)
        middle.setSpacing(0)
        middle.addWidget(left, 1)
        line = QFrame()
        line.setProperty("kind", "hairline")
        line.setFixedWidth(1)
        middle.addWidget(line)
        middle.addWidget(self.settings)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty())
        self._stack.addWidget(body)
        whole = _column(self)
        whole.addWidget(bar)
        whole.addWidget(self.banner)
        whole.addWidget(self._stack, 1)

    def _empty(self) -> QWidget:
        """Return what is seen before anything was asked for."""
        empty = QWidget()
        empty.setObjectName("empty")
        empty.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        folder, photos = QPushButton(tr("Add folder…")), QPushButton(tr("Add photos…"))
        earlier = QPushButton(tr("Go on with an earlier run…"))
        folder.setProperty("kind", "primary")
        folder.clicked.connect(self._ask_folder)
        photos.clicked.connect(self._ask_photos)
        earlier.setToolTip(tr("Choose the folder of its results"))
        earlier.clicked.connect(self._ask_run)
        self.target.add_buttons(folder, photos, earlier)
        column = QVBoxLayout(empty)
        column.addStretch(2)
        column.addWidget(self.target, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
        return empty


class _ActionButton(QPushButton):
    """A button that is an action: its text, its tooltip, whether it can be done."""

    def __init__(self, action: QAction, kind: str = "") -> None:
        super().__init__()
        self._action = action
        self.setProperty("kind", kind)
        self.clicked.connect(action.trigger)
        action.changed.connect(self._follow)
        self._follow()

    def _follow(self) -> None:
        self.setText(self._action.iconText())
        self.setToolTip(self._action.toolTip())
        self.setEnabled(self._action.isEnabled())


class _Banner(QFrame):
    """A sentence over the table, and what can be done about it."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setProperty("kind", "banner")
        self._icon, self.text, self.button = QLabel(), QLabel(), QPushButton()
        self.text.setWordWrap(True)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row = QHBoxLayout(self)
        row.setContentsMargins(PADDING, GAP, PADDING, GAP)
        row.setSpacing(PADDING)
        row.addWidget(self._icon)
        row.addWidget(self.text, 1)
        row.addWidget(self.button)
        self._warns = False
        self._does: Callable[[], object] = lambda: None
        self.button.clicked.connect(lambda: self._does())
        theme.changed.connect(self._tint)

    def say(self, text: str, offer: tuple[str, Callable[[], object]] | None = None, warns: bool = False) -> None:
        """Show a sentence, and a button where something can be done."""
        self.text.setText(text)
        self.button.setVisible(offer is not None)
        if offer is not None:
            self.button.setText(offer[0])
            self._does = offer[1]
        self._warns = warns
        self._tint()
        self.show()

    def _tint(self) -> None:
        tokens = self._theme.tokens
        name, color = ("warning", tokens.warning) if self._warns else ("info", tokens.accent)
        self._icon.setPixmap(drawing(name, color, 20, self.devicePixelRatioF()))


def _photos(count: int) -> str:
    """Return a number of photos in words."""
    return tr("1 photo") if count == 1 else tr("{count} photos", count=count)


def _row(height: int, *widgets: QWidget | None) -> QWidget:
    """Return widgets in a row; None is the room between them that grows."""
    holder = QWidget()
    holder.setFixedHeight(height)
    row = QHBoxLayout(holder)
    row.setContentsMargins(PADDING, 0, PADDING, 0)
    row.setSpacing(GAP)
    for widget in widgets:
        if widget is None:
            row.addStretch(1)
        else:
            row.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)
    return holder


def _column(parent: QWidget) -> QVBoxLayout:
    column = QVBoxLayout(parent)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    return column
