"""Several processes that share a piece of work; here as threads with a store in memory."""

import threading

import pytest
import torch
from torch.distributed import HashStore

from lama_desktop.engine.ranks import Ranks, join
from lama_desktop.errors import Cancelled, SettingsError
from lama_desktop.progress import Progress


def ranks(world):
    store = HashStore()
    return [Ranks(rank, world, rank, store) for rank in range(world)]


def test_alone_there_is_nobody_to_wait_for(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    alone = join()
    assert (alone.first, alone.world) == (True, 1)
    assert alone.share([1, 2, 3]) == [1, 2, 3]
    assert alone.meet("end", Progress(), "word") == ["word"]
    alone.say("word")


def test_every_item_belongs_to_one_process():
    parts = [each.share(range(10)) for each in ranks(3)]
    assert [list(part) for part in parts] == [[0, 3, 6, 9], [1, 4, 7], [2, 5, 8]]
    assert [each.first for each in ranks(3)] == [True, False, False]


def test_a_word_is_waited_for():
    one, two = ranks(2)
    threading.Timer(0.05, lambda: one.say("plan", "ready – ü")).start()
    assert two.hear("plan", 0, Progress()) == "ready – ü"


def test_all_meet():
    heard = []
    threads = [
        threading.Thread(target=lambda each=each: heard.append(each.meet("end", Progress(), str(each.rank))))
        for each in ranks(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == [["0", "1", "2"]] * 3


def test_waiting_can_be_cancelled():
    _, two = ranks(2)
    progress = Progress()
    threading.Timer(0.05, progress.cancel).start()
    with pytest.raises(Cancelled):
        two.hear("plan", 0, progress)


def test_more_processes_than_devices(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    for name, value in (("RANK", "1"), ("WORLD_SIZE", "2"), ("LOCAL_RANK", "1")):
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match="1 CUDA devices"):
        join()
