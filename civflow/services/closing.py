"""Closing a call: deadlines that move, for everybody or for one team, and the seal that holds until the last of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, update
from sqlmodel import Session, col

from civflow.models import Application, Challenge, ChallengeVersion, Gate, Message, Person, Team
from civflow.services.advance import advance_many
from civflow.services.applicants import applicants
from civflow.services.calendar import plan, promised_later, stage_dates
from civflow.services.effects import Move, effect
from civflow.services.facts import stands_before
from civflow.services.messages import members, post_all, write
from civflow.services.programmes import programme_of
from civflow.services.wording import moment
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import CIVFLOW, CLOCK, Refused

_WAITS = stands_before(Application, "submit") | stands_before(Application, "take_in")  # not taken in yet


def last_deadline(session: Session, challenge: Challenge) -> datetime | None:
    """When the seal of every application opens: the latest deadline that anybody has."""
    query = select(func.max(col(Application.closes_at))).where(_can_be_handed_in(challenge))
    latest = [at for at in (challenge.closes_at, session.scalar(query)) if at]
    return max(latest, default=None)


def sealed_until(session: Session, challenges: Sequence[Challenge]) -> dict[int, datetime]:
    """Challenge id -> until when its applications are sealed, for every page: the end of the last application's seal.

    A call that has not opened, or whose applications are all taken in, has none. One statement.
    """
    open_ids = {c.id or 0 for c in challenges if c.state in HANDBOOK["challenge"].sources("close")}
    found = {c.id or 0: c.closes_at for c in challenges if c.id in open_ids and c.closes_at}
    key = col(Application.challenge_id)
    query = select(key, func.max(col(Application.sealed_until))).where(key.in_([c.id for c in challenges]), _WAITS)
    for challenge_id, until in session.execute(query.group_by(key)):
        if until:
            found[challenge_id] = max(until, found.get(challenge_id, until))
    return found


def seals(session: Session, challenges: Sequence[Challenge], *, now: datetime) -> dict[int, datetime]:
    """Challenge id -> until when, of those whose applications nobody outside the teams can read or count yet."""
    return {key: until for key, until in sealed_until(session, challenges).items() if now < until}


def number_sealed(session: Session, *where: ColumnElement[bool], now: datetime) -> int:
    """How many challenges of those that `where` describes `seals` names."""
    open_still = stands_before(Challenge, "close") & (col(Challenge.closes_at) > now)
    mine: ColumnElement[bool] = col(Application.challenge_id) == col(Challenge.id)
    waits = select(col(Application.id)).where(mine, _WAITS, col(Application.sealed_until) > now).exists()
    return session.scalar(select(func.count()).select_from(Challenge).where(*where, open_still | waits)) or 0


def are_sealed(session: Session, challenge: Challenge, *, now: datetime) -> bool:
    """Whether nobody but the teams may learn yet who applies, or how many do."""
    return bool(seals(session, [challenge], now=now))


def _can_be_handed_in(challenge: Challenge) -> ColumnElement[bool]:
    here: ColumnElement[bool] = col(Application.challenge_id) == challenge.id
    return here & _WAITS


def _seal(session: Session, move: Move, challenge: Challenge) -> None:
    """No application is opened before the last deadline; what was opened already is sealed again."""
    taken_in = select(col(Application.id)).where(
        col(Application.challenge_id) == challenge.id, stands_before(Application, "seal_again")
    )
    ids = [i for i in session.scalars(taken_in.order_by(col(Application.id))) if i]
    advance_many(session, Application, ids, "seal_again", actor=CIVFLOW, now=move.now, reason=move.reason)
    session.flush()
    until = last_deadline(session, challenge)
    session.execute(update(Application).where(col(Application.challenge_id) == challenge.id).values(sealed_until=until))


@effect
def move_the_deadline(session: Session, move: Move) -> None:
    """The applications' own deadlines and the calendar follow; every team with a draft or a submission is told."""
    challenge: Challenge = move.record
    shorter = col(Application.closes_at).is_(None) | (col(Application.closes_at) < challenge.closes_at)
    session.execute(
        update(Application)
        .where(col(Application.challenge_id) == challenge.id, shorter)
        .values(closes_at=challenge.closes_at)
    )
    _seal(session, move, challenge)
    _move_the_promise(session, challenge, closed=move.row.closes_at)
    move_the_calendar(session, challenge)
    when = moment(move.inputs["closes_at"], programme_of(session, challenge).timezone)
    people = {a.person.id: a.person for a in applicants(session, challenge)}
    post_all(
        session,
        [closing_letter(challenge, person, when=when, reason=move.reason, now=move.now) for person in people.values()],
        now=move.now,
    )


