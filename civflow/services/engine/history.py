"""The record of what happened: chained entries that are only ever appended, sealed by the day, and checked."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, func, or_, select
from sqlmodel import Session, col

from civflow.models import History, Seal
from civflow.services.engine import sql
from civflow.services.engine.sql import HISTORY as TABLE
from civflow.services.engine.sql import Link
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import Actor

CHAINED = (
    "previous",
    "workflow",
    "record_id",
    "number",
    "at",
    "actor_id",
    "actor_name",
    "step",
    "from_state",
    "to_state",
    "reason",
    "inputs",
)
STREAMED = {"yield_per": 5000}
_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def moment_text(at: datetime) -> str:
    """The text of a datetime that hashes are made from: UTC, six decimals, on every database."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def inputs_text(inputs: Mapping[str, Any]) -> str:
    """The inputs of a step as JSON with sorted keys, or nothing where there are none."""
    if not inputs:
        return ""
    return json.dumps(inputs, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> str:
    return moment_text(value) if isinstance(value, datetime) else str(value)


def fingerprint(values: Mapping[str, Any]) -> str:
    """SHA-256 of values written as the inputs of a step are: what an entry keeps of words that it does not hold."""
    return hashlib.sha256(inputs_text(values).encode()).hexdigest()


class HistoryRecord(NamedTuple):
    """What the entries of records that take the same step together have in common."""

    workflow: str
    at: datetime
    actor_id: int | None
    actor_name: str
    step: str
    from_state: str
    to_state: str
    reason: str
    inputs: str

    def links(self, stands: Iterable[tuple[int, int, str]]) -> list[Link]:
        """This entry as the next entry of some records, which stand at (id, revision, head); -1 is before the first."""
        workflow, rest = _json(self.workflow), _rest(self)
        return [
            (record_id, revision + 1, head, _hash(head, workflow, record_id, revision + 1, rest))
            for record_id, revision, head in stands
        ]


def new_record(
    *,
    workflow: str,
    at: datetime,
    actor: Actor,
    step: str,
    from_state: str,
    to_state: str,
    reason: str,
    inputs: Mapping[str, Any],
) -> HistoryRecord:
    """A entry from what a step is given."""
    return HistoryRecord(workflow, at, actor.id, actor.name, step, from_state, to_state, reason, inputs_text(inputs))


def entry_hash(what: HistoryRecord, record_id: int, number: int, previous: str) -> str:
    """SHA-256 of the JSON array of the entry's values in the order of CHAINED, the previous hash first."""
    return _hash(previous, _json(what.workflow), record_id, number, _rest(what))


def _hash(previous: str, workflow: str, record_id: int, number: int, rest: str) -> str:
    return hashlib.sha256(f'["{previous}",{workflow},{record_id},{number},{rest}'.encode()).hexdigest()


def _rest(what: HistoryRecord) -> str:
    """The end of the text that is hashed, which entries of one entry share."""
    return _json((moment_text(what.at), *what[2:]))[1:]


def append(
    connection: Connection, table: Table, columns: Mapping[str, Any], what: HistoryRecord, links: Sequence[Link]
) -> bool:
    """Change the rows of `table` and append their entries; False where one stood no longer where it was read.

    The new state, revision and head follow from the entry and the links; `columns` are what else is set.
    """
    return sql.write(connection, table, columns, what._asdict(), links) == len(links)


def history_of(session: Session, workflow: str, record_id: int) -> Sequence[History]:
    """The entries of one record, the newest first."""
    query = select(History).where(col(History.workflow) == workflow, col(History.record_id) == record_id)
    return session.scalars(query.order_by(col(History.number).desc())).all()


def last_entry(session: Session, workflow: str, record_id: int) -> History | None:
    """The newest entry of one record."""
    query = select(History).where(col(History.workflow) == workflow, col(History.record_id) == record_id)
    return session.scalars(query.order_by(col(History.number).desc()).limit(1)).first()


def merkle_root(hashes: Sequence[str]) -> str:
    """The root of a binary Merkle tree over hex hashes, in their order; an odd one is carried up. Empty: 64 zeros."""
    level = [bytes.fromhex(h) for h in hashes]
    if not level:
        return "0" * 64
    while len(level) > 1:
        pairs = [hashlib.sha256(level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0].hex()


# Seals ---------------------------------------------------------------------------------------------------------------
#
# A seal stands for the entries with a time before the end of its day that were there when it was made (their ids are at
# most `last_id`) and that no earlier seal holds, in the order of their ids. So an entry that was committed late, into a
# day that is sealed already, belongs to the next seal.


def seal_days(session: Session, *, now: datetime) -> list[Seal]:
    """Seal every day that is over (UTC) and not sealed yet, oldest first. Days without entries have no seal.

    Raises Conflicted when others have been writing for so long that nobody knows which entries there are.
    """
    sql.wait_for_writers(session.connection())
    today = now.astimezone(UTC).date()
    last = session.scalars(select(Seal).order_by(col(Seal.day).desc()).limit(1)).first()
    query = select(TABLE.c.id, TABLE.c.at, TABLE.c.hash).where(TABLE.c.at < _midnight(today))
    if last:
        query = query.where(or_(TABLE.c.at >= _midnight(_after(last.day)), TABLE.c.id > last.last_id))
    days: dict[date, list[tuple[int, str]]] = {}
    for entry in session.connection().execute(query.order_by(TABLE.c.id)):
        day = max(entry.at.date(), _after(last.day)) if last else entry.at.date()
        days.setdefault(day, []).append((entry.id, entry.hash))
    newest = session.connection().execute(select(func.max(TABLE.c.id))).scalar() or 0
    seals = []
    for day in sorted(day for day in days if day < today):
        last = _new_seal(day, days[day], newest, last.hash if last else "", now)
        seals.append(last)
    session.add_all(seals)
    session.flush()
    return seals


def _after(day: date) -> date:
    return day + timedelta(days=1)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _new_seal(day: date, entries: Sequence[tuple[int, str]], newest: int, previous: str, now: datetime) -> Seal:
    first, root = entries[0][0], merkle_root([digest for _, digest in entries])
    text = f"{previous}|{day.isoformat()}|{first}|{newest}|{len(entries)}|{root}|{moment_text(now)}"
    return Seal(
        day=day,
        first_id=first,
        last_id=newest,
        entries=len(entries),
        root=root,
        previous=previous,
        hash=hashlib.sha256(text.encode()).hexdigest(),
        sealed_at=now,
    )


# The check -----------------------------------------------------------------------------------------------------------


class Audit(NamedTuple):
    """What a check of the whole record found: counts, and a sentence for the first thing that does not fit."""

    entries: int
    records: int
    seals: int
    broken: str | None


class Stand(NamedTuple):
    """Where a record stands: in its own row, or by the last entry of its history."""

    state: str
    revision: int
    head: str


def verify(session: Session) -> Audit:
    """Compute every chain and every seal again; reads everything, changes nothing.

    Call it at the start of a transaction: then it sees everything as of one moment, whatever others do meanwhile.
    """
    if not session.in_transaction() and session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    stands: dict[str, dict[int, Stand]] = {name: {} for name in HANDBOOK}
    entries, broken = _verify_chains(session, stands)
    records = sum(map(len, stands.values()))
    broken = broken or next(_broken_records(session, stands), None)
    if broken:
        return Audit(entries, records, 0, broken)
    seals, broken = _verify_seals(session)
    return Audit(entries, records, seals, broken)


def _verify_chains(session: Session, stands: dict[str, dict[int, Stand]]) -> tuple[int, str | None]:
    """Compute every entry's hash; note in `stands` where each record must stand. The count, and the first fault."""
    columns = [TABLE.c[name] for name in (*HistoryRecord._fields, "id", *sql.LINK)]
    query = select(*columns).order_by(TABLE.c.workflow, TABLE.c.record_id, TABLE.c.number)
    count = 0
    with session.connection().execute(query, execution_options=STREAMED) as rows:
        for row in rows:
            count += 1
            known = stands.setdefault(row.workflow, {})
            fault = _fault(row, known.get(row.record_id, NOWHERE))
            if fault:
                return count, fault
            known[row.record_id] = Stand(row.to_state, row.number, row.hash)
    return count, None


NOWHERE = Stand("", -1, "")


def _fault(row: Any, before: Stand) -> str | None:
    """What is wrong with an entry that follows `before`."""
    if row.number != before.revision + 1:
        fault = f"should be entry {before.revision + 1}: an entry before it is missing"
    elif row.hash != entry_hash(HistoryRecord(*row[:9]), row.record_id, row.number, row.previous):
        fault = "has been changed: its content does not fit its hash"
    elif row.previous != before.head or row.from_state != before.state:
        fault = "is not chained to the entry before it"
    else:
        return None
    entry = f"History entry {row.id} ({row.workflow} {row.record_id}, entry {row.number}, step “{row.step}”)"
    return f"{entry} {fault}."


def _broken_records(session: Session, stands: Mapping[str, Mapping[int, Stand]]) -> Iterator[str]:
    """Records whose last entry is gone, that are gone themselves, or whose columns were changed past the gate."""
    for name, known in stands.items():
        left = dict(known)
        title = HANDBOOK[name].called if name in HANDBOOK else name.capitalize()
        if name in HANDBOOK:
            table = HANDBOOK[name].table
            query = select(table.c.id, table.c.state, table.c.revision, table.c.head).order_by(table.c.id)
            for record_id, *stand in session.connection().execute(query):
                must = left.pop(record_id, NOWHERE)
                if tuple(stand) != must:
                    yield (
                        f"{title} {record_id} stands in “{stand[0]}” at revision {stand[1]}, and its history ends in "
                        f"“{must.state}” at revision {must.revision}: it was changed past its history."
                        if tuple(stand[:2]) != must[:2]
                        else f"{title} {record_id} does not carry the hash of its last history entry."
                    )
        for record_id in left:
            yield f"{title} {record_id} is gone, and its history is still there."


def _verify_seals(session: Session) -> tuple[int, str | None]:
    """Compute every seal again. The number of seals that fit, and what is wrong with the first that does not."""
    seals = session.scalars(select(Seal).order_by(col(Seal.day))).all()
    ends, newest = [_midnight(_after(seal.day)) for seal in seals], [seal.last_id for seal in seals]
    held: list[list[tuple[int, str]]] = [[] for _ in seals]
    query = select(TABLE.c.id, TABLE.c.at, TABLE.c.hash).order_by(TABLE.c.id)
    for entry_id, at, digest in session.connection().execute(query, execution_options=STREAMED):
        number = max(bisect_right(ends, at), bisect_left(newest, entry_id))
        if number < len(seals):
            held[number].append((entry_id, digest))
    previous = ""
    for number, (seal, entries) in enumerate(zip(seals, held, strict=True)):
        again = _new_seal(seal.day, entries or [(0, "")], seal.last_id, previous, seal.sealed_at)
        if any(
            getattr(again, name) != getattr(seal, name) for name in ("hash", "root", "first_id", "entries", "previous")
        ):
            return number, f"The seal of {seal.day} (seal {seal.id}) does not fit the entries of that day."
        previous = seal.hash
    return len(seals), None
