"""The pages of a change: the same fields as in the draft, each part saved without losing anybody's words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.methods.difference import NEW, Piece, difference
from civflow.models import Challenge, ChallengeVersion, History
from civflow.services.challenges.calendar import promised_later
from civflow.services.challenges.drafts import (
    VERSIONED,
    check_columns,
    check_dates,
    check_sections,
    has_every_section,
    published_text,
)
from civflow.services.challenges.form import DATES, QUESTION, TEXT, parts_of
from civflow.services.challenges.saving import is_written
from civflow.services.collaboration.parts import Field, Part
from civflow.services.collaboration.saving import Store
from civflow.services.engine.advance import advance
from civflow.services.formatting import moment, money
from civflow.services.programmes.store import programme_of
from civflow.workflows.engine import Actor, NotFound, Refused
from civflow.workflows.programme import Programme


def _versioned(part: Part) -> tuple[Field, ...]:
    return tuple(field for field in part.fields if field.name in VERSIONED)


HEAD = Part("question", "Title and question", _versioned(QUESTION))
TERMS = Part("terms", "Money and promises", _versioned(DATES))


def parts_of_a_change(programme: Programme) -> list[Part]:
    """Title and question, each section of the brief, money and promises; dates move by a step of their own."""
    return [HEAD, *(part for part in parts_of(programme) if part.id.startswith(TEXT)), TERMS]


def stored_in(text: ChallengeVersion, part: Part) -> dict[str, Any]:
    """What a version says in a part: field -> text, aware datetime or whole pounds."""
    if part.id.startswith(TEXT):
        return {field.name: text.sections.get(field.name, "") for field in part.fields}
    return {field.name: getattr(text, field.name) for field in part.fields}


def _read(session: Session, challenge: Challenge, part: Part) -> dict[str, Any]:
    text = in_hand(session, challenge)
    session.refresh(text)
    return stored_in(text, part)


def _write(
    session: Session, challenge: Challenge, part: Part, values: dict[str, Any], actor: Actor, now: datetime
) -> None:
    columns: dict[str, Any] = {"sections": values} if part.id.startswith(TEXT) else values
    write_change(session, challenge, actor=actor, now=now, **columns)


def _is_about(entry: History, part: Part) -> bool:
    """A part is written, is there anew in another change, or holds the promise that moves with the closing date."""
    moved = part is TERMS and entry.step in ("extend", "reopen")
    return moved or entry.step == "change" or is_written(entry, part, "write_change")


THE_CHANGE = Store(_read, _write, _is_about)


LONGEST_WHY = 500  # characters
LABELS = {
    "title": "Title",
    "question": "The question",
    "money_pounds": "Money for the contract",
    "decision_promised_at": "First decisions promised by",
    "notice_reference": "Procurement notice",
}


# Reading


def versions_of(session: Session, challenge: Challenge) -> list[ChallengeVersion]:
    """The published versions, the first one first."""
    query = select(ChallengeVersion).where(
        col(ChallengeVersion.challenge_id) == challenge.id, col(ChallengeVersion.published_at).is_not(None)
    )
    return list(session.scalars(query.order_by(col(ChallengeVersion.number))))


def change_in_hand(session: Session, challenge: Challenge) -> ChallengeVersion | None:
    """The change that is being written beside the published text, or None."""
    if not challenge.version:
        return None
    query = select(ChallengeVersion).where(
        col(ChallengeVersion.challenge_id) == challenge.id,
        col(ChallengeVersion.number) > challenge.version,
        col(ChallengeVersion.published_at).is_(None),
        col(ChallengeVersion.dropped_at).is_(None),
    )
    return session.scalars(query).first()


def version(session: Session, challenge: Challenge, number: int) -> ChallengeVersion:
    """The published version with this number. Raises NotFound where there is none, or where it is not published."""
    found = next((v for v in versions_of(session, challenge) if v.number == number), None)
    if found is None:
        raise NotFound(f"There is no published version {number} of this challenge.")
    return found


class Changed(NamedTuple):
    """A part of the text and what became of it, in reading order."""

    name: str
    title: str
    pieces: list[Piece]

    @property
    def is_new(self) -> bool:
        """Whether there was nothing before."""
        return all(piece.kind == NEW for piece in self.pieces)


def differences(programme: Programme, older: ChallengeVersion, newer: ChallengeVersion) -> list[Changed]:
    """The parts that differ between two versions, each with its difference word by word.

    A promise that only moved with the closing date is no difference between two texts.
    """
    before, after = _side_by_side(programme, older, newer)
    titles = {**LABELS, **{section.id: section.title for section in programme.brief}}
    return [
        Changed(name, titles[name], difference(before[name], after[name]))
        for name in before
        if before[name] != after[name]
    ]


def unchanged(programme: Programme, older: ChallengeVersion, newer: ChallengeVersion) -> list[str]:
    """The titles of the parts that are written and stayed as they were."""
    before, after = _side_by_side(programme, older, newer)
    titles = {**LABELS, **{section.id: section.title for section in programme.brief}}
    return [titles[name] for name in before if before[name] and before[name] == after[name]]


class News(NamedTuple):
    """What somebody who answers an older version has to know: the latest one, why, and what is different."""

    answered: int
    latest: ChallengeVersion
    whys: list[str]
    differences: list[Changed]


def news_since(session: Session, challenge: Challenge, answered: int) -> News | None:
    """What was published after the version that an application answers; None where that is the latest one."""
    if answered >= challenge.version:
        return None
    published = {v.number or 0: v for v in versions_of(session, challenge)}
    latest, older = published[challenge.version], published.get(answered)
    whys = [version.why for number, version in published.items() if number > answered and version.why]
    changed = differences(programme_of(session, challenge), older, latest) if older else []
    return News(answered, latest, whys, changed)


def _side_by_side(
    programme: Programme, older: ChallengeVersion, newer: ChallengeVersion
) -> tuple[dict[str, str], dict[str, str]]:
    """The parts of two versions, the promise of the older one as it stands after the closing dates that lie between."""
    promised = older.decision_promised_at
    if promised and older.closes_at and newer.closes_at and older.closes_at != newer.closes_at:
        promised = promised_later(programme, promised, closed=older.closes_at, closes=newer.closes_at)
    return _parts(programme, older, promised), _parts(programme, newer, newer.decision_promised_at)


def _parts(programme: Programme, text: ChallengeVersion, promised: datetime | None) -> dict[str, str]:
    """Every part as people read it: title, question, the sections in the programme's order, money and promises."""
    columns = {
        "money_pounds": f"{money(text.money_pounds)} {'excluding' if programme.money_excludes_vat else 'including'} VAT",
        "decision_promised_at": moment(promised, programme.timezone) if promised else "",
        "notice_reference": text.notice_reference,
    }
    sections = {section.id: text.sections.get(section.id, "") for section in programme.brief}
    return {"title": text.title, "question": text.question, **sections, **columns}


