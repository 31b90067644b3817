"""What is published about one challenge: text, dates, questions, extensions and results."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, case, func, or_, select
from sqlmodel import Session, col

from civflow.models import (
    Application,
    Challenge,
    ChallengeVersion,
    Document,
    Gate,
    History,
    Organisation,
    Programme,
    Question,
    Round,
    Team,
)
from civflow.services.challenges.funnel import StageOf, funnels
from civflow.services.engine.access import visibility_case as seen_as
from civflow.services.programmes.store import programme_of
from civflow.services.search.challenges import sponsor_name
from civflow.services.search.index import supporter_names
from civflow.services.search.sql import READS_BEFORE_IT_OPENS
from civflow.workflows.applications import WON
from civflow.workflows.challenges.page import challenge_workflow
from civflow.workflows.challenges.readiness import CALL_IS_OPEN
from civflow.workflows.challenges.rules import it_is_published
from civflow.workflows.engine import Actor, Case, NotFound, State, Workflow
from civflow.workflows.engine.sight import is_staff, may_see
from civflow.workflows.programme import Programme as Contents
from civflow.workflows.programme import Section
from civflow.workflows.questions import PUBLIC


class Answer(NamedTuple):
    """A published question with its answer."""

    number: int
    text: str
    answer: str
    asked_at: datetime
    published_at: datetime
    version: int | None = None  # of the challenge's text that it has brought


class Extension(NamedTuple):
    """A moved deadline, for everybody or for one team, with the reason; or the moved last moment for questions."""

    at: datetime
    closes_at: datetime | None
    reason: str
    for_all: bool
    questions_until: datetime | None = None


class Ended(NamedTuple):
    """When a published challenge was stopped, and why."""

    at: datetime
    reason: str


class Brief(NamedTuple):
    """The challenge as a PDF."""

    document_id: int
    is_made: bool
    size: int


@dataclass(frozen=True)
class Publication:
    """A challenge as this reader may see it; `is_preview` when it is not public yet."""

    challenge: Challenge
    round: Round
    programme: Contents
    state: State
    sponsor: str
    supporters: list[str]
    sections: Mapping[str, str]
    version: ChallengeVersion | None
    ended: Ended | None
    stages: list[StageOf]
    answers: list[Answer]
    taken_back: list[int]  # numbers of answers that are hidden until they are published again
    extensions: list[Extension]
    winners: list[str]
    brief: Brief | None
    case: Case
    is_preview: bool
    is_staff: bool
    is_archive: bool
    takes_applications: bool

    @property
    def text(self) -> list[tuple[Section, str]]:
        """The sections that are written, in the programme's order."""
        return [(s, self.sections[s.id]) for s in self.programme.brief if self.sections.get(s.id, "").strip()]

    @property
    def promised(self) -> datetime | None:
        """By when the first decision is promised, as in services/challenges/calendar.py: a late one does not change the promise."""
        if self.challenge.decision_promised_at:
            return self.challenge.decision_promised_at
        return next((s.ends_at for s in self.stages if s.kind == "gate"), None)

    @property
    def first_decision(self) -> list[tuple[str, datetime]]:
        """What is said of the first decision: that it was made, and when it had been promised; or by when it is promised.

        A challenge that has ended without one promises nothing any more.
        """
        made = next((s.released_at for s in self.stages if s.kind == "gate"), None)
        promised = [] if self.promised is None or self.is_archive else [self.promised]
        if made:
            return [("First decision", made), *(("It was promised by", at) for at in promised)]
        return [("First decisions promised by", at) for at in promised if not self.state.final]

    @property
    def is_decided(self) -> bool:
        """Whether the result of every gate is released."""
        return _decided(self.stages)

    @property
    def gates(self) -> list[StageOf]:
        """The gates whose result is released."""
        return [s for s in self.stages if s.kind == "gate" and s.released_at]


def may_preview(case: Case) -> bool:
    """Whether a role of the actor lets them read a challenge before it opens."""
    return any(case.holds(role) for role in READS_BEFORE_IT_OPENS)


def runs_it(case: Case) -> bool:
    """Whether the actor learns what only those know who run a challenge or decide on it."""
    return is_staff(case)


def is_readable(case: Case) -> bool:
    """Whether a challenge has a page for the actor: it has been published, or they read it before."""
    return it_is_published.claim(case) or may_preview(case)


