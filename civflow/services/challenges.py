"""Challenges: draft and publish them, keep their calendar, and move them through the programme's stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Application, Challenge, ChallengeVersion, Gate, Organisation, Round, StageDates
from civflow.services import documents
from civflow.services.advance import advance, advance_many, begin
from civflow.services.calendar import follow_the_stage, in_working_days, plan, stage_dates, why_not_promised
from civflow.services.effects import Move, effect, effect_in_row
from civflow.services.facts import stands_before
from civflow.services.finding import index, supporter_names
from civflow.services.naming import free_address
from civflow.services.notices import why_no_notice
from civflow.services.programmes import programme_of
from civflow.services.wording import word_count
from civflow.workflows.engine import CIVFLOW, Actor, Refused
from civflow.workflows.programme import Programme, Stage

MOST_KEPT = 3  # times the words that a section may have: a draft is cut before it is sent, and kept until then
TIME_TO_IMPROVE = 2  # working days at least for an improved proposal, once its stage has begun


def draft(
    session: Session,
    *,
    round_: Round,
    sponsor: Organisation | None,
    title: str,
    actor: Actor,
    now: datetime,
    question: str = "",
    reference: str = "",
    **columns: Any,
) -> Challenge:
    """Begin a challenge with an empty first text. Raises Forbidden for somebody who owns no challenge in the round."""
    if not title.strip():
        raise Refused("Give the challenge a title.", fields={"title": "Give the challenge a title."})
    challenge = Challenge(
        round_id=round_.id or 0,
        programme_id=round_.programme_id,
        sponsor_id=sponsor.id if sponsor else None,
        title=title.strip(),
        question=question.strip(),
        reference=reference,
        slug=free_slug(session, reference, title),
        state="",
        since=now,
        **columns,
    )
    begin(session, challenge, actor=actor, now=now)
    session.add(ChallengeVersion(challenge_id=challenge.id or 0, number=1, written_by_id=actor.id, written_at=now))
    index(session, [challenge.id or 0])
    return challenge


def free_slug(session: Session, reference: str, title: str) -> str:
    """The words of the address of a challenge's page."""
    return free_address(session, col(Challenge.slug), f"{reference} {title}", longest=80, kept={"new"})


def text_in_hand(session: Session, challenge: Challenge) -> ChallengeVersion:
    """The text that is being written: the first one, or a change of it; where nobody writes, the published one."""
    query = select(ChallengeVersion).where(
        col(ChallengeVersion.challenge_id) == challenge.id, col(ChallengeVersion.number).is_not(None)
    )
    return session.scalars(query.order_by(col(ChallengeVersion.number).desc()).limit(1)).one()


def published_text(session: Session, challenge: Challenge) -> ChallengeVersion | None:
    """The text that the public reads, or None before the challenge has opened."""
    query = select(ChallengeVersion).where(col(ChallengeVersion.challenge_id) == challenge.id)
    return session.scalars(query.where(col(ChallengeVersion.number) == challenge.version)).first()


def text_to_read(session: Session, challenge: Challenge) -> ChallengeVersion:
    """What the pages of a draft show: the published text once there is one, and never a change of it in hand."""
    return published_text(session, challenge) or text_in_hand(session, challenge)


VERSIONED = ("title", "question", "money_pounds", "decision_promised_at", "notice_reference")  # beside the sections
WRITABLE = (
    "title",
    "question",
    "money_pounds",
    "opens_at",
    "closes_at",
    "questions_until",
    "decision_promised_at",
    "budget_holder",
    "route_to_adoption",
    "sponsor_time",
    "data_access",
    "exit_if_too_expensive",
    "notice_reference",
    "sponsor_id",
    "reference",
    "themes",
    "place",
)


