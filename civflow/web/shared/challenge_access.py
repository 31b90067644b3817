"""A challenge for those who own it or run its round, and one for everybody who may see it, by its address."""

from __future__ import annotations

from flask import g
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Challenge
from civflow.services.challenges import public_page
from civflow.services.programmes.store import programme_of
from civflow.web.shared.access import load_case, only_for
from civflow.web.shared.current import session
from civflow.workflows.challenges.page import OWNERS
from civflow.workflows.challenges.readiness import WRITERS
from civflow.workflows.engine import Case, NotFound, Rule
from civflow.workflows.questions import ANSWERING
from civflow.workflows.rules import the_auditor


def at_address(slug: str) -> tuple[Challenge, Case]:
    """The challenge at an address, with its case. Raises NotFound where there is none or it is hidden."""
    challenge_id = session().scalar(select(col(Challenge.id)).where(col(Challenge.slug) == slug))
    if challenge_id is None:
        raise NotFound(public_page.NOTHING)
    challenge, case = load_case(Challenge, challenge_id)
    g.zone = programme_of(session(), challenge).timezone
    return challenge, case


def owned(slug: str, by: tuple[Rule, ...] = OWNERS) -> Challenge:
    """The challenge, for those of whom one of these rules is true. Raises Forbidden, or NotFound where it is hidden."""
    challenge, case = at_address(slug)
    only_for(case, *by)
    return challenge


def is_writable(challenge: Challenge) -> bool:
    """Whether the text can be changed in the state in which the challenge stands."""
    case = load_case(Challenge, challenge.id or 0)[1]
    return "write" in case.workflow.steps_from(challenge.state)


def may_write(challenge: Challenge) -> bool:
    """Whether this person is one of those who write it."""
    case = load_case(Challenge, challenge.id or 0)[1]
    return any(permits(case) for permits in WRITERS)


def answers_questions(case: Case) -> bool:
    """Whether this person answers the questions about the challenge."""
    return any(permits.claim(case) for permits in ANSWERING)


def reads_the_list(case: Case) -> bool:
    """Whether this person reads the questions that nobody has answered yet."""
    return answers_questions(case) or the_auditor.claim(case)


def must_answer(case: Case) -> None:
    """Raise Forbidden for somebody who does not answer the questions about the challenge."""
    only_for(case, *ANSWERING)
