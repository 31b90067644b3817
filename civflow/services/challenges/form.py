"""Drafting a challenge: its parts, how far each is, and what approval needs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Challenge, ChallengeVersion, Organisation
from civflow.services.challenges.archive import organisation as sponsor_named
from civflow.services.collaboration.parts import Field, Part, too_long
from civflow.services.engine.advance import workflow_of
from civflow.services.engine.facts import CHALLENGE, facts
from civflow.services.formatting import word_count
from civflow.workflows.engine import Actor, Case, Refused
from civflow.workflows.people import MANAGED_BY
from civflow.workflows.programme import Programme
from civflow.workflows.themes import THEMES


class Progress(NamedTuple):
    """How far a part is: words for people, and a tone for their tag."""

    words: str
    tone: str


TEXT = "text-"  # a section of the brief is a part with this before its id
QUESTION = Part(
    "question",
    "Title and question",
    (
        Field("title", "Title", "Short, and without jargon: people find the challenge by it.", letters=200),
        Field(
            "question",
            "The question",
            "One open question that presupposes no solution, such as “How might we help farmers to see "
            "what lives on their land?”",
            "text",
            letters=500,
        ),
        Field("sponsor", "Sponsor", "The public body that has the problem.", letters=200),
        Field("reference", "Number in the round", "Such as 11.4, if it has one.", letters=20, required=False),
    ),
)
READINESS = Part(
    "readiness",
    "Readiness",
    (
        Field("budget_holder", "Who holds the budget", "Name and post of whoever agrees to pay.", letters=200),
        Field(
            "route_to_adoption",
            "Route to adoption",
            "Who will use it when it works, and who pays for that after the contract.",
            "text",
            letters=2000,
        ),
        Field(
            "sponsor_time",
            "The sponsor's time",
            "Named people, and how many hours a week each has for the teams.",
            "text",
            letters=500,
        ),
        Field(
            "data_access",
            "Access to data",
            "What data teams may use, how they get at it, and what it takes first, such as an agreement or a data "
            "protection assessment. If there is none, say so.",
            "text",
            letters=1000,
        ),
        Field(
            "exit_if_too_expensive",
            "If it is too expensive",
            "What you do if the solution works and turns out too expensive to adopt: the most that it may cost, who "
            "decides, and what becomes of the work.",
            "text",
            letters=1000,
        ),
    ),
    intro="A challenge is approved when these are true. Only the sponsor and the programme office read them.",
)
DATES = Part(
    "dates",
    "Dates and money",
    (
        Field("opens_at", "Opens", "Such as 10 September 2026 09:00, UK time.", "moment"),
        Field(
            "closes_at",
            "Closes",
            "Such as 22 October 2026 12:00, UK time; without a time it closes at {closes_at}.",
            "moment",
        ),
        Field(
            "questions_until",
            "Questions can be asked until",
            "If you leave it empty, the programme says how long before the closing date they end, on a working day.",
            "moment",
            required=False,
        ),
        Field(
            "decision_promised_at",
            "First decisions promised by",
            "Teams read this date before they apply.",
            "moment",
            required=False,
        ),
        Field("money_pounds", "Money for the contract", "The most, in whole pounds without VAT.", "money"),
        Field(
            "notice_reference",
            "Procurement notice",
            "The number in Public Contracts Scotland or Find a Tender, such as MAR512345 or 012345-2026, or the address "
            "of its page there. Teams follow it from the challenge's page.",
            letters=300,
            required=False,
        ),
    ),
)

FINDING = Part(
    "finding",
    "Themes and place",
    (
        Field(
            "themes",
            "Themes",
            "Choose those under which people look for it.",
            "choices",
            required=False,
            choices=tuple(THEMES.items()),
        ),
        Field(
            "place",
            "Place",
            "Where it is delivered, such as Perth and Kinross, or All of Scotland.",
            letters=100,
            required=False,
        ),
    ),
    intro="People find the challenge by these in the list, and are told of it when they follow a search for them.",
)


def parts_of(programme: Programme) -> list[Part]:
    """The pages of a draft: the question, each section of the brief, how it is found, readiness, dates and money."""
    sections = [
        Part(
            TEXT + section.id,
            section.title,
            (Field(section.id, section.title, section.hint, "text", section.words, 0, section.required),),
        )
        for section in programme.brief
    ]
    dates = tuple(f._replace(hint=f.hint.format(closes_at=programme.call.closes_at)) for f in DATES.fields)
    return [QUESTION, *sections, FINDING, READINESS, DATES._replace(fields=dates)]


def columns_of(part: Part) -> set[str]:
    """What the history calls the fields of a part that were changed."""
    return {"sponsor_id" if field.name == "sponsor" else field.name for field in part.fields}


def stored(session: Session, challenge: Challenge, text: ChallengeVersion, part: Part) -> dict[str, Any]:
    """What is saved of a part: field -> text, aware datetime or whole pounds."""
    if part.id.startswith(TEXT):
        return {field.name: text.sections.get(field.name, "") for field in part.fields}
    values = {field.name: getattr(challenge, field.name) for field in part.fields if field.name != "sponsor"}
    if part is QUESTION:
        sponsor = session.get(Organisation, challenge.sponsor_id) if challenge.sponsor_id else None
        values["sponsor"] = sponsor.legal_name if sponsor else ""
    return values


def progress_of(part: Part, values: Mapping[str, Any]) -> Progress:
    """How far a part is, as its line of the list says it."""
    missing = [field for field in part.fields if field.required and not values[field.name]]
    if not any(values[field.name] for field in part.fields):
        return Progress("Not begun", "waiting") if missing else Progress("May stay empty", "neutral")
    if missing:
        return Progress(f"Missing: {', '.join(field.label.lower() for field in missing)}", "attention")
    if too_long(part, values):
        number = word_count(str(values[part.fields[0].name]))
        return Progress(f"Too long: {number:,} of {part.fields[0].words} words", "stopped")
    if part.fields[0].words:
        number = word_count(str(values[part.fields[0].name]))
        return Progress(f"Done, {number} of {part.fields[0].words} words", "done")
    return Progress("Done", "done")


def may_name_sponsors(challenge: Challenge, actor: Actor) -> bool:
    """Whether the actor names the sponsors, and who writes for them."""
    scopes = {"challenge": challenge.id, "round": challenge.round_id}
    return actor.automatic or any(actor.holds(role, scopes) for role in MANAGED_BY["challenge_writer"])


def sponsor_called(session: Session, name: str, *, actor: Actor, round_id: int | None) -> Organisation:
    """The public body of this name, however it is capitalised; whoever runs the round may name a new one.

    Raises Refused for a name that nobody knows, with the names that are like it.
    """
    known = {body.casefold(): body for body in public_bodies(session)}
    if name.casefold() in known:
        return sponsor_named(session, known[name.casefold()])
    if actor.holds("programme_manager", {"round": round_id}):
        return sponsor_named(session, name)
    like = [known[body] for body in get_close_matches(name.casefold(), known, n=3, cutoff=0.6)]
    hint = f"Is it {' or '.join(f'“{body}”' for body in like)}? If not, ask" if like else "Ask"
    sentence = f"No sponsor is called “{name}” here. {hint} the programme office to add it."
    raise Refused(sentence, fields={"sponsor": sentence})


def checklist(session: Session, challenge: Challenge, *, actor: Actor, now: datetime) -> list[tuple[str, bool]]:
    """What approval needs, in the rules' own sentences, and whether it is so; the limit for an approver."""
    workflow = workflow_of(session, challenge)
    steps = [step for step in workflow.steps if step.name in ("submit_for_review", "approve")]
    rules = {rule.name: rule for step in steps for rule in step.requires}
    names = dict.fromkeys(name for rule in rules.values() for name in rule.needs)
    columns = [facts()["challenge"][name].label(name) for name in names]
    row = session.execute(select(*CHALLENGE.c, *columns).where(CHALLENGE.c.id == challenge.id)).one()
    case = Case(workflow, row, actor, now)
    if not case.holds("approver"):
        for name in OF_THE_APPROVER:
            rules.pop(name, None)
    return [(rule.sentence, rule(case)) for rule in rules.values()]


OF_THE_APPROVER = ("the_limit_covers_the_money", "the_approver_did_not_score_it", "a_low_score_has_a_reason")


def public_bodies(session: Session) -> list[str]:
    """The names of the sponsors that there are."""
    query = select(col(Organisation.legal_name)).where(col(Organisation.kind) == "public_body")
    return list(session.scalars(query.order_by(col(Organisation.legal_name))))


def known_places(session: Session) -> list[str]:
    """The places that challenges name, so that one place is written in one way."""
    query = select(col(Challenge.place)).where(col(Challenge.place) != "").distinct()
    return list(session.scalars(query.order_by(col(Challenge.place))))
