"""Panel: a dock with a quiet title row: a name on the left, what belongs to it on the right."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from lama_desktop.core.document import Document
from lama_desktop.ui.text import tr
from lama_desktop.ui.theme import GAP, PADDING, PANEL_ROW

WIDTH = 308
"""Of the docks when the window is new."""
FRAME = 1
"""Of a panel that floats."""


class Panel(QDockWidget):
    """A dock that can be moved, tabbed and closed.

    Subclasses fill `body` and override `show_document`.

    Args:
        id: under which its place is remembered.
        title: shown, translated.
    """

    def __init__(self, id: str, title: str) -> None:
        super().__init__(title)
        self.setObjectName(id)
        self.heading = PanelHeading(title)
        self.setTitleBarWidget(self.heading)
        self.heading.close_button.clicked.connect(self.close)
        self.topLevelChanged.connect(self._float)
        content = QWidget()
        self.body = QVBoxLayout(content)
        self.body.setContentsMargins(0, 0, 0, GAP)
        self.body.setSpacing(0)
        self.setWidget(content)
        self.setAllowedAreas(Qt.DockWidgetArea.LeftDockWidgetArea | Qt.DockWidgetArea.RightDockWidgetArea)

    def show_document(self, document: Document | None) -> None:
        """Called when another document comes to the front; None when there is none."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the frame of a panel that floats, which the system does not give one with a title row of its own."""
        super().paintEvent(event)
        if self.isFloating():
            QPainter(self).fillRect(self.rect(), self.palette().color(QPalette.ColorRole.Mid))

    def _float(self, floating: bool) -> None:
        margin = FRAME if floating else 0
        self.setContentsMargins(margin, margin, margin, margin)
        self.heading.close_button.setVisible(floating)


class PanelHeading(QWidget):
    """The title row of a panel; dragging it moves the panel."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)  # over the frame of a panel that floats
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(PADDING, 0, PADDING, 0)
        self._row.setSpacing(GAP)
        label = QLabel(title)
        label.setProperty("kind", "title")
        self._row.addWidget(label)
        self._row.addStretch(1)
        self.note = QLabel()
        self.note.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._row.addWidget(self.note)
        self.close_button = QToolButton()  # for a panel that floats, and so has no place to be dragged out of sight
        self.close_button.setText("✕")
        self.close_button.setProperty("kind", "close-tab")
        self.close_button.setToolTip(tr("Close"))
        self.close_button.setAccessibleName(tr("Close {panel}", panel=title))
        self.close_button.hide()
        self._row.addWidget(self.close_button)

    def add(self, widget: QWidget) -> None:
        """Put a control at the right end."""
        self._row.insertWidget(self._row.count() - 1, widget)

    def sizeHint(self) -> QSize:
        """Return the height of a row."""
        return QSize(super().sizeHint().width(), PANEL_ROW + 4)

    def minimumSizeHint(self) -> QSize:
        """Return the same: a title row is never lower."""
        return QSize(0, PANEL_ROW + 4)
