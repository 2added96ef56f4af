"""Whole runs: what they leave, how they go on, what stops them."""

import contextlib
import io
import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
import torch
from runs import command, environment, losses, make_pictures, quick, start

from lama_desktop.errors import (
    Cancelled,
    CorruptWeightsError,
    DeviceMemoryError,
    FileFormatError,
    ModelError,
    SettingsError,
)
from lama_desktop.models.checkpoints import load_generator
from lama_desktop.models.disk import digest, locked
from lama_desktop.models.installed import described
from lama_desktop.models.store import ModelStore
from lama_desktop.training import checkpoint
from lama_desktop.training.config import load_config
from lama_desktop.training.distributed import Processes
from lama_desktop.training.run import LOCK, train
from lama_desktop.training.trainer import Trainer

ALONE = Processes(0, 1, torch.device("cpu"))


@pytest.fixture
def pictures(tmp_path):
    return make_pictures(tmp_path / "pictures")


def test_a_run_leaves_everything_one_needs(pictures, tmp_path):
    held_back = make_pictures(tmp_path / "held back", 3)
    values = {"validation__images": str(held_back), "validation__masks": "thick_256", "validation__size": 48}
    folder = tmp_path / "run"
    model = train(quick(pictures, **values, validation__every=3, checkpoints__best=1), folder, ALONE)
    assert model == folder / "quick.safetensors"
    assert load_generator(model).config.width == 4
    assert set(losses(folder)) == {1, 2, 3, 4, 5, 6}
    assert load_config(folder / "recipe.toml").run.steps == 6
    assert (folder / "report.html").exists()
    assert len(list((folder / "sheets").glob("*.jpg"))) == 2
    assert len(list((folder / "checkpoints").glob("best-*.safetensors"))) == 1
    assert checkpoint.load_last(folder)["step"] == 6
    card = json.loads((folder / "quick.json").read_text())
    assert card["figures"]["psnr"] > 0
    assert not list(folder.rglob("*.tmp"))


def test_the_export_is_a_model_of_the_application(pictures, tmp_path):
    model = train(quick(pictures, run__steps=1), tmp_path / "run", ALONE)
    assert described(model).sha256 == digest(model)
    store = ModelStore(tmp_path / "models")
    installed = store.import_file(model)
    assert installed.card.id == "quick"
    assert store.path("quick").exists()


