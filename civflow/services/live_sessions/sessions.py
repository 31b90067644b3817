"""Live sessions: plan and change them, tell people of them, and find those of a challenge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import icalendar
from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Challenge, History, LiveSession
from civflow.services.engine.advance import advance, begin
from civflow.services.following import publish_news
from civflow.services.formatting import moment
from civflow.services.notifications.outbox import post_all, write
from civflow.services.programmes.store import programme_of
from civflow.services.questions.questions import those_with_an_application
from civflow.workflows.engine import Actor, Refused
from civflow.workflows.live_sessions import CANCELLED, TO_COME

NOUN = "live_session"
LENGTHS = {"title": 120, "place": 300, "link": 500}  # characters


def schedule(
    session: Session,
    challenge: Challenge,
    *,
    actor: Actor,
    now: datetime,
    title: str,
    starts_at: datetime | None,
    ends_at: datetime | None,
    place: str = "",
    link: str = "",
) -> LiveSession:
    """Plan a session and, once the challenge is public, tell people of it. Raises Refused with a sentence per field."""
    given: dict[str, Any] = {"title": title, "starts_at": starts_at, "ends_at": ends_at, "place": place, "link": link}
    _check(given, now)
    live = LiveSession(round_id=challenge.round_id, challenge_id=challenge.id or 0, state="", since=now, **given)
    begin(session, live, actor=actor, now=now)
    _tell_that_it_is_planned(session, live, challenge, now=now)
    return live


def change(
    session: Session, live: LiveSession, *, actor: Actor, now: datetime, seen: int | None = None, **given: Any
) -> None:
    """Change what workflows/live_sessions.py asks for, and tell people. Raises Refused with a sentence per field."""
    _check(given, now)
    advance(session, live, "change", actor=actor, now=now, seen=seen, **given)


def _check(given: Mapping[str, Any], now: datetime) -> None:
    """What stands against a session, each sentence at its field; the rules of the page say the same without fields."""
    faults: dict[str, str] = {}
    starts_at, ends_at = given["starts_at"], given["ends_at"]
    if not given["title"]:
        faults["title"] = "Give the session a title, such as “Meet the sponsor”."
    if starts_at is None or starts_at <= now:
        faults["starts_at"] = "Write when the session begins: a day and a time that lie ahead."
    if ends_at is None or (starts_at and ends_at <= starts_at):
        faults["ends_at"] = "Write when the session ends: later than it begins."
    if not (given["place"] or given["link"]):
        faults["place"] = "Write a place, or a link for those who come online, or both."
    if given["link"] and not given["link"].startswith(("https://", "http://")):
        faults["link"] = "The link must begin with https:// or http://."
    for name, most in LENGTHS.items():
        if len(given[name]) > most:
            faults[name] = f"This may have {most} characters; it has {len(given[name])}."
    if faults:
        raise Refused(*faults.values(), fields=faults)


class Shown(NamedTuple):
    """A session with why it was cancelled, where it was."""

    live: LiveSession
    is_on: bool  # it takes place, or is taking place
    why: str


def sessions_of(session: Session, challenge: Challenge) -> list[Shown]:
    """The sessions of a challenge in the order of time, with the reasons that everybody reads."""
    query = select(LiveSession).where(col(LiveSession.challenge_id) == challenge.id)
    found = list(session.scalars(query.order_by(col(LiveSession.starts_at), col(LiveSession.id))))
    if not found:
        return []
    cancelled = [live.id for live in found if live.state in CANCELLED]
    reasons = select(col(History.record_id), col(History.reason)).where(
        col(History.workflow) == NOUN, col(History.record_id).in_(cancelled), col(History.step) == "cancel"
    )
    why = {row[0]: row[1] for row in session.execute(reasons.order_by(col(History.id)))} if cancelled else {}
    return [Shown(live, live.state in TO_COME, why.get(live.id, "")) for live in found]


def sentence_of(said: Mapping[str, str], state: str, what: str, reason: str = "") -> str:
    """What people are told: when it is and where, or why it is not; `said` are its columns in words."""
    where = " and ".join(filter(None, [said["place"], f"online at {said['link']}" if said["link"] else ""]))
    begins = f"The live session “{said['title']}” {what}."
    if state in CANCELLED:
        return f"{begins} It was to begin on {said['starts_at']}. The reason given: {reason}"
    if said["recording"] and state not in TO_COME:
        return f"{begins} Watch it at {said['recording']}"
    why = f" The reason given: {reason}" if reason else ""
    return f"{begins} It begins on {said['starts_at']} and ends on {said['ends_at']}, {where}.{why}"


def letter_about(challenge: Challenge, live: LiveSession, what: str, sentence: str) -> dict[str, Any]:
    """What the letter to those with an application prints, and where it leads to."""
    return {
        "challenge": challenge.title,
        "about": f"/challenges/{challenge.slug}#session-{live.id}",
        "what": f"Live session {what}",
        "sentence": sentence,
    }


def calendar(sessions: Sequence[Shown], challenge: Challenge, *, page: str, now: datetime) -> bytes:
    """The sessions as an iCalendar file. `page` is the whole address of the challenge's page."""
    found = icalendar.Calendar()
    found.add("prodid", "-//civflow//live sessions//EN")
    found.add("version", "2.0")
    for shown in sessions:
        found.add_component(event_of(shown.live, challenge.title, page=page, now=now))
    return bytes(found.to_ical())


def of_challenges(session: Session, challenge_ids: Sequence[int]) -> list[LiveSession]:
    """The sessions of many challenges in the order of time, cancelled ones too; one statement."""
    query = select(LiveSession).where(col(LiveSession.challenge_id).in_(challenge_ids))
    return list(session.scalars(query.order_by(col(LiveSession.starts_at), col(LiveSession.id))))


def event_of(live: LiveSession, title: str, *, page: str, now: datetime) -> icalendar.Event:
    """One session as an entry of a calendar; a cancelled one says so, so that it leaves the calendars that have it."""
    event = icalendar.Event()
    event.add("uid", f"{NOUN}-{live.id}@{page.split('/')[2]}")
    event.add("sequence", live.revision)
    event.add("dtstamp", now)
    event.add("dtstart", live.starts_at)
    event.add("dtend", live.ends_at)
    event.add("summary", f"{live.title}: {title}")
    event.add("location", live.place or live.link)
    event.add("description", "\n".join(filter(None, [live.link, f"{page}#session-{live.id}"])))
    event.add("status", "CANCELLED" if live.state in CANCELLED else "CONFIRMED")
    return event


def _tell_that_it_is_planned(session: Session, live: LiveSession, challenge: Challenge, *, now: datetime) -> None:
    """A session that is planned is no step of one that there was, so it is told here."""
    if not challenge.version:
        return
    zone, key, what = programme_of(session, challenge).timezone, f"{NOUN}-{live.id}-0", "is planned"
    said = {name: getattr(live, name) for name in ("title", "place", "link", "recording")}
    said |= {"starts_at": moment(live.starts_at, zone, begins=True), "ends_at": moment(live.ends_at, zone)}
    sentence = sentence_of(said, live.state, what)
    people = those_with_an_application(session, challenge)
    letter = letter_about(challenge, live, what, sentence)
    messages = [write(person=p, kind="live_session", key=f"{key}-{p.id}", now=now, **letter) for p in people]
    post_all(session, messages, now=now)
    publish_news(session, challenge, "session", sentence, key=key, now=now, told={person.id or 0 for person in people})