def write_challenge(
    session: Session,
    challenge: Challenge,
    *,
    actor: Actor,
    now: datetime,
    sections: Mapping[str, str] | None = None,
    seen: int | None = None,
    **columns: Any,
) -> None:
    """Save sections of the text and columns of the draft. Raises Refused with a sentence per field that cannot be.

    `seen` is the revision that the writer had before their eyes.
    """
    unknown = set(columns) - set(WRITABLE)
    if unknown:
        raise KeyError(f"A challenge's writer cannot set {', '.join(sorted(unknown))}.")
    programme = programme_of(session, challenge)
    check_columns(session, challenge, columns)
    check_dates(challenge, columns, now=now)
    text = text_in_hand(session, challenge)
    new = {**text.sections, **{name: words.strip() for name, words in (sections or {}).items()}}
    check_sections(programme, new, times=MOST_KEPT)
    changed = sorted(name for name, value in columns.items() if getattr(challenge, name) != value)
    changed += sorted(name for name in new if new[name] != text.sections.get(name, ""))
    advance(session, challenge, "write", actor=actor, now=now, seen=seen, changed=changed)
    for name, value in columns.items():
        setattr(challenge, name, value)
    text.sections, text.written_by_id, text.written_at = new, actor.id, now
    text.complete = has_every_section(programme, new)
    index(session, [challenge.id or 0])


def has_every_section(programme: Programme, sections: Mapping[str, str]) -> bool:
    """Whether every required section of the brief is written, and none has more words than it may have."""
    written = all(sections.get(s.id, "").strip() for s in programme.brief if s.required)
    return written and all(word_count(sections.get(s.id, "")) <= s.words for s in programme.brief)


def check_columns(session: Session, challenge: Challenge, columns: Mapping[str, Any]) -> None:
    """Say nothing if these values can be. Raises Refused with a sentence per field otherwise."""
    fields = {}
    if "title" in columns and not str(columns["title"]).strip():
        fields["title"] = "Give the challenge a title."
    opens, closes = columns.get("opens_at", challenge.opens_at), columns.get("closes_at", challenge.closes_at)
    if opens and closes and closes <= opens:
        fields["closes_at"] = "The closing date must come after the opening date."
    promised = columns.get("decision_promised_at")
    if promised and (why := why_not_promised(programme_of(session, challenge), promised, closes)):
        fields["decision_promised_at"] = why
    until = columns.get("questions_until", challenge.questions_until)
    if until and opens and closes and not opens < until <= closes:
        fields["questions_until"] = "Questions end after the call opens, and not after it closes."
    money = columns.get("money_pounds", challenge.money_pounds)
    budget = session.get_one(Round, challenge.round_id).budget_pounds
    if money < 0 or money > budget:
        fields["money_pounds"] = f"The money must lie between £0 and the round's budget of £{budget:,}."
    if why := why_no_notice(str(columns.get("notice_reference", ""))):
        fields["notice_reference"] = why
    if fields:
        raise Refused(*fields.values(), fields=fields)


def check_dates(record: Any, columns: Mapping[str, Any], *, now: datetime) -> None:
    """Say nothing if the dates that change lie ahead. Raises Refused with a sentence per date that has passed."""
    fields = {
        name: f"{title} has passed. Write a date that lies ahead."
        for name, title in DATES.items()
        if (at := columns.get(name)) and at < now and at != getattr(record, name)
    }
    if fields:
        raise Refused(*fields.values(), fields=fields)


DATES = {
    "opens_at": "The opening date",
    "closes_at": "The closing date",
    "questions_until": "The end of questions",
    "decision_promised_at": "The date of the first decisions",
}


def check_sections(programme: Programme, sections: Mapping[str, str], *, times: int = 1) -> None:
    """Say nothing if no section is too long, or `times` too long. Raises Refused with a sentence per section otherwise."""
    known = {s.id: s for s in programme.brief}
    fields = {
        name: f"“{known[name].title}” has {word_count(words):,} words; it may have {known[name].words}."
        for name, words in sections.items()
        if name in known and word_count(words) > times * known[name].words
    }
    if fields:
        raise Refused(*fields.values(), fields=fields)


