"""Programme versions: stored once with their states, pinned by a round, and the last judge of a challenge's state."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from civflow.models import Challenge, Programme, ProgrammeState, Round
from civflow.services.engine.advance import begin, workflow_of
from civflow.services.programmes.store import (
    contents_of,
    current_programme,
    newest,
    programme_of,
    store,
    store_shipped,
    stored_programmes,
)
from civflow.workflows.challenges.page import challenge_workflow
from civflow.workflows.engine import CIVFLOW, NotFound, Refusal
from civflow.workflows.programme import read_programme, shipped_programmes
from tests.scenes.open_call import open_call

CIVTECH = shipped_programmes()["civtech"]
# Another version: demo day is gone, and the accelerator is called otherwise.
LATER = read_programme(
    CIVTECH.source.replace('version: "2"', 'version: "3"')
    .replace("title: Accelerator\n", "title: Workshop\n")
    .replace(CIVTECH.source[CIVTECH.source.index("  - id: demo_day") : CIVTECH.source.index("  - id: contract")], "")
)


@pytest.fixture
def stored(session, now) -> Programme:
    return store(session, CIVTECH, now=now)


def test_a_version_is_stored_once_with_its_text_its_hash_and_its_states(session, now, stored):
    assert store(session, CIVTECH, now=now + timedelta(days=1)) is stored

    assert [p.id for p in stored_programmes(session)] == [stored.id]
    assert (stored.name, stored.version, stored.source, stored.content_hash, stored.stored_at) == (
        "civtech",
        "2",
        CIVTECH.source,
        CIVTECH.content_hash,
        now,
    )
    states = session.scalars(select(ProgrammeState.state).where(col(ProgrammeState.programme_id) == stored.id)).all()
    assert set(states) == set(challenge_workflow(CIVTECH.source).states)


def test_every_shipped_programme_is_stored(session, now):
    assert [p.name for p in store_shipped(session, now=now)] == sorted(shipped_programmes())
    assert store_shipped(session, now=now) == []
    assert len(stored_programmes(session)) == len(shipped_programmes())


def test_a_version_that_is_stored_never_gets_another_text(session, now):
    earlier = store(session, read_programme(CIVTECH.source + "# as it was\n"), now=now)

    with pytest.raises(Refusal) as refusal:
        store_shipped(session, now=now)

    assert " ".join(refusal.value.sentences) == (
        "The programme file of civtech says version 2, and another text is stored as that version since 5 January 2026. "
        "Give the file a new version, or restore the text that it had."
    )
    assert stored_programmes(session) == [earlier]


def test_what_a_version_says_is_read_once(session, stored):
    assert contents_of(stored) is contents_of(stored)
    assert contents_of(stored) == CIVTECH.programme


def test_the_highest_version_is_found_by_name_whichever_was_stored_last(session, now, stored):
    later, *lower = (
        store(session, read_programme(LATER.source.replace('version: "3"', f'version: "{number}"')), now=now)
        for number in ("3.10", "3.9", "3")
    )

    assert stored_programmes(session) == [stored, *reversed(lower), later]
    assert newest(session, "civtech") is later
    with pytest.raises(NotFound) as refusal:
        newest(session, "moonshot")
    assert refusal.value.sentences == ("There is no programme 'moonshot'. Stored are: civtech.",)


def test_without_any_version_the_refusal_says_what_to_run(session):
    with pytest.raises(NotFound) as refusal:
        newest(session, "civtech")

    assert refusal.value.sentences == ("There is no programme 'civtech'. Stored are: none; run `civflow init`.",)


def test_a_round_keeps_the_version_that_it_pinned(call, session, now):
    store(session, LATER, now=now)

    round_ = session.get_one(Round, call.challenge.round_id)
    assert programme_of(session, round_) == programme_of(session, call.challenge) == CIVTECH.programme
    assert "demo_day" in workflow_of(session, call.challenge).states


def test_challenges_of_two_versions_follow_each_its_own(call, session, now):
    first = call.challenge
    later = store(session, LATER, now=now)
    round_ = Round(programme_id=later.id, slug="later", title="Later", starts_at=now, ends_at=now, state="", since=now)
    begin(session, round_, actor=CIVFLOW, now=now)
    second = Challenge(round_id=round_.id, programme_id=later.id, slug="s", title="S", state="", since=now)
    begin(session, second, actor=CIVFLOW, now=now)

    names = [workflow_of(session, c).states["accelerator"].staff for c in (first, second)]
    assert names == ["Accelerator", "Workshop"]
    assert "demo_day" not in workflow_of(session, second).states


def test_the_database_refuses_a_state_that_the_version_does_not_have(session, now, stored):
    later = store(session, LATER, now=now)
    call = open_call(session, now)
    table = Challenge.__table__
    move = update(table).where(table.c.id == call.challenge.id)
    session.connection().execute(move.values(state="demo_day"))

    savepoint = session.begin_nested()
    with pytest.raises(IntegrityError):
        session.connection().execute(move.values(state="moon"))
    savepoint.rollback()
    with pytest.raises(IntegrityError):
        session.connection().execute(move.values(programme_id=later.id))


def test_newcomers_read_the_programme_of_the_round_that_began_last(session, now):
    assert current_programme(session) == CIVTECH.programme
    later = store(session, LATER, now=now)
    open_call(session, now)
    for number, rehearsal in enumerate((False, True)):
        round_ = Round(
            programme_id=later.id,
            slug=f"r{number}",
            title="R",
            rehearsal=rehearsal,
            state="",
            since=now,
            starts_at=now + timedelta(days=number + 1),
            ends_at=now + timedelta(days=99),
        )
        begin(session, round_, actor=CIVFLOW, now=now)
    assert current_programme(session) == CIVTECH.programme  # a round that is planned or rehearsed is not read about

    session.connection().execute(update(Round.__table__).where(Round.__table__.c.slug == "r0").values(state="open"))
    assert current_programme(session) == LATER.programme
