"""Which steps of a gate are news, and in which words."""

from __future__ import annotations

from sqlmodel import Session

from civflow.models import Challenge
from civflow.services.challenges.news import applicant_ids
from civflow.services.engine.effects import Move
from civflow.services.following.registry import StepNews
from civflow.services.records.titles import stage_title


def _is_decided(session: Session, challenge: Challenge, move: Move) -> str:
    return f"The result of “{stage_title(session, challenge.id or 0, move.record.stage)}” is published."


NEWS = {("gate", "release"): StepNews("result", _is_decided, applicant_ids)}
