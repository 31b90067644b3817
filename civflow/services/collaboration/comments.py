"""Comments on any record, or on the parts of one: said, answered in order, settled and opened again. Never public."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, select
from sqlmodel import Session, col

from civflow.models import Comment, Message, Person, Tracked
from civflow.services.engine.about import about, keys
from civflow.services.engine.access import visibility_case
from civflow.services.engine.advance import workflow_of
from civflow.services.formatting import pasted
from civflow.services.notifications.outbox import post_all, write
from civflow.services.notifications.recipients import holders
from civflow.services.people import actor_of
from civflow.services.records.titles import comments_path, short_title_of
from civflow.workflows.engine import Actor, Comments, NotFound, Refused, Workflow
from civflow.workflows.engine.sight import reads_comments
from civflow.workflows.notifications import WAITING

LONGEST = 2000  # characters
GATHERED = timedelta(minutes=10)  # how long a message waits for the comments that come after the first
TAKEN_BACK = "taken back"  # the text of the mark that settles a comment whose words are not shown any more


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


def threads(session: Session, record: Tracked, part: str) -> list[Thread]:
    """The threads of a part: those that are open first, each in the order in which people spoke."""
    query = select(Comment, col(Person.name)).join(Person, col(Person.id) == col(Comment.by_id))
    query = query.where(about(Comment, record), col(Comment.part) == part)
    found: dict[int, Thread] = {}
    for comment, name in session.execute(query.order_by(col(Comment.id))):
        first = comment.thread_id or comment.id
        if comment.thread_id is None:
            found[first] = Thread(first, comment.is_open, [])
        found[first].said.append(Said(comment, name))
    return sorted(found.values(), key=lambda thread: (not thread.is_open, thread.id))


def open_numbers(session: Session, record: Tracked) -> dict[str, int]:
    """Part -> how many threads are open there."""
    query = select(col(Comment.part), func.count()).where(
        about(Comment, record), col(Comment.thread_id).is_(None), col(Comment.is_open).is_(True)
    )
    return {row[0]: row[1] for row in session.execute(query.group_by(col(Comment.part)))}


def say(
    session: Session,
    record: Tracked,
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
    first = _standing(session, record, part, thread_id) if thread_id else None
    if first and not first.is_open:
        _mark(session, first, "reopened", actor=actor, now=now)
    made = Comment(**keys(record), part=part, thread_id=thread_id, text=text, by_id=actor.id or 0, at=now)
    session.add(made)
    session.flush()
    _tell(session, record, title, actor=actor, now=now)
    return made


def settle(session: Session, record: Tracked, part: str, thread_id: int, *, actor: Actor, now: datetime) -> bool:
    """Somebody says that a thread is settled; whether it was open. Nothing is deleted. Raises NotFound."""
    return _turn(session, record, part, thread_id, "resolved", actor=actor, now=now)


def reopen(session: Session, record: Tracked, part: str, thread_id: int, *, actor: Actor, now: datetime) -> bool:
    """Somebody opens a settled thread again; whether it was settled. Raises NotFound."""
    return _turn(session, record, part, thread_id, "reopened", actor=actor, now=now)


def take_back(session: Session, record: Tracked, part: str, thread_id: int, *, actor: Actor, now: datetime) -> None:
    """Settle one's own comment so that nobody reads its words any more; they are kept.

    Raises Refused where somebody else has answered or settled it, or where it is somebody else's, NotFound.
    """
    first = _first(session, record, part, thread_id)
    thread = next(thread for thread in threads(session, record, part) if thread.id == first.id)
    if thread.is_taken_back:
        return
    if not thread.is_only_of(actor.id):
        raise Refused(NOT_ALONE, fields={"text": NOT_ALONE})
    _mark(session, first, "resolved", actor=actor, now=now, text=TAKEN_BACK)


NOT_ALONE = "Somebody else has said something about this comment, so it stays. You can answer it, or settle it."
IS_GONE = "This comment was taken back. Make another one."


def _turn(
    session: Session, record: Tracked, part: str, thread_id: int, kind: str, *, actor: Actor, now: datetime
) -> bool:
    first = _standing(session, record, part, thread_id)
    if first.is_open == (kind == "reopened"):
        return False
    _mark(session, first, kind, actor=actor, now=now)
    return True


def _first(session: Session, record: Tracked, part: str, thread_id: int) -> Comment:
    """The first comment of a thread, for one writer at a time."""
    found = session.get(Comment, thread_id, with_for_update=True, populate_existing=True)
    if found is None or found.thread_id or not _is_about(found, record, part):
        raise NotFound("There is no such comment in this part.")
    return found


def _is_about(comment: Comment, record: Tracked, part: str) -> bool:
    return {"workflow": comment.workflow, "record_id": comment.record_id} == keys(record) and comment.part == part


def _standing(session: Session, record: Tracked, part: str, thread_id: int) -> Comment:
    """The first comment of a thread that was not taken back. Raises Refused."""
    first = _first(session, record, part, thread_id)
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
            workflow=first.workflow,
            record_id=first.record_id,
            part=first.part,
            thread_id=first.id,
            kind=kind,
            text=text,
            by_id=actor.id or 0,
            at=now,
        )
    )
    session.flush()


def _tell(session: Session, record: Tracked, title: str, *, actor: Actor, now: datetime) -> None:
    """The others get one message; what is said before it leaves needs no other."""
    comments = _declared(workflow_of(session, record))
    people = {p.id: p for p in _audience(session, record, now=now) if p.id != actor.id}
    begins = "comments-{workflow}-{record_id}-".format(**keys(record))
    waiting = select(col(Message.person_id)).where(
        col(Message.key).startswith(begins, autoescape=True),
        col(Message.state).in_(WAITING),
        col(Message.person_id).in_(people),
    )
    known = set(session.scalars(waiting))
    messages = [
        write(
            person=person,
            kind=comments.letter,
            key=f"{begins}{key}-{now:%Y%m%d%H%M%S%f}",
            now=now,
            about=comments_path(record),
            by=actor.name,
            part=title,
            title=short_title_of(session, record),
        )
        for key, person in people.items()
        if key not in known
    ]
    for message in messages:
        message.not_before = now + GATHERED
    post_all(session, messages, now=now)


def _declared(page: Workflow) -> Comments:
    """Who reads and writes the comments on a record. Raises NotFound for a noun that names nobody."""
    if page.comments is None:
        raise NotFound(f"{page.called}: nobody comments on it.")
    return page.comments


def _audience(session: Session, record: Tracked, *, now: datetime) -> Iterator[Person]:
    """Who holds a role that is told, for the record or the whole site; and whoever has commented on it and still may."""
    page = workflow_of(session, record)
    own = {f"{scope}_id": getattr(record, column) for scope, column in page.scopes[-1:]}
    for role in _declared(page).told:
        yield from holders(session, role, **own)
    spoke = select(Person).where(col(Person.id).in_(select(col(Comment.by_id)).where(about(Comment, record))))
    for person in session.scalars(spoke.where(col(Person.closed_at).is_(None)).order_by(col(Person.id))):
        case = visibility_case(session, record, actor=actor_of(session, person, now=now), now=now)
        if reads_comments(case):
            yield person
