"""Text: everything the window says goes through `tr`, so that it can say it in another language."""

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QKeySequence

CONTEXT = "LamaDesktop"
"""The one context of all translations: the same word means the same thing everywhere (architecture, vocabulary)."""


def tr(text: str, **values: object) -> str:
    """Return a text in the user's language, with `{name}` replaced by the values.

    Texts that are declared elsewhere (options, tools, model cards) are looked up by their English form.
    """
    translated = QCoreApplication.translate(CONTEXT, text) if text else ""
    return translated.format(**values) if values else translated


def keys_text(*keys: QKeySequence) -> str:
    """Return shortcuts as they are written on the keyboard; keys that few keyboards have are left out."""
    common = [each for each in keys if each.count() and each[0].key() < Qt.Key.Key_Back]  # type: ignore[index]
    texts = [each.toString(QKeySequence.SequenceFormat.NativeText).replace("Return", tr("Enter")) for each in common]
    return ", ".join(dict.fromkeys(texts))


def in_bytes(size: int) -> str:
    """Return a size in the unit in which it has one to three digits before the point: "412 MB", "1.9 GB"."""
    value = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 999.5:
            return f"{value:.0f} {unit}" if unit in ("B", "kB") or value >= 9.95 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def in_seconds(seconds: float) -> str:
    """Return a duration with one or two digits that count: "0.4 s", "12 s", "3 min"."""
    if seconds >= 99.5:
        return tr("{minutes} min", minutes=f"{seconds / 60:.0f}")
    return tr("{seconds} s", seconds=f"{seconds:.1f}" if seconds < 9.95 else f"{seconds:.0f}")


def short_title(title: str) -> str:
    """Return the title of a model without what is said in brackets behind it."""
    return title.split(" (")[0]


def sentence(text: str) -> str:
    """Return a text as a sentence: its first letter large, a full stop at its end."""
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?", "…")) or not text else f"{text}."
