"""The program starts whatever it finds, at once, without torch; later starts hand files over; the end is clean."""

import json
import os
import signal
import subprocess
import sys
import threading

import pytest
from PySide6.QtCore import QProcess
from window import write_photo

from lama_desktop.paths import settings_folder
from lama_desktop.tools import TOOLS
from lama_desktop.ui.app import App, recall_options, start_log
from lama_desktop.ui.instance import Instance
from lama_desktop.ui.sections import SECTIONS, Appearance, Editing
from lama_desktop.ui.theme import DARK, LIGHT, ThemeChoice

CODE = """
import os, sys, threading
os.environ["QT_QPA_PLATFORM"] = "offscreen"
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
application = QApplication(["test"])
imported = []
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            imported.append(threading.current_thread() is threading.main_thread())
sys.meta_path.insert(0, Watch())
from lama_desktop.ui import app
def look():
    window = next(each for each in application.topLevelWidgets() if type(each).__name__ == "MainWindow")
    if len(window.workspace.documents) < 1 or window.engine.heading.note.text() != "ready":
        return
    print("shown", window.isVisible(), "torch on the ui thread", sorted(set(imported)))
    window.close()
timer = QTimer()
timer.timeout.connect(look)
timer.start(20)
sys.exit(app.run([Path(sys.argv[1])]))
"""


@pytest.mark.slow
def test_the_program_runs_and_torch_is_imported_on_a_worker(tmp_path):
    photo = write_photo(tmp_path / "photo.png")
    command = [sys.executable, "-c", CODE, str(photo)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=dict(os.environ))
    assert done.stdout.strip() == "shown True torch on the ui thread [False]", done.stderr
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_closes_the_window(tmp_path, number):
    code = CODE.replace("    window.close()", "    print('ready', flush=True); timer.stop()")
    command = [sys.executable, "-c", code, str(write_photo(tmp_path / "photo.png"))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while process.stdout.readline().strip() != "ready":
            assert process.poll() is None
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors


def test_making_the_window_imports_no_torch(tmp_path):
    code = (
        "import os, sys; os.environ['QT_QPA_PLATFORM'] = 'offscreen'\n"
        "from PySide6.QtWidgets import QApplication; q = QApplication(['x'])\n"
        "from lama_desktop.ui.app import App; a = App(q); a.window.show(); q.processEvents()\n"
        "assert 'torch' not in sys.modules; a.close()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=dict(os.environ)
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("content", ["", "{", '{"options": {"appearance": {"theme": "pink"}, "editing": null}}', "[]"])
def test_damaged_settings_do_not_stop_the_start(application, content):
    path = settings_folder() / "settings.json"
    path.write_text(content)
    app = App(application)
    try:
        assert app.settings[Appearance] == Appearance()
        assert app.settings[Editing] == Editing()
        told = [each.text for each in app.window.notices.shown]
        assert told, "it is told"
    finally:
        app.close()


def test_a_folder_that_cannot_be_written_does_not_stop_the_start(application, monkeypatch, tmp_path):
    blocked = tmp_path / "file"
    blocked.touch()
    monkeypatch.setenv("LAMA_DESKTOP_SETTINGS", str(blocked / "inside"))
    start_log()
    app = App(application)
    try:
        app.settings.put(Appearance(ThemeChoice.LIGHT))
        app.save()
        assert "cannot be saved" in app.window.notices.shown[-1].text
    finally:
        app.close()


def test_the_theme_is_chosen_and_followed_everywhere(app):
    window = app.window
    window.asks.preferences()
    form = window.asks._preferences.forms[0]
    form.editor("theme").changed.emit(ThemeChoice.LIGHT)
    assert app.theme.tokens is LIGHT
    assert app.settings[Appearance].theme is ThemeChoice.LIGHT
    form.editor("theme").changed.emit(ThemeChoice.DARK)
    assert app.theme.tokens is DARK
    window.asks._preferences.defaults.click()
    assert app.settings[Appearance] == Appearance()


def test_tools_remember_their_options(app, application):
    from lama_desktop.settings import Settings

    brush = app.tools[0]
    app.window.toolbelt.resize(5)
    size = brush.options.size
    app.save()
    settings = Settings(settings_folder() / "settings.json", SECTIONS)
    fresh = TOOLS[0]()
    recall_options(settings, fresh)
    assert fresh.options.size == size
    settings.remember("tool.brush", {"size": -1, "gone": 1})
    other = TOOLS[0]()
    recall_options(settings, other)
    assert other.options == TOOLS[0].Options()


def test_a_second_start_hands_its_files_over(application, tmp_path, until):
    first, received = Instance(tmp_path), []
    assert not first.send([]), "nobody listens yet"
    assert first.listen()
    first.received.connect(received.append)
    answers = []
    second = threading.Thread(target=lambda: answers.append(_send(tmp_path, ["a b.jpg", "ü.png"])))
    second.start()
    until(lambda: received and not second.is_alive())
    assert [path.name for path in received[0]] == ["a b.jpg", "ü.png"]
    assert received[0][0].is_absolute()
    assert answers == [0]
    assert Instance(tmp_path / "other").send([]) is False, "other settings, another program"
    first.close()
    assert not Instance(tmp_path).send([])


def _send(folder, names):
    """Send from a process of its own, as a second start does."""
    code = (
        "import sys, json; from pathlib import Path; from PySide6.QtCore import QCoreApplication\n"
        "from lama_desktop.ui.instance import Instance; q = QCoreApplication([])\n"
        "sys.exit(0 if Instance(Path(sys.argv[1])).send([Path(n) for n in json.loads(sys.argv[2])]) else 1)"
    )
    return subprocess.run([sys.executable, "-c", code, str(folder), json.dumps(names)], check=False).returncode


def test_of_starts_at_the_same_moment_one_opens_a_window(tmp_path):
    """Each tells whether its files were taken; the one whose were not takes those of the others, a little later."""
    code = (
        "import sys, time; from pathlib import Path; from PySide6.QtCore import QCoreApplication, QTimer\n"
        "from lama_desktop.ui.instance import Instance; q = QCoreApplication([])\n"
        "instance, received = Instance(Path(sys.argv[1])), []\n"
        "if instance.hand_over([Path('a.jpg')]): sys.exit(0)\n"
        "time.sleep(0.5)\n"  # as a window takes to be built
        "instance.received.connect(lambda paths: (received.append(paths), len(received) == 2 and q.exit(7)))\n"
        "QTimer.singleShot(20000, lambda: q.exit(1)); sys.exit(q.exec())"
    )
    starts = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) for _ in range(3)]
    assert sorted(each.wait(60) for each in starts) == [0, 0, 7]


