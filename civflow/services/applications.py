"""Applications: begin, write, submit with a receipt, and go from stage to stage."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Application, Assignment, Challenge, History, Submission, Team
from civflow.services import documents
from civflow.services.advance import advance, advance_many
from civflow.services.effects import Move, effect, effect_in_row
from civflow.services.facts import stands_before
from civflow.services.history import history_of
from civflow.services.messages import members, post_all, write
from civflow.services.programmes import programme_of
from civflow.services.wording import moment, word_count
from civflow.workflows.engine import CIVFLOW, Actor, Conflicted, Refused
from civflow.workflows.programme import Form, Programme

LONGEST_TITLE = 200  # characters
LONGEST_ANSWER = 50_000  # characters: what has more words than asked for is kept, and not submitted


def form_in_hand(programme: Programme, application: Application) -> tuple[str, Form]:
    """The id and the questions of the form that the application's stage asks for."""
    stage = programme.stage(application.stage) if application.stage else programme.call
    name = stage.form or programme.call.form or next(iter(programme.forms))
    return name, programme.forms[name]


def faults(form: Form, answers: Mapping[str, str]) -> dict[str, str]:
    """Question id -> a sentence, for each answer that is missing or too long."""
    found = {}
    for question in form.questions:
        words = word_count(answers.get(question.id, ""))
        if words > question.words:
            found[question.id] = f"“{question.title}” has {words} words; it may have {question.words}."
        elif question.required and not words:
            found[question.id] = f"Answer “{question.title}”."
    return found


def plain(text: str) -> str:
    """What people typed as it is stored: browsers send line ends in two kinds, and databases refuse NUL."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").strip()


def save_answers(
    session: Session,
    application: Application,
    answers: Mapping[str, str],
    *,
    actor: Actor,
    now: datetime,
    title: str | None = None,
    before: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Save answers of the form in hand; returns what is still missing or too long (question id -> sentence).

    `before` is what the writer saw before typing: where the same answer was changed meanwhile, nothing is saved and
    Conflicted says who it was. Raises Refused for an unknown question, and for an answer or a title that is too long.
    """
    # Members write at once: each one waits for the other, and nobody's words are overwritten.
    session.refresh(application, with_for_update=True)
    name, form = form_in_hand(programme_of(session, session.get_one(Challenge, application.challenge_id)), application)
    title = application.title if title is None else " ".join(plain(title).split())
    _check_writing(form, answers, title)
    new, current = (
        {question: plain(words) for question, words in answers.items()},
        application.answers.get(name, {}),
    )
    for question, seen in (before or {}).items():
        stored = current.get(question, "")
        if stored not in (plain(seen), new[question]):
            _check_unseen(session, application, question, (plain(seen), stored, new[question]), actor)
    new = {**current, **new}
    changed = sorted(question for question in new if new[question] != current.get(question, ""))
    if changed or title != application.title:
        also = [] if title == application.title else ["title"]
        advance(session, application, "write", actor=actor, now=now, changed=[*changed, *also])
        application.answers, application.title = {**application.answers, name: new}, title
    left = faults(form, new)
    application.complete = not left
    session.flush()
    return left


def _check_writing(form: Form, answers: Mapping[str, str], title: str) -> None:
    if set(answers) - {q.id for q in form.questions}:
        raise Refused("The form has no such question. Go back to the list of questions.")
    for question, words in answers.items():
        if len(words) > LONGEST_ANSWER:
            sentence = f"This is {len(words):,} characters long; there is room for {LONGEST_ANSWER:,}."
            raise Refused(sentence, fields={question: sentence})
    if len(title) > LONGEST_TITLE:
        sentence = f"The title has {len(title)} characters; it may have {LONGEST_TITLE}."
        raise Refused(sentence, fields={"title": sentence})


def _check_unseen(
    session: Session, application: Application, question: str, texts: tuple[str, str, str], actor: Actor
) -> None:
    """Say nothing where the writer's own window has saved what is stored, and has not heard of it yet.

    `texts` are what they saw, what is stored and what they have now. It is their own where they saved it last, and each
    of the three goes on from the one before. Of a colleague's words that would prove nothing: they may have cut a text
    down to what these words go on from. Raises Conflicted.
    """
    last, (seen, stored, new) = _last_change(session, application, question), texts
    if last is None or last.actor_id != actor.id or not stored.startswith(seen) or not new.startswith(stored):
        raise _somebody_wrote(last, actor)


def _last_change(session: Session, application: Application, question: str) -> History | None:
    """The newest entry that says that this answer was changed."""
    for entry in history_of(session, "application", application.id or 0):
        if entry.step == "write" and question in json.loads(entry.inputs or "{}").get("changed", []):
            return entry
    return None


def _somebody_wrote(last: History | None, actor: Actor) -> Conflicted:
    """A refusal that says who changed the answer, and when."""
    if last is None:
        return Conflicted(
            "This answer was changed since you opened it. Both texts are on this page.", who="", when=None
        )
    who = "You have" if last.actor_id == actor.id else f"{last.actor_name} has"
    where = " in another window" if last.actor_id == actor.id else ""
    sentence = f"{who} changed this answer{where} since you opened it. Both texts are on this page."
    return Conflicted(sentence, who=last.actor_name, when=last.at)


def acknowledge(
    session: Session, application: Application, *, actor: Actor, now: datetime, version: int | None = None
) -> None:
    """The team has read this version of the challenge's text; without `version`, the latest one.

    Raises Refused where a newer version has been published since.
    """
    latest = session.get_one(Challenge, application.challenge_id).version
    advance(session, application, "acknowledge", actor=actor, now=now, challenge_version=version or latest)


