"""`-` in the place of a photo, a mask or a result."""

import io
import sys
import tempfile
from types import SimpleNamespace

import pytest
from PIL import Image as PillowImage

TELEA = ("--model", "telea")


class Output(io.TextIOWrapper):
    """Standard output that keeps its bytes, and may be a terminal."""

    def __init__(self, terminal: bool = False) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8")
        self._terminal = terminal

    def isatty(self):
        return self._terminal


@pytest.fixture
def call(program, monkeypatch, tmp_path):
    """Call the program with something on standard input; return its code, what it wrote, and its messages."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "private"))
    (tmp_path / "private").mkdir()

    def called(*words, received: bytes | None = None, terminal: bool = False):
        stdin = SimpleNamespace(buffer=io.BytesIO(received or b""), isatty=lambda: received is None)
        monkeypatch.setattr(sys, "stdin", stdin)
        output = Output(terminal)
        monkeypatch.setattr(sys, "stdout", output)
        code, _, messages = program("inpaint", *words, *TELEA)
        assert list((tmp_path / "private").iterdir()) == []
        return code, output.buffer.getvalue(), messages

    return called


@pytest.fixture
def expected(program, photo, mask, tmp_path):
    assert program("inpaint", photo, "-m", mask, "-o", tmp_path / "expected.png", *TELEA)[0] == 0
    return (tmp_path / "expected.png").read_bytes()


def test_a_photo_comes_in_and_its_result_goes_out(call, photo, mask, expected):
    code, data, messages = call("-", "-m", mask, received=photo.read_bytes())
    assert (code, data) == (0, expected)
    assert messages.startswith("standard output: 120 × 90, 8 bit, filled by telea in ")


def test_only_the_result_goes_out(call, photo, mask, expected):
    assert call(photo, "-m", mask, "-o", "-")[:2] == (0, expected)


def test_a_mask_comes_in(call, photo, mask, expected, tmp_path):
    assert call(photo, "-m", "-", "-o", tmp_path / "out.png", received=mask.read_bytes())[0] == 0
    assert (tmp_path / "out.png").read_bytes() == expected


def test_only_the_photo_comes_in(call, photo, mask, expected, tmp_path):
    code, data, _ = call("-", "-m", mask, "-o", tmp_path / "out.png", received=photo.read_bytes())
    assert code == 0
    assert b"PNG" not in data
    assert (tmp_path / "out.png").read_bytes() == expected


def test_the_format_of_what_goes_out(call, photo, mask):
    code, data, _ = call(photo, "-m", mask, "-o", "-", "--format", "webp")
    assert code == 0
    assert PillowImage.open(io.BytesIO(data)).format == "WEBP"


class TestRefusals:
    def check(self, found, words):
        code, data, messages = found
        assert (code, data) == (2, b"")
        assert words in messages

    def test_both_from_standard_input(self, call):
        self.check(call("-", "-m", "-", received=b"x"), "cannot both come from standard input")

    def test_a_terminal(self, call, photo, mask):
        self.check(call("-", "-m", mask), "Standard input is a terminal")
        self.check(call(photo, "-m", mask, "-o", "-", terminal=True), "Standard output is a terminal")

    @pytest.mark.parametrize(
        ("data", "words"), [(b"", "Nothing came"), (b"no picture", "standard-input is not a picture")]
    )
    def test_what_is_no_picture(self, call, mask, data, words):
        self.check(call("-", "-m", mask, received=data), words)

    def test_more_than_any_picture(self, call, mask, monkeypatch):
        monkeypatch.setattr("lama_desktop.formats.byte_budget", lambda: 3)
        self.check(call("-", "-m", mask, received=b"1234"), "larger than any picture")

    def test_a_format_for_a_file_or_one_that_is_none(self, call, photo, mask, tmp_path):
        self.check(call(photo, "-m", mask, "-o", tmp_path / "out.png", "--format", "png"), "--format is for")
        self.check(call(photo, "-m", mask, "-o", "-", "--format", "gif"), "jpeg or png")

    def test_two_things_on_standard_output(self, call, photo, mask):
        code, _, messages = call(photo, "-m", mask, "-o", "-", "--json")
        assert code == 2
        assert "--json and the result" in messages
