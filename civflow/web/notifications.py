"""The outbox: what was written to people, when it leaves or left, and what could not be sent."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response, render_template, request
from sqlalchemy import ColumnElement, func, select
from sqlmodel import col

from civflow.models import Message
from civflow.services.engine.access import visibility_case
from civflow.services.notifications.facts import tells_of_nothing_sealed
from civflow.web.shared.access import holders_of, load_case, open_to
from civflow.web.shared.asks import whole_number
from civflow.web.shared.current import actor, now, session, settings
from civflow.web.shared.htmx import page_or_fragment
from civflow.web.shared.navigation import Link, holds_any
from civflow.web.shared.record_page import entries, offered_steps
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import Case, NotFound
from civflow.workflows.engine.sight import kept_back, may_see
from civflow.workflows.notifications import TO_AN_ASKER, WAITING, it_tells_of_nothing_sealed

blueprint = Blueprint("outbox", __name__)
NAVIGATION = (Link("Outbox", "/outbox", 70, lambda actor: holds_any(actor, "programme_manager", "administrator")),)
EACH, LAST_PAGE = 50, 100_000
STAFF = holders_of("programme_manager", "auditor", site=True, in_demonstration=True)


@blueprint.get("/outbox")
@open_to(STAFF)
def messages() -> Response:
    """Messages, newest first; by state and by words."""
    state, words = request.args.get("state", ""), request.args.get("q", "").strip().replace("\x00", "")[:200]
    number = min(max(1, whole_number(request.args.get("page", "")) or 1), LAST_PAGE)
    where = _filter(state, words)
    total = session().scalar(select(func.count()).select_from(Message).where(*where)) or 0
    query = select(Message).where(*where).order_by(col(Message.id).desc()).limit(EACH).offset((number - 1) * EACH)
    states = [("", "Any")] + [(s.name, s.staff) for s in HANDBOOK["message"].states.values()]
    found = session().scalars(query).all()
    return page_or_fragment(
        "notifications/list.html",
        "notifications/_list.html",
        messages=found,
        total=total,
        number=number,
        unnamed=_unnamed(found),
        state=state,
        words=words,
        states=states,
        labels=HANDBOOK["message"].states,
        leaves=set(WAITING),
    )


def _filter(state: str, words: str) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if not actor().holds("auditor", {}):
        where.append((col(Message.person_id) == actor().id) | tells_of_nothing_sealed(now()))
    if state in HANDBOOK["message"].states:
        where.append(col(Message.state) == state)
    if words:
        like = "%" + words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        named = col(Message.address).ilike(like, escape="\\") & ~col(Message.key).startswith(
            TO_AN_ASKER, autoescape=True
        )
        where.append(col(Message.subject).ilike(like, escape="\\") | named)
    return where


def _unnamed(messages: Sequence[Message]) -> set[int | None]:
    """The messages of which this person does not learn to whom they go."""
    page = HANDBOOK["message"]
    return {m.id for m in messages if "address" in kept_back(Case(page, m, actor(), now()))}


@blueprint.get("/outbox/<int:message_id>")
@open_to(STAFF)
def show(message_id: int) -> str:
    """One message. A link that signs somebody in is shown in the demonstration alone, where nobody else gets it."""
    message, case = _message(message_id)
    state = HANDBOOK["message"].states[message.state]
    unread = kept_back(case) - ({"body", "about"} if settings().demonstration else set())
    return render_template(
        "notifications/show.html",
        message=message,
        state=state,
        unread=unread,
        reader_id=actor().id,
        entries=entries(message, case),
        **offered_steps(message),
    )


def _message(message_id: int) -> tuple[Message, Case]:
    """The message, for those who may read it; in the demonstration, for everybody. Raises NotFound."""
    if not settings().demonstration:
        return load_case(Message, message_id)
    message = session().get(Message, message_id)
    if message is None:
        raise NotFound("There is no such message.")
    case = visibility_case(session(), message, actor=actor(), now=now())
    if not it_tells_of_nothing_sealed.claim(case) and not may_see(case):
        raise NotFound("There is no such message.")
    return message, case
