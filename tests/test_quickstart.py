"""The setup script: standard library only, quick when nothing changed, clear about what is missing."""

import ast
import importlib.util
import sys
from pathlib import Path

import pytest

PATH = Path(__file__).parents[1] / "packaging" / "quickstart.py"


@pytest.fixture
def quickstart():
    spec = importlib.util.spec_from_file_location("quickstart", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_needs_nothing_but_python():
    for node in ast.walk(ast.parse(PATH.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) else []
        assert {name.split(".")[0] for name in names} <= set(sys.stdlib_module_names)


def test_wrong_use_is_said(quickstart, capsys):
    assert quickstart.main(["tests"]) == 2
    assert "usage" in capsys.readouterr().err


def test_missing_libraries_are_named_for_a_user_who_is_not_root(quickstart, monkeypatch, capsys):
    monkeypatch.setattr(quickstart, "missing_packages", lambda: ["libegl1", "libgl1"])
    monkeypatch.setattr(quickstart.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(quickstart.os, "geteuid", lambda: 1000)
    assert quickstart.main([]) == 1
    assert "sudo apt-get install -y --no-install-recommends libegl1 libgl1" in capsys.readouterr().err


def test_another_system_gets_the_names_of_the_libraries(quickstart, monkeypatch, capsys):
    monkeypatch.setattr(quickstart, "missing_packages", lambda: ["libegl1"])
    monkeypatch.setattr(quickstart.shutil, "which", lambda name: None)
    assert quickstart.main(["test"]) == 1
    assert "libegl1" in capsys.readouterr().err


def test_nothing_is_installed_twice(quickstart, monkeypatch, tmp_path):
    python, stamp = tmp_path / "python", tmp_path / "stamp"
    python.touch()
    stamp.write_text(quickstart.fingerprint())
    monkeypatch.setattr(quickstart, "PYTHON", python)
    monkeypatch.setattr(quickstart, "STAMP", stamp)
    monkeypatch.setattr(quickstart.subprocess, "run", lambda *_, **__: pytest.fail("something was installed"))
    quickstart.set_up()


def test_every_tested_version_is_pinned(quickstart):
    lines = quickstart.CONSTRAINTS.read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    assert pins["torch"] == "2.13.0"
    assert {"numpy", "pillow", "PySide6_Essentials", "opencv-python-headless", "pytest", "ruff", "mypy"} <= set(pins)
