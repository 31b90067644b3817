"""The record of what happened: chains, seals, and every way of changing the past that the audit must see."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta, timezone
from threading import Thread

import pytest
from sqlalchemy import delete, insert, select, update
from sqlmodel import col

from civflow.db import new_session
from civflow.models import History, Seal, Team
from civflow.services.engine import history
from civflow.services.engine.advance import advance, begin_many
from civflow.services.engine.history import HistoryRecord, entry_hash, merkle_root, moment_text, seal_days, verify
from civflow.services.people import actor_of
from civflow.workflows.engine import CIVFLOW
from tests.scenes.open_call import a_person

DAY = timedelta(days=1)
TABLE = History.__table__


@pytest.fixture
def lead(session, now):
    return a_person(session, "Priya Raeburn", now=now)


@pytest.fixture
def teams(session, lead, now) -> list[Team]:
    """Three teams that were begun on Monday, and disbanded on Tuesday and Wednesday."""
    teams = [Team(name=f"Team {n}", lead_id=lead.id, state="", since=now) for n in range(3)]
    begin_many(session, teams, actor=CIVFLOW, now=now)
    for team, day in zip(teams, (1, 1, 2), strict=True):
        at = now + day * DAY
        advance(session, team, "disband", actor=actor_of(session, lead, now=at), now=at, reason="Done: “bye”.")
    session.commit()
    return teams


@pytest.fixture
def sealed(session, teams, now) -> list[Seal]:
    seals = seal_days(session, now=now + 3 * DAY)
    session.commit()
    return seals


def entry_of(session, team, number):
    return session.scalars(
        select(History).where(
            col(History.record_id) == team.id, col(History.number) == number, col(History.workflow) == "team"
        )
    ).one()


def broken(session) -> str | None:
    session.expire_all()
    return verify(session).broken


# Chains --------------------------------------------------------------------------------------------------------------


def test_a_hash_is_that_of_the_entry_as_json():
    at = datetime(2026, 1, 5, 13, 30, tzinfo=timezone(timedelta(hours=1)))
    what = HistoryRecord("team", at, None, "civflow", "form", "forming", "formed", "“So”, he said.", "")
    text = (
        '["ab","team",7,1,"2026-01-05T12:30:00.000000Z",null,"civflow","form","forming","formed","“So”, he said.",""]'
    )
    assert entry_hash(what, 7, 1, "ab") == hashlib.sha256(text.encode()).hexdigest()
    assert moment_text(at) == moment_text(at.astimezone(UTC))


def test_a_true_record_is_found_true(session, teams, sealed):
    assert verify(session) == history.Audit(entries=6, records=3, seals=3, broken=None)


def test_the_chains_of_different_records_do_not_touch(session, teams):
    assert [entry_of(session, team, 0).previous for team in teams] == ["", "", ""]
    assert [entry_of(session, team, 1).previous for team in teams] == [
        entry_of(session, team, 0).hash for team in teams
    ]


def test_the_history_of_a_record_is_told_from_its_end(session, teams):
    assert [e.step for e in history.history_of(session, "team", teams[0].id)] == ["disband", "begin"]


CHANGES = {
    "workflow": "round",
    "record_id": 99,
    "number": 7,
    "at": datetime(2026, 1, 6, 12, 0, 1, tzinfo=UTC),
    "actor_id": None,
    "actor_name": "Somebody else",
    "step": "form",
    "from_state": "formed",
    "to_state": "formed",
    "reason": "Done: “bye”!",
    "inputs": "{}",
    "previous": "0" * 64,
    "hash": "0" * 64,
}


def test_every_column_of_an_entry_is_tried():
    assert set(CHANGES) == {c.name for c in TABLE.c} - {"id"}


def test_a_changed_entry_is_found_and_named(session, teams):
    """One column at a time."""
    entry_id = entry_of(session, teams[1], 1).id
    for column, value in CHANGES.items():
        session.execute(update(TABLE).where(TABLE.c.id == entry_id).values({column: value}))
        assert broken(session).startswith(f"History entry {entry_id} ("), column
        session.rollback()
    assert broken(session) is None


@pytest.mark.parametrize("number", [0, 1])
def test_a_removed_entry_is_missed(session, teams, number):
    session.execute(delete(TABLE).where(TABLE.c.id == entry_of(session, teams[1], number).id))
    if number == 0:
        assert broken(session) == (
            f"History entry {entry_of(session, teams[1], 1).id} (team {teams[1].id}, entry 1, step “disband”) "
            "should be entry 0: an entry before it is missing."
        )
    else:
        assert broken(session) == (
            f"Team {teams[1].id} stands in “disbanded” at revision 1, and its history ends in “forming” at revision 0: "
            "it was changed past its history."
        )


def test_all_entries_of_a_record_removed_are_missed(session, teams):
    session.execute(delete(TABLE).where(TABLE.c.record_id == teams[1].id, TABLE.c.workflow == "team"))
    assert broken(session).startswith(f"Team {teams[1].id} stands in “disbanded” at revision 1")


def test_an_inserted_entry_is_found(session, teams, now):
    what = HistoryRecord("team", now, None, "civflow", "look_again", "disbanded", "forming", "", "")
    head = entry_of(session, teams[1], 1).hash
    ((record_id, number, previous, digest),) = what.links([(teams[1].id, 1, head)])
    session.execute(
        insert(TABLE).values(**what._asdict(), record_id=record_id, number=number, previous=previous, hash=digest)
    )
    assert broken(session) == (
        f"Team {teams[1].id} stands in “disbanded” at revision 1, and its history ends in “forming” at revision 2: "
        "it was changed past its history."
    )


def test_two_entries_in_each_others_place_are_found(session, teams):
    first, second = entry_of(session, teams[1], 0), entry_of(session, teams[1], 1)
    for entry, number in ((first, 5), (second, 0), (first, 1)):
        session.execute(update(TABLE).where(TABLE.c.id == entry.id).values(number=number))
    assert broken(session).startswith(f"History entry {second.id} (team {teams[1].id}, entry 0, step “disband”)")


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    ids=["state", "revision", "head"],
    argvalues=[
        ("state", "formed", "stands in “formed” at revision 1, and its history ends in “disbanded” at revision 1"),
        ("revision", 0, "stands in “disbanded” at revision 0, and its history ends in “disbanded” at revision 1"),
        ("head", "0" * 64, "does not carry the hash of its last history entry"),
    ],
)
def test_a_record_changed_past_the_gate_is_found(session, teams, column, value, sentence):
    session.execute(update(Team.__table__).where(col(Team.id) == teams[1].id).values({column: value}))
    assert broken(session).startswith(f"Team {teams[1].id} {sentence}")


def test_a_record_that_is_gone_is_missed(session, teams):
    gone = teams[1].id
    session.execute(delete(Team.__table__).where(col(Team.id) == gone))
    assert broken(session) == f"Team {gone} is gone, and its history is still there."


# Seals ---------------------------------------------------------------------------------------------------------------


def test_a_merkle_root_carries_an_odd_one_up():
    a, b, c = (hashlib.sha256(text).hexdigest() for text in (b"a", b"b", b"c"))
    both = hashlib.sha256(bytes.fromhex(a) + bytes.fromhex(b)).hexdigest()
    assert merkle_root([]) == "0" * 64
    assert merkle_root([a]) == a
    assert merkle_root([a, b]) == both
    assert merkle_root([a, b, c]) == hashlib.sha256(bytes.fromhex(both) + bytes.fromhex(c)).hexdigest()


def test_days_that_are_over_are_sealed_once(session, teams, now):
    first = seal_days(session, now=now + 2 * DAY)
    assert [(seal.day, seal.entries) for seal in first] == [(date(2026, 1, 5), 3), (date(2026, 1, 6), 2)]
    assert first[1].previous == first[0].hash
    assert seal_days(session, now=now + 2 * DAY) == []
    second = seal_days(session, now=now + 30 * DAY)
    assert [(seal.day, seal.entries, seal.previous) for seal in second] == [(date(2026, 1, 7), 1, first[1].hash)]
    assert seal_days(session, now=now + 31 * DAY) == []
    assert broken(session) is None


def test_an_entry_with_an_earlier_time_belongs_to_the_next_seal(session, teams, sealed, lead, now):
    """Somebody pressed before midnight, and it was committed after the seal was made."""
    late = Team(name="Late Team", lead_id=lead.id, state="", since=now)
    begin_many(session, [late], actor=CIVFLOW, now=now + 2 * DAY + timedelta(hours=11, minutes=59))
    session.commit()
    assert broken(session) is None
    assert seal_days(session, now=now + 3 * DAY) == []  # the day after the last seal is not over
    (seal,) = seal_days(session, now=now + 4 * DAY)
    assert (seal.day, seal.entries, seal.first_id) == (
        date(2026, 1, 8),
        1,
        history.last_entry(session, "team", late.id).id,
    )
    assert broken(session) is None
    session.execute(delete(TABLE).where(TABLE.c.record_id == late.id))
    session.execute(delete(Team.__table__).where(col(Team.id) == late.id))
    assert broken(session) == f"The seal of 2026-01-08 (seal {seal.id}) does not fit the entries of that day."


def test_the_seal_waits_for_those_who_are_writing(engine, session, teams, lead, now):
    """An entry that has its number and is not committed yet is under the seal that is made meanwhile."""
    session.commit()
    begin_many(session, [Team(name="Writing", lead_id=lead.id, state="", since=now)], actor=CIVFLOW, now=now)
    sealed: list[Seal] = []

    def seal() -> None:
        with new_session(engine) as other:
            sealed.extend(seal_days(other, now=now + DAY))
            other.commit()

    night = Thread(target=seal)
    night.start()
    night.join(0.5)
    assert night.is_alive()
    session.commit()
    night.join(20)
    assert [seal.entries for seal in sealed] == [4]
    assert broken(session) is None


SEAL_CHANGES = {
    "day": date(2026, 1, 9),
    "first_id": 1000,
    "last_id": 1000,
    "entries": 9,
    "root": "1" * 64,
    "previous": "1" * 64,
    "hash": "1" * 64,
    "sealed_at": datetime(2026, 2, 1, tzinfo=UTC),
}


def test_a_changed_seal_is_found(session, sealed):
    """One column at a time, of each seal."""
    table = Seal.__table__
    for seal_id in [seal.id for seal in sealed]:
        for column, value in SEAL_CHANGES.items():
            session.execute(update(table).where(table.c.id == seal_id).values({column: value}))
            assert broken(session).startswith("The seal of "), (seal_id, column)
            session.rollback()
    assert broken(session) is None


def test_a_removed_seal_is_missed(session, sealed):
    session.execute(delete(Seal.__table__).where(Seal.__table__.c.id == sealed[1].id))
    assert broken(session).startswith(f"The seal of 2026-01-07 (seal {sealed[2].id}) does not fit")


def test_a_past_that_was_written_anew_is_found_by_its_seal(session, teams, sealed, now):
    """Whoever computes a record's whole chain again, and the record's head, does not know what was sealed."""
    team = teams[1]
    entry = entry_of(session, team, 1)
    what = HistoryRecord(
        "team", entry.at, entry.actor_id, entry.actor_name, "disband", "forming", "disbanded", "Nobody came.", ""
    )
    digest = entry_hash(what, team.id, 1, entry.previous)
    session.execute(update(TABLE).where(TABLE.c.id == entry.id).values(reason="Nobody came.", hash=digest))
    session.execute(update(Team.__table__).where(col(Team.id) == team.id).values(head=digest))
    assert broken(session) == f"The seal of 2026-01-06 (seal {sealed[1].id}) does not fit the entries of that day."


def test_entries_that_have_changed_their_order_are_found_by_the_seal(session, teams, sealed):
    ids = [entry_of(session, team, 0).id for team in teams[:2]]
    for old, new in ((ids[0], 9999), (ids[1], ids[0]), (9999, ids[1])):
        session.execute(update(TABLE).where(TABLE.c.id == old).values(id=new))
    assert broken(session) == f"The seal of 2026-01-05 (seal {sealed[0].id}) does not fit the entries of that day."
