"""A hand: plays lists of events to a tool, as the canvas does, without a widget."""

from collections.abc import Sequence

from lama_desktop.core.document import Document
from lama_desktop.progress import Progress
from lama_desktop.tools.tool import Kind, PointerEvent, Request, Tool, Work


def drag(*points: tuple[float, float], **same) -> list[PointerEvent]:
    """Press at the first point, move through all others, release at the last."""
    kinds = [Kind.PRESS, *[Kind.MOVE] * (len(points) - 1), Kind.RELEASE]
    return [PointerEvent(kind, *point, **same) for kind, point in zip(kinds, [*points, points[-1]], strict=True)]


def play(tool: Tool, document: Document, events: Sequence[PointerEvent], *, end: bool = True) -> list:
    """Send events to one gesture; work is done at once. Return all that it yielded.

    With `end` the last event must end it; otherwise it is closed after the last one, as Escape does.
    """
    gesture = tool.gesture(document, events[0])
    yielded, waiting = [], list(events[1:])
    try:
        answer = next(gesture)
        while True:
            yielded.append(answer)
            if isinstance(answer, Work):
                answer = gesture.send(answer.run(Progress()))
            elif isinstance(answer, Request):
                answer = gesture.send(None)
            elif waiting:
                answer = gesture.send(waiting.pop(0))
            else:
                break
    except StopIteration:
        assert not waiting, "the gesture ended before its events"
        return yielded
    gesture.close()
    assert not end, "the gesture goes on after its events"
    return yielded
