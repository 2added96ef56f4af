"""The command line as a whole: what it imports, what it answers to wrong use, its exit codes."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lama_desktop import __version__
from lama_desktop.cli import COMMANDS, main
from lama_desktop.errors import (
    Cancelled,
    DeviceMemoryError,
    DownloadError,
    FileFormatError,
    LamaDesktopError,
    MissingWeightsError,
    SettingsError,
)

HEAVY = {"torch", "PySide6", "numpy", "cv2", "PIL", "safetensors"}


def imported_by(*words: str) -> set[str]:
    """Return which heavy modules a call of the program imports, in a process of its own."""
    code = (
        "import sys; from lama_desktop.cli import main; code = main(sys.argv[1:]);"
        f"print(*sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


@pytest.mark.parametrize("words", [("--help",), ("--version",), ("models", "--help"), ("doctor", "--help")])
def test_help_imports_nothing_heavy(words):
    assert imported_by(*words) == set()


@pytest.mark.parametrize("command", ["inpaint", "batch", "benchmark"])
def test_help_of_a_command_that_computes_imports_neither_torch_nor_qt(command):
    assert not imported_by(command, "--help") & {"torch", "PySide6"}


def test_listing_models_needs_no_torch():
    assert not imported_by("models", "list") & {"torch", "PySide6", "numpy"}


def test_help_names_every_command_and_a_first_step(program):
    code, text, messages = program("--help")
    assert (code, messages) == (0, "")
    assert all(command in text for command in COMMANDS)
    assert "lama-desktop inpaint photo.jpg -m mask.png -o clean.jpg" in text


def test_every_command_explains_every_option(program):
    for command in COMMANDS:
        code, text, _ = program(command, "--help")
        assert code == 0
        assert "usage: lama-desktop" in text


def test_version(program):
    assert program("--version")[:2] == (0, f"lama-desktop {__version__}\n")


def test_python_m_is_the_same_program():
    done = subprocess.run(
        [sys.executable, "-m", "lama_desktop", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"lama-desktop {__version__}\n"


def test_without_a_display_the_window_says_so(program, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    for words in ((), ("photo.jpg",), ("--new",), ("window",)):
        code, text, messages = program(*words)
        assert (code, text) == (1, "")
        assert "no display" in messages


@pytest.mark.parametrize(
    ("words", "files", "new"),
    [
        ((), [], False),
        (("a.jpg", "b"), ["a.jpg", "b"], False),
        (("--new", "./inpaint"), ["./inpaint"], True),
        (("window", "a.jpg"), ["a.jpg"], False),
    ],
)
def test_files_alone_are_opened_in_the_window(program, monkeypatch, words, files, new):
    seen = []
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    monkeypatch.setattr("lama_desktop.ui.app.run", lambda *given: seen.append(given) or 0)
    assert program(*words)[0] == 0
    assert seen == [([Path(each) for each in files], new)]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("polish",), "polish"),
        (("--sheet",), "--sheet"),
        (("inpaint", "a.png"), "--mask"),
        (("inpaint", "a.png", "-m", "b.png", "--grwo", "3"), "--grwo"),
        (("inpaint", "a.png", "-m", "b.png", "--grow", "much"), "--grow"),
        (("inpaint", "a.png", "-m", "b.png", "--preset", "huge"), "normal"),
        (("benchmark",), "WHAT"),
        (("models", "burn"), "burn"),
        (("doctor", "now"), "now"),
    ],
)
def test_wrong_use_is_2_and_names_what_is_wrong(program, words, named):
    code, text, messages = program(*words)
    assert code == 2
    assert text == ""
    assert named in messages


@pytest.mark.parametrize("words", [("inpaint", "a.png"), ("polish",), ("doctor", "now"), ("--sheet",)])
def test_wrong_use_is_a_json_document_too(program, words):
    code, text, messages = program(*words, "--json")
    assert code == 2
    assert "usage: lama-desktop" in messages
    assert json.loads(text)["error"] == messages.splitlines()[-1].removeprefix("lama-desktop: ")


@pytest.mark.parametrize("error", [Cancelled(), KeyboardInterrupt(), SettingsError("It cannot be.")])
def test_what_has_no_result_is_a_json_document_too(program, monkeypatch, error):
    def fail(*_):
        raise error

    monkeypatch.setattr("lama_desktop.cli.doctor.run", fail)
    _, text, _ = program("doctor", "--json")
    assert json.loads(text) == {"error": str(error) or "Stopped; nothing was changed."}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MissingWeightsError("It is not here."), 4),
        (DownloadError("It did not come."), 1),
        (FileFormatError("It is damaged."), 2),
        (SettingsError("It cannot be."), 2),
        (DeviceMemoryError("It does not fit."), 1),
        (LamaDesktopError("It failed."), 1),
        (Cancelled(), 130),
        (KeyboardInterrupt(), 130),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, BaseException) else "",
)
def test_exit_codes_and_one_sentence(program, monkeypatch, error, code):
    def fail(*_):
        raise error

    monkeypatch.setattr("lama_desktop.cli.doctor.run", fail)
    found, text, messages = program("doctor")
    assert (found, text) == (code, "")
    assert len(messages.splitlines()) == 1
    assert str(error) in messages
    if code != 130:
        assert messages.startswith("lama-desktop: ")


def test_debug_tells_where_it_went_wrong(capsys, monkeypatch):
    def fail(*_):
        raise LamaDesktopError("It failed.") from ValueError("the cause")

    monkeypatch.setattr("lama_desktop.cli.doctor.run", fail)
    assert main(["doctor", "--debug"]) == 1
    messages = capsys.readouterr().err
    assert "Traceback" in messages
    assert "the cause" in messages
    assert messages.rstrip().endswith("lama-desktop: It failed.")


def test_a_reader_that_leaves_early_is_no_disaster():
    """As in `lama-desktop models list | head -1`."""
    code = "import sys; from lama_desktop.cli import main; sys.exit(main(['models', 'list', '--json']))"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.close()
        messages = process.stderr.read()
        process.wait(60)
    assert "Traceback" not in messages


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_the_program_with_130(program, monkeypatch, number):
    monkeypatch.setattr("lama_desktop.cli.doctor.run", lambda _: signal.raise_signal(number))
    assert program("doctor")[::2] == (130, "Stopped; nothing was changed.\n")


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_doctor(program, models_folder, words):
    code, found, _ = program("doctor", *words)
    assert code in {0, 1}  # what this machine misses is no fault of the program
    text = str(found)
    assert __version__ in text
    assert "torch" in text
    assert str(models_folder) in text


def test_benchmark(program, weights):
    words = ("benchmark", "engine", "--model", weights, "--size", "64", "--rounds", "1", "--device", "cpu", "--json")
    code, document, _ = program(*words)
    assert code == 0
    first, second = document["rows"][:2]
    assert (first["ratio"], first["error"]) == (1.0, 0.0)
    assert second["name"] == "engine, float32"
    assert second["error"] < 0.01
    assert program("benchmark", "engine", "--size", "10")[0] == 2
    assert program("benchmark", "engine", "--model", "telea")[0] == 2
