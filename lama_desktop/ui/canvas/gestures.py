"""GestureRunner: runs the gesture of a tool, one at a time: sends events, shows overlays, does what it asks for.

Owned by a Canvas; UI thread only. Work goes to a lane of its own, so that a wand does not wait for a removal.
"""

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from lama_desktop.core.document import Document
from lama_desktop.errors import LamaDesktopError
from lama_desktop.tools.tool import (
    Gesture,
    Grab,
    Kind,
    Overlay,
    PointerEvent,
    Request,
    Show,
    Tool,
    Work,
    ZoomBy,
)
from lama_desktop.ui.canvas.viewport import Viewport
from lama_desktop.ui.jobs import Job, JobRunner, Lane
from lama_desktop.ui.text import tr

SHOW_MARGIN = 0.02
"""What is left free around a rectangle that is shown, as a part of its longer side."""


class GestureRunner(QObject):
    """The gesture that lasts, if one does.

    Args:
        document: what is edited.
        viewport: what Grab, ZoomBy and Show change.
        jobs: does the Work of tools.

    Signals:
        shown: what the gesture shows has changed: an Overlay.
        ended: a gesture has ended: its tool, and whether it left a step in the history.
        refused: a tool could not do what was asked: a sentence for the user.
        working_changed: a Work has begun or ended.
    """

    shown = Signal(object)
    ended = Signal(object, object)
    refused = Signal(str)
    working_changed = Signal()

    def __init__(self, document: Document, viewport: Viewport, jobs: JobRunner) -> None:
        super().__init__()
        self._document, self._viewport, self._jobs = document, viewport, jobs
        self._tool: Tool | None = None
        self._gesture: Gesture | None = None
        self._event: PointerEvent | None = None
        self._job: Job | None = None
        self._state = 0

    @property
    def lasts(self) -> bool:
        """Whether there is a gesture."""
        return self._gesture is not None

    @property
    def works(self) -> bool:
        """Whether it waits for its Work."""
        return self._job is not None

    def begin(self, tool: Tool, event: PointerEvent) -> None:
        """Begin a gesture with a press. Nothing happens while another edit of the document is open."""
        assert self._gesture is None
        if self._document.is_editing:
            return
        self._tool, self._event, self._state = tool, event, self._document.history.state
        gesture = self._gesture = tool.gesture(self._document, event)
        self._advance(lambda: next(gesture))

    def send(self, event: PointerEvent) -> None:
        """Send the next event; while the gesture waits for its Work, events are dropped."""
        if self._gesture is None or self._job is not None:
            return
        self._event = event
        gesture = self._gesture
        self._advance(lambda: gesture.send(event))

    def change(self, event: PointerEvent) -> None:
        """Tell the gesture that only the modifiers are different."""
        if self._event is not None:
            self.send(self._event._replace(kind=Kind.CHANGE, modifiers=event.modifiers))

    def drop(self) -> None:
        """End the gesture without a trace: Escape, another tool, a document that is closed."""
        job, self._job = self._job, None
        if job is not None:
            job.cancel()
            self.working_changed.emit()
        if self._gesture is not None:
            self._gesture.close()
            self._end()

    def _advance(self, step: Callable[[], Overlay | Request]) -> None:
        """Let the gesture go on until it waits for an event or for its Work, or is over."""
        gesture = self._gesture
        assert gesture is not None
        try:
            answer = step()
            while isinstance(answer, Grab | ZoomBy | Show):
                self._look(answer)
                answer = gesture.send(None)
        except StopIteration:
            self._end()
        except LamaDesktopError as error:
            self._end()
            self.refused.emit(str(error))
        except BaseException:
            self._end()
            raise
        else:
            if isinstance(answer, Work):
                self._work(answer)
            else:
                self.shown.emit(answer)

    def _look(self, request: Grab | ZoomBy | Show) -> None:
        """Change the view."""
        view, event = self._viewport, self._event
        assert event is not None
        if isinstance(request, Grab):
            view.bring(request.x, request.y, view.to_screen(event.x, event.y))
        elif isinstance(request, ZoomBy):
            view.zoom_by(request.factor, view.to_screen(request.x, request.y))
        else:
            view.show(request.left, request.top, request.right, request.bottom, SHOW_MARGIN)

    def _work(self, work: Work) -> None:
        """Have something computed, and send the result to the gesture if it still waits."""
        job = Job(tr(work.title), work.run, Lane.TOOLS)

        gesture = self._gesture  # by which it is known, and not by the job: see jobs._Reports

        def succeeded(result: object) -> None:
            if self._gesture is gesture is not None:
                self._job = None
                self.working_changed.emit()
                self._advance(lambda: gesture.send(result))

        def stopped() -> None:
            if self._gesture is gesture is not None:
                self.drop()

        job.succeeded.connect(succeeded)
        job.failed.connect(stopped)
        job.cancelled.connect(stopped)
        self._job = job
        self.shown.emit(())
        self._jobs.submit(job)
        self.working_changed.emit()

    def _end(self) -> None:
        """Forget the gesture, which has ended, and tell."""
        tool, self._gesture, self._event = self._tool, None, None
        self.shown.emit(())
        self.ended.emit(tool, self._document.history.state != self._state)
