"""What people call a score, and an application among those of a gate."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Application, Assignment, Gate, Person, Score, Team
from civflow.services.assessment.gates import scorecard_of


def name_scores(session: Session, ids: Collection[int]) -> Mapping[int, str]:
    """'AB12 of Otter Works, Innovation, by Ailsa Chair: 2 of 4'; the panel's value where it has adjusted the score."""
    query = select(Score, Assignment, col(Application.reference), col(Team.name), col(Person.name))
    query = query.join(Assignment, col(Assignment.id) == col(Score.assignment_id))
    query = query.join(Application, col(Application.id) == col(Assignment.application_id))
    query = query.join(Team, col(Team.id) == col(Assignment.team_id))
    query = query.join(Person, col(Person.id) == col(Assignment.assessor_id))
    named = {}
    for score, assignment, reference, team, assessor in session.execute(query.where(col(Score.id).in_(ids))):
        card = scorecard_of(session, session.get_one(Gate, assignment.gate_id))
        title = next((c.title for c in card.criteria if c.id == score.criterion), score.criterion)
        value = score.value if score.moderated_value is None else score.moderated_value
        named[score.id] = f"{reference} of {team}, {title}, by {assessor}: {value} of {card.scale.most}"
    return named


def name_applications(session: Session, ids: Collection[int]) -> Mapping[int, str]:
    """'AB12 of Otter Works'."""
    query = select(col(Application.id), col(Application.reference), col(Team.name))
    query = query.join(Team, col(Team.id) == col(Application.team_id)).where(col(Application.id).in_(ids))
    return {row[0]: f"{row[1]} of {row[2]}" for row in session.execute(query)}


NAMES = {"score": name_scores, "application": name_applications}
