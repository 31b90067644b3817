"""The outbox: what was written to people, when it leaves or left, and what could not be sent."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request
from sqlalchemy import func, select
from sqlmodel import col

from civflow.models import Message
from civflow.web.access import holders_of, load, open_to
from civflow.web.cases import offered_steps
from civflow.web.current import session
from civflow.web.htmx import page_or_fragment
from civflow.workflows import HANDBOOK

blueprint = Blueprint("outbox", __name__)
EACH = 50
STAFF = holders_of("programme_manager", "auditor", "administrator")


@blueprint.get("/outbox")
@open_to(STAFF)
def messages() -> Response:
    """Messages, newest first; by state and by words."""
    state, words = request.args.get("state", ""), request.args.get("q", "").strip()
    page = max(1, request.args.get("page", 1, type=int))
    where = []
    if state in HANDBOOK["message"].states:
        where.append(col(Message.state) == state)
    if words:
        like = "%" + words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        where.append(col(Message.subject).ilike(like, escape="\\") | col(Message.address).ilike(like, escape="\\"))
    total = session().scalar(select(func.count()).select_from(Message).where(*where)) or 0
    query = select(Message).where(*where).order_by(col(Message.id).desc()).limit(EACH).offset((page - 1) * EACH)
    states = [("", "Any")] + [(s.name, s.staff) for s in HANDBOOK["message"].states.values()]
    return page_or_fragment(
        "outbox/list.html", "outbox/_list.html", messages=session().scalars(query).all(), total=total, number=page,
        state=state, words=words, states=states, labels=HANDBOOK["message"].states,
    )  # fmt: skip


@blueprint.get("/outbox/<int:message_id>")
@open_to(STAFF)
def show(message_id: int) -> str:
    message = load(Message, message_id)
    state = HANDBOOK["message"].states[message.state]
    return render_template("outbox/show.html", message=message, state=state, **offered_steps(message))