def submit(
    session: Session, application: Application, *, actor: Actor, now: datetime, seen: int | None = None
) -> Submission:
    """Submit the form in hand: the application, or the improved proposal. Returns the snapshot that was kept.

    Raises Refused with every sentence that stands against it.
    """
    trigger = "improve" if application.stage else "submit"
    advance(session, application, trigger, actor=actor, now=now, seen=seen)
    return last_submission(session, application)


def submissions(session: Session, application: Application) -> Sequence[Submission]:
    """What was submitted, oldest first."""
    query = select(Submission).where(col(Submission.application_id) == application.id)
    return session.scalars(query.order_by(col(Submission.number))).all()


def last_submission(session: Session, application: Application) -> Submission:
    """The newest snapshot; raises IndexError when nothing has been submitted."""
    return submissions(session, application)[-1]


def content_hash(answers: Mapping[str, Any]) -> str:
    """SHA-256 of the answers as JSON with sorted keys: the fingerprint that the receipt prints."""
    text = json.dumps(answers, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def answers_in_hand(session: Session, application: Application) -> dict[str, Any]:
    """What is written in the form that the application's stage asks for: question id -> words."""
    programme = programme_of(session, session.get_one(Challenge, application.challenge_id))
    name, _ = form_in_hand(programme, application)
    return dict(application.answers.get(name, {}))


@effect
def keep_the_submission(session: Session, move: Move) -> None:
    application: Application = move.record
    programme = programme_of(session, session.get_one(Challenge, application.challenge_id))
    answers = answers_in_hand(session, application)
    number = len(submissions(session, application)) + 1
    session.add(
        Submission(
            application_id=application.id or 0,
            challenge_id=application.challenge_id,
            number=number,
            stage=application.stage or programme.call.id,
            answers=answers,
            challenge_version=application.challenge_version,
            content_hash=content_hash(answers),
            submitted_at=move.now,
            submitted_by_id=move.actor.id,
        )
    )
    session.flush()


@effect
def send_the_receipt(session: Session, move: Move) -> None:
    application: Application = move.record
    submission = last_submission(session, application)
    data = receipt_data(session, application, submission, submitted_by=move.actor.name)
    document = documents.ask(
        session,
        kind="receipt",
        key=f"receipt-{application.id}-{submission.number}",
        title=f"Receipt {application.reference}",
        workflow="application",
        record_id=application.id or 0,
        data=data,
        now=move.now,
    )
    first = move.step.name == "submit"
    post_all(
        session,
        [
            write(
                person=person,
                kind="receipt",
                key=f"receipt-{application.id}-{submission.number}-{person.id}",
                about=f"/applications/{application.id}",
                now=move.now,
                document_id=document.id,
                reference=application.reference,
                challenge=data["challenge"],
                team=data["team"],
                what="the application" if first else "the improved proposal",
                submitted_by=move.actor.name,
                when=moment(move.now, data["zone"]),
                can_change=first,
                content_hash=submission.content_hash,
            )
            for person in members(session, application.team_id)
        ],
        now=move.now,
        **documents.issued(document),
    )


def receipt_data(
    session: Session, application: Application, submission: Submission, *, submitted_by: str
) -> dict[str, Any]:
    """What the receipt prints; every value is plain JSON."""
    challenge = session.get_one(Challenge, application.challenge_id)
    programme = programme_of(session, challenge)
    _, form = form_in_hand(programme, application)
    return {
        "reference": application.reference,
        "challenge": challenge.title,
        "programme": programme.title,
        "challenge_reference": challenge.reference,
        "team": session.get_one(Team, application.team_id).name,
        "title": application.title,
        "submitted_at": submission.submitted_at.isoformat(),
        "zone": programme.timezone,
        "submitted_by": submitted_by,
        "number": submission.number,
        "version": submission.challenge_version,
        "content_hash": submission.content_hash,
        "answers": [{"title": q.title, "words": submission.answers.get(q.id, "")} for q in form.questions],
        "closes_at": application.closes_at.isoformat() if application.closes_at else None,
    }


@effect_in_row
def enter_the_first_gate(session: Session, rows: Sequence[Any]) -> list[dict[str, str]]:
    """Applications that were taken in stand before the challenge's first gate."""
    first = {}
    for challenge_id in {row.challenge_id for row in rows}:
        programme = programme_of(session, session.get_one(Challenge, challenge_id))
        first[challenge_id] = programme.gates[0].id
    return [{"stage": row.stage or first[row.challenge_id]} for row in rows]


@effect
def enter_the_next_stage(session: Session, move: Move) -> None:
    """The application stands in the stage after its gate; a work stage offers the team a place."""
    from civflow.services.delivery import offer_place  # delivery builds on this module

    application: Application = move.record
    challenge = session.get_one(Challenge, application.challenge_id)
    programme = programme_of(session, challenge)
    stage = programme.stage(application.stage)
    following = programme.after(stage) if stage.kind == "gate" else stage
    if following is None:
        return
    application.stage, application.complete = following.id, False
    session.flush()
    if following.kind == "work":
        offer_place(session, application, following, now=move.now)


@effect
def withdraw_its_assignments(session: Session, move: Move) -> None:
    query = select(col(Assignment.id)).where(
        col(Assignment.application_id) == move.record.id, stands_before(Assignment, "withdraw")
    )
    ids = [i for i in session.scalars(query) if i]
    advance_many(session, Assignment, ids, "withdraw", actor=CIVFLOW, now=move.now, reason="The team has withdrawn.")
