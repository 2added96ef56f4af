"""ModelCard: what is known about a model before its weights are on this disk.

Plain data, read by the window, the command line and the store; nothing here imports torch. Sizes and hashes are those
that independent public projects agree on; where nobody has written one down it is None, and the download says that it
could not be checked. Several files with the same weights (the authors' checkpoint, a TorchScript export, a safetensors
conversion) are sources of one card, tried in order.
"""

import dataclasses
import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lama_desktop.errors import MissingWeightsError

DEFAULT_MODEL = "big-lama"
FALLBACK_MODEL = "starter"
"""What fills where no weights are installed. With the photo's texture after it, the best of what travels with the
program, measured: the texture of patches, nearer to the truth."""
COLLECTION = "https://huggingface.co/camenduru/big-lama"

_TEXTS = ("title", "description", "family", "licence", "source", "notes")
_PLACES = (
    "No licence is stated on the mirror. The code is Apache-2.0; trained on Places, whose images are for research only."
)
_CELEBA = (
    "No licence is stated on the mirror. The code is Apache-2.0; trained on CelebA-HQ, which is for non-commercial "
    "research only."
)


@dataclass(frozen=True)
class Download:
    """One address of a weight file; `size` in bytes and the hashes are None where nobody has published them."""

    url: str
    size: int | None = None
    sha256: str | None = None
    md5: str | None = None


@dataclass(frozen=True)
class ModelCard:
    """The facts about one model.

    Args:
        id: what the command line, the settings and the file names call it.
        title: what the window calls it.
        description: one or two sentences: what it is good for.
        kind: "network", "bundled" (a network that travels with the program) or "classical" (no weights).
        family: "fourier", "regular", "dilated"; empty where it shows only in the file, and for classical ones.
        blocks: residual blocks of the network; None where nobody has published it.
        width: channels of its first layer; 64 in every published one.
        licence: what is known of the terms, in words.
        source: the page that describes the model.
        sources: where the weights are, best first; every one holds the same weights.
        also: SHA-256 of further files with these weights that cannot be fetched directly, to recognise an import.
        notes: what else a user should know.
    """

    id: str
    title: str
    description: str
    kind: str = "network"
    family: str = ""
    blocks: int | None = None
    width: int = 64
    licence: str = "Not stated."
    source: str = ""
    sources: tuple[Download, ...] = ()
    also: tuple[str, ...] = ()
    notes: str = ""

    @property
    def size(self) -> int | None:
        """Bytes to download from the first source; None where not known."""
        return self.sources[0].size if self.sources else None

    @property
    def built_in(self) -> bool:
        """Whether it is always there and needs no download."""
        return self.kind != "network"

    @property
    def hashes(self) -> frozenset[str]:
        """The SHA-256 of every file known to hold these weights."""
        return frozenset(self.also) | {each.sha256 for each in self.sources if each.sha256}


def _collected(path: str, size: int | None = None, sha256: str | None = None) -> tuple[Download, ...]:
    """Return the one source of a model of the collection."""
    return (Download(f"{COLLECTION}/resolve/main/{path}/models/best.ckpt", size, sha256),)


