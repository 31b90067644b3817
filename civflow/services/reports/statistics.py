"""What a challenge came to, in numbers that everybody may read: after a gate's release, and telling of no loser."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import case, func, select
from sqlmodel import Session, col

from civflow.models import Agreement, Application, Challenge, Organisation, Round, Team
from civflow.services.challenges.funnel import StageOf, funnels, moves_of, who_left
from civflow.services.formatting import harmless
from civflow.services.programmes.store import programme_of
from civflow.workflows.agreements import SIGNED
from civflow.workflows.applications import BEING_WRITTEN, WON
from civflow.workflows.challenges.readiness import CALL_IS_OPEN
from civflow.workflows.programme import Programme
from civflow.workflows.sizes import SMALL

FEWEST = 5  # applications: of fewer no share is told
BANDS = ("fewer than a third", "between a third and two thirds", "more than two thirds")
RULE = (
    f"No share is told of fewer than {FEWEST} applications whose company is known, and a share is told in thirds. The "
    "share of several challenges is reckoned from those shares that are told, as they are told: nobody can count back "
    "to a team that was not selected."
)
COLUMNS = (
    "challenge",
    "title",
    "applications",
    "small_company_share",
    "shortlisted",
    "winners",
    "contract_value_pounds",
    "stage",
    "days",
)


@dataclass(frozen=True)
class Statistics:
    """One challenge, or several together. None where a gate that would tell it is not released yet, or where telling
    it would tell of single teams. `days` are whole days at each stage that is over: title -> days.
    """

    applications: int
    small_share: str | None  # one of BANDS, of the applications of which it is known whose they are
    shortlisted: int | None
    winners: int | None
    value_pounds: int | None  # of signed contracts, without VAT
    days: Mapping[str, int]
    withdrew: int = 0  # of the applications, those that no gate has ranked
    ruled_out: int = 0

    @property
    def came(self) -> int:
        """How many applications came to the first gate."""
        return self.applications - self.withdrew - self.ruled_out

    @property
    def left(self) -> str:
        """'1 withdrew': who left before the first gate; '' where nobody did."""
        return who_left(self.withdrew, self.ruled_out)


def statistics(session: Session, challenges: Sequence[Challenge]) -> dict[int, Statistics]:
    """Challenge id -> its numbers, for those that have a released gate. A fixed number of statements."""
    programmes = [programme_of(session, challenge) for challenge in challenges]
    stages = funnels(session, challenges, programmes)
    told = [
        (challenge, programme)
        for challenge, programme in zip(challenges, programmes, strict=True)
        if any(stage.released_at for stage in stages[challenge.id or 0])
    ]
    ids = [challenge.id or 0 for challenge, _ in told]
    sizes, won = _sizes(session, ids), _won(session, ids)
    values, moves = _values(session, ids), moves_of(session, ids)
    return {
        challenge.id or 0: _of(challenge, programme, stages[challenge.id or 0], sizes, won, values, moves)
        for challenge, programme in told
    }


def of_challenge(session: Session, challenge: Challenge) -> Statistics | None:
    """The numbers of one challenge; None before a gate is released."""
    return statistics(session, [challenge]).get(challenge.id or 0)


def of_round(session: Session, round_: Round) -> list[tuple[Challenge, Statistics]]:
    """The published challenges of a round with a released gate, by their number in the round."""
    query = select(Challenge).where(col(Challenge.round_id) == round_.id, col(Challenge.version) > 0)
    challenges = session.scalars(query.order_by(col(Challenge.reference), col(Challenge.id))).all()
    found = statistics(session, challenges)
    return [(challenge, found[challenge.id or 0]) for challenge in challenges if challenge.id in found]


def together(several: Iterable[Statistics]) -> Statistics:
    """Sums over challenges, with the mean of the whole days at each stage.

    The share is made of nothing but what each challenge tells, so that no difference tells of what is withheld: each
    band counts as its middle, with the weight of the applications. None where no challenge tells a share.
    """
    found = list(several)
    days: dict[str, list[int]] = {}
    for one in found:
        for title, number in one.days.items():
            days.setdefault(title, []).append(number)
    told = [(2 * BANDS.index(one.small_share) + 1, one.applications) for one in found if one.small_share]
    sixths, weight = sum(sixth * number for sixth, number in told), sum(number for _, number in told)
    return Statistics(
        applications=sum(one.applications for one in found),
        small_share=_share(sixths, 6 * weight),
        shortlisted=_sum(one.shortlisted for one in found),
        winners=_sum(one.winners for one in found),
        value_pounds=_sum(one.value_pounds for one in found),
        days={title: round(sum(numbers) / len(numbers)) for title, numbers in days.items()},
        withdrew=sum(one.withdrew for one in found),
        ruled_out=sum(one.ruled_out for one in found),
    )


def _sum(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _share(small: int, known: int) -> str | None:
    """In thirds, so that from FEWEST on each of BANDS holds at least two numbers of small companies; None of too few."""
    return None if known < FEWEST else BANDS[(3 * small >= known) + (3 * small > 2 * known)]


def _of(
    challenge: Challenge,
    programme: Programme,
    stages: list[StageOf],
    sizes: Mapping[int, tuple[int, int]],
    won: Mapping[int, int],
    values: Mapping[int, int],
    moves: Mapping[int, list[tuple[str, datetime]]],
) -> Statistics:
    gates = [stage for stage in stages if stage.kind == "gate"]
    small, known = sizes.get(challenge.id or 0, (0, 0))
    decided = all(gate.released_at for gate in gates)
    return Statistics(
        applications=gates[0].applied or 0,
        small_share=_share(small, known),
        shortlisted=gates[0].went_on,
        winners=won.get(challenge.id or 0, 0) if decided else None,
        value_pounds=values.get(challenge.id or 0) if decided else None,
        days=_days(programme, set(CALL_IS_OPEN), moves.get(challenge.id or 0, [])),
        withdrew=gates[0].withdrew,
        ruled_out=gates[0].ruled_out,
    )


def _sizes(session: Session, ids: list[int]) -> dict[int, tuple[int, int]]:
    """Challenge id -> applications of small companies, and those of which it is known whose they are.

    A team without a company is known to be none; of a company that has not said its size nothing is known.
    """
    is_small = case((col(Organisation.size).in_(SMALL), 1), else_=0)
    is_known = case((col(Team.organisation_id).is_(None) | col(Organisation.size).is_not(None), 1), else_=0)
    query = (
        select(col(Application.challenge_id), func.sum(is_small), func.sum(is_known))
        .join(Team, col(Team.id) == col(Application.team_id))
        .outerjoin(Organisation, col(Organisation.id) == col(Team.organisation_id))
        .where(
            col(Application.challenge_id).in_(ids),
            col(Application.submitted_at).is_not(None),
            ~col(Application.state).in_(BEING_WRITTEN),
        )
        .group_by(col(Application.challenge_id))
    )
    return {row[0]: (row[1], row[2]) for row in session.execute(query)}


def _won(session: Session, ids: list[int]) -> dict[int, int]:
    """Challenge id -> teams that are selected now: whoever gave the place up has not won."""
    query = select(col(Application.challenge_id), func.count()).where(
        col(Application.challenge_id).in_(ids), col(Application.state).in_(WON)
    )
    return {row[0]: row[1] for row in session.execute(query.group_by(col(Application.challenge_id)))}


def _values(session: Session, ids: list[int]) -> dict[int, int]:
    """Challenge id -> pounds of the contracts that both sides have signed."""
    query = select(col(Agreement.challenge_id), func.sum(col(Agreement.price_pounds))).where(
        col(Agreement.challenge_id).in_(ids), col(Agreement.place_id).is_(None), col(Agreement.state).in_(SIGNED)
    )
    return {row[0]: row[1] for row in session.execute(query.group_by(col(Agreement.challenge_id)))}


def _days(programme: Programme, calling: set[str], moves: Sequence[tuple[str, datetime]]) -> dict[str, int]:
    """Stage's title -> whole days that the challenge stood there; the stage in which it stands now is left out."""
    titles = {stage.id: stage.title for stage in programme.flow} | dict.fromkeys(calling, programme.call.title)
    seconds: dict[str, float] = {}
    for (state, at), (_, left) in pairwise(moves):
        if state in titles:
            seconds[titles[state]] = seconds.get(titles[state], 0) + (left - at).total_seconds()
    return {title: round(number / 86400) for title, number in seconds.items()}


# Downloads


def as_data(challenge: Challenge, found: Statistics) -> dict[str, Any]:
    """The numbers of one challenge as plain values."""
    return {
        "challenge": challenge.slug,
        "title": challenge.title,
        "applications": found.applications,
        "small_company_share": found.small_share,
        "shortlisted": found.shortlisted,
        "winners": found.winners,
        "contract_value_pounds": found.value_pounds,
        "days": dict(found.days),
    }


def as_csv(rows: Iterable[tuple[Challenge, Statistics]]) -> str:
    """One line for each challenge and stage; what is not told is empty."""
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(COLUMNS)
    for challenge, found in rows:
        data = as_data(challenge, found)
        head = [_cell(data[name]) for name in COLUMNS[:-2]]
        for title, days in found.days.items() or [("", "")]:
            writer.writerow([*head, _cell(title), days])
    return "\ufeff" + table.getvalue()


def _cell(value: Any) -> str:
    return "" if value is None else harmless(str(value))
