"""Every page that somebody can open in a small scene with a record of every noun: marks tell what a page shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select, update
from sqlmodel import Session, col
from werkzeug.routing import IntegerConverter, Rule
from werkzeug.test import TestResponse

from civflow.models import (
    Agreement,
    Application,
    Challenge,
    Deliverable,
    Document,
    Gate,
    LiveSession,
    Message,
    Person,
    Place,
    Round,
    Scorer,
    Slot,
    Sprint,
    Submission,
    Tracked,
)
from civflow.services.challenges.drafts import draft
from civflow.services.challenges.form import TEXT, parts_of
from civflow.services.challenges.stages import gate_of
from civflow.services.challenges.versions import begin_change, parts_of_a_change
from civflow.services.engine.access import visibility_case
from civflow.services.engine.advance import PAGES, begin
from civflow.services.following import follow
from civflow.services.people import actor_of, make_link
from civflow.services.programmes.store import programme_of
from civflow.services.questions.questions import ask
from civflow.services.records.titles import MODELS
from civflow.workflows import HANDBOOK
from civflow.workflows.applications import BEING_WRITTEN, HANDED_IN
from civflow.workflows.engine import CIVFLOW, NOBODY
from civflow.workflows.engine.declarations import PLACEHOLDER
from civflow.workflows.engine.sight import columns_read, may_see
from tests.scenes.open_call import Call, grant, open_call
from tests.scenes.panel import Panel, sift_panel
from tests.web.visitor import Visitor

ELSEWHERE = 999  # a round that there is not
NOT_READ = {"image/png", "application/pdf", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
Mark = tuple[str, int, str]  # noun, id, column
SEALED_WORDS = "zqsealedwordsx"  # in every answer of an application whose seal is not open


@dataclass
class Scene:
    """A call whose sift scores, with a record of every noun, and a draft beside it; `marks`: what stands where."""

    call: Call
    people: dict[str, Person | None]
    marks: dict[str, Mark]
    words: dict[str, list[str]]  # what may stand in an address, by the name of its place there
    numbers: dict[str, list[int]]  # the same for numbers: "person" is for <int:person_id>
    steps: dict[tuple[str, int], list[str]]  # the steps from where the first record of each noun stands


@dataclass
class Answer:
    endpoint: str
    path: str
    text: str


ROLES = ("programme_manager", "challenge_owner", "challenge_writer", "approver", "finance_officer", "auditor")
OF_THE_SITE = {
    "the administrator": "administrator",
    "the manager of the site": "programme_manager",
    "the auditor of the site": "auditor",
}
WHO = (
    "a stranger",
    "somebody",
    "the lead of another team",
    "an assessor",
    "whoever asked",
    "a scorer of the draft",
    "every role elsewhere",
    *ROLES,
    *OF_THE_SITE,
)


def a_scene(session: Session, now: datetime, files: Path) -> Scene:
    call = open_call(session, now)
    owner, asker = call.actor(call.owner), call.person("Ask Er")
    ask(session, call.challenge, text="How deep is it?", actor=call.actor(asker), now=now)
    begin_change(session, call.challenge, why="It is clearer so.", actor=owner, now=now)
    panel = sift_panel(call)
    _scored(panel)
    not_yet = _more(call, panel)
    _sealed(call)
    scorer, named = call.person("Sco Rer"), {"review": not_yet.review, "named_at": call.now}
    session.add(Scorer(challenge_id=not_yet.id, person_id=scorer.id, named_by_id=call.manager.id, **named))
    elsewhere, somebody = call.person("Else Where"), call.person("No Role")
    found = (None, somebody, panel.leads[1], panel.people[1], asker, scorer, elsewhere)
    people = dict(zip(WHO, found, strict=False))
    for role in ROLES:
        more = {"limit_pounds": 10**9} if role == "approver" else {}
        people[role] = call.person(f"Here {role}")
        for person, scope_id in ((elsewhere, ELSEWHERE), (people[role], call.challenge.round_id)):
            grant(session, person, role, call.now, scope="round", scope_id=scope_id, **more)
    for who, role in OF_THE_SITE.items():
        people[who] = person = call.person(f"Site {role}")
        grant(session, person, role, call.now)
    words, numbers, steps = _words(call, panel, somebody), _numbers(session, panel), _steps(session)
    call.make_documents(files)
    addresses = {p.email: ("person", p.id or 0, "email") for p in session.scalars(select(Person))}
    sealed = {SEALED_WORDS: ("application", numbers["application"][-1], "answers")}
    scene = Scene(call, people, dict(_marked(session)) | addresses | sealed, words, numbers, steps)
    session.commit()
    return scene


def _words(call: Call, panel: Panel, follower: Person) -> dict[str, list[str]]:
    """The words of addresses, from the handbook, the programme and the scene; those of steps depend on their noun."""
    session, programme = call.session, programme_of(call.session, call.challenge)
    parts = {part.id for part in (*parts_of(programme), *parts_of_a_change(programme))}
    sections = sorted(part for part in parts if part.startswith(TEXT))  # they are all alike
    followed = follow(session, follower, now=call.now, record=call.challenge)
    return {
        "slug": list(session.scalars(select(Challenge.slug))),
        "workflow": list(HANDBOOK),
        "trigger": ["cancel", "withdraw"],
        "name": [*HANDBOOK, programme.programme],
        "part_id": sorted(parts.difference(sections[1:])),
        "question_id": [question.id for question in call.form(panel.otter).questions[:2]],
        "token": [followed.token, make_link(session, follower, now=call.now)],
    }


def _numbers(session: Session, panel: Panel) -> dict[str, list[int]]:
    """The first two and the last of each noun, and two of the people with one who sits on the panel."""
    found = {"number": [1, 2], "score": [1], "person": [1, 2, panel.people[1].id or 0]}
    columns = {noun: page.table.c.id for noun, page in HANDBOOK.items()}
    columns |= {"session": columns["live_session"], "document": col(Document.id)}
    for name, column in columns.items():
        ids = list(session.scalars(select(column).order_by(column)))
        last = 2 if name == "application" else 1  # both that are sealed
        found[name] = list(dict.fromkeys([*ids[:2], *ids[-last:]]))
    return found


def _steps(session: Session) -> dict[tuple[str, int], list[str]]:
    found = {}
    for noun, page in HANDBOOK.items():
        record_id, state = session.execute(
            select(page.table.c.id, page.table.c.state).order_by(page.table.c.id)
        ).first()
        found[noun, record_id] = list(page.steps_from(state))
    return found


def _scored(panel: Panel) -> None:
    """One of the panel scores Otter Works and has not submitted. Heron Labs stands further on: the result of
    an interview is out, and an improved proposal is asked for."""
    assessor, call = panel.people[1], panel.call
    assignment = panel.assignment(assessor, panel.otter)
    panel.accept(assignment, assessor)
    panel.score(assignment, assessor)
    interview = gate_of(call.session, call.challenge, "interview")
    interview.state, interview.released_at = "released", call.now
    interview.approved_at, interview.approved_by_id = call.now, panel.approver.id
    call.asks_for_a_proposal(panel.heron, until=call.now + timedelta(days=1))


def _more(call: Call, panel: Panel) -> Challenge:
    """A record of every other noun, all of Otter Works, and a challenge that is a draft."""
    session, now, manager = call.session, call.now, call.actor(call.manager)
    round_ = session.get_one(Round, call.challenge.round_id)
    not_yet = draft(
        session, round_=round_, sponsor=None, title="Not yet", reference="11.3", question="Why?", actor=manager, now=now
    )
    keys = {"round_id": round_.id, "challenge_id": call.challenge.id, "state": "", "since": now}
    time = {"starts_at": now + timedelta(days=1), "ends_at": now + timedelta(days=2)}
    team = {**keys, "team_id": panel.otter.team_id}
    place = Place(**team, **time, application_id=panel.otter.id, stage="exploration", money_pounds=5000)
    begin(session, place, actor=CIVFLOW, now=now)
    for record in (
        Agreement(
            **team, **time, application_id=panel.otter.id, stage="exploration", price_pounds=50, place_id=place.id
        ),
        Sprint(**team, **time, place_id=place.id, number=1, goal="A goal."),
        Deliverable(**team, place_id=place.id, title="A report", done_when="It is.", due_at=now, note="Here."),
        Slot(**keys, **time, gate_id=panel.gate.id, where="A room"),
        LiveSession(**keys, **time, title="Meet us", place="A hall", link="https://example.org/meet"),
    ):
        begin(session, record, actor=CIVFLOW, now=now)
        if isinstance(record, Agreement):
            record.state = "issued"
    return not_yet


def _sealed(call: Call) -> None:
    """A draft and an application that is handed in, with words that nobody but their teams reads: their seal holds."""
    later, version = call.now + timedelta(days=1), {"challenge_version": call.challenge.version}
    here = {"round_id": call.challenge.round_id, "challenge_id": call.challenge.id, **version}
    for state, name, sent in ((*BEING_WRITTEN, "Plover Studio", None), (*HANDED_IN, "Whaup Works", call.now)):
        team = call.team(name, call.person(f"Lead of {name}"))
        words = {
            form: {"idea": f"Our idea is {SEALED_WORDS}."} for form in programme_of(call.session, call.challenge).forms
        }
        times = {"since": call.now, "submitted_at": sent, "closes_at": later, "sealed_until": later}
        own = {"team_id": team.id, "reference": f"11.2-{name}", "title": "Sealed", "answers": words, "state": state}
        application = Application(**here, **own, **times)
        call.session.add(application)
        call.session.flush()
        if sent:
            kept = {"stage": "call", "answers": words["application"], "content_hash": "0" * 64, "submitted_at": sent}
            call.session.add(
                Submission(application_id=application.id, challenge_id=call.challenge.id, number=1, **version, **kept)
            )


def _marked(session: Session) -> Iterator[tuple[str, Mark]]:
    """Write into every text, and every sum for staff, words that stand nowhere else."""
    session.flush()
    number = 1000
    for noun, page in HANDBOOK.items():
        for record_id in session.scalars(select(page.table.c.id)).all():
            for name in (*page.shows.shown, *page.shows.staff):
                column, number = page.table.c[name], number + 1
                value, mark = session.scalar(select(column).where(page.table.c.id == record_id)), f"zq{number}x"
                if isinstance(value, str) and (getattr(column.type, "length", None) or 999) >= 60:
                    new = f"{value} {mark}".strip()
                elif name in page.shows.staff and name.endswith("_pounds") and isinstance(value, int):
                    new, mark = 7_000_000 + number, f"{7_000_000 + number:,}"
                else:
                    continue
                session.execute(update(page.table).where(page.table.c.id == record_id).values({name: new}))
                yield mark, (noun, record_id, name)
    session.expire_all()


def permitted(session: Session, person: Person | None, now: datetime) -> set[Mark]:
    """What the pages of the handbook let somebody read: columns of what they see, and what that is called and names."""
    actor = actor_of(session, person, now=now) if person else NOBODY
    found: set[Mark] = {("person", person.id or 0, "email")} if person else set()
    for noun, page in HANDBOOK.items():
        for record in session.scalars(select(page.record)).all():
            case = visibility_case(session, record, actor=actor, now=now)
            if not may_see(case):
                continue
            read = columns_read(case)
            if isinstance(record, Message) and "address" in read:
                found.add(("person", record.person_id or 0, "email"))
            found |= {(noun, record.id or 0, name) for name in read} | _called(session, record)
            found |= {
                mark for name in read for other in _behind(session, record, name) for mark in _called(session, other)
            }
    released = session.scalars(select(Gate).where(col(Gate.released_at).is_not(None)))
    found |= {("gate", gate.id or 0, "number_reason") for gate in released}  # it is published with the result
    session.rollback()  # or nobody else could write
    return found


def _behind(session: Session, record: Tracked, column: str) -> list[Tracked]:
    """The record of the handbook that a column refers to, if it does."""
    value = getattr(record, column, None)
    table = PAGES[type(record)].refers(column) if value is not None else None
    return [session.get_one(MODELS[table.name], value)] if table is not None and table.name in MODELS else []


def _called(session: Session, record: Tracked) -> set[Mark]:
    """The columns that a record's title and short title show, its own and those of what it refers to."""
    page = PAGES[type(record)]
    found: set[Mark] = set()
    for name, of_that in PLACEHOLDER.findall(f"{page.record_title} {page.short_title}"):
        if name in page.table.c:
            found.add((page.name, record.id or 0, name))
        for other in _behind(session, record, f"{name}_id") if f"{name}_id" in page.table.c else []:
            found |= {(name, other.id or 0, of_that)} if of_that else _called(session, other)
    return found


