"""The record of what happened: chained entries that are only ever appended, sealed by the day, and checked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import History, Seal
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import Actor

TABLE = History.__table__  # type: ignore[attr-defined]
APPEND = TABLE.insert().inline()
CHAINED = (
    "previous", "workflow", "record_id", "number", "at", "actor_id", "actor_name", "step", "from_state", "to_state",
    "reason", "inputs",
)  # fmt: skip


def moment_text(at: datetime) -> str:
    """The text of a datetime that hashes are made from: UTC, six decimals, on every database."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def entry_hash(entry: Mapping[str, Any]) -> str:
    """SHA-256 over the entry's values in the order of CHAINED, the previous hash first."""
    values = [entry[name] for name in CHAINED]
    values[4] = moment_text(values[4])
    return hashlib.sha256(json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def inputs_text(inputs: Mapping[str, Any]) -> str:
    """The inputs of a step as JSON with sorted keys, or nothing where there are none."""
    if not inputs:
        return ""
    return json.dumps(inputs, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> str:
    return moment_text(value) if isinstance(value, datetime) else str(value)


def new_entry(
    *, workflow: str, record_id: int, number: int, previous: str, at: datetime, actor: Actor, step: str,
    from_state: str, to_state: str, reason: str, inputs: Mapping[str, Any],
) -> dict[str, Any]:  # fmt: skip
    """An entry with its hash, ready to be appended; `number` is the record's revision after the step."""
    entry: dict[str, Any] = {
        "workflow": workflow, "record_id": record_id, "number": number, "previous": previous, "at": at,
        "actor_id": actor.id, "actor_name": actor.name, "step": step, "from_state": from_state, "to_state": to_state,
        "reason": reason, "inputs": inputs_text(inputs),
    }  # fmt: skip
    entry["hash"] = entry_hash(entry)
    return entry


def append(session: Session, entries: Sequence[Mapping[str, Any]]) -> None:
    """Append entries in one statement."""
    if entries:
        session.connection().execute(APPEND, list(entries))


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


def seal_days(session: Session, *, now: datetime) -> list[Seal]:
    """Seal every day that is over (UTC) and not sealed yet, oldest first. Days without entries have no seal."""
    today = now.astimezone(UTC).date()
    last = session.scalars(select(Seal).order_by(col(Seal.day).desc()).limit(1)).first()
    query = select(TABLE.c.id, TABLE.c.at, TABLE.c.hash).where(TABLE.c.at < _midnight(today))
    if last:
        query = query.where(TABLE.c.at >= _midnight(last.day + timedelta(days=1)))
    rows = session.connection().execute(query.order_by(TABLE.c.at, TABLE.c.id)).all()
    seals = []
    for day, entries in groupby(rows, key=lambda row: row.at.date()):
        ids, hashes = zip(*((row.id, row.hash) for row in entries), strict=True)
        seals.append(last := _new_seal(day, ids, hashes, last.hash if last else "", now))
    session.add_all(seals)
    session.flush()
    return seals


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _new_seal(day: date, ids: Sequence[int], hashes: Sequence[str], previous: str, now: datetime) -> Seal:
    root = merkle_root(hashes)
    digest = _seal_hash(previous, day, min(ids), max(ids), len(ids), root)
    return Seal(day=day, first_id=min(ids), last_id=max(ids), entries=len(ids), root=root, previous=previous,
                hash=digest, sealed_at=now)  # fmt: skip


def _seal_hash(previous: str, day: date, first: int, last: int, entries: int, root: str) -> str:
    return hashlib.sha256(f"{previous}|{day.isoformat()}|{first}|{last}|{entries}|{root}".encode()).hexdigest()


class Audit(NamedTuple):
    """What a check of the whole record found: counts, and a sentence for the first thing that does not fit."""

    entries: int
    records: int
    seals: int
    broken: str | None


def verify(session: Session) -> Audit:
    """Compute every chain and every seal again; reads everything, changes nothing."""
    entries = records = 0
    query = select(TABLE).order_by(TABLE.c.workflow, TABLE.c.record_id, TABLE.c.number)
    rows = session.connection().execution_options(yield_per=2000).execute(query)
    heads: dict[str, dict[int, tuple[int, str]]] = {name: {} for name in HANDBOOK}
    for (workflow, record_id), chain in groupby(rows.mappings(), key=lambda r: (r["workflow"], r["record_id"])):
        records += 1
        previous, number = "", 0
        for row in chain:
            entries += 1
            fault = _fault(row, previous, number)
            if fault:
                return Audit(entries, records, 0, fault)
            previous, number = row["hash"], number + 1
        heads.setdefault(workflow, {})[record_id] = (number - 1, previous)
    broken = next(_broken_heads(session, heads), None)
    if broken:
        return Audit(entries, records, 0, broken)
    seals, broken = _verify_seals(session)
    return Audit(entries, records, seals, broken)


def _fault(row: Mapping[str, Any], previous: str, number: int) -> str | None:
    where = f"History entry {row['id']} ({row['workflow']} {row['record_id']}, entry {row['number']}, step “{row['step']}”)"
    if row["number"] != number:
        return f"{where} should be entry {number}: an entry before it is missing."
    if row["previous"] != previous:
        return f"{where} is not chained to the entry before it."
    if row["hash"] != entry_hash(row):
        return f"{where} has been changed: its content does not fit its hash."
    return None


def _broken_heads(session: Session, heads: Mapping[str, Mapping[int, tuple[int, str]]]) -> Iterator[str]:
    """Records whose last entry is gone, or whose columns were changed past the gate."""
    for name, page in HANDBOOK.items():
        table, known = page.table, heads[name]
        for row in session.connection().execute(select(table.c.id, table.c.revision, table.c.head)):
            if known.get(row.id) != (row.revision, row.head):
                yield f"{page.title} {row.id} stands at revision {row.revision}, which its history does not show."


def _verify_seals(session: Session) -> tuple[int, str | None]:
    previous, count = "", 0
    for seal in session.scalars(select(Seal).order_by(col(Seal.day))):
        day = select(TABLE.c.id, TABLE.c.hash).where(
            TABLE.c.at >= _midnight(seal.day), TABLE.c.at < _midnight(seal.day + timedelta(days=1))
        )
        rows = session.connection().execute(day.order_by(TABLE.c.at, TABLE.c.id)).all()
        root = merkle_root([row.hash for row in rows])
        digest = _seal_hash(previous, seal.day, seal.first_id, seal.last_id, seal.entries, root)
        if (len(rows), root, digest, previous) != (seal.entries, seal.root, seal.hash, seal.previous):
            return count, f"The seal of {seal.day} does not fit the entries of that day."
        previous, count = seal.hash, count + 1
    return count, None
