"""A challenge is scored before its approval: who was named, their scores with reasons, and what they come to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

from sqlalchemy import exists, select
from sqlmodel import Session, col

from civflow.models import Challenge, ChallengeScore, Person, Scorer
from civflow.models.challenge_reviews import NOT_CHOSEN, NOT_GIVEN
from civflow.services.collaboration.parts import fingerprint
from civflow.services.engine.advance import advance, options
from civflow.services.programmes.store import programme_of
from civflow.workflows.challenges.readiness import WAITS_FOR_APPROVAL, is_over, score_of
from civflow.workflows.engine import Actor, Conflicted, Forbidden, Refused
from civflow.workflows.programme import Scoring

LONGEST = 500  # characters of a reason


class Given(NamedTuple):
    """What one scorer gave for one criterion, and why."""

    score: int
    reason: str


class Kept(NamedTuple):
    """What a scorer has typed and not sent: criterion -> score and reason as typed; `seen` differs when any of it does.

    `faults` are sentences by field, for what could not be kept.
    """

    typed: Mapping[str, tuple[str, str]]
    seen: str
    faults: Mapping[str, str] = {}


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
    """Number of the review -> those who were named, in their order, with all that they have sent. Two statements.

    What somebody has kept and not sent is left out: nobody reads it, and nothing half given counts.
    """
    query = select(Scorer, col(Person.name)).join(Person, col(Person.id) == col(Scorer.person_id))
    query = query.where(col(Scorer.challenge_id) == challenge.id, col(Scorer.taken_off_at).is_(None))
    people = session.execute(query.order_by(col(Scorer.id))).all()
    scores: dict[int, dict[str, Given]] = {}
    ids = [scorer.id for scorer, _ in people if scorer.scored_at]
    for one in session.scalars(select(ChallengeScore).where(col(ChallengeScore.scorer_id).in_(ids))):
        scores.setdefault(one.scorer_id, {})[one.criterion] = Given(one.score, one.reason)
    reviews: dict[int, list[Sheet]] = {}
    for scorer, name in people:
        reviews.setdefault(scorer.review, []).append(Sheet(scorer, name, scores.get(scorer.id or 0, {})))
    return reviews


def _named(challenge: Challenge, person_id: int | None):  # type: ignore[no-untyped-def]
    return select(Scorer).where(
        col(Scorer.challenge_id) == challenge.id,
        col(Scorer.review) == challenge.review,
        col(Scorer.person_id) == person_id,
    )


def score(
    session: Session,
    challenge: Challenge,
    given: Mapping[str, tuple[str, str]],
    *,
    actor: Actor,
    now: datetime,
    seen: int | None = None,
) -> None:
    """Send one's scores: criterion -> score and reason as they were typed. They are locked from then on.

    The record keeps their fingerprint and not the scores, which others must not read before they have scored.
    Raises Refused with a sentence per field, Forbidden, Conflicted.
    """
    scoring = programme_of(session, challenge).readiness.scoring
    if scoring is None:
        raise Refused("This programme does not score challenges.")
    sheet = _checked(scoring, given)
    session.refresh(challenge, with_for_update=True)  # nothing is kept in another window meanwhile
    scorer = session.scalars(_named(challenge, actor.id)).first()
    if scorer and not scorer.scored_at:
        _put(session, scorer, sheet)
    advance(session, challenge, "score", actor=actor, now=now, seen=seen, scores_sha256=sheet_hash(sheet))


def sheet_hash(sheet: Mapping[str, Given]) -> str:
    """The fingerprint by which the record knows what somebody has sent."""
    text = json.dumps({name: [one.score, one.reason] for name, one in sorted(sheet.items())})
    return hashlib.sha256(text.encode()).hexdigest()


def kept(session: Session, challenge: Challenge, *, actor: Actor) -> Kept:
    """What the actor has typed about the challenge and not sent yet; nobody else reads it."""
    scorer = session.scalars(_named(challenge, actor.id)).first()
    return _kept(session, scorer) if scorer and not scorer.scored_at else Kept({}, fingerprint({}))


def _kept(session: Session, scorer: Scorer) -> Kept:
    rows = session.scalars(select(ChallengeScore).where(col(ChallengeScore.scorer_id) == scorer.id))
    typed = {
        row.criterion: ("" if row.score == NOT_CHOSEN else str(row.score), row.reason.strip())
        for row in sorted(rows, key=lambda row: row.criterion)
    }
    return Kept(typed, fingerprint(typed))


def keep(
    session: Session,
    challenge: Challenge,
    given: Mapping[str, tuple[str, str]],
    *,
    seen: str,
    actor: Actor,
    now: datetime,
) -> Kept:
    """Keep what is typed so far, each score and each reason that there is; it counts only once it is sent.

    `seen` is what `kept` said when the page was made: where another window has kept something else since, nothing is
    overwritten. What cannot be kept is told in `faults`, and stays as it was. Raises Refused, Forbidden, Conflicted.
    """
    session.refresh(challenge, with_for_update=True)
    offered = next((o for o in options(session, challenge, actor=actor, now=now) if o.step.name == "score"), None)
    scoring = programme_of(session, challenge).readiness.scoring
    if offered is None or scoring is None:
        raise Refused("It waits for no scores now.")
    if not offered.allowed:
        raise (Forbidden if offered.forbidden else Refused)(*offered.sentences)
    scorer = session.scalars(_named(challenge, actor.id)).one()
    before = _kept(session, scorer)
    sheet, faults = _fitting(scoring, given, before.typed)
    if seen != before.seen and sheet != before.typed:
        raise Conflicted(KEPT_ELSEWHERE, who=actor.name, when=None)
    _put(
        session,
        scorer,
        {
            name: Given(int(value) if value else NOT_CHOSEN, words or NOT_GIVEN)
            for name, (value, words) in sheet.items()
        },
    )
    session.flush()
    return Kept(sheet, fingerprint(sheet), faults)


KEPT_ELSEWHERE = (
    "Another window of yours has kept other scores or reasons since this page was loaded, so nothing is overwritten. "
    "Load the page again to see them."
)


def _fitting(
    scoring: Scoring, given: Mapping[str, tuple[str, str]], before: Mapping[str, tuple[str, str]]
) -> tuple[dict[str, tuple[str, str]], dict[str, str]]:
    """What can be kept, without the criteria of which nothing is typed, and a sentence for each field that cannot be."""
    sheet, faults = {}, _faults(scoring, given)
    for criterion in sorted(scoring.criteria, key=lambda one: one.id):
        (value, words), (old_value, old_words) = (one.get(criterion.id, ("", "")) for one in (given, before))
        empty = {
            field
            for field, typed in ((f"{criterion.id}-score", value), (f"{criterion.id}-reason", words.strip()))
            if not typed
        }
        faults = {field: sentence for field, sentence in faults.items() if field not in empty}
        value = old_value if f"{criterion.id}-score" in faults else value
        words = old_words if f"{criterion.id}-reason" in faults else words.strip()
        if value or words:
            sheet[criterion.id] = (value, words)
    return sheet, faults


def _put(session: Session, scorer: Scorer, sheet: Mapping[str, Given]) -> None:
    """Store the sheet in place of what was kept."""
    there = {
        row.criterion: row
        for row in session.scalars(select(ChallengeScore).where(col(ChallengeScore.scorer_id) == scorer.id))
    }
    for name, one in sheet.items():
        row = there.pop(name, None) or ChallengeScore(scorer_id=scorer.id or 0, criterion=name, score=0, reason="")
        row.score, row.reason = one.score, one.reason
        session.add(row)
    for row in there.values():
        session.delete(row)


def _checked(scoring: Scoring, given: Mapping[str, tuple[str, str]]) -> dict[str, Given]:
    """The sheet. Raises Refused with a sentence for every score and every reason that is missing or cannot be."""
    if faults := _faults(scoring, given):
        raise Refused(*faults.values(), fields=faults)
    return {c.id: Given(int(given[c.id][0]), given[c.id][1].strip()) for c in scoring.criteria}


def _faults(scoring: Scoring, given: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """A sentence for every field that is missing or cannot be."""
    fields: dict[str, str] = {}
    scale = range(scoring.scale.least, scoring.scale.most + 1)
    for criterion in scoring.criteria:
        typed, words = given.get(criterion.id, ("", ""))
        if typed not in map(str, scale):
            fields[f"{criterion.id}-score"] = f"Choose a score from {scale[0]} to {scale[-1]} for “{criterion.title}”."
        if not words.strip():
            fields[f"{criterion.id}-reason"] = f"Give the reason for your score of “{criterion.title}”."
        elif len(words.strip()) > LONGEST:
            fields[f"{criterion.id}-reason"] = (
                f"The reason at “{criterion.title}” has {len(words.strip()):,} characters; it may have {LONGEST}."
            )
    return fields


def to_score(session: Session, actor: Actor) -> list[Challenge]:
    """The challenges that the actor is named to score and has not scored, the first to be answered first."""
    mine = exists().where(
        col(Scorer.challenge_id) == col(Challenge.id),
        col(Scorer.review) == col(Challenge.review),
        col(Scorer.person_id) == actor.id,
        col(Scorer.taken_off_at).is_(None),
        col(Scorer.scored_at).is_(None),
    )
    query = select(Challenge).where(mine, col(Challenge.state).in_(WAITS_FOR_APPROVAL))
    return list(session.scalars(query.order_by(col(Challenge.reply_promised_at), col(Challenge.id))))
