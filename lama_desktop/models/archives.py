"""Weight files as lists of entries: names, shapes, types, and a way to read each tensor when it is wanted.

Three containers are read here: the zip archive of `torch.save` and of TorchScript (a pickle that describes the tensors,
their numbers as uncompressed members beside it), the older single-file layout of `torch.save`, and safetensors. What
a file says about itself is checked against what it holds before a byte is copied: the members' sizes, the count of
every storage, the reach of every tensor. TorchScript's code members are never opened.

`checkpoints` chooses what to read and turns errors into sentences; here damage shows as ValueError and its like.
"""

import io
import json
import math
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch

from lama_desktop.models.pickles import Inert, PickleError, Reader, StorageRecord, TensorRecord

MAX_PICKLE = 8 << 20  # bytes, a few seconds of reading; the description of a real checkpoint is under one megabyte
MAX_NAME = 300  # characters; longer ones are no parameter's
CHUNK = 4 << 20
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C

Load = Callable[[StorageRecord], "np.ndarray[Any, Any]"]

_ITEM = {"float64": "f8", "float32": "f4", "float16": "f2", "bfloat16": "u2", "bool": "u1", "uint8": "u1"}
_ITEM |= {"int64": "i8", "int32": "i4", "int16": "i2", "int8": "i1"}
_SAFE_TYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "BOOL": "bool"}
_SAFE_TYPES |= {"I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8", "U8": "uint8"}


@dataclass(frozen=True)
class Entry:
    """One tensor of a file; `read` returns a new one in native order."""

    shape: tuple[int, ...]
    dtype: str
    read: Callable[[], torch.Tensor]


@dataclass
class Contents:
    """What a file holds: entries by their names in the file, and text beside them.

    `unknown` are the names of objects that no checkpoint needs; the file is refused for them.
    """

    layout: str
    entries: dict[str, Entry]
    metadata: dict[str, str]
    unknown: tuple[str, ...] = ()


def read_torch_zip(archive: zipfile.ZipFile, top: str) -> Contents:
    """Describe a zip archive of torch whose members lie in the folder `top`."""
    members = {each.filename: each for each in archive.infolist()}
    scripted = f"{top}/constants.pkl" in members
    description = members[f"{top}/data.pkl"]
    if description.file_size > MAX_PICKLE or description.compress_type not in {
        zipfile.ZIP_STORED,
        zipfile.ZIP_DEFLATED,
    }:
        raise PickleError("its description of the tensors is too long or packed")
    order = ">" if _member(archive, members, f"{top}/byteorder", 16).strip() == b"big" else "<"
    reader = Reader(scripted)
    value = reader.read(archive.read(description))

    def load(storage: StorageRecord) -> np.ndarray[Any, Any]:
        member = members.get(f"{top}/data/{storage.key}")
        kind = np.dtype(order + _ITEM[storage.dtype])
        if member is None or member.compress_type != zipfile.ZIP_STORED or member.compress_size != member.file_size:
            raise PickleError(f"the numbers of storage {storage.key[:20]} are missing or packed")
        if member.file_size != storage.length * kind.itemsize:
            raise PickleError(f"storage {storage.key[:20]} does not hold as many numbers as it says")
        with archive.open(member) as file:
            return _filled(file, storage.length, kind)

    entries = _entries(dict(_tensors(value)), load)
    return Contents("TorchScript" if scripted else _layout(value), entries, _facts(value), tuple(reader.unknown))


def read_legacy(path: Path) -> Contents:
    """Describe a file that torch.save wrote before version 1.6, or with its old layout."""
    with path.open("rb") as file:
        head = io.BytesIO(file.read(MAX_PICKLE))
    reader = Reader()
    if reader.read(head) != LEGACY_MAGIC:
        return Contents("pickle", {}, {}, tuple(reader.unknown))
    reader.read(head)  # the protocol's number
    system = reader.read(head)
    order = ">" if isinstance(system, dict) and system.get("little_endian") is False else "<"
    value = reader.read(head)
    keys = reader.read(head)
    start, size = head.tell(), path.stat().st_size
    places: dict[str, int] = {}
    with path.open("rb") as file:
        for key in keys:
            storage = reader.storages[key]
            file.seek(start)
            if int.from_bytes(file.read(8), "little" if order == "<" else "big", signed=True) != storage.length:
                raise PickleError(f"storage {key[:20]} does not hold as many numbers as it says")
            places[key] = start + 8
            start += 8 + storage.length * np.dtype(_ITEM[storage.dtype]).itemsize
    if start > size:
        raise PickleError("it ends too early")

    def load(storage: StorageRecord) -> np.ndarray[Any, Any]:
        kind = np.dtype(order + _ITEM[storage.dtype])
        with path.open("rb") as file:
            file.seek(places[storage.key])
            return _filled(file, storage.length, kind)

    entries = _entries(dict(_tensors(value)), load)
    return Contents(_layout(value), entries, _facts(value), tuple(reader.unknown))


