"""A run over every kind of photo: finished with the right report, also when it is killed again and again.

By default with a few photos. LAMA_DESKTOP_TEST_PHOTOS=1000 LAMA_DESKTOP_TEST_KILLS=20 is the whole proof, which takes
many minutes; LAMA_DESKTOP_TEST_SEED chooses other moments.
"""

import hashlib
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import kinds
import lots
import pytest

from lama_desktop import formats
from lama_desktop.batch.plan import State

PHOTOS = int(os.environ.get("LAMA_DESKTOP_TEST_PHOTOS", 2 * len(kinds.KINDS)))
KILLS = int(os.environ.get("LAMA_DESKTOP_TEST_KILLS", 3))
SEED = int(os.environ.get("LAMA_DESKTOP_TEST_SEED", 0))
PROGRAM = (sys.executable, "-m", "lama_desktop", "batch")

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is of other systems")]


def start(*words, torchrun: int = 0) -> subprocess.Popen:
    run = ("-m", "torch.distributed.run", "--nproc-per-node", str(torchrun), "-m", "lama_desktop", "batch")
    program = (sys.executable, *run) if torchrun else PROGRAM
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [*program, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )


def finish(*words, torchrun: int = 0) -> tuple[int, str]:
    process = start(*words, torchrun=torchrun)
    _, messages = process.communicate(timeout=1800)
    assert "Traceback" not in messages or torchrun, messages
    return process.returncode, messages


def report(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / "lama-desktop-batch" / "report.jsonl").read_text().splitlines()]


def results(out: Path) -> dict[str, bytes]:
    """Return the results by their paths; everything else has to be the journal."""
    return {name: (out / name).read_bytes() for name in lots.below(out) if not name.startswith("lama-desktop-batch/")}


def finished(out: Path) -> Counter[int]:
    """Return how often each task was written down as done."""
    lines = [
        json.loads(line)
        for path in (out / "lama-desktop-batch").glob("results-*.jsonl")
        for line in path.read_bytes().splitlines()
        if line.endswith(b"}}")
    ]
    return Counter(line["outcome"]["number"] for line in lines if line["event"] == "finished")


def count_done(out: Path) -> int:
    files = (out / "lama-desktop-batch").glob("results-*.jsonl")
    return sum(path.read_bytes().count(b'"finished"') for path in files)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("photos") / "in"


@pytest.fixture(scope="module")
def wanted(folder):
    return kinds.make(folder, PHOTOS)


@pytest.fixture(scope="module")
def whole(folder, wanted, tmp_path_factory):
    """The results of a run that nobody disturbs."""
    out = tmp_path_factory.mktemp("whole") / "out"
    code, messages = finish(*words(folder, out))
    assert code == 3, messages
    return out


def words(folder, out):
    out.mkdir(exist_ok=True)
    (out / "shut").touch()  # a file, where some results would need a folder
    return folder, "-o", out, "--model", "telea", "--device", "cpu"


def check(out: Path, wanted: dict[Path, State], whole: Path) -> None:
    """Assert that a run has done everything exactly once and left nothing else."""
    assert {Path(row["photo"]): row["state"] for row in report(out)} == wanted
    assert all(row["reason"] for row in report(out) if row["state"] != "done")
    assert results(out) == results(whole)
    assert set(finished(out).values()) == {1}
    for row in report(out):
        if row["state"] == "done":
            assert hashlib.sha256(Path(row["output"]).read_bytes()).hexdigest() == row["digest"]


def test_every_kind_ends_as_it_has_to(folder, wanted, whole):
    check(whole, wanted, whole)
    done = [row for row in report(whole) if row["state"] == "done"]
    for row in done[: len(kinds.KINDS)]:
        before, after = formats.read(Path(row["photo"])), formats.read(Path(row["output"]))
        assert (after.model, after.depth, after.size, after.profile) == (
            before.model,
            before.depth,
            before.size,
            before.profile,
        )
    assert {Path(row["output"]).relative_to(whole).parent for row in done} == {
        Path(row["photo"]).relative_to(folder).parent for row in done
    }


def test_killed_at_any_moment_and_resumed_every_photo_is_done_exactly_once(folder, wanted, whole, tmp_path):
    out = tmp_path / "out"
    moments = random.Random(SEED)
    kills = 0
    while kills < KILLS:
        process = start(*words(folder, out), "--resume")
        goal = count_done(out) + moments.randrange(1, max(2, PHOTOS // (3 * KILLS)))
        while process.poll() is None and count_done(out) < goal:
            time.sleep(0.005)
        time.sleep(moments.random() * 0.05)
        if process.poll() is not None:
            break
        process.kill()
        process.communicate()
        kills += 1
        for name, data in results(out).items():
            if not Path(name).name.startswith(".") and data:
                formats.decode(data, Path(name))  # whole, or not there
    code, messages = finish(*words(folder, out), "--resume")
    assert code == 3, messages
    check(out, wanted, whole)
    assert kills > KILLS // 2, "a fast machine may be done before the last kill"


def test_two_processes_share_the_work_also_when_one_is_killed(folder, wanted, whole, tmp_path):
    out = tmp_path / "out"
    process = start(*words(folder, out), torchrun=2)
    journal = out / "lama-desktop-batch"
    for _ in range(6000):
        if (journal / "results-1.jsonl").exists() and count_done(out) >= PHOTOS // 4:
            break
        time.sleep(0.01)
    victim = next(pid for pid in children(process.pid) if b"RANK=1\0" in Path(f"/proc/{pid}/environ").read_bytes())
    os.kill(victim, 9)
    assert process.wait(60) != 0
    process.communicate()
    assert count_done(out) < sum(state in (State.DONE, State.FAILED, State.EMPTY) for state in wanted.values())
    code, messages = finish(*words(folder, out), "--resume", torchrun=2)
    assert code == 1, messages  # what torchrun makes of our 3
    check(out, wanted, whole)
    assert {path.name for path in journal.glob("results-*")} == {"results-0.jsonl", "results-1.jsonl"}


def children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task")
    if not tasks.is_dir():
        pytest.skip("this system does not tell the children of a process")
    return [int(child) for path in tasks.glob("*/children") for child in path.read_text().split()]
