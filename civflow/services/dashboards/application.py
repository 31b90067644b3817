"""Where an application stands: what happens now, what comes next, and what its team has to do by when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from civflow.models import (
    Application,
    Challenge,
    Gate,
    StageDates,
)
from civflow.services.applications.answers import form_in_hand
from civflow.services.challenges.calendar import first_decision, stage_dates
from civflow.services.dashboards.around import Around, around
from civflow.services.dashboards.tasks import Task
from civflow.services.engine.advance import workflow_of
from civflow.services.formatting import count, word_count
from civflow.services.interviews.booking import gate_here
from civflow.services.programmes.store import programme_of
from civflow.workflows import HANDBOOK
from civflow.workflows.applications import IN_OUR_WORDS, OVER, STILL_IN, TAKEN_IN, WON
from civflow.workflows.assessment.gates import NOT_BEGUN
from civflow.workflows.engine import Actor
from civflow.workflows.programme import Programme, Stage

PAGE = HANDBOOK["application"]


@dataclass(frozen=True)
class Standing:
    """One application on a list or at the head of its page."""

    label: str
    tone: str
    here: str  # what happens now, in a sentence or two
    next: str  # what comes next; empty where nothing does
    promised: datetime | None  # by when the next news is promised
    needs: tuple[Task, ...]


@dataclass(frozen=True)
class Milestone:
    """A stage on the way: `status` is done, here, ahead or ended."""

    stage: Stage
    status: str
    starts_at: datetime | None
    ends_at: datetime | None  # for this team: its own deadline ends the call for it


def standing_of(session: Session, application: Application, *, actor: Actor, now: datetime) -> Standing:
    """Everything that the team wants to know first."""
    return standings_of(session, [application], actor=actor, now=now)[application.id or 0]


def standings_of(
    session: Session, applications: Sequence[Application], *, actor: Actor, now: datetime
) -> dict[int, Standing]:
    """Application's id -> where it stands; the same number of statements for one and for many."""
    found = around(session, applications, now=now)
    return {one.id or 0: _standing(session, one, found, actor, now) for one in applications}


def _standing(session: Session, application: Application, found: Around, actor: Actor, now: datetime) -> Standing:
    challenge = found.challenges[application.challenge_id]
    programme = programme_of(session, challenge)
    state = PAGE.states[application.state]
    here, following, promised = _story(session, application, challenge, programme, found, now)
    return Standing(
        label=_label(application, challenge, programme, found),
        tone=state.tone,
        here=here,
        next=following,
        promised=promised if promised and promised > now else None,
        needs=tuple(_needs(session, application, found, actor, now)),
    )


def _label(application: Application, challenge: Challenge, programme: Programme, found: Around) -> str:
    """Where it stands in two words: who has a place works in it, and is assessed only while somebody assesses."""
    state = PAGE.states[application.state]
    if application.state not in TAKEN_IN or not application.stage:
        return state.public or state.staff
    stage = _stage_now(application, challenge, programme)
    if stage.kind != "gate":
        return stage.title
    assessed = any(gate.state not in NOT_BEGUN for gate in found.gates.get(application.id or 0, []))
    return "Being assessed" if assessed else state.public or state.staff


def may(application: Application, trigger: str) -> bool:
    """Whether the application's state has this step at all."""
    return trigger in PAGE.steps_from(application.state)


def _story(
    session: Session, application: Application, challenge: Challenge, programme: Programme, found: Around, now: datetime
) -> tuple[str, str, datetime | None]:
    """What happens now, what comes next, and by when there is news."""
    words, dates, first = IN_OUR_WORDS[application.state], found.dates.get(challenge.id or 0, {}), programme.gates[0]
    if may(application, "submit") and not can_be_submitted(session, application, now=now):
        return "The call is closed, and this was not submitted. Every word is kept.", "", None
    if may(application, "submit") or may(application, "take_back"):
        promised = first_decision(session, challenge, dates)
        return words, f"After the deadline comes “{first.title}”. {first.sentence}", promised
    if application.state in STILL_IN:
        stage = _stage_now(application, challenge, programme)
        following = programme.after(stage)
        ahead = f"Then comes “{following.title}”. {following.sentence}".strip() if following else ""
        promised = dates[stage.id].ends_at if stage.id in dates and stage.kind == "gate" else None
        won = f"{words} " if application.state in WON else ""
        return f"{won}It is at “{stage.title}”. {stage.sentence}".strip(), ahead, promised
    return words, "", None


def can_be_submitted(session: Session, application: Application, *, now: datetime) -> bool:
    """Whether the draft can still be handed in: its call is open to the team, and its own deadline has not passed."""
    challenge = session.get_one(Challenge, application.challenge_id)
    steps = workflow_of(session, challenge).steps_from(challenge.state)
    own, for_all = application.closes_at, challenge.closes_at
    has_more_time = "reopen" in steps and own is not None and for_all is not None and own > for_all
    return may(application, "submit") and ("close" in steps or has_more_time) and (own is None or now < own)


def _stage_now(application: Application, challenge: Challenge, programme: Programme) -> Stage:
    """The stage that the application has reached; one that has won moves on with its challenge."""
    reached = programme.stage(application.stage) if application.stage else programme.call
    ahead = programme.stages[programme.stages.index(reached) :]
    later = next((stage for stage in ahead if stage.id == challenge.state), reached)
    return later if application.state in WON else reached


