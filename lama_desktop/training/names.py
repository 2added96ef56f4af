"""Names: the file names of a large data set in two arrays.

A list of millions of strings takes a gigabyte, is pickled slowly, and is copied into every worker process as soon as
its reference counts are touched. Immutable; any thread.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Names:
    """A sequence of names.

    `text` is all of them, one after the other, in the encoding of the file system; name i ends before byte `ends[i]`,
    (N,) int64.
    """

    text: bytes
    ends: NDArray[np.int64]

    @classmethod
    def of(cls, names: Iterable[str]) -> Self:
        """Return the names, in order."""
        coded = [os.fsencode(name) for name in names]
        return cls(b"".join(coded), np.cumsum([len(each) for each in coded], dtype=np.int64))

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, index: int) -> str:
        if not 0 <= index < len(self.ends):
            raise IndexError(index)
        start = int(self.ends[index - 1]) if index else 0
        return os.fsdecode(self.text[start : int(self.ends[index])])
