"""Where the keys of a programme file are tried, and what is looked at to find that one decides something."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any

import yaml
from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import (
    Application,
    Assignment,
    Challenge,
    Deliverable,
    Gate,
    Organisation,
    Outcome,
    Panellist,
    Person,
    Place,
    Round,
    Score,
    Sprint,
)
from civflow.models import Programme as Stored
from civflow.services.agreements.agreements import agreement_data, draft_agreement, standstill_end
from civflow.services.applications.answers import faults, form_in_hand
from civflow.services.assessment.effects import draw_the_line, seat_the_panellist
from civflow.services.assessment.matching import match
from civflow.services.assessment.panel import panel
from civflow.services.assessment.ranking import ranking_of
from civflow.services.challenges import review_scores
from civflow.services.challenges.calendar import plan
from civflow.services.challenges.draft_check import findings
from civflow.services.challenges.drafts import draft, has_every_section, text_to_read, write_challenge
from civflow.services.challenges.effects import begin_the_stage, prepare_the_stages
from civflow.services.challenges.form import DATES
from civflow.services.challenges.stages import gate_of
from civflow.services.delivery.effects import enter_the_next_stage, plan_the_work
from civflow.services.delivery.places import offer_place
from civflow.services.engine.advance import advance
from civflow.services.interviews.slots import offer_slots
from civflow.services.programmes.store import programme_of, store
from civflow.web.challenges.typed_parts import values_of
from civflow.workflows.challenges.page import compile_challenge
from civflow.workflows.challenges.readiness import score_of
from civflow.workflows.engine import CIVFLOW, Refused
from civflow.workflows.programme import Programme, read_programme
from tests.scenes.open_call import Call, grant
from tests.scenes.selection import score, seat
from tests.web.visitor import Visitor, text_of

Look = Callable[["World", Callable[..., Visitor]], object]


@dataclass
class World:
    """Where the keys are tried: a challenge at its sift, one of its applications, a draft that somebody scores, and one to write."""

    call: Call
    gate: Gate
    draft: Challenge
    scorer: Person
    early: Challenge  # nobody has written it yet

    @property
    def session(self) -> Session:
        return self.call.session

    @property
    def programme(self) -> Programme:
        return programme_of(self.session, self.call.challenge)

    @property
    def application(self) -> Application:
        return self.session.scalars(select(Application).order_by(col(Application.id)).limit(1)).one()

    @property
    def source(self) -> str:
        return self.session.get_one(Stored, self.call.challenge.programme_id).source

    def looked_at(self, contents: Any, look: Look, come: Callable[..., Visitor]) -> object:
        """What somebody finds where the version that the round has pinned says this; nothing is kept of the looking."""
        stored = self.session.get_one(Stored, self.call.challenge.programme_id)
        stored.source = yaml.safe_dump(contents, sort_keys=False)
        stored.content_hash = hashlib.sha256(stored.source.encode()).hexdigest()
        self.session.commit()
        try:
            return look(self, come)
        finally:
            self.session.rollback()


def a_world(call: Call) -> World:
    """After three teams have applied: a panel that has scored the sift, and a second challenge in review."""
    session, manager = call.session, call.actor(call.manager)
    gate, scorer = gate_of(session, call.challenge, "sift"), call.person("Una Galbraith")
    seat(call, gate, "Ailsa Chair", "Brodie Second", "Catriona Third")
    round_ = session.get_one(Round, call.challenge.round_id)
    sponsor = session.get_one(Organisation, call.challenge.sponsor_id)
    second, third = (
        draft(session, round_=round_, sponsor=sponsor, title=title, reference="", now=call.now, question="How?",
              actor=manager)
        for title in ("Ghost gear", "Lost nets")
    )  # fmt: skip
    grant(session, call.owner, "challenge_owner", call.now, scope="challenge", scope_id=third.id)
    grant(session, call.owner, "challenge_owner", call.now, scope="challenge", scope_id=second.id)
    opens = call.now + timedelta(days=40)
    write_challenge(session, second, actor=manager, now=call.now, opens_at=opens, closes_at=opens + timedelta(days=60),
                    money_pounds=1000, sections={s.id: "Words." for s in programme_of(session, second).brief})  # fmt: skip
    advance(session, second, "submit_for_review", actor=manager, now=call.now)
    advance(session, second, "name_a_scorer", actor=manager, now=call.now, person_id=scorer.id)
    return World(call, gate, second, scorer, third)


# What is looked at


def compiled(world: World) -> object:
    """The challenge's page of the handbook: its states, its steps, and what each requires."""
    page = compile_challenge(world.programme)
    steps = [(s.name, s.sources, s.target, [r.sentence for r in s.requires], s.says, s.due, s.asks) for s in page.steps]
    return list(page.states.values()), steps


