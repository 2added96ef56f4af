"""Read the pickle inside a weight file as plain data; nothing that it names is ever imported or called.

torch's own safe loader knows no TorchScript, so a reader of this kind is needed anyway. The same one reads checkpoints,
loads the numbers of the generator only, and can list every name that a refused file asks for.

A pickle is a program for a stack machine; this is another machine for the same language. Containers, numbers and text
become themselves; torch's rebuild functions become a `TensorRecord`, a description; every other object becomes an
`Inert` that remembers its name and state. Names beyond those of real checkpoints are collected in `Reader.unknown`.

Instructions are decoded by the standard library's `pickletools`. No instruction may copy what an earlier one made, so
work and memory are in proportion to the length of the file.
"""

import pickletools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import IO, Any, NamedTuple

KNOWN_MODULES = ("omegaconf.", "pytorch_lightning.", "lightning.", "torch.jit._pickle.")
"""Packages whose objects real checkpoints carry beside the tensors: settings, callbacks, type tags of lists."""

_BUILTINS = ("dict", "list", "tuple", "set", "int", "long", "float", "complex", "str", "unicode", "bytes", "bool")
KNOWN_NAMES = frozenset(
    (
        *(f"{module}.{name}" for module in ("builtins", "__builtin__") for name in _BUILTINS),
        *("collections.OrderedDict", "collections.defaultdict", "collections.Counter", "typing.Any", "torch.Size"),
        *("torch.device", "_codecs.encode", "argparse.Namespace", "pathlib.PosixPath", "pathlib.WindowsPath"),
        *("numpy.dtype", "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar"),
    )
)

STORAGES = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "UntypedStorage": "uint8",
}
_TYPES = frozenset(f"torch.{name}" for name in (*STORAGES.values(), "half", "float", "double", "long", "int"))
_REBUILDERS = frozenset(("torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2"))
_PARAMETERS = frozenset(("torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state"))
MAX_NAME = 300  # characters of a class or function
MAX_AXES = 64  # torch's own limit
_SPECIAL = _REBUILDERS | _PARAMETERS | {"torch.nn.parameter.Parameter", "torch.Tensor"}
_DICTS = frozenset(("collections.OrderedDict", "collections.defaultdict", "builtins.dict", "__builtin__.dict"))


class PickleError(ValueError):
    """The bytes are no pickle, or one that no weight file holds."""


@dataclass(frozen=True, eq=False)
class Name:
    """What the file calls a class or a function: text, never the thing itself."""

    text: str


@dataclass(eq=False)
class Inert:
    """An object of the file: its class's name and, where the file gives one, its state."""

    name: str
    state: Any = None


class StorageRecord(NamedTuple):
    """Where a tensor's numbers are: the key of the data, their type, how many."""

    key: str
    dtype: str
    length: int