MODELS: tuple[ModelCard, ...] = (
    ModelCard(
        id="big-lama",
        title="Big-LaMa",
        description="The best of the published models: 18 Fourier blocks, 51 million parameters, photos of all kinds.",
        family="fourier",
        blocks=18,
        licence="Apache-2.0 according to the model page; trained on Places, whose images are for research only.",
        source="https://huggingface.co/smartywu/big-lama",
        sources=(
            Download(
                "https://github.com/Sanster/models/releases/download/add_big_lama/big-lama.pt",
                205_669_692,
                "344c77bbcb158f17dd143070d1e789f38a66c04202311ae3a258ef66667a9ea9",
                "e3aa4aaa15225a33ec84f9f4bc47e500",
            ),
            Download(
                "https://huggingface.co/smartywu/big-lama/resolve/05cb2be7f8dbe6ca7c6e78f4fc827a4b2baaa4a9/big-lama.zip",
                381_428_720,
                "f1b358ca24093b93a106183b98a3dea6e8ed09f3b43ea7251eb2c81e7b4575f6",
            ),
            Download(
                "https://huggingface.co/michaelgold/big-lama/resolve/98ab7cface89a594b381f32fc7a9f2cae3f91ccc/"
                "big-lama.safetensors",
                None,
                "326ae1889b92d07c8819c35eaf561f8b290d057536eeb12524b72997f31005ec",
            ),
            Download(
                "https://github.com/enesmsahin/simple-lama-inpainting/releases/download/v0.1.0/big-lama.pt",
                205_803_670,  # another trace of the same weights
                "7ba7aa7ac37a4d41fdbbeba3a2af7ead18058552997e3a3cd1a3b2210c9e6b4c",
            ),
            Download(
                f"{COLLECTION}/resolve/main/big-lama/models/best.ckpt",
                410_046_389,
                "fccb7adffd53ec0974ee5503c3731c2c2f1e7e07856fd9228cdcc0b46fd5d423",
            ),
            Download("https://huggingface.co/anyisalin/big-lama/resolve/main/big-lama.safetensors"),
            Download(
                "https://huggingface.co/lllyasviel/fooocus_inpaint/resolve/main/fooocus_lama.safetensors",
                None,
                "9cca32dda6b2e8d12d150f4e39087cea44c1fff9d799e71f23b65e7b065f18b2",
            ),
        ),
        also=("d7161bba4d68b438f9fa7f09dcb750a223804c300c68d214a5e0be16251fba8d",),
        notes="The last source holds the weights in half precision.",
    ),
    ModelCard(
        id="anime-manga",
        title="Big-LaMa, anime and manga",
        description="Big-LaMa fine-tuned on drawings: line art, screen tones, comic pages.",
        family="fourier",
        blocks=18,
        licence="Not stated where the file is published; fine-tuned from Big-LaMa.",
        source="https://github.com/Sanster/models/releases/tag/AnimeMangaInpainting",
        sources=(
            Download(
                "https://github.com/Sanster/models/releases/download/AnimeMangaInpainting/anime-manga-big-lama.pt",
                205_717_870,
                "479d3afdcb7ed2fd944ed4ebcc39ca45b33491f0f2e43eb1000bd623cfb41823",
                "29f284f36a0a510bcacf39ecf4c4d54f",
            ),
        ),
    ),
    ModelCard(
        id="lama-fourier",
        title="LaMa-Fourier (Places)",
        description="The model of the paper: 9 Fourier blocks, half of those of Big-LaMa, and faster.",
        family="fourier",
        blocks=9,
        licence=_PLACES,
        source=COLLECTION,
        sources=_collected(
            "lama-places/lama-fourier",
            313_967_681,
            "b2456284b604786a88a38549432ddf2e73a5911f9868ea692b5122e89a5f1f54",
        ),
    ),
    ModelCard(
        id="big-lama-regular",
        title="Big-LaMa-Regular (Places)",
        description="15 ordinary convolution blocks instead of Fourier ones, for comparison.",
        family="regular",
        blocks=15,
        licence=_PLACES,
        source=COLLECTION,
        sources=_collected("lama-places/big-lama-regular"),
        notes="About 500 MB, reckoned from the number of its parameters.",
    ),
    ModelCard(
        id="lama-regular",
        title="LaMa-Regular (Places)",
        description="9 ordinary convolution blocks: the paper's comparison without Fourier convolutions.",
        family="regular",
        blocks=9,
        licence=_PLACES,
        source=COLLECTION,
        sources=_collected("lama-places/lama-regular"),
        notes="About 390 MB, reckoned from the number of its parameters.",
    ),
    ModelCard(
        id="lama-dilated",
        title="LaMa-Dilated (Places)",
        description="9 blocks of dilated convolutions: the paper's other way to see far. Needs at least 72 pixels.",
        family="dilated",
        blocks=9,
        licence=_PLACES,
        source=COLLECTION,
        sources=_collected("lama-places/lama-dilated"),
    ),
    ModelCard(
        id="lama-small-masks",
        title="LaMa, trained with small masks (Places)",
        description="The paper's ablation of mask sizes: for thin scratches and wires, not for large holes.",
        licence=_PLACES,
        source=COLLECTION,
        sources=_collected("lama-places/lama_small_train_masks"),
    ),
    ModelCard(
        id="celeba-fourier",
        title="LaMa-Fourier (CelebA-HQ)",
        description="Portraits only: trained on faces of 256 pixels.",
        family="fourier",
        licence=_CELEBA,
        source=COLLECTION,
        sources=_collected("lama-celeba-hq/lama-fourier"),
    ),
    ModelCard(
        id="celeba-fourier-shallow",
        title="LaMa-Fourier, shallow (CelebA-HQ)",
        description="Portraits only: by its name with fewer Fourier blocks; the paper's code tells no more.",
        family="fourier",
        licence=_CELEBA,
        source=COLLECTION,
        sources=_collected("lama-celeba-hq/lama-fourier-shallow"),
    ),
    ModelCard(
        id="celeba-deep",
        title="LaMa, deep (CelebA-HQ)",
        description="Portraits only: by its name with more blocks; the paper's code tells no more.",
        licence=_CELEBA,
        source=COLLECTION,
        sources=_collected("lama-celeba-hq/lama-deep"),
    ),
    ModelCard(
        id="celeba-regular",
        title="LaMa-Regular (CelebA-HQ)",
        description="Portraits only: ordinary convolutions.",
        family="regular",
        licence=_CELEBA,
        source=COLLECTION,
        sources=(
            *_collected("lama-celeba-hq/%20lama-regular"),  # the folder's name starts with a blank
            *_collected("lama-celeba-hq/lama-regular"),
        ),
    ),
    ModelCard(
        id="celeba-dilated",
        title="LaMa-Dilated (CelebA-HQ)",
        description="Portraits only: dilated convolutions.",
        family="dilated",
        licence=_CELEBA,
        source=COLLECTION,
        sources=_collected("lama-celeba-hq/lama-dilated"),
    ),
    ModelCard(
        id="celeba-small-masks",
        title="LaMa, trained with small masks (CelebA-HQ)",
        description="Portraits only: the paper's ablation of mask sizes.",
        licence=_CELEBA,
        source=COLLECTION,
        sources=_collected("lama-celeba-hq/lama_small_train_masks"),
    ),
    ModelCard(
        id="big-lama-with-discriminator",
        title="Big-LaMa, with its discriminator",
        description="The checkpoint to fine-tune Big-LaMa from. Installed here, only its generator is kept.",
        family="fourier",
        blocks=18,
        licence=_PLACES,
        source=COLLECTION,
        sources=_collected("big-lama-with-discr"),
        notes="To fine-tune, download the file from the page: the discriminator is not kept here.",
    ),
    ModelCard(
        id="starter",
        title="Starter (small LaMa)",
        description="A small Fourier network that travels with the program: colours and large shapes, soft. For tests, "
        "for drafts, and to fine-tune.",
        kind="bundled",
        family="fourier",
        blocks=6,
        width=32,
        licence="Apache-2.0. Trained on photographs under CC0, CC BY, CC BY-SA and other free licences: "
        "resources/models/starter-credits.txt.",
        notes="Trained on a CPU in less than two hours; no match for the published networks, and softer than Patches.",
    ),
    ModelCard(
        id="patches",
        title="Patches (the photo's own texture)",
        description="Copies texture from around the hole, at full resolution. Needs no download.",
        kind="classical",
        licence="Apache-2.0 (part of this program).",
        notes="It continues what is there; it cannot invent structure, which is what the networks are for.",
    ),
    ModelCard(
        id="telea",
        title="Telea (classical)",
        description="Marches inward from the border of the hole; instant, for scratches and dust. Needs no download.",
        kind="classical",
        licence="Apache-2.0 (OpenCV).",
        source="https://docs.opencv.org/4.x/df/d3d/tutorial_py_inpainting.html",
    ),
    ModelCard(
        id="navier-stokes",
        title="Navier-Stokes (classical)",
        description="Continues lines of equal brightness into the hole; instant, for scratches. Needs no download.",
        kind="classical",
        licence="Apache-2.0 (OpenCV).",
        source="https://docs.opencv.org/4.x/df/d3d/tutorial_py_inpainting.html",
    ),
)


