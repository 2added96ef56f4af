"""New and size: dialogs of a few declared numbers: a new picture, scale, canvas size, angle, mask operations."""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from PySide6.QtWidgets import QDialog, QGridLayout, QToolButton, QWidget

from lama_desktop.core.geometry import Rect
from lama_desktop.core.photo import Photo
from lama_desktop.formats import pixel_budget
from lama_desktop.options import Section, option
from lama_desktop.ui.dialogs.page import Page, note
from lama_desktop.ui.form import Form
from lama_desktop.ui.text import sentence, tr

LONGEST = 30000


class Depth(StrEnum):
    """Bits per channel."""

    EIGHT = "8"
    SIXTEEN = "16"


class Ground(StrEnum):
    """What a new picture is filled with."""

    WHITE = "white"
    BLACK = "black"
    CLEAR = "transparent"


@dataclass(frozen=True)
class NewPicture:
    """A new picture."""

    width: int = option(1920, "Width", "pixels from left to right", low=1, high=LONGEST, unit="px")
    height: int = option(1080, "Height", "pixels from top to bottom", low=1, high=LONGEST, unit="px")
    depth: Depth = option(Depth.EIGHT, "Depth", "bits per channel")
    ground: Ground = option(Ground.WHITE, "Filled with", "what it is filled with")


@dataclass(frozen=True)
class Size:
    """A size."""

    width: int = option(1, "Width", "pixels from left to right", low=1, high=LONGEST, unit="px")
    height: int = option(1, "Height", "pixels from top to bottom", low=1, high=LONGEST, unit="px")


@dataclass(frozen=True)
class Angle:
    """An angle."""

    degrees: float = option(0.0, "Angle", "clockwise; the frame grows to hold all of the picture", low=-180, high=180,
                            unit="°")  # fmt: skip


@dataclass(frozen=True)
class Radius:
    """How far a change of the mask reaches."""

    radius: int = option(8, "By", "how far it reaches", low=1, high=500, unit="px")


class FormPage(Page):
    """A dialog around a form.

    Args:
        parent: the window.
        title: of the window, translated.
        values: what is shown at first.
        accept: what the button says, translated.
    """

    def __init__(self, parent: QWidget | None, title: str, values: Section, accept: str) -> None:
        super().__init__(parent, title)
        self.form = Form(values)
        self.form.setMinimumWidth(360)
        self.problem = note()
        self.body.addWidget(self.form)
        self.body.addWidget(self.problem)
        self.accept_button = self.add_buttons(accept, tr("Cancel"))

    def say(self, problem: str) -> None:
        """Say why the values cannot be used; empty when they can."""
        self.problem.setText(problem)
        self.accept_button.setEnabled(not problem)

    @property
    def accepted_values(self) -> Section | None:
        """Run the dialog; return the values, or None where the user changed their mind."""
        return self.form.values if self.exec() == QDialog.DialogCode.Accepted else None


class SizePage(FormPage):
    """Asks for a size; the sides keep their proportion as long as they are linked.

    Args:
        parent: the window.
        title: of the window, translated.
        size: of now.
        linked: whether the sides follow each other at first.
    """

    def __init__(self, parent: QWidget | None, title: str, size: tuple[int, int], linked: bool) -> None:
        super().__init__(parent, title, Size(*size), tr("Apply"))
        self._ratio, self._before = size[0] / size[1], Size(*size)
        self.link = QToolButton()
        self.link.setCheckable(True)
        self.link.setChecked(linked)
        self.link.setText(tr("Keep the proportions"))
        self.link.setProperty("kind", "segment")
        self.body.insertWidget(1, self.link)
        self.form.changed.connect(self._follow)

    def _follow(self, size: Size) -> None:
        if self.link.isChecked():
            if size.width != self._before.width:
                size = replace(size, height=min(max(1, round(size.width / self._ratio)), LONGEST))
            else:
                size = replace(size, width=min(max(1, round(size.height * self._ratio)), LONGEST))
            self.form.values = size
        self._before = size
        self.say(too_large(size.width, size.height))


class NewPage(FormPage):
    """Asks what a new picture should be like."""

    def __init__(self, parent: QWidget | None, values: NewPicture) -> None:
        super().__init__(parent, tr("New picture"), values, tr("Create"))
        self.form.changed.connect(lambda new: self.say(too_large(new.width, new.height)))


class CanvasPage(SizePage):
    """Asks for another frame, and which part of the picture stays where it is."""

    ANCHORS = tuple((x, y) for y in (0, 1, 2) for x in (0, 1, 2))

    def __init__(self, parent: QWidget | None, size: tuple[int, int]) -> None:
        super().__init__(parent, tr("Canvas size"), size, linked=False)
        self._size, self.anchor = size, (1, 1)
        names = ("top left", "top", "top right", "left", "middle", "right", "bottom left", "bottom", "bottom right")
        holder = QWidget()
        grid = QGridLayout(holder)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(2)
        for anchor, name in zip(self.ANCHORS, names, strict=True):
            button = QToolButton()
            button.setCheckable(True)
            button.setAutoExclusive(True)
            button.setFixedSize(28, 28)
            button.setChecked(anchor == self.anchor)
            button.setProperty("kind", "segment")
            button.setText("•")
            button.setAccessibleName(tr(name))
            button.setToolTip(sentence(tr("keep the {place} in place", place=tr(name))))
            button.toggled.connect(lambda on, anchor=anchor: self._hold(anchor) if on else None)
            grid.addWidget(button, anchor[1], anchor[0])
        grid.setColumnStretch(3, 1)
        self.body.insertWidget(2, holder)

    @property
    def frame(self) -> Rect:
        """The new frame, in pixels of the old."""
        values = self.form.values
        assert isinstance(values, Size)
        left = (self._size[0] - values.width) * self.anchor[0] // 2
        top = (self._size[1] - values.height) * self.anchor[1] // 2
        return Rect(left, top, left + values.width, top + values.height)

    def _hold(self, anchor: tuple[int, int]) -> None:
        self.anchor = anchor


def too_large(width: int, height: int) -> str:
    """Return why a picture of this size cannot be made; empty where it can."""
    if width * height <= pixel_budget():
        return ""
    limit = pixel_budget() / 1e6
    return tr("{here:.0f} megapixels are more than fit here ({limit:.0f}).", here=width * height / 1e6, limit=limit)


def new_photo(new: NewPicture) -> Photo:
    """Return the picture that was asked for."""
    dtype, full = (np.uint8, 255) if new.depth is Depth.EIGHT else (np.uint16, 65535)
    clear = new.ground is Ground.CLEAR
    value = (0, 0, 0, 0)[: 3 + clear] if new.ground is not Ground.WHITE else (full,) * 3
    return Photo(np.full((new.height, new.width, 3 + clear), value, dtype), has_alpha=clear)