def test_going_on_equals_not_stopping(pictures, tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    values = {"average__on": True, "average__start": 1, "average__every": 1, "data__batch": 3}
    train(quick(pictures, **values), whole, ALONE)
    train(quick(pictures, **values, run__steps=3), parts, ALONE)
    train(quick(pictures, **values), parts, ALONE)
    assert losses(whole) == losses(parts)
    one, other = load_generator(whole / "quick.safetensors"), load_generator(parts / "quick.safetensors")
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


def test_pictures_that_came_or_went_are_noted(pictures, tmp_path):
    train(quick(pictures, run__steps=1), tmp_path / "run", ALONE)
    next(pictures.iterdir()).unlink()
    train(quick(pictures, run__steps=2), tmp_path / "run", ALONE)
    assert "There were 6 pictures before, and there are 5 now." in (tmp_path / "run" / "log.jsonl").read_text()


def test_a_stop_loses_nothing_that_was_to_be_logged(pictures, tmp_path, monkeypatch):
    """The flag is looked at after every step; losses and broken pictures since the last record are in the log."""
    (pictures / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno picture")
    config, folder, update = quick(pictures, compute__log_every=100), tmp_path / "run", Trainer.update

    def interrupted(trainer, parts):
        if trainer.step == 2:
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGTERM)  # the same, sent by torchrun
        return update(trainer, parts)

    monkeypatch.setattr(Trainer, "update", interrupted)
    with pytest.raises(Cancelled):
        train(config, folder, ALONE)
    assert checkpoint.load_last(folder)["step"] == 3
    assert set(losses(folder)) == {3}
    assert "broken.png" in (folder / "log.jsonl").read_text()
    monkeypatch.undo()
    train(config, folder, ALONE)
    assert set(losses(folder)) == {3, 6}


def test_a_finished_run_is_left_as_it_is(pictures, tmp_path):
    config = quick(pictures)
    train(config, tmp_path / "run", ALONE)
    before = losses(tmp_path / "run")
    train(config, tmp_path / "run", ALONE)
    train(quick(pictures, run__steps=4), tmp_path / "run", ALONE)
    assert losses(tmp_path / "run") == before


def test_another_recipe_does_not_go_on_in_the_same_folder(pictures, tmp_path):
    train(quick(pictures, run__steps=1), tmp_path / "run", ALONE)
    with pytest.raises(SettingsError, match=r"holds another run \(losses.l1.known: 10.0 there, 5.0 here\)"):
        train(quick(pictures, losses__l1__known=5), tmp_path / "run", ALONE)
    train(quick(pictures, run__steps=2, compute__log_every=2), tmp_path / "run", ALONE)


def test_rates_may_change_and_that_is_noted(pictures, tmp_path):
    """What the sentence about losses that are not finite advises."""
    train(quick(pictures, run__steps=1), tmp_path / "run", ALONE)
    train(quick(pictures, run__steps=2, generator__rate=1e-4), tmp_path / "run", ALONE)
    assert "From here on generator.rate is 0.0001; it was 0.001." in (tmp_path / "run" / "log.jsonl").read_text()


def test_two_runs_do_not_share_a_folder(pictures, tmp_path):
    config, folder = quick(pictures, run__steps=1), tmp_path / "run"
    train(config, folder, ALONE)
    with locked(folder / LOCK), pytest.raises(SettingsError, match="A run is at work in"):
        train(config, folder, ALONE)
    train(config, folder, ALONE)


def test_a_folder_that_cannot_be_made_is_named(pictures, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileFormatError, match=r"file/run cannot be written to: a file is in the place"):
        train(quick(pictures), tmp_path / "file" / "run", ALONE)


def test_too_little_memory_is_a_sentence(pictures, tmp_path, monkeypatch):
    def full(trainer, parts):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    monkeypatch.setattr(Trainer, "update", full)
    with pytest.raises(DeviceMemoryError, match=r"raise optimizer.accumulate, or lower data.batch"):
        train(quick(pictures), tmp_path / "run", ALONE)


def test_fine_tuning_takes_both_networks_and_says_what_does_not_fit(pictures, tmp_path):
    train(quick(pictures, run__steps=2), tmp_path / "first", ALONE)
    last = str(tmp_path / "first" / "checkpoints" / "last.pt")
    values = {"generator__weights": last, "discriminator__weights": last, "generator__blocks": 2}
    train(quick(pictures, run__steps=1, **values), tmp_path / "second", ALONE)
    lines = [json.loads(line) for line in (tmp_path / "second" / "log.jsonl").read_text().splitlines()]
    notes = [line["text"] for line in lines if line["kind"] == "note"]
    assert any(note.startswith("generator: ") and "freshly initialised" in note for note in notes)
    assert any(note.startswith("discriminator: ") and "freshly" not in note for note in notes)


def test_fine_tuning_begins_where_the_weights_are(pictures, tmp_path):
    first = train(quick(pictures, run__steps=3), tmp_path / "first", ALONE)
    config = quick(pictures, run__steps=1, generator__weights=str(first), generator__rate=0.0)
    second = train(config, tmp_path / "second", ALONE)
    one, other = load_generator(first), load_generator(second)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"data__images": []}, "no pictures to learn from"),
        ({"data__images": ["run", "elsewhere"]}, "holds the pictures to learn from"),
        ({"optimizer__accumulate": 3}, "cannot be shared by optimizer.accumulate=3: choose a multiple of 3"),
        ({"run__name": "../model"}, "run.name cannot be '../model'"),
        ({"run__name": ""}, "run.name cannot be ''"),
        ({"data__size": 30}, "choose a multiple of 4 of at least 8"),
        ({"generator__family": "dilated"}, "choose a multiple of 4 of at least 36"),
        ({"data__augmentation": "distorsions"}, "no augmentation 'distorsions'"),
        ({"masks__preset": "thik"}, "no masks called 'thik'"),
        ({"compute__sync_batchnorm": True}, "needs CUDA"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_written(pictures, tmp_path, values, message, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match=message):
        train(quick(pictures, **values), tmp_path / "run", ALONE)
    assert not (tmp_path / "run").exists()


def test_no_pictures_is_an_error(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileFormatError):
        train(quick(tmp_path / "empty"), tmp_path / "run", ALONE)


def test_broken_pictures_are_listed(pictures, tmp_path):
    (pictures / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno picture")
    train(quick(pictures), tmp_path / "run", ALONE)
    assert "broken.png" in (tmp_path / "run" / "log.jsonl").read_text()


def test_a_damaged_checkpoint_is_named(pictures, tmp_path):
    config = quick(pictures, run__steps=1)
    train(config, tmp_path / "run", ALONE)
    (tmp_path / "run" / "checkpoints" / "last.pt").write_bytes(b"PK\x03\x04 torn")
    with pytest.raises(ModelError, match=r"last\.pt is damaged"):
        train(config, tmp_path / "run", ALONE)


def test_every_changed_byte_of_a_checkpoint_is_found(tmp_path):
    checkpoint.save_last(tmp_path, {"step": 1, "numbers": torch.rand(1000), "config": {"a": 1}})
    path = tmp_path / "checkpoints" / "last.pt"
    whole = path.read_bytes()
    start, chosen = whole.index(b"data/0"), random.Random(0)
    for place in (start + 500, start + 3000, *(chosen.randrange(len(whole)) for _ in range(100))):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :])
        with contextlib.suppress(CorruptWeightsError):
            found = checkpoint.load_last(tmp_path)
            assert torch.equal(found["numbers"], torch.load(io.BytesIO(whole), weights_only=True)["numbers"])
    path.write_bytes(whole[: start + 3000] + bytes([whole[start + 3000] ^ 1]) + whole[start + 3001 :])
    with pytest.raises(CorruptWeightsError):
        checkpoint.load_last(tmp_path)