def test_the_first_window_goes_on_taking_files_when_another_is_opened(application, tmp_path, until):
    first, another, received = Instance(tmp_path), Instance(tmp_path), []
    assert first.listen()
    first.received.connect(received.append)
    assert not another.listen(), "somebody does so already"
    another.close()
    sending = threading.Thread(target=lambda: _send(tmp_path, ["a.jpg"]))
    sending.start()
    until(lambda: not sending.is_alive())
    assert [[path.name for path in paths] for paths in received] == [["a.jpg"]]
    first.close()
    assert another.listen()
    another.close()


def test_rubbish_on_the_socket_is_ignored(application, tmp_path, until):
    from PySide6.QtNetwork import QLocalSocket

    instance, received = Instance(tmp_path), []
    instance.listen()
    instance.received.connect(received.append)
    for rubbish in (b"not json\n", b"3\n", b'{"a": 1}\n', b"\xff\xfe\n"):
        socket = QLocalSocket()
        socket.connectToServer(instance._name)
        assert socket.waitForConnected(1000)
        socket.write(rubbish)
        socket.flush()
        until(lambda socket=socket: socket.state() == QLocalSocket.LocalSocketState.UnconnectedState)
    assert received == []
    instance.close()


def test_a_socket_left_by_a_killed_program_is_taken_over(application, tmp_path):
    instance = Instance(tmp_path)
    code = (
        "import os, sys; from pathlib import Path; from PySide6.QtCore import QCoreApplication\n"
        "from lama_desktop.ui.instance import Instance; q = QCoreApplication([])\n"
        "assert Instance(Path(sys.argv[1])).listen(); os._exit(9)"
    )
    process = QProcess()
    process.start(sys.executable, ["-c", code, str(tmp_path)])
    assert process.waitForFinished(20000)
    assert process.exitCode() == 9
    assert not instance.send([])
    assert instance.listen()
    instance.close()
