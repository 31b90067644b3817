"""Runs a command that may take long, telling people on stderr how far it is and, if it fails, why."""

import queue
import re
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

QUIET_SECONDS = 5.0  # without a terminal, one line of progress for this long


def say(sentence: str) -> None:
    """Print one line for people; stdout belongs to the command that is set up for."""
    print(sentence, file=sys.stderr, flush=True)


def run(
    title: str,
    command: Sequence[str | Path],
    *,
    on_failure: str | None = None,
    step: str = r"(?!)",
    total: int = 0,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> None:
    """Run `command`; each output line that matches `step` is a step (of `total`), named by its group.

    A command that fails ends everything with its last lines and the sentence `on_failure`, if there is one.
    """
    started = time.monotonic()
    say(title)
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        errors="replace",
        env=env,
        cwd=cwd,
    )
    last = follow(process.stdout or [], re.compile(step), total, started)
    failed = process.wait() != 0
    if failed and on_failure is not None:
        show("failed; its last lines:", final=True)
        sys.exit("\n".join([*(f"    {line}" for line in last), on_failure]))
    show(
        f"{'failed, which may not matter,' if failed else 'done'} in {time.monotonic() - started:.0f} s",
        final=True,
    )


def follow(output: Iterable[str], step: re.Pattern[str], total: int, started: float) -> deque[str]:
    """Report progress until the output ends; return its last lines."""
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=feed, args=(output, lines), daemon=True).start()
    last: deque[str] = deque(maxlen=20)
    number, name, shown = 0, "", started
    while True:
        try:
            line = lines.get(timeout=QUIET_SECONDS)
        except queue.Empty:
            line = ""
        if line is None:
            return last
        if line:
            last.append(line)
        if match := step.search(line):
            number, name = number + 1, match[match.lastindex or 0]
        if (match and sys.stderr.isatty()) or time.monotonic() - shown >= QUIET_SECONDS:
            shown = time.monotonic()
            where = f"{number} of {total}: {name}" if total and number else name or "still at it"
            show(f"{where}, {shown - started:.0f} s")


def feed(output: Iterable[str], lines: "queue.Queue[str | None]") -> None:
    """Hand on every line, then None."""
    for line in output:
        lines.put(line.rstrip())
    lines.put(None)


def show(text: str, *, final: bool = False) -> None:
    """Show how far the command is: on a terminal in one line that is written again and again."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K  {text}", end="\n" if final else "", file=sys.stderr, flush=True)
    else:
        say(f"  {text}")
