"""Numbers and sizes as people write them; names of shortcuts; sentences."""

import pytest
from PySide6.QtGui import QKeySequence

from lama_desktop.ui.text import in_bytes, keys_text, sentence, short_title, tr


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (412_000_000, "412 MB"),
        (8_500_000, "8.5 MB"),
        (999_600_000, "1.0 GB"),
        (3_100_000_000, "3.1 GB"),
        (25_000_000_000, "25 GB"),
        (2_000_000_000_000, "2.0 TB"),
    ],
)
def test_sizes_have_one_to_three_digits(size, text):
    assert in_bytes(size) == text


def test_shortcuts_are_named_as_on_the_keyboard(application):
    keys = [QKeySequence(each) for each in ("Return", "Enter", "Ctrl+Return")]
    assert keys_text(*keys) == "Enter, Ctrl+Enter"
    assert keys_text(QKeySequence("Ctrl+N"), QKeySequence("New")) == "Ctrl+N"
    assert keys_text() == ""


def test_help_becomes_a_sentence():
    assert sentence("how far, e.g. 3") == "How far, e.g. 3."
    assert sentence("Done!") == "Done!"
    assert sentence("") == ""


def test_texts_take_values_and_titles_lose_their_brackets():
    assert tr("{count} of {all}", count=1, all=2) == "1 of 2"
    assert tr("{untouched}") == "{untouched}"
    assert short_title("Patches (the photo's own texture)") == "Patches"
