"""Workspace: the photos that are open, one tab each, or the empty state; the middle of the window.

A tab may also hold a page that is no photo, such as the batch.
"""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QMimeData, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QStackedWidget, QTabBar, QToolButton, QVBoxLayout, QWidget

from lama_desktop.core.document import Document
from lama_desktop.ui.canvas.canvas import Canvas
from lama_desktop.ui.drop_hint import DropHint
from lama_desktop.ui.files import title_of
from lama_desktop.ui.icons import themed_icon
from lama_desktop.ui.text import tr
from lama_desktop.ui.theme import Theme

NARROWEST_TAB, WIDEST_TAB = 136, 260
CHANGED = " •"
"""Behind the name of a photo that has changes in no file."""


class Workspace(QWidget):
    """Owns the canvases; a page that is shown beside them belongs to who shows it.

    Args:
        make_canvas: makes the canvas of a document.
        empty: shown where no photo is open.
        promise: tells what dropping something would do, in words; nothing where it cannot be dropped.
        theme: for the close buttons.

    Signals:
        current_changed: another document is in front, or none.
        closed: a document is open no more.
        close_wanted: the user wants a document, or a page, to be closed.
        dropped: something was dropped: the data and the modifiers.
    """

    current_changed = Signal(object)
    closed = Signal(object)
    close_wanted = Signal(object)
    dropped = Signal(object, object)

    def __init__(
        self,
        make_canvas: Callable[[Document], Canvas],
        empty: QWidget,
        promise: Callable[[QMimeData, Qt.KeyboardModifier], str],
        theme: Theme,
    ) -> None:
        super().__init__()
        self._make_canvas, self._promise, self._theme = make_canvas, promise, theme
        self._empty = empty
        self._pages: list[QWidget] = []
        self._titles: dict[QWidget, str] = {}
        self._holders: dict[QWidget, QScrollArea] = {}
        self._notes: dict[Document, str] = {}
        self._waiting: list[Callable[[], object]] = []
        self.tabs = DocumentTabs()
        self.tabs.installEventFilter(self)
        self.tabs.hide()
        self.area = QStackedWidget()
        self.area.addWidget(empty)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.tabs)
        column.addWidget(self.area, 1)
        self.tabs.currentChanged.connect(self._follow_tab)
        self.tabs.tabMoved.connect(self._follow_move)
        self.hint = DropHint(self.area)
        self.setAcceptDrops(True)

    @property
    def documents(self) -> tuple[Document, ...]:
        """The open documents, in the order of their tabs."""
        return tuple(canvas.document for canvas in self.canvases)

    @property
    def canvases(self) -> tuple[Canvas, ...]:
        """Their canvases, in the same order."""
        return tuple(page for page in self._pages if isinstance(page, Canvas))

    @property
    def page(self) -> QWidget | None:
        """What is in front: a canvas, or a page that is no photo; None where there is no tab."""
        index = self.tabs.currentIndex()
        return self._pages[index] if 0 <= index < len(self._pages) else None

    @property
    def canvas(self) -> Canvas | None:
        """The canvas in front; None where no photo is."""
        page = self.page
        return page if isinstance(page, Canvas) else None

    def canvas_of(self, document: Document) -> Canvas | None:
        """Return the canvas of a document; None where it is not open."""
        return next((canvas for canvas in self.canvases if canvas.document is document), None)

    def add(self, document: Document, instead_of: Document | None = None) -> None:
        """Show a document in a tab of its own at the end, or in that of another, which goes."""
        canvas = self._make_canvas(document)
        canvas.gesture_ended.connect(self._look_again)
        index = len(self._pages) if instead_of is None else self._index(instead_of)
        blocked = self.tabs.blockSignals(True)
        self._insert(index, canvas, self._close_button(document, title_of(document)))
        if instead_of is not None:
            self._discard(index + 1)
        self.tabs.setCurrentIndex(index)
        self.tabs.blockSignals(blocked)
        for signal in (document.modified_changed, document.path_changed):
            signal.connect(self._name_tabs)
        self._name_tabs()
        self._follow_tab()
        canvas.setFocus()

    def when_free(self, call: Callable[[], object]) -> None:
        """Call at once, or as soon as nothing is being drawn in front: a gesture is dropped with its tab."""
        self._waiting.append(call)
        self._call_waiting()

    def note(self, document: Document, note: str) -> None:
        """Write behind the name of a document what its tab is for."""
        self._notes[document] = note
        self._name_tabs()

    def remove(self, document: Document) -> None:
        """Close a document's tab, without a question."""
        blocked = self.tabs.blockSignals(True)
        self._discard(self._index(document))
        self.tabs.blockSignals(blocked)
        self._follow_tab()

    def show_tab(self, document: Document) -> None:
        """Bring a document to the front."""
        self.tabs.setCurrentIndex(self._index(document))

    def show_page(self, page: QWidget, title: str) -> None:
        """Bring a page that is no photo to the front, in a tab of its own at the end where it has none yet."""
        if page not in self._pages:
            self._titles[page] = title
            holder = self._holders[page] = QScrollArea()  # a large page must not make the window larger
            holder.setWidgetResizable(True)
            holder.setFrameShape(QFrame.Shape.NoFrame)
            holder.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            holder.setWidget(page)
            blocked = self.tabs.blockSignals(True)
            self._insert(len(self._pages), page, self._close_button(page, title))
            self.tabs.blockSignals(blocked)
        self.tabs.setCurrentIndex(self._pages.index(page))
        self.name_page(page, title)
        self._follow_tab()

    def name_page(self, page: QWidget, title: str) -> None:
        """Write something else on the tab of a page; it need not have one."""
        if page in self._pages:
            self._titles[page] = title
            self._name_tabs()

    def take_page(self, page: QWidget) -> None:
        """Take the tab of a page away; the page stays."""
        index = self._pages.index(page)
        blocked = self.tabs.blockSignals(True)
        self._pages.pop(index)
        self.tabs.removeTab(index)
        holder = self._holders.pop(page)
        holder.takeWidget()
        holder.deleteLater()
        self.tabs.blockSignals(blocked)
        self._follow_tab()

    def close_front(self) -> None:
        """Ask for what is in front to be closed."""
        self._want_closed(self.tabs.currentIndex())

    def step(self, steps: int) -> None:
        """Bring the next tab to the front, or the one before; after the last comes the first."""
        if self._pages:
            self.tabs.setCurrentIndex((self.tabs.currentIndex() + steps) % len(self._pages))

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        """Close a tab that is clicked with the middle button."""
        if event.type() == QEvent.Type.MouseButtonRelease and event.button() == Qt.MouseButton.MiddleButton:  # type: ignore[attr-defined]
            index = self.tabs.tabAt(event.position().toPoint())  # type: ignore[attr-defined]
            self._want_closed(index)
        return False

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take pictures, and say what dropping them does."""
        self._show_promise(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Follow the keys that are held."""
        self._show_promise(event)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Say no more."""
        self.hint.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        """Hand them on."""
        self.hint.hide()
        _copy(event)
        self.dropped.emit(event.mimeData(), event.modifiers())

    def _show_promise(self, event: QDragMoveEvent) -> None:
        promise = self._promise(event.mimeData(), event.modifiers())
        if promise:
            keys = "" if self.canvas is None else tr("Shift: as a layer    Alt: as the mask")
            self.hint.show_promise(promise, keys)
            _copy(event)
        else:
            self.hint.hide()
            event.ignore()

    def _want_closed(self, index: int) -> None:
        if 0 <= index < len(self._pages):
            page = self._pages[index]
            self.close_wanted.emit(page.document if isinstance(page, Canvas) else page)

    def _index(self, document: Document) -> int:
        return next(at for at, page in enumerate(self._pages) if isinstance(page, Canvas) and page.document is document)

    def _insert(self, index: int, page: QWidget, button: QToolButton) -> None:
        self.area.addWidget(self._holders.get(page, page))
        self._pages.insert(index, page)
        self.tabs.insertTab(index, "")
        self.tabs.setTabButton(index, QTabBar.ButtonPosition.RightSide, button)

    def _discard(self, index: int) -> None:
        canvas = self._pages.pop(index)
        assert isinstance(canvas, Canvas)
        canvas.drop_gesture()
        document = canvas.document
        self._notes.pop(document, None)
        for signal in (document.modified_changed, document.path_changed):
            signal.disconnect(self._name_tabs)
        self.tabs.removeTab(index)
        self.area.removeWidget(canvas)
        canvas.deleteLater()
        self.closed.emit(document)

    def _follow_tab(self) -> None:
        page = self.page
        self.tabs.setVisible(bool(self._pages))
        for canvas in self.canvases:
            if canvas is not page:
                canvas.drop_gesture()
        self.area.setCurrentWidget(self._empty if page is None else self._holders.get(page, page))
        self.current_changed.emit(page.document if isinstance(page, Canvas) else None)
        self._look_again()

    def _look_again(self, *_: object) -> None:
        """Call what waits, where it need not wait longer; not in the middle of what has just ended."""
        if self._waiting:
            QTimer.singleShot(0, self, self._call_waiting)

    def _call_waiting(self) -> None:
        if self.canvas is not None and self.canvas.is_busy:
            return  # until its gesture has ended
        if self.canvas is not None and self.canvas.document.is_editing:
            self.canvas.document.after_edit(self._look_again)
            return
        waiting, self._waiting = self._waiting, []
        for call in waiting:
            call()

    def _follow_move(self, source: int, target: int) -> None:
        self._pages.insert(target, self._pages.pop(source))

    def _name_tabs(self, *_: object) -> None:
        """Write the names of all documents and pages on their tabs."""
        for index, page in enumerate(self._pages):
            document = page.document if isinstance(page, Canvas) else None
            name = self._titles[page] if document is None else title_of(document)
            name += f" – {self._notes[document]}" if document in self._notes else ""
            # An ampersand would underline what follows it.
            changed = CHANGED if document is not None and document.modified else ""
            self.tabs.setTabText(index, name.replace("&", "&&") + changed)
            self.tabs.setTabToolTip(index, str(name if document is None else document.path or name))

    def _close_button(self, closes: object, title: str) -> QToolButton:
        button = QToolButton()
        button.setProperty("kind", "close-tab")
        button.setIcon(themed_icon(self._theme, "close"))
        button.setToolTip(tr("Close"))
        button.setAccessibleName(tr("Close {name}", name=title))
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.clicked.connect(lambda: self.close_wanted.emit(closes))
        return button


class DocumentTabs(QTabBar):
    """Tabs that can be read however many there are: where the width is short, they are scrolled."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("documents")
        self.setExpanding(False)
        self.setMovable(True)
        self.setDrawBase(False)
        self.setElideMode(Qt.TextElideMode.ElideMiddle)  # the ends of names tell the pictures of a series apart
        self.setUsesScrollButtons(True)
        self.setAccessibleName(tr("Open photos"))

    def tabSizeHint(self, index: int) -> QSize:
        """Return the size of a name, unless it is a very long one."""
        hint = super().tabSizeHint(index)
        return QSize(min(hint.width(), WIDEST_TAB), hint.height())

    def minimumTabSizeHint(self, index: int) -> QSize:
        """Return the size of the name in front; that of the others is enough to know them by."""
        hint = self.tabSizeHint(index)
        return hint if index == self.currentIndex() else QSize(min(hint.width(), NARROWEST_TAB), hint.height())


def _copy(event: QDropEvent) -> None:
    """Accept a drop as a copy: a source that may move would delete its file."""
    event.setDropAction(Qt.DropAction.CopyAction)
    event.accept()
