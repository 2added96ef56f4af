"""The canvas's benchmark, on a photo so small that it takes a moment: every figure is there and makes sense."""

import pytest

from lama_desktop.progress import Progress
from lama_desktop.ui import benchmark


@pytest.mark.slow
def test_every_figure_is_there(application, monkeypatch):
    monkeypatch.setattr(benchmark, "SIZES", {24: (600, 400)})
    monkeypatch.setattr(benchmark, "SCREEN", (320, 200))
    monkeypatch.setattr(benchmark, "HOLE", (40, 30))
    monkeypatch.setattr(benchmark, "QUIET_S", 0.02)
    monkeypatch.setattr(benchmark, "PATIENCE_S", 0.05)  # a photo that small cannot be panned
    monkeypatch.setattr(benchmark, "MODEL", "telea")
    texts = []
    figures = benchmark.benchmark_canvas(24, Progress(lambda fraction, text: texts.append(text)))
    names = [figure.name for figure in figures]
    assert len(set(names)) == len(names) == 19
    for figure in figures:
        if figure.unit == "ms":
            assert 0 < figure.median <= figure.p95 <= figure.worst < 5000
    limited = {figure.name: figure.limit for figure in figures if figure.limit is not None}
    assert limited["brush at fit"] == limited["mouse up at 100 %"] == 16
    assert limited["grow by 50 px"] == 150
    assert "painting" in texts
