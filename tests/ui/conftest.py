"""Rules for tests of the window: offscreen, one application, no Qt warning, no thread and no window left."""

import os
import time

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QThread, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication
from shiboken6 import isValid

from lama_desktop.formats import WriteOptions

IGNORED = ("This plugin does not support",)
"""What the offscreen platform says of itself."""


@pytest.fixture(scope="session")
def application():
    """The one QApplication of the test run."""
    return QApplication.instance() or QApplication(["lama-desktop"])


@pytest.fixture(autouse=True)
def clean_window(application, monkeypatch):
    """Fail a test that leaves a thread or a window, or makes Qt warn."""
    messages, threads = [], []
    start = QThread.start
    monkeypatch.setattr(QThread, "start", lambda thread, *rest: (threads.append(thread), start(thread, *rest))[1])

    def note(kind, context, text):
        if kind != QtMsgType.QtDebugMsg and not text.startswith(IGNORED):
            messages.append(f"{context.category}: {text}")

    before = qInstallMessageHandler(note)
    yield
    for widget in application.topLevelWidgets():
        if widget.isWindow() and widget.isVisible():
            widget.close()
        widget.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    application.processEvents()
    qInstallMessageHandler(before)
    running = [each.objectName() for each in threads if isValid(each) and each.isRunning()]
    assert not running, f"left running: {running}"
    assert not messages, messages


@pytest.fixture
def until(application):
    """Let the event loop run until something is true."""

    def wait(condition, timeout_s=60.0):
        end = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < end, "it did not happen"
            application.processEvents()
            time.sleep(0.001)

    return wait


@pytest.fixture
def app(application, until):
    """Everything, with a fake model and answers instead of questions; closed at the end."""
    from window import Answers, Hand, MeanEngines

    from lama_desktop.ui.app import App

    engines = MeanEngines()
    made = App(application, engines)
    made.engines = engines
    window = made.window
    answers = window.prompts = window.files._prompts = window.saver._prompts = Answers()
    window.exporter._prompts = window.incoming._prompts = answers
    window.exporter.ask_options = lambda facts, path: made.settings[WriteOptions]
    made.hand = Hand(window)
    made.do = lambda name: (window.action_set.refresh(), window.action_set[name].trigger())
    window.resize(1200, 800)
    window.show()
    window.activateWindow()
    until(window.isActiveWindow)
    yield made
    engines.gate.set()
    made.close()


@pytest.fixture
def opened(app, until):
    """Open files in the window and wait for them; return the documents."""

    def open_them(*paths):
        before = len(app.window.workspace.documents)
        app.window.files.open(paths)
        until(lambda: len(app.window.workspace.documents) == before + len(paths))
        application_settles(app)
        return app.window.workspace.documents[before:]

    return open_them


def application_settles(app):
    """Let everything happen that is due at once."""
    for _ in range(3):
        app.application.processEvents()
    app.window.action_set.refresh()
