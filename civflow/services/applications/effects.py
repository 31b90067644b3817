"""What follows when an application is submitted, moves on or ends, and when the text that it answers changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from civflow.models import (
    Application,
    Challenge,
    ChallengeVersion,
    Submission,
)
from civflow.services.applications.submission import (
    answers_in_hand,
    content_hash,
    last_submission,
    receipt_data,
    submissions,
)
from civflow.services.applications.version_notices import changed_parts, in_a_sentence, letter, listeners
from civflow.services.challenges.drafts import published_text
from civflow.services.challenges.versions import versions_of
from civflow.services.documents import store as documents
from civflow.services.engine.effects import Move, effect, effect_in_row
from civflow.services.following import publish_news
from civflow.services.formatting import moment
from civflow.services.notifications.outbox import post_all, write
from civflow.services.notifications.recipients import members
from civflow.services.programmes.store import programme_of


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


@effect_in_row
def enter_the_first_gate(session: Session, rows: Sequence[Any], _now: datetime) -> list[dict[str, str]]:
    """Applications that were taken in stand before the challenge's first gate."""
    first = {}
    for challenge_id in {row.challenge_id for row in rows}:
        programme = programme_of(session, session.get_one(Challenge, challenge_id))
        first[challenge_id] = programme.gates[0].id
    return [{"stage": row.stage or first[row.challenge_id]} for row in rows]


@effect
def tell_of_the_change(session: Session, move: Move) -> None:
    """Everybody whom the new version concerns is told in the transaction that publishes it."""
    challenge: Challenge = move.record
    newer = published_text(session, challenge)
    older = _before(session, challenge)
    if newer is None or older is None:
        return
    people = listeners(session, challenge, actor=move.actor)
    parts = changed_parts(session, challenge, older, newer)
    letters = [letter(session, challenge, newer, parts, person, now=move.now) for person in people]
    post_all(session, letters, now=move.now)
    told = {person.person.id or 0 for person in people} | {move.actor.id or 0}
    publish_news(
        session,
        challenge,
        "changes",
        in_a_sentence(newer, parts),
        key=f"challenge-{challenge.id}-version-{newer.number}",
        now=move.now,
        told=told,
    )


def _before(session: Session, challenge: Challenge) -> ChallengeVersion | None:
    return next((v for v in versions_of(session, challenge) if v.number == challenge.version - 1), None)
