"""Several processes on one machine: gloo under torchrun, as on a server with NCCL."""

import os
import re
import signal
import subprocess
import time

import pytest
import torch
from runs import command, environment, losses, make_pictures, start

from lama_desktop.errors import LamaDesktopError
from lama_desktop.training import checkpoint
from lama_desktop.training.distributed import Processes, processes, together

pytestmark = pytest.mark.slow


@pytest.fixture
def pictures(tmp_path):
    return make_pictures(tmp_path / "pictures")


def torchrun(count: int, restarts: int = 0) -> tuple[str, ...]:
    return ("--standalone", f"--nproc-per-node={count}", f"--max-restarts={restarts}")


def run(arguments: list[str]) -> None:
    done = subprocess.run(arguments, env=environment(), check=False, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-3000:]


def test_two_processes_are_one_with_the_same_pictures(pictures, tmp_path):
    """BatchNorm sees the pictures of its process, so one process takes them in two parts.

    What is compared are all terms of three steps. The order of sums differs, and Adam's first updates are signs: hence
    a tolerance of 2 % for the gradients' norms and of 0.1 % for everything else.
    """
    run(command(pictures, tmp_path / "two", "--set=run.steps=3", torchrun=torchrun(2)))
    run(command(pictures, tmp_path / "one", "--set=run.steps=3", "--set=optimizer.accumulate=2"))
    two, one = losses(tmp_path / "two"), losses(tmp_path / "one")
    assert set(two) == set(one) == {1, 2, 3}
    for step, terms in one.items():
        for name, value in terms.items():
            if name != "images_per_second":
                loose = 2e-2 if "gradient" in name or "score" in name else 1e-3 * step
                assert two[step][name] == pytest.approx(value, rel=loose, abs=1e-3), (step, name)


def test_a_killed_process_is_started_again_and_goes_on(pictures, tmp_path):
    folder = tmp_path / "run"
    process = start(command(pictures, folder, "--set=run.steps=150", torchrun=torchrun(2, restarts=2)))
    end = time.monotonic() + 120
    last = folder / "checkpoints" / "last.pt"
    while not last.exists():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < end
        time.sleep(0.02)
    step = checkpoint.load_last(folder)["step"]
    victim = next(pid for pid in _children(process.pid) if "lama_desktop.training" in _words(pid))
    os.kill(victim, signal.SIGKILL)
    _, said = process.communicate(timeout=240)
    assert process.returncode == 0, said[-3000:]
    assert step < 150
    assert set(losses(folder)) == set(range(1, 151)), "each step is logged once"
    assert (folder / "quick.safetensors").exists()
    assert re.search(r"SIGKILL|exitcode.*-9|Signal 9", said)
    assert "defect" not in said
    assert "Warning" not in said


def test_a_process_that_is_gone_is_a_sentence():
    with pytest.raises(LamaDesktopError, match="Another process of this run has ended"), together():
        raise RuntimeError("[gloo/transport/tcp/pair.cc:553] Connection closed by peer")
    with pytest.raises(LamaDesktopError), together():
        raise torch.distributed.DistBackendError("NCCL error")
    with pytest.raises(RuntimeError, match="shapes"), together():
        raise RuntimeError("shapes do not fit")


def test_a_process_that_is_alone_needs_no_environment(monkeypatch):
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    with processes("cpu") as mine:
        assert (mine.rank, mine.world, mine.first) == (0, 1, True)
        assert mine.sum([1.0, 2.0]) == [1.0, 2.0]
        assert mine.mean({"a": 3.0}) == {"a": 3.0}
        assert mine.gather(["x"]) == ["x"]
        assert mine.any(True)
        assert not mine.any(False)


def test_only_the_first_process_talks():
    assert not Processes(1, 2, None).first


def _children(parent: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(parent)], check=True, capture_output=True, text=True)
    return [int(each) for each in listed.stdout.split()]


def _words(pid: int) -> str:
    return subprocess.run(["ps", "-o", "args=", "-p", str(pid)], check=True, capture_output=True, text=True).stdout
