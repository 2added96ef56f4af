"""Every published file layout of LaMa weights -> the program's generators; no file is ever trusted.

Read are the authors' Lightning checkpoints (`best.ckpt`, alone or in their zip), TorchScript exports (`big-lama.pt`,
whose tensors are taken out of the archive), safetensors, plain state dictionaries of torch.save in both its layouts,
with any prefix and in half precision, and our own export. Nothing in a file is executed. Every problem is a
CorruptWeightsError whose text names the file, what is wrong, and what to do.

Our own export is a safetensors file whose metadata says what it is: see `save_weights`.
"""

import contextlib
import dataclasses
import json
import re
import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import safetensors.torch
import torch
from safetensors import SafetensorError

from lama_desktop.errors import CorruptWeightsError, MissingWeightsError, ModelError
from lama_desktop.models import architecture, disk
from lama_desktop.models.archives import Contents, Entry, read_legacy, read_safetensors, read_torch_zip
from lama_desktop.models.cards import ModelCard
from lama_desktop.models.pickles import PickleError
from lama_desktop.networks.generators import Generator, GeneratorConfig
from lama_desktop.progress import Progress

FORMAT = "lama-desktop"
VERSION = "1"
SUFFIXES = (".ckpt", ".pt", ".pth", ".bin", ".safetensors")
MAX_MEMBER = 4 << 30  # bytes of a checkpoint inside a zip; the largest published one is 0.6 GB
MAX_RATIO = 50  # weights do not compress; what shrinks more is no checkpoint

_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, SafetensorError, struct.error, EOFError, ValueError, LookupError, TypeError),
    *(ArithmeticError, AttributeError, RuntimeError, AssertionError, Warning),
)
_BLOCK = re.compile(r"((?:.*?\.)?)(\d+)\.(?:ffc|conv_block|conv1\.ffc)\.")
_OTHER = re.compile(r"disc|loss|evaluator|optim")
_REAL = frozenset(("float64", "float32", "float16", "bfloat16"))


@dataclass
class Weights:
    """The generator of a file.

    `tensors` have the published names (`model.1.ffc.convl2l.weight`) and are float32, counters int64; `layout` says in
    what the file was written; `metadata` is the text that the file carried.
    """

    tensors: dict[str, torch.Tensor]
    layout: str
    metadata: dict[str, str]
    config: GeneratorConfig


def read_tensors(path: Path, progress: Progress | None = None) -> Weights:
    """Read the generator out of a weight file of any layout, complete and checked.

    Raises:
        MissingWeightsError: there is no such file.
        CorruptWeightsError: it is damaged, unsafe, or no LaMa generator.
    """
    path = Path(path)
    progress = progress or Progress()
    with open_weights(path) as contents:
        entries = generator_entries(path, contents)
        config = architecture.infer_config(entries, path.name)
        wanted = architecture.blank(config).state_dict()
        _check(path, entries, wanted)
        tensors: dict[str, torch.Tensor] = {}
        for index, name in enumerate(wanted):
            tensors[name] = read_value(path, name, entries.get(name))
            progress((index + 1) / len(wanted), f"Reading {path.name}")
        return Weights(tensors, contents.layout, contents.metadata, config)


def load_generator(path: Path, progress: Progress | None = None) -> Generator:
    """Return the generator of a weight file, on the CPU, in evaluation mode.

    Raises:
        MissingWeightsError: there is no such file.
        CorruptWeightsError: it is damaged, unsafe, or no LaMa generator.
    """
    weights = read_tensors(path, progress)
    network = architecture.blank(weights.config)
    network.load_state_dict(weights.tensors, assign=True)
    return network.eval()


def save_weights(
    weights: torch.nn.Module | Mapping[str, torch.Tensor],
    card: ModelCard | Mapping[str, str],
    path: Path,
    *,
    half: bool = False,
) -> None:
    """Write our own export: a safetensors file that says what it is. An existing file is replaced when all is well.

    The header's metadata holds `format`, `version`, `architecture` (JSON: the family and its configuration) and what
    the card says: `id`, `title`, `licence`, `source`; a mapping may add more, such as `source_sha256`.

    Args:
        weights: a generator, or its tensors by published name.
        card: the facts to carry along.
        path: the file to write.
        half: write floats as float16 instead of float32.

    Raises:
        CorruptWeightsError: the tensors are not one complete, finite generator.
        ModelError: the disk refuses.
    """
    state = weights.state_dict() if isinstance(weights, torch.nn.Module) else weights
    path = Path(path)
    config = architecture.infer_config(state, path.name)
    if problem := architecture.mismatch(state, architecture.blank(config).state_dict()):
        raise CorruptWeightsError(f"{path.name} was not written: {problem}.")
    tensors = {name: _final(path, name, tensor.detach().cpu()) for name, tensor in state.items()}
    if half:
        tensors = {name: each.half() if each.is_floating_point() else each for name, each in tensors.items()}
    if isinstance(card, ModelCard):
        facts = {"id": card.id, "title": card.title, "licence": card.licence, "source": card.source}
        facts |= {"description": card.description, "notes": card.notes}
    else:
        facts = dict(card)
    described = json.dumps({"family": architecture.family(config)} | dataclasses.asdict(config))
    metadata = facts | {"format": FORMAT, "version": VERSION, "architecture": described}
    try:
        disk.require_space(path.parent, sum(each.nbytes for each in tensors.values()))
        with disk.temporary(path) as temporary:
            safetensors.torch.save_file(tensors, temporary, metadata)
    except (OSError, SafetensorError) as error:
        reason = disk.refusal(error) if isinstance(error, OSError) else f"{error}"
        raise ModelError(f"{disk.shown(path)} cannot be written: {reason}.") from error


