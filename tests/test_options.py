"""Declared options: command line, dictionary, ranges."""

import argparse
from dataclasses import dataclass
from enum import StrEnum

import pytest

from lama_desktop import options
from lama_desktop.errors import SettingsError
from lama_desktop.options import option


class Kind(StrEnum):
    SOFT = "soft"
    HARD = "hard"


@dataclass(frozen=True)
class Brush:
    """How a brush paints."""

    size: int = option(48, "Size", "diameter", low=1, high=2000, unit="px")
    opacity: float = option(1.0, "Opacity", "strength", low=0, high=1)
    kind: Kind = option(Kind.SOFT, "Kind", "edge")
    smooth: bool = option(True, "Smooth", "smooth strokes, 100 %")


def parse(*arguments: str) -> Brush:
    parser = argparse.ArgumentParser()
    options.add_arguments(parser, Brush)
    return options.from_arguments(Brush, parser.parse_args(arguments))


def test_the_command_line_sets_every_kind_of_option():
    assert parse() == Brush()
    assert parse("--size", "9", "--opacity", "0.5", "--kind", "hard", "--no-smooth") == Brush(9, 0.5, Kind.HARD, False)


@pytest.mark.parametrize("arguments", [("--size", "0"), ("--size", "2001"), ("--opacity", "nan"), ("--opacity", "1.1")])
def test_values_outside_their_range_are_refused_by_name(arguments):
    with pytest.raises(SettingsError, match=arguments[0].removeprefix("--")):
        parse(*arguments)


def test_a_dictionary_comes_back_as_it_went():
    brush = Brush(7, 0.25, Kind.HARD, False)
    assert options.from_dict(Brush, options.to_dict(brush)) == brush
    assert options.from_dict(Brush, {"opacity": 1}) == Brush()


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"sise": 3}, "Did you mean 'size'"),
        ({"size": "3"}, "a whole number"),
        ({"size": True}, "a whole number"),
        ({"kind": "round"}, "soft or hard"),
        ({"smooth": 1}, "true or false"),
    ],
)
def test_wrong_values_are_explained(values, text):
    with pytest.raises(SettingsError, match=text):
        options.from_dict(Brush, values)


def test_help_shows_defaults_and_percent_signs(capsys):
    with pytest.raises(SystemExit):
        parse("--help")
    text = capsys.readouterr().out
    assert "default: 48 px, 1 to 2000" in text
    assert "100 %" in text
    assert "How a brush paints" in text


def test_a_whole_number_that_no_machine_holds_is_refused():
    @dataclass(frozen=True)
    class Draw:
        seed: int = option(0, "Seed", "draws", low=0)

    assert options.from_dict(Draw, {"seed": options.LARGEST}).seed == options.LARGEST
    with pytest.raises(SettingsError, match=r"seed cannot be 9{20}: a whole number is \d+ at most"):
        options.from_dict(Draw, {"seed": 99999999999999999999})
