"""Words follow what has happened: a planned day that has passed, a place in which a team works, a decision that is made."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from civflow.models import Gate, Person, Team
from civflow.services.assessment.gates import applications_at
from civflow.services.challenges.calendar import stage_dates
from civflow.services.dashboards.application import standing_of
from civflow.services.engine.advance import advance
from civflow.services.formatting import day, moment
from tests.scenes.open_call import place_of
from tests.scenes.selection import decided, released, score, seat, sift
from tests.web.visitor import text_of

LONDON = "Europe/London"


@pytest.fixture
def page(closed_call) -> str:
    return f"/challenges/{closed_call.challenge.slug}"


def the_sift(session, call) -> Gate:
    return session.scalars(select(Gate).where(Gate.challenge_id == call.challenge.id, Gate.stage == "sift")).one()


def test_a_stage_that_lasts_longer_than_planned_is_late_and_not_until_a_day_that_is_over(
    closed_call, session, visitor, come, page
):
    call, ends = closed_call, stage_dates(session, closed_call.challenge)["sift"].ends_at
    (first, *_) = applications_at(session, the_sift(session, call))
    lead = session.get_one(Person, session.get_one(Team, first.team_id).lead_id)
    session.commit()
    planned, short = moment(ends, LONDON), day(ends, LONDON, short=True)

    def says() -> list[bool]:
        public, rows = text_of(visitor.get(page)), visitor.page("/challenges?status=running").get_text(" ")
        own = come(lead).page(f"/applications/{first.id}").select_one('[aria-current="step"]').get_text(" ")
        return [f"Until {planned}" in public, f"until {day(ends, LONDON)}" in rows, f"until {short}" in own]

    assert says() == [True, True, True]
    call.now = ends + timedelta(days=4)
    assert says() == [False, False, False]
    public, own = text_of(visitor.get(page)), come(lead).page(f"/applications/{first.id}")
    assert f"It is late: it was planned until {planned}" in public
    assert f"Late since {short}" in public
    assert f"late since {day(ends, LONDON)}" in visitor.page("/challenges?status=running").get_text(" ")
    assert f"late since {short}" in own.select_one('[aria-current="step"]').get_text(" ")


def test_a_team_is_badged_by_what_happens_to_it(closed_call, session):
    call, gate = closed_call, the_sift(session, closed_call)
    (first, *_) = applications_at(session, gate)

    def badge() -> str:
        session.expire_all()
        return standing_of(session, first, actor=call.actor(call.manager), now=call.now).label

    assert badge() == "In the selection"
    seat(call, gate, "Ailsa", "Brodie", "Catriona")
    for step in ("match", "start"):
        advance(session, gate, step, actor=call.actor(call.manager), now=call.now)
    assert badge() == "Being assessed"
    call.goes_on(first, "interview", "exploration")
    assert (badge(), place_of(session, first).stage) == ("Exploration", "exploration")


def test_a_decision_that_is_made_is_not_promised_and_one_that_never_came_is_promised_no_more(
    closed_call, session, visitor, page
):
    call, promised = closed_call, moment(closed_call.challenge.decision_promised_at, LONDON)

    def rows() -> dict[str, str]:
        session.commit()
        found = visitor.page(page).select(".govuk-summary-list__row")
        said = {row.dt.get_text(strip=True): " ".join(row.dd.get_text().split()) for row in found}
        return {what: said[what].split(", in ")[0] for what in said if "ecision" in what or "promised" in what}

    assert rows() == {"First decisions promised by": promised}
    gate = sift(call)
    score(call, gate)
    decided(call, gate, going_on=3)
    released(call, gate)
    made = moment(gate.released_at, LONDON)
    said = rows()
    assert [(what, words.startswith(at)) for (what, words), at in zip(said.items(), (made, promised), strict=True)] == [
        ("First decision", True),
        ("It was promised by", True),
    ]


def test_a_challenge_that_has_ended_without_a_decision_promises_none(call, session, visitor, manager):
    page = f"/challenges/{call.challenge.slug}"
    session.commit()
    assert "First decisions promised by" in text_of(visitor.get(page))
    advance(
        session, call.challenge, "cancel", actor=call.actor(call.manager), now=call.now, reason="The money is gone."
    )
    session.commit()
    assert "First decisions promised by" not in text_of(visitor.get(page))
    assert "First decisions promised by" not in text_of(visitor.get(f"{page}/form"))
