"""Taking a step from a page: all of it is committed at the end, or none of it is and the page says why.

    with attempt() as tried:
        take(assignment, "decline", decline_why=why)
    if tried.refusal:
        return tried.page("assessment/show.html", **_context(load(Assignment, assignment_id)))
    return redirect_to("/assignments")

Whatever was loaded before a refusal is loaded again for the page: somebody else may have changed it meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flask import Response, render_template, request

from civflow.models import Tracked
from civflow.services.engine.advance import advance
from civflow.services.engine.effects import Move
from civflow.services.records.choices import choices_of, is_permitted
from civflow.services.records.zones import zone_of
from civflow.web.shared.asks import plain, read_inputs, whole_number
from civflow.web.shared.current import actor, now, session
from civflow.web.shared.errors import AS_NAMED, lines_of, status_of
from civflow.workflows.engine import Conflicted, Refusal, Refused, Step


class Attempt:
    """How it went: `refusal` says why nothing is kept, and is None where all of it is."""

    def __init__(self, refusal: Refusal | None = None) -> None:
        self.refusal = refusal

    @property
    def is_late(self) -> bool:
        """Whether somebody else was first."""
        return isinstance(self.refusal, Conflicted)

    @property
    def status(self) -> int:
        return status_of(self.refusal) if self.refusal else 200

    def lines(self, ids: Mapping[str, str] = AS_NAMED) -> list[tuple[str, str]]:
        """For the error summary: (where on the page, sentence); `ids` as `lines_of` takes them."""
        return lines_of(self.refusal, ids) if self.refusal else []

    def fields(self, ids: Mapping[str, str] = AS_NAMED) -> dict[str, str]:
        """For the fields: where on the page -> what is wrong there."""
        found: dict[str, str] = {}
        for field, sentence in self.lines(ids):
            if field:
                found[field] = f"{found[field]} {sentence}" if field in found else sentence
        return found

    def page(self, template: str, ids: Mapping[str, str] = AS_NAMED, **context: Any) -> Response:
        """The page again, with its status: `errors`, `fields`, and whether it is a `conflict`."""
        said = {"errors": self.lines(ids), "fields": self.fields(ids), "conflict": self.is_late}
        return Response(render_template(template, **{**context, **said}), self.status)


@contextmanager
def attempt(*also: type[Refusal], keeps: bool = True) -> Iterator[Attempt]:
    """Commit what the block does, or roll all of it back where it is Refused or Conflicted: the block ends there.

    `also` are other refusals that the page itself answers; without it, those lead to the pages of web/shared/errors.py.
    With `keeps=False` the block only looks what would be: nothing of it is kept in any case.
    """
    tried = Attempt()
    answered: tuple[type[Refusal], ...] = (Refused, Conflicted, *also)
    try:
        yield tried
    except answered as refusal:
        session().rollback()
        tried.refusal = refusal
    else:
        if keeps:
            session().commit()
        else:
            session().rollback()


def revision_seen() -> int | None:
    """The revision that the person had before their eyes, as the form brings it."""
    return whole_number(request.form.get("seen", ""))


def take(record: Tracked, trigger: str, **inputs: Any) -> Move:
    """Take a step as the person who is signed in, on what they have seen. Raises as `advance` does; commits nothing."""
    return advance(session(), record, trigger, actor=actor(), now=now(), seen=revision_seen(), **inputs)


def typed_inputs(record: Tracked, step: Step) -> dict[str, Any]:
    """The step's asks as the form brings them, and the reason. Raises Refused with a sentence for each field.

    Whoever may not take the step is asked for nothing: their form is not looked at before the handbook has judged them.
    """
    reason = {"reason": plain(request.form.get("reason", ""))}
    if not is_permitted(session(), record, step, actor=actor(), now=now()):
        return reason
    choices = choices_of(session(), record, step, actor=actor(), now=now())
    inputs = read_inputs(session(), step, request.form, zone=zone_of(session(), record), choices=choices)
    return {**inputs, **reason}
