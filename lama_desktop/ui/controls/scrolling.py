"""Scrolling: a column and a row of controls that may get less room than they need, and lose none of it."""

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QIcon, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QToolButton, QWidget

from lama_desktop.ui.icons import themed_icon
from lama_desktop.ui.text import tr
from lama_desktop.ui.theme import Theme

LOWEST, NARROWEST = 64, 120
"""Height of a column and width of a strip below which they are of no use."""
ARROW = 28


class _Scrolled(QScrollArea):
    """Controls without a frame; asks for another size when they do."""

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self._content = content
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(content)
        for each in (content, self.viewport()):  # what is behind is seen
            each.setAutoFillBackground(False)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Tell when the content wants another size."""
        if watched is self._content and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)


class Column(_Scrolled):
    """Controls one below the other, scrolled where the height is short; never narrower than they and the bar are."""

    def sizeHint(self) -> QSize:
        """Return the size at which nothing has to be scrolled."""
        return QSize(self.minimumSizeHint().width(), self._content.sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """Return the width of the content beside the bar, at a height that can still be used."""
        bar = self.verticalScrollBar().sizeHint().width()
        return QSize(self._content.minimumSizeHint().width() + bar, LOWEST)


class Strip(_Scrolled):
    """Controls side by side; where the width is short, the wheel, the Tab key and arrows at the ends move them.

    Args:
        content: the controls.
        theme: for the arrows.
    """

    def __init__(self, content: QWidget, theme: Theme) -> None:
        super().__init__(content)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.back = self._arrow(themed_icon(theme, "chevron-left"), tr("More on the left"), -1)
        self.onward = self._arrow(themed_icon(theme, "chevron-right"), tr("More on the right"), 1)
        bar = self.horizontalScrollBar()
        bar.valueChanged.connect(self._show_arrows)
        bar.rangeChanged.connect(self._show_arrows)
        self._show_arrows()

    def sizeHint(self) -> QSize:
        """Return the size at which nothing has to be moved."""
        return self._content.sizeHint()

    def minimumSizeHint(self) -> QSize:
        """Return the room of a control or two."""
        return QSize(NARROWEST, self._content.minimumSizeHint().height())

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Move the controls."""
        turned, bar = event.angleDelta(), self.horizontalScrollBar()
        bar.setValue(bar.value() - (turned.y() or turned.x()))
        event.accept()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the arrows at the ends."""
        super().resizeEvent(event)
        for arrow, left in ((self.back, 0), (self.onward, self.width() - ARROW)):
            arrow.setGeometry(left, 0, ARROW, self.height())

    def _arrow(self, icon: QIcon, name: str, direction: int) -> QToolButton:
        arrow, bar = QToolButton(self), self.horizontalScrollBar()
        arrow.setIcon(icon)
        arrow.setProperty("kind", "strip-arrow")
        arrow.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        arrow.setAutoRepeat(True)
        arrow.setToolTip(name)
        arrow.setAccessibleName(name)
        arrow.clicked.connect(lambda: bar.setValue(bar.value() + direction * self.width() // 2))
        return arrow

    def _show_arrows(self, *_: int) -> None:
        bar = self.horizontalScrollBar()
        self.back.setVisible(bar.value() > bar.minimum())
        self.onward.setVisible(bar.value() < bar.maximum())
