"""The demonstration: a whole round through the services, the same every time, and whole again after any interruption."""

from __future__ import annotations

import io
import shutil
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pypdf
import pytest
from markupsafe import escape
from sqlalchemy import func, select
from sqlmodel import col

from civflow.db import make_engine, new_session
from civflow.demonstration import begun_at, play, run, story_end, summary, write_script
from civflow.models import (
    Agreement,
    Application,
    Assignment,
    Challenge,
    Conflict,
    Document,
    Gate,
    Outcome,
    Place,
    Round,
    Score,
)
from civflow.services.challenges.review import opens_unanswered
from civflow.services.documents import render as rendering
from civflow.services.documents import store as documents
from civflow.services.engine import history
from tests.played import NOW, settings_in

pytestmark = pytest.mark.timeout(900)  # playing the round takes a minute, and longer on a busy machine


def perform(engine, files, *, stumble_every: int) -> None:
    """Play every act; each so-manieth is lost before its commit and played again. What `files` know is not printed again."""
    with new_session(engine) as session:
        end = begun_at(session, end=story_end(NOW))
        session.commit()
        acts = write_script(seed=run.SEED, end=end)
    for number, act in enumerate(acts, start=1):
        if number % stumble_every == 0:
            with new_session(engine) as session:
                play(session, act, seed=run.SEED, files=files)  # the session closes without a commit: a lost process
        with new_session(engine) as session:
            play(session, act, seed=run.SEED, files=files)
            session.commit()


def counts(engine, files) -> dict[str, object]:
    """What the story alone decides: mail and documents, which leave in the evenings, are counted elsewhere."""
    with new_session(engine) as session:
        found = dict(summary(session, files=files).__dict__)
        found["messages"] = sum(found["states"].pop("message").values())
    return {name: value for name, value in found.items() if name not in ("documents", "letters", "history")}


def test_a_whole_round_runs_from_draft_to_signed_contract(own_round):
    engine = make_engine(own_round)
    with new_session(engine) as session:
        assert_the_round_is_right(session, own_round.files)
        found = summary(session, files=own_round.files)
    assert found.letters == len([path for path in found.documents if Path(path).is_file()]) - other_documents(engine)
    assert found.states["message"] == {"sent": sum(found.states["message"].values())}
    engine.dispose()


def test_agreements_are_made_in_time_and_a_dozen_documents_of_each_kind_are_printed_for_the_tests(own_round):
    """Every PDF of the story has the words of its data; all other documents are laid out below, which takes no time."""
    engine = make_engine(own_round)
    with new_session(engine) as session:
        made = session.scalars(select(Document).where(col(Document.made_at).is_not(None))).all()
        issued = session.scalars(select(Agreement.document_id)).all()
    engine.dispose()
    kinds = Counter(document.kind for document in made if document.id not in issued)
    assert set(kinds) == set(rendering.KINDS)
    assert {kind for kind, number in kinds.items() if not 10 <= number <= 12} == set()
    assert {number for number in issued if number not in [document.id for document in made]} == set()
    for document in made:
        pdf = pypdf.PdfReader(io.BytesIO(documents.read(document, files=own_round.files)))
        assert (document.made_at, document.data["reference"] in pdf.metadata.title) == (document.asked_at, True)


def test_every_document_of_the_story_can_be_laid_out(own_round):
    engine = make_engine(own_round)
    with new_session(engine) as session:
        found = session.scalars(select(Document)).all()
    engine.dispose()
    assert Counter(document.kind for document in found) == {
        "agreement": 100,
        "challenge_brief": 34,
        "outcome_letter": 273,
        "receipt": 237,
    }
    for document in found:
        laid_out = rendering.html(document.kind, document.data, base_url=own_round.base_url)
        assert escape(document.data["reference"]) in laid_out


