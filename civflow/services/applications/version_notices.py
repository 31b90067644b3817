"""A published change is told at once: to every team that applies, to followers, and to those who run the challenge."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Application, Challenge, ChallengeVersion, Follow, Message, Person
from civflow.services.challenges.applicants import applicants
from civflow.services.challenges.drafts import published_text
from civflow.services.challenges.seal import are_sealed
from civflow.services.challenges.versions import change_in_hand, differences
from civflow.services.engine.about import about
from civflow.services.following.publish import SUBJECTS
from civflow.services.formatting import moment
from civflow.services.notifications.outbox import write
from civflow.services.notifications.recipients import SOMEBODY, holders
from civflow.services.programmes.store import programme_of
from civflow.workflows.engine import Actor

WRITES, HAS_SUBMITTED, FOLLOWS, RUNS = "writes", "submitted", "follows", "runs"


class Listener(NamedTuple):
    """Somebody who is told, as what (`writes` a draft, has `submitted`, `runs` the challenge), of which application."""

    person: Person
    standing: str
    application: Application | None = None


def listeners(session: Session, challenge: Challenge, *, actor: Actor) -> list[Listener]:
    """Everybody who is told of a change but its publisher, each once: as a writer first, since they have to act."""
    teams = applicants(session, challenge)
    found = [Listener(a.person, WRITES, a.application) for a in teams if a.writes]
    found += [Listener(a.person, HAS_SUBMITTED, a.application) for a in teams if not a.writes]
    for role in ("challenge_owner", "programme_manager"):
        people = holders(session, role, round_id=challenge.round_id, challenge_id=challenge.id)
        found += [Listener(person, RUNS) for person in people]
    return _once(found, leave_out=actor.id)


def _once(found: Iterable[Listener], *, leave_out: int | None) -> list[Listener]:
    first: dict[int | None, Listener] = {}
    for listener in found:
        first.setdefault(listener.person.id, listener)
    first.pop(leave_out, None)
    return list(first.values())


def followers(session: Session, challenge: Challenge, *, leave_out: Collection[int | None] = ()) -> list[Person]:
    """Who follows the challenge, at once or by the daily message, without those who hear of its news another way."""
    query = select(Person).join(Follow, col(Follow.person_id) == col(Person.id))
    query = query.where(about(Follow, challenge), col(Follow.ended_at).is_(None))
    query = query.where(col(Person.closed_at).is_(None)).order_by(col(Person.name), col(Person.id))
    return [person for person in session.scalars(query) if person.id not in leave_out]


def letter(
    session: Session,
    challenge: Challenge,
    newer: ChallengeVersion,
    parts: Sequence[str],
    to: Listener,
    *,
    now: datetime,
) -> Message:
    """What one of the listeners reads about the change that `newer` brought to `parts`, by their titles."""
    programme, application = programme_of(session, challenge), to.application
    closes_at = application.closes_at if application else challenge.closes_at
    page = f"/challenges/{challenge.slug}/versions/{newer.number}"
    return write(
        person=to.person,
        kind="change",
        key=f"change-{challenge.id}-{newer.number}-{to.person.id}",
        now=now,
        about=f"/applications/{application.id}" if application else page,
        challenge=newer.title,
        number=newer.number,
        why=newer.why,
        parts=list(parts),
        standing=to.standing,
        reference=application.reference if application else "",
        answers=application.challenge_version if application else 0,
        closes=moment(closes_at, programme.timezone) if closes_at else "",
    )


class NoticePreview(NamedTuple):
    """The people of one standing who would be told, and what the first of them would read; no names of a sealed call."""

    standing: str
    people: list[str]
    subject: str
    body: str


def preview(session: Session, challenge: Challenge, *, actor: Actor, now: datetime) -> list[NoticePreview]:
    """Who would be told if the change in hand were published now, by standing, and what they would read."""
    older, newer = published_text(session, challenge), change_in_hand(session, challenge)
    if older is None or newer is None:
        return []
    by_standing: dict[str, list[Listener]] = {}
    for listener in listeners(session, challenge, actor=actor):
        by_standing.setdefault(listener.standing, []).append(listener)
    known = {p.person.id for people in by_standing.values() for p in people} | {actor.id}
    sealed = are_sealed(session, challenge, now=now)
    if sealed:
        # Whoever follows and applies is one of them: a follower who is missing would be an applicant.
        known = {p.person.id for p in by_standing.get(RUNS, ())} | {actor.id}
        one = Application(
            reference="(its reference)", challenge_version=older.number or 0, closes_at=challenge.closes_at
        )  # type: ignore[call-arg]
        teams = {standing: [Listener(SOMEBODY, standing, one)] for standing in (WRITES, HAS_SUBMITTED)}
        by_standing = teams | {name: people for name, people in by_standing.items() if name not in teams}
    told, parts = [], changed_parts(session, challenge, older, newer)
    for standing, people in by_standing.items():
        message = letter(session, challenge, newer, parts, people[0], now=now)
        names = [p.person.name for p in people if p.person is not SOMEBODY]
        told.append(NoticePreview(standing, names, message.subject, message.body))
    others = followers(session, challenge, leave_out=known)
    if others:
        sentence = in_a_sentence(newer, parts)
        told.append(
            NoticePreview(FOLLOWS, [p.name for p in others], f"{SUBJECTS['changes']}: {challenge.title}", sentence)
        )
    return told


def changed_parts(
    session: Session, challenge: Challenge, older: ChallengeVersion, newer: ChallengeVersion
) -> list[str]:
    """The titles of the parts in which two versions differ."""
    return [changed.title for changed in differences(programme_of(session, challenge), older, newer)]


def in_a_sentence(newer: ChallengeVersion, parts: Sequence[str]) -> str:
    """What followers read of a change: its number, why, and the titles of the parts that differ."""
    return f"This is version {newer.number}. Why: {newer.why}\n\nDifferent: {', '.join(parts)}."
