"""Workspace: the photos that are open, one tab each, or the empty state; the middle of the window."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QMimeData, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QStackedWidget, QTabBar, QToolButton, QVBoxLayout, QWidget

from lama_desktop.core.document import Document
from lama_desktop.ui.canvas.canvas import Canvas
from lama_desktop.ui.files import title_of
from lama_desktop.ui.icons import themed_icon
from lama_desktop.ui.text import tr
from lama_desktop.ui.theme import Theme

CHANGED = " •"
"""Behind the name of a photo that has changes in no file."""


class Workspace(QWidget):
    """Owns the canvases.

    Args:
        make_canvas: makes the canvas of a document.
        empty: shown where no photo is open.
        takes: tells whether a drag holds anything that can be dropped.
        theme: for the close buttons.

    Signals:
        current_changed: another document is in front, or none.
        closed: a document is open no more.
        close_wanted: the user wants a document to be closed.
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
        takes: Callable[[QMimeData], bool],
        theme: Theme,
    ) -> None:
        super().__init__()
        self._make_canvas, self._takes, self._theme = make_canvas, takes, theme
        self._empty = empty
        self._canvases: list[Canvas] = []
        self.tabs = QTabBar()
        self.tabs.setObjectName("documents")
        self.tabs.setExpanding(False)
        self.tabs.setMovable(True)
        self.tabs.setDrawBase(False)
        self.tabs.setElideMode(Qt.TextElideMode.ElideMiddle)
        self.tabs.setUsesScrollButtons(True)
        self.tabs.setAccessibleName(tr("Open photos"))
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
        self.setAcceptDrops(True)

    @property
    def documents(self) -> tuple[Document, ...]:
        """The open documents, in the order of their tabs."""
        return tuple(canvas.document for canvas in self._canvases)

    @property
    def canvases(self) -> tuple[Canvas, ...]:
        """Their canvases, in the same order."""
        return tuple(self._canvases)

    @property
    def canvas(self) -> Canvas | None:
        """The one in front; None where no photo is open."""
        index = self.tabs.currentIndex()
        return self._canvases[index] if 0 <= index < len(self._canvases) else None

    def canvas_of(self, document: Document) -> Canvas | None:
        """Return the canvas of a document; None where it is not open."""
        return next((canvas for canvas in self._canvases if canvas.document is document), None)

    def add(self, document: Document, instead_of: Document | None = None) -> None:
        """Show a document in a tab of its own at the end, or in that of another, which goes."""
        canvas = self._make_canvas(document)
        index = len(self._canvases) if instead_of is None else self.documents.index(instead_of)
        self.area.addWidget(canvas)
        self._canvases.insert(index, canvas)
        blocked = self.tabs.blockSignals(True)
        self.tabs.insertTab(index, "")
        self.tabs.setTabButton(index, QTabBar.ButtonPosition.RightSide, self._close_button(document))
        if instead_of is not None:
            self._discard(index + 1)
        self.tabs.setCurrentIndex(index)
        self.tabs.blockSignals(blocked)
        for signal in (document.modified_changed, document.path_changed):
            signal.connect(self._name_tabs)
        self._name_tabs()
        self._follow_tab()
        canvas.setFocus()

    def remove(self, document: Document) -> None:
        """Close a document's tab, without a question."""
        blocked = self.tabs.blockSignals(True)
        self._discard(self.documents.index(document))
        self.tabs.blockSignals(blocked)
        self._follow_tab()

    def show_tab(self, document: Document) -> None:
        """Bring a document to the front."""
        self.tabs.setCurrentIndex(self.documents.index(document))

    def step(self, steps: int) -> None:
        """Bring the next document to the front, or the one before; after the last comes the first."""
        if self._canvases:
            self.tabs.setCurrentIndex((self.tabs.currentIndex() + steps) % len(self._canvases))

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        """Close a tab that is clicked with the middle button."""
        if event.type() == QEvent.Type.MouseButtonRelease and event.button() == Qt.MouseButton.MiddleButton:  # type: ignore[attr-defined]
            index = self.tabs.tabAt(event.position().toPoint())  # type: ignore[attr-defined]
            if index >= 0:
                self.close_wanted.emit(self._canvases[index].document)
        return False

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take pictures."""
        if self._takes(event.mimeData()):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Take them everywhere."""
        event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Hand them on."""
        event.acceptProposedAction()
        self.dropped.emit(event.mimeData(), event.modifiers())

    def _discard(self, index: int) -> None:
        canvas = self._canvases.pop(index)
        canvas.drop_gesture()
        document = canvas.document
        for signal in (document.modified_changed, document.path_changed):
            signal.disconnect(self._name_tabs)
        self.tabs.removeTab(index)
        self.area.removeWidget(canvas)
        canvas.deleteLater()
        self.closed.emit(document)

    def _follow_tab(self) -> None:
        canvas = self.canvas
        self.tabs.setVisible(bool(self._canvases))
        for other in self._canvases:
            if other is not canvas:
                other.drop_gesture()
        self.area.setCurrentWidget(self._empty if canvas is None else canvas)
        self.current_changed.emit(None if canvas is None else canvas.document)

    def _follow_move(self, source: int, target: int) -> None:
        self._canvases.insert(target, self._canvases.pop(source))

    def _name_tabs(self, *_: object) -> None:
        """Write the names of all documents on their tabs."""
        for index, document in enumerate(self.documents):
            # An ampersand would underline what follows it.
            name = title_of(document).replace("&", "&&")
            self.tabs.setTabText(index, name + (CHANGED if document.modified else ""))
            self.tabs.setTabToolTip(index, str(document.path or name))

    def _close_button(self, document: Document) -> QToolButton:
        button = QToolButton()
        button.setProperty("kind", "close-tab")
        button.setIcon(themed_icon(self._theme, "close"))
        button.setToolTip(tr("Close"))
        button.setAccessibleName(tr("Close {name}", name=title_of(document)))
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.clicked.connect(lambda: self.close_wanted.emit(document))
        return button