def closing_letter(challenge: Challenge, person: Person, *, when: str, reason: str, now: datetime) -> Message:
    """What a member of a team reads when the closing date has moved for everybody; `when` is in words."""
    return write(
        person=person,
        kind="deadline",
        key=f"deadline-{challenge.id}-{challenge.revision}-{person.id}",
        now=now,
        about=f"/challenges/{challenge.slug}",
        challenge=challenge.title,
        when=when,
        reason=reason,
        team="",
    )


def _move_the_promise(session: Session, challenge: Challenge, *, closed: datetime | None) -> None:
    """The promise that binds follows the closing date, and so does that of a change in hand; what is published stays."""
    in_hand = select(ChallengeVersion).where(
        col(ChallengeVersion.challenge_id) == challenge.id,
        col(ChallengeVersion.published_at).is_(None),
        col(ChallengeVersion.dropped_at).is_(None),
    )
    programme = programme_of(session, challenge)
    for record in (challenge, *session.scalars(in_hand)):
        if record.decision_promised_at and closed and challenge.closes_at:
            record.decision_promised_at = promised_later(
                programme, record.decision_promised_at, closed=closed, closes=challenge.closes_at
            )
        record.closes_at = challenge.closes_at
    session.flush()


def move_the_calendar(session: Session, challenge: Challenge) -> None:
    """The stages after the call follow its closing date and the promised decision."""
    programme, dates = programme_of(session, challenge), stage_dates(session, challenge)
    if challenge.opens_at is None or challenge.closes_at is None:
        raise Refused("The challenge needs an opening and a closing date.")
    for stage, starts_at, ends_at in plan(
        programme, challenge.opens_at, challenge.closes_at, challenge.decision_promised_at
    ):
        if stage.id in dates:
            dates[stage.id].starts_at, dates[stage.id].ends_at = starts_at, ends_at
    for gate in session.scalars(select(Gate).where(col(Gate.challenge_id) == challenge.id)):
        gate.scoring_due_at = dates[gate.stage].ends_at
    session.flush()


@effect
def move_one_deadline(session: Session, move: Move) -> None:
    """One team has more time: everybody's application stays sealed until then, and the team is told."""
    application: Application = move.record
    challenge = session.get_one(Challenge, application.challenge_id)
    application.extension_reason = move.reason[:500]
    _seal(session, move, challenge)
    when = moment(move.inputs["closes_at"], programme_of(session, challenge).timezone)
    post_all(
        session,
        [
            deadline_letter(session, application, person, when=when, reason=move.reason, now=move.now)
            for person in members(session, application.team_id)
        ],
        now=move.now,
    )


def deadline_letter(
    session: Session, application: Application, person: Person, *, when: str, reason: str, now: datetime
) -> Message:
    """What a member of the team reads whose deadline alone is moved; `when` is in words."""
    challenge = session.get_one(Challenge, application.challenge_id)
    return write(
        person=person,
        kind="deadline",
        key=f"deadline-of-{application.id}-{application.revision}-{person.id}",
        about=f"/applications/{application.id}",
        now=now,
        challenge=challenge.title,
        reason=reason,
        when=when,
        team=session.get_one(Team, application.team_id).name,
    )


@effect
def take_in_the_applications(session: Session, move: Move) -> None:
    """The seal opens for every application, unless one team has a later deadline: then it opens at that."""
    due = select(col(Application.id)).where(
        col(Application.challenge_id) == move.record.id,
        stands_before(Application, "take_in"),
        col(Application.sealed_until) <= move.now,
    )
    ids = [i for i in session.scalars(due.order_by(col(Application.id))) if i]
    advance_many(session, Application, ids, "take_in", actor=CLOCK, now=move.now)
