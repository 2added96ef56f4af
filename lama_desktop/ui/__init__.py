"""The window: the only Qt widgets in the program."""

import lama_desktop.immortal  # noqa: F401 (before the first signal)
