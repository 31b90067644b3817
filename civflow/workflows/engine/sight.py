"""Sight: who may see a record and what they read of it, as its page says. Whoever is not named sees nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from civflow.models.people import STAFF
from civflow.workflows.engine.language import Ask, Case

if TYPE_CHECKING:
    from civflow.workflows.engine.workflow import Workflow


def may_see(case: Case) -> bool:
    """Whether the actor may know of the record at all."""
    return any(r.claim(case) for r in case.workflow.sees)


def is_staff(case: Case) -> bool:
    """Whether the actor runs the programme or decides in it; this looks at no facts."""
    return any(case.holds(role) for role in STAFF)


def reads_as(case: Case) -> str:
    """How somebody who may see the record reads it: as staff, as one whom it concerns, or as the public."""
    if is_staff(case):
        return "staff"
    return "concerned" if any(r.claim(case) for r in case.workflow.sees if not r.public) else "public"


def columns_read(case: Case) -> frozenset[str]:
    """The names of the columns that the actor, who may see the record, reads of it."""
    shows = case.workflow.shows
    listed = shows.shown + (shows.staff if reads_as(case) == "staff" else ())
    return frozenset(listed) - kept_back(case)


def kept_back(case: Case) -> set[str]:
    """The columns of the record that a guard keeps from this actor although they may see the record."""
    return {column for column, guard in case.workflow.shows.guarded.items() if not guard.claim(case)}


def reads_comments(case: Case) -> bool:
    """Whether the actor reads the comments on the record: its page names who does, beside who sees it."""
    comments = case.workflow.comments
    return comments is not None and may_see(case) and any(r.claim(case) for r in comments.read)


def writes_comments(case: Case) -> bool:
    """Whether the actor, who reads the comments on the record, writes some too."""
    comments = case.workflow.comments
    return comments is not None and reads_comments(case) and any(r.claim(case) for r in comments.write)


def may_follow(case: Case) -> bool:
    """Whether the actor may follow the record, and knows what it is called."""
    followed = case.workflow.followed
    return followed is not None and any(r.claim(case) for r in followed.by)


def may_read_names(case: Case) -> bool:
    """Whether the actor reads in the history who took each step, by name."""
    return reads_as(case) == "staff" or (case.workflow.shared and may_see(case))


def may_read_name(case: Case, step: str) -> bool:
    """Whether the actor, as somebody who reads the names of a record's history, reads who took this step."""
    guard = case.workflow.names_who_began
    return step != "begin" or guard is None or guard.claim(case)


def may_read_step(case: Case, step: str, from_state: str, to_state: str) -> bool:
    """Whether the actor reads in the history that this step was taken: the public not while it was not public."""
    page = case.workflow
    private = {"", *page.not_public} if page.not_public else set()  # what has no state before it begins
    hidden = {from_state, to_state} <= private or any(s.quiet for s in page.steps if s.name == step)
    return reads_as(case) != "public" or not hidden


def may_read_reason(case: Case, step: str) -> bool:
    """Whether the actor reads the reason of a step; the public only where the step promises it."""
    return reads_as(case) != "public" or publishes_its_reason(case.workflow, step)


def may_read_input(case: Case, step: str, name: str, ask: Ask | None) -> bool:
    """Whether the actor reads in the history what was given with a step as the input `name`, which is `ask`, or kept beside it.

    An auditor reads everything. Others read what the record shows them as its column: whom it concerns no words, of which
    earlier ones may stand there; staff also what has no column, where the page lets them look beyond the columns.
    """
    page, reader = case.workflow, reads_as(case)
    if case.holds("auditor"):
        return True
    if any(s.confides for s in page.steps if s.name == step):
        return False
    if name in page.table.c:
        return name in columns_read(case) and (reader == "staff" or (reader == "concerned" and _is_no_text(ask)))
    return reader == "staff" and all(r.claim(case) for r in page.shows.beyond)


def _is_no_text(ask: Ask | None) -> bool:
    return ask is not None and ask.kind not in ("text", "line")


def publishes_its_reason(page: Workflow, step: str) -> bool:
    """Whether everybody reads the reason that is given for a step of this name."""
    return any(s.publishes_reason for s in page.steps if s.name == step)


def roles_that_see(page: Workflow) -> tuple[str, ...]:
    """The granted roles that see every record of a noun in their scope."""
    return tuple(r.role for r in page.sees if r.role)


def is_public(page: Workflow) -> bool:
    """Whether there are records of the noun that everybody sees."""
    return any(r.public for r in page.sees)


def needs_of(page: Workflow) -> tuple[str, ...]:
    """The facts that the rules about who sees what, who comments and who follows, look at."""
    return tuple(dict.fromkeys(name for r in page.rules_of_sight() for name in r.needs))
