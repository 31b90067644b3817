"""The answers of an application: written question by question, and nobody's words overwritten unseen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from civflow.models import Application, Challenge, History
from civflow.services.engine.advance import advance
from civflow.services.engine.history import history_of
from civflow.services.formatting import word_count
from civflow.services.programmes.store import programme_of
from civflow.workflows.engine import Actor, Conflicted, Refused
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
