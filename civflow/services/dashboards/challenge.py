"""What belongs to a challenge, for those whose role lets them see it: gates, applications, places, agreements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlmodel import Session, col

from civflow.models import Agreement, Application, Challenge, Place, Team, Tracked
from civflow.services.assessment.progress import GateAt, gates_at
from civflow.services.challenges.seal import is_readable, seals
from civflow.services.engine.access import looks_into
from civflow.services.engine.advance import PAGES
from civflow.services.programmes.store import programme_of
from civflow.services.records.titles import path_of
from civflow.workflows.engine import Actor, State


class Entry(NamedTuple):
    """A place or an agreement: whose, for which stage, where it is read, how it stands."""

    team: str
    stage: str
    href: str
    state: State
    pounds: int


@dataclass(frozen=True)
class ChallengeRecords:
    """The lists are None where the reader's role does not see that noun. `applications`: how many can be read now."""

    gates: list[GateAt] | None
    applications: int | None
    sealed_until: datetime | None
    places: list[Entry] | None
    agreements: list[Entry] | None

    @property
    def is_empty(self) -> bool:
        """Whether this reader sees nothing of it at all."""
        return all(part is None for part in (self.gates, self.applications, self.places, self.agreements))


def records_of(session: Session, challenge: Challenge, *, actor: Actor, now: datetime) -> ChallengeRecords:
    """What the actor may see of a challenge; nothing is asked of the database for whoever sees nothing."""
    sees = {noun: looks_into(actor, noun, challenge) for noun in ("gate", "application", "place", "agreement")}
    return ChallengeRecords(
        gates=gates_at(session, [challenge], actor=actor)[challenge.id or 0] if sees["gate"] else None,
        applications=_readable(session, challenge, now) if sees["application"] else None,
        sealed_until=seals(session, [challenge], now=now).get(challenge.id or 0) if sees["application"] else None,
        places=_entries(session, challenge, Place) if sees["place"] else None,
        agreements=_entries(session, challenge, Agreement) if sees["agreement"] else None,
    )


def _readable(session: Session, challenge: Challenge, now: datetime) -> int:
    mine = col(Application.challenge_id) == challenge.id
    return session.scalar(select(func.count()).select_from(Application).where(mine, is_readable(now))) or 0


def _entries(session: Session, challenge: Challenge, model: type[Place | Agreement]) -> list[Entry]:
    """Places or agreements by stage, then by team."""
    query = select(model, col(Team.name)).join(Team, col(Team.id) == col(model.team_id))
    query = query.where(col(model.challenge_id) == challenge.id).order_by(col(model.starts_at), col(Team.name))
    contents, rows = programme_of(session, challenge), session.execute(query)
    return [_entry(record, team, contents.stage(record.stage).title) for record, team in rows]


def _entry(record: Any, team: str, stage: str) -> Entry:
    pounds = record.price_pounds if isinstance(record, Agreement) else record.money_pounds
    return Entry(team, stage, path_of(record), PAGES[type(record)].states[record.state], pounds)


def numbers_of(
    session: Session, challenges: Sequence[Challenge], *, actor: Actor, now: datetime
) -> dict[str, dict[int, int]]:
    """'application', 'place' and 'agreement' -> challenge id -> how many the actor may see. Three statements."""
    found: dict[str, dict[int, int]] = {}
    models: dict[str, tuple[type[Tracked], Any]] = {
        "application": (Application, is_readable(now)),
        "place": (Place, None),
        "agreement": (Agreement, None),
    }
    for noun, (model, also) in models.items():
        ids = [c.id or 0 for c in challenges if looks_into(actor, noun, c)]
        key = PAGES[model].table.c.challenge_id
        query = select(key, func.count()).where(key.in_(ids)).group_by(key)
        rows = session.execute(query.where(also) if also is not None else query) if ids else ()
        found[noun] = {row[0]: row[1] for row in rows}
    return found
