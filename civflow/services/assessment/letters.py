"""Outcome letters: criteria, the team's own scores, and the names and scores of those who go on.

What a letter must tell an unsuccessful tenderer is section 32 of the Procurement Reform (Scotland) Act 2014: the name
of the successful tenderer, the criteria, their own scores and the scores of the successful tenderer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import case, func, select
from sqlmodel import Session, col

from civflow.models import (
    Application,
    Assignment,
    Challenge,
    Document,
    Gate,
    Message,
    Organisation,
    Outcome,
    Person,
    Score,
    Team,
)
from civflow.models.assessment import DECISIONS
from civflow.services.challenges.calendar import in_working_days, stage_dates, whole_days
from civflow.services.documents import store as documents
from civflow.services.formatting import day, moment, tenths
from civflow.services.notifications.outbox import post_all, write
from civflow.services.notifications.recipients import members
from civflow.services.programmes.store import programme_of
from civflow.services.records.titles import path_of
from civflow.workflows.assessment.assignments import LOCKED
from civflow.workflows.notifications import FAILED, WAITING
from civflow.workflows.programme import Programme, Scorecard, Stage

DEBRIEF = timedelta(days=30)  # Procurement Reform (Scotland) Act 2014, section 33: a request within 30 days
Means = Mapping[int, Mapping[str, float]]  # application id -> criterion id -> mean score


def issue_letters(session: Session, gate: Gate, *, now: datetime) -> int:
    """Ask for the letter of every application that the gate decided on, with a message to each member; how many."""
    outcomes = _outcomes(session, gate)
    means, reasons, ahead = _means(session, gate), _reasons(session, gate), what_lies_ahead(session, gate, now=now)
    for outcome in outcomes:
        data = letter_data(session, gate, outcome, outcomes, means=means, reasons=reasons, ahead=ahead, now=now)
        document = documents.ask(
            session,
            kind="outcome_letter",
            key=f"letter-{gate.id}-{outcome.application_id}",
            workflow="application",
            title=f"Letter about {data['reference']}: {data['gate']}",
            record_id=outcome.application_id,
            data=data,
            now=now,
        )
        _post(session, gate, outcome, data, document, now)
    return len(outcomes)


def _outcomes(session: Session, gate: Gate) -> Sequence[Outcome]:
    query = select(Outcome).where(col(Outcome.gate_id) == gate.id)
    return session.scalars(query.order_by(col(Outcome.rank), col(Outcome.id))).all()


def _means(session: Session, gate: Gate) -> Means:
    """The mean score on each criterion, over the submitted assignments; moderated values count."""
    collected: dict[int, dict[str, list[int]]] = {}
    for application, score in _scores(session, gate):
        value = score.value if score.moderated_value is None else score.moderated_value
        collected.setdefault(application, {}).setdefault(score.criterion, []).append(value)
    return {a: {c: sum(v) / len(v) for c, v in by.items()} for a, by in collected.items()}


def _reasons(session: Session, gate: Gate) -> dict[int, list[tuple[str, str]]]:
    found: dict[int, list[tuple[str, str]]] = {}
    for application, score in _scores(session, gate):
        found.setdefault(application, []).append((score.criterion, score.moderated_reason or score.reason))
    return found


def _scores(session: Session, gate: Gate) -> list[tuple[int, Score]]:
    query = select(col(Assignment.application_id), Score).join(Score, col(Score.assignment_id) == col(Assignment.id))
    query = query.where(col(Assignment.gate_id) == gate.id, col(Assignment.state).in_(LOCKED))
    return [(a, s) for a, s in session.execute(query.order_by(col(Score.criterion), col(Score.id)))]


def letter_data(
    session: Session,
    gate: Gate,
    outcome: Outcome,
    outcomes: Sequence[Outcome],
    *,
    means: Means,
    reasons: Mapping[int, Sequence[tuple[str, str]]],
    ahead: Sequence[str],
    now: datetime,
) -> dict[str, Any]:
    """What one letter prints; every value is plain JSON, scores with one decimal."""
    application = session.get_one(Application, outcome.application_id)
    challenge = session.get_one(Challenge, gate.challenge_id)
    programme = programme_of(session, challenge)
    stage, card = programme.stage(gate.stage), programme.card(programme.stage(gate.stage))
    team = session.get_one(Team, application.team_id)
    winners = [o for o in outcomes if o.decision == "goes_on"]
    sponsor = session.get(Organisation, challenge.sponsor_id) if challenge.sponsor_id else None
    last = stage == programme.gates[-1]
    ended = outcome.decision == "not_selected"
    return {
        "reference": application.reference,
        "challenge": challenge.title,
        "programme": programme.title,
        "sponsor": sponsor.legal_name if sponsor else challenge.sponsors_in_source,
        "team": team.name,
        "addressee": session.get_one(Person, team.lead_id).name,
        "gate": stage.title,
        "decision": "selected" if last and outcome.decision == "goes_on" else outcome.decision,
        "released_at": now.isoformat(),
        "zone": programme.timezone,
        "applications": len(outcomes),
        "going_on": len(winners),
        "rank": outcome.rank,
        "scale_least": card.scale.least,
        "scale_most": card.scale.most,
        "criteria": _criteria(card, means, outcome, winners),
        "own_total": _total(outcome),
        "winners": [_winner(session, o, card, means) for o in winners],
        "reasons": _named(card, reasons.get(outcome.application_id, ())),
        "tie_break": outcome.tie_break,
        "next": _next_sentence(programme, stage, outcome),
        "page": path_of(application),
        "ahead": list(ahead) if outcome.decision == "goes_on" else [],
        "debrief_until": (now + DEBRIEF).isoformat() if ended else None,
        "contact": programme.contact,
    }


def _criteria(card: Scorecard, means: Means, outcome: Outcome, winners: Sequence[Outcome]) -> list[dict[str, Any]]:
    def mean_of(outcomes: Sequence[Outcome], criterion: str) -> str:
        values = [means[o.application_id][criterion] for o in outcomes if o.application_id in means]
        return tenths(sum(values) / len(values)) if values else "–"

    return [
        {"title": c.title, "weight": c.weight, "own": mean_of([outcome], c.id), "winner": mean_of(winners, c.id)}
        for c in card.criteria
    ]


def _total(outcome: Outcome) -> str:
    return tenths(outcome.total / 100)


def _winner(session: Session, outcome: Outcome, card: Scorecard, means: Means) -> dict[str, Any]:
    application = session.get_one(Application, outcome.application_id)
    scores = means.get(outcome.application_id, {})
    return {
        "team": session.get_one(Team, application.team_id).name,
        "total": _total(outcome),
        "scores": {c.title: tenths(scores[c.id]) for c in card.criteria if c.id in scores},
    }


def _named(card: Scorecard, reasons: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    order = {c.id: (position, c.title) for position, c in enumerate(card.criteria)}
    ordered = sorted(reasons, key=lambda pair: order[pair[0]][0])
    return [{"criterion": order[criterion][1], "words": words} for criterion, words in ordered if words]


def _next_sentence(programme: Programme, stage: Stage, outcome: Outcome) -> str:
    following = programme.after(stage)
    if outcome.decision == "goes_on" and following:
        return f"The next stage is “{following.title}”. {following.sentence}".strip()
    if outcome.decision == "reserve":
        return "You go on if a place becomes free, and are told either way."
    return ""


def what_lies_ahead(session: Session, gate: Gate, *, now: datetime) -> list[str]:
    """Sentences for a team that goes on: when the next stage is, as the calendar stands, and what the team does for it."""
    challenge = session.get_one(Challenge, gate.challenge_id)
    programme = programme_of(session, challenge)
    following = programme.after(programme.stage(gate.stage))
    dates = stage_dates(session, challenge).get(following.id) if following else None
    if following is None or dates is None:
        return []
    if following.kind == "work":
        return _before_work(programme, following, dates.starts_at, now)
    begins = f"begins on {moment(dates.starts_at, programme.timezone)}" if dates.starts_at > now else "begins now"
    ends = f", and its result is planned for {moment(dates.ends_at, programme.timezone)}" if dates.ends_at > now else ""
    found = [f"“{following.title}” {begins}{ends}."]
    if following.form:
        title = programme.forms[following.form].title.lower()
        found.append(f"You are asked for your {title} when it begins; until when stands on your application's page.")
    if following.interview_minutes:
        found.append(f"An interview lasts {following.interview_minutes} minutes. {CHOOSE_A_TIME}")
    return found


CHOOSE_A_TIME = (
    "You choose the time of yours: as soon as times are offered, they stand on your application's page, and your "
    "home page says so. Any member of the team books one; the first team to book a time has it. You can give it back, "
    "with a reason, until it begins."
)


def _before_work(programme: Programme, stage: Stage, starts_at: datetime, now: datetime) -> list[str]:
    """What comes before a stage of work: the place and the agreement."""
    starts, ends = (day(at, programme.timezone) for at in whole_days(programme, max(starts_at, now), stage.length))
    until = moment(in_working_days(programme, now, stage.days_to_accept), programme.timezone)
    return [
        f"“{stage.title}” runs from {starts} to {ends}.",
        "Your team is offered a place in it with this letter.",
        f"The team lead accepts or declines it, from the application's page, until {until}; after that it lapses.",
        "Then comes the agreement for this stage: both sides read and sign it before the work begins.",
    ]


SENTENCES = {
    "goes_on": "{team} goes on from “{gate}” for “{challenge}”.",
    "selected": "{team} has won: it is selected at “{gate}” for “{challenge}”.",
    "reserve": "{team} is in reserve after “{gate}” for “{challenge}”.",
    "not_selected": "{team} does not go on from “{gate}” for “{challenge}”. Thank you for the work you put into it.",
}


def _post(
    session: Session, gate: Gate, outcome: Outcome, data: Mapping[str, Any], document: Document, now: datetime
) -> None:
    application = session.get_one(Application, outcome.application_id)
    until = day(now + DEBRIEF, data["zone"]) if data["debrief_until"] else ""
    sentence = SENTENCES[data["decision"]].format(**data)
    subject = f"{data['reference']}: the result of “{data['gate']}” for {data['challenge']}"
    post_all(
        session,
        [
            write(
                person=person,
                kind="outcome",
                key=f"letter-{gate.id}-{application.id}-{person.id}",
                now=now,
                about=f"/applications/{application.id}",
                document_id=document.id,
                subject=subject,
                sentence=sentence,
                reasons=bool(data["reasons"]),
                contact=data["contact"],
                reference=data["reference"],
                next=data["next"],
                debrief_until=until,
            )
            for person in members(session, application.team_id)
        ],
        now=now,
        **documents.issued(document),
    )


def sample_letters(
    session: Session, gate: Gate, *, now: datetime, kept_back: Collection[int] = frozenset()
) -> list[dict[str, Any]]:
    """One letter of each kind, as the first team of that kind would get it: who goes on, is in reserve, does not go on.

    None where nothing is decided, and where every letter holds scores of an application in `kept_back`, which the
    reader must not see.
    """
    outcomes = _outcomes(session, gate)
    if any(o.decision == "goes_on" and o.application_id in kept_back for o in outcomes):
        return []
    first: dict[str, Outcome] = {}
    for outcome in outcomes:
        if outcome.application_id not in kept_back:
            first.setdefault(outcome.decision, outcome)
    means, reasons, ahead = _means(session, gate), _reasons(session, gate), what_lies_ahead(session, gate, now=now)
    return [
        letter_data(session, gate, first[kind], outcomes, means=means, reasons=reasons, ahead=ahead, now=now)
        for kind in DECISIONS
        if kind in first
    ]


class LetterStatus(NamedTuple):
    """One application that the gate decided on. `told` counts messages to its members; `waiting` those not sent yet."""

    application: Application
    team: Team
    outcome: Outcome
    document_id: int | None
    is_made: bool
    told: int
    waiting: int


def letters_of(session: Session, gate: Gate) -> list[LetterStatus]:
    """Every application with its letter, best first. Two statements."""
    rows = session.execute(
        select(Outcome, Application, Team)
        .join(Application, col(Application.id) == col(Outcome.application_id))
        .join(Team, col(Team.id) == col(Application.team_id))
        .where(col(Outcome.gate_id) == gate.id)
        .order_by(col(Outcome.rank), col(Application.reference))
    ).all()
    letters = _letters(session, gate, [application.id or 0 for _, application, _ in rows])
    return [
        LetterStatus(application, team, outcome, *letters.get(application.id or 0, (None, False, 0, 0)))
        for outcome, application, team in rows
    ]


def _letters(session: Session, gate: Gate, ids: list[int]) -> dict[int, tuple[int, bool, int, int]]:
    """Application id -> its letter, whether that is made, and how many messages carry it, and wait to be sent."""
    waits = func.sum(case((col(Message.state).in_(WAITING) | col(Message.state).in_(FAILED), 1), else_=0))
    query = (
        select(col(Document.record_id), col(Document.id), col(Document.made_at), func.count(col(Message.id)), waits)
        .outerjoin(Message, col(Message.document_id) == col(Document.id))
        .where(col(Document.key).in_([f"letter-{gate.id}-{key}" for key in ids]))
        .group_by(col(Document.record_id), col(Document.id), col(Document.made_at))
    )
    return {
        key: (document, made is not None, number, wait or 0)
        for key, document, made, number, wait in session.execute(query)
    }
