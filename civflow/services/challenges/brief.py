"""The brief of a challenge as a PDF."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session

from civflow.models import Challenge, Organisation, Round, StageDates
from civflow.services.challenges.calendar import stage_dates
from civflow.services.challenges.drafts import text_to_read
from civflow.services.documents import store as documents
from civflow.services.engine.effects import Move, effect
from civflow.services.programmes.store import programme_of
from civflow.services.search.index import supporter_names
from civflow.workflows.programme import Programme, Stage


@effect
def make_the_brief(session: Session, move: Move) -> None:
    """What the public prints follows every step that changes its words or its dates; the newest one is linked."""
    ask_for_the_brief(session, move.record, now=move.now)


def ask_for_the_brief(session: Session, challenge: Challenge, *, now: datetime, because: str = "") -> None:
    """Let the brief be made as it is now; `because` tells what has moved its dates, where that is no step of its own."""
    documents.ask(
        session,
        kind="challenge_brief",
        key=f"brief-{challenge.id}-{challenge.version}-{challenge.revision}{because}",
        title=f"Challenge brief: {challenge.title}",
        workflow="challenge",
        record_id=challenge.id or 0,
        data=brief_data(session, challenge, now=now),
        now=now,
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
