"""Progress: stages, and stopping from another thread."""

import threading

import pytest

from lama_desktop.errors import Cancelled
from lama_desktop.progress import Progress, aside


def test_stages_are_parts_of_the_whole():
    seen = []
    progress = Progress(lambda fraction, text: seen.append((round(fraction, 3), text)))
    progress(0, "reading")
    half = progress.stage(0.5, 1)
    half(0.5)
    half.stage(0.5, 1)(1.0, "done")
    half(7)
    assert seen == [(0, "reading"), (0.75, "reading"), (1, "done"), (1, "reading")]


def test_what_is_done_aside_is_waited_for_and_its_errors_are_the_waiters():
    assert aside(lambda: 42, Progress()) == 42
    with pytest.raises(ZeroDivisionError):
        aside(lambda: 1 // 0, Progress())


def test_what_is_done_aside_is_not_waited_for_by_who_has_stopped():
    gate, progress, over = threading.Event(), Progress(), threading.Event()

    def work():
        gate.wait(60)
        over.set()

    threading.Timer(0.05, progress.cancel).start()
    with pytest.raises(Cancelled):
        aside(work, progress)
    assert not over.is_set()
    gate.set()
    assert over.wait(60)


def test_cancelling_stops_every_stage_and_is_no_exception():
    progress = Progress()
    stage = progress.stage(0, 0.5)
    stage.cancel()
    assert progress.cancelled
    assert not issubclass(Cancelled, Exception)
    with pytest.raises(Cancelled):
        progress(0.1)
