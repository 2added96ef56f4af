"""What keeps an object alive, for the message of a test."""

import gc
import types


def holders(found, depth=3):
    """Return, as lines, what refers to an object: kinds, and the names under which it is held."""
    lines, ours = [], set()
    _look(found, 0, depth, lines, ours)
    return "\n".join(lines[:80])


def _look(each, level, depth, lines, ours):
    referrers = gc.get_referrers(each)
    ours |= {id(referrers), id(lines)}
    for other in referrers:
        kind = type(other).__name__
        if isinstance(other, types.FrameType) or id(other) in ours or kind.endswith("iterator"):
            continue
        if kind == "cell":
            users = [f for f in gc.get_objects() if type(f) is types.FunctionType and other in (f.__closure__ or ())]
            kind = f"cell of {[f.__qualname__ for f in users]}"
        names = [key for key, value in other.items() if value is each][:2] if isinstance(other, dict) else ""
        lines.append("  " * level + f"{kind} {getattr(other, '__qualname__', '')} {names}")
        if level < depth and kind in ("dict", "cell", "tuple", "function", "list", "method", "set"):
            _look(other, level + 1, depth, lines, ours)
