"""How long 10,000 applications take through one deadline, against one UPDATE and INSERT and against peers: one line.

Every contender has its own copy of the same tables with 10,000 submitted applications of 400 characters, spread over
ten challenges, whose deadline has just passed. All find them by state and time, give each its new state, revision,
head and since, append a history row for each, put it before its challenge's first gate, and commit once. After each
round everything is put back where it was and the tables are compacted, outside of the time that is taken.

- civflow: `take_due_steps`, as the worker's tick calls it: every workflow of the handbook is searched for steps that
  are due; each application is judged by its page, chained to its own history, and followed by the step's effect.
- limit: the two statements in the raw driver, for the whole set, without any check, chain or stage.
- sqlmodel: records loaded, checked, changed, histories added, one flush and one commit.
- django_fsm_2, viewflow_fsm: records loaded, each moved by its transition method (condition and permission checked),
  `bulk_update` and `bulk_create`, one commit.
SpiffWorkflow has no way to move many workflows together; see transitions.py for what one costs.
"""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[1])  # and not this folder, whose names hide the libraries'

from benchmarks import crew, ground  # noqa: E402
from benchmarks.deadline_contenders import HOW_MANY  # noqa: E402

OPENERS = {
    "civflow": "benchmarks.deadline_contenders:civflow_tick",
    "limit": "benchmarks.deadline_contenders:limit",
    "django_fsm_2": "benchmarks.django_peers:django_fsm_deadline",
    "viewflow_fsm": "benchmarks.django_peers:viewflow_deadline",
    "sqlmodel": "benchmarks.deadline_contenders:sqlmodel",
}
PEERS = tuple(OPENERS)[2:]


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--db", choices=("sqlite", "postgresql"), default="sqlite")
    words.add_argument("--rounds", type=int, default=7)
    words.add_argument("--only", default=",".join(OPENERS), help="the contenders that take part")
    words.add_argument("--json", action="store_true", help="one line of JSON, the only form there is")
    args = words.parse_args()
    openers = {name: OPENERS[name] for name in args.only.split(",")}
    with (
        ground.copies(args.db, partial(ground.applications, count=HOW_MANY)) as copy,
        crew.crews(openers, copy, 1) as crews,
    ):
        ticks = list(crew.rounds(crews, crew.ONCE, args.rounds, before_each=lambda c: ground.put_back(c.url)))
    rates = [{name: rate * HOW_MANY for name, rate in tick.items()} for tick in ticks]
    found: dict[str, object] = {
        "benchmark": "deadline",
        "db": args.db,
        "applications": HOW_MANY,
        "durability": ground.SAFETY[args.db],
        "rounds": len(rates),
    }
    found |= crew.compared(rates, "civflow", PEERS)
    found["times_the_limit"] = crew.middle(rate["limit"] / rate["civflow"] for rate in rates)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
