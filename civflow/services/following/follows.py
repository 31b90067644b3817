"""What a person follows: beginning, changing and ending it, by hand or by the link in a message."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, case, delete, func, select
from sqlmodel import Session, col

from civflow.models import Alert, Challenge, Follow, Person, Round
from civflow.models.following import DELIVERIES
from civflow.services.search.query import in_words, search_at
from civflow.services.search.sql import may_know_of, may_read, sight_of
from civflow.workflows.engine import Actor, Refused

MOST_SEARCHES = 50  # that one person follows
LONGEST_SEARCH = 600  # characters of its address


def follow(
    session: Session,
    person: Person,
    *,
    now: datetime,
    challenge: Challenge | None = None,
    search: str = "",
    delivery: str = "at_once",
) -> Follow:
    """Follow a challenge, or a search as `address_of` writes it; again after an end, or with another delivery.

    Raises Refused with a sentence for a delivery that there is none of, and for too many or too long searches.
    """
    _check(session, person, search if challenge is None else None, delivery)
    what = col(Follow.challenge_id) == challenge.id if challenge else col(Follow.search) == search
    known = session.scalars(select(Follow).where(col(Follow.person_id) == person.id, what)).first()
    made = known or Follow(
        person_id=person.id or 0,
        challenge_id=challenge.id if challenge else None,
        search=None if challenge else search,
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
            col(Follow.challenge_id).is_(None),
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


def of(session: Session, person: Person | None, challenge_id: int) -> Follow | None:
    """How a person follows a challenge, if they do."""
    if person is None:
        return None
    query = select(Follow).where(col(Follow.person_id) == person.id, col(Follow.challenge_id) == challenge_id)
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


def mine(session: Session, person: Person, *, actor: Actor) -> list[Followed]:
    """What a person follows: challenges by title, then searches."""
    rows = _of_person(session, actor, col(Follow.person_id) == person.id, col(Follow.ended_at).is_(None))
    return sorted(rows, key=lambda row: (row.follow.challenge_id is None, row.title.casefold()))


def title_of(session: Session, one: Follow, *, actor: Actor) -> str:
    """What is followed, in words; a challenge that is hidden at present keeps its title to itself."""
    [found] = _of_person(session, actor, col(Follow.id) == one.id)
    return found.title


def _of_person(session: Session, actor: Actor, *where: ColumnElement[bool]) -> list[Followed]:
    sight = sight_of(actor)
    shown = case((may_know_of(sight), 1), else_=0)
    readable = case((and_(may_know_of(sight), may_read(sight)), 1), else_=0)
    query = select(Follow, col(Challenge.title), col(Challenge.slug), shown, readable)
    query = query.outerjoin(Challenge, col(Challenge.id) == col(Follow.challenge_id))
    query = query.outerjoin(Round, col(Round.id) == col(Challenge.round_id))
    return [_followed(*row) for row in session.execute(query.where(*where))]


def _followed(one: Follow, title: str | None, slug: str | None, shown: int, readable: int) -> Followed:
    if one.search is not None:
        return Followed(one, f"New challenges: {in_words(search_at(one.search))}", f"/challenges?{one.search}")
    if not shown:
        return Followed(one, "A challenge that is not public at present", "")
    return Followed(one, title or "", f"/challenges/{slug}" if readable else "")