def calendar(world: World) -> object:
    """When each stage begins and ends."""
    now = world.call.now
    return [(a, b) for _, a, b in plan(world.programme, now, now + timedelta(days=80))]


def on(path: str, who: str = "") -> Look:
    """The words of a page, as somebody reads them."""

    def look(world: World, come: Callable[..., Visitor]) -> object:
        person = {"owner": world.call.owner, "scorer": world.scorer}.get(who)
        answer = come(person).get(path.format(one=world.call.challenge, two=world.draft, three=world.early))
        assert answer.status_code == 200, (path, answer.status_code)
        return text_of(answer)

    return look


@cache
def of(say: Callable[[World], object]) -> Look:
    return lambda world, _come: say(world)


def _move(record: Any, world: World, **inputs: object) -> Any:
    return SimpleNamespace(record=record, now=world.call.now, inputs=inputs, to_state=record.state)


def seated(world: World) -> object:
    seat_the_panellist(world.session, _move(world.gate, world, person_id=world.scorer.id, side="expert"))
    return world.session.scalars(select(col(Panellist.largest_load)).order_by(col(Panellist.id))).all()


def matched(world: World) -> object:
    found = match(world.session, world.gate)
    return len(found.pairs), found.sentences


def wanted(world: World) -> object:
    return panel(world.session, world.gate, now=world.call.now).wanted


def scored(world: World) -> None:
    """The sift is matched and scored: all totals are equal, and the first application differs in three criteria."""
    call, session, manager = world.call, world.session, world.call.actor(world.call.manager)
    for step in ("match", "start"):
        advance(session, world.gate, step, actor=manager, now=call.now)
    score(call, world.gate)
    query = select(Score).join(Assignment, col(Assignment.id) == col(Score.assignment_id))
    for given in session.scalars(query.where(col(Assignment.application_id) == world.application.id)):
        given.value = {"solves": 3, "innovation": 1, "commitment": 1}.get(given.criterion, given.value)
    session.flush()


def ranked(world: World) -> object:
    """The totals and the ranks."""
    scored(world)
    return ranking_of(world.session, world.gate)


def the_line(world: World) -> object:
    scored(world)
    manager = world.call.actor(world.call.manager)
    advance(world.session, world.gate, "moderate", actor=manager, now=world.call.now)
    draw_the_line(world.session, _move(world.gate, world, going_on=1))
    return world.session.scalars(select(col(Outcome.decision)).order_by(col(Outcome.rank))).all()


def the_place(world: World, stage: str = "accelerator") -> Any:
    programme = world.programme
    return offer_place(world.session, world.application, programme.stage(stage), now=world.call.now)


def planned(world: World) -> object:
    """The sprints and deliverables of a team in the accelerator."""
    place = the_place(world)
    plan_the_work(world.session, _move(place, world))
    sprints = world.session.scalars(select(col(Sprint.ends_at)).order_by(col(Sprint.id))).all()
    owed = world.session.execute(
        select(col(Deliverable.title), col(Deliverable.done_when)).order_by(col(Deliverable.id))
    )
    return sprints, [tuple(row) for row in owed]


