"""Form: a section of declared options, to be seen and changed.

Every field of the section becomes a row: a switch, a slider with a number, a few choices side by side, a list, a line
of text. Titles, help, ranges and units are those of the declaration; nothing about an option is said here.
"""

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPalette, QPixmap
from PySide6.QtWidgets import QColorDialog, QGridLayout, QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from lama_desktop import options
from lama_desktop.options import Option, Section
from lama_desktop.ui.controls.anchor import AnchorField
from lama_desktop.ui.controls.choices import Choice, Segments, Switch
from lama_desktop.ui.controls.numbers import NumberField, Scale, SliderField
from lama_desktop.ui.text import sentence, tr
from lama_desktop.ui.theme import GAP, PANEL_ROW, UNIT

T = TypeVar("T", bound=Section)

SEGMENTS = 3
"""Up to so many choices are shown side by side."""
NAMES = ("cpu", "cuda", "mps")
"""Choices that are names, and so have no small letters."""
_SPACE, SWATCH = 20, 16


class Editor(Protocol):
    """A control for one option."""

    changed: Any
    value: Any


class TextField(QLineEdit):
    """A line of text.

    Signals:
        changed: the text, when it is complete.
    """

    changed = Signal(object)

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.editingFinished.connect(lambda: self.changed.emit(self.text()))

    @property
    def value(self) -> str:
        """The text."""
        return self.text()

    @value.setter
    def value(self, text: str) -> None:
        """Show a text without a signal."""
        self.setText(text)


class ColorField(QPushButton):
    """A colour, as "#rrggbb", shown by a button that opens the colours of the system.

    Signals:
        changed: the colour that was chosen.
    """

    changed = Signal(object)

    def __init__(self, color: str) -> None:
        super().__init__()
        self.setIconSize(QSize(SWATCH, SWATCH))
        self.value = color
        self.clicked.connect(self._ask)

    @property
    def value(self) -> str:
        """The colour."""
        return self.text()

    @value.setter
    def value(self, color: str) -> None:
        """Show a colour without a signal."""
        self.setText(color)
        swatch = QPixmap(SWATCH, SWATCH)
        swatch.fill(QColor(color if is_color(color) else "#000000"))
        self.setIcon(QIcon(swatch))

    def _ask(self) -> None:
        chosen = QColorDialog.getColor(QColor(self.value), self, self.accessibleName())
        if chosen.isValid() and chosen.name() != self.value:
            self.value = chosen.name()
            self.changed.emit(self.value)


class CompactNumber(NumberField):
    """A number without a slider: in the bar of tool options, and where there is no range."""

    def __init__(self, option: Option) -> None:
        super().__init__(Scale(option))

    @property  # type: ignore[override]
    def value(self) -> float | int:
        """The number."""
        return self.number

    @value.setter
    def value(self, value: float) -> None:
        """Show a number without a signal."""
        self.show_value(value)