def test_what_the_story_left_to_the_worker_is_made_at_once_where_all_is_to_be_printed(own_round, tmp_path):
    """Three documents are left here, since printing all takes minutes; their dates are the story's."""
    shutil.copyfile(own_round.files.parent / "demonstration.db", tmp_path / "demonstration.db")
    settings = settings_in(tmp_path)
    engine = make_engine(settings)
    with new_session(engine) as session:
        left = documents.waiting(session)
        for document in left[3:]:
            document.made_at = document.asked_at
        session.commit()

    run.perform(settings, quiet=True)

    with new_session(engine) as session:
        made = [session.get_one(Document, document.id) for document in left[:3]]
        assert [document.made_at for document in made] == [document.asked_at for document in made]
        assert [documents.read(document, files=settings.files)[:5] for document in made] == [b"%PDF-"] * 3
        assert history.verify(session).broken is None
    engine.dispose()


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_the_same_round_runs_on_postgresql_however_often_it_is_interrupted(engine, own_round):
    perform(engine, own_round.files, stumble_every=7)

    with new_session(engine) as session:
        assert_the_round_is_right(session, own_round.files)
    assert counts(engine, own_round.files) == counts(make_engine(own_round), own_round.files)


def test_a_demonstration_that_is_played_is_not_said_to_be_played_again(own_round, capsys):
    before = counts(make_engine(own_round), own_round.files)

    run.perform(own_round, print_all=False)

    assert (capsys.readouterr().err, counts(make_engine(own_round), own_round.files)) == ("", before)


def test_the_story_ends_on_a_thursday_that_has_come():
    for day in range(1, 15):
        end = story_end(datetime(2026, 3, day, 23, tzinfo=UTC))
        assert end.strftime("%A %H:%M") == "Thursday 10:00"
        assert end <= datetime(2026, 3, day, 23, tzinfo=UTC)


def assert_the_round_is_right(session, files) -> None:
    found = summary(session, files=files)
    assert found.challenges == 56
    assert found.applications >= 150
    assert found.scores >= 600
    assert history.verify(session).broken is None
    assert_the_full_round_is_right(session)
    assert_the_running_round_has_something_for_everybody(session)
    assert_no_conflict_was_broken(session)


def other_documents(engine) -> int:
    with new_session(engine) as session:
        return number(session, Document, col(Document.kind) != "outcome_letter", col(Document.made_at).is_not(None))


def assert_the_full_round_is_right(session) -> None:
    played = session.scalars(
        select(Challenge).where(col(Challenge.round_id) == round_id(session, "demonstration"))
    ).all()
    assert len(played) == 9
    for challenge in played:
        gates = {g.stage: g for g in session.scalars(select(Gate).where(col(Gate.challenge_id) == challenge.id))}
        went_on = {stage: number_going_on(session, gate) for stage, gate in gates.items()}
        applied = number(session, Application, col(Application.challenge_id) == challenge.id)
        assert 5 <= applied <= 38
        assert went_on["sift"] == min(6, ranked(session, gates["sift"]))
        assert went_on["interview"] == 3
        assert went_on["pitch"] in (1, 2)
        contracts = number(
            session,
            Agreement,
            col(Agreement.challenge_id) == challenge.id,
            col(Agreement.stage) == "contract",
            col(Agreement.state) == "active",
        )
        assert contracts == went_on["pitch"]
        explorations = number(
            session,
            Place,
            col(Place.challenge_id) == challenge.id,
            col(Place.stage) == "exploration",
            col(Place.state) == "completed",
        )
        assert explorations == 3


def assert_the_running_round_has_something_for_everybody(session) -> None:
    running = round_id(session, "running")
    states = set(session.scalars(select(Challenge.state).where(col(Challenge.round_id) == running)))
    assert states == {"draft", "in_review", "changes_requested", "open", "sift", "exploration"}
    waiting = session.scalars(select(Challenge).where(col(Challenge.state) == "in_review")).all()
    assert [opens_unanswered(session, challenge) for challenge in waiting] == ["", ""]
    planned = select(Challenge.state).where(col(Challenge.round_id) == round_id(session, "next"))
    assert list(session.scalars(planned)) == ["approved"]
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


def assert_no_conflict_was_broken(session) -> None:
    scored = select(Score.id).join(Assignment, col(Assignment.id) == col(Score.assignment_id))
    scored = scored.join(
        Conflict,
        (col(Conflict.person_id) == col(Assignment.assessor_id)) & (col(Conflict.team_id) == col(Assignment.team_id)),
    )
    assert session.scalars(scored.where(col(Score.scored_at) > col(Conflict.declared_at))).all() == []
    assert number(session, Conflict) > 0
