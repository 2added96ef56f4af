"""Progress: stages, and stopping from another thread."""

import pytest

from lama_desktop.errors import Cancelled
from lama_desktop.progress import Progress


def test_stages_are_parts_of_the_whole():
    seen = []
    progress = Progress(lambda fraction, text: seen.append((round(fraction, 3), text)))
    progress(0, "reading")
    half = progress.stage(0.5, 1)
    half(0.5)
    half.stage(0.5, 1)(1.0, "done")
    half(7)
    assert seen == [(0, "reading"), (0.75, "reading"), (1, "done"), (1, "reading")]


def test_cancelling_stops_every_stage_and_is_no_exception():
    progress = Progress()
    stage = progress.stage(0, 0.5)
    stage.cancel()
    assert progress.cancelled
    assert not issubclass(Cancelled, Exception)
    with pytest.raises(Cancelled):
        progress(0.1)
