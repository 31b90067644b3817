"""The handbook as pages: every workflow with its sentences and its drawing, read from the handbook itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, render_template
from markupsafe import Markup
from sqlalchemy import func, select

from civflow.models import Application
from civflow.services.challenges.seal import seal_has_ended
from civflow.services.programmes.store import contents_of, shipped, stored_programmes
from civflow.web.shared.access import anyone, open_to
from civflow.web.shared.current import actor, now, session
from civflow.web.shared.pictures import diagrams, flow
from civflow.workflows import HANDBOOK
from civflow.workflows.duties import DUTIES, TABLE
from civflow.workflows.engine import BY_CIVFLOW, NotFound, Rule, State, Step, Workflow
from civflow.workflows.engine.draw import drawing
from civflow.workflows.engine.endings import Becomes, Keeps, steps_in
from civflow.workflows.engine.waiting import lines_of, name_of
from civflow.workflows.programme import KINDS, Programme, Stage

blueprint = Blueprint("handbook", __name__)
STAFF = {"programme_manager", "auditor", "administrator", "approver"}
KIND_WORDS = dict(zip(KINDS, ("Call", "Gate", "Work", "Event", "Award", "Survey"), strict=True))


@blueprint.get("/handbook")
@open_to(anyone)
def contents() -> str:
    counts = _totals()
    return render_template("handbook/contents.html", pages=HANDBOOK.values(), programmes=_programmes(), counts=counts)


@blueprint.get("/handbook/duties")
@open_to(anyone)
def duties() -> str:
    rules = {rule.name: rule.sentence for page in HANDBOOK.values() for _, rule in page.rules()}
    return render_template("handbook/duties.html", duties=DUTIES, table=TABLE, rules=rules)


@blueprint.get("/handbook/<name>")
@open_to(anyone)
def show(name: str) -> str:
    page = HANDBOOK.get(name)
    if page is None:
        raise NotFound(f"The handbook has no page “{name}”. Its pages are {', '.join(HANDBOOK)}.")
    counts = _counts(page) if _is_staff() else {}
    nodes, edges = drawing(page, counts)
    return render_template(
        "handbook/show.html",
        page=page,
        counts=counts,
        is_staff=_is_staff(),
        picture=diagrams.picture(nodes, edges, title=page.called),
        steps=_steps(page),
        waits={state.name: _waits_for(page, state) for state in page.states.values()},
        sees=_sentences(page.sees),
        begins=_sentences((*page.begun_by, BY_CIVFLOW)),
        begin_requires=_sentences(page.begin_requires),
        ends=_ends(page),
    )


@blueprint.get("/handbook/programmes/<name>")
@open_to(anyone)
def programme(name: str) -> str:
    found = _programmes().get(name)
    if found is None:
        raise NotFound(f"There is no programme “{name}”. There are {', '.join(_programmes())}.")
    return render_template("handbook/programme.html", programme=found, kinds=KIND_WORDS, picture=_picture(found))


def _programmes() -> dict[str, Programme]:
    """By name: the newest version that is stored here, or the one that comes with civflow."""
    named = {name: loaded.programme for name, loaded in shipped().items()}
    return named | {stored.name: contents_of(stored) for stored in stored_programmes(session())}


def _picture(programme: Programme) -> Markup:
    """The flow as it would be if a call opened today; without the surveys, which last longer than all the rest."""
    stages, begins = [], now()
    stage: Stage | None = programme.call
    while stage:
        ends = begins + stage.length
        if stage.kind != "survey":
            stages.append(flow.FlowStage(stage.id, stage.title, stage.kind, begins, ends, None, None, "future"))
        begins, stage = ends, programme.after(stage)
    return flow.picture(flow.Flow(programme.title, stages, now(), programme.timezone), counts=False)


def _waits_for(page: Workflow, state: State) -> list[str]:
    """Whom a state waits for, and at which time it goes on by itself; or that it may stand as it is."""
    people = list(dict.fromkeys(name_of(who) for who, _ in lines_of(state)))
    due = dict.fromkeys(_moment(step.due) for step in page.steps_from(state.name).values() if step.due)
    found = [*people, *(f"the time noted as “{name}”" for name in due)]
    return found or (["nobody: it may stand as it is"] if state.live else [])


def _moment(column: str) -> str:
    return column.removesuffix("_at").replace("_", " ")


def _steps(page: Workflow) -> list[dict[str, Any]]:
    """Each step in the words of the page."""
    return [
        {
            "step": step,
            "from": [page.states[s].staff for s in step.sources],
            "to": page.states[step.target].staff,
            "backward": any(page.is_backward(step, source) for source in step.sources),
            "by": _sentences(step.permits),
            "requires": _sentences(step.requires),
            "asks": _asks(step),
            "then": [name.replace("_", " ") for name in (*step.then, *(f"tell {who}" for who in step.tells))],
            "restores": [_becomes((noun,), back) for noun, back in step.restores.items()],
            "due": _moment(step.due) if step.due else "",
        }
        for step in page.steps
    ]


def _ends(page: Workflow) -> list[tuple[str, list[str]]]:
    """The states in which a record is over, and in sentences what becomes then of those that refer to it."""
    found: dict[tuple[str, ...], list[str]] = {}
    for state, entries in page.ends.items():
        alike: dict[Becomes, list[str]] = {}
        for noun, becomes in entries.items():
            alike.setdefault(becomes, []).append(noun)
        sentences = tuple(_becomes(nouns, becomes) for becomes, nouns in alike.items())
        found.setdefault(sentences, []).append(page.states[state].staff)
    return [(" or ".join(states), list(sentences)) for sentences, states in found.items()]


def _becomes(nouns: Iterable[str], becomes: Becomes) -> str:
    """“Assignment: “Withdraw the assignment”, by itself in the same moment.”, or why it stays as it is."""
    called = ", ".join(HANDBOOK[noun].called for noun in nouns)
    if isinstance(becomes, Keeps):
        return f"{called}: stays as it is. {becomes.why}"
    names = steps_in(becomes)
    buttons = dict.fromkeys(f"“{s.button}”" for noun in nouns for s in HANDBOOK[noun].steps if s.name in names)
    return f"{called}: {' or '.join(buttons)}, by itself in the same moment."


def _sentences(rules: Iterable[Rule]) -> list[str]:
    return list(dict.fromkeys(r.sentence for r in rules))


def _asks(step: Step) -> list[str]:
    """What the step asks for, in words."""
    asks = [ask.label if ask.required else f"{ask.label} (if you want)" for ask in step.asks]
    return [*asks, "A reason, which is kept"] if step.reason else asks


def _is_staff() -> bool:
    return any(held.role in STAFF for held in actor().roles)


def _counts(page: Workflow) -> dict[str, int]:
    """State -> number of records; applications that are sealed are counted by nobody."""
    query = select(page.table.c.state, func.count()).group_by(page.table.c.state)
    if page.record is Application:
        query = query.where(seal_has_ended(now()))
    rows = session().connection().execute(query)
    return {row[0]: row[1] for row in rows}


def _totals() -> dict[str, int]:
    """For staff, the number of records of each noun."""
    return {name: sum(_counts(page).values()) for name, page in HANDBOOK.items()} if _is_staff() else {}