@pytest.mark.parametrize("content", [[1, 2], torch.zeros(3), {"format": "lama-desktop training", "version": 0}])
def test_a_file_of_another_kind_is_no_checkpoint(tmp_path, content):
    (tmp_path / "checkpoints").mkdir()
    torch.save(content, tmp_path / "checkpoints" / "last.pt")
    with pytest.raises(CorruptWeightsError, match="no checkpoint of this program"):
        checkpoint.load_last(tmp_path)


def test_nothing_in_a_checkpoint_is_executed(tmp_path):
    class Evil:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "executed",))

    (tmp_path / "checkpoints").mkdir()
    torch.save({"format": "lama-desktop training", "version": 1, "x": Evil()}, tmp_path / "checkpoints" / "last.pt")
    with pytest.raises(CorruptWeightsError):
        checkpoint.load_last(tmp_path)
    assert not (tmp_path / "executed").exists()


def test_a_checkpoint_that_cannot_be_written_leaves_the_one_before(pictures, tmp_path, monkeypatch):
    train(quick(pictures, run__steps=2), tmp_path / "run", ALONE)
    before = (tmp_path / "run" / "checkpoints" / "last.pt").read_bytes()

    def torn(state: object, path: Path) -> None:
        path.write_bytes(b"half a checkpoint")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", torn)
    with pytest.raises(ModelError, match=r"the disk is full.*The checkpoint before it is whole"):
        train(quick(pictures, run__steps=4), tmp_path / "run", ALONE)
    assert (tmp_path / "run" / "checkpoints" / "last.pt").read_bytes() == before
    assert not list((tmp_path / "run" / "checkpoints").glob(".*"))


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_and_leaves_with_130(pictures, tmp_path, number):
    folder = tmp_path / "run"
    process = start(command(pictures, folder, "--set=run.steps=100000", "--set=checkpoints.every=100000"))
    _wait_for(folder / "log.jsonl", process, '"train"')
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Stopped and saved" in said
    saved = checkpoint.load_last(folder)["step"]
    assert saved >= max(losses(folder))


@pytest.mark.slow
def test_a_killed_run_goes_on_from_its_last_checkpoint(pictures, tmp_path):
    folder = tmp_path / "run"
    process = start(command(pictures, folder, "--set=run.steps=100000"))
    _wait_for(folder / "checkpoints" / "last.pt", process)
    process.kill()
    process.communicate(timeout=60)
    step = checkpoint.load_last(folder)["step"]
    done = subprocess.run(
        command(pictures, folder, f"--set=run.steps={step + 2}"), env=environment(), check=False, timeout=120
    )
    assert done.returncode == 0
    whole = tmp_path / "whole"
    subprocess.run(command(pictures, whole, f"--set=run.steps={step + 2}"), env=environment(), check=True, timeout=120)
    assert losses(folder) == losses(whole)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk_leaves_the_checkpoint_before(pictures, tmp_path):
    folder = tmp_path / "small disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=80m", "tmpfs", str(folder)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("no small disk can be mounted here")
    try:
        run = folder / "run"
        first = subprocess.run(
            command(pictures, run, "--set=run.steps=2"),
            env=environment(),
            check=False,
            capture_output=True,
            timeout=120,
        )
        assert first.returncode == 0, first.stderr
        before = (run / "checkpoints" / "last.pt").read_bytes()
        filler = folder / "filler"
        with filler.open("wb") as file:
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(1 << 14))
                    file.flush()
            file.truncate(filler.stat().st_size - (1 << 16))  # enough for the log, not for a checkpoint
        second = subprocess.run(
            command(pictures, run, "--set=run.steps=6"),
            env=environment(),
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert second.returncode == 4
        assert "is full" in second.stderr
        assert (run / "checkpoints" / "last.pt").read_bytes() == before
        filler.unlink()
        third = subprocess.run(command(pictures, run, "--set=run.steps=6"), env=environment(), check=False, timeout=120)
        assert third.returncode == 0
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _wait_for(path: Path, process: subprocess.Popen[str], text: str = "") -> None:
    end = time.monotonic() + 90
    while not (path.exists() and (not text or text in path.read_text())):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < end, "nothing happens"
        time.sleep(0.05)
