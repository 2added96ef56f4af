"""New and size: dialogs of a few declared numbers: a new picture, scale, canvas size, angle, mask operations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from PySide6.QtWidgets import QDialog, QWidget

from lama_desktop.core.geometry import Rect
from lama_desktop.core.photo import Photo
from lama_desktop.formats import pixel_budget
from lama_desktop.options import Section, option, options_of
from lama_desktop.ui.controls.anchor import Anchor, AnchorField
from lama_desktop.ui.dialogs.page import Page, note
from lama_desktop.ui.form import Form
from lama_desktop.ui.text import tr


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

    width: int = option(1920, "Width", "pixels from left to right", low=1, unit="px")
    height: int = option(1080, "Height", "pixels from top to bottom", low=1, unit="px")
    depth: Depth = option(Depth.EIGHT, "Depth", "bits per channel")
    ground: Ground = option(Ground.WHITE, "Filled with", "what it is filled with")


@dataclass(frozen=True)
class Size:
    """A size."""

    width: int = option(1, "Width", "pixels from left to right", low=1, unit="px")
    height: int = option(1, "Height", "pixels from top to bottom", low=1, unit="px")
    linked: bool = option(True, "Keep the proportions", "a side follows the other")


@dataclass(frozen=True)
class Scaling(Size):
    """A size that a picture is scaled to."""

    percent: float = option(100.0, "Percent", "of the size of now", low=0.1, unit="%")


@dataclass(frozen=True)
class Frame(Size):
    """A size of the canvas."""

    linked: bool = option(False, "Keep the proportions", "a side follows the other")
    anchor: Anchor = option(Anchor.MIDDLE, "Keep in place", "the part of the picture that stays where it is")


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
        only: as of Form.
        editors: as of Form.
    """

    def __init__(
        self,
        parent: QWidget | None,
        title: str,
        values: Section,
        accept: str,
        only: Sequence[str] | None = None,
        editors: Mapping[str, QWidget] | None = None,
    ) -> None:
        super().__init__(parent, title)
        self.form = Form(values, only=only, editors=editors)
        self.form.setMinimumWidth(360)
        self.problem = note()
        self.problem.hide()
        self.body.addWidget(self.form)
        self.body.addWidget(self.problem)
        self.accept_button = self.add_buttons(accept, tr("Cancel"))

    def say(self, problem: str) -> None:
        """Say why the values cannot be used; empty when they can."""
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        self.accept_button.setEnabled(not problem)

    @property
    def accepted_values(self) -> Section | None:
        """Run the dialog, which is gone afterwards; return the values, or None where the user changed their mind."""
        accepted = self.exec() == QDialog.DialogCode.Accepted
        self.deleteLater()
        return self.form.values if accepted else None


class SizePage(FormPage):
    """Asks for a size; the sides keep their proportion as long as they are linked.

    Args:
        parent: the window.
        title: of the window, translated.
        values: the size of now.
        editors: as of Form.
    """

    def __init__(
        self, parent: QWidget | None, title: str, values: Size, editors: Mapping[str, QWidget] | None = None
    ) -> None:
        names = [each.name for each in options_of(type(values))]
        # The switch stands below all numbers.
        only = sorted(names, key=lambda name: (name in ("linked", "anchor"), names.index(name)))
        super().__init__(parent, title, values, tr("Apply"), only, editors)
        self._first = self._before = values
        self.form.changed.connect(self._follow)

    def follow(self, size: Size, before: Size) -> Size:
        """Return what a size becomes by what is linked.

        Args:
            size: one value was changed.
            before: the size before that.
        """
        ratio = self._first.width / self._first.height
        if not size.linked:
            return size
        if size.height != before.height:
            return replace(size, width=_side(size.height * ratio))
        return replace(size, height=_side(size.width / ratio))

    def _follow(self, size: Size) -> None:
        size = self._before = self.follow(size, self._before)
        self.form.values = size
        self.say(too_large(size.width, size.height))


class ScalePage(SizePage):
    """Asks for a size, in pixels or in percent."""

    def __init__(self, parent: QWidget | None, size: tuple[int, int]) -> None:
        super().__init__(parent, tr("Scale"), Scaling(*size))

    def follow(self, size: Size, before: Size) -> Size:
        """Return what a size becomes; percent are those of the width where the sides differ."""
        assert isinstance(size, Scaling)
        assert isinstance(before, Scaling)
        if size.percent != before.percent:
            width, height = (_side(side * size.percent / 100) for side in (self._first.width, self._first.height))
            return replace(size, width=width, height=height)
        size = super().follow(size, before)
        percent = max(0.1, round(100 * size.width / self._first.width, 1))
        return replace(size, percent=percent)  # type: ignore[call-arg]


class NewPage(FormPage):
    """Asks what a new picture should be like."""

    def __init__(self, parent: QWidget | None, values: NewPicture) -> None:
        super().__init__(parent, tr("New picture"), values, tr("Create"))
        self.form.changed.connect(lambda new: self.say(too_large(new.width, new.height)))


class CanvasPage(SizePage):
    """Asks for another frame, and which part of the picture stays where it is."""

    def __init__(self, parent: QWidget | None, size: tuple[int, int]) -> None:
        super().__init__(parent, tr("Canvas size"), Frame(*size), {"anchor": AnchorField()})
        self._size = size

    @property
    def frame(self) -> Rect:
        """The new frame, in pixels of the old."""
        values = self.form.values
        assert isinstance(values, Frame)
        across, down = values.anchor.place
        left = (self._size[0] - values.width) * across // 2
        top = (self._size[1] - values.height) * down // 2
        return Rect(left, top, left + values.width, top + values.height)


def too_large(width: int, height: int) -> str:
    """Return why a picture of this size cannot be made; empty where it can."""
    if width * height <= pixel_budget():
        return ""
    limit = pixel_budget() / 1e6
    return tr("{here:.0f} megapixels are more than fit here ({limit:.0f}).", here=width * height / 1e6, limit=limit)


def _side(length: float) -> int:
    """Return a length as a side can have it."""
    return max(1, round(length))


def new_photo(new: NewPicture) -> Photo:
    """Return the picture that was asked for."""
    dtype, full = (np.uint8, 255) if new.depth is Depth.EIGHT else (np.uint16, 65535)
    clear = new.ground is Ground.CLEAR
    value = (0, 0, 0, 0)[: 3 + clear] if new.ground is not Ground.WHITE else (full,) * 3
    return Photo(np.full((new.height, new.width, 3 + clear), value, dtype), has_alpha=clear)
