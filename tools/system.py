"""What civflow needs from the operating system: installed by root, asked for by everybody else."""

import ctypes
import os
import shutil
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from progress import run


@dataclass(frozen=True)
class Need:
    """Something that only the system's package manager can bring."""

    name: str
    purpose: str
    packages: tuple[str, ...]  # on Debian and Ubuntu
    present: Callable[[], bool]


def has_pango() -> bool:
    """Whether the libraries that WeasyPrint opens can be opened."""
    libraries = (
        "gobject-2.0.so.0",
        "pango-1.0.so.0",
        "pangoft2-1.0.so.0",
        "harfbuzz.so.0",
        "harfbuzz-subset.so.0",
    )
    return can_open(*libraries, "fontconfig.so.1")


def can_open(*libraries: str) -> bool:
    """Whether the system's linker finds all these libraries."""
    try:
        for library in libraries:
            ctypes.CDLL(f"lib{library}")
    except OSError:
        return False
    return True


def has_fonts() -> bool:
    """Whether there is any font at all; without one a PDF has no words."""
    folders = (
        "/usr/share/fonts",
        "/usr/local/share/fonts",
        Path.home() / ".fonts",
        Path.home() / ".local/share/fonts",
    )
    return any(next(Path(folder).rglob("*.[to]t[cf]"), None) for folder in folders)


def has_chromium() -> bool:
    """Whether the browser that the tests drive is on the PATH."""
    return shutil.which("chromium") is not None


PANGO = Need("pango", "it lays out the PDFs", ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0"), has_pango)
FONTS = Need("a font", "the PDFs are written in it", ("fonts-dejavu-core",), has_fonts)
LIBATOMIC = Need("libatomic", "Playwright steers the browser with it", ("libatomic1",), lambda: can_open("atomic.so.1"))
CHROMIUM = Need("Chromium", "the browser tests drive it", ("chromium",), has_chromium)


def ensure(needs: Collection[Need]) -> None:
    """Install what is missing, or exit with the line to ask an administrator for."""
    missing = [need for need in needs if not need.present()]
    if not missing:
        return
    packages = [package for need in missing for package in need.packages]
    *others, last = [f"{need.name} ({need.purpose})" for need in missing]
    names = f"{', '.join(others)} and {last}" if others else last
    if shutil.which("apt-get") is None:
        sys.exit(
            f"civflow needs {names}, and this system has no apt-get. Install what Debian calls "
            f"{', '.join(packages)}, and say the same command again."
        )
    if os.geteuid() != 0:
        sys.exit(
            f"civflow needs {names}. Ask an administrator of this machine to run\n\n"
            f"    apt-get install --no-install-recommends {' '.join(packages)}\n\n"
            "and then say the same command again."
        )
    install(packages, f"Installing {names}")
    if failed := [need for need in missing if not need.present()]:
        sys.exit(f"{failed[0].name} is still not found, though apt-get installed {' '.join(failed[0].packages)}.")


def install(packages: list[str], title: str) -> None:
    """Install Debian packages as root, without the ones that they only recommend."""
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    steps = r"^(Get:\d+|Unpacking \S+|Setting up \S+)"
    apt_get = ["apt-get", "-o", "DPkg::Lock::Timeout=120"]
    run("Asking apt-get what there is: apt-get update", [*apt_get, "update"], env=env, step=steps)
    run(
        f"{title}: apt-get install {' '.join(packages)}",
        [*apt_get, "install", "--yes", "--no-install-recommends", *packages],
        env=env,
        step=steps,
        on_failure="apt-get could not install them. Mend what it complains about, and try again.",
    )
