"""Errands: done on the lane for another thread, after its jobs; giving way, stopped, failing."""

import threading
import time

import pytest

from lama_desktop.errors import Cancelled, LamaDesktopError
from lama_desktop.progress import Progress
from lama_desktop.ui.errands import PATIENCE
from lama_desktop.ui.jobs import Job, JobRunner, Lane


@pytest.fixture
def runner():
    made = JobRunner()
    yield made
    assert made.shutdown()


class Sent(threading.Thread):
    """An errand that is waited for on a thread of its own."""

    def __init__(self, errands, work, progress=None):
        super().__init__()
        self.progress = progress or Progress()
        self._errands, self._work = errands, work
        self.result = self.error = None
        self.start()

    def run(self):
        try:
            self.result = self._errands.run(self._work, self.progress)
        except BaseException as error:  # noqa: BLE001 (looked at by the test)
            self.error = error


def test_it_is_done_on_the_lane_and_waited_for_elsewhere(runner, until):
    names = []
    sent = Sent(runner.errands(Lane.ENGINE), lambda progress: (names.append(threading.get_ident()), 42)[1])
    until(lambda: not sent.is_alive())
    assert sent.result == 42
    assert names != [sent.ident]


def test_jobs_go_first_and_what_is_at_work_gives_way(runner, until):
    order, begun = [], threading.Event()

    def long(progress):
        order.append("errand begins")
        begun.set()
        for step in range(40):
            progress(step / 40)
            time.sleep(0.005)
        order.append("errand ends")
        return "filled"

    sent = Sent(runner.errands(Lane.ENGINE), long)
    assert begun.wait(5)
    for name in ("first", "second"):
        runner.submit(Job(name, lambda progress, name=name: order.append(name), Lane.ENGINE))
    until(lambda: "first" in order)
    until(lambda: not sent.is_alive())
    assert sent.result == "filled"
    assert order == ["errand begins", "first", "second", "errand begins", "errand ends"]


def test_it_is_done_in_the_end_however_much_comes_between(runner, until):
    begun = []

    def busy(progress):
        begun.append(len(begun))
        for step in range(10):
            runner_wants.set()
            progress(step / 10)
            time.sleep(0.01)
        return "done"

    runner_wants = threading.Event()
    sent = Sent(runner.errands(Lane.ENGINE), busy)
    while sent.is_alive():
        if runner_wants.wait(0.01):
            runner_wants.clear()
            runner.submit(Job("", lambda progress: None, Lane.ENGINE))
        until(lambda: True)
    assert sent.result == "done"
    assert len(begun) <= PATIENCE + 1
    until(lambda: not runner.jobs)


def test_errors_arrive_where_it_is_waited_for(runner, until):
    def fail(progress):
        raise LamaDesktopError("It is broken.")

    sent = Sent(runner.errands(Lane.ENGINE), fail)
    until(lambda: not sent.is_alive())
    assert str(sent.error) == "It is broken."
    assert runner.submit(Job("next", lambda progress: None, Lane.ENGINE)) in runner.jobs
    until(lambda: not runner.jobs)


def test_one_that_waits_and_one_that_is_at_work_can_be_stopped(runner, until):
    begun, done = threading.Event(), []

    def endless(progress):
        begun.set()
        while True:
            progress(0.5)
            time.sleep(0.002)

    errands = runner.errands(Lane.ENGINE)
    first = Sent(errands, endless)
    assert begun.wait(5)
    second = Sent(errands, done.append)
    second.progress.cancel()
    until(lambda: not second.is_alive())
    assert isinstance(second.error, Cancelled)
    assert first.is_alive()
    first.progress.cancel()
    until(lambda: not first.is_alive())
    assert isinstance(first.error, Cancelled)
    runner.submit(Job("last", lambda progress: done.append("last"), Lane.ENGINE))
    until(lambda: done == ["last"])