def read(session: Session, slug: str, *, actor: Actor, now: datetime) -> Publication:
    """The challenge at this address. Raises NotFound where there is none or it is hidden, in the same words.

    For those who may read it before it opens the funnel has the numbers that only staff know.
    """
    row = session.execute(_found(slug)).first()
    if row is None:
        raise NotFound(NOTHING)
    challenge, round_, stored, version, legal_name, document_id, made_at, size = row
    workflow, contents = challenge_workflow(stored.source), programme_of(session, challenge)
    looked_at = Case(workflow, challenge, actor, now)
    previews = may_preview(looked_at)
    public = it_is_published(looked_at) and not round_.rehearsal
    if not public and not previews and not may_see(seen_as(session, challenge, actor=actor, now=now)):
        raise NotFound(NOTHING)
    stages = funnels(session, [challenge], [contents], staff=runs_it(looked_at))[challenge.id]
    answers, taken_back = numbered(session, challenge) if challenge.version else ([], [])
    return Publication(
        challenge=challenge,
        round=round_,
        programme=contents,
        state=workflow.states[challenge.state],
        sponsor=sponsor_name(legal_name, challenge.sponsors_in_source),
        supporters=supporter_names(session, [challenge.id or 0]).get(challenge.id or 0, []),
        sections=version.sections if version else {},
        version=version if challenge.version else None,
        ended=ended(session, challenge) if challenge.state in _after(workflow, "cancel") else None,
        stages=stages,
        answers=answers,
        taken_back=taken_back,
        extensions=extensions_of(session, challenge) if challenge.version else [],
        winners=winners_of(session, challenge) if _decided(stages) else [],
        brief=Brief(document_id, made_at is not None, size) if document_id else None,
        case=looked_at,
        is_preview=not public,
        is_staff=runs_it(looked_at),
        is_archive=public and challenge.version == 0,
        takes_applications=challenge.state in CALL_IS_OPEN,
    )


def _decided(stages: list[StageOf]) -> bool:
    return bool(stages) and all(stage.released_at for stage in stages if stage.kind == "gate")


def _after(workflow: Workflow, trigger: str) -> set[str]:
    """The states to which a step leads."""
    return {step.target for step in workflow.steps if step.name == trigger}


NOTHING = "There is no such challenge, or it is not public yet."


def _found(slug: str):  # type: ignore[no-untyped-def]
    """The challenge with its round, programme, text, sponsor and brief."""
    newest = select(func.max(col(ChallengeVersion.number))).where(
        col(ChallengeVersion.challenge_id) == col(Challenge.id)
    )
    number = case(
        (col(Challenge.version) > 0, col(Challenge.version)),
        else_=newest.correlate(Challenge).scalar_subquery(),
    )
    text = and_(col(ChallengeVersion.challenge_id) == col(Challenge.id), col(ChallengeVersion.number) == number)
    brief = select(func.max(col(Document.id))).where(
        col(Document.workflow) == "challenge",
        col(Document.record_id) == col(Challenge.id),
        col(Document.kind) == "challenge_brief",
    )
    columns = (
        Challenge,
        Round,
        Programme,
        ChallengeVersion,
        col(Organisation.legal_name),
        col(Document.id),
        col(Document.made_at),
        col(Document.size),
    )
    return (
        select(*columns)
        .join(Round, col(Round.id) == col(Challenge.round_id))
        .join(Programme, col(Programme.id) == col(Challenge.programme_id))
        .outerjoin(ChallengeVersion, text)
        .outerjoin(Organisation, col(Organisation.id) == col(Challenge.sponsor_id))
        .outerjoin(Document, col(Document.id) == brief.correlate(Challenge).scalar_subquery())
        .where(col(Challenge.slug) == slug)
    )


def numbered(session: Session, challenge: Challenge) -> tuple[list[Answer], list[int]]:
    """The published questions with their answers, by number, and the numbers of those that were taken back.

    Never with who asked, nor in words that would tell.
    """
    wording = func.coalesce(func.nullif(col(Question.wording), ""), col(Question.text))
    columns = (
        col(Question.number),
        wording,
        col(Question.answer),
        col(Question.asked_at),
        col(Question.published_at),
        case((col(ChallengeVersion.published_at).is_not(None), col(ChallengeVersion.number))),
    )
    query = (
        select(col(Question.state), *columns)
        .outerjoin(ChallengeVersion, col(ChallengeVersion.id) == col(Question.version_id))
        .where(col(Question.challenge_id) == challenge.id, col(Question.number).is_not(None))
    )
    rows = session.execute(query.order_by(col(Question.number))).all()
    public = [Answer(*row[1:]) for row in rows if row[0] in PUBLIC]
    return public, [row[1] for row in rows if row[0] not in PUBLIC]


def containing(answers: Sequence[Answer], words: str) -> list[Answer]:
    """The answers that have every one of these words, in the question or in the answer."""
    wanted = words.lower().split()
    return [a for a in answers if all(word in f"{a.text} {a.answer}".lower() for word in wanted)]


