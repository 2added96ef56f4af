"""Keep `None`, `True` and `False` alive: importing this before Qt is called is all there is to do.

PySide6 6.12.0 drops one reference to `None` with every call that returns nothing, and one to `True` with every signal
that is emitted (6.9.3 and 6.11.3 do not; measured with `sys.getrefcount`). From Python 3.12 on nobody counts the
references of these; before, the interpreter aborts with "none_dealloc" or "bool_dealloc" as soon as none is left, after
some hundreds of signals or some thousands of calls. So they get more than can ever be dropped.
"""

import ctypes
import sys

if sys.version_info < (3, 12) and sys.implementation.name == "cpython":
    for _each in (None, True, False):
        # An object begins with its reference count (Include/object.h).
        ctypes.c_ssize_t.from_address(id(_each)).value += sys.maxsize // 2
