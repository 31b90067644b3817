"""What the lines of home pages say about gates and assessments beyond their words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from civflow.models import Challenge, Gate
from civflow.services.assessment.assessor_page import MINUTES
from civflow.services.formatting import count
from civflow.services.programmes.store import programme_of
from civflow.services.records.waiting import Said, says
from civflow.workflows.engine import Case
from civflow.workflows.programme import Stage

Cases = Sequence[Case[Any]]


@says(needs=("panel_size",))
def who_is_missed(session: Session, cases: Cases, now: datetime) -> Said | None:  # noqa: ARG001
    """A panel with fewer people than the programme wants."""
    [case] = cases
    seats, wanted = case.facts.panel_size, people_wanted(_stage(session, case))
    if seats >= wanted:
        return None
    there = count(seats, "person sits", "people sit") if seats else "nobody sits"
    why = _why_so_many(_stage(session, case))
    return Said(f"The programme wants at least {count(wanted, 'person', 'people')}{why}; {there} on it.")


@says(needs=("panel_size", "applications_here"))
def who_can_be_matched(session: Session, cases: Cases, now: datetime) -> Said | None:  # noqa: ARG001
    """A panel is matched once it is complete."""
    [case] = cases
    if case.facts.panel_size < people_wanted(_stage(session, case)):
        return None
    here, seats = case.facts.applications_here, case.facts.panel_size
    return Said(f"{count(here, 'application')} before the gate, {count(seats, 'person', 'people')} on the panel.")


@says(needs=("panel_size", "asked"))
def how_many_are_matched(session: Session, cases: Cases, now: datetime) -> Said | None:  # noqa: ARG001
    """Scoring starts with a complete panel."""
    [case] = cases
    if case.facts.panel_size < people_wanted(_stage(session, case)):
        return None
    return Said(f"{count(case.facts.asked, 'assessment')} matched.")


@says(needs=("applications_here", "interviews"))
def how_many_are_to_be_heard(session: Session, cases: Cases, now: datetime) -> Said | None:  # noqa: ARG001
    """Interviews that are not offered yet, at a gate that hears teams."""
    [case] = cases
    if not _stage(session, case).interview_minutes:
        return None
    here, offered = case.facts.applications_here, case.facts.interviews
    detail = f"{count(here, 'team')} to hear; {offered} {'is' if offered == 1 else 'are'} offered."
    return Said(detail, number=here - offered)


@says()
def how_long_it_takes(session: Session, cases: Cases, now: datetime) -> Said | None:  # noqa: ARG001
    """An assessor's evening at one gate."""
    gate = session.get_one(Gate, cases[0].record.gate_id)
    hours = max(1, round(MINUTES * len(cases) / 60))
    return Said(f"about {hours} h of work", due=gate.scoring_due_at)


def people_wanted(stage: Stage) -> int:
    """How many people the programme wants on the panel, at the least."""
    panel = stage.panel
    return max(panel.people, panel.assessors_per_application) if panel else 2


def _why_so_many(stage: Stage) -> str:
    """', so that each application gets 3 assessors' where that, and not the panel's own number, decides how many."""
    panel = stage.panel
    if not panel or panel.people > panel.assessors_per_application:
        return ""
    return f", so that each application gets {panel.assessors_per_application} assessors"


def _stage(session: Session, case: Case[Any]) -> Stage:
    return programme_of(session, session.get_one(Challenge, case.record.challenge_id)).stage(case.record.stage)
