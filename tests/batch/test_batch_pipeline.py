"""Several photos at once: all of them, each once, within bounds; stopped, paused, and ended by an error."""

import threading
import time
from pathlib import Path

import pytest

from lama_desktop.batch.outcome import Outcome
from lama_desktop.batch.pipeline import Pipeline, _Clock, _left
from lama_desktop.batch.plan import State, Task
from lama_desktop.batch.room import Room
from lama_desktop.errors import Cancelled, LamaDesktopError
from lama_desktop.progress import Progress


def tasks(count: int) -> list[Task]:
    return [Task(number, Path(f"{number}.png"), (), Path(f"out/{number}.png")) for number in range(1, count + 1)]


class Doer:
    """Does tasks slowly and remembers which, and how many at once."""

    def __init__(self, seconds: float = 0.005) -> None:
        self.seconds, self.done, self.most, self._now = seconds, [], 0, 0
        self._lock = threading.Lock()

    def __call__(self, task, progress):
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        try:
            for step in range(5):
                progress(step / 5)
                time.sleep(self.seconds / 5)
        finally:
            with self._lock:
                self._now -= 1
        self.done.append(task.number)
        return Outcome(task.number, State.DONE)


def test_every_task_once_and_no_more_at_once_than_threads():
    do = Doer()
    found = [each.number for each in Pipeline(tasks(50), do, 4).outcomes(Progress())]
    assert sorted(found) == sorted(do.done) == list(range(1, 51))
    assert 2 <= do.most <= 4


def test_no_more_threads_than_tasks_and_nothing_to_do():
    do = Doer(0.05)
    assert len(list(Pipeline(tasks(2), do, 8).outcomes(Progress()))) == 2
    assert list(Pipeline([], do, 8).outcomes(Progress())) == []


def test_progress_is_told_on_the_thread_that_takes_the_outcomes():
    told = []
    progress = Progress(lambda fraction, text: told.append((fraction, text, threading.current_thread())))
    list(Pipeline(tasks(4), Doer(0.3), 2).outcomes(progress))
    assert {thread for _, _, thread in told} == {threading.main_thread()}
    assert any(0 < fraction < 0.5 for fraction, _, _ in told)
    assert told[-1][1] == "3 of 4"


def test_cancelled_what_is_at_work_stops_and_no_thread_is_left():
    do, progress = Doer(60), Progress()
    pipeline = Pipeline(tasks(5), do, 2)
    do.seconds = 0.2
    outcomes = pipeline.outcomes(progress)
    next(outcomes)
    progress.cancel()
    start = time.monotonic()
    with pytest.raises(Cancelled):
        list(outcomes)
    assert time.monotonic() - start < 2
    assert len(do.done) < 5


def test_who_stops_asking_stops_the_work():
    do = Doer(0.05)
    outcomes = Pipeline(tasks(50), do, 2).outcomes(Progress())
    next(outcomes)
    outcomes.close()
    assert len(do.done) < 50


def test_an_error_ends_the_run():
    def do(task, progress):
        if task.number == 3:
            raise LamaDesktopError("The disk is full.")
        return Outcome(task.number, State.DONE)

    with pytest.raises(LamaDesktopError, match="disk"):
        list(Pipeline(tasks(50), do, 2).outcomes(Progress()))


def test_paused_what_is_at_work_is_finished_and_nothing_is_begun():
    do = Doer(0.05)
    pipeline = Pipeline(tasks(20), do, 2)
    outcomes = pipeline.outcomes(Progress())
    next(outcomes)
    pipeline.pause()
    time.sleep(0.4)
    held = len(do.done)
    time.sleep(0.2)
    assert len(do.done) == held < 20
    pipeline.go_on()
    assert len(list(outcomes)) == 19


def test_a_paused_run_can_be_stopped():
    pipeline = Pipeline(tasks(20), Doer(), 2)
    pipeline.pause()
    progress = Progress()
    threading.Timer(0.05, progress.cancel).start()
    with pytest.raises(Cancelled):
        list(pipeline.outcomes(progress))


