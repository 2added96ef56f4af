"""`python -m lama_desktop.training RECIPE ...`, also under torchrun: the command `lama-desktop train`."""

import os
import sys

from lama_desktop.cli import main

if __name__ == "__main__":
    code = main(["train", *sys.argv[1:]])
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        # A thread of gloo that lets go of a tensor while Python ends aborts the process, and torchrun counts a finished
        # run as failed: one in five on a busy machine. DistributedDataParallel keeps these threads alive for good.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
