"""Answers on disk: a line of JSON for each, in the order in which they were asked for."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

Answer = tuple[str, str]  # an address or a title, and the text that stands there


def write(file: Path, answers: Iterable[Answer]) -> None:
    with gzip.open(file, "wt", encoding="utf-8", compresslevel=3) as lines:
        for answer in answers:
            lines.write(json.dumps(answer) + "\n")


def read(file: Path) -> Iterator[Answer]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            address, text = json.loads(line)
            yield address, text


def numbered(answers: Iterable[Answer]) -> Iterator[Answer]:
    """The answers, each under a name that only it has."""
    met: Counter[str] = Counter()
    for name, text in answers:
        met[name] += 1
        yield (f"{name} ({met[name]})" if met[name] > 1 else name), text