def find_card(id: str) -> ModelCard:
    """Return the card of a published model.

    Raises:
        MissingWeightsError: there is none; the nearest name is offered.
    """
    for card in MODELS:
        if card.id == id:
            return card
    raise MissingWeightsError(f"There is no model called {id!r}.{near(id, [card.id for card in MODELS])}")


def find_hash(sha256: str) -> ModelCard | None:
    """Return the card that lists a file with this hash."""
    return next((card for card in MODELS if sha256 in card.hashes), None)


def facts_of(card: ModelCard) -> dict[str, str]:
    """Return the texts of a card, which are what is stored."""
    return {key: getattr(card, key) for key in ("id", *_TEXTS)}


def card_of(facts: Mapping[str, Any], name: str) -> ModelCard:
    """Return the card of stored facts; a published model's own card where it is one."""
    texts = {key: str(facts[key]) for key in _TEXTS if facts.get(key)}
    card = next((each for each in MODELS if each.id == name), None) or ModelCard(name, name, "")
    return dataclasses.replace(card, **texts)  # type: ignore[arg-type]


def near(name: str, names: list[str]) -> str:
    """Return the end of a sentence that offers the nearest name, or the way to see all."""
    close = difflib.get_close_matches(name, names, n=1)
    return f" Did you mean {close[0]!r}?" if close else " `lama-desktop models list` shows them all."
