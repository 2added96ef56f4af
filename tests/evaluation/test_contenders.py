"""Contenders, as a person names them."""

from dataclasses import replace
from pathlib import Path

import pytest

from lama_desktop.engine.options import Preset
from lama_desktop.errors import SettingsError
from lama_desktop.evaluation.contenders import HOLE_ONLY, contender, named_apart


def test_a_model_alone_has_the_default_settings():
    found = contender("telea", HOLE_ONLY)
    assert (found.name, found.model, found.options, found.folder) == ("telea", "telea", HOLE_ONLY, None)
    assert contender("some/best.ckpt", HOLE_ONLY).name == "best.ckpt"


def test_settings_and_a_name():
    found = contender("starter:preset=best,refine=on,context=0.7,grow=2", HOLE_ONLY)
    assert found.name == "starter:preset=best,refine=on,context=0.7,grow=2"
    assert found.options == replace(HOLE_ONLY, preset=Preset.BEST, refine=True, context=0.7, grow=2)
    named = contender("mine=starter:refine", HOLE_ONLY)
    assert (named.name, named.model, named.options.refine) == ("mine", "starter", True)
    windows = contender("C:\\weights\\best.ckpt:refine=off,refine-budget=2.5", HOLE_ONLY)
    assert windows.model == "C:\\weights\\best.ckpt"
    assert windows.options.refine_budget == 2.5


def test_a_folder_is_told_by_the_disk_or_by_the_option(tmp_path):
    assert contender(f"other={tmp_path}", HOLE_ONLY).folder == tmp_path
    assert contender("nowhere", HOLE_ONLY, is_folder=True).folder == Path("nowhere")
    assert contender(str(tmp_path), HOLE_ONLY, is_folder=False).model == str(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("starter:colour=red", "no setting 'colour': choose preset"),
        ("starter:preset=finest", "preset cannot be 'finest'"),
        ("starter:grow=a few", "grow cannot be 'a few'"),
        ("starter:refine=maybe", "refine cannot be 'maybe'"),
        ("starter:context=9", "context cannot be 9.0"),
    ],
)
def test_what_cannot_be_is_refused_by_name(text, said):
    with pytest.raises(SettingsError, match=said):
        contender(text, HOLE_ONLY)


def test_no_two_have_one_name():
    twice = [contender("telea", HOLE_ONLY), contender("telea", HOLE_ONLY)]
    with pytest.raises(SettingsError, match="Two are called telea"):
        named_apart(twice)
    with pytest.raises(SettingsError, match="Nobody is to be judged"):
        named_apart([])
