"""Mnemonics: the underlined letters of menus, so that the keyboard reaches every entry.

They are chosen from the texts that are shown at the moment: a translation has letters of its own, and some texts change
with what can be done. Where a platform has no such letters, Qt leaves them out.
"""

import re
from collections.abc import Sequence

from PySide6.QtWidgets import QMenu


def keep_marked(menu: QMenu) -> None:
    """Mark a menu's entries now, and again whenever it opens: then their texts are final."""
    menu.aboutToShow.connect(lambda: _mark(menu))
    _mark(menu)


def marked(texts: Sequence[str]) -> list[str]:
    """Return texts with "&" before one letter each, no letter twice: the first of a word where that is possible.

    A text that is marked already, by a translator or before, keeps its letter unless another needs it more. Where
    letters run out, the last texts have none. A matching of texts and letters, found by augmenting paths (Kuhn 1955).
    """
    places = [_places(text) for text in texts]
    owner: dict[str, int] = {}

    def settle(index: int, tried: set[str]) -> bool:
        """Give a text a letter that is free, or one whose owner can take another."""
        free = [letter for letter in places[index] if letter not in owner]
        for letter in free[:1] or places[index]:
            if letter not in tried:
                tried.add(letter)
                if letter not in owner or settle(owner[letter], tried):
                    owner[letter] = index
                    return True
        return False

    for index in range(len(texts)):
        settle(index, set())
    result = [_doubled(plain(text)) for text in texts]
    for letter, index in owner.items():
        text, place = plain(texts[index]), places[index][letter]
        result[index] = f"{_doubled(text[:place])}&{_doubled(text[place:])}"
    return result


def plain(text: str) -> str:
    """Return a text as it is read: "&" marks a letter and is not shown, "&&" stands for itself."""
    return re.sub(r"&(.)", r"\1", text)


def _places(text: str) -> dict[str, int]:
    """Return where the letters are that can be marked, the best one first."""
    shown, own = plain(text), re.search(r"(?<!&)(?:&&)*&(\w)", text)
    places = [] if own is None else [len(plain(text[: own.start(1) - 1]))]
    places += [match.start() for match in re.finditer(r"(?<!\w)\w", shown)]
    places += [index for index, letter in enumerate(shown) if letter.isalnum()]
    result: dict[str, int] = {}
    for index in places:
        result.setdefault(shown[index].casefold(), index)
    return result


def _doubled(text: str) -> str:
    return text.replace("&", "&&")


def _mark(menu: QMenu) -> None:
    entries = [action for action in menu.actions() if not action.isSeparator() and action.isVisible()]
    for action, text in zip(entries, marked([action.text() for action in entries]), strict=True):
        action.setText(text)
