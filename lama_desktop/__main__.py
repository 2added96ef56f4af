"""`python -m lama_desktop` is `lama-desktop`."""

import sys

from lama_desktop.cli import main

if __name__ == "__main__":
    sys.exit(main())
