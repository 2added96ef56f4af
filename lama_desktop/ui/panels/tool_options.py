"""ToolOptions: the bar above the photo: the tool in hand, its options, and the one prominent button."""

from itertools import pairwise

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QFont
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolBar, QWidget

from lama_desktop.options import Section
from lama_desktop.settings import Settings
from lama_desktop.tools.tool import Tool
from lama_desktop.ui.controls.scrolling import Strip
from lama_desktop.ui.form import Form
from lama_desktop.ui.sections import RemoveOptions
from lama_desktop.ui.text import keys_text, sentence, tr
from lama_desktop.ui.theme import PADDING, UNIT, Theme, weighted
from lama_desktop.ui.toolbelt import masks

BAR, HEIGHT, SPACE = 44, 30, 20


class ToolOptions(QToolBar):
    """What the tool in hand can be told, and Remove, which is always to be seen.

    Args:
        remove: the action of the prominent button.
        settings: whether to fill after each stroke.
        theme: for the arrows where the bar is narrow.

    Signals:
        changed: the tool has other options: the tool.
    """

    changed = Signal(object)

    def __init__(self, remove: QAction, settings: Settings, theme: Theme) -> None:
        super().__init__(tr("Tool options"))
        self.setObjectName("options")
        self._tool: Tool | None = None
        self._form: Form | None = None
        self._title = QLabel()
        self._title.setProperty("kind", "title")
        self._filling = Form(settings[RemoveOptions], only=["after_stroke"], compact=True)
        self._filling.changed.connect(settings.put)
        settings.tell(self._filling.follow)
        self.after_stroke = self._filling.editor("after_stroke")
        self._remove = RemoveButton(remove)
        controls, holder = QWidget(), QWidget()
        self._row = QHBoxLayout(controls)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(SPACE)
        self._row.addWidget(self._filling)
        self._row.addStretch(1)
        row = QHBoxLayout(holder)
        row.setContentsMargins(PADDING, 0, PADDING, 0)
        row.setSpacing(SPACE)
        row.addWidget(self._title)
        row.addWidget(Strip(controls, theme), 1)
        row.addWidget(self._remove)
        holder.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.addWidget(holder)
        self.setMovable(False)
        self.setFixedHeight(BAR)

    def show_tool(self, tool: Tool) -> None:
        """Show another tool's options."""
        self._tool = tool
        self._title.setText(tr(tool.title))
        self._filling.setVisible(masks(tool))
        self._title.setToolTip(sentence(tr(tool.hint)))
        if self._form is not None:
            self._row.removeWidget(self._form)
            self._form.hide()  # until the event loop deletes it
            self._form.deleteLater()
        self._form = Form(tool.options, compact=True)
        self._form.changed.connect(self._take)
        self._row.insertWidget(0, self._form)
        # The keyboard goes from left to right, though the form is younger than what is on the right of it.
        fields = [each for each in self._form.findChildren(QWidget) if _takes_keys(each)]
        for first, second in pairwise([*fields, self.after_stroke, self._remove]):
            self.setTabOrder(first, second)

    def refresh(self) -> None:
        """Show the options of the tool as they are, after keys or a drag have changed them."""
        if self._form is not None and self._tool is not None and self._form.values is not self._tool.options:
            self._form.values = self._tool.options

    def _take(self, values: Section) -> None:
        assert self._tool is not None
        self._tool.options = values
        self.changed.emit(self._tool)


def _takes_keys(widget: QWidget) -> bool:
    """Tell whether the Tab key stops at a widget; the lists of combo boxes are windows of their own."""
    stops = widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.focusProxy() is None
    return bool(stops) and widget.window().windowType() is not Qt.WindowType.Popup


class RemoveButton(QPushButton):
    """The action's name, and its first key in a lighter weight."""

    def __init__(self, action: QAction) -> None:
        super().__init__()
        self.setProperty("kind", "primary")
        self._action = action
        self._name, self._key = QLabel(), QLabel()
        self._name.setFont(weighted(self.font(), QFont.Weight.DemiBold))
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(4 * UNIT, 0, 4 * UNIT, 0)
        row.setSpacing(2 * UNIT)
        for label in (self._name, self._key):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            label.setProperty("kind", "on-action")
            row.addWidget(label)
        self.clicked.connect(action.trigger)
        action.changed.connect(self._follow)
        self._follow()

    def sizeHint(self) -> QSize:
        """Return the size of both texts."""
        return QSize(self._row.sizeHint().width(), HEIGHT)

    def _follow(self) -> None:
        """Look like the action."""
        action = self._action
        self._name.setText(action.iconText())
        self._key.setText(keys_text(action.shortcut()))
        self.setAccessibleName(action.iconText())
        self.setToolTip(action.toolTip())
        self.setEnabled(action.isEnabled())
        self.updateGeometry()