def read_safetensors(path: Path) -> Contents:
    """Describe a safetensors file; its metadata is passed on as it is.

    The file is read plainly instead of through the library, which maps it into memory: the pages would count twice
    while they are copied, and a file that shrinks at that moment would end the program.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > min(MAX_PICKLE, size - 8):
            raise PickleError("its header is longer than the file")
        head = file.read(length)
    try:
        header = json.loads(head)
        metadata = header.pop("__metadata__", {})
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise PickleError("its header is not what safetensors files begin with") from error
    start = 8 + length

    def entry(facts: dict[str, Any]) -> Entry:
        dtype = _SAFE_TYPES.get(facts["dtype"], "")
        shape, (begin, end) = tuple(facts["shape"]), facts["data_offsets"]
        if not all(type(each) is int and each >= 0 for each in (*shape, begin, end)) or start + end > size:
            raise PickleError("a tensor reaches beyond the file")
        count = math.prod(shape)
        if dtype and end - begin != count * np.dtype(_ITEM[dtype]).itemsize:
            raise PickleError("a tensor is not as long as its shape says")

        def read() -> torch.Tensor:
            with path.open("rb") as file:
                file.seek(start + begin)
                values = _filled(file, count, np.dtype("<" + _ITEM[dtype]))
            return torch.from_numpy(_widened(values, dtype).reshape(shape))

        return Entry(shape, dtype, read)

    return Contents(
        "safetensors",
        {name: entry(facts) for name, facts in header.items()},
        {str(key): str(value) for key, value in metadata.items()},
    )


def _member(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], name: str, most: int) -> bytes:
    """Return a small optional member, empty where it is absent."""
    if name not in members:
        return b""
    with archive.open(members[name]) as file:
        return file.read(most)


def _filled(file: IO[bytes], count: int, kind: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """Read `count` numbers; the array is new and in the machine's order."""
    values = np.empty(count, kind)
    view = values.view(np.uint8).data
    filled = 0
    while filled < len(view):
        taken = file.readinto(view[filled : filled + CHUNK])  # type: ignore[attr-defined]
        if not taken:
            raise PickleError("it ends too early")
        filled += taken
    file.read(1)  # lets a zip member compare its checksum
    return values.astype(kind.newbyteorder("="), copy=False)


def _widened(values: np.ndarray[Any, Any], dtype: str) -> np.ndarray[Any, Any]:
    """Return bfloat16, which numpy does not have, as the float32 whose upper half it is."""
    return (values.astype(np.uint32) << 16).view(np.float32) if dtype == "bfloat16" else values


def _entries(records: dict[str, TensorRecord], load: Load) -> dict[str, Entry]:
    """Describe the tensors of a file; a storage that several of them share is kept for the next one."""
    kept: dict[StorageRecord, np.ndarray[Any, Any]] = {}

    def shared(storage: StorageRecord) -> np.ndarray[Any, Any]:
        if storage not in kept:
            kept.clear()
            kept[storage] = load(storage)
        return kept[storage]

    return {
        name: _entry(each, load if math.prod(each.shape) == each.storage.length else shared)
        for name, each in records.items()
    }


def _entry(record: TensorRecord, load: Load) -> Entry:
    """Describe a tensor that reaches into a storage by offset and strides."""
    storage, offset, shape, strides = record
    count = math.prod(shape)
    if len(shape) != len(strides) or count > storage.length:
        raise PickleError("a tensor is larger than its data")
    if count and offset + sum((side - 1) * step for side, step in zip(shape, strides, strict=True)) >= storage.length:
        raise PickleError("a tensor reaches beyond its data")

    def read() -> torch.Tensor:
        values = load(storage)
        item = values.itemsize
        window = np.lib.stride_tricks.as_strided(values[offset:], shape, [step * item for step in strides])
        whole = _widened(np.ascontiguousarray(window).reshape(shape), storage.dtype)
        return torch.from_numpy(whole.copy() if count < storage.length else whole)

    return Entry(shape, storage.dtype, read)


def _tensors(value: Any) -> Iterator[tuple[str, TensorRecord]]:
    """Walk dictionaries and the states of objects; give every tensor with the names on the way, joined by dots.

    Every container is entered once: settings of OmegaConf point back at what they are in.
    """
    pending = [("", value)]
    seen: set[int] = set()
    while pending:
        name, each = pending.pop()
        if isinstance(each, Inert):
            each = each.state
        if isinstance(each, TensorRecord):
            yield name, each
        elif isinstance(each, dict) and id(each) not in seen:
            seen.add(id(each))
            for key, inner in reversed(each.items()):
                if isinstance(inner, dict | Inert | TensorRecord) and len(name) + len(label := str(key)) < MAX_NAME:
                    pending.append((f"{name}.{label}" if name else label, inner))


def _layout(value: Any) -> str:
    """Return what to call a checkpoint of torch.save."""
    if not isinstance(value, dict):
        return "checkpoint"
    if "pytorch-lightning_version" in value:
        return "Lightning checkpoint"
    return "state dictionary" if any(isinstance(each, TensorRecord) for each in value.values()) else "checkpoint"


def _facts(value: Any) -> dict[str, str]:
    """Return the short texts and numbers at the top of a checkpoint: epoch, step, version."""
    if not isinstance(value, dict):
        return {}
    return {
        key: str(each)[:200]
        for key, each in value.items()
        if isinstance(key, str)
        and len(key) < 40
        and (isinstance(each, str | float) or (isinstance(each, int) and abs(each) < 1 << 63))
    }
