"""Matching assessors to applications: who fits, within loads and sides, beside what stands, and what is missing."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Application, Assignment, Gate, Panellist, Person
from civflow.services.applications.answers import save_answers
from civflow.services.applications.submission import submit
from civflow.services.assessment.matching import match
from civflow.services.challenges.stages import gate_of
from civflow.services.engine.advance import advance
from civflow.workflows.engine import Refused
from tests.scenes.open_call import Call
from tests.scenes.selection import closed


def sit(call: Call, gate: Gate, *people: Person, side: str = "expert") -> None:
    for person in people:
        advance(
            call.session, gate, "seat", actor=call.actor(call.manager), now=call.now, person_id=person.id, side=side
        )


def three_sides(call: Call, gate: Gate) -> None:
    for side in ("sponsor", "programme", "expert"):
        sit(call, gate, call.person(f"The {side.capitalize()}"), side=side)


def matched(call: Call, gate: Gate) -> None:
    advance(call.session, gate, "match", actor=call.actor(call.manager), now=call.now)


def standing(call: Call) -> list[tuple[str, int]]:
    """Every assignment as the assessor's name and the application's number, in the order in which they were made."""
    query = select(col(Person.name), col(Assignment.application_id)).join(
        Assignment, col(Assignment.assessor_id) == col(Person.id)
    )
    return [(name, number) for name, number in call.session.execute(query.order_by(col(Assignment.id)))]


def pairs(call: Call, gate: Gate) -> dict[str, set[str]]:
    """Reference -> the names of those who would newly assess it."""
    found: dict[str, set[str]] = {}
    for application, seat in match(call.session, gate).pairs:
        found.setdefault(application.reference, set()).add(call.session.get_one(Person, seat.person_id).name)
    return found


def about(call: Call, name: str, words: str) -> Application:
    """A team has submitted an application of these words."""
    lead = call.person(f"Lead of {name}")
    application = call.application(call.team(name, lead))
    answers = dict.fromkeys(call.answers(application), words)
    save_answers(call.session, application, answers, actor=call.actor(lead), now=call.now)
    submit(call.session, application, actor=call.actor(lead), now=call.now)
    return application


@pytest.fixture
def gate(closed_call) -> Gate:
    """The sift of three applications, without a panel."""
    return gate_of(closed_call.session, closed_call.challenge, "sift")


def test_each_application_goes_to_those_whose_skills_its_words_name(call):
    rivers, roads = about(call, "Otter Works", "Our HYDROLOGY of rivers."), about(call, "Heron Labs", "Traffic models.")
    closed(call)
    gate = gate_of(call.session, call.challenge, "sift")
    for side in ("sponsor", "programme", "expert"):
        for skill in ("hydrology", "traffic model"):
            sit(call, gate, call.person(f"{skill} {side}", skill), side=side)
    assert pairs(call, gate) == {
        rivers.reference: {"hydrology sponsor", "hydrology programme", "hydrology expert"},
        roads.reference: {"traffic model sponsor", "traffic model programme", "traffic model expert"},
    }


def test_a_skill_inside_of_another_word_is_not_named(call):
    application = about(call, "Otter Works", "We partake in heartbeats.")
    closed(call)
    gate = gate_of(call.session, call.challenge, "sift")
    sit(call, gate, *(call.person(f"Art {n}", "art") for n in range(2)), call.person("Heart", "heart"), side="expert")
    sit(call, gate, call.person("Heart Sponsor", "heart"), side="sponsor")
    sit(call, gate, call.person("Heart Programme", "heart"), side="programme")
    assert pairs(call, gate) == {application.reference: {"Heart", "Heart Sponsor", "Heart Programme"}}


def test_every_application_has_somebody_from_each_side(call, gate):
    sit(call, gate, call.person("The Sponsor"), side="sponsor")
    sit(call, gate, call.person("The Programme"), side="programme")
    sit(call, gate, *(call.person(f"Expert {n}", "words", "idea") for n in range(4)))  # they fit better
    found = pairs(call, gate)
    assert len(found) == 3
    for names in found.values():
        assert len(names) == 3
        assert names > {"The Sponsor", "The Programme"}


def test_nobody_gets_more_than_the_largest_load(call, gate):
    three_sides(call, gate)
    for seat in call.session.scalars(select(Panellist)):
        seat.largest_load = 2
    call.session.flush()
    matched = match(call.session, gate)
    given = [seat.person_id for _, seat in matched.pairs]
    assert sorted(given.count(person) for person in set(given)) == [2, 2, 2]
    assert matched.sentences[0] == (
        "9 assessments to give, and the assessors can take 6: raise loads or add assessors."
    )


def test_what_stands_is_kept_and_only_what_is_missing_is_added(call, gate):
    sit(call, gate, call.person("The Sponsor"), side="sponsor")
    sit(call, gate, call.person("The Programme"), side="programme")
    matched(call, gate)
    before = standing(call)
    assert pairs(call, gate) == {}
    sit(call, gate, call.person("The Expert"))
    assert pairs(call, gate) == {f"1-{n:04}": {"The Expert"} for n in (1, 2, 3)}
    matched(call, gate)
    assert standing(call) == before + [("The Expert", n) for n in (1, 2, 3)]


def test_who_has_declined_is_not_asked_about_it_again(call, gate):
    three_sides(call, gate)
    matched(call, gate)
    advance(call.session, gate, "start", actor=call.actor(call.manager), now=call.now)
    declined = call.session.scalars(select(Assignment).where(col(Assignment.side) == "expert")).first()
    who = call.session.get_one(Person, declined.assessor_id)
    advance(call.session, declined, "decline", actor=call.actor(who), now=call.now, decline_why="too_many")
    assert pairs(call, gate) == {}
    sit(call, gate, call.person("Another Expert"))
    assert pairs(call, gate) == {"1-0001": {"Another Expert"}}


def test_the_same_panel_is_matched_the_same_way(call, gate):
    three_sides(call, gate)
    sit(call, gate, *(call.person(f"Person {n}") for n in range(4)))
    assert match(call.session, gate).pairs == match(call.session, gate).pairs


def test_where_nobody_new_can_be_found_it_is_said_why_before_the_step_and_nothing_changes(call, gate):
    sit(call, gate, *(call.person(f"Sponsor {n}") for n in range(2)), side="sponsor")
    matched(call, gate)
    before = standing(call)
    assert match(call.session, gate).sentences == tuple(
        f"Application 1-{n:04} has nobody from the programme side: there is none." for n in (1, 2, 3)
    )
    matched(call, gate)
    assert standing(call) == before


def test_matching_waits_for_a_panel_of_two(call, gate):
    sit(call, gate, call.person("The Sponsor"), side="sponsor")
    with pytest.raises(Refused) as refused:
        matched(call, gate)
    assert refused.value.sentences == ("The panel has at least two people.",)
