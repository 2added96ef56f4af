"""`lama-desktop models` from the command line: results, messages, exit codes."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from lama_desktop.cli import main
from lama_desktop.errors import Cancelled
from lama_desktop.models.checkpoints import save_weights
from lama_desktop.models.store import ModelStore
from lama_desktop.networks.generators import FourierConfig, build_generator


@pytest.fixture
def folder():
    return Path(os.environ["LAMA_DESKTOP_MODELS"])


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "windows.pth"
    torch.save(build_generator(FourierConfig(width=8, blocks=1)).state_dict(), path)
    return path


@pytest.fixture
def call(capsys):
    """Run a command; return its exit code, its JSON or its text, and its messages."""

    def run(*words):
        code = main(["models", *map(str, words)])
        output = capsys.readouterr()
        return code, json.loads(output.out) if "--json" in words else output.out, output.err

    return run


def test_list(call, folder, weights):
    code, text, _ = call("list")
    assert code == 0
    assert text.index("big-lama") < text.index("telea")
    assert str(folder) in text
    call("import", weights, "--id", "mine", "--title", "Mine")
    code, document, _ = call("list", "--json")
    assert code == 0
    rows = {each["id"]: each for each in document["models"]}
    assert next(iter(rows)) == "big-lama"
    assert not rows["big-lama"]["installed"]
    assert rows["big-lama"]["download"][0]["size"] == 205_669_692
    assert rows["telea"]["installed"]
    assert rows["mine"]["title"] == "Mine"
    assert rows["mine"]["path"] == str(folder / "mine.safetensors")


def test_import_verify_path_remove(call, folder, weights):
    code, text, _messages = call("import", weights)
    assert (code, text) == (
        0,
        "Imported as windows (Fourier, 1 block, width 8, 93555 parameters). "
        "Use it: lama-desktop inpaint PHOTO -m MASK --model windows\n",
    )
    assert call("import", weights, "--json")[1]["id"] == "windows"
    assert call("path")[1].strip() == str(folder)
    assert call("path", "windows")[1].strip() == str(folder / "windows.safetensors")
    assert call("path", "windows", "--json")[1] == {"path": str(folder / "windows.safetensors")}
    assert call("verify")[:2] == (0, "windows: good\n")
    assert call("verify", "windows", "--json")[1] == {"models": [{"id": "windows", "good": True, "error": ""}]}
    content = bytearray((folder / "windows.safetensors").read_bytes())
    content[-1] ^= 1
    (folder / "windows.safetensors").write_bytes(content)
    code, text, _ = call("verify")
    assert code == 4
    assert "not as it was installed" in text
    assert call("remove", "windows", "--json")[:2] == (0, {"removed": ["windows"]})
    assert ModelStore(folder).installed() == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("path", "big-lama"), 4),
        (("path", "nothing"), 4),
        (("verify", "big-lama"), 4),
        (("remove", "big-lama"), 4),
        (("download", "nothing"), 4),
        (("download", "big-lama", "--offline"), 1),
        (("import", "absent.ckpt"), 4),
        (("import", "."), 4),
        (("import", "absent.ckpt", "--id", "Bad Id"), 2),
    ],
)
def test_failures(call, words, code):
    found, _text, messages = call(*words)
    assert found == code
    assert messages.startswith("lama-desktop: ") or "lama-desktop: " in messages or words[0] == "verify"
    found, document, _ = call(*words, "--json")
    assert found == code
    assert "error" in document or not document["models"][0]["good"]


def test_ids_that_are_not_to_be_had(call, weights, tmp_path):
    assert call("import", weights, "--id", "big-lama")[0] == 2
    assert call("import", weights, "--id", "mine")[0] == 0
    other = tmp_path / "other.pth"
    torch.save(build_generator(FourierConfig(width=8, blocks=2)).state_dict(), other)
    assert call("import", other, "--id", "mine")[0] == 2
    assert call("import", other, "--id", "mine", "--replace", "--json")[1]["network"].startswith("Fourier, 2 blocks")


def test_verify_tells_what_it_could_not_compare(call, folder, weights):
    call("import", weights, "--id", "mine")
    save_weights(build_generator(FourierConfig(width=8, blocks=1)), {}, folder / "copied.safetensors")
    assert call("verify")[:2] == (0, "copied: whole (copied here: nothing to compare it with)\nmine: good\n")
    (folder / "mine.json").write_text("{")
    code, text, _ = call("verify")
    assert code == 4
    assert "mine: mine.safetensors cannot be compared" in text


@pytest.mark.parametrize("words", [("verify", "nope"), ("path", "nope"), ("import", "nope.ckpt")])
def test_what_is_missing_is_noticed_at_once(words):
    code = (
        "import sys; from lama_desktop.cli import main;"
        f"code = main(['models', *{words!r}]); sys.exit(100 if 'torch' in sys.modules else code)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 4


def test_bad_files_are_refused(call, tmp_path, folder):
    path = tmp_path / "resnet.pth"
    torch.save({"conv1.weight": torch.ones(1)}, path)
    code, text, messages = call("import", path)
    assert code == 4
    assert text == ""
    assert "resnet.pth holds no LaMa generator" in messages
    assert list(folder.iterdir()) == []


def test_remove_checks_all_names_first(call, weights):
    call("import", weights)
    assert call("remove", "windows", "absent")[0] == 4
    assert call("path", "windows")[0] == 0


def test_download_of_what_is_there_needs_no_network(call, folder, monkeypatch):
    monkeypatch.setenv("LAMA_DESKTOP_OFFLINE", "1")
    network = build_generator(FourierConfig(width=8, blocks=1))
    save_weights(network, {}, folder / "big-lama.safetensors")
    code, text, _ = call("download", "big-lama", "telea")
    assert code == 0
    assert text == f"big-lama: {folder / 'big-lama.safetensors'}\ntelea: needs no download\n"
    assert [each["installed"] for each in call("download", "big-lama", "telea", "--json")[1]["models"]] == [True, True]


@pytest.mark.parametrize("stop", [Cancelled, KeyboardInterrupt])
def test_interrupted(weights, monkeypatch, stop, folder):
    def interrupt(*_, **__):
        raise stop

    monkeypatch.setattr(ModelStore, "import_file", interrupt)
    assert main(["models", "import", str(weights)]) == 130


def test_from_the_program_s_own_command_line(weights, capsys):
    assert main(["models", "import", str(weights), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == "windows"
    assert main(["models", "path", "big-lama"]) == 4
    assert main(["models"]) == 2


def test_wrong_use(call):
    for words in ([], ["download"], ["import"], ["burn"]):
        assert call(*words)[0] == 2


def test_the_parser_costs_nothing():
    code = (
        "import argparse, sys; from lama_desktop.cli import models;"
        "models.add_arguments(argparse.ArgumentParser());"
        "print(sorted({'torch', 'numpy', 'safetensors', 'urllib.request', 'PySide6'} & set(sys.modules)))"
    )
    start = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert time.monotonic() - start < 3
