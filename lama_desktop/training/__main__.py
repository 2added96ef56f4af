"""`python -m lama_desktop.training RECIPE ...`, also under torchrun: the command `lama-desktop train`."""

import sys

from lama_desktop.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]]))
