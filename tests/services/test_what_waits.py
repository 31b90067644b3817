"""Nothing is on nobody's desk: whoever a state of the handbook waits for finds it on their home page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from civflow.models import (
    Agreement,
    Deliverable,
    Membership,
    Message,
    Person,
    Place,
    Question,
    Scorer,
    Slot,
    SlotPanel,
    Sprint,
)
from civflow.services.challenges.versions import begin_change, write_change
from civflow.services.dashboards.tasks import dashboards
from civflow.services.engine.advance import advance, workflow_of
from civflow.services.records.titles import path_of
from civflow.services.records.waiting import waiting_for
from civflow.workflows import HANDBOOK
from civflow.workflows.engine.waiting import lines_of
from tests.scenes.open_call import grant
from tests.scenes.panel import Panel

CIVFLOWS = {"by_itself"}  # what waits for no person


@dataclass
class World:
    """One record of every noun around a gate, and the people who have to do with them."""

    panel: Panel
    people: dict[str, Person]
    records: dict[str, Any] = field(default_factory=dict)


@pytest.fixture
def world(panel: Panel) -> World:
    call, session, now = panel.call, panel.session, panel.call.now
    office, writer, newcomer, scorer = (call.person(name) for name in ("Robin", "Ailsa", "Nora", "Tom"))
    grant(session, office, "programme_manager", now)
    grant(session, writer, "challenge_writer", now, scope="challenge", scope_id=call.challenge.id)
    people = {
        "the_programme_manager": office,
        "the_challenge_owner": call.owner,
        "the_challenge_writer": writer,
        "the_approver": panel.approver,
        "the_panel_chair": panel.chair,
        "the_assessor": panel.people[1],
        "the_team_lead": panel.leads[0],
        "a_team_member": panel.leads[0],
        "the_person": newcomer,
        "a_named_scorer": scorer,
    }
    world = World(panel, people)
    world.records = {"challenge": call.challenge, "gate": panel.gate, "application": panel.otter}
    world.records["assignment"] = panel.assignment(panel.people[1], panel.otter)
    for name, record in made(world):
        record.state = HANDBOOK[name].initial  # scenery: what lies before it does not matter here
        session.add(record)
        session.flush()
        world.records[name] = record
    session.add(SlotPanel(slot_id=world.records["slot"].id, person_id=panel.chair.id))
    session.flush()
    return world


def made(world: World) -> Any:
    """Records of the nouns that the scene has none of."""
    panel, otter, now = world.panel, world.panel.otter, world.panel.call.now
    of_challenge = {"state": "", "since": now, "round_id": otter.round_id, "challenge_id": otter.challenge_id}
    of_team = {**of_challenge, "team_id": otter.team_id}
    times = {"starts_at": now + timedelta(days=1), "ends_at": now + timedelta(days=2)}
    applied = {**of_team, "application_id": otter.id, "stage": "exploration", **times}
    place = Place(**applied)
    yield "place", place
    yield "agreement", Agreement(**applied, place_id=place.id, price_pounds=5_000)
    yield "sprint", Sprint(**of_team, place_id=place.id, number=1, **times)
    yield "deliverable", Deliverable(**of_team, place_id=place.id, title="Report", done_when="It is.", due_at=now)
    yield "slot", Slot(**of_challenge, gate_id=panel.gate.id, **times)
    yield "question", Question(**of_challenge, asked_at=now, text="May I?", answer="Yes.")
    newcomer = world.people["the_person"].id
    yield "membership", Membership(state="", since=now, team_id=otter.team_id, person_id=newcomer)
    yield (
        "message",
        Message(state="", since=now, key="k", address="a@example.org", subject="S", body="B", not_before=now),
    )


def nothing(world: World) -> None:
    """The state alone says that somebody is waited for."""


def a_scorer_is_named(world: World) -> None:
    challenge, now = world.panel.call.challenge, world.panel.call.now
    named = {"challenge_id": challenge.id, "review": challenge.review, "person_id": world.people["a_named_scorer"].id}
    world.panel.session.add(Scorer(**named, named_at=now, named_by_id=world.panel.approver.id))


def a_change_is_handed_in(world: World) -> None:
    call, owner = world.panel.call, world.panel.call.actor(world.panel.call.owner)
    call.challenge.state = "open"
    begin_change(call.session, call.challenge, why="A second gauge.", actor=owner, now=call.now)
    write_change(call.session, call.challenge, actor=owner, now=call.now, title="Floods")
    advance(call.session, call.challenge, "hand_in_change", actor=owner, now=call.now)


def no_team_works(world: World) -> None:
    world.records["place"].state = "declined"


def the_call_is_open(world: World) -> None:
    call, later = world.panel.call, world.panel.call.now + timedelta(days=1)
    call.challenge.state, call.challenge.closes_at, world.panel.otter.closes_at = "open", later, later


def an_improved_proposal_is_asked_for(world: World) -> None:
    world.panel.call.asks_for_a_proposal(world.panel.otter, until=world.panel.call.now + timedelta(days=1))


def every_score_is_in(world: World) -> None:
    world.records["slot"].state = "cancelled"  # a gate that hears teams waits for its interviews
    world.panel.session.flush()
    world.panel.everybody_scores()


def the_applications_are_ranked(world: World) -> None:
    every_score_is_in(world)
    world.panel.take(world.panel.chair, "moderate")


def somebody_has_approved_it(world: World) -> None:
    the_applications_are_ranked(world)
    world.panel.take(world.panel.chair, "propose", going_on=2)
    world.panel.take(world.panel.approver, "approve")


def the_interview_has_begun(world: World) -> None:
    slot, now = world.records["slot"], world.panel.call.now
    slot.application_id, slot.team_id = world.panel.otter.id, world.panel.otter.team_id
    slot.starts_at, slot.ends_at = now - timedelta(hours=1), now


def the_team_has_signed(world: World) -> None:
    world.records["agreement"].team_signed_at = world.panel.call.now


def the_team_works(world: World) -> None:
    world.records["place"].begun_at, world.records["place"].state = world.panel.call.now, "active"


def all_is_delivered(world: World) -> None:
    the_team_works(world)
    agreement = world.records["agreement"]
    agreement.team_signed_at = agreement.sponsor_signed_at = world.panel.call.now
    agreement.state, world.records["sprint"].state, world.records["deliverable"].state = "active", "done", "accepted"


# What has to be true beside the state, for the lines that say so.
ARRANGED: dict[tuple[str, str, str], Callable[[World], None]] = {
    ("challenge", "in_review", "a_named_scorer"): a_scorer_is_named,
    ("challenge", "open", "the_programme_manager"): a_change_is_handed_in,
    ("challenge", "closed", "the_programme_manager"): a_change_is_handed_in,
    ("challenge", "exploration", "the_programme_manager"): no_team_works,
    ("application", "draft", "a_team_member"): the_call_is_open,
    ("application", "in_progress", "a_team_member"): an_improved_proposal_is_asked_for,
    ("gate", "scoring", "the_panel_chair"): every_score_is_in,
    ("gate", "scoring", "the_programme_manager"): every_score_is_in,
    ("gate", "moderating", "the_panel_chair"): the_applications_are_ranked,
    ("gate", "moderating", "the_programme_manager"): the_applications_are_ranked,
    ("gate", "approved", "the_programme_manager"): somebody_has_approved_it,
    ("slot", "booked", "the_panel_chair"): the_interview_has_begun,
    ("slot", "booked", "the_programme_manager"): the_interview_has_begun,
    ("agreement", "issued", "the_challenge_owner"): the_team_has_signed,
    ("place", "active", "the_challenge_owner"): all_is_delivered,
    ("deliverable", "due", "a_team_member"): the_team_works,
    ("deliverable", "changes_requested", "a_team_member"): the_team_works,
}


def whom_states_wait_for() -> list[tuple[str, str, str]]:
    """Noun, state and rule of everybody whom a state of the handbook waits for, but civflow itself."""
    return sorted(
        {
            (page.name, state.name, who.name)
            for page in HANDBOOK.values()
            for state in page.states.values()
            for who, _ in lines_of(state)
            if who.name not in CIVFLOWS
        }
    )


def test_what_is_arranged_belongs_to_states_that_wait():
    assert set(ARRANGED) <= set(whom_states_wait_for())


@pytest.mark.parametrize(("noun", "state", "who"), whom_states_wait_for())
def test_whoever_is_waited_for_finds_it_on_their_home_page(session, world, noun, state, who):
    record: Any = world.records[noun]
    ARRANGED.get((noun, state, who), nothing)(world)
    record.state = state
    session.flush()
    actor, now = world.panel.call.actor(world.people[who]), world.panel.call.now

    home = [task for desk in dashboards(session, actor=actor, now=now) for task in desk.waiting]

    declared = next(line for rule, line in lines_of(workflow_of(session, record).states[state]) if rule.name == who)
    if declared.by_hand:
        assert [task for task in home if task.href.startswith(path_of(record))] != []
        return
    lines = [line for line in waiting_for(session, actor=actor, now=now) if line.noun == noun and line.who.name == who]
    assert [line.record.id for line in lines] == [record.id]
    assert [line.task for line in lines if line.task not in home] == []
