"""What happens between a sponsor and the programme office before a challenge is approved: by when it is answered, and
what is asked to be changed in each part."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import AskedChange, Challenge, Person
from civflow.services.challenges.calendar import in_working_days
from civflow.services.challenges.form import DATES, FINDING, READINESS, columns_of, parts_of
from civflow.services.collaboration.parts import Part
from civflow.services.engine.advance import advance, case_of, workflow_of
from civflow.services.engine.history import history_of
from civflow.services.formatting import moment
from civflow.services.programmes.store import programme_of
from civflow.workflows.challenges.readiness import WAITS_FOR_APPROVAL
from civflow.workflows.engine import Actor, NotFound, Refused

# What may be written without beginning another review: what is scored is the text, the money and the readiness.
NOT_SCORED = {field.name for part in (DATES, FINDING) for field in part.fields} - {"money_pounds"}
SAY_HOW = "Nothing has been written in this part since the change was asked for. Change it, or say here why it stays as it is."
LONGEST = 500  # characters of one reason, and of what was done about it


class Asked(NamedTuple):
    """A change that was asked for, with the names of who asked and who dealt with it."""

    change: AskedChange
    part: str  # its title
    asked_by: str
    dealt_by: str


def _was_only_taken_back(session: Session, challenge: Challenge) -> bool:
    """Whether the challenge left its review by being taken back, and nothing that is scored was written since."""
    for entry in history_of(session, "challenge", challenge.id or 0):
        if entry.from_state in WAITS_FOR_APPROVAL and entry.to_state not in WAITS_FOR_APPROVAL:
            return entry.step == "take_back"
        if entry.step == "write" and set(json.loads(entry.inputs or "{}").get("changed", ())) - NOT_SCORED:
            return False
    return False


def why_answered_late(session: Session, challenge: Challenge, *, now: datetime) -> str:
    """A sentence where a challenge that is sent for approval now is promised its answer after it is to open, or ''."""
    if challenge.opens_at is None or _was_only_taken_back(session, challenge):
        return ""
    programme = programme_of(session, challenge)
    answered = in_working_days(programme, now, programme.readiness.working_days)
    if answered <= challenge.opens_at:
        return ""
    promised, opens = (moment(at, programme.timezone) for at in (answered, challenge.opens_at))
    return (
        f"The answer is promised by {promised}, and that is later than the opening on {opens}: "
        "choose a later opening, or it opens when it is approved."
    )


def opens_unanswered(session: Session, challenge: Challenge) -> str:
    """A sentence where a challenge that waits for its answer is to open before the promised one, or ''."""
    promised, opens = promised_reply(session, challenge), challenge.opens_at
    if promised is None or opens is None or promised <= opens:
        return ""
    zone = programme_of(session, challenge).timezone
    return (
        f"It is to open on {moment(opens, zone)}, before the day by which the answer is promised: "
        "answered later than that, it opens when it is approved."
    )


def promised_reply(session: Session, challenge: Challenge) -> datetime | None:
    """By when the sponsor is promised an answer, while it waits for one."""
    waits = "approve" in workflow_of(session, challenge).steps_from(challenge.state)
    return challenge.reply_promised_at if waits else None


def request_changes(
    session: Session,
    challenge: Challenge,
    reasons: Mapping[str, str],
    *,
    general: str,
    actor: Actor,
    now: datetime,
    seen: int | None = None,
) -> None:
    """Send a challenge back to its sponsor: part of the draft -> what to change there and why; `general` for all of it.

    Raises Refused with a sentence per field where nothing is asked for or a reason is too long; Forbidden; Conflicted.
    """
    titles = {part.id: part.title for part in parts_of(programme_of(session, challenge))}
    wanted = {part: words.strip() for part, words in reasons.items() if words.strip()}
    if set(wanted) - set(titles):
        raise KeyError(f"The draft has no part {', '.join(sorted(set(wanted) - set(titles)))}.")
    fields = {
        part: f"“{titles[part]}” has {len(words):,} characters here; a reason may have {LONGEST}."
        for part, words in wanted.items()
        if len(words) > LONGEST
    }
    if len(general) > LONGEST:
        fields["general"] = f"What you say about all of it may have {LONGEST} characters; it has {len(general):,}."
    if not wanted and not general.strip():
        fields["general"] = "Say what has to change, at the parts below or here for all of it."
    if fields:
        raise Refused(*fields.values(), fields=fields)
    reason = general.strip() or f"Changes are asked for in {', '.join(f'“{titles[part]}”' for part in wanted)}."
    advance(
        session, challenge, "request_changes", actor=actor, now=now, seen=seen, reason=reason[:LONGEST], parts=wanted
    )


def deal_with(
    session: Session, challenge: Challenge, change_id: int, *, how: str, actor: Actor, now: datetime
) -> AskedChange:
    """The sponsor says that a change that was asked for is dealt with.

    Raises NotFound, Forbidden; Refused, also where the part stands as it did and no word says why.
    """
    change = session.get(AskedChange, change_id)
    if change is None or change.challenge_id != challenge.id:
        raise NotFound("Nobody has asked for this change. Go back to the list.")
    case = case_of(session, challenge, actor=actor, now=now)
    permitted = case.workflow.permits(case, case.workflow.step("deal_with", case.state))
    if permitted and not how.strip() and not _was_written_since(session, challenge, change):
        raise Refused(SAY_HOW, fields={"how": SAY_HOW})
    advance(session, challenge, "deal_with", actor=actor, now=now, change_id=change_id, how=how.strip())
    return change


def _was_written_since(session: Session, challenge: Challenge, change: AskedChange) -> bool:
    """Whether anybody has written in the part after the change was asked for there."""
    parts = {part.id: part for part in parts_of(programme_of(session, challenge))}
    names = columns_of(parts[change.part]) if change.part in parts else set()
    for entry in history_of(session, "challenge", challenge.id or 0):
        if entry.step == "request_changes" and entry.at <= change.asked_at:
            return False
        if entry.step == "write" and names & set(json.loads(entry.inputs or "{}").get("changed", ())):
            return True
    return False


def asked_changes(session: Session, challenge: Challenge) -> list[Asked]:
    """Every change that was ever asked for in the draft, the latest review first, in the order of the parts."""
    parts = parts_of(programme_of(session, challenge))
    order = {part.id: number for number, part in enumerate(parts)}
    titles = {part.id: part.title for part in parts}
    found = session.scalars(select(AskedChange).where(col(AskedChange.challenge_id) == challenge.id)).all()
    ids = {key for change in found for key in (change.asked_by_id, change.dealt_by_id) if key}
    names = {p.id: p.name for p in session.scalars(select(Person).where(col(Person.id).in_(ids)))} if ids else {}
    listed = [Asked(c, titles.get(c.part, c.part), names[c.asked_by_id], names.get(c.dealt_by_id, "")) for c in found]
    return sorted(listed, key=lambda asked: (-asked.change.review, order.get(asked.change.part, len(order))))


def title_of_part(session: Session, challenge: Challenge, part_id: str) -> str:
    """What the programme calls a part of the draft; its id where it has none of this id any more."""
    return {part.id: part.title for part in parts_of(programme_of(session, challenge))}.get(part_id, part_id)


def open_changes(session: Session, challenge: Challenge, part: Part | None = None) -> list[Asked]:
    """The changes that nobody has dealt with yet: of one part, or of all."""
    return [
        asked
        for asked in asked_changes(session, challenge)
        if asked.change.dealt_at is None and (part is None or asked.change.part == part.id)
    ]


def facts_of(challenge: Challenge) -> list[tuple[str, Any]]:
    """What the sponsor says about readiness, as rows for people to read."""
    return [(field.label, getattr(challenge, field.name)) for field in READINESS.fields]