def gate_of(session: Session, challenge: Challenge, stage: str) -> Gate:
    """The gate of a challenge at a stage; raises NoResultFound for a stage that is none."""
    query = select(Gate).where(col(Gate.challenge_id) == challenge.id, col(Gate.stage) == stage)
    return session.scalars(query).one()


@effect
def prepare_the_stages(session: Session, move: Move) -> None:
    """Write the calendar and make a gate for each gate stage; a second approval moves the dates."""
    challenge: Challenge = move.record
    programme = programme_of(session, challenge)
    known = stage_dates(session, challenge)
    have = set(session.scalars(select(col(Gate.stage)).where(col(Gate.challenge_id) == challenge.id)))
    if challenge.opens_at is None or challenge.closes_at is None:
        raise Refused("The challenge needs an opening and a closing date.")
    for stage, starts_at, ends_at in plan(
        programme, challenge.opens_at, challenge.closes_at, challenge.decision_promised_at
    ):
        dates = known.get(stage.id) or StageDates(
            challenge_id=challenge.id or 0, stage=stage.id, starts_at=starts_at, ends_at=ends_at
        )
        dates.starts_at, dates.ends_at = starts_at, ends_at
        session.add(dates)
        if stage.kind == "gate" and stage.id not in have:
            _make_gate(session, challenge, programme, stage, dates, move.now)
    session.flush()


def _make_gate(
    session: Session, challenge: Challenge, programme: Programme, stage: Stage, dates: StageDates, now: datetime
) -> None:
    card = programme.card(stage)
    gate = Gate(
        round_id=challenge.round_id,
        challenge_id=challenge.id or 0,
        stage=stage.id,
        cap=dates.cap or stage.cap or 1,
        criteria=",".join(c.id for c in card.criteria),
        scale_least=card.scale.least,
        scale_most=card.scale.most,
        scoring_due_at=dates.ends_at,
        state="",
        since=now,
    )
    begin(session, gate, actor=CIVFLOW, now=now)


@effect
def publish_the_text(session: Session, move: Move) -> None:
    """The text in hand becomes the first published version, with the challenge's own columns as they are now."""
    challenge: Challenge = move.record
    text = text_in_hand(session, challenge)
    for name in VERSIONED:
        setattr(text, name, getattr(challenge, name))
    text.closes_at, text.published_at = challenge.closes_at, move.now
    challenge.version = text.number or 0
    index(session, [challenge.id or 0])


@effect
def keep_it_findable(session: Session, move: Move) -> None:
    """An earlier challenge is found by all that its source says, and one that is resumed by what is published."""
    index(session, [move.record_id])


@effect_in_row
def show_the_announcement(_session: Session, moves: Sequence[Move]) -> list[dict[str, Any]]:
    """It is announced, and no longer planned."""
    return [{"announced": True, "announce_at": None} for _ in moves]


@effect_in_row
def take_the_announcement_back(_session: Session, moves: Sequence[Move]) -> list[dict[str, Any]]:
    """Whoever approves it again decides again whether it is announced."""
    return [{"announced": False, "announce_at": None} for _ in moves]


@effect
def make_the_brief(session: Session, move: Move) -> None:
    """What the public prints follows every step that changes its words or its dates; the newest one is linked."""
    challenge: Challenge = move.record
    documents.ask(
        session,
        kind="challenge_brief",
        key=f"brief-{challenge.id}-{challenge.version}-{challenge.revision}",
        title=f"Challenge brief: {challenge.title}",
        workflow="challenge",
        record_id=challenge.id or 0,
        data=brief_data(session, challenge, now=move.now),
        now=move.now,
    )