def extensions_of(session: Session, challenge: Challenge) -> list[Extension]:
    """Moved deadlines, oldest first: the challenge's own, and those of single teams, without their names."""
    own = and_(
        col(History.workflow) == "challenge",
        col(History.record_id) == challenge.id,
        col(History.step).in_(("extend", "reopen", "move_questions")),
    )
    applications = select(col(Application.id)).where(col(Application.challenge_id) == challenge.id)
    one = and_(
        col(History.workflow) == "application",
        col(History.step) == "extend",
        col(History.record_id).in_(applications),
    )
    columns = (col(History.at), col(History.inputs), col(History.reason), col(History.workflow))
    rows = session.execute(select(*columns).where(or_(own, one)).order_by(col(History.at), col(History.id)))
    return [
        Extension(at, _moment(inputs, "closes_at"), reason, noun == "challenge", _moment(inputs, "questions_until"))
        for at, inputs, reason, noun in rows
    ]


def ended(session: Session, challenge: Challenge) -> Ended | None:
    """When and why the challenge was cancelled, as everybody reads it."""
    query = select(col(History.at), col(History.reason)).where(
        col(History.workflow) == "challenge", col(History.record_id) == challenge.id, col(History.step) == "cancel"
    )
    row = session.execute(query.order_by(col(History.number).desc()).limit(1)).first()
    return Ended(*row) if row else None


def _moment(inputs: str, name: str) -> datetime | None:
    written = json.loads(inputs).get(name) if inputs else None
    return datetime.fromisoformat(written) if written else None


def winners_of(session: Session, challenge: Challenge) -> list[str]:
    """The names of the teams that have won, for when the last result is released."""
    query = select(col(Team.name)).join(Application, col(Application.team_id) == col(Team.id))
    query = query.where(col(Application.challenge_id) == challenge.id, col(Application.state).in_(WON))
    return list(session.scalars(query.order_by(col(Team.name))))


class Decided(NamedTuple):
    """A challenge whose last result is released, with the names of its winners."""

    slug: str
    title: str
    sponsor: str
    teams: list[str]
    released_at: datetime


def latest_results(session: Session, *, most: int = 3) -> list[Decided]:
    """The challenges that were decided last, the newest first."""
    names = (col(Organisation.legal_name), col(Challenge.sponsors_in_source), col(Team.name))
    columns = (col(Challenge.slug), col(Challenge.title), *names)
    query = (
        select(*columns, func.max(col(Gate.released_at)))
        .join(Application, col(Application.challenge_id) == col(Challenge.id))
        .join(Team, col(Team.id) == col(Application.team_id))
        .join(Gate, col(Gate.challenge_id) == col(Challenge.id))
        .join(Round, col(Round.id) == col(Challenge.round_id))
        .outerjoin(Organisation, col(Organisation.id) == col(Challenge.sponsor_id))
        .where(col(Application.state).in_(WON), col(Round.rehearsal).is_(False), col(Challenge.version) > 0)
        .group_by(*columns, col(Challenge.id))
        .order_by(func.max(col(Gate.released_at)).desc(), col(Challenge.id).desc(), col(Team.name))
    )
    found: dict[str, Decided] = {}
    for slug, title, legal_name, in_source, team, at in session.execute(query.limit(10 * most)):
        sponsor = sponsor_name(legal_name, in_source)
        found.setdefault(slug, Decided(slug, title, sponsor, [], at)).teams.append(team)
    return list(found.values())[:most]


MOST = 5


class Ahead(NamedTuple):
    """Something that lies ahead: its moment and what happens then."""

    at: datetime
    what: str


class Next(NamedTuple):
    """What lies ahead, the nearest first; `late` is the promised moment of a first decision that is not out yet."""

    ahead: list[Ahead]
    late: datetime | None


def _opened(first: StageOf) -> str:
    return f"The applications are opened: nobody reads one before. {first.title} begins."


def what_next(
    challenge: Challenge,
    stages: list[StageOf],
    *,
    questions_until: datetime | None,
    promised: datetime | None,
    now: datetime,
) -> Next:
    """The dates of a challenge that runs; the promise of its first decision stands among them."""
    first = next((stage for stage in stages if stage.kind == "gate"), None)
    after = stages[stages.index(first) + 1] if first and first is not stages[-1] else None
    released = first is not None and first.released_at is not None
    goal = f": which teams go on to “{after.title}”" if after else ""
    found = [
        (challenge.opens_at, "The call opens: teams can apply and ask questions."),
        (questions_until, "The last moment for questions."),
        (challenge.closes_at, "The call closes. What is not submitted then does not count."),
        *((first.starts_at, _opened(first)) for _ in [0] if first and first.starts_at != challenge.closes_at),
        *((promised, f"The first decision is promised{goal}.") for _ in [0] if not released),
        *(
            (stage.starts_at, f"{stage.title} begins. {stage.sentence}".strip())
            for stage in stages
            if stage.kind != "call" and stage is not first
        ),
    ]
    # What falls on the same moment stays in this order: a decision comes before the stage that it leads to.
    ahead = sorted((Ahead(at, what) for at, what in found if at and at > now), key=lambda one: one.at)[:MOST]
    return Next(ahead, promised if promised and promised < now and not released else None)
