"""What differs between two readings, told once for each difference, with the places where it was met."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path

from tests.golden import store

CONTEXT = 2  # lines that are shown before and after a change
EXAMPLES = 12  # places that are named on the screen
MOST = 60  # differences that are shown on the screen
LONGEST = 40  # lines of one difference that are shown on the screen
GONE, NEW = "there before, and not now", "not there before"


@dataclass
class Difference:
    """A change that was met in one or more places, as the first of them shows it."""

    shown: list[str]
    places: dict[str, None] = field(default_factory=dict)  # in the order in which they were met, each once


class Differences:
    """All differences, by the words that change; what differs only in numbers counts as one."""

    def __init__(self) -> None:
        self._found: dict[str, Difference] = {}

    def __bool__(self) -> bool:
        return bool(self._found)

    def compare(self, what: str, before: Path, after: Path) -> int:
        """Compare two readings of one role, or of the mail and so on; how many answers there were before."""
        now, count = dict(store.read(after)), 0
        for address, text in store.read(before):
            count += 1
            if address not in now:
                self._add(GONE, [GONE], what, address)
                continue
            other = now.pop(address)
            if other != text:
                for changed, shown in hunks(text, other):
                    self._add(changed, shown, what, address)
        for address in now:
            self._add(NEW, [NEW], what, address)
        return count

    def _add(self, changed: str, shown: list[str], what: str, address: str) -> None:
        difference = self._found.setdefault(re.sub(r"\d+", "#", changed), Difference(shown))
        difference.places[f"{what}: {address}"] = None

    def printed(self, *, shortly: bool) -> Iterator[str]:
        """Lines to read, what was met most often first; `shortly` for the screen."""
        found = sorted(self._found.values(), key=lambda difference: -len(difference.places))
        for difference in found[:MOST] if shortly else found:
            yield from _told(difference, shortly=shortly)
        if shortly and len(found) > MOST:
            yield f"And {len(found) - MOST} more differences."

    def in_numbers(self) -> str:
        places = {place for difference in self._found.values() for place in difference.places}
        return f"{len(self._found):,} differences in {len(places):,} places"


def _told(difference: Difference, *, shortly: bool) -> Iterator[str]:
    places, shown = list(difference.places), difference.shown
    yield f"== {len(places):,} {'place' if len(places) == 1 else 'places'} " + "=" * 60
    yield from shown[:LONGEST] if shortly else shown
    if shortly and len(shown) > LONGEST:
        yield f"... and {len(shown) - LONGEST} more lines"
    named = _examples(places) if shortly else places
    yield from (f"   {place}" for place in named)
    if len(named) < len(places):
        yield f"   and {len(places) - len(named):,} more"
    yield ""


def _examples(places: list[str]) -> list[str]:
    """Some of the places, the first of every role before others."""
    first = {place.split(":", maxsplit=1)[0]: place for place in reversed(places)}.values()
    return list(dict.fromkeys([*reversed(list(first)), *places]))[:EXAMPLES]


def hunks(before: str, after: str) -> Iterator[tuple[str, list[str]]]:
    """The changes that make one text the other: what changes, and the same as a unified diff shows it."""
    old, new = _lines(before, after)
    start = _alike(zip(old, new, strict=False))
    end = _alike(zip(reversed(old[start:]), reversed(new[start:]), strict=False))
    start, end = max(0, start - CONTEXT), max(0, end - CONTEXT)
    old, new = old[start : len(old) - end], new[start : len(new) - end]
    for group in SequenceMatcher(None, old, new).get_grouped_opcodes(CONTEXT):
        changed: list[str] = []
        shown: list[str] = []
        for tag, first, last, other_first, other_last in group:
            if tag == "equal":
                shown += [f"  {line}" for line in old[first:last]]
                continue
            gone, come = old[first:last], new[other_first:other_last]
            changed += words_that_change("\n".join(gone), "\n".join(come))
            shown += [f"- {line}" for line in gone] + [f"+ {line}" for line in come]
        yield "\n".join(changed), shown


def words_that_change(before: str, after: str) -> list[str]:
    """Of two texts what stands between their alike beginnings and ends; the places of one change differ in the rest."""
    old, new = (re.findall(r"\w+|\W", text) for text in (before, after))
    start = _alike(zip(old, new, strict=False))
    end = _alike(zip(reversed(old[start:]), reversed(new[start:]), strict=False))
    return [f"- {''.join(old[start : len(old) - end])}", f"+ {''.join(new[start : len(new) - end])}"]


def _lines(before: str, after: str) -> tuple[list[str], list[str]]:
    """Both texts in lines, a tag a line where that does not hide what differs."""
    old, new = (text.replace("><", ">\n<").split("\n") for text in (before, after))
    return (old, new) if old != new else (before.split("\n"), after.split("\n"))


def _alike(pairs: Iterable[tuple[str, str]]) -> int:
    """How many pairs are equal before the first that is not."""
    count = 0
    for one, other in pairs:
        if one != other:
            break
        count += 1
    return count
