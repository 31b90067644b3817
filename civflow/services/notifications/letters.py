"""Letters about steps, made in one place: what people read before a step is taken is what is sent of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from jinja2 import TemplateNotFound
from sqlmodel import Session

from civflow import features
from civflow.models import Message, Person
from civflow.services.engine.effects import own
from civflow.services.formatting import moment, money
from civflow.services.notifications.outbox import prints, write
from civflow.services.notifications.taken import Taken
from civflow.services.records.titles import path_of, stage_title, title_of
from civflow.services.records.zones import zone_of
from civflow.workflows.engine import Letter, News
from civflow.workflows.engine.declarations import PLACEHOLDER

STEP = "step"  # the template of a letter that the page writes itself
BEGINNINGS = {"opens_at", "starts_at"}  # at midnight they belong to the day that begins
Words = Callable[[Session, Taken], Mapping[str, Any]]


def words(function: Words) -> Words:
    """Declare what a letter prints whose page names the function (`words`), or the `sentence` of news.

    It may answer also `about`: the path that the letter leads to.
    """
    function.words = True  # type: ignore[attr-defined]
    return function


@cache
def worded() -> dict[str, Words]:
    """Every such function of every feature, by name. Raises FeatureError where two share one."""
    return features.collect("words", own("words"))


def written(session: Session, step: Taken, letter: Letter, people: Sequence[Person]) -> list[Message]:
    """The letter to each of these people; nothing is sent."""
    if not people:
        return []
    own = {"subject": filled(session, step, letter.subject), "body": filled(session, step, letter.body)}
    context: dict[str, Any] = {
        **({} if letter.template else own),
        "title": title_of(session, step.record),
        "actor": step.actor.name,
        "reason": step.reason,
        **(worded()[letter.words](session, step) if letter.words else {}),
    }
    about = context.pop("about", letter.about or path_of(step.record))
    return [
        write(
            person=person,
            kind=letter.template or STEP,
            key=f"{step.key}-{person.id}",
            about=about,
            now=step.now,
            **context,
        )
        for person in people
    ]


def letter_faults(letter: Letter) -> Iterator[str]:
    """What is wrong with a letter of a page, beside what its own texts name."""
    if not letter.template:
        return
    try:
        printed = prints(letter.template)
    except TemplateNotFound:
        yield f"the letter is templates/notifications/mail/{letter.template}.txt, and there is no such file"
        return
    for name in sorted(printed - {"person", "title", "actor", "reason"}):
        if not letter.words:
            yield f"the template “{letter.template}” prints “{name}”, and the letter names no words that answer it"


def sentence(session: Session, step: Taken, news: News) -> str:
    """What followers read of the step."""
    return str(worded()[news.words](session, step)["sentence"]) if news.words else filled(session, step, news.sentence)


def filled(session: Session, step: Taken, text: str) -> str:
    """A text of the page with what stands in braces."""

    def value(found: re.Match[str]) -> str:
        return _value(session, step, found[1])

    return PLACEHOLDER.sub(value, text)


def _value(session: Session, step: Taken, name: str) -> str:
    """What a letter names: NAMED in workflows/engine/letters.py, or a column of the record once the step is taken."""
    record = step.record
    if name == "title":
        return title_of(session, record)
    if name == "stage":
        return stage_title(session, record.challenge_id, record.stage)
    said = {"actor": step.actor.name, "reason": step.reason, "button": step.step.button, "says": step.step.says}
    if name in said:
        return said[name]
    value = step.value(name)
    if isinstance(value, datetime):
        return moment(value, zone_of(session, record), begins=name in BEGINNINGS)
    if value is None and _is_moment(step, name):
        return "the day that its page gives"
    if name.endswith("_pounds"):
        return money(value or 0)
    return "" if value is None else str(value)


def _is_moment(step: Taken, name: str) -> bool:
    kind = step.page.table.c[name].type
    return getattr(kind, "impl_instance", kind).python_type is datetime
