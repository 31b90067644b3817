"""What follows a step that is news: whoever follows the challenge is told."""

from __future__ import annotations

from sqlmodel import Session

from civflow.models import Challenge
from civflow.services.engine.effects import Move, effect
from civflow.services.following.publish import publish_news
from civflow.services.following.registry import news
from civflow.services.notifications.registry import audiences


@effect
def tell_the_followers(session: Session, move: Move) -> None:
    """Tell who follows the challenge of this step, unless they are told of the same step another way."""
    record = move.record
    challenge = record if isinstance(record, Challenge) else session.get_one(Challenge, record.challenge_id)
    story, known = news()[move.workflow.name, move.step.name], audiences()
    people = [p for name in move.step.then if name in known for p in known[name](session, record)]
    told = {p.id for p in people if p.id} | story.elsewhere(session, challenge, move) | {move.actor.id or 0}
    key = f"{move.workflow.name}-{record.id}-{record.revision}-{move.step.name}"
    publish_news(
        session, challenge, story.what, story.sentence(session, challenge, move), key=key, now=move.now, told=told
    )