def agreed(world: World) -> object:
    """What the agreement about the accelerator prints."""
    place = the_place(world)
    agreement = draft_agreement(
        world.session, place=place, application=world.application, stage=world.programme.stage("accelerator"),
        price=place.money_pounds, starts_at=place.starts_at, ends_at=place.ends_at, standstill_ends_at=None,
        now=world.call.now,
    )  # fmt: skip
    return agreement_data(world.session, agreement)


def went_on(world: World) -> object:
    """Where an application stands after the interview, and what it is offered."""
    application = world.application
    application.stage = "interview"
    enter_the_next_stage(world.session, _move(application, world))
    return application.stage, world.session.scalars(select(col(Place.stage))).all()


def asked_again(world: World) -> object:
    """Whether the pitch asks for an improved proposal."""
    challenge = world.call.challenge
    challenge.state = "pitch"
    begin_the_stage(world.session, _move(challenge, world))
    return gate_of(world.session, challenge, "pitch").resubmit_by


def missing(world: World) -> object:
    """What is wrong with empty and with long answers to the form."""
    form = form_in_hand(world.programme, world.application)[1]
    return faults(form, {}), faults(form, {"idea": "word " * 81})


def gates(world: World) -> object:
    """What each gate declares once the challenge is approved."""
    prepare_the_stages(world.session, _move(world.draft, world))
    query = select(Gate).where(col(Gate.challenge_id) == world.draft.id).order_by(col(Gate.id))
    return [(g.stage, g.cap, g.criteria, g.scale_least, g.scale_most) for g in world.session.scalars(query)]


def checked(world: World) -> object:
    """What the check of a draft finds."""
    return findings(world.programme, world.draft, text_to_read(world.session, world.draft))


def is_written(world: World) -> object:
    """Whether the brief of a draft is written as far as it has to be."""
    sections = {"problem": "In two words.", **dict.fromkeys(("background", "why_now", "who_benefits", "on_offer"), "x")}
    return has_every_section(world.programme, sections)


def stored_as(world: World) -> object:
    """The name and the version of the file in the list of stored ones."""
    stored = store(world.session, read_programme(f"{world.source}# as it is\n"), now=world.call.now)
    return stored.name, stored.version


def standing_still(world: World) -> object:
    world.gate.released_at = world.call.now
    pitch = gate_of(world.session, world.call.challenge, "pitch")
    pitch.released_at = world.call.now
    world.session.flush()
    return standstill_end(world.session, world.call.challenge, world.programme.stage("contract"))


def closes(world: World) -> object:
    typed = {field.name: "" for field in DATES.fields} | {"closes_at": "22 October 2026"}
    return values_of(DATES, typed, world.programme)


def a_sheet(world: World) -> object:
    """What is refused of a sheet of the lowest scores."""
    names = ("importance", "user_need", "needs_innovation", "transferable", "right_size")
    given = dict.fromkeys(names, ("0", "A reason."))
    try:
        review_scores.score(world.session, world.draft, given, actor=world.call.actor(world.scorer), now=world.call.now)
    except Refused as refused:
        return refused.fields
    return None


def a_total(world: World) -> object:
    scoring = world.programme.readiness.scoring
    assert scoring
    marks = [(c.id, 4 if n == 0 else 1) for n, c in enumerate(scoring.criteria)]
    return score_of(scoring, marks)


def interviewed(world: World) -> object:
    interview = gate_of(world.session, world.call.challenge, "interview")
    people = list(world.session.scalars(select(col(Panellist.person_id))))
    world.session.add_all(Panellist(gate_id=interview.id or 0, person_id=one, side="expert") for one in set(people))
    world.session.flush()
    starts = world.call.now + timedelta(days=9)
    slots = offer_slots(world.session, interview, starts=[starts], where="Here", panel=people, actor=CIVFLOW,
                        now=world.call.now)  # fmt: skip
    return [slot.ends_at - slot.starts_at for slot in slots]
