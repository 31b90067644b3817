"""What was approved at a gate, in places and in pounds, and how many of these places are taken, in SQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement

from civflow.models import Application
from civflow.services.engine.facts import GATE, OUTCOME, count, others_of, table, value
from civflow.workflows.applications import FREES_ITS_PLACE

GONE_ON = table(Application).alias("gone_on")
_GATE = others_of(GATE)


def places_at(gate_id: ColumnElement[Any], but: ColumnElement[Any]) -> dict[str, ColumnElement[Any]]:
    """The facts of workflows.rules.HasPlaces: of the gate, apart from the application `but`, whose place is asked for.

    A team that went on and was not selected later has used its place: what it cost is spent.
    """
    return {
        "places_approved": value(_GATE.c.going_on, _GATE.c.id == gate_id),
        "places_pounds": value(_GATE.c.stake_pounds, _GATE.c.id == gate_id),
        "places_taken": count(
            _GATE.c.id == gate_id,
            OUTCOME.c.gate_id == _GATE.c.id,
            GONE_ON.c.id == OUTCOME.c.application_id,
            GONE_ON.c.id != but,
            GONE_ON.c.stage != _GATE.c.stage,
            GONE_ON.c.state.not_in(FREES_ITS_PLACE),
        ),
    }
