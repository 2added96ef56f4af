"""The map is true: who imports whom, how long a file is, what every module says of itself, what the README lists."""

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "lama_desktop"
MODULES = sorted(PACKAGE.rglob("*.py"))
CEILING = 400

BASE = {"errors", "immortal", "options", "page", "progress", "paths", "settings"}
ALLOWED = {
    "cli": {
        "ui",
        "batch",
        "benchmark",
        "doctor",
        "training",
        "evaluation",
        "masks",
        "engine",
        "models",
        "formats",
        "core",
    },
    "ui": {"tools", "batch", "doctor", "engine", "models", "formats", "core"},
    "tools": {"core"},
    "batch": {"masks", "formats", "engine", "models", "core"},
    "benchmark": {"training", "engine", "models", "networks", "core"},
    "doctor": {"engine", "models", "formats"},
    "training": {"evaluation", "masks", "networks", "models", "formats", "core"},
    "evaluation": {"masks", "engine", "formats", "core"},
    "masks": {"formats", "core"},
    "engine": {"models", "networks", "core"},
    "models": {"networks"},
    "formats": {"core"},
    "core": set(),
    "networks": set(),
    "__main__": {"cli"},
    "__init__": set(),
}
TORCH = {"networks", "models", "engine", "training", "benchmark", "evaluation"}
QT_CORE = {"core/document.py", "core/history.py"}
"""Outside `ui`, which has all of Qt, the modules that may import QtCore: they have signals."""
LAZY = {
    "models/cards.py",
    "models/store.py",
    "models/installed.py",
    "models/download.py",
    "models/disk.py",
    "engine/options.py",
    "evaluation/contenders.py",
    "evaluation/dataset.py",
    "evaluation/learned.py",
    "evaluation/published.py",
}
"""Modules of those layers that import torch inside functions only, or not at all."""


def layer(path: Path) -> str:
    """Return the layer of a module; what `python -m` starts is the command line's, wherever it lies."""
    return "__main__" if path.stem == "__main__" else path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path, everywhere: bool) -> Iterator[str]:
    """Yield the modules that a file imports; with `everywhere` also those inside functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree) if everywhere else tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_follow_the_layers(path):
    own = layer(path)
    assert own in ALLOWED or own in BASE, f"{own} is not on the map"
    for name in imports(path, everywhere=True):
        parts = name.split(".")
        if parts[0] == "lama_desktop" and len(parts) > 1 and parts[1] != "__version__":
            assert parts[1] in ALLOWED.get(own, set()) | {own} | BASE, f"{own} must not import {name}"
        if parts[0] == "torch" and own not in TORCH:
            assert own == "doctor", f"{own} must not import torch"
        if parts[0] in ("PySide6", "shiboken6") and own != "ui":
            assert path.relative_to(PACKAGE).as_posix() in QT_CORE, f"{own} must not import {name}"
            assert parts[1] == "QtCore", f"{own} must not import {name}"


@pytest.mark.parametrize("name", sorted(LAZY))
def test_light_modules_stay_light(name):
    """A fresh interpreter that imports them has not loaded torch."""
    module = f"lama_desktop.{name.removesuffix('.py').replace('/', '.')}"
    code = f"import sys, {module}; sys.exit('torch' in sys.modules or 'PySide6' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_module_says_what_it_is_for_and_has_one_idea(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= CEILING
    assert not text.strip() or ast.get_docstring(ast.parse(text)), "a module without a docstring"


def test_the_tree_in_the_readme_lists_exactly_these_files():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    tree = re.search(r"```text\nlama_desktop/\n(.*?)```", readme, re.DOTALL)
    assert tree, "the README shows the tree"
    listed, folders = set(), [""]
    for line in tree[1].splitlines():
        depth, name = (len(line) - len(line.lstrip())) // 2, line.split()[0] if line.strip() else ""
        if name.endswith("/"):
            folders = [*folders[:depth], folders[depth - 1] + name]
        elif name.endswith(".py"):
            listed.add(folders[depth - 1] + name)
    ours = {str(path.relative_to(PACKAGE)) for path in MODULES if len(ast.parse(path.read_text()).body) > 1}
    assert listed == ours


def test_no_package_hides_the_packaging_library():
    assert not (ROOT / "packaging" / "__init__.py").exists()


def test_no_two_test_files_have_one_name():
    """Pytest imports them by their names alone."""
    names = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))
    assert not [name for name, count in names.items() if count > 1]