def brief_data(session: Session, challenge: Challenge, *, now: datetime) -> dict[str, Any]:
    """What the challenge brief prints; every value is plain JSON."""
    programme = programme_of(session, challenge)
    text = text_to_read(session, challenge)
    sponsor = session.get(Organisation, challenge.sponsor_id) if challenge.sponsor_id else None
    return {
        "programme": programme.title,
        "round": session.get_one(Round, challenge.round_id).title,
        "reference": challenge.reference,
        "title": challenge.title,
        "question": challenge.question,
        "sponsor": sponsor.legal_name if sponsor else challenge.sponsors_in_source,
        "supporters": supporter_names(session, [challenge.id or 0]).get(challenge.id or 0, []),
        "money_pounds": challenge.money_pounds,
        "excludes_vat": programme.money_excludes_vat,
        "opens_at": _iso(challenge.opens_at),
        "closes_at": _iso(challenge.closes_at),
        "zone": programme.timezone,
        "version": text.number,
        "dates_as_on": now.isoformat(),
        "sections": [
            {"title": s.title, "words": text.sections[s.id]} for s in programme.brief if text.sections.get(s.id)
        ],
        "stages": [_stage_data(programme.stage(d.stage), d) for d in stage_dates(session, challenge).values()],
        "scorecards": [_card_data(programme, stage) for stage in programme.gates],
        "notice_reference": challenge.notice_reference,
        "source_url": challenge.source_url,
        "how_to_apply_url": f"/challenges/{challenge.slug}/apply",
    }


def _iso(value: datetime | None) -> str | None:
    return value.isoformat() if value else None


def _stage_data(stage: Stage, dates: StageDates) -> dict[str, Any]:
    return {
        "title": stage.title,
        "kind": stage.kind,
        "sentence": stage.sentence,
        "starts_at": dates.starts_at.isoformat(),
        "ends_at": dates.ends_at.isoformat(),
        "cap": dates.cap or stage.cap,
        "money_pounds": stage.money if dates.money_pounds is None else dates.money_pounds,
    }


def _card_data(programme: Programme, stage: Stage) -> dict[str, Any]:
    card = programme.card(stage)
    titles = {c.id: c.title for c in card.criteria}
    return {
        "gate": stage.title,
        "scale_most": card.scale.most,
        "scale_words": list(card.scale.words),
        "criteria": [{"title": c.title, "weight": c.weight, "guidance": c.guidance} for c in card.criteria],
        "ties": [titles[t] for t in card.ties],
    }


@effect
def begin_the_stage(session: Session, move: Move) -> None:
    """Applications that have reached the challenge's new stage stand there; an award drafts its agreements."""
    from civflow.services.agreements import draft_contracts  # agreements build on this module

    challenge: Challenge = move.record
    programme = programme_of(session, challenge)
    stage = programme.stage(move.to_state)
    before = programme.before(stage)
    if follow_the_stage(session, challenge, stage, now=move.now):
        make_the_brief(session, move)
    if before and before.kind == "work":
        arrived = select(Application).where(
            col(Application.challenge_id) == challenge.id,
            col(Application.stage) == before.id,
            stands_before(Application, "go_on"),
        )
        for application in session.scalars(arrived):
            application.stage = stage.id
        session.flush()
    if stage.kind == "gate" and stage.form:
        gate, dates = gate_of(session, challenge, stage.id), stage_dates(session, challenge)[stage.id]
        gate.resubmit_by = in_working_days(programme, max(dates.starts_at, move.now), TIME_TO_IMPROVE)
        session.flush()
    if stage.kind == "award":
        draft_contracts(session, challenge, stage, now=move.now)


@effect
def close_the_applications(session: Session, move: Move) -> None:
    """The challenge has ended: no application is left in the selection."""
    left = select(col(Application.id)).where(
        col(Application.challenge_id) == move.record.id, stands_before(Application, "not_select")
    )
    ids = [i for i in session.scalars(left.order_by(col(Application.id))) if i]
    advance_many(session, Application, ids, "not_select", actor=CIVFLOW, now=move.now, reason=move.reason)


def move_on(session: Session, challenge: Challenge, *, now: datetime) -> bool:
    """Begin the next stage if nothing stands against it; whether it began."""
    programme = programme_of(session, challenge)
    here = [s for s in programme.stages if s.id == challenge.state]
    following = programme.after(here[0]) if here else None
    if following is None:
        return False
    try:
        advance(session, challenge, f"begin_{following.id}", actor=CIVFLOW, now=now)
    except Refused:
        return False
    return True
