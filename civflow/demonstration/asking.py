"""Acts of questions: somebody asks what was asked before, or what cannot be answered, and the sponsor is met live."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from civflow.demonstration import cast
from civflow.demonstration.calls import Do, find, owner_of
from civflow.demonstration.play import Scene
from civflow.demonstration.words import NOT_ANSWERED, QUESTIONS, SAME_AGAIN
from civflow.models import Challenge, LiveSession, Question
from civflow.services.challenges.archive import Row
from civflow.services.engine.advance import advance
from civflow.services.live_sessions.sessions import schedule
from civflow.services.questions.questions import ask


def ask_words(row: Row, words: str) -> Do:
    """Somebody asks in these words; who, is always the same."""

    def do(scene: Scene) -> None:
        number = Random(f"{row.title}: {words}").randrange(cast.INNOVATORS)
        person = scene.person(f"innovator-{number}@demonstration.example.org")
        ask(scene.session, find(scene, row), text=words, actor=scene.actor(person), now=scene.now)

    return do


def merge_it(row: Row, *, principal: bool) -> Do:
    """The owner sees that somebody has asked the first question again in other words."""

    def do(scene: Scene) -> None:
        challenge = find(scene, row)
        first, again = (_asked(scene, challenge, words) for words in (QUESTIONS[0][0], SAME_AGAIN))
        owner = scene.actor(owner_of(scene, challenge, principal))
        advance(scene.session, again, "merge", actor=owner, now=scene.now, merged_into_id=first.id)

    return do


def decline_it(row: Row, *, principal: bool) -> Do:
    def do(scene: Scene) -> None:
        challenge = find(scene, row)
        owner = scene.actor(owner_of(scene, challenge, principal))
        question = _asked(scene, challenge, NOT_ANSWERED[0])
        advance(scene.session, question, "decline", actor=owner, now=scene.now, reason=NOT_ANSWERED[1])

    return do


def draft_it(row: Row, words: str, answer: str, *, principal: bool) -> Do:
    """The owner writes an answer that nobody has cleared yet."""

    def do(scene: Scene) -> None:
        challenge = find(scene, row)
        owner = scene.actor(owner_of(scene, challenge, principal))
        advance(scene.session, _asked(scene, challenge, words), "draft", actor=owner, now=scene.now, answer=answer)

    return do


def ask_for_longer(row: Row, until: datetime, *, principal: bool) -> Do:
    """The owner gives everybody more time to ask."""

    def do(scene: Scene) -> None:
        challenge = find(scene, row)
        owner = scene.actor(owner_of(scene, challenge, principal))
        advance(
            scene.session,
            challenge,
            "move_questions",
            actor=owner,
            now=scene.now,
            questions_until=until,
            reason="Two schools are on holiday in the last weeks, and their teams asked for more time.",
        )

    return do


def _asked(scene: Scene, challenge: Challenge, words: str) -> Question:
    found: Question = scene.all(Question, Question.challenge_id == challenge.id, Question.text == words)[0]
    return found


def plan_session(row: Row, starts_at: datetime, *, principal: bool) -> Do:
    """The owner invites everybody to an hour of questions online."""

    def do(scene: Scene) -> None:
        challenge = find(scene, row)
        owner = scene.actor(owner_of(scene, challenge, principal))
        schedule(
            scene.session,
            challenge,
            actor=owner,
            now=scene.now,
            title="Meet the sponsor",
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=1),
            link=f"https://example.org/live/{challenge.slug}",
        )

    return do


def record_session(row: Row, *, principal: bool) -> Do:
    """The recording is there for those who could not come."""

    def do(scene: Scene) -> None:
        challenge = find(scene, row)
        owner = scene.actor(owner_of(scene, challenge, principal))
        live = scene.one(LiveSession, challenge_id=challenge.id)
        advance(
            scene.session,
            live,
            "add_recording",
            actor=owner,
            now=scene.now,
            recording=f"https://example.org/recordings/{challenge.slug}",
        )

    return do
