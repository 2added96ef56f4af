"""The cards are complete and honest, and cost nothing to look at."""

import re
import subprocess
import sys

import pytest

from lama_desktop.errors import MissingWeightsError
from lama_desktop.models.cards import DEFAULT_MODEL, MODELS, find_card, find_hash


def test_big_lama_is_first():
    assert MODELS[0].id == DEFAULT_MODEL == "big-lama"
    assert len({card.id for card in MODELS}) == len(MODELS)


@pytest.mark.parametrize("card", MODELS, ids=lambda card: card.id)
def test_every_card(card):
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]*", card.id)
    assert card.title
    assert card.description.endswith(".")
    assert card.licence.endswith(".")
    assert card.source.startswith("https://") or card.id in {"starter", "patches"}  # this program's own
    assert card.family in {"", "fourier", "regular", "dilated"}
    assert bool(card.sources) == (card.kind == "network")
    assert card.kind in {"network", "bundled", "classical"}
    for each in card.sources:
        assert each.url.startswith("https://")
        assert not re.search(r"\s", each.url)
        assert each.size is None or each.size > 1_000_000
        assert each.sha256 is None or re.fullmatch(r"[0-9a-f]{64}", each.sha256)
        assert each.md5 is None or re.fullmatch(r"[0-9a-f]{32}", each.md5)


def test_blocks_as_published():
    known = {card.id: (card.family, card.blocks, card.width) for card in MODELS if card.blocks is not None}
    big, small = ("fourier", 18, 64), ("fourier", 9, 64)
    assert known == {
        **dict.fromkeys(("big-lama", "anime-manga", "big-lama-with-discriminator"), big),
        "lama-fourier": small,
        "big-lama-regular": ("regular", 15, 64),
        "lama-regular": ("regular", 9, 64),
        "lama-dilated": ("dilated", 9, 64),
        "starter": ("fourier", 6, 32),
    }


def test_no_hash_belongs_to_two_models():
    hashes = [each for card in MODELS for each in card.hashes]
    assert len(hashes) == len(set(hashes))


def test_find():
    assert find_card("big-lama").title == "Big-LaMa"
    with pytest.raises(MissingWeightsError, match="Did you mean 'big-lama'"):
        find_card("big-lamma")
    with pytest.raises(MissingWeightsError, match="models list"):
        find_card("zzzzzz")
    card = find_hash("fccb7adffd53ec0974ee5503c3731c2c2f1e7e07856fd9228cdcc0b46fd5d423")
    assert card is MODELS[0]
    assert find_hash("0" * 64) is None


@pytest.mark.parametrize(
    "module", ["lama_desktop.models.cards", "lama_desktop.models.store", "lama_desktop.cli.models"]
)
def test_nothing_heavy_is_imported(module):
    code = f"import sys, {module}; print(sorted({{'torch', 'numpy', 'safetensors', 'PySide6'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
