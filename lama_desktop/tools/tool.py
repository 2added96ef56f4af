"""Tool: turns pointer events into one edit. PointerEvent, Gesture, and what a gesture shows and asks for.

A gesture is one press-to-release (or multi-click) interaction, written as a generator that reads top to bottom:

    def gesture(self, document, event):
        with PixelEdit("Brush", document, document.mask) as edit:
            while event.kind is not Kind.RELEASE:
                ...
                event = yield self.outline(event)

It is begun by a press. It yields what to show over the picture (an Overlay) and is sent the next event; or it yields
what somebody else has to do (a Request) and is sent the answer as soon as that is done. Returning ends it; `close()`
(Escape, another tool, a document that goes away) and any error roll its edit back. Tools see neither widgets nor
painters: they are tested with lists of events. UI thread only.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from enum import Enum, Flag, auto
from typing import Any, ClassVar, NamedTuple

from lama_desktop.core.document import Document
from lama_desktop.options import Section
from lama_desktop.progress import Progress


class Kind(Enum):
    """What happened."""

    PRESS = auto()
    MOVE = auto()
    """Of the pressed pointer; in a gesture of several clicks also of the free one."""
    RELEASE = auto()
    DOUBLE = auto()
    """The second press of a double click; a release follows."""
    CONFIRM = auto()
    """Enter, in a gesture of several clicks."""
    BACK = auto()
    """Backspace, in a gesture of several clicks."""
    CHANGE = auto()
    """Only the modifiers are different."""


class Button(Enum):
    """What was pressed."""

    PRIMARY = auto()
    SECONDARY = auto()
    ERASER = auto()
    """The other end of a pen."""


class Modifier(Flag):
    """Keys that are held."""

    NONE = 0
    SHIFT = auto()
    ALT = auto()
    CONTROL = auto()


class PointerEvent(NamedTuple):
    """One event, in document coordinates: points of the plane, also outside the picture (see `core/shapes.py`)."""

    kind: Kind
    x: float
    y: float
    pressure: float = 1.0
    """0 to 1; always 1 for a mouse."""
    modifiers: Modifier = Modifier.NONE
    button: Button = Button.PRIMARY
    """Of the whole gesture."""
    scale: float = 1.0
    """Document pixels per logical pixel of the screen: what "near" means to a hand."""

    def distance(self, x: float, y: float) -> float:
        """Return how far the pointer is from a point, in pixels of the screen."""
        return float(((self.x - x) ** 2 + (self.y - y) ** 2) ** 0.5 / self.scale)


@dataclass(frozen=True)
class Circle:
    """A true-size outline."""

    x: float
    y: float
    radius: float


@dataclass(frozen=True, eq=False)
class Polyline:
    """A line through points; `dashed` for what is about to be selected."""

    points: Sequence[tuple[float, float]]
    closed: bool = False
    dashed: bool = True


@dataclass(frozen=True)
class Handle:
    """A small square of constant size on the screen."""

    x: float
    y: float


Overlay = tuple[Circle | Polyline | Handle, ...]
"""What is drawn over the picture, in document coordinates."""


@dataclass(frozen=True, eq=False)
class Work:
    """Asks for something to be computed on a worker thread; the gesture is sent the result.

    `run` must not touch the document: it owns what it was given. Escape stops it at its next report; the gesture is
    closed then, as it is when the work fails.
    """

    title: str
    run: Callable[[Progress], Any]


@dataclass(frozen=True)
class Grab:
    """Asks for the view to be moved until this point of the document is under the pointer."""

    x: float
    y: float


@dataclass(frozen=True)
class ZoomBy:
    """Asks for the view to be magnified; this point of the document stays where it is."""

    factor: float
    x: float
    y: float


@dataclass(frozen=True)
class Show:
    """Asks for the view to show this rectangle as large as fits."""

    left: float
    top: float
    right: float
    bottom: float


Request = Work | Grab | ZoomBy | Show
Gesture = Generator[Overlay | Request, Any, None]
"""Is sent a PointerEvent for an Overlay, the result for a Work, None for every other Request."""


class Pointer(Enum):
    """What the pointer looks like."""

    ARROW = auto()
    CROSS = auto()
    NONE = auto()
    """The overlay stands for it."""
    OPEN_HAND = auto()
    CLOSED_HAND = auto()
    MOVE = auto()
    ZOOM_IN = auto()
    ZOOM_OUT = auto()


@dataclass(frozen=True)
class NoOptions:
    """Options of a tool that has none."""


class Tool:
    """One entry of the toolbox; one instance for all documents, owned by the window.

    `title`, `hint` and the options' texts are English and translated where they are shown.
    """

    id: ClassVar[str]
    title: ClassVar[str]
    """What it is called."""
    hint: ClassVar[str]
    """One sentence: what it does, and with which modifiers."""
    icon: ClassVar[str]
    shortcut: ClassVar[str]
    """A key, as Qt writes it: "B", "Shift+L"."""
    Options: ClassVar[type[Section]] = NoOptions

    options: Any
    """The current values, a frozen instance of `Options`; set to another one to change them."""

    def __init__(self) -> None:
        self.options = self.Options()

    def gesture(self, document: Document, event: PointerEvent) -> Gesture:
        """Called when the pointer is pressed; the first event is that press."""
        raise NotImplementedError

    def hover(self, document: Document, event: PointerEvent) -> tuple[Pointer, Overlay]:
        """Called when the pointer moves and no gesture lasts: return what it looks like, and what is drawn with it."""
        return Pointer.CROSS, ()

    def resize(self, steps: int) -> bool:
        """Called for `]` (1) and `[` (-1): change the size; False where there is none."""
        return False

    def suit(self, size: tuple[int, int]) -> None:
        """Called for a photo of this width and height while nobody has changed the options yet: choose better ones."""

    def harden(self, steps: int) -> bool:
        """Called for Shift+`]` (1) and Shift+`[` (-1): change the hardness; False where there is none."""
        return False

    def nudge(self, document: Document, dx: int, dy: int) -> bool:
        """Called for an arrow key: move what the tool moves; False where it moves nothing."""
        return False