@contextlib.contextmanager
def open_weights(path: Path) -> Iterator[Contents]:
    """Describe what a weight file of any layout holds, while the block reads from it with `read_value`.

    Raises:
        MissingWeightsError: there is no such file.
        CorruptWeightsError: it is damaged or unsafe, also where only the block finds out.
    """
    if not path.is_file() and not path.is_dir():
        raise MissingWeightsError(f"There is no file {disk.shown(path)}. Check the name.")
    with _explained(path), _opened(path) as contents:
        _refuse_unknown(path, contents)
        yield contents


def read_value(path: Path, name: str, entry: Entry | None) -> torch.Tensor:
    """Read one tensor of an open file and make it what a network wants: finite float32, or a counter.

    Args:
        path: the file, for messages.
        name: of the parameter or the buffer.
        entry: None is allowed for counters, which many files leave out.

    Raises:
        CorruptWeightsError: it holds no usable numbers.
    """
    if name.endswith("num_batches_tracked"):
        count = entry.read().double().item() if entry else 0.0  # half precision cannot count to a million
        return torch.tensor(int(count) if 0 <= count < 2**53 else 0)
    if entry is None:
        raise KeyError(name)
    if entry.dtype not in _REAL:
        raise CorruptWeightsError(
            f"{path.name} cannot be used: {architecture.shown(name)} holds no floating-point numbers. "
            "Get the file unquantised."
        )
    return _final(path, name, entry.read())


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn whatever a damaged file causes into a sentence."""
    try:
        yield
    except ModelError as error:
        if str(error).isprintable():
            raise
        raise type(error)(disk.shown(error)) from error  # a name with control characters
    except MemoryError as error:
        raise ModelError(
            f"{disk.shown(path.name)} does not fit into memory: close other programs and try again."
        ) from error
    except (OSError, *_DAMAGE) as error:
        if isinstance(error, OSError) and error.strerror:
            raise CorruptWeightsError(
                f"{disk.shown(path.name)} cannot be read ({error.strerror}): check its permissions and the disk."
            ) from error
        ours = isinstance(error, PickleError)  # what libraries say of brackets and offsets is for the log
        reason = disk.shown(error) if ours else "its parts do not fit together"
        raise CorruptWeightsError(
            f"{disk.shown(path.name)} is damaged or incomplete ({reason}). "
            "Get the file again; nothing in it was executed."
        ) from error


@contextlib.contextmanager
def _opened(path: Path, nested: bool = False) -> Iterator[Contents]:
    """Recognise the layout by the first bytes and describe what the file holds."""
    if path.is_dir():
        path = next((each for each in (path / "models" / "best.ckpt", path / "best.ckpt") if each.exists()), path)
    if path.is_dir():
        raise CorruptWeightsError(f"{path.name} is a folder without models/best.ckpt: choose the weight file in it.")
    with path.open("rb") as file:
        start = file.read(512)
    if start[:4] == b"PK\x03\x04" and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            tops = [name.rpartition("/")[0] for name in archive.namelist() if re.fullmatch(r"[^/]+/data\.pkl", name)]
            if len(tops) == 1:
                yield read_torch_zip(archive, tops[0])
            elif nested:
                raise CorruptWeightsError(f"{path.name} is a zip in a zip: unpack it and import the weight file.")
            else:
                with _unpacked(path, archive) as member, _opened(member, nested=True) as contents:
                    contents.layout = f"{contents.layout} in a zip"
                    yield contents
    elif start[8:9] == b"{":
        contents = read_safetensors(path)
        if contents.metadata.get("format") == FORMAT:
            contents.layout = FORMAT
            if contents.metadata.get("version") != VERSION:
                raise CorruptWeightsError(f"{path.name} was written by a newer LaMa Desktop: update this one.")
        yield contents
    elif start[:1] == b"\x80":
        yield read_legacy(path)
    else:
        raise CorruptWeightsError(f"{path.name} {_other_kind(start)}")


def _other_kind(start: bytes) -> str:
    """Return what a file is that is no weight file, and what to do."""
    text = start.lstrip().lower()
    if not start:
        return "is empty: get the file again."
    if text.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "is a web page, not the weights: download the file itself, not the page about it."
    if text.startswith(b"version https://git-lfs"):
        return "is a Git LFS pointer, not the weights: download the file it stands for."
    if start[:4] == b"PK\x03\x04":
        return "is a zip whose end is missing: get the file again."
    if b"onnx" in start or b"pytorch" in start:
        return "seems to be an ONNX file, which cannot be imported: use the .ckpt, .pt or .safetensors file."
    return f"is no weight file that LaMa Desktop knows: it reads {', '.join(SUFFIXES)} and the authors' .zip."


@contextlib.contextmanager
def _unpacked(path: Path, archive: zipfile.ZipFile) -> Iterator[Path]:
    """Copy the checkpoint out of a zip such as the authors' `big-lama.zip`; the copy goes when the block ends."""
    found = [each for each in archive.infolist() if each.filename.lower().endswith(SUFFIXES) and not each.is_dir()]
    best = [each for each in found if PurePosixPath(each.filename).name == "best.ckpt"] or found
    if not best:
        raise CorruptWeightsError(f"{path.name} holds no weight file ({architecture.sample(archive.namelist())}).")
    if len(best) > 1:
        names = architecture.sample([each.filename for each in best])
        raise CorruptWeightsError(f"{path.name} holds several models ({names}): unpack it and import the one you want.")
    member = best[0]
    if member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise CorruptWeightsError(f"{path.name} is packed in an unusual way: unpack it and import the weight file.")
    if member.file_size > MAX_MEMBER or member.file_size > MAX_RATIO * max(member.compress_size, 1 << 20):
        raise CorruptWeightsError(f"{path.name} unpacks to an impossible size: it is no LaMa model.")
    with tempfile.TemporaryDirectory(prefix="lama-desktop-") as folder:
        try:
            disk.require_space(Path(folder), member.file_size)
        except ModelError as error:
            raise CorruptWeightsError(f"{path.name} cannot be unpacked: {error}") from error
        target = Path(folder) / f"weights{PurePosixPath(member.filename).suffix.lower()}"  # never the member's own path
        with archive.open(member) as source, target.open("wb") as copy:
            shutil.copyfileobj(source, copy, 1 << 20)
        yield target


