"""Public numbers of a challenge: after a release, counted from the record, and telling of no single team."""

from __future__ import annotations

from datetime import timedelta

import pytest

from civflow.models import Organisation, Round, Team
from civflow.services.challenges.funnel import funnels
from civflow.services.programmes.store import programme_of
from civflow.services.reports import statistics
from civflow.services.reports.statistics import Statistics, of_challenge, of_round, together
from tests.scenes.open_call import open_call
from tests.scenes.selection import applied, closed, decided, released, score, sift

TEAMS = ("Auk", "Brent", "Coot", "Dunlin", "Eider", "Fulmar")
SIZES = ("micro", "small", "medium", "large", None, "no company")


def decided_between_six(made):
    """Six teams, each with another size of company, wait for the result of the sift, which is not released."""
    session = made.session
    applications = applied(made, *TEAMS)
    for application, size in zip(applications, SIZES, strict=True):
        if size != "no company":
            company = Organisation(legal_name=f"Company {application.id}", kind="company", size=size)
            session.add(company)
            session.flush()
            session.get_one(Team, application.team_id).organisation_id = company.id
    closed(made)
    made.gate = sift(made)
    made.applications = applications
    score(made, made.gate, values={a.id: max(0, n - 1) for n, a in enumerate(applications)})
    decided(made, made.gate, going_on=3)


@pytest.fixture
def call(scenes):
    return scenes.play(open_call, decided_between_six)


def test_numbers_come_with_the_release_and_say_what_is_decided(session, call):
    assert of_challenge(session, call.challenge) is None
    call.now += timedelta(days=9, hours=13)
    released(call, call.gate)

    # Three of the five of whom it is known; after a call of four weeks, ten days until the result was told.
    known = Statistics(
        applications=6,
        small_share="between a third and two thirds",
        shortlisted=3,
        winners=None,
        value_pounds=None,
        days={"Open call": 28, "Sift": 10},
    )
    assert of_challenge(session, call.challenge) == known
    round_ = session.get_one(Round, call.challenge.round_id)
    assert [(c.slug, s.applications) for c, s in of_round(session, round_)] == [("11-2-flooding-impact", 6)]


def test_a_stage_that_is_over_has_the_dates_of_the_record_and_the_next_begins_when_it_began(session, call):
    """The sift was to last ten working days; its days in numbers and its dates are the same."""
    programme, begun = programme_of(session, call.challenge), call.now
    planned = {stage.id: stage for stage in funnels(session, [call.challenge], [programme])[call.challenge.id]}
    call.now += timedelta(days=3)
    released(call, call.gate)
    found = {stage.id: stage for stage in funnels(session, [call.challenge], [programme])[call.challenge.id]}
    assert (found["sift"].starts_at, found["sift"].ends_at) == (begun, call.now)
    assert (found["interview"].starts_at, found["interview"].ends_at) == (call.now, planned["interview"].ends_at)
    unmoved = [[stages[key][4:6] for key in ("call", "exploration", "pitch")] for stages in (found, planned)]
    assert (unmoved[0] == unmoved[1], found["sift"].ends_at < planned["sift"].ends_at) == (True, True)
    assert of_challenge(session, call.challenge).days["Sift"] == 3


def test_no_share_is_told_of_fewer_than_five_applications_whose_company_is_known(session, call):
    released(call, call.gate)
    other = session.get_one(Team, call.applications[0].team_id)
    session.get_one(Organisation, other.organisation_id).size = None
    session.flush()
    found = of_challenge(session, call.challenge)
    assert (found.applications, found.small_share) == (6, None)
    assert statistics.as_data(call.challenge, found) == {
        "challenge": "11-2-flooding-impact",
        "title": "Flooding impact",
        "applications": 6,
        "small_company_share": None,
        "shortlisted": 3,
        "winners": None,
        "contract_value_pounds": None,
        "days": {"Open call": 28, "Sift": 0},
    }


def test_the_numbers_of_several_challenges_are_summed_and_their_share_tells_of_none_that_withholds_its_own():
    few, half, most = statistics.BANDS
    one = Statistics(4, None, 3, 1, 650_000, {"Sift": 10, "Interview": 3})
    two = Statistics(20, most, 6, None, None, {"Sift": 13})
    assert together([one, two]) == Statistics(24, most, 9, 1, 650_000, {"Sift": 12, "Interview": 3})
    assert together([one]).small_share is None
    three = Statistics(20, few, 6, None, None, {})
    assert together([one, two, three]).small_share == half


def test_no_share_that_is_told_lets_anybody_count_back_to_one_number_of_small_companies():
    for known in range(statistics.FEWEST, 60):
        shares = [statistics._share(small, known) for small in range(known + 1)]
        assert all(shares.count(band) >= 2 for band in statistics.BANDS), known
