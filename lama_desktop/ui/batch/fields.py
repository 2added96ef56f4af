"""Fields of the batch's settings that are a choice and, for some of its answers, a folder or a file."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QVBoxLayout, QWidget

from lama_desktop.batch.order import MaskRule
from lama_desktop.ui.controls.choices import Choice
from lama_desktop.ui.icons import themed_icon
from lama_desktop.ui.prompts import Prompts
from lama_desktop.ui.text import tr
from lama_desktop.ui.theme import UNIT, Theme

BESIDE, IN_FOLDER, IN_PLACE = "beside", "folder", "in place"
"""Where results go."""
Ask = Callable[[], Path | None]


class PathChoice(QWidget):
    """A list that drops down, and below it the path that belongs to what is chosen; a click on that asks for another.

    Args:
        choices: a value and its title each.
        asks: for the values that need a path, what asks for one.
        theme: for the icon.

    Signals:
        picked: what was chosen, and its path or None.
    """

    picked = Signal(object, object)

    def __init__(self, choices: Sequence[tuple[str, str]], asks: dict[str, Ask], theme: Theme) -> None:
        super().__init__()
        self._asks = asks
        self.choice, self.button = Choice(choices), _PathButton(theme)
        self._path: Path | None = None
        self._shown: object = choices[0][0]
        column = QVBoxLayout(self)
        column.setContentsMargins(0, UNIT, 0, UNIT)
        column.setSpacing(UNIT)
        column.addWidget(self.choice)
        column.addWidget(self.button)
        self.setFocusProxy(self.choice)
        self.choice.changed.connect(self._choose)
        self.button.clicked.connect(lambda: self._choose(self.choice.value))
        self.show_choice(str(self._shown), None)

    def show_choice(self, value: str, path: Path | None) -> None:
        """Show what is chosen, without a signal."""
        self._shown, self._path = value, path
        self.choice.value = value
        self.button.show_path(path)
        self.button.setVisible(path is not None)

    def _choose(self, value: object) -> None:
        ask = self._asks.get(str(value))
        path = None if ask is None else ask()
        if ask is not None and path is None:  # the person changed their mind
            self.choice.value = self._shown
            return
        self.show_choice(str(value), path)
        self.picked.emit(value, path)

    def setAccessibleName(self, name: str) -> None:
        """Name both halves for screen readers."""
        super().setAccessibleName(name)
        self.choice.setAccessibleName(name)
        self.button.setAccessibleName(tr("{name}: choose another", name=name))


class MasksField(PathChoice):
    """Where masks come from, as `BatchOptions.masks` has it: a word, or the path of a folder or a file.

    Signals:
        changed: that text.
    """

    changed = Signal(object)

    def __init__(self, prompts: Callable[[], Prompts], theme: Theme) -> None:
        titles = {
            MaskRule.BESIDE: tr("Beside the photos"),
            MaskRule.FOLDER: tr("In a folder…"),
            MaskRule.FILE: tr("One for all…"),
            MaskRule.ALPHA: tr("What is transparent"),
            MaskRule.COLOR: tr("What has a colour"),
        }
        asks: dict[str, Ask] = {
            MaskRule.FOLDER: lambda: prompts().open_folder(tr("Folder of masks"), "masks"),
            MaskRule.FILE: lambda: prompts().open_file(tr("Mask for all photos"), "mask"),
        }
        super().__init__([(str(rule), title) for rule, title in titles.items()], asks, theme)
        self.picked.connect(lambda rule, path: self.changed.emit(str(path or rule)))

    @property
    def value(self) -> str:
        """The word, or the path."""
        return str(self._path or self._shown)

    @value.setter
    def value(self, text: str) -> None:
        """Show another one without a signal."""
        if text in (MaskRule.BESIDE, MaskRule.ALPHA, MaskRule.COLOR):
            self.show_choice(text, None)
        else:
            self.show_choice(MaskRule.FOLDER if Path(text).is_dir() else MaskRule.FILE, Path(text))


class OutputField(PathChoice):
    """Where results go: beside the photos, into a folder, or in the place of the photos.

    Signals:
        changed: the folder or None, and whether the photos are replaced.
    """

    changed = Signal(object, bool)

    def __init__(self, prompts: Callable[[], Prompts], theme: Theme) -> None:
        choices = [
            (BESIDE, tr("Beside the photos")),
            (IN_FOLDER, tr("In a folder…")),
            (IN_PLACE, tr("In place of the photos")),
        ]
        ask: Ask = lambda: prompts().open_folder(tr("Folder of results"), "results")  # noqa: E731
        super().__init__(choices, {IN_FOLDER: ask}, theme)
        self.setAccessibleName(tr("Save"))
        self.picked.connect(lambda value, path: self.changed.emit(path, value == IN_PLACE))

    def show_output(self, folder: Path | None, in_place: bool) -> None:
        """Show where results go, without a signal."""
        self.show_choice(IN_PLACE if in_place else BESIDE if folder is None else IN_FOLDER, folder)


class _PathButton(QPushButton):
    """A path, shortened in its middle to the width there is."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("kind", "path")
        self.setIcon(themed_icon(theme, "folder"))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._path = ""

    def show_path(self, path: Path | None) -> None:
        """Show a path, all of it as a tooltip."""
        self._path = str(path or "")
        self.setToolTip(self._path)
        self._shorten()

    def sizeHint(self) -> QSize:
        """Return the height of a field."""
        return QSize(80, 26)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show more or less of it."""
        super().resizeEvent(event)
        self._shorten()

    def changeEvent(self, event: QEvent) -> None:
        """Measure anew with another font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._shorten()

    def _shorten(self) -> None:
        room = self.width() - self.iconSize().width() - 7 * UNIT
        text = self.fontMetrics().elidedText(self._path, Qt.TextElideMode.ElideMiddle, max(room, 0))
        self.setText(text.replace("&", "&&"))
