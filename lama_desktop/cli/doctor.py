"""`lama-desktop doctor`: what is here, and what is missing."""

import argparse
import sys
from dataclasses import asdict

from lama_desktop.cli.terminal import print_json
from lama_desktop.paths import models_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """Print every finding; return 1 if something has to be mended."""
    from lama_desktop.doctor import examine

    findings = []
    topic = ""
    for each in examine(models_folder()):
        findings.append(each)
        if arguments.json:
            continue
        if each.topic != topic:
            topic = each.topic
            print(f"{topic}")
        print(f"  {'!' if each.remedy else ' '} {each.name:24s} {each.value}")
        if each.remedy:
            print(f"    {'':24s} → {each.remedy}")
        sys.stdout.flush()
    wrong = [each for each in findings if each.remedy]
    if arguments.json:
        print_json({"ok": not wrong, "findings": [asdict(each) for each in findings]})
    else:
        print("Everything is here." if not wrong else f"{len(wrong)} to mend, marked !.")
    return 1 if wrong else 0
