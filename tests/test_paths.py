"""What travels with the program is found from a checkout, a wheel and a frozen bundle."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from lama_desktop import paths

ROOT = Path(__file__).parents[1]


def test_a_checkout_finds_its_resources():
    for name in ("sample.jpg", "sample_mask.png", "PROVENANCE.txt"):
        assert paths.resource("sample", name).is_file()


def test_a_frozen_bundle_finds_its_resources(tmp_path, monkeypatch):
    inside = tmp_path / "lama_desktop" / "resources" / "sample"
    inside.mkdir(parents=True)
    (inside / "sample.jpg").touch()
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    assert paths.resource("sample", "sample.jpg") == inside / "sample.jpg"


def test_an_incomplete_installation_is_named():
    with pytest.raises(FileNotFoundError, match="install LaMa Desktop again"):
        paths.resource("sample", "nothing.jpg")


@pytest.mark.slow
def test_the_wheel_carries_the_resources(tmp_path):
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    assert "lama_desktop/resources/sample/sample.jpg" in names
    assert "lama_desktop/cli/inpaint.py" in names


def test_the_models_folder_can_be_moved(monkeypatch, tmp_path):
    monkeypatch.setenv("LAMA_DESKTOP_MODELS", str(tmp_path / "weights"))
    assert paths.models_folder() == tmp_path / "weights"
    monkeypatch.delenv("LAMA_DESKTOP_MODELS")
    assert paths.models_folder().name == "models"


def test_settings_cache_and_log_move_together(monkeypatch, tmp_path):
    monkeypatch.setenv("LAMA_DESKTOP_SETTINGS", str(tmp_path))
    assert paths.settings_folder() == tmp_path
    assert {paths.cache_folder().parent, paths.logs_folder().parent} == {tmp_path}
    monkeypatch.delenv("LAMA_DESKTOP_SETTINGS")
    folders = {paths.settings_folder(), paths.cache_folder(), paths.logs_folder()}
    assert all("lama-desktop" in str(each) for each in folders)
    assert tmp_path not in folders
