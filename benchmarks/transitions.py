"""How many steps a second pass the gate, against the raw driver and against peers: one line of JSON."""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[1])  # and not this folder, whose names hide the libraries'

from sqlalchemy import Engine, text  # noqa: E402

from benchmarks import crew, ground  # noqa: E402
from benchmarks.contenders import prepare_spiff  # noqa: E402

PEERS = {
    "django_fsm_2": "benchmarks.django_peers:django_fsm",
    "viewflow_fsm": "benchmarks.django_peers:viewflow",
    "spiffworkflow": "benchmarks.contenders:spiffworkflow",
    "sqlmodel": "benchmarks.contenders:sqlmodel",
}
LOADED = "civflow_loaded"
OPENERS = {name: f"benchmarks.contenders:{name}" for name in ("civflow", LOADED, "limit")} | PEERS


def fill(engine: Engine, clients: int) -> None:
    ground.sprints(engine, clients * crew.PER_CLIENT, crew.PER_CLIENT)  # a place for each client
    prepare_spiff(engine)


def check(worked: crew.Crew, records: int) -> None:
    """Every step that was counted has left its row in the history."""
    engine = ground.open_engine(worked.url)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT count(*) FROM history WHERE workflow = 'sprint'")).scalar_one()
    engine.dispose()
    found = rows - 2 * records  # their first two entries were there before
    assert found == worked.done, f"{worked.name}: {worked.done} steps were counted and {found} are in the history."


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--db", choices=("sqlite", "postgresql"), default="sqlite")
    words.add_argument("--clients", type=int, choices=tuple(crew.SHAPES), default=1)
    words.add_argument("--rounds", type=int, default=9)
    words.add_argument("--seconds", type=float, default=0.6, help="how long each contender works in a round")
    words.add_argument("--only", default=",".join(OPENERS), help="the contenders that take part")
    words.add_argument("--json", action="store_true", help="one line of JSON, the only form there is")
    args = words.parse_args()
    openers = {name: OPENERS[name] for name in args.only.split(",")}
    with ground.copies(args.db, partial(fill, clients=args.clients)) as copy:
        with crew.crews(openers, copy, args.clients) as crews:
            rates = list(crew.rounds(crews, args.seconds, args.rounds))
        for worked in crews:
            check(worked, args.clients * crew.PER_CLIENT)
    print(json.dumps(summary(args, rates)))


def summary(args: argparse.Namespace, rates: list[dict[str, float]]) -> dict[str, object]:
    """What is printed: civflow by the record's key, and beside it with the record loaded first."""
    found: dict[str, object] = {
        "benchmark": "transitions",
        "db": args.db,
        "clients": args.clients,
        "durability": ground.SAFETY[args.db],
        "rounds": len(rates),
    }
    found |= crew.compared(rates, "civflow", PEERS)
    if LOADED in rates[0]:
        loaded = crew.compared(rates, LOADED, PEERS)
        found["with_loaded_record"] = {n: loaded[n] for n in loaded if n not in {"peers", "limit_per_s"}}
    return found


if __name__ == "__main__":
    main()