def test_the_rest_is_judged_when_there_is_something_to_judge_by():
    assert _left(0, 100) == _left(0.5, 1) == ""
    assert _left(0.5, 60) == ", 60 s left"
    assert _left(0.1, 60) == ", 9 min left"
    assert _left(0.1, 3600) == ", 9.0 h left"


def wait_until(condition):
    for _ in range(500):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError


class TestRoom:
    def enter(self, room, pixels, log, hold):
        with room.place(Progress()) as place:
            place.settle(pixels)
            log.append(pixels)
            hold.wait(5)

    def test_together_they_stay_within_the_limit(self):
        room, log, hold = Room(100), [], threading.Event()
        threads = [threading.Thread(target=self.enter, args=(room, 40, log, hold)) for _ in range(4)]
        threads[0].start()
        wait_until(lambda: log)
        for thread in threads[1:]:
            thread.start()
        wait_until(lambda: len(log) == 2)
        time.sleep(0.05)
        assert log == [40, 40]
        hold.set()
        for thread in threads:
            thread.join()
        assert log == [40] * 4

    def test_one_always_fits(self):
        room, log, hold = Room(100), [], threading.Event()
        hold.set()
        self.enter(room, 500, log, hold)
        self.enter(room, 500, log, hold)
        assert log == [500, 500]

    def test_until_the_first_is_known_it_is_alone(self):
        room = Room(100)
        progress = Progress()
        with room.place(progress) as first:
            threading.Timer(0.05, progress.cancel).start()
            with pytest.raises(Cancelled), room.place(progress):
                pass
            first.settle(30)
            with room.place(Progress()) as second:
                assert second.pixels == 30

    def test_what_fails_gives_its_place_back(self):
        room = Room(100)
        for _ in range(3):
            with pytest.raises(ValueError, match="broken"), room.place(Progress()):
                raise ValueError("broken")


class TestPutFirst:
    def test_one_more_is_done_next(self):
        gate, done = threading.Event(), []

        def do(task, progress):
            gate.wait(5)
            done.append(task.number)
            return Outcome(task.number, State.DONE)

        pipeline = Pipeline(tasks(3), do, 1)
        outcomes = pipeline.outcomes(Progress())
        threading.Timer(0.1, lambda: (pipeline.put_first(tasks(9)[8]), gate.set())).start()
        assert len(list(outcomes)) == 4
        assert done == [1, 9, 2, 3]

    def test_what_waits_comes_first_in_its_new_form_and_once(self):
        gate, done = threading.Event(), []

        def do(task, progress):
            gate.wait(5)
            done.append(task)
            return Outcome(task.number, State.DONE)

        pipeline = Pipeline(tasks(3), do, 1)
        outcomes = pipeline.outcomes(Progress())
        other = Task(3, Path("3.png"), (Path("mended.png"),), Path("out/3.png"))
        threading.Timer(0.1, lambda: (pipeline.put_first(other), gate.set())).start()
        assert len(list(outcomes)) == 3
        assert [each.number for each in done] == [1, 3, 2]
        assert done[1] is other

    def test_what_is_at_work_and_what_is_over_is_told(self):
        gate, refused = threading.Event(), []

        def do(task, progress):
            gate.wait(5)
            return Outcome(task.number, State.DONE)

        pipeline = Pipeline(tasks(1), do, 1)
        outcomes = pipeline.outcomes(Progress())
        threading.Timer(0.1, lambda: (refused.append(pipeline.put_first(tasks(1)[0])), gate.set())).start()
        assert len(list(outcomes)) == 1
        assert refused == [False]
        assert not pipeline.put_first(tasks(2)[1])


def test_time_in_which_it_is_paused_does_not_count():
    clock = _Clock()
    clock.hold()
    held = clock.seconds
    time.sleep(0.05)
    assert clock.seconds == held
    clock.go_on()
    time.sleep(0.02)
    assert held < clock.seconds < held + 0.05
