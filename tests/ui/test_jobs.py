"""Jobs: one after the other in a lane, everything heard on the UI thread, stopped in time, errors through one door."""

import gc
import threading
import time
import weakref

import numpy as np
import pytest

from lama_desktop.errors import LamaDesktopError
from lama_desktop.ui.jobs import Job, JobRunner, Lane


@pytest.fixture
def runner():
    made = JobRunner()
    yield made
    assert made.shutdown()


class Heard:
    """What a job said, in order, and on which thread."""

    def __init__(self, job):
        self.words, self.threads = [], set()
        for name in ("progressed", "succeeded", "failed", "cancelled", "finished"):
            getattr(job, name).connect(lambda *values, name=name: self.note(name, *values))

    def note(self, name, *values):
        self.words.append((name, *values))
        self.threads.add(threading.current_thread())

    @property
    def names(self):
        return [word[0] for word in self.words]


def test_a_result_arrives_on_the_ui_thread(runner, until):
    where = []

    def work(progress):
        where.append(threading.current_thread())
        progress(0.5, "half")
        return 42

    job = Job("Counting", work)
    heard = Heard(job)
    runner.submit(job)
    until(lambda: "finished" in heard.names)
    assert ("succeeded", 42) in heard.words
    assert ("progressed", 0.5, "half") in heard.words
    assert heard.names[-1] == "finished"
    assert heard.threads == {threading.main_thread()}
    assert where[0] is not threading.main_thread()
    assert runner.jobs == ()


def test_a_lane_keeps_the_order_and_lanes_do_not_wait_for_each_other(runner, until):
    order, gate = [], threading.Event()
    runner.submit(Job("slow", lambda progress: gate.wait(5), Lane.ENGINE))
    for number in range(5):
        runner.submit(Job(str(number), lambda progress, number=number: order.append(number), Lane.FILES))
    until(lambda: len(order) == 5)
    assert order == list(range(5))
    until(lambda: [job.title for job in runner.jobs] == ["slow"])
    gate.set()
    until(lambda: not runner.jobs)


def test_a_running_and_a_waiting_job_can_be_stopped(runner, until):
    begun, ran = threading.Event(), []

    def endless(progress):
        begun.set()
        while True:
            progress(0.1, "going on")
            time.sleep(0.001)

    first, second = Job("first", endless), Job("second", ran.append)
    heard, also = Heard(first), Heard(second)
    runner.submit(first)
    runner.submit(second)
    begun.wait(5)
    second.cancel()
    first.cancel()
    assert first.stopping
    until(lambda: not runner.jobs)
    assert heard.names[-2:] == ["cancelled", "finished"]
    assert also.names == ["cancelled", "finished"]
    assert ran == []


def test_errors_go_through_one_door_and_the_lane_goes_on(runner, until):
    shown, done = [], []
    runner.failed.connect(lambda job, error: shown.append((job.title, str(error))))

    def fail(progress):
        raise LamaDesktopError("The disk is full. Make room.")

    job = Job("Saving", fail)
    heard = Heard(job)
    runner.submit(job)
    runner.submit(Job("Next", lambda progress: 1)).succeeded.connect(done.append)
    until(lambda: done)
    assert shown == [("Saving", "The disk is full. Make room.")]
    assert heard.names[-2:] == ["failed", "finished"]


def test_neither_work_nor_error_keeps_arrays_alive(runner, until):
    arrays = []

    def fail(progress, array=None):
        local = np.zeros(100)
        arrays.append(weakref.ref(local))
        raise LamaDesktopError("No.")

    kept = []
    held = np.zeros(10)
    arrays.append(weakref.ref(held))
    job = Job("Failing", lambda progress, held=held: fail(progress, held))
    del held
    job.failed.connect(kept.append)
    runner.submit(job)
    until(lambda: kept and not runner.jobs)
    gc.collect()
    assert [each() is None for each in arrays] == [True, True]


def test_reports_are_thinned_out(runner, until):
    def chatter(progress):
        for step in range(20_000):
            progress(step / 20_000, "chattering")
        progress(1.0, "chattering")

    job = Job("Chatter", chatter)
    heard = Heard(job)
    runner.submit(job)
    until(lambda: "finished" in heard.names)
    reports = [word for word in heard.words if word[0] == "progressed"]
    assert len(reports) < 200
    assert reports[-1][1] == 1.0


def test_shutdown_stops_what_runs():
    runner, begun = JobRunner(), threading.Event()

    def endless(progress):
        begun.set()
        while True:
            progress(0.5)

    runner.submit(Job("endless", endless))
    runner.submit(Job("waiting", endless))
    begun.wait(5)
    start = time.monotonic()
    assert runner.shutdown()
    assert time.monotonic() - start < 1


def test_nothing_begins_after_shutdown():
    """A timer may still ring while the window goes."""
    runner, done = JobRunner(), []
    assert runner.shutdown()
    job = runner.submit(Job("Late", lambda progress: done.append(1), Lane.TOOLS))
    assert runner.jobs == ()
    assert runner.shutdown()
    assert not done
    assert job.started is None


def test_a_job_that_has_ended_is_gone_with_all_that_listened(runner, until):
    def counting():
        held = np.zeros(10)
        job = Job("Counting", lambda progress: progress(0.5))
        job.succeeded.connect(lambda result: held.sum())
        runner.submit(job)
        return weakref.ref(job), weakref.ref(held)

    gc.disable()
    try:
        gone = counting()
        until(lambda: all(each() is None for each in gone))
    finally:
        gc.enable()
