"""One model for several threads."""

import threading
import time

import numpy as np
import pytest
import torch

from lama_desktop.engine.device import Device
from lama_desktop.engine.engine import Engine
from lama_desktop.engine.model import NetworkModel
from lama_desktop.engine.options import EngineOptions
from lama_desktop.engine.pool import MOST, EnginePool
from lama_desktop.engine.textured_model import TexturedModel
from lama_desktop.errors import Cancelled
from lama_desktop.progress import Progress


class Slow:
    """A model that fills with grey and remembers how many fill at once."""

    smallest, copies = 16, False

    def __init__(self, device: str = "cpu, float32", side: int = 256) -> None:
        self.device, self.side, self.now, self.most = device, side, 0, 0
        self.lock = threading.Lock()

    def largest(self, side):
        return self.side

    def retreat(self):
        return False

    def fill(self, image, hole, progress, allowed=None):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.02)
        with self.lock:
            self.now -= 1
        return np.full_like(image, 0.5)


def pool(model, at_once=0):
    return EnginePool(Engine(model, EngineOptions(grow=0, feather=0)), at_once)


def fill_all(lent, count=8):
    image, mask = np.zeros((20, 20, 3), np.uint8), np.zeros((20, 20), np.uint8)
    mask[5:10, 5:10] = 255
    results = []

    def work():
        with lent.engine(Progress()) as engine:
            results.append(engine.inpaint(image, mask))

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == count
    assert all((result[5:10, 5:10] == 128).all() for result in results)


@pytest.mark.parametrize("at_once", [1, 3])
def test_no_more_at_once_than_asked_for(at_once):
    model = Slow()
    with pool(model, at_once) as lent:
        fill_all(lent)
    assert model.most == at_once


def test_an_accelerator_fills_one_after_the_other():
    model = Slow("some accelerator, bfloat16")
    with pool(model, 3) as lent:
        assert lent.at_once == 1
        assert lent.threads >= 3
        fill_all(lent, 4)
    assert model.most == 1


def test_the_cores_are_divided_and_given_back():
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(6)
        with pool(Slow(), 3):
            assert torch.get_num_threads() == 2
            seen = []
            thread = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
            thread.start()
            thread.join()
            assert seen == [2]
        assert torch.get_num_threads() == 6
    finally:
        torch.set_num_threads(before)


def test_by_itself_it_takes_what_cores_and_memory_are_good_for(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 8)
    assert pool(Slow()).at_once == MOST
    assert pool(Slow(side=100_000)).at_once == 1
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    assert pool(Slow()).at_once == 2
    monkeypatch.setattr("lama_desktop.engine.pool.free_memory", lambda name: None)
    assert pool(Slow()).at_once == 2


def test_with_texture_the_network_before_it_counts(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 8)
    monkeypatch.setattr("lama_desktop.engine.pool.free_memory", lambda name: 12 << 30)
    network = NetworkModel.__new__(NetworkModel)
    monkeypatch.setattr(NetworkModel, "largest", lambda model, side: side)
    monkeypatch.setattr(NetworkModel, "device", "cpu, float32")
    cpu = Device("cpu", torch.float32)
    assert pool(TexturedModel(network, [512, 1024], 0.5, cpu)).at_once == 3, "what patches take in a window of 3,200"
    assert pool(TexturedModel(network, [512, 2048], 0.5, cpu)).at_once == 1


def test_waiting_can_be_cancelled():
    lent, progress = pool(Slow(), 1), Progress()
    with lent.engine(Progress()):
        threading.Timer(0.05, progress.cancel).start()
        with pytest.raises(Cancelled), lent.engine(progress):
            pass


def test_a_fill_that_fails_frees_its_turn():
    lent = pool(Slow(), 1)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), lent.engine(Progress()):
            raise ZeroDivisionError
