"""What the page of any record shows: its title and state, what this reader may do now, and what has happened."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from civflow.models import Tracked
from civflow.services.engine.advance import options, workflow_of
from civflow.services.records.details import rows_of
from civflow.services.records.preview import StepPreview, preview_step
from civflow.services.records.timeline import TimelineEntry, timeline_for
from civflow.services.records.titles import path_of, step_path, title_of
from civflow.web.shared.current import actor, now, session
from civflow.workflows.engine import Case, Option, Step
from civflow.workflows.engine.sight import reads_as


def context(record: Tracked, case: Case) -> dict[str, Any]:
    """What the page of a record shows: its title, state, facts, and what this reader may do."""
    page = workflow_of(session(), record)
    state = page.states[record.state]
    offered = options(session(), record, actor=actor(), now=now())
    return {
        "record": record,
        "noun": page,
        "title": title_of(session(), record),
        "state": state,
        "label": state.staff if is_staff(case) else state.public or state.staff,
        "rows": rows_of(session(), record, case),
        "path": path_of(record),
        "own_page": not path_of(record).startswith("/cases/"),
        **offered_steps(record, offered),
    }


def offered_steps(record: Tracked, offered: Any = None) -> dict[str, Any]:
    """For records/_options.html: what this person may do now, and what is not possible yet, with why."""
    found = offered if offered is not None else options(session(), record, actor=actor(), now=now())
    return {
        "case_workflow": workflow_of(session(), record).name,
        "case_id": record.id,
        "step_paths": {o.step.name: path for o in found if (path := step_path(session(), record, o.step.name))},
        "possible": [o for o in found if o.allowed and not is_by_itself(o.step)],
        "not_yet": [o for o in found if not o.allowed and not o.forbidden and not is_by_itself(o.step)],
        "by_itself": [o for o in found if o.due and o.due > now()],
        "for_others": [o for o in found if o.forbidden and not is_by_itself(o.step)],
    }


def is_by_itself(step: Step) -> bool:
    """Steps that nobody takes by hand."""
    return all(r.name == "by_itself" for r in step.permits)


def is_staff(case: Case) -> bool:
    """Whether the reader runs this programme: they read the staff's labels and names."""
    return reads_as(case) == "staff"


def entries(record: Tracked, case: Case) -> list[TimelineEntry]:
    """The history, newest first, as this reader may read it."""
    return timeline_for(session(), record, case)


def decides(record: Tracked, offered: Iterable[Option], trigger: str) -> StepPreview | None:
    """What the step would decide, for whoever may take it now: for a page of its own, with records/_decides.html."""
    option = next((option for option in offered if option.step.name == trigger), None)
    if option is None or not option.allowed:
        return None
    return preview_step(session(), option.step, record, actor=actor(), now=now(), reason="")
