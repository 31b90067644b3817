"""How the person who is signed in follows a record, for any page that shows it."""

from __future__ import annotations

from typing import Any

from civflow.models import Challenge, Tracked
from civflow.models.following import DELIVERIES
from civflow.services import following
from civflow.services.engine.advance import workflow_of
from civflow.services.records.titles import path_of, short_title_of
from civflow.web.shared.current import person, session
from civflow.workflows.engine import Case
from civflow.workflows.engine.sight import may_follow


def following_of(record: Tracked) -> dict[str, Any]:
    """What following/_follow.html needs, on the page of a record that can be followed."""
    page = workflow_of(session(), record)
    return {
        "followed": page.followed,
        "follow_noun": page.name,
        "follow_id": record.id,
        "follow_called": page.called.lower(),
        "follow_title": short_title_of(session(), record),
        "follow_path": _path(record),
        "follow": following.of(session(), person(), record),
        "deliveries": DELIVERIES,
    }


def following_beside(record: Tracked, case: Case) -> dict[str, Any]:
    """The same for `/cases/...`: nothing where the record has a page of its own, or cannot be followed."""
    return following_of(record) if path_of(record).startswith("/cases/") and may_follow(case) else {}


def _path(record: Tracked) -> str:
    """Where one follows it: a challenge by its own address."""
    if isinstance(record, Challenge):
        return f"{path_of(record)}/follow"
    return f"/cases/{workflow_of(session(), record).name}/{record.id}/follow"