def way_of(session: Session, application: Application) -> list[Milestone]:
    """The stages of the programme and how far the application has come; it ends where that ended."""
    challenge = session.get_one(Challenge, application.challenge_id)
    programme, dates = programme_of(session, challenge), stage_dates(session, challenge)
    over = application.state in OVER
    reached = programme.stages.index(_stage_now(application, challenge, programme))
    stages = programme.stages[: reached + 1] if over else programme.stages

    def status(position: int) -> str:
        if position == reached:
            return "ended" if over else "here"
        return "done" if position < reached else "ahead"

    return [
        Milestone(stage, status(n), *_when(application, stage, dates.get(stage.id))) for n, stage in enumerate(stages)
    ]


def _when(application: Application, stage: Stage, dates: StageDates | None) -> tuple[datetime | None, datetime | None]:
    if dates is None:
        return None, None
    own = application.closes_at if stage.kind == "call" else None
    return dates.starts_at, max(dates.ends_at, own or dates.ends_at)


# What it needs, by when


def _needs(session: Session, application: Application, found: Around, actor: Actor, now: datetime) -> Iterator[Task]:
    """What the team has to do next with this application, in no order."""
    challenge = found.challenges[application.challenge_id]
    yield from _writing(session, application, challenge, found, now)
    yield from _interview(application, challenge, found, now)
    yield from _places(session, application, challenge, found, actor)
    yield from _signing(session, application, challenge, found, actor, now)
    yield from _deliverables(application, found)


def _writing(
    session: Session, application: Application, challenge: Challenge, found: Around, now: datetime
) -> Iterator[Task]:
    href = f"/applications/{application.id}"
    if can_be_submitted(session, application, now=now):
        if application.challenge_version != challenge.version:
            yield Task(
                f"Read what changed in {challenge.title}",
                f"{href}#text",
                application.closes_at,
                "It has changed. You can submit once you have said that you have read it.",
            )
        verb = "Submit" if application.complete else "Finish and submit"
        yield Task(
            f"{verb} your application to {challenge.title}",
            href,
            application.closes_at,
            progress_of(session, application).sentence,
        )
    elif (gate := _asks_for_a_proposal(application, found, now)) and (
        application.id,
        application.stage,
    ) not in found.sent:
        yield Task(
            f"Send your improved proposal for {challenge.title}",
            href,
            gate.resubmit_by,
            progress_of(session, application).sentence,
        )


@dataclass(frozen=True)
class Progress:
    """How far the form in hand is filled in."""

    answered: int
    asked: int

    @property
    def sentence(self) -> str:
        return f"{self.answered} of {count(self.asked, 'question')} answered"


def progress_of(session: Session, application: Application) -> Progress:
    """How many questions of the form in hand have an answer that fits its length."""
    name, form = form_in_hand(programme_of(session, session.get_one(Challenge, application.challenge_id)), application)
    answers = application.answers.get(name, {})
    fits = [q for q in form.questions if 0 < word_count(answers.get(q.id, "")) <= q.words]
    return Progress(len(fits), len(form.questions))


def proposal_is_asked_for(session: Session, application: Application, *, now: datetime) -> bool:
    """Whether the team may write and submit an improved proposal at this moment."""
    gate = gate_here(session, application) if may(application, "improve") else None
    return gate is not None and gate.resubmit_by is not None and now < gate.resubmit_by


def _asks_for_a_proposal(application: Application, found: Around, now: datetime) -> Gate | None:
    """The gate that takes an improved proposal at this moment."""
    gates = found.gates.get(application.id or 0, []) if may(application, "improve") else []
    return next((gate for gate in gates if gate.resubmit_by and now < gate.resubmit_by), None)


def _interview(application: Application, challenge: Challenge, found: Around, now: datetime) -> Iterator[Task]:
    booked = next(iter(found.booked.get(application.id or 0, [])), None)
    href = f"/applications/{application.id}/interview"
    if booked:
        if booked.starts_at > now:
            yield Task(f"Come to your interview for {challenge.title}", href, booked.starts_at, booked.where)
        return
    offered = found.offered.get(application.id or 0, [])
    if offered:
        yield Task(
            f"Book your interview for {challenge.title}",
            href,
            offered[0].starts_at,
            f"{count(len(offered), 'time')} to choose from",
        )


def _places(
    session: Session, application: Application, challenge: Challenge, found: Around, actor: Actor
) -> Iterator[Task]:
    for place in found.places.get(application.id or 0, []):
        title = programme_of(session, challenge).stage(place.stage).title
        yield Task(
            f"Accept or decline your place in {title}: {challenge.title}",
            f"/delivery/{place.id}",
            place.respond_by,
            _for_the_lead(actor, application),
        )


def _signing(
    session: Session, application: Application, challenge: Challenge, found: Around, actor: Actor, now: datetime
) -> Iterator[Task]:
    """Agreements that the team can sign today; during the standstill nobody can."""
    for agreement in found.unsigned.get(application.id or 0, []):
        if agreement.standstill_ends_at is None or agreement.standstill_ends_at <= now:
            title = programme_of(session, challenge).stage(agreement.stage).title
            yield Task(
                f"Read and sign the agreement for {title}: {challenge.title}",
                f"/agreements/{agreement.id}",
                agreement.starts_at,
                _for_the_lead(actor, application),
            )


def _for_the_lead(actor: Actor, application: Application) -> str:
    return "" if actor.holds("team_lead", {"team": application.team_id}) else "Your team's lead does this."


def _deliverables(application: Application, found: Around) -> Iterator[Task]:
    for owed in found.owed.get(application.id or 0, []):
        again = owed.submitted_at is not None
        yield Task(
            f"Deliver “{owed.title}”" + (" with the changes" if again else ""),
            f"/delivery/{owed.place_id}",
            owed.due_at,
        )