# Writing


def begin_change(session: Session, challenge: Challenge, *, why: str, actor: Actor, now: datetime) -> ChallengeVersion:
    """Begin a new version of an open challenge's text: a copy of the published one, to be written in.

    `why` is a sentence that everybody reads once the change is published; it can be rewritten until then. Nobody is
    told before that. Raises Refused where the challenge is not open, or where a change is being written already
    (`change_in_hand` finds it), Forbidden for somebody who neither owns the challenge nor runs its round.
    """
    advance(session, challenge, "change", actor=actor, now=now, reason=_checked(why))
    return in_hand(session, challenge)


def write_change(
    session: Session,
    challenge: Challenge,
    *,
    actor: Actor,
    now: datetime,
    sections: Mapping[str, str] | None = None,
    why: str | None = None,
    seen: int | None = None,
    **columns: Any,
) -> ChallengeVersion:
    """Write in the change: sections, columns of VERSIONED, and why. Raises Refused with a sentence per field."""
    unknown = set(columns) - set(VERSIONED)
    if unknown:
        raise KeyError(f"A change of the text cannot set {', '.join(sorted(unknown))}.")
    programme, text = programme_of(session, challenge), in_hand(session, challenge)
    check_columns(session, challenge, columns)
    check_dates(text, columns, now=now)
    new = {**text.sections, **{name: words.strip() for name, words in (sections or {}).items()}}
    check_sections(programme, new)
    columns = {**columns, **({"why": _checked(why)} if why is not None else {})}
    changed = sorted(name for name, value in columns.items() if getattr(text, name) != value)
    changed += sorted(name for name in new if new[name] != text.sections.get(name, ""))
    advance(session, challenge, "write_change", actor=actor, now=now, seen=seen, changed=changed)
    for name, value in columns.items():
        setattr(text, name, value)
    text.sections, text.written_by_id, text.written_at = new, actor.id, now
    _judge(session, challenge, text)
    return text


def _judge(session: Session, challenge: Challenge, text: ChallengeVersion) -> None:
    """Keep what the rules ask of a change: is it complete, and how many parts differ from the published text."""
    programme, before = programme_of(session, challenge), published_text(session, challenge)
    has_columns = bool(text.title.strip() and text.question.strip() and text.why.strip())
    text.complete = has_columns and has_every_section(programme, text.sections)
    text.changed = len(differences(programme, before, text)) if before else 0
    session.flush()


def publish_change(
    session: Session, challenge: Challenge, *, actor: Actor, now: datetime, seen: int | None = None
) -> ChallengeVersion:
    """The change becomes what everybody reads, and everybody whom it concerns is told.

    `seen` is the challenge's revision that the publisher had before their eyes. Raises Refused, Forbidden, Conflicted.
    """
    text = in_hand(session, challenge)
    advance(session, challenge, "publish_change", actor=actor, now=now, seen=seen, reason=text.why)
    return text


def drop_change(session: Session, challenge: Challenge, *, reason: str, actor: Actor, now: datetime) -> None:
    """Put the change aside; its words are kept. Raises Refused without a reason or where there is none."""
    advance(session, challenge, "drop_change", actor=actor, now=now, reason=reason)


def in_hand(session: Session, challenge: Challenge) -> ChallengeVersion:
    """The change that is being written. Raises NotFound where there is none."""
    text = change_in_hand(session, challenge)
    if text is None:
        raise NotFound("No change of this challenge's text is being written.")
    return text


def _checked(why: str) -> str:
    words = " ".join(why.split())
    if not words or len(words) > LONGEST_WHY:
        sentence = (
            f"The reason may have {LONGEST_WHY} characters; it has {len(words):,}."
            if words
            else "Say in a sentence why the text changes."
        )
        raise Refused(sentence, fields={"why": sentence})
    return words
