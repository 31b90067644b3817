"""`make golden BASE=<commit>`: prove that nothing that people see differs from what that commit showed."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.golden import trees
from tests.golden.differences import Differences
from tests.golden.running import Side, is_current, keep, say, side_by_side
from tests.golden.side import OTHERS

GOLDEN = trees.ROOT / "var" / "golden"
EACH = 12
HELP = f"""Plays the demonstration with the code of an earlier commit and with that of the working tree as it is,
uncommitted changes included, at one moment that both take for now. Reads both as anybody and as each of the
demonstration's people: along the links from the home page, then every GET route with records of the database.
By default that is for each role at most {EACH} addresses of each kind (a route, with the words in it that are no record)
that are filled in, spread evenly, and as many more that are linked to; --all takes everything. Then compares status,
headers and body of every answer, every message, the text of every PDF, and what the commands print that only read.
The commit's answers stay in var/golden/ and are used again. Ends with 1 where anything differs, with 2 where it cannot
be told."""


def main() -> int:
    wanted = arguments()
    GOLDEN.mkdir(parents=True, exist_ok=True)
    try:
        commit = trees.commit_called(wanted.base)
        other = trees.commit_called(wanted.other) if wanted.other else None
        before, after = collect(commit, other, None if wanted.all else wanted.each)
    except trees.CannotCompare as why:
        print(why, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return compare(before, after, f"{commit[:10]} and {other[:10] if other else 'the working tree'}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make golden BASE=<commit>", description=HELP)
    parser.add_argument("base", nargs="?", default="", help="the commit to compare with")
    parser.add_argument("--all", action="store_true", help="read every record, not some of each kind")
    parser.add_argument("--each", type=int, default=EACH, help=f"how many of each kind (at least 2; {EACH})")
    parser.add_argument("--with", dest="other", metavar="COMMIT", help="take this one, not the working tree")
    wanted = parser.parse_args()
    if wanted.each < 2:
        parser.error("--each is at least 2.")
    return wanted


def collect(commit: str, other: str | None, each: int | None) -> tuple[Path, Path]:
    """The folders with the answers of both sides; the commit's are read only if nobody has done that yet."""
    kept, after = GOLDEN / commit / ("all" if each is None else f"each-{each}"), GOLDEN / "now"
    known = is_current(kept)
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=GOLDEN, prefix="playing-")))
        sides = [] if known else [check_out(stack, commit, work / "before")]
        if other:
            sides.append(check_out(stack, other, work / "after"))
        else:
            say(f"The working tree is taken as it is, with {trees.changes()} uncommitted changes.")
            trees.copy_working_tree(work / "after" / "code")
            sides.append(Side("the working tree", work / "after"))
        say(f"Playing the demonstration with {' and with '.join(side.name for side in sides)}.")
        side_by_side(Side.play, sides)
        if not known:
            keep(read(sides[0], each=each), kept)
        return kept, keep(read(sides[-1], like=kept), after)


def check_out(stack: ExitStack, commit: str, folder: Path) -> Side:
    """A side with the code of a commit, for as long as the stack stands."""
    folder.mkdir()
    trees.check_out(commit, folder / "code")
    stack.callback(trees.remove, folder / "code")
    return Side(commit[:10], folder)


def read(side: Side, *, each: int | None = None, like: Path | None = None) -> Path:
    """Read one side, and say how long it took."""
    begun = time.monotonic()
    say(f"Reading what {side.name} shows.")
    answers = side.read(each=each, like=like)
    say(f"Read in {time.monotonic() - begun:.0f} seconds.")
    return answers


def compare(before: Path, after: Path, between: str) -> int:
    """Print what differs, and how much was compared."""
    found = Differences()
    roles = json.loads((before / "roles.json").read_text())
    counts = {what: found.compare(what, before / f"{what}.gz", after / f"{what}.gz") for what in [*roles, *OTHERS]}
    compared = f"{sum(counts.values()):,} answers of {between}: " + ", ".join(f"{w} {n:,}" for w, n in counts.items())
    if not found:
        print(f"No difference in {compared}.")
        return 0
    report = GOLDEN / "differences.txt"
    report.write_text("\n".join(found.printed(shortly=False)))
    print("\n".join(found.printed(shortly=True)))
    print(f"{found.in_numbers()}; compared were {compared}. All of it is in {report.relative_to(trees.ROOT)}.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
