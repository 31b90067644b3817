"""The demonstration: a whole round through the services, the same every time, and whole again after any interruption."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from civflow.db import make_engine, new_session
from civflow.models import Agreement, Application, Assignment, Challenge, Conflict, Gate, Outcome, Place, Round, Score
from civflow.services import history
from civflow.services.demonstration import begun_at, play, story_end, summary, write_script
from tests.conftest import settings_for

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
SEED = 1
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def another_engine(sqlite_template, tmp_path):
    """A second new database."""
    path = tmp_path / "another.db"
    shutil.copyfile(sqlite_template, path)
    engine = make_engine(settings_for(f"sqlite:///{path}"))
    yield engine
    engine.dispose()


def perform(engine, files, *, stumble_every: int = 0) -> None:
    """Play every act; with `stumble_every`, each so-manieth is lost before its commit and played again."""
    with new_session(engine) as session:
        end = begun_at(session, end=story_end(NOW))
        session.commit()
        acts = write_script(session, seed=SEED, end=end)
    for number, act in enumerate(acts, start=1):
        if stumble_every and number % stumble_every == 0:
            with new_session(engine) as session:
                play(session, act, seed=SEED, files=files)  # the session closes without a commit: a lost process
        with new_session(engine) as session:
            play(session, act, seed=SEED, files=files)
            session.commit()


def counts(engine, files) -> dict[str, object]:
    with new_session(engine) as session:
        found = summary(session, files=files).__dict__
    return {name: value for name, value in found.items() if name != "documents"}


@pytest.mark.timeout(600)
def test_a_whole_round_runs_from_draft_to_signed_contract(engine, tmp_path):
    perform(engine, tmp_path)

    with new_session(engine) as session:
        found = summary(session, files=tmp_path)
        assert found.challenges == 56
        assert found.applications >= 150
        assert found.scores >= 600
        assert history.verify(session).broken is None
        assert_the_full_round_is_right(session)
        assert_the_running_round_has_something_for_everybody(session)
        assert_no_conflict_was_broken(session)


def assert_the_full_round_is_right(session) -> None:
    played = session.scalars(select(Challenge).where(col(Challenge.round_id) == round_id(session, "demonstration"))).all()
    assert len(played) == 9
    for challenge in played:
        gates = {g.stage: g for g in session.scalars(select(Gate).where(col(Gate.challenge_id) == challenge.id))}
        went_on = {stage: number_going_on(session, gate) for stage, gate in gates.items()}
        applied = number(session, Application, col(Application.challenge_id) == challenge.id)
        assert 5 <= applied <= 38
        assert went_on["sift"] == min(6, ranked(session, gates["sift"]))
        assert went_on["interview"] == 3
        assert went_on["pitch"] in (1, 2)
        contracts = number(session, Agreement, col(Agreement.challenge_id) == challenge.id, col(Agreement.stage) == "contract",
                           col(Agreement.state) == "active")  # fmt: skip
        assert contracts == went_on["pitch"]
        explorations = number(session, Place, col(Place.challenge_id) == challenge.id, col(Place.stage) == "exploration",
                              col(Place.state) == "completed")  # fmt: skip
        assert explorations == 3


def assert_the_running_round_has_something_for_everybody(session) -> None:
    running = round_id(session, "running")
    states = set(session.scalars(select(Challenge.state).where(col(Challenge.round_id) == running)))
    assert states == {"draft", "in_review", "approved", "open", "sift", "exploration"}
    assert number(session, Gate, col(Gate.round_id) == running, col(Gate.state) == "approved") == 1
    assert number(session, Assignment, col(Assignment.round_id) == running, col(Assignment.state) == "invited") > 0


def round_id(session, slug: str) -> int:
    return session.scalars(select(Round.id).where(col(Round.slug) == slug)).one()


def number(session, model, *where) -> int:
    return session.scalar(select(func.count()).select_from(model).where(*where))


def number_going_on(session, gate) -> int:
    return number(session, Outcome, col(Outcome.gate_id) == gate.id, col(Outcome.decision) == "goes_on")


def ranked(session, gate) -> int:
    return number(session, Outcome, col(Outcome.gate_id) == gate.id)


@SQLITE
@pytest.mark.timeout(600)
def test_a_round_that_is_interrupted_again_and_again_ends_in_the_same_counts(engine, another_engine, tmp_path):
    perform(engine, tmp_path)

    perform(another_engine, tmp_path, stumble_every=7)

    assert counts(another_engine, tmp_path) == counts(engine, tmp_path)
    with new_session(another_engine) as session:
        assert history.verify(session).broken is None


@SQLITE
def test_the_story_ends_on_a_thursday_that_has_come(engine):
    for day in range(1, 15):
        end = story_end(datetime(2026, 3, day, 23, tzinfo=UTC))
        assert end.strftime("%A %H:%M") == "Thursday 10:00"
        assert end <= datetime(2026, 3, day, 23, tzinfo=UTC)


def assert_no_conflict_was_broken(session) -> None:
    scored = select(Score.id).join(Assignment, col(Assignment.id) == col(Score.assignment_id))
    scored = scored.join(Conflict, (col(Conflict.person_id) == col(Assignment.assessor_id))
                         & (col(Conflict.team_id) == col(Assignment.team_id)))  # fmt: skip
    assert session.scalars(scored.where(col(Score.scored_at) > col(Conflict.declared_at))).all() == []
    assert number(session, Conflict) > 0
