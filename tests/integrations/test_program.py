"""Calling the program as the plug-ins do: found, run for real, stopped, and understood when it fails."""

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from lama_desktop import formats
from lama_desktop.core.photo import ColorModel, Photo

sys.path.insert(0, str(Path(__file__).parents[2] / "packaging" / "integrations" / "shared"))

import lama_program as calls

posix = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script")


@pytest.fixture
def lama():
    """The program of this environment; skips where the package is not installed."""
    path = Path(sys.executable).parent / "lama-desktop"
    if not path.is_file():
        pytest.skip("lama-desktop is not installed here")
    return str(path)


@pytest.fixture
def files(tmp_path):
    """A photo with a red thing, its mask, and where the result goes."""
    pixels = np.full((60, 80, 3), 90, np.uint8)
    pixels[20:30, 30:45] = (255, 0, 0)
    mask = np.zeros((60, 80, 1), np.uint8)
    mask[18:32, 28:47] = 255
    formats.write(Photo(pixels), tmp_path / "photo.tif")
    formats.write(Photo(mask, model=ColorModel.GREY), tmp_path / "mask.tif")
    return tmp_path / "photo.tif", tmp_path / "mask.tif", tmp_path / "result.tif"


@pytest.fixture
def stand_in(tmp_path):
    """Make a program that does as told."""

    def make(body):
        path = tmp_path / "lama-desktop"
        path.write_text(f"#!{sys.executable}\nimport sys, time, json, os, signal\n{body}\n", encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    return make


@pytest.mark.slow
def test_it_fills(lama, files):
    ticks = []
    said = calls.inpaint(lama, *files, model="telea", tick=lambda: ticks.append(1) or True)
    assert (said["model"], said["width"], said["height"]) == ("telea", 80, 60)
    assert np.abs(formats.read(files[2]).pixels.astype(int) - 90).max() <= 2
    assert ticks


@pytest.mark.slow
def test_it_says_what_is_wrong(lama, files):
    formats.write(Photo(np.zeros((5, 5, 1), np.uint8), model=ColorModel.GREY), files[1])
    with pytest.raises(calls.Failed, match=r"The mask mask\.tif has 5 × 5 pixels"):
        calls.inpaint(lama, *files, model="telea")
    with pytest.raises(calls.Failed, match="big-lama"):
        calls.inpaint(lama, *files, model="no-such-model")


@pytest.mark.slow
def test_models(lama):
    assert {"patches", "telea"} <= set(calls.models(lama))
    assert "big-lama" not in calls.models(lama)
    assert calls.models("/no/such/program") == []


@posix
def test_it_is_stopped_as_by_ctrl_c(stand_in, files, tmp_path):
    program = stand_in(
        "signal.signal(signal.SIGINT, lambda *_: (open(sys.argv[6] + '.stopped', 'w').close(), os._exit(130)))\n"
        "open(sys.argv[6] + '.ready', 'w').close()\ntime.sleep(60)"
    )
    ready, stopped = (Path(f"{files[2]}.{each}") for each in ("ready", "stopped"))
    with pytest.raises(calls.Stopped):
        calls.inpaint(program, *files, tick=lambda: not ready.exists())
    assert stopped.exists()


@posix
def test_one_that_does_not_listen_is_killed(stand_in, files, monkeypatch):
    monkeypatch.setattr(calls, "_PATIENCE", 0.2)
    program = stand_in(
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\nopen(sys.argv[6] + '.ready', 'w').close()\ntime.sleep(60)"
    )
    ready, started = Path(f"{files[2]}.ready"), time.monotonic()
    with pytest.raises(calls.Stopped):
        calls.inpaint(program, *files, tick=lambda: not ready.exists())
    assert time.monotonic() - started < 10


@posix
@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("print(json.dumps({'error': 'The disk is full.'})); sys.exit(1)", r"^The disk is full\.$"),
        ("print(json.dumps({'error': 'No model.'})); sys.exit(4)", "No model.*models download big-lama"),
        ("sys.exit(77)", "ended with code 77"),
        ("print('{'); sys.exit(0)", "ended with code 0"),
        ("os.kill(os.getpid(), signal.SIGKILL)", f"code -{int(signal.SIGKILL)}" if os.name == "posix" else ""),
    ],
)
def test_failures_are_sentences(stand_in, files, body, sentence):
    with pytest.raises(calls.Failed, match=sentence):
        calls.inpaint(stand_in(body), *files)


@posix
def test_much_on_standard_error_does_not_stop_it(stand_in, files):
    program = stand_in("sys.stderr.write('x' * 1000000); print(json.dumps({'output': sys.argv[6]}))")
    assert calls.inpaint(program, *files)["output"] == str(files[2])


@posix
def test_the_python_of_the_host_stays_outside(stand_in, files, monkeypatch):
    monkeypatch.setenv("PYTHONHOME", "/no/python")
    program = stand_in("print(json.dumps({'output': 'x', 'home': os.environ.get('PYTHONHOME', '')}))")
    assert calls.inpaint(program, *files)["home"] == ""


@posix
def test_where_it_is_found(stand_in, tmp_path, monkeypatch):
    program = stand_in("")
    monkeypatch.delenv(calls.VARIABLE, raising=False)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert calls.find(program) == program
    with pytest.raises(calls.Failed, match=r"There is no program /nowhere"):
        calls.find("/nowhere")
    with pytest.raises(calls.Failed, match="was not found"):
        calls.find()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert calls.find() == program
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv(calls.VARIABLE, program)
    assert calls.find() == program
    monkeypatch.delenv(calls.VARIABLE)
    copy = tmp_path / "plug-in" / "lama_program.py"
    copy.parent.mkdir()
    monkeypatch.setattr(calls, "__file__", str(copy))
    copy.with_name(calls.NOTE).write_text(program + "\n", encoding="utf-8")
    assert calls.find() == program
