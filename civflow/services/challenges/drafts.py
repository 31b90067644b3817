"""The text of a challenge: begun, written section by section, and checked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Challenge, ChallengeVersion, Organisation, Round
from civflow.services.challenges.calendar import why_not_promised
from civflow.services.challenges.procurement_notice import why_no_notice
from civflow.services.engine.advance import advance, begin
from civflow.services.formatting import word_count
from civflow.services.programmes.store import programme_of
from civflow.services.records.titles import free_address
from civflow.services.search.index import index
from civflow.workflows.engine import Actor, Refused
from civflow.workflows.programme import Programme

MOST_KEPT = 3  # times the words that a section may have: a draft is cut before it is sent, and kept until then


def draft(
    session: Session,
    *,
    round_: Round,
    sponsor: Organisation | None,
    title: str,
    actor: Actor,
    now: datetime,
    question: str = "",
    reference: str = "",
    **columns: Any,
) -> Challenge:
    """Begin a challenge with an empty first text. Raises Forbidden for somebody who owns no challenge in the round."""
    if not title.strip():
        raise Refused("Give the challenge a title.", fields={"title": "Give the challenge a title."})
    challenge = Challenge(
        round_id=round_.id or 0,
        programme_id=round_.programme_id,
        sponsor_id=sponsor.id if sponsor else None,
        title=title.strip(),
        question=question.strip(),
        reference=reference,
        slug=free_slug(session, reference, title),
        state="",
        since=now,
        **columns,
    )
    begin(session, challenge, actor=actor, now=now)
    session.add(ChallengeVersion(challenge_id=challenge.id or 0, number=1, written_by_id=actor.id, written_at=now))
    index(session, [challenge.id or 0])
    return challenge


def free_slug(session: Session, reference: str, title: str) -> str:
    """The words of the address of a challenge's page."""
    return free_address(session, col(Challenge.slug), f"{reference} {title}", longest=80, kept={"new"})


def text_in_hand(session: Session, challenge: Challenge) -> ChallengeVersion:
    """The text that is being written: the first one, or a change of it; where nobody writes, the published one."""
    query = select(ChallengeVersion).where(
        col(ChallengeVersion.challenge_id) == challenge.id, col(ChallengeVersion.number).is_not(None)
    )
    return session.scalars(query.order_by(col(ChallengeVersion.number).desc()).limit(1)).one()


def published_text(session: Session, challenge: Challenge) -> ChallengeVersion | None:
    """The text that the public reads, or None before the challenge has opened."""
    query = select(ChallengeVersion).where(col(ChallengeVersion.challenge_id) == challenge.id)
    return session.scalars(query.where(col(ChallengeVersion.number) == challenge.version)).first()


def text_to_read(session: Session, challenge: Challenge) -> ChallengeVersion:
    """What the pages of a draft show: the published text once there is one, and never a change of it in hand."""
    return published_text(session, challenge) or text_in_hand(session, challenge)


VERSIONED = ("title", "question", "money_pounds", "decision_promised_at", "notice_reference")  # beside the sections
WRITABLE = (
    "title",
    "question",
    "money_pounds",
    "opens_at",
    "closes_at",
    "questions_until",
    "decision_promised_at",
    "budget_holder",
    "route_to_adoption",
    "sponsor_time",
    "data_access",
    "exit_if_too_expensive",
    "notice_reference",
    "sponsor_id",
    "reference",
    "themes",
    "place",
)


def write_challenge(
    session: Session,
    challenge: Challenge,
    *,
    actor: Actor,
    now: datetime,
    sections: Mapping[str, str] | None = None,
    seen: int | None = None,
    **columns: Any,
) -> None:
    """Save sections of the text and columns of the draft. Raises Refused with a sentence per field that cannot be.

    `seen` is the revision that the writer had before their eyes.
    """
    unknown = set(columns) - set(WRITABLE)
    if unknown:
        raise KeyError(f"A challenge's writer cannot set {', '.join(sorted(unknown))}.")
    programme = programme_of(session, challenge)
    check_columns(session, challenge, columns)
    check_dates(challenge, columns, now=now)
    text = text_in_hand(session, challenge)
    new = {**text.sections, **{name: words.strip() for name, words in (sections or {}).items()}}
    check_sections(programme, new, times=MOST_KEPT)
    changed = sorted(name for name, value in columns.items() if getattr(challenge, name) != value)
    changed += sorted(name for name in new if new[name] != text.sections.get(name, ""))
    advance(session, challenge, "write", actor=actor, now=now, seen=seen, changed=changed)
    for name, value in columns.items():
        setattr(challenge, name, value)
    text.sections, text.written_by_id, text.written_at = new, actor.id, now
    text.complete = has_every_section(programme, new)
    index(session, [challenge.id or 0])


def has_every_section(programme: Programme, sections: Mapping[str, str]) -> bool:
    """Whether every required section of the brief is written, and none has more words than it may have."""
    written = all(sections.get(s.id, "").strip() for s in programme.brief if s.required)
    return written and all(word_count(sections.get(s.id, "")) <= s.words for s in programme.brief)


def check_columns(session: Session, challenge: Challenge, columns: Mapping[str, Any]) -> None:
    """Say nothing if these values can be. Raises Refused with a sentence per field otherwise."""
    fields = {}
    if "title" in columns and not str(columns["title"]).strip():
        fields["title"] = "Give the challenge a title."
    opens, closes = columns.get("opens_at", challenge.opens_at), columns.get("closes_at", challenge.closes_at)
    if opens and closes and closes <= opens:
        fields["closes_at"] = "The closing date must come after the opening date."
    promised = columns.get("decision_promised_at")
    if promised and (why := why_not_promised(programme_of(session, challenge), promised, closes)):
        fields["decision_promised_at"] = why
    until = columns.get("questions_until", challenge.questions_until)
    if until and opens and closes and not opens < until <= closes:
        fields["questions_until"] = "Questions end after the call opens, and not after it closes."
    money = columns.get("money_pounds", challenge.money_pounds)
    budget = session.get_one(Round, challenge.round_id).budget_pounds
    if money < 0 or money > budget:
        fields["money_pounds"] = f"The money must lie between £0 and the round's budget of £{budget:,}."
    if why := why_no_notice(str(columns.get("notice_reference", ""))):
        fields["notice_reference"] = why
    if fields:
        raise Refused(*fields.values(), fields=fields)


def check_dates(record: Any, columns: Mapping[str, Any], *, now: datetime) -> None:
    """Say nothing if the dates that change lie ahead. Raises Refused with a sentence per date that has passed."""
    fields = {
        name: f"{title} has passed. Write a date that lies ahead."
        for name, title in DATES.items()
        if (at := columns.get(name)) and at < now and at != getattr(record, name)
    }
    if fields:
        raise Refused(*fields.values(), fields=fields)


DATES = {
    "opens_at": "The opening date",
    "closes_at": "The closing date",
    "questions_until": "The end of questions",
    "decision_promised_at": "The date of the first decisions",
}


def check_sections(programme: Programme, sections: Mapping[str, str], *, times: int = 1) -> None:
    """Say nothing if no section is too long, or `times` too long. Raises Refused with a sentence per section otherwise."""
    known = {s.id: s for s in programme.brief}
    fields = {
        name: f"“{known[name].title}” has {word_count(words):,} words; it may have {known[name].words}."
        for name, words in sections.items()
        if name in known and word_count(words) > times * known[name].words
    }
    if fields:
        raise Refused(*fields.values(), fields=fields)