class TensorRecord(NamedTuple):
    """A tensor as the file describes it; nothing of it is checked yet."""

    storage: StorageRecord
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class Reader:
    """Run one pickle after the other; `unknown` and `storages` collect what all of them name.

    Args:
        scripted: whether `__torch__...` names, the modules of a TorchScript archive, are expected.
    """

    def __init__(self, scripted: bool = False) -> None:
        self.unknown: dict[str, None] = {}
        self.storages: dict[str, StorageRecord] = {}
        self._scripted = scripted

    def read(self, file: bytes | IO[bytes]) -> Any:
        """Return the value of the pickle that starts here; a file is left right behind it.

        Raises:
            PickleError: this is no pickle. Other ValueErrors, and Index-, Key- and TypeErrors, say so too.
        """
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}
        for opcode, argument, _ in pickletools.genops(file):
            if opcode.name == "STOP":
                return self._stack.pop()
            self._step(opcode.name, argument)
        raise PickleError("it ends too early")

    def _step(self, name: str, argument: Any) -> None:
        """Carry out one instruction."""
        stack = self._stack
        if name in _VALUES:
            stack.append(argument)
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name]())
        elif name in _TUPLES:
            count = _TUPLES[name]
            if len(stack) < count:
                raise PickleError("its stack is empty")
            stack[-count:] = [tuple(stack[-count:])]
        elif name in {"BINPUT", "LONG_BINPUT", "PUT"}:
            self._memo[int(argument)] = stack[-1]
        elif name == "MEMOIZE":
            self._memo[len(self._memo)] = stack[-1]
        elif name in {"BINGET", "LONG_BINGET", "GET"}:
            stack.append(self._memo[int(argument)])
        elif name == "MARK":
            self._marks.append(len(stack))
        elif name in _COLLECTING:
            stack.append(_COLLECTING[name](self._above_mark()))
        elif name not in {"PROTO", "FRAME"}:
            handler = _HANDLERS.get(name)
            if handler is None:
                raise PickleError(f"it holds the instruction {name}")
            handler(self, argument)

    def _above_mark(self) -> list[Any]:
        """Take everything above the last mark off the stack."""
        start = self._marks.pop()
        taken = self._stack[start:]
        del self._stack[start:]
        return taken

    def _named(self, text: str) -> Name:
        """Note a name of the file."""
        if len(text) > MAX_NAME:
            raise PickleError("it holds a name of impossible length")
        known = text in KNOWN_NAMES or text in _SPECIAL or text in _TYPES or text.startswith(KNOWN_MODULES)
        if not known and (self._scripted and text.startswith("__torch__.")):
            known = True
        if not known and not (text.startswith(("torch.", "torch.storage.")) and text.split(".")[-1] in STORAGES):
            self.unknown[text] = None
        return Name(text)

    def _global(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        self._stack.append(self._named(f"{module}.{name}"))

    def _stack_global(self, _: Any) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        if not isinstance(module, str) or not isinstance(name, str) or len(module) + len(name) > MAX_NAME:
            raise PickleError("it names something by what is no name")
        self._stack.append(self._named(f"{module}.{name}"))

    def _append(self, _: Any) -> None:
        value = self._stack.pop()
        _add(self._stack[-1], [value])

    def _appends(self, _: Any) -> None:
        values = self._above_mark()
        _add(self._stack[-1], values)

    def _setitem(self, _: Any) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        _set(self._stack[-1], [key, value])

    def _setitems(self, _: Any) -> None:
        items = self._above_mark()
        _set(self._stack[-1], items)

    def _reduce(self, _: Any) -> None:
        arguments, function = self._stack.pop(), self._stack.pop()
        self._stack.append(_described(function, arguments))

    def _newobj(self, _: Any) -> None:
        arguments, kind = self._stack.pop(), self._stack.pop()
        self._stack.append(_described(kind, arguments))

    def _newobj_ex(self, _: Any) -> None:
        self._stack.pop()
        self._newobj(None)

    def _inst(self, argument: str) -> None:
        self._above_mark()
        self._global(argument)
        self._stack.append(Inert(self._stack.pop().text))

    def _obj(self, _: Any) -> None:
        kind, *_ = self._above_mark()
        self._stack.append(Inert(kind.text if isinstance(kind, Name) else "?"))

    def _build(self, _: Any) -> None:
        state = self._stack.pop()
        target = self._stack[-1]
        if isinstance(target, Inert):
            target.state = state
        elif not isinstance(target, dict | list | set | TensorRecord):  # their extra attributes do not matter
            raise PickleError("it changes something that has no state")

    def _persistent(self, _: Any) -> None:
        storage = _storage(self._stack.pop())
        self.storages[storage.key] = storage
        self._stack.append(storage)

    def _pop(self, _: Any) -> None:
        self._stack.pop()

    def _pop_mark(self, _: Any) -> None:
        self._above_mark()

    def _dup(self, _: Any) -> None:
        self._stack.append(self._stack[-1])


def _add(target: Any, values: list[Any]) -> None:
    """Append to a list of the file; what is appended to an object of its own is dropped."""
    if isinstance(target, list):
        target.extend(values)
    elif not isinstance(target, Inert | set):
        raise PickleError("it appends to something that is no list")


def _set(target: Any, items: list[Any]) -> None:
    """Set items of a dictionary of the file; only text and numbers are keys that lead to a tensor."""
    if isinstance(target, dict):
        target.update((key, value) for key, value in zip(items[::2], items[1::2], strict=True) if _plain(key))
    elif not isinstance(target, Inert):
        raise PickleError("it sets items of something that is no dictionary")


def _plain(key: Any) -> bool:
    return isinstance(key, str) or (isinstance(key, int) and abs(key) < 1 << 63)  # hashing a longer one takes its time


def _described(function: Any, arguments: Any) -> Any:
    """Return what a call in the file stands for, without calling."""
    if not isinstance(function, Name):
        raise PickleError("it calls something that has no name")
    name = function.text
    if name in _REBUILDERS:
        return _tensor(*arguments[:4])
    if name in _PARAMETERS or name == "torch.nn.parameter.Parameter":
        return arguments[0]
    return {} if name in _DICTS else Inert(name)  # items of a dictionary come as instructions of their own


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any) -> TensorRecord:
    if len(shape) > MAX_AXES or len(strides) > MAX_AXES:
        raise PickleError("it describes a tensor of too many axes")
    numbers = (offset, *shape, *strides)
    if not isinstance(storage, StorageRecord) or not all(type(each) is int and 0 <= each < 1 << 63 for each in numbers):
        raise PickleError("it describes a tensor that cannot be")
    return TensorRecord(storage, offset, tuple(shape), tuple(strides))


