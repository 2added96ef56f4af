"""Keep `True` alive: importing this before signals are emitted is all there is to do.

PySide6 6.12.0 drops one reference to `True` with every signal that is emitted (6.9.3 and 6.11.3 do not; measured with
`sys.getrefcount`). From Python 3.12 on nobody counts the references of `True`; before, the interpreter aborts with
"bool_dealloc" as soon as none is left, after some hundreds of signals. So it gets more than can ever be dropped.
"""

import ctypes
import sys

if sys.version_info < (3, 12) and sys.implementation.name == "cpython":
    # An object begins with its reference count (Include/object.h).
    ctypes.c_ssize_t.from_address(id(True)).value += sys.maxsize // 2
