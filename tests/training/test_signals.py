"""Signals to stop: a flag first, an end at once when one insists."""

import signal

import pytest

from lama_desktop.training import signals
from lama_desktop.training.signals import stop_signals

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="signals of POSIX")


@pytest.fixture(autouse=True)
def no_nohup():
    """Hear a terminal that is closed, also where these tests run under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_is_a_flag_and_is_said(name, capfd):
    number = getattr(signal, name)
    before = signal.getsignal(number)
    with stop_signals(aloud=True) as stop:
        assert not stop.is_set()
        signal.raise_signal(number)
        assert stop.is_set()
    assert capfd.readouterr().err.encode() == signals.STOPPING
    assert signal.getsignal(number) is before


def test_others_keep_silent(capfd):
    with stop_signals(aloud=False):
        signal.raise_signal(signal.SIGTERM)
    assert capfd.readouterr().err == ""


def test_more_of_them_mean_the_same_at_first_and_an_end_later(monkeypatch):
    with stop_signals(aloud=False):
        for _ in range(5):
            signal.raise_signal(signal.SIGTERM)
        monkeypatch.setattr(signals, "PATIENCE", 0.0)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_a_terminal_that_is_closed_may_be_ignored():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with stop_signals(aloud=False) as stop:
        signal.raise_signal(signal.SIGHUP)
        assert not stop.is_set()
