"""Comments on the parts of a draft: said, answered in order, settled and opened again. They are never public."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, select
from sqlmodel import Session, col

from civflow.models import Challenge, Comment, Message, Person
from civflow.services.formatting import pasted
from civflow.services.notifications.outbox import post_all, write
from civflow.services.notifications.recipients import holders
from civflow.workflows.engine import Actor, NotFound, Refused
from civflow.workflows.notifications import WAITING

LONGEST = 2000  # characters
GATHERED = timedelta(minutes=10)  # how long a message waits for the comments that come after the first
TOLD = ("challenge_owner", "challenge_writer")
TAKEN_BACK = "taken back"  # the text of the mark that settles a comment whose words are not shown any more
MAY_COMMENT = (*TOLD, "programme_manager", "approver")


class Said(NamedTuple):
    """One comment and who made it."""

    comment: Comment
    name: str


class Thread(NamedTuple):
    """A comment with all that followed, in order; `is_open` until somebody settles it."""

    id: int
    is_open: bool
    said: list[Said]

    @property
    def is_taken_back(self) -> bool:
        """Whether whoever made the comment has taken it back: its words are kept and not shown."""
        return self.said[-1].comment.text == TAKEN_BACK and self.said[-1].comment.kind == "resolved"

    def is_only_of(self, person_id: int | None) -> bool:
        """Whether nobody else has said anything about it, so that this person may take it back."""
        return not self.is_taken_back and all(said.comment.by_id == person_id for said in self.said)


def threads(session: Session, challenge: Challenge, part: str) -> list[Thread]:
    """The threads of a part: those that are open first, each in the order in which people spoke."""
    query = select(Comment, col(Person.name)).join(Person, col(Person.id) == col(Comment.by_id))
    query = query.where(col(Comment.challenge_id) == challenge.id, col(Comment.part) == part)
    found: dict[int, Thread] = {}
    for comment, name in session.execute(query.order_by(col(Comment.id))):
        first = comment.thread_id or comment.id
        if comment.thread_id is None:
            found[first] = Thread(first, comment.is_open, [])
        found[first].said.append(Said(comment, name))
    return sorted(found.values(), key=lambda thread: (not thread.is_open, thread.id))


def open_numbers(session: Session, challenge: Challenge) -> dict[str, int]:
    """Part -> how many threads are open there."""
    query = select(col(Comment.part), func.count()).where(
        col(Comment.challenge_id) == challenge.id, col(Comment.thread_id).is_(None), col(Comment.is_open).is_(True)
    )
    return {row[0]: row[1] for row in session.execute(query.group_by(col(Comment.part)))}


def say(
    session: Session,
    challenge: Challenge,
    part: str,
    text: str,
    *,
    title: str,
    actor: Actor,
    now: datetime,
    thread_id: int | None = None,
) -> Comment:
    """Begin a thread at a part, or answer in one; an answer opens a thread that was settled.

    `title` is the part's, for the message that tells the others. Raises Refused for no words or too many, NotFound for
    a thread that is not there.
    """
    text = pasted(text).strip()
    if not text or len(text) > LONGEST:
        why = f"The comment has {len(text):,} characters; it may have {LONGEST:,}." if text else "Write your comment."
        raise Refused(why, fields={"text": why})
    first = _standing(session, challenge, part, thread_id) if thread_id else None
    if first and not first.is_open:
        _mark(session, first, "reopened", actor=actor, now=now)
    made = Comment(
        challenge_id=challenge.id or 0, part=part, thread_id=thread_id, text=text, by_id=actor.id or 0, at=now
    )
    session.add(made)
    session.flush()
    _tell(session, challenge, title, actor=actor, now=now)
    return made


def settle(session: Session, challenge: Challenge, part: str, thread_id: int, *, actor: Actor, now: datetime) -> bool:
    """Somebody says that a thread is settled; whether it was open. Nothing is deleted. Raises NotFound."""
    return _turn(session, challenge, part, thread_id, "resolved", actor=actor, now=now)


def reopen(session: Session, challenge: Challenge, part: str, thread_id: int, *, actor: Actor, now: datetime) -> bool:
    """Somebody opens a settled thread again; whether it was settled. Raises NotFound."""
    return _turn(session, challenge, part, thread_id, "reopened", actor=actor, now=now)


def take_back(
    session: Session, challenge: Challenge, part: str, thread_id: int, *, actor: Actor, now: datetime
) -> None:
    """Settle one's own comment so that nobody reads its words any more; they are kept.

    Raises Refused where somebody else has answered or settled it, or where it is somebody else's, NotFound.
    """
    first = _first(session, challenge, part, thread_id)
    thread = next(thread for thread in threads(session, challenge, part) if thread.id == first.id)
    if thread.is_taken_back:
        return
    if not thread.is_only_of(actor.id):
        raise Refused(NOT_ALONE, fields={"text": NOT_ALONE})
    _mark(session, first, "resolved", actor=actor, now=now, text=TAKEN_BACK)


NOT_ALONE = "Somebody else has said something about this comment, so it stays. You can answer it, or settle it."
IS_GONE = "This comment was taken back. Make another one."


def _turn(
    session: Session, challenge: Challenge, part: str, thread_id: int, kind: str, *, actor: Actor, now: datetime
) -> bool:
    first = _standing(session, challenge, part, thread_id)
    if first.is_open == (kind == "reopened"):
        return False
    _mark(session, first, kind, actor=actor, now=now)
    return True


def _first(session: Session, challenge: Challenge, part: str, thread_id: int) -> Comment:
    """The first comment of a thread, for one writer at a time."""
    found = session.get(Comment, thread_id, with_for_update=True, populate_existing=True)
    if found is None or found.thread_id or (found.challenge_id, found.part) != (challenge.id, part):
        raise NotFound("There is no such comment in this part.")
    return found


def _standing(session: Session, challenge: Challenge, part: str, thread_id: int) -> Comment:
    """The first comment of a thread that was not taken back. Raises Refused."""
    first = _first(session, challenge, part, thread_id)
    gone = select(col(Comment.id)).where(
        col(Comment.thread_id) == first.id, col(Comment.kind) == "resolved", col(Comment.text) == TAKEN_BACK
    )
    if session.scalars(gone).first():
        raise Refused(IS_GONE, fields={"text": IS_GONE})
    return first


def _mark(session: Session, first: Comment, kind: str, *, actor: Actor, now: datetime, text: str = "") -> None:
    first.is_open = kind == "reopened"
    session.add(
        Comment(
            challenge_id=first.challenge_id,
            part=first.part,
            thread_id=first.id,
            kind=kind,
            text=text,
            by_id=actor.id or 0,
            at=now,
        )
    )
    session.flush()


def _tell(session: Session, challenge: Challenge, title: str, *, actor: Actor, now: datetime) -> None:
    """The other writers get one message; what is said before it leaves needs no other."""
    people = {p.id: p for p in _audience(session, challenge) if p.id != actor.id}
    waiting = select(col(Message.person_id)).where(
        col(Message.key).startswith(f"comments-{challenge.id}-"),
        col(Message.state).in_(WAITING),
        col(Message.person_id).in_(people),
    )
    known = set(session.scalars(waiting))
    messages = [
        write(
            person=person,
            kind="comments",
            key=f"comments-{challenge.id}-{key}-{now:%Y%m%d%H%M%S%f}",
            now=now,
            about=f"/challenges/{challenge.slug}/edit",
            by=actor.name,
            part=title,
            title=challenge.title,
        )
        for key, person in people.items()
        if key not in known
    ]
    for message in messages:
        message.not_before = now + GATHERED
    post_all(session, messages, now=now)


def _audience(session: Session, challenge: Challenge) -> Iterator[Person]:
    """Who writes the challenge, and whoever has commented on it and still may."""
    for role in TOLD:
        yield from holders(session, role, challenge_id=challenge.id)
    spoke = select(col(Comment.by_id)).where(col(Comment.challenge_id) == challenge.id)
    spoken = set(session.scalars(spoke))
    for role in MAY_COMMENT:
        may = holders(session, role, round_id=challenge.round_id, challenge_id=challenge.id)
        yield from (person for person in may if person.id in spoken)
