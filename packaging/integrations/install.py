"""Put a plug-in where GIMP, Krita or darktable looks for it, with what it needs to find and call `lama-desktop`.

    python3 packaging/integrations/install.py krita [FOLDER]

Nothing but the standard library. FOLDER is the program's own one for scripts, where that is not at its usual place.
"""

import argparse
import os
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SHARED = (HERE / "shared" / "lama_program.py", HERE / "shared" / "lama_exchange.py")
NOTE = "program.txt"


def main(arguments: list[str] | None = None) -> int:
    """Install one plug-in; return the exit code."""
    parser = argparse.ArgumentParser(prog="install.py", description="Install a plug-in that calls lama-desktop.")
    parser.add_argument("host", choices=("gimp", "krita", "darktable"))
    parser.add_argument("folder", nargs="?", type=Path, help="where the program looks for scripts")
    given = parser.parse_args(arguments)
    folder = given.folder or usual_folder(given.host)
    installed = {"gimp": gimp, "krita": krita, "darktable": darktable}[given.host](folder)
    program = find_program()
    if program is not None:
        (installed / NOTE).write_text(f"{program}\n", encoding="utf-8")
    print(f"Installed in {installed}.")
    print(
        f"It will call {program}." if program else "lama-desktop was not found: the plug-in will look for it on PATH."
    )
    return 0


def gimp(folder: Path) -> Path:
    """Install for GIMP 3: a folder and a script in it of the same name, which may be executed."""
    target = _emptied(folder / "lama_desktop_gimp")
    script = Path(shutil.copy(HERE / "gimp" / "lama_desktop_gimp.py", target))
    script.chmod(0o755)
    for each in SHARED:
        shutil.copy(each, target)
    return target


def krita(folder: Path) -> Path:
    """Install for Krita: a package, and beside it the file that tells of it."""
    target = _emptied(folder / "lama_desktop_krita")
    for each in (*(HERE / "krita" / "lama_desktop_krita").iterdir(), *SHARED):
        if each.is_file():
            shutil.copy(each, target)
    shutil.copy(HERE / "krita" / "lama_desktop_krita.desktop", folder)
    return target


def darktable(folder: Path) -> Path:
    """Install for darktable: one script; `luarc` has to ask for it."""
    target = _emptied(folder / "lua" / "lama_desktop")
    shutil.copy(HERE / "darktable" / "lama_desktop.lua", target)
    luarc, line = folder / "luarc", 'require "lama_desktop/lama_desktop"'
    there = luarc.read_text(encoding="utf-8") if luarc.is_file() else ""
    if line not in there:
        luarc.write_text(f"{there}{'' if not there or there.endswith(chr(10)) else chr(10)}{line}\n", encoding="utf-8")
    return target


def usual_folder(host: str) -> Path:
    """Return where a program of this system looks for scripts of the user."""
    home = Path.home()
    config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    if sys.platform == "win32":
        roaming, local = (Path(os.environ.get(name) or home) for name in ("APPDATA", "LOCALAPPDATA"))
        places = {"gimp": roaming / "GIMP", "krita": roaming / "krita" / "pykrita", "darktable": local / "darktable"}
    elif sys.platform == "darwin":
        support = home / "Library" / "Application Support"
        places = {"gimp": support / "GIMP", "krita": support / "krita" / "pykrita", "darktable": config / "darktable"}
    else:
        places = {"gimp": config / "GIMP", "krita": data / "krita" / "pykrita", "darktable": config / "darktable"}
    if host != "gimp":
        return places[host]
    versions = [path for path in places["gimp"].glob("3.*") if path.name[2:].isdecimal()]  # 3.0, 3.2; not 3.0.bak
    return max(versions, key=lambda path: int(path.name[2:]), default=places["gimp"] / "3.0") / "plug-ins"


def find_program() -> str | None:
    """Return the lama-desktop of this checkout or of this Python, or the one on PATH."""
    name = "lama-desktop.exe" if sys.platform == "win32" else "lama-desktop"
    beside = "Scripts" if sys.platform == "win32" else "bin"
    for each in (Path(sys.executable).parent.resolve() / name, ROOT / ".venv" / beside / name):
        if each.is_file():
            return str(each)
    return shutil.which("lama-desktop")


def _emptied(folder: Path) -> Path:
    """Return an empty folder; what an earlier version left in it is gone."""
    if folder.is_dir():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder


if __name__ == "__main__":
    sys.exit(main())
