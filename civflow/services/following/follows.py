"""What a person follows: beginning, changing and ending it, by hand or by the link in a message."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, func, select
from sqlmodel import Session, col

from civflow.models import Alert, Follow, Person, Tracked
from civflow.models.following import DELIVERIES
from civflow.services.engine.about import about, keys
from civflow.services.engine.access import cases_of, visibility_case
from civflow.services.formatting import with_article
from civflow.services.records.titles import path_of, short_title_of
from civflow.services.search.query import in_words, search_at
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import Actor, Case, NotFound, Refused
from civflow.workflows.engine.sight import may_follow, may_see

MOST_SEARCHES = 50  # that one person follows
LONGEST_SEARCH = 600  # characters of its address


def follow(
    session: Session,
    person: Person,
    *,
    now: datetime,
    record: Tracked | None = None,
    search: str = "",
    delivery: str = "at_once",
) -> Follow:
    """Follow a record, or a search as `address_of` writes it; again after an end, or with another delivery.

    Raises Refused with a sentence for a delivery that there is none of, and for too many or too long searches.
    """
    _check(session, person, search if record is None else None, delivery)
    what = about(Follow, record) if record else col(Follow.search) == search
    known = session.scalars(select(Follow).where(col(Follow.person_id) == person.id, what)).first()
    made = known or Follow(
        person_id=person.id or 0,
        **(keys(record) if record else {"search": search}),
        token=secrets.token_urlsafe(32),
        begun_at=now,
    )
    if made.ended_at is not None:
        made.begun_at, made.ended_at = now, None
    made.delivery = delivery
    session.add(made)
    session.flush()
    return made


def deliver(session: Session, one: Follow, delivery: str) -> None:
    """Be told in another way. Raises Refused for a delivery that there is none of."""
    _check_delivery(delivery)
    one.delivery = delivery
    session.flush()


def _check_delivery(delivery: str) -> None:
    if delivery not in DELIVERIES:
        raise Refused("Choose how you want to be told.", fields={"delivery": "Choose how you want to be told."})


def _check(session: Session, person: Person, search: str | None, delivery: str) -> None:
    _check_delivery(delivery)
    if search is None:
        return
    if not search or len(search) > LONGEST_SEARCH:
        raise Refused(
            "Search for something first, or choose a filter: then you can follow what is found."
            if not search
            else "This search is too long to be followed. Use fewer words."
        )
    of_mine = (
        select(func.count())
        .select_from(Follow)
        .where(
            col(Follow.person_id) == person.id,
            col(Follow.record_id).is_(None),
            col(Follow.ended_at).is_(None),
            col(Follow.search) != search,
        )
    )
    if (session.scalar(of_mine) or 0) >= MOST_SEARCHES:
        raise Refused(f"You follow {MOST_SEARCHES} searches, which is the most. End one on your account's page first.")


def end(session: Session, follows: list[Follow], *, now: datetime) -> None:
    """Stop following; what waits for the daily message is not sent any more. Ending twice is as once."""
    for one in follows:
        one.ended_at = one.ended_at or now
    waiting = delete(Alert).where(col(Alert.follow_id).in_([f.id for f in follows]), col(Alert.told_at).is_(None))
    session.flush()
    session.connection().execute(waiting)


def followable(session: Session, noun: str, record_id: int, *, actor: Actor, now: datetime) -> Tracked:
    """The record, if the actor may follow it, although perhaps not read it yet. Raises NotFound, in the same words."""
    page = HANDBOOK.get(noun)
    record = session.get(page.record, record_id) if page and page.followed else None
    if record is None or not may_follow(visibility_case(session, record, actor=actor, now=now)):
        raise NotFound("There is nothing here to follow, or it is not yours to see.")
    return record


def record_of(session: Session, one: Follow) -> Tracked | None:
    """The record that is followed; None for a search."""
    return session.get(HANDBOOK[one.workflow].record, one.record_id) if one.workflow else None


def of(session: Session, person: Person | None, record: Tracked) -> Follow | None:
    """How a person follows a record, if they do."""
    if person is None:
        return None
    query = select(Follow).where(col(Follow.person_id) == person.id, about(Follow, record))
    return session.scalars(query.where(col(Follow.ended_at).is_(None))).first()


def by_token(session: Session, token: str) -> Follow | None:
    """What the link in a message ends, whether it has ended already or not."""
    return session.scalars(select(Follow).where(col(Follow.token) == token)).first()


def by_number(session: Session, person: Person, follow_id: int) -> Follow | None:
    """One of a person's own, that has not ended."""
    query = select(Follow).where(col(Follow.id) == follow_id, col(Follow.person_id) == person.id)
    return session.scalars(query.where(col(Follow.ended_at).is_(None))).first()


def daily_of(session: Session, person_id: int) -> list[Follow]:
    """Everything that comes to a person with the daily message."""
    query = select(Follow).where(col(Follow.person_id) == person_id, col(Follow.delivery) == "daily")
    return list(session.scalars(query.where(col(Follow.ended_at).is_(None)).order_by(col(Follow.id))))


class Followed(NamedTuple):
    """One line of what a person follows; `path` is empty where nothing can be read at present."""

    follow: Follow
    title: str
    path: str


def mine(session: Session, person: Person, *, actor: Actor, now: datetime) -> list[Followed]:
    """What a person follows: records by title, then searches."""
    query = select(Follow).where(col(Follow.person_id) == person.id, col(Follow.ended_at).is_(None))
    rows = _as_followed(session, session.scalars(query.order_by(col(Follow.id))).all(), actor, now)
    return sorted(rows, key=lambda row: (row.follow.record_id is None, row.title.casefold()))


def title_of(session: Session, one: Follow, *, actor: Actor, now: datetime) -> str:
    """What is followed, in words; a record that is hidden at present keeps its title to itself."""
    [found] = _as_followed(session, [one], actor, now)
    return found.title


def _as_followed(session: Session, follows: Sequence[Follow], actor: Actor, now: datetime) -> list[Followed]:
    """Each in words; one statement for the records of a noun, and one for what the rules look at."""
    numbers: dict[str, list[int]] = {}
    for one in follows:
        if one.workflow and one.record_id:
            numbers.setdefault(one.workflow, []).append(one.record_id)
    cases = {noun: cases_of(session, HANDBOOK[noun], ids, actor=actor, now=now) for noun, ids in numbers.items()}
    records: dict[tuple[str, int], Tracked] = {}
    for noun, ids in numbers.items():
        model: Any = HANDBOOK[noun].record
        records |= {
            (noun, record.id): record for record in session.scalars(select(model).where(col(model.id).in_(ids)))
        }
    return [
        _a_search(one) if one.search is not None else _a_record(session, one, records[key], cases[key[0]][key[1]])
        for one in follows
        for key in [(one.workflow or "", one.record_id or 0)]
    ]


def _a_search(one: Follow) -> Followed:
    search = one.search or ""
    return Followed(one, f"New challenges: {in_words(search_at(search))}", f"/challenges?{search}")


def _a_record(session: Session, one: Follow, record: Tracked, case: Case[Any]) -> Followed:
    if not may_follow(case):
        hidden = with_article(case.workflow.called.lower())
        return Followed(one, f"{hidden[0].upper()}{hidden[1:]} that is not public at present", "")
    return Followed(one, short_title_of(session, record), path_of(record) if may_see(case) else "")
