"""Standard input and output as files: `-` in the place of a photo, a mask or a result.

What comes in and goes out lies in a private folder meanwhile, so that everything else deals with files.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from lama_desktop import formats
from lama_desktop.errors import FileFormatError, SettingsError

STANDARD = Path("-")


class Places(NamedTuple):
    """The files to work on. `goes_out` says that the result is written to standard output in the end."""

    photo: Path
    mask: Path
    output: Path | None
    goes_out: bool


@contextmanager
def places(photo: Path, mask: Path, output: Path | None, format: str | None = None) -> Iterator[Places]:
    """Yield files for a photo, a mask and a result, each of which may be `-`; write the result out at the end.

    Args:
        photo, mask: one of them may come from standard input.
        output: None means standard output where the photo comes from standard input.
        format: of what goes to standard output; by default the photo's.

    Raises:
        SettingsError: it cannot be meant so.
        FileFormatError: standard input is empty or too large.
    """
    goes_out = output == STANDARD or (output is None and photo == STANDARD)
    if format is not None and not goes_out:
        raise SettingsError("--format is for standard output: a file's suffix says its format.")
    if photo == mask == STANDARD:
        raise SettingsError("The photo and the mask cannot both come from standard input: name a file for one of them.")
    if goes_out and sys.stdout.isatty():
        raise SettingsError("Standard output is a terminal: send it into a file with >, or name one with --output.")
    if not goes_out and STANDARD not in (photo, mask):
        yield Places(photo, mask, output, False)
        return
    with tempfile.TemporaryDirectory(prefix="lama-desktop-") as name:
        folder = Path(name)
        if photo == STANDARD:
            photo = _received(folder / "standard-input")
        if mask == STANDARD:
            mask = _received(folder / "standard-input")
        if goes_out:
            output = (folder / "standard-output").with_suffix(_suffix(photo, format))
        yield Places(photo, mask, output, goes_out)
        if goes_out and output is not None:
            sys.stdout.buffer.write(output.read_bytes())
            sys.stdout.buffer.flush()


def _received(path: Path) -> Path:
    """Write what comes from standard input to a file, and return it."""
    if sys.stdin is None or sys.stdin.isatty():
        raise SettingsError("Standard input is a terminal: send a picture into it with <, or name a file.")
    limit = formats.byte_budget()
    data = sys.stdin.buffer.read(limit + 1)
    if not data:
        raise FileFormatError("Nothing came from standard input: send a picture into it.")
    if len(data) > limit:
        raise FileFormatError(f"Standard input is larger than any picture that can be opened here ({limit >> 20} MB).")
    path.write_bytes(data)
    return path


def _suffix(photo: Path, format: str | None) -> str:
    if format is None:
        return formats.written_as(formats.recognise(photo)).suffixes[0]
    found = next((each.suffixes[0] for each in formats.FORMATS if each.name == format), None)
    if found is None:
        known = " or ".join(each.name for each in formats.FORMATS)
        raise SettingsError(f"The format cannot be {format!r}: choose {known}.")
    return found