def opened(app: Flask, visitor: Visitor, scene: Scene) -> list[Answer]:
    """Every page that a visitor can open by any route, with the numbers and words of the scene."""
    found = []
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and rule.endpoint != "static":
            for path in _paths(rule, scene):
                answer = visitor.get(path)
                assert answer.status_code < 500, (path, answer.status_code)
                if answer.status_code == 200:
                    found.append(Answer(rule.endpoint, path, _text(answer)))
    return found


def _text(answer: TestResponse) -> str:
    """The words of an answer. Of pictures and files none are read; another kind has to be named here."""
    if answer.mimetype in NOT_READ:
        return ""
    assert answer.mimetype.startswith("text/") or answer.mimetype.endswith(("json", "xml")), answer.mimetype
    return answer.text


def _paths(rule: Rule, scene: Scene) -> Iterator[str]:
    chosen: list[dict[str, Any]] = [{}]
    for name, kind in rule._converters.items():
        is_number = isinstance(kind, IntegerConverter)
        chosen = [{**so_far, name: value} for so_far in chosen for value in _values(name, so_far, scene, is_number)]
    for values in chosen:
        try:
            built = rule.build(values)
        except ValueError:
            continue
        if built:
            yield built[1]


def _values(name: str, so_far: dict[str, Any], scene: Scene, is_number: bool) -> list[Any]:
    """What may stand in a place of an address, after what stands before it. Raises KeyError for a name without words."""
    page = HANDBOOK.get(so_far.get("workflow", ""))
    if page and name == "trigger":
        return scene.steps.get((page.name, so_far["record_id"]), [])
    if page and name == "record_id":
        return scene.numbers[page.name]
    return scene.numbers[name.removesuffix("_id")] if is_number else scene.words[name]