def _storage(identity: Any) -> StorageRecord:
    """Return the storage that a persistent id of torch describes: ("storage", type, key, device, count, ...)."""
    tag, kind, key, _, length = identity[:5]
    dtype = STORAGES.get(kind.text.split(".")[-1]) if isinstance(kind, Name) else None
    if (
        tag != "storage"
        or dtype is None
        or not isinstance(key, str)
        or type(length) is not int
        or not 0 <= length < 1 << 63
    ):
        raise PickleError("it describes tensor data of a kind that no LaMa model has")
    return StorageRecord(key, dtype, length)


def _items(taken: list[Any]) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    _set(found, taken)
    return found


def _members(taken: Iterable[Any]) -> set[Any]:
    return {each for each in taken if _plain(each)}


_VALUES = frozenset(
    (
        *("INT", "LONG", "LONG1", "LONG4", "BININT", "BININT1", "BININT2", "FLOAT", "BINFLOAT"),
        *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
        *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
    )
)
_CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "EMPTY_TUPLE": tuple,
    "EMPTY_SET": set,
}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_COLLECTING: dict[str, Callable[[list[Any]], Any]] = {
    "TUPLE": tuple,
    "LIST": list,
    "DICT": _items,
    "FROZENSET": _members,
}
_HANDLERS: dict[str, Callable[[Reader, Any], None]] = {
    "GLOBAL": Reader._global,
    "STACK_GLOBAL": Reader._stack_global,
    "APPEND": Reader._append,
    "APPENDS": Reader._appends,
    "ADDITEMS": Reader._appends,
    "SETITEM": Reader._setitem,
    "SETITEMS": Reader._setitems,
    "REDUCE": Reader._reduce,
    "NEWOBJ": Reader._newobj,
    "NEWOBJ_EX": Reader._newobj_ex,
    "INST": Reader._inst,
    "OBJ": Reader._obj,
    "BUILD": Reader._build,
    "BINPERSID": Reader._persistent,
    "POP": Reader._pop,
    "POP_MARK": Reader._pop_mark,
    "DUP": Reader._dup,
}
