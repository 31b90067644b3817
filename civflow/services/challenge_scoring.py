"""A challenge is scored before its approval: who was named, their scores with reasons, and what they come to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

from sqlalchemy import exists, func, select
from sqlmodel import Session, col

from civflow.models import Challenge, ChallengeScore, Person, Scorer
from civflow.services.advance import advance
from civflow.services.effects import Move, effect
from civflow.services.facts import stands_before
from civflow.services.messages import post
from civflow.services.naming import path_of, title_of
from civflow.services.programmes import programme_of
from civflow.services.wording import moment
from civflow.workflows.engine import Actor, Refused
from civflow.workflows.programme import Scoring
from civflow.workflows.readiness import is_over, score_of

LONGEST = 500  # characters of a reason


class Given(NamedTuple):
    """What one scorer gave for one criterion, and why."""

    score: int
    reason: str


@dataclass(frozen=True)
class Sheet:
    """One person who was named in a review, and what they have sent: criterion -> score and reason."""

    scorer: Scorer
    name: str
    given: Mapping[str, Given]


class Earlier(NamedTuple):
    """What a review came to before the text was changed and sent again."""

    review: int
    people: int
    total: Fraction


@dataclass(frozen=True)
class Standing:
    """The scoring of a challenge in its latest review, as one reader may see it.

    `sheets` are empty of scores until all who were named, and as many as the programme asks for, have sent theirs; a scorer
    reads their own before that. `earlier` is kept from those who are still to score, so that it does not lead them.
    """

    scoring: Scoring
    sheets: list[Sheet]
    mine: Sheet | None
    is_over: bool
    total: Fraction | None
    earlier: list[Earlier]

    @property
    def is_low(self) -> bool:
        """Whether the total is below what the programme asks for."""
        return self.total is not None and self.total < self.scoring.least


def standing(session: Session, challenge: Challenge, *, actor: Actor) -> Standing | None:
    """How far the scoring is; None for a programme that scores no challenges."""
    scoring = programme_of(session, challenge).readiness.scoring
    if scoring is None:
        return None
    reviews = _sheets(session, challenge)
    sheets = reviews.pop(challenge.review, [])
    total = _total(scoring, sheets)
    mine = next((sheet for sheet in sheets if sheet.scorer.person_id == actor.id), None)
    shown = [s if total is not None or s is mine else Sheet(s.scorer, s.name, {}) for s in sheets]
    totals = [(review, len(then), _total(scoring, then)) for review, then in sorted(reviews.items())]
    earlier = [Earlier(review, people, total) for review, people, total in totals if total is not None]
    is_to_score = mine is not None and mine.scorer.scored_at is None
    return Standing(scoring, shown, mine, total is not None, total, [] if is_to_score else earlier)


def _total(scoring: Scoring, sheets: list[Sheet]) -> Fraction | None:
    """What the scores of one review come to, once everybody has sent theirs."""
    if not is_over(scoring, len(sheets), sum(sheet.scorer.scored_at is None for sheet in sheets)):
        return None
    return score_of(scoring, [(criterion, one.score) for sheet in sheets for criterion, one in sheet.given.items()])


def _sheets(session: Session, challenge: Challenge) -> dict[int, list[Sheet]]:
    """Number of the review -> those who were named, in their order, with all that they have sent. Two statements."""
    query = select(Scorer, col(Person.name)).join(Person, col(Person.id) == col(Scorer.person_id))
    query = query.where(col(Scorer.challenge_id) == challenge.id, col(Scorer.taken_off_at).is_(None))
    people = session.execute(query.order_by(col(Scorer.id))).all()
    scores: dict[int, dict[str, Given]] = {}
    ids = [scorer.id for scorer, _ in people]
    for one in session.scalars(select(ChallengeScore).where(col(ChallengeScore.scorer_id).in_(ids))):
        scores.setdefault(one.scorer_id, {})[one.criterion] = Given(one.score, one.reason)
    reviews: dict[int, list[Sheet]] = {}
    for scorer, name in people:
        reviews.setdefault(scorer.review, []).append(Sheet(scorer, name, scores.get(scorer.id or 0, {})))
    return reviews


@effect
def name_the_scorer(session: Session, move: Move) -> None:
    """Somebody is named, or named again, and told."""
    challenge: Challenge = move.record
    person = session.get_one(Person, move.inputs["person_id"])
    known = session.scalars(_named(challenge, person.id)).first()
    if known:
        known.taken_off_at, known.named_at, known.named_by_id = None, move.now, move.actor.id or 0
    else:
        session.add(Scorer(challenge_id=challenge.id or 0, review=challenge.review, person_id=person.id or 0,
                           named_by_id=move.actor.id or 0, named_at=move.now))  # fmt: skip
    session.flush()
    zone = programme_of(session, challenge).timezone
    by = moment(challenge.reply_promised_at, zone) if challenge.reply_promised_at else ""
    post(session, person=person, kind="to_score", key=f"to-score-{challenge.id}-{challenge.revision}-{person.id}",
         about=f"{path_of(challenge)}/scoring", now=move.now, title=title_of(session, challenge), by=by,
         actor=move.actor.name)  # fmt: skip


@effect
def take_the_scorer_off(session: Session, move: Move) -> None:
    session.scalars(_named(move.record, move.inputs["person_id"])).one().taken_off_at = move.now


def _named(challenge: Challenge, person_id: int | None):  # type: ignore[no-untyped-def]
    return select(Scorer).where(
        col(Scorer.challenge_id) == challenge.id, col(Scorer.review) == challenge.review,
        col(Scorer.person_id) == person_id,
    )  # fmt: skip


def score(
    session: Session, challenge: Challenge, given: Mapping[str, tuple[str, str]], *, actor: Actor, now: datetime,
    seen: int | None = None,
) -> None:  # fmt: skip
    """Send one's scores: criterion -> score and reason as they were typed. They are locked from then on.

    The record keeps their fingerprint and not the scores, which others must not read before they have scored.
    Raises Refused with a sentence per field, Forbidden, Conflicted.
    """
    scoring = programme_of(session, challenge).readiness.scoring
    if scoring is None:
        raise Refused("This programme does not score challenges.")
    sheet = _checked(scoring, given)
    scorer = session.scalars(_named(challenge, actor.id)).first()
    if scorer and not scorer.scored_at:
        session.add_all([ChallengeScore(scorer_id=scorer.id or 0, criterion=name, score=one.score, reason=one.reason)
                         for name, one in sheet.items()])  # fmt: skip
    text = json.dumps({name: [one.score, one.reason] for name, one in sorted(sheet.items())})
    advance(session, challenge, "score", actor=actor, now=now, seen=seen,
            scores_sha256=hashlib.sha256(text.encode()).hexdigest())  # fmt: skip


@effect
def lock_the_scores(session: Session, move: Move) -> None:
    """From now on they stay as they are. Raises Refused where one is missing."""
    scorer = session.scalars(_named(move.record, move.actor.id)).one()
    given = select(func.count()).where(col(ChallengeScore.scorer_id) == scorer.id)
    scoring = programme_of(session, move.record).readiness.scoring
    if scoring is None or session.scalar(given) != len(scoring.criteria):
        raise Refused("Score every criterion, each with a reason, on the page of the scoring.")
    scorer.scored_at = move.now
    session.flush()


def _checked(scoring: Scoring, given: Mapping[str, tuple[str, str]]) -> dict[str, Given]:
    """The sheet. Raises Refused with a sentence for every score and every reason that is missing or cannot be."""
    fields: dict[str, str] = {}
    sheet = {}
    for criterion in scoring.criteria:
        typed, words = given.get(criterion.id, ("", ""))
        scale = range(scoring.scale.least, scoring.scale.most + 1)
        if typed not in map(str, scale):
            fields[f"{criterion.id}-score"] = f"Choose a score from {scale[0]} to {scale[-1]} for “{criterion.title}”."
        if not words.strip():
            fields[f"{criterion.id}-reason"] = f"Give the reason for your score of “{criterion.title}”."
        elif len(words.strip()) > LONGEST:
            fields[f"{criterion.id}-reason"] = (
                f"The reason at “{criterion.title}” has {len(words.strip()):,} characters; it may have {LONGEST}."
            )
        if not {f"{criterion.id}-score", f"{criterion.id}-reason"} & set(fields):
            sheet[criterion.id] = Given(int(typed), words.strip())
    if fields:
        raise Refused(*fields.values(), fields=fields)
    return sheet


def to_score(session: Session, actor: Actor) -> list[Challenge]:
    """The challenges that the actor is named to score and has not scored, the first to be answered first."""
    mine = exists().where(
        col(Scorer.challenge_id) == col(Challenge.id), col(Scorer.review) == col(Challenge.review),
        col(Scorer.person_id) == actor.id, col(Scorer.taken_off_at).is_(None), col(Scorer.scored_at).is_(None),
    )  # fmt: skip
    query = select(Challenge).where(mine, stands_before(Challenge, "approve"))
    return list(session.scalars(query.order_by(col(Challenge.reply_promised_at), col(Challenge.id))))