def _refuse_unknown(path: Path, contents: Contents) -> None:
    if contents.unknown:
        raise CorruptWeightsError(
            f"{path.name} was refused: it asks to load {architecture.sample(contents.unknown)}, which no weights need. "
            "Nothing in it was executed; get the file from a source you trust, or as safetensors."
        )


def generator_entries(path: Path, contents: Contents) -> dict[str, Entry]:
    """Return the generator's entries by published name, whatever prefix the file gives them."""
    found: dict[str, int] = {}
    for name in contents.entries:
        if (match := _BLOCK.match(name)) and not _OTHER.search(match[1]):
            found[match[1]] = found.get(match[1], 0) + 1
    if not found:
        names = architecture.sample(contents.entries)
        has = f"its tensors are called {names}" if names else "it holds no named tensors"
        raise CorruptWeightsError(f"{path.name} holds no LaMa generator ({has}): choose a file with LaMa weights.")
    most = max(found.values())  # a training run may hold the network and its running average: the average is meant
    prefix = max((each for each in found if found[each] == most), key=lambda each: bool(re.search("ema|average", each)))
    inside = {name[len(prefix) :]: entry for name, entry in contents.entries.items() if name.startswith(prefix)}
    return {f"model.{name}": entry for name, entry in inside.items() if name[:1].isdigit()}


def _check(path: Path, entries: dict[str, Entry], wanted: Mapping[str, torch.Tensor]) -> None:
    """Compare names, shapes and types before anything is read; a missing counter is no loss."""
    counters = {name: wanted[name] for name in wanted if name.endswith("num_batches_tracked")}
    entries_and_counters: dict[str, architecture.Shaped] = {**counters, **entries}
    if problem := architecture.mismatch(entries_and_counters, wanted):
        raise CorruptWeightsError(f"{path.name} is no complete LaMa network: {problem}. Get the file again.")
    wrong = [name for name in entries if name not in counters and entries[name].dtype not in _REAL]
    if wrong:
        raise CorruptWeightsError(
            f"{path.name} is no usable LaMa network: {architecture.sample(wrong)} hold no floating-point numbers. "
            "Get the file unquantised."
        )


def _final(path: Path, name: str, tensor: torch.Tensor) -> torch.Tensor:
    """Return a tensor as float32, after a look at its values; counters pass as they are."""
    if tensor.is_floating_point():
        tensor = tensor.float()
    tensor = tensor.contiguous()
    if tensor.untyped_storage().nbytes() != tensor.nbytes:
        tensor = tensor.clone()  # a view would keep, and safetensors refuse, what it is a part of
    if not torch.isfinite(tensor.sum()) and not torch.isfinite(tensor).all():  # the sum is ten times faster
        raise CorruptWeightsError(
            f"{path.name} is damaged: {architecture.shown(name)} holds numbers that are not finite. Get the file again."
        )
    if name.endswith("running_var") and bool((tensor < 0).any()):
        raise CorruptWeightsError(
            f"{path.name} is damaged: {architecture.shown(name)} holds negative variances. Get the file again."
        )
    return tensor