class Form(QWidget):
    """Rows of controls for a section of options.

    Args:
        values: what is shown at first.
        only: names of the options to show, in this order; all of them by default.
        editors: controls for options that no usual one fits, by their names; each is an Editor.
        compact: in one line with small fields, as in the bar of tool options.

    Signals:
        changed: a new section with the changed value, on every step.
    """

    changed = Signal(object)

    def __init__(
        self,
        values: Section,
        *,
        only: Sequence[str] | None = None,
        editors: Mapping[str, QWidget] | None = None,
        compact: bool = False,
    ) -> None:
        super().__init__()
        self._values = values
        self._editors: dict[str, QWidget] = {}
        self._labels: dict[str, QLabel] = {}
        known = {each.name: each for each in options.options_of(type(values))}
        shown = [known[name] for name in (known if only is None else only)]
        self._lay_out(shown, editors or {}, compact)
        self.values = values

    @property
    def values(self) -> Section:
        """The section as it is shown."""
        return self._values

    @values.setter
    def values(self, values: Section) -> None:
        """Show other values of the same section without a signal."""
        self._values = values
        for name, editor in self._editors.items():
            editor.value = getattr(values, name)  # type: ignore[attr-defined]

    def follow(self, section: Section) -> None:
        """Show a section where it is of the kind that is shown here, as `values` does."""
        if isinstance(section, type(self._values)):
            self.values = section

    def restore(self) -> None:
        """Take the defaults of the options that are shown, and of no others."""
        self._change({name: self._option(name).default for name in self._editors})
        self.values = self._values

    def editor(self, name: str) -> QWidget:
        """Return the control of an option."""
        return self._editors[name]

    def set_label_width(self, width: int) -> None:
        """Make the column of titles so wide, to line up with other forms."""
        layout = self.layout()
        assert isinstance(layout, QGridLayout)
        layout.setColumnMinimumWidth(0, width)

    def enable(self, names: Collection[str], enabled: bool) -> None:
        """Let those of the options that are shown be changed, or show that they have no effect now."""
        for name in self._editors.keys() & set(names):
            self._editors[name].setEnabled(enabled)
            self._labels[name].setEnabled(enabled)

    def show_row(self, name: str, shown: bool) -> None:
        """Show the row of an option, or leave it out for now."""
        layout = self.layout()
        assert isinstance(layout, QGridLayout)
        for row in range(layout.rowCount()):
            cells = [item.widget() for column in (0, 1) if (item := layout.itemAtPosition(row, column)) is not None]
            if self._editors[name] in cells:
                layout.setRowMinimumHeight(row, PANEL_ROW if shown else 0)
                for widget in cells:
                    if widget is not None:
                        widget.setVisible(shown)

    def add_below(self, name: str, widget: QWidget) -> None:
        """Show something right under the control of an option; not in a compact form."""
        layout = self.layout()
        assert isinstance(layout, QGridLayout)
        layout.addWidget(widget, 2 * list(self._editors).index(name) + 1, 1)

    def limit(self, name: str, choices: Collection[str]) -> None:
        """Offer only some choices of an enumeration that drops down; its own value stays."""
        editor, option = self._editors[name], self._option(name)
        assert isinstance(editor, Choice)
        kept = [each for each in option.choices if each in choices or each == getattr(self._values, name)]
        editor.offer([(option.kind(each), choice_title(each)) for each in kept])

    def _option(self, name: str) -> Option:
        return next(each for each in options.options_of(type(self._values)) if each.name == name)

    def _lay_out(self, shown: Sequence[Option], own: Mapping[str, QWidget], compact: bool) -> None:
        line, grid = QHBoxLayout(), QGridLayout()
        grid.setHorizontalSpacing(GAP + UNIT)
        grid.setVerticalSpacing(0)
        grid.setColumnStretch(1, 1)
        line.setSpacing(GAP)
        for layout in (line, grid):
            layout.setContentsMargins(0, 0, 0, 0)
        for row, option in enumerate(shown):
            label, editor = QLabel(tr(option.title)), own.get(option.name) or editor_for(option, compact)
            label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
            label.setBuddy(editor)
            for widget in (label, editor):
                widget.setToolTip(sentence(tr(option.help)))
            editor.setAccessibleName(tr(option.title))
            editor.setAccessibleDescription(sentence(tr(option.help)))
            editor.changed.connect(lambda value, name=option.name: self._change({name: value}))  # type: ignore[attr-defined]
            self._editors[option.name], self._labels[option.name] = editor, label
            if compact:
                line.addSpacing(_SPACE - GAP if row else 0)
                line.addWidget(label)
                line.addWidget(editor)
            else:
                place = 2 * row  # with room for what is added below
                grid.addWidget(label, place, 0)
                narrow = isinstance(editor, Switch | CompactNumber | AnchorField)
                side = Qt.AlignmentFlag.AlignRight if narrow else Qt.AlignmentFlag(0)
                grid.addWidget(editor, place, 1, Qt.AlignmentFlag.AlignVCenter | side)
                grid.setRowMinimumHeight(place, PANEL_ROW)
        numbers = [each for each in self._editors.values() if isinstance(each, CompactNumber)]
        if compact:
            line.addStretch(1)
        else:  # in a column both ends of the fields stand below each other
            for each in numbers:
                each.setMinimumWidth(max(other.sizeHint().width() for other in numbers))
        self.setLayout(line if compact else grid)

    def _change(self, changes: dict[str, object]) -> None:
        self._values = options.from_dict(type(self._values), options.to_dict(self._values) | changes)
        self.changed.emit(self._values)


def editor_for(option: Option, compact: bool = False) -> QWidget:
    """Return the control that fits an option; it is an Editor."""
    if option.kind is bool:
        return Switch(option.default)
    if issubclass(option.kind, StrEnum):
        choices = [(option.kind(each), choice_title(each)) for each in option.choices]
        return Choice(choices) if len(choices) > SEGMENTS else Segments(choices)
    if option.kind in (int, float):
        ranged = option.low is not None and option.high is not None
        return SliderField(option) if ranged and not compact else CompactNumber(option)
    return ColorField(option.default) if is_color(option.default) else TextField(option.default)


def is_color(text: str) -> bool:
    """Tell whether a text is a colour, as "#rrggbb"."""
    return len(text) == 7 and text.startswith("#") and QColor.isValidColorName(text)


def choice_title(choice: str) -> str:
    """Return what a value of an enumeration is called in the window."""
    return choice.upper() if choice in NAMES else tr(choice[:1].upper() + choice[1:].replace("-", " "))
